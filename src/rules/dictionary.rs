//! Many words, found wherever they occur in a text.
//!
//! An automaton of 100,000 words is megabytes of states. Each character of a text leads to
//! one that is not in the processor's cache, and the next cannot be looked up before this one
//! is there. Here every place of a text is asked on its own whether a word begins as the text
//! does there. A small table of bits answers for almost all places, and those questions do
//! not wait for one another.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::ops::Range;

use super::hits::WordId;
use super::normalize::Seen;

/// How many characters a word must share with a text before the two are compared.
const LEAD: usize = 3;
/// No character has more bits.
const CHAR_BITS: u32 = 21;
/// So many bits of the filter for each beginning of words.
const FILTER_BITS: usize = 16;

/// The words are more than can be numbered.
#[derive(Debug, thiserror::Error)]
#[error("the words have more than {} characters together", u32::MAX)]
pub struct TooMany;

/// Finds words in normal form.
#[derive(Debug, Default)]
pub(super) struct Dictionary {
    /// The characters of all words, one word after the other.
    chars: Box<[char]>,
    /// In the order of their characters.
    words: Box<[Entry]>,
    groups: HashMap<Lead, Group, BuildHasherDefault<Mixed>>,
    filter: Filter,
    /// Whether there are words that are wholly compared with one, two, or three characters.
    lengths: [bool; LEAD],
}

/// The words that begin with the same characters.
#[derive(Debug)]
struct Group {
    first: u32,
    end: u32,
    /// The word, if it is the only one and ends with these characters: nothing is left to
    /// compare, and neither it nor its characters need be fetched.
    whole: Option<WordId>,
}

#[derive(Debug)]
struct Entry {
    /// Its place in `chars`.
    start: u32,
    end: u32,
    id: WordId,
    /// The longest other word of its group that it begins with.
    shorter: Option<u32>,
}

impl Dictionary {
    /// Of different words in normal form, none of them empty.
    pub(super) fn new<W: AsRef<str> + Ord>(
        words: impl IntoIterator<Item = (W, WordId)>,
    ) -> Result<Self, TooMany> {
        let mut sorted: Vec<(W, WordId)> = words.into_iter().collect();
        sorted.sort_unstable();
        let mut chars: Vec<char> = Vec::new();
        let mut words: Vec<Entry> = Vec::with_capacity(sorted.len());
        let mut groups: Vec<(Lead, Group)> = Vec::new();
        let mut lengths = [false; LEAD];
        for (word, id) in sorted {
            let start = number(chars.len())?;
            chars.extend(word.as_ref().chars());
            let end = number(chars.len())?;
            let (lead, length) = Lead::of(&chars[start as usize..]);
            lengths[length - 1] = true;
            let at = number(words.len())?;
            match groups.last_mut() {
                Some((last, group)) if *last == lead => {
                    group.end = at + 1;
                    group.whole = None;
                }
                _ => groups.push((
                    lead,
                    Group {
                        first: at,
                        end: at + 1,
                        whole: (end - start <= LEAD as u32).then_some(id),
                    },
                )),
            }
            let first = groups.last().map_or(at, |(_, group)| group.first);
            let shorter = beginning(&chars, &words, first, start as usize);
            words.push(Entry {
                start,
                end,
                id,
                shorter,
            });
        }
        Ok(Self {
            chars: chars.into_boxed_slice(),
            words: words.into_boxed_slice(),
            filter: Filter::new(groups.iter().map(|(lead, _)| *lead)),
            groups: groups.into_iter().collect(),
            lengths,
        })
    }

    /// Whether there are no words.
    pub(super) fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Calls `found` with every word in the text, and the characters that it takes up.
    pub(super) fn scan(&self, text: &[Seen], mut found: impl FnMut(WordId, Range<u32>)) {
        let mut window = Lead::default();
        for (at, seen) in text.iter().enumerate() {
            window = window.moved(seen.c);
            let mut ask = |length: usize| {
                let lead = window.last(length);
                if self.lengths[length - 1] && self.filter.may_have(lead) {
                    // A text begins with characters that are not there: no word has those.
                    if let Some(start) = (at + 1).checked_sub(length) {
                        self.words_at(start..at + 1, lead, text, &mut found);
                    }
                }
            };
            ask(1);
            ask(2);
            ask(3);
        }
    }

    /// The words that begin with `lead`, which the text has at `place`.
    #[inline(never)]
    fn words_at(
        &self,
        place: Range<usize>,
        lead: Lead,
        text: &[Seen],
        found: &mut impl FnMut(WordId, Range<u32>),
    ) {
        let Some(group) = self.groups.get(&lead) else {
            return;
        };
        let in_text = |chars: usize| u32::try_from(chars).unwrap_or(u32::MAX);
        let start = in_text(place.start);
        if let Some(word) = group.whole {
            return found(word, start..in_text(place.end));
        }
        let rest = &text[place.start..];
        let words = &self.words[group.first as usize..group.end as usize];
        // The last word that is not behind the text in the order of words: what the text
        // begins with is this word or the beginning of it.
        let behind = words.partition_point(|word| {
            let text = rest.iter().map(|seen| seen.c);
            self.chars_of(word).iter().copied().le(text)
        });
        let Some(last) = behind.checked_sub(1).map(|at| &words[at]) else {
            return;
        };
        let pairs = self.chars_of(last).iter().zip(rest);
        let common = pairs.take_while(|(c, seen)| **c == seen.c).count();
        let mut next = Some(last);
        while let Some(word) = next {
            let length = word.end - word.start;
            if length as usize <= common {
                found(word.id, start..start.saturating_add(length));
            }
            next = word.shorter.map(|at| &self.words[at as usize]);
        }
    }

    fn chars_of(&self, word: &Entry) -> &[char] {
        &self.chars[word.start as usize..word.end as usize]
    }
}

fn number(of: usize) -> Result<u32, TooMany> {
    u32::try_from(of).map_err(|_| TooMany)
}

/// The longest of the words from `first` on that the word at the end of `chars` begins with.
/// It is the word before it, or one that that word begins with.
fn beginning(chars: &[char], words: &[Entry], first: u32, start: usize) -> Option<u32> {
    let word = &chars[start..];
    let before = words.len().checked_sub(1)?;
    let mut next = u32::try_from(before).ok();
    while let Some(at) = next.filter(|at| *at >= first) {
        let entry = &words[at as usize];
        if word.starts_with(&chars[entry.start as usize..entry.end as usize]) {
            return Some(at);
        }
        next = entry.shorter;
    }
    None
}

/// Up to three characters as one number, the first in the lowest bits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
struct Lead(u64);

impl Lead {
    /// The beginning of a word and how long it is.
    fn of(word: &[char]) -> (Self, usize) {
        let length = word.len().clamp(1, LEAD);
        let all = word.iter().take(LEAD).fold(Self::default(), |lead, c| {
            // The window that `last` takes it from.
            lead.moved(*c)
        });
        (all.last(length), length)
    }

    /// The last three characters, one further on.
    fn moved(self, c: char) -> Self {
        Self(self.0 >> CHAR_BITS | u64::from(c) << (2 * CHAR_BITS))
    }

    /// The last so many of three characters.
    fn last(self, length: usize) -> Self {
        match length {
            1 => Self(self.0 >> (2 * CHAR_BITS)),
            2 => Self(self.0 >> CHAR_BITS),
            _ => self,
        }
    }

    /// All bits of it have a say in all bits of this.
    fn mixed(self) -> u64 {
        let product = self.0.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        product ^ (product >> 32)
    }
}

/// Says of most beginnings that no word has them.
#[derive(Debug, Default)]
struct Filter {
    blocks: Box<[u64]>,
    shift: u32,
}

impl Filter {
    fn new(leads: impl ExactSizeIterator<Item = Lead>) -> Self {
        let blocks = (leads.len() * FILTER_BITS / 64).next_power_of_two().max(2);
        let mut filter = Self {
            blocks: vec![0; blocks].into_boxed_slice(),
            shift: u64::BITS - blocks.trailing_zeros(),
        };
        for lead in leads {
            let (block, bits) = filter.place(lead);
            filter.blocks[block] |= bits;
        }
        filter
    }

    #[inline(always)]
    fn place(&self, lead: Lead) -> (usize, u64) {
        let mixed = lead.mixed();
        let bits = 1 << (mixed & 63) | 1 << (mixed >> 6 & 63);
        ((mixed >> self.shift) as usize, bits)
    }

    /// False if no word begins so.
    #[inline(always)]
    fn may_have(&self, lead: Lead) -> bool {
        let (block, bits) = self.place(lead);
        self.blocks[block] & bits == bits
    }
}

/// Hashes a [`Lead`]: operators choose the words, and the worst they can do is to be slow.
#[derive(Debug, Default)]
struct Mixed(u64);

impl Hasher for Mixed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = Lead(self.0.rotate_left(5) ^ number).mixed();
    }
}

#[cfg(test)]
mod tests;
