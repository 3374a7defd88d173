//! `calendar.yaml` to a [`Calendar`].

use std::collections::BTreeSet;

use jiff::civil::{Date, Weekday};

use super::calendar::{Calendar, Days, Hours, HoursId, Opening};
use super::calendar_keys::CALENDAR;
use super::parse::version;
use super::problems;
use crate::diagnostic::{Diagnostic, Findings};
use crate::yaml::values::{self, ClockTime};
use crate::yaml::{Entry, Node, check, parse};

/// Reads a calendar; what is wrong is reported and left out.
pub(super) fn calendar_of(mut findings: Findings<'_>) -> Calendar {
    let findings = &mut findings;
    let Some(root) = parse(findings) else {
        return Calendar::default();
    };
    check(&root, &CALENDAR, findings);
    version(&root, findings);
    let entries = root.get("hours").map(Node::entries).unwrap_or_default();
    let names: Vec<&str> = entries.iter().map(|entry| entry.key.as_str()).collect();
    let hours = entries
        .iter()
        .map(|entry| (entry.key.clone(), hours(entry, &names, findings)))
        .collect();
    let calendar = Calendar {
        hours,
        chinese: root.get("holidays").and_then(Node::text) == Some("cn"),
        extra_off: dates(root.get("extra_off")),
        extra_work: dates(root.get("extra_work")),
    };
    circles(&calendar, entries, findings);
    contradictions(&calendar, root.get("extra_work"), findings);
    calendar
}

fn dates(node: Option<&Node>) -> BTreeSet<Date> {
    let words = node.iter().flat_map(|node| node.words());
    words.filter_map(|(text, _)| values::date(text)).collect()
}

fn hours(entry: &Entry, names: &[&str], findings: &mut Findings<'_>) -> Hours {
    let mut openings = Vec::new();
    for item in entry.value.items() {
        let always = item.get("always").and_then(Node::text) == Some("true");
        let alone = entry.value.items().len() == 1 && item.entries().len() == 1;
        match (item.get("not"), always) {
            (Some(other), false) if alone => return not(other, names, findings),
            (None, true) if alone => return Hours::Always,
            (None, false) => openings.extend(opening(item, findings)),
            _ => {
                let found = Diagnostic::of(problems::HOURS_FORM).value("name", &*entry.key);
                findings.add(item.span, found);
            }
        }
    }
    Hours::Open(openings)
}

fn not(other: &Node, names: &[&str], findings: &mut Findings<'_>) -> Hours {
    let name = other.text().unwrap_or_default();
    match names.iter().position(|known| *known == name) {
        Some(at) => Hours::Not(HoursId(at)),
        None => {
            let found = Diagnostic::of(problems::UNKNOWN_HOURS)
                .value("name", name)
                .value("known", names.join(", "))
                .suggest(name, names.iter().copied());
            findings.add(other.span, found);
            Hours::Open(Vec::new())
        }
    }
}

fn opening(item: &Node, findings: &mut Findings<'_>) -> Option<Opening> {
    let clock = |key| item.get(key).and_then(Node::text).and_then(values::clock);
    let whole_day = item.get("from").is_none() && item.get("to").is_none();
    let (from, to) = if whole_day && item.get("days").is_some() {
        (ClockTime(0), ClockTime(24 * 60))
    } else if item.get("from").is_some() && item.get("to").is_some() {
        (clock("from")?, clock("to")?)
    } else {
        let found = Diagnostic::of(problems::HOURS_FORM).value("name", "");
        findings.add(item.span, found);
        return None;
    };
    let named: Vec<Days> = item
        .get("days")
        .iter()
        .flat_map(|node| node.words())
        .filter_map(|(name, _)| days(name))
        .collect();
    let days = if named.is_empty() {
        vec![Days::Every]
    } else {
        named
    };
    Some(Opening { days, from, to })
}

pub(super) fn days(name: &str) -> Option<Days> {
    Some(match name {
        "工作日" => Days::Working,
        "休息日" => Days::Resting,
        "周末" => Days::Weekend,
        "节假日" => Days::Holiday,
        "每天" => Days::Every,
        "周一" => Days::On(Weekday::Monday),
        "周二" => Days::On(Weekday::Tuesday),
        "周三" => Days::On(Weekday::Wednesday),
        "周四" => Days::On(Weekday::Thursday),
        "周五" => Days::On(Weekday::Friday),
        "周六" => Days::On(Weekday::Saturday),
        "周日" => Days::On(Weekday::Sunday),
        _ => return None,
    })
}

/// `not` that leads back to itself would never end.
fn circles(calendar: &Calendar, entries: &[Entry], findings: &mut Findings<'_>) {
    for (start, entry) in entries.iter().enumerate() {
        let mut at = start;
        for _ in 0..entries.len() {
            let Hours::Not(next) = &calendar.hours[at].1 else {
                break;
            };
            at = next.0;
            if at == start {
                let found = Diagnostic::of(problems::HOURS_CIRCLE).value("name", &*entry.key);
                findings.add(entry.span, found);
                break;
            }
        }
    }
}

fn contradictions(calendar: &Calendar, work: Option<&Node>, findings: &mut Findings<'_>) {
    let words = work.iter().flat_map(|node| node.words());
    for (text, span) in words {
        if values::date(text).is_some_and(|date| calendar.extra_off.contains(&date)) {
            let found = Diagnostic::of(problems::CONTRADICTING_DAYS).value("date", text);
            findings.add(span, found);
        }
    }
}
