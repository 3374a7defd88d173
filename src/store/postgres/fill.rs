//! Rows of an archive into a store that is empty. The rows of a table travel as one JSON
//! array, of which PostgreSQL makes rows by the table's own columns.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::accept::Told;
use super::archive::AnyEffect;
use super::bells::Wake;
use super::session::{Session, in_transaction};
use super::values::{Json, big};
use super::{Shared, lanes};
use crate::domain::clock::UnixMillis;
use crate::domain::effect::{Effect, Origin};
use crate::domain::ids::Person;
use crate::store::broadcasts::Received;
use crate::store::queue::NOT_READABLE;
use crate::store::{
    ArchiveRow, BroadcastRow, EffectRow, Filling, LaneHash, Numbers, QuotaRow, ReceivedRow,
    RecordBody, RecordOutcome, RecordRow, Result, SopRow, StoreError, TargetRow,
};

const STANDING: &str = "SELECT filling FROM corps WHERE corp_id = $1";
const LOCK: &str = "SELECT filling FROM corps WHERE corp_id = $1 FOR UPDATE";
const STAND: &str = "UPDATE corps SET filling = $2 WHERE corp_id = $1";
const HAS_ROWS: &str = "\
    SELECT EXISTS (SELECT FROM inbox WHERE corp_id = $1)
        OR EXISTS (SELECT FROM outbox WHERE corp_id = $1)
        OR EXISTS (SELECT FROM contacts WHERE corp_id = $1)
        OR EXISTS (SELECT FROM timers WHERE corp_id = $1)
        OR EXISTS (SELECT FROM kf_cursors WHERE corp_id = $1)
        OR EXISTS (SELECT FROM kf_pushes WHERE corp_id = $1)
        OR EXISTS (SELECT FROM facts WHERE corp_id = $1)
        OR EXISTS (SELECT FROM rule_uses WHERE corp_id = $1)
        OR EXISTS (SELECT FROM quotas WHERE corp_id = $1)
        OR EXISTS (SELECT FROM sop_rows WHERE corp_id = $1)
        OR EXISTS (SELECT FROM broadcasts WHERE corp_id = $1)
        OR EXISTS (SELECT FROM mass_received WHERE corp_id = $1)
        OR EXISTS (SELECT FROM audit WHERE corp_id = $1)";

/// Where the filling stands; `None` if the store is whole.
pub(super) async fn standing(session: &Session) -> Result<Option<Filling>> {
    read(session, STANDING).await
}

async fn read(session: &Session, sql: &str) -> Result<Option<Filling>> {
    let row = session.row(sql, &[&session.corp()]).await?;
    let filling: Option<Json> = row.and_then(|row| row.get(0));
    filling.map(|filling| filling.read("filling")).transpose()
}

/// Takes rows and the place behind them.
pub(super) async fn take(
    shared: &Arc<Shared>,
    rows: Vec<ArchiveRow>,
    filling: &Filling,
) -> Result<()> {
    let mut sheet = Sheet::default();
    for row in rows {
        sheet.put(row)?;
    }
    let Sheet { tables, numbers } = sheet;
    let tables: Vec<(&str, Json)> = tables
        .iter()
        .map(|(table, rows)| Ok((*table, Json::of("row", rows)?)))
        .collect::<Result<_>>()?;
    in_transaction!(shared, session => {
        match read(&session, LOCK).await? {
            // The answer to the first try was lost with its connection.
            Some(begun) if begun == *filling && !tables.is_empty() => return Ok(()),
            Some(begun) if begun.source == filling.source => {}
            None if !has_rows(&session).await? => {}
            _ => return Err(StoreError::NotEmpty),
        }
        for (table, rows) in &tables {
            let sql = format!(
                "INSERT INTO {table} SELECT * FROM jsonb_populate_recordset(NULL::{table}, \
                 (SELECT jsonb_agg(one || jsonb_build_object('corp_id', $1::text)) \
                  FROM jsonb_array_elements($2::jsonb) AS o (one)))"
            );
            session.run(&sql, &[&session.corp(), rows]).await?;
        }
        if let Some(numbers) = &numbers {
            put_numbers(&session, numbers).await?;
        }
        let stands = Json::of("filling", filling)?;
        session.run(STAND, &[&session.corp(), &stands]).await?;
        Ok(())
    })
}

async fn has_rows(session: &Session) -> Result<bool> {
    let row = session.row(HAS_ROWS, &[&session.corp()]).await?;
    Ok(row.is_some_and(|row| row.get(0)))
}

const NUMBER: &str = "SELECT setval($1::text::regclass, GREATEST($2::bigint, 1), $2::bigint > 0)";

async fn put_numbers(session: &Session, numbers: &Numbers) -> Result<()> {
    let sequences = &session.shared.sequences;
    for (sequence, last) in [
        (&sequences.record, numbers.record),
        (&sequences.effect, numbers.effect),
        (&sequences.broadcast, numbers.broadcast),
        (&sequences.audit, numbers.audit),
    ] {
        session.rows(NUMBER, &[sequence, &big(last)]).await?;
    }
    Ok(())
}

/// An archive has no more than the hash of an effect's conversation. Records say its name.
const NAME: &str = "\
    UPDATE outbox o SET conversation = (
        SELECT i.conversation FROM inbox i
        WHERE i.corp_id = o.corp_id AND i.lane = COALESCE(o.history, o.lane)
        ORDER BY i.received_at LIMIT 1)
    WHERE o.corp_id = $1 AND o.conversation IS NULL";
const FINISH: &str = "UPDATE corps SET filling = NULL WHERE corp_id = $1";
const UNHURRIED: &str = "SELECT set_config('statement_timeout', '0', true)";

/// The store is whole.
pub(super) async fn finish(shared: &Arc<Shared>) -> Result<()> {
    in_transaction!(shared, session => {
        session.rows(UNHURRIED, &[]).await?;
        session.run(NAME, &[&session.corp()]).await?;
        session.run(FINISH, &[&session.corp()]).await?;
        session.wake.add(Wake::EVERYTHING);
        Ok(())
    })
}

/// Rows by table, each an object of its columns.
#[derive(Default)]
struct Sheet {
    tables: BTreeMap<&'static str, Vec<Value>>,
    numbers: Option<Numbers>,
}

impl Sheet {
    fn add(&mut self, table: &'static str, row: Value) {
        self.tables.entry(table).or_default().push(row);
    }

    fn put(&mut self, row: ArchiveRow) -> Result<()> {
        match row {
            ArchiveRow::Numbers(numbers) => self.numbers = Some(numbers),
            ArchiveRow::Record(record) => self.record(*record),
            ArchiveRow::Effect(effect) => self.effect(*effect)?,
            ArchiveRow::Contact(contact) => self.add(
                "contacts",
                json!({
                    "contact": contact.person.key(), "name": contact.name,
                    "added_at": contact.added_at.map(time),
                    "last_inbound_at": contact.last_inbound_at.map(time),
                    "synced_at": contact.synced_at.map(time),
                    "lost_at": contact.lost_at.map(time), "body": value(&contact)?,
                }),
            ),
            ArchiveRow::Timer(timer) => self.add(
                "timers",
                json!({
                    "key": timer.key, "due_at": time(timer.due),
                    "contact": timer.inbound.person.as_ref().map(Person::key),
                    "conversation": timer.inbound.conversation, "body": value(&timer)?,
                }),
            ),
            ArchiveRow::KfCursor(row) => self.add(
                "kf_cursors",
                json!({"open_kfid": row.account, "cursor": row.cursor}),
            ),
            ArchiveRow::KfPush(push) => self.add(
                "kf_pushes",
                json!({
                    "open_kfid": push.open_kfid, "app": push.app, "token": push.token,
                    "received_at": time(push.received_at),
                }),
            ),
            ArchiveRow::Fact(fact) => {
                self.add("facts", json!({"name": fact.name, "value": fact.value}));
            }
            ArchiveRow::RuleUse(row) => self.add(
                "rule_uses",
                json!({"day": row.day.to_string(), "rule": row.rule, "used": row.used}),
            ),
            ArchiveRow::Quota(row) => self.quota(&row),
            ArchiveRow::SopRow(row) => self.sop_row(&row),
            ArchiveRow::Broadcast(row) => self.broadcast(&row)?,
            ArchiveRow::BroadcastTarget(row) => self.target(&row)?,
            ArchiveRow::Received(row) => self.received(row)?,
            ArchiveRow::Audit(entry) => self.add(
                "audit",
                json!({
                    "id": big(entry.id), "at": time(entry.at), "who": entry.deed.who,
                    "what": entry.deed.what, "result": entry.deed.result,
                }),
            ),
        }
        Ok(())
    }

    fn record(&mut self, record: RecordRow) {
        let (id, at) = (big(record.id.0), time(record.received_at));
        let dedupe = String::from(record.dedupe);
        if record.recognised {
            let row = json!({"key": dedupe, "record_id": id, "received_at": at});
            self.add("dedupe", row);
        }
        if let Some(trace) = &record.trace {
            let row = json!({"record_id": id, "received_at": at, "trace": trace});
            self.add("traces", row);
        }
        let told = serde_json::from_value::<RecordBody>(record.body.clone());
        let told = told.map_or_else(|_| unreadable(), |body| Told::by(&body));
        let rules = match &record.outcome {
            Some(RecordOutcome::Done { fired }) => json!(fired),
            _ => Value::Null,
        };
        let effects: Vec<i64> = record.effects.iter().map(|id| big(id.0)).collect();
        let lane = String::from(record.lane);
        // One that was erased since has no conversation any more.
        let conversation = told
            .conversation
            .filter(|text| LaneHash::of(text) == record.lane);
        self.add(
            "inbox",
            json!({
                "id": id, "state": lanes::word(record.state), "lane": lane,
                "conversation": conversation, "dedupe": dedupe, "contact": told.contact,
                "channel": told.channel, "app": told.app, "kind": told.kind,
                "received_at": at, "happened_at": told.happened_at.map(time),
                "due_at": time(record.due), "urgent": record.urgent, "seq": big(record.place),
                "attempts": record.attempts,
                "first_attempt_at": record.first_attempt_at.map(time),
                "reason": record.reason, "outcome": record.outcome, "rules": rules,
                "effects": effects, "body": record.body,
            }),
        );
    }

    fn effect(&mut self, row: EffectRow) -> Result<()> {
        // What this version cannot read is kept all the same.
        let effect: Option<Effect> = serde_json::from_value(row.effect.clone()).ok();
        let origin: Option<Origin> = serde_json::from_value(row.origin.clone()).ok();
        let step = origin.as_ref().and_then(|origin| origin.row.as_ref());
        let lane = String::from(row.lane);
        let history = row.conversation.map(String::from);
        let body = AnyEffect {
            effect: row.effect,
            origin: row.origin,
        };
        self.add(
            "outbox",
            json!({
                "id": big(row.id.0), "state": lanes::word(row.state), "lane": lane,
                "history": history,
                "record_id": origin.as_ref().map(|origin| big(origin.record.0)),
                "kind": effect.as_ref().map_or(NOT_READABLE, Effect::word),
                "app": effect.as_ref().and_then(Effect::app),
                "target": effect.as_ref().and_then(Effect::whom),
                "rule": origin.as_ref().map_or("", |origin| origin.rule.as_str()),
                "sop": step.map(|step| &step.sop),
                "sop_run_at": step.map(|step| time(step.run)),
                "sop_contact": step.map(|step| step.target.key()),
                "sop_step": step.map(|step| step.step), "decided_at": time(row.decided_at),
                "due_at": time(row.due), "deadline": row.deadline.map(time),
                "urgent": row.urgent, "seq": big(row.place), "attempts": row.attempts,
                "first_attempt_at": row.first_attempt_at.map(time),
                "interrupted": row.interrupted, "unclear": row.unclear, "snoozed": false,
                "reason": row.reason, "body": value(&body)?,
            }),
        );
        Ok(())
    }

    fn quota(&mut self, row: &QuotaRow) {
        let used: Vec<Value> = row.used.iter().map(|at| time(*at)).collect();
        let window = Duration::from_millis(row.window_ms);
        let over = row.used.iter().map(|at| at.after(window)).max();
        let over = over.unwrap_or(UnixMillis(i64::MIN));
        let window = big(row.window_ms);
        self.add(
            "quotas",
            json!({"window_ms": window, "key": row.key, "used": used, "over_at": time(over)}),
        );
    }

    fn sop_row(&mut self, row: &SopRow) {
        self.add(
            "sop_rows",
            json!({
                "sop": row.sop, "run_at": time(row.run), "contact": row.target.key(),
                "step": row.step, "name": row.name, "version": row.version,
                "planned_at": time(row.planned), "decided_at": time(row.actual),
                "outcome": row.outcome.word(), "why": row.why,
                "delivery": row.delivery.word(), "delivery_why": row.delivery_why,
                "delivery_at": row.delivery_at.map(time), "broadcast": row.broadcast,
            }),
        );
    }

    fn broadcast(&mut self, row: &BroadcastRow) -> Result<()> {
        let it = &row.broadcast;
        self.add(
            "broadcasts",
            json!({
                "id": big(it.id.0), "revision": big(it.revision), "state": it.state.word(),
                "why": it.why, "sender": it.head.sender, "rule": it.head.rule,
                "opened_at": time(it.opened_at), "due_at": it.due.map(time),
                "effect_id": it.effect.map(|id| big(id.0)), "task": it.task,
                "gather_key": it.key, "gathers": row.gathers, "body": value(it)?,
            }),
        );
        Ok(())
    }

    fn target(&mut self, row: &TargetRow) -> Result<()> {
        let it = &row.target;
        self.add(
            "broadcast_targets",
            json!({
                "broadcast_id": big(row.broadcast.0), "contact": it.person.key(),
                "delivery": it.delivery.word(), "why": it.why, "told_at": time(it.at),
                "body": value(it)?,
            }),
        );
        Ok(())
    }

    fn received(&mut self, row: ReceivedRow) -> Result<()> {
        let contact = row.person.key();
        let received = Received {
            used: row.used,
            full_until: row.full_until,
        };
        let over = time(received.over_at());
        let body = value(&received)?;
        let row = json!({"contact": contact, "over_at": over, "body": body});
        self.add("mass_received", row);
        Ok(())
    }
}

/// Of a record that this version cannot read.
fn unreadable() -> Told {
    Told {
        kind: NOT_READABLE.to_owned(),
        ..Told::default()
    }
}

fn value<T: serde::Serialize>(of: &T) -> Result<Value> {
    serde_json::to_value(of).map_err(|_| StoreError::Corrupt { what: "row" })
}

/// A time as PostgreSQL reads it.
fn time(at: UnixMillis) -> Value {
    match jiff::Timestamp::from_millisecond(at.0) {
        // Years before the first have a sign here and a word there.
        Ok(time) if at.0 >= -62_135_596_800_000 => Value::String(time.to_string()),
        _ if at.0 < 0 => Value::String("-infinity".to_owned()),
        _ => Value::String("infinity".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::time;
    use crate::domain::clock::UnixMillis;

    #[test]
    fn times_are_written_as_postgresql_reads_them() {
        for (at, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (1_795_000_000_123, "2026-11-18T11:06:40.123Z"),
            (-62_135_596_800_000, "0001-01-01T00:00:00Z"),
            (i64::MIN, "-infinity"),
            (i64::MAX, "infinity"),
        ] {
            assert_eq!(time(UnixMillis(at)), text);
        }
    }
}
