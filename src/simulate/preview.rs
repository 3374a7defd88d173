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
use crate::domain::contact::{Contact, Follower, TagMark};
use crate::domain::ids::{AppName, ExternalUserId, Person, SopId, Tag};
use crate::domain::inbound::{Author, Channel, Inbound, ReplyPath, Trigger};
use crate::playbook::Playbook;
use crate::rules::{Reason, fits};
use crate::sops::Sop;
use crate::sops::model::Via;
use crate::sops::run::{Run, Work};
use crate::store::{RowOutcome, SopRow, SopRowKey};
use crate::templates::{Corp, RenderContext, Staff};

/// More would happen than anybody could read.
const MOST: usize = 2_000_000;
/// What moves or leaves out a message because of others.
const LIMIT: &str = "the limit of messages is reached";
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
    /// The imagined customer who is added now, if there is to be one.
    pub newcomer: Option<Contact>,
}

/// An imagined customer who carries some tags already when they are added.
#[must_use]
pub fn newcomer(tags: &[Tag], at: UnixMillis) -> Contact {
    let mut contact = Contact::unknown(Person::External(ExternalUserId::from(NEWCOMER)));
    let marked = tags.iter().map(|tag| (tag.clone(), TagMark::told(at)));
    contact.tags = marked.collect();
    contact
}

/// The first condition of a plan's audience that somebody does not fulfil; none for a plan
/// that they would enter, or that nobody enters by themselves.
#[must_use]
pub fn why_not(sop: &Sop, contact: &Contact, now: UnixMillis) -> Option<Reason> {
    let tests = sop.audience.as_deref().filter(|_| sop.is_lifecycle())?;
    let mut contact = contact.clone();
    contact.added_at.get_or_insert(now);
    fits(tests, &contact, contact.source.as_deref(), now).err()
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
    /// What else would be done: the key and its target, as rules write them, with what is said
    /// about this contact.
    pub does: Vec<(String, String)>,
    /// Who has to press a button before the customer gets what is sent.
    pub by_hand: Option<ByHand>,
    /// The plan whose message used up the limit that moves this one.
    pub after: Option<SopId>,
}

/// What a member has to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ByHand {
    /// Confirm a mass-send task.
    Confirm,
    /// Forward the content.
    Forward,
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
        if let Some(newcomer) = newcomer {
            // Whom nobody knows anything of is made by being added.
            if !newcomer.tags.is_empty() {
                world.know(newcomer);
            }
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
            config,
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
        used_up(&mut entries);
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
            does: Vec::new(),
            by_hand: None,
            after: None,
        });
    }

    /// The last word about a step counts; what held it back before stays as the reason.
    fn note(&mut self, row: &SopRow, happened: &Happened) {
        let earlier = self.entries.get(&row.key());
        let held = earlier.filter(|it| it.outcome == RowOutcome::Waiting);
        let why = row.why.clone();
        let why = why.or_else(|| held.and_then(|it| it.why.clone()));
        let deeds = happened.deeds().into_iter();
        let done = deeds.filter(|deed| deed.problem.is_none());
        let (sends, others): (Vec<_>, Vec<_>) = done.partition(|deed| deed.key == "send");
        let sends: Vec<String> = sends
            .into_iter()
            .filter(|deed| deed.effects > 0)
            .map(|deed| deed.target)
            .collect();
        let others = others.into_iter();
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
            by_hand: by_hand(self.playbook, row).filter(|_| !sends.is_empty()),
            sends,
            does: others
                .map(|deed| (deed.key, self.said_of(&deed.target, happened)))
                .collect(),
            after: None,
        };
        self.entries.insert(row.key(), entry);
    }

    /// A text as it would be said about this contact.
    fn said_of(&self, text: &str, happened: &Happened) -> String {
        if !text.contains("{{") && !text.contains("{%") {
            return text.to_owned();
        }
        let contact = &happened.seen;
        let staff = contact.followers.first();
        let context = RenderContext {
            contact,
            staff: staff.map(|follower| Staff {
                id: follower.userid.as_str(),
                name: None,
            }),
            captures: &BTreeMap::new(),
            message: None,
            now: happened.at,
            zone: &self.config.timezone,
            corp: Corp {
                id: self.config.corp.as_str(),
                name: None,
            },
        };
        let said = self.playbook.templates.render_text(text, &context);
        said.unwrap_or_else(|_| text.to_owned())
    }
}

/// Names the plan whose message went before one that a limit moved or left out: the last one
/// that the same target got before.
fn used_up(entries: &mut [Entry]) {
    let mut heard: BTreeMap<Person, Vec<(UnixMillis, SopId)>> = BTreeMap::new();
    for entry in entries {
        let Some(target) = entry.target.clone() else {
            continue;
        };
        let heard = heard.entry(target).or_default();
        if entry.why.as_deref() == Some(LIMIT) {
            let until = entry.planned.max(entry.at);
            let before = heard.iter().rev().find(|(at, _)| *at <= until);
            entry.after = before.map(|(_, sop)| sop.clone());
        }
        if !entry.sends.is_empty() {
            heard.push((entry.at, entry.sop.clone()));
        }
    }
}

/// What a member has to do for a step to reach its target.
fn by_hand(playbook: &Playbook, row: &SopRow) -> Option<ByHand> {
    let steps = &playbook.sops.get(&row.sop)?.steps;
    // Phases that edits have moved keep the numbers of their rows.
    let named = steps
        .iter()
        .find(|step| row.name.is_some() && step.name == row.name);
    let step = named.or_else(|| steps.get(usize::try_from(row.step).ok()?))?;
    match step.via {
        Via::Broadcast | Via::Moments => Some(ByHand::Confirm),
        Via::Staff => Some(ByHand::Forward),
        Via::Robot(_) | Via::Appchat(_) => None,
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
