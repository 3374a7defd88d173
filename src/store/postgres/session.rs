//! A connection for one call, with or without a transaction.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use deadpool_postgres::Object;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::Shared;
use super::bells::Wakes;
use super::failure::{failed, is_conflict, is_lost, no_connection};
use crate::store::{Result, StoreError};

/// The values of a statement.
pub(super) type Params<'a> = &'a [&'a (dyn ToSql + Sync)];

/// Somebody else was in the way this often in a row: enough.
const MOST_TRIES: u32 = 8;
/// Pauses after a lost connection, doubled from the first to the last.
const FIRST_PAUSE: Duration = Duration::from_millis(25);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

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

/// How long to go on when the connection is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Patience {
    /// For calls that somebody waits for: a connection that was cut is replaced, but a server
    /// that is gone is a failure.
    Brief,
    /// For the end of work that was done: without it the item would wait for the end of its
    /// lease, and nobody would know what became of it.
    Long,
}

impl Patience {
    fn tries(self) -> u32 {
        match self {
            Self::Brief => 3,
            Self::Long => 45,
        }
    }
}

/// The tries of one call.
///
/// A lost connection leaves open whether the last statement was carried out. Every call may
/// be made again all the same: what it did is known by a dedupe key, a fence that is gone, a
/// cursor or value that has moved, or is the same twice.
pub(super) struct Tries {
    patience: Patience,
    conflicts: u32,
    losses: u32,
}

impl Tries {
    pub(super) fn new(patience: Patience) -> Self {
        Self {
            patience,
            conflicts: 0,
            losses: 0,
        }
    }

    /// Whether the connection was lost before.
    pub(super) fn unsure(&self) -> bool {
        self.losses > 0
    }

    /// Whether to try again, after a pause if it takes one.
    pub(super) async fn again(&mut self, error: &StoreError) -> bool {
        if is_conflict(error) {
            self.conflicts += 1;
            tracing::debug!(%error, tries = self.conflicts, "somebody else was in the way");
            return self.conflicts < MOST_TRIES;
        }
        if !is_lost(error) || self.losses >= self.patience.tries() {
            return false;
        }
        let pause = FIRST_PAUSE * 2_u32.saturating_pow(self.losses.min(8));
        self.losses += 1;
        tracing::debug!(%error, tries = self.losses, "the connection to the database was lost");
        tokio::time::sleep(pause.min(LONGEST_PAUSE)).await;
        true
    }
}

/// Runs work in a transaction, again if somebody else was in the way or the connection was
/// lost.
macro_rules! in_transaction {
    ($shared:expr, $session:ident => $work:expr) => {
        in_transaction!($shared, Brief, $session => $work)
    };
    ($shared:expr, $patience:ident, $session:ident => $work:expr) => {{
        use $crate::store::postgres::session::{Patience, Session, Tries};
        let mut tries = Tries::new(Patience::$patience);
        loop {
            let outcome: $crate::store::Result<_> = async {
                let $session = Session::begin($shared).await?;
                let outcome: $crate::store::Result<_> = async { $work }.await;
                match outcome {
                    Ok(value) => $session.commit().await.map(|()| value),
                    Err(error) => {
                        $session.roll_back().await;
                        Err(error)
                    }
                }
            }
            .await;
            match outcome {
                Err(error) if tries.again(&error).await => {}
                outcome => break outcome,
            }
        }
    }};
}
pub(super) use in_transaction;

/// Runs one statement, again if somebody else was in the way or the connection was lost.
macro_rules! at_once {
    ($shared:expr, $session:ident => $work:expr) => {{
        use $crate::store::postgres::session::{Patience, Session, Tries};
        let mut tries = Tries::new(Patience::Brief);
        loop {
            let outcome: $crate::store::Result<_> = async {
                let $session = Session::plain($shared).await?;
                let outcome: $crate::store::Result<_> = async { $work }.await;
                let value = outcome?;
                $session.ring();
                Ok(value)
            }
            .await;
            match outcome {
                Err(error) if tries.again(&error).await => {}
                outcome => break outcome,
            }
        }
    }};
}
pub(super) use at_once;
