//! Rules that can never fire, because an earlier one always fires first and stops.

use std::collections::HashMap;

use super::Files;
use crate::diagnostic::{Diagnostic, Report};
use crate::domain::inbound::Channel;
use crate::rules::calendar::Calendar;
use crate::rules::model::{How, Mode, On, Rule, RuleSet, When};
use crate::rules::normalize::normalize;
use crate::rules::parse::carries;
use crate::rules::problems;
use crate::rules::words::WordList;

/// Of the rules that share a word or have none, the first so many are compared.
const MOST_COMPARED: usize = 16;
/// Lists whose product is larger are not compared.
const MOST_PAIRS: usize = 10_000;
/// The parts of words up to this many characters are looked up.
const MOST_CHARS: usize = 24;

/// Earlier rules that stop, by what a text must have to set them off.
#[derive(Default)]
struct Stopping<'s> {
    by_word: HashMap<String, Vec<&'s Rule>>,
    by_pattern: HashMap<&'s str, Vec<&'s Rule>>,
    textless: Vec<&'s Rule>,
}

pub(super) fn find(set: &RuleSet, files: &Files<'_>, report: &mut Report) {
    let mut earlier = Stopping::default();
    for rule in &set.rules {
        if rule.mode == Mode::Off {
            continue;
        }
        if let Some(by) = earlier.covering(rule, &set.calendar) {
            let found = Diagnostic::of(problems::COVERED)
                .value("id", rule.id.as_str())
                .value("by", by.id.as_str())
                .value("place", files.place_of(by));
            files.add(rule, rule.id.as_str(), found, report);
        }
        if always_stops(rule) {
            earlier.add(rule);
        }
    }
}

/// Whether the rule fires and stops each time its conditions hold.
fn always_stops(rule: &Rule) -> bool {
    rule.stop
        && rule.mode == Mode::On
        && rule.cooldown.is_none()
        && rule.limit.is_none()
        && rule.when.hits.is_none()
}

impl<'s> Stopping<'s> {
    fn add(&mut self, rule: &'s Rule) {
        let when = &rule.when;
        let keys: Vec<String> = if when.any.is_empty() {
            normals(&when.all).take(1).collect()
        } else {
            normals(&when.any).collect()
        };
        if !keys.is_empty() {
            for key in keys {
                push(self.by_word.entry(key).or_default(), rule);
            }
        } else if let Some(pattern) = &when.regex {
            push(
                self.by_pattern.entry(pattern.regex.as_str()).or_default(),
                rule,
            );
        } else {
            push(&mut self.textless, rule);
        }
    }

    /// An earlier rule that fires whenever this one could.
    fn covering(&self, rule: &Rule, calendar: &Calendar) -> Option<&'s Rule> {
        let covers = |earlier: &&&'s Rule| covers(earlier, rule, calendar);
        let found = self.textless.iter().find(covers);
        let found = found.or_else(|| {
            let pattern = rule.when.regex.as_ref()?.regex.as_str();
            self.by_pattern.get(pattern)?.iter().find(covers)
        });
        let found = found.or_else(|| {
            if self.by_word.is_empty() {
                return None;
            }
            // Whatever covers the rule has a word that is part of its first alternative, or
            // of one of the words that must all occur.
            let words = normals(&rule.when.any)
                .take(1)
                .chain(normals(&rule.when.all));
            words.into_iter().find_map(|word| {
                parts(&word).find_map(|part| self.by_word.get(part)?.iter().find(covers))
            })
        });
        found.copied()
    }
}

fn push<'s>(rules: &mut Vec<&'s Rule>, rule: &'s Rule) {
    if rules.len() < MOST_COMPARED {
        rules.push(rule);
    }
}

fn normals(words: &WordList) -> impl Iterator<Item = String> {
    let words = words.words().iter();
    words.map(|word| normalize(&word.text).into_owned())
}

/// All parts of a word, itself included.
pub(in crate::rules) fn parts(word: &str) -> impl Iterator<Item = &str> {
    let end = word.char_indices().nth(MOST_CHARS);
    let word = &word[..end.map_or(word.len(), |(at, _)| at)];
    word.char_indices().flat_map(move |(from, _)| {
        let rest = &word[from..];
        rest.char_indices()
            .map(move |(at, c)| &rest[..at + c.len_utf8()])
    })
}

/// Whether `earlier` fires whenever `later` could.
fn covers(earlier: &Rule, later: &Rule, calendar: &Calendar) -> bool {
    let tests = &earlier.when.contact;
    covers_trigger(&earlier.on, &later.on)
        && covers_channels(earlier, later)
        && (earlier.hours.is_none()
            || earlier.hours == later.hours
            || earlier.hours.is_some_and(|hours| calendar.is_always(hours)))
        && (earlier.from.is_none() || earlier.from == later.from)
        && (earlier.until.is_none() || earlier.until == later.until)
        && covers_types(&earlier.when.types, &later.when.types)
        && tests.iter().all(|test| later.when.contact.contains(test))
        && covers_text(&earlier.when, &later.when)
}

fn covers_trigger(earlier: &On, later: &On) -> bool {
    let any_change = |earlier: &On| match (earlier, later) {
        (
            On::Event {
                event,
                change: None,
            },
            On::Event { event: other, .. },
        ) => event == other,
        _ => false,
    };
    earlier == later || any_change(earlier)
}

fn covers_channels(earlier: &Rule, later: &Rule) -> bool {
    let all = [Channel::Kf, Channel::App, Channel::Aibot, Channel::Contact];
    let wanted = |channel: &Channel| {
        let named = later.channels.is_empty() || later.channels.contains(channel);
        named && carries(*channel, &later.on)
    };
    let mut wanted = all.iter().filter(|channel| wanted(channel));
    earlier.channels.is_empty() || wanted.all(|channel| earlier.channels.contains(channel))
}

fn covers_types(earlier: &[String], later: &[String]) -> bool {
    let within = || later.iter().all(|kind| earlier.contains(kind));
    earlier.is_empty() || (!later.is_empty() && within())
}

/// Whether every text that `later` takes is taken by `earlier`.
fn covers_text(earlier: &When, later: &When) -> bool {
    let pattern = match (&earlier.regex, &later.regex) {
        (None, _) => true,
        (Some(one), Some(other)) => one.regex.as_str() == other.regex.as_str(),
        (Some(_), None) => false,
    };
    let size =
        |when: &When| when.any.words().len() + when.all.words().len() + when.none.words().len();
    let small = size(earlier).saturating_mul(size(later)) <= MOST_PAIRS;
    pattern && small && Texts::new(earlier, later).covers()
}

/// The words of both in their normal form.
struct Texts<'w> {
    earlier: &'w When,
    later: &'w When,
    any: Vec<String>,
    all: Vec<String>,
}

impl<'w> Texts<'w> {
    fn new(earlier: &'w When, later: &'w When) -> Self {
        Self {
            earlier,
            later,
            any: normals(&later.any).collect(),
            all: normals(&later.all).collect(),
        }
    }

    fn covers(&self) -> bool {
        let wanted: Vec<String> = normals(&self.earlier.any).collect();
        let one_of = |word: &String| wanted.iter().any(|wanted| self.implies(word, wanted));
        let any = wanted.is_empty()
            || (!self.any.is_empty() && self.any.iter().all(one_of))
            || self.all.iter().any(one_of);
        any && normals(&self.earlier.all).all(|wanted| self.has(&wanted))
            && normals(&self.earlier.none).all(|word| self.lacks(&word))
    }

    /// Whether a text with `word`, found in the way of the later rule, has `wanted` in the
    /// way of the earlier.
    fn implies(&self, word: &str, wanted: &str) -> bool {
        if self.is_special() {
            return self.is_alike() && word == wanted;
        }
        match (self.earlier.how, self.later.how) {
            (How::Contains, _) => word.contains(wanted),
            (How::Exact, How::Exact) => word == wanted,
            (How::Prefix, How::Prefix | How::Exact) => word.starts_with(wanted),
            (How::Suffix, How::Suffix | How::Exact) => word.ends_with(wanted),
            _ => false,
        }
    }

    fn has(&self, wanted: &str) -> bool {
        (!self.any.is_empty() && self.any.iter().all(|word| self.implies(word, wanted)))
            || self.all.iter().any(|word| self.implies(word, wanted))
    }

    /// Whether a text that the later rule takes never has `word` in the way of the earlier.
    fn lacks(&self, word: &str) -> bool {
        let contains = self.later.how == How::Contains && !self.is_special();
        normals(&self.later.none).any(|excluded| {
            (self.is_alike() && excluded == word) || (contains && word.contains(&excluded))
        })
    }

    /// Signs overlooked, or sounds compared: only equal words are surely found alike.
    fn is_special(&self) -> bool {
        [self.earlier, self.later]
            .iter()
            .any(|when| when.loose || when.how == How::Pinyin)
    }

    fn is_alike(&self) -> bool {
        self.earlier.how == self.later.how && self.earlier.loose == self.later.loose
    }
}
