//! What is not done again after a restore. Pure.
//!
//! Between a backup and its restore the old data may have gone on for days: what waited in
//! it has probably been answered, sent and begun. Nobody can tell from the backup, so what
//! was due in that time waits for a person instead of being done a second time:
//!
//! | in the backup | after the restore |
//! |---|---|
//! | an effect that waits | unknown |
//! | a record that waits | a dead letter |
//! | a timer that was due since | a dead letter |
//! | a broadcast that gathers | cancelled |
//! | a step that is being done for everybody | over |
//! | the times up to which plans were looked after | the time of the restore |
//! | kf messages that were sent since | taken in, not answered |
//!
//! Effects keep their numbers and times, and so their `msgid`: where WeCom knows repeats, one
//! that is put back into the queue is known.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::domain::clock::UnixMillis;
use crate::domain::ids::{OpenKfId, RecordId};
use crate::domain::timer::Timer;
use crate::sops::run::{RUNS, Run, WATCHES, Watch, Work};
use crate::store::{
    ArchiveRow, BroadcastState, DedupeHash, FactRow, ItemState, KF_HISTORY_ENDS, LaneHash,
    RecordBody, RecordRow, Result, StoreError,
};

/// Why something waits for a person after a restore.
pub const HELD: &str = "restored from a backup: it may have been done since";

/// Holds back what may have been done.
pub struct Hold {
    now: UnixMillis,
    timers: u64,
    last_record: u64,
    accounts: BTreeSet<OpenKfId>,
}

impl Hold {
    /// At a restore. `timers` is the number of timers in the backup: each may become a record.
    #[must_use]
    pub fn at(now: UnixMillis, timers: u64) -> Self {
        Self {
            now,
            timers,
            last_record: 0,
            accounts: BTreeSet::new(),
        }
    }

    /// What becomes of a row. Rows come in the order of the sections.
    ///
    /// # Errors
    /// If it cannot be written as JSON.
    pub fn row(&mut self, mut row: ArchiveRow) -> Result<ArchiveRow> {
        match &mut row {
            ArchiveRow::Numbers(numbers) => {
                self.last_record = numbers.record;
                numbers.record += self.timers;
            }
            ArchiveRow::Record(record) if record.state == ItemState::Ready => {
                record.state = ItemState::Dead;
                record.reason = Some(HELD.to_owned());
            }
            ArchiveRow::Effect(effect) if effect.state == ItemState::Ready => {
                effect.state = ItemState::Unknown;
                effect.unclear = true;
                effect.reason = Some(HELD.to_owned());
            }
            ArchiveRow::Timer(timer) if timer.due <= self.now => {
                return Ok(ArchiveRow::Record(Box::new(self.due(timer)?)));
            }
            ArchiveRow::KfCursor(cursor) => {
                self.accounts.insert(cursor.account.clone());
            }
            ArchiveRow::Fact(fact) => self.fact(fact),
            ArchiveRow::Broadcast(row) if row.broadcast.state == BroadcastState::Gathering => {
                row.gathers = false;
                row.broadcast.cancelled = true;
                row.broadcast.due = Some(self.now);
            }
            _ => {}
        }
        Ok(row)
    }

    /// The rows that are missing at the end.
    pub fn end(self) -> impl Iterator<Item = ArchiveRow> {
        let now = self.now;
        self.accounts.into_iter().map(move |account| {
            ArchiveRow::Fact(FactRow {
                name: format!("{KF_HISTORY_ENDS}{account}"),
                value: now.0.into(),
            })
        })
    }

    /// The dead letter that a timer becomes.
    fn due(&mut self, timer: &Timer) -> Result<RecordRow> {
        self.last_record += 1;
        let body = RecordBody::Inbound {
            inbound: timer.inbound.clone(),
            raw: String::new(),
        };
        Ok(RecordRow {
            id: RecordId(self.last_record),
            dedupe: DedupeHash::of(&timer.dedupe().0),
            recognised: true,
            received_at: self.now,
            lane: LaneHash::of(timer.inbound.conversation.as_str()),
            place: self.last_record,
            urgent: false,
            state: ItemState::Dead,
            due: self.now,
            attempts: 0,
            first_attempt_at: None,
            reason: Some(HELD.to_owned()),
            outcome: None,
            effects: Vec::new(),
            trace: None,
            body: serde_json::to_value(body).map_err(|_| StoreError::Corrupt { what: "timer" })?,
        })
    }

    fn fact(&mut self, fact: &mut FactRow) {
        if let Some(account) = fact.name.strip_prefix(KF_HISTORY_ENDS) {
            self.accounts.remove(&OpenKfId::from(account));
            fact.value = self.now.0.into();
        } else if fact.name.starts_with(WATCHES) {
            changed(&mut fact.value, |watch: &mut Watch| {
                watch.until = watch.until.max(self.now);
            });
        } else if fact.name.starts_with(RUNS) {
            changed(&mut fact.value, |run: &mut Run| {
                if run.ended.is_none() && matches!(run.work, Work::Step { .. }) {
                    run.ended = Some(self.now);
                    run.why = Some(HELD.to_owned());
                }
            });
        }
    }
}

/// Changes a value that this version can read.
fn changed<T>(value: &mut Value, change: impl FnOnce(&mut T))
where
    T: serde::Serialize + serde::de::DeserializeOwned,
{
    let Ok(mut read) = serde_json::from_value::<T>(value.clone()) else {
        return;
    };
    change(&mut read);
    if let Ok(new) = serde_json::to_value(read) {
        *value = new;
    }
}
