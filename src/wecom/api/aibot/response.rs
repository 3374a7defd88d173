//! `POST /cgi-bin/aibot/response`: a bot's later reply to one message (doc 101138).
//!
//! Every message brings a `response_url` that is good for one call within an
//! hour and needs no access token.

use crate::wecom::api::messages::messages;
use crate::wecom::api::{Done, TemplateCard};
use crate::wecom::client::{Endpoint, OpenEndpoint, Secret, Verb};
use crate::wecom::text::ByteLimit;
use serde::{Serialize, Serializer};

/// Limit of `markdown.content`.
pub const MARKDOWN_MAX: ByteLimit = ByteLimit(20_480);
/// How long a `response_url` can be used.
pub const VALID_SECS: i64 = 3600;

const PATH: &str = "/cgi-bin/aibot/response";

/// Markdown, optionally with a request for feedback.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Markdown {
    /// At most [`MARKDOWN_MAX`].
    pub content: String,
    /// Asks the reader for a judgement.
    pub feedback: Option<Feedback>,
}

/// Names a reply in the feedback events about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Feedback {
    /// At most 256 bytes.
    pub id: String,
}

messages! {
    /// What a bot can reply later.
    Reply by "msgtype" {
        /// Markdown.
        Markdown(Markdown) = "markdown",
        /// A card.
        TemplateCard(TemplateCard) = "template_card",
    }
}

impl Reply {
    /// Markdown without feedback.
    pub fn markdown(content: impl Into<String>) -> Self {
        Self::Markdown(Markdown {
            content: content.into(),
            feedback: None,
        })
    }
}

/// The URL of a callback is not a `response_url`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a response_url of an intelligent bot")]
pub struct BadResponseUrl;

/// Sends the one later reply.
#[derive(Debug, Clone)]
pub struct Request {
    response_code: Secret,
    reply: Reply,
}

impl Request {
    /// A reply to the message that brought `response_url`.
    ///
    /// Only the code is taken from the URL. The call goes to the client's own
    /// API base, so that a forged URL cannot direct it elsewhere.
    pub fn new(response_url: &str, reply: Reply) -> Result<Self, BadResponseUrl> {
        let url = reqwest::Url::parse(response_url).map_err(|_| BadResponseUrl)?;
        let code = url
            .query_pairs()
            .find(|(name, _)| name == "response_code")
            .map(|(_, value)| value.into_owned());
        match code {
            Some(code) if url.path().ends_with(PATH) && !code.is_empty() => Ok(Self {
                response_code: code.into(),
                reply,
            }),
            _ => Err(BadResponseUrl),
        }
    }
}

impl Serialize for Request {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.reply.serialize(serializer)
    }
}

impl Endpoint for Request {
    const VERB: Verb = Verb::Post;
    const PATH: &'static str = PATH;
    type Response = Done;

    fn query(&self) -> Vec<(&'static str, String)> {
        vec![("response_code", self.response_code.expose().to_owned())]
    }
}

impl OpenEndpoint for Request {}

#[cfg(test)]
mod tests {
    use super::{BadResponseUrl, Feedback, Markdown, Reply, Request};
    use crate::wecom::api::testing::{answer, assert_sends};
    use crate::wecom::client::Endpoint;

    const URL: &str = "https://qyapi.weixin.qq.com/cgi-bin/aibot/response?response_code=RC%2B1";

    #[test]
    fn wire() {
        let request = Request::new(URL, Reply::markdown("**好**")).unwrap();
        assert_eq!(request.query(), [("response_code", "RC+1".to_owned())]);
        assert_sends(
            &request,
            r#"{"msgtype":"markdown","markdown":{"content":"**好**"}}"#,
        );
        assert!(!format!("{request:?}").contains("RC+1"));

        let asking = Reply::Markdown(Markdown {
            content: "x".into(),
            feedback: Some(Feedback { id: "F1".into() }),
        });
        assert_sends(
            &Request::new(URL, asking).unwrap(),
            r#"{"msgtype":"markdown","markdown":{"content":"x","feedback":{"id":"F1"}}}"#,
        );
        answer::<Request>("{}");
    }

    #[test]
    fn other_urls_are_refused() {
        for url in [
            "",
            "https://evil.invalid/?response_code=RC",
            "https://qyapi.weixin.qq.com/cgi-bin/aibot/response",
            "https://qyapi.weixin.qq.com/cgi-bin/aibot/response?response_code=",
        ] {
            let reply = Reply::markdown("x");
            assert_eq!(
                Request::new(url, reply).unwrap_err(),
                BadResponseUrl,
                "{url}"
            );
        }
    }
}
