//! What a rule says: templates it names and texts written in it.

use serde_json::Value as Json;

use super::model::On;
use super::parse_action::{Reader, json_scalar};
use super::problems;
use crate::diagnostic::{Diagnostic, Span};
use crate::domain::action::{Action, Content, TemplateName};
use crate::domain::inbound::Channel;
use crate::templates::{check_length, check_text};
use crate::yaml::{Data, Node, place};

/// What WeCom takes as a welcome of a new contact, and in a mass message.
pub(super) const ATTACHABLE: &[&str] = &["text", "image", "link", "miniprogram", "video", "file"];
/// A customer's message can be answered with this many.
const MOST_REPLIES: usize = 5;

/// A longer name of a template is a sentence.
const LONGEST_NAME: usize = 40;
/// So much of it is repeated.
const SHOWN: usize = 12;

impl Reader<'_, '_> {
    /// A template that must exist, and whose `m` must be captured here.
    pub(super) fn template(&mut self, node: &Node) -> TemplateName {
        let name = TemplateName(node.text().unwrap_or_default().to_owned());
        let catalog = self.references.templates;
        match catalog.captures(&name) {
            Some(wanted) => {
                let captures = &self.occasion.captures;
                let missing: Vec<String> = wanted.difference(captures).cloned().collect();
                self.missing(node.span, &missing);
            }
            None if name.0.is_empty() => {}
            None => {
                let found = Diagnostic::of(problems::UNKNOWN_TEMPLATE)
                    .value("name", name.0.as_str())
                    .suggest(bare(&name.0), catalog.names());
                let found = if reads_as_text(&name.0) {
                    let begin: String = name.0.chars().take(SHOWN).collect();
                    let found = found.text("check.text_for_template");
                    found
                        .value("begin", begin)
                        .help("check.text_for_template_help")
                } else {
                    found
                };
                self.findings.add(node.span, found);
            }
        }
        name
    }

    /// Whether the channels that the rule names can carry the messages of a reply.
    pub(super) fn reply_fits(&mut self, name: &TemplateName, span: Span) {
        let catalog = self.references.templates;
        if self.occasion.names(Channel::Kf) && catalog.lacks_picture(name) {
            let found = Diagnostic::of(problems::NO_PICTURE).value("name", name.0.as_str());
            self.findings.add(span, found);
        }
        let kinds: Vec<&str> = catalog.kinds(name).collect();
        let sayable = |kind: &&str| matches!(*kind, "text" | "markdown" | "menu");
        if self.occasion.names(Channel::Aibot) && kinds != ["card"] && !kinds.iter().all(sayable) {
            let found = Diagnostic::of(problems::BOT_FORM).value("kinds", kinds.join(", "));
            self.findings.add(span, found);
        }
    }

    /// A customer's message can be answered with five messages, whatever templates they
    /// come from. A single template with more was reported where it is written.
    pub(super) fn many_replies(&mut self, node: Option<&Node>, actions: &[Action]) {
        let catalog = self.references.templates;
        let counts: Vec<usize> = actions
            .iter()
            .filter_map(|action| match action {
                Action::Reply(name) => Some(catalog.parts(name)),
                _ => None,
            })
            .collect();
        let count: usize = counts.iter().sum();
        if let (true, Some(node)) = (
            counts.len() > 1 && count > MOST_REPLIES && self.occasion.may_be(&[Channel::Kf]),
            node,
        ) {
            let found = Diagnostic::of(problems::MANY_REPLIES).value("count", count.to_string());
            self.findings.add(node.span, found);
        }
    }

    /// What a welcome can consist of: WeCom takes less than in a chat.
    pub(super) fn welcome_fits(&mut self, name: &TemplateName, span: Span) {
        let added = self.occasion.on == &On::Added;
        let takes = match self.occasion.on {
            On::Added => ATTACHABLE,
            _ if self.occasion.names(Channel::Kf) => &["text", "menu"],
            _ => return,
        };
        let catalog = self.references.templates;
        let kinds: Vec<&str> = catalog.kinds(name).collect();
        let foreign = kinds.iter().any(|kind| !takes.contains(kind));
        // One text with attachments for a new contact, one message at all for a visitor.
        let many = if added {
            is_crowded(&kinds)
        } else {
            kinds.len() > 1
        };
        if foreign || many {
            let found = Diagnostic::of(problems::WELCOME_FORM)
                .value("kinds", kinds.join(", "))
                .value("known", takes.join(", "))
                .help(if added {
                    "check.welcome_added"
                } else {
                    "check.welcome_entered"
                });
            self.findings.add(span, found);
        }
        if added && catalog.lacks_program_picture(name) {
            let found = Diagnostic::of(problems::NO_PICTURE).value("name", name.0.as_str());
            self.findings.add(span, found);
        }
    }

    /// A template text written in the rule itself.
    pub(super) fn inline(&mut self, node: &Node) {
        let text = node.text().unwrap_or_default();
        let checked = check_text(text);
        for problem in checked.problems {
            let span = place(self.findings.source, node.span, text, problem.range);
            self.findings.add(span, problem.diagnostic);
        }
        if let Some(found) = check_length(text) {
            self.findings.add(node.span, found);
        }
        let captures = &self.occasion.captures;
        let missing: Vec<String> = checked.captures.difference(captures).cloned().collect();
        self.missing(node.span, &missing);
    }

    fn missing(&mut self, span: Span, missing: &[String]) {
        for name in missing {
            let known = self.occasion.captures.iter().map(String::as_str);
            let found = Diagnostic::of(problems::UNKNOWN_CAPTURE)
                .value("name", name.as_str())
                .suggest(name, known);
            self.findings.add(span, found);
        }
    }

    pub(super) fn content(&mut self, node: &Node) -> Option<Content> {
        match (node.get("text"), node.get("template")) {
            (Some(text), None) => {
                self.inline(text);
                Some(Content::Text(text.text().unwrap_or_default().to_owned()))
            }
            (None, Some(template)) => Some(Content::Template(self.template(template))),
            _ => {
                let found = Diagnostic::of(problems::ONE_OF_TWO);
                self.findings.add(node.span, found);
                None
            }
        }
    }

    /// The same words to the same members twice within half an hour: WeCom cannot tell the
    /// second from a repeat, and neither can who reads it.
    pub(super) fn same_again(&mut self, node: &Node, content: &Content) {
        let constant = match content {
            Content::Text(text) => !text.contains('{'),
            Content::Template(name) => self.references.templates.is_constant(name),
        };
        if constant {
            let part = node.get("text").or_else(|| node.get("template"));
            let span = part.map_or(node.span, |part| part.span);
            self.findings.add(span, Diagnostic::of(problems::SAME_TEXT));
        }
    }

    /// The body of a webhook; every text in it is a template text.
    pub(super) fn json(&mut self, node: &Node) -> Json {
        match &node.data {
            Data::Empty => Json::Null,
            Data::Text { .. } => {
                self.inline(node);
                json_scalar(node)
            }
            Data::List(items) => items.iter().map(|item| self.json(item)).collect(),
            Data::Map(entries) => {
                let fields = entries
                    .iter()
                    .map(|entry| (entry.key.clone(), self.json(&entry.value)));
                Json::Object(fields.collect())
            }
        }
    }
}

/// The name of a template out of the path of its file.
fn bare(name: &str) -> &str {
    let name = name.trim_start_matches("./");
    let name = name.strip_prefix("templates/").unwrap_or(name);
    let stem = [".txt", ".md", ".yaml", ".yml"].into_iter();
    stem.fold(name, |name, form| name.strip_suffix(form).unwrap_or(name))
}

/// More than one text, or more than nine attachments.
pub(super) fn is_crowded(kinds: &[&str]) -> bool {
    let texts = kinds.iter().filter(|kind| **kind == "text").count();
    texts > 1 || kinds.len() - texts > 9
}

/// Whether a name of a template is what was to be said instead.
fn reads_as_text(name: &str) -> bool {
    name.contains(['，', '。', '！', '？', '；', '：', '、', '!', '?', '\n'])
        || name.contains("{{")
        || name.chars().count() > LONGEST_NAME
}
