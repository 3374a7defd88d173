//! The store on PostgreSQL: any number of replicas, and data that people read by SQL.
//!
//! `migrations` holds the schema, `session` the connections, `bells` the word between
//! replicas. The other files hold one concern each, as plain functions over a session.
//!
//! # When is something on the disk?
//!
//! `COMMIT` answers after the write-ahead log has been flushed, as long as
//! `synchronous_commit` is not `off`: every connection sees to that for itself, whatever
//! the server's configuration says. Accepted records of many callers share a transaction
//! (`batch.rs`), so that they share its flush as well.
//!
//! # Who works on what?
//!
//! A claim takes the oldest unfinished item of a lane and skips what others are just taking
//! (`SKIP LOCKED`); a unique index lets no lane have two. Every claim gets a number that
//! never comes twice, the fence: an end is written only `WHERE fence = …`, so whoever was
//! stopped for longer than the lease changes nothing. The claims of a replica that has left,
//! or was not seen for some seconds, end at once; so do claims of which a replica never heard
//! because its connection was lost.

mod accept;
mod admin;
mod alone;
mod archive;
mod audit;
mod batch;
mod bells;
mod broadcasts;
mod claims;
mod connect;
mod contacts;
mod decision;
mod erase;
mod facts;
mod failure;
mod fill;
mod gather;
mod history;
mod inbox;
mod kf;
mod lanes;
mod others;
mod outbox;
mod outgoing;
mod past;
mod prune;
mod quotas;
mod schema;
mod session;
mod sop_rows;
mod targets;
mod timers;
mod trait_impl;
mod turns;
mod uses;
mod values;

/// A throwaway server for tests.
#[cfg(test)]
#[path = "../../../tests/it/support/cluster.rs"]
#[expect(
    dead_code,
    unreachable_pub,
    reason = "the stories of the real program use more of it"
)]
pub(crate) mod cluster;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use deadpool_postgres::{
    Hook, HookError, Manager, ManagerConfig, Pool, RecyclingMethod, Runtime, Timeouts,
};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use self::batch::Batcher;
use self::bells::{Bells, Ringer};
use self::claims::Claims;
use self::connect::Target;
pub use self::connect::UrlError;
pub use self::failure::PostgresError;
use self::failure::no_connection;
use super::{CLOCK_CORRECTION, Result, StoreError};
use crate::domain::clock::UnixMillis;
use crate::domain::ids::CorpId;

/// Connections of one replica, beside the one that listens.
const CONNECTIONS: usize = 12;
/// Whoever gets no connection within this time hears that the store has failed.
const PATIENCE: Duration = Duration::from_secs(5);

/// `COMMIT` waits for the disk, whatever the server, the database or the role says. Where it
/// waits for standbys as well, it goes on to.
macro_rules! durable {
    () => {
        "SELECT set_config('synchronous_commit', 'on', false) \
           WHERE current_setting('synchronous_commit') = 'off'; "
    };
}
use durable;

/// What every connection is told. A process that is stopped in the middle of a transaction
/// must not hold up the others.
const SESSION: &str = concat!(
    durable!(),
    "SET statement_timeout = '30s'; SET lock_timeout = '10s'; \
     SET idle_in_transaction_session_timeout = '10s'; SET jit = off"
);

/// The store of one corp in a PostgreSQL database.
///
/// Dropping it says goodbye to the other replicas.
pub struct PostgresStore {
    shared: Arc<Shared>,
    batcher: Batcher,
    open: watch::Sender<bool>,
    ringer: std::sync::Mutex<Option<JoinHandle<()>>>,
}

/// What all calls share.
struct Shared {
    pool: Pool,
    /// The way to the server, for connections beside the pool.
    target: Target,
    corp: String,
    /// The names of its sequences.
    sequences: Sequences,
    /// The number of this process among the replicas.
    replica: i64,
    bells: Arc<Bells>,
    claims: Claims,
    /// When claims were last looked after.
    rescued_at: AtomicI64,
    closed: AtomicBool,
}

/// What hands out a corp's numbers.
struct Sequences {
    record: String,
    effect: String,
    broadcast: String,
    audit: String,
}

impl PostgresStore {
    /// Opens the store, making or updating its tables first.
    ///
    /// # Errors
    ///
    /// If the URL or the server cannot be used; [`StoreError::NewerSchema`] if a newer
    /// version has changed the tables.
    pub async fn open(url: &str, corp: &CorpId) -> Result<Self> {
        let target =
            Target::of(url).map_err(|error| StoreError::engine(PostgresError::from(error)))?;
        let pool = pool(&target)?;
        let mut connection = pool.get().await.map_err(no_connection)?;
        let opening = schema::open(&mut connection, corp).await?;
        drop(connection);
        let bells = Arc::new(Bells::default());
        let ringer = Ringer {
            target: target.clone(),
            bells: Arc::clone(&bells),
            corp: corp.to_string(),
            replica: opening.replica,
        };
        let (open, watched) = watch::channel(true);
        let ringer = tokio::spawn(ringer.run(watched));
        let number = opening.corp;
        let shared = Arc::new(Shared {
            pool,
            target,
            corp: corp.to_string(),
            sequences: Sequences {
                record: format!("record_id_{number}"),
                effect: format!("effect_id_{number}"),
                broadcast: format!("broadcast_id_{number}"),
                audit: format!("audit_id_{number}"),
            },
            replica: opening.replica,
            bells,
            claims: Claims::default(),
            // Nobody knows what the clock did while nobody looked.
            rescued_at: AtomicI64::new(i64::MAX),
            closed: AtomicBool::new(false),
        });
        Ok(Self {
            batcher: Batcher::start(Arc::clone(&shared)),
            shared,
            open,
            ringer: std::sync::Mutex::new(Some(ringer)),
        })
    }

    /// Whether the clock has been set back since the last time.
    fn set_back(&self, now: UnixMillis) -> bool {
        let before = self.shared.rescued_at.swap(now.0, Ordering::Relaxed);
        UnixMillis(before).since(now) > CLOCK_CORRECTION
    }

    /// Refuses every later call with [`StoreError::Closed`] and says goodbye to the other
    /// replicas, so that they need not wait to take over.
    pub async fn close(&self) {
        self.shared.closed.store(true, Ordering::Release);
        self.open.send_replace(false);
        let ringer = self.ringer.lock().ok().and_then(|mut held| held.take());
        if let Some(ringer) = ringer {
            // It ends by itself, or has failed already; the others find out either way.
            drop(tokio::time::timeout(PATIENCE, ringer).await);
        }
        self.shared.pool.close();
    }
}

impl Drop for PostgresStore {
    fn drop(&mut self) {
        self.open.send_replace(false);
    }
}

fn pool(target: &Target) -> Result<Pool> {
    let recycling = ManagerConfig {
        recycling_method: RecyclingMethod::Fast,
    };
    let manager = Manager::from_config(target.config.clone(), target.tls.clone(), recycling);
    let prepare = Hook::async_fn(|connection, _| {
        Box::pin(async move {
            let told = connection.batch_execute(SESSION).await;
            told.map_err(HookError::Backend)
        })
    });
    let timeouts = Timeouts {
        wait: Some(PATIENCE),
        create: Some(PATIENCE),
        recycle: Some(PATIENCE),
    };
    Pool::builder(manager)
        .max_size(CONNECTIONS)
        .runtime(Runtime::Tokio1)
        .timeouts(timeouts)
        .post_create(prepare)
        .build()
        .map_err(StoreError::engine)
}
