//! The store as rows that belong to no engine.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Row};

use super::failure::failed;
use super::uses::Day;
use super::values::{Json, Time, most, number, untext};
use super::{Shared, alone, audit, contacts, history, kf, lanes, sop_rows};
use crate::domain::clock::UnixMillis;
use crate::domain::ids::{BroadcastId, EffectId, OpenKfId, RecordId, RuleId};
use crate::store::broadcasts::Received;
use crate::store::{
    ArchivePage, ArchiveRow, BroadcastRow, CursorRow, DedupeHash, EffectRow, FactRow, ItemState,
    LaneHash, Numbers, QuotaRow, ReceivedRow, RecordRow, Result, RuleUseRow, Section, Snapshot,
    StoreError, TargetRow,
};

/// One transaction that sees nothing of what is written after its beginning.
pub(super) struct PostgresSnapshot {
    client: Client,
    corp: String,
    numbers: Numbers,
}

impl PostgresSnapshot {
    /// Of the store as it is now.
    pub(super) async fn take(shared: &Shared) -> Result<Self> {
        let client = alone::connect(shared).await?;
        let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY";
        client.batch_execute(begin).await.map_err(failed)?;
        // Sequences stand outside of transactions: these numbers may be ahead of the rows,
        // and never behind them.
        let numbers = numbers(&client, shared).await?;
        Ok(Self {
            client,
            corp: shared.corp.clone(),
            numbers,
        })
    }
}

async fn numbers(client: &Client, shared: &Shared) -> Result<Numbers> {
    let sequences = &shared.sequences;
    let last = |name: &String| {
        format!("(SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {name})")
    };
    let sql = format!(
        "SELECT {}, {}, {}, {}",
        last(&sequences.record),
        last(&sequences.effect),
        last(&sequences.broadcast),
        last(&sequences.audit),
    );
    let row = client.query_one(&sql, &[]).await.map_err(failed)?;
    let of = |place: usize| number(row.get(place));
    Ok(Numbers {
        record: of(0),
        effect: of(1),
        broadcast: of(2),
        audit: of(3),
    })
}

#[async_trait]
impl Snapshot for PostgresSnapshot {
    async fn page(
        &self,
        section: Section,
        after: Option<&str>,
        limit: usize,
    ) -> Result<ArchivePage> {
        let Some(source) = source(section) else {
            return Ok(ArchivePage {
                rows: vec![ArchiveRow::Numbers(self.numbers)],
                next: None,
            });
        };
        let after = after.map(|after| source.place_of(after)).transpose()?;
        let sql = source.sql(after.is_some());
        let limit_ = most(limit);
        let mut params: Vec<&(dyn ToSql + Sync)> = vec![&self.corp, &limit_];
        for part in after.iter().flatten() {
            params.push(part);
        }
        let found = self.client.query(&sql, &params).await.map_err(failed)?;
        let full = found.last().filter(|_| found.len() == limit);
        let next = full.map(|row| row.get("place"));
        let rows = found.iter().map(|row| row_of(section, row));
        Ok(ArchivePage {
            rows: rows.collect::<Result<_>>()?,
            next,
        })
    }
}

/// Where the rows of a section come from.
struct Source {
    columns: &'static str,
    /// The tables and, behind `WHERE`, what is no row of the section.
    from: &'static str,
    /// The columns of the key and their types.
    key: &'static [(&'static str, &'static str)],
}

const RECORD: Source = Source {
    columns: "i.*, d.record_id IS NOT NULL AS recognised, t.trace",
    from: "inbox i
        LEFT JOIN dedupe d
            ON d.corp_id = i.corp_id AND d.key = i.dedupe AND d.record_id = i.id
        LEFT JOIN traces t ON t.corp_id = i.corp_id AND t.record_id = i.id
        WHERE i.corp_id = $1",
    key: &[("i.id", "bigint")],
};
const NUMBERED: &[(&str, &str)] = &[("id", "bigint")];
const BY_CONTACT: &[(&str, &str)] = &[("contact", "text")];

fn source(section: Section) -> Option<Source> {
    let plain = |from, key| Source {
        columns: "*",
        from,
        key,
    };
    Some(match section {
        Section::Numbers => return None,
        Section::Record => RECORD,
        Section::Effect => plain("outbox WHERE corp_id = $1", NUMBERED),
        // Somebody of whom nothing is known may just be locked.
        Section::Contact => plain("contacts WHERE corp_id = $1 AND body <> 'null'", BY_CONTACT),
        Section::Timer => plain("timers WHERE corp_id = $1", &[("key", "text")]),
        Section::KfCursor => plain(
            "kf_cursors WHERE corp_id = $1 AND cursor IS NOT NULL",
            &[("open_kfid", "text")],
        ),
        Section::KfPush => plain("kf_pushes WHERE corp_id = $1", &[("open_kfid", "text")]),
        Section::Fact => plain("facts WHERE corp_id = $1", &[("name", "text")]),
        Section::RuleUse => plain(
            "rule_uses WHERE corp_id = $1 AND used > 0",
            &[("day", "date"), ("rule", "text")],
        ),
        Section::Quota => plain(
            "quotas WHERE corp_id = $1 AND cardinality(used) > 0",
            &[("window_ms", "bigint"), ("key", "text")],
        ),
        Section::SopRow => plain(
            "sop_rows WHERE corp_id = $1",
            &[
                ("sop", "text"),
                ("run_at", "timestamptz"),
                ("contact", "text"),
                ("step", "integer"),
            ],
        ),
        Section::Broadcast => plain("broadcasts WHERE corp_id = $1", NUMBERED),
        Section::BroadcastTarget => plain(
            "broadcast_targets WHERE corp_id = $1",
            &[("broadcast_id", "bigint"), ("contact", "text")],
        ),
        Section::Received => plain("mass_received WHERE corp_id = $1", BY_CONTACT),
        Section::Audit => plain("audit WHERE corp_id = $1", NUMBERED),
    })
}

impl Source {
    /// One page: $1 is the corp, $2 the limit, the rest the place behind which it begins.
    fn sql(&self, goes_on: bool) -> String {
        let list = |part: &dyn Fn(usize, (&str, &str)) -> String| {
            let parts = self.key.iter().enumerate();
            let parts: Vec<String> = parts.map(|(at, column)| part(at, *column)).collect();
            parts.join(", ")
        };
        let order = list(&|_, (name, _)| name.to_owned());
        let place = list(&|_, (name, _)| format!("{name}::text"));
        let behind = if goes_on {
            let after = list(&|at, (_, kind)| format!("${}::text::{kind}", at + 3));
            format!(" AND ({order}) > ({after})")
        } else {
            String::new()
        };
        let Self { columns, from, .. } = self;
        format!(
            "SELECT json_build_array({place})::text AS place, {columns} FROM {from}{behind} \
             ORDER BY {order} LIMIT $2"
        )
    }

    /// A place is the key of the last row as a JSON array of texts.
    fn place_of(&self, after: &str) -> Result<Vec<String>> {
        let parts: Option<Vec<String>> = serde_json::from_str(after).ok();
        let parts = parts.filter(|parts| parts.len() == self.key.len());
        parts.ok_or(StoreError::Corrupt { what: "place" })
    }
}

fn row_of(section: Section, row: &Row) -> Result<ArchiveRow> {
    let corrupt = || StoreError::Corrupt {
        what: section.word(),
    };
    let json = |column: &str| row.get::<_, Json>(column);
    let words = |column: &str| untext(row.get(column));
    let id = |column: &str| number(row.get(column));
    Ok(match section {
        Section::Numbers => return Err(corrupt()),
        Section::Record => ArchiveRow::Record(Box::new(record(row)?)),
        Section::Effect => ArchiveRow::Effect(Box::new(effect(row)?)),
        Section::Contact => ArchiveRow::Contact(json("body").read("contact")?),
        Section::Timer => ArchiveRow::Timer(json("body").read("timer")?),
        Section::KfCursor => ArchiveRow::KfCursor(CursorRow {
            account: OpenKfId(words("open_kfid")),
            cursor: words("cursor"),
        }),
        Section::KfPush => ArchiveRow::KfPush(kf::push_of(row)),
        Section::Fact => ArchiveRow::Fact(FactRow {
            name: words("name"),
            value: json("value").read("fact")?,
        }),
        Section::RuleUse => ArchiveRow::RuleUse(RuleUseRow {
            day: row.get::<_, Day>("day").0,
            rule: RuleId::from(words("rule")),
            used: u64::try_from(row.get::<_, i32>("used")).map_err(|_| corrupt())?,
        }),
        Section::Quota => ArchiveRow::Quota(QuotaRow {
            key: words("key"),
            window_ms: id("window_ms"),
            used: times(&row.get::<_, Vec<Time>>("used")),
        }),
        Section::SopRow => ArchiveRow::SopRow(Box::new(sop_rows::of_row(row)?)),
        Section::Broadcast => ArchiveRow::Broadcast(Box::new(BroadcastRow {
            broadcast: json("body").read("broadcast")?,
            gathers: row.get("gathers"),
        })),
        Section::BroadcastTarget => ArchiveRow::BroadcastTarget(Box::new(TargetRow {
            broadcast: BroadcastId(id("broadcast_id")),
            target: json("body").read("broadcast target")?,
        })),
        Section::Received => {
            let received: Received = json("body").read("received")?;
            ArchiveRow::Received(ReceivedRow {
                person: contacts::person(row.get("contact")).ok_or_else(corrupt)?,
                used: received.used,
                full_until: received.full_until,
            })
        }
        Section::Audit => ArchiveRow::Audit(audit::of_row(row)),
    })
}

fn times(times: &[Time]) -> Vec<UnixMillis> {
    times.iter().map(|time| time.0).collect()
}

/// What record and effect have in common, with a try that is under way counted as a rescue
/// would count it.
struct Standing {
    state: ItemState,
    attempts: u32,
    first_attempt_at: Option<UnixMillis>,
    /// Somebody works on it.
    held: bool,
}

impl Standing {
    fn of(row: &Row) -> Result<Self> {
        let state = lanes::state(row.get("state"))?;
        let held = state == ItemState::Working;
        let attempts: i32 = row.get("attempts");
        let time = |column: &str| row.get::<_, Option<Time>>(column).map(|time| time.0);
        let claimed_at = time("claimed_at").filter(|_| held);
        Ok(Self {
            state: if held { ItemState::Ready } else { state },
            attempts: u32::try_from(attempts).unwrap_or_default() + u32::from(held),
            first_attempt_at: time("first_attempt_at").or(claimed_at),
            held,
        })
    }
}

fn lane_of(hash: String) -> Result<LaneHash> {
    LaneHash::try_from(hash).map_err(|_| StoreError::Corrupt { what: "lane" })
}

fn record(row: &Row) -> Result<RecordRow> {
    let Standing {
        state,
        attempts,
        first_attempt_at,
        ..
    } = Standing::of(row)?;
    let dedupe = DedupeHash::try_from(row.get::<_, String>("dedupe"));
    let trace: Option<Json> = row.get("trace");
    let effects: Option<Vec<i64>> = row.get("effects");
    let effects = effects.unwrap_or_default();
    Ok(RecordRow {
        id: RecordId(number(row.get("id"))),
        dedupe: dedupe.map_err(|_| StoreError::Corrupt { what: "dedupe key" })?,
        recognised: row.get("recognised"),
        received_at: row.get::<_, Time>("received_at").0,
        lane: lane_of(row.get("lane"))?,
        place: number(row.get("seq")),
        urgent: row.get("urgent"),
        state,
        due: row.get::<_, Time>("due_at").0,
        attempts,
        first_attempt_at,
        reason: row.get::<_, Option<String>>("reason").map(untext),
        outcome: history::outcome(row)?,
        effects: effects.into_iter().map(|id| EffectId(number(id))).collect(),
        trace: trace.map(|trace| trace.read("trace")).transpose()?,
        body: row.get::<_, Json>("body").read("record")?,
    })
}

/// The value of an effect, also of one that this version cannot read.
#[derive(Serialize, Deserialize)]
pub(super) struct AnyEffect {
    pub(super) effect: Value,
    pub(super) origin: Value,
}

fn effect(row: &Row) -> Result<EffectRow> {
    let Standing {
        state,
        attempts,
        first_attempt_at,
        held,
    } = Standing::of(row)?;
    let words = |column: &str| row.get::<_, Option<String>>(column).map(untext);
    // Word of the failure came before the sender's own.
    let failed = words("failed_word").filter(|_| held);
    let body: AnyEffect = row.get::<_, Json>("body").read("effect")?;
    let history: Option<String> = row.get("history");
    Ok(EffectRow {
        id: EffectId(number(row.get("id"))),
        lane: lane_of(row.get("lane"))?,
        conversation: history.map(lane_of).transpose()?,
        place: number(row.get("seq")),
        urgent: row.get("urgent"),
        state: if failed.is_some() {
            ItemState::Failed
        } else {
            state
        },
        due: row.get::<_, Time>("due_at").0,
        decided_at: row.get::<_, Time>("decided_at").0,
        attempts,
        first_attempt_at,
        interrupted: row.get::<_, bool>("interrupted") || held,
        unclear: row.get::<_, bool>("unclear") || held,
        reason: failed.or_else(|| words("reason")),
        deadline: row.get::<_, Option<Time>>("deadline").map(|time| time.0),
        origin: body.origin,
        effect: body.effect,
    })
}
