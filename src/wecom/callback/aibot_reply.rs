//! Passive replies of an intelligent bot in URL mode: JSON that is sealed and returned.
//!
//! An ordinary message is answered with a stream, a card or both; plain text only welcomes.

use serde::Serialize;
use serde_json::{Value, json};

use super::template_card::{Feedback, TemplateCard};
use crate::wecom::crypto::Sealed;

/// What a bot can answer.
#[derive(Debug, Clone, PartialEq)]
pub enum AibotReply {
    /// Only to `enter_chat`.
    Text {
        /// The text.
        content: String,
    },
    /// To `enter_chat` and messages: the card object as WeCom documents it.
    TemplateCard(Value),
    /// To messages and stream refreshes.
    Stream(StreamReply),
    /// To messages and stream refreshes; the card once per message.
    StreamWithTemplateCard {
        /// The stream.
        stream: StreamReply,
        /// The card.
        card: Option<Box<TemplateCard>>,
    },
    /// To a template card event; the card's `task_id` has to match.
    UpdateTemplateCard {
        /// Whose view is replaced; empty: everyone's. Matters only in groups.
        user_ids: Vec<String>,
        /// The new card.
        card: Box<TemplateCard>,
    },
}

/// One state of a streamed reply. WeCom asks again until `finish`, for at most six minutes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct StreamReply {
    /// Chosen with the first state and kept.
    pub id: String,
    /// Whether this is the last state.
    pub finish: bool,
    /// The whole text so far, Markdown of at most 20,480 bytes. It replaces what is shown.
    pub content: String,
    /// Up to ten pictures; only in the last state.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub msg_item: Vec<StreamImage>,
    /// Asks the user to judge the answer; only in the first state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub feedback: Option<Feedback>,
}

/// A picture, JPG or PNG of at most 10 MB.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(into = "Value")]
pub struct StreamImage {
    /// The file in Base64.
    pub base64: String,
    /// MD5 of the file, hexadecimal.
    pub md5: String,
}

impl From<StreamImage> for Value {
    fn from(image: StreamImage) -> Self {
        json!({
            "msgtype": "image",
            "image": {"base64": image.base64, "md5": image.md5},
        })
    }
}

impl AibotReply {
    /// The JSON to seal.
    #[must_use]
    pub fn to_json(&self) -> String {
        let reply = match self {
            Self::Text { content } => json!({
                "msgtype": "text",
                "text": {"content": content},
            }),
            Self::TemplateCard(card) => json!({
                "msgtype": "template_card",
                "template_card": card,
            }),
            Self::Stream(stream) => json!({
                "msgtype": "stream",
                "stream": stream,
            }),
            Self::StreamWithTemplateCard { stream, card: None } => json!({
                "msgtype": "stream_with_template_card",
                "stream": stream,
            }),
            Self::StreamWithTemplateCard {
                stream,
                card: Some(card),
            } => json!({
                "msgtype": "stream_with_template_card",
                "stream": stream,
                "template_card": card,
            }),
            Self::UpdateTemplateCard { user_ids, card } => json!({
                "response_type": "update_template_card",
                "userids": user_ids,
                "template_card": card,
            }),
        };
        reply.to_string()
    }
}

/// The envelope to return. It has to be sealed with the nonce of the callback.
#[must_use]
pub fn envelope_json(sealed: &Sealed) -> String {
    json!({
        "encrypt": sealed.encrypt,
        "msgsignature": sealed.signature,
        "timestamp": sealed.timestamp,
        "nonce": sealed.nonce,
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wecom::callback::template_card::{CardType, Jump, Link, TitleDesc};

    fn card() -> Box<TemplateCard> {
        Box::new(TemplateCard {
            card_type: CardType::TextNotice,
            main_title: Some(TitleDesc {
                title: Some("标题".to_owned()),
                desc: None,
            }),
            jump_list: vec![Jump {
                link: Link {
                    kind: 3,
                    ..Link::default()
                },
                title: "问".to_owned(),
                question: Some("多少钱".to_owned()),
            }],
            task_id: Some("t-1".to_owned()),
            ..TemplateCard::default()
        })
    }

    const CARD: &str = r#"{"card_type":"text_notice","main_title":{"title":"标题"},"jump_list":[{"type":3,"title":"问","question":"多少钱"}],"task_id":"t-1"}"#;

    #[test]
    fn text_and_cards() {
        let text = AibotReply::Text {
            content: "\"您好\"\n".to_owned(),
        };
        assert_eq!(
            text.to_json(),
            r#"{"msgtype":"text","text":{"content":"\"您好\"\n"}}"#
        );
        assert_eq!(
            AibotReply::TemplateCard(json!(card())).to_json(),
            format!(r#"{{"msgtype":"template_card","template_card":{CARD}}}"#)
        );
        let update = AibotReply::UpdateTemplateCard {
            user_ids: vec!["lin.mei".to_owned()],
            card: card(),
        };
        assert_eq!(
            update.to_json(),
            format!(
                r#"{{"response_type":"update_template_card","userids":["lin.mei"],"template_card":{CARD}}}"#
            )
        );
    }

    #[test]
    fn streams() {
        let first = StreamReply {
            id: "S_1".to_owned(),
            content: "<think></think>查询中".to_owned(),
            feedback: Some(Feedback {
                id: "F_1".to_owned(),
            }),
            ..StreamReply::default()
        };
        let last = StreamReply {
            id: "S_1".to_owned(),
            finish: true,
            content: "没有待办".to_owned(),
            msg_item: vec![StreamImage {
                base64: "QUJD".to_owned(),
                md5: "902fbdd2b1df0c4f70b4a5d23525e932".to_owned(),
            }],
            feedback: None,
        };
        assert_eq!(
            AibotReply::Stream(first.clone()).to_json(),
            r#"{"msgtype":"stream","stream":{"id":"S_1","finish":false,"content":"<think></think>查询中","feedback":{"id":"F_1"}}}"#
        );
        let last_json = r#"{"id":"S_1","finish":true,"content":"没有待办","msg_item":[{"msgtype":"image","image":{"base64":"QUJD","md5":"902fbdd2b1df0c4f70b4a5d23525e932"}}]}"#;
        let with_card = AibotReply::StreamWithTemplateCard {
            stream: last,
            card: Some(card()),
        };
        assert_eq!(
            with_card.to_json(),
            format!(
                r#"{{"msgtype":"stream_with_template_card","stream":{last_json},"template_card":{CARD}}}"#
            )
        );
        let without_card = AibotReply::StreamWithTemplateCard {
            stream: first,
            card: None,
        };
        assert!(!without_card.to_json().contains("template_card\":{"));
    }

    #[test]
    fn envelope_has_a_numeric_timestamp() {
        let sealed = Sealed {
            encrypt: "QUJD".to_owned(),
            signature: "0123".to_owned(),
            timestamp: 1_760_000_000,
            nonce: "k3J9".to_owned(),
        };
        assert_eq!(
            envelope_json(&sealed),
            r#"{"encrypt":"QUJD","msgsignature":"0123","timestamp":1760000000,"nonce":"k3J9"}"#
        );
    }
}
