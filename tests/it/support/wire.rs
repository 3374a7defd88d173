//! Callbacks in wire bytes, sealed by the mock's codec: the agent's own is under test.

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
        let encrypt = seal(plain, receive_id);
        let body = format!(
            "<xml><ToUserName><![CDATA[{CORP}]]></ToUserName><AgentID><![CDATA[1000002]]></AgentID>\
             <Encrypt><![CDATA[{encrypt}]]></Encrypt></xml>"
        );
        Self {
            app: app.to_owned(),
            query: query(&encrypt),
            body: body.into_bytes(),
        }
    }

    /// A good JSON push of `plain` for an intelligent bot.
    pub fn json(app: &str, plain: &str) -> Self {
        let encrypt = seal(plain, "");
        let body = serde_json::json!({ "encrypt": encrypt }).to_string();
        Self {
            app: app.to_owned(),
            query: query(&encrypt),
            body: body.into_bytes(),
        }
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

fn codec(receive_id: &str) -> Codec {
    Codec::new(CALLBACK_TOKEN, ENCODING_AES_KEY, receive_id).expect("codec")
}

fn seal(plain: &str, receive_id: &str) -> String {
    codec(receive_id).seal(plain, *b"0123456789abcdef")
}

fn query(encrypt: &str) -> String {
    let signature = codec("").sign(TIMESTAMP, NONCE, encrypt);
    format!("msg_signature={signature}&timestamp={TIMESTAMP}&nonce={NONCE}")
}
