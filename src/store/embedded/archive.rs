//! The store as rows that belong to no engine.

use std::sync::Arc;

use async_trait::async_trait;

use super::broadcasts;
use super::engine::{KeyRange, Rows, View, collect};
use super::history::find;
use super::inbox::{body_of, head_of};
use super::item::{ClaimRow, EffectBodyJson, INBOX, ItemRow, OUTBOX};
use super::keys::{Keys, Table, last_u64, read_u64};
use super::quotas;
use super::recent;
use super::txn::{Counter, decode, get_json};
use super::uses;
use crate::domain::ids::{BroadcastId, EffectId, Person, RecordId, RuleId};
use crate::store::broadcasts::Received;
use crate::store::{
    ArchivePage, ArchiveRow, BroadcastRow, CursorRow, DedupeHash, EffectRow, FactRow, ItemState,
    Numbers, QuotaRow, ReceivedRow, RecordRow, Result, RuleUseRow, Section, Snapshot, StoreError,
    TargetRow,
};

/// Rows that stay as they are, and where they live.
pub(crate) struct EmbeddedSnapshot {
    pub(crate) view: Arc<dyn View>,
    pub(crate) keys: Keys,
}

#[async_trait]
impl Snapshot for EmbeddedSnapshot {
    async fn page(
        &self,
        section: Section,
        after: Option<&str>,
        limit: usize,
    ) -> Result<ArchivePage> {
        let (view, keys) = (Arc::clone(&self.view), self.keys.clone());
        let after = after.map(place_of).transpose()?;
        let read = move || page(view.as_ref(), &keys, section, after, limit);
        let read = tokio::task::spawn_blocking(read).await;
        read.unwrap_or_else(|error| Err(StoreError::engine(error)))
    }
}

/// A place is the end of a key in hex.
fn place_of(text: &str) -> Result<Vec<u8>> {
    let wrong = || StoreError::Corrupt { what: "place" };
    if !text.is_ascii() || !text.len().is_multiple_of(2) {
        return Err(wrong());
    }
    let digits = text.as_bytes().chunks(2);
    let byte = |two: &[u8]| u8::from_str_radix(std::str::from_utf8(two).ok()?, 16).ok();
    digits.map(|two| byte(two).ok_or_else(wrong)).collect()
}

/// The table that has one row for each row of a section.
fn table(section: Section) -> Table {
    match section {
        Section::Numbers => Table::Meta,
        Section::Record => INBOX.body,
        Section::Effect => OUTBOX.body,
        Section::Contact => Table::Contact,
        Section::Timer => Table::TimerDue,
        Section::KfCursor => Table::KfCursor,
        Section::KfPush => Table::KfPush,
        Section::Fact => Table::Fact,
        Section::RuleUse => Table::RuleUse,
        Section::Quota => Table::Quota,
        Section::SopRow => Table::SopRow,
        Section::Broadcast => Table::Broadcast,
        Section::BroadcastTarget => Table::BroadcastTarget,
        Section::Received => Table::Received,
        Section::Audit => Table::Audit,
    }
}

/// Some rows of a section.
pub(crate) fn page(
    rows: &dyn Rows,
    keys: &Keys,
    section: Section,
    after: Option<Vec<u8>>,
    limit: usize,
) -> Result<ArchivePage> {
    if section == Section::Numbers {
        return Ok(ArchivePage {
            rows: vec![ArchiveRow::Numbers(numbers(rows, keys)?)],
            next: None,
        });
    }
    let KeyRange { mut from, to } = keys.all(table(section));
    if let Some(after) = after {
        from = [from.as_slice(), &after, &[0]].concat();
    }
    let found = collect(rows, &KeyRange { from, to }, limit)?;
    let full = found.last().filter(|_| found.len() == limit);
    let next = full.map(|(key, _)| {
        keys.rest(key)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    });
    let each = found.iter();
    let read = each.map(|(key, value)| row(rows, keys, section, key, value));
    let rows: Vec<Option<ArchiveRow>> = read.collect::<Result<_>>()?;
    Ok(ArchivePage {
        rows: rows.into_iter().flatten().collect(),
        next,
    })
}

fn numbers(rows: &dyn Rows, keys: &Keys) -> Result<Numbers> {
    Ok(Numbers {
        record: Counter::LastRecord.read(rows, keys)?,
        effect: Counter::LastEffect.read(rows, keys)?,
        broadcast: Counter::LastBroadcast.read(rows, keys)?,
        audit: Counter::LastAudit.read(rows, keys)?,
    })
}

fn row(
    rows: &dyn Rows,
    keys: &Keys,
    section: Section,
    key: &[u8],
    value: &[u8],
) -> Result<Option<ArchiveRow>> {
    let corrupt = || StoreError::Corrupt {
        what: section.word(),
    };
    let name = || std::str::from_utf8(keys.rest(key)).map_err(|_| corrupt());
    let number = || last_u64(key).ok_or_else(corrupt);
    Ok(Some(match section {
        Section::Numbers => return Ok(None),
        Section::Record => return record(rows, keys, number()?, value),
        Section::Effect => return effect(rows, keys, number()?, value),
        Section::Contact => ArchiveRow::Contact(decode("contact", value)?),
        Section::Timer => ArchiveRow::Timer(decode("timer", value)?),
        Section::KfCursor => ArchiveRow::KfCursor(CursorRow {
            account: name()?.into(),
            cursor: String::from_utf8(value.to_vec()).map_err(|_| corrupt())?,
        }),
        Section::KfPush => ArchiveRow::KfPush(decode("kf push", value)?),
        Section::Fact => ArchiveRow::Fact(FactRow {
            name: name()?.to_owned(),
            value: decode("fact", value)?,
        }),
        Section::RuleUse => ArchiveRow::RuleUse(RuleUseRow {
            day: keys.day_of(key).ok_or_else(corrupt)?,
            rule: RuleId::from(keys.rule_of(key).ok_or_else(corrupt)?),
            used: uses::number(Some(value))?,
        }),
        Section::Quota => ArchiveRow::Quota(QuotaRow {
            key: keys.quota_name(key).ok_or_else(corrupt)?.to_owned(),
            window_ms: u64::try_from(keys.quota_window(key).as_millis()).unwrap_or(u64::MAX),
            used: quotas::unpack(value)?,
        }),
        Section::SopRow => ArchiveRow::SopRow(decode("SOP row", value)?),
        Section::Broadcast => {
            let broadcast: crate::store::Broadcast = decode("broadcast", value)?;
            let open = rows.get(&keys.text(Table::BroadcastOpen, &broadcast.key))?;
            let gathers = open.as_deref().and_then(read_u64) == Some(broadcast.id.0);
            ArchiveRow::Broadcast(Box::new(BroadcastRow { broadcast, gathers }))
        }
        Section::BroadcastTarget => {
            let id = keys.rest(key).first_chunk::<8>().ok_or_else(corrupt)?;
            ArchiveRow::BroadcastTarget(Box::new(TargetRow {
                broadcast: BroadcastId(u64::from_be_bytes(*id)),
                target: decode(broadcasts::TARGET, value)?,
            }))
        }
        Section::Received => {
            let received: Received = decode(broadcasts::RECEIVED, value)?;
            ArchiveRow::Received(ReceivedRow {
                person: Person::from_key(name()?).ok_or_else(corrupt)?,
                used: received.used,
                full_until: received.full_until,
            })
        }
        Section::Audit => ArchiveRow::Audit(decode("audit", value)?),
    }))
}

fn record(rows: &dyn Rows, keys: &Keys, id: u64, body: &[u8]) -> Result<Option<ArchiveRow>> {
    let Some(row) = find(rows, keys, &INBOX, id)? else {
        return Ok(None);
    };
    let (hash, received_at) = head_of(body)?;
    Ok(Some(ArchiveRow::Record(Box::new(RecordRow {
        id: RecordId(id),
        dedupe: DedupeHash(hash),
        recognised: recent::means(rows, keys, &hash, id)?,
        received_at,
        lane: row.lane,
        place: row.seq,
        urgent: row.urgent,
        state: waiting_if_working(row.state),
        due: row.due,
        attempts: row.attempts,
        first_attempt_at: row.first_attempt_at,
        reason: row.reason,
        outcome: row.outcome,
        effects: row.effects,
        trace: get_json(rows, &keys.number(Table::Trace, id), "trace")?,
        body: decode("record", body_of(body))?,
    }))))
}

fn effect(rows: &dyn Rows, keys: &Keys, id: u64, body: &[u8]) -> Result<Option<ArchiveRow>> {
    let Some(mut row) = find(rows, keys, &OUTBOX, id)? else {
        return Ok(None);
    };
    let claim: Option<ClaimRow> = get_json(rows, &keys.number(OUTBOX.claim, id), "claim")?;
    if let Some(claim) = claim {
        take_back(&mut row, claim);
    }
    let body: EffectBodyJson = decode("effect", body)?;
    Ok(Some(ArchiveRow::Effect(Box::new(EffectRow {
        id: EffectId(id),
        lane: row.lane,
        conversation: row.conversation,
        place: row.seq,
        urgent: row.urgent,
        state: waiting_if_working(row.state),
        due: row.due,
        decided_at: row.at,
        attempts: row.attempts,
        first_attempt_at: row.first_attempt_at,
        interrupted: row.interrupted,
        unclear: row.unclear,
        reason: row.reason,
        deadline: body.deadline,
        origin: body.origin,
        effect: body.effect,
    }))))
}

fn waiting_if_working(state: ItemState) -> ItemState {
    match state {
        ItemState::Working => ItemState::Ready,
        state => state,
    }
}

/// What a rescue makes of an item whose holder is gone.
fn take_back(row: &mut ItemRow, claim: ClaimRow) {
    row.attempts = claim.attempt;
    row.first_attempt_at = Some(claim.first_attempt_at);
    row.interrupted = true;
    row.unclear = true;
    if let Some(reason) = claim.failed {
        row.reason = Some(reason);
        row.state = ItemState::Failed;
    }
}
