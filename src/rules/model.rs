//! What a rule is, after its file was read and checked.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::calendar::{Calendar, HoursId};
use super::matcher::Matcher;
use super::roster::Roster;
use super::words::WordList;
use crate::domain::action::Action;
use crate::domain::anniversary::Anniversary;
use crate::domain::criteria::ContactTest;
use crate::domain::effect::SopRowKey;
use crate::domain::ids::{RuleId, SopId};
use crate::domain::inbound::{Channel, Task, Trigger};
use crate::yaml::values::Moment;

/// All rules of an installation, in the order in which they are considered.
#[derive(Debug, Clone)]
pub struct RuleSet {
    pub(super) rules: Vec<Rule>,
    pub(super) matcher: Arc<Matcher>,
    pub(super) calendar: Calendar,
    pub(super) roster: Roster,
    pub(super) anniversaries: Vec<Anniversary>,
    pub(super) version: Arc<str>,
}

impl RuleSet {
    /// A set without rules.
    #[must_use]
    pub fn empty() -> Self {
        Self {
            rules: Vec::new(),
            matcher: Arc::default(),
            calendar: Calendar::default(),
            roster: Roster::default(),
            anniversaries: Vec::new(),
            version: Arc::from(""),
        }
    }

    /// The rules, in the order in which they are considered.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// A rule by its id.
    #[must_use]
    pub fn rule(&self, id: &RuleId) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.id == *id)
    }

    /// The set as it would be if the rules that observe acted; `None` if none observes.
    #[must_use]
    pub fn if_none_observed(&self) -> Option<Self> {
        let observes = |rule: &Rule| rule.mode == Mode::Observe;
        self.rules.iter().any(observes).then(|| {
            let mut set = self.clone();
            for rule in set.rules.iter_mut().filter(|rule| observes(rule)) {
                rule.mode = Mode::On;
            }
            set
        })
    }

    /// Working hours and holidays.
    #[must_use]
    pub fn calendar(&self) -> &Calendar {
        &self.calendar
    }

    /// Who is on duty when.
    #[must_use]
    pub fn roster(&self) -> &Roster {
        &self.roster
    }

    /// The days of contacts that rules ask for, each once.
    #[must_use]
    pub fn anniversaries(&self) -> &[Anniversary] {
        &self.anniversaries
    }

    /// What the set is called in traces: a short hash of its files, unless it was named.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Gives the set the name of what it is a part of.
    pub fn set_version(&mut self, version: String) {
        self.version = version.into();
    }
}

/// What a decision must know beside the contact: what all contacts share.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// How often each rule with a daily limit has fired today.
    pub used_today: BTreeMap<RuleId, u32>,
    /// The SOPs that operators have paused.
    pub paused: BTreeSet<SopId>,
    /// Steps of which a member has said what became of them; only those that were asked about.
    pub settled: BTreeSet<SopRowKey>,
}

/// One rule.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Its identity: cooldowns belong to it.
    pub id: RuleId,
    /// A name for people.
    pub name: Option<Arc<str>>,
    /// Whether it acts.
    pub mode: Mode,
    /// Higher is considered first.
    pub priority: i64,
    /// What starts it.
    pub on: On,
    /// Through which channels; empty means any.
    pub channels: Box<[Channel]>,
    /// In which hours.
    pub hours: Option<HoursId>,
    /// Conditions, all of which must hold.
    pub when: When,
    /// Valid from.
    pub from: Option<Moment>,
    /// Valid until.
    pub until: Option<Moment>,
    /// At most once per contact in this time.
    pub cooldown: Option<Duration>,
    /// At most so often a day, for all contacts together.
    pub limit: Option<u32>,
    /// What it does, in order.
    pub actions: Arc<[Action]>,
    /// Whether lower rules are left out once it fired.
    pub stop: bool,
    /// Where it is written.
    pub place: Place,
}

/// Where a rule is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The file, relative to the folder of the rules.
    pub file: Arc<str>,
    /// The line.
    pub line: usize,
}

/// Whether a rule acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// It acts.
    On,
    /// It is traced and counted; nothing is sent or tagged, and it never stops others.
    Observe,
    /// It rests.
    Off,
}

/// What starts a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum On {
    /// A message.
    Message,
    /// A customer was added.
    Added,
    /// A contact was ended.
    Deleted,
    /// Somebody joined a customer group.
    Joined,
    /// Somebody left a customer group.
    Left,
    /// A chat window was opened.
    Entered,
    /// A menu item or a card's button was pressed.
    Clicked,
    /// Any other event, by WeCom's own names.
    Event {
        /// `Event`.
        event: Box<str>,
        /// `ChangeType`; `None` takes any.
        change: Option<Box<str>>,
    },
    /// A day has come that an attribute of the customer names.
    Date(Box<Anniversary>),
}

/// The `Event` of what the company's own systems tell: `on: event:ingest/order`.
const TOLD: &str = "ingest";

impl On {
    /// The word that `on:` uses for it.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Added => "added",
            Self::Deleted => "deleted",
            Self::Joined => "joined",
            Self::Left => "left",
            Self::Entered => "entered",
            Self::Clicked => "clicked",
            Self::Event { .. } => "event",
            Self::Date(_) => "date",
        }
    }

    /// Whether this is what happened.
    #[must_use]
    pub fn matches(&self, trigger: &Trigger) -> bool {
        match (self, trigger) {
            (
                Self::Event { event, change },
                Trigger::Event {
                    event: name,
                    change_type,
                },
            ) => {
                **event == **name
                    && (change.is_none() || change.as_deref() == change_type.as_deref())
            }
            (Self::Event { event, change }, Trigger::Own(Task::Told(told))) => {
                let happened = &**event == TOLD && told.event.is_some();
                happened && (change.is_none() || change.as_deref() == told.event.as_deref())
            }
            (Self::Date(wanted), Trigger::Date(of)) => wanted == of,
            _ => trigger.word() == Some(self.word()),
        }
    }

    /// Whether it brings a text that words can be looked for in.
    #[must_use]
    pub fn has_text(&self) -> bool {
        matches!(self, Self::Message | Self::Clicked | Self::Entered)
    }
}

/// The conditions of a rule.
#[derive(Debug, Clone, Default)]
pub struct When {
    /// At least one occurs.
    pub any: WordList,
    /// Each occurs.
    pub all: WordList,
    /// Not one occurs.
    pub none: WordList,
    /// How words are looked for.
    pub how: How,
    /// Signs and spaces between the characters of a word are overlooked: 退*款 is 退款.
    pub loose: bool,
    /// A pattern that the text matches.
    pub regex: Option<Box<Pattern>>,
    /// The message is of one of these types; empty means any.
    pub types: Box<[String]>,
    /// What must hold of the contact.
    pub contact: Box<[ContactTest]>,
    /// So many matches by the contact, this one included.
    pub hits: Option<HitsWanted>,
}

/// A rule fires only at the n-th match in a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HitsWanted {
    /// n.
    pub times: u32,
    /// The period.
    pub within: Duration,
}

/// How words are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum How {
    /// Anywhere in the text.
    #[default]
    Contains,
    /// The text is the word.
    Exact,
    /// The text begins with it.
    Prefix,
    /// The text ends with it.
    Suffix,
    /// Anywhere in the text, written with these or with other characters of the same sound.
    Pinyin,
}

/// A pattern. It sees the customer's own text, so that what it captures is as written.
#[derive(Debug, Clone)]
pub struct Pattern {
    /// The compiled pattern.
    pub regex: regex::Regex,
}
