//! What follow-up plans have in common with rules: actions, templates, names of the config.

use std::collections::BTreeSet;

use super::calendar::Calendar;
use super::load::References;
use super::model::{On, When};
use super::occasion::Occasion;
use super::parse_action::Reader;
use super::problems;
use crate::diagnostic::{Diagnostic, Findings, Span};
use crate::domain::action::{Action, TemplateName};
use crate::domain::inbound::Channel;
use crate::yaml::{Entry, Node};

/// Reads what a plan does for a contact. There is no message at hand and nothing captured.
#[derive(Debug, Clone, Copy)]
pub struct PlanReader<'a> {
    /// What may be named.
    pub references: &'a References<'a>,
    /// Hours.
    pub calendar: &'a Calendar,
    /// Internal groups of the config.
    pub appchats: &'a BTreeSet<String>,
}

impl PlanReader<'_> {
    /// Reads one entry of `do`.
    pub fn action(&self, entry: &Entry, findings: &mut Findings<'_>) -> Vec<Action> {
        self.with(findings, |reader| reader.action(entry))
    }

    /// Reads the name of a template; `broadcast` if it goes into a mass-send task.
    pub fn template(
        &self,
        node: &Node,
        broadcast: bool,
        findings: &mut Findings<'_>,
    ) -> TemplateName {
        self.with(findings, |reader| {
            let name = reader.template(node);
            if broadcast {
                reader.mass_fits(&name, node.span);
            }
            name
        })
    }

    /// Reads the name of a template that welcomes a new contact.
    pub fn welcome(&self, node: &Node, findings: &mut Findings<'_>) -> TemplateName {
        self.with(findings, |reader| {
            let name = reader.template(node);
            reader.welcome_fits(&name, node.span);
            name
        })
    }

    /// Reports hours that the calendar does not have.
    pub fn hours(&self, name: &str, span: Span, findings: &mut Findings<'_>) {
        if self.calendar.find(name).is_none() {
            let known: Vec<&str> = self.calendar.names().collect();
            let found = Diagnostic::of(problems::UNKNOWN_HOURS)
                .value("name", name)
                .value("known", known.join(", "))
                .suggest(name, known.iter().copied());
            findings.add(span, found);
        }
    }

    /// What a template says of each customer, if anything: who is told it cannot be told the
    /// same with others.
    #[must_use]
    pub fn of_each_customer(&self, name: &TemplateName) -> Option<&str> {
        self.references.templates.of_each_customer(name)
    }

    /// Reports a group robot that the config does not have.
    pub fn robot(&self, node: &Node, findings: &mut Findings<'_>) {
        let known = self.references.robots;
        self.with(findings, |reader| {
            reader.named(Some(node), known, problems::UNKNOWN_ROBOT);
        });
    }

    fn with<T>(
        &self,
        findings: &mut Findings<'_>,
        read: impl FnOnce(&mut Reader<'_, '_>) -> T,
    ) -> T {
        let channels = [Channel::Contact];
        let mut reader = Reader {
            findings,
            references: self.references,
            calendar: self.calendar,
            occasion: Occasion::new(&On::Added, &channels, &When::default()),
        };
        read(&mut reader)
    }
}
