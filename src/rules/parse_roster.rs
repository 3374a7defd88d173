//! `roster.yaml` to a [`Roster`].

use std::collections::BTreeSet;
use std::time::Duration;

use super::calendar::{Calendar, Days, Opening};
use super::parse::version;
use super::parse_calendar::days;
use super::problems;
use super::roster::{Group, Ladder, Roster, Rung, Shift};
use super::roster_keys::ROSTER;
use crate::diagnostic::{Diagnostic, Findings};
use crate::domain::ids::UserId;
use crate::domain::inbound::Channel;
use crate::yaml::values::{self, ClockTime};
use crate::yaml::{Node, check, parse};

/// The word for the members who have a customer as a contact.
const FOLLOWER: &str = "负责人";

/// Reads a roster; what is wrong is reported and left out. `groups` are the servicer groups
/// of the config.
pub(super) fn roster_of(
    mut findings: Findings<'_>,
    calendar: &Calendar,
    groups: &BTreeSet<String>,
) -> Roster {
    let findings = &mut findings;
    let Some(root) = parse(findings) else {
        return Roster::default();
    };
    check(&root, &ROSTER, findings);
    version(&root, findings);
    let entries = root.get("groups").map(Node::entries).unwrap_or_default();
    let mut known = groups.clone();
    known.extend(entries.iter().map(|entry| entry.key.clone()));
    Roster {
        groups: entries
            .iter()
            .map(|entry| (entry.key.clone(), group(&entry.value, &known, findings)))
            .collect(),
        ladder: root
            .get("unanswered")
            .and_then(|node| ladder(node, calendar, &known, findings)),
    }
}

fn group(node: &Node, known: &BTreeSet<String>, findings: &mut Findings<'_>) -> Group {
    let shifts = node.get("shifts").map(Node::items).unwrap_or_default();
    let fallback = node.get("fallback");
    if let Some(fallback) = fallback {
        receiver(fallback, known, findings);
    }
    Group {
        shifts: shifts
            .iter()
            .filter_map(|shift| self::shift(shift, findings))
            .collect(),
        fallback: fallback.and_then(Node::text).map(str::to_owned),
    }
}

fn shift(node: &Node, findings: &mut Findings<'_>) -> Option<Shift> {
    let words = |key: &str| node.get(key).map(Node::words).into_iter().flatten();
    let who: Vec<UserId> = words("who").map(|(id, _)| UserId(id.to_owned())).collect();
    let dates: BTreeSet<_> = words("dates")
        .filter_map(|(text, _)| values::date(text))
        .collect();
    let clock = |key: &str| node.get(key).and_then(Node::text).and_then(values::clock);
    let span = match (node.get("from").is_some(), node.get("to").is_some()) {
        (false, false) => Some((ClockTime(0), ClockTime(24 * 60))),
        (true, true) => clock("from").zip(clock("to")),
        _ => None,
    };
    let named: Vec<Days> = words("days").filter_map(|(name, _)| days(name)).collect();
    let off = who.is_empty();
    // A day off is a day of the calendar; days of the week and dates are two ways to say when.
    let contradicts = (off && dates.is_empty()) || (!dates.is_empty() && !named.is_empty());
    let Some((from, to)) = span.filter(|_| !contradicts) else {
        findings.add(node.span, Diagnostic::of(problems::SHIFT_FORM));
        return None;
    };
    let days = if named.is_empty() {
        vec![Days::Every]
    } else {
        named
    };
    let opening = Opening { days, from, to };
    Some(Shift {
        who,
        opening,
        dates,
    })
}

fn ladder(
    node: &Node,
    calendar: &Calendar,
    known: &BTreeSet<String>,
    findings: &mut Findings<'_>,
) -> Option<Ladder> {
    let hours = node.get("hours").and_then(|hours| {
        let name = hours.text()?;
        let id = calendar.find(name);
        if id.is_none() {
            let names: Vec<&str> = calendar.names().collect();
            let found = Diagnostic::of(problems::UNKNOWN_HOURS)
                .value("name", name)
                .value("known", names.join(", "))
                .suggest(name, names.iter().copied());
            findings.add(hours.span, found);
        }
        id
    });
    let channels = node.get("channels").map(Node::words).into_iter().flatten();
    let channels: Vec<Channel> = channels.filter_map(|(name, _)| channel(name)).collect();
    let steps = node.get("steps").map(Node::items).unwrap_or_default();
    let mut rungs: Vec<Rung> = Vec::new();
    for step in steps {
        let after = step
            .get("after")
            .and_then(Node::text)
            .and_then(values::duration);
        let (Some(after), Some(tell)) = (after, step.get("tell")) else {
            continue;
        };
        receiver(tell, known, findings);
        if rungs.last().is_some_and(|before| before.after >= after) {
            findings.add(step.span, Diagnostic::of(problems::RUNG_ORDER));
        }
        let tell = tell.text().unwrap_or_default().to_owned();
        rungs.push(Rung { after, tell });
    }
    let hand_over = node.get("hand_over");
    if let Some(to) = hand_over {
        receiver(to, known, findings);
    }
    let fits = rungs
        .first()
        .is_none_or(|rung| rung.after >= Duration::from_secs(60));
    if !fits {
        findings.add(node.span, Diagnostic::of(problems::RUNG_ORDER));
    }
    (!rungs.is_empty()).then(|| Ladder {
        hours,
        channels: if channels.is_empty() {
            vec![Channel::Kf]
        } else {
            channels
        },
        hand_over: hand_over.and_then(Node::text).map(str::to_owned),
        steps: rungs,
    })
}

fn channel(name: &str) -> Option<Channel> {
    match name {
        "kf" => Some(Channel::Kf),
        "app" => Some(Channel::App),
        _ => None,
    }
}

/// A group, a member's account, or the follower.
fn receiver(node: &Node, known: &BTreeSet<String>, findings: &mut Findings<'_>) {
    let name = node.text().unwrap_or_default();
    let account = |c: char| c.is_ascii_alphanumeric() || "_-@.".contains(c);
    let is_account = name.len() <= 64 && name.chars().all(account);
    if !known.contains(name) && name != FOLLOWER && !is_account {
        let found = Diagnostic::of(problems::UNKNOWN_SERVICERS)
            .value("name", name)
            .help("check.unknown_servicers_help")
            .suggest(name, known.iter().map(String::as_str));
        findings.add(node.span, found);
    }
}
