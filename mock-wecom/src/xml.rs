//! XML by literal templates on the way out and by a DOM on the way in.

use std::fmt::Write;

use roxmltree::{Document, Node};
use serde_json::{Map, Value};

/// A body under construction; elements appear in the order they are added.
#[derive(Debug)]
pub(crate) struct Xml(String);

impl Xml {
    pub(crate) fn new() -> Self {
        Self("<xml>".to_owned())
    }

    /// A text element, in CDATA.
    pub(crate) fn text(mut self, name: &str, value: &str) -> Self {
        self.push_text(name, value);
        self
    }

    /// A text element that is left out when there is nothing to say.
    pub(crate) fn maybe(mut self, name: &str, value: Option<&str>) -> Self {
        if let Some(value) = value {
            self.push_text(name, value);
        }
        self
    }

    /// A number element, bare.
    pub(crate) fn number(mut self, name: &str, value: impl std::fmt::Display) -> Self {
        // Writing into a String cannot fail.
        let _written = write!(self.0, "<{name}>{value}</{name}>");
        self
    }

    /// Elements from JSON: text in CDATA, numbers bare, objects nested, lists repeated.
    pub(crate) fn json(mut self, fields: &Map<String, Value>) -> Self {
        for (name, value) in fields {
            self.push_json(name, value);
        }
        self
    }

    pub(crate) fn end(mut self) -> String {
        self.0.push_str("</xml>");
        self.0
    }

    fn push_text(&mut self, name: &str, value: &str) {
        let value = value.replace("]]>", "]]]]><![CDATA[>");
        let _written = write!(self.0, "<{name}><![CDATA[{value}]]></{name}>");
    }

    fn push_json(&mut self, name: &str, value: &Value) {
        match value {
            Value::Null => {}
            Value::String(text) => self.push_text(name, text),
            Value::Array(items) => items.iter().for_each(|item| self.push_json(name, item)),
            Value::Object(fields) => {
                let _open = write!(self.0, "<{name}>");
                fields
                    .iter()
                    .for_each(|(name, value)| self.push_json(name, value));
                let _close = write!(self.0, "</{name}>");
            }
            bare => {
                let _written = write!(self.0, "<{name}>{bare}</{name}>");
            }
        }
    }
}

/// The direct children of the root as JSON: leaves are text, repeated names are lists.
pub(crate) fn read(text: &str) -> Result<Map<String, Value>, roxmltree::Error> {
    let document = Document::parse(text)?;
    Ok(children(document.root_element()))
}

fn children(node: Node<'_, '_>) -> Map<String, Value> {
    let mut out = Map::new();
    for child in node.children().filter(Node::is_element) {
        let value = if child.children().any(|inner| inner.is_element()) {
            Value::Object(children(child))
        } else {
            Value::String(child.children().filter_map(|inner| inner.text()).collect())
        };
        let name = child.tag_name().name().to_owned();
        match out.get_mut(&name) {
            None => drop(out.insert(name, value)),
            Some(Value::Array(list)) => list.push(value),
            Some(first) => *first = Value::Array(vec![first.take(), value]),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{Xml, read};
    use serde_json::json;

    #[test]
    fn templates_keep_order_and_wrap_text() {
        let fields = json!({"Scale": 16, "Items": {"Item": ["a", "b"]}});
        let body = Xml::new()
            .text("MsgType", "a]]>b")
            .number("CreateTime", 5)
            .json(fields.as_object().expect("an object"))
            .end();
        assert_eq!(
            body,
            "<xml><MsgType><![CDATA[a]]]]><![CDATA[>b]]></MsgType><CreateTime>5</CreateTime>\
             <Scale>16</Scale><Items><Item><![CDATA[a]]></Item><Item><![CDATA[b]]></Item></Items></xml>"
        );
        assert_eq!(read(&body).expect("xml")["MsgType"], "a]]>b");
    }

    #[test]
    fn a_document_type_is_refused() {
        assert!(read("<!DOCTYPE x [<!ENTITY e 'v'>]><xml><A>&e;</A></xml>").is_err());
    }
}
