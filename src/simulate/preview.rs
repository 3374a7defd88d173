//! What plans would do in the days to come: production's own `decide`, on a copy of what is
//! known, on a clock that runs ahead. Nothing is sent and nothing is stored.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::happened::{Happened, Passed};
use super::plans::Known;
use super::scene::Order;
use super::world::World;
use crate::config::Config;
use crate::domain::clock::UnixMillis;
use crate::domain::contact::{Contact, Follower};
use crate::domain::ids::{AppName, ExternalUserId, Person, SopId};
use crate::domain::inbound::{Author, Channel, Inbound, ReplyPath, Trigger};
use crate::playbook::Playbook;
use crate::sops::run::{Run, Work};
use crate::store::{RowOutcome, SopRow, SopRowKey};

/// More would happen than anybody could read.
const MOST: usize = 2_000_000;
/// Why a run for everybody reaches nobody.
pub(super) const NOBODY: &str = "it is for nobody";
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
    pub plans: Known,
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
    playbook: &'p Playbook,
    world: World<'p>,
    until: UnixMillis,
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
            plans,
            approve,
            newcomer,
        } = question;
        let mut world = World::new(config, playbook, from);
        let app = world.app();
        for contact in contacts {
            let running = contact.sops.iter().filter(|(_, one)| one.is_running());
            let waking: Vec<Inbound> = running
                .filter_map(|(id, one)| {
                    let sop = playbook.sops.begun_with(id, &one.version)?;
                    let run = Run::of(id.clone(), one.version.clone(), Work::Resume, from);
                    Some(run.inbound(sop, &contact, app.clone(), from))
                })
                .collect();
            world.know(contact);
            waking
                .into_iter()
                .for_each(|inbound| world.receive(inbound));
        }
        if newcomer {
            world.receive(added(config, app, from));
        }
        let cancelled = plans
            .iter()
            .filter(|(_, (control, _))| control.cancelled.is_some());
        let cancelled: BTreeSet<SopId> = cancelled.map(|(id, _)| id.clone()).collect();
        world.have_plans(plans);
        let all = playbook.sops.iter().map(|sop| &sop.id);
        for id in all.filter(|id| approve && !cancelled.contains(id)) {
            world.order(id, Order::Approve);
        }
        Self {
            playbook,
            world,
            until,
            entries: BTreeMap::new(),
            empty: Vec::new(),
            happened: 0,
        }
    }

    fn run(mut self) -> Result<Vec<Entry>, TooMuch> {
        while let Some(passed) = self.world.step(self.until) {
            self.happened += 1;
            if self.happened > MOST {
                return Err(TooMuch);
            }
            match passed {
                Passed::Decided(happened) => {
                    for row in &happened.commit.rows {
                        self.note(row, &happened);
                    }
                }
                Passed::Begun(run) if run.taken == 0 => self.nobody(&run),
                Passed::Begun(_) | Passed::Task(_) => {}
            }
        }
        let mut entries: Vec<Entry> = self.entries.into_values().chain(self.empty).collect();
        entries.sort_by(|one, other| {
            let place = |entry: &Entry| (entry.at, entry.sop.clone(), entry.step);
            place(one).cmp(&place(other))
        });
        Ok(entries)
    }

    fn nobody(&mut self, run: &Run) {
        let (Work::Step { step, .. }, Some(sop)) = (run.work, self.playbook.sops.get(&run.sop))
        else {
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
            at: run.began,
            outcome: RowOutcome::Skipped,
            why: run.why.clone().or(Some(NOBODY.to_owned())),
            sends: Vec::new(),
        });
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

/// Somebody whom nobody knows yet is added.
fn added(config: &Config, app: AppName, at: UnixMillis) -> Inbound {
    let staff = config.servicers.values().flatten().next();
    let follower = Follower::of(staff.cloned().unwrap_or_else(|| "staff".into()));
    Inbound {
        channel: Channel::Contact,
        app,
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
