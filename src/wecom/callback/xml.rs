//! A small, tolerant tree over untrusted XML.
//!
//! quick-xml does the lexing; everything that makes XML dangerous is refused here: document
//! types, entities beyond the five predefined ones, processing instructions, deep nesting, NUL.
//! Text is borrowed from the input wherever it lies there in one piece.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::events::{BytesRef, Event};

/// Longest document that is read.
pub const MAX_BYTES: usize = 256 * 1024;
/// Deepest nesting that is read, the root included.
pub const MAX_DEPTH: usize = 16;

/// Why a document was not read. Shows nothing of its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum XmlError {
    /// Longer than [`MAX_BYTES`].
    #[error("the XML document is longer than {MAX_BYTES} bytes")]
    TooLarge,
    /// Nested deeper than [`MAX_DEPTH`].
    #[error("the XML document is nested deeper than {MAX_DEPTH} elements")]
    TooDeep,
    /// It has a document type, which could define entities.
    #[error("the XML document has a DOCTYPE")]
    Doctype,
    /// It has a processing instruction other than the XML declaration.
    #[error("the XML document has a processing instruction")]
    ProcessingInstruction,
    /// It refers to an entity that XML does not define itself.
    #[error("the XML document refers to an unknown entity")]
    UnknownEntity,
    /// It holds a NUL character.
    #[error("the XML document holds a NUL character")]
    Nul,
    /// Not well-formed.
    // quick-xml's own message can quote the document, so only its position is kept.
    #[error("the XML document is malformed near byte {position}")]
    Malformed {
        /// Offset in bytes at which reading stopped.
        position: u64,
    },
}

/// An element with its text and its children in document order. Attributes are ignored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Element<'x> {
    name: &'x str,
    text: Cow<'x, str>,
    has_cdata: bool,
    children: Vec<Element<'x>>,
}

impl<'x> Element<'x> {
    /// Reads a whole document and returns its root.
    ///
    /// # Errors
    /// When it is malformed, or holds something that is refused on principle.
    pub fn parse(document: &'x str) -> Result<Self, XmlError> {
        if document.len() > MAX_BYTES {
            return Err(XmlError::TooLarge);
        }
        if memchr::memchr(0, document.as_bytes()).is_some() {
            return Err(XmlError::Nul);
        }
        let document = document.strip_prefix('\u{feff}').unwrap_or(document);
        // The reader would pass over it without counting it in its places.
        if document.starts_with('\u{feff}') {
            return Err(XmlError::Malformed { position: 0 });
        }
        Builder::new(document).run()
    }

    /// The tag name.
    #[must_use]
    pub fn name(&self) -> &'x str {
        self.name
    }

    /// The text, exactly as written except for references and for white space around CDATA.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Children in document order, repeated names included.
    #[must_use]
    pub fn children(&self) -> &[Element<'x>] {
        &self.children
    }

    /// The text, given away.
    #[must_use]
    pub fn into_text(self) -> Cow<'x, str> {
        self.text
    }

    /// The children, given away.
    #[must_use]
    pub fn into_children(self) -> Vec<Element<'x>> {
        self.children
    }

    fn push_text(&mut self, piece: Cow<'x, str>) {
        if self.text.is_empty() {
            self.text = piece;
        } else {
            self.text.to_mut().push_str(&piece);
        }
    }

    /// Character data outside CDATA. What only lays out a CDATA section is not content.
    fn push_plain(&mut self, piece: Cow<'x, str>) {
        if !(self.has_cdata && is_blank(&piece)) {
            self.push_text(piece);
        }
    }

    fn push_cdata(&mut self, piece: Cow<'x, str>) {
        if !self.has_cdata && is_blank(&self.text) {
            self.text = Cow::Borrowed("");
        }
        self.has_cdata = true;
        self.push_text(piece);
    }

    /// White space between child elements is layout; in a leaf it is text.
    fn close(&mut self) {
        if !self.children.is_empty() && is_blank(&self.text) {
            self.text = Cow::Borrowed("");
        }
    }
}

struct Builder<'x> {
    document: &'x str,
    reader: Reader<&'x [u8]>,
    open: Vec<Element<'x>>,
    root: Option<Element<'x>>,
}

impl<'x> Builder<'x> {
    fn new(document: &'x str) -> Self {
        let mut reader = Reader::from_str(document);
        reader.config_mut().check_end_names = true;
        Self {
            document,
            reader,
            open: Vec::with_capacity(4),
            root: None,
        }
    }

    fn run(mut self) -> Result<Element<'x>, XmlError> {
        loop {
            match self.reader.read_event().map_err(|_| self.malformed())? {
                Event::Start(tag) => {
                    let name = self.name_before(">", &tag, tag.name().as_ref())?;
                    self.start(name)?;
                }
                Event::Empty(tag) => {
                    let name = self.name_before("/>", &tag, tag.name().as_ref())?;
                    self.start(name)?;
                    self.end()?;
                }
                Event::End(_) => self.end()?,
                Event::Text(text) => self.text(text.into_inner(), Element::push_plain)?,
                Event::CData(text) => self.text(text.into_inner(), Element::push_cdata)?,
                Event::GeneralRef(reference) => {
                    let resolved = self.resolve(&reference)?;
                    self.text(resolved, Element::push_text)?;
                }
                Event::Comment(_) | Event::Decl(_) => {}
                Event::DocType(_) => return Err(XmlError::Doctype),
                Event::PI(_) => return Err(XmlError::ProcessingInstruction),
                Event::Eof => break,
            }
        }
        match self.root.take() {
            Some(root) if self.open.is_empty() => Ok(root),
            _ => Err(self.malformed()),
        }
    }

    fn start(&mut self, name: &'x str) -> Result<(), XmlError> {
        if self.root.is_some() {
            return Err(self.malformed());
        }
        if self.open.len() == MAX_DEPTH {
            return Err(XmlError::TooDeep);
        }
        self.open.push(Element {
            name,
            ..Element::default()
        });
        Ok(())
    }

    fn end(&mut self) -> Result<(), XmlError> {
        let Some(mut element) = self.open.pop() else {
            return Err(self.malformed());
        };
        element.close();
        match self.open.last_mut() {
            Some(parent) => {
                // Callbacks have some eight elements; growing the list step by step costs more.
                if parent.children.capacity() == 0 {
                    parent.children.reserve(8);
                }
                parent.children.push(element);
            }
            None => self.root = Some(element),
        }
        Ok(())
    }

    fn text(
        &mut self,
        piece: Cow<'x, str>,
        push: fn(&mut Element<'x>, Cow<'x, str>),
    ) -> Result<(), XmlError> {
        match self.open.last_mut() {
            Some(element) => push(element, piece),
            None if is_blank(&piece) => {}
            None => return Err(self.malformed()),
        }
        Ok(())
    }

    /// The tag's name as a slice of the document, so that it can outlive the event.
    fn name_before(&self, close: &str, tag: &str, name: &str) -> Result<&'x str, XmlError> {
        let found = usize::try_from(self.reader.buffer_position())
            .ok()
            .and_then(|end| end.checked_sub(close.len() + tag.len()))
            .and_then(|start| self.document.get(start..start + name.len()))
            .filter(|found| !found.is_empty())
            .ok_or_else(|| self.malformed())?;
        debug_assert_eq!(found, name, "the reader stands behind the tag");
        Ok(found)
    }

    fn resolve(&self, reference: &BytesRef<'_>) -> Result<Cow<'x, str>, XmlError> {
        if let Some(c) = reference.resolve_char_ref().map_err(|_| self.malformed())? {
            return Ok(Cow::Owned(c.to_string()));
        }
        match &**reference {
            "amp" => Ok(Cow::Borrowed("&")),
            "lt" => Ok(Cow::Borrowed("<")),
            "gt" => Ok(Cow::Borrowed(">")),
            "quot" => Ok(Cow::Borrowed("\"")),
            "apos" => Ok(Cow::Borrowed("'")),
            _ => Err(XmlError::UnknownEntity),
        }
    }

    fn malformed(&self) -> XmlError {
        XmlError::Malformed {
            position: self.reader.error_position(),
        }
    }
}

fn is_blank(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_whitespace())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, proptest};

    use super::*;

    fn leaf(document: &str) -> String {
        Element::parse(document).unwrap().text().to_owned()
    }

    #[test]
    fn text_is_verbatim() {
        assert_eq!(leaf("<a> 你 好\r\n</a>"), " 你 好\r\n");
        assert_eq!(leaf("<a>1 &lt; 2 &amp;&#x4f60;&#33;</a>"), "1 < 2 &你!");
        assert_eq!(leaf("<a><![CDATA[ <b>&amp; ]]></a>"), " <b>&amp; ");
        assert_eq!(leaf("<a><![CDATA[x]]]]><![CDATA[>y]]></a>"), "x]]>y");
        assert_eq!(leaf("<a>\n  <![CDATA[x ]]>\n</a>"), "x ");
        assert_eq!(leaf("<a>one<!-- two -->three</a>"), "onethree");
        assert_eq!(leaf("<a/>"), "");
        assert_eq!(leaf("<a x='1' />"), "");
        assert_eq!(leaf("<a x=\"/>\">t</a>"), "t");
    }

    #[test]
    fn children_keep_order_and_repeats() {
        let document = "\u{feff}<?xml version=\"1.0\"?>\n<r>\n <i>1</i>\n <o/>\n <i>2</i>\n</r>\n";
        let root = Element::parse(document).unwrap();
        assert_eq!((root.name(), root.text()), ("r", ""));
        let children: Vec<_> = root.children().iter().map(|c| (c.name, c.text())).collect();
        assert_eq!(children, [("i", "1"), ("o", ""), ("i", "2")]);
    }

    #[test]
    fn attacks_are_refused() {
        let doctype = "<!DOCTYPE x [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;&a;\">]><x>&b;</x>";
        assert_eq!(Element::parse(doctype), Err(XmlError::Doctype));
        let external = "<!DOCTYPE x SYSTEM \"file:///etc/passwd\"><x/>";
        assert_eq!(Element::parse(external), Err(XmlError::Doctype));
        assert_eq!(Element::parse("<x>&a;</x>"), Err(XmlError::UnknownEntity));
        let pi = "<?php x ?><x/>";
        assert_eq!(Element::parse(pi), Err(XmlError::ProcessingInstruction));
        assert_eq!(Element::parse("<x>\0</x>"), Err(XmlError::Nul));
        let nul = Element::parse("<x>&#0;</x>");
        assert!(matches!(nul, Err(XmlError::Malformed { .. })));
        let long = format!("<x>{}</x>", "a".repeat(MAX_BYTES));
        assert_eq!(Element::parse(&long), Err(XmlError::TooLarge));
    }

    #[test]
    fn nesting_is_limited() {
        let nested = |depth: usize| "<d>".repeat(depth) + &"</d>".repeat(depth);
        assert!(Element::parse(&nested(MAX_DEPTH)).is_ok());
        assert_eq!(
            Element::parse(&nested(MAX_DEPTH + 1)),
            Err(XmlError::TooDeep)
        );
        let unclosed = "<d>".repeat(80_000);
        assert_eq!(Element::parse(&unclosed), Err(XmlError::TooDeep));
    }

    #[test]
    fn malformed_documents() {
        for bad in [
            "",
            "text",
            "<",
            "<>",
            "<a",
            "<a>",
            "</a>",
            "<a></b>",
            "<a/><b/>",
            "<a/>text",
            "<a>&</a>",
            "<a>&lt</a>",
            "<a><![CDATA[x</a>",
            "<a><!-- </a>",
            "< a></ a>",
            "<a>&#xD800;</a>",
        ] {
            let outcome = Element::parse(bad);
            assert!(matches!(outcome, Err(XmlError::Malformed { .. })), "{bad}");
        }
    }

    #[test]
    fn a_long_flat_document_is_fine() {
        let document = format!("<x>{}</x>", "<i>1</i>".repeat(30_000));
        assert_eq!(Element::parse(&document).unwrap().children().len(), 30_000);
    }

    proptest! {
        #[test]
        fn never_panics(document in any::<String>()) {
            let _ignored = Element::parse(&document);
        }

        #[test]
        fn never_panics_on_markup(document in r#"(</?[ab]?( c="d")?/?>|&(lt|#x?[0-9a]*)?;?|<!(--|\[CDATA\[)?|\]\]>|[\x00-\x20é]){0,40}"#) {
            let _ignored = Element::parse(&document);
        }
    }
}
