//! What is expected of SOPs: steps by `plan/step`, for one person by `@who`.

use super::super::fates;
use super::super::model::{Fate, StepOf, Want};
use super::super::problems;
use super::Reader;
use crate::diagnostic::{Diagnostic, Span};
use crate::domain::ids::SopId;
use crate::sops::Sop;
use crate::yaml::Node;

impl<'a> Reader<'_, '_, 'a> {
    /// SOPs that begin or end.
    pub(super) fn plans(&mut self, value: &Node, begins: bool) {
        for (text, span) in value.words() {
            let (name, who) = self.for_whom(text, span);
            self.knows(problems::NO_SUCH_SOP, span, name, |names| &names.sops);
            let name = name.to_owned();
            self.push(span, Want::Sop { name, who, begins });
        }
    }

    /// Steps that are done, or not.
    pub(super) fn steps(&mut self, value: &Node, fate: &Fate) {
        for (text, span) in value.words() {
            self.step(text, span, fate.clone());
        }
    }

    /// Steps that are put off or left out, each with its reason.
    pub(super) fn fates(&mut self, value: &Node, fate: fn(String) -> Fate) {
        for entry in value.entries() {
            let Some(reason) = entry.value.text() else {
                continue;
            };
            if fates::words().all(|word| word != reason) {
                let known: Vec<&str> = fates::words().collect();
                let found = Diagnostic::of(problems::UNKNOWN_REASON)
                    .value("reason", reason)
                    .value("known", known.join(", "))
                    .suggest(reason, fates::words());
                self.findings.add(entry.value.span, found);
            }
            self.step(&entry.key, entry.span, fate(reason.to_owned()));
        }
    }

    /// Who receives something, or does not.
    pub(super) fn received(&mut self, value: &Node, received: bool) {
        for (who, span) in value.words() {
            self.is_somebody(who, span);
            let who = who.to_owned();
            self.push(span, Want::Received { who, received });
        }
    }

    fn step(&mut self, text: &str, span: Span, fate: Fate) {
        let (written, who) = self.for_whom(text, span);
        let Some((sop, step)) = self.place(written, span) else {
            return;
        };
        let step = StepOf {
            sop,
            step,
            written: written.to_owned(),
            who,
        };
        self.push(span, Want::Step(step, fate));
    }

    /// The step that `plan/name` or `plan/number` means.
    fn place(&mut self, written: &str, span: Span) -> Option<(SopId, u32)> {
        // Without plans that can be read nothing is run.
        let names = self.names?;
        let parts = |sop: &'a Sop| {
            let step = written.strip_prefix(sop.id.as_str())?.strip_prefix('/')?;
            Some((sop, step))
        };
        let mut plans = names.plans.iter();
        let Some((sop, step)) = plans.find_map(|sop| parts(sop)) else {
            let sop = written.split('/').next().unwrap_or_default();
            self.knows(problems::NO_SUCH_SOP, span, sop, |names| &names.sops);
            if names.sops.contains(sop) {
                self.no_step(sop, written, span);
            }
            return None;
        };
        let named = sop
            .steps
            .iter()
            .position(|known| known.name.as_deref() == Some(step));
        let number = step
            .parse::<usize>()
            .ok()
            .and_then(|number| number.checked_sub(1));
        let place = named.or(number.filter(|number| *number < sop.steps.len()));
        let place = place.and_then(|place| u32::try_from(place).ok());
        if place.is_none() {
            self.no_step(sop.id.as_str(), step, span);
        }
        Some((sop.id.clone(), place?))
    }

    fn no_step(&mut self, sop: &str, step: &str, span: Span) {
        let plan = self
            .names
            .and_then(|names| names.plans.get(&SopId::from(sop)));
        let steps = plan.map(|sop| sop.steps.as_slice()).unwrap_or_default();
        let known = steps.iter().filter_map(|step| step.name.as_deref());
        let found = Diagnostic::of(problems::NO_SUCH_STEP)
            .value("sop", sop)
            .value("step", step)
            .value("count", steps.len().to_string())
            .suggest(step, known);
        self.findings.add(span, found);
    }

    /// What stands before `@who`, if that is somebody.
    fn for_whom<'t>(&mut self, text: &'t str, span: Span) -> (&'t str, Option<String>) {
        let Some((what, who)) = text.rsplit_once('@') else {
            return (text, None);
        };
        self.is_somebody(who, span);
        (what, Some(who.to_owned()))
    }

    fn is_somebody(&mut self, who: &str, span: Span) {
        if !self.people.is_empty() && !self.people.contains(&who) {
            let found = Diagnostic::of(problems::UNKNOWN_CONTACT)
                .value("name", who)
                .suggest(who, self.people.iter().copied());
            self.findings.add(span, found);
        }
    }
}
