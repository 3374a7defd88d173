//! Events, one file per family.
//!
//! Fields without which an event means nothing are plain; an event that lacks one of them becomes
//! [`Event::Unknown`], so that nobody has to wonder about empty ids. All other fields are
//! optional, and absent and empty are the same unless said otherwise.

mod acquisition;
mod app;
mod approval;
mod contact;
mod external;
mod group;
mod kf;
mod other;

pub use acquisition::AcquisitionEvent;
pub use app::{AppEvent, CardClick, PickedPhotos, PickedPlace, Scan, SelectedItem};
pub use approval::{
    Approval, ApprovalComment, ApprovalEvent, ApprovalItem, ApprovalNode, ApprovalRecord,
    ApprovalStep, SystemApproval,
};
pub use contact::{ContactEvent, ExtAttr, MemberChange, PartyChange, TagMembersChange};
pub use external::{ExternalEvent, Follow, TagEvent, TagRef};
pub use group::{GroupEvent, GroupUpdate, MemberDelta, UpdateDetail};
pub use kf::KfEvent;
pub use other::{ChainEvent, DocEvent, OtherEvent, ScheduleRef};

use super::fields::{Extra, Fields};

/// Any event.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// What a member does in an app, and what happens to the app.
    App(AppEvent),
    /// Progress of an approval.
    Approval(ApprovalEvent),
    /// `change_contact`: the corp's own members and departments.
    Contact(ContactEvent),
    /// `change_external_contact`: customers of a member.
    External(ExternalEvent),
    /// `change_external_chat`: customer groups.
    Group(GroupEvent),
    /// `change_external_tag`: the corp's customer tags.
    Tag(TagEvent),
    /// `customer_acquisition`: acquisition links and their quota.
    Acquisition(AcquisitionEvent),
    /// WeChat customer service.
    Kf(KfEvent),
    /// Calendars, meeting rooms, documents and the rest.
    Other(OtherEvent),
    /// An event that is not documented, or one that lacks what makes it useful.
    Unknown {
        /// `Event`.
        event: String,
        /// `ChangeType`, where there is one.
        change_type: Option<String>,
        /// All other elements.
        fields: Extra,
    },
}

pub(super) fn parse(mut fields: Fields<'_, '_>) -> (Event, Extra) {
    let name = fields.name("Event").unwrap_or_default();
    let mut untouched = fields.clone();
    match known(name, &mut fields) {
        Some(event) => (event, fields.into_extra()),
        None => {
            let event = Event::Unknown {
                event: name.to_owned(),
                change_type: untouched.filled("ChangeType"),
                fields: untouched.into_extra(),
            };
            (event, Extra::new())
        }
    }
}

fn known(name: &str, fields: &mut Fields<'_, '_>) -> Option<Event> {
    match name {
        "change_contact" => contact::parse(fields).map(Event::Contact),
        "change_external_contact" => external::parse(fields).map(Event::External),
        "change_external_chat" => group::parse(fields).map(Event::Group),
        "change_external_tag" => external::parse_tag(fields).map(Event::Tag),
        "customer_acquisition" => acquisition::parse(fields).map(Event::Acquisition),
        "kf_msg_or_event" | "kf_account_auth_change" => kf::parse(name, fields).map(Event::Kf),
        "open_approval_change" | "sys_approval_change" => {
            approval::parse(name, fields).map(Event::Approval)
        }
        _ => other::parse(name, fields)
            .map(Event::Other)
            .or_else(|| app::parse(name, fields).map(Event::App)),
    }
}

#[cfg(test)]
mod tests;
