//! Where every row lives.
//!
//! A key is the corp id behind its length, a table byte, and then the table's own parts.
//! Numbers are big-endian (signed ones with the sign flipped) so that byte order is
//! number order. Lanes and conversations appear as the first 16 bytes of their SHA-1,
//! dedupe keys as all 20.
//!
//! | table | key after the table byte | value |
//! |---|---|---|
//! | meta | name | schema version, opening number, counters |
//! | inbox/outbox body | id | written once: the record or the effect |
//! | … waiting, kept, ended | id | the small state row; the table says how it stands |
//! | outbox claim | id | fence, lease and attempt of whoever works on it |
//! | dedupe | hash | record id |
//! | trace | record id | what the rules saw |
//! | history | conversation, time and id downwards | empty |
//! | kf cursor, kf push | account | cursor; newest push |
//! | contact | person | the contact |
//! | timer | key | due time |
//! | timer due | due, key | the timer |
//! | quota | window, key | times of use, 8 bytes each |
//! | rule use | day, rule | how often it fired on that day |
//! | fact | name | the value |
//! | SOP row | length of id, id, run, target behind its length, step | what became of a step |
//! | broadcast | id | what it says and how far it has got |
//! | broadcast due | due, id | empty |
//! | broadcast open | what gathers in it | its id |
//! | broadcast target | id, person | how far it has got |
//! | received | person | when, by which broadcast |
//! | audit | id | what an operator did |
//!
//! These are in memory only:
//!
//! | table | key after the table byte | value |
//! |---|---|---|
//! | inbox/outbox lane | lane, normal?, seq | id; the waiting items of a lane in order |
//! | … ready | normal?, due, seq | id; only the unclaimed head of each lane |
//! | inbox claim | id | as the outbox's |
//! | recent | hash | record id, until it is in the dedupe table |
//! | history waiting | as history | empty; of records that wait |
//! | memory | name | the last fence, where pruning stopped |
//!
//! Lanes, what is ready and the history of what waits follow from the waiting rows, and
//! recent hashes from the bodies: they are worked out when the store opens. Keeping them off the disk saves every record and
//! effect several scattered pages, for some 300 bytes of memory while it waits.
//! Processing has no effect outside before its decision is committed, so the claims of
//! records need not last either: after a restart every unfinished one is ready again.

use std::time::Duration;

use super::engine::KeyRange;
use crate::domain::clock::UnixMillis;
use crate::domain::ids::{BroadcastId, CorpId, Person, SopId};
use crate::store::{LaneHash, Result, SopRowKey, StoreError};

/// The tables by their byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Table {
    Meta = 0x01,
    InboxBody = 0x10,
    InboxWaiting = 0x11,
    InboxKept = 0x12,
    InboxEnded = 0x13,
    OutboxBody = 0x20,
    OutboxWaiting = 0x21,
    OutboxKept = 0x22,
    OutboxEnded = 0x23,
    OutboxClaim = 0x24,
    Dedupe = 0x30,
    Trace = 0x31,
    History = 0x32,
    KfCursor = 0x40,
    KfPush = 0x41,
    Contact = 0x50,
    Timer = 0x60,
    TimerDue = 0x61,
    Quota = 0x70,
    RuleUse = 0x71,
    Fact = 0x80,
    SopRow = 0x90,
    Broadcast = 0xA0,
    BroadcastDue = 0xA1,
    BroadcastOpen = 0xA2,
    BroadcastTarget = 0xA3,
    Received = 0xA4,
    Audit = 0xB0,
    InboxLane = 0xE0,
    InboxReady = 0xE1,
    InboxClaim = 0xE2,
    OutboxLane = 0xE3,
    OutboxReady = 0xE4,
    HistoryWaiting = 0xE5,
    Memory = 0xE6,
    Recent = 0xE7,
}

/// Table bytes from here on are kept in memory only.
const FIRST_IN_MEMORY: u8 = 0xE0;

/// Corp ids of WeCom have 18 characters.
const CORP_MAX_BYTES: usize = 200;

/// Whether the row of this key is kept in memory only.
pub(crate) fn is_in_memory(key: &[u8]) -> bool {
    let corp = key.first().map_or(0, |length| usize::from(*length));
    key.get(1 + corp)
        .is_some_and(|table| *table >= FIRST_IN_MEMORY)
}

/// Builds the keys of one corp.
#[derive(Debug, Clone)]
pub(crate) struct Keys {
    corp: Vec<u8>,
}

impl Keys {
    /// The keys of this corp.
    pub(crate) fn new(corp: &CorpId) -> Result<Self> {
        let id = corp.as_str().as_bytes();
        let length = u8::try_from(id.len())
            .ok()
            .filter(|_| id.len() <= CORP_MAX_BYTES)
            .ok_or_else(|| StoreError::engine("the corp id is too long"))?;
        Ok(Self {
            corp: [&[length], id].concat(),
        })
    }

    fn key(&self, table: Table, parts: &[&[u8]]) -> Vec<u8> {
        let length = parts.iter().map(|part| part.len()).sum::<usize>();
        let mut key = Vec::with_capacity(self.corp.len() + 1 + length);
        key.extend_from_slice(&self.corp);
        key.push(table as u8);
        for part in parts {
            key.extend_from_slice(part);
        }
        key
    }

    /// All rows of a table.
    pub(crate) fn all(&self, table: Table) -> KeyRange {
        KeyRange::prefix(self.key(table, &[]))
    }

    /// All rows that last, but for the store's own numbers.
    pub(crate) fn content(&self) -> KeyRange {
        let from = [self.corp.as_slice(), &[Table::Meta as u8 + 1]].concat();
        let to = [self.corp.as_slice(), &[FIRST_IN_MEMORY]].concat();
        KeyRange { from, to }
    }

    /// What stands behind the table byte.
    pub(crate) fn rest<'k>(&self, key: &'k [u8]) -> &'k [u8] {
        key.get(self.corp.len() + 1..).unwrap_or_default()
    }

    /// A row by number.
    pub(crate) fn number(&self, table: Table, number: u64) -> Vec<u8> {
        self.key(table, &[&number.to_be_bytes()])
    }

    /// The rows of a table up to, not including, a number.
    pub(crate) fn numbers(&self, table: Table, from: u64, to: u64) -> KeyRange {
        KeyRange {
            from: self.number(table, from),
            to: self.number(table, to),
        }
    }

    /// A row by name.
    pub(crate) fn text(&self, table: Table, text: &str) -> Vec<u8> {
        self.key(table, &[text.as_bytes()])
    }

    /// A dedupe row.
    pub(crate) fn dedupe(&self, hash: &[u8; 20]) -> Vec<u8> {
        self.key(Table::Dedupe, &[hash])
    }

    /// A dedupe row that is not on the disk yet.
    pub(crate) fn recent(&self, hash: &[u8; 20]) -> Vec<u8> {
        self.key(Table::Recent, &[hash])
    }

    /// The rows of [`Self::recent`] whose hashes begin so.
    pub(crate) fn recent_slice(&self, first: u8) -> KeyRange {
        KeyRange::prefix(self.key(Table::Recent, &[&[first]]))
    }

    /// The place of an item in its lane.
    pub(crate) fn in_lane(&self, table: Table, lane: LaneHash, urgent: bool, seq: u64) -> Vec<u8> {
        self.key(table, &[&lane.0, &[u8::from(!urgent)], &seq.to_be_bytes()])
    }

    /// The items of a lane, in order.
    pub(crate) fn lane(&self, table: Table, lane: LaneHash, urgent: bool) -> KeyRange {
        KeyRange::prefix(self.key(table, &[&lane.0, &[u8::from(!urgent)]]))
    }

    /// The place of a lane's head among what is due.
    pub(crate) fn ready(&self, table: Table, urgent: bool, due: UnixMillis, seq: u64) -> Vec<u8> {
        let parts: [&[u8]; 3] = [&[u8::from(!urgent)], &ordered(due), &seq.to_be_bytes()];
        self.key(table, &parts)
    }

    /// The heads that are due at `now`, urgent or not.
    pub(crate) fn ready_until(&self, table: Table, urgent: bool, now: UnixMillis) -> KeyRange {
        KeyRange {
            from: self.key(table, &[&[u8::from(!urgent)]]),
            to: self.ready(table, urgent, UnixMillis(now.0.saturating_add(1)), 0),
        }
    }

    /// A line of a conversation's history, newest first.
    pub(crate) fn history(
        &self,
        table: Table,
        conversation: LaneHash,
        at: UnixMillis,
        line: Line,
    ) -> Vec<u8> {
        let (kind, id) = match line {
            Line::Effect(id) => (0, id),
            Line::Record(id) => (1, id),
        };
        let downwards = (!u64::from_be_bytes(ordered(at))).to_be_bytes();
        let parts: [&[u8]; 4] = [&conversation.0, &downwards, &[kind], &(!id).to_be_bytes()];
        self.key(table, &parts)
    }

    /// The history of a conversation.
    pub(crate) fn history_of(&self, table: Table, conversation: LaneHash) -> KeyRange {
        KeyRange::prefix(self.key(table, &[&conversation.0]))
    }

    /// A timer by due time.
    pub(crate) fn timer_due(&self, due: UnixMillis, key: &str) -> Vec<u8> {
        self.key(Table::TimerDue, &[&ordered(due), key.as_bytes()])
    }

    /// The timers that are due at `now`.
    pub(crate) fn timers_until(&self, now: UnixMillis) -> KeyRange {
        KeyRange {
            from: self.key(Table::TimerDue, &[]),
            to: self.key(
                Table::TimerDue,
                &[&ordered(UnixMillis(now.0.saturating_add(1)))],
            ),
        }
    }

    /// What became of a step of an SOP.
    pub(crate) fn sop_row(&self, row: &SopRowKey) -> Vec<u8> {
        let target = row.target.key();
        let parts: [&[u8]; 6] = [
            &length_of(row.sop.as_str()),
            row.sop.as_str().as_bytes(),
            &ordered(row.run),
            &length_of(&target),
            target.as_bytes(),
            &row.step.to_be_bytes(),
        ];
        self.key(Table::SopRow, &parts)
    }

    /// The rows of an SOP from a run on.
    pub(crate) fn sop_rows(&self, sop: &SopId, since: UnixMillis) -> KeyRange {
        let id: [&[u8]; 2] = [&length_of(sop.as_str()), sop.as_str().as_bytes()];
        let to = KeyRange::prefix(self.key(Table::SopRow, &id)).to;
        let from = self.key(Table::SopRow, &[id[0], id[1], &ordered(since)]);
        KeyRange { from, to }
    }

    /// The place of a broadcast among what is due.
    pub(crate) fn broadcast_due(&self, due: UnixMillis, id: BroadcastId) -> Vec<u8> {
        self.key(Table::BroadcastDue, &[&ordered(due), &id.0.to_be_bytes()])
    }

    /// The broadcasts that are due at `now`.
    pub(crate) fn broadcasts_until(&self, now: UnixMillis) -> KeyRange {
        let end = UnixMillis(now.0.saturating_add(1));
        KeyRange {
            from: self.key(Table::BroadcastDue, &[]),
            to: self.key(Table::BroadcastDue, &[&ordered(end)]),
        }
    }

    /// A target of a broadcast.
    pub(crate) fn broadcast_target(&self, id: BroadcastId, person: &Person) -> Vec<u8> {
        let person = person.key();
        self.key(
            Table::BroadcastTarget,
            &[&id.0.to_be_bytes(), person.as_bytes()],
        )
    }

    /// The targets of a broadcast.
    pub(crate) fn broadcast_targets(&self, id: BroadcastId) -> KeyRange {
        KeyRange::prefix(self.number(Table::BroadcastTarget, id.0))
    }

    /// How often a rule fired on a day.
    pub(crate) fn rule_use(&self, day: jiff::civil::Date, rule: &str) -> Vec<u8> {
        self.key(Table::RuleUse, &[&day_bytes(day), rule.as_bytes()])
    }

    /// The rules that fired on a day.
    pub(crate) fn rule_uses(&self, day: jiff::civil::Date) -> KeyRange {
        KeyRange::prefix(self.key(Table::RuleUse, &[&day_bytes(day)]))
    }

    /// The rules that fired before a day.
    pub(crate) fn rule_uses_before(&self, day: jiff::civil::Date) -> KeyRange {
        KeyRange {
            from: self.key(Table::RuleUse, &[]),
            to: self.key(Table::RuleUse, &[&day_bytes(day)]),
        }
    }

    /// The rule of a key of such a range.
    pub(crate) fn rule_of<'k>(&self, key: &'k [u8]) -> Option<&'k str> {
        std::str::from_utf8(key.get(self.corp.len() + 1 + DAY_BYTES..)?).ok()
    }

    /// The uses of a quota.
    pub(crate) fn quota(&self, window: Duration, key: &str) -> Vec<u8> {
        let millis = u64::try_from(window.as_millis()).unwrap_or(u64::MAX);
        self.key(Table::Quota, &[&millis.to_be_bytes(), key.as_bytes()])
    }

    /// The name of a quota row.
    pub(crate) fn quota_name<'k>(&self, key: &'k [u8]) -> Option<&'k str> {
        std::str::from_utf8(self.rest(key).get(8..)?).ok()
    }

    /// The day of a row of [`Self::rule_use`].
    pub(crate) fn day_of(&self, key: &[u8]) -> Option<jiff::civil::Date> {
        let [high, low, month, day] = *self.rest(key).first_chunk::<DAY_BYTES>()?;
        let year = i16::try_from(u16::from_be_bytes([high, low])).ok()?;
        let part = |number: u8| i8::try_from(number).ok();
        jiff::civil::Date::new(year, part(month)?, part(day)?).ok()
    }

    /// The window of a quota row.
    pub(crate) fn quota_window(&self, key: &[u8]) -> Duration {
        let from = self.corp.len() + 1;
        let millis = key.get(from..from + 8).and_then(read_u64).unwrap_or(0);
        Duration::from_millis(millis)
    }
}

/// What a line of history points to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line {
    Record(u64),
    Effect(u64),
}

/// Time downwards, kind, id downwards: what a history key ends in.
pub(crate) type LineKey = [u8; 17];

impl Line {
    /// The end of a history key.
    pub(crate) fn end_of(key: &[u8]) -> Option<LineKey> {
        key.split_last_chunk::<17>().map(|(_, end)| *end)
    }

    /// Reads it back from the end of a history key.
    pub(crate) fn of(end: &LineKey) -> Option<Self> {
        let id = !last_u64(end)?;
        match end[8] {
            0 => Some(Self::Effect(id)),
            1 => Some(Self::Record(id)),
            _ => None,
        }
    }
}

/// The number at the end of a key.
pub(crate) fn last_u64(key: &[u8]) -> Option<u64> {
    key.split_last_chunk::<8>()
        .map(|(_, number)| u64::from_be_bytes(*number))
}

/// A value of eight bytes.
pub(crate) fn read_u64(value: &[u8]) -> Option<u64> {
    value.try_into().ok().map(u64::from_be_bytes)
}

const DAY_BYTES: usize = 4;

/// Year, month and day, so that byte order is the order of days. Years before 0 do not occur.
fn day_bytes(day: jiff::civil::Date) -> [u8; DAY_BYTES] {
    let [high, low] = u16::try_from(day.year()).unwrap_or_default().to_be_bytes();
    let part = |number: i8| u8::try_from(number).unwrap_or_default();
    [high, low, part(day.month()), part(day.day())]
}

/// The length of a part that another part follows: no part is then the beginning of another.
fn length_of(text: &str) -> [u8; 4] {
    u32::try_from(text.len()).unwrap_or(u32::MAX).to_be_bytes()
}

fn ordered(time: UnixMillis) -> [u8; 8] {
    (time.0 ^ i64::MIN).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_sort_as_bytes() {
        let keys = Keys::new(&CorpId::from("ww1")).unwrap();
        let key = |due| keys.ready(Table::InboxReady, false, UnixMillis(due), 1);
        assert!(key(-5) < key(-1));
        assert!(key(-1) < key(0));
        assert!(key(0) < key(i64::MAX));
    }

    #[test]
    fn a_known_key_keeps_its_bytes() {
        let keys = Keys::new(&CorpId::from("ww1")).unwrap();
        assert_eq!(
            keys.number(Table::InboxBody, 258),
            b"\x03ww1\x10\0\0\0\0\0\0\x01\x02"
        );
        assert_eq!(
            keys.timer_due(UnixMillis(1), "a"),
            b"\x03ww1\x61\x80\0\0\0\0\0\0\x01a"
        );
    }

    #[test]
    fn history_runs_backwards_and_reads_back() {
        let keys = Keys::new(&CorpId::from("ww1")).unwrap();
        let lane = LaneHash::of("kf/x");
        let end = |at, line| {
            let key = keys.history(Table::History, lane, UnixMillis(at), line);
            Line::end_of(&key).unwrap()
        };
        let older = end(10, Line::Record(3));
        let newer = end(11, Line::Record(2));
        let answer = end(11, Line::Effect(1));
        assert!(answer < newer && newer < older);
        assert_eq!(Line::of(&answer), Some(Line::Effect(1)));
        assert_eq!(Line::of(&older), Some(Line::Record(3)));
    }

    #[test]
    fn memory_tables_are_told_by_their_byte() {
        let keys = Keys::new(&CorpId::from("ww1")).unwrap();
        assert!(is_in_memory(&keys.number(Table::InboxClaim, 1)));
        assert!(!is_in_memory(&keys.number(Table::OutboxClaim, 1)));
        assert!(!is_in_memory(&keys.all(Table::Fact).from));
    }

    #[test]
    fn long_corp_ids_are_refused() {
        assert!(Keys::new(&CorpId::from("w".repeat(201))).is_err());
    }
}
