//! One look at a task that WeCom has: what became of it, and what is due.

use std::time::Duration;

use super::{AGAIN, PERSON, alert, end, plan, rest, tell};
use crate::deliver::outreach;
use crate::deliver::translate::{moment, tasks};
use crate::deliver::worker::Deps;
use crate::domain::broadcast::Reach;
use crate::domain::clock::UnixMillis;
use crate::store::{Broadcast, BroadcastChange, BroadcastState, Delivery, StoreError};
use crate::wecom::client::App;
use crate::wecom::errcode;
use crate::wecom::error::{Disposition, Error};

/// WeCom's code for a task that was cancelled.
const TASK_CANCELLED: i64 = 41093;
/// Nobody asks about a task for longer than this after it should be over.
const PATIENCE: Duration = Duration::from_secs(24 * 3600);
/// Three reminders in 24 h are over.
const REMINDED_ENOUGH: i64 = 41094;

/// WeCom has the task: asks what became of it and does what is due.
pub(super) async fn follow(
    deps: &Deps,
    broadcast: Broadcast,
    now: UnixMillis,
) -> Result<(), StoreError> {
    let Some(app) = deps.gateway.app(&broadcast.head.app) else {
        // The app is not in the config any more; it may come back.
        return rest(deps, broadcast, Some(now.after(PERSON)), now).await;
    };
    let id = broadcast.id;
    let before = broadcast.clone();
    match Follow::new(deps, app, broadcast, now).carry_on().await {
        Ok(mut change) => {
            if change.broadcast.state != before.state {
                let (row, why) = (&change.broadcast, change.broadcast.why.as_deref());
                tell(row, row.state, why);
                change.records = alert::records(&deps.config, &change.broadcast, now);
            }
            deps.store.change_broadcast(change).await?;
            Ok(())
        }
        Err(error) => {
            tracing::warn!(broadcast = %id, %error, "WeCom does not tell what became of a task");
            let policy = deps.config.broadcasts;
            if plan::is_given_up(&before, policy, now.before(PATIENCE)) {
                let over = (BroadcastState::Expired, Delivery::Unknown);
                let why = "WeCom does not tell what became of the task".to_owned();
                return end(deps, before, over, Some(why), now).await;
            }
            let wait = match error.disposition() {
                Disposition::Backoff { after: Some(wait) } => wait,
                _ if error.code() == Some(errcode::TOO_FREQUENT) => errcode::frequency_pause(1),
                _ => AGAIN,
            };
            let next = plan::next_look(&before, policy, now);
            rest(deps, before, Some(next.max(now.after(wait))), now).await
        }
    }
}

/// One look at a task.
struct Follow<'d> {
    deps: &'d Deps,
    app: &'d App,
    now: UnixMillis,
    change: BroadcastChange,
}

impl<'d> Follow<'d> {
    fn new(deps: &'d Deps, app: &'d App, broadcast: Broadcast, now: UnixMillis) -> Self {
        let ceiling = deps.config.broadcasts.ceiling;
        let mut change = BroadcastChange::of(broadcast, now);
        change.budget = Some(ceiling.budget(now, &deps.config.timezone));
        Self {
            deps,
            app,
            now,
            change,
        }
    }

    async fn carry_on(mut self) -> Result<BroadcastChange, Error> {
        let policy = self.deps.config.broadcasts;
        match self.read().await {
            Err(error) if error.code() == Some(TASK_CANCELLED) => {
                self.over(BroadcastState::Cancelled, Delivery::Cancelled);
                return Ok(self.change);
            }
            read => read?,
        }
        let row = &self.change.broadcast;
        if row.state.is_over() {
            return Ok(self.change);
        }
        let given_up = plan::is_given_up(row, policy, self.now);
        if plan::is_finished(row) {
            self.over(BroadcastState::Finished, Delivery::Declined);
        } else if row.cancelled || given_up {
            let cancelled = row.cancelled;
            self.take_back().await?;
            if cancelled {
                self.over(BroadcastState::Cancelled, Delivery::Cancelled);
            } else {
                self.over(BroadcastState::Expired, Delivery::Expired);
            }
        } else {
            let zone = &self.deps.config.timezone;
            let playbook = self.deps.playbook.get();
            let quiet = outreach::is_quiet_for(&playbook, &row.head.rule, self.now, zone);
            if plan::wants_reminder(row, policy, self.now, (quiet, zone)) {
                self.remind().await?;
            }
            let row = &mut self.change.broadcast;
            row.due = Some(plan::next_look(row, policy, self.now));
        }
        Ok(self.change)
    }

    /// Who has confirmed, and whom it reached.
    async fn read(&mut self) -> Result<(), Error> {
        let moment = self.change.broadcast.head.reach == Reach::Moments;
        if !self.find_moment().await? {
            return Ok(());
        }
        let task = self.change.broadcast.task.clone().unwrap_or_default();
        let mut members = match moment {
            true => moment::members(self.app, &task, self.now).await?,
            false => tasks::members(self.app, &task).await?,
        };
        for member in &mut members {
            let mut known = self.change.broadcast.members.iter();
            let before = known.find(|known| known.userid == member.userid);
            member.read = before.is_some_and(|known| known.read);
            member.sent_at = before.and_then(|known| known.sent_at).or(member.sent_at);
            if member.sent_at.is_none() || member.read {
                continue;
            }
            let news = match moment {
                true => moment::results(self.app, &task, &member.userid).await?,
                false => tasks::results(self.app, &task, &member.userid).await?,
            };
            member.read = plan::is_read(member, &news, &self.change.broadcast, self.now);
            self.change.news.extend(news);
        }
        self.change.broadcast.members = members;
        Ok(())
    }

    /// A moment has no id before its job is done. `false` while there is none.
    async fn find_moment(&mut self) -> Result<bool, Error> {
        let row = &mut self.change.broadcast;
        let (None, Some(job)) = (&row.task, &row.job) else {
            return Ok(true);
        };
        let Some(made) = moment::made(self.app, job).await? else {
            return Ok(false);
        };
        row.job = None;
        if made.is_empty() {
            self.over(BroadcastState::Failed, Delivery::Failed);
            return Ok(false);
        }
        row.task = Some(made);
        Ok(true)
    }

    /// Takes back what is not sent, and asks once more: somebody may have confirmed meanwhile.
    async fn take_back(&mut self) -> Result<(), Error> {
        let Some(task) = self.change.broadcast.task.clone() else {
            return Ok(());
        };
        let cancelled = match self.change.broadcast.head.reach {
            Reach::Moments => moment::cancel(self.app, &task).await,
            Reach::Customers | Reach::Groups => tasks::cancel(self.app, &task).await,
        };
        match cancelled {
            Err(error) if error.code() == Some(TASK_CANCELLED) => {}
            cancelled => cancelled?,
        }
        match self.read().await {
            Err(error) if error.code() == Some(TASK_CANCELLED) => Ok(()),
            read => read,
        }
    }

    async fn remind(&mut self) -> Result<(), Error> {
        let task = self.change.broadcast.task.clone().unwrap_or_default();
        match tasks::remind(self.app, &task).await {
            // Somebody else has reminded them, in the console.
            Err(error) if error.code() == Some(REMINDED_ENOUGH) => {}
            reminded => reminded?,
        }
        self.change.broadcast.reminded.push(self.now);
        let unconfirmed = self.change.broadcast.unconfirmed().count();
        tracing::info!(broadcast = %self.change.broadcast.id, unconfirmed, "members were reminded of a broadcast");
        Ok(())
    }

    fn over(&mut self, state: BroadcastState, delivery: Delivery) {
        let row = &mut self.change.broadcast;
        row.state = state;
        row.due = None;
        let why = match state {
            BroadcastState::Finished => Some("the member confirmed without them"),
            BroadcastState::Expired => Some("nobody confirmed it in time"),
            BroadcastState::Failed => Some("WeCom has made no moment"),
            _ => None,
        };
        if matches!(state, BroadcastState::Expired | BroadcastState::Failed) {
            row.why = why.map(str::to_owned);
        }
        self.change.rest = Some((delivery, why.map(str::to_owned)));
    }
}
