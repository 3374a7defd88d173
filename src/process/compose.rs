//! Fits rendered messages to what a channel can carry.
//!
//! Long texts are split for kf and app messages; channels that take one message get one.

use crate::domain::outgoing::{MenuItem, Outgoing};
use crate::wecom::text::split_text;

/// Text of kf, app and robot messages.
const TEXT_BYTES: usize = 2048;
/// Markdown of an app message.
const APP_MARKDOWN_BYTES: usize = 2048;
/// Markdown of a robot.
const ROBOT_MARKDOWN_BYTES: usize = 4096;
/// Attachments of a welcome.
const WELCOME_ATTACHMENTS: usize = 9;

/// For `kf/send_msg`, which has no markdown and no card.
pub(super) fn for_kf(messages: Vec<Outgoing>) -> Vec<Outgoing> {
    messages
        .into_iter()
        .flat_map(|message| match message {
            Outgoing::Text { text } | Outgoing::Markdown { text } => texts(&text, TEXT_BYTES),
            Outgoing::Card { card } => texts(&card_text(&card), TEXT_BYTES),
            other => vec![other],
        })
        .collect()
}

/// For `message/send`, which has no menu.
pub(super) fn for_app(messages: Vec<Outgoing>) -> Vec<Outgoing> {
    without_menus(messages, APP_MARKDOWN_BYTES)
}

/// For `webhook/send`, which has no menu either.
pub(super) fn for_robot(messages: Vec<Outgoing>) -> Vec<Outgoing> {
    without_menus(messages, ROBOT_MARKDOWN_BYTES)
}

/// For `appchat/send`, which has neither menus nor cards.
pub(super) fn for_appchat(messages: Vec<Outgoing>) -> Vec<Outgoing> {
    without_menus(messages, APP_MARKDOWN_BYTES)
        .into_iter()
        .flat_map(|message| match message {
            Outgoing::Card { card } => texts(&card_text(&card), TEXT_BYTES),
            other => vec![other],
        })
        .collect()
}

fn without_menus(messages: Vec<Outgoing>, markdown_bytes: usize) -> Vec<Outgoing> {
    messages
        .into_iter()
        .flat_map(|message| match message {
            Outgoing::Text { text } => texts(&text, TEXT_BYTES),
            Outgoing::Markdown { text } => parts(&text, markdown_bytes)
                .map(|text| Outgoing::Markdown { text })
                .collect(),
            Outgoing::Menu { head, items, tail } => texts(
                &menu_text(head.as_deref(), &items, tail.as_deref()),
                TEXT_BYTES,
            ),
            other => vec![other],
        })
        .collect()
}

/// For an intelligent bot: one answer, a card or one markdown text.
pub(super) fn for_aibot(messages: Vec<Outgoing>) -> Result<Outgoing, String> {
    if let [Outgoing::Card { .. }] = messages.as_slice() {
        return messages
            .into_iter()
            .next()
            .ok_or_else(|| "the template is empty".to_owned());
    }
    let mut text = String::new();
    for message in &messages {
        let part = plain(message)
            .ok_or("an intelligent bot can answer with text, markdown or one card only")?;
        if !text.is_empty() {
            text.push_str("\n\n");
        }
        text.push_str(&part);
    }
    if text.is_empty() {
        return Err("the template is empty".to_owned());
    }
    Ok(Outgoing::Markdown { text })
}

/// For `send_welcome_msg`: one text and up to nine attachments, in one call.
pub(super) fn for_welcome(messages: Vec<Outgoing>) -> Result<Vec<Outgoing>, String> {
    let mut text = String::new();
    let mut out = Vec::new();
    for message in messages {
        match plain(&message) {
            Some(part) => {
                if !text.is_empty() {
                    text.push('\n');
                }
                text.push_str(&part);
            }
            None if matches!(message, Outgoing::Voice { .. }) => {
                return Err("a welcome cannot carry voice".to_owned());
            }
            None => out.push(message),
        }
    }
    if out.len() > WELCOME_ATTACHMENTS {
        return Err(format!(
            "a welcome carries {WELCOME_ATTACHMENTS} attachments at the most"
        ));
    }
    if !text.is_empty() {
        out.insert(0, Outgoing::Text { text });
    }
    if out.is_empty() {
        Err("the template is empty".to_owned())
    } else {
        Ok(out)
    }
}

/// For `send_msg_on_event`: one text or one menu.
pub(super) fn for_event(messages: Vec<Outgoing>) -> Result<Outgoing, String> {
    if let [Outgoing::Menu { .. }] = messages.as_slice() {
        return messages
            .into_iter()
            .next()
            .ok_or_else(|| "the template is empty".to_owned());
    }
    let Outgoing::Markdown { text } = for_aibot(messages)? else {
        return Err("a kf welcome is a text or a menu".to_owned());
    };
    Ok(Outgoing::Text { text })
}

fn texts(text: &str, limit: usize) -> Vec<Outgoing> {
    parts(text, limit)
        .map(|text| Outgoing::Text { text })
        .collect()
}

/// The pieces of a text; WeCom refuses blank ones.
fn parts(text: &str, limit: usize) -> impl Iterator<Item = String> {
    split_text(text, limit)
        .into_iter()
        .filter(|part| !part.trim().is_empty())
        .map(str::to_owned)
}

/// A message as text, if it can be one.
fn plain(message: &Outgoing) -> Option<String> {
    match message {
        Outgoing::Text { text } | Outgoing::Markdown { text } => Some(text.clone()),
        Outgoing::Menu { head, items, tail } => {
            Some(menu_text(head.as_deref(), items, tail.as_deref()))
        }
        _ => None,
    }
}

fn menu_text(head: Option<&str>, items: &[MenuItem], tail: Option<&str>) -> String {
    let mut lines: Vec<String> = head.map(str::to_owned).into_iter().collect();
    for (index, item) in items.iter().enumerate() {
        let number = index + 1;
        lines.push(match item {
            MenuItem::Click { content, .. } | MenuItem::Miniprogram { content, .. } => {
                format!("{number}. {content}")
            }
            MenuItem::View { url, content } => format!("{number}. {content} {url}"),
            MenuItem::Text { content } => content.clone(),
        });
    }
    lines.extend(tail.map(str::to_owned));
    lines.join("\n")
}

fn card_text(card: &serde_json::Value) -> String {
    let title = card
        .pointer("/main_title/title")
        .and_then(serde_json::Value::as_str);
    let text = card
        .get("sub_title_text")
        .and_then(serde_json::Value::as_str);
    [title, text]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join("\n")
}

#[cfg(test)]
mod tests {
    use super::{for_aibot, for_app, for_event, for_kf, for_welcome};
    use crate::domain::outgoing::{MediaFile, MenuItem, Outgoing};

    fn text(text: &str) -> Outgoing {
        Outgoing::Text { text: text.into() }
    }

    fn menu() -> Outgoing {
        Outgoing::Menu {
            head: Some("请选择".into()),
            items: vec![
                MenuItem::Click {
                    id: "1".into(),
                    content: "退款".into(),
                },
                MenuItem::View {
                    url: "https://shop.example".into(),
                    content: "官网".into(),
                },
            ],
            tail: None,
        }
    }

    #[test]
    fn a_long_text_is_split_for_kf_and_nothing_is_lost() {
        let long = "茶".repeat(2000);
        let parts = for_kf(vec![text(&long)]);
        assert!(parts.len() >= 3);
        let joined: String = parts
            .iter()
            .map(|part| match part {
                Outgoing::Text { text } => {
                    assert!(text.len() <= 2048);
                    text.as_str()
                }
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(joined, long);
    }

    #[test]
    fn a_menu_becomes_numbered_lines_where_there_is_none() {
        assert_eq!(
            for_app(vec![menu()]),
            [text("请选择\n1. 退款\n2. 官网 https://shop.example")]
        );
        assert_eq!(for_kf(vec![menu()]), [menu()]);
    }

    #[test]
    fn an_intelligent_bot_answers_once() {
        let answer = for_aibot(vec![text("甲"), text("乙")]);
        assert_eq!(
            answer,
            Ok(Outgoing::Markdown {
                text: "甲\n\n乙".into()
            })
        );
        assert!(
            for_aibot(vec![Outgoing::Image {
                file: MediaFile("a.png".into())
            }])
            .is_err()
        );
        assert!(for_aibot(Vec::new()).is_err());
    }

    #[test]
    fn a_welcome_is_one_text_and_attachments() {
        let image = Outgoing::Image {
            file: MediaFile("a.png".into()),
        };
        let got = for_welcome(vec![text("你好"), image.clone(), text("有事找我")]);
        assert_eq!(got, Ok(vec![text("你好\n有事找我"), image.clone()]));
        assert!(for_welcome(vec![image; 10]).is_err());
    }

    #[test]
    fn a_kf_welcome_is_a_text_or_a_menu() {
        assert_eq!(for_event(vec![menu()]), Ok(menu()));
        assert_eq!(for_event(vec![text("你好")]), Ok(text("你好")));
    }
}
