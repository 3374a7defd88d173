//! What happened while the clock moved, one thing after the other.

use super::tasks::MassTask;
use crate::domain::clock::UnixMillis;
use crate::domain::contact::Contact;
use crate::domain::effect::Effect;
use crate::domain::ids::{Person, RuleId};
use crate::domain::inbound::{Inbound, Trigger};
use crate::rules::Standing;
use crate::sops::run::Run;
use crate::store::{DecisionCommit, Gather, RecordOutcome};

/// The next thing that happened by itself.
#[derive(Debug, Clone)]
pub enum Passed {
    /// A record was decided about.
    Decided(Box<Happened>),
    /// Something began for everybody, or was left out; `taken` says for how many.
    Begun(Run),
    /// WeCom has a mass-send task, for a member to confirm.
    Task(MassTask),
}

/// All that happened in a while.
#[derive(Debug, Clone, Default)]
pub struct Past {
    /// Records that were decided about.
    pub happened: Vec<Happened>,
    /// What began for everybody, or was left out.
    pub begun: Vec<Run>,
    /// Mass-send tasks that came to be.
    pub tasks: Vec<MassTask>,
    /// Who has received what a member confirmed.
    pub received: Vec<Person>,
}

impl Past {
    /// Adds what happened next.
    pub(super) fn add(&mut self, passed: Passed) {
        match passed {
            Passed::Decided(happened) => self.happened.push(*happened),
            Passed::Begun(run) => self.begun.push(run),
            Passed::Task(task) => self.tasks.push(task),
        }
    }

    /// Adds what happened after it.
    pub(super) fn and_then(&mut self, later: Self) {
        self.happened.extend(later.happened);
        self.begun.extend(later.begun);
        self.tasks.extend(later.tasks);
        self.received.extend(later.received);
    }
}

/// One thing that happened and what was decided about it.
#[derive(Debug, Clone)]
pub struct Happened {
    /// When.
    pub at: UnixMillis,
    /// What.
    pub inbound: Inbound,
    /// The person as the rules saw them.
    pub seen: Contact,
    /// What all contacts shared.
    pub standing: Standing,
    /// What was decided.
    pub commit: DecisionCommit,
}

/// One action that was carried out, or tried.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
pub struct Deed {
    /// The rule or SOP.
    pub rule: RuleId,
    /// Its place in the `do` list.
    pub action: u32,
    /// `reply`, `tag`, …
    pub key: String,
    /// The template, receiver, …
    #[serde(default)]
    pub target: String,
    /// How many effects it became.
    #[serde(default)]
    pub effects: usize,
    /// Why it did not become what it says.
    #[serde(default)]
    pub problem: Option<String>,
}

impl Happened {
    /// Whether it was a task of our own: a timer that came due.
    #[must_use]
    pub fn is_own(&self) -> bool {
        matches!(self.inbound.trigger, Trigger::Own(_))
    }

    /// The rules that fired.
    #[must_use]
    pub fn fired(&self) -> &[RuleId] {
        match &self.commit.outcome {
            RecordOutcome::Done { fired } => fired,
            RecordOutcome::Skipped { .. } => &[],
        }
    }

    /// What the rules that fired, or an SOP, did.
    #[must_use]
    pub fn deeds(&self) -> Vec<Deed> {
        let steps = self
            .commit
            .trace
            .as_ref()
            .and_then(|trace| trace.get("steps"));
        let steps = steps.cloned().unwrap_or_default();
        serde_json::from_value(steps).unwrap_or_default()
    }

    /// What goes out, by itself or together with others.
    pub fn effects(&self) -> impl Iterator<Item = Effect> {
        let effects = self.commit.effects.iter();
        let effects = effects.map(|new| new.effect.clone());
        effects.chain(self.commit.broadcasts.iter().map(Gather::effect))
    }

    /// The effects of one action.
    pub fn effects_of(&self, deed: &Deed) -> impl Iterator<Item = Effect> {
        let is_of = |rule: &RuleId, action: u32| *rule == deed.rule && action == deed.action;
        let effects = self.commit.effects.iter();
        let effects = effects.filter(move |new| is_of(&new.origin.rule, new.origin.action));
        let together = self.commit.broadcasts.iter();
        let together = together.filter(move |gather| is_of(&gather.head.rule, gather.head.action));
        let effects = effects.map(|new| new.effect.clone());
        effects.chain(together.map(Gather::effect))
    }

    /// Tags added (`+`) and removed (`-`).
    #[must_use]
    pub fn tags(&self) -> Vec<String> {
        let Some(change) = &self.commit.contact else {
            return Vec::new();
        };
        let added = change
            .add_tags
            .iter()
            .map(|grant| format!("+{}", grant.tag));
        let removed = change.remove_tags.iter().map(|tag| format!("-{tag}"));
        added.chain(removed).collect()
    }

    /// The words that the rules looked at.
    #[must_use]
    pub fn text(&self) -> &str {
        match &self.inbound.trigger {
            Trigger::Message(message) => &message.text,
            Trigger::Clicked { key, .. } => key,
            Trigger::Entered { scene, .. } => scene.as_deref().unwrap_or_default(),
            _ => "",
        }
    }
}
