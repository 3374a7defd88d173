//! Broadcasts, their targets, and how much each target has received.

use super::engine::{Rows, collect, first};
use super::inbox::{self, PreparedRecord};
use super::keys::{Keys, Table, last_u64, read_u64};
use super::outbox::{self, PreparedEffect};
use super::txn::{Counter, Txn, decode, get_json};
use super::{contacts, sop_rows};
use crate::domain::broadcast::Budget;
use crate::domain::change::ContactChange;
use crate::domain::clock::UnixMillis;
use crate::domain::ids::{BroadcastId, Person};
use crate::store::broadcasts::{Received, is_counted, is_counted_anew};
use crate::store::{
    Audience, Broadcast, BroadcastChange, BroadcastHead, BroadcastQuery, BroadcastState,
    BroadcastTarget, Delivery, DeliveryNote, GATHER_LONGEST, GATHER_QUIET, Gather, GatherTo,
    LaneHash, NewTarget, OVER_CEILING, Result, StoreError, TargetNews, is_open,
};

const ROW: &str = "broadcast";
pub(crate) const TARGET: &str = "broadcast target";
pub(crate) const RECEIVED: &str = "received";
/// So many broadcasts are read in one go.
const LISTED_AT_ONCE: u64 = 512;

/// Puts a target with those who are to hear the same, or begins a broadcast.
pub(crate) fn gather(txn: &mut Txn<'_>, gather: Gather, now: UnixMillis) -> Result<()> {
    let key = gather.name();
    let mut row = match opened(txn, &key)? {
        Some(row) if has_room(txn, &row, &gather.to)? => row,
        _ => begin(txn, gather.head, key, now)?,
    };
    let due = row.due;
    match gather.to {
        GatherTo::One(target) => {
            join(txn, &mut row, target, gather.budget, now)?;
            let closes = now
                .after(GATHER_QUIET)
                .min(row.opened_at.after(GATHER_LONGEST));
            // Moving it for every target would double the work for nothing.
            let soon = due.is_none_or(|due| due < now.after(GATHER_QUIET / 2));
            row.due = if soon { Some(closes) } else { due };
        }
        GatherTo::Matching(tests) => {
            row.audience = Some(Audience { tests, after: None });
            row.due = Some(now);
        }
    }
    save(txn, row, due)
}

/// The broadcast that gathers what has this key.
fn opened(txn: &Txn<'_>, key: &str) -> Result<Option<Broadcast>> {
    let Some(id) = txn.get(&txn.keys.text(Table::BroadcastOpen, key))? else {
        return Ok(None);
    };
    let id = read_u64(&id).ok_or(StoreError::Corrupt { what: ROW })?;
    let row = load(txn, txn.keys, BroadcastId(id))?;
    Ok(row.filter(|row| row.state == BroadcastState::Gathering && !row.cancelled))
}

fn has_room(txn: &Txn<'_>, row: &Broadcast, to: &GatherTo) -> Result<bool> {
    let GatherTo::One(target) = to else {
        return Ok(false);
    };
    let key = txn.keys.broadcast_target(row.id, &target.person);
    Ok(row.open() < row.head.reach.most() && txn.get(&key)?.is_none())
}

fn begin(
    txn: &mut Txn<'_>,
    head: BroadcastHead,
    key: String,
    now: UnixMillis,
) -> Result<Broadcast> {
    let id = BroadcastId(txn.next(Counter::LastBroadcast)?);
    txn.put(
        txn.keys.text(Table::BroadcastOpen, &key),
        id.0.to_be_bytes().to_vec(),
    );
    Ok(Broadcast::begin(id, key, head, now))
}

fn join(
    txn: &mut Txn<'_>,
    row: &mut Broadcast,
    target: NewTarget,
    budget: Option<Budget>,
    now: UnixMillis,
) -> Result<()> {
    let held = target.caps.as_ref().and_then(|caps| caps.held.clone());
    let over = match budget.filter(|_| row.head.reach.is_budgeted()) {
        Some(budget) => !has_budget(txn, &target.person, budget, now)?,
        None => false,
    };
    let why = held.or_else(|| over.then(|| OVER_CEILING.to_owned()));
    let delivery = match why {
        Some(_) => Delivery::Refused,
        None => Delivery::Planned,
    };
    if why.is_none() && target.caps.is_some() {
        let reached = ContactChange {
            person: Some(target.person.clone()),
            reached: true,
            ..ContactChange::default()
        };
        contacts::change(txn, reached, now)?;
    }
    let new = BroadcastTarget {
        person: target.person,
        delivery: Delivery::None,
        why: None,
        at: now,
        row: target.row,
    };
    set(txn, row, new, (delivery, why), now)
}

fn has_budget(txn: &Txn<'_>, person: &Person, budget: Budget, now: UnixMillis) -> Result<bool> {
    let key = txn.keys.text(Table::Received, &person.key());
    let Some(received) = txn.get_json::<Received>(&key, RECEIVED)? else {
        return Ok(true);
    };
    Ok(received.has_room(budget, now))
}

/// Whether somebody was reached after the caps had been asked about them.
fn is_reached_since(txn: &Txn<'_>, target: &NewTarget) -> Result<bool> {
    let Some(caps) = &target.caps else {
        return Ok(false);
    };
    let contact = contacts::load(txn, target.person.clone())?;
    Ok(contact.reached != caps.reached)
}

/// Writes what became of a target: its row, the count, its budget, the step's row.
fn set(
    txn: &mut Txn<'_>,
    row: &mut Broadcast,
    mut target: BroadcastTarget,
    (delivery, why): (Delivery, Option<String>),
    now: UnixMillis,
) -> Result<()> {
    if let Some(count) = row.counts.get_mut(&target.delivery) {
        *count = count.saturating_sub(1);
    }
    row.counts.retain(|_, count| *count > 0);
    *row.counts.entry(delivery).or_default() += 1;
    if is_counted_anew(target.delivery, delivery) && row.head.reach.is_budgeted() {
        let key = txn.keys.text(Table::Received, &target.person.key());
        let received: Option<Received> = txn.get_json(&key, RECEIVED)?;
        let mut received = received.unwrap_or_default();
        received.count(row.id, is_counted(delivery), now);
        txn.put_json(key, RECEIVED, &received)?;
    }
    if let Some(key) = target.row.clone() {
        let note = DeliveryNote {
            key,
            delivery,
            why: why.clone(),
            broadcast: Some(row.id.to_string()),
        };
        sop_rows::note(txn, vec![note], now)?;
    }
    target.delivery = delivery;
    target.why = why;
    target.at = now;
    let key = txn.keys.broadcast_target(row.id, &target.person);
    txn.put_json(key, TARGET, &target)
}

/// Takes a broadcast one step further. `false`, and nothing is changed, if it has moved on
/// since it was read.
pub(crate) fn change(txn: &mut Txn<'_>, change: BroadcastChange) -> Result<bool> {
    let BroadcastChange {
        broadcast: mut row,
        join: joining,
        budget,
        news,
        rest,
        effect,
        records,
        now,
    } = change;
    let Some(stored) = load(txn, txn.keys, row.id)? else {
        return Ok(false);
    };
    if stored.revision != row.revision {
        return Ok(false);
    }
    for target in &joining {
        if is_reached_since(txn, target)? {
            return Ok(false);
        }
    }
    row.counts = stored.counts;
    let mut due_before = stored.due;
    for target in joining {
        if row.open() >= row.head.reach.most() {
            // It is full: another goes on looking for the rest.
            let mut next = begin(txn, row.head.clone(), row.key.clone(), now)?;
            next.audience = row.audience.take();
            next.due = row.due.replace(now);
            save(txn, std::mem::replace(&mut row, next), due_before.take())?;
        }
        join(txn, &mut row, target, budget, now)?;
    }
    for news in news {
        tell(txn, &mut row, news, budget, now)?;
    }
    if let Some(outcome) = rest {
        let again = outcome.0 == Delivery::Created;
        for target in all_targets(txn, row.id)? {
            let open = is_open(target.delivery) || (again && target.delivery == Delivery::Failed);
            if open && target.delivery != outcome.0 {
                set(txn, &mut row, target, outcome.clone(), now)?;
            }
        }
    }
    if let Some(effect) = effect {
        let lane = LaneHash::of(effect.lane.as_str());
        let effect = PreparedEffect::new(effect, now)?;
        row.effect = Some(outbox::add(txn, effect, lane)?);
    }
    let records = records.iter().map(PreparedRecord::new);
    inbox::accept(txn, records.collect::<Result<_>>()?)?;
    save(txn, row, due_before)?;
    Ok(true)
}

fn tell(
    txn: &mut Txn<'_>,
    row: &mut Broadcast,
    news: TargetNews,
    budget: Option<Budget>,
    now: UnixMillis,
) -> Result<()> {
    let key = txn.keys.broadcast_target(row.id, &news.person);
    let Some(target) = txn.get_json::<BroadcastTarget>(&key, TARGET)? else {
        return Ok(());
    };
    if target.delivery == news.delivery && target.why == news.why {
        return Ok(());
    }
    let full = news.why.as_deref() == Some(OVER_CEILING);
    set(txn, row, target, (news.delivery, news.why), now)?;
    if let Some(budget) = budget.filter(|_| full) {
        let key = txn.keys.text(Table::Received, &news.person.key());
        let received: Option<Received> = txn.get_json(&key, RECEIVED)?;
        let mut received = received.unwrap_or_default();
        received.full_until = Some(budget.until);
        txn.put_json(key, RECEIVED, &received)?;
    }
    Ok(())
}

fn save(txn: &mut Txn<'_>, mut row: Broadcast, due_before: Option<UnixMillis>) -> Result<()> {
    if due_before != row.due {
        if let Some(due) = due_before {
            txn.delete(txn.keys.broadcast_due(due, row.id));
        }
        if let Some(due) = row.due {
            txn.put(txn.keys.broadcast_due(due, row.id), Vec::new());
        }
        txn.wake.broadcasts = true;
    }
    if row.state != BroadcastState::Gathering {
        let open = txn.keys.text(Table::BroadcastOpen, &row.key);
        if txn.get(&open)?.as_deref().and_then(read_u64) == Some(row.id.0) {
            txn.delete(open);
        }
    }
    row.revision += 1;
    txn.put_json(txn.keys.number(Table::Broadcast, row.id.0), ROW, &row)
}

/// One broadcast.
pub(crate) fn load(rows: &dyn Rows, keys: &Keys, id: BroadcastId) -> Result<Option<Broadcast>> {
    get_json(rows, &keys.number(Table::Broadcast, id.0), ROW)
}

/// Those that are to be looked at, the longest due first, and when the next one is.
pub(crate) fn due(
    rows: &dyn Rows,
    keys: &Keys,
    now: UnixMillis,
    limit: usize,
) -> Result<Vec<Broadcast>> {
    let found = collect(rows, &keys.broadcasts_until(now), limit)?;
    let ids = found.iter().filter_map(|(key, _)| last_u64(key));
    let each = ids.map(|id| load(rows, keys, BroadcastId(id)));
    each.filter_map(Result::transpose).collect()
}

/// Broadcasts, the newest first.
pub(crate) fn list(rows: &dyn Rows, keys: &Keys, query: &BroadcastQuery) -> Result<Vec<Broadcast>> {
    let last = Counter::LastBroadcast.read(rows, keys)?;
    let mut end = query.before.map_or(last + 1, |before| before.0);
    let mut found: Vec<Broadcast> = Vec::new();
    while end > 0 && found.len() < query.limit {
        let from = end.saturating_sub(LISTED_AT_ONCE);
        let range = keys.numbers(Table::Broadcast, from, end);
        for (_, json) in collect(rows, &range, usize::MAX)?.iter().rev() {
            let row: Broadcast = decode(ROW, json)?;
            if query.states.is_empty() || query.states.contains(&row.state) {
                found.push(row);
            }
        }
        end = from;
    }
    found.truncate(query.limit);
    Ok(found)
}

/// The targets of a broadcast in a fixed order, from behind one on.
pub(crate) fn targets(
    rows: &dyn Rows,
    keys: &Keys,
    id: BroadcastId,
    after: Option<&Person>,
    limit: usize,
) -> Result<Vec<BroadcastTarget>> {
    let mut range = keys.broadcast_targets(id);
    if let Some(person) = after {
        range.from = [keys.broadcast_target(id, person).as_slice(), &[0]].concat();
    }
    let found = collect(rows, &range, limit)?;
    let each = found.iter();
    each.map(|(_, json)| decode(TARGET, json)).collect()
}

fn all_targets(txn: &Txn<'_>, id: BroadcastId) -> Result<Vec<BroadcastTarget>> {
    targets(txn, txn.keys, id, None, usize::MAX)
}

/// Removes broadcasts that are over and began before `past`, oldest first. Stops at the
/// first that is still to be kept, like everything that is numbered.
pub(crate) fn prune(txn: &mut Txn<'_>, past: UnixMillis, limit: usize) -> Result<usize> {
    let mut removed = 0;
    while removed < limit {
        let Some((key, json)) = first(txn, &txn.keys.all(Table::Broadcast))? else {
            break;
        };
        let row: Broadcast = decode(ROW, &json)?;
        if row.opened_at >= past || row.due.is_some() {
            break;
        }
        let targets = collect(txn, &txn.keys.broadcast_targets(row.id), limit - removed)?;
        removed += targets.len();
        for (key, _) in targets {
            txn.delete(key);
        }
        if removed < limit {
            txn.delete(key);
            removed += 1;
        }
    }
    Ok(removed)
}

/// Looks at so many counts of mass messages from where the last call stopped, and removes
/// those of which nothing counts any more.
pub(crate) fn forget_received(txn: &mut Txn<'_>, now: UnixMillis, limit: usize) -> Result<usize> {
    let place = txn.keys.text(Table::Memory, "received pruned");
    let all = txn.keys.all(Table::Received);
    let mut range = all.clone();
    if let Some(from) = txn.get(&place)? {
        range.from = from;
    }
    let rows = collect(txn, &range, limit)?;
    let next = match rows.last() {
        Some((last, _)) if rows.len() == limit => [last.as_slice(), &[0]].concat(),
        _ => all.from,
    };
    let mut removed = 0;
    for (key, json) in rows {
        let received: Received = decode(RECEIVED, &json)?;
        if received.over_at() <= now {
            txn.delete(key);
            removed += 1;
        }
    }
    txn.put(place, next);
    Ok(removed)
}
