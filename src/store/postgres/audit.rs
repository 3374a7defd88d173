//! What operators did.

use super::session::Session;
use super::values::{Time, big, most, number, text, untext};
use crate::domain::clock::UnixMillis;
use crate::store::{AuditEntry, AuditQuery, Deed, Result};

const NOTE: &str = "\
    INSERT INTO audit (corp_id, id, at, who, what, result)
    VALUES ($1, nextval($2::text::regclass), $3, $4, $5, $6)";

/// Keeps an entry.
pub(super) async fn note(session: &Session, deed: &Deed, at: UnixMillis) -> Result<()> {
    let (who, what, result) = (text(&deed.who), text(&deed.what), text(&deed.result));
    session
        .run(
            NOTE,
            &[
                &session.corp(),
                &session.shared.sequences.audit,
                &Time(at),
                &who,
                &what,
                &result,
            ],
        )
        .await?;
    Ok(())
}

const LIST: &str = "\
    SELECT id, at, who, what, result FROM audit
    WHERE corp_id = $1 AND id > $2 AND at >= $3 ORDER BY id LIMIT $4";

/// Entries in order.
pub(super) async fn list(session: &Session, query: &AuditQuery) -> Result<Vec<AuditEntry>> {
    let rows = session
        .rows(
            LIST,
            &[
                &session.corp(),
                &big(query.after),
                &Time(query.since),
                &most(query.limit),
            ],
        )
        .await?;
    Ok(rows.iter().map(of_row).collect())
}

/// An entry of a row with its columns.
pub(super) fn of_row(row: &tokio_postgres::Row) -> AuditEntry {
    AuditEntry {
        id: number(row.get("id")),
        at: row.get::<_, Time>("at").0,
        deed: Deed {
            who: untext(row.get("who")),
            what: untext(row.get("what")),
            result: untext(row.get("result")),
        },
    }
}
