//! `POST /cgi-bin/kf/send_msg_on_event`: one sentence about an event (doc 95122).
//!
//! The code of an event works once: 20 s after entering and after the end of a
//! session, 48 h while the customer waits or has been taken over.

use super::send_msg::Menu;
use crate::wecom::api::Text;
use crate::wecom::api::messages::messages;
use crate::wecom::client::{Secret, endpoint};
use crate::wecom::text::ByteLimit;
use serde::{Deserialize, Serialize};

/// Limit of `text.content`.
pub const TEXT_MAX: ByteLimit = ByteLimit(2048);
/// Validity of a welcome code and of the code of an ended session.
pub const WELCOME_SECS: i64 = 20;
/// Validity of the codes around the waiting pool.
pub const POOL_SECS: i64 = 48 * 3600;

messages! {
    /// What can be said.
    Message by "msgtype" {
        /// Plain text.
        Text(Text) = "text",
        /// Text with answers to click; not around the waiting pool.
        Menu(Menu) = "msgmenu",
    }
}

impl Message {
    /// A plain text.
    pub fn text(content: impl Into<String>) -> Self {
        Self::Text(Text::new(content))
    }
}

/// Uses up a code.
#[derive(Debug, Clone, Serialize)]
pub struct Request {
    code: Secret,
    /// At most 32 of `[0-9A-Za-z_-]`.
    pub msgid: Option<String>,
    #[serde(flatten)]
    message: Message,
}

impl Request {
    /// A message for the event that brought `code`.
    pub fn new(code: impl Into<Secret>, message: Message) -> Self {
        Self {
            code: code.into(),
            msgid: None,
            message,
        }
    }
}

/// Accepted.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Response {
    /// The request's `msgid`, or one that WeCom chose.
    pub msgid: String,
}

endpoint!(Post "/cgi-bin/kf/send_msg_on_event", Request => Response);

#[cfg(test)]
mod tests {
    use super::{Menu, Message, Request};
    use crate::wecom::api::testing::{answer, assert_sends};

    #[test]
    fn wire() {
        let mut request = Request::new("WC1", Message::text("欢迎"));
        request.msgid = Some("out-1".into());
        assert_sends(
            &request,
            r#"{"code":"WC1","msgid":"out-1","msgtype":"text","text":{"content":"欢迎"}}"#,
        );
        assert!(!format!("{request:?}").contains("WC1"));
        let menu = Menu {
            head_content: Some("欢迎".into()),
            ..Menu::default()
        };
        assert_sends(
            &Request::new("WC1", Message::Menu(menu)),
            r#"{"code":"WC1","msgtype":"msgmenu","msgmenu":{"head_content":"欢迎","list":[]}}"#,
        );
        assert_eq!(answer::<Request>(r#"{"msgid":"out-1"}"#).msgid, "out-1");
    }
}
