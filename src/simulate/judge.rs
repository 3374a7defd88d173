//! What should be so against what is.

use serde_json::Value as Json;

use super::happened::{Deed, Happened, Past};
use super::model::{Want, Wanted};
use super::world::World;
use crate::domain::ids::RuleId;
use crate::domain::inbound::{Task, Trigger};
use crate::rules::Verdict;

mod plans;

/// What is shown when nothing of the kind happened.
const NONE: &str = "—";
/// Where an effect keeps what the other side gets to read.
const SENT: [&str; 4] = ["message", "messages", "body", "remark"];

/// What happened in one step.
pub(super) struct Scene<'s> {
    pub(super) world: &'s World<'s>,
    pub(super) past: &'s Past,
    pub(super) happened: &'s [Happened],
}

/// An expectation that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Differs {
    pub(super) expected: String,
    pub(super) got: String,
    /// Why something that was meant could not be done, as it is stored.
    pub(super) why: Option<String>,
}

impl Differs {
    fn new(expected: String, got: String) -> Self {
        Self {
            expected,
            got,
            why: None,
        }
    }
}

impl Scene<'_> {
    /// Whether it holds; in the words of the test file if not.
    pub(super) fn judge(&self, want: &Want) -> Result<(), Differs> {
        let (holds, expected, got) = match want {
            Want::Rule(id) => (self.has_fired(id), format!("rule: {id}"), self.rules()),
            Want::NotRule(id) => (!self.has_fired(id), format!("not_rule: {id}"), self.rules()),
            Want::Skipped(id, reason) => {
                let got = self.verdict(id);
                let shown = format!("skipped: {{{id}: {got}}}");
                let got_shown = if got == "fired" { self.rules() } else { shown };
                (
                    got == *reason,
                    format!("skipped: {{{id}: {reason}}}"),
                    got_shown,
                )
            }
            Want::Nothing => (self.nothing(), "none: true".to_owned(), self.everything()),
            Want::Only(rules) => {
                let others = self.fired().any(|id| !rules.contains(id));
                (!others, format!("only: {}", joined(rules)), self.rules())
            }
            Want::Tag { tag, added } => {
                let wanted = format!("{}{tag}", if *added { '+' } else { '-' });
                let got = self.tags();
                let holds = got.contains(&wanted);
                let got = format!("tags: {}", listed(&got));
                (holds, format!("tags: {wanted}"), got)
            }
            Want::Deed { key, what } => return self.deed(key, what),
            Want::Step(step, fate) => return self.step(step, fate),
            Want::Received { who, received } => return self.received(who, *received),
            Want::Set(name, value) => {
                let got = self.set(name);
                let holds = got.as_ref() == Some(value);
                let got = got.as_deref().unwrap_or(NONE);
                (
                    holds,
                    format!("set: {{{name}: {value}}}"),
                    format!("set: {{{name}: {got}}}"),
                )
            }
            Want::Points(points) => {
                let got = self.points();
                (
                    got == *points,
                    format!("points: {points}"),
                    format!("points: {got}"),
                )
            }
            Want::Sop { name, who, begins } => return self.sop(name, who.as_deref(), *begins),
        };
        if holds {
            Ok(())
        } else {
            Err(Differs::new(expected, got))
        }
    }

    /// The rules that fired; what came due by itself is none of them.
    fn fired(&self) -> impl Iterator<Item = &RuleId> {
        let by_rules = self.happened.iter().filter(|happened| !happened.is_own());
        by_rules.flat_map(Happened::fired)
    }

    fn has_fired(&self, id: &RuleId) -> bool {
        self.fired().any(|fired| fired == id)
    }

    fn rules(&self) -> String {
        let fired: Vec<RuleId> = self.fired().cloned().collect();
        format!("rule: {}", joined(&fired))
    }

    /// `fired`, or the reason for which it did not.
    fn verdict(&self, id: &RuleId) -> String {
        let mut reason = NONE.to_owned();
        for happened in self.happened.iter().filter(|happened| !happened.is_own()) {
            let decision = self.world.explain(happened);
            let step = decision
                .trace
                .steps
                .into_iter()
                .find(|step| step.rule == *id);
            match step.map(|step| step.verdict) {
                Some(Verdict::Fired { .. }) => return "fired".to_owned(),
                Some(Verdict::NotReached { .. }) => "stop".clone_into(&mut reason),
                Some(Verdict::Skipped(why)) => why.word().clone_into(&mut reason),
                None => {}
            }
        }
        reason
    }

    fn nothing(&self) -> bool {
        let quiet = |happened: &Happened| {
            happened.commit.effects.is_empty()
                && happened.commit.broadcasts.is_empty()
                && happened.tags().is_empty()
                && happened.deeds().is_empty()
        };
        self.fired().next().is_none() && self.happened.iter().all(quiet)
    }

    /// All that happened, in short.
    fn everything(&self) -> String {
        let mut parts = vec![self.rules()];
        let tags = self.tags();
        if !tags.is_empty() {
            parts.push(format!("tags: {}", listed(&tags)));
        }
        let deeds = self.happened.iter().flat_map(|happened| {
            let deeds = happened.deeds().into_iter();
            deeds.map(move |deed| (happened, deed))
        });
        let deeds = deeds.filter(|(_, deed)| !matches!(deed.key.as_str(), "tag" | "untag"));
        for (happened, deed) in deeds {
            let key = deed.key.clone();
            parts.push(format!("{key}: {}", of_deed(happened, deed).told()));
        }
        parts.join("; ")
    }

    fn tags(&self) -> Vec<String> {
        self.happened.iter().flat_map(Happened::tags).collect()
    }

    fn set(&self, name: &str) -> Option<String> {
        let changes = self
            .happened
            .iter()
            .filter_map(|one| one.commit.contact.as_ref());
        let mut sets = changes.flat_map(|change| &change.set);
        sets.rfind(|(set, _)| set == name)
            .map(|(_, value)| value.to_string())
    }

    fn points(&self) -> i64 {
        let changes = self
            .happened
            .iter()
            .filter_map(|one| one.commit.contact.as_ref());
        changes.map(|change| change.points).sum()
    }

    fn deed(&self, key: &str, what: &Wanted) -> Result<(), Differs> {
        let (mut got, mut why) = (Vec::new(), None);
        let said = match key {
            "broadcast" => self.tasks(),
            "card" => self.cards(),
            _ => {
                let all = self.happened.iter();
                all.flat_map(|happened| said(happened, key)).collect()
            }
        };
        for said in said {
            if said.fits(what) {
                return Ok(());
            }
            got.push(said.shown(what));
            why = why.or(said.problem);
        }
        if *what == Wanted::Nothing && got.is_empty() {
            return Ok(());
        }
        let expected = match what {
            Wanted::Any => format!("{key}: true"),
            Wanted::Nothing => format!("{key}: false"),
            Wanted::Target(target) => format!("{key}: {target}"),
            Wanted::Text(text) => format!("{key}: \"text:{text}\""),
        };
        let got = format!("{key}: {}", listed(&got));
        Err(Differs { expected, got, why })
    }
}

/// One deed with what it sends.
struct Said {
    target: String,
    text: String,
    problem: Option<String>,
}

impl Said {
    fn fits(&self, what: &Wanted) -> bool {
        self.problem.is_none()
            && match what {
                Wanted::Any => true,
                Wanted::Nothing => false,
                Wanted::Target(target) => {
                    let rest = self.target.strip_prefix(target.as_str());
                    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
                }
                Wanted::Text(text) => self.text.contains(text.as_str()),
            }
    }

    fn shown(&self, what: &Wanted) -> String {
        match what {
            Wanted::Any | Wanted::Nothing if self.problem.is_none() => "true".to_owned(),
            Wanted::Text(_) if self.problem.is_none() => {
                format!("\"{}\"", self.text.replace('\n', " "))
            }
            _ => self.told(),
        }
    }

    /// To whom, and the words as they are sent; a template only where none were made of it.
    fn told(&self) -> String {
        let mut told = match self.target.split_once('「') {
            Some((whom, _)) if !self.text.is_empty() => {
                format!("{whom}「{}」", self.text.replace('\n', " "))
            }
            _ => self.target.clone(),
        };
        if self.problem.is_some() {
            // Why is told beside what happened, in the reader's language.
            told.push_str(" ✗");
        }
        told
    }
}

/// All that was done under this key.
fn said(happened: &Happened, key: &str) -> Vec<Said> {
    let mut all: Vec<Said> = happened
        .deeds()
        .into_iter()
        // A reminder for later is not there yet.
        .filter(|deed| deed.key == key && (key != "remind" || deed.effects > 0))
        .map(|deed| of_deed(happened, deed))
        .collect();
    if let ("remind", Trigger::Own(Task::Remind { who, text, .. })) =
        (key, &happened.inbound.trigger)
        && !happened.commit.effects.is_empty()
    {
        all.push(Said {
            target: who.clone(),
            text: text.clone(),
            problem: None,
        });
    }
    all
}

fn of_deed(happened: &Happened, deed: Deed) -> Said {
    let effects = happened.effects_of(&deed);
    let effects = effects.filter_map(|effect| serde_json::to_value(effect).ok());
    let texts: Vec<String> = effects.map(|effect| sent(&effect)).collect();
    let planned = texts.is_empty().then(|| planned(happened, &deed)).flatten();
    Said {
        text: planned.unwrap_or_else(|| joined_texts(texts.into_iter())),
        // Some of it was done all the same.
        problem: deed.problem.filter(|_| deed.effects == 0),
        target: deed.target,
    }
}

/// The words of a reminder for later, which wait in its timer.
fn planned(happened: &Happened, deed: &Deed) -> Option<String> {
    let end = format!("/{}/{}", deed.rule, deed.action);
    let mut timers = happened.commit.timers.iter();
    let timer = timers.find(|timer| timer.key.ends_with(&end))?;
    match &timer.inbound.trigger {
        Trigger::Own(Task::Remind { text, .. }) => Some(text.clone()),
        _ => None,
    }
}

/// What the other side gets to read of an effect.
fn sent(effect: &Json) -> String {
    let parts = SENT.iter().filter_map(|key| effect.get(key));
    joined_texts(parts.map(texts_of))
}

/// Every text of a message, however it is built; not the word for its type.
fn texts_of(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Array(items) => joined_texts(items.iter().map(texts_of)),
        Json::Object(map) => {
            let parts = map.iter().filter(|(key, _)| *key != "type");
            joined_texts(parts.map(|(_, part)| texts_of(part)))
        }
        _ => String::new(),
    }
}

fn joined_texts(texts: impl Iterator<Item = String>) -> String {
    let texts: Vec<String> = texts.filter(|text| !text.is_empty()).collect();
    texts.join("\n")
}

fn joined(rules: &[RuleId]) -> String {
    let names: Vec<String> = rules.iter().map(ToString::to_string).collect();
    listed(&names)
}

fn listed(names: &[String]) -> String {
    if names.is_empty() {
        NONE.to_owned()
    } else {
        names.join(", ")
    }
}
