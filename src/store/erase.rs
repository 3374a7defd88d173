//! What is forgotten about a person, and how.
//!
//! What is *about* them goes: their messages, what was sent to them, what was planned for
//! them. What counts stays without them: a record keeps its number, its time and the hash
//! that tells a second push, the rows of SOPs and broadcasts keep their outcome under a name
//! that was made up. Whatever else *mentions* them, a group they were in for example, has
//! that name in place of theirs.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::ArchiveRow;
use crate::domain::ids::Person;

/// Why an erased record was not processed.
pub const ERASED: &str = "erased";

/// How much is kept about a person, or was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Erasure {
    /// Whether there is a contact.
    pub contacts: u64,
    /// Messages, events and tasks about them.
    pub records: u64,
    /// What was done or was to be done about them.
    pub effects: u64,
    /// Timers.
    pub timers: u64,
    /// Rows of SOPs.
    pub sop_rows: u64,
    /// Broadcasts that they are a target of.
    pub targets: u64,
    /// Counters of limits.
    pub counters: u64,
    /// Other rows that mention them.
    pub mentions: u64,
}

impl Erasure {
    /// Whether nothing is known of them.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Whether the body of a record is about the person, given that it mentions them.
#[must_use]
pub fn is_about(body: &Value, person: &Person) -> bool {
    let Some(inbound) = body.get("inbound") else {
        // What could not be read may be theirs.
        return true;
    };
    let is_theirs = |at: &str| inbound.pointer(at).and_then(Value::as_str) == Some(person.id());
    let conversation = inbound.get("conversation").and_then(Value::as_str);
    let kind = match person {
        Person::External(_) => "/person/external",
        Person::Member(_) => "/person/member",
        Person::Group(_) => "/person/group",
    };
    is_theirs(kind)
        || is_theirs("/reply_path/kf/external_userid")
        || is_theirs("/reply_path/app/userid")
        || conversation.is_some_and(|text| text.ends_with(person.id()))
}

/// Whether an effect is about the person, given that it mentions them.
#[must_use]
pub fn is_for(effect: &Value, person: &Person) -> bool {
    let whom = effect.get("external_userid").and_then(Value::as_str);
    whom == Some(person.id())
}

/// Whether a row names the person, by the whole id and in a place where persons are named.
/// Their own contact aside, which can be asked for.
#[must_use]
pub fn names(row: &ArchiveRow, person: &Person) -> bool {
    match row {
        ArchiveRow::Record(record) => {
            let inbound = record.body.get("inbound");
            inbound.is_some_and(|inbound| is_from(inbound, person))
        }
        ArchiveRow::Timer(timer) => timer.inbound.person.as_ref() == Some(person),
        ArchiveRow::Effect(effect) => is_for(&effect.effect, person),
        ArchiveRow::SopRow(row) => row.target == *person,
        ArchiveRow::BroadcastTarget(row) => row.target.person == *person,
        ArchiveRow::Received(row) => row.person == *person,
        ArchiveRow::Contact(contact) => {
            let mut members = contact.group.iter().flat_map(|group| &group.members);
            let is_customer = matches!(person, Person::External(_));
            members.any(|one| one.customer == is_customer && one.id == person.id())
        }
        _ => false,
    }
}

/// Whether what came in is the person's, or is answered to them.
fn is_from(inbound: &Value, person: &Person) -> bool {
    let at = |at: &str| inbound.pointer(at).and_then(Value::as_str) == Some(person.id());
    match person {
        Person::External(_) => at("/person/external") || at("/reply_path/kf/external_userid"),
        Person::Member(_) => at("/person/member") || at("/reply_path/app/userid"),
        Person::Group(_) => at("/person/group"),
    }
}

/// Where `id` stands in a text, not as a part of a longer id.
fn places<'t>(text: &'t [u8], id: &'t [u8]) -> impl Iterator<Item = usize> + 't {
    let in_id = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_".contains(byte);
    let ends = move |at: usize| {
        let before = at.checked_sub(1).and_then(|before| text.get(before));
        let behind = text.get(at + id.len());
        !before.is_some_and(in_id) && !behind.is_some_and(in_id)
    };
    let all = text.windows(id.len().max(1)).enumerate();
    all.filter_map(move |(at, window)| (window == id && ends(at)).then_some(at))
}

/// Whether a text, or bytes with one in them, mentions `id`.
#[must_use]
pub fn mentions(text: &[u8], id: &str) -> bool {
    places(text, id.as_bytes()).next().is_some()
}

/// The text with `alias` in the place of `id`.
fn renamed(text: &str, id: &str, alias: &str) -> Option<String> {
    let (mut new, mut from) = (String::new(), 0);
    for at in places(text.as_bytes(), id.as_bytes()) {
        new.push_str(text.get(from..at)?);
        new.push_str(alias);
        from = at + id.len();
    }
    new.push_str(text.get(from..)?);
    (from > 0).then_some(new)
}

/// Puts `alias` in the place of `id` wherever it stands. Says whether it did.
pub fn replace(value: &mut Value, id: &str, alias: &str) -> bool {
    match value {
        Value::String(text) => {
            let new = renamed(text, id, alias);
            let any = new.is_some();
            if let Some(new) = new {
                *text = new;
            }
            any
        }
        Value::Array(values) => {
            let mut any = false;
            for value in values {
                any |= replace(value, id, alias);
            }
            any
        }
        Value::Object(map) => {
            let mut any = false;
            let keys: Vec<String> = map.keys().cloned().collect();
            for key in keys {
                if let Some(new) = renamed(&key, id, alias)
                    && let Some(value) = map.remove(&key)
                {
                    map.insert(new, value);
                    any = true;
                }
            }
            for value in map.values_mut() {
                any |= replace(value, id, alias);
            }
            any
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{is_about, is_from, replace};
    use crate::domain::ids::Person;

    #[test]
    fn a_name_is_replaced_wherever_it_stands() {
        let mut value =
            json!({"wm1": [1, "to wm1 and wm1"], "other": {"deep": "wm12 至wm1。"}, "n": 1});
        assert!(replace(&mut value, "wm1", "x"));
        assert_eq!(
            value,
            json!({"other": {"deep": "wm12 至x。"}, "n": 1, "x": [1, "to x and x"]})
        );
        assert!(!replace(&mut value, "wm1", "x"));
    }

    #[test]
    fn about_somebody_is_more_than_a_mention() {
        let wm1 = Person::External("wm1".into());
        let of = |person: &str, conversation: &str| {
            json!({"body": "inbound", "inbound": {
                "person": {"external": person}, "conversation": conversation,
                "reply_path": "none"}})
        };
        assert!(is_about(&of("wm1", "kf/x"), &wm1));
        assert!(
            is_about(&of("zhang", "wk1/wm1"), &wm1),
            "a servicer's message to them"
        );
        assert!(!is_about(&of("wm2", "wk1/wm2"), &wm1));
        assert!(is_about(&json!({"body": "unreadable", "raw": "wm1"}), &wm1));
    }

    #[test]
    fn a_word_of_a_message_is_nobody() {
        let inbound = json!({"person": {"external": "wm1"}, "conversation": "wk1/wm1",
            "trigger": {"text": "退款"}, "reply_path": "none"});
        let is_from = |id: &str| is_from(&inbound, &Person::External(id.into()));
        assert!(is_from("wm1"));
        for word in ["text", "退款", "wk1", "none", "external"] {
            assert!(!is_from(word), "{word}");
        }
    }
}
