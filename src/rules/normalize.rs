//! One spelling for what people write in many: width, case, traditional characters,
//! white space and invisible characters do not tell two texts apart.
//!
//! The mapping works character by character, so a part of a text always becomes a part of
//! the normalised text. Matching relies on that.

use std::borrow::Cow;
use std::ops::Range;

/// For each character of the basic plane its normal form, or zero if it is dropped.
/// Generated from Unicode's NFKC and OpenCC's tables; a test regenerates and compares it.
static TABLE: &[u8; 0x2_0000] = include_bytes!("normalize.bin");

/// The same for the few characters beyond the basic plane that change: pairs of a character
/// and its normal form, in order.
static BEYOND: &[u8] = include_bytes!("normalize_beyond.bin");
const PAIR: usize = 8;

/// The normal form of one character; `None` if it is dropped.
#[inline]
pub(super) fn normal(c: char) -> Option<char> {
    let code = c as usize;
    if code >= 0x1_0000 {
        return beyond(c);
    }
    let mapped = u16::from_le_bytes([TABLE[code * 2], TABLE[code * 2 + 1]]);
    match mapped {
        0 => None,
        _ => char::from_u32(u32::from(mapped)),
    }
}

/// Rare, but for emoji: those are answered without a search.
fn beyond(c: char) -> Option<char> {
    match u32::from(c) {
        0x1F250..=0x1FFFF => return Some(c),
        // Invisible marks of shorthand and musical notation, selectors and tags.
        0x1_BCA0..=0x1_BCA3 | 0x1_D173..=0x1_D17A | 0xE_0000..=0xE_0FFF => return None,
        _ => {}
    }
    let number = |at: usize| {
        let bytes = BEYOND.get(at..at + 4).and_then(|four| four.try_into().ok());
        bytes.map_or(0, u32::from_le_bytes)
    };
    let (mut low, mut high) = (0, BEYOND.len() / PAIR);
    while low < high {
        let middle = low.midpoint(high);
        match number(middle * PAIR).cmp(&u32::from(c)) {
            std::cmp::Ordering::Less => low = middle + 1,
            std::cmp::Ordering::Greater => high = middle,
            std::cmp::Ordering::Equal => return char::from_u32(number(middle * PAIR + 4)),
        }
    }
    Some(c)
}

/// What is neither letter, character nor digit. Where signs are overlooked, these are.
#[inline]
pub(super) fn is_sign(c: char) -> bool {
    // The common characters need no table.
    !matches!(c, '\u{4E00}'..='\u{9FFF}' | 'a'..='z' | '0'..='9') && !c.is_alphanumeric()
}

/// The normal form of a text; borrowed when nothing changes.
#[must_use]
pub fn normalize(text: &str) -> Cow<'_, str> {
    let plain = |byte: &u8| byte.is_ascii_graphic() && !byte.is_ascii_uppercase();
    if text.as_bytes().iter().all(plain) {
        return Cow::Borrowed(text);
    }
    let Some(first) = text
        .char_indices()
        .find(|(_, c)| normal(*c) != Some(*c))
        .map(|(at, _)| at)
    else {
        return Cow::Borrowed(text);
    };
    let mut out = String::with_capacity(text.len());
    out.push_str(&text[..first]);
    out.extend(text[first..].chars().filter_map(normal));
    Cow::Owned(out)
}

/// The normal form of a word for texts in which signs are overlooked; `None` if the word
/// begins or ends with a sign, so that it cannot be found there: `C++`, `???`, `50%`.
#[must_use]
pub(super) fn without_signs(word: &str) -> Option<String> {
    let normal = normalize(word);
    let edges = [normal.chars().next()?, normal.chars().next_back()?];
    (!edges.into_iter().any(is_sign)).then(|| normal.chars().filter(|c| !is_sign(*c)).collect())
}

/// A character of a text as it is read: in normal form, and its first byte in the original.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) c: char,
    at: u32,
}

/// The characters of a text that are not dropped.
#[must_use]
pub(super) fn seen(text: &str) -> Vec<Seen> {
    let mut seen = Vec::with_capacity(text.chars().count());
    for (at, c) in text.char_indices() {
        if let Some(c) = normal(c) {
            let at = u32::try_from(at).unwrap_or(u32::MAX);
            seen.push(Seen { c, at });
        }
    }
    seen
}

/// The bytes of the original text that these characters of it came from.
#[must_use]
pub(super) fn original(text: &str, seen: &[Seen]) -> Range<usize> {
    let (Some(first), Some(last)) = (seen.first(), seen.last()) else {
        return 0..0;
    };
    let last = last.at as usize;
    let len = text[last..].chars().next().map_or(0, char::len_utf8);
    first.at as usize..last + len
}

#[cfg(test)]
mod tests;
