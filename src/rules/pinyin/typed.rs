//! Typed pinyin: which letters are syllables.

use std::collections::HashMap;

use super::Sound;

/// Readings of single rare characters or of none: nobody types them, and they would make
/// pinyin of foreign words.
const NOT_TYPED: [&str; 14] = [
    "bong", "cei", "din", "eng", "fiao", "kei", "len", "nia", "nun", "rua", "tei", "wong", "den",
    "lo",
];
/// The longest syllable is `zhuang`.
const LONGEST: usize = 6;

/// The syllables as they are typed: without marks, ü as v.
pub(super) fn names(numbers: &HashMap<&'static str, Sound>) -> HashMap<&'static str, Sound> {
    let mut names = HashMap::new();
    for (name, sound) in numbers {
        match *name {
            "lü" => names.extend([("lv", *sound)]),
            "nü" => names.extend([("nv", *sound)]),
            "lüe" => names.extend([("lve", *sound), ("lue", *sound)]),
            "nüe" => names.extend([("nve", *sound), ("nue", *sound)]),
            name if NOT_TYPED.contains(&name) || !name.contains(['a', 'e', 'i', 'o', 'u']) => {}
            name => names.extend([(name, *sound)]),
        }
    }
    names
}

/// A letter without its tone mark, in the form in which syllables are typed.
pub(super) fn unmarked(c: char) -> char {
    match c {
        'ā' | 'á' | 'ǎ' | 'à' => 'a',
        'ē' | 'é' | 'ě' | 'è' => 'e',
        'ī' | 'í' | 'ǐ' | 'ì' => 'i',
        'ō' | 'ó' | 'ǒ' | 'ò' => 'o',
        'ū' | 'ú' | 'ǔ' | 'ù' => 'u',
        'ü' | 'ǖ' | 'ǘ' | 'ǚ' | 'ǜ' => 'v',
        c => c,
    }
}

/// A syllable within typed letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Syllable {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) sound: Sound,
    /// It begins with a vowel behind other letters, where an apostrophe should stand.
    unmarked: bool,
}

/// The syllables of letters without anything between them: those of the readings that need
/// the fewest apostrophes, none if the letters are not wholly syllables.
pub(super) fn syllables(letters: &str, names: &HashMap<&'static str, Sound>) -> Vec<Syllable> {
    let mut all = Vec::new();
    for start in 0..letters.len() {
        for end in start + 1..=letters.len().min(start + LONGEST) {
            if let Some(sound) = letters.get(start..end).and_then(|part| names.get(part)) {
                all.push(Syllable {
                    start,
                    end,
                    sound: *sound,
                    unmarked: start > 0 && letters[start..].starts_with(['a', 'e', 'o']),
                });
            }
        }
    }
    // The fewest apostrophes with which each place is reached from the start, and the end
    // from each place.
    let mut before = vec![None; letters.len() + 1];
    let mut after = vec![None; letters.len() + 1];
    before[0] = Some(0);
    after[letters.len()] = Some(0);
    let fewer = |old: Option<u32>, new: u32| Some(old.map_or(new, |old: u32| old.min(new)));
    for one in &all {
        if let Some(cost) = before[one.start] {
            before[one.end] = fewer(before[one.end], cost + u32::from(one.unmarked));
        }
    }
    for one in all.iter().rev() {
        if let Some(cost) = after[one.end] {
            after[one.start] = fewer(after[one.start], cost + u32::from(one.unmarked));
        }
    }
    let best = before[letters.len()];
    all.retain(|one| {
        let through = before[one.start].zip(after[one.end]);
        through.map(|(before, after)| before + u32::from(one.unmarked) + after) == best
            && best.is_some()
    });
    all
}
