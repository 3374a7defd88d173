//! What plans would do in the days to come: production's own `decide`, on a copy of what is
//! known, on a clock that runs ahead. Nothing is sent and nothing is stored.

use std::collections::BTreeMap;

use serde::Serialize;

use super::world::{Happened, World};
use crate::config::Config;
use crate::domain::clock::UnixMillis;
use crate::domain::contact::{Contact, Follower};
use crate::domain::ids::{ExternalUserId, Person, SopId};
use crate::domain::inbound::{Author, Channel, Inbound, ReplyPath, Trigger};
use crate::playbook::Playbook;
use crate::sops::Sop;
use crate::sops::run::{Approval, Control, Outlook, Run, Watch, Work};
use crate::store::{RowOutcome, SopRow, SopRowKey};

/// More would happen than anybody could read.
const MOST: usize = 2_000_000;
/// The imagined customer who is added when the preview begins.
pub const NEWCOMER: &str = "preview-newcomer";

/// What a preview begins with.
pub struct Question<'p> {
    /// The configuration.
    pub config: &'p Config,
    /// The plans.
    pub playbook: &'p Playbook,
    /// From when.
    pub from: UnixMillis,
    /// Until when.
    pub until: UnixMillis,
    /// Customers and groups as they are known.
    pub contacts: Vec<Contact>,
    /// What operators have said about plans, and up to when they were looked after.
    pub plans: BTreeMap<SopId, (Control, Option<Watch>)>,
    /// Campaigns that wait for approval are played as if they were approved now.
    pub approve: bool,
    /// Whether to imagine a customer who is added now.
    pub newcomer: bool,
}

/// One step for one target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// The SOP.
    pub sop: SopId,
    /// The step, counted from 0.
    pub step: u32,
    /// Its name for people.
    pub name: Option<String>,
    /// For whom; none for a run that would find nobody.
    pub target: Option<Person>,
    /// What they are called.
    pub called: Option<String>,
    /// When it is planned.
    pub planned: UnixMillis,
    /// When it would be, or was looked at last.
    pub at: UnixMillis,
    /// What would become of it.
    pub outcome: RowOutcome,
    /// Why it would be moved or left out.
    pub why: Option<String>,
    /// The templates that would be sent.
    pub sends: Vec<String>,
}

impl Entry {
    /// Whether quiet hours or caps would move it.
    #[must_use]
    pub fn is_moved(&self) -> bool {
        self.outcome == RowOutcome::Done && self.why.is_some()
    }
}

/// The clock ran into more than can be previewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("more than {MOST} things would happen")]
pub struct TooMuch;

/// Plays the days and tells what would happen, by time.
///
/// # Errors
/// When more would happen than can be told.
pub fn preview(question: Question<'_>) -> Result<Vec<Entry>, TooMuch> {
    Play::begin(question).run()
}

struct Play<'p> {
    config: &'p Config,
    playbook: &'p Playbook,
    world: World<'p>,
    until: UnixMillis,
    plans: BTreeMap<SopId, (Control, Option<Watch>)>,
    entries: BTreeMap<SopRowKey, Entry>,
    empty: Vec<Entry>,
    happened: usize,
}

impl<'p> Play<'p> {
    fn begin(question: Question<'p>) -> Self {
        let Question {
            config,
            playbook,
            from,
            until,
            contacts,
            mut plans,
            approve,
            newcomer,
        } = question;
        let mut world = World::new(config, playbook, from);
        for contact in contacts {
            let running = contact.sops.iter().filter(|(_, one)| one.is_running());
            let waking: Vec<Inbound> = running
                .filter_map(|(id, one)| {
                    let sop = playbook.sops.begun_with(id, &one.version)?;
                    let run = Run::of(id.clone(), one.version.clone(), Work::Resume, from);
                    let app = app(config);
                    Some(run.inbound(sop, &contact, app, from))
                })
                .collect();
            world.know(contact);
            waking
                .into_iter()
                .for_each(|inbound| world.receive(inbound));
        }
        if newcomer {
            world.receive(added(config, from));
        }
        for sop in playbook.sops.iter() {
            let (control, watch) = plans.entry(sop.id.clone()).or_default();
            watch.get_or_insert(Watch {
                until: from,
                started: None,
            });
            let approved = control.approved.as_ref();
            if approve && approved.is_none_or(|known| known.version != sop.version) {
                let version = sop.version.clone();
                control.approved = Some(Approval { version, at: from });
            }
        }
        Self {
            config,
            playbook,
            world,
            until,
            plans,
            entries: BTreeMap::new(),
            empty: Vec::new(),
            happened: 0,
        }
    }

    fn run(mut self) -> Result<Vec<Entry>, TooMuch> {
        while let Some((at, sop)) = self.next_run() {
            self.play_to(at)?;
            self.begin_runs(&sop);
        }
        self.play_to(self.until)?;
        let mut entries: Vec<Entry> = self.entries.into_values().chain(self.empty).collect();
        entries.sort_by(|one, other| {
            let place = |entry: &Entry| (entry.at, entry.sop.clone(), entry.step);
            place(one).cmp(&place(other))
        });
        Ok(entries)
    }

    fn outlook<'a>(&'a self, sop: &'a Sop, control: &'a Control) -> Outlook<'a> {
        Outlook {
            sop,
            control,
            calendar: self.playbook.rules.calendar(),
            zone: &self.config.timezone,
            now: self.world.now(),
        }
    }

    /// The plan that next begins something for everybody.
    fn next_run(&self) -> Option<(UnixMillis, SopId)> {
        let plans = self.playbook.sops.iter().filter_map(|sop| {
            let (control, watch) = self.plans.get(&sop.id)?;
            let outlook = self.outlook(sop, control);
            let runs = outlook.has_runs() && outlook.held().is_none();
            let at = outlook.next(*watch).filter(|_| runs)?;
            Some((at, sop.id.clone()))
        });
        plans.filter(|(at, _)| *at <= self.until).min()
    }

    fn begin_runs(&mut self, id: &SopId) {
        let Some(sop) = self.playbook.sops.get(id) else {
            return;
        };
        let Some((control, watch)) = self.plans.get(id).cloned() else {
            return;
        };
        let now = self.world.now();
        let Some(begin) = self.outlook(sop, &control).begin(watch) else {
            // Nothing to begin after all: it is not looked at again at this time.
            self.looked_after(
                id,
                Watch {
                    until: now,
                    started: None,
                },
            );
            return;
        };
        self.looked_after(id, begin.watch);
        let Some(run) = begin.run else { return };
        let contacts = self.world.contacts();
        let concerned = contacts.filter(|contact| run.concerns(sop, contact, now));
        let app = app(self.config);
        let inbounds: Vec<Inbound> = concerned
            .map(|contact| run.inbound(sop, contact, app.clone(), now))
            .collect();
        if inbounds.is_empty() || run.ended.is_some() {
            self.nobody(sop, &run, now);
        } else {
            for inbound in inbounds {
                self.world.receive(inbound);
            }
        }
    }

    fn looked_after(&mut self, id: &SopId, watch: Watch) {
        let entry = self.plans.entry(id.clone()).or_default();
        let started = watch.started.or(entry.1.and_then(|known| known.started));
        entry.1 = Some(Watch { started, ..watch });
    }

    fn nobody(&mut self, sop: &Sop, run: &Run, now: UnixMillis) {
        let Work::Step { step, .. } = run.work else {
            return;
        };
        let index = usize::try_from(step).unwrap_or(usize::MAX);
        self.empty.push(Entry {
            sop: sop.id.clone(),
            step,
            name: sop.steps.get(index).and_then(|step| step.name.clone()),
            target: None,
            called: None,
            planned: run.planned,
            at: now,
            outcome: RowOutcome::Skipped,
            why: run.why.clone().or(Some("it is for nobody".to_owned())),
            sends: Vec::new(),
        });
    }

    fn play_to(&mut self, to: UnixMillis) -> Result<(), TooMuch> {
        while let Some(happened) = self.world.step(to) {
            self.happened += 1;
            if self.happened > MOST {
                return Err(TooMuch);
            }
            for row in &happened.commit.rows {
                self.note(row, &happened);
            }
        }
        Ok(())
    }

    /// The last word about a step counts; what held it back before stays as the reason.
    fn note(&mut self, row: &SopRow, happened: &Happened) {
        let earlier = self.entries.get(&row.key());
        let held = earlier.filter(|it| it.outcome == RowOutcome::Waiting);
        let why = row.why.clone();
        let why = why.or_else(|| held.and_then(|it| it.why.clone()));
        let sends = happened.deeds().into_iter();
        let sends = sends.filter(|deed| deed.key == "send" && deed.effects > 0);
        let entry = Entry {
            sop: row.sop.clone(),
            step: row.step,
            name: row.name.clone(),
            called: happened.seen.name.clone(),
            target: Some(row.target.clone()),
            planned: row.planned,
            at: row.actual,
            outcome: row.outcome,
            why,
            sends: sends.map(|deed| deed.target).collect(),
        };
        self.entries.insert(row.key(), entry);
    }
}

fn app(config: &Config) -> crate::domain::ids::AppName {
    let first = config.apps.first().map(|app| &app.name);
    first.map_or_else(|| "contact".into(), |app| config.contact_app(app).clone())
}

/// Somebody whom nobody knows yet is added.
fn added(config: &Config, at: UnixMillis) -> Inbound {
    let staff = config.servicers.values().flatten().next();
    let follower = Follower::of(staff.cloned().unwrap_or_else(|| "staff".into()));
    Inbound {
        channel: Channel::Contact,
        app: app(config),
        at,
        person: Some(Person::External(ExternalUserId::from(NEWCOMER))),
        author: Author::System,
        conversation: format!("contact/{NEWCOMER}").into(),
        trigger: Trigger::Added {
            userid: follower.userid,
            source: None,
            welcome_code: None,
        },
        reply_path: ReplyPath::None,
    }
}
