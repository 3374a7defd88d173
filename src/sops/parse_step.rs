//! The steps of a plan and what they do.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::model::{At, Doing, Kind, Step, Via};
use super::parse::File;
use super::{parse_time, parse_who, problems};
use crate::diagnostic::{Diagnostic, Kind as Finding};
use crate::domain::action::{Action, Content, RemindWhen, TemplateName};
use crate::domain::contact::Value;
use crate::templates::check_text;
use crate::yaml::{Data, Entry, Node, values};

/// WeCom cuts a remark name at this many characters.
const REMARK_CHARS: usize = 20;
/// The word for whoever has the customer as a contact.
const FOLLOWER: &str = "负责人";
/// What a mass-send task can carry.
const BROADCAST: [&str; 6] = ["text", "image", "link", "miniprogram", "video", "file"];
/// Attachments of a mass-send task.
const ATTACHMENTS: usize = 9;

/// Reads one step or phase.
pub(super) fn step(file: &mut File<'_, '_>, node: &Node, kind: &Kind) -> Option<Step> {
    if !matches!(node.data, Data::Map(_)) {
        return None;
    }
    let via = via(file, node);
    let mut actions = Vec::new();
    for entry in entries(node.get("do")) {
        if entry.key == "send" {
            let name = template(file, &entry.value);
            match via {
                None => file.add(entry.span, Diagnostic::of(problems::NO_VIA)),
                Some(Via::Broadcast) => broadcast_fits(file, &name, &entry.value),
                Some(_) => {}
            }
            actions.push(Doing::Send(name));
        } else {
            actions.extend(action(file, entry).into_iter().map(Doing::Act));
        }
    }
    Some(Step {
        name: node.get("name").and_then(Node::text).map(str::to_owned),
        at: at(file, node, kind),
        condition: node
            .get("if")
            .map(|node| parse_who::conditions(file, node))
            .unwrap_or_default(),
        exclude: node
            .get("exclude")
            .map(|node| parse_who::tests(file, node))
            .unwrap_or_default(),
        via: via.unwrap_or(Via::Broadcast),
        actions,
    })
}

/// Reads what is done when `exit_when` ends a plan.
pub(super) fn then(file: &mut File<'_, '_>, node: Option<&Node>) -> Vec<Action> {
    let mut actions = Vec::new();
    for entry in entries(node) {
        actions.extend(action(file, entry));
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
            let known = file.context.references.robots;
            match node.get("to") {
                Some(to) => named(file, Some(to), known, problems::UNKNOWN_ROBOT),
                None => {
                    let found = Diagnostic::of(problems::MISSING_KEY)
                        .value("key", "to")
                        .value("kind", "via: robot");
                    file.add(node.span, found);
                }
            }
            let to = node.get("to").and_then(Node::text).unwrap_or_default();
            Some(Via::Robot(to.to_owned()))
        }
        _ => None,
    }
}

fn action(file: &mut File<'_, '_>, entry: &Entry) -> Vec<Action> {
    let value = &entry.value;
    let text = |key: &str| {
        let text = value.get(key).and_then(Node::text);
        text.unwrap_or_default().to_owned()
    };
    match entry.key.as_str() {
        "tag" => parse_who::tags(file, value).into_iter().map(Action::Tag).collect(),
        "untag" => parse_who::tags(file, value).into_iter().map(Action::Untag).collect(),
        "remark" => {
            inline(file, value);
            remark_fits(file, value);
            vec![Action::Remark(value.text().unwrap_or_default().to_owned())]
        }
        "set" => set(file, value),
        "notify" => {
            receiver(file, value.get("to"));
            let content = content(file, value);
            let to = text("to");
            content.map(|content| Action::Notify { to, content }).into_iter().collect()
        }
        "remind" => remind(file, value).into_iter().collect(),
        "points" => {
            let add = value.get("add").and_then(Node::text).and_then(values::integer);
            let why = text("why");
            add.map(|add| Action::Points { add, why }).into_iter().collect()
        }
        "robot" => {
            let known = file.context.references.robots;
            named(file, value.get("to"), known, problems::UNKNOWN_ROBOT);
            let content = content(file, value);
            let to = text("to");
            content.map(|content| Action::Robot { to, content }).into_iter().collect()
        }
        "webhook" => {
            let known = file.context.references.webhooks;
            named(file, value.get("to"), known, problems::UNKNOWN_WEBHOOK);
            let body = value.get("body").map_or(Json::Null, |body| json(file, body));
            let to = text("to");
            vec![Action::Webhook { to, body }]
        }
        "start_sop" => vec![Action::StartSop(file.names(value))],
        "stop_sop" => vec![Action::StopSop(file.names(value))],
        _ => Vec::new(),
    }
}

fn remind(file: &mut File<'_, '_>, value: &Node) -> Option<Action> {
    receiver(file, value.get("who"));
    let text = value.get("text")?;
    inline(file, text);
    let written = |key: &str| value.get(key).and_then(|node| Some((node.text()?, node.span)));
    let when = match (written("in"), written("at")) {
        (None, None) => Some(RemindWhen::Now),
        (Some((wait, _)), None) => parse_time::remind_in(wait),
        (None, Some((at, span))) => {
            let when = parse_time::remind_at(at);
            if when.is_none() && !at.trim().is_empty() {
                file.add(span, Diagnostic::of(problems::BAD_REMIND).value("value", at));
            }
            when
        }
        (Some(_), Some((at, span))) => {
            file.add(span, Diagnostic::of(problems::BAD_REMIND).value("value", at));
            None
        }
    };
    Some(Action::Remind {
        who: value.get("who").and_then(Node::text).unwrap_or_default().to_owned(),
        when: when?,
        text: text.text()?.to_owned(),
    })
}

fn remark_fits(file: &mut File<'_, '_>, node: &Node) {
    let text = node.text().unwrap_or_default();
    if !text.contains("{{") && text.chars().count() > REMARK_CHARS {
        let found =
            Diagnostic::of(problems::REMARK_TOO_LONG).value("most", REMARK_CHARS.to_string());
        file.add(node.span, found);
    }
}

fn set(file: &mut File<'_, '_>, node: &Node) -> Vec<Action> {
    let mut actions = Vec::new();
    for entry in node.entries() {
        inline(file, &entry.value);
        actions.push(Action::Set {
            attribute: entry.key.clone(),
            value: attribute(&entry.value),
        });
    }
    actions
}

/// A quoted value stays text; a plain one may be a flag or a number.
fn attribute(node: &Node) -> Value {
    match json_scalar(node) {
        Json::Bool(flag) => Value::Bool(flag),
        Json::Number(number) => Value::Number(number.as_f64().unwrap_or_default()),
        _ => Value::Text(node.text().unwrap_or_default().to_owned()),
    }
}

fn json_scalar(node: &Node) -> Json {
    let text = node.text().unwrap_or_default();
    if !node.is_plain() {
        return Json::from(text);
    }
    // `007` and `1e3` are names more often than numbers: only what reads back is a number.
    let number = serde_json::from_str::<serde_json::Number>(text).ok();
    match (text, number) {
        ("true", _) => Json::Bool(true),
        ("false", _) => Json::Bool(false),
        (_, Some(number)) if number.to_string() == text => Json::Number(number),
        _ => Json::from(text),
    }
}

/// A servicer group, the follower, or a member's account.
fn receiver(file: &mut File<'_, '_>, node: Option<&Node>) {
    let Some(node) = node else { return };
    let name = node.text().unwrap_or_default();
    let account = |c: char| c.is_ascii_alphanumeric() || "_-@.".contains(c);
    let plausible = name == FOLLOWER || (name.len() <= 64 && name.chars().all(account));
    if !plausible {
        let known = file.context.references.servicer_groups;
        named(file, Some(node), known, problems::UNKNOWN_MEMBERS);
    }
}

/// Reports a name that the config does not have.
fn named(file: &mut File<'_, '_>, node: Option<&Node>, known: &BTreeSet<String>, kind: Finding) {
    let Some((name, span)) = node.and_then(|node| Some((node.text()?, node.span))) else {
        return;
    };
    if !known.contains(name) && !name.is_empty() {
        let found = Diagnostic::of(kind)
            .value("name", name)
            .suggest(name, known.iter().map(String::as_str));
        file.add(span, found);
    }
}

/// A template that must exist, and that cannot use what a pattern captured.
fn template(file: &mut File<'_, '_>, node: &Node) -> TemplateName {
    let name = TemplateName(node.text().unwrap_or_default().to_owned());
    let catalog = file.context.references.templates;
    match catalog.captures(&name) {
        Some(wanted) => captures(file, node, wanted),
        None if name.0.is_empty() => {}
        None => {
            let found = Diagnostic::of(problems::UNKNOWN_TEMPLATE)
                .value("name", name.0.as_str())
                .suggest(&name.0, catalog.names());
            file.add(node.span, found);
        }
    }
    name
}

fn broadcast_fits(file: &mut File<'_, '_>, name: &TemplateName, node: &Node) {
    let catalog = file.context.references.templates;
    let kinds: Vec<&str> = catalog.kinds(name).collect();
    let texts = kinds.iter().filter(|kind| **kind == "text").count();
    let foreign = kinds.iter().any(|kind| !BROADCAST.contains(kind));
    if foreign || texts > 1 || kinds.len() - texts > ATTACHMENTS {
        let found = Diagnostic::of(problems::BROADCAST_FORM)
            .value("kinds", kinds.join(", "))
            .value("known", BROADCAST.join(", "));
        file.add(node.span, found);
    }
}

/// A template text written in the plan itself.
fn inline(file: &mut File<'_, '_>, node: &Node) {
    let checked = check_text(node.text().unwrap_or_default());
    for problem in checked.problems {
        file.add(node.span, problem.diagnostic);
    }
    captures(file, node, &checked.captures);
}

fn captures(file: &mut File<'_, '_>, node: &Node, wanted: &BTreeSet<String>) {
    for name in wanted {
        let found = Diagnostic::of(problems::CAPTURE).value("name", name.as_str());
        file.add(node.span, found);
    }
}

fn content(file: &mut File<'_, '_>, node: &Node) -> Option<Content> {
    match (node.get("text"), node.get("template")) {
        (Some(text), None) => {
            inline(file, text);
            Some(Content::Text(text.text().unwrap_or_default().to_owned()))
        }
        (None, Some(name)) => Some(Content::Template(template(file, name))),
        _ => {
            file.add(node.span, Diagnostic::of(problems::ONE_OF_TWO));
            None
        }
    }
}

/// The body of a webhook; every text in it is a template text.
fn json(file: &mut File<'_, '_>, node: &Node) -> Json {
    match &node.data {
        Data::Empty => Json::Null,
        Data::Text { .. } => {
            inline(file, node);
            json_scalar(node)
        }
        Data::List(items) => items.iter().map(|item| json(file, item)).collect(),
        Data::Map(entries) => {
            let fields = entries
                .iter()
                .map(|entry| (entry.key.clone(), json(file, &entry.value)));
            Json::Object(fields.collect())
        }
    }
}
