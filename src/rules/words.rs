//! The words of one list of a rule.

use std::ops::Range;
use std::sync::Arc;

use super::hits::{Hits, WordId};
use super::model::How;

/// Below this many words looking for each is cheaper than asking which occurred.
const FEW: usize = 8;

/// A word of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// As the operator wrote it.
    pub text: Arc<str>,
    /// Its normal form in the matcher.
    pub id: WordId,
    /// Of a long list that is at this place when it is ordered by number, the place of the
    /// word in the operator's order.
    ordered: u32,
}

impl Word {
    /// A word that is no part of a list yet.
    #[must_use]
    pub fn new(text: Arc<str>, id: WordId) -> Self {
        Self {
            text,
            id,
            ordered: 0,
        }
    }
}

/// The words of a list, in the operator's order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WordList {
    words: Box<[Word]>,
}

impl WordList {
    /// A list of different words.
    #[must_use]
    pub fn new(mut words: Vec<Word>) -> Self {
        if words.len() > FEW {
            let ids = words.iter().map(|word| word.id);
            let mut ordered: Vec<(WordId, u32)> = ids.zip(0_u32..).collect();
            ordered.sort_unstable();
            for (word, (_, place)) in words.iter_mut().zip(ordered) {
                word.ordered = place;
            }
        }
        Self {
            words: words.into_boxed_slice(),
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
        // So that a list of many thousand words costs no more than what occurred.
        let in_order = |word: &Word| self.words[word.ordered as usize].id;
        let occurring = hits.words().filter_map(|id| {
            let at = self.words.binary_search_by_key(&id, in_order).ok()?;
            let place = self.words[at].ordered as usize;
            occurs(&self.words[place]).map(|range| (place, range))
        });
        let (place, range) = occurring.min_by_key(|(place, _)| *place)?;
        Some((&self.words[place], range))
    }
}
