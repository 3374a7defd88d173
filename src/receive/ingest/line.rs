//! One line of what is told, read and checked. No I/O.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::{Number, Value};

use crate::domain::anniversary::{Anniversary, is_day};
use crate::domain::clock::UnixMillis;
use crate::domain::ids::ExternalUserId;
use crate::domain::inbound::{Told, ToldValue};
use crate::lang::Lang;
use crate::yaml::values::moment;

const ID_CHARS: usize = 128;
const NAME_CHARS: usize = 50;
const VALUE_CHARS: usize = 500;
const EVENT_CHARS: usize = 40;
const MOST_ATTRIBUTES: usize = 50;
/// Larger amounts are mistakes.
const MOST_AMOUNT: f64 = 1e9;
/// Clocks differ; an event of tomorrow is a mistake.
const AHEAD: std::time::Duration = std::time::Duration::from_secs(3600);

/// 业务系统写入的一条客户资料 / what one of the company's own systems tells about a customer.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "wecom-agent ingest")]
struct Line {
    /// 这条资料的身份；7 天内同一个 id 只算一次 / identity: the same id counts once in 7 days.
    id: String,
    /// 客户的 `external_userid`，wm 或 wo 开头 / the customer's `external_userid`.
    customer: String,
    /// 发生的时间，如 2026-11-22T10:30:00+08:00 或 2026-11-22 10:30；不写是现在 / when it
    /// happened, such as 2026-11-22T10:30:00+08:00; now if it is left out.
    #[serde(default)]
    at: Option<String>,
    /// 设置这些属性：文字、数字、真假 / attributes to set: texts, numbers, true or false.
    #[serde(default)]
    set: BTreeMap<String, Value>,
    /// 客户做了什么，如 order、`file_opened`、`live_watched` / what the customer did.
    #[serde(default)]
    event: Option<String>,
    /// 金额，累计到 `<event>_amount` / an amount, added up in `<event>_amount`.
    #[serde(default)]
    amount: Option<Number>,
}

/// A line that was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Telling {
    /// The number of its line, counted from 1.
    pub line: usize,
    /// What makes it recognisable.
    pub id: String,
    /// About whom.
    pub customer: ExternalUserId,
    /// When it happened.
    pub at: UnixMillis,
    /// What.
    pub told: Told,
}

/// A line that was not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadLine {
    /// Its number, counted from 1.
    pub line: usize,
    key: &'static str,
    detail: String,
}

impl BadLine {
    /// What is wrong with it.
    #[must_use]
    pub fn problem(&self, lang: Lang) -> String {
        lang.text(self.key, &[("detail", &self.detail)])
    }
}

/// Attributes that end so hold a day.
const DAYS: [&str; 5] = ["生日", "日期", "到期", "到期日", "纪念日"];

/// An attribute that rules read as a day, or that holds one by its name, and whose value
/// names none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotADay {
    /// The number of the line, counted from 1.
    pub line: usize,
    /// The `id` of the line.
    pub id: String,
    attribute: String,
    /// No rule reads it as a day.
    by_name: bool,
}

impl NotADay {
    /// What is odd about it.
    #[must_use]
    pub fn note(&self, lang: Lang) -> String {
        let values = [
            ("id", self.id.as_str()),
            ("attribute", self.attribute.as_str()),
        ];
        let key = match self.by_name {
            true => "ingest.doubtful_day",
            false => "ingest.not_a_day",
        };
        lang.text(key, &values)
    }
}

/// All lines of a body.
#[derive(Debug, Default)]
pub struct Read {
    /// Those that were understood, in order.
    pub good: Vec<Telling>,
    /// The others.
    pub bad: Vec<BadLine>,
}

/// The JSON Schema of a line.
#[must_use]
pub fn schema() -> Value {
    schemars::schema_for!(Line).to_value()
}

/// Reads JSON Lines, or one JSON array; what is wrong with one line hides no other.
#[must_use]
pub fn read(text: &str, zone: &TimeZone, now: UnixMillis) -> Read {
    let mut read = Read::default();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim_start().starts_with('[') {
        match serde_json::from_str::<Vec<Value>>(text) {
            Ok(values) => {
                for (at, value) in values.into_iter().enumerate() {
                    read.take(at + 1, serde_json::from_value(value), zone, now);
                }
            }
            Err(error) => read.refuse(error.line(), ("ingest.not_json", error.to_string())),
        }
        return read;
    }
    for (at, line) in text.lines().enumerate() {
        if !line.trim().is_empty() {
            read.take(at + 1, serde_json::from_str(line), zone, now);
        }
    }
    read
}

/// Why a line is refused: the key of a text, and what goes into it.
type Wrong = (&'static str, String);

impl Read {
    /// What was understood and yet will never set off the rules for its day.
    #[must_use]
    pub fn not_days(&self, days: &[Anniversary]) -> Vec<NotADay> {
        let mut notes = self.doubtful_days(days);
        notes.retain(|note| !note.by_name);
        notes
    }

    /// The same, and what names no day although its attribute holds one by its name.
    #[must_use]
    pub fn doubtful_days(&self, days: &[Anniversary]) -> Vec<NotADay> {
        let tellings = self.good.iter();
        let each = tellings.flat_map(|telling| {
            let set = telling.told.set.iter();
            set.map(move |(attribute, value)| (telling, attribute, value))
        });
        let odd = each.filter_map(|(telling, attribute, value)| {
            let by_name = days.iter().all(|day| day.attribute != *attribute);
            let asked = !by_name || DAYS.iter().any(|end| attribute.ends_with(end));
            let reads = matches!(value, ToldValue::Text(text) if is_day(text));
            (asked && !reads).then(|| NotADay {
                line: telling.line,
                id: telling.id.clone(),
                attribute: attribute.clone(),
                by_name,
            })
        });
        odd.collect()
    }

    fn take(
        &mut self,
        number: usize,
        line: serde_json::Result<Line>,
        zone: &TimeZone,
        now: UnixMillis,
    ) {
        let line = line.map_err(|error| ("ingest.not_json", error.to_string()));
        match line.and_then(|line| line.telling(number, zone, now)) {
            Ok(telling) => self.good.push(telling),
            Err(wrong) => self.refuse(number, wrong),
        }
    }

    fn refuse(&mut self, line: usize, (key, detail): Wrong) {
        self.bad.push(BadLine { line, key, detail });
    }
}

impl Line {
    fn telling(self, number: usize, zone: &TimeZone, now: UnixMillis) -> Result<Telling, Wrong> {
        let short = |text: &str, most| !text.trim().is_empty() && text.chars().count() <= most;
        if !short(&self.id, ID_CHARS) || self.id.chars().any(char::is_control) {
            return Err(("ingest.bad_id", ID_CHARS.to_string()));
        }
        let whom = &self.customer;
        let is_customer = (whom.starts_with("wm") || whom.starts_with("wo")) && whom.len() <= 64;
        if !is_customer
            || !whom
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
        {
            return Err(("ingest.bad_customer", whom.chars().take(64).collect()));
        }
        let at = match &self.at {
            None => now,
            Some(text) => time(text, zone).ok_or(("ingest.bad_time", text.clone()))?,
        };
        if at > now.after(AHEAD) {
            return Err(("ingest.future", self.at.unwrap_or_default()));
        }
        let event = self.event.map(event_name).transpose()?;
        if event.is_none() && self.set.is_empty() {
            return Err(("ingest.nothing", String::new()));
        }
        let amount_hundredths = match &self.amount {
            None => None,
            Some(_) if event.is_none() => return Err(("ingest.amount_alone", String::new())),
            Some(amount) => Some(hundredths(amount)?),
        };
        Ok(Telling {
            line: number,
            id: self.id,
            customer: ExternalUserId(self.customer),
            at,
            told: Told {
                set: attributes(self.set)?,
                event,
                amount_hundredths,
            },
        })
    }
}

fn time(text: &str, zone: &TimeZone) -> Option<UnixMillis> {
    let text = text.trim();
    let instant = text.parse::<jiff::Timestamp>().ok();
    instant
        .map(|at| UnixMillis(at.as_millisecond()))
        .or_else(|| Some(moment(text)?.start(zone)))
        .or_else(|| {
            let local: jiff::civil::DateTime = text.parse().ok()?;
            let at = zone.to_ambiguous_timestamp(local).compatible().ok()?;
            Some(UnixMillis(at.as_millisecond()))
        })
}

fn event_name(name: String) -> Result<String, Wrong> {
    let first = name.bytes().next().is_some_and(|b| b.is_ascii_lowercase());
    let mut rest = name.bytes();
    let plain = rest.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if first && plain && name.len() <= EVENT_CHARS {
        Ok(name)
    } else {
        Err(("ingest.bad_event", name.chars().take(EVENT_CHARS).collect()))
    }
}

fn hundredths(amount: &Number) -> Result<i64, Wrong> {
    let wrong = || ("ingest.bad_amount", amount.to_string());
    let value = amount.as_f64().ok_or_else(wrong)?;
    if value.abs() > MOST_AMOUNT {
        return Err(wrong());
    }
    #[expect(clippy::cast_possible_truncation, reason = "bounded a line above")]
    Ok((value * 100.0).round() as i64)
}

fn attributes(set: BTreeMap<String, Value>) -> Result<BTreeMap<String, ToldValue>, Wrong> {
    if set.len() > MOST_ATTRIBUTES {
        return Err(("ingest.many_attributes", MOST_ATTRIBUTES.to_string()));
    }
    let mut told = BTreeMap::new();
    for (name, value) in set {
        let wrong = || {
            (
                "ingest.bad_attribute",
                name.chars().take(NAME_CHARS).collect(),
            )
        };
        let good = !name.trim().is_empty()
            && name.chars().count() <= NAME_CHARS
            && !name.chars().any(char::is_control);
        let value = match value {
            Value::Bool(value) => ToldValue::Bool(value),
            Value::Number(number) => ToldValue::Number(number.to_string()),
            Value::String(text) if text.chars().count() <= VALUE_CHARS => ToldValue::Text(text),
            _ => return Err(wrong()),
        };
        if !good {
            return Err(wrong());
        }
        told.insert(name, value);
    }
    Ok(told)
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::read;
    use crate::domain::anniversary::Anniversary;
    use crate::domain::clock::UnixMillis;
    use crate::domain::inbound::ToldValue;

    const NOW: UnixMillis = UnixMillis(1_795_000_000_000);

    #[test]
    fn a_day_that_names_none_is_noted() {
        let line = |id: &str, value: &str| {
            format!(r#"{{"id":"{id}","customer":"wm1","set":{{"生日":{value},"名":"x"}}}}"#)
        };
        let lines = [
            line("a", r#""腊月廿三""#),
            line("b", r#""1990-13-45""#),
            line("c", "19901120"),
        ];
        let read = read(&lines.join("\n"), &zone(), NOW);
        let birthday = Anniversary {
            attribute: "生日".into(),
            lunar: false,
            once: false,
            before: 0,
            at: jiff::civil::time(9, 0, 0, 0),
        };
        let notes = read.not_days(&[birthday]);
        let ids: Vec<_> = notes.iter().map(|note| note.id.as_str()).collect();
        assert_eq!(ids, ["b", "c"]);
        assert!(read.not_days(&[]).is_empty());
        // Without a rule the name alone tells, to whoever imports a file.
        let notes = read.doubtful_days(&[]);
        let lines: Vec<_> = notes.iter().map(|note| note.line).collect();
        assert_eq!(lines, [2, 3]);
        assert!(
            notes[0]
                .note(crate::lang::Lang::Zh)
                .contains("看名字是日期")
        );
    }

    fn zone() -> TimeZone {
        TimeZone::get("Asia/Shanghai").expect("a zone")
    }

    fn key(line: &str) -> &'static str {
        let read = read(line, &zone(), NOW);
        assert!(read.good.is_empty(), "{line}");
        read.bad[0].key
    }

    #[test]
    fn a_line_says_who_what_and_when() {
        let line = r#"{"id":"o-1","customer":"wm1","at":"2026-10-01 10:30","set":{"生日":"1990-05-01","等级":3},"event":"order","amount":99.5}"#;
        let read = read(line, &zone(), NOW);
        assert_eq!(read.bad, []);
        let told = &read.good[0];
        assert_eq!(told.at, UnixMillis(1_790_821_800_000));
        assert_eq!(told.told.amount_hundredths, Some(9950));
        assert_eq!(told.told.event.as_deref(), Some("order"));
        assert_eq!(told.told.set["等级"], ToldValue::Number("3".to_owned()));
    }

    #[test]
    fn an_array_and_lines_are_the_same_and_a_bad_one_hides_no_other() {
        let good = r#"{"id":"1","customer":"wm1","event":"order"}"#;
        let bad = r#"{"id":"2","customer":"nobody","event":"order"}"#;
        for body in [
            format!("{good}\n\n{bad}\n{good}\n"),
            format!("\u{feff}[{good},null,{bad},{good}]").replace("null,", "{},"),
        ] {
            let read = read(&body, &zone(), NOW);
            assert_eq!(read.good.len(), 2, "{body}");
            assert_eq!(read.bad.last().expect("a bad line").line, 3);
        }
    }

    #[test]
    fn mistakes_are_told_apart() {
        let with = |rest: &str| format!(r#"{{"id":"1","customer":"wm1"{rest}}}"#);
        for (line, wanted) in [
            ("no json".to_owned(), "ingest.not_json"),
            (with(r#","event":"order","color":1"#), "ingest.not_json"),
            (
                r#"{"id":" ","customer":"wm1","event":"a"}"#.to_owned(),
                "ingest.bad_id",
            ),
            (
                r#"{"id":"1","customer":"zhang","event":"a"}"#.to_owned(),
                "ingest.bad_customer",
            ),
            (with(r#","event":"下单""#), "ingest.bad_event"),
            (with(r#","event":"a","at":"昨天""#), "ingest.bad_time"),
            (with(r#","event":"a","at":"2126-01-01""#), "ingest.future"),
            (with(""), "ingest.nothing"),
            (with(r#","set":{"a":1},"amount":3"#), "ingest.amount_alone"),
            (with(r#","event":"a","amount":1e12"#), "ingest.bad_amount"),
            (with(r#","set":{"a":[1]}"#), "ingest.bad_attribute"),
            (with(r#","set":{"":1}"#), "ingest.bad_attribute"),
        ] {
            assert_eq!(key(&line), wanted, "{line}");
        }
    }
}
