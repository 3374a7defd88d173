//! What templates can speak of.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use minijinja::Value;
use minijinja::value::{Enumerator, Object};

use crate::domain::clock::UnixMillis;
use crate::domain::contact::{Contact, Value as Attribute};
use crate::domain::inbound::Message;

/// What a text is rendered with.
#[derive(Debug, Clone, Copy)]
pub struct RenderContext<'a> {
    /// `contact`: whom it is about.
    pub contact: &'a Contact,
    /// `staff`: the member concerned.
    pub staff: Option<Staff<'a>>,
    /// `m`: what the rule's pattern captured.
    pub captures: &'a BTreeMap<String, String>,
    /// `message`: what they wrote.
    pub message: Option<&'a Message>,
    /// `now`.
    pub now: UnixMillis,
    /// The company's zone, in which `now` is shown.
    pub zone: &'a TimeZone,
    /// `corp`: the company.
    pub corp: Corp<'a>,
}

/// A member, as templates see one.
#[derive(Debug, Clone, Copy)]
pub struct Staff<'a> {
    /// The account.
    pub id: &'a str,
    /// The name, if it is known.
    pub name: Option<&'a str>,
}

/// The company, as templates see it.
#[derive(Debug, Clone, Copy)]
pub struct Corp<'a> {
    /// Its id in WeCom.
    pub id: &'a str,
    /// Its name, if the config gives one.
    pub name: Option<&'a str>,
}

impl RenderContext<'_> {
    pub(super) fn value(&self) -> Value {
        let local = self.now.timestamp().to_zoned(self.zone.clone()).datetime();
        Value::from_pairs([
            ("contact", self.contact_value()),
            ("staff", self.staff_value()),
            ("m", texts(self.captures)),
            ("message", self.message_value()),
            ("now", Value::from_object(Now(local))),
            ("corp", named(Some(self.corp.id), self.corp.name)),
        ])
    }

    fn contact_value(&self) -> Value {
        let contact = self.contact;
        let mut fields: BTreeMap<String, Value> = contact
            .attributes
            .iter()
            .map(|(name, value)| (name.clone(), attribute(value)))
            .collect();
        let tags: Vec<String> = contact.tags.keys().map(|tag| tag.0.clone()).collect();
        fields.insert("id".into(), Value::from(contact.person.id()));
        fields.insert("tags".into(), Value::from(tags));
        fields.insert("points".into(), Value::from(contact.points));
        let days = contact.added_days(self.now).map(Value::from);
        let name = contact.name.as_deref().map(Value::from);
        let source = contact.source.as_deref().map(Value::from);
        let known = [("name", name), ("source", source), ("added_days", days)];
        for (field, value) in known {
            match value {
                Some(value) => fields.insert(field.into(), value),
                None => fields.remove(field),
            };
        }
        Value::from_pairs(fields)
    }

    fn staff_value(&self) -> Value {
        named(
            self.staff.map(|staff| staff.id),
            self.staff.and_then(|staff| staff.name),
        )
    }

    fn message_value(&self) -> Value {
        let Some(message) = self.message else {
            return Value::from_pairs([("text", ""), ("type", "")]);
        };
        let mut fields: BTreeMap<&str, &str> = message
            .fields
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        fields.insert("text", &message.text);
        fields.insert("type", &message.kind);
        Value::from_pairs(fields)
    }
}

fn attribute(value: &Attribute) -> Value {
    match value {
        Attribute::Bool(flag) => Value::from(*flag),
        Attribute::Number(_) | Attribute::Text(_) => Value::from(value.to_string()),
    }
}

fn texts(map: &BTreeMap<String, String>) -> Value {
    Value::from_pairs(
        map.iter()
            .map(|(key, value)| (key.as_str(), value.as_str())),
    )
}

fn named(id: Option<&str>, name: Option<&str>) -> Value {
    let id = id.map(|id| ("id", id));
    let name = name.map(|name| ("name", name));
    Value::from_pairs(id.into_iter().chain(name))
}

/// `{{ now }}` is a date and time; its parts have names.
#[derive(Debug)]
pub(super) struct Now(pub(super) DateTime);

/// The parts of `now`.
pub(super) const NOW_PARTS: &[&str] = &[
    "date", "time", "weekday", "year", "month", "day", "hour", "minute",
];

const WEEKDAYS: [&str; 7] = ["周一", "周二", "周三", "周四", "周五", "周六", "周日"];

impl Object for Now {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let at = self.0;
        Some(match key.as_str()? {
            "date" => Value::from(at.strftime("%Y-%m-%d").to_string()),
            "time" => Value::from(at.strftime("%H:%M").to_string()),
            "weekday" => {
                let day = usize::try_from(at.weekday().to_monday_zero_offset()).ok()?;
                Value::from(*WEEKDAYS.get(day)?)
            }
            "year" => Value::from(i64::from(at.year())),
            "month" => Value::from(i64::from(at.month())),
            "day" => Value::from(i64::from(at.day())),
            "hour" => Value::from(i64::from(at.hour())),
            "minute" => Value::from(i64::from(at.minute())),
            _ => return None,
        })
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Str(NOW_PARTS)
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.strftime("%Y-%m-%d %H:%M"))
    }
}
