//! What is kept of a decision: what `try` would have shown, and the contact as the rules
//! saw it, so that `replay` can ask other rules the same question.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::clock::UnixMillis;
use crate::domain::contact::{Contact, Enrolment, Follower, TagMark, Value};
use crate::domain::effect::Effect;
use crate::domain::ids::{Person, RuleId, SopId, Tag, UserId};
use crate::rules::Trace;
use crate::store::RowOutcome;

/// A snapshot keeps so many of each kind.
const MOST: usize = 60;
/// A longer attribute is not kept.
const LONGEST: usize = 300;

/// A stored trace. Every part may be missing: a later version reads what an earlier wrote.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct StoredTrace {
    /// The rules that were considered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rules: Option<Trace>,
    /// How each action of the rules that fired went.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<StepLine>,
    /// What the rules did to the contact's tags: `+组/标签`, `-组/标签`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// What is sent together with others.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub broadcasts: Vec<Effect>,
    /// The SOPs that they entered and left: `+id`, `-id`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sops: Vec<String>,
    /// The attributes that rules set.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub set: Vec<String>,
    /// The points that rules gave or took.
    #[serde(skip_serializing_if = "is_zero")]
    pub points: i64,
    /// Why the loop guard held answers back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held: Option<String>,
    /// Why nobody welcomed who could be welcomed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub silent: Option<String>,
    /// The contact as the rules saw it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seen: Option<Seen>,
    /// The tags that an operator took back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undo: Option<UndoLine>,
    /// What became of a step of an SOP.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sop: Option<SopLine>,
}

/// How one action went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepLine {
    /// The rule.
    pub rule: RuleId,
    /// Position in its `do` list.
    #[serde(default)]
    pub action: u32,
    /// The key that operators write for it.
    pub key: Cow<'static, str>,
    /// Why it did not become what it says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// What became of a step of an SOP: one line for each target and step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SopLine {
    /// The SOP.
    pub sop: SopId,
    /// The version that they began with.
    pub version: String,
    /// The step, counted from 0.
    pub step: u32,
    /// Its name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// When it was to be, whatever held it back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub planned: Option<UnixMillis>,
    /// When it was decided.
    pub actual: UnixMillis,
    /// What became of it.
    pub outcome: RowOutcome,
    /// Why it was not done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// When they are looked at next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<UnixMillis>,
}

/// What an operator took back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UndoLine {
    /// Whose.
    pub rule: RuleId,
    /// Which.
    pub tags: Vec<Tag>,
}

/// A contact as the rules saw it, without what they cannot ask about.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Seen {
    /// When it was decided.
    pub at: UnixMillis,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    followers: Vec<UserId>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<Tag>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    attributes: BTreeMap<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    added_at: Option<UnixMillis>,
    #[serde(skip_serializing_if = "is_zero")]
    points: i64,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    fired: BTreeMap<RuleId, UnixMillis>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    hits: BTreeMap<RuleId, Vec<UnixMillis>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    sops: BTreeMap<SopId, Enrolment>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    answered: Vec<UnixMillis>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the form serde asks for")]
fn is_zero(points: &i64) -> bool {
    *points == 0
}

impl Seen {
    /// Of a contact about whom is decided at `at`. Bounded, whatever the contact carries.
    #[must_use]
    pub fn of(contact: &Contact, at: UnixMillis) -> Self {
        let followers = contact.followers.iter();
        let short = |value: &Value| !matches!(value, Value::Text(text) if text.len() > LONGEST);
        let attributes = contact.attributes.iter();
        let attributes = attributes.filter(|(_, value)| short(value));
        let recent = contact.answered.len().saturating_sub(MOST);
        Self {
            at,
            name: contact.name.clone(),
            followers: followers
                .map(|follower| follower.userid.clone())
                .take(MOST)
                .collect(),
            tags: contact.tags.keys().take(MOST).cloned().collect(),
            attributes: some(attributes),
            source: contact.source.clone(),
            added_at: contact.added_at,
            points: contact.points,
            fired: latest(&contact.fired),
            hits: some(contact.hits.iter()),
            sops: some(contact.sops.iter()),
            answered: contact.answered[recent..].to_vec(),
        }
    }

    /// The contact again, as far as rules can ask.
    #[must_use]
    pub fn contact(&self, person: Person) -> Contact {
        let mark = TagMark::told(self.at);
        let followers = self.followers.iter().cloned();
        Contact {
            name: self.name.clone(),
            followers: followers.map(Follower::of).collect(),
            tags: self
                .tags
                .iter()
                .map(|tag| (tag.clone(), mark.clone()))
                .collect(),
            attributes: self.attributes.clone(),
            source: self.source.clone(),
            added_at: self.added_at,
            points: self.points,
            fired: self.fired.clone(),
            hits: self.hits.clone(),
            sops: self.sops.clone(),
            answered: self.answered.clone(),
            ..Contact::unknown(person)
        }
    }
}

fn some<'m, K: Ord + Clone + 'm, V: Clone + 'm>(
    entries: impl Iterator<Item = (&'m K, &'m V)>,
) -> BTreeMap<K, V> {
    let entries = entries.take(MOST);
    entries
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

/// The rules that fired last: the cooldowns of others are over sooner.
fn latest(fired: &BTreeMap<RuleId, UnixMillis>) -> BTreeMap<RuleId, UnixMillis> {
    let mut entries: Vec<(&RuleId, &UnixMillis)> = fired.iter().collect();
    entries.sort_by_key(|(_, at)| std::cmp::Reverse(**at));
    some(entries.into_iter())
}

#[cfg(test)]
mod tests {
    use super::{MOST, Seen, StoredTrace};
    use crate::domain::clock::UnixMillis;
    use crate::domain::contact::{Contact, TagMark, Value};
    use crate::domain::ids::{Person, RuleId, Tag};

    fn person() -> Person {
        Person::External("wm1".into())
    }

    #[test]
    fn a_snapshot_gives_rules_the_same_contact_again() {
        let mut contact = Contact::unknown(person());
        contact.name = Some("小明".to_owned());
        contact.points = 3;
        contact.source = Some("门店".to_owned());
        contact
            .tags
            .insert(Tag::from("意向/高"), TagMark::told(UnixMillis(5)));
        contact
            .attributes
            .insert("城市".to_owned(), Value::Text("上海".to_owned()));
        contact.fired.insert(RuleId::from("a"), UnixMillis(4));
        let json = serde_json::to_string(&Seen::of(&contact, UnixMillis(5))).expect("JSON");
        let seen: Seen = serde_json::from_str(&json).expect("a snapshot");
        assert_eq!(seen.contact(person()), contact);
    }

    #[test]
    fn a_snapshot_is_bounded_and_keeps_the_last_cooldowns() {
        let mut contact = Contact::unknown(person());
        for n in 0..500_i64 {
            let name = format!("{n:03}");
            contact
                .fired
                .insert(RuleId::from(name.as_str()), UnixMillis(n));
            contact
                .attributes
                .insert(name, Value::Text("字".repeat(1000)));
        }
        let seen = Seen::of(&contact, UnixMillis(5));
        assert_eq!(seen.fired.len(), MOST);
        assert!(seen.fired.contains_key(&RuleId::from("499")));
        assert!(seen.attributes.is_empty());
    }

    #[test]
    fn a_trace_of_another_version_is_read() {
        let trace: StoredTrace =
            serde_json::from_str(r#"{"rules":null,"later":1}"#).expect("a trace");
        assert_eq!(trace, StoredTrace::default());
    }
}
