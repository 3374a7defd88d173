//! Cards that members were shown, so that a test can press a button by what is written on it.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::domain::effect::Effect;
use crate::domain::ids::{Person, UserId};
use crate::domain::inbound::{Inbound, Trigger};
use crate::domain::outgoing::Outgoing;

/// A code that nothing accepts: nothing is sent, but a card is only changed with one.
const CODE: &str = "simulated";

/// The open cards of each member, the newest last.
#[derive(Debug, Clone, Default)]
pub(super) struct Cards(BTreeMap<UserId, Vec<Json>>);

impl Cards {
    /// Remembers a card that goes out.
    pub(super) fn note(&mut self, effect: &Effect) {
        if let Effect::AppSend {
            to,
            message: Outgoing::Card { card },
            ..
        } = effect
        {
            for member in to {
                self.0.entry(member.clone()).or_default().push(card.clone());
            }
        }
    }

    /// Makes the press of a button that is called so a press of the member's newest card
    /// that has it. Anything else stays what it is: the key of a menu item, say.
    pub(super) fn press(&mut self, inbound: &mut Inbound) {
        let (
            Some(Person::Member(member)),
            Trigger::Clicked {
                key,
                task_id,
                response_code,
            },
        ) = (&inbound.person, &mut inbound.trigger)
        else {
            return;
        };
        let Some(cards) = self.0.get_mut(member) else {
            return;
        };
        let found = cards.iter().rposition(|card| button(card, key).is_some());
        let Some(card) = found.map(|at| cards.remove(at)) else {
            return;
        };
        if let Some(pressed) = button(&card, key).map(str::to_owned) {
            *key = pressed;
            *task_id = card["task_id"].as_str().map(str::to_owned);
            *response_code = Some(CODE.to_owned());
        }
    }
}

/// The key of the button on which this is written.
fn button<'c>(card: &'c Json, written: &str) -> Option<&'c str> {
    let mut buttons = card["button_list"].as_array()?.iter();
    let button = buttons.find(|button| button["text"] == written)?;
    button["key"].as_str()
}
