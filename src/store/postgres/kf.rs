//! The kf cursor and the pushes that ask for a pull.

use std::sync::Arc;

use tokio_postgres::Row;

use super::Shared;
use super::accept::{self, Offered};
use super::bells::Wake;
use super::session::{Session, at_once, in_transaction};
use super::values::{Time, maybe_text, text, untext};
use crate::domain::ids::{AppName, OpenKfId};
use crate::store::{Acceptance, KfPage, KfPush, Result, StoreError};

const NOTE: &str = "\
    INSERT INTO kf_pushes AS known (corp_id, open_kfid, app, token, received_at)
    VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (corp_id, open_kfid) DO UPDATE SET app = EXCLUDED.app,
        token = COALESCE(EXCLUDED.token, known.token),
        received_at = EXCLUDED.received_at";

/// Remembers a push. It may come without the token that an earlier one had. Its time is the
/// newest one's, even if the clock has been set back since the one before.
pub(super) async fn note_push(shared: &Arc<Shared>, push: &KfPush) -> Result<()> {
    at_once!(shared, session => {
        let (account, app) = (text(push.open_kfid.as_str()), text(push.app.as_str()));
        let (token, at) = (maybe_text(push.token.as_deref()), Time(push.received_at));
        session
            .run(NOTE, &[&session.corp(), &account, &app, &token, &at])
            .await?;
        session.wake.add(Wake::KF);
        Ok(())
    })
}

const PENDING: &str = "\
    SELECT open_kfid, app, token, received_at FROM kf_pushes WHERE corp_id = $1
    ORDER BY open_kfid";

/// The pushes that no completed pull has answered yet.
pub(super) async fn pending(session: &Session) -> Result<Vec<KfPush>> {
    let rows = session.rows(PENDING, &[&session.corp()]).await?;
    Ok(rows.iter().map(push_of).collect())
}

/// A push of a row with its columns.
pub(super) fn push_of(row: &Row) -> KfPush {
    KfPush {
        open_kfid: OpenKfId(untext(row.get("open_kfid"))),
        app: AppName(untext(row.get("app"))),
        token: row.get::<_, Option<String>>("token").map(untext),
        received_at: row.get::<_, Time>("received_at").0,
    }
}

const CURSOR: &str = "SELECT cursor FROM kf_cursors WHERE corp_id = $1 AND open_kfid = $2";

/// The cursor of an account.
pub(super) async fn cursor(session: &Session, account: &OpenKfId) -> Result<Option<String>> {
    let row = session
        .row(CURSOR, &[&session.corp(), &text(account.as_str())])
        .await?;
    Ok(row
        .and_then(|row| row.get::<_, Option<String>>(0))
        .map(untext))
}

const KNOW: &str = "\
    INSERT INTO kf_cursors (corp_id, open_kfid) VALUES ($1, $2) ON CONFLICT DO NOTHING";
const MOVE: &str = "\
    UPDATE kf_cursors SET cursor = COALESCE($4, cursor)
    WHERE corp_id = $1 AND open_kfid = $2 AND cursor IS NOT DISTINCT FROM $3";
const ANSWER: &str = "\
    DELETE FROM kf_pushes WHERE corp_id = $1 AND open_kfid = $2 AND received_at <= $3";

/// Takes a page: its records and the cursor that covers them.
pub(super) async fn accept_page(shared: &Arc<Shared>, page: KfPage) -> Result<Vec<Acceptance>> {
    let records = Offered::all(&page.records)?;
    let records: Vec<&Offered> = records.iter().collect();
    in_transaction!(shared, session => {
        let account = text(page.open_kfid.as_str());
        let expected = maybe_text(page.expected_cursor.as_deref());
        let next = maybe_text(page.next_cursor.as_deref());
        session.run(KNOW, &[&session.corp(), &account]).await?;
        let moved = session
            .run(MOVE, &[&session.corp(), &account, &expected, &next])
            .await?;
        if moved == 0 {
            return Err(StoreError::CursorMoved);
        }
        if let Some(until) = page.answers_pushes_until {
            session
                .run(ANSWER, &[&session.corp(), &account, &Time(until)])
                .await?;
        }
        accept::take(&session, &records).await
    })
}
