//! What makes a phase of a campaign the same one after an edit: its name, else its date. Pure.
//!
//! Operators delete phases that are over, put others before them and move them. Where a phase
//! stands in the file says nothing about whether it has begun.

use serde::{Deserialize, Serialize};

use super::model::{At, Sop, SopSet, Step};
use super::run::{Run, Watch, Work};
use crate::domain::clock::UnixMillis;
use crate::domain::ids::SopId;

/// A phase that has begun in a campaign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Begun {
    /// What it is known by; none if the version that it began with is not kept any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The time that it stood for.
    pub at: UnixMillis,
    /// The number of its rows: no two phases of a campaign share one.
    pub number: u32,
}

impl Begun {
    /// Whether a phase of this key and time is this one.
    #[must_use]
    pub fn is(&self, key: Option<&str>, at: UnixMillis) -> bool {
        self.at == at || (key.is_some() && self.key.as_deref() == key)
    }

    /// The number of the rows of a phase that begins next: that of its step, unless an edit
    /// has moved it to the place of one that has begun.
    #[must_use]
    pub fn next_number(begun: &[Self], step: u32) -> u32 {
        let last = begun.iter().map(|begun| begun.number).max();
        last.map_or(step, |last| step.max(last.saturating_add(1)))
    }
}

/// What a phase is known by: its name if no other has the same, else its date.
#[must_use]
pub fn key(sop: &Sop, step: u32) -> Option<String> {
    let step = sop.steps.get(usize::try_from(step).ok()?)?;
    let named = |name: &&String| {
        let same = |other: &&Step| other.name.as_ref() == Some(*name);
        sop.steps.iter().filter(same).count() == 1
    };
    let name = step.name.as_ref().filter(named).cloned();
    name.or(match step.at {
        At::Local(at) => Some(at.to_string()),
        _ => None,
    })
}

/// Whether a step of one version is the same phase as a step of another.
#[must_use]
pub fn same((one, a): (&Sop, u32), (other, b): (&Sop, u32)) -> bool {
    let date = |sop: &Sop, step: u32| {
        let step = sop.steps.get(usize::try_from(step).ok()?)?;
        match step.at {
            At::Local(at) => Some(at),
            _ => None,
        }
    };
    let alike = |a: Option<_>, b: Option<_>| a.is_some() && a == b;
    alike(key(one, a), key(other, b)) || date(one, a).is_some_and(|at| date(other, b) == Some(at))
}

impl SopSet {
    /// A version of a plan, if it is known.
    #[must_use]
    pub fn exactly(&self, id: &SopId, version: &str) -> Option<&Sop> {
        let known = self.begun_with(id, version)?;
        (known.version == version).then_some(known)
    }
}

impl Watch {
    /// The same, knowing which phases have begun, also where the program that began them kept
    /// only their places. `version` finds a version of the plan.
    #[must_use]
    pub fn recalling<'r, 's>(
        mut self,
        runs: impl IntoIterator<Item = &'r Run>,
        version: impl Fn(&str) -> Option<&'s Sop>,
    ) -> Self {
        if !self.begun.is_empty() {
            return self;
        }
        for run in runs {
            let Work::Step { run: started, step } = run.work else {
                continue;
            };
            if Some(started) == self.started && !run.was_left_out() {
                let sop = version(&run.version);
                self.begun.push(Begun {
                    key: run.phase.clone().or_else(|| key(sop?, step)),
                    at: run.planned,
                    number: run.number.unwrap_or(step),
                });
            }
        }
        self
    }
}
