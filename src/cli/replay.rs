//! `replay`: other rules over what was recorded. Sends nothing.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::bail;
use serde::Serialize;

use super::access::{Access, local};
use super::output::Terminal;
use super::{ConfigArg, Ended, Format, since, trace, words};
use crate::app::{Reply, Request, read_playbook};
use crate::domain::clock::UnixMillis;
use crate::domain::ids::RecordId;
use crate::domain::inbound::Trigger;
use crate::process::replay::{Compared, Deeds, Replay};
use crate::store::{PastRecord, RecordOutcome, RecordQuery};

/// How wide the columns of the list are.
const WIDTHS: [usize; 4] = [28, 8, 8, 0];

/// Records read at a time.
const PAGE: usize = 500;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArg,
    #[arg(long, value_name = "TIME")]
    since: String,
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    #[arg(long, value_name = "DIR")]
    rules: Option<PathBuf>,
    #[arg(long, value_name = "DIR")]
    templates: Option<PathBuf>,
    #[arg(long, default_value_t = 20)]
    limit: usize,
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Everything that a replay found.
#[derive(Debug, Default, Serialize)]
struct Found {
    /// Records that rules looked at then and now.
    compared: usize,
    same: usize,
    different: usize,
    /// Records about which rules were not asked, or whose trace is not kept any more.
    unknown: usize,
    /// How often each rule fired: then and now.
    rules: BTreeMap<String, Fired>,
    /// How many differ in the wording of a template alone.
    reworded: BTreeMap<String, Reworded>,
    differences: Vec<Compared>,
}

/// Messages that differ in the wording of one template alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
struct Reworded {
    count: usize,
    /// The first of them.
    example: RecordId,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
struct Fired {
    before: usize,
    after: usize,
}

pub(super) async fn run(args: Args, terminal: &Terminal) -> anyhow::Result<Ended> {
    let mut access = Access::open(&args.config, terminal).await?;
    let zone = access.config.timezone.clone();
    let now = access.now().await?;
    let from = since::past(&args.since, now, &zone, terminal)?;
    let until = match &args.until {
        Some(text) => since::past(text, now, &zone, terminal)?,
        None => now,
    };
    let paths = &mut access.config.paths;
    if let Some(folder) = &args.rules {
        paths.rules.clone_from(folder);
    }
    if let Some(folder) = &args.templates {
        paths.templates.clone_from(folder);
    }
    let (playbook, report) = read_playbook(&access.config);
    let Some(playbook) = playbook else {
        terminal.report(&report);
        return Ok(Ended::CouldNotRun);
    };
    let mut replay = Replay::new(&access.config, &playbook);
    let mut found = Found::default();
    let mut after = RecordId(0);
    'pages: loop {
        let records = page(&access, from, after).await?;
        let Some(last) = records.last() else { break };
        after = last.id;
        for record in &records {
            if record.received_at >= until {
                break 'pages;
            }
            found.note(record, replay.step(record));
        }
    }
    if args.format == Format::Json {
        terminal.json(&found)?;
    } else {
        show(&found, from, args.limit, &zone, terminal);
    }
    Ok(if found.different == 0 {
        Ended::Good
    } else {
        Ended::FoundWrong
    })
}

async fn page(
    access: &Access,
    since: UnixMillis,
    after: RecordId,
) -> anyhow::Result<Vec<PastRecord>> {
    let limit = PAGE;
    let query = RecordQuery {
        since,
        after,
        limit,
    };
    match access.ask(Request::Records(query)).await? {
        Reply::Records(records) => Ok(records),
        _ => bail!("unexpected answer"),
    }
}

impl Found {
    fn note(&mut self, record: &PastRecord, compared: Option<Compared>) {
        let Some(compared) = compared else {
            let decided = matches!(record.outcome, Some(RecordOutcome::Done { .. }));
            let ours = matches!(record.inbound.trigger, Trigger::Own(_));
            self.unknown += usize::from(decided && !ours);
            return;
        };
        self.compared += 1;
        for rule in &compared.before.fired {
            self.rules.entry(rule.to_string()).or_default().before += 1;
        }
        for rule in &compared.after.fired {
            self.rules.entry(rule.to_string()).or_default().after += 1;
        }
        if compared.is_same() {
            self.same += 1;
        } else {
            self.different += 1;
            for name in &compared.reworded {
                let example = compared.id;
                let entry = self.reworded.entry(name.clone());
                entry.or_insert(Reworded { count: 0, example }).count += 1;
            }
            self.differences.push(compared);
        }
    }
}

fn show(
    found: &Found,
    since: UnixMillis,
    limit: usize,
    zone: &jiff::tz::TimeZone,
    terminal: &Terminal,
) {
    let numbers = [found.compared, found.same, found.different].map(|n| n.to_string());
    let [compared, same, different] = &numbers;
    let values = [
        ("since", &*local(since, zone)),
        ("compared", compared),
        ("same", same),
        ("different", different),
    ];
    terminal.say("replay.totals", &values);
    if found.unknown > 0 {
        let count = found.unknown.to_string();
        terminal.say("replay.unknown", &[("count", &count)]);
    }
    if !found.rules.is_empty() {
        words::head(terminal, "replay.head", &WIDTHS);
    }
    for (rule, fired) in &found.rules {
        let (before, after) = (fired.before.to_string(), fired.after.to_string());
        let sign = match fired.after.cmp(&fired.before) {
            std::cmp::Ordering::Less => format!("-{}", fired.before - fired.after),
            std::cmp::Ordering::Equal => String::new(),
            std::cmp::Ordering::Greater => format!("+{}", fired.after - fired.before),
        };
        terminal.line(words::columns(&WIDTHS, &[rule, &before, &after, &sign]));
    }
    for (name, reworded) in &found.reworded {
        let (count, example) = (reworded.count.to_string(), reworded.example.to_string());
        let values = [
            ("template", name.as_str()),
            ("count", &count),
            ("example", &example),
        ];
        terminal.say("replay.reworded", &values);
    }
    let listed = found.differences.iter();
    let listed: Vec<&Compared> = listed.filter(|one| one.reworded.is_empty()).collect();
    for compared in listed.iter().take(limit) {
        let at = local(compared.at, zone);
        let said = trace::said(&compared.inbound, terminal);
        terminal.line(format!("\n{}  {at}  {said}", compared.id));
        let (before, after) = (&compared.before, &compared.after);
        terminal.say("replay.before", &[("what", &told(before, terminal))]);
        terminal.say("replay.after", &[("what", &told(after, terminal))]);
    }
    let more = listed.len().saturating_sub(limit);
    if more > 0 {
        terminal.say("replay.more", &[("count", &more.to_string())]);
    }
}

/// Rules, tags and effects in one line.
fn told(deeds: &Deeds, terminal: &Terminal) -> String {
    let rules: Vec<&str> = deeds.fired.iter().map(|rule| rule.as_str()).collect();
    let mut parts = vec![if rules.is_empty() {
        terminal.lang.text("trace.none_fired", &[])
    } else {
        rules.join(", ")
    }];
    if !deeds.tags.is_empty() {
        parts.push(deeds.tags.join(" "));
    }
    if !deeds.sops.is_empty() {
        parts.push(format!("SOP {}", deeds.sops.join(" ")));
    }
    for effect in &deeds.effects {
        let what = words::what(effect.word(), terminal.lang);
        let content = trace::excerpt(&words::content(effect, terminal.lang));
        parts.push(format!("{what}「{content}」"));
    }
    parts.join("；")
}
