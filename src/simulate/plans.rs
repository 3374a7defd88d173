//! Plans that begin something for everybody, in memory: what the loop of the scheduler does
//! with a store, asking the same [`Outlook`].

use std::collections::{BTreeMap, BTreeSet};

use super::scene::Order;
use crate::config::Config;
use crate::domain::clock::UnixMillis;
use crate::domain::ids::SopId;
use crate::playbook::Playbook;
use crate::sops::Sop;
use crate::sops::run::{Approval, Control, Outlook, Run, Watch, Work};

/// What operators have said about plans, and up to when they were looked after.
pub type Known = BTreeMap<SopId, (Control, Option<Watch>)>;

/// All plans as they stand.
#[derive(Debug, Clone)]
pub(super) struct Plans<'p> {
    config: &'p Config,
    playbook: &'p Playbook,
    known: Known,
    paused: BTreeSet<SopId>,
    /// What begins next; it changes only when something begins, or an operator speaks.
    next: Option<(UnixMillis, SopId)>,
}

impl<'p> Plans<'p> {
    /// Plans as they are known. Those that nobody has looked after yet are from now on.
    pub(super) fn new(
        config: &'p Config,
        playbook: &'p Playbook,
        mut known: Known,
        now: UnixMillis,
    ) -> Self {
        for sop in playbook.sops.iter() {
            let (_, watch) = known.entry(sop.id.clone()).or_default();
            watch.get_or_insert(Watch::from(now));
        }
        let is_paused = |(control, _): &(Control, Option<Watch>)| control.paused.is_some();
        let paused = known.iter().filter(|(_, plan)| is_paused(plan));
        let mut plans = Self {
            config,
            playbook,
            paused: paused.map(|(id, _)| id.clone()).collect(),
            known,
            next: None,
        };
        plans.look(now);
        plans
    }

    /// Plans whose steps wait.
    pub(super) fn paused(&self) -> &BTreeSet<SopId> {
        &self.paused
    }

    /// When something begins next, if it is known.
    pub(super) fn next(&self) -> Option<UnixMillis> {
        self.next.as_ref().map(|(at, _)| *at)
    }

    /// What begins now; none where there is nothing to begin after all.
    pub(super) fn begin(&mut self, now: UnixMillis) -> Option<Run> {
        let (_, id) = self.next.take()?;
        let sop = self.playbook.sops.get(&id)?;
        let (control, watch) = self.known.entry(id).or_default();
        let begin = outlook(self.config, self.playbook, sop, control, now).begin(watch.clone());
        *watch = match &begin {
            Some(begin) => Some(begin.watch.clone()),
            // It is not looked at again at this time.
            None => watch.take().map(|watch| Watch {
                until: now,
                ..watch
            }),
        };
        self.look(now);
        begin?.run
    }

    /// An operator says something; what follows from it for everybody in the plan.
    pub(super) fn order(&mut self, id: &SopId, order: Order, now: UnixMillis) -> Option<Run> {
        let sop = self.playbook.sops.get(id)?;
        let (control, watch) = self.known.entry(id.clone()).or_default();
        let was_paused = control.paused.is_some();
        match order {
            Order::Approve => {
                let anew = control.cancelled.take().is_some();
                let version = sop.version.clone();
                let known = control.approved.as_ref();
                if anew || known.is_none_or(|known| known.version != version) {
                    control.approved = Some(Approval { version, at: now });
                }
                if let Some(watch) = watch.as_mut().filter(|_| anew) {
                    *watch = Watch::from(watch.until);
                }
            }
            Order::Pause => control.paused = control.paused.or(Some(now)),
            Order::Resume => control.resume(now),
            Order::Cancel => control.cancelled = Some(now),
        }
        if control.paused.is_some() {
            self.paused.insert(id.clone());
        } else {
            self.paused.remove(id);
        }
        self.look(now);
        let work = match order {
            Order::Resume if was_paused => Work::Resume,
            Order::Cancel => Work::Cancel,
            _ => return None,
        };
        Some(Run::of(id.clone(), sop.version.clone(), work, now))
    }

    fn look(&mut self, now: UnixMillis) {
        let plans = self.playbook.sops.iter().filter_map(|sop| {
            let (control, watch) = self.known.get(&sop.id)?;
            let outlook = outlook(self.config, self.playbook, sop, control, now);
            if !outlook.has_runs() || outlook.held().is_some() {
                return None;
            }
            // What waited for an operator may be late already.
            let late = outlook.begin(watch.clone()).is_some();
            let at = if late {
                now
            } else {
                outlook.next(watch.as_ref())?
            };
            Some((at, sop.id.clone()))
        });
        self.next = plans.min();
    }
}

fn outlook<'a>(
    config: &'a Config,
    playbook: &'a Playbook,
    sop: &'a Sop,
    control: &'a Control,
    now: UnixMillis,
) -> Outlook<'a> {
    Outlook {
        sop,
        control,
        calendar: playbook.rules.calendar(),
        zone: &config.timezone,
        now,
    }
}
