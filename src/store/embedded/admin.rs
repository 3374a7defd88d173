//! For people looking after the queues.

use std::collections::HashSet;
use std::ops::ControlFlow;

use super::engine::{KeyRange, Rows, collect, first, try_scan};
use super::history::find;
use super::inbox::record_of;
use super::item::{ClaimRow, EffectBody, INBOX, ItemRow, Kind, OUTBOX, Queue};
use super::keys::{Keys, Table, last_u64};
use super::outbox::tell_step;
use super::txn::{Counter, Txn, decode, get_json};
use crate::domain::clock::UnixMillis;
use crate::store::erase::ERASED;
use crate::store::queue::{NOT_READABLE, behind as behind_words, inbound_words};
use crate::store::{
    Depths, ItemId, ItemState, QueueDetail, QueueFilter, QueueItem, RecordBody, RecordOutcome,
    Result, StoreError,
};

/// What is listed when nothing is named: what waits or needs a person.
const OPEN: [ItemState; 5] = [
    ItemState::Ready,
    ItemState::Working,
    ItemState::Failed,
    ItemState::Unknown,
    ItemState::Dead,
];

/// How many items are in each state, and how old the oldest due one is.
pub(crate) fn depths(rows: &dyn Rows, keys: &Keys, now: UnixMillis) -> Result<Depths> {
    let read = |counter: Counter| counter.read(rows, keys);
    Ok(Depths {
        inbox: read(Counter::Inbox)?,
        dead: read(Counter::Dead)?,
        outbox: read(Counter::Outbox)?,
        failed: read(Counter::Failed)?,
        unknown: read(Counter::Unknown)?,
        timers: read(Counter::Timers)?,
        inbox_age_ms: millis(now, oldest_record(rows, keys)?),
        outbox_age_ms: millis(now, oldest_effect(rows, keys, now)?),
    })
}

fn millis(now: UnixMillis, then: Option<UnixMillis>) -> u64 {
    let age = then.map_or(0, |then| now.since(then).as_millis());
    u64::try_from(age).unwrap_or(u64::MAX)
}

fn oldest_record(rows: &dyn Rows, keys: &Keys) -> Result<Option<UnixMillis>> {
    let oldest = first(rows, &keys.all(INBOX.waiting))?;
    let row: Option<ItemRow> = oldest.map(|(_, json)| decode("item", &json)).transpose()?;
    Ok(row.map(|row| row.at))
}

/// Since when the longest due effect has been due.
fn oldest_effect(rows: &dyn Rows, keys: &Keys, now: UnixMillis) -> Result<Option<UnixMillis>> {
    let mut oldest: Option<UnixMillis> = None;
    for urgent in [true, false] {
        let Some((_, id)) = first(rows, &keys.ready_until(OUTBOX.ready, urgent, now))? else {
            continue;
        };
        let id = last_u64(&id).ok_or(StoreError::Corrupt { what: "ready row" })?;
        let row: Option<ItemRow> = get_json(rows, &keys.number(OUTBOX.waiting, id), "item")?;
        if let Some(row) = row {
            oldest = Some(oldest.map_or(row.due, |oldest| oldest.min(row.due)));
        }
    }
    Ok(oldest)
}

/// Records and effects by state, oldest first.
pub(crate) fn list(
    rows: &dyn Rows,
    keys: &Keys,
    mut filter: QueueFilter,
) -> Result<Vec<QueueItem>> {
    if filter.states.is_empty() {
        filter.states = OPEN.to_vec();
    }
    let mut items = Vec::new();
    for queue in [INBOX, OUTBOX] {
        let claimed = claimed(rows, keys, &queue)?;
        for table in [queue.waiting, queue.kept, queue.ended] {
            if !filter
                .states
                .iter()
                .any(|state| queue.table(*state) == table)
            {
                continue;
            }
            for (id, row) in in_table(rows, &keys.all(table), &claimed, &filter)? {
                items.push(line(rows, keys, &queue, id, row)?);
            }
        }
    }
    items.sort_by_key(|item| item.at);
    items.truncate(filter.limit);
    Ok(items)
}

/// The items of some states in one table, by number.
fn in_table(
    rows: &dyn Rows,
    range: &KeyRange,
    claimed: &HashSet<u64>,
    filter: &QueueFilter,
) -> Result<Vec<(u64, ItemRow)>> {
    let mut found = Vec::new();
    try_scan(rows, range, |key, json| {
        if found.len() >= filter.limit {
            return Ok(ControlFlow::Break(()));
        }
        let id = last_u64(key).ok_or(StoreError::Corrupt { what: "item" })?;
        let mut row: ItemRow = decode("item", json)?;
        if row.state == ItemState::Ready && claimed.contains(&id) {
            row.state = ItemState::Working;
        }
        if filter.states.contains(&row.state) {
            found.push((id, row));
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(found)
}

/// The items that somebody works on.
fn claimed(rows: &dyn Rows, keys: &Keys, queue: &Queue) -> Result<HashSet<u64>> {
    let claims = collect(rows, &keys.all(queue.claim), usize::MAX)?;
    Ok(claims.iter().filter_map(|(key, _)| last_u64(key)).collect())
}

fn line(rows: &dyn Rows, keys: &Keys, queue: &Queue, id: u64, row: ItemRow) -> Result<QueueItem> {
    let body = rows.get(&keys.number(queue.body, id))?.unwrap_or_default();
    let (what, whom) = match queue.kind {
        Kind::Inbox => record_words(&body),
        Kind::Outbox => effect_words(&body),
    };
    let claim: Option<ClaimRow> = get_json(rows, &keys.number(queue.claim, id), "claim")?;
    let waits = row.state == ItemState::Ready;
    let behind = match waits && row.reason.is_none() {
        true => queue.ahead_of(rows, keys, id, &row)?,
        false => None,
    };
    let skipped = match row.outcome {
        Some(RecordOutcome::Skipped { reason }) => Some(reason),
        _ => None,
    };
    Ok(QueueItem {
        id: queue.name(id),
        state: row.state,
        what,
        whom,
        attempts: claim.map_or(row.attempts, |claim| claim.attempt),
        at: row.at,
        due: waits.then_some(row.due),
        reason: row.reason.or(skipped).or(behind.map(behind_words)),
    })
}

fn record_words(body: &[u8]) -> (String, Option<String>) {
    match record_of(body) {
        Ok(RecordBody::Inbound { inbound, .. } | RecordBody::Skipped { inbound, .. }) => {
            let whom = inbound.person.as_ref().map(|person| person.id().to_owned());
            (inbound_words(&inbound), whom)
        }
        Ok(RecordBody::Unreadable { channel, .. }) => {
            (format!("{} {NOT_READABLE}", channel.as_str()), None)
        }
        Ok(RecordBody::Erased) => (ERASED.to_owned(), None),
        Err(_) => (NOT_READABLE.to_owned(), None),
    }
}

fn effect_words(body: &[u8]) -> (String, Option<String>) {
    match decode::<EffectBody>("effect", body) {
        Ok(body) => (body.effect.word().to_owned(), body.effect.whom()),
        Err(_) => (NOT_READABLE.to_owned(), None),
    }
}

/// One item with everything that is known about it.
pub(crate) fn show(rows: &dyn Rows, keys: &Keys, item: ItemId) -> Result<Option<QueueDetail>> {
    let (queue, id) = Queue::of(item);
    let Some(row) = find(rows, keys, &queue, id)? else {
        return Ok(None);
    };
    let body = rows.get(&keys.number(queue.body, id))?.unwrap_or_default();
    let effect: Option<EffectBody> = match queue.kind {
        Kind::Inbox => None,
        Kind::Outbox => decode("effect", &body).ok(),
    };
    let mut effects = Vec::with_capacity(row.effects.len());
    for effect in &row.effects {
        if let Some(row) = find(rows, keys, &OUTBOX, effect.0)? {
            effects.push(line(rows, keys, &OUTBOX, effect.0, row)?);
        }
    }
    let traced = match queue.kind {
        Kind::Inbox => get_json(rows, &keys.number(Table::Trace, id), "trace")?,
        Kind::Outbox => None,
    };
    let (effect, origin) = effect.map(|body| (body.effect, body.origin)).unzip();
    Ok(Some(QueueDetail {
        item: line(rows, keys, &queue, id, row)?,
        record: (queue.kind == Kind::Inbox)
            .then(|| record_of(&body).ok())
            .flatten(),
        effect,
        origin,
        trace: traced,
        effects,
    }))
}

/// Puts a dead letter, a failed, unknown or dropped effect back into its queue, at the
/// end of its lane.
///
/// A record starts afresh. An effect keeps counting its attempts and stays "unclear", so
/// that the sender still knows a duplicate for what it is, but is no longer
/// "interrupted": a person has looked at it.
pub(crate) fn redrive(txn: &mut Txn<'_>, item: ItemId, now: UnixMillis) -> Result<bool> {
    let (queue, id) = Queue::of(item);
    let kept = txn.keys.number(queue.kept, id);
    let Some(mut row) = txn.get_json::<ItemRow>(&kept, "item")? else {
        return Ok(false);
    };
    if queue.kind == Kind::Inbox {
        let body = txn
            .get(&txn.keys.number(queue.body, id))?
            .unwrap_or_default();
        if !matches!(record_of(&body), Ok(RecordBody::Inbound { .. })) {
            return Ok(false);
        }
        row.attempts = 0;
    }
    queue.displace(txn, id, &row)?;
    row.state = ItemState::Ready;
    row.seq = txn.next(queue.last)?;
    row.due = now;
    row.first_attempt_at = None;
    row.interrupted = false;
    tell_step(txn, &row, row.state, now)?;
    queue.push(txn, id, &row)?;
    Ok(true)
}

/// Gives up on an item. Refused while somebody works on it: its end is not known yet.
pub(crate) fn discard(
    txn: &mut Txn<'_>,
    item: ItemId,
    reason: String,
    now: UnixMillis,
) -> Result<bool> {
    let (queue, id) = Queue::of(item);
    let Some(mut row) = find(txn, txn.keys, &queue, id)? else {
        return Ok(false);
    };
    match row.state {
        ItemState::Ready => queue.withdraw(txn, id, &row)?,
        ItemState::Failed | ItemState::Unknown | ItemState::Dropped | ItemState::Dead => {
            queue.displace(txn, id, &row)?;
        }
        ItemState::Working | ItemState::Done | ItemState::Sent | ItemState::Discarded => {
            return Ok(false);
        }
    }
    row.state = ItemState::Discarded;
    row.reason = Some(reason);
    tell_step(txn, &row, row.state, now)?;
    queue.place(txn, id, &row)?;
    Ok(true)
}
