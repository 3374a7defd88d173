//! `preview`: what plans would do in the days to come, before anything happens.

mod page;
mod recall;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::bail;
use clap::ValueEnum;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::access::Access;
use super::output::Terminal;
use super::{ConfigArg, Ended, environment, words};
use crate::app::{
    ContactQuery, Reply, Request, SopReply, SopRequest, SopState, SopWish, load_playbook,
};
use crate::config::Config;
use crate::domain::clock::{Clock as _, SystemClock, UnixMillis};
use crate::domain::contact::Contact;
use crate::domain::ids::{SopId, Tag};
use crate::playbook::Playbook;
use crate::rules::Reason;
use crate::simulate::preview::{ByHand, Entry, NEWCOMER, Question, newcomer, preview, why_not};
use crate::sops::Sop;
use crate::sops::model::Kind;
use crate::store::RowOutcome;

/// Contacts are asked for so many at a time.
const PAGE: usize = 1000;
/// So many people of one line are named.
const NAMED: usize = 3;
const DAY: std::time::Duration = std::time::Duration::from_secs(86_400);

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArg,
    #[arg(value_name = "SOP")]
    id: Option<String>,
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=366))]
    days: u32,
    #[arg(long, value_delimiter = ',')]
    tag: Vec<String>,
    #[arg(long, value_enum, default_value_t)]
    format: PreviewFormat,
}

/// How a preview is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum PreviewFormat {
    /// For people.
    #[default]
    Table,
    /// For scripts.
    Json,
    /// A page for the browser.
    Html,
}

/// What is known when the preview begins.
#[derive(Default)]
struct Known {
    contacts: Vec<Contact>,
    states: BTreeMap<SopId, SopState>,
}

pub(super) async fn run(args: Args, terminal: &Terminal) -> anyhow::Result<Ended> {
    let (config, playbook) = plans(&args, terminal)?;
    let id = args.id.as_deref().map(SopId::from);
    let shown = |sop: &&Arc<Sop>| id.as_ref().is_none_or(|id| sop.id == *id);
    let shown: Vec<&Arc<Sop>> = playbook.sops.iter().filter(shown).collect();
    // Before the first start there is nobody to know.
    let (known, from) = if config.data_folder().is_none_or(Path::exists) {
        let access = Access::open(&args.config, terminal).await?;
        note_look(&access, &shown).await?;
        let known = known(&access).await?;
        recall::recall(&access, &playbook, &known.states).await?;
        (known, access.now().await?)
    } else {
        (Known::default(), SystemClock.now())
    };
    let until = from.after(DAY * args.days);
    let tags: Vec<Tag> = args.tag.iter().map(|tag| Tag::from(tag.as_str())).collect();
    let newcomer = newcomer(&tags, from);
    let misfits = shown.iter().filter_map(|sop| {
        let why = why_not(sop, &newcomer, from)?;
        Some((sop.id.clone(), why))
    });
    let sheet = Sheet {
        title: id.as_ref().map_or_else(
            || terminal.lang.text("preview.all", &[]),
            |id| id.as_str().to_owned(),
        ),
        zone: &config.timezone,
        people: known.contacts.len(),
        days: args.days,
        approve: approvals(&shown, &known.states, &args.config),
        misfits: misfits.collect(),
        terminal,
    };
    let states = known.states.into_iter();
    let entries = preview(Question {
        config: &config,
        playbook: &playbook,
        from,
        until,
        contacts: known.contacts,
        plans: states
            .map(|(id, state)| (id, (state.control, state.watch)))
            .collect(),
        approve: true,
        newcomer: Some(newcomer),
    })?;
    let wanted = |entry: &Entry| id.as_ref().is_none_or(|id| entry.sop == *id);
    let entries: Vec<Entry> = entries.into_iter().filter(wanted).collect();
    match args.format {
        PreviewFormat::Json => terminal.json(&Told {
            from,
            until,
            people: sheet.people,
            approve: sheet.approve.values().collect(),
            entries: sheet.retold(&entries),
            misfits: sheet.misfits(&entries),
        })?,
        PreviewFormat::Table => sheet.table(&entries),
        PreviewFormat::Html => terminal.line(sheet.html(&entries)),
    }
    Ok(Ended::Good)
}

/// What is to be played, as it is written now.
fn plans(args: &Args, terminal: &Terminal) -> anyhow::Result<(Config, Playbook)> {
    // Who plans has no secrets at hand; none is needed.
    let outlined = Config::outline(&args.config.config, &environment);
    let Some(config) = outlined.config else {
        terminal.report(&outlined.report);
        bail!(terminal.lang.text("cli.bad_config", &[]));
    };
    let (playbook, report) = load_playbook(&config);
    let Some(playbook) = playbook else {
        terminal.report(&report);
        bail!(terminal.lang.text("sops.bad_files", &[]));
    };
    if let Some(id) = &args.id
        && playbook.sops.get(&SopId::from(id.as_str())).is_none()
    {
        bail!(terminal.lang.text("sops.unknown", &[("id", id.as_str())]));
    }
    Ok((config, playbook))
}

/// The command that lets each campaign begin that nobody has approved as it is now.
fn approvals(
    shown: &[&Arc<Sop>],
    states: &BTreeMap<SopId, SopState>,
    config: &ConfigArg,
) -> BTreeMap<String, String> {
    let approved = |sop: &Sop| {
        let state = states.get(&sop.id);
        let approval = state.and_then(|state| state.control.approved.as_ref());
        approval.is_some_and(|approval| approval.version == sop.version)
    };
    let campaigns = shown.iter().filter(|sop| {
        let waits = sop.kind == Kind::Campaign { approve: true };
        waits && !approved(sop)
    });
    campaigns
        .map(|sop| (sop.id.to_string(), approval(&sop.id, config)))
        .collect()
}

/// Whoever approves a campaign later is told if nobody has looked at it.
async fn note_look(access: &Access, shown: &[&Arc<Sop>]) -> anyhow::Result<()> {
    for sop in shown {
        let look = SopWish::Look(sop.version.clone());
        let request = SopRequest::Do(sop.id.clone(), look);
        access.ask(Request::Sop(Box::new(request))).await?;
    }
    Ok(())
}

/// What an operator types to let a campaign begin.
fn approval(id: &SopId, config: &ConfigArg) -> String {
    let id = id.as_str();
    let quoted = |text: &str| match text.contains([' ', '\'', '"', '$']) {
        true => format!("'{}'", text.replace('\'', "'\\''")),
        false => text.to_owned(),
    };
    let file = config.config.display().to_string();
    let config = match file.as_str() {
        "agent.toml" => String::new(),
        file => format!(" --config {}", quoted(file)),
    };
    format!("wecom-agent sop approve {}{config}", quoted(id))
}

/// Everybody and every plan as they stand.
async fn known(access: &Access) -> anyhow::Result<Known> {
    let mut contacts = Vec::new();
    for groups in [false, true] {
        let mut query = ContactQuery {
            groups,
            limit: PAGE,
            ..ContactQuery::default()
        };
        loop {
            let Reply::ContactPage(page) = access.ask(Request::Contacts(query.clone())).await?
            else {
                bail!("unexpected answer");
            };
            contacts.extend(page.found);
            let Some(next) = page.next else { break };
            query.after = Some(next);
        }
    }
    let request = Request::Sop(Box::new(SopRequest::States));
    let Reply::Sop(reply) = access.ask(request).await? else {
        bail!("unexpected answer");
    };
    let SopReply::States(states) = *reply else {
        bail!("unexpected answer");
    };
    Ok(Known { contacts, states })
}

/// The whole answer for scripts.
#[derive(Serialize)]
struct Told<'e> {
    from: UnixMillis,
    until: UnixMillis,
    people: usize,
    /// The commands that approve what is not approved yet.
    approve: Vec<&'e String>,
    entries: Vec<Entry>,
    /// Why the imagined customer is not in plans in which nothing happens.
    misfits: Vec<String>,
}

/// How a preview is shown.
struct Sheet<'s> {
    title: String,
    zone: &'s TimeZone,
    people: usize,
    days: u32,
    /// The command that approves each campaign that is not approved yet.
    approve: BTreeMap<String, String>,
    /// Why the imagined customer does not enter a plan.
    misfits: BTreeMap<SopId, Reason>,
    terminal: &'s Terminal,
}

/// Those of the same step at the same time with the same fate.
struct Line<'e> {
    first: &'e Entry,
    count: usize,
    names: Vec<String>,
    /// Everybody's members are told the same.
    alike: bool,
}

impl Sheet<'_> {
    fn text(&self, key: &str, values: &[(&str, &str)]) -> String {
        self.terminal.lang.text(key, values)
    }

    fn head(&self) -> String {
        let (people, days) = (self.people.to_string(), self.days.to_string());
        let values = [
            ("title", self.title.as_str()),
            ("people", &people),
            ("days", &days),
        ];
        self.text("preview.head", &values)
    }

    /// The lines of each day, in order.
    fn by_day<'e>(&self, entries: &'e [Entry]) -> BTreeMap<jiff::civil::Date, Vec<Line<'e>>> {
        let mut days: BTreeMap<jiff::civil::Date, Vec<Line<'e>>> = BTreeMap::new();
        for entry in entries {
            let date = self.zoned(entry.at).date();
            let lines = days.entry(date).or_default();
            let same = |line: &&mut Line<'_>| {
                let first = line.first;
                let place = |entry: &Entry| {
                    let minute = entry.at.0.div_euclid(60_000);
                    (
                        minute,
                        entry.sop.clone(),
                        entry.step,
                        entry.outcome,
                        entry.why.clone(),
                    )
                };
                place(first) == place(entry) && first.target.is_some() == entry.target.is_some()
            };
            let named = entry.target.as_ref().map(|_| self.called(entry));
            match lines.iter_mut().rev().find(same) {
                Some(line) => {
                    line.count += 1;
                    line.alike &= line.first.does == entry.does;
                    line.names
                        .extend(named.filter(|_| line.names.len() < NAMED));
                }
                None => lines.push(Line {
                    first: entry,
                    count: usize::from(entry.target.is_some()),
                    names: named.into_iter().collect(),
                    alike: true,
                }),
            }
        }
        days
    }

    fn called(&self, entry: &Entry) -> String {
        let id = entry.target.as_ref().map(crate::domain::ids::Person::id);
        match id {
            Some(NEWCOMER) => self.text("preview.newcomer", &[]),
            id => {
                let name = entry.called.as_deref().filter(|name| !name.is_empty());
                name.or(id).unwrap_or("-").to_owned()
            }
        }
    }

    fn zoned(&self, at: UnixMillis) -> jiff::Zoned {
        at.timestamp().to_zoned(self.zone.clone())
    }

    fn day(&self, date: jiff::civil::Date) -> String {
        let weekday = date.weekday().to_monday_one_offset().to_string();
        let weekday = self.text(&format!("preview.weekday_{weekday}"), &[]);
        let (month, day) = (date.month().to_string(), date.day().to_string());
        let values = [
            ("month", month.as_str()),
            ("day", &day),
            ("weekday", &weekday),
        ];
        self.text("preview.day", &values)
    }

    fn time(&self, at: UnixMillis) -> String {
        self.zoned(at).strftime("%H:%M").to_string()
    }

    fn step(&self, entry: &Entry) -> String {
        let number = (entry.step + 1).to_string();
        let name = entry.name.clone();
        let name = name.unwrap_or_else(|| self.text("preview.step", &[("number", &number)]));
        format!("{} · {name}", entry.sop)
    }

    /// Why it is moved or left out, in words, with the plan whose message came first.
    fn why(&self, entry: &Entry) -> Option<String> {
        let why = self.terminal.reason(entry.why.as_deref()?);
        Some(match &entry.after {
            Some(sop) => {
                let values = [("why", why.as_str()), ("sop", sop.as_str())];
                self.text("preview.used_up", &values)
            }
            None => why,
        })
    }

    /// What is done, in words.
    fn what(&self, entry: &Entry) -> String {
        let and = self.text("preview.and", &[]);
        let mut parts: Vec<String> = entry.does.iter().map(|deed| self.deed(deed)).collect();
        if !entry.sends.is_empty() {
            let sends = entry.sends.join(&and);
            let sends = self.text("preview.sends", &[("what", &sends)]);
            parts.push(match entry.by_hand {
                Some(ByHand::Confirm) => sends + &self.text("preview.confirm", &[]),
                Some(ByHand::Forward) => sends + &self.text("preview.forward", &[]),
                None => sends,
            });
        }
        match parts.is_empty() {
            true => self.text("preview.done", &[]),
            false => parts.join(&and),
        }
    }

    fn deed(&self, (key, target): &(String, String)) -> String {
        let entry = format!("preview.does_{key}");
        match self.terminal.lang.lookup(&entry) {
            Some(_) => self.text(&entry, &[("what", target)]),
            None => format!("{key} {target}"),
        }
    }

    /// The entries for scripts, with reasons in the reader's language.
    fn retold(&self, entries: &[Entry]) -> Vec<Entry> {
        let retold = entries.iter().map(|entry| Entry {
            why: self.why(entry),
            ..entry.clone()
        });
        retold.collect()
    }

    /// Why plans in which nothing happens are not entered by the imagined customer.
    fn misfits(&self, entries: &[Entry]) -> Vec<String> {
        let played = |id: &SopId| entries.iter().any(|entry| entry.sop == *id);
        let misfits = self.misfits.iter().filter(|(id, _)| !played(id));
        let told = misfits.map(|(id, why)| {
            let why = why.human(self.terminal.lang, "");
            let values = [("id", id.as_str()), ("why", &why)];
            self.text("preview.misfit", &values)
        });
        told.collect()
    }

    /// What becomes of it, in words.
    fn fate(&self, entry: &Entry) -> String {
        let why = self.why(entry).unwrap_or_default();
        match entry.outcome {
            RowOutcome::Done => {
                let what = self.what(entry);
                if entry.is_moved() {
                    let planned = self.zoned(entry.planned);
                    let planned = planned.strftime("%m-%d %H:%M").to_string();
                    let values = [
                        ("what", what.as_str()),
                        ("planned", &planned),
                        ("why", &why),
                    ];
                    self.text("preview.moved", &values)
                } else {
                    what
                }
            }
            RowOutcome::Skipped => self.text("preview.skipped", &[("why", &why)]),
            RowOutcome::Waiting => self.text("preview.waiting", &[("why", &why)]),
            RowOutcome::Exited => self.text("preview.exited", &[("why", &why)]),
        }
    }

    /// What becomes of all of them, in words.
    fn fate_of(&self, line: &Line<'_>) -> String {
        let fate = self.fate(line.first);
        match line.alike {
            true => fate,
            false => fate + &self.text("preview.example", &[("name", &self.called(line.first))]),
        }
    }

    fn who(&self, line: &Line<'_>) -> String {
        let names = line.names.join(self.text("preview.and", &[]).as_str());
        let count = line.count.to_string();
        let values = [("count", count.as_str()), ("names", &names)];
        match line.count {
            0 => self.text("preview.nobody", &[]),
            count if count > line.names.len() => self.text("preview.many", &values),
            _ => names,
        }
    }

    /// How to let begin what waits for a person.
    fn approvals(&self) -> Vec<String> {
        let each = self.approve.iter().map(|(id, command)| {
            let values = [("id", id.as_str()), ("command", command)];
            self.text("preview.approve", &values)
        });
        each.collect()
    }

    fn table(&self, entries: &[Entry]) {
        self.terminal.line(self.head());
        if entries.is_empty() {
            self.terminal.say("preview.nothing", &[]);
        }
        for (date, lines) in self.by_day(entries) {
            self.terminal.line(format!("\n{}", self.day(date)));
            for line in lines {
                let entry = line.first;
                let step = words::padded(&self.step(entry), 28);
                self.terminal.line(format!(
                    "  {}  {step}  {}  {}",
                    self.time(entry.at),
                    self.fate_of(&line),
                    self.who(&line)
                ));
            }
        }
        for line in self.misfits(entries).into_iter().chain(self.approvals()) {
            self.terminal.line(format!("\n{line}"));
        }
    }
}
