//! How texts sound: toneless syllables, from characters and from typed pinyin.
//!
//! A character sounds in each of its readings: 行 is `xing` and `hang`. Typed letters are
//! read as standard orthography reads them: an apostrophe or a space separates syllables,
//! and one that begins with a, o or e is set off that way unless there is no other reading.
//! So `xian` is 先 and `xi'an` is 西安, `fangan` is 反感 and `fang'an` is 方案. Letters that
//! are not wholly syllables, such as `order`, are no pinyin.

use std::collections::HashMap;
use std::sync::LazyLock;

use pinyin::{Pinyin, ToPinyinMulti as _};

use super::normalize::normal;

mod hearing;
mod trie;
mod typed;

pub(super) use trie::{Trie, TrieBuilder};

/// One sound: a syllable, or a character that stands for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Sound(u32);

impl Sound {
    /// Characters end far below.
    const SYLLABLES: u32 = 0x8000_0000;

    fn syllable(number: u16) -> Self {
        Self(Self::SYLLABLES | u32::from(number))
    }

    fn itself(c: char) -> Self {
        Self(u32::from(c))
    }
}

/// The characters that have readings; normal forms beyond are rare and stand for themselves.
const FIRST: char = '\u{3400}';
const LAST: char = '\u{9FFF}';

/// What every character sounds like.
struct Readings {
    /// `sounds[starts[c]..starts[c + 1]]` are the readings of character `FIRST + c`.
    starts: Vec<u32>,
    sounds: Vec<Sound>,
    /// The syllables that people type.
    typed: HashMap<&'static str, Sound>,
}

/// Made when the first rule asks for sounds: a millisecond and 200 KB.
static READINGS: LazyLock<Readings> = LazyLock::new(Readings::new);

impl Readings {
    fn new() -> Self {
        let mut numbers: HashMap<&'static str, Sound> = HashMap::new();
        let mut starts = vec![0];
        let mut sounds = Vec::new();
        for c in FIRST..=LAST {
            let from = sounds.len();
            let readings = c.to_pinyin_multi().into_iter().flatten();
            for name in readings.map(Pinyin::plain) {
                let next = u16::try_from(numbers.len()).unwrap_or(u16::MAX);
                let sound = *numbers.entry(name).or_insert(Sound::syllable(next));
                if !sounds[from..].contains(&sound) {
                    sounds.push(sound);
                }
            }
            starts.push(u32::try_from(sounds.len()).unwrap_or(u32::MAX));
        }
        let typed = typed::names(&numbers);
        Self {
            starts,
            sounds,
            typed,
        }
    }

    /// The readings of a character in normal form; none if it stands for itself.
    fn of(&self, c: char) -> &[Sound] {
        if !(FIRST..=LAST).contains(&c) {
            return &[];
        }
        let at = c as usize - FIRST as usize;
        &self.sounds[self.starts[at] as usize..self.starts[at + 1] as usize]
    }
}

/// Whether a word has characters that sound; a word without is looked for as text.
pub(super) fn sounds(word: &str) -> bool {
    let normal = word.chars().filter_map(normal);
    normal.into_iter().any(|c| !READINGS.of(c).is_empty())
}

/// Every character of a word in normal form as the set of its sounds.
pub(super) fn sounds_of(word: &str) -> Vec<Box<[Sound]>> {
    let of = |c| {
        let mut sounds = READINGS.of(c).to_vec();
        if sounds.is_empty() {
            sounds.push(Sound::itself(c));
        }
        sounds.sort_unstable();
        sounds.into_boxed_slice()
    };
    word.chars().map(of).collect()
}

#[cfg(test)]
mod tests;
