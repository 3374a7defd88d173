//! One row for each target, run and step of an SOP.

use std::collections::HashMap;

use tokio_postgres::Row;

use super::contacts::{key, person};
use super::session::Session;
use super::values::{Time, big, maybe_text, most, text, untext};
use crate::domain::clock::UnixMillis;
use crate::domain::ids::{EffectId, SopId};
use crate::store::{
    Delivery, DeliveryNote, Result, RowOutcome, SopRow, SopRowKey, SopRowQuery, StoreError,
};

const PUT: &str = "\
    INSERT INTO sop_rows (corp_id, sop, run_at, contact, step, name, version, planned_at,
        decided_at, outcome, why, delivery, delivery_why, delivery_at, broadcast)
    SELECT $1, * FROM unnest($2::text[], $3::timestamptz[], $4::text[], $5::integer[],
        $6::text[], $7::text[], $8::timestamptz[], $9::timestamptz[], $10::text[], $11::text[],
        $12::text[], $13::text[], $14::timestamptz[], $15::text[])
        AS o (sop, run_at, contact, step, name, version, planned_at, decided_at, outcome, why,
            delivery, delivery_why, delivery_at, broadcast)
    ORDER BY sop, run_at, contact, step
    ON CONFLICT (corp_id, sop, run_at, contact, step) DO UPDATE SET name = EXCLUDED.name,
        version = EXCLUDED.version, planned_at = EXCLUDED.planned_at,
        decided_at = EXCLUDED.decided_at, outcome = EXCLUDED.outcome, why = EXCLUDED.why,
        delivery = EXCLUDED.delivery, delivery_why = EXCLUDED.delivery_why,
        delivery_at = EXCLUDED.delivery_at, broadcast = EXCLUDED.broadcast";

/// Writes rows; one with a known key is replaced, and of two alike the last one counts.
pub(super) async fn put(session: &Session, rows: &[&SopRow]) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let last: HashMap<WholeKey, &SopRow> = rows
        .iter()
        .map(|row| (whole_key(&row.key()), *row))
        .collect();
    let rows: Vec<&SopRow> = last.into_values().collect();
    let each = || rows.iter();
    let sops: Vec<_> = each().map(|row| text(row.sop.as_str())).collect();
    let runs: Vec<_> = each().map(|row| Time(row.run)).collect();
    let targets: Vec<_> = each().map(|row| key(&row.target)).collect();
    let steps: Vec<_> = each().map(|row| small(row.step)).collect();
    let names: Vec<_> = each().map(|row| maybe_text(row.name.as_deref())).collect();
    let versions: Vec<_> = each().map(|row| text(&row.version)).collect();
    let planned: Vec<_> = each().map(|row| Time(row.planned)).collect();
    let decided: Vec<_> = each().map(|row| Time(row.actual)).collect();
    let outcomes: Vec<_> = each().map(|row| row.outcome.word()).collect();
    let why: Vec<_> = each().map(|row| maybe_text(row.why.as_deref())).collect();
    let deliveries: Vec<_> = each().map(|row| row.delivery.word()).collect();
    let delivery_why = each().map(|row| maybe_text(row.delivery_why.as_deref()));
    let delivery_why: Vec<_> = delivery_why.collect();
    let delivery_at: Vec<_> = each().map(|row| row.delivery_at.map(Time)).collect();
    let broadcasts = each().map(|row| maybe_text(row.broadcast.as_deref()));
    let broadcasts: Vec<_> = broadcasts.collect();
    session
        .run(
            PUT,
            &[
                &session.corp(),
                &sops,
                &runs,
                &targets,
                &steps,
                &names,
                &versions,
                &planned,
                &decided,
                &outcomes,
                &why,
                &deliveries,
                &delivery_why,
                &delivery_at,
                &broadcasts,
            ],
        )
        .await?;
    Ok(())
}

/// A key as the table has it.
pub(super) type WholeKey = (String, UnixMillis, String, u32);

/// The key of a row as the table has it.
pub(super) fn whole_key(row: &SopRowKey) -> WholeKey {
    let sop = text(row.sop.as_str()).into_owned();
    (sop, row.run, key(&row.target), row.step)
}

/// A step as the table has it.
pub(super) fn small(step: u32) -> i32 {
    i32::try_from(step).unwrap_or(i32::MAX)
}

const SAID: &str = "\
    SELECT delivery FROM sop_rows
    WHERE corp_id = $1 AND sop = $2 AND run_at = $3 AND contact = $4 AND step = $5 FOR UPDATE";

/// Whether a member has said what became of a step. Nobody else does until the transaction ends.
pub(super) async fn is_said(session: &Session, row: &SopRowKey) -> Result<bool> {
    let (sop, run) = (text(row.sop.as_str()), Time(row.run));
    let (target, step) = (key(&row.target), small(row.step));
    let found = session
        .row(SAID, &[&session.corp(), &sop, &run, &target, &step])
        .await?;
    let word = found.map(|row| delivery(&row.get::<_, String>(0)));
    Ok(word.transpose()?.is_some_and(Delivery::is_said))
}

const NOTE: &str = "\
    UPDATE sop_rows r SET delivery = o.delivery,
        delivery_why = COALESCE(o.why, r.delivery_why),
        broadcast = COALESCE(o.broadcast, r.broadcast), delivery_at = $2,
        decided_at = CASE WHEN r.delivery = 'planned' AND o.delivery IN ('created', 'delivered')
            AND $2 - r.decided_at > interval '20 minutes' THEN $2 ELSE r.decided_at END
    FROM unnest($3::text[], $4::timestamptz[], $5::text[], $6::integer[], $7::text[],
        $8::text[], $9::text[]) AS o (sop, run_at, contact, step, delivery, why, broadcast)
    WHERE r.corp_id = $1 AND r.sop = o.sop AND r.run_at = o.run_at AND r.contact = o.contact
      AND r.step = o.step";

const HELD: &str = "\
    UPDATE sop_rows r SET delivery_why = $3
    FROM outbox h JOIN outbox o ON o.corp_id = h.corp_id AND o.lane = h.lane
        AND o.urgent = h.urgent AND o.state IN ('ready', 'working') AND o.seq >= h.seq
    WHERE h.corp_id = $1 AND h.id = $2 AND r.corp_id = $1 AND r.sop = o.sop
      AND r.run_at = o.sop_run_at AND r.contact = o.sop_contact AND r.step = o.sop_step
      AND r.delivery = 'planned'
      AND (r.delivery_why IS NULL OR (o.id = h.id AND r.delivery_why <> $3))";

/// Writes why a message has not left yet into its row, and into the rows of those behind it
/// that know no reason.
pub(super) async fn note_held(session: &Session, id: EffectId, why: &str) -> Result<()> {
    session
        .run(HELD, &[&session.corp(), &big(id.0), &text(why)])
        .await?;
    Ok(())
}

/// Writes news of messages into their rows.
pub(super) async fn note(session: &Session, notes: &[DeliveryNote], now: UnixMillis) -> Result<()> {
    // Several notes for one row are rare and come in order: each such is a statement.
    let mut rest: Vec<&DeliveryNote> = notes.iter().collect();
    while !rest.is_empty() {
        let mut seen = std::collections::HashSet::new();
        let (first, later): (Vec<_>, Vec<_>) = rest
            .into_iter()
            .partition(|note| seen.insert(whole_key(&note.key)));
        note_once(session, &first, now).await?;
        rest = later;
    }
    Ok(())
}

async fn note_once(session: &Session, notes: &[&DeliveryNote], now: UnixMillis) -> Result<()> {
    let each = || notes.iter();
    let sops: Vec<_> = each().map(|note| text(note.key.sop.as_str())).collect();
    let runs: Vec<_> = each().map(|note| Time(note.key.run)).collect();
    let targets: Vec<_> = each().map(|note| key(&note.key.target)).collect();
    let steps: Vec<_> = each().map(|note| small(note.key.step)).collect();
    let deliveries: Vec<_> = each().map(|note| note.delivery.word()).collect();
    let why: Vec<_> = each().map(|note| maybe_text(note.why.as_deref())).collect();
    let broadcasts = each().map(|note| maybe_text(note.broadcast.as_deref()));
    let broadcasts: Vec<_> = broadcasts.collect();
    session
        .run(
            NOTE,
            &[
                &session.corp(),
                &Time(now),
                &sops,
                &runs,
                &targets,
                &steps,
                &deliveries,
                &why,
                &broadcasts,
            ],
        )
        .await?;
    Ok(())
}

const OF: &str = "\
    SELECT * FROM sop_rows WHERE corp_id = $1 AND sop = $2 AND run_at >= $3
    ORDER BY run_at, contact, step LIMIT $4";
const BEHIND: &str = "\
    SELECT * FROM sop_rows WHERE corp_id = $1 AND sop = $2 AND run_at >= $3
      AND (run_at, contact, step) > ($5, $6, $7)
    ORDER BY run_at, contact, step LIMIT $4";

/// The rows of an SOP in order.
pub(super) async fn of(session: &Session, query: &SopRowQuery) -> Result<Vec<SopRow>> {
    let (corp, sop) = (session.corp(), text(query.sop.as_str()));
    let (since, limit) = (Time(query.since), most(query.limit));
    let rows = match &query.after {
        None => session.rows(OF, &[&corp, &sop, &since, &limit]).await?,
        Some(after) => {
            let (run, target, step) = (Time(after.run), key(&after.target), small(after.step));
            session
                .rows(BEHIND, &[&corp, &sop, &since, &limit, &run, &target, &step])
                .await?
        }
    };
    rows.iter().map(of_row).collect()
}

/// A row with its columns.
pub(super) fn of_row(row: &Row) -> Result<SopRow> {
    let corrupt = || StoreError::Corrupt { what: "SOP row" };
    let time = |name: &str| row.get::<_, Time>(name).0;
    let words = |name: &str| row.get::<_, Option<String>>(name).map(untext);
    let outcome: String = row.get("outcome");
    let outcomes = [
        RowOutcome::Done,
        RowOutcome::Skipped,
        RowOutcome::Waiting,
        RowOutcome::Exited,
    ];
    let outcome = outcomes.into_iter().find(|one| one.word() == outcome);
    Ok(SopRow {
        sop: SopId(untext(row.get("sop"))),
        version: untext(row.get("version")),
        step: u32::try_from(row.get::<_, i32>("step")).unwrap_or_default(),
        name: words("name"),
        target: person(row.get("contact")).ok_or_else(corrupt)?,
        run: time("run_at"),
        planned: time("planned_at"),
        actual: time("decided_at"),
        outcome: outcome.ok_or_else(corrupt)?,
        why: words("why"),
        delivery: delivery(&row.get::<_, String>("delivery"))?,
        delivery_why: words("delivery_why"),
        delivery_at: row.get::<_, Option<Time>>("delivery_at").map(|at| at.0),
        broadcast: words("broadcast"),
    })
}

/// A word of the tables.
pub(super) fn delivery(word: &str) -> Result<Delivery> {
    let found = Delivery::ALL.into_iter().find(|one| one.word() == word);
    found.ok_or(StoreError::Corrupt { what: "delivery" })
}
