//! What has to be done so that WeCom has the channels that the operators want.

use serde::{Deserialize, Serialize};

use super::model::{Channel, GroupWay};
use crate::domain::clock::UnixMillis;

/// What is known of a code of ours. It outlives a crash in the middle of making one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Known {
    /// WeCom's id of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config_id: Option<String>,
    /// The address of its picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub qr_code: Option<String>,
    /// It was to be made at this time, and nobody noted how that ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub making_since: Option<UnixMillis>,
}

/// A code as WeCom has it. Lists are sorted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Remote {
    /// WeCom's id of it.
    pub config_id: String,
    /// The address of its picture.
    pub qr_code: Option<String>,
    /// What it says.
    pub content: Content,
}

/// What a code says, of either kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Content {
    /// What customers carry.
    pub state: String,
    /// The note in the admin console.
    pub remark: String,
    /// Members, or ids of groups.
    pub targets: Vec<String>,
    /// Departments.
    pub departments: Vec<i64>,
    /// Whether members need not confirm.
    pub skip_verify: bool,
    /// What new groups are called and from which number on.
    pub new_group: Option<(String, u32)>,
}

/// What has to be done about one channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// WeCom has it as it should be.
    Same(Remote),
    /// WeCom has it; these keys differ.
    Update(Remote, Vec<&'static str>),
    /// It was made before a crash and never noted: it is ours. These keys differ.
    Adopt(Remote, Vec<&'static str>),
    /// WeCom does not have it.
    Create,
    /// Somebody removed it in WeCom: a new one has another picture.
    Again,
    /// It was to be made, and WeCom has no list in which to look whether it was.
    Unclear,
}

impl Step {
    /// Whether anything has to be done.
    #[must_use]
    pub fn is_change(&self) -> bool {
        !matches!(self, Self::Same(_) | Self::Unclear)
    }
}

/// What was found out about a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// WeCom has the code that we know.
    Ours(Remote),
    /// We know a code, and WeCom does not have it.
    Gone,
    /// A crash came between; WeCom's list has one with our state, made since then.
    Orphan(Remote),
    /// A crash came between, and there is no list to look in.
    NoList,
    /// Nothing is known and nothing was begun.
    Nothing,
}

/// What has to be done.
#[must_use]
pub fn step(wanted: &Content, found: Found) -> Step {
    match found {
        Found::Ours(remote) => match differing(wanted, &remote.content) {
            changes if changes.is_empty() => Step::Same(remote),
            changes => Step::Update(remote, changes),
        },
        Found::Orphan(remote) => {
            let changes = differing(wanted, &remote.content);
            Step::Adopt(remote, changes)
        }
        Found::Gone => Step::Again,
        Found::NoList => Step::Unclear,
        Found::Nothing => Step::Create,
    }
}

fn differing(wanted: &Content, actual: &Content) -> Vec<&'static str> {
    let keys = [
        ("state", wanted.state != actual.state),
        ("remark", wanted.remark != actual.remark),
        ("members", wanted.targets != actual.targets),
        ("departments", wanted.departments != actual.departments),
        ("skip_verify", wanted.skip_verify != actual.skip_verify),
        ("new_group", wanted.new_group != actual.new_group),
    ];
    let differ = keys.into_iter().filter(|(_, differs)| *differs);
    differ.map(|(key, _)| key).collect()
}

impl Content {
    /// With its lists in the order in which they are compared.
    #[must_use]
    pub fn sorted(mut self) -> Self {
        self.targets.sort_unstable();
        self.targets.dedup();
        self.departments.sort_unstable();
        self.departments.dedup();
        self
    }

    /// What a channel is to say.
    #[must_use]
    pub fn of(channel: &Channel) -> Self {
        let members = channel.members.iter();
        Self {
            state: channel.state.clone(),
            remark: channel.remark.clone().unwrap_or_default(),
            targets: members.map(|id| id.0.clone()).collect(),
            departments: channel.departments.clone(),
            skip_verify: channel.skip_verify,
            new_group: None,
        }
        .sorted()
    }

    /// What a way into groups is to say; the groups by their ids.
    #[must_use]
    pub fn of_group(way: &GroupWay, chat_ids: Vec<String>) -> Self {
        Self {
            state: way.state.clone(),
            remark: way.remark.clone().unwrap_or_default(),
            targets: chat_ids,
            departments: Vec::new(),
            skip_verify: false,
            new_group: way.new_group.clone(),
        }
        .sorted()
    }
}
