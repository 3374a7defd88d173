//! `POST /cgi-bin/message/update_template_card`: changes a card after a click (doc 94888).

use crate::wecom::api::TemplateCard;
use crate::wecom::api::fields::{piped, zero_one};
use crate::wecom::client::{Secret, endpoint};
use serde::{Deserialize, Serialize};

/// What becomes of the card.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Update {
    /// Its button turns grey with this text.
    Button {
        /// The new text of the button.
        replace_name: String,
    },
    /// It is replaced; `replace_text` inside greys the button out.
    TemplateCard(TemplateCard),
}

/// Changes a card once per response code, for some or all who received it.
#[derive(Debug, Clone, Serialize)]
pub struct Request {
    /// Members whose card changes, at most 1000.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub userids: Vec<String>,
    /// Departments whose card changes, at most 100.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub partyids: Vec<i64>,
    /// Tags whose card changes, at most 100.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tagids: Vec<i64>,
    /// Changes it for everyone.
    #[serde(with = "zero_one")]
    pub atall: bool,
    agentid: i64,
    response_code: Secret,
    #[serde(flatten)]
    update: Update,
}

impl Request {
    /// An update for nobody yet: set `userids`, `partyids`, `tagids` or `atall`.
    pub fn new(agent_id: i64, response_code: impl Into<Secret>, update: Update) -> Self {
        Self {
            userids: Vec::new(),
            partyids: Vec::new(),
            tagids: Vec::new(),
            atall: false,
            agentid: agent_id,
            response_code: response_code.into(),
            update,
        }
    }
}

/// Done, perhaps not for every member.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Response {
    /// Members whose card did not change.
    #[serde(deserialize_with = "piped")]
    pub invaliduser: Vec<String>,
}

impl Response {
    /// Members whose card did not change.
    pub fn rejected(&self) -> impl Iterator<Item = &str> {
        self.invaliduser.iter().map(String::as_str)
    }
}

endpoint!(Post "/cgi-bin/message/update_template_card", Request => Response);

#[cfg(test)]
mod tests {
    use super::{Request, Update};
    use crate::wecom::api::TemplateCard;
    use crate::wecom::api::testing::{answer, assert_sends};

    #[test]
    fn wire() {
        let button = Update::Button {
            replace_name: "已处理".into(),
        };
        let mut request = Request::new(7, "RC", button);
        request.userids = vec!["a".into()];
        assert_sends(
            &request,
            r#"{"userids":["a"],"atall":0,"agentid":7,"response_code":"RC",
            "button":{"replace_name":"已处理"}}"#,
        );
        let card = serde_json::json!({"card_type": "text_notice", "card_action": {"type": 1}});
        let card = Update::TemplateCard(TemplateCard::new(card).unwrap());
        let mut request = Request::new(7, "RC", card);
        request.atall = true;
        assert_sends(
            &request,
            r#"{"atall":1,"agentid":7,"response_code":"RC",
            "template_card":{"card_type":"text_notice","card_action":{"type":1}}}"#,
        );
        let response = answer::<Request>(r#"{"invaliduser":["b"]}"#);
        assert_eq!(response.rejected().collect::<Vec<_>>(), ["b"]);
    }
}
