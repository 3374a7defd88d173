//! `channels`: the codes of `channels.yaml` compared with WeCom's, and made so.

use std::sync::Arc;

use anyhow::bail;
use clap::Subcommand;

use super::access::Access;
use super::output::Terminal;
use super::{ConfigArg, Ended, Format};
use crate::app::{KnownChannels, Reply, Request, read_playbook};
use crate::channels::plan::{Content, Found, Known, Remote, Step, step};
use crate::channels::{ChannelSet, GroupWay};
use crate::deliver::retry::describe;
use crate::deliver::translate_channel as wire;
use crate::domain::clock::SystemClock;
use crate::domain::ids::Person;
use crate::gateway::Gateway;
use crate::wecom::client::App;
use crate::wecom::error::{Disposition, Error};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    verb: ChannelsVerb,
}

#[derive(Debug, Subcommand)]
enum ChannelsVerb {
    Plan(PlanArgs),
    Apply(ApplyArgs),
}

#[derive(Debug, clap::Args)]
struct PlanArgs {
    #[command(flatten)]
    config: ConfigArg,
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Debug, clap::Args)]
struct ApplyArgs {
    #[command(flatten)]
    plan: PlanArgs,
    #[arg(long)]
    yes: bool,
    #[arg(long, value_name = "ID")]
    again: Vec<String>,
}

/// Which of the two kinds of codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Way,
    Group,
}

/// One code that operators want.
struct Wanted {
    kind: Kind,
    id: String,
    name: Option<String>,
    content: Content,
}

/// One code and what has to be done about it.
struct Planned {
    wanted: Wanted,
    known: Known,
    step: Result<Step, String>,
    /// What has just been done about it: its text.
    done: Option<&'static str>,
}

pub(super) async fn run(args: Args, terminal: &Terminal) -> anyhow::Result<Ended> {
    match args.verb {
        ChannelsVerb::Plan(args) => {
            let desk = Desk::open(&args.config, terminal).await?;
            let Some(plan) = desk.plan(&[]).await? else {
                return Ok(Ended::CouldNotRun);
            };
            desk.tell(&plan, args.format)?;
            Ok(ended(&plan))
        }
        ChannelsVerb::Apply(args) => {
            let desk = Desk::open(&args.plan.config, terminal).await?;
            let Some(mut plan) = desk.plan(&args.again).await? else {
                return Ok(Ended::CouldNotRun);
            };
            if !args.yes {
                desk.tell(&plan, args.plan.format)?;
                if plan.iter().any(Planned::is_change) {
                    terminal.warn("channels.say_yes", &[]);
                }
                return Ok(ended(&plan));
            }
            for planned in plan.iter_mut().filter(|planned| planned.is_change()) {
                desk.carry_out(planned).await?;
            }
            desk.tell(&plan, args.plan.format)?;
            Ok(ended(&plan))
        }
    }
}

fn ended(plan: &[Planned]) -> Ended {
    let bad = |planned: &Planned| matches!(planned.step, Err(_) | Ok(Step::Unclear));
    if plan.iter().any(bad) {
        Ended::FoundWrong
    } else {
        Ended::Good
    }
}

impl Planned {
    fn is_change(&self) -> bool {
        self.step.as_ref().is_ok_and(Step::is_change)
    }
}

impl Wanted {
    fn key(&self) -> String {
        match self.kind {
            Kind::Way => format!("way/{}", self.id),
            Kind::Group => format!("group/{}", self.id),
        }
    }
}

/// What the verbs work with.
struct Desk<'t> {
    access: Access,
    gateway: Gateway,
    terminal: &'t Terminal,
}

impl<'t> Desk<'t> {
    async fn open(config: &ConfigArg, terminal: &'t Terminal) -> anyhow::Result<Self> {
        let access = Access::open(config, terminal).await?;
        let gateway = Gateway::new(&access.config, Arc::new(SystemClock), None)?;
        Ok(Self {
            access,
            gateway,
            terminal,
        })
    }

    fn app(&self) -> anyhow::Result<&App> {
        let config = &self.access.config;
        let first = config.apps.first().map(|app| &app.name);
        let app = first.and_then(|first| self.gateway.app(config.contact_app(first)));
        app.ok_or_else(|| anyhow::anyhow!(self.terminal.lang.text("channels.no_app", &[])))
    }

    /// What has to be done; `None` if the files are not right. Codes named in `again` are
    /// made although one may be there already.
    async fn plan(&self, again: &[String]) -> anyhow::Result<Option<Vec<Planned>>> {
        let (playbook, report) = read_playbook(&self.access.config);
        let Some(playbook) = playbook else {
            self.terminal.report(&report);
            return Ok(None);
        };
        let Reply::Channels(mut known) = self.access.ask(Request::Channels).await? else {
            bail!("unexpected answer");
        };
        let mut plan = Vec::new();
        for wanted in self.wanted(&playbook.channels).await? {
            let mut before = known.remove(&wanted.0.key()).unwrap_or_default();
            let step = match wanted.1 {
                Some(problem) => Err(problem),
                None => {
                    if again.contains(&wanted.0.id) && before.config_id.is_none() {
                        before.making_since = None;
                    }
                    let found = self.look(&wanted.0, &before).await;
                    found
                        .map(|found| step(&wanted.0.content, found))
                        .map_err(|error| describe(&error))
                }
            };
            plan.push(Planned {
                wanted: wanted.0,
                known: before,
                step,
                done: None,
            });
        }
        self.forgotten(&known);
        Ok(Some(plan))
    }

    /// Codes that were ours and are not in the file any more: nobody takes them away.
    fn forgotten(&self, known: &KnownChannels) {
        for (key, known) in known {
            let id = known.config_id.as_deref().unwrap_or_default();
            let values = [("key", key.as_str()), ("config_id", id)];
            self.terminal.warn("channels.forgotten", &values);
        }
    }

    /// Everything that the file wants; beside it why it cannot be had.
    async fn wanted(&self, set: &ChannelSet) -> anyhow::Result<Vec<(Wanted, Option<String>)>> {
        let mut all: Vec<(Wanted, Option<String>)> = Vec::new();
        for channel in &set.channels {
            let wanted = Wanted {
                kind: Kind::Way,
                id: channel.id.clone(),
                name: channel.name.clone(),
                content: Content::of(channel),
            };
            all.push((wanted, None));
        }
        for way in &set.groups {
            let (chats, problem) = self.chats(way).await?;
            let wanted = Wanted {
                kind: Kind::Group,
                id: way.id.clone(),
                name: way.name.clone(),
                content: Content::of_group(way, chats),
            };
            all.push((wanted, problem));
        }
        Ok(all)
    }

    /// The groups of a way by their ids; a name must be that of one group.
    async fn chats(&self, way: &GroupWay) -> anyhow::Result<(Vec<String>, Option<String>)> {
        let mut chats = Vec::new();
        for group in &way.groups {
            if group.starts_with("wr") && group.is_ascii() {
                chats.push(group.clone());
                continue;
            }
            let Reply::Contacts(mut found) = self.access.ask(Request::Find(group.clone())).await?
            else {
                bail!("unexpected answer");
            };
            found.retain(|one| {
                let dissolved = one
                    .group
                    .as_ref()
                    .is_some_and(|group| group.dissolved_at.is_some());
                matches!(one.person, Person::Group(_)) && !dissolved
            });
            if let [one] = found.as_slice() {
                chats.push(one.person.id().to_owned());
            } else {
                let count = found.len().to_string();
                let values = [("name", group.as_str()), ("count", &count)];
                let problem = self.terminal.lang.text("channels.which_group", &values);
                return Ok((chats, Some(problem)));
            }
        }
        Ok((chats, None))
    }

    /// What WeCom has.
    async fn look(&self, wanted: &Wanted, known: &Known) -> Result<Found, LookError> {
        let app = self
            .app()
            .map_err(|error| LookError::NoApp(error.to_string()))?;
        if let Some(id) = &known.config_id {
            let remote = match wanted.kind {
                Kind::Way => wire::way(app, id).await?,
                Kind::Group => wire::group_way(app, id).await?,
            };
            return Ok(remote.map_or(Found::Gone, Found::Ours));
        }
        let Some(since) = known.making_since else {
            return Ok(Found::Nothing);
        };
        Ok(match wanted.kind {
            Kind::Way => {
                let found = wire::find_way(app, &wanted.content.state, since).await?;
                found.map_or(Found::Nothing, Found::Orphan)
            }
            Kind::Group => Found::NoList,
        })
    }

    /// Does what has to be done about one code. A refusal stops no other.
    async fn carry_out(&self, planned: &mut Planned) -> anyhow::Result<()> {
        let done = match planned.step.clone() {
            Ok(Step::Update(remote, _)) => self.change(&planned.wanted, remote).await,
            Ok(Step::Adopt(remote, keys)) => {
                let key = planned.wanted.key();
                self.keep(key, &remote).await?;
                if keys.is_empty() {
                    Ok(remote)
                } else {
                    self.change(&planned.wanted, remote).await
                }
            }
            Ok(Step::Create | Step::Again) => {
                // Before the call: a crash in between is known to have come.
                let making = Known {
                    making_since: Some(self.access.now().await?),
                    ..Known::default()
                };
                self.note(planned.wanted.key(), making).await?;
                self.make(&planned.wanted).await
            }
            Ok(Step::Same(_) | Step::Unclear) | Err(_) => return Ok(()),
        };
        match done {
            Ok(remote) => {
                self.keep(planned.wanted.key(), &remote).await?;
                planned.done = Some(match &planned.step {
                    Ok(Step::Create | Step::Again) => "made",
                    Ok(Step::Adopt(..)) => "adopted",
                    _ => "changed",
                });
                planned.step = Ok(Step::Same(remote));
            }
            Err(error) => {
                // What was certainly not made may be made by the next try.
                if planned.known.config_id.is_none() && certainly_not(&error) {
                    self.note(planned.wanted.key(), Known::default()).await?;
                }
                planned.step = Err(describe(&error));
            }
        }
        Ok(())
    }

    async fn make(&self, wanted: &Wanted) -> Result<Remote, LookError> {
        let app = self
            .app()
            .map_err(|error| LookError::NoApp(error.to_string()))?;
        Ok(match wanted.kind {
            Kind::Way => wire::make_way(app, &wanted.content).await?,
            Kind::Group => wire::make_group_way(app, &wanted.content).await?,
        })
    }

    async fn change(&self, wanted: &Wanted, remote: Remote) -> Result<Remote, LookError> {
        let app = self
            .app()
            .map_err(|error| LookError::NoApp(error.to_string()))?;
        let (id, content) = (&remote.config_id, &wanted.content);
        match wanted.kind {
            Kind::Way => wire::change_way(app, id, content).await?,
            Kind::Group => wire::change_group_way(app, id, content).await?,
        }
        Ok(Remote {
            content: content.clone(),
            ..remote
        })
    }

    async fn keep(&self, key: String, remote: &Remote) -> anyhow::Result<()> {
        let known = Known {
            config_id: Some(remote.config_id.clone()),
            qr_code: remote.qr_code.clone(),
            making_since: None,
        };
        self.note(key, known).await
    }

    async fn note(&self, key: String, known: Known) -> anyhow::Result<()> {
        match self.access.ask(Request::KeepChannel(key, known)).await? {
            Reply::Channels(_) => Ok(()),
            _ => bail!("unexpected answer"),
        }
    }

    fn tell(&self, plan: &[Planned], format: Format) -> anyhow::Result<()> {
        if format == Format::Json {
            let rows: Vec<serde_json::Value> = plan.iter().map(row).collect();
            return self.terminal.json(&rows);
        }
        if plan.is_empty() {
            self.terminal.say("channels.none", &[]);
        }
        for planned in plan {
            let (mark, key, changes) = match &planned.step {
                Ok(Step::Same(_)) if let Some(done) = planned.done => ("✓", done, String::new()),
                Ok(Step::Same(_)) => ("=", "same", String::new()),
                Ok(Step::Update(_, keys)) => ("~", "update", keys.join(", ")),
                Ok(Step::Adopt(_, keys)) => ("~", "adopt", keys.join(", ")),
                Ok(Step::Create) => ("+", "create", String::new()),
                Ok(Step::Again) => ("+", "again", String::new()),
                Ok(Step::Unclear) => ("!", "unclear", planned.wanted.id.clone()),
                Err(reason) => ("!", "failed", self.terminal.reason(reason)),
            };
            let what = self
                .terminal
                .lang
                .text(&format!("channels.{key}"), &[("what", &changes)]);
            let name = planned.wanted.name.as_deref().unwrap_or_default();
            let line = format!("{mark} {}  {name}  {what}", planned.wanted.key());
            self.terminal.line(line);
            if let Some(remote) = remote(planned) {
                let code = remote.qr_code.as_deref().unwrap_or_default();
                self.terminal
                    .line(format!("    {}  {code}", remote.config_id));
            }
        }
        Ok(())
    }
}

/// Why a code cannot be looked at or made.
#[derive(Debug, thiserror::Error)]
enum LookError {
    #[error("{0}")]
    NoApp(String),
    #[error(transparent)]
    Call(#[from] Error),
}

/// Whether the call had no effect for sure.
fn certainly_not(error: &LookError) -> bool {
    match error {
        LookError::NoApp(_) => true,
        LookError::Call(error) => error.disposition() != Disposition::Ambiguous,
    }
}

fn remote(planned: &Planned) -> Option<&Remote> {
    match &planned.step {
        Ok(Step::Same(remote) | Step::Update(remote, _) | Step::Adopt(remote, _)) => Some(remote),
        _ => None,
    }
}

/// A code for scripts.
fn row(planned: &Planned) -> serde_json::Value {
    let (step, changes): (&str, &[&str]) = match &planned.step {
        Ok(Step::Same(_)) => ("same", &[]),
        Ok(Step::Update(_, keys)) => ("update", keys),
        Ok(Step::Adopt(_, keys)) => ("adopt", keys),
        Ok(Step::Create) => ("create", &[]),
        Ok(Step::Again) => ("again", &[]),
        Ok(Step::Unclear) => ("unclear", &[]),
        Err(_) => ("failed", &[]),
    };
    serde_json::json!({
        "key": planned.wanted.key(),
        "step": step,
        "changes": changes,
        "problem": planned.step.as_ref().err(),
        "config_id": remote(planned).map(|remote| &remote.config_id),
        "qr_code": remote(planned).and_then(|remote| remote.qr_code.as_ref()),
    })
}
