//! Small values by name.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;

use super::Shared;
use super::accept::{self, Offered};
use super::bells::Wake;
use super::session::{Session, in_transaction};
use super::values::{Json, text, untext};
use crate::store::{Acceptance, FactSwap, Result, StoreError};

const ONE: &str = "SELECT value FROM facts WHERE corp_id = $1 AND name = $2";

/// A small value.
pub(super) async fn one(session: &Session, name: &str) -> Result<Option<Value>> {
    let row = session.row(ONE, &[&session.corp(), &text(name)]).await?;
    row.map(|row| row.get::<_, Json>(0).read("fact"))
        .transpose()
}

const UNDER: &str = "\
    SELECT name, value FROM facts
    WHERE corp_id = $1 AND name >= $2 AND starts_with(name, $2) ORDER BY name";

/// The small values whose names begin so, by name.
pub(super) async fn under(session: &Session, prefix: &str) -> Result<Vec<(String, Value)>> {
    let rows = session
        .rows(UNDER, &[&session.corp(), &text(prefix)])
        .await?;
    rows.iter()
        .map(|row| Ok((untext(row.get(0)), row.get::<_, Json>(1).read("fact")?)))
        .collect()
}

const PUT: &str = "\
    INSERT INTO facts (corp_id, name, value)
    SELECT $1, * FROM unnest($2::text[], $3::jsonb[]) AS o (name, value) ORDER BY name
    ON CONFLICT (corp_id, name) DO UPDATE SET value = EXCLUDED.value";
const REMOVE: &str = "DELETE FROM facts WHERE corp_id = $1 AND name = ANY($2)";
/// Names have no row to lock before they have a value.
const LOCK: &str = "\
    SELECT pg_advisory_xact_lock(hashtext($1), key)
    FROM (SELECT DISTINCT hashtext(name) AS key FROM unnest($2::text[]) AS o (name) ORDER BY 1) o";

/// Nobody else writes these names until the transaction ends.
async fn lock(session: &Session, names: impl Iterator<Item = &str>) -> Result<()> {
    let names: Vec<_> = names.map(text).collect();
    if !names.is_empty() {
        session.rows(LOCK, &[&session.corp(), &names]).await?;
    }
    Ok(())
}

/// Writes small values; `null` removes one. Of two alike the last one counts.
pub(super) async fn put(session: &Session, facts: &[(String, Value)]) -> Result<()> {
    lock(session, facts.iter().map(|(name, _)| name.as_str())).await?;
    write(session, facts).await
}

async fn write(session: &Session, facts: &[(String, Value)]) -> Result<()> {
    let last: HashMap<&str, &Value> = facts
        .iter()
        .map(|(name, value)| (name.as_str(), value))
        .collect();
    let (gone, kept): (Vec<_>, Vec<_>) = last.into_iter().partition(|(_, value)| value.is_null());
    if !gone.is_empty() {
        let names: Vec<_> = gone.iter().map(|(name, _)| text(name)).collect();
        session.run(REMOVE, &[&session.corp(), &names]).await?;
    }
    if !kept.is_empty() {
        let names: Vec<_> = kept.iter().map(|(name, _)| text(name)).collect();
        let values = kept.iter().map(|(_, value)| Json::of("fact", value));
        let values: Vec<Json> = values.collect::<Result<_>>()?;
        session
            .run(PUT, &[&session.corp(), &names, &values])
            .await?;
    }
    Ok(())
}

/// Writes small values and takes records in, if what was read is still there.
pub(super) async fn swap(shared: &Arc<Shared>, swap: FactSwap) -> Result<Vec<Acceptance>> {
    let records = Offered::all(&swap.records)?;
    let records: Vec<&Offered> = records.iter().collect();
    in_transaction!(shared, session => {
        let expected = swap.expected.iter().map(|(name, _)| name.as_str());
        let written = swap.facts.iter().map(|(name, _)| name.as_str());
        lock(&session, expected.chain(written)).await?;
        for (name, expected) in &swap.expected {
            if one(&session, name).await?.unwrap_or_default() != *expected {
                return Err(StoreError::FactMoved { name: name.clone() });
            }
        }
        write(&session, &swap.facts).await?;
        session.wake.add(Wake::SOPS);
        accept::take(&session, &records).await
    })
}
