//! The one thread that writes.
//!
//! It takes all waiting operations, runs each against one transaction, commits once and
//! then answers all of them. A disk can sync a few hundred or thousand times a second;
//! sharing each sync among everybody who waits is what makes durable acceptance cheap.
//!
//! When nothing more comes, the engine may make the next opening a quick one.
//!
//! After a failed commit it refuses everything: the store has to be opened anew.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::engine::Engine;
use super::keys::Keys;
use super::txn::{Txn, Wake};
use crate::store::{Result, Signals, StoreError};

/// Callers beyond this wait for room.
const QUEUE_LENGTH: usize = 1024;
/// Operations that share a commit, at most: bounds the memory of a group and the wait
/// of its first member.
const GROUP_LENGTH: usize = 256;
/// The engine is asked for a checkpoint when nothing has come for so long.
const QUIET: Duration = Duration::from_millis(250);

/// What the writer and the readers share.
pub(crate) struct Shared {
    pub(crate) engine: Arc<dyn Engine>,
    pub(crate) keys: Keys,
    pub(crate) opening: u64,
    pub(crate) signals: Arc<Signals>,
}

/// The way to the writer thread. Dropping it drains the queue and joins the thread.
pub(crate) struct Writer {
    queue: Option<mpsc::Sender<Message>>,
    thread: Option<JoinHandle<()>>,
}

enum Message {
    Run(Box<dyn Operation>),
    /// Take the copied files in the place of the old ones while nobody commits.
    Swap(oneshot::Sender<Result<()>>),
    /// Finish what came before, accept nothing after, and say so.
    Close(oneshot::Sender<()>),
}

/// Something to run in a transaction and to answer after its commit.
trait Operation: Send {
    fn run(&mut self, txn: &mut Txn<'_>);
    fn answer(self: Box<Self>, failure: Option<&Arc<StoreError>>);
}

struct Job<F, T> {
    operation: Option<F>,
    outcome: Option<Result<T>>,
    reply: oneshot::Sender<Result<T>>,
}

impl<F, T> Operation for Job<F, T>
where
    F: FnOnce(&mut Txn<'_>) -> Result<T> + Send,
    T: Send,
{
    fn run(&mut self, txn: &mut Txn<'_>) {
        self.outcome = self
            .operation
            .take()
            .map(|operation| txn.attempt(operation));
    }

    fn answer(self: Box<Self>, failure: Option<&Arc<StoreError>>) {
        let outcome = match (self.outcome.unwrap_or(Err(StoreError::Closed)), failure) {
            (Ok(_), Some(failure)) => Err(StoreError::engine(GroupFailed(Arc::clone(failure)))),
            (outcome, _) => outcome,
        };
        // Nobody listens if the caller was cancelled. What was asked for is done anyway.
        self.reply.send(outcome).ok();
    }
}

/// The commit of a group failed, so none of it is acknowledged.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct GroupFailed(#[source] Arc<StoreError>);

impl Writer {
    /// Starts the thread.
    pub(crate) fn start(shared: Arc<Shared>) -> Result<Self> {
        let (queue, waiting) = mpsc::channel(QUEUE_LENGTH);
        let runtime = Builder::new_current_thread().enable_time().build();
        let runtime = runtime.map_err(StoreError::engine)?;
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || serve(waiting, &runtime, &shared))
            .map_err(StoreError::engine)?;
        Ok(Self {
            queue: Some(queue),
            thread: Some(thread),
        })
    }

    /// Runs an operation in a transaction. Returns once its commit is durable.
    pub(crate) async fn run<T, F>(&self, operation: F) -> Result<T>
    where
        F: FnOnce(&mut Txn<'_>) -> Result<T> + Send + 'static,
        T: Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job = Job {
            operation: Some(operation),
            outcome: None,
            reply,
        };
        self.send(Message::Run(Box::new(job))).await?;
        answer.await.unwrap_or(Err(StoreError::Closed))
    }

    /// Takes the copied files in the place of the old ones.
    pub(crate) async fn swap(&self) -> Result<()> {
        let (reply, answer) = oneshot::channel();
        self.send(Message::Swap(reply)).await?;
        answer.await.unwrap_or(Err(StoreError::Closed))
    }

    /// Waits until everything sent before is done; refuses what comes after.
    pub(crate) async fn close(&self) {
        let (reply, answer) = oneshot::channel();
        if self.send(Message::Close(reply)).await.is_ok() {
            // An error means that the thread has ended, which is what we wait for.
            answer.await.ok();
        }
    }

    async fn send(&self, message: Message) -> Result<()> {
        let queue = self.queue.as_ref().ok_or(StoreError::Closed)?;
        queue.send(message).await.map_err(|_| StoreError::Closed)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the store's writer thread ended in a panic");
        }
    }
}

fn serve(mut waiting: mpsc::Receiver<Message>, runtime: &Runtime, shared: &Shared) {
    let mut group: Vec<Box<dyn Operation>> = Vec::with_capacity(GROUP_LENGTH);
    let (mut closing, mut swapping) = (Vec::new(), None);
    let mut failed: Option<Arc<StoreError>> = None;
    let mut resting = false;
    loop {
        let message = match resting {
            true => waiting.blocking_recv(),
            false => match runtime.block_on(async { timeout(QUIET, waiting.recv()).await }) {
                Ok(message) => message,
                Err(_) => {
                    resting = true;
                    if failed.is_none() {
                        failed = checkpoint(shared).err();
                    }
                    continue;
                }
            },
        };
        let Some(message) = message else { break };
        resting = false;
        let mut next = Some(message);
        while let Some(message) = next {
            match message {
                Message::Run(operation) => group.push(operation),
                Message::Swap(reply) => swapping = Some(reply),
                Message::Close(reply) => {
                    waiting.close();
                    closing.push(reply);
                }
            }
            next = if group.len() < GROUP_LENGTH {
                waiting.try_recv().ok()
            } else {
                None
            };
        }
        // What the engine shows after a failed write need not be on the disk. An answer
        // built on it ("known already") would be an empty promise.
        let committed = match &failed {
            Some(error) => Err(Arc::clone(error)),
            None => commit_group(&mut group, shared),
        };
        for operation in group.drain(..) {
            operation.answer(committed.as_ref().err());
        }
        match committed {
            Ok(wake) => wake.ring(&shared.signals),
            Err(error) => {
                shared.signals.failed.notify_one();
                failed = Some(error);
            }
        }
        if let Some(reply) = swapping.take() {
            let swapped = match &failed {
                Some(_) => Err(StoreError::Closed),
                None => shared.engine.swap(),
            };
            // Whoever asked may have stopped waiting.
            reply.send(swapped).ok();
        }
    }
    for reply in closing {
        reply.send(()).ok();
    }
}

/// Makes the next opening a quick one.
fn checkpoint(shared: &Shared) -> std::result::Result<(), Arc<StoreError>> {
    shared.engine.checkpoint().map_err(|error| {
        tracing::error!(%error, "a checkpoint failed");
        shared.signals.failed.notify_one();
        Arc::new(error)
    })
}

/// Runs a group in one transaction and commits it. Nobody has been answered yet.
fn commit_group(
    group: &mut [Box<dyn Operation>],
    shared: &Shared,
) -> std::result::Result<Wake, Arc<StoreError>> {
    let mut txn = Txn::over(shared.engine.as_ref(), &shared.keys, shared.opening);
    for operation in group.iter_mut() {
        operation.run(&mut txn);
    }
    let wake = txn.wake;
    txn.commit().map_err(|error| {
        tracing::error!(operations = group.len(), %error, "a group of writes failed");
        Arc::new(error)
    })?;
    Ok(wake)
}
