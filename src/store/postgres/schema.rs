//! The tables, brought up to date by numbered steps, and the number of this process.

use deadpool_postgres::Object;

use super::failure::{PostgresError, failed};
use crate::domain::ids::CorpId;
use crate::store::{Result, StoreError};

/// The steps, in order. A released one is never changed: the next change is a new file.
const MIGRATIONS: [&str; 1] = [include_str!("migrations/0001.sql")];

/// What this program knows.
pub(super) const VERSION: i32 = {
    assert!(MIGRATIONS.len() < 10_000, "the number of steps fits");
    MIGRATIONS.len() as i32
};

/// Only one process changes the tables of a schema at a time, and the others wait for as long
/// as it takes. The number means nothing but this.
const LOCK: &str = "\
    SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0; \
    SELECT pg_advisory_xact_lock(hashtextextended(current_schema(), 8603391993388687719))";

/// What opening gives.
pub(super) struct Opening {
    /// The number of the corp, part of the names of its sequences.
    pub(super) corp: i32,
    /// The number of this process.
    pub(super) replica: i64,
}

/// Brings the tables up to date and enters this process.
pub(super) async fn open(connection: &mut Object, corp: &CorpId) -> Result<Opening> {
    is_fit(connection).await?;
    let transaction = connection.transaction().await.map_err(failed)?;
    transaction.batch_execute(LOCK).await.map_err(failed)?;
    transaction
        .batch_execute("CREATE TABLE IF NOT EXISTS schema_version (version integer NOT NULL)")
        .await
        .map_err(failed)?;
    let found = transaction
        .query_opt("SELECT max(version) FROM schema_version", &[])
        .await
        .map_err(failed)?;
    let found: i32 = found.and_then(|row| row.get(0)).unwrap_or_default();
    if found > VERSION {
        let unsigned = |version: i32| u32::try_from(version).unwrap_or_default();
        return Err(StoreError::NewerSchema {
            found: unsigned(found),
            known: unsigned(VERSION),
        });
    }
    let done = usize::try_from(found).unwrap_or_default();
    for step in &MIGRATIONS[done..] {
        transaction.batch_execute(step).await.map_err(failed)?;
    }
    if found < VERSION {
        transaction
            .batch_execute(&format!(
                "DELETE FROM schema_version; INSERT INTO schema_version VALUES ({VERSION})"
            ))
            .await
            .map_err(failed)?;
        tracing::info!(
            from = found,
            to = VERSION,
            "the tables were brought up to date"
        );
    }
    let opening = enter(&transaction, corp).await?;
    transaction.commit().await.map_err(failed)?;
    Ok(opening)
}

/// Refuses what would lose data later.
async fn is_fit(connection: &Object) -> Result<()> {
    let row = connection
        .query_one(
            "SELECT current_setting('server_encoding'), current_setting('fsync', true), \
             pg_is_in_recovery(), current_setting('server_version_num')::int",
            &[],
        )
        .await
        .map_err(failed)?;
    let refuse = |why| Err(StoreError::engine(PostgresError::Unfit(why)));
    if row.get::<_, String>(0) != "UTF8" {
        return refuse("its encoding is not UTF8");
    }
    if row.get::<_, bool>(2) {
        return refuse("it is a standby, which takes no writes");
    }
    if row.get::<_, i32>(3) < 130_000 {
        return refuse("it is older than PostgreSQL 13");
    }
    if row.get::<_, Option<String>>(1).as_deref() == Some("off") {
        tracing::warn!("fsync is off at the database: what was accepted is lost in a power cut");
    }
    Ok(())
}

async fn enter(transaction: &deadpool_postgres::Transaction<'_>, corp: &CorpId) -> Result<Opening> {
    transaction
        .execute(
            "INSERT INTO corps (corp_id) VALUES ($1) ON CONFLICT DO NOTHING",
            &[&corp.as_str()],
        )
        .await
        .map_err(failed)?;
    let number = transaction
        .query_one(
            "SELECT number FROM corps WHERE corp_id = $1",
            &[&corp.as_str()],
        )
        .await
        .map_err(failed)?;
    let number: i32 = number.get(0);
    for what in ["record", "effect", "broadcast", "audit"] {
        let make = format!("CREATE SEQUENCE IF NOT EXISTS {what}_id_{number}");
        transaction.batch_execute(&make).await.map_err(failed)?;
    }
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let process = i32::try_from(std::process::id()).unwrap_or_default();
    let replica = transaction
        .query_one(
            "INSERT INTO replicas (corp_id, host, process, version) VALUES ($1, $2, $3, $4) \
             RETURNING id",
            &[
                &corp.as_str(),
                &host.trim(),
                &process,
                &env!("CARGO_PKG_VERSION"),
            ],
        )
        .await
        .map_err(failed)?;
    Ok(Opening {
        corp: number,
        replica: replica.get(0),
    })
}
