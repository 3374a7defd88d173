//! The company's data in lines that people and scripts read. Pure.
//!
//! | `kind` | is |
//! |---|---|
//! | `contact`, `group`, `member` | who they are, their tags with where those come from, attributes |
//! | `received`, `sent` | one line of a conversation |
//! | `sop_step` | what became of a step for somebody |
//! | `planned` | what a timer is set for: a reminder, the next step of an SOP |
//!
//! Times are written with the company's zone, ids as `trace` and `queue` write them. A line
//! of a `contact` can be read by `import`.

use std::collections::BTreeSet;

use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use crate::domain::clock::UnixMillis;
use crate::domain::contact::Contact;
use crate::domain::ids::{EffectId, Person};
use crate::domain::timer::Timer;
use crate::store::erase::mentions;
use crate::store::{ArchiveRow, EffectRow, RecordRow, SopRow};

/// Makes lines of rows that come in the order of the sections.
pub struct Export {
    zone: TimeZone,
    /// Only what concerns them.
    only: Option<Person>,
    /// What their records led to.
    effects: BTreeSet<EffectId>,
}

impl Export {
    /// Of everybody, or of one person.
    #[must_use]
    pub fn new(zone: TimeZone, only: Option<Person>) -> Self {
        Self {
            zone,
            only,
            effects: BTreeSet::new(),
        }
    }

    /// The line of a row, if it has one.
    pub fn line(&mut self, row: &ArchiveRow) -> Option<Value> {
        if !self.concerns(row) {
            return None;
        }
        match row {
            ArchiveRow::Contact(contact) => Some(self.contact(contact)),
            ArchiveRow::Record(record) => self.received(record),
            ArchiveRow::Effect(effect) => Some(self.sent(effect)),
            ArchiveRow::SopRow(row) => Some(self.sop_step(row)),
            ArchiveRow::Timer(timer) => Some(self.planned(timer)),
            _ => None,
        }
    }

    fn concerns(&mut self, row: &ArchiveRow) -> bool {
        let Some(person) = &self.only else {
            return true;
        };
        let text = serde_json::to_vec(row).unwrap_or_default();
        let theirs = mentions(&text, person.id());
        match row {
            ArchiveRow::Record(record) if theirs => {
                self.effects.extend(record.effects.iter().copied());
                true
            }
            ArchiveRow::Effect(effect) => theirs || self.effects.contains(&effect.id),
            _ => theirs,
        }
    }

    fn at(&self, at: UnixMillis) -> Value {
        let local = at.timestamp().to_zoned(self.zone.clone());
        local.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string().into()
    }

    fn maybe(&self, at: Option<UnixMillis>) -> Value {
        at.map_or(Value::Null, |at| self.at(at))
    }

    fn contact(&self, contact: &Contact) -> Value {
        let (kind, key) = match contact.person {
            Person::External(_) => ("contact", "customer"),
            Person::Member(_) => ("member", "member"),
            Person::Group(_) => ("group", "group"),
        };
        let tags = contact.tags.iter().map(|(tag, mark)| {
            json!({"tag": tag, "at": self.at(mark.at), "rule": mark.rule,
                "version": mark.version, "record": mark.record.map(|id| id.to_string())})
        });
        let followers = contact.followers.iter().map(|one| {
            json!({"member": one.userid, "remark": one.remark, "note": one.description,
                "added_at": self.maybe(one.added_at), "source": one.source, "tags": one.tags})
        });
        let sops = contact.sops.iter().map(|(sop, way)| {
            json!({"sop": sop, "version": way.version, "step": way.step + 1,
                "since": self.at(way.started_at),
                "ended": way.ended.as_ref().map(|end| json!({"at": self.at(end.at), "how": end.how}))})
        });
        let reminders = contact.reminders.iter().flat_map(|all| all.open.iter());
        let reminders = reminders.map(|(number, one)| {
            json!({"number": number, "text": one.text, "due": self.at(one.due),
                "rhythm": one.rhythm})
        });
        let group = contact.group.as_ref().map(|group| {
            json!({"owner": group.owner, "admins": group.admins,
                "members": group.members.iter().map(|one| &one.id).collect::<Vec<_>>(),
                "dissolved_at": self.maybe(group.dissolved_at)})
        });
        compact(json!({
            "kind": kind,
            key: contact.person.id(),
            "name": contact.name,
            "set": contact.attributes,
            "tags": tags.collect::<Vec<_>>(),
            "followers": followers.collect::<Vec<_>>(),
            "source": contact.source,
            "added_at": self.maybe(contact.added_at),
            "lost_at": self.maybe(contact.lost_at),
            "last_wrote_at": self.maybe(contact.last_inbound_at),
            "points": contact.points,
            "sops": sops.collect::<Vec<_>>(),
            "reminders": reminders.collect::<Vec<_>>(),
            "members": group,
        }))
    }

    /// Records without a body that could be read have no line.
    fn received(&self, record: &RecordRow) -> Option<Value> {
        let inbound = record.body.get("inbound")?;
        Some(compact(json!({
            "kind": "received",
            "id": record.id.to_string(),
            "at": self.at(record.received_at),
            "person": inbound.get("person"),
            "author": inbound.get("author"),
            "channel": inbound.get("channel"),
            "app": inbound.get("app"),
            "conversation": inbound.get("conversation"),
            "what": inbound.get("trigger"),
            "state": record.state,
            "outcome": record.outcome,
            "reason": record.reason,
            "led_to": record.effects.iter().map(ToString::to_string).collect::<Vec<_>>(),
        })))
    }

    fn sent(&self, effect: &EffectRow) -> Value {
        let origin = |name: &str| effect.origin.get(name);
        let record = origin("record").and_then(Value::as_u64);
        compact(json!({
            "kind": "sent",
            "id": effect.id.to_string(),
            "at": self.at(effect.decided_at),
            "because_of": record.map(|record| format!("in-{record}")),
            "rule": origin("rule"),
            "what": effect.effect,
            "state": effect.state,
            "reason": effect.reason,
        }))
    }

    fn sop_step(&self, row: &SopRow) -> Value {
        compact(json!({
            "kind": "sop_step",
            "sop": row.sop,
            "version": row.version,
            "step": row.step + 1,
            "name": row.name,
            "target": row.target,
            "run": self.at(row.run),
            "planned": self.at(row.planned),
            "actual": self.at(row.actual),
            "outcome": row.outcome,
            "why": row.why,
            "delivery": row.delivery,
            "delivery_why": row.delivery_why,
            "delivery_at": self.maybe(row.delivery_at),
        }))
    }

    fn planned(&self, timer: &Timer) -> Value {
        compact(json!({
            "kind": "planned",
            "at": self.at(timer.due),
            "person": timer.inbound.person,
            "what": timer.inbound.trigger,
        }))
    }
}

/// Without what is not known.
fn compact(mut line: Value) -> Value {
    let is_nothing = |value: &Value| match value {
        Value::Null => true,
        Value::Array(values) => values.is_empty(),
        Value::Object(values) => values.is_empty(),
        _ => false,
    };
    if let Some(map) = line.as_object_mut() {
        let kept = std::mem::take(map).into_iter();
        *map = kept
            .filter(|(_, value)| !is_nothing(value))
            .collect::<Map<_, _>>();
    }
    line
}
