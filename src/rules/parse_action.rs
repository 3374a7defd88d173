//! What a rule does.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::model::{On, When};
use super::parse::File;
use super::parse_when::tags;
use super::problems;
use crate::diagnostic::{Diagnostic, Kind, Span};
use crate::domain::action::{Action, Content, TemplateName};
use crate::domain::contact::Value;
use crate::domain::inbound::Channel;
use crate::templates::check_text;
use crate::yaml::{Data, Entry, Node};

/// WeCom cuts a remark name at this many characters.
const REMARK_CHARS: usize = 20;
/// The word for whoever has the customer as a contact.
const FOLLOWER: &str = "负责人";

/// The circumstances in which a rule acts.
struct Moment<'a> {
    on: &'a On,
    channels: &'a [Channel],
    /// Names that its pattern captures.
    captures: BTreeSet<String>,
}

/// Reads `do`.
pub(super) fn actions(
    file: &mut File<'_, '_>,
    node: Option<&Node>,
    on: &On,
    channels: &[Channel],
    when: &When,
) -> Vec<Action> {
    let names = when.regex.iter().flat_map(|p| p.regex.capture_names());
    let moment = Moment {
        on,
        channels,
        captures: names.flatten().map(str::to_owned).collect(),
    };
    let steps = node.map(Node::items).unwrap_or_default();
    let mut actions = Vec::new();
    for entry in steps.iter().flat_map(Node::entries) {
        moment.allows(file, entry);
        actions.extend(action(file, entry, &moment));
    }
    actions
}

fn action(file: &mut File<'_, '_>, entry: &Entry, moment: &Moment<'_>) -> Vec<Action> {
    let value = &entry.value;
    let text = || value.text().unwrap_or_default().to_owned();
    match entry.key.as_str() {
        "tag" => tags(file, value).into_iter().map(Action::Tag).collect(),
        "untag" => tags(file, value).into_iter().map(Action::Untag).collect(),
        "remark" => {
            moment.inline(file, value);
            remark_fits(file, value);
            vec![Action::Remark(text())]
        }
        "set" => set(file, value, moment),
        "reply" => vec![Action::Reply(moment.template(file, value))],
        "welcome" => {
            let name = moment.template(file, value);
            moment.welcome_fits(file, &name, value.span);
            vec![Action::Welcome(name)]
        }
        "transfer" => {
            servicers(
                file,
                value,
                &text(),
                "check.unknown_servicers_transfer_help",
            );
            vec![Action::Transfer(text())]
        }
        "notify" => {
            if let Some(to) = value.get("to") {
                receiver(file, to);
            }
            let content = moment.content(file, value);
            let to = to(value);
            content
                .map(|content| Action::Notify { to, content })
                .into_iter()
                .collect()
        }
        "robot" => {
            let known = file.context.references.robots;
            named(file, value.get("to"), known, problems::UNKNOWN_ROBOT);
            let content = moment.content(file, value);
            let to = to(value);
            content
                .map(|content| Action::Robot { to, content })
                .into_iter()
                .collect()
        }
        "webhook" => {
            let known = file.context.references.webhooks;
            named(file, value.get("to"), known, problems::UNKNOWN_WEBHOOK);
            let body = value
                .get("body")
                .map_or(Json::Null, |body| moment.json(file, body));
            vec![Action::Webhook {
                to: to(value),
                body,
            }]
        }
        _ => Vec::new(),
    }
}

fn to(value: &Node) -> String {
    let to = value.get("to").and_then(Node::text);
    to.unwrap_or_default().to_owned()
}

fn remark_fits(file: &mut File<'_, '_>, node: &Node) {
    let text = node.text().unwrap_or_default();
    if !text.contains("{{") && text.chars().count() > REMARK_CHARS {
        let found = Diagnostic::of(problems::TOO_LONG).value("most", REMARK_CHARS.to_string());
        file.add(node.span, found);
    }
}

fn set(file: &mut File<'_, '_>, node: &Node, moment: &Moment<'_>) -> Vec<Action> {
    let mut actions = Vec::new();
    for entry in node.entries() {
        moment.inline(file, &entry.value);
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

/// A receiver of `notify`: a servicer group, the follower, or a member's account.
fn receiver(file: &mut File<'_, '_>, node: &Node) {
    let name = node.text().unwrap_or_default();
    let account = |c: char| c.is_ascii_alphanumeric() || "_-@.".contains(c);
    if name != FOLLOWER && !(name.len() <= 64 && name.chars().all(account)) {
        servicers(file, node, name, "check.unknown_servicers_help");
    }
}

fn servicers(file: &mut File<'_, '_>, node: &Node, name: &str, mend: &'static str) {
    let known = file.context.references.servicer_groups;
    if !name.is_empty() && !known.contains(name) {
        let found = Diagnostic::of(problems::UNKNOWN_SERVICERS)
            .value("name", name)
            .help(mend)
            .suggest(name, known.iter().map(String::as_str));
        file.add(node.span, found);
    }
}

/// Reports a name that the config does not have.
fn named(file: &mut File<'_, '_>, node: Option<&Node>, known: &BTreeSet<String>, kind: Kind) {
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

impl Moment<'_> {
    /// Whether the action makes sense for what set the rule off.
    fn allows(&self, file: &mut File<'_, '_>, entry: &Entry) {
        let group = matches!(self.on, On::Added | On::Deleted | On::Joined | On::Left);
        let only = |wanted: &[Channel]| {
            self.channels.is_empty() || self.channels.iter().any(|one| wanted.contains(one))
        };
        let (allowed, help) = match entry.key.as_str() {
            "welcome" => (
                matches!(self.on, On::Added | On::Entered),
                "check.welcome_when",
            ),
            "reply" => (!group, "check.reply_when"),
            "transfer" => (!group && only(&[Channel::Kf]), "check.transfer_when"),
            "remark" => (only(&[Channel::Kf, Channel::Contact]), "check.remark_when"),
            _ => (true, ""),
        };
        if !allowed {
            let found = Diagnostic::of(problems::WRONG_MOMENT)
                .value("action", entry.key.as_str())
                .value("on", self.on.word())
                .help(help);
            file.add(entry.span, found);
        }
    }

    /// A template that must exist, and whose `m` must be captured here.
    fn template(&self, file: &mut File<'_, '_>, node: &Node) -> TemplateName {
        let name = TemplateName(node.text().unwrap_or_default().to_owned());
        let catalog = file.context.references.templates;
        match catalog.captures(&name) {
            Some(wanted) => {
                let missing: Vec<String> = wanted.difference(&self.captures).cloned().collect();
                self.missing(file, node.span, &missing);
            }
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

    /// What a welcome can consist of: WeCom takes less than in a chat.
    fn welcome_fits(&self, file: &mut File<'_, '_>, name: &TemplateName, span: Span) {
        let takes: &[&str] = match self.on {
            On::Added => &["text", "image", "link", "miniprogram", "video", "file"],
            _ if self.channels.contains(&Channel::Kf) => &["text", "menu"],
            _ => return,
        };
        let catalog = file.context.references.templates;
        let kinds: Vec<&str> = catalog.kinds(name).collect();
        let texts = kinds.iter().filter(|kind| **kind == "text").count();
        let foreign = kinds.iter().find(|kind| !takes.contains(kind));
        // One text with attachments for a new contact, one message at all for a visitor.
        let many = match self.on {
            On::Added => texts > 1 || kinds.len() - texts > 9,
            _ => kinds.len() > 1,
        };
        if foreign.is_some() || many {
            let found = Diagnostic::of(problems::WELCOME_FORM)
                .value("kinds", kinds.join(", "))
                .value("known", takes.join(", "))
                .help(if self.on == &On::Added {
                    "check.welcome_added"
                } else {
                    "check.welcome_entered"
                });
            file.add(span, found);
        }
    }

    /// A template text written in the rule itself.
    fn inline(&self, file: &mut File<'_, '_>, node: &Node) {
        let checked = check_text(node.text().unwrap_or_default());
        for problem in checked.problems {
            file.add(node.span, problem.diagnostic);
        }
        let missing: Vec<String> = checked
            .captures
            .difference(&self.captures)
            .cloned()
            .collect();
        self.missing(file, node.span, &missing);
    }

    fn missing(&self, file: &mut File<'_, '_>, span: Span, missing: &[String]) {
        for name in missing {
            let found = Diagnostic::of(problems::UNKNOWN_CAPTURE)
                .value("name", name.as_str())
                .suggest(name, self.captures.iter().map(String::as_str));
            file.add(span, found);
        }
    }

    fn content(&self, file: &mut File<'_, '_>, node: &Node) -> Option<Content> {
        match (node.get("text"), node.get("template")) {
            (Some(text), None) => {
                self.inline(file, text);
                Some(Content::Text(text.text().unwrap_or_default().to_owned()))
            }
            (None, Some(template)) => Some(Content::Template(self.template(file, template))),
            _ => {
                file.add(node.span, Diagnostic::of(problems::ONE_OF_TWO));
                None
            }
        }
    }

    /// The body of a webhook; every text in it is a template text.
    fn json(&self, file: &mut File<'_, '_>, node: &Node) -> Json {
        match &node.data {
            Data::Empty => Json::Null,
            Data::Text { .. } => {
                self.inline(file, node);
                json_scalar(node)
            }
            Data::List(items) => items.iter().map(|item| self.json(file, item)).collect(),
            Data::Map(entries) => {
                let fields = entries
                    .iter()
                    .map(|entry| (entry.key.clone(), self.json(file, &entry.value)));
                Json::Object(fields.collect())
            }
        }
    }
}
