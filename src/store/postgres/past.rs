//! Records that were taken in, in their order, with what became of them.

use std::collections::HashMap;

use tokio_postgres::Row;

use super::history::outcome;
use super::lanes::state;
use super::outbox::EffectBody;
use super::session::Session;
use super::values::{Json, Time, big, most, number, untext};
use crate::domain::ids::{EffectId, RecordId};
use crate::store::{PastEffect, PastRecord, RecordBody, RecordQuery, Result};

const RECORDS: &str = "\
    SELECT i.id, i.received_at, i.state, i.reason, i.outcome, i.effects, i.body, t.trace
    FROM inbox i
    LEFT JOIN traces t ON t.corp_id = i.corp_id AND t.record_id = i.id
    WHERE i.corp_id = $1 AND i.id > $2 AND i.received_at >= $3 AND i.happened_at IS NOT NULL
    ORDER BY i.id LIMIT $4";
const EFFECTS: &str =
    "SELECT id, state, reason, body FROM outbox WHERE corp_id = $1 AND id = ANY($2)";

/// The records behind `query.after` that were received at `query.since` or later, in order.
/// Unreadable ones are left out.
pub(super) async fn records(session: &Session, query: RecordQuery) -> Result<Vec<PastRecord>> {
    let rows = session
        .rows(
            RECORDS,
            &[
                &session.corp(),
                &big(query.after.0),
                &Time(query.since),
                &most(query.limit),
            ],
        )
        .await?;
    let ids: Vec<i64> = rows.iter().flat_map(effects_of).collect();
    let mut effects: HashMap<i64, PastEffect> = HashMap::new();
    for row in session.rows(EFFECTS, &[&session.corp(), &ids]).await? {
        effects.insert(row.get(0), effect(&row)?);
    }
    let mut found = Vec::with_capacity(rows.len());
    for row in &rows {
        found.extend(record(row, &effects)?);
    }
    Ok(found)
}

/// The effects of a record.
pub(super) fn effects_of(row: &Row) -> Vec<i64> {
    row.get::<_, Option<Vec<i64>>>("effects")
        .unwrap_or_default()
}

fn record(row: &Row, effects: &HashMap<i64, PastEffect>) -> Result<Option<PastRecord>> {
    let Ok(RecordBody::Inbound { inbound, .. } | RecordBody::Skipped { inbound, .. }) =
        row.get::<_, Json>("body").read("record")
    else {
        return Ok(None);
    };
    let trace: Option<Json> = row.get("trace");
    let led_to = effects_of(row);
    let led_to = led_to.iter().filter_map(|id| effects.get(id).cloned());
    Ok(Some(PastRecord {
        id: RecordId(number(row.get("id"))),
        received_at: row.get::<_, Time>("received_at").0,
        inbound,
        state: state(row.get("state"))?,
        reason: row.get::<_, Option<String>>("reason").map(untext),
        outcome: outcome(row)?,
        trace: trace.map(|trace| trace.read("trace")).transpose()?,
        effects: led_to.collect(),
    }))
}

fn effect(row: &Row) -> Result<PastEffect> {
    let body: EffectBody = row.get::<_, Json>("body").read("effect")?;
    Ok(PastEffect {
        id: EffectId(number(row.get("id"))),
        effect: body.effect,
        origin: body.origin,
        state: state(row.get("state"))?,
        reason: row.get::<_, Option<String>>("reason").map(untext),
    })
}
