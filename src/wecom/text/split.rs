//! Long texts become several messages.

use super::boundary::Clusters;
use std::ops::Range;

/// How good a place is for a cut, from worst to best.
#[derive(Clone, Copy)]
enum Quality {
    /// Inside a link, a URL or an emoji sequence.
    Character,
    /// Between two visible characters.
    Cluster,
    /// After a comma or a space.
    Phrase,
    /// After a sentence.
    Sentence,
    /// After a line.
    Line,
    /// After a blank line.
    Paragraph,
}

/// Number of [`Quality`] values.
const QUALITIES: usize = 6;

/// The longest UTF-8 character; a smaller limit could not hold every text.
const CHAR_MAX_BYTES: usize = 4;

/// Splits a text into pieces of at most `max_bytes` UTF-8 bytes.
///
/// Joined together the pieces are the text again. A cut falls after a
/// paragraph, else a line, a sentence, a phrase, as long as that fills at least
/// half a piece; links (`<a href>…</a>`, bare URLs) and emoji sequences are cut
/// only if they alone exceed a piece. A limit below 4 counts as 4. A long run of
/// blank lines may give a blank piece, which WeCom would refuse.
///
/// ```
/// use wecom_agent::wecom::text::split_text;
/// assert_eq!(split_text("你好。再见。", 12), ["你好。", "再见。"]);
/// ```
pub fn split_text(text: &str, max_bytes: usize) -> Vec<&str> {
    let max_bytes = max_bytes.max(CHAR_MAX_BYTES);
    let mut pieces = Vec::with_capacity(text.len() / max_bytes + 1);
    let links = links(text);
    let mut start = 0;
    while text.len() - start > max_bytes {
        let cut = best_cut(text, start, max_bytes, &links);
        pieces.push(&text[start..cut]);
        start = cut;
    }
    if start < text.len() {
        pieces.push(&text[start..]);
    }
    pieces
}

/// The end of the piece that begins at `start`; always beyond `start`.
fn best_cut(text: &str, start: usize, max_bytes: usize, links: &[Range<usize>]) -> usize {
    const PREFERENCE: [Quality; 5] = [
        Quality::Paragraph,
        Quality::Line,
        Quality::Sentence,
        Quality::Phrase,
        Quality::Cluster,
    ];
    let limit = text.floor_char_boundary(start + max_bytes);
    let last = last_cuts(text, start..limit, links);
    // A poor cut that fills the piece beats a good one that leaves it half empty.
    [start + max_bytes / 2, start]
        .into_iter()
        .flat_map(|least| PREFERENCE.map(|quality| (quality, least)))
        .find_map(|(quality, least)| last[quality as usize].filter(|at| *at > least))
        .unwrap_or(limit)
}

/// For each quality the last place in `window` that has it.
fn last_cuts(
    text: &str,
    window: Range<usize>,
    links: &[Range<usize>],
) -> [Option<usize>; QUALITIES] {
    let mut last = [None; QUALITIES];
    let mut clusters = Clusters::default();
    let mut links = &links[links.partition_point(|link| link.end <= window.start)..];
    for (offset, next) in text[window.start..].char_indices() {
        let at = window.start + offset;
        if at > window.end {
            break;
        }
        let between_clusters = clusters.starts_with(next);
        while links.first().is_some_and(|link| link.end <= at) {
            links = &links[1..];
        }
        let in_link = links.first().is_some_and(|link| link.start < at);
        if at > window.start {
            let quality = if in_link || !between_clusters {
                Quality::Character
            } else {
                quality(&text[window.start..at], next)
            };
            last[quality as usize] = Some(at);
        }
    }
    last
}

/// The quality of a cut after `before`, where `next` follows.
fn quality(before: &str, next: char) -> Quality {
    let last = before.chars().next_back();
    match last {
        // A run of line ends belongs to what it closes.
        Some('\n' | '\r') if matches!(next, '\n' | '\r') => Quality::Cluster,
        Some('\n') => {
            let line = before.trim_end_matches(['\n', '\r']);
            if before[line.len()..].matches('\n').count() > 1 {
                Quality::Paragraph
            } else {
                Quality::Line
            }
        }
        // A closing quotation mark belongs to its sentence.
        _ if matches!(
            next,
            '”' | '’' | '」' | '』' | '）' | '】' | '》' | ')' | '"'
        ) =>
        {
            Quality::Cluster
        }
        Some('。' | '！' | '？' | '…') if matches!(next, '。' | '！' | '？' | '…') => {
            Quality::Cluster
        }
        Some(' ') if before.trim_end_matches(' ').ends_with(['.', '!', '?']) => Quality::Sentence,
        Some(' ') if next == ' ' => Quality::Cluster,
        Some('”' | '」' | '』' | '）') if ends_sentence(before) => Quality::Sentence,
        Some('。' | '！' | '？' | '…') => Quality::Sentence,
        Some('，' | '、' | '；' | '：' | ' ' | '\t' | '\u{3000}') => Quality::Phrase,
        _ => Quality::Cluster,
    }
}

/// True if the last character closes a quotation that ends with its sentence.
fn ends_sentence(before: &str) -> bool {
    before
        .chars()
        .rev()
        .nth(1)
        .is_some_and(|c| matches!(c, '。' | '！' | '？' | '…'))
}

/// Ranges that must stay whole, in order and without overlap.
fn links(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(offset) = text[at..].find(['<', 'h']) {
        let start = at + offset;
        match link_end(&text[start..]) {
            Some(length) => {
                found.push(start..start + length);
                at = start + length;
            }
            None => at = start + 1,
        }
    }
    found
}

/// The length of the link that the text begins with.
fn link_end(text: &str) -> Option<usize> {
    if text.starts_with("<a ") {
        return text.find("</a>").map(|end| end + "</a>".len());
    }
    if text.starts_with("<@") {
        return text.find('>').map(|end| end + 1);
    }
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"))?;
    let url = rest
        .find(|c: char| !c.is_ascii_graphic() || matches!(c, '<' | '"'))
        .unwrap_or(rest.len());
    Some(text.len() - rest.len() + url)
}

#[cfg(test)]
mod tests;
