//! Bytes to text, saying which encoding a file is in and going on as far as possible.

use super::{MAX_FILE_BYTES, problems};
use crate::diagnostic::{Diagnostic, Findings, Report, Source, Span};

/// The text of a file. A file in another encoding is reported and, where its text can be
/// had all the same, read on, so that its other mistakes are found in the same run.
pub fn decode(name: &str, bytes: &[u8], report: &mut Report) -> Option<Source> {
    if bytes.len() > MAX_FILE_BYTES {
        let mib = (MAX_FILE_BYTES / 1024 / 1024).to_string();
        let found = Diagnostic::of(problems::TOO_LARGE).value("mib", mib);
        report.push(found.at(name, Span::START));
        return None;
    }
    if let Some(rest) = bytes.strip_prefix(b"\xEF\xBB\xBF") {
        let source = decode(name, rest, report)?;
        Findings::new(&source, report).add(Span::START, Diagnostic::of(problems::BOM));
        return Some(source);
    }
    if let Some(encoding) = utf16(bytes) {
        let (text, _) = encoding.decode_with_bom_removal(bytes);
        let source = Source::new(name, text);
        Findings::new(&source, report).add(Span::START, Diagnostic::of(problems::UTF16));
        return Some(source);
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Some(Source::new(name, text)),
        Err(error) => Some(other_encoding(name, bytes, error.valid_up_to(), report)),
    }
}

fn utf16(bytes: &[u8]) -> Option<&'static encoding_rs::Encoding> {
    match bytes {
        [0xFF, 0xFE, ..] => Some(encoding_rs::UTF_16LE),
        [0xFE, 0xFF, ..] => Some(encoding_rs::UTF_16BE),
        // Without a mark, an ASCII letter betrays itself by the zero beside it.
        [first, 0, ..] if *first != 0 => Some(encoding_rs::UTF_16LE),
        [0, second, ..] if *second != 0 => Some(encoding_rs::UTF_16BE),
        _ => None,
    }
}

fn other_encoding(name: &str, bytes: &[u8], bad: usize, report: &mut Report) -> Source {
    let (text, broken) = encoding_rs::GB18030.decode_without_bom_handling(bytes);
    let (text, encoding) = if broken {
        (String::from_utf8_lossy(bytes), None)
    } else {
        (text, Some("GBK"))
    };
    let before = &bytes[..bad];
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let start = before
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |at| at + 1);
    let column = String::from_utf8_lossy(&before[start..]).chars().count() + 1;
    let source = Source::new(name, text);
    let kind = problems::NOT_UTF8;
    let found = match encoding {
        Some(encoding) => Diagnostic::of(kind).value("encoding", encoding),
        None => {
            let found = Diagnostic::new(kind.code, kind.severity, "check.not_text");
            found.help("check.not_utf8_help")
        }
    };
    Findings::new(&source, report).add(Span::new(line, column, 1), found);
    source
}
