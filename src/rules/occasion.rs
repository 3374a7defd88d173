//! What sets a rule off, and what can be done then.

use std::collections::BTreeSet;

use super::model::{On, When};
use crate::domain::inbound::Channel;

/// The circumstances in which actions run.
pub(super) struct Occasion<'a> {
    /// What happened.
    pub(super) on: &'a On,
    /// Through one of these channels.
    pub(super) channels: &'a [Channel],
    /// Names that the rule's pattern captures.
    pub(super) captures: BTreeSet<String>,
}

impl<'a> Occasion<'a> {
    pub(super) fn new(on: &'a On, channels: &'a [Channel], when: &When) -> Self {
        let names = when.regex.iter().flat_map(|p| p.regex.capture_names());
        Self {
            on,
            channels,
            captures: names.flatten().map(str::to_owned).collect(),
        }
    }

    /// The channels that the rule names, or all if it names none.
    pub(super) fn may_be(&self, wanted: &[Channel]) -> bool {
        self.channels.is_empty() || self.channels.iter().any(|one| wanted.contains(one))
    }

    /// Whether the rule says that it is for this channel.
    pub(super) fn names(&self, channel: Channel) -> bool {
        self.channels.contains(&channel)
    }

    /// Why an action makes no sense here, as the key of a text; `None` if it does.
    pub(super) fn forbids(&self, action: &str) -> Option<&'static str> {
        let no_chat = matches!(
            self.on,
            On::Added | On::Deleted | On::Joined | On::Left | On::Date(_)
        );
        let nobody = matches!(self.on, On::Joined | On::Left);
        let customers = [Channel::Kf, Channel::Contact];
        let (allowed, help) = match action {
            "welcome" => (
                matches!(self.on, On::Added | On::Entered),
                "check.welcome_when",
            ),
            "reply" => (
                !no_chat
                    && (!matches!(self.on, On::Event { .. })
                        || self.may_be(&[Channel::Kf, Channel::App, Channel::Aibot])),
                "check.reply_when",
            ),
            "transfer" => (
                !no_chat && self.may_be(&[Channel::Kf]),
                "check.transfer_when",
            ),
            "end_session" => (
                !no_chat && self.may_be(&[Channel::Kf]),
                "check.end_session_when",
            ),
            "tag" | "untag" | "set" | "points" => (!nobody, "check.person_when"),
            "remark" | "start_sop" | "stop_sop" if nobody => (false, "check.person_when"),
            "remark" => (self.may_be(&customers), "check.remark_when"),
            "start_sop" | "stop_sop" => (self.may_be(&customers), "check.sop_when"),
            _ => (true, ""),
        };
        (!allowed).then_some(help)
    }
}
