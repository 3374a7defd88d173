//! The kf cursor and the pushes that ask for a pull.

use super::engine::{Rows, collect};
use super::inbox::{self, PreparedRecord};
use super::keys::{Keys, Table};
use super::txn::{Txn, decode};
use crate::domain::clock::UnixMillis;
use crate::domain::ids::OpenKfId;
use crate::store::{Acceptance, KfPage, KfPush, Result, StoreError};

/// A page made ready for the writer.
pub(crate) struct PreparedPage {
    open_kfid: OpenKfId,
    expected_cursor: Option<String>,
    next_cursor: Option<String>,
    records: Vec<PreparedRecord>,
    answers_pushes_until: Option<UnixMillis>,
}

impl PreparedPage {
    /// Does everything that does not need the store.
    pub(crate) fn new(page: KfPage) -> Result<Self> {
        Ok(Self {
            records: page
                .records
                .iter()
                .map(PreparedRecord::new)
                .collect::<Result<_>>()?,
            open_kfid: page.open_kfid,
            expected_cursor: page.expected_cursor,
            next_cursor: page.next_cursor,
            answers_pushes_until: page.answers_pushes_until,
        })
    }
}

/// Remembers a push. It may come without the token that an earlier one had. Its time is the
/// newest one's, even if the clock has been set back since the one before.
pub(crate) fn note_push(txn: &mut Txn<'_>, mut push: KfPush) -> Result<()> {
    let key = txn.keys.text(Table::KfPush, push.open_kfid.as_str());
    if let Some(known) = txn.get_json::<KfPush>(&key, "kf push")? {
        push.token = push.token.or(known.token);
    }
    txn.wake.kf = true;
    txn.put_json(key, "kf push", &push)
}

/// The pushes that no completed pull has answered yet.
pub(crate) fn pending_pushes(rows: &dyn Rows, keys: &Keys) -> Result<Vec<KfPush>> {
    collect(rows, &keys.all(Table::KfPush), usize::MAX)?
        .iter()
        .map(|(_, json)| decode("kf push", json))
        .collect()
}

/// The cursor of an account.
pub(crate) fn cursor(rows: &dyn Rows, keys: &Keys, account: &OpenKfId) -> Result<Option<String>> {
    let stored = rows.get(&keys.text(Table::KfCursor, account.as_str()))?;
    stored
        .map(|bytes| {
            String::from_utf8(bytes).map_err(|_| StoreError::Corrupt { what: "kf cursor" })
        })
        .transpose()
}

/// Takes a page: its records and the cursor that covers them.
pub(crate) fn accept_page(txn: &mut Txn<'_>, page: PreparedPage) -> Result<Vec<Acceptance>> {
    if cursor(txn, txn.keys, &page.open_kfid)? != page.expected_cursor {
        return Err(StoreError::CursorMoved);
    }
    if let Some(next) = page.next_cursor {
        let key = txn.keys.text(Table::KfCursor, page.open_kfid.as_str());
        txn.put(key, next.into_bytes());
    }
    if let Some(until) = page.answers_pushes_until {
        let key = txn.keys.text(Table::KfPush, page.open_kfid.as_str());
        let push = txn.get_json::<KfPush>(&key, "kf push")?;
        if push.is_some_and(|push| push.received_at <= until) {
            txn.delete(key);
        }
    }
    inbox::accept(txn, page.records)
}
