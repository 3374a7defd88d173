//! Callbacks as WeCom posts them, as whole HTTP requests, sealed before anything is timed.

use std::ops::Range;

use mock_wecom::crypto::Codec;

pub(crate) const CORP: &str = "ww0000000000000001";
pub(crate) const TOKEN: &str = "TestToken01";
pub(crate) const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
/// The app whose URL they go to.
pub(crate) const APP: &str = "staff";

const TIMESTAMP: &str = "1760000000";
const NONCE: &str = "nonce01";

/// What is in an envelope, and the envelope.
pub(crate) struct Sealed {
    pub(crate) plain: String,
    pub(crate) encrypt: String,
    pub(crate) query: String,
    pub(crate) body: String,
}

/// A text of each of these members, who have written so many `before`: no two have the same
/// message id, so that none is a repetition.
pub(crate) fn sealed(members: Range<usize>, before: usize, text: &str) -> Vec<Sealed> {
    let codec = Codec::new(TOKEN, KEY, CORP).expect("a codec");
    let one = |number: usize| {
        let plain = format!(
            "<xml><ToUserName><![CDATA[{CORP}]]></ToUserName>\
             <FromUserName><![CDATA[member{number}]]></FromUserName>\
             <CreateTime>1760000000</CreateTime><MsgType><![CDATA[text]]></MsgType>\
             <Content><![CDATA[{text}]]></Content><MsgId>{}</MsgId>\
             <AgentID>1000002</AgentID></xml>",
            before + number
        );
        let encrypt = codec.seal(&plain, *b"0123456789abcdef");
        let signature = codec.sign(TIMESTAMP, NONCE, &encrypt);
        let query = format!("msg_signature={signature}&timestamp={TIMESTAMP}&nonce={NONCE}");
        let body = format!(
            "<xml><ToUserName><![CDATA[{CORP}]]></ToUserName><AgentID><![CDATA[1000002]]></AgentID>\
             <Encrypt><![CDATA[{encrypt}]]></Encrypt></xml>"
        );
        Sealed {
            plain,
            encrypt,
            query,
            body,
        }
    };
    members.map(one).collect()
}

/// The same as bytes on the wire.
pub(crate) fn requests(members: Range<usize>, before: usize, text: &str) -> Vec<Vec<u8>> {
    let sealed = sealed(members, before, text).into_iter();
    sealed
        .map(|one| {
            let (query, body) = (one.query, one.body);
            format!(
                "POST /callback/{APP}?{query} HTTP/1.1\r\nHost: bench\r\n\
                 Content-Type: text/xml\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            )
            .into_bytes()
        })
        .collect()
}
