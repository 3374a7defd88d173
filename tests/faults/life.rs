//! One process: production's own stages over a store that can die, passed by hand so that
//! only the seed decides who comes next.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::runtime::Handle;
use tower::ServiceExt as _;

use crate::link::{Link, Way};
use crate::mortal::{Fate, Mortal};
use crate::shop::Push;
use crate::time::SimTime;
use wecom_agent::config::Config;
use wecom_agent::deliver;
use wecom_agent::deliver::media::Media;
use wecom_agent::deliver::pacing::Pauses;
use wecom_agent::deliver::tags::TagLibrary;
use wecom_agent::deliver::webhook::Webhooks;
use wecom_agent::deliver::worker::Sessions;
use wecom_agent::desk::Desk;
use wecom_agent::domain::clock::{Clock as _, SharedClock, UnixMillis};
use wecom_agent::gateway::Gateway;
use wecom_agent::playbook::CurrentPlaybook;
use wecom_agent::process;
use wecom_agent::receive::accept::Acceptor;
use wecom_agent::receive::contacts::Contacts;
use wecom_agent::receive::routes;
use wecom_agent::receive::sync_kf::Puller;
use wecom_agent::schedule;
use wecom_agent::service::{Pass, Service};
use wecom_agent::store::{BroadcastState, ItemState, QueueFilter, QueueItem, Store};
use wecom_agent::upkeep::rescuer::Rescuer;

/// This installation's part of every `msgid`.
const INSTANCE: &str = "faults00";

/// The loops of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Pull,
    Process,
    Deliver,
    Broadcast,
    Schedule,
    Rescue,
}

impl Stage {
    pub(crate) const ALL: [Self; 6] = [
        Self::Pull,
        Self::Process,
        Self::Deliver,
        Self::Broadcast,
        Self::Schedule,
        Self::Rescue,
    ];
}

/// What outlives a process.
pub(crate) struct Machine {
    pub(crate) config: Arc<Config>,
    pub(crate) playbook: CurrentPlaybook,
    pub(crate) time: Arc<SimTime>,
    pub(crate) link: Arc<Link>,
    /// Opens the data anew.
    pub(crate) open: Box<dyn Fn() -> Arc<dyn Store>>,
    /// The runtime in which a server is spoken to.
    pub(crate) elsewhere: Option<Handle>,
}

/// A running process.
pub(crate) struct Life {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) time: Arc<SimTime>,
    router: Router,
    puller: Puller,
    processor: process::worker::Worker,
    deliverer: deliver::worker::Worker,
    broadcasts: deliver::broadcasts::Worker,
    scheduler: schedule::worker::Worker,
    rescuer: Rescuer,
}

impl Life {
    /// Starts as `app::start` does.
    pub(crate) async fn begin(machine: &Machine, fate: &Arc<Fate>) -> Self {
        let store: Arc<dyn Store> = Arc::new(Mortal {
            inner: (machine.open)(),
            fate: Arc::clone(fate),
            elsewhere: machine.elsewhere.clone(),
        });
        let clock: SharedClock = Arc::clone(&machine.time) as SharedClock;
        let carrier = Arc::new(Way(Arc::clone(&machine.link)));
        let gateway = Gateway::over(
            &machine.config,
            Arc::clone(&clock),
            crate::http(),
            Some(carrier),
        );
        let gateway = gateway.expect("an API base");
        let (config, desk) = (&machine.config, Desk::default());
        let shared = || (Arc::clone(&store), Arc::clone(&clock));
        let (push_store, push_clock) = shared();
        let acceptor = Acceptor::new(config, push_store, push_clock, desk.clone());
        let (kf_store, kf_clock) = shared();
        let (due_store, due_clock) = shared();
        let (lost_store, lost_clock) = shared();
        let deliverer = deliverer(machine, &store, &clock, gateway.clone(), desk.clone());
        let deliverer = Arc::new(deliverer);
        Self {
            router: routes::router(Arc::new(acceptor.expect("callback keys"))),
            puller: Puller::new(config, kf_store, kf_clock, gateway.clone()),
            processor: process::worker::Worker::new(Arc::new(process::worker::Deps {
                config: Arc::clone(config),
                store: Arc::clone(&store),
                clock: Arc::clone(&clock),
                playbook: machine.playbook.clone(),
                desk: desk.clone(),
                source: Arc::new(Contacts::new(
                    Arc::clone(config),
                    gateway.clone(),
                    Arc::clone(&clock),
                )),
                instance: INSTANCE.to_owned(),
            })),
            deliverer: deliver::worker::Worker::new(Arc::clone(&deliverer)),
            broadcasts: deliver::broadcasts::Worker::new(deliverer),
            scheduler: schedule::worker::Worker::new(due_store, due_clock),
            rescuer: Rescuer::new(lost_store, lost_clock),
            time: Arc::clone(&machine.time),
            store,
        }
    }

    /// One pass of one loop, and whatever it set going as far as that goes without time.
    pub(crate) async fn pass(&mut self, stage: Stage) -> Pass {
        let pass = match stage {
            Stage::Pull => self.puller.pass().await,
            Stage::Process => self.processor.pass().await,
            Stage::Deliver => self.deliverer.pass().await,
            Stage::Broadcast => self.broadcasts.pass().await,
            Stage::Schedule => self.scheduler.pass().await,
            Stage::Rescue => self.rescuer.pass().await,
        };
        settle().await;
        pass
    }

    /// WeCom pushes a callback; whether it was acknowledged.
    pub(crate) async fn push(&self, push: &Push) -> bool {
        let answer = self.router.clone().oneshot(push.request()).await;
        answer.is_ok_and(|answer| answer.status() == 200)
    }

    /// What is not over.
    pub(crate) async fn waiting(&self) -> Vec<QueueItem> {
        let states = [ItemState::Ready, ItemState::Working].to_vec();
        let filter = QueueFilter {
            states,
            limit: 1000,
        };
        self.store.list(filter).await.expect("items")
    }

    /// How long it is until something is due.
    pub(crate) async fn until_next(&self) -> Duration {
        let items = self.waiting().await;
        let timers = self.store.due_timers(UnixMillis(i64::MAX), 1).await;
        let first = timers.expect("timers").first().map(|timer| timer.due);
        let next = items.iter().map(|item| item.due.unwrap_or_default());
        let next = next.chain(first).min().unwrap_or_default();
        let wait = next.since(self.time.now());
        wait.clamp(Duration::from_millis(250), Duration::from_secs(3600))
    }

    /// How many records, effects, timers and broadcasts wait.
    pub(crate) async fn depths(&self) -> [u64; 4] {
        let depths = self.store.depths(self.time.now()).await.expect("depths");
        let open = self.store.broadcasts_due(UnixMillis(i64::MAX), 100).await;
        let open = open.expect("broadcasts").into_iter();
        // A person looks at those; we only look again and again.
        let open = open.filter(|broadcast| broadcast.state != BroadcastState::Unknown);
        let open = open.count() as u64;
        [depths.inbox, depths.outbox, depths.timers, open]
    }
}

fn deliverer(
    machine: &Machine,
    store: &Arc<dyn Store>,
    clock: &SharedClock,
    gateway: Gateway,
    desk: Desk,
) -> deliver::worker::Deps {
    let config = &machine.config;
    let shared = || (Arc::clone(store), Arc::clone(clock));
    let (media_store, media_clock) = shared();
    let (store, clock) = shared();
    deliver::worker::Deps {
        media: Media::new(media_store, media_clock, &config.paths.templates),
        tags: TagLibrary::new(Arc::clone(&clock), config.create_tags),
        webhooks: Webhooks::new(config, Arc::clone(&clock)),
        pauses: Pauses::default(),
        sessions: Sessions::default(),
        config: Arc::clone(config),
        playbook: machine.playbook.clone(),
        store,
        clock,
        gateway,
        desk,
        instance: INSTANCE.to_owned(),
    }
}

/// Lets tasks that were set going run until they wait for time.
pub(crate) async fn settle() {
    for _ in 0..8 {
        tokio::task::yield_now().await;
    }
}
