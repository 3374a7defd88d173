//! What a rule test is, after its file was read and checked.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::diagnostic::{Source, Span};
use crate::domain::clock::UnixMillis;
use crate::domain::ids::{RuleId, SopId, Tag};

use super::scene::{Act, Trait};

/// One file of tests.
#[derive(Debug, Clone)]
pub struct TestFile {
    /// The file, with its lines for messages.
    pub source: Source,
    /// The people and the customer groups in its tests.
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
    pub act: Option<Act>,
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
        /// For whom; for anybody when it is not said.
        who: Option<String>,
        /// Begins.
        begins: bool,
    },
    /// Something becomes of a step of an SOP.
    Step(StepOf, Fate),
    /// Somebody has received what a member sent, or will not receive it.
    Received {
        /// Who.
        who: String,
        /// They have.
        received: bool,
    },
}

/// A step of an SOP, for somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepOf {
    /// The SOP.
    pub sop: SopId,
    /// The step, counted from 0.
    pub step: u32,
    /// As the file names it.
    pub written: String,
    /// For whom; for anybody when it is not said.
    pub who: Option<String>,
}

/// What becomes of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It is done.
    Done,
    /// It is not done, for whatever reason.
    NotDone,
    /// It is put off, for this reason.
    Held(String),
    /// It is left out, for this reason.
    LeftOut(String),
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
