//! `undo`: takes back the tags that a bad rule has set. Shows them first.

use anyhow::bail;
use serde::Serialize;

use super::access::{Access, local};
use super::output::Terminal;
use super::{ConfigArg, Ended, Format, since, words};
use crate::app::{Reply, Request, TagQuery, read_playbook};
use crate::diagnostic::nearest;
use crate::domain::change::TakeBack;
use crate::domain::clock::UnixMillis;
use crate::domain::contact::Contact;
use crate::domain::ids::{Person, RecordId, RuleId, Tag};
use crate::process::own::undo_record;
use crate::store::NewRecord;

/// How wide the columns of the list are.
const WIDTHS: [usize; 5] = [14, 32, 20, 19, 0];

/// People see so many lines of the preview; `--format json` has all.
const MOST_LINES: usize = 50;
/// Contacts handed over at a time.
const PAGE: usize = 200;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArg,
    #[arg(long, value_name = "ID")]
    rule: String,
    #[arg(long, value_name = "TIME")]
    since: String,
    #[arg(long)]
    yes: bool,
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// A tag that is to go.
#[derive(Debug, Serialize)]
struct Line {
    person: Person,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    tag: Tag,
    at: UnixMillis,
    version: Option<String>,
    record: Option<RecordId>,
}

pub(super) async fn run(args: Args, terminal: &Terminal) -> anyhow::Result<Ended> {
    let access = Access::open(&args.config, terminal).await?;
    let now = access.now().await?;
    let zone = &access.config.timezone;
    let since = since::past(&args.since, now, zone, terminal)?;
    let undo = TakeBack {
        rule: RuleId::from(args.rule.as_str()),
        since,
    };
    let contacts = tagged(&access, &undo).await?;
    if contacts.is_empty() && !is_known(&access, &undo.rule, terminal).await? {
        return Ok(Ended::CouldNotRun);
    }
    let lines: Vec<Line> = contacts
        .iter()
        .flat_map(|contact| lines(contact, &undo))
        .collect();
    let mut queued = 0;
    if args.yes {
        let record =
            |contact: &Contact| undo_record(&access.config, contact, &undo.rule, since, now);
        let records: Vec<NewRecord> = contacts.iter().filter_map(record).collect();
        for page in records.chunks(PAGE) {
            let Reply::Accepted(count) = access.ask(Request::Accept(page.to_vec())).await? else {
                bail!("unexpected answer");
            };
            queued += count;
        }
    }
    if args.format == Format::Json {
        terminal.json(&serde_json::json!({
            "rule": undo.rule,
            "since": since,
            "contacts": contacts.len(),
            "tags": lines,
            "queued": queued,
        }))?;
        return Ok(Ended::Good);
    }
    show(&lines, zone, terminal);
    let (count, people) = (lines.len().to_string(), contacts.len().to_string());
    let from = local(since, zone);
    let values = [
        ("rule", args.rule.as_str()),
        ("since", &from),
        ("tags", &count),
        ("people", &people),
    ];
    let verdict = match (lines.is_empty(), args.yes) {
        (true, _) => "undo.nothing",
        (false, false) => "undo.preview",
        (false, true) => "undo.queued",
    };
    terminal.say(verdict, &values);
    Ok(Ended::Good)
}

/// Whether there is such a rule, now or by what it has done; says so if there is none.
async fn is_known(access: &Access, rule: &RuleId, terminal: &Terminal) -> anyhow::Result<bool> {
    let Reply::Rules(mut known) = access.ask(Request::TaggingRules).await? else {
        bail!("unexpected answer");
    };
    if let (Some(playbook), _) = read_playbook(&access.config) {
        let rules = playbook.rules.rules().iter();
        known.extend(rules.map(|rule| rule.id.clone()));
        known.extend(playbook.sops.iter().map(|sop| sop.id.origin()));
    }
    if known.contains(rule) {
        return Ok(true);
    }
    let near = nearest(rule.as_str(), known.iter().map(RuleId::as_str));
    let values = [("rule", rule.as_str()), ("near", near.unwrap_or_default())];
    let text = match near {
        Some(_) => "undo.unknown_near",
        None => "undo.unknown",
    };
    terminal.warn(text, &values);
    Ok(false)
}

/// All contacts with tags to take back.
async fn tagged(access: &Access, undo: &TakeBack) -> anyhow::Result<Vec<Contact>> {
    let mut found = Vec::new();
    let mut query = TagQuery {
        rule: undo.rule.clone(),
        since: undo.since,
        after: None,
    };
    loop {
        let Reply::Tagged(page) = access.ask(Request::Tagged(query.clone())).await? else {
            bail!("unexpected answer");
        };
        found.extend(page.found);
        if page.next.is_none() {
            return Ok(found);
        }
        query.after = page.next;
    }
}

fn lines(contact: &Contact, undo: &TakeBack) -> Vec<Line> {
    let concerned = contact.tags.iter().filter(|(_, mark)| undo.concerns(mark));
    concerned
        .map(|(tag, mark)| Line {
            person: contact.person.clone(),
            name: contact.name.clone(),
            tag: tag.clone(),
            at: mark.at,
            version: mark.version.clone(),
            record: mark.record,
        })
        .collect()
}

fn show(lines: &[Line], zone: &jiff::tz::TimeZone, terminal: &Terminal) {
    if lines.is_empty() {
        return;
    }
    words::head(terminal, "undo.head", &WIDTHS);
    for line in lines.iter().take(MOST_LINES) {
        let at = local(line.at, zone);
        let record = line.record.map(|record| record.to_string());
        let record = record.as_deref().unwrap_or("-");
        let name = line.name.as_deref().unwrap_or("-");
        terminal.line(words::columns(
            &WIDTHS,
            &[name, line.person.id(), line.tag.0.as_str(), &at, record],
        ));
    }
    let more = lines.len().saturating_sub(MOST_LINES);
    if more > 0 {
        terminal.say("undo.more", &[("count", &more.to_string())]);
    }
}
