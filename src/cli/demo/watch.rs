//! Shows what happens, as the mock sees it: people by name, tags by name.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use mock_wecom::{Entry, EntryKind, JournalQuery, MockWecom};
use serde_json::Value;

use crate::app::{ReloadState, Standing};
use crate::cli::output::Terminal;
use crate::lang::Lang;

/// How often the mock's journal is looked at.
const EVERY: Duration = Duration::from_millis(100);

/// Prints until it is dropped.
pub(super) async fn run(
    mock: &MockWecom,
    reload: &ReloadState,
    config: &Path,
    terminal: &Terminal,
) {
    let mut since = 0;
    let mut known = reload.standing();
    loop {
        let standing = reload.standing();
        files(&known, &standing, config, terminal);
        known = standing;
        let query = JournalQuery {
            since: Some(since),
            ..JournalQuery::default()
        };
        let entries = mock.journal(&query);
        if !entries.is_empty() {
            let names = names(&mock.state());
            for entry in entries {
                since = entry.id;
                Line {
                    entry: &entry,
                    names: &names,
                    terminal,
                }
                .show();
            }
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// What became of files that somebody has changed.
fn files(known: &Standing, now: &Standing, config: &Path, terminal: &Terminal) {
    if now.taken != known.taken {
        terminal.say("demo.taken_over", &[]);
    }
    if let Some(refused) = now
        .problem
        .as_ref()
        .filter(|_| now.problem != known.problem)
    {
        let errors = refused.errors.to_string();
        let problem = match terminal.lang {
            Lang::Zh => &refused.problem,
            Lang::En => &refused.english,
        };
        let config = config.display().to_string();
        let values = [
            ("errors", errors.as_str()),
            ("problem", problem),
            ("config", &config),
        ];
        terminal.say("demo.files_refused", &values);
    }
}

/// Names by id: customers, members, kf accounts, groups and tags.
fn names(state: &Value) -> HashMap<String, String> {
    const IDS: [&str; 5] = ["external_userid", "userid", "open_kfid", "chat_id", "id"];
    let mut found = HashMap::new();
    let mut open = vec![state];
    while let Some(value) = open.pop() {
        match value {
            Value::Array(items) => open.extend(items),
            Value::Object(fields) => {
                let name = fields.get("name").and_then(Value::as_str);
                let id = IDS.iter().find_map(|key| fields.get(*key)?.as_str());
                if let (Some(id), Some(name)) = (id, name) {
                    found.insert(id.to_owned(), name.to_owned());
                }
                open.extend(fields.values());
            }
            _ => {}
        }
    }
    found
}

/// What a person reads of a card: its title, then its buttons.
fn card_text(card: &Value) -> String {
    let at = |pointer: &str| card.pointer(pointer).and_then(Value::as_str);
    let title = ["/main_title/title", "/sub_title_text"]
        .iter()
        .find_map(|place| at(place).filter(|text| !text.is_empty()))
        .unwrap_or("[template_card]");
    let listed = card.get("button_list").and_then(Value::as_array);
    let texts = listed.into_iter().flatten();
    let buttons = texts
        .filter_map(|button| button.get("text")?.as_str())
        .chain(at("/submit_button/text"));
    let mut shown = title.replace('\n', " ");
    for button in buttons {
        shown.push_str(" [");
        shown.push_str(button);
        shown.push(']');
    }
    shown
}

struct Line<'a> {
    entry: &'a Entry,
    names: &'a HashMap<String, String>,
    terminal: &'a Terminal,
}

impl Line<'_> {
    fn show(&self) {
        let path = self
            .entry
            .path
            .rsplit("/cgi-bin/")
            .next()
            .unwrap_or(&self.entry.path);
        match (self.entry.kind, path) {
            (EntryKind::Callback, name) => self.callback(name),
            (EntryKind::Call, "kf/sync_msg") => self.pulled(),
            (EntryKind::Call, "kf/send_msg" | "message/send") => {
                let who = self.name(self.text("/touser"));
                self.terminal
                    .say("demo.bot", &[("who", &who), ("text", &self.said())]);
                self.refusal(path);
            }
            (EntryKind::Call, "externalcontact/send_welcome_msg" | "kf/send_msg_on_event") => {
                self.terminal.say("demo.welcome", &[("text", &self.said())]);
                self.refusal(path);
            }
            (EntryKind::Call, "externalcontact/mark_tag") => {
                let who = self.name(self.text("/external_userid"));
                let (add, remove) = (self.tags("/add_tag"), self.tags("/remove_tag"));
                let values = [("who", who.as_str()), ("add", &add), ("remove", &remove)];
                self.terminal.say("demo.tagged", &values);
                self.refusal(path);
            }
            (EntryKind::Call, path) => self.called(path),
        }
    }

    fn callback(&self, name: &str) {
        let status = self
            .entry
            .response
            .get("http_status")
            .map(ToString::to_string);
        let status = status.unwrap_or_default();
        self.terminal
            .say("demo.callback", &[("name", name), ("status", &status)]);
    }

    fn pulled(&self) {
        let list = self
            .entry
            .response
            .get("msg_list")
            .and_then(Value::as_array);
        for item in list.into_iter().flatten() {
            let who = self.name(item["external_userid"].as_str().unwrap_or_default());
            let kind = item["msgtype"].as_str().unwrap_or_default();
            let text = item["text"]["content"]
                .as_str()
                .or(item[kind]["event_type"].as_str());
            let values = [("who", who.as_str()), ("text", text.unwrap_or(kind))];
            self.terminal.say("demo.customer", &values);
        }
    }

    fn called(&self, path: &str) {
        match self.entry.errcode {
            Some(0) | None => self.terminal.say("demo.called", &[("path", path)]),
            Some(_) => self.refusal(path),
        }
    }

    fn refusal(&self, path: &str) {
        if let Some(code) = self.entry.errcode.filter(|code| *code != 0) {
            let code = code.to_string();
            self.terminal
                .say("demo.refused", &[("path", path), ("code", &code)]);
        }
    }

    fn said(&self) -> String {
        let kind = self.text("/msgtype");
        if let Some(card) = self.body().get("template_card") {
            return card_text(card);
        }
        let places = [
            "/text/content",
            "/markdown/content",
            "/msgmenu/head_content",
        ];
        let text = places
            .iter()
            .map(|place| self.text(place))
            .find(|text| !text.is_empty());
        match text {
            Some(text) => text.replace('\n', " "),
            None => format!("[{kind}]"),
        }
    }

    fn tags(&self, pointer: &str) -> String {
        let ids = self.body().pointer(pointer).and_then(Value::as_array);
        let names: Vec<String> = ids
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(|id| self.name(id))
            .collect();
        if names.is_empty() {
            "–".to_owned()
        } else {
            names.join("、")
        }
    }

    fn name(&self, id: &str) -> String {
        self.names.get(id).cloned().unwrap_or_else(|| id.to_owned())
    }

    fn text(&self, pointer: &str) -> &str {
        self.body()
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    fn body(&self) -> &Value {
        self.entry
            .request
            .get("body")
            .unwrap_or(&self.entry.request)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::card_text;

    #[test]
    fn a_card_reads_as_its_title_and_its_buttons() {
        let card = json!({"card_type": "button_interaction",
            "main_title": {"title": "回访张三"}, "sub_title_text": "今天 15:00",
            "button_list": [{"text": "完成", "key": "a"}, {"text": "推迟", "key": "b"}]});
        assert_eq!(card_text(&card), "回访张三 [完成] [推迟]");
        let vote = json!({"main_title": {"title": ""}, "sub_title_text": "选一个",
            "submit_button": {"text": "提交", "key": "c"}});
        assert_eq!(card_text(&vote), "选一个 [提交]");
        assert_eq!(card_text(&json!({})), "[template_card]");
    }
}
