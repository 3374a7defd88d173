//! Why a rule fired or did not, as data and for people.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::model::Place;
use crate::domain::ids::RuleId;
use crate::lang::Lang;

/// Every rule that was considered, in order.
///
/// It holds what operators wrote and places in the customer's text, never the text itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trace {
    /// The version of the rules.
    pub version: Arc<str>,
    /// The rules.
    pub steps: Vec<Step>,
}

/// One rule that was considered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Which.
    pub rule: RuleId,
    /// Its name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Arc<str>>,
    /// Where it is written.
    pub place: Place,
    /// What came of it.
    pub verdict: Verdict,
}

/// What came of considering a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// All conditions hold.
    Fired {
        /// It only observes.
        observe: bool,
        /// What was found in the text.
        found: Vec<Found>,
        /// What it does: key and, where there is one, the name of the target.
        actions: Vec<Deed>,
        /// Its cooldown in seconds, which begins now.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cooldown_secs: Option<u64>,
        /// It fired because this was the n-th match.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        times: Option<u32>,
        /// Its daily limit, and how much of it was used before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        used: Option<Used>,
        /// It leaves lower rules out.
        stop: bool,
    },
    /// A condition does not hold.
    Skipped(Reason),
    /// A higher rule said `stop`.
    NotReached {
        /// That rule.
        by: RuleId,
    },
}

/// A word or pattern that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// As the operator wrote it.
    pub word: Arc<str>,
    /// First byte in the customer's text.
    pub start: usize,
    /// End in the customer's text.
    pub end: usize,
}

/// How much of a daily limit is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Used {
    /// So often it fired today.
    pub used: u32,
    /// At most so often a day.
    pub max: u32,
}

/// An action in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deed {
    /// `tag`, `reply`, …
    pub action: Cow<'static, str>,
    /// The tag, template or receiver.
    pub target: String,
}

/// The first condition that does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// `mode: off`.
    Off,
    /// Only customers, members and the platform set rules off.
    Author,
    /// Something else happened.
    Trigger {
        /// What the rule waits for.
        wants: String,
    },
    /// Another channel.
    Channel {
        /// The rule's channels.
        wants: String,
    },
    /// Another type of message.
    Type {
        /// The rule's types.
        wants: String,
    },
    /// None of the words of `any` occurs.
    Any {
        /// The first few words.
        words: String,
    },
    /// A word of `all` does not occur.
    All {
        /// The word.
        word: String,
    },
    /// A word of `none` occurs.
    None {
        /// Where.
        found: Found,
    },
    /// The pattern does not match.
    Regex,
    /// The contact lacks a tag.
    HasTag {
        /// The tag.
        tag: String,
    },
    /// The contact carries a tag.
    NotTag {
        /// The tag.
        tag: String,
    },
    /// A value of the contact does not fit.
    Contact {
        /// Which.
        attribute: String,
        /// What the rule wants.
        wants: String,
        /// What is known; `None` if nothing is.
        actual: Option<String>,
    },
    /// Not valid yet.
    NotYet,
    /// Not valid any more.
    Over,
    /// Outside the hours.
    Hours {
        /// Their name.
        hours: String,
    },
    /// It fired for this contact a short while ago.
    Cooldown {
        /// Seconds until it can fire again.
        left_secs: u64,
    },
    /// It fires only at the n-th match, and this is an earlier one.
    Hits {
        /// Which match this is.
        have: u32,
        /// At which it fires.
        times: u32,
        /// Matches count for so many seconds.
        within_secs: u64,
    },
    /// It fired often enough today.
    Limit {
        /// So often.
        used: u32,
        /// At most so often a day.
        max: u32,
    },
}

impl Reason {
    /// The stable word that rule tests and metrics use.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Author => "author",
            Self::Trigger { .. } => "on",
            Self::Channel { .. } => "channel",
            Self::Type { .. } => "type",
            Self::Any { .. } => "any",
            Self::All { .. } => "all",
            Self::None { .. } => "none",
            Self::Regex => "regex",
            Self::HasTag { .. } => "has_tag",
            Self::NotTag { .. } => "not_tag",
            Self::Contact { .. } => "contact",
            Self::NotYet => "from",
            Self::Over => "until",
            Self::Hours { .. } => "hours",
            Self::Cooldown { .. } => "cooldown",
            Self::Hits { .. } => "hits",
            Self::Limit { .. } => "limit",
        }
    }

    /// How far the rule came before it was skipped: conditions are looked at in this order.
    pub(super) fn reach(&self) -> u8 {
        match self {
            Self::Off | Self::Author => 0,
            Self::Trigger { .. } => 1,
            Self::Channel { .. } => 2,
            Self::Type { .. } => 3,
            Self::Any { .. } | Self::All { .. } | Self::Regex => 4,
            Self::None { .. } => 5,
            Self::HasTag { .. } | Self::NotTag { .. } | Self::Contact { .. } => 6,
            Self::NotYet | Self::Over => 7,
            Self::Hours { .. } => 8,
            Self::Cooldown { .. } => 9,
            Self::Hits { .. } => 10,
            Self::Limit { .. } => 11,
        }
    }

    /// The reason for people. `text` is the customer's message.
    #[must_use]
    pub fn human(&self, lang: Lang, text: &str) -> String {
        let key = format!("explain.{}", self.word());
        let values: Vec<(&str, String)> = match self {
            Self::Off | Self::Author | Self::Regex | Self::NotYet | Self::Over => Vec::new(),
            Self::Trigger { wants } | Self::Channel { wants } | Self::Type { wants } => {
                vec![("wants", wants.clone())]
            }
            Self::Any { words } => vec![("words", words.clone())],
            Self::All { word } => vec![("word", word.clone())],
            Self::None { found } => {
                vec![
                    ("word", found.word.to_string()),
                    ("found", found.shown(text)),
                ]
            }
            Self::HasTag { tag } | Self::NotTag { tag } => vec![("tag", tag.clone())],
            Self::Contact {
                attribute,
                wants,
                actual,
            } => vec![
                ("attribute", attribute.clone()),
                ("wants", wants.clone()),
                ("actual", actual.clone().unwrap_or_else(|| "—".to_owned())),
            ],
            Self::Hours { hours } => vec![("hours", hours.clone())],
            Self::Cooldown { left_secs } => vec![("left", in_words(*left_secs, lang))],
            Self::Hits {
                have,
                times,
                within_secs,
            } => vec![
                ("have", have.to_string()),
                ("times", times.to_string()),
                ("within", in_words(*within_secs, lang)),
            ],
            Self::Limit { used, max } => {
                vec![("used", used.to_string()), ("max", max.to_string())]
            }
        };
        let values: Vec<(&str, &str)> = values
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        lang.text(&key, &values)
    }
}

impl Found {
    /// The part of the customer's text, or the word if the text is not at hand.
    fn shown(&self, text: &str) -> String {
        text.get(self.start..self.end)
            .filter(|part| !part.is_empty())
            .unwrap_or(&self.word)
            .to_owned()
    }
}

impl Trace {
    /// The trace for people. `text` is the customer's message, to show what matched.
    #[must_use]
    pub fn human(&self, lang: Lang, text: &str) -> String {
        let mut out = String::new();
        let mut unreached: Option<(&RuleId, usize)> = None;
        for (step, number) in self.steps.iter().zip(1..) {
            if let Verdict::NotReached { by } = &step.verdict {
                // Always the rest of the list: one line for all of them.
                unreached = Some((by, unreached.map_or(1, |(_, count)| count + 1)));
                continue;
            }
            let title = step.name.as_deref().unwrap_or(step.rule.as_str());
            let Place { file, line } = &step.place;
            out.push_str(&format!("{number:>3}. {title}  ({file}:{line})\n"));
            for line in step.verdict.human(lang, text) {
                out.push_str(&format!("     {line}\n"));
            }
        }
        if let Some((by, count)) = unreached {
            let count = count.to_string();
            let values = [("rule", by.as_str()), ("count", &count)];
            out.push_str(&format!(
                "  – {}\n",
                lang.text("explain.not_reached", &values)
            ));
        }
        if out.is_empty() {
            out.push_str(&lang.text("explain.no_rules", &[]));
            out.push('\n');
        }
        out
    }

    /// The reason for which each rule was skipped, by rule.
    #[must_use]
    pub fn skipped(&self) -> BTreeMap<&RuleId, &Reason> {
        self.steps
            .iter()
            .filter_map(|step| match &step.verdict {
                Verdict::Skipped(reason) => Some((&step.rule, reason)),
                _ => None,
            })
            .collect()
    }
}

impl Verdict {
    pub(super) fn human(&self, lang: Lang, text: &str) -> Vec<String> {
        match self {
            Self::Skipped(reason) => vec![format!("✗ {}", reason.human(lang, text))],
            // Told once for all of them, at the end.
            Self::NotReached { .. } => Vec::new(),
            Self::Fired {
                observe,
                found,
                actions,
                cooldown_secs,
                times,
                used,
                stop,
            } => {
                let key = if *observe {
                    "explain.observed"
                } else {
                    "explain.fired"
                };
                let mut lines = vec![format!("✓ {}", lang.text(key, &[]))];
                lines.extend(found.iter().map(|found| {
                    let shown = found.shown(text);
                    lang.text("explain.found", &[("word", &found.word), ("found", &shown)])
                }));
                lines.extend(
                    times.map(|times| lang.text("explain.nth", &[("times", &times.to_string())])),
                );
                lines.extend(
                    actions
                        .iter()
                        .map(|deed| format!("→ {} {}", deed.action, deed.target)),
                );
                lines
                    .extend(cooldown_secs.map(|secs| {
                        lang.text("explain.cools", &[("time", &in_words(secs, lang))])
                    }));
                lines.extend(used.map(|Used { used, max }| {
                    let (now, max) = ((used + 1).to_string(), max.to_string());
                    lang.text("explain.uses", &[("used", &now), ("max", &max)])
                }));
                if *stop {
                    lines.push(lang.text("explain.stops", &[]));
                }
                lines
            }
        }
    }
}

/// `1d 2h`, `29m 10s`: the two largest units, as operators write them.
pub(super) fn span_of_time(secs: u64) -> String {
    units(secs, |unit| unit.to_owned())
}

/// `1 天 2 小时`: the two largest units in words.
fn in_words(secs: u64, lang: Lang) -> String {
    units(secs, |unit| {
        let unit = lang.text(&format!("diff.unit_{unit}"), &[]);
        format!(" {unit}")
    })
}

fn units(secs: u64, unit_of: impl Fn(&str) -> String) -> String {
    let parts = [
        (secs / 86_400, "d"),
        (secs / 3600 % 24, "h"),
        (secs / 60 % 60, "m"),
        (secs % 60, "s"),
    ];
    let shown: Vec<String> = parts
        .iter()
        .filter(|(number, _)| *number > 0)
        .take(2)
        .map(|(number, unit)| format!("{number}{}", unit_of(unit)))
        .collect();
    if shown.is_empty() {
        format!("0{}", unit_of("s"))
    } else {
        shown.join(" ")
    }
}
