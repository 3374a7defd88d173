//! The outer document of a push, which carries the ciphertext.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::json::{MAX_DEPTH, Nested};
use super::xml::{Element, MAX_BYTES};
use crate::wecom::crypto::Refusal;

/// What a push carries outside the encryption. Nothing but `encrypt` is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope<'b> {
    /// Base64 ciphertext, exactly as received.
    pub encrypt: Cow<'b, str>,
    /// Corp or suite id. Unsigned: a hint at best.
    pub to_user: Option<Cow<'b, str>>,
    /// App id as text; absent or empty for callbacks that no app owns. Unsigned.
    pub agent_id: Option<Cow<'b, str>>,
}

/// Reads the XML envelope of apps, contacts and customer service.
///
/// # Errors
/// [`Refusal::BadBody`] when it is not such a document, is longer than [`MAX_BYTES`] or holds
/// anything that [`Element::parse`] refuses.
pub fn parse_xml(body: &[u8]) -> Result<Envelope<'_>, Refusal> {
    let text = std::str::from_utf8(body).map_err(|_| Refusal::BadBody)?;
    let root = Element::parse(text).map_err(|_| Refusal::BadBody)?;
    if root.name() != "xml" {
        return Err(Refusal::BadBody);
    }
    let mut slots = Slots::default();
    for child in root.into_children() {
        if let Some(slot) = slots.named(child.name()) {
            let nested = !child.children().is_empty();
            if nested || slot.replace(child.into_text()).is_some() {
                return Err(Refusal::BadBody);
            }
        }
    }
    slots.finish()
}

/// Reads the JSON envelope of intelligent bots; the capitalised names are accepted too.
///
/// # Errors
/// [`Refusal::BadBody`] when it is not such a document, is longer than [`MAX_BYTES`] or nested
/// too deeply.
pub fn parse_json(body: &[u8]) -> Result<Envelope<'_>, Refusal> {
    if body.len() > MAX_BYTES {
        return Err(Refusal::BadBody);
    }
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let slots: Slots<'_> = serde_json::from_slice(body).map_err(|_| Refusal::BadBody)?;
    slots.finish()
}

#[derive(Default)]
struct Slots<'b> {
    encrypt: Option<Cow<'b, str>>,
    to_user: Option<Cow<'b, str>>,
    agent_id: Option<Cow<'b, str>>,
}

impl<'b> Slots<'b> {
    fn named(&mut self, name: &str) -> Option<&mut Option<Cow<'b, str>>> {
        match name {
            "Encrypt" => Some(&mut self.encrypt),
            "ToUserName" => Some(&mut self.to_user),
            "AgentID" => Some(&mut self.agent_id),
            _ => None,
        }
    }

    fn finish(self) -> Result<Envelope<'b>, Refusal> {
        let not_empty = |text: &Cow<'b, str>| !text.is_empty();
        Ok(Envelope {
            encrypt: self.encrypt.filter(not_empty).ok_or(Refusal::BadBody)?,
            to_user: self.to_user.filter(not_empty),
            agent_id: self.agent_id.filter(not_empty),
        })
    }
}

impl<'de> Deserialize<'de> for Slots<'de> {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        reader.deserialize_map(JsonEnvelope)
    }
}

/// Written by hand so that unknown members are limited in depth and repeated ones refused, in one
/// pass over the body.
struct JsonEnvelope;

impl<'de> Visitor<'de> for JsonEnvelope {
    type Value = Slots<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON envelope")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut slots = Slots::default();
        while let Some(Text(name)) = entries.next_key()? {
            let name = if name == "encrypt" { "Encrypt" } else { &*name };
            if let Some(slot) = slots.named(name) {
                let Text(value) = entries.next_value()?;
                if slot.replace(value).is_some() {
                    return Err(A::Error::custom("repeated member"));
                }
            } else {
                entries.next_value_seed(Nested(MAX_DEPTH - 1))?;
            }
        }
        Ok(slots)
    }
}

/// Borrows unless the JSON string holds escapes. Numbers are read as their text.
struct Text<'b>(Cow<'b, str>);

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        reader.deserialize_any(TextVisitor)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
        Ok(Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
        Ok(Text(Cow::Owned(text.to_owned())))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Text<'de>, E> {
        Ok(Text(Cow::Owned(number.to_string())))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, proptest};

    use super::*;

    fn xml(body: &str) -> Result<Envelope<'_>, Refusal> {
        parse_xml(body.as_bytes())
    }

    fn json(body: &str) -> Result<Envelope<'_>, Refusal> {
        parse_json(body.as_bytes())
    }

    #[test]
    fn documented_xml_borrows() {
        let body = "<xml><ToUserName><![CDATA[ww00000000000000aa]]></ToUserName><AgentID><![CDATA[1000007]]></AgentID><Encrypt><![CDATA[QUJD+/8=]]></Encrypt></xml>";
        let envelope = xml(body).unwrap();
        assert!(matches!(envelope.encrypt, Cow::Borrowed("QUJD+/8=")));
        assert_eq!(envelope.to_user.as_deref(), Some("ww00000000000000aa"));
        assert_eq!(envelope.agent_id.as_deref(), Some("1000007"));
    }

    #[test]
    fn any_order_text_or_cdata_agent_optional() {
        for body in [
            "<xml><Encrypt>QQ==</Encrypt></xml>",
            "\u{feff}<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<xml>\n <Encrypt><![CDATA[QQ==]]></Encrypt>\n <AgentID></AgentID>\n <ToUserName/>\n <New><Deep>1</Deep></New>\n</xml>\n",
            "<xml><AgentID><![CDATA[]]></AgentID><Encrypt>\n<![CDATA[QQ==]]>\n</Encrypt></xml>",
        ] {
            let envelope = xml(body).unwrap();
            assert_eq!(envelope.encrypt, "QQ==", "{body}");
            assert_eq!(envelope.agent_id, None);
            assert_eq!(envelope.to_user, None);
        }
    }

    #[test]
    fn hostile_xml_is_refused() {
        let bomb = "<!DOCTYPE x [<!ENTITY a \"QQ==\">]><xml><Encrypt>&a;</Encrypt></xml>";
        for body in [
            bomb,
            "",
            "<xml/>",
            "<xml><Encrypt/></xml>",
            "<xml><encrypt>QQ==</encrypt></xml>",
            "<html><Encrypt>QQ==</Encrypt></html>",
            "<xml><Encrypt>QQ==</Encrypt><Encrypt>QQ==</Encrypt></xml>",
            "<xml><Encrypt></Encrypt><Encrypt>QQ==</Encrypt></xml>",
            "<xml><Encrypt>Q<b/>Q==</Encrypt></xml>",
            "<xml><AgentID>1</AgentID><AgentID>2</AgentID><Encrypt>QQ==</Encrypt></xml>",
            "<xml><x><Encrypt>QQ==</Encrypt></x></xml>",
            "<?xml-stylesheet href='x'?><xml><Encrypt>QQ==</Encrypt></xml>",
            "<xml><Encrypt>QQ==</Encrypt></xml><xml/>",
            "<xml><Encrypt>QQ==\0</Encrypt></xml>",
            "{\"encrypt\":\"QQ==\"}",
        ] {
            assert_eq!(xml(body), Err(Refusal::BadBody), "{body}");
        }
        let invalid = b"<xml><Encrypt>QQ==</Encrypt><A>\xff</A></xml>";
        assert_eq!(parse_xml(invalid), Err(Refusal::BadBody));
        let large = format!("<xml><Encrypt>{}</Encrypt></xml>", "A".repeat(MAX_BYTES));
        assert_eq!(xml(&large), Err(Refusal::BadBody));
        let deep = format!("<xml>{}<Encrypt>QQ==</Encrypt></xml>", "<a>".repeat(20));
        assert_eq!(xml(&deep), Err(Refusal::BadBody));
    }

    #[test]
    fn json_in_both_spellings() {
        let envelope = json(r#"{"encrypt":"QQ=="}"#).unwrap();
        assert!(matches!(envelope.encrypt, Cow::Borrowed("QQ==")));
        let body = "\u{feff}{\"AgentID\":1000007,\"x\":[{}],\"Encrypt\":\"Q\\u0051==\",\"ToUserName\":\"ww1\"}";
        let envelope = json(body).unwrap();
        assert_eq!(envelope.encrypt, "QQ==");
        assert_eq!(envelope.to_user.as_deref(), Some("ww1"));
        assert_eq!(envelope.agent_id.as_deref(), Some("1000007"));
    }

    #[test]
    fn hostile_json_is_refused() {
        let deep = format!(
            "{{\"x\":{}{},\"encrypt\":\"QQ==\"}}",
            "[".repeat(16),
            "]".repeat(16)
        );
        for body in [
            deep.as_str(),
            "",
            "{}",
            "[]",
            "null",
            r#"{"encrypt":""}"#,
            r#"{"encrypt":null}"#,
            r#"{"encrypt":["QQ=="]}"#,
            r#"{"encrypt":"QQ==","encrypt":"QQ=="}"#,
            r#"{"encrypt":"QQ==","Encrypt":"QQ=="}"#,
            r#"{"encrypt":"QQ=="} x"#,
            r#"{"encrypt":"QQ=="#,
            "<xml><Encrypt>QQ==</Encrypt></xml>",
        ] {
            assert_eq!(json(body), Err(Refusal::BadBody), "{body}");
        }
        assert_eq!(parse_json(b"{\"encrypt\":\"\xff\"}"), Err(Refusal::BadBody));
        let large = format!(r#"{{"encrypt":"{}"}}"#, "A".repeat(MAX_BYTES));
        assert_eq!(json(&large), Err(Refusal::BadBody));
        let bomb = format!("{{\"x\":{}", "[".repeat(200_000));
        assert_eq!(json(&bomb), Err(Refusal::BadBody));
    }

    proptest! {
        #[test]
        fn never_panics(body in any::<Vec<u8>>()) {
            let _ignored = parse_xml(&body);
            let _ignored = parse_json(&body);
        }
    }
}
