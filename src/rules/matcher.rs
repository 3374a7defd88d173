//! Which words occur in a text, and which rules that makes worth a look.
//!
//! All words of all rules, and the literals that patterns cannot do without, are in one
//! automaton: a message costs what it contains, not what the rules contain. Patterns without
//! such a literal share one [`RegexSet`].

use std::collections::HashMap;

use daachorse::{CharwiseDoubleArrayAhoCorasick, CharwiseDoubleArrayAhoCorasickBuilder};
use regex::{RegexSet, RegexSetBuilder};
use regex_syntax::hir::literal::{ExtractKind, Extractor, Seq};

use super::model::{How, Rule};
use super::normalize::normalize;
use super::words::{Word, WordList};

/// A compiled pattern may take this much memory.
pub const PATTERN_BYTES: usize = 1024 * 1024;
/// A pattern with more alternatives than this is cheaper in the common set.
const MOST_LITERALS: usize = 64;

/// A word in its normal form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WordId(u32);

/// Gives each normal form one number.
#[derive(Debug, Default)]
pub struct Words {
    ids: HashMap<Box<str>, WordId>,
}

impl Words {
    /// The number of a word; `None` if nothing of it is left after normalising.
    pub fn intern(&mut self, word: &str) -> Option<WordId> {
        let normal = normalize(word);
        if normal.is_empty() {
            return None;
        }
        if let Some(id) = self.ids.get(&*normal) {
            return Some(*id);
        }
        let id = WordId(u32::try_from(self.ids.len()).ok()?);
        self.ids.insert(normal.into(), id);
        Some(id)
    }
}

/// Finds words and candidate rules.
#[derive(Default)]
pub struct Matcher {
    automaton: Option<CharwiseDoubleArrayAhoCorasick<u32>>,
    /// `rules_of[starts[w]..starts[w + 1]]` are the rules that word `w` makes candidates.
    starts: Vec<u32>,
    rules_of: Vec<u32>,
    /// Rules that need no text.
    always: Vec<u32>,
    patterns: RegexSet,
    pattern_rules: Vec<u32>,
}

/// The automaton or the pattern set could not be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// Too many words.
    #[error("the words of all rules together are too many: {0}")]
    Words(String),
    /// Too many or too large patterns.
    #[error("the patterns of all rules together are too large")]
    Patterns(#[source] regex::Error),
}

/// Where a word occurs, in bytes of the normalised text.
#[derive(Debug, Clone, Copy)]
struct Hit {
    word: WordId,
    start: usize,
    end: usize,
    prefix: bool,
    suffix: bool,
    exact: bool,
}

/// The words that occur in one text.
#[derive(Debug, Default)]
pub struct Hits {
    found: Vec<Hit>,
    len: usize,
}

impl Hits {
    /// The words that occur.
    pub fn words(&self) -> impl Iterator<Item = WordId> {
        self.found.iter().map(|hit| hit.word)
    }

    /// Where the word occurs in the asked way, in bytes of the normalised text.
    #[must_use]
    pub fn find(&self, word: WordId, how: How) -> Option<std::ops::Range<usize>> {
        let at = self
            .found
            .binary_search_by_key(&word, |hit| hit.word)
            .ok()?;
        let hit = self.found[at];
        let length = hit.end - hit.start;
        match how {
            How::Contains | How::Pinyin => Some(hit.start..hit.end),
            How::Exact => hit.exact.then_some(0..self.len),
            How::Prefix => hit.prefix.then_some(0..length),
            How::Suffix => hit.suffix.then_some(self.len - length..self.len),
        }
    }
}

impl std::fmt::Debug for Matcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Matcher")
            .field("words", &self.starts.len().saturating_sub(1))
            .field("patterns", &self.patterns.len())
            .finish_non_exhaustive()
    }
}

impl Matcher {
    /// Builds the automaton of these rules, whose words are numbered in `words`.
    ///
    /// # Errors
    /// When the words or patterns are more than the engines can hold.
    pub fn build(rules: &[Rule], mut words: Words) -> Result<Self, BuildError> {
        let mut posts: Vec<(WordId, u32)> = Vec::new();
        let mut always = Vec::new();
        let mut sources = Vec::new();
        let mut pattern_rules = Vec::new();
        for (rule, index) in rules.iter().zip(0_u32..) {
            let when = &rule.when;
            if !when.any.is_empty() {
                posts.extend(when.any.words().iter().map(|word| (word.id, index)));
            } else if let Some(rarest) = longest(&when.all) {
                posts.push((rarest.id, index));
            } else if let Some(pattern) = &when.regex {
                match required(pattern.regex.as_str(), &mut words) {
                    Some(ids) => posts.extend(ids.into_iter().map(|id| (id, index))),
                    None => {
                        sources.push(pattern.regex.as_str());
                        pattern_rules.push(index);
                    }
                }
            } else {
                always.push(index);
            }
        }
        let patterns = RegexSetBuilder::new(&sources)
            .size_limit(PATTERN_BYTES.saturating_mul(sources.len() + 1))
            .build()
            .map_err(BuildError::Patterns)?;
        let (starts, rules_of) = postings(posts, words.ids.len());
        Ok(Self {
            automaton: automaton(words)?,
            starts,
            rules_of,
            always,
            patterns,
            pattern_rules,
        })
    }

    /// The words that occur in a normalised text.
    #[must_use]
    pub fn scan(&self, normalised: &str) -> Hits {
        let len = normalised.len();
        let mut found: Vec<Hit> = Vec::new();
        if let Some(automaton) = &self.automaton {
            found.extend(automaton.find_overlapping_iter(normalised).map(|found| {
                let (start, end) = (found.start(), found.end());
                Hit {
                    word: WordId(found.value()),
                    start,
                    end,
                    prefix: start == 0,
                    suffix: end == len,
                    exact: start == 0 && end == len,
                }
            }));
        }
        found.sort_unstable_by_key(|hit| (hit.word, hit.start));
        found.dedup_by(|later, first| {
            let same = later.word == first.word;
            if same {
                first.prefix |= later.prefix;
                first.suffix |= later.suffix;
            }
            same
        });
        Hits { found, len }
    }

    /// The rules worth a look, in order: those that need no text and those of which a
    /// necessary word or pattern occurs.
    #[must_use]
    pub fn candidates(&self, hits: &Hits, original: &str) -> Vec<u32> {
        let mut rules = self.always.clone();
        for hit in &hits.found {
            let word = hit.word.0 as usize;
            let (from, to) = (self.starts[word] as usize, self.starts[word + 1] as usize);
            rules.extend_from_slice(&self.rules_of[from..to]);
        }
        if !original.is_empty() && !self.patterns.is_empty() {
            let matched = self.patterns.matches(original);
            rules.extend(matched.iter().map(|at| self.pattern_rules[at]));
        }
        rules.sort_unstable();
        rules.dedup();
        rules
    }
}

/// The longest word is the rarest, as a rule.
fn longest(all: &WordList) -> Option<&Word> {
    all.words().iter().max_by_key(|word| word.text.len())
}

fn automaton(words: Words) -> Result<Option<CharwiseDoubleArrayAhoCorasick<u32>>, BuildError> {
    if words.ids.is_empty() {
        return Ok(None);
    }
    let mut patterns: Vec<(Box<str>, u32)> = words
        .ids
        .into_iter()
        .map(|(word, id)| (word, id.0))
        .collect();
    patterns.sort_unstable();
    CharwiseDoubleArrayAhoCorasickBuilder::new()
        .build_with_values(patterns)
        .map(Some)
        .map_err(|error| BuildError::Words(error.to_string()))
}

/// Sorted pairs as one array per side, indexed by word.
fn postings(mut posts: Vec<(WordId, u32)>, words: usize) -> (Vec<u32>, Vec<u32>) {
    posts.sort_unstable();
    posts.dedup();
    let mut starts = vec![0_u32; words + 1];
    for (word, _) in &posts {
        starts[word.0 as usize + 1] += 1;
    }
    for at in 1..starts.len() {
        starts[at] += starts[at - 1];
    }
    (starts, posts.into_iter().map(|(_, rule)| rule).collect())
}

/// Words one of which occurs in every text that the pattern matches, if there are such.
fn required(pattern: &str, words: &mut Words) -> Option<Vec<WordId>> {
    let hir = regex_syntax::parse(pattern).ok()?;
    let useful = |kind: ExtractKind| {
        let seq = Extractor::new().kind(kind).extract(&hir);
        literals(&seq)
    };
    let found = useful(ExtractKind::Prefix).or_else(|| useful(ExtractKind::Suffix))?;
    found.iter().map(|literal| words.intern(literal)).collect()
}

fn literals(seq: &Seq) -> Option<Vec<String>> {
    let literals = seq.literals()?;
    if literals.is_empty() || literals.len() > MOST_LITERALS {
        return None;
    }
    literals
        .iter()
        .map(|literal| {
            let text = std::str::from_utf8(literal.as_bytes()).ok()?;
            let normal = normalize(text);
            // One ASCII character occurs in almost every message.
            (normal.len() > 1).then(|| normal.into_owned())
        })
        .collect()
}
