//! Conversations as the people in them see them.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One line of a conversation.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct ChatLine {
    /// Rising number, unique in a run.
    pub id: u64,
    /// Simulated time in seconds since 1970.
    pub time: i64,
    /// The customer, member, group or robot whose conversation it is.
    pub with: String,
    /// `kf`, `app`, `contact`, `aibot`, `appchat`, `group` or `robot`.
    pub channel: String,
    /// Who speaks: `customer`, `member`, `servicer`, `bot` or `system`.
    pub from: String,
    /// The other side: a kf account, an agent id, a member.
    pub via: String,
    /// Who of a group speaks; empty elsewhere.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub by: String,
    /// The message's id.
    pub msgid: String,
    /// The message type.
    pub msgtype: String,
    /// What a person reads.
    pub text: String,
    /// The message's own object.
    pub content: Value,
    /// `delivered`, `failed` or `recalled`.
    pub status: String,
}

/// What a person reads of a message of this type.
pub(crate) fn readable(msgtype: &str, content: &Value) -> String {
    let text = |name: &str| {
        content
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    match msgtype {
        "text" | "markdown" | "markdown_v2" => text("content").to_owned(),
        "link" | "textcard" | "miniprogram" | "miniprogram_notice" => {
            format!("[{msgtype}] {} {}", text("title"), text("url"))
                .trim_end()
                .to_owned()
        }
        "msgmenu" => menu_text(content),
        "location" => format!("[location] {} {}", text("name"), text("address")),
        "news" | "mpnews" => format!("[{msgtype}] {}", titles(content)),
        "stream" => text("content").to_owned(),
        "template_card" => format!("[template_card] {}", card_title(content)),
        "event" => format!("[event] {}", text("event_type")),
        other => format!("[{other}]"),
    }
}

fn menu_text(content: &Value) -> String {
    let part = |value: &Value, name: &str| value[name].as_str().unwrap_or_default().to_owned();
    let mut lines = vec![part(content, "head_content")];
    for item in content["list"].as_array().into_iter().flatten() {
        let kind = part(item, "type");
        lines.push(part(&item[kind.as_str()], "content"));
    }
    lines.push(part(content, "tail_content"));
    lines.retain(|line| !line.is_empty());
    lines.join("\n")
}

fn titles(content: &Value) -> String {
    let articles = content["articles"].as_array().into_iter().flatten();
    articles
        .filter_map(|article| article["title"].as_str())
        .collect::<Vec<_>>()
        .join(" / ")
}

fn card_title(content: &Value) -> String {
    let title = content["main_title"]["title"].as_str();
    title
        .or_else(|| content["sub_title_text"].as_str())
        .unwrap_or_default()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::readable;
    use serde_json::json;

    #[test]
    fn a_menu_reads_as_its_lines() {
        let menu = json!({"head_content": "您好", "list": [
            {"type": "click", "click": {"id": "1", "content": "查订单"}},
            {"type": "text", "text": {"content": "说明"}}], "tail_content": "再见"});
        assert_eq!(readable("msgmenu", &menu), "您好\n查订单\n说明\n再见");
    }
}
