//! What happened in a conversation.

use tokio_postgres::Row;

use super::lanes::state;
use super::outbox::EffectBody;
use super::session::Session;
use super::values::{Json, Time, lane, most, number, untext};
use crate::domain::clock::UnixMillis;
use crate::domain::ids::{EffectId, RecordId};
use crate::store::{HistoryEntry, ItemState, RecordBody, RecordOutcome, Result};

const RECEIVED: &str = "\
    SELECT id, received_at, state, reason, outcome, body FROM inbox
    WHERE corp_id = $1 AND lane = $2 ORDER BY received_at DESC, id DESC LIMIT $3";
const SENT: &str = "\
    SELECT id, decided_at, state, body FROM outbox
    WHERE corp_id = $1 AND COALESCE(history, lane) = $2
    ORDER BY decided_at DESC, id DESC LIMIT $3";

/// The newest lines of a conversation, newest first; what was sent stands above what it
/// answers.
pub(super) async fn of(
    session: &Session,
    conversation: &str,
    limit: usize,
) -> Result<Vec<HistoryEntry>> {
    let lane = lane(conversation);
    let (corp, limit_) = (session.corp(), most(limit));
    let received = session.rows(RECEIVED, &[&corp, &lane, &limit_]).await?;
    let sent = session.rows(SENT, &[&corp, &lane, &limit_]).await?;
    let place = |row: &Row| (row.get::<_, Time>(1).0, row.get::<_, i64>(0));
    let mut lines: Vec<((UnixMillis, bool, i64), &Row)> = Vec::new();
    lines.extend(received.iter().map(|row| {
        let (at, id) = place(row);
        ((at, false, id), row)
    }));
    lines.extend(sent.iter().map(|row| {
        let (at, id) = place(row);
        ((at, true, id), row)
    }));
    lines.sort_by_key(|(place, _)| std::cmp::Reverse(*place));
    lines.truncate(limit);
    let mut entries = Vec::with_capacity(lines.len());
    for ((at, is_sent, id), row) in lines {
        let id = number(id);
        if is_sent {
            entries.push(sent_line(EffectId(id), at, row)?);
        } else {
            entries.extend(received_line(RecordId(id), at, row)?);
        }
    }
    Ok(entries)
}

fn received_line(id: RecordId, at: UnixMillis, row: &Row) -> Result<Option<HistoryEntry>> {
    let (RecordBody::Inbound { inbound, .. } | RecordBody::Skipped { inbound, .. }) =
        row.get::<_, Json>("body").read("record")?
    else {
        return Ok(None);
    };
    let outcome = match state(row.get("state"))? {
        ItemState::Dead | ItemState::Discarded => {
            let reason: Option<String> = row.get("reason");
            let reason = reason.map(untext).unwrap_or_default();
            Some(RecordOutcome::Skipped { reason })
        }
        _ => outcome(row)?,
    };
    Ok(Some(HistoryEntry::Received {
        id,
        at,
        inbound,
        outcome,
    }))
}

/// How a record ended.
pub(super) fn outcome(row: &Row) -> Result<Option<RecordOutcome>> {
    let outcome: Option<Json> = row.get("outcome");
    outcome.map(|outcome| outcome.read("outcome")).transpose()
}

fn sent_line(id: EffectId, at: UnixMillis, row: &Row) -> Result<HistoryEntry> {
    let body: EffectBody = row.get::<_, Json>("body").read("effect")?;
    Ok(HistoryEntry::Sent {
        id,
        at,
        effect: body.effect,
        state: state(row.get("state"))?,
    })
}
