//! The conditions of a rule, one after another.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::audience::fits;
use super::explain::{Found, Reason, Used};
use super::matcher::Hits;
use super::model::{Mode, Rule, RuleSet, Standing};
use super::words::Word;
use crate::domain::change::RuleHit;
use crate::domain::clock::UnixMillis;
use crate::domain::contact::Contact;
use crate::domain::inbound::{Author, Inbound, Trigger};

/// A reason names at most this many words.
const MOST_WORDS: usize = 5;

/// Everything that conditions look at.
pub(super) struct Scene<'a> {
    pub(super) set: &'a RuleSet,
    inbound: &'a Inbound,
    contact: &'a Contact,
    standing: &'a Standing,
    now: UnixMillis,
    zone: &'a TimeZone,
    /// What was said, pressed or named, as it came.
    pub(super) text: &'a str,
    pub(super) hits: Hits<'a>,
    local: OnceCell<DateTime>,
}

/// What a rule found in the text.
#[derive(Default)]
pub(super) struct Matched {
    pub(super) found: Vec<Found>,
    pub(super) captures: BTreeMap<String, String>,
}

impl<'a> Scene<'a> {
    pub(super) fn new(
        set: &'a RuleSet,
        inbound: &'a Inbound,
        contact: &'a Contact,
        standing: &'a Standing,
        now: UnixMillis,
        zone: &'a TimeZone,
    ) -> Self {
        let text = match &inbound.trigger {
            Trigger::Message(message) => message.text.as_str(),
            Trigger::Clicked { key, .. } => key,
            Trigger::Entered { scene, .. } => scene.as_deref().unwrap_or_default(),
            _ => "",
        };
        Self {
            set,
            inbound,
            contact,
            standing,
            now,
            zone,
            text,
            hits: set.matcher.scan(text),
            local: OnceCell::new(),
        }
    }

    /// A servicer's words and our own never set a rule off; nor does the platform speak for
    /// somebody in a message.
    pub(super) fn sets_rules_off(&self) -> bool {
        match self.inbound.author {
            Author::Person => true,
            Author::Servicer => false,
            Author::System => !matches!(self.inbound.trigger, Trigger::Message(_)),
        }
    }

    /// All conditions, cheap ones first; what was found, or the first that does not hold.
    pub(super) fn holds(&self, rule: &Rule) -> Result<Matched, Reason> {
        if rule.mode == Mode::Off {
            return Err(Reason::Off);
        }
        if !rule.on.matches(&self.inbound.trigger) {
            let wants = rule.on.word().to_owned();
            return Err(Reason::Trigger { wants });
        }
        if !rule.channels.is_empty() && !rule.channels.contains(&self.inbound.channel) {
            let names: Vec<_> = rule.channels.iter().map(|name| name.as_str()).collect();
            let wants = names.join(", ");
            return Err(Reason::Channel { wants });
        }
        self.is_of_type(rule)?;
        let matched = self.has_text(rule)?;
        fits(&rule.when.contact, self.contact, self.source(), self.now)?;
        self.is_time(rule)?;
        Ok(matched)
    }

    /// The match of a rule that fires only at the n-th one, this one included; `Err` says
    /// that it is not the n-th yet.
    pub(super) fn counts(&self, rule: &Rule) -> Option<Result<RuleHit, (RuleHit, Reason)>> {
        let wanted = rule.when.hits?;
        let before = self
            .contact
            .hits
            .get(&rule.id)
            .map_or(&[][..], Vec::as_slice);
        let recent = before
            .iter()
            .filter(|at| self.now.since(**at) < wanted.within);
        let have = u32::try_from(recent.count()).unwrap_or(u32::MAX);
        let have = have.saturating_add(1);
        let fired = have >= wanted.times;
        let hit = RuleHit {
            rule: rule.id.clone(),
            within: wanted.within,
            fired,
        };
        let reason = Reason::Hits {
            have,
            times: wanted.times,
            within_secs: wanted.within.as_secs(),
        };
        Some(if fired { Ok(hit) } else { Err((hit, reason)) })
    }

    /// How often a rule with a daily limit has fired today.
    pub(super) fn within_limit(&self, rule: &Rule) -> Result<Option<Used>, Reason> {
        let Some(max) = rule.limit else {
            return Ok(None);
        };
        let used = self.standing.used_today.get(&rule.id).copied();
        let used = used.unwrap_or_default();
        if used >= max {
            return Err(Reason::Limit { used, max });
        }
        Ok(Some(Used { used, max }))
    }

    fn is_of_type(&self, rule: &Rule) -> Result<(), Reason> {
        let types = &rule.when.types;
        let fits = match &self.inbound.trigger {
            _ if types.is_empty() => true,
            Trigger::Message(message) => types.contains(&message.kind),
            _ => false,
        };
        let wants = || types.join(", ");
        fits.then_some(())
            .ok_or_else(|| Reason::Type { wants: wants() })
    }

    fn has_text(&self, rule: &Rule) -> Result<Matched, Reason> {
        let when = &rule.when;
        let mut matched = Matched::default();
        let found = |(word, range): (&Word, Range<usize>)| Found {
            word: Arc::clone(&word.text),
            start: range.start,
            end: range.end,
        };
        if !when.any.is_empty() {
            let first = when.any.first(&self.hits, when.how);
            let words = || shortened(when.any.words());
            matched.found.push(
                first
                    .map(found)
                    .ok_or_else(|| Reason::Any { words: words() })?,
            );
        }
        for word in when.all.words() {
            let Some(range) = self.hits.find(word.id, when.how) else {
                let word = word.text.to_string();
                return Err(Reason::All { word });
            };
            matched.found.push(found((word, range)));
        }
        if let Some(forbidden) = when.none.first(&self.hits, when.how) {
            let found = found(forbidden);
            return Err(Reason::None { found });
        }
        if let Some(pattern) = &when.regex {
            capture(&pattern.regex, self.text, &mut matched).ok_or(Reason::Regex)?;
        }
        Ok(matched)
    }

    /// The way in of this very event, else the one by which the contact first came.
    fn source(&self) -> Option<&str> {
        let own = match &self.inbound.trigger {
            Trigger::Added { source, .. } => source.as_deref(),
            Trigger::Entered { scene, .. } => scene.as_deref(),
            _ => None,
        };
        own.or(self.contact.source.as_deref())
    }

    fn is_time(&self, rule: &Rule) -> Result<(), Reason> {
        if rule
            .from
            .is_some_and(|from| self.now < from.start(self.zone))
        {
            return Err(Reason::NotYet);
        }
        if rule
            .until
            .is_some_and(|until| self.now >= until.end(self.zone))
        {
            return Err(Reason::Over);
        }
        if let Some(hours) = rule.hours
            && !self.set.calendar.is_open_at(hours, self.local())
        {
            let hours = self.set.calendar.name(hours).to_owned();
            return Err(Reason::Hours { hours });
        }
        if let (Some(cooldown), Some(last)) = (rule.cooldown, self.contact.fired.get(&rule.id)) {
            let passed = self.now.since(*last);
            if passed < cooldown {
                let left_secs = (cooldown - passed).as_secs().max(1);
                return Err(Reason::Cooldown { left_secs });
            }
        }
        Ok(())
    }

    fn local(&self) -> DateTime {
        *self.local.get_or_init(|| {
            let now = self.now.timestamp();
            now.to_zoned(self.zone.clone()).datetime()
        })
    }
}

fn capture(regex: &regex::Regex, text: &str, matched: &mut Matched) -> Option<()> {
    let captures = regex.captures(text)?;
    let whole = captures.get(0)?;
    matched.found.push(Found {
        word: regex.as_str().into(),
        start: whole.start(),
        end: whole.end(),
    });
    for name in regex.capture_names().flatten() {
        if let Some(part) = captures.name(name) {
            let part = part.as_str().to_owned();
            matched.captures.insert(name.to_owned(), part);
        }
    }
    Some(())
}

fn shortened(words: &[Word]) -> String {
    let shown: Vec<&str> = words
        .iter()
        .take(MOST_WORDS)
        .map(|word| &*word.text)
        .collect();
    let more = if words.len() > MOST_WORDS {
        ", …"
    } else {
        ""
    };
    format!("{}{more}", shown.join(", "))
}
