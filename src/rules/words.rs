//! The words of one list of a rule.

use std::ops::Range;

use super::hits::{Hits, WordId};
use super::model::How;

/// Below this many words looking for each is cheaper than asking which occurred.
const FEW: usize = 8;

/// A word of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// As the operator wrote it.
    pub text: Box<str>,
    /// Its normal form in the matcher.
    pub id: WordId,
}

/// The words of a list, in the operator's order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WordList {
    words: Box<[Word]>,
    /// Sorted, so that a list of many thousand words costs no more than what occurred. Empty
    /// for a short list.
    places: Box<[(WordId, u32)]>,
}

impl WordList {
    /// A list of different words.
    #[must_use]
    pub fn new(words: Vec<Word>) -> Self {
        let mut places = Vec::new();
        if words.len() > FEW {
            places.extend(words.iter().map(|word| word.id).zip(0_u32..));
            places.sort_unstable();
        }
        Self {
            words: words.into_boxed_slice(),
            places: places.into_boxed_slice(),
        }
    }

    /// Whether it has no words.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// The words.
    #[must_use]
    pub fn words(&self) -> &[Word] {
        &self.words
    }

    /// The first word that occurs in the asked way, and where in the original text.
    #[must_use]
    pub fn first(&self, hits: &Hits<'_>, how: How) -> Option<(&Word, Range<usize>)> {
        let occurs = |word: &Word| hits.find(word.id, how);
        if self.words.len() <= FEW {
            return self
                .words
                .iter()
                .find_map(|word| Some((word, occurs(word)?)));
        }
        let occurring = hits.words().filter_map(|id| {
            let at = self.places.binary_search_by_key(&id, |(id, _)| *id).ok()?;
            let place = self.places[at].1 as usize;
            occurs(&self.words[place]).map(|range| (place, range))
        });
        let (place, range) = occurring.min_by_key(|(place, _)| *place)?;
        Some((&self.words[place], range))
    }
}
