//! A connection beside the pool, for what takes as long as it takes.

use tokio_postgres::Client;

use super::connect::Target;
use super::failure::{failed, told};
use super::{Shared, durable};
use crate::store::{Result, StoreError};

const SESSION: &str = concat!(
    durable!(),
    "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; SET jit = off; \
     SET datestyle = 'ISO'"
);

/// Connects. The connection ends when the client is dropped.
pub(super) async fn connect(shared: &Shared) -> Result<Client> {
    if shared.closed.load(std::sync::atomic::Ordering::Acquire) {
        return Err(StoreError::Closed);
    }
    let Target { config, tls } = shared.target.clone();
    let (client, connection) = config.connect(tls).await.map_err(failed)?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            let error = told(&error);
            tracing::debug!(%error, "a connection beside the pool was lost");
        }
    });
    client.batch_execute(SESSION).await.map_err(failed)?;
    Ok(client)
}

/// All tables that lose rows or have them changed.
const VACUUM: &str = "\
    VACUUM (ANALYZE) inbox, outbox, dedupe, traces, contacts, timers, facts, quotas, rule_uses, \
    sop_rows, broadcasts, broadcast_targets, mass_received, audit, kf_cursors, kf_pushes";

/// Makes the room of removed rows free at once, where autovacuum would come by later. Nobody
/// waits for it.
pub(super) async fn vacuum(shared: &Shared) -> Result<()> {
    let client = connect(shared).await?;
    client.batch_execute(VACUUM).await.map_err(failed)
}
