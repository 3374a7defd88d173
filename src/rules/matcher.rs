//! Which words occur in a text, and which rules that makes worth a look.
//!
//! All words of all rules, and the literals that patterns cannot do without, are in one
//! dictionary: a message costs what it contains, not what the rules contain. Words for which
//! signs are overlooked have a dictionary of their own, words that are looked for by their
//! sound a trie; both cost nothing while no rule asks for them. Patterns without a
//! literal share one [`RegexSet`].

use std::collections::HashMap;

use regex::{RegexSet, RegexSetBuilder};
use regex_syntax::hir::literal::{ExtractKind, Extractor, Seq};

use super::dictionary::Dictionary;
pub use super::dictionary::TooMany;
use super::hits::{Hit, Read, Reading};
pub use super::hits::{Hits, WordId};
use super::model::{How, Rule};
use super::normalize::{normalize, seen, without_signs};
use super::pinyin::{self, Trie, TrieBuilder};
use super::words::{Word, WordList};

/// A compiled pattern may take this much memory.
pub const PATTERN_BYTES: usize = 1024 * 1024;
/// A pattern with more alternatives than this is cheaper in the common set.
const MOST_LITERALS: usize = 64;

/// Gives each normal form one number in each of the ways in which texts are read.
#[derive(Debug, Default)]
pub struct Words {
    ids: [HashMap<Box<str>, WordId>; Reading::ALL.len()],
}

impl Words {
    /// The number of a word that is looked for in this way; `None` if nothing of it is left
    /// after normalising.
    pub fn intern(&mut self, word: &str, how: How, loose: bool) -> Option<WordId> {
        let stripped = loose.then(|| without_signs(word)).flatten();
        let loose = stripped.is_some();
        let normal = stripped.map_or_else(|| normalize(word), Into::into);
        if normal.is_empty() {
            return None;
        }
        let reading = match (how == How::Pinyin && pinyin::sounds(&normal), loose) {
            (false, false) => Reading::Plain,
            (false, true) => Reading::Loose,
            (true, false) => Reading::Sound,
            (true, true) => Reading::LooseSound,
        };
        let next = WordId(u32::try_from(self.len()).ok()?);
        let ids = &mut self.ids[reading as usize];
        if let Some(id) = ids.get(&*normal) {
            return Some(*id);
        }
        ids.insert(normal.into(), next);
        Some(next)
    }

    fn len(&self) -> usize {
        self.ids.iter().map(HashMap::len).sum()
    }
}

/// Finds words and candidate rules.
#[derive(Default)]
pub struct Matcher {
    plain: Dictionary,
    loose: Dictionary,
    sounds: Trie,
    loose_sounds: Trie,
    postings: Postings,
    /// Rules that need no text.
    always: Vec<u32>,
    patterns: RegexSet,
    pattern_rules: Vec<u32>,
}

/// The rules that each word makes candidates.
#[derive(Default)]
struct Postings {
    of: Vec<Posting>,
    /// The rules of words that have several, one word after the other.
    lists: Vec<u32>,
}

/// Almost every word belongs to one rule, which is then not a second place to read.
#[derive(Clone)]
enum Posting {
    One(u32),
    List { from: u32, len: u32 },
}

impl Postings {
    fn new(mut posts: Vec<(WordId, u32)>, words: usize) -> Self {
        posts.sort_unstable();
        posts.dedup();
        let mut postings = Self {
            of: vec![Posting::List { from: 0, len: 0 }; words],
            lists: Vec::new(),
        };
        for rules in posts.chunk_by(|one, next| one.0 == next.0) {
            let word = rules[0].0.0 as usize;
            postings.of[word] = match rules {
                [(_, rule)] => Posting::One(*rule),
                several => {
                    let from = postings.lists.len() as u32;
                    postings.lists.extend(several.iter().map(|(_, rule)| rule));
                    let len = several.len() as u32;
                    Posting::List { from, len }
                }
            };
        }
        postings
    }

    fn add_to(&self, rules: &mut Vec<u32>, word: WordId) {
        match self.of[word.0 as usize] {
            Posting::One(rule) => rules.push(rule),
            Posting::List { from, len } => {
                let (from, len) = (from as usize, len as usize);
                rules.extend_from_slice(&self.lists[from..from + len]);
            }
        }
    }
}

/// The dictionary or the pattern set could not be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// Too many words.
    #[error("the words of all rules together are too many: {0}")]
    Words(#[from] TooMany),
    /// Too many or too large patterns.
    #[error("the patterns of all rules together are too large")]
    Patterns(#[source] regex::Error),
}

impl std::fmt::Debug for Matcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Matcher")
            .field("words", &self.postings.of.len())
            .field("patterns", &self.patterns.len())
            .finish_non_exhaustive()
    }
}

impl Matcher {
    /// Builds the dictionary of these rules, whose words are numbered in `words`.
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
        let postings = Postings::new(posts, words.len());
        let [plain, loose, sounds, loose_sounds] = words.ids;
        Ok(Self {
            plain: Dictionary::new(plain)?,
            loose: Dictionary::new(loose)?,
            sounds: trie(sounds),
            loose_sounds: trie(loose_sounds),
            postings,
            always,
            patterns,
            pattern_rules,
        })
    }

    /// The words that occur in a text as it came.
    #[must_use]
    pub fn scan<'t>(&self, text: &'t str) -> Hits<'t> {
        let mut found: Vec<Hit> = Vec::new();
        let mut read = Read {
            text,
            ..Read::default()
        };
        if !(self.plain.is_empty() && self.loose.is_empty()) {
            read.plain = seen(text);
        }
        self.plain.scan(&read.plain, |word, place| {
            found.push(Hit::new(word, place, Reading::Plain));
        });
        if !self.loose.is_empty() {
            read.overlook_signs();
        }
        self.loose.scan(&read.loose, |word, place| {
            found.push(Hit::new(word, place, Reading::Loose));
        });
        self.sounds.scan(text, false, |word, place| {
            found.push(Hit::new(word, place, Reading::Sound));
        });
        self.loose_sounds.scan(text, true, |word, place| {
            found.push(Hit::new(word, place, Reading::LooseSound));
        });
        Hits::new(read, found)
    }

    /// The rules worth a look, in order: those that need no text and those of which a
    /// necessary word or pattern occurs.
    #[must_use]
    pub fn candidates(&self, hits: &Hits<'_>, original: &str) -> Vec<u32> {
        let mut rules = self.always.clone();
        for hit in &hits.found {
            self.postings.add_to(&mut rules, hit.word);
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

fn trie(words: HashMap<Box<str>, WordId>) -> Trie {
    let mut trie = TrieBuilder::default();
    for (word, id) in words {
        trie.add(&word, id);
    }
    trie.build()
}

/// Words one of which occurs in every text that the pattern matches, if there are such.
fn required(pattern: &str, words: &mut Words) -> Option<Vec<WordId>> {
    let hir = regex_syntax::parse(pattern).ok()?;
    let useful = |kind: ExtractKind| {
        let seq = Extractor::new().kind(kind).extract(&hir);
        literals(&seq)
    };
    let found = useful(ExtractKind::Prefix).or_else(|| useful(ExtractKind::Suffix))?;
    found
        .iter()
        .map(|literal| words.intern(literal, How::Contains, false))
        .collect()
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
