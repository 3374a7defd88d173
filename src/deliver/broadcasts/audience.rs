//! Whom a rule's mass message is for, and who of them may hear it now.

use super::end;
use crate::deliver::worker::Deps;
use crate::domain::clock::UnixMillis;
use crate::domain::contact::Contact;
use crate::domain::ids::Person;
use crate::playbook::Playbook;
use crate::rules::fits;
use crate::sops::outreach::{Held, Listener};
use crate::store::{
    Broadcast, BroadcastChange, BroadcastState, CapsSaid, Delivery, NewTarget, StoreError,
};

/// Contacts looked at at once.
const PAGE: usize = 500;

/// Looks at the next page of contacts for those who belong to the audience. At night nobody is
/// looked for; who has heard enough, or wants no more, is left out.
pub(super) async fn gather(
    deps: &Deps,
    mut broadcast: Broadcast,
    now: UnixMillis,
) -> Result<(), StoreError> {
    let playbook = deps.playbook.get();
    let (calendar, zone) = (playbook.rules.calendar(), &deps.config.timezone);
    match playbook.sops.outreach().quiet(now, calendar, zone) {
        None => broadcast.why = None,
        Some(Held::Until(free, why)) => {
            broadcast.why = Some(why.to_owned());
            return super::rest(deps, broadcast, Some(free), now).await;
        }
        Some(Held::Dropped(why)) => {
            let over = (BroadcastState::Finished, Delivery::Refused);
            return end(deps, broadcast, over, Some(why.to_owned()), now).await;
        }
    }
    let Some(audience) = broadcast.audience.as_mut() else {
        return Ok(());
    };
    let after = audience.after.as_ref();
    let contacts = deps.store.contacts_after(after, PAGE).await?;
    let last = contacts.last().map(|contact| contact.person.clone());
    let customers = contacts.into_iter().filter(|contact| {
        matches!(contact.person, Person::External(_))
            && !contact.followers.is_empty()
            && fits(&audience.tests, contact, contact.source.as_deref(), now).is_ok()
    });
    let join: Vec<NewTarget> = customers
        .map(|contact| target(&playbook, deps, contact, now))
        .collect();
    match last {
        Some(last) => audience.after = Some(last),
        None => broadcast.audience = None,
    }
    let mut change = BroadcastChange::of(broadcast, now);
    change.join = join;
    change.budget = Some(deps.config.broadcasts.ceiling.budget(now, zone));
    deps.store.change_broadcast(change).await?;
    Ok(())
}

/// Somebody of the audience with what the caps say about them.
fn target(playbook: &Playbook, deps: &Deps, contact: Contact, now: UnixMillis) -> NewTarget {
    let listener = Listener {
        contact: &contact,
        calendar: playbook.rules.calendar(),
        zone: &deps.config.timezone,
        now,
    };
    let held = playbook.sops.outreach().held(listener, None);
    let held = held.map(|(Held::Until(_, why) | Held::Dropped(why))| why.to_owned());
    NewTarget {
        person: contact.person,
        row: None,
        caps: Some(CapsSaid {
            reached: contact.reached,
            held,
        }),
    }
}
