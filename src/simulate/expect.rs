//! Reads `expect`: names are checked against what the operators and the config have.

use std::collections::BTreeSet;

use super::keys::{EXPECT, REASONS};
use super::model::{Expectation, Fate, Want, Wanted};
use super::problems;
use super::scene::signed;
use crate::config::Config;
use crate::diagnostic::{Diagnostic, Findings, Kind, Span};
use crate::domain::ids::RuleId;
use crate::process::playbook::Playbook;
use crate::sops::SopSet;
use crate::yaml::{Entry, Node, values};

mod plans;

/// Words that a text should hold begin with this.
const TEXT: &str = "text:";
/// Whoever has the customer as a contact.
const FOLLOWER: &str = "负责人";

/// The names that tests may use.
#[derive(Debug)]
pub(super) struct Names<'a> {
    pub(super) rules: BTreeSet<&'a str>,
    templates: BTreeSet<&'a str>,
    servicers: BTreeSet<&'a str>,
    webhooks: BTreeSet<&'a str>,
    robots: BTreeSet<&'a str>,
    pub(super) sops: BTreeSet<&'a str>,
    plans: &'a SopSet,
}

impl<'a> Names<'a> {
    pub(super) fn of(config: &'a Config, playbook: &'a Playbook) -> Self {
        let rules = playbook.rules.rules().iter();
        Self {
            rules: rules.map(|rule| rule.id.as_str()).collect(),
            templates: playbook.templates.names().collect(),
            servicers: {
                let listed = config.servicers.keys().map(String::as_str);
                listed.chain(playbook.rules.roster().names()).collect()
            },
            webhooks: config.webhooks.keys().map(String::as_str).collect(),
            robots: config.robots.keys().map(String::as_str).collect(),
            sops: playbook.sops.iter().map(|sop| sop.id.as_str()).collect(),
            plans: &playbook.sops,
        }
    }
}

/// Reads one `expect`. `names` is `None` when the rules themselves are broken: what they lack
/// then says nothing about the tests. `people` are those of the file, empty for any.
pub(super) fn expectations(
    node: &Node,
    names: Option<&Names<'_>>,
    people: &[&str],
    findings: &mut Findings<'_>,
) -> Vec<Expectation> {
    let mut reader = Reader {
        names,
        people,
        findings,
        found: Vec::new(),
    };
    for entry in node.entries() {
        reader.entry(entry);
    }
    let only = node.get("only");
    if let Some(only) = only.filter(|only| only.text().and_then(values::flag) == Some(true)) {
        let rules = node.get("rule").into_iter().flat_map(Node::words);
        let rules = rules.map(|(id, _)| RuleId::from(id)).collect();
        reader.push(only.span, Want::Only(rules));
    }
    reader.found
}

struct Reader<'r, 'f, 'a> {
    names: Option<&'r Names<'a>>,
    people: &'r [&'r str],
    findings: &'r mut Findings<'f>,
    found: Vec<Expectation>,
}

impl<'a> Reader<'_, '_, 'a> {
    fn push(&mut self, span: Span, want: Want) {
        self.found.push(Expectation { span, want });
    }

    fn entry(&mut self, entry: &Entry) {
        let Some(key) = EXPECT.iter().find(|key| key.name == entry.key) else {
            return;
        };
        let value = &entry.value;
        match key.name {
            "only" | "none" if is_false(value) => {
                let found = Diagnostic::of(problems::NOT_FALSE).value("key", key.name);
                self.findings.add(value.span, found);
            }
            "only" => {}
            "none" if is_true(value) => self.push(value.span, Want::Nothing),
            "none" => {}
            "end_session" if is_true(value) => self.deed(value.span, key.name, Wanted::Any),
            "end_session" if is_false(value) => {
                self.deed(value.span, key.name, Wanted::Nothing);
            }
            "end_session" => {}
            "rule" => self.rules(value, Want::Rule),
            "not_rule" => self.rules(value, Want::NotRule),
            "skipped" => value.entries().iter().for_each(|entry| self.skipped(entry)),
            "tags" => self.tags(value),
            "set" => {
                for entry in value.entries() {
                    let text = entry.value.text().unwrap_or_default().to_owned();
                    self.push(entry.span, Want::Set(entry.key.clone(), text));
                }
            }
            "points" => {
                let text = value.text().map(|text| text.trim_start_matches('+'));
                if let Some(points) = text.and_then(values::integer) {
                    self.push(value.span, Want::Points(points));
                }
            }
            "sop" | "stop_sop" => self.plans(value, key.name == "sop"),
            "step" => self.steps(value, &Fate::Done),
            "not_step" => self.steps(value, &Fate::NotDone),
            "held" => self.fates(value, Fate::Held),
            "left_out" => self.fates(value, Fate::LeftOut),
            "received" | "not_received" => self.received(value, key.name == "received"),
            // Its text is a template: what matters is what comes of it.
            "remark" => {
                let text = value.text().unwrap_or_default().to_owned();
                self.deed(value.span, key.name, Wanted::Text(text));
            }
            _ => self.deeds(key.name, value),
        }
    }

    fn rules(&mut self, value: &Node, want: fn(RuleId) -> Want) {
        for (id, span) in value.words() {
            self.knows(problems::UNKNOWN_RULE, span, id, |names| &names.rules);
            self.push(span, want(RuleId::from(id)));
        }
    }

    fn skipped(&mut self, entry: &Entry) {
        let rule = entry.key.as_str();
        self.knows(problems::UNKNOWN_RULE, entry.span, rule, |names| {
            &names.rules
        });
        let Some(reason) = entry.value.text() else {
            return;
        };
        if !REASONS.contains(&reason) {
            let found = Diagnostic::of(problems::UNKNOWN_REASON)
                .value("reason", reason)
                .value("known", REASONS.join(", "))
                .suggest(reason, REASONS.iter().copied());
            self.findings.add(entry.value.span, found);
        }
        let want = Want::Skipped(RuleId::from(rule), reason.to_owned());
        self.push(entry.value.span, want);
    }

    fn tags(&mut self, value: &Node) {
        for (text, span) in value.words() {
            let (tag, added) = signed(text);
            self.push(span, Want::Tag { tag, added });
        }
    }

    fn deed(&mut self, span: Span, key: &'static str, what: Wanted) {
        self.push(span, Want::Deed { key, what });
    }

    fn deeds(&mut self, key: &'static str, value: &Node) {
        for (text, span) in value.words() {
            let what = match text.strip_prefix(TEXT) {
                Some(words) => Wanted::Text(words.trim().to_owned()),
                None => Wanted::Target(text.to_owned()),
            };
            if let Wanted::Target(name) = &what {
                self.target(key, name, span);
            }
            self.deed(span, key, what);
        }
    }

    fn target(&mut self, key: &str, name: &str, span: Span) {
        let kind = problems::NO_SUCH_NAME;
        match key {
            "reply" | "welcome" | "mass_message" | "send" => {
                self.knows(problems::NO_SUCH_TEMPLATE, span, name, |names| {
                    &names.templates
                });
            }
            "transfer" => self.knows(kind, span, name, |names| &names.servicers),
            "webhook" => self.knows(kind, span, name, |names| &names.webhooks),
            "robot" => self.knows(kind, span, name, |names| &names.robots),
            // Any member may be named by the account, which is never Chinese.
            "notify" | "remind" if name != FOLLOWER && !name.is_ascii() => {
                self.knows(kind, span, name, |names| &names.servicers);
            }
            _ => {}
        }
    }

    fn knows(
        &mut self,
        kind: Kind,
        span: Span,
        name: &str,
        known: for<'x> fn(&'x Names<'a>) -> &'x BTreeSet<&'a str>,
    ) {
        let Some(names) = self.names else { return };
        let known = known(names);
        if !known.contains(name) {
            let found = Diagnostic::of(kind)
                .value("name", name)
                .suggest(name, known.iter().copied());
            self.findings.add(span, found);
        }
    }
}

fn is_false(value: &Node) -> bool {
    value.text().and_then(values::flag) == Some(false)
}

fn is_true(value: &Node) -> bool {
    value.text().and_then(values::flag) == Some(true)
}
