//! A connection for one call, with or without a transaction.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use deadpool_postgres::Object;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::Shared;
use super::bells::Wakes;
use super::failure::{failed, no_connection};
use crate::store::{Result, StoreError};

/// The values of a statement.
pub(super) type Params<'a> = &'a [&'a (dyn ToSql + Sync)];

/// Somebody else was in the way this often in a row: enough.
pub(super) const MOST_TRIES: u32 = 8;

/// A connection, given back when it is dropped.
pub(super) struct Session {
    connection: Option<Object>,
    pub(super) shared: Arc<Shared>,
    /// What to ring once everything is stored.
    pub(super) wake: Wakes,
    open: bool,
}

impl Session {
    /// Every statement is a transaction of its own.
    pub(super) async fn plain(shared: &Arc<Shared>) -> Result<Self> {
        if shared.closed.load(Ordering::Acquire) {
            return Err(StoreError::Closed);
        }
        let connection = shared.pool.get().await.map_err(no_connection)?;
        Ok(Self {
            connection: Some(connection),
            shared: Arc::clone(shared),
            wake: Wakes::default(),
            open: false,
        })
    }

    /// A transaction, taken back unless it is committed.
    pub(super) async fn begin(shared: &Arc<Shared>) -> Result<Self> {
        let mut session = Self::plain(shared).await?;
        session.open = true;
        session
            .object()?
            .batch_execute("BEGIN")
            .await
            .map_err(failed)?;
        Ok(session)
    }

    /// Makes everything durable, then rings.
    pub(super) async fn commit(mut self) -> Result<()> {
        if self.open {
            self.object()?
                .batch_execute("COMMIT")
                .await
                .map_err(failed)?;
            self.open = false;
        }
        self.ring();
        Ok(())
    }

    /// Takes everything back.
    pub(super) async fn roll_back(mut self) {
        let Ok(connection) = self.object() else {
            return;
        };
        if connection.batch_execute("ROLLBACK").await.is_ok() {
            self.open = false;
        }
    }

    /// Rings for what a statement of its own has stored.
    pub(super) fn ring(&self) {
        self.shared.bells.ring(self.wake.all());
    }

    /// The corp, as every statement's first value.
    pub(super) fn corp(&self) -> String {
        self.shared.corp.clone()
    }

    /// The rows of a statement.
    pub(super) async fn rows(&self, sql: &str, params: Params<'_>) -> Result<Vec<Row>> {
        let connection = self.object()?;
        let statement = connection.prepare_cached(sql).await.map_err(failed)?;
        connection.query(&statement, params).await.map_err(failed)
    }

    /// The one row of a statement, if there is one.
    pub(super) async fn row(&self, sql: &str, params: Params<'_>) -> Result<Option<Row>> {
        let mut rows = self.rows(sql, params).await?;
        Ok(rows.pop())
    }

    /// How many rows a statement changed.
    pub(super) async fn run(&self, sql: &str, params: Params<'_>) -> Result<u64> {
        let connection = self.object()?;
        let statement = connection.prepare_cached(sql).await.map_err(failed)?;
        connection.execute(&statement, params).await.map_err(failed)
    }

    fn object(&self) -> Result<&Object> {
        self.connection.as_ref().ok_or(StoreError::Closed)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // Whoever is cancelled in the middle leaves a transaction open: the server takes it
        // back when the connection is closed.
        if self.open
            && let Some(connection) = self.connection.take()
        {
            drop(Object::take(connection));
        }
    }
}

/// Runs work in a transaction, again if somebody else was in the way.
macro_rules! in_transaction {
    ($store:expr, $session:ident => $work:expr) => {{
        let mut tries = 0;
        loop {
            let $session = $crate::store::postgres::session::Session::begin($store).await?;
            let outcome: $crate::store::Result<_> = async { $work }.await;
            let outcome = match outcome {
                Ok(value) => $session.commit().await.map(|()| value),
                Err(error) => {
                    $session.roll_back().await;
                    Err(error)
                }
            };
            tries += 1;
            match outcome {
                Err(error)
                    if $crate::store::postgres::failure::is_conflict(&error)
                        && tries < $crate::store::postgres::session::MOST_TRIES =>
                {
                    tracing::debug!(%error, tries, "somebody else was in the way");
                }
                outcome => break outcome,
            }
        }
    }};
}
pub(super) use in_transaction;

/// Runs one statement, again if somebody else was in the way.
macro_rules! at_once {
    ($store:expr, $session:ident => $work:expr) => {{
        let mut tries = 0;
        loop {
            let $session = $crate::store::postgres::session::Session::plain($store).await?;
            let outcome: $crate::store::Result<_> = async { $work }.await;
            tries += 1;
            match outcome {
                Err(error)
                    if $crate::store::postgres::failure::is_conflict(&error)
                        && tries < $crate::store::postgres::session::MOST_TRIES =>
                {
                    tracing::debug!(%error, tries, "somebody else was in the way");
                }
                Err(error) => break Err(error),
                Ok(value) => {
                    $session.ring();
                    break Ok(value);
                }
            }
        }
    }};
}
pub(super) use at_once;
