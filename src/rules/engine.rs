//! The decision: a pure function of the rules, what happened, the contact and the time.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::time::Duration;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::explain::{Deed, Found, Reason, Step, Trace, Verdict};
use super::matcher::Hits;
use super::model::{ContactTest, Mode, Rule, RuleSet, Word, fits};
use super::normalize::{normalize, original_range};
use crate::domain::action::{Action, Content};
use crate::domain::clock::UnixMillis;
use crate::domain::contact::Contact;
use crate::domain::ids::RuleId;
use crate::domain::inbound::{Author, Inbound, Trigger};

/// A stored trace names at most this many rules.
const MOST_STEPS: usize = 50;
/// A reason names at most this many words.
const MOST_WORDS: usize = 5;

/// What is to be done about something that happened.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Decision {
    /// The rules that fired, in order.
    pub fired: Vec<Fired>,
    /// Why.
    pub trace: Trace,
}

/// A rule that fired.
#[derive(Debug, Clone, PartialEq)]
pub struct Fired {
    /// Which.
    pub rule: RuleId,
    /// Its name for people.
    pub name: Option<String>,
    /// It only observes: nothing may be sent or tagged.
    pub observe: bool,
    /// What it does, in order.
    pub actions: Vec<Action>,
    /// What its pattern captured: `m` in templates. A group that took no part is missing.
    pub captures: BTreeMap<String, String>,
    /// Its cooldown, if it has one: the caller notes the time in `Contact::fired`.
    pub cooldown: Option<Duration>,
}

/// Decides. All rules see the contact as it was before; the trace names the rules that were
/// worth a look, at most fifty of them.
#[must_use]
pub fn decide(
    set: &RuleSet,
    inbound: &Inbound,
    contact: &Contact,
    now: UnixMillis,
    zone: &TimeZone,
) -> Decision {
    let scene = Scene::new(set, inbound, contact, now, zone);
    let mut decision = scene.blank();
    if !scene.sets_rules_off() {
        return decision;
    }
    for index in set.matcher.candidates(&scene.hits, scene.text) {
        let rule = &set.rules[index as usize];
        let verdict = scene.consider(rule, &mut decision.fired);
        let stop = stops(&verdict);
        if decision.trace.steps.len() < MOST_STEPS || matches!(verdict, Verdict::Fired { .. }) {
            decision.trace.steps.push(step(rule, verdict));
        }
        if stop {
            break;
        }
    }
    decision
}

/// Decides, looking at every rule: what `try` shows.
#[must_use]
pub fn explain(
    set: &RuleSet,
    inbound: &Inbound,
    contact: &Contact,
    now: UnixMillis,
    zone: &TimeZone,
) -> Decision {
    let scene = Scene::new(set, inbound, contact, now, zone);
    let mut decision = scene.blank();
    let mut stopped: Option<RuleId> = None;
    for rule in &set.rules {
        let verdict = if let Some(by) = &stopped {
            Verdict::NotReached { by: by.clone() }
        } else if scene.sets_rules_off() {
            scene.consider(rule, &mut decision.fired)
        } else {
            Verdict::Skipped(Reason::Author)
        };
        if stops(&verdict) {
            stopped = Some(rule.id.clone());
        }
        decision.trace.steps.push(step(rule, verdict));
    }
    decision
}

fn stops(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Fired { stop: true, .. })
}

fn step(rule: &Rule, verdict: Verdict) -> Step {
    Step {
        rule: rule.id.clone(),
        name: rule.name.clone(),
        place: rule.place.clone(),
        verdict,
    }
}

/// Everything that conditions look at.
struct Scene<'a> {
    set: &'a RuleSet,
    inbound: &'a Inbound,
    contact: &'a Contact,
    now: UnixMillis,
    zone: &'a TimeZone,
    text: &'a str,
    hits: Hits,
    local: OnceCell<DateTime>,
}

/// What a rule found in the text.
#[derive(Default)]
struct Matched {
    found: Vec<Found>,
    captures: BTreeMap<String, String>,
}

impl<'a> Scene<'a> {
    fn new(
        set: &'a RuleSet,
        inbound: &'a Inbound,
        contact: &'a Contact,
        now: UnixMillis,
        zone: &'a TimeZone,
    ) -> Self {
        let text = match &inbound.trigger {
            Trigger::Message(message) => message.text.as_str(),
            Trigger::Clicked { key, .. } => key,
            Trigger::Entered { scene, .. } => scene.as_deref().unwrap_or_default(),
            _ => "",
        };
        let normalised: Cow<'_, str> = normalize(text);
        Self {
            set,
            inbound,
            contact,
            now,
            zone,
            text,
            hits: set.matcher.scan(&normalised),
            local: OnceCell::new(),
        }
    }

    fn blank(&self) -> Decision {
        Decision {
            fired: Vec::new(),
            trace: Trace {
                version: self.set.version.clone(),
                steps: Vec::new(),
            },
        }
    }

    /// A servicer's words and our own never set a rule off; nor does the platform speak for
    /// somebody in a message.
    fn sets_rules_off(&self) -> bool {
        match self.inbound.author {
            Author::Person => true,
            Author::Servicer => false,
            Author::System => !matches!(self.inbound.trigger, Trigger::Message(_)),
        }
    }

    fn consider(&self, rule: &Rule, fired: &mut Vec<Fired>) -> Verdict {
        let matched = match self.holds(rule) {
            Ok(matched) => matched,
            Err(reason) => return Verdict::Skipped(reason),
        };
        let observe = rule.mode == Mode::Observe;
        fired.push(Fired {
            rule: rule.id.clone(),
            name: rule.name.clone(),
            observe,
            actions: rule.actions.clone(),
            captures: matched.captures,
            cooldown: rule.cooldown,
        });
        Verdict::Fired {
            observe,
            found: matched.found,
            actions: rule.actions.iter().map(deed).collect(),
            cooldown_secs: rule.cooldown.map(|time| time.as_secs()),
            stop: rule.stop && !observe,
        }
    }

    /// All conditions, cheap ones first; what was found, or the first that does not hold.
    fn holds(&self, rule: &Rule) -> Result<Matched, Reason> {
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
        for test in &rule.when.contact {
            self.fits_contact(test)?;
        }
        self.is_time(rule)?;
        Ok(matched)
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
        let find = |word: &Word| {
            let range = self.hits.find(word.id, when.how)?;
            let range = original_range(self.text, &range);
            Some(Found {
                word: word.text.to_string(),
                start: range.start,
                end: range.end,
            })
        };
        if !when.any.is_empty() {
            let first = when.any.iter().find_map(find);
            matched.found.push(first.ok_or_else(|| Reason::Any {
                words: shortened(&when.any),
            })?);
        }
        for word in &when.all {
            matched.found.push(find(word).ok_or_else(|| Reason::All {
                word: word.text.to_string(),
            })?);
        }
        if let Some(found) = when.none.iter().find_map(find) {
            return Err(Reason::None { found });
        }
        if let Some(pattern) = &when.regex {
            capture(&pattern.regex, self.text, &mut matched).ok_or(Reason::Regex)?;
        }
        Ok(matched)
    }

    fn fits_contact(&self, test: &ContactTest) -> Result<(), Reason> {
        let differs = |attribute: &str, wants: String, actual: Option<String>| {
            Err(Reason::Contact {
                attribute: attribute.to_owned(),
                wants,
                actual,
            })
        };
        match test {
            ContactTest::HasTag(tag) if !self.contact.has_tag(tag) => Err(Reason::HasTag {
                tag: tag.to_string(),
            }),
            ContactTest::NotTag(tag) if self.contact.has_tag(tag) => Err(Reason::NotTag {
                tag: tag.to_string(),
            }),
            ContactTest::HasTag(_) | ContactTest::NotTag(_) => Ok(()),
            ContactTest::AddedDays(compare) => {
                let days = self
                    .contact
                    .added_days(self.now)
                    .map(|days| days.to_string());
                if days.is_some() && compare.holds(days.as_deref()) {
                    return Ok(());
                }
                differs("added_days", compare.to_string(), days)
            }
            ContactTest::Source(patterns) => {
                let source = self.source();
                let known = source.unwrap_or_default();
                if source.is_some() && patterns.iter().any(|pattern| fits(pattern, known)) {
                    return Ok(());
                }
                differs("source", patterns.join(" | "), source.map(str::to_owned))
            }
            ContactTest::Attribute(name, compares) => {
                let actual = self.contact.attributes.get(name).map(ToString::to_string);
                let actual = actual.as_deref();
                if compares.iter().any(|compare| compare.holds(actual)) {
                    return Ok(());
                }
                let wants: Vec<_> = compares.iter().map(ToString::to_string).collect();
                differs(name, wants.join(" | "), actual.map(str::to_owned))
            }
        }
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
        word: regex.as_str().to_owned(),
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

fn deed(action: &Action) -> Deed {
    let said = |content: &Content| match content {
        Content::Text(text) => format!("「{text}」"),
        Content::Template(name) => name.0.clone(),
    };
    let target = match action {
        Action::Tag(tag) | Action::Untag(tag) => tag.to_string(),
        Action::Remark(text) | Action::Transfer(text) => text.clone(),
        Action::Set { attribute, value } => format!("{attribute} = {value}"),
        Action::Reply(name) | Action::Welcome(name) => name.0.clone(),
        Action::Notify { to, content } | Action::Robot { to, content } => {
            format!("{to} {}", said(content))
        }
        Action::Webhook { to, .. } => to.clone(),
    };
    Deed {
        action: action.key().to_owned(),
        target,
    }
}
