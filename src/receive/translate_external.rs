//! From wire values to domain values: events about customers and customer groups.

use super::translate::{conversation, named_event};
use crate::domain::ids::Person;
use crate::domain::inbound::{Inbound, Trigger};
use crate::wecom::callback::event::{ExternalEvent, GroupEvent, UpdateDetail};

pub(super) fn external_event(inbound: &mut Inbound, event: &ExternalEvent, raw: &str) {
    let (follow, trigger) = match event {
        ExternalEvent::Add {
            follow,
            state,
            welcome_code,
        }
        | ExternalEvent::AddHalf {
            follow,
            state,
            welcome_code,
        } => (
            follow,
            Trigger::Added {
                userid: follow.user_id.as_str().into(),
                source: state.clone(),
                welcome_code: welcome_code.clone(),
            },
        ),
        ExternalEvent::DeletedByMember { follow, .. } => (
            follow,
            Trigger::Deleted {
                userid: follow.user_id.as_str().into(),
                by_customer: false,
            },
        ),
        ExternalEvent::DeletedByCustomer(follow) => (
            follow,
            Trigger::Deleted {
                userid: follow.user_id.as_str().into(),
                by_customer: true,
            },
        ),
        ExternalEvent::Edit(follow)
        | ExternalEvent::TransferFail { follow, .. }
        | ExternalEvent::MsgAuditApproved { follow, .. } => (follow, named_event(raw)),
    };
    inbound.person = Some(Person::External(follow.external_user_id.as_str().into()));
    inbound.conversation = conversation(&inbound.app, &follow.external_user_id);
    inbound.trigger = trigger;
}

pub(super) fn group_event(inbound: &mut Inbound, event: &GroupEvent, raw: &str) {
    let chat_id = match event {
        GroupEvent::Create { chat_id } | GroupEvent::Dismiss { chat_id } => chat_id,
        GroupEvent::Update(update) => &update.chat_id,
    };
    inbound.conversation = conversation(&inbound.app, chat_id);
    inbound.person = Some(Person::Group(chat_id.as_str().into()));
    inbound.trigger = match event {
        GroupEvent::Update(update) => {
            let (chat_id, who) = (chat_id.as_str().into(), update.delta.members.clone());
            match update.detail {
                UpdateDetail::AddMember => Trigger::Joined { chat_id, who },
                UpdateDetail::DelMember => Trigger::Left { chat_id, who },
                _ => named_event(raw),
            }
        }
        _ => named_event(raw),
    };
}
