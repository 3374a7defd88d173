//! Callbacks in wire bytes, sealed by the mock's codec: the agent's own is under test.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use mock_wecom::crypto::Codec;

use super::{Agent, CORP, http};

/// The token of every callback URL in these tests.
pub const CALLBACK_TOKEN: &str = "TestToken01";
/// The key of every callback URL in these tests.
pub const ENCODING_AES_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

const TIMESTAMP: &str = "1760000000";
const NONCE: &str = "nonce01";

/// A signed callback that can be bent before it is sent.
#[derive(Debug, Clone)]
pub struct Callback {
    /// The name of the app in the URL.
    pub app: String,
    /// The query string.
    pub query: String,
    /// The body.
    pub body: Vec<u8>,
}

impl Callback {
    /// A good XML push of `plain`.
    pub fn xml(app: &str, plain: &str) -> Self {
        Self::xml_for(app, plain, CORP)
    }

    /// An XML push that is meant for another receive id.
    pub fn xml_for(app: &str, plain: &str, receive_id: &str) -> Self {
        Self::signed(app, &seal(plain, receive_id))
    }

    /// An XML push around any ciphertext, with a good signature.
    pub fn signed(app: &str, encrypt: &str) -> Self {
        let body = format!(
            "<xml><ToUserName><![CDATA[{CORP}]]></ToUserName><AgentID><![CDATA[1000002]]></AgentID>\
             <Encrypt><![CDATA[{encrypt}]]></Encrypt></xml>"
        );
        Self {
            app: app.to_owned(),
            query: query(encrypt),
            body: body.into_bytes(),
        }
    }

    /// A good JSON push of `plain` for an intelligent bot.
    pub fn json(app: &str, plain: &str) -> Self {
        Self::signed_json(app, &seal(plain, ""))
    }

    /// A JSON push around any ciphertext, with a good signature.
    pub fn signed_json(app: &str, encrypt: &str) -> Self {
        let body = serde_json::json!({ "encrypt": encrypt }).to_string();
        Self {
            app: app.to_owned(),
            query: query(encrypt),
            body: body.into_bytes(),
        }
    }

    /// The same with another body.
    pub fn with_body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// The same with another query.
    pub fn with_query(mut self, query: impl Into<String>) -> Self {
        self.query = query.into();
        self
    }

    /// The whole HTTP request, with further header lines.
    pub fn http(&self, headers: &str) -> Vec<u8> {
        let path = format!("/callback/{}?{}", self.app, self.query);
        let length = format!("Content-Length: {}\r\n{headers}", self.body.len());
        super::request("POST", &path, &length, &self.body)
    }

    /// Posts it and gives status and body.
    pub async fn send(&self, agent: &Agent) -> (u16, Vec<u8>) {
        let url = format!("{}/callback/{}?{}", agent.url(), self.app, self.query);
        let request = http().post(url).body(self.body.clone());
        let response = request.send().await.expect("an answer");
        let status = response.status().as_u16();
        (status, response.bytes().await.expect("a body").to_vec())
    }
}

/// A text message of a member.
pub fn text_message(from: &str, text: &str, msg_id: u64) -> String {
    format!(
        "<xml><ToUserName><![CDATA[{CORP}]]></ToUserName><FromUserName><![CDATA[{from}]]></FromUserName>\
         <CreateTime>1760000000</CreateTime><MsgType><![CDATA[text]]></MsgType>\
         <Content><![CDATA[{text}]]></Content><MsgId>{msg_id}</MsgId><AgentID>1000002</AgentID></xml>"
    )
}

/// An event with these elements after `Event`.
pub fn event(from: &str, create_time: i64, name: &str, elements: &str) -> String {
    format!(
        "<xml><ToUserName><![CDATA[{CORP}]]></ToUserName><FromUserName><![CDATA[{from}]]></FromUserName>\
         <CreateTime>{create_time}</CreateTime><MsgType><![CDATA[event]]></MsgType>\
         <Event><![CDATA[{name}]]></Event>{elements}</xml>"
    )
}

/// The mock's codec with the key and token of these tests.
pub fn codec(receive_id: &str) -> Codec {
    Codec::new(CALLBACK_TOKEN, ENCODING_AES_KEY, receive_id).expect("codec")
}

/// A good ciphertext.
pub fn seal(plain: &str, receive_id: &str) -> String {
    codec(receive_id).seal(plain, *b"0123456789abcdef")
}

/// The ciphertext of a frame that may be anything.
pub fn encrypt_frame(frame: &[u8]) -> String {
    BASE64.encode(codec("").encrypt_padded(frame.to_vec()))
}

/// The signed query of a push, or of a URL check without its `echostr`.
pub fn query(encrypt: &str) -> String {
    let signature = codec("").sign(TIMESTAMP, NONCE, encrypt);
    format!("msg_signature={signature}&timestamp={TIMESTAMP}&nonce={NONCE}")
}
