//! What is received and sent, in the operator's words.

use unicode_width::UnicodeWidthStr as _;

use crate::domain::effect::Effect;
use crate::domain::ids::UserId;
use crate::domain::outgoing::Outgoing;
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
    match whom(effect) {
        Some(whom) => format!("{what} {whom}"),
        None => what,
    }
}

fn whom(effect: &Effect) -> Option<String> {
    match effect {
        Effect::KfSend {
            external_userid, ..
        }
        | Effect::MarkTag {
            external_userid, ..
        }
        | Effect::Remark {
            external_userid, ..
        }
        | Effect::KfTransfer {
            external_userid, ..
        }
        | Effect::KfEnd {
            external_userid, ..
        } => Some(external_userid.0.clone()),
        Effect::AppSend { to, .. } | Effect::UpdateCard { to, .. } => Some(members(to)),
        Effect::MassSend { broadcast, .. } => (broadcast.0 > 0).then(|| broadcast.to_string()),
        Effect::Appchat { chat, .. } => Some(chat.0.clone()),
        Effect::Robot { robot: name, .. } | Effect::Webhook { webhook: name, .. } => {
            Some(name.clone())
        }
        Effect::KfEvent { .. } | Effect::Welcome { .. } | Effect::AibotReply { .. } => None,
    }
}

/// What is sent or changed.
pub(super) fn content(effect: &Effect) -> String {
    match effect {
        Effect::KfSend { message, .. }
        | Effect::KfEvent { message, .. }
        | Effect::AppSend { message, .. }
        | Effect::AibotReply { message, .. }
        | Effect::Appchat { message, .. }
        | Effect::Robot { message, .. } => written(message),
        Effect::Welcome { messages, .. } | Effect::MassSend { messages, .. } => {
            let parts: Vec<_> = messages.iter().map(written).collect();
            parts.join("\n")
        }
        Effect::MarkTag { add, remove, .. } => {
            let added = add.iter().map(|tag| format!("+{tag}"));
            let removed = remove.iter().map(|tag| format!("-{tag}"));
            added.chain(removed).collect::<Vec<_>>().join(" ")
        }
        Effect::Remark { remark, .. } => remark.clone(),
        Effect::KfTransfer { servicers, .. } => members(servicers),
        Effect::UpdateCard { text, .. } => text.clone(),
        Effect::KfEnd { .. } => String::new(),
        Effect::Webhook { body, .. } => body.to_string(),
    }
}

fn members(ids: &[UserId]) -> String {
    let ids: Vec<_> = ids.iter().map(UserId::as_str).collect();
    ids.join(", ")
}

/// A message as people read it.
pub(super) fn written(message: &Outgoing) -> String {
    match message {
        Outgoing::Text { text } | Outgoing::Markdown { text } => text.clone(),
        other => serde_json::to_string(other).unwrap_or_default(),
    }
}

/// A text with spaces up to a column; Chinese characters are two columns wide.
pub(super) fn padded(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(text.width())))
}

#[cfg(test)]
mod tests {
    use super::{effect, padded, what};
    use crate::domain::effect::Effect;
    use crate::domain::outgoing::Outgoing;
    use crate::lang::Lang;

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
    fn columns_are_as_wide_as_they_look() {
        assert_eq!(padded("回复", 6), "回复  ");
        assert_eq!(padded("回复客户", 6), "回复客户");
    }
}
