//! `sop`: how follow-up plans stand, what became of their steps, and what operators do to them.

mod chart;
mod left;
mod report;

use anyhow::bail;
use clap::Subcommand;
use jiff::tz::TimeZone;

use super::access::{Access, local};
use super::output::Terminal;
use super::{ConfigArg, Ended, Format, words};
use crate::app::{Reply, Request, SopReply, SopRequest, SopState, SopWish, read_playbook};
use crate::domain::clock::UnixMillis;
use crate::domain::ids::SopId;
use crate::playbook::Playbook;
use crate::sops::Sop;
use crate::sops::lifecycle::landed;
use crate::sops::run::{Outlook, Run, Work};

/// How wide the columns of the list are.
const WIDTHS: [usize; 6] = [24, 8, 8, 8, 19, 0];

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    verb: SopVerb,
}

#[derive(Debug, Subcommand)]
enum SopVerb {
    List(ListArgs),
    Show(OneArgs),
    Report(report::Args),
    Pause(OneArgs),
    Resume(OneArgs),
    Cancel(DoArgs),
    Approve(OneArgs),
    Migrate(DoArgs),
}

#[derive(Debug, clap::Args)]
struct ListArgs {
    #[command(flatten)]
    config: ConfigArg,
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Debug, clap::Args)]
struct OneArgs {
    #[command(flatten)]
    config: ConfigArg,
    #[arg(value_name = "SOP")]
    id: String,
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Debug, clap::Args)]
struct DoArgs {
    #[command(flatten)]
    one: OneArgs,
    #[arg(long)]
    yes: bool,
}

pub(super) async fn run(args: Args, terminal: &Terminal) -> anyhow::Result<Ended> {
    match args.verb {
        SopVerb::List(args) => list(&args, terminal).await,
        SopVerb::Show(args) => show(&args, terminal).await,
        SopVerb::Report(args) => report::run(&args, terminal).await,
        SopVerb::Pause(args) => {
            let desk = Desk::open(&args, terminal).await?;
            desk.wish(SopWish::Pause, "sops.paused").await
        }
        SopVerb::Resume(args) => {
            let desk = Desk::open(&args, terminal).await?;
            desk.wish(SopWish::Resume, "sops.resumed").await
        }
        SopVerb::Cancel(args) => {
            let desk = Desk::open(&args.one, terminal).await?;
            desk.cancel(args.yes).await
        }
        SopVerb::Approve(args) => {
            let desk = Desk::open(&args, terminal).await?;
            desk.approve().await
        }
        SopVerb::Migrate(args) => {
            let desk = Desk::open(&args.one, terminal).await?;
            desk.migrate(args.yes).await
        }
    }
}

/// Asks about SOPs.
async fn ask(access: &Access, request: SopRequest) -> anyhow::Result<SopReply> {
    match access.ask(Request::Sop(Box::new(request))).await? {
        Reply::Sop(reply) => Ok(*reply),
        _ => bail!("unexpected answer"),
    }
}

/// The plans as they are written now.
fn plans(access: &Access, terminal: &Terminal) -> anyhow::Result<Playbook> {
    let (playbook, report) = read_playbook(&access.config);
    playbook.ok_or_else(|| {
        terminal.report(&report);
        anyhow::anyhow!(terminal.lang.text("sops.bad_files", &[]))
    })
}

fn outlook<'a>(
    sop: &'a Sop,
    state: &'a SopState,
    playbook: &'a Playbook,
    time: Time<'a>,
) -> Outlook<'a> {
    Outlook {
        sop,
        control: &state.control,
        calendar: playbook.rules.calendar(),
        zone: time.zone,
        now: time.now,
    }
}

/// The time for whoever holds the data.
#[derive(Debug, Clone, Copy)]
struct Time<'a> {
    now: UnixMillis,
    zone: &'a TimeZone,
}

/// What is to be seen of a plan at a glance.
#[derive(serde::Serialize)]
struct Glance<'a> {
    id: &'a SopId,
    name: Option<&'a str>,
    kind: &'a str,
    version: &'a str,
    held: Option<&'static str>,
    next: Option<UnixMillis>,
    running: u64,
    finished: u64,
    #[serde(flatten)]
    state: &'a SopState,
}

impl<'a> Glance<'a> {
    fn of(sop: &'a Sop, state: &'a SopState, playbook: &'a Playbook, time: Time<'a>) -> Self {
        let outlook = outlook(sop, state, playbook, time);
        Self {
            id: &sop.id,
            name: sop.name.as_deref(),
            kind: sop.kind.word(),
            version: &sop.version,
            held: outlook.held(),
            next: outlook.next(state.watch.as_ref()),
            running: state.running.iter().map(|one| one.count).sum(),
            finished: state.ended.values().sum(),
            state,
        }
    }
}

async fn list(args: &ListArgs, terminal: &Terminal) -> anyhow::Result<Ended> {
    let access = Access::open(&args.config, terminal).await?;
    let playbook = plans(&access, terminal)?;
    let SopReply::States(states) = ask(&access, SopRequest::States).await? else {
        bail!("unexpected answer");
    };
    let (none, zone) = (SopState::default(), &access.config.timezone);
    let now = access.now().await?;
    let time = Time { now, zone };
    let glances: Vec<Glance<'_>> = playbook
        .sops
        .iter()
        .map(|sop| Glance::of(sop, states.get(&sop.id).unwrap_or(&none), &playbook, time))
        .collect();
    if args.format == Format::Json {
        terminal.json(&glances)?;
        return Ok(Ended::Good);
    }
    if glances.is_empty() {
        terminal.say("sops.none", &[]);
        return Ok(Ended::Good);
    }
    words::head(terminal, "sops.head", &WIDTHS);
    for glance in &glances {
        let state = glance.held.map_or_else(
            || terminal.lang.text("sops.on", &[]),
            |held| terminal.reason(held),
        );
        let next = glance.next.map(|at| local(at, zone)).unwrap_or_default();
        let kind = terminal
            .lang
            .text(&format!("sops.kind_{}", glance.kind), &[]);
        let (running, finished) = (glance.running.to_string(), glance.finished.to_string());
        let id = glance.id.as_str();
        terminal.line(words::columns(
            &WIDTHS,
            &[id, &kind, &running, &finished, &next, &state],
        ));
    }
    Ok(Ended::Good)
}

async fn show(args: &OneArgs, terminal: &Terminal) -> anyhow::Result<Ended> {
    let desk = Desk::open(args, terminal).await?;
    let (sop, state, zone) = (&desk.sop, &desk.state, &desk.access.config.timezone);
    let glance = Glance::of(sop, state, &desk.playbook, desk.time());
    if args.format == Format::Json {
        terminal.json(&glance)?;
        return Ok(Ended::Good);
    }
    let kind = terminal
        .lang
        .text(&format!("sops.kind_{}", glance.kind), &[]);
    let values = [
        ("id", sop.id.as_str()),
        ("kind", &kind),
        ("version", &sop.version),
        ("name", glance.name.unwrap_or("-")),
    ];
    terminal.say("sops.title", &values);
    if let Some(held) = glance.held {
        terminal.say("sops.held", &[("why", &terminal.reason(held))]);
    }
    if let Some(next) = glance.next {
        terminal.say("sops.next", &[("at", &local(next, zone))]);
    }
    for one in &state.running {
        let step = (one.step + 1).to_string();
        let old = one.version != sop.version;
        let name = desk.name_of(&one.version, one.step);
        let key = if old {
            "sops.before_old"
        } else {
            "sops.before"
        };
        let count = one.count.to_string();
        let values = [("step", step.as_str()), ("name", name), ("count", &count)];
        terminal.say(key, &values);
    }
    for (how, count) in &state.ended {
        let how = terminal.lang.text(&format!("sops.ended_{how}"), &[]);
        terminal.say(
            "sops.ended",
            &[("how", &how), ("count", &count.to_string())],
        );
    }
    for run in &state.runs {
        terminal.line(run_line(run, &desk));
    }
    Ok(Ended::Good)
}

fn run_line(run: &Run, desk: &Desk<'_>) -> String {
    let (zone, terminal) = (&desk.access.config.timezone, desk.terminal);
    let what = match run.work {
        Work::Step { step, .. } => {
            let number = (run.number.unwrap_or(step) + 1).to_string();
            let name = desk.name_of(&run.version, step);
            let values = [("step", number.as_str()), ("name", name)];
            terminal.lang.text("sops.run_step", &values)
        }
        work => terminal
            .lang
            .text(&format!("sops.run_{}", work.word()), &[]),
    };
    let why = run.why.as_deref().map(|why| terminal.reason(why));
    let under_way = run.ended.is_none();
    let state = why.unwrap_or_else(|| {
        let key = if under_way {
            "sops.under_way"
        } else {
            "sops.over"
        };
        terminal.lang.text(key, &[])
    });
    let values = [
        ("at", local(run.planned, zone)),
        ("what", what),
        ("looked", run.looked.to_string()),
        ("taken", run.taken.to_string()),
        ("state", state),
    ];
    let values = values
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    terminal.lang.text("sops.run", &values)
}

fn step_name(sop: &Sop, step: u32) -> &str {
    let index = usize::try_from(step).ok();
    let step = index.and_then(|index| sop.steps.get(index));
    step.and_then(|step| step.name.as_deref()).unwrap_or("")
}

/// One plan with how it stands.
struct Desk<'t> {
    access: Access,
    /// The plan as it was before, as far as it is kept.
    versions: Vec<Sop>,
    playbook: Playbook,
    sop: Sop,
    state: SopState,
    now: UnixMillis,
    format: Format,
    terminal: &'t Terminal,
}

impl<'t> Desk<'t> {
    async fn open(args: &OneArgs, terminal: &'t Terminal) -> anyhow::Result<Self> {
        let access = Access::open(&args.config, terminal).await?;
        let playbook = plans(&access, terminal)?;
        let id = SopId::from(args.id.as_str());
        let Some(sop) = playbook.sops.get(&id).map(|sop| Sop::clone(sop)) else {
            let values = [("id", args.id.as_str())];
            bail!(terminal.lang.text("sops.unknown", &values));
        };
        let SopReply::States(mut states) = ask(&access, SopRequest::States).await? else {
            bail!("unexpected answer");
        };
        let now = access.now().await?;
        let request = SopRequest::Versions(id.clone());
        let SopReply::Versions(versions) = ask(&access, request).await? else {
            bail!("unexpected answer");
        };
        Ok(Self {
            access,
            versions,
            playbook,
            sop,
            now,
            state: states.remove(&id).unwrap_or_default(),
            format: args.format,
            terminal,
        })
    }

    fn time(&self) -> Time<'_> {
        Time {
            now: self.now,
            zone: &self.access.config.timezone,
        }
    }

    /// What a step of a version is called; nothing if that is not kept any more.
    fn name_of(&self, version: &str, step: u32) -> &str {
        let mut known = std::iter::once(&self.sop).chain(&self.versions);
        let sop = known.find(|sop| sop.version == version);
        sop.map_or("", |sop| step_name(sop, step))
    }

    async fn wish(&self, wish: SopWish, done: &str) -> anyhow::Result<Ended> {
        let request = SopRequest::Do(self.sop.id.clone(), wish);
        let SopReply::Changed(changed) = ask(&self.access, request).await? else {
            bail!("unexpected answer");
        };
        if self.format == Format::Json {
            let json = serde_json::json!({ "changed": changed });
            self.terminal.json(&json)?;
        } else {
            let key = if changed { done } else { "sops.so_already" };
            self.terminal.say(key, &[("id", self.sop.id.as_str())]);
        }
        Ok(Ended::Good)
    }

    fn running(&self) -> u64 {
        self.state.running.iter().map(|one| one.count).sum()
    }

    /// A preview first: how many would leave.
    async fn cancel(&self, yes: bool) -> anyhow::Result<Ended> {
        if yes {
            let ended = self.wish(SopWish::Cancel, "sops.cancelled").await?;
            left::told(&self.access, &self.sop, self.terminal, self.format).await?;
            return Ok(ended);
        }
        let running = self.running();
        if self.format == Format::Json {
            let json = serde_json::json!({ "changed": false, "running": running });
            self.terminal.json(&json)?;
        } else {
            let count = running.to_string();
            let values = [("id", self.sop.id.as_str()), ("count", count.as_str())];
            self.terminal.say("sops.cancel_preview", &values);
        }
        Ok(Ended::Good)
    }

    async fn approve(&self) -> anyhow::Result<Ended> {
        let zone = &self.access.config.timezone;
        let outlook = outlook(&self.sop, &self.state, &self.playbook, self.time());
        if !outlook.needs_approval() {
            let values = [("id", self.sop.id.as_str())];
            self.terminal.warn("sops.needs_no_approval", &values);
            return Ok(Ended::FoundWrong);
        }
        if self.format == Format::Text {
            if self.state.control.previewed.as_ref() != Some(&self.sop.version) {
                let values = [("id", self.sop.id.as_str())];
                self.terminal.warn("sops.not_previewed", &values);
            }
            for (step, at) in outlook.phases() {
                let anew = self.state.control.cancelled.is_some();
                let watch = self.state.watch.as_ref().filter(|_| !anew);
                let begun = watch.is_some_and(|watch| outlook.has_begun(watch, step, at));
                let key = match at < outlook.now {
                    _ if begun => "sops.phase_begun",
                    true => "sops.phase_over",
                    false => "sops.phase",
                };
                let number = (step + 1).to_string();
                let at = local(at, zone);
                let name = step_name(&self.sop, step);
                let values = [("step", number.as_str()), ("name", name), ("at", &at)];
                self.terminal.say(key, &values);
            }
        }
        let version = self.sop.version.clone();
        self.wish(SopWish::Approve(version), "sops.approved").await
    }

    /// A preview first: who lands before which step.
    async fn migrate(&self, yes: bool) -> anyhow::Result<Ended> {
        let old = |version: &str| self.versions.iter().find(|sop| sop.version == version);
        let moves: Vec<Move> = self
            .state
            .running
            .iter()
            .filter(|one| one.version != self.sop.version)
            .map(|one| Move {
                from_version: one.version.clone(),
                from_step: one.step,
                to_step: old(&one.version).map_or(one.step, |old| landed(old, &self.sop, one.step)),
                count: one.count,
            })
            .collect();
        if self.format == Format::Json && !yes {
            self.terminal.json(&moves)?;
            return Ok(Ended::Good);
        }
        if moves.is_empty() {
            let values = [("id", self.sop.id.as_str())];
            self.terminal.say("sops.nobody_to_move", &values);
            return Ok(Ended::Good);
        }
        if self.format == Format::Text {
            for one in &moves {
                self.tell(one);
            }
        }
        if yes {
            let version = self.sop.version.clone();
            return self.wish(SopWish::Migrate(version), "sops.migrated").await;
        }
        self.terminal.say("sops.migrate_hint", &[]);
        Ok(Ended::Good)
    }

    fn tell(&self, one: &Move) {
        let over = usize::try_from(one.to_step).is_ok_and(|step| step >= self.sop.steps.len());
        let key = if over { "sops.move_over" } else { "sops.move" };
        let (from, to) = (
            (one.from_step + 1).to_string(),
            (one.to_step + 1).to_string(),
        );
        let count = one.count.to_string();
        let values = [
            ("count", count.as_str()),
            ("version", &one.from_version),
            ("from", &from),
            ("to", &to),
            ("name", step_name(&self.sop, one.to_step)),
        ];
        self.terminal.say(key, &values);
    }
}

/// Some who would move to the newest version.
#[derive(serde::Serialize)]
struct Move {
    from_version: String,
    from_step: u32,
    to_step: u32,
    count: u64,
}
