//! What a rule does.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::calendar::Calendar;
use super::load::References;
use super::occasion::Occasion;
use super::parse_contact::tags;
use super::parse_task::points;
use super::problems;
use crate::diagnostic::{Diagnostic, Findings, Kind};
use crate::domain::action::Action;
use crate::domain::contact::Value;
use crate::domain::ids::SopId;
use crate::yaml::{Entry, Node};

/// WeCom cuts a remark name at this many characters.
const REMARK_CHARS: usize = 20;
/// The word for whoever has the customer as a contact.
const FOLLOWER: &str = "负责人";

/// Reads the actions of one rule.
pub(super) struct Reader<'s, 'f> {
    pub(super) findings: &'s mut Findings<'f>,
    pub(super) references: &'s References<'s>,
    pub(super) calendar: &'s Calendar,
    pub(super) occasion: Occasion<'s>,
}

impl Reader<'_, '_> {
    /// Reads `do`.
    pub(super) fn actions(&mut self, node: Option<&Node>) -> Vec<Action> {
        let steps = node.map(Node::items).unwrap_or_default();
        let mut actions = Vec::new();
        for entry in steps.iter().flat_map(Node::entries) {
            self.allows(entry);
            actions.extend(self.action(entry));
        }
        self.many_replies(node, &actions);
        actions
    }

    /// Whether the action makes sense for what set the rule off.
    fn allows(&mut self, entry: &Entry) {
        if let Some(help) = self.occasion.forbids(&entry.key) {
            let found = Diagnostic::of(problems::WRONG_MOMENT)
                .value("action", entry.key.as_str())
                .value("on", self.occasion.on.word())
                .help(help);
            self.findings.add(entry.span, found);
        }
    }

    pub(super) fn action(&mut self, entry: &Entry) -> Vec<Action> {
        let value = &entry.value;
        let text = || value.text().unwrap_or_default().to_owned();
        let one = match entry.key.as_str() {
            "tag" => {
                let tags = tags(value, self.findings);
                return tags.into_iter().map(Action::Tag).collect();
            }
            "untag" => {
                let tags = tags(value, self.findings);
                return tags.into_iter().map(Action::Untag).collect();
            }
            "set" => return self.set(value),
            "remark" => {
                self.inline(value);
                self.remark_fits(value);
                Some(Action::Remark(text()))
            }
            "reply" => {
                let name = self.template(value);
                self.reply_fits(&name, value.span);
                Some(Action::Reply(name))
            }
            "welcome" => {
                let name = self.template(value);
                self.welcome_fits(&name, value.span);
                Some(Action::Welcome(name))
            }
            "transfer" => {
                let mend = "check.unknown_servicers_transfer_help";
                self.servicers(value, &text(), mend);
                Some(Action::Transfer(text()))
            }
            "notify" => self.notify(value),
            "robot" => self.robot(value),
            "webhook" => Some(self.webhook(value)),
            "end_session" => (text() != "false").then_some(Action::EndSession),
            "start_sop" => Some(Action::StartSop(self.sop(value))),
            "stop_sop" => Some(Action::StopSop(self.sop(value))),
            "remind" => self.remind(value),
            "points" => points(value),
            "mass_message" => self.mass_message(value),
            _ => None,
        };
        one.into_iter().collect()
    }

    fn notify(&mut self, value: &Node) -> Option<Action> {
        if let Some(to) = value.get("to") {
            self.receiver(to);
        }
        let content = self.content(value)?;
        self.same_again(value, &content);
        let to = to(value);
        Some(Action::Notify { to, content })
    }

    fn robot(&mut self, value: &Node) -> Option<Action> {
        let known = self.references.robots;
        self.named(value.get("to"), known, problems::UNKNOWN_ROBOT);
        let content = self.content(value)?;
        let to = to(value);
        Some(Action::Robot { to, content })
    }

    fn webhook(&mut self, value: &Node) -> Action {
        let known = self.references.webhooks;
        self.named(value.get("to"), known, problems::UNKNOWN_WEBHOOK);
        let body = value.get("body").map_or(Json::Null, |body| self.json(body));
        let to = to(value);
        Action::Webhook { to, body }
    }

    fn remark_fits(&mut self, node: &Node) {
        let text = node.text().unwrap_or_default();
        if !text.contains('{') && text.chars().count() > REMARK_CHARS {
            let found = Diagnostic::of(problems::TOO_LONG).value("most", REMARK_CHARS.to_string());
            self.findings.add(node.span, found);
        }
    }

    fn set(&mut self, node: &Node) -> Vec<Action> {
        let mut actions = Vec::new();
        for entry in node.entries() {
            self.inline(&entry.value);
            actions.push(Action::Set {
                attribute: entry.key.clone(),
                value: attribute(&entry.value),
            });
        }
        actions
    }

    fn sop(&mut self, node: &Node) -> SopId {
        if let Some(known) = self.references.sops {
            self.named(Some(node), known, problems::UNKNOWN_SOP);
        }
        SopId::from(node.text().unwrap_or_default())
    }

    /// A receiver of `notify`: a servicer group, the follower, or a member's account.
    pub(super) fn receiver(&mut self, node: &Node) {
        let name = node.text().unwrap_or_default();
        let account = |c: char| c.is_ascii_alphanumeric() || "_-@.".contains(c);
        if name != FOLLOWER && !(name.len() <= 64 && name.chars().all(account)) {
            self.servicers(node, name, "check.unknown_servicers_help");
        }
    }

    fn servicers(&mut self, node: &Node, name: &str, mend: &'static str) {
        let known = self.references.servicer_groups;
        if !name.is_empty() && !known.contains(name) {
            let found = Diagnostic::of(problems::UNKNOWN_SERVICERS)
                .value("name", name)
                .help(mend)
                .suggest(name, known.iter().map(String::as_str));
            self.findings.add(node.span, found);
        }
    }

    /// Reports a name that is not among the known ones.
    pub(super) fn named(&mut self, node: Option<&Node>, known: &BTreeSet<String>, kind: Kind) {
        let Some((name, span)) = node.and_then(|node| Some((node.text()?, node.span))) else {
            return;
        };
        if !known.contains(name) && !name.is_empty() {
            let found = Diagnostic::of(kind)
                .value("name", name)
                .suggest(name, known.iter().map(String::as_str));
            self.findings.add(span, found);
        }
    }
}

fn to(value: &Node) -> String {
    let to = value.get("to").and_then(Node::text);
    to.unwrap_or_default().to_owned()
}

/// A quoted value stays text; a plain one may be a flag or a number.
fn attribute(node: &Node) -> Value {
    match json_scalar(node) {
        Json::Bool(flag) => Value::Bool(flag),
        Json::Number(number) => Value::Number(number.as_f64().unwrap_or_default()),
        _ => Value::Text(node.text().unwrap_or_default().to_owned()),
    }
}

pub(super) fn json_scalar(node: &Node) -> Json {
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
