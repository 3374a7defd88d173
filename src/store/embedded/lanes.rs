//! Order within a lane, parallel across lanes: what inbox and outbox have in common.
//!
//! Only the head of a lane stands in the ready index, under the time it is due. A claim
//! takes it out; a retry puts it back and so holds up what is behind it; an end removes
//! it and lets the next one come forward. Finding work therefore costs as much as there
//! is due, however much is stored.
//!
//! Urgent items form a lane of their own beside the normal one: a welcome whose code is
//! running out does not wait behind a message that is being retried.

use std::collections::HashSet;
use std::ops::ControlFlow;

use super::engine::{Row, Rows, collect, first, try_scan};
use super::item::{ClaimRow, ItemRow, Kind, Queue};
use super::keys::{Keys, Line, Table, last_u64, read_u64};
use super::txn::{Txn, decode};
use crate::domain::clock::UnixMillis;
use crate::store::{Claim, ItemId, ItemState, LaneHash, Result, StoreError};

/// An item that a claim took.
pub(crate) struct Taken {
    pub(crate) id: u64,
    pub(crate) row: ItemRow,
    pub(crate) claim: ClaimRow,
    pub(crate) body: Vec<u8>,
}

/// An item that is held by a claim.
pub(crate) struct Held {
    pub(crate) id: u64,
    pub(crate) row: ItemRow,
    pub(crate) claim: ClaimRow,
}

impl Queue {
    /// Puts a waiting item at the end of its lane.
    pub(crate) fn push(&self, txn: &mut Txn<'_>, id: u64, row: &ItemRow) -> Result<()> {
        let lane = txn.keys.lane(self.lane, row.lane, row.urgent);
        let leads = first(txn, &lane)?.is_none();
        txn.put(
            txn.keys.in_lane(self.lane, row.lane, row.urgent, row.seq),
            id.to_be_bytes().to_vec(),
        );
        self.place(txn, id, row)?;
        if leads {
            self.make_ready(txn, id, row);
        }
        Ok(())
    }

    /// Claims heads that are due, urgent ones first.
    pub(crate) fn take(&self, txn: &mut Txn<'_>, claim: Claim) -> Result<Vec<Taken>> {
        let mut due: Vec<Row> = Vec::new();
        for urgent in [true, false] {
            let range = txn.keys.ready_until(self.ready, urgent, claim.now);
            due.extend(collect(txn, &range, claim.limit - due.len())?);
        }
        let mut taken = Vec::with_capacity(due.len());
        for (ready, id) in due {
            txn.delete(ready);
            let (id, row) = self.pointed_to(txn, &id)?;
            let body = txn
                .get(&txn.keys.number(self.body, id))?
                .ok_or(StoreError::Corrupt { what: "body" })?;
            let held = ClaimRow {
                fence: txn.next_fence()?,
                until: claim.now.after(claim.lease),
                attempt: row.attempts.saturating_add(1),
                first_attempt_at: row.first_attempt_at.unwrap_or(claim.now),
                failed: None,
            };
            txn.put_json(txn.keys.number(self.claim, id), "claim", &held)?;
            taken.push(Taken {
                id,
                row,
                claim: held,
                body,
            });
        }
        Ok(taken)
    }

    /// The item, if the claim with this fence still holds it.
    pub(crate) fn held(&self, txn: &Txn<'_>, id: u64, fence: u64) -> Result<Held> {
        let fenced = || StoreError::Fenced {
            item: self.name(id).to_string(),
        };
        let claim = self
            .claim_row(txn, id)?
            .filter(|claim| claim.fence == fence);
        let claim = claim.ok_or_else(fenced)?;
        let row = self.row(txn, id)?.ok_or_else(fenced)?;
        Ok(Held { id, row, claim })
    }

    /// Ends a held item; its lane goes on. What the caller has set in the row is kept.
    pub(crate) fn end(&self, txn: &mut Txn<'_>, held: Held, state: ItemState) -> Result<()> {
        let Held { id, mut row, claim } = held;
        txn.delete(txn.keys.number(self.claim, id));
        self.leave_lane(txn, &row)?;
        self.displace(txn, id, &row)?;
        row.attempts = claim.attempt;
        row.first_attempt_at = Some(claim.first_attempt_at);
        row.state = state;
        self.place(txn, id, &row)
    }

    /// Gives a held item back, due at `due`. It stays the head of its lane.
    pub(crate) fn give_back(&self, txn: &mut Txn<'_>, held: Held, due: UnixMillis) -> Result<()> {
        let Held { id, mut row, .. } = held;
        txn.delete(txn.keys.number(self.claim, id));
        row.due = due;
        txn.put_json(txn.keys.number(self.waiting, id), "item", &row)?;
        self.make_ready(txn, id, &row);
        Ok(())
    }

    /// Makes the head of a lane due at `now` if it waits for a limit. A try that failed is not
    /// repeated sooner because somebody writes: they would use up all tries while WeCom is away.
    pub(crate) fn hurry(&self, txn: &mut Txn<'_>, lane: LaneHash, now: UnixMillis) -> Result<()> {
        let Some((_, head)) = first(txn, &txn.keys.lane(self.lane, lane, false))? else {
            return Ok(());
        };
        let (id, mut row) = self.pointed_to(txn, &head)?;
        if !row.snoozed || row.due <= now || self.claim_row(txn, id)?.is_some() {
            return Ok(());
        }
        txn.delete(txn.keys.ready(self.ready, row.urgent, row.due, row.seq));
        row.due = now;
        txn.put_json(txn.keys.number(self.waiting, id), "item", &row)?;
        self.make_ready(txn, id, &row);
        Ok(())
    }

    /// The head of a lane, if it is another than this item.
    pub(crate) fn ahead_of(
        &self,
        rows: &dyn Rows,
        keys: &Keys,
        id: u64,
        row: &ItemRow,
    ) -> Result<Option<ItemId>> {
        let head = first(rows, &keys.lane(self.lane, row.lane, row.urgent))?;
        let head = head.and_then(|(_, head)| read_u64(&head));
        Ok(head.filter(|head| *head != id).map(|head| self.name(head)))
    }

    /// The waiting items behind one in its lane, at most so many.
    pub(crate) fn behind(
        &self,
        rows: &dyn Rows,
        keys: &Keys,
        row: &ItemRow,
        limit: usize,
    ) -> Result<Vec<u64>> {
        let mut range = keys.lane(self.lane, row.lane, row.urgent);
        let own = keys.in_lane(self.lane, row.lane, row.urgent, row.seq);
        range.from = [own.as_slice(), &[0]].concat();
        let found = collect(rows, &range, limit)?;
        Ok(found.iter().filter_map(|(_, id)| read_u64(id)).collect())
    }

    /// Gives back what was claimed by an earlier opening of the store or whose lease
    /// has ended. The attempt counts. Reads every claim: no more than are in flight.
    pub(crate) fn rescue(&self, txn: &mut Txn<'_>, now: UnixMillis) -> Result<usize> {
        let mut rescued = 0;
        for (key, value) in collect(txn, &txn.keys.all(self.claim), usize::MAX)? {
            let claim: ClaimRow = decode("claim", &value)?;
            if claim.until > now && !txn.is_from_earlier(claim.fence) {
                continue;
            }
            let id = last_u64(&key).ok_or(StoreError::Corrupt { what: "claim" })?;
            let mut held = self.held(txn, id, claim.fence)?;
            held.row.attempts = claim.attempt;
            held.row.first_attempt_at = Some(claim.first_attempt_at);
            held.row.interrupted = true;
            held.row.unclear = true;
            match claim.failed {
                Some(reason) => {
                    held.row.reason = Some(reason);
                    self.end(txn, held, ItemState::Failed)?;
                }
                None => {
                    let due = held.row.due;
                    self.give_back(txn, held, due)?;
                }
            }
            rescued += 1;
        }
        Ok(rescued)
    }

    /// Makes due at once what came, or was first tried, at a time that is still to come: the
    /// clock has been set back since. Reads everything that waits.
    pub(crate) fn catch_up(&self, txn: &mut Txn<'_>, now: UnixMillis) -> Result<()> {
        for (key, json) in collect(txn, &txn.keys.all(self.waiting), usize::MAX)? {
            let mut row: ItemRow = decode("item", &json)?;
            let came = row.first_attempt_at.unwrap_or(row.at).max(row.at);
            if came <= now || row.due <= now {
                continue;
            }
            let id = last_u64(&key).ok_or(StoreError::Corrupt { what: "item" })?;
            let ready = txn.keys.ready(self.ready, row.urgent, row.due, row.seq);
            let leads = txn.get(&ready)?.is_some();
            row.due = now;
            txn.put_json(key, "item", &row)?;
            if leads {
                txn.delete(ready);
                self.make_ready(txn, id, &row);
            }
        }
        Ok(())
    }

    /// Takes a waiting item that nobody holds out of its lane.
    pub(crate) fn withdraw(&self, txn: &mut Txn<'_>, id: u64, row: &ItemRow) -> Result<()> {
        txn.delete(txn.keys.ready(self.ready, row.urgent, row.due, row.seq));
        self.leave_lane(txn, row)?;
        self.displace(txn, id, row)
    }

    /// Works out from the waiting rows what is kept in memory only. Everything is put in the
    /// order of its keys: there may be very many.
    pub(crate) fn rebuild(&self, txn: &mut Txn<'_>) -> Result<()> {
        let corrupt = || StoreError::Corrupt { what: "item" };
        let (mut waiting, mut history) = (Vec::new(), Vec::new());
        try_scan(txn, &txn.keys.all(self.waiting), |key, json| {
            let row: ItemRow = decode("item", json)?;
            let id = last_u64(key).ok_or_else(corrupt)?;
            let place = txn.keys.in_lane(self.lane, row.lane, row.urgent, row.seq);
            let ready = txn.keys.ready(self.ready, row.urgent, row.due, row.seq);
            waiting.push((place, id, ready));
            if self.kind == Kind::Inbox {
                let table = Table::HistoryWaiting;
                let line = txn.keys.history(table, row.lane, row.at, Line::Record(id));
                history.push(line);
            }
            Ok(ControlFlow::Continue(()))
        })?;
        // What an earlier opening has claimed comes back by a rescue.
        let mut claimed = HashSet::new();
        try_scan(txn, &txn.keys.all(self.claim), |key, _| {
            claimed.insert(last_u64(key).ok_or_else(corrupt)?);
            Ok(ControlFlow::Continue(()))
        })?;
        waiting.sort_unstable();
        let mut heads = Vec::new();
        let mut lane: Vec<u8> = Vec::new();
        for (place, id, ready) in waiting {
            let this = place.len() - size_of::<u64>();
            if lane != place[..this] {
                lane = place[..this].to_vec();
                if !claimed.contains(&id) {
                    heads.push((ready, id));
                }
            }
            txn.put(place, id.to_be_bytes().to_vec());
        }
        heads.sort_unstable();
        for (ready, id) in heads {
            self.put_ready(txn, ready, id);
        }
        history.sort_unstable();
        for line in history {
            txn.put(line, Vec::new());
        }
        Ok(())
    }

    /// Forgets what [`Self::rebuild`] has worked out.
    pub(crate) fn forget_lanes(&self, txn: &mut Txn<'_>) -> Result<()> {
        let waiting = (self.kind == Kind::Inbox).then_some(Table::HistoryWaiting);
        for table in [self.lane, self.ready].into_iter().chain(waiting) {
            for (key, _) in collect(txn, &txn.keys.all(table), usize::MAX)? {
                txn.delete(key);
            }
        }
        Ok(())
    }

    /// Writes the state row into the table of its state and counts it.
    pub(crate) fn place(&self, txn: &mut Txn<'_>, id: u64, row: &ItemRow) -> Result<()> {
        txn.put_json(txn.keys.number(self.table(row.state), id), "item", row)?;
        if self.kind == Kind::Inbox {
            let waits = row.state == ItemState::Ready;
            let table = if waits {
                Table::HistoryWaiting
            } else {
                Table::History
            };
            let line = txn.keys.history(table, row.lane, row.at, Line::Record(id));
            txn.put(line, Vec::new());
        }
        match self.counter(row.state) {
            Some(counter) => txn.count(counter, 1),
            None => Ok(()),
        }
    }

    /// Removes the state row and counts it off.
    pub(crate) fn displace(&self, txn: &mut Txn<'_>, id: u64, row: &ItemRow) -> Result<()> {
        txn.delete(txn.keys.number(self.table(row.state), id));
        if self.kind == Kind::Inbox && row.state == ItemState::Ready {
            let line = Line::Record(id);
            txn.delete(
                txn.keys
                    .history(Table::HistoryWaiting, row.lane, row.at, line),
            );
        }
        match self.counter(row.state) {
            Some(counter) => txn.count(counter, -1),
            None => Ok(()),
        }
    }

    /// The state row of a waiting item.
    pub(crate) fn row(&self, txn: &Txn<'_>, id: u64) -> Result<Option<ItemRow>> {
        txn.get_json(&txn.keys.number(self.waiting, id), "item")
    }

    /// The claim on an item.
    pub(crate) fn claim_row(&self, txn: &Txn<'_>, id: u64) -> Result<Option<ClaimRow>> {
        txn.get_json(&txn.keys.number(self.claim, id), "claim")
    }

    fn leave_lane(&self, txn: &mut Txn<'_>, row: &ItemRow) -> Result<()> {
        let place = txn.keys.in_lane(self.lane, row.lane, row.urgent, row.seq);
        let lane = txn.keys.lane(self.lane, row.lane, row.urgent);
        let mut ahead = collect(txn, &lane, 2)?.into_iter();
        let led = ahead.next().is_some_and(|(head, _)| head == place);
        txn.delete(place);
        let Some((_, next)) = ahead.next().filter(|_| led) else {
            return Ok(());
        };
        let (next, row) = self.pointed_to(txn, &next)?;
        self.make_ready(txn, next, &row);
        Ok(())
    }

    /// The item that a lane or ready row points to.
    fn pointed_to(&self, txn: &Txn<'_>, id: &[u8]) -> Result<(u64, ItemRow)> {
        let corrupt = || StoreError::Corrupt { what: "lane" };
        let id = read_u64(id).ok_or_else(corrupt)?;
        let row = self.row(txn, id)?.ok_or_else(corrupt)?;
        Ok((id, row))
    }

    fn make_ready(&self, txn: &mut Txn<'_>, id: u64, row: &ItemRow) {
        let key = txn.keys.ready(self.ready, row.urgent, row.due, row.seq);
        self.put_ready(txn, key, id);
    }

    fn put_ready(&self, txn: &mut Txn<'_>, key: Vec<u8>, id: u64) {
        txn.put(key, id.to_be_bytes().to_vec());
        match self.kind {
            Kind::Inbox => txn.wake.inbox = true,
            Kind::Outbox => txn.wake.outbox = true,
        }
    }
}
