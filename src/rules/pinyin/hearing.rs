//! A text as it sounds: every place leads on to later places by sounds.

use std::ops::Range;

use super::typed::{syllables, unmarked};
use super::{READINGS, Sound};
use crate::rules::normalize::{is_sign, normal};

/// A character of a text that is heard.
#[derive(Debug)]
struct Heard {
    c: char,
    /// Its bytes in the original text.
    start: u32,
    end: u32,
    /// What separates syllables stands before it.
    apart: bool,
}

/// A text as it sounds.
#[derive(Debug)]
pub(super) struct Hearing {
    chars: Vec<Heard>,
    /// Typed syllables as (from, to, sound), in order.
    typed: Vec<(usize, usize, Sound)>,
}

impl Hearing {
    /// Listens to a text; `loose` overlooks signs.
    pub(super) fn new(text: &str, loose: bool) -> Self {
        let mut chars: Vec<Heard> = Vec::new();
        let mut apart = false;
        let mut all = text.char_indices().peekable();
        while let Some((at, c)) = all.next() {
            let Some(normal) = normal(c) else {
                apart |= c.is_whitespace();
                continue;
            };
            let after_letter = chars.last().is_some_and(|last| is_letter(last.c));
            let mut before_letter = || {
                all.peek()
                    .is_some_and(|(_, next)| is_letter(unmarked(*next)))
            };
            let apostrophe = matches!(normal, '\'' | '’' | '‘' | '`');
            if (apostrophe && after_letter && before_letter()) || (loose && is_sign(normal)) {
                apart = true;
                continue;
            }
            let number = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
            chars.push(Heard {
                c: unmarked(normal),
                start: number(at),
                end: number(at + c.len_utf8()),
                apart: std::mem::take(&mut apart),
            });
        }
        let typed = typed(&chars);
        Self { chars, typed }
    }

    /// How many places there are.
    pub(super) fn len(&self) -> usize {
        self.chars.len()
    }

    /// Calls `step` with every sound that leads on from a place, and the place it leads to.
    pub(super) fn sounds_from(&self, from: usize, mut step: impl FnMut(Sound, usize)) {
        let Some(heard) = self.chars.get(from) else {
            return;
        };
        let readings = READINGS.of(heard.c);
        for sound in readings {
            step(*sound, from + 1);
        }
        if readings.is_empty() {
            step(Sound::itself(heard.c), from + 1);
        }
        let first = self.typed.partition_point(|one| one.0 < from);
        let here = self.typed[first..].iter();
        for (_, to, sound) in here.take_while(|one| one.0 == from) {
            step(*sound, *to);
            // `tui4 kuan3`: the digit only says the tone.
            let tone = self.chars.get(*to).map(|next| (next.c, next.apart));
            if matches!(tone, Some(('1'..='5', false))) {
                step(*sound, to + 1);
            }
        }
    }

    /// The bytes of the original text between two places.
    pub(super) fn original(&self, places: Range<usize>) -> Range<u32> {
        match self.chars.get(places.clone()) {
            Some([first, .., last]) => first.start..last.end,
            Some([only]) => only.start..only.end,
            _ => 0..0,
        }
    }
}

fn is_letter(c: char) -> bool {
    normal(c).is_some_and(|c| c.is_ascii_lowercase())
}

/// The syllables of all typed letters.
fn typed(chars: &[Heard]) -> Vec<(usize, usize, Sound)> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        let letters: String = chars[at..]
            .iter()
            .enumerate()
            .take_while(|(ahead, one)| one.c.is_ascii_lowercase() && (*ahead == 0 || !one.apart))
            .map(|(_, one)| one.c)
            .collect();
        let syllables = syllables(&letters, &READINGS.typed);
        found.extend(
            syllables
                .into_iter()
                .map(|one| (at + one.start, at + one.end, one.sound)),
        );
        at += letters.len().max(1);
    }
    found
}
