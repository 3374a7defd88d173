//! The words that occur in one text.

use std::ops::Range;

use super::model::How;
use super::normalize::original_range;

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

/// Where a word occurs: in bytes of the text as it was read, or of the original if it was
/// found by its sound.
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
    text: &'t str,
    /// In the order of the words, one for each.
    pub(super) found: Vec<Hit>,
    /// How long the text is when it is read plainly and loosely.
    lens: [u32; 2],
    /// Up to here the original and both readings have the same bytes.
    same: [u32; 2],
}

/// One reading of the characters of a text.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Extent {
    /// Its length in bytes.
    pub(super) len: u32,
    /// Up to here it has the bytes of the original.
    pub(super) same: u32,
}

impl<'t> Hits<'t> {
    /// Hits in any order, several for a word if it occurs several times.
    pub(super) fn new(text: &'t str, mut found: Vec<Hit>, plain: Extent, loose: Extent) -> Self {
        let lens = [plain.len, loose.len];
        for hit in &mut found {
            let len = match hit.reading {
                Reading::Plain => plain.len,
                Reading::Loose => loose.len,
                // Words are looked for by their sound anywhere in a text.
                Reading::Sound | Reading::LooseSound => continue,
            };
            hit.suffix = hit.end == len;
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
        Self {
            text,
            found,
            lens,
            same: [plain.same, loose.same],
        }
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
        let length = hit.end - hit.start;
        let loose = match hit.reading {
            Reading::Plain => false,
            Reading::Loose => true,
            Reading::Sound | Reading::LooseSound => {
                return Some(hit.start as usize..hit.end as usize);
            }
        };
        let len = self.lens[usize::from(loose)];
        let range = match how {
            How::Contains | How::Pinyin => hit.start..hit.end,
            How::Exact => hit.exact.then_some(0..len)?,
            How::Prefix => hit.prefix.then_some(0..length)?,
            How::Suffix => hit.suffix.then_some(len - length..len)?,
        };
        let bytes = range.start as usize..range.end as usize;
        if range.end <= self.same[usize::from(loose)] {
            return Some(bytes);
        }
        Some(original_range(self.text, &bytes, loose))
    }
}
