//! Forgets a person: see [`crate::store::erase`] for what goes and what stays.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use serde_json::Value;

use super::broadcasts;
use super::engine::{Rows, try_scan};
use super::history::find;
use super::inbox::{body_of, body_row, head_of};
use super::item::{INBOX, ItemRow, Kind, OUTBOX, Queue};
use super::keys::{Line, Table, last_u64};
use super::timers;
use super::txn::{Txn, decode, encode};
use crate::domain::ids::{BroadcastId, EffectId, Person};
use crate::domain::timer::Timer;
use crate::store::erase::{ERASED, is_about, is_for, mentions, replace};
use crate::store::{
    Broadcast, BroadcastTarget, Erasure, ItemState, LaneHash, RecordBody, RecordOutcome, Result,
    SopRow, StoreError,
};

/// Tables of which a row may mention somebody besides what is about them.
const MENTIONING: [Table; 9] = [
    Table::InboxWaiting,
    Table::InboxKept,
    Table::InboxEnded,
    Table::OutboxWaiting,
    Table::OutboxKept,
    Table::OutboxEnded,
    Table::Trace,
    Table::Contact,
    Table::Audit,
];

/// Who is forgotten, and the name that stands in their place.
struct Forgotten<'a> {
    person: &'a Person,
    alias: &'a str,
}

/// Forgets a person. Says how much there was.
pub(crate) fn erase(txn: &mut Txn<'_>, person: &Person, alias: &str) -> Result<Erasure> {
    let who = &Forgotten { person, alias };
    let mut gone = Erasure::default();
    let effects = records(txn, who, &mut gone)?;
    self::effects(txn, who, effects, &mut gone)?;
    contact(txn, who, &mut gone)?;
    timers(txn, who, &mut gone)?;
    sop_rows(txn, who, &mut gone)?;
    targets(txn, who, &mut gone)?;
    audiences(txn, who, &mut gone)?;
    counters(txn, who, &mut gone)?;
    facts(txn, who, &mut gone)?;
    for table in MENTIONING {
        for (key, value) in mentioning(txn, who, table)? {
            let value = who.replaced("row", &value)?;
            txn.put(key, value);
            gone.mentions += 1;
        }
    }
    Ok(gone)
}

impl Forgotten<'_> {
    fn is_in(&self, bytes: &[u8]) -> bool {
        mentions(bytes, self.person.id())
    }

    /// The same JSON with the other name.
    fn replaced(&self, what: &'static str, json: &[u8]) -> Result<Vec<u8>> {
        let mut value: Value = decode(what, json)?;
        replace(&mut value, self.person.id(), self.alias);
        encode(what, &value)
    }
}

/// The rows of a table that mention the person in key or value.
fn mentioning(txn: &Txn<'_>, who: &Forgotten<'_>, table: Table) -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
    let mut found = Vec::new();
    try_scan(txn, &txn.keys.all(table), |key, value| {
        if who.is_in(txn.keys.rest(key)) || who.is_in(value) {
            found.push((key.to_vec(), value.to_vec()));
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(found)
}

/// Blanks records about the person. Returns the effects that they led to.
fn records(txn: &mut Txn<'_>, who: &Forgotten<'_>, gone: &mut Erasure) -> Result<BTreeSet<u64>> {
    let mut effects = BTreeSet::new();
    for (key, stored) in mentioning(txn, who, INBOX.body)? {
        let id = last_u64(&key).ok_or(StoreError::Corrupt { what: "record" })?;
        let (hash, at) = head_of(&stored)?;
        let mut body: Value = decode("record", body_of(&stored)).unwrap_or_default();
        if !is_about(&body, who.person) {
            replace(&mut body, who.person.id(), who.alias);
            txn.put(key, body_row(&hash, at, &body)?);
            gone.mentions += 1;
            continue;
        }
        txn.put(key, body_row(&hash, at, &RecordBody::Erased)?);
        txn.delete(txn.keys.number(Table::Trace, id));
        let Some(row) = take_out(txn, &INBOX, id)? else {
            continue;
        };
        effects.extend(row.effects.iter().map(|EffectId(id)| *id));
        let ended = ItemRow {
            state: ItemState::Done,
            seq: row.seq,
            outcome: Some(RecordOutcome::Skipped {
                reason: ERASED.to_owned(),
            }),
            ..ItemRow::waiting(LaneHash::of(""), row.at)
        };
        INBOX.place(txn, id, &ended)?;
        gone.records += 1;
    }
    Ok(effects)
}

/// Removes effects about the person.
fn effects(
    txn: &mut Txn<'_>,
    who: &Forgotten<'_>,
    mut ids: BTreeSet<u64>,
    gone: &mut Erasure,
) -> Result<()> {
    for (key, stored) in mentioning(txn, who, OUTBOX.body)? {
        let id = last_u64(&key).ok_or(StoreError::Corrupt { what: "effect" })?;
        if ids.contains(&id) {
            continue;
        }
        let body: Value = decode("effect", &stored)?;
        if body
            .get("effect")
            .is_some_and(|effect| is_for(effect, who.person))
        {
            ids.insert(id);
        } else {
            txn.put(key, who.replaced("effect", &stored)?);
            gone.mentions += 1;
        }
    }
    for id in ids {
        if take_out(txn, &OUTBOX, id)?.is_some() {
            gone.effects += 1;
        }
        txn.delete(txn.keys.number(OUTBOX.body, id));
    }
    Ok(())
}

/// Takes an item out of its lane, its table and its history, whoever works on it.
fn take_out(txn: &mut Txn<'_>, queue: &Queue, id: u64) -> Result<Option<ItemRow>> {
    let Some(mut row) = find(txn, txn.keys, queue, id)? else {
        return Ok(None);
    };
    if matches!(row.state, ItemState::Ready | ItemState::Working) {
        row.state = ItemState::Ready;
        txn.delete(txn.keys.number(queue.claim, id));
        queue.withdraw(txn, id, &row)?;
    } else {
        queue.displace(txn, id, &row)?;
    }
    let line = match queue.kind {
        Kind::Inbox => Line::Record(id),
        Kind::Outbox => Line::Effect(id),
    };
    let line = txn
        .keys
        .history(Table::History, row.history(), row.at, line);
    txn.delete(line);
    Ok(Some(row))
}

fn contact(txn: &mut Txn<'_>, who: &Forgotten<'_>, gone: &mut Erasure) -> Result<()> {
    let key = txn.keys.text(Table::Contact, &who.person.key());
    if txn.get(&key)?.is_some() {
        txn.delete(key);
        gone.contacts += 1;
    }
    Ok(())
}

fn timers(txn: &mut Txn<'_>, who: &Forgotten<'_>, gone: &mut Erasure) -> Result<()> {
    for (_, json) in mentioning(txn, who, Table::TimerDue)? {
        let timer: Timer = decode("timer", &json)?;
        timers::remove(txn, &[timer.key])?;
        gone.timers += 1;
    }
    Ok(())
}

/// Rows of SOPs stay for the sake of the reports, under the other name.
fn sop_rows(txn: &mut Txn<'_>, who: &Forgotten<'_>, gone: &mut Erasure) -> Result<()> {
    for (key, json) in mentioning(txn, who, Table::SopRow)? {
        let row: SopRow = decode("SOP row", &who.replaced("SOP row", &json)?)?;
        txn.delete(key);
        txn.put_json(txn.keys.sop_row(&row.key()), "SOP row", &row)?;
        gone.sop_rows += 1;
    }
    Ok(())
}

/// Targets of broadcasts stay for the sake of the counts, under the other name.
fn targets(txn: &mut Txn<'_>, who: &Forgotten<'_>, gone: &mut Erasure) -> Result<()> {
    for (key, json) in mentioning(txn, who, Table::BroadcastTarget)? {
        let corrupt = || StoreError::Corrupt {
            what: broadcasts::TARGET,
        };
        let id = txn.keys.rest(&key).first_chunk::<8>().ok_or_else(corrupt)?;
        let id = BroadcastId(u64::from_be_bytes(*id));
        let json = who.replaced(broadcasts::TARGET, &json)?;
        let target: BroadcastTarget = decode(broadcasts::TARGET, &json)?;
        txn.delete(key);
        txn.put(txn.keys.broadcast_target(id, &target.person), json);
        gone.targets += 1;
    }
    Ok(())
}

/// A broadcast that looks for its targets may have come just to them: it goes on from whoever
/// stands before them.
fn audiences(txn: &mut Txn<'_>, who: &Forgotten<'_>, gone: &mut Erasure) -> Result<()> {
    for (key, json) in mentioning(txn, who, Table::Broadcast)? {
        let mut row: Broadcast = decode("broadcast", &who.replaced("broadcast", &json)?)?;
        if let Some(audience) = &mut row.audience {
            audience.after = before(txn, who.person)?;
        }
        txn.put_json(key, "broadcast", &row)?;
        gone.mentions += 1;
    }
    Ok(())
}

/// The contact before somebody, in the order of contacts.
fn before(txn: &Txn<'_>, person: &Person) -> Result<Option<Person>> {
    let mut range = txn.keys.all(Table::Contact);
    range.to = txn.keys.text(Table::Contact, &person.key());
    let mut last = None;
    try_scan(txn, &range, |key, _| {
        last = std::str::from_utf8(txn.keys.rest(key))
            .ok()
            .and_then(Person::from_key);
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(last)
}

fn counters(txn: &mut Txn<'_>, who: &Forgotten<'_>, gone: &mut Erasure) -> Result<()> {
    for table in [Table::Quota, Table::Received] {
        for (key, _) in mentioning(txn, who, table)? {
            txn.delete(key);
            gone.counters += 1;
        }
    }
    Ok(())
}

fn facts(txn: &mut Txn<'_>, who: &Forgotten<'_>, gone: &mut Erasure) -> Result<()> {
    for (key, json) in mentioning(txn, who, Table::Fact)? {
        if who.is_in(txn.keys.rest(&key)) {
            txn.delete(key);
        } else {
            txn.put(key, who.replaced("fact", &json)?);
        }
        gone.mentions += 1;
    }
    Ok(())
}
