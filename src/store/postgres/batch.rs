//! Accepted records of many callers in one transaction: they share a round trip and a flush.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use super::Shared;
use super::accept::{self, Offered};
use super::session::at_once;
use crate::store::{Acceptance, Result, StoreError};

/// Callers beyond this wait for room.
const QUEUE_LENGTH: usize = 1024;
/// Records that share a transaction, at most, unless one caller brings more.
const GROUP_LENGTH: usize = 512;

/// The way to the task that takes records in.
pub(super) struct Batcher(mpsc::Sender<Offer>);

/// Records of one caller.
struct Offer {
    records: Vec<Offered>,
    reply: oneshot::Sender<Result<Vec<Acceptance>>>,
}

/// The transaction of a group failed, so none of it is acknowledged.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct GroupFailed(#[source] Arc<StoreError>);

impl Batcher {
    /// Starts the task. It ends when this is dropped.
    pub(super) fn start(shared: Arc<Shared>) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE_LENGTH);
        tokio::spawn(serve(waiting, shared));
        Self(queue)
    }

    /// Takes records in. Returns once they are durable.
    pub(super) async fn accept(&self, records: Vec<Offered>) -> Result<Vec<Acceptance>> {
        let (reply, answer) = oneshot::channel();
        let offer = Offer { records, reply };
        self.0.send(offer).await.map_err(|_| StoreError::Closed)?;
        answer.await.unwrap_or(Err(StoreError::Closed))
    }
}

async fn serve(mut waiting: mpsc::Receiver<Offer>, shared: Arc<Shared>) {
    while let Some(first) = waiting.recv().await {
        let mut length = first.records.len();
        let mut group = vec![first];
        while length < GROUP_LENGTH {
            let Ok(next) = waiting.try_recv() else { break };
            length += next.records.len();
            group.push(next);
        }
        let all: Vec<&Offered> = group.iter().flat_map(|offer| &offer.records).collect();
        match take(&shared, &all).await {
            Ok(taken) => {
                let mut taken = taken.into_iter();
                for Offer { records, reply } in group {
                    // Nobody listens if the caller was cancelled. It is stored anyway.
                    reply
                        .send(Ok(taken.by_ref().take(records.len()).collect()))
                        .ok();
                }
            }
            Err(error) => {
                tracing::error!(records = length, %error, "a group of records could not be stored");
                let error = Arc::new(error);
                for offer in group {
                    let failure = GroupFailed(Arc::clone(&error));
                    offer.reply.send(Err(StoreError::engine(failure))).ok();
                }
            }
        }
    }
}

async fn take(shared: &Arc<Shared>, records: &[&Offered]) -> Result<Vec<Acceptance>> {
    // One statement, so one transaction and one round trip, unless some are known already.
    at_once!(shared, session => accept::take(&session, records).await)
}
