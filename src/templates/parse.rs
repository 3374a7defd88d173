//! A template file to messages whose texts are template sources.

use super::catalog::Template;
use super::check::{TEXT_BYTES, check_text, too_long};
use super::keys::{CARD_TYPES, CLICK, FILM, TEMPLATE};
use super::problems;
use crate::diagnostic::{Diagnostic, Findings, Source, Span};
use crate::domain::outgoing::{MediaFile, MenuItem, Outgoing};
use crate::yaml::{Data, Entry, Node, check, parse, place};

/// WeCom's limits in bytes. What is longer is cut.
const TITLE_BYTES: usize = 128;
const DESC_BYTES: usize = 512;
const MENU_HEAD_BYTES: usize = 1024;
const MENU_CLICK_BYTES: usize = 128;
const MENU_TEXT_BYTES: usize = 256;
/// A customer-service menu holds this many lines, and this many that can be pressed.
const MENU_LINES: usize = 50;
const MENU_BUTTONS: usize = 10;
/// A customer's message can be answered with this many.
const MOST_MESSAGES: usize = 5;

/// What kind of file a message carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MediaKind {
    Image,
    Voice,
    Video,
    File,
}

/// Looks at a file below the templates' folder and says what is wrong with it, if anything.
pub(super) type Probe<'p> = &'p dyn Fn(MediaKind, &str) -> Option<Diagnostic>;

/// Reads templates, one file after another.
pub(super) struct Parser<'p, 'f> {
    pub(super) findings: Findings<'f>,
    pub(super) probe: Probe<'p>,
    pub(super) template: Template,
}

impl Parser<'_, '_> {
    /// A `.txt` or `.md` file.
    pub(super) fn plain(&mut self, markdown: bool) {
        let text = self.findings.source.text();
        let text = text.trim_end_matches(['\n', '\r']).replace("\r\n", "\n");
        if text.trim().is_empty() {
            self.add(Span::START, Diagnostic::of(problems::EMPTY_TEMPLATE));
            return;
        }
        let checked = check_text(&text);
        // Without the carriage returns, bytes stand elsewhere than in the file.
        let lines = Source::new("", text.as_str());
        for problem in checked.problems {
            let span = lines.span(problem.range.unwrap_or(0..1));
            self.add(span, problem.diagnostic);
        }
        self.template.captures.extend(checked.captures);
        self.template.variables.extend(checked.variables);
        self.length(&text, TEXT_BYTES, Span::START);
        self.template.messages.push(if markdown {
            Outgoing::Markdown { text }
        } else {
            Outgoing::Text { text }
        });
    }

    /// A `.yaml` file.
    pub(super) fn yaml(&mut self) {
        let Some(root) = parse(&mut self.findings) else {
            if !self.findings.report.has_errors() {
                self.add(Span::START, Diagnostic::of(problems::EMPTY_TEMPLATE));
            }
            return;
        };
        check(&root, &TEMPLATE, &mut self.findings);
        for entry in root.entries() {
            if entry.key == "messages" {
                for one in entry.value.items().iter().flat_map(Node::entries) {
                    self.message(one);
                }
            } else {
                self.message(entry);
            }
        }
        if self.template.messages.len() > MOST_MESSAGES {
            let found = Diagnostic::of(problems::MANY_MESSAGES)
                .value("count", self.template.messages.len().to_string());
            self.add(root.span, found);
        }
    }

    fn add(&mut self, span: Span, diagnostic: Diagnostic) {
        self.findings.add(span, diagnostic);
    }

    fn message(&mut self, entry: &Entry) {
        let value = &entry.value;
        let message = match entry.key.as_str() {
            "text" => self
                .text(value, TEXT_BYTES)
                .map(|text| Outgoing::Text { text }),
            "markdown" => self
                .text(value, TEXT_BYTES)
                .map(|text| Outgoing::Markdown { text }),
            "image" => self
                .media(value, MediaKind::Image)
                .map(|file| Outgoing::Image { file }),
            "voice" => self
                .media(value, MediaKind::Voice)
                .map(|file| Outgoing::Voice { file }),
            "file" => self
                .media(value, MediaKind::File)
                .map(|file| Outgoing::File { file }),
            "video" => self.video(value),
            "link" => self.link(value),
            "miniprogram" => self.miniprogram(value),
            "menu" => Some(self.menu(value)),
            "card" => Some(self.card(value)),
            _ => None,
        };
        self.template.messages.extend(message);
    }

    /// A text, checked as a template.
    fn text(&mut self, node: &Node, most: usize) -> Option<String> {
        let text = node.text()?;
        let checked = check_text(text);
        for problem in checked.problems {
            let span = place(self.findings.source, node.span, text, problem.range);
            self.add(span, problem.diagnostic);
        }
        self.template.captures.extend(checked.captures);
        self.template.variables.extend(checked.variables);
        self.length(text, most, node.span);
        Some(text.trim_end_matches('\n').to_owned())
    }

    fn field(&mut self, node: &Node, key: &str, most: usize) -> Option<String> {
        node.get(key).and_then(|value| self.text(value, most))
    }

    fn length(&mut self, text: &str, most: usize, span: Span) {
        if let Some(found) = too_long(text, most) {
            self.add(span, found);
        }
    }

    fn media(&mut self, node: &Node, kind: MediaKind) -> Option<MediaFile> {
        let name = node.text()?;
        if let Some(found) = (self.probe)(kind, name) {
            self.add(node.span, found.value("name", name));
            return None;
        }
        Some(MediaFile(name.to_owned()))
    }

    fn picture(&mut self, node: &Node) -> Option<MediaFile> {
        node.get("picture")
            .and_then(|picture| self.media(picture, MediaKind::Image))
    }

    fn video(&mut self, node: &Node) -> Option<Outgoing> {
        if node.text().is_some() {
            let file = self.media(node, MediaKind::Video)?;
            return Some(Outgoing::Video {
                file,
                title: None,
                description: None,
            });
        }
        check(node, &FILM, &mut self.findings);
        Some(Outgoing::Video {
            title: self.field(node, "title", TITLE_BYTES),
            description: self.field(node, "desc", DESC_BYTES),
            file: self.media(node.get("file")?, MediaKind::Video)?,
        })
    }

    fn link(&mut self, node: &Node) -> Option<Outgoing> {
        Some(Outgoing::Link {
            description: self.field(node, "desc", DESC_BYTES),
            picture: self.picture(node),
            picture_url: self.field(node, "picture_url", TEXT_BYTES),
            title: self.field(node, "title", TITLE_BYTES)?,
            url: self.field(node, "url", TEXT_BYTES)?,
        })
    }

    fn miniprogram(&mut self, node: &Node) -> Option<Outgoing> {
        Some(Outgoing::Miniprogram {
            picture: self.picture(node),
            appid: node.get("appid")?.text()?.to_owned(),
            page: self.field(node, "page", TEXT_BYTES)?,
            title: self.field(node, "title", TITLE_BYTES / 2)?,
        })
    }

    fn menu(&mut self, node: &Node) -> Outgoing {
        let mut items = Vec::new();
        let nodes = node.get("items").map(Node::items).unwrap_or_default();
        for entry in nodes.iter().flat_map(Node::entries) {
            items.extend(self.item(entry));
        }
        let buttons = items
            .iter()
            .filter(|item| !matches!(item, MenuItem::Text { .. }))
            .count();
        if items.len() > MENU_LINES || buttons > MENU_BUTTONS {
            let found = Diagnostic::of(problems::MENU_SIZE)
                .value("lines", items.len().to_string())
                .value("buttons", buttons.to_string());
            self.add(node.span, found);
        }
        Outgoing::Menu {
            head: self.field(node, "head", MENU_HEAD_BYTES),
            items,
            tail: self.field(node, "tail", MENU_HEAD_BYTES),
        }
    }

    fn item(&mut self, entry: &Entry) -> Option<MenuItem> {
        let node = &entry.value;
        Some(match entry.key.as_str() {
            "click" => {
                if let Some(content) = self.text(node, MENU_CLICK_BYTES) {
                    let id = content.clone();
                    return Some(MenuItem::Click { id, content });
                }
                check(node, &CLICK, &mut self.findings);
                MenuItem::Click {
                    id: self.field(node, "id", MENU_CLICK_BYTES)?,
                    content: self.field(node, "content", MENU_CLICK_BYTES)?,
                }
            }
            "view" => MenuItem::View {
                url: self.field(node, "url", TEXT_BYTES)?,
                content: self.field(node, "content", MENU_HEAD_BYTES)?,
            },
            "miniprogram" => MenuItem::Miniprogram {
                appid: node.get("appid")?.text()?.to_owned(),
                page: self.field(node, "page", TEXT_BYTES)?,
                content: self.field(node, "content", MENU_HEAD_BYTES)?,
            },
            "text" => MenuItem::Text {
                content: self.text(node, MENU_TEXT_BYTES)?,
            },
            _ => return None,
        })
    }

    fn card(&mut self, node: &Node) -> Outgoing {
        let kind = node.get("card_type").and_then(Node::text);
        if !kind.is_some_and(|kind| CARD_TYPES.contains(&kind)) {
            let wrong = kind.unwrap_or_default();
            let found = Diagnostic::of(problems::CARD_TYPE)
                .value("known", CARD_TYPES.join(", "))
                .suggest(wrong, CARD_TYPES.iter().copied());
            let span = node.get("card_type").map_or(node.span, |node| node.span);
            self.add(span, found);
        }
        Outgoing::Card {
            card: self.json(node),
        }
    }

    fn json(&mut self, node: &Node) -> serde_json::Value {
        match &node.data {
            Data::Empty => serde_json::Value::Null,
            Data::List(items) => items.iter().map(|item| self.json(item)).collect(),
            Data::Map(entries) => {
                let fields = entries
                    .iter()
                    .map(|entry| (entry.key.clone(), self.json(&entry.value)));
                serde_json::Value::Object(fields.collect())
            }
            Data::Text { text, plain } => {
                // WeCom wants its small codes as numbers.
                let number = text.parse::<i64>().ok().filter(|_| *plain);
                match number.filter(|number| number.to_string() == *text) {
                    Some(number) => number.into(),
                    None => self.text(node, TEXT_BYTES).unwrap_or_default().into(),
                }
            }
        }
    }
}
