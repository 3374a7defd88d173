//! The words that occur in one text.

use std::ops::Range;

use super::model::How;
use super::normalize::{Seen, is_sign, original};

/// A word as rules look for it: its normal form and the way in which texts are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WordId(pub(super) u32);

/// The ways in which a text is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// Its characters in normal form.
    Plain,
    /// The same without signs.
    Loose,
    /// By its sound.
    Sound,
    /// By its sound, without signs.
    LooseSound,
}

impl Reading {
    pub(super) const ALL: [Self; 4] = [Self::Plain, Self::Loose, Self::Sound, Self::LooseSound];
}

/// Where a word occurs: in characters of the text as it was read, or in bytes of the original
/// if it was found by its sound.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hit {
    pub(super) word: WordId,
    pub(super) start: u32,
    pub(super) end: u32,
    reading: Reading,
    prefix: bool,
    suffix: bool,
    exact: bool,
}

impl Hit {
    pub(super) fn new(word: WordId, place: Range<u32>, reading: Reading) -> Self {
        Self {
            word,
            start: place.start,
            end: place.end,
            reading,
            prefix: place.start == 0,
            suffix: false,
            exact: false,
        }
    }
}

/// The words that occur in one text.
#[derive(Debug, Default)]
pub struct Hits<'t> {
    read: Read<'t>,
    /// In the order of the words, one for each.
    pub(super) found: Vec<Hit>,
}

/// A text as it is read.
#[derive(Debug, Default)]
pub(super) struct Read<'t> {
    /// As it came.
    pub(super) text: &'t str,
    /// Empty if nobody asks for it.
    pub(super) plain: Vec<Seen>,
    /// The same without signs; empty if nobody asks for it.
    pub(super) loose: Vec<Seen>,
}

impl Read<'_> {
    /// Reads without signs what was read plainly.
    pub(super) fn overlook_signs(&mut self) {
        let plain = self.plain.iter().copied();
        self.loose = plain.filter(|seen| !is_sign(seen.c)).collect();
    }
}

impl<'t> Hits<'t> {
    /// Hits in any order, several for a word if it occurs several times.
    pub(super) fn new(read: Read<'t>, mut found: Vec<Hit>) -> Self {
        for hit in &mut found {
            let len = match hit.reading {
                Reading::Plain => read.plain.len(),
                Reading::Loose => read.loose.len(),
                // Words are looked for by their sound anywhere in a text.
                Reading::Sound | Reading::LooseSound => continue,
            };
            hit.suffix = hit.end as usize == len;
            hit.exact = hit.prefix && hit.suffix;
        }
        if found.len() > 1 {
            found.sort_unstable_by_key(|hit| (hit.word, hit.start, hit.end));
            found.dedup_by(|later, first| {
                let same = later.word == first.word;
                if same {
                    first.prefix |= later.prefix;
                    first.suffix |= later.suffix;
                }
                same
            });
        }
        Self { read, found }
    }

    /// The words that occur.
    pub fn words(&self) -> impl Iterator<Item = WordId> {
        self.found.iter().map(|hit| hit.word)
    }

    /// Where the word occurs in the asked way, in bytes of the original text.
    #[must_use]
    pub fn find(&self, word: WordId, how: How) -> Option<Range<usize>> {
        let at = self
            .found
            .binary_search_by_key(&word, |hit| hit.word)
            .ok()?;
        let hit = &self.found[at];
        let (start, end) = (hit.start as usize, hit.end as usize);
        let chars = match hit.reading {
            Reading::Plain => &self.read.plain,
            Reading::Loose => &self.read.loose,
            Reading::Sound | Reading::LooseSound => return Some(start..end),
        };
        let length = end - start;
        let chars = match how {
            How::Contains | How::Pinyin => &chars[start..end],
            How::Exact => hit.exact.then_some(&chars[..])?,
            How::Prefix => hit.prefix.then_some(&chars[..length])?,
            How::Suffix => hit.suffix.then_some(&chars[chars.len() - length..])?,
        };
        Some(original(self.read.text, chars))
    }
}
