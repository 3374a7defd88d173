//! What a rule test is, after its file was read and checked.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::diagnostic::{Source, Span};
use crate::domain::clock::UnixMillis;
use crate::domain::ids::{RuleId, Tag};

use super::scene::{Doing, Trait};

/// One file of tests.
#[derive(Debug, Clone)]
pub struct TestFile {
    /// The file, with its lines for messages.
    pub source: Source,
    /// The people in its tests.
    pub people: BTreeMap<String, Trait>,
    /// The tests.
    pub tests: Vec<Test>,
}

/// One test: a conversation and what should come of it.
#[derive(Debug, Clone)]
pub struct Test {
    /// What should be so.
    pub name: String,
    /// Where it is written.
    pub span: Span,
    /// When it begins.
    pub start: UnixMillis,
    /// What happens, in order.
    pub steps: Vec<Step>,
}

/// One step of a test.
#[derive(Debug, Clone)]
pub struct Step {
    /// Where it is written.
    pub span: Span,
    /// How long after the test began.
    pub at: Duration,
    /// What happens; `None` only moves the clock.
    pub doing: Option<Doing>,
    /// What should come of it.
    pub expect: Vec<Expectation>,
}

/// One thing that should be so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expectation {
    /// Where it is written.
    pub span: Span,
    /// What.
    pub want: Want,
}

/// What should be so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Want {
    /// The rule fires.
    Rule(RuleId),
    /// The rule does not fire.
    NotRule(RuleId),
    /// The rule does not fire, for this reason.
    Skipped(RuleId, String),
    /// Nothing happens.
    Nothing,
    /// No other rules fire than these.
    Only(Vec<RuleId>),
    /// A tag is added, or removed.
    Tag {
        /// Which.
        tag: Tag,
        /// Added.
        added: bool,
    },
    /// An action is carried out.
    Deed {
        /// Its key.
        key: &'static str,
        /// With what.
        what: Wanted,
    },
    /// An attribute is set.
    Set(String, String),
    /// The points change by so much in all.
    Points(i64),
    /// An SOP begins, or ends.
    Sop {
        /// Which.
        name: String,
        /// Begins.
        begins: bool,
    },
}

/// What an action should be about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// Anything.
    Any,
    /// Nothing at all: it is not carried out.
    Nothing,
    /// This template, receiver or name.
    Target(String),
    /// These words are in what is sent.
    Text(String),
}
