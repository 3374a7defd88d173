//! The only wiring: store, gateway, stages and listener into one running server.

mod broadcasts;
mod channels;
mod control;
mod dates;
mod deeds;
mod files;
mod going_back;
mod last_good;
mod listen;
mod look;
mod people;
mod playbook;
mod reach;
mod reload;
mod sop_versions;
mod sops;
mod status;
mod tokens;
mod versions;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rand::RngExt as _;
use rand::distr::Alphanumeric;
use tokio::sync::Notify;
use tokio::task::JoinSet;

pub use broadcasts::BroadcastDetail;
pub use channels::KnownChannels;
pub use control::{ControlClient, Reply, Request, TagQuery, TaggedPage, carry_out, socket_path};
pub use deeds::Operator;
pub use files::{Fingerprint, Folders, write_whole};
pub use going_back::{GoingBackError, go_back, settle};
pub use last_good::last_good;
pub use listen::{Inherited, Renewal};
pub use people::{ContactPage, ContactQuery};
pub use playbook::{HALF_DONE, load_playbook, read_playbook};
pub use reload::{Deps as ReloaderDeps, Reloader};
pub use sops::{SopReply, SopRequest, SopState, SopWish, Standing as StepStanding, StepReport};
pub use status::{Problem, ReloadState, Standing};
pub use versions::{History, MOST_VERSIONS};

use self::dates::Dates;
use self::listen::{Doors, Places};
use self::tokens::SharedTokens;
use crate::config::{Config, StoreKind, TlsError};
use crate::deliver;
use crate::deliver::media::Media;
use crate::deliver::pacing::Pauses;
use crate::deliver::tags::TagLibrary;
use crate::deliver::webhook::Webhooks;
use crate::deliver::worker::Sessions;
use crate::desk::Desk;
use crate::domain::clock::SharedClock;
use crate::domain::ids::CorpId;
use crate::gateway::{Gateway, GatewayError};
use crate::process::playbook::CurrentPlaybook;
use crate::process::worker as process;
use crate::receive::accept::Acceptor;
use crate::receive::contacts::Contacts;
use crate::receive::ingest;
use crate::receive::sync_contacts::Syncer;
use crate::receive::sync_kf::Puller;
use crate::schedule;
use crate::service::{self, Service, Shutdown, ShutdownTrigger};
use crate::store::embedded::EmbeddedStore;
use crate::store::postgres::PostgresStore;
use crate::store::{ContactSource, FactSwap, Signals, Store, StoreError};
use crate::telemetry::Metrics;
use crate::upkeep::forget::Forgetter;
use crate::upkeep::pruner::Pruner;
use crate::upkeep::pulse::Pulse;
use crate::upkeep::rescuer::Rescuer;
use crate::wecom::client::TokenShare;
use crate::wecom::crypto::KeyError;

/// Everything may take so long to stop.
const STOP: Duration = Duration::from_secs(30);

/// Why the server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The store cannot be opened.
    #[error("the store cannot be opened")]
    Store(#[from] StoreError),
    /// A restore or a move into it was cut off.
    #[error("the store is not whole: run `restore` or `store migrate` again")]
    Unfinished,
    /// The address cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address of the config.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The HTTP client cannot be built.
    #[error(transparent)]
    Gateway(#[from] GatewayError),
    /// The certificate cannot be used.
    #[error("the certificate cannot be used")]
    Tls(#[from] TlsError),
    /// A callback key is not a key.
    #[error("a callback key is not usable")]
    Key(#[from] KeyError),
}

/// A running server.
pub struct Server {
    /// Where it listens.
    pub address: SocketAddr,
    /// Where operators look, if that is elsewhere.
    pub admin: Option<SocketAddr>,
    /// Reads the certificate anew.
    pub renewal: Renewal,
    /// Where its data is.
    pub store: Arc<dyn Store>,
    /// Asks for a reload.
    pub reload: ReloadState,
    trigger: ShutdownTrigger,
    tasks: JoinSet<()>,
}

/// Why a server does not go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// A write has failed: the store refuses everything until it is opened anew.
    StoreFailed,
    /// A part of it has ended by itself, which none should.
    PartEnded,
}

/// What the server is started with.
#[derive(Clone)]
pub struct Parts {
    /// The configuration.
    pub config: Config,
    /// Rules and templates, checked.
    pub playbook: CurrentPlaybook,
    /// What their files looked like just before they were read.
    pub seen: Fingerprint,
    /// Time.
    pub clock: SharedClock,
    /// Metrics of this process.
    pub metrics: Metrics,
    /// A socket that the service manager opened for us.
    pub inherited: Inherited,
}

/// Opens the configured store.
///
/// # Errors
/// If it cannot be opened.
pub async fn open_store(config: &Config) -> Result<Arc<dyn Store>, StoreError> {
    open_kind(&config.store, &config.corp).await
}

/// Opens or makes a store of a company.
///
/// # Errors
/// If it cannot be opened.
pub async fn open_kind(kind: &StoreKind, corp: &CorpId) -> Result<Arc<dyn Store>, StoreError> {
    Ok(match kind {
        StoreKind::Redb(path) => Arc::new(EmbeddedStore::open_redb(path, corp)?),
        StoreKind::Sled(path) => Arc::new(EmbeddedStore::open_sled(path, corp)?),
        StoreKind::Postgres(url) => Arc::new(PostgresStore::open(url.expose(), corp).await?),
    })
}

/// Starts everything. Nothing runs if anything fails.
///
/// # Errors
/// If the store, the listener or the HTTP client cannot be had.
pub async fn start(parts: Parts) -> Result<Server, StartError> {
    let Parts {
        config,
        playbook,
        seen,
        clock,
        metrics,
        inherited,
    } = parts;
    let store = open_store(&config).await?;
    if store.filling().await?.is_some() {
        return Err(StartError::Unfinished);
    }
    let share = store.is_shared().then(|| {
        let (store, clock) = (Arc::clone(&store), Arc::clone(&clock));
        Arc::new(SharedTokens { store, clock }) as Arc<dyn TokenShare>
    });
    let base = Base {
        gateway: Gateway::new(&config, Arc::clone(&clock), share)?,
        instance: instance(store.as_ref()).await?,
        config: Arc::new(config),
        store,
        clock,
        desk: Desk::default(),
    };
    let pulse = Pulse::begin(Arc::clone(&base.store), Arc::clone(&base.clock)).await?;
    let acceptor = base.acceptor()?;
    let doors = Doors::open(&base.config, &inherited).await?;
    let reload = ReloadState::new(&playbook);
    let reloader = base.reloader(&playbook, &reload, seen).await?;
    let status = base.status(metrics, reload.clone());
    let callbacks =
        crate::receive::routes::router(Arc::new(acceptor)).merge(base.ingest(&playbook));

    let (trigger, shutdown) = Shutdown::pair();
    let mut loops = Loops {
        tasks: JoinSet::new(),
        shutdown,
        signals: base.store.signals(),
    };
    base.spawn_stages(&mut loops, &playbook);
    base.spawn_upkeep(&mut loops);
    loops.spawn(pulse, |signals| &signals.upkeep);
    loops.spawn_with(reloader, Arc::clone(&reload.wanted), |wanted| wanted);
    let Places { address, admin } = doors.places;
    let renewal = doors.serve(callbacks, status, &mut loops);
    Ok(Server {
        address,
        admin,
        renewal,
        store: base.store,
        reload,
        trigger,
        tasks: loops.tasks,
    })
}

/// What every part of a server is built from.
struct Base {
    config: Arc<Config>,
    store: Arc<dyn Store>,
    clock: SharedClock,
    gateway: Gateway,
    desk: Desk,
    instance: String,
}

impl Base {
    fn acceptor(&self) -> Result<Acceptor, KeyError> {
        let (store, clock) = (Arc::clone(&self.store), Arc::clone(&self.clock));
        Acceptor::new(&self.config, store, clock, self.desk.clone())
    }

    fn ingest(&self, playbook: &CurrentPlaybook) -> axum::Router {
        let (config, store) = (Arc::clone(&self.config), Arc::clone(&self.store));
        ingest::router(config, store, Arc::clone(&self.clock), playbook.clone())
    }

    fn status(&self, metrics: Metrics, reload: ReloadState) -> axum::Router {
        let (store, clock) = (Arc::clone(&self.store), Arc::clone(&self.clock));
        status::router(metrics, store, clock, reload)
    }

    fn spawn_stages(&self, loops: &mut Loops, playbook: &CurrentPlaybook) {
        let (store, clock) = (Arc::clone(&self.store), Arc::clone(&self.clock));
        let puller = Puller::new(&self.config, store, clock, self.gateway.clone());
        loops.spawn(puller, |signals| &signals.kf);
        let (store, clock) = (Arc::clone(&self.store), Arc::clone(&self.clock));
        let syncer = Syncer::new(&self.config, store, clock, self.gateway.clone());
        loops.spawn(syncer, |signals| &signals.contacts);
        loops.spawn(self.processor(playbook.clone()), |signals| &signals.inbox);
        let deliver = Arc::new(self.deliver(playbook.clone()));
        let deliverer = deliver::worker::Worker::new(Arc::clone(&deliver));
        loops.spawn(deliverer, |signals| &signals.outbox);
        let broadcasts = deliver::broadcasts::Worker::new(deliver);
        loops.spawn(broadcasts, |signals| &signals.broadcasts);
        let (store, clock) = (Arc::clone(&self.store), Arc::clone(&self.clock));
        let scheduler = schedule::worker::Worker::new(store, clock);
        loops.spawn(scheduler, |signals| &signals.timers);
        let runner = schedule::runs::Runner::new(schedule::runs::Deps {
            config: Arc::clone(&self.config),
            store: Arc::clone(&self.store),
            clock: Arc::clone(&self.clock),
            playbook: playbook.clone(),
        });
        loops.spawn(runner, |signals| &signals.sops);
        let dates = Dates {
            config: Arc::clone(&self.config),
            store: Arc::clone(&self.store),
            clock: Arc::clone(&self.clock),
            playbook: playbook.clone(),
            version: None,
        };
        loops.spawn(dates, |signals| &signals.upkeep);
    }

    fn spawn_upkeep(&self, loops: &mut Loops) {
        let (store, clock) = (Arc::clone(&self.store), Arc::clone(&self.clock));
        let rescuer = Rescuer::new(Arc::clone(&store), Arc::clone(&clock));
        loops.spawn(rescuer, |signals| &signals.upkeep);
        let pruner = Pruner::new(store, Arc::clone(&clock), &self.config);
        loops.spawn(pruner, |signals| &signals.upkeep);
        if let Some(keep) = self.config.retention.lost_customers {
            let (store, clock) = (Arc::clone(&self.store), Arc::clone(&self.clock));
            let forgetter = Forgetter::new(store, clock, keep);
            loops.spawn(forgetter, |signals| &signals.upkeep);
        }
        let store = Arc::clone(&self.store);
        control::serve(&self.config, store, clock, loops);
    }

    async fn reloader(
        &self,
        current: &CurrentPlaybook,
        reload: &ReloadState,
        seen: Fingerprint,
    ) -> Result<Reloader, StoreError> {
        let deps = ReloaderDeps {
            config: Arc::clone(&self.config),
            current: current.clone(),
            state: reload.clone(),
            clock: Arc::clone(&self.clock),
            store: Arc::clone(&self.store),
            seen,
        };
        Reloader::begin(deps).await
    }

    fn processor(&self, playbook: CurrentPlaybook) -> process::Worker {
        let config = Arc::clone(&self.config);
        let source = Contacts::new(config, self.gateway.clone(), Arc::clone(&self.clock));
        process::Worker::new(Arc::new(process::Deps {
            config: Arc::clone(&self.config),
            store: Arc::clone(&self.store),
            clock: Arc::clone(&self.clock),
            playbook,
            desk: self.desk.clone(),
            source: Arc::new(source) as Arc<dyn ContactSource>,
            instance: self.instance.clone(),
        }))
    }

    fn deliver(&self, playbook: CurrentPlaybook) -> deliver::worker::Deps {
        let (store, clock) = (Arc::clone(&self.store), Arc::clone(&self.clock));
        let templates = &self.config.paths.templates;
        deliver::worker::Deps {
            media: Media::new(Arc::clone(&store), Arc::clone(&clock), templates),
            tags: TagLibrary::new(Arc::clone(&clock), self.config.create_tags),
            webhooks: Webhooks::new(&self.config, Arc::clone(&clock)),
            pauses: Pauses::default(),
            sessions: Sessions::default(),
            config: Arc::clone(&self.config),
            playbook,
            store,
            clock,
            gateway: self.gateway.clone(),
            desk: self.desk.clone(),
            instance: self.instance.clone(),
        }
    }
}

/// The loops of a server, stopped together.
struct Loops {
    tasks: JoinSet<()>,
    shutdown: Shutdown,
    signals: Arc<Signals>,
}

impl Loops {
    fn spawn<S: Service>(&mut self, service: S, pick: fn(&Signals) -> &Notify) {
        let signals = Arc::clone(&self.signals);
        self.spawn_with(service, signals, pick);
    }

    fn spawn_with<S: Service, W: Send + Sync + 'static>(
        &mut self,
        service: S,
        signals: Arc<W>,
        pick: fn(&W) -> &Notify,
    ) {
        self.tasks
            .spawn(service::run(service, signals, pick, self.shutdown.clone()));
    }
}

/// A short text that is new for every data folder: part of every `msgid`, so that a new
/// folder never repeats the ids of an old one.
async fn instance(store: &dyn Store) -> Result<String, StoreError> {
    const NAME: &str = "instance";
    if let Some(serde_json::Value::String(instance)) = store.fact(NAME).await? {
        return Ok(instance);
    }
    let instance: String = rand::rng()
        .sample_iter(Alphanumeric)
        .take(8)
        .map(char::from)
        .collect();
    let swap = FactSwap {
        expected: vec![(NAME.to_owned(), serde_json::Value::Null)],
        facts: vec![(NAME.to_owned(), instance.clone().into())],
        records: Vec::new(),
    };
    match store.swap_facts(swap).await {
        // Another replica starts for the first time, too.
        Err(StoreError::FactMoved { .. }) => Box::pin(self::instance(store)).await,
        swapped => swapped.map(|_| instance),
    }
}

impl Server {
    /// Lets everything finish what it holds, then returns.
    pub async fn stop(mut self) {
        self.trigger.begin();
        let all = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(STOP, all).await.is_err() {
            tracing::warn!("some work was still under way; it is taken up at the next start");
        }
        self.store.leave().await;
    }

    /// Returns when the server cannot go on.
    pub async fn ended(&mut self) -> Ending {
        let signals = self.store.signals();
        tokio::select! {
            () = signals.failed.notified() => Ending::StoreFailed,
            _ = self.tasks.join_next() => Ending::PartEnded,
        }
    }
}
