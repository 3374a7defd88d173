//! The steps of a plan and what they do.

use super::model::{At, Doing, Kind, Step, Via};
use super::parse::File;
use super::parse_condition::conditions;
use super::{parse_time, problems};
use crate::diagnostic::Diagnostic;
use crate::domain::action::Action;
use crate::rules::contact_tests;
use crate::yaml::{Data, Entry, Node};

/// Reads one step or phase.
pub(super) fn step(file: &mut File<'_, '_>, node: &Node, kind: &Kind) -> Option<Step> {
    if !matches!(node.data, Data::Map(_)) {
        return None;
    }
    let via = via(file, node);
    let mut actions = Vec::new();
    for entry in entries(node.get("do")) {
        if entry.key == "send" {
            if via.is_none() && node.get("via").is_none() {
                file.add(entry.span, Diagnostic::of(problems::NO_VIA));
            }
            let broadcast = via == Some(Via::Broadcast);
            let findings = &mut file.findings;
            let name = file.reader.template(&entry.value, broadcast, findings);
            if let Some(variable) = file.reader.of_each_customer(&name).filter(|_| broadcast) {
                let found = Diagnostic::of(problems::TASK_EACH).value("name", variable);
                file.add(entry.value.span, found);
            }
            actions.push(Doing::Send(name));
        } else {
            let read = file.reader.action(entry, &mut file.findings).into_iter();
            actions.extend(read.map(Doing::Act));
        }
    }
    Some(Step {
        name: node.get("name").and_then(Node::text).map(str::to_owned),
        at: at(file, node, kind),
        condition: node
            .get("if")
            .map(|node| conditions(node, &mut file.findings))
            .unwrap_or_default(),
        exclude: node
            .get("exclude")
            .map(|node| contact_tests(node, &mut file.findings))
            .unwrap_or_default(),
        via: via.unwrap_or(Via::Broadcast),
        actions,
    })
}

/// Reads what is done when `exit_when` ends a plan.
pub(super) fn then(file: &mut File<'_, '_>, node: Option<&Node>) -> Vec<Action> {
    let mut actions = Vec::new();
    for entry in entries(node) {
        actions.extend(file.reader.action(entry, &mut file.findings));
    }
    actions
}

/// Whether a step is planned before another, as far as that can be said.
pub(super) fn is_before(step: At, before: At) -> bool {
    match (step, before) {
        (At::Day { days, time }, At::Day { days: d, time: t }) => {
            days < d || (days == d && matches!((time, t), (Some(a), Some(b)) if a < b))
        }
        (At::Local(at), At::Local(before)) => at < before,
        _ => false,
    }
}

fn entries(node: Option<&Node>) -> impl Iterator<Item = &Entry> {
    let steps = node.map(Node::items).unwrap_or_default();
    steps.iter().flat_map(Node::entries)
}

fn at(file: &mut File<'_, '_>, node: &Node, kind: &Kind) -> At {
    const START: At = At::Day {
        days: 0,
        time: None,
    };
    let recurring = matches!(kind, Kind::Recurring(_));
    let Some(value) = node.get("at") else {
        if !recurring {
            let found = Diagnostic::of(problems::MISSING_KEY)
                .value("key", "at")
                .value("kind", kind.word());
            file.add(node.span, found);
        }
        return START;
    };
    let text = value.text().unwrap_or_default();
    let at = parse_time::at(text);
    let fits = match (kind, at) {
        (_, None) => false,
        (Kind::Campaign { .. }, Some(at)) => matches!(at, At::Local(_)),
        (Kind::Recurring(_), Some(at)) => matches!(at, At::After(_)),
        _ => true,
    };
    if !fits && !text.trim().is_empty() {
        let found = Diagnostic::of(problems::BAD_AT)
            .value("value", text)
            .help(match kind {
                Kind::Campaign { .. } => "check.sop_bad_at_campaign",
                Kind::Recurring(_) => "check.sop_bad_at_recurring",
                _ => "check.sop_bad_at_help",
            });
        file.add(value.span, found);
    }
    at.unwrap_or(START)
}

fn via(file: &mut File<'_, '_>, node: &Node) -> Option<Via> {
    match node.get("via").and_then(Node::text)? {
        "broadcast" => Some(Via::Broadcast),
        "staff" => Some(Via::Staff),
        "robot" => {
            let to = receiver(file, node, "via: robot")?;
            file.reader.robot(to, &mut file.findings);
            Some(Via::Robot(to.text().unwrap_or_default().to_owned()))
        }
        "appchat" => {
            let to = receiver(file, node, "via: appchat")?;
            let name = to.text().unwrap_or_default();
            if !file.reader.appchats.contains(name) {
                let found = Diagnostic::of(problems::UNKNOWN_APPCHAT).value("name", name);
                file.add(to.span, found);
            }
            Some(Via::Appchat(name.to_owned()))
        }
        "moments" => Some(Via::Moments),
        _ => None,
    }
}

/// Where `via` sends to, by its name in the config.
fn receiver<'n>(file: &mut File<'_, '_>, node: &'n Node, via: &'static str) -> Option<&'n Node> {
    let to = node.get("to");
    if to.is_none() {
        let found = Diagnostic::of(problems::MISSING_KEY)
            .value("key", "to")
            .value("kind", via);
        file.add(node.span, found);
    }
    to
}
