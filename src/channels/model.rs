//! What a channel is, after its file was read and checked.

use jiff::tz::TimeZone;

use crate::domain::action::TemplateName;
use crate::domain::clock::UnixMillis;
use crate::domain::ids::{Tag, UserId};
use crate::rules::Calendar;

/// All channels of an installation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChannelSet {
    /// Codes by which customers add a member.
    pub channels: Vec<Channel>,
    /// Codes by which customers join a group.
    pub groups: Vec<GroupWay>,
}

impl ChannelSet {
    /// The channel that a customer with this source came through.
    #[must_use]
    pub fn by_state(&self, state: &str) -> Option<&Channel> {
        self.channels.iter().find(|channel| channel.state == state)
    }

    /// The way by which somebody with this mark came into a group.
    #[must_use]
    pub fn group_by_state(&self, state: &str) -> Option<&GroupWay> {
        self.groups.iter().find(|way| way.state == state)
    }
}

/// A code by which customers add a member.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Channel {
    /// Its identity.
    pub id: String,
    /// A name for people.
    pub name: Option<String>,
    /// What customers carry as their source.
    pub state: String,
    /// Whom they add.
    pub members: Vec<UserId>,
    /// Departments whom they add.
    pub departments: Vec<i64>,
    /// Whether members need not confirm.
    pub skip_verify: bool,
    /// A note in the admin console.
    pub remark: Option<String>,
    /// Tags for who comes this way.
    pub tags: Vec<Tag>,
    /// The welcome outside all hours.
    pub welcome: Option<TemplateName>,
    /// Welcomes by the names of hours, the first that are open.
    pub by_hours: Vec<(String, TemplateName)>,
}

impl Channel {
    /// The welcome for somebody who comes now.
    #[must_use]
    pub fn welcome(
        &self,
        calendar: &Calendar,
        now: UnixMillis,
        zone: &TimeZone,
    ) -> Option<&TemplateName> {
        let open = |name: &str| calendar.is_open(name, now, zone) == Some(true);
        let by_hours = self.by_hours.iter().find(|(name, _)| open(name));
        by_hours
            .map(|(_, template)| template)
            .or(self.welcome.as_ref())
    }
}

/// A code by which customers join a group.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GroupWay {
    /// Its identity.
    pub id: String,
    /// A name for people.
    pub name: Option<String>,
    /// What customers carry in the group.
    pub state: String,
    /// The groups, by id or name.
    pub groups: Vec<String>,
    /// A note in the admin console.
    pub remark: Option<String>,
    /// What new groups are called and from which number on, if they are made.
    pub new_group: Option<(String, u32)>,
    /// Tags for who comes this way.
    pub tags: Vec<Tag>,
}
