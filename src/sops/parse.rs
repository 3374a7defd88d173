//! SOP files to plans. Everything that is wrong is reported; what can be had is had, so that
//! one mistake does not hide the next.

use std::collections::BTreeMap;

use super::keys::SOPS;
use super::model::{
    Cap, Condition, Every, Kind, Late, Limits, Missed, Quiet, Sop, Step, Target, Via,
};
use super::outreach::Outreach;
use super::parse_condition::conditions;
use super::{parse_step, parse_time, problems};
use crate::diagnostic::{Diagnostic, Findings, Span};
use crate::domain::criteria::ContactTest;
use crate::domain::ids::{SopId, Tag};
use crate::rules::{PlanReader, contact_tests};
use crate::yaml::{Data, Entry, Node, check, parse, values};

/// One file while it is read.
pub(super) struct File<'f, 'a> {
    pub(super) reader: PlanReader<'a>,
    pub(super) findings: Findings<'f>,
    places: &'f mut Places,
    name: &'f str,
}

/// What must be there once, with the file and line at which it was seen.
#[derive(Default)]
pub(super) struct Places {
    plans: BTreeMap<SopId, String>,
    outreach: Option<String>,
}

/// Reads the plans of one file.
pub(super) fn content_of<'f>(
    reader: PlanReader<'_>,
    places: &'f mut Places,
    name: &'f str,
    mut findings: Findings<'f>,
) -> Content {
    let Some(root) = parse(&mut findings) else {
        return Content {
            plans: Vec::new(),
            outreach: None,
        };
    };
    check(&root, &SOPS, &mut findings);
    if let Some(node) = root.get("version")
        && let Some(number) = node.text().and_then(values::integer)
        && number != 1
    {
        let found = Diagnostic::of(problems::WRONG_VERSION).value("version", number.to_string());
        findings.add(node.span, found);
    }
    let mut file = File {
        reader,
        findings,
        places,
        name,
    };
    let nodes = root.get("sops").map(Node::items).unwrap_or_default();
    let plans = nodes.iter().filter_map(|node| file.plan(node)).collect();
    let outreach = root
        .entry("outreach")
        .and_then(|entry| file.outreach(entry));
    Content { plans, outreach }
}

/// What one file says.
pub(super) struct Content {
    pub(super) plans: Vec<Sop>,
    pub(super) outreach: Option<Outreach>,
}

impl File<'_, '_> {
    pub(super) fn add(&mut self, span: Span, diagnostic: Diagnostic) {
        self.findings.add(span, diagnostic);
    }

    fn plan(&mut self, node: &Node) -> Option<Sop> {
        if !matches!(node.data, Data::Map(_)) {
            return None;
        }
        let id_node = node.get("id");
        let id = SopId::from(id_node.and_then(Node::text).unwrap_or_default());
        let span = id_node.map_or(node.span, |id| id.span);
        self.remember(&id, span);
        let kind = self.kind(node, span)?;
        self.keys_of(&kind, node, span);
        let steps = match kind {
            Kind::Campaign { .. } => node.get("phases"),
            _ => node.get("steps"),
        };
        let sop = Sop {
            id,
            version: String::new(),
            name: node.get("name").and_then(Node::text).map(str::to_owned),
            off: node.get("mode").and_then(Node::text) == Some("off"),
            audience: audience(node, &mut self.findings),
            target: node.get("target").map(target),
            exit_when: self.exits(node.get("exit_when")),
            then: parse_step::then(self, node.get("then")),
            quiet: node.get("quiet").and_then(|quiet| self.quiet(quiet)),
            limits: self.limits(node.get("limits")),
            missed: missed(node, &kind),
            steps: self.steps(steps, &kind),
            kind,
        };
        self.as_a_whole(&sop, node, span);
        self.moments(&sop, span);
        Some(sop)
    }

    /// WeCom shows a moment to whoever carries a tag, not to somebody alone.
    fn moments(&mut self, sop: &Sop, span: Span) {
        let mut steps = sop.steps.iter();
        let for_all = matches!(sop.kind, Kind::Recurring(_) | Kind::Campaign { .. });
        let by_tag = matches!(sop.audience.as_deref(), Some([ContactTest::HasTag(_)]));
        if steps.any(|step| step.via == Via::Moments) && !(for_all && by_tag) {
            self.add(span, Diagnostic::of(problems::MOMENT_FORM));
        }
    }

    fn remember(&mut self, id: &SopId, span: Span) {
        if id.as_str().is_empty() {
            return;
        }
        if let Some(first) = self.places.plans.get(id) {
            let found = Diagnostic::of(problems::DUPLICATE_ID)
                .value("id", id.as_str())
                .value("first", first.as_str());
            self.add(span, found);
        } else {
            let place = format!("{}:{}", self.name, span.line);
            self.places.plans.insert(id.clone(), place);
        }
    }

    fn kind(&mut self, node: &Node, span: Span) -> Option<Kind> {
        Some(match node.get("kind")?.text()? {
            "lifecycle" => Kind::Lifecycle,
            "group" => Kind::Group,
            "recurring" => Kind::Recurring(self.every(node, span)?),
            "campaign" => {
                let approve = node.get("approve").and_then(Node::text) != Some("none");
                Kind::Campaign { approve }
            }
            _ => return None,
        })
    }

    fn every(&mut self, node: &Node, span: Span) -> Option<Every> {
        let (value, read): (&Node, fn(&str) -> Option<Every>) =
            match (node.get("every"), node.get("cron")) {
                (Some(every), None) => (every, parse_time::every),
                (None, Some(cron)) => (cron, parse_time::cron),
                (first, _) => {
                    let at = first.map_or(span, |first| first.span);
                    let found = Diagnostic::of(problems::BAD_EVERY).value("value", "—");
                    self.add(at, found);
                    return None;
                }
            };
        let text = value.text()?;
        let every = read(text);
        if every.is_none() && !text.trim().is_empty() {
            let found = Diagnostic::of(problems::BAD_EVERY).value("value", text);
            self.add(value.span, found);
        }
        every
    }

    /// Keys that mean nothing for this kind, and those that it needs.
    fn keys_of(&mut self, kind: &Kind, node: &Node, span: Span) {
        let (others, needs): (&[&str], &str) = match kind {
            Kind::Lifecycle => (&["target", "every", "cron", "approve", "phases"], "steps"),
            Kind::Group => (&["audience", "every", "cron", "approve", "phases"], "steps"),
            Kind::Recurring(_) => (&["approve", "phases", "exit_when", "then"], "steps"),
            Kind::Campaign { .. } => (&["every", "cron", "steps", "missed"], "phases"),
        };
        for name in others {
            if let Some(entry) = node.entry(name) {
                let found = Diagnostic::of(problems::WRONG_KEY)
                    .value("key", *name)
                    .value("kind", kind.word());
                self.add(entry.span, found);
            }
        }
        let without_whom = !matches!(kind, Kind::Lifecycle)
            && node.get("target").is_none()
            && node.get("audience").is_none();
        let missing = [(node.get(needs).is_none(), needs), (without_whom, "target")];
        for (_, key) in missing.iter().filter(|(missing, _)| *missing) {
            let found = Diagnostic::of(problems::MISSING_KEY)
                .value("key", *key)
                .value("kind", kind.word());
            self.add(span, found);
        }
    }

    fn steps(&mut self, node: Option<&Node>, kind: &Kind) -> Vec<Step> {
        let nodes = node.map(Node::items).unwrap_or_default();
        let mut steps: Vec<Step> = Vec::new();
        for node in nodes {
            let Some(step) = parse_step::step(self, node, kind) else {
                continue;
            };
            if let Some(before) = steps.last()
                && (parse_step::is_before(step.at, before.at)
                    || (matches!(kind, Kind::Campaign { .. }) && step.at == before.at))
            {
                let at = node.get("at").map_or(node.span, |at| at.span);
                self.add(at, Diagnostic::of(problems::OUT_OF_ORDER));
            }
            steps.push(step);
        }
        steps
    }

    fn exits(&mut self, node: Option<&Node>) -> Vec<Vec<Condition>> {
        let entries = node.map(Node::items).unwrap_or_default().iter();
        let read = entries.map(|entry| conditions(entry, &mut self.findings));
        read.filter(|conditions| !conditions.is_empty()).collect()
    }

    fn quiet(&mut self, node: &Node) -> Option<Quiet> {
        let clock = |key| {
            node.get(key)
                .and_then(Node::text)
                .and_then(parse_time::time_of_day)
        };
        let holidays = node.get("holidays").and_then(Node::text) == Some("skip");
        let span = match (node.get("from"), node.get("to")) {
            (None, None) if holidays => None,
            (Some(_), Some(_)) => match (clock("from"), clock("to")) {
                (Some(from), Some(to)) if from != to => Some((from, to)),
                _ => return self.quiet_form(node),
            },
            _ => return self.quiet_form(node),
        };
        Some(Quiet {
            span,
            holidays,
            late: match node.get("late").and_then(Node::text) {
                Some("drop") => Late::Drop,
                _ => Late::Next,
            },
        })
    }

    fn quiet_form(&mut self, node: &Node) -> Option<Quiet> {
        // A time that is none was reported already.
        let texts = ["from", "to"].map(|key| node.get(key).and_then(Node::text));
        let broken = texts
            .iter()
            .flatten()
            .any(|text| values::clock(text).is_none());
        if !broken {
            self.add(node.span, Diagnostic::of(problems::QUIET_FORM));
        }
        None
    }

    /// What holds for everything that is said unasked; it can be said once.
    fn outreach(&mut self, entry: &Entry) -> Option<Outreach> {
        if let Some(first) = &self.places.outreach {
            let found = Diagnostic::of(problems::OUTREACH_TWICE).value("first", first.as_str());
            self.add(entry.span, found);
            return None;
        }
        let place = format!("{}:{}", self.name, entry.span.line);
        self.places.outreach = Some(place);
        let node = &entry.value;
        let mut caps = |key| {
            let words = node.get(key).into_iter().flat_map(Node::words);
            let read = words.filter_map(|(text, span)| self.cap(text, span));
            read.collect()
        };
        let (per_contact, per_group) = (caps("per_contact"), caps("per_group"));
        let tags = node.get("do_not_disturb").into_iter();
        let tags = tags.flat_map(Node::words).map(|(tag, _)| Tag::from(tag));
        Some(Outreach {
            quiet: node.get("quiet").and_then(|quiet| self.quiet(quiet)),
            per_contact,
            per_group,
            do_not_disturb: tags.collect(),
        })
    }

    fn cap(&mut self, text: &str, span: Span) -> Option<Cap> {
        let cap = parse_time::cap(text);
        if cap.is_none() && !text.trim().is_empty() {
            let found = Diagnostic::of(problems::BAD_LIMIT).value("value", text);
            self.add(span, found);
        }
        cap
    }

    fn limits(&mut self, node: Option<&Node>) -> Limits {
        let mut cap = |key| {
            let value = node?.get(key)?;
            self.cap(value.text()?, value.span)
        };
        Limits {
            per_contact: cap("per_contact"),
            per_group: cap("per_group"),
        }
    }

    /// What only the whole plan shows.
    fn as_a_whole(&mut self, sop: &Sop, node: &Node, span: Span) {
        if !sop.is_lifecycle() {
            return;
        }
        let audience = sop.audience.as_deref().unwrap_or_default();
        let by_time = |test: &ContactTest| matches!(test, ContactTest::AddedDays(_));
        if !audience.is_empty() && audience.iter().all(by_time) {
            let at = node.get("audience").map_or(span, |audience| audience.span);
            self.add(at, Diagnostic::of(problems::NEVER_ENTERED));
        }
        let wanted = |condition: &Condition| match condition {
            Condition::Contact(test) => audience.contains(test),
            Condition::Replied(_) | Condition::RepliedSinceLast(_) => false,
        };
        if sop.exit_when.iter().any(|all| all.iter().all(wanted)) {
            let at = node.get("exit_when").map_or(span, |exit| exit.span);
            self.add(at, Diagnostic::of(problems::EXITS_AT_ONCE));
        }
    }
}

fn audience(node: &Node, findings: &mut Findings<'_>) -> Option<Vec<ContactTest>> {
    let node = node.get("audience")?;
    Some(contact_tests(node, findings))
}

fn target(node: &Node) -> Target {
    let words = |key| {
        let words = node.get(key).into_iter().flat_map(Node::words);
        words.map(|(text, _)| text.to_owned()).collect()
    };
    Target {
        names: words("name"),
        owners: words("owner"),
    }
}

fn missed(node: &Node, kind: &Kind) -> Missed {
    match (node.get("missed").and_then(Node::text), kind) {
        (Some("skip"), _) => Missed::Skip,
        (Some("once"), _) => Missed::Once,
        (_, Kind::Recurring(_)) => Missed::Skip,
        _ => Missed::Once,
    }
}
