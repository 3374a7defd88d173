//! `trace`: what came in, what the rules said, what went out; for a message or a contact.

mod together;

use anyhow::bail;
use serde::Serialize;

use super::access::{Access, local};
use super::output::Terminal;
use super::version_names::VersionNames;
use super::{ConfigArg, Ended, Format, queue, words};
use crate::app::{Reply, Request};
use crate::domain::clock::UnixMillis;
use crate::domain::contact::{Contact, TagMark};
use crate::domain::ids::{Person, RecordId, SopId, Tag};
use crate::domain::inbound::{Inbound, SopMove, Task, Trigger};
use crate::process::trace::{SopLine, StoredTrace};
use crate::rules::Glance;
use crate::store::{ItemId, ItemState, PastEffect, PastRecord, RecordOutcome, RecordQuery};

/// A line shows so many characters of a message.
const EXCERPT_CHARS: usize = 60;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[arg(value_name = "MESSAGE|CONTACT")]
    what: String,
    #[command(flatten)]
    config: ConfigArg,
    #[arg(long, default_value_t = 10)]
    limit: usize,
    #[arg(long)]
    all: bool,
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// What is known of a contact, for scripts.
#[derive(Serialize)]
struct Known<'a> {
    contact: &'a Contact,
    records: &'a [PastRecord],
}

pub(super) async fn run(args: Args, terminal: &Terminal) -> anyhow::Result<Ended> {
    let access = Access::open(&args.config, terminal).await?;
    // A bare number is a message.
    if args.what.starts_with("bc-")
        && let Ok(id) = args.what.parse()
    {
        return match together::began(&access, id).await? {
            Some(record) => message(&access, record, &args, terminal).await,
            None => Ok(unknown(&args, terminal)),
        };
    }
    match args.what.parse() {
        Ok(ItemId::Record(id)) => message(&access, id, &args, terminal).await,
        Ok(ItemId::Effect(id)) => {
            let Reply::Detail(detail) = access.ask(Request::Show(ItemId::Effect(id))).await? else {
                bail!("unexpected answer");
            };
            match detail.and_then(|detail| detail.origin) {
                Some(origin) => message(&access, origin.record, &args, terminal).await,
                None => Ok(unknown(&args, terminal)),
            }
        }
        Err(()) => contact(&access, &args, terminal).await,
    }
}

fn unknown(args: &Args, terminal: &Terminal) -> Ended {
    terminal.warn("trace.unknown", &[("what", &args.what)]);
    Ended::FoundWrong
}

async fn message(
    access: &Access,
    id: RecordId,
    args: &Args,
    terminal: &Terminal,
) -> anyhow::Result<Ended> {
    let query = RecordQuery {
        since: UnixMillis(i64::MIN),
        after: RecordId(id.0.saturating_sub(1)),
        limit: 1,
    };
    let Reply::Records(records) = access.ask(Request::Records(query)).await? else {
        bail!("unexpected answer");
    };
    let Some(record) = records.into_iter().find(|record| record.id == id) else {
        return Ok(unknown(args, terminal));
    };
    if args.format == Format::Json {
        terminal.json(&record)?;
    } else {
        let names = VersionNames::of(access).await?;
        let zone = &access.config.timezone;
        let together = together::lines(access, &record, terminal).await?;
        tell_message((&record, &together), &names, args.all, zone, terminal);
    }
    Ok(Ended::Good)
}

async fn contact(access: &Access, args: &Args, terminal: &Terminal) -> anyhow::Result<Ended> {
    let Some(contact) = &find(access, &args.what, terminal).await? else {
        return Ok(Ended::FoundWrong);
    };
    let request = Request::RecordsOf(contact.person.clone(), args.limit);
    let Reply::Records(records) = access.ask(request).await? else {
        bail!("unexpected answer");
    };
    if args.format == Format::Json {
        let records = &records;
        terminal.json(&Known { contact, records })?;
    } else {
        let names = VersionNames::of(access).await?;
        let mut told = Vec::with_capacity(records.len());
        for record in records {
            let together = together::lines(access, &record, terminal).await?;
            told.push((record, together));
        }
        tell_contact(contact, &told, &names, &access.config.timezone, terminal);
    }
    Ok(Ended::Good)
}

/// The one contact of that id or name; says so if there is none, or more than one.
pub(super) async fn find(
    access: &Access,
    what: &str,
    terminal: &Terminal,
) -> anyhow::Result<Option<Contact>> {
    let Reply::Contacts(mut found) = access.ask(Request::Find(what.to_owned())).await? else {
        bail!("unexpected answer");
    };
    if found.len() > 1 {
        terminal.warn("trace.several", &[("what", what)]);
        for contact in &found {
            terminal.line(format!("  {}", who(contact)));
        }
        return Ok(None);
    }
    if found.is_empty() {
        terminal.warn("trace.unknown", &[("what", what)]);
    }
    Ok(found.pop())
}

fn who(contact: &Contact) -> String {
    match &contact.name {
        Some(name) => format!("{name} ({})", contact.person.id()),
        None => contact.person.id().to_owned(),
    }
}

/// The stored trace; an empty one if there is none or it cannot be read.
pub(super) fn stored(record: &PastRecord) -> StoredTrace {
    let trace = record.trace.clone();
    trace
        .and_then(|trace| serde_json::from_value(trace).ok())
        .unwrap_or_default()
}

fn tell_message(
    (record, together): (&PastRecord, &[String]),
    names: &VersionNames,
    all: bool,
    zone: &jiff::tz::TimeZone,
    terminal: &Terminal,
) {
    let at = local(record.received_at, zone);
    let person = record.inbound.person.as_ref().map_or("-", Person::id);
    let said = said(&record.inbound, terminal);
    terminal.line(format!("{}  {at}  {person}", record.id));
    terminal.line(format!("  {said}"));
    terminal.say("trace.verdict", &[("verdict", &verdict(record, terminal))]);
    let trace = stored(record);
    if let Some(held) = &trace.held {
        terminal.line(format!("  ! {}", terminal.reason(held)));
    }
    if let Some(silent) = &trace.silent {
        terminal.line(format!("  ! {}", terminal.reason(silent)));
    }
    if let Some(line) = &trace.sop {
        terminal.line(format!("  {}", step(line, zone, terminal)));
    }
    let tags = tags(record, &trace);
    if !tags.is_empty() {
        terminal.say("trace.tags", &[("tags", &tags.join(" "))]);
    }
    if !trace.sops.is_empty() {
        terminal.line(format!("  SOP {}", trace.sops.join(" ")));
    }
    for effect in &record.effects {
        terminal.line(format!("  → {}", sent(effect, terminal)));
    }
    for task in together {
        terminal.line(format!("  → {task}"));
    }
    for problem in problems(&trace, terminal) {
        terminal.line(problem);
    }
    match &trace.rules {
        Some(rules) => {
            let at = trace
                .seen
                .as_ref()
                .map_or(record.received_at, |seen| seen.at);
            let version = names.told(&rules.version, at);
            terminal.say("trace.rules", &[("version", &version)]);
            let text = text_of(&record.inbound);
            let told = if all {
                rules.human(terminal.lang, text)
            } else {
                Glance::of_past(rules, text).human(terminal.lang)
            };
            terminal.line(told.trim_end());
        }
        None if record.trace.is_none() && record.outcome.is_some() => {
            terminal.say("trace.no_trace", &[]);
        }
        None => {}
    }
}

fn tell_contact(
    contact: &Contact,
    records: &[(PastRecord, Vec<String>)],
    names: &VersionNames,
    zone: &jiff::tz::TimeZone,
    terminal: &Terminal,
) {
    terminal.line(who(contact));
    for (tag, mark) in &contact.tags {
        terminal.line(format!(
            "  {}",
            provenance(tag, mark, names, zone, terminal)
        ));
    }
    for (name, value) in &contact.attributes {
        terminal.line(format!("  {name} = {value}"));
    }
    if contact.points != 0 {
        terminal.say("trace.points", &[("points", &contact.points.to_string())]);
    }
    if records.is_empty() {
        terminal.say("trace.no_records", &[]);
    }
    for (record, together) in records {
        let at = local(record.received_at, zone);
        let said = said(&record.inbound, terminal);
        let verdict = verdict(record, terminal);
        terminal.line(format!("{}  {at}  {said}", record.id));
        terminal.line(format!("    {verdict}"));
        let trace = stored(record);
        if let Some(held) = &trace.held {
            terminal.line(format!("    ! {}", terminal.reason(held)));
        }
        if let Some(line) = &trace.sop {
            terminal.line(format!("    {}", step(line, zone, terminal)));
        }
        if let Some(silent) = &trace.silent {
            terminal.line(format!("    ! {}", terminal.reason(silent)));
        }
        let tags = tags(record, &trace);
        if !tags.is_empty() {
            terminal.line(format!("    {}", tags.join(" ")));
        }
        for effect in &record.effects {
            terminal.line(format!("    → {}", sent(effect, terminal)));
        }
        for task in together {
            terminal.line(format!("    → {task}"));
        }
        // What holds all of them back has been told.
        if trace.held.is_none() && trace.silent.is_none() {
            for problem in problems(&trace, terminal) {
                terminal.line(format!("    {problem}"));
            }
        }
    }
}

/// What was to be done and could not be.
fn problems(trace: &StoredTrace, terminal: &Terminal) -> Vec<String> {
    let told = trace.steps.iter().filter_map(|step| {
        let problem = terminal.reason(step.problem.as_deref()?);
        let values = [("action", &*step.key), ("problem", &problem)];
        Some(terminal.lang.text("try.problem", &values))
    });
    told.collect()
}

/// Which rule set a tag, when and why.
fn provenance(
    tag: &Tag,
    mark: &TagMark,
    names: &VersionNames,
    zone: &jiff::tz::TimeZone,
    terminal: &Terminal,
) -> String {
    let at = local(mark.at, zone);
    let tag = words::padded(tag.0.as_str(), 20);
    let Some(rule) = &mark.rule else {
        let values = [("tag", tag.as_str()), ("at", &at)];
        return terminal.lang.text("trace.tag_told", &values);
    };
    let version = names.told(mark.version.as_deref().unwrap_or("-"), mark.at);
    let record = mark.record.map(|record| record.to_string());
    let values = [
        ("tag", tag.as_str()),
        ("at", &at),
        ("rule", rule.as_str()),
        ("version", &version),
        ("record", record.as_deref().unwrap_or("-")),
    ];
    terminal.lang.text("trace.tag_rule", &values)
}

/// A step of an SOP: planned, actual, what became of it.
fn step(line: &SopLine, zone: &jiff::tz::TimeZone, terminal: &Terminal) -> String {
    let number = (line.step + 1).to_string();
    let outcome = format!("trace.step_{}", line.outcome.word());
    let time = |at: Option<UnixMillis>| at.map_or_else(|| "-".to_owned(), |at| local(at, zone));
    let values = [
        ("sop", line.sop.as_str()),
        ("step", &number),
        ("outcome", &terminal.lang.text(&outcome, &[])),
        ("planned", &time(line.planned)),
        ("actual", &time(Some(line.actual))),
        ("next", &time(line.next)),
    ];
    terminal.lang.text("trace.step", &values)
}

fn tags(record: &PastRecord, trace: &StoredTrace) -> Vec<String> {
    let mut tags = trace.tags.clone();
    if let (Some(undo), Some(RecordOutcome::Done { .. })) = (&trace.undo, &record.outcome) {
        tags.extend(undo.tags.iter().map(|tag| format!("-{tag}")));
    }
    tags
}

/// What operators did to everybody in an SOP.
fn moved(record: &PastRecord) -> Option<(&SopId, &'static str)> {
    let Trigger::Own(Task::SopMove { sop, to }) = &record.inbound.trigger else {
        return None;
    };
    let key = match to {
        SopMove::Out => "trace.sop_out",
        SopMove::On => "trace.sop_on",
        SopMove::To(_) => "trace.sop_to",
    };
    Some((sop, key))
}

/// How the record ended, in a line.
pub(super) fn verdict(record: &PastRecord, terminal: &Terminal) -> String {
    let lang = terminal.lang;
    match (&record.outcome, record.state) {
        (_, ItemState::Dead | ItemState::Discarded) => {
            let state = queue::state(record.state, terminal);
            let reason = record.reason.as_deref().unwrap_or_default();
            format!("{state} {}", terminal.reason(reason))
                .trim_end()
                .to_owned()
        }
        (Some(RecordOutcome::Done { .. }), _) if let Some((sop, key)) = moved(record) => {
            lang.text(key, &[("sop", sop.as_str())])
        }
        (Some(RecordOutcome::Done { fired }), _) if fired.is_empty() => {
            match record.inbound.trigger {
                Trigger::Own(_) => lang.text("trace.done", &[]),
                _ => lang.text("trace.none_fired", &[]),
            }
        }
        (Some(RecordOutcome::Done { fired }), _) => {
            let rules: Vec<&str> = fired.iter().map(|rule| rule.as_str()).collect();
            lang.text("trace.fired", &[("rules", &rules.join(", "))])
        }
        (Some(RecordOutcome::Skipped { reason }), _) => {
            lang.text("trace.skipped", &[("reason", &terminal.reason(reason))])
        }
        (None, _) => lang.text("trace.waiting", &[]),
    }
}

fn sent(effect: &PastEffect, terminal: &Terminal) -> String {
    let state = queue::state(effect.state, terminal);
    let what = words::effect(&effect.effect, terminal.lang);
    let content = excerpt(&words::content(&effect.effect, terminal.lang));
    let line = format!("{}  {state}  {what}  {content}", effect.id);
    match effect.reason.as_deref() {
        Some(reason) if effect.state != ItemState::Sent => {
            format!("{line}  ({})", terminal.reason(reason))
        }
        _ => line,
    }
}

/// What came in, in a line.
pub(super) fn said(inbound: &Inbound, terminal: &Terminal) -> String {
    let channel = words::what(&format!("{} ", inbound.channel.as_str()), terminal.lang);
    match &inbound.trigger {
        Trigger::Message(message) if message.text.is_empty() => {
            format!("{channel} [{}]", message.kind)
        }
        Trigger::Message(message) => format!("{channel}「{}」", excerpt(&message.text)),
        Trigger::Clicked { key, .. } => format!("{} {}", event(inbound, terminal), excerpt(key)),
        Trigger::Own(task) => own(task, terminal),
        _ => event(inbound, terminal),
    }
}

fn event(inbound: &Inbound, terminal: &Terminal) -> String {
    let word = inbound.trigger.word().unwrap_or("event");
    words::what(
        &format!("{} {word}", inbound.channel.as_str()),
        terminal.lang,
    )
}

fn own(task: &Task, terminal: &Terminal) -> String {
    let (key, name) = match task {
        Task::SopStep { sop, .. } | Task::SopMove { sop, .. } => ("trace.own_sop", sop.as_str()),
        Task::Remind { text, .. } => ("trace.own_remind", text.as_str()),
        Task::Reminder { .. } => ("trace.own_reminder", ""),
        Task::Show(told) => ("trace.own_show", told.text.as_str()),
        Task::Take(handed) => ("trace.own_take", handed.reminder.text.as_str()),
        Task::Unanswered { text, .. } => ("trace.own_unanswered", text.as_str()),
        Task::ByHand { .. } => ("trace.own_by_hand", ""),
        Task::CameBy { way } => ("trace.own_came_by", way.as_str()),
        Task::Undo { rule, .. } => ("trace.own_undo", rule.as_str()),
        Task::Refresh { .. } => ("trace.own_refresh", ""),
        Task::Told(told) => {
            let event = told.event.as_deref();
            ("trace.own_told", event.unwrap_or_default())
        }
        Task::Alert { text } => ("trace.own_alert", text.as_str()),
    };
    terminal.lang.text(key, &[("name", &excerpt(name))])
}

/// What the rules looked at.
fn text_of(inbound: &Inbound) -> &str {
    match &inbound.trigger {
        Trigger::Message(message) => &message.text,
        Trigger::Clicked { key, .. } => key,
        Trigger::Entered { scene, .. } => scene.as_deref().unwrap_or_default(),
        _ => "",
    }
}

/// The beginning of a text, on one line.
pub(super) fn excerpt(text: &str) -> String {
    let mut chars = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut short: String = chars.by_ref().take(EXCERPT_CHARS).collect();
    if chars.next().is_some() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::excerpt;

    #[test]
    fn an_excerpt_is_one_short_line() {
        assert_eq!(excerpt("一\n二"), "一 二");
        let long = "字".repeat(61);
        assert_eq!(excerpt(&long), format!("{}…", "字".repeat(60)));
        assert_eq!(excerpt(&"字".repeat(60)), "字".repeat(60));
    }
}
