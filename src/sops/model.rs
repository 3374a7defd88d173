//! What a follow-up plan is, after its file was read and checked.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use jiff::civil::{DateTime, Time, Weekday};
use serde::{Deserialize, Serialize};
use sha1::{Digest as _, Sha1};

use super::outreach::Outreach;
use crate::domain::action::{Action, TemplateName};
use crate::domain::clock::UnixMillis;
use crate::domain::contact::Contact;
use crate::domain::criteria::{ContactTest, fits as fits_pattern};
use crate::domain::ids::{Person, RuleId, SopId, Tag};
use crate::rules::fits;

/// All plans of an installation.
#[derive(Debug, Clone, Default)]
pub struct SopSet {
    /// What holds for everything that is said unasked.
    outreach: Outreach,
    current: BTreeMap<SopId, Arc<Sop>>,
    /// Plans as they were before, by version: who began with one finishes on it.
    earlier: OnceLock<BTreeMap<String, Arc<Sop>>>,
}

impl SopSet {
    /// The set of these plans.
    #[must_use]
    pub fn new(plans: impl IntoIterator<Item = Sop>) -> Self {
        let plans = plans.into_iter();
        Self {
            outreach: Outreach::default(),
            current: plans.map(|sop| (sop.id.clone(), Arc::new(sop))).collect(),
            earlier: OnceLock::new(),
        }
    }

    /// The set as it would be if no plan were switched off; `None` if none is.
    #[must_use]
    pub fn if_none_were_off(&self) -> Option<Self> {
        let mut set = self.iter().any(|sop| sop.off).then(|| self.clone())?;
        for sop in set.current.values_mut().filter(|sop| sop.off) {
            Arc::make_mut(sop).off = false;
        }
        Some(set)
    }

    /// The same set under these rules for what is said unasked.
    #[must_use]
    pub fn under(self, outreach: Outreach) -> Self {
        Self { outreach, ..self }
    }

    /// What holds for everything that is said unasked.
    #[must_use]
    pub fn outreach(&self) -> &Outreach {
        &self.outreach
    }

    /// A plan as it is written now.
    #[must_use]
    pub fn get(&self, id: &SopId) -> Option<&Arc<Sop>> {
        self.current.get(id)
    }

    /// The plan that somebody began with; as it is written now if that is not known any
    /// more, and none if operators have removed it.
    #[must_use]
    pub fn begun_with(&self, id: &SopId, version: &str) -> Option<&Arc<Sop>> {
        let current = self.current.get(id)?;
        if current.version == version {
            return Some(current);
        }
        let earlier = self.earlier.get().and_then(|known| known.get(version));
        Some(earlier.filter(|sop| sop.id == *id).unwrap_or(current))
    }

    /// Adds plans as they were before. Only the first call counts: it belongs to putting the
    /// set in force.
    pub fn recall(&self, earlier: impl IntoIterator<Item = Sop>) {
        let earlier = earlier.into_iter();
        let by_version = earlier.map(|sop| (sop.version.clone(), Arc::new(sop)));
        self.earlier.get_or_init(|| by_version.collect());
    }

    /// A short hash of what all plans say.
    #[must_use]
    pub fn version(&self) -> String {
        let mut hash = Sha1::new();
        for (id, sop) in &self.current {
            hash.update(format!("{id}\n{}\n", sop.version));
        }
        let hash = hash.finalize();
        let bytes = hash.iter().take(6);
        bytes.map(|byte| format!("{byte:02x}")).collect()
    }

    /// The plan, as it is written now, on whose behalf something is done; none if that is a
    /// rule's.
    #[must_use]
    pub fn of_origin(&self, origin: &RuleId) -> Option<&Arc<Sop>> {
        self.current.values().find(|sop| sop.id.origin() == *origin)
    }

    /// All plans, by id.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Sop>> {
        self.current.values()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.current.is_empty()
    }
}

/// One plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sop {
    /// Its identity.
    pub id: SopId,
    /// A short hash of what it says.
    #[serde(default)]
    pub version: String,
    /// A name for people.
    pub name: Option<String>,
    /// For whom it runs, and when it starts.
    pub kind: Kind,
    /// Switched off: nobody enters, and who is in it waits.
    pub off: bool,
    /// Contacts for whom all of these hold; `None` lets nobody in by themselves.
    pub audience: Option<Vec<ContactTest>>,
    /// Groups whose name fits one of these patterns and whose owner is among the others.
    pub target: Option<Target>,
    /// Looked at before each step: if all conditions of one entry hold, it is over.
    pub exit_when: Vec<Vec<Condition>>,
    /// What is done then.
    pub then: Vec<Action>,
    /// When nothing is said to anybody.
    pub quiet: Option<Quiet>,
    /// At most so many messages to one contact or group.
    pub limits: Limits,
    /// What happens to steps that came due while the server was down.
    pub missed: Missed,
    /// The steps or phases, in order.
    pub steps: Vec<Step>,
}

impl Sop {
    /// Gives it the hash of what it says as its version.
    #[must_use]
    pub fn stamped(mut self) -> Self {
        self.version = String::new();
        // A plan is plain data: it can always be written.
        let text = serde_json::to_vec(&self).unwrap_or_default();
        let hash = Sha1::digest(text);
        self.version = hash
            .iter()
            .take(6)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        self
    }

    /// Whether it runs for each contact.
    #[must_use]
    pub fn is_lifecycle(&self) -> bool {
        self.kind == Kind::Lifecycle
    }

    /// The tags that everybody in its audience carries.
    #[must_use]
    pub fn audience_tags(&self) -> Vec<Tag> {
        let tests = self.audience.iter().flatten();
        let tags = tests.filter_map(|test| match test {
            ContactTest::HasTag(tag) => Some(tag.clone()),
            _ => None,
        });
        tags.collect()
    }

    /// Whether the customer or the group is one of those for whom it is meant.
    #[must_use]
    pub fn is_for(&self, contact: &Contact, now: UnixMillis) -> bool {
        match &contact.person {
            Person::External(_) => {
                let audience = self.audience.as_ref();
                audience.is_some_and(|tests| holds(tests, contact, now))
            }
            Person::Group(_) => {
                let target = self.target.as_ref();
                target.is_some_and(|target| target.fits(contact))
            }
            Person::Member(_) => false,
        }
    }

    /// Whether each goes through it by themselves, from when they enter.
    #[must_use]
    pub fn is_entered_by(&self, person: &Person) -> bool {
        match person {
            Person::External(_) => self.kind == Kind::Lifecycle,
            Person::Group(_) => self.kind == Kind::Group,
            Person::Member(_) => false,
        }
    }
}

/// Whether all of these hold for the contact.
#[must_use]
pub fn holds(tests: &[ContactTest], contact: &Contact, now: UnixMillis) -> bool {
    fits(tests, contact, contact.source.as_deref(), now).is_ok()
}

/// For whom a plan runs, and when it starts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// For each contact, from when they enter.
    Lifecycle,
    /// For each group, from its creation.
    Group,
    /// Again and again.
    Recurring(Every),
    /// At dates, in phases.
    Campaign {
        /// Whether a person has to start it.
        approve: bool,
    },
}

impl Kind {
    /// The word that operators write.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Lifecycle => "lifecycle",
            Self::Group => "group",
            Self::Recurring(_) => "recurring",
            Self::Campaign { .. } => "campaign",
        }
    }
}

/// How often a recurring plan runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Every {
    /// On these days at this time.
    On {
        /// Which days.
        days: Days,
        /// When.
        time: Time,
    },
    /// Five fields of cron: minute, hour, day, month, weekday.
    Cron(String),
}

/// Which days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Days {
    /// 每天.
    Every,
    /// 工作日, make-up days included.
    Working,
    /// 周一 ….
    Week(#[serde(with = "weekday")] Weekday),
    /// 每月1日 …; the last day of a month that is shorter.
    Month(i8),
}

/// Weekdays as their number from Monday.
mod weekday {
    use jiff::civil::Weekday;
    use serde::{Deserialize as _, Deserializer, Serializer};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "the form serde asks for")]
    pub(super) fn serialize<S: Serializer>(day: &Weekday, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_i8(day.to_monday_one_offset())
    }

    pub(super) fn deserialize<'d, D: Deserializer<'d>>(from: D) -> Result<Weekday, D::Error> {
        let number = i8::deserialize(from)?;
        Weekday::from_monday_one_offset(number).map_err(serde::de::Error::custom)
    }
}

/// Which groups.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Target {
    /// Patterns of names, in which `*` stands for anything.
    pub names: Vec<String>,
    /// Owners; empty means any.
    pub owners: Vec<String>,
}

impl Target {
    /// Whether a group that still exists has such a name and such an owner.
    #[must_use]
    pub fn fits(&self, contact: &Contact) -> bool {
        let group = contact.group.as_deref();
        if group.is_some_and(|group| group.dissolved_at.is_some()) {
            return false;
        }
        let name = contact.name.as_deref().unwrap_or_default();
        let named = |pattern: &String| fits_pattern(pattern, name);
        let owner = group.and_then(|group| group.owner.as_ref());
        let owned = |wanted: &String| owner.is_some_and(|owner| owner.as_str() == wanted);
        (self.names.is_empty() || self.names.iter().any(named))
            && (self.owners.is_empty() || self.owners.iter().any(owned))
    }
}

/// What must hold before a step, or for the plan to end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// Something about the contact.
    Contact(ContactTest),
    /// They wrote since they began, or did not.
    Replied(bool),
    /// They wrote since the step before, or did not.
    RepliedSinceLast(bool),
}

/// When nothing is said to anybody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quiet {
    /// From and to this time of day, past midnight if `to` is not after `from`.
    pub span: Option<(Time, Time)>,
    /// Also on holidays.
    pub holidays: bool,
    /// What becomes of a step that falls into it.
    pub late: Late,
}

/// What becomes of a step that may not be now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Late {
    /// It waits until it may be.
    #[default]
    Next,
    /// It is left out.
    Drop,
}

/// How often people hear from plans.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Limits {
    /// To one contact.
    pub per_contact: Option<Cap>,
    /// To one group.
    pub per_group: Option<Cap>,
}

/// So many in a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cap {
    /// How many.
    pub most: u32,
    /// In what.
    pub period: Period,
}

/// A period of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    /// An hour.
    Hour,
    /// A day.
    Day,
    /// A week, from Monday.
    Week,
    /// A month.
    Month,
}

/// What happens to steps that came due while the server was down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Missed {
    /// They are left out.
    Skip,
    /// The last of them is made up for.
    Once,
}

/// One step or phase.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// A name for people.
    pub name: Option<String>,
    /// When.
    pub at: At,
    /// Only if all of these hold; else it is left out.
    pub condition: Vec<Condition>,
    /// Not for those for whom all of these hold.
    pub exclude: Vec<ContactTest>,
    /// How its messages get to the contact or group.
    pub via: Via,
    /// What is done, in order.
    pub actions: Vec<Doing>,
}

impl Step {
    /// Whether it sends the contact something.
    #[must_use]
    pub fn sends(&self) -> bool {
        let mut actions = self.actions.iter();
        actions.any(|doing| matches!(doing, Doing::Send(_)))
    }

    /// Whether anybody hears of it: then quiet hours hold, and it is not late without end.
    #[must_use]
    pub fn speaks(&self) -> bool {
        self.actions.iter().any(|doing| match doing {
            Doing::Send(_) => true,
            Doing::Act(action) => matches!(
                action,
                Action::Notify { .. } | Action::Remind { .. } | Action::Robot { .. }
            ),
        })
    }
}

/// When a step is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum At {
    /// Days after the start, at a time of day, else at the time of the start.
    Day {
        /// How many.
        days: u16,
        /// When on that day.
        time: Option<Time>,
    },
    /// So long after the step before, or after the start for the first.
    After(Duration),
    /// At a date and time in the company's zone.
    Local(DateTime),
}

/// How a message gets to the contact or group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Via {
    /// A mass-send task that a member confirms.
    Broadcast,
    /// The member gets the content and sends it by hand.
    Staff,
    /// A named group robot of the config.
    Robot(String),
    /// A named internal group of the config.
    Appchat(String),
    /// A moment that members publish.
    Moments,
}

impl Via {
    /// Whether the customer or the group hears it, not colleagues in an internal group.
    #[must_use]
    pub fn reaches_target(&self) -> bool {
        match self {
            Self::Broadcast | Self::Staff | Self::Moments => true,
            Self::Robot(_) | Self::Appchat(_) => false,
        }
    }
}

/// One thing that a step does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Doing {
    /// What rules can do too.
    Act(Action),
    /// Sends a template by the step's `via`.
    Send(TemplateName),
}

impl Doing {
    /// The key that operators write for it.
    #[must_use]
    pub fn key(&self) -> &'static str {
        match self {
            Self::Act(action) => action.key(),
            Self::Send(_) => "send",
        }
    }
}
