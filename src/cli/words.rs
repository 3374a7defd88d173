//! What is received and sent, in the operator's words.

use serde_json::Value;
use unicode_width::UnicodeWidthStr as _;

use super::output::Terminal;
use crate::domain::effect::{Effect, listed};
use crate::domain::outgoing::{MenuItem, Outgoing};
use crate::lang::Lang;

/// What `queue list` says of an item: an effect's word, or channel and trigger.
pub(super) fn what(stored: &str, lang: Lang) -> String {
    let known = |section: &str, word: &str| {
        let text = lang.lookup(&format!("{section}.{word}"));
        text.unwrap_or(word).to_owned()
    };
    let Some((channel, trigger)) = stored.split_once(' ') else {
        return known("effect", stored);
    };
    let (trigger, event) = trigger.split_once(':').unwrap_or((trigger, ""));
    let words = [known("channel", channel), known("trigger", trigger)];
    format!("{} {event}", words.join(" ")).trim_end().to_owned()
}

/// What an effect does, and to whom.
pub(super) fn effect(effect: &Effect, lang: Lang) -> String {
    let what = what(effect.word(), lang);
    match effect.whom() {
        Some(whom) => format!("{what} {whom}"),
        None => what,
    }
}

/// What is sent or changed.
pub(super) fn content(effect: &Effect, lang: Lang) -> String {
    match effect {
        Effect::KfSend { message, .. }
        | Effect::KfEvent { message, .. }
        | Effect::AppSend { message, .. }
        | Effect::AibotReply { message, .. }
        | Effect::Appchat { message, .. }
        | Effect::Robot { message, .. } => written(message, lang),
        Effect::Welcome { messages, .. } | Effect::MassSend { messages, .. } => {
            let parts = messages.iter().map(|message| written(message, lang));
            let parts: Vec<_> = parts.collect();
            parts.join("\n")
        }
        Effect::MarkTag { add, remove, .. } => {
            let added = add.iter().map(|tag| format!("+{tag}"));
            let removed = remove.iter().map(|tag| format!("-{tag}"));
            added.chain(removed).collect::<Vec<_>>().join(" ")
        }
        Effect::Remark { remark, .. } => remark.clone(),
        Effect::KfTransfer { servicers, .. } => listed(servicers),
        Effect::UpdateCard { text, .. } => text.clone(),
        Effect::KfEnd { .. } => String::new(),
        Effect::Webhook { body, .. } => body.to_string(),
    }
}

/// A message as somebody would describe it who has it before them.
pub(super) fn written(message: &Outgoing, lang: Lang) -> String {
    let thing = |kind: &str, parts: &[&str]| {
        let kind = lang.text(&format!("said.{kind}"), &[]);
        let parts: Vec<&str> = parts
            .iter()
            .copied()
            .filter(|part| !part.is_empty())
            .collect();
        format!("[{kind} {}]", parts.join(" "))
    };
    let some = |text: &Option<String>| text.clone().unwrap_or_default();
    match message {
        Outgoing::Text { text } | Outgoing::Markdown { text } => text.clone(),
        Outgoing::Image { file } | Outgoing::Voice { file } | Outgoing::File { file } => {
            thing(message.key(), &[&file.0])
        }
        Outgoing::Video {
            file,
            title,
            description,
        } => thing("video", &[&file.0, &some(title), &some(description)]),
        Outgoing::Link {
            title,
            description,
            url,
            ..
        } => thing("link", &[title, &some(description), url]),
        Outgoing::Miniprogram { title, page, .. } => thing("miniprogram", &[title, page]),
        Outgoing::Menu { head, items, tail } => {
            let lines = head.iter().cloned();
            let lines = lines.chain(items.iter().map(menu_line));
            let lines: Vec<String> = lines.chain(tail.iter().cloned()).collect();
            lines.join("\n")
        }
        Outgoing::Card { card } => {
            let text = |pointer| card.pointer(pointer).and_then(Value::as_str);
            let title = text("/main_title/title").or(text("/emphasis_content/title"));
            let more = text("/main_title/desc").or(text("/sub_title_text"));
            thing(
                "card",
                &[title.unwrap_or_default(), more.unwrap_or_default()],
            )
        }
    }
}

fn menu_line(item: &MenuItem) -> String {
    match item {
        MenuItem::Text { content } => content.clone(),
        MenuItem::Click { content, .. } => format!("· {content}"),
        MenuItem::View { url, content } => format!("· {content} ({url})"),
        MenuItem::Miniprogram { page, content, .. } => format!("· {content} ({page})"),
    }
}

/// A text with spaces up to a column; Chinese characters are two columns wide.
pub(super) fn padded(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(text.width())))
}

/// One line of a list: texts in columns of these widths.
pub(super) fn columns(widths: &[usize], texts: &[&str]) -> String {
    let texts = texts.iter().zip(widths);
    let texts = texts.map(|(text, width)| padded(text.trim_end(), *width));
    texts.collect::<Vec<_>>().join("  ").trim_end().to_owned()
}

/// The head of a table: one text with `|` between its columns.
pub(super) fn head(terminal: &Terminal, key: &str, widths: &[usize]) {
    let head = terminal.lang.text(key, &[]);
    let head: Vec<&str> = head.split('|').collect();
    terminal.line(columns(widths, &head));
}

/// As much of a text as fits into so many columns.
pub(super) fn cut(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let mut short = String::new();
    for character in text.chars() {
        short.push(character);
        if short.width() >= columns {
            short.pop();
            break;
        }
    }
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use super::{cut, effect, padded, what, written};
    use crate::domain::effect::Effect;
    use crate::domain::outgoing::{MediaFile, MenuItem, Outgoing};
    use crate::lang::Lang;

    #[test]
    fn a_text_is_cut_by_its_columns() {
        assert_eq!(cut("早安", 4), "早安");
        assert_eq!(cut("早安吗", 5), "早安…");
        assert_eq!(cut("早安吗", 4), "早…");
        assert_eq!(cut("a早安吗", 4), "a早…");
    }

    #[test]
    fn stored_words_are_told_in_the_operators_language() {
        for (stored, zh, en) in [
            ("kf_send", "回复客户", "reply to customer"),
            ("kf message", "客服 消息", "kf message"),
            ("app event:x/y", "应用 事件 x/y", "app event x/y"),
            (
                "contact unreadable",
                "客户联系 读不懂",
                "contact unreadable",
            ),
            ("something new", "something new", "something new"),
        ] {
            assert_eq!(what(stored, Lang::Zh), zh);
            assert_eq!(what(stored, Lang::En), en);
        }
    }

    #[test]
    fn an_effect_names_whom_it_is_for() {
        let text = "到店".to_owned();
        let sent = Effect::AppSend {
            app: "staff".into(),
            to: vec!["lin.mei".into(), "zhao.min".into()],
            message: Outgoing::Text { text },
        };
        assert_eq!(effect(&sent, Lang::Zh), "发给成员 lin.mei, zhao.min");
    }

    #[test]
    fn what_is_no_text_is_described() {
        let view = MenuItem::View {
            url: "https://a.example".to_owned(),
            content: "官网".to_owned(),
        };
        let click = MenuItem::Click {
            id: "1".to_owned(),
            content: "退款".to_owned(),
        };
        let card = serde_json::json!({"card_type": "text_notice", "main_title": {"title": "新单", "desc": "三盒"}});
        for (message, told) in [
            (
                Outgoing::Image {
                    file: MediaFile("图片/茶单.png".to_owned()),
                },
                "[图片 图片/茶单.png]",
            ),
            (
                Outgoing::Menu {
                    head: Some("您要".to_owned()),
                    items: vec![click, view],
                    tail: None,
                },
                "您要\n· 退款\n· 官网 (https://a.example)",
            ),
            (Outgoing::Card { card }, "[卡片 新单 三盒]"),
        ] {
            assert_eq!(written(&message, Lang::Zh), told);
        }
    }

    #[test]
    fn columns_are_as_wide_as_they_look() {
        assert_eq!(padded("回复", 6), "回复  ");
        assert_eq!(padded("回复客户", 6), "回复客户");
    }
}
