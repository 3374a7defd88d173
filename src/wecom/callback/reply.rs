//! Passive replies of an app: XML that is sealed and returned as the body of the 200.
//!
//! At most one per push, within five seconds.

use std::fmt::Write as _;

use serde_json::Value;

use super::template_card::TemplateCard;
use crate::wecom::crypto::Sealed;

/// A reply to the sender of a push.
#[derive(Debug, Clone, PartialEq)]
pub struct PassiveReply {
    /// The member who wrote: `FromUserName` of the push.
    pub to_user: String,
    /// The corp id: `ToUserName` of the push.
    pub from_user: String,
    /// Unix seconds.
    pub create_time: i64,
    /// What to say.
    pub content: ReplyContent,
}

/// What a passive reply can hold. WeCom cuts what is too long.
#[derive(Debug, Clone, PartialEq)]
pub enum ReplyContent {
    /// A text of at most 2,048 bytes.
    Text {
        /// The text.
        content: String,
    },
    /// A picture.
    Image {
        /// Uploaded beforehand.
        media_id: String,
    },
    /// A voice message.
    Voice {
        /// Uploaded beforehand.
        media_id: String,
    },
    /// A video.
    Video {
        /// Uploaded beforehand.
        media_id: String,
        /// At most 128 bytes.
        title: Option<String>,
        /// At most 512 bytes.
        description: Option<String>,
    },
    /// One to eight articles.
    News(Vec<Article>),
    /// Disables the button of the card that was clicked. Only to a template card event.
    UpdateButton {
        /// What the button says from now on.
        replace_name: String,
    },
    /// Replaces the card that was clicked. Only to a template card event.
    UpdateTemplateCard(Box<TemplateCard>),
}

/// An article of a news reply.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Article {
    /// At most 128 bytes.
    pub title: String,
    /// At most 512 bytes.
    pub description: Option<String>,
    /// Address of the picture.
    pub pic_url: Option<String>,
    /// Address of the page.
    pub url: Option<String>,
}

impl PassiveReply {
    /// The XML to seal.
    #[must_use]
    pub fn to_xml(&self) -> String {
        let mut xml = XmlWriter::default();
        xml.parent("xml", |xml| {
            xml.text("ToUserName", &self.to_user);
            xml.text("FromUserName", &self.from_user);
            xml.number("CreateTime", self.create_time);
            self.content.write(xml);
        });
        xml.out
    }
}

/// The envelope to return.
#[must_use]
pub fn envelope_xml(sealed: &Sealed) -> String {
    let mut xml = XmlWriter::default();
    xml.parent("xml", |xml| {
        xml.text("Encrypt", &sealed.encrypt);
        xml.text("MsgSignature", &sealed.signature);
        xml.number("TimeStamp", sealed.timestamp);
        xml.text("Nonce", &sealed.nonce);
    });
    xml.out
}

impl ReplyContent {
    fn write(&self, xml: &mut XmlWriter) {
        xml.text("MsgType", self.msg_type());
        match self {
            Self::Text { content } => xml.text("Content", content),
            Self::Image { media_id } => xml.parent("Image", |xml| xml.text("MediaId", media_id)),
            Self::Voice { media_id } => xml.parent("Voice", |xml| xml.text("MediaId", media_id)),
            Self::Video {
                media_id,
                title,
                description,
            } => xml.parent("Video", |xml| {
                xml.text("MediaId", media_id);
                xml.optional("Title", title.as_deref());
                xml.optional("Description", description.as_deref());
            }),
            Self::News(articles) => {
                xml.number("ArticleCount", articles.len());
                xml.parent("Articles", |xml| {
                    articles.iter().for_each(|article| article.write(xml));
                });
            }
            Self::UpdateButton { replace_name } => {
                xml.parent("Button", |xml| xml.text("ReplaceName", replace_name));
            }
            Self::UpdateTemplateCard(card) => xml.card(card),
        }
    }

    const fn msg_type(&self) -> &'static str {
        match self {
            Self::Text { .. } => "text",
            Self::Image { .. } => "image",
            Self::Voice { .. } => "voice",
            Self::Video { .. } => "video",
            Self::News(_) => "news",
            Self::UpdateButton { .. } => "update_button",
            Self::UpdateTemplateCard(_) => "update_template_card",
        }
    }
}

impl Article {
    fn write(&self, xml: &mut XmlWriter) {
        xml.parent("item", |xml| {
            xml.text("Title", &self.title);
            xml.optional("Description", self.description.as_deref());
            xml.optional("PicUrl", self.pic_url.as_deref());
            xml.optional("Url", self.url.as_deref());
        });
    }
}

/// Writes elements without layout. Names are ours; every text goes into CDATA.
#[derive(Default)]
struct XmlWriter {
    out: String,
}

impl XmlWriter {
    fn parent(&mut self, name: &str, write: impl FnOnce(&mut Self)) {
        self.out.extend(["<", name, ">"]);
        write(self);
        self.out.extend(["</", name, ">"]);
    }

    fn text(&mut self, name: &str, text: &str) {
        self.parent(name, |xml| xml.cdata(text));
    }

    fn optional(&mut self, name: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.text(name, text);
        }
    }

    fn number(&mut self, name: &str, number: impl std::fmt::Display) {
        self.parent(name, |xml| {
            // Writing to a String cannot fail.
            let written = write!(xml.out, "{number}");
            debug_assert!(written.is_ok());
        });
    }

    /// `]]>` would end the section, so it is divided between two.
    fn cdata(&mut self, text: &str) {
        self.out.push_str("<![CDATA[");
        for (index, piece) in text.split("]]>").enumerate() {
            if index > 0 {
                self.out.push_str("]]]]><![CDATA[>");
            }
            self.out.extend(piece.chars().filter(|&c| is_xml(c)));
        }
        self.out.push_str("]]>");
    }

    fn card(&mut self, card: &TemplateCard) {
        // The model has only string keys, so it always has a JSON form.
        let json = serde_json::to_value(card).unwrap_or_default();
        self.json("TemplateCard", &json);
    }

    /// Lists become repeated siblings, as the card's XML wants them.
    fn json(&mut self, name: &str, value: &Value) {
        match value {
            Value::Null => {}
            Value::Bool(value) => self.number(name, value),
            Value::Number(value) => self.number(name, value),
            Value::String(value) => self.text(name, value),
            Value::Array(items) => items.iter().for_each(|item| self.json(name, item)),
            Value::Object(members) => self.parent(name, |xml| {
                for (key, value) in members {
                    xml.json(&card_element(name, key), value);
                }
            }),
        }
    }
}

/// XML has no way at all to hold the other control characters.
fn is_xml(c: char) -> bool {
    !matches!(c, '\0'..='\x08' | '\x0b' | '\x0c' | '\x0e'..='\x1f' | '\u{fffe}' | '\u{ffff}')
}

/// The element that stands for a JSON member of a card.
fn card_element(parent: &str, key: &str) -> String {
    match key {
        "keyname" => "KeyName".to_owned(),
        "userid" => "UserId".to_owned(),
        "pagepath" => "PagePath".to_owned(),
        "checkbox" => "CheckBox".to_owned(),
        // The documentation spells this one in two ways.
        "appid" if matches!(parent, "QuoteArea" | "ImageTextArea") => "Appid".to_owned(),
        "appid" => "AppId".to_owned(),
        _ => key.split('_').flat_map(capitalised).collect(),
    }
}

fn capitalised(word: &str) -> impl Iterator<Item = char> {
    let mut letters = word.chars();
    let first = letters.next().map(|c| c.to_ascii_uppercase());
    first.into_iter().chain(letters)
}

#[cfg(test)]
mod tests;
