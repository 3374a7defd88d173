//! Interactive cards: a JSON object whose outer shape has been checked.

use serde::Serialize;
use serde_json::Value;

/// Longest `task_id` in bytes.
const TASK_ID_MAX_BYTES: usize = 128;

/// A template card, ready to be sent by an app, a robot or an intelligent bot.
///
/// Cards have some forty optional fields that WeCom checks by itself (errcodes
/// 42027 to 42051). Checked here is what cannot be told from such a code: the
/// kind, the parts that the kind requires, and the `task_id`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct TemplateCard(Value);

/// Why a JSON value is no template card.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadTemplateCard {
    /// Not a JSON object.
    #[error("a template card must be an object")]
    NotAnObject,
    /// `card_type` is missing or unknown.
    #[error(
        "card_type must be one of text_notice, news_notice, button_interaction, \
         vote_interaction, multiple_interaction"
    )]
    Kind,
    /// A part that this kind needs is missing.
    #[error("this kind of card needs {0}")]
    Missing(&'static str),
    /// `task_id` has other characters or is too long.
    #[error("task_id takes at most 128 of the characters 0-9 A-Z a-z _ - @")]
    TaskId,
}

impl TemplateCard {
    /// Checks the outer shape of a card.
    pub fn new(card: Value) -> Result<Self, BadTemplateCard> {
        let fields = card.as_object().ok_or(BadTemplateCard::NotAnObject)?;
        let kind = fields.get("card_type").and_then(Value::as_str);
        let required: &[&'static str] = match kind.ok_or(BadTemplateCard::Kind)? {
            "text_notice" => &["card_action"],
            "news_notice" => &["main_title", "card_action"],
            "button_interaction" => &["main_title", "task_id", "button_list"],
            "vote_interaction" => &["main_title", "task_id", "checkbox", "submit_button"],
            "multiple_interaction" => &["main_title", "task_id", "select_list", "submit_button"],
            _ => return Err(BadTemplateCard::Kind),
        };
        if let Some(missing) = required.iter().find(|name| !fields.contains_key(**name)) {
            return Err(BadTemplateCard::Missing(missing));
        }
        if fields.contains_key("action_menu") && !fields.contains_key("task_id") {
            return Err(BadTemplateCard::Missing("task_id"));
        }
        match fields.get("task_id") {
            Some(id) if !id.as_str().is_some_and(is_task_id) => Err(BadTemplateCard::TaskId),
            _ => Ok(Self(card)),
        }
    }

    /// The card's `card_type`.
    pub fn kind(&self) -> &str {
        self.0["card_type"].as_str().unwrap_or_default()
    }

    /// The card's `task_id`, by which its events are recognised.
    pub fn task_id(&self) -> Option<&str> {
        self.0["task_id"].as_str()
    }
}

fn is_task_id(id: &str) -> bool {
    (1..=TASK_ID_MAX_BYTES).contains(&id.len())
        && id
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"_-@".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::{BadTemplateCard, TemplateCard};
    use serde_json::json;

    #[test]
    fn a_button_card_needs_its_parts() {
        let mut card = json!({
            "card_type": "button_interaction",
            "main_title": {"title": "审批"},
            "button_list": [{"text": "同意", "key": "yes"}],
        });
        assert_eq!(
            TemplateCard::new(card.clone()),
            Err(BadTemplateCard::Missing("task_id"))
        );
        card["task_id"] = json!("a b");
        assert_eq!(
            TemplateCard::new(card.clone()),
            Err(BadTemplateCard::TaskId)
        );
        card["task_id"] = json!("T-1@x_Y");
        let card = TemplateCard::new(card).unwrap();
        assert_eq!(card.kind(), "button_interaction");
        assert_eq!(card.task_id(), Some("T-1@x_Y"));
    }

    #[test]
    fn other_values_are_no_cards() {
        assert_eq!(
            TemplateCard::new(json!([])),
            Err(BadTemplateCard::NotAnObject)
        );
        assert_eq!(TemplateCard::new(json!({})), Err(BadTemplateCard::Kind));
        assert_eq!(
            TemplateCard::new(json!({"card_type": "poster"})),
            Err(BadTemplateCard::Kind)
        );
        let menu = json!({"card_type": "text_notice", "card_action": {}, "action_menu": {}});
        assert_eq!(
            TemplateCard::new(menu),
            Err(BadTemplateCard::Missing("task_id"))
        );
    }
}
