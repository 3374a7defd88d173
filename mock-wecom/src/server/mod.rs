//! The HTTP side: one listener for the WeCom API, the control API and the page.

mod cgi;
mod cuttable;
pub(crate) mod link;
mod login;

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Query, Request, State};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{broadcast, watch};
use tokio::task::JoinHandle;

use crate::clock::Clock;
use crate::config::Config;
use crate::control;
use crate::page;
use crate::state::World;

pub(crate) use cuttable::Peer;

/// Uploads are at most 20 MB; the rest is room for multipart headers.
const BODY_LIMIT: usize = 24 * 1024 * 1024;
/// Watchers slower than this many events miss some.
const EVENT_BUFFER: usize = 4_096;

/// What every request handler shares.
#[derive(Debug)]
pub(crate) struct Shared {
    world: Mutex<World>,
    pub(crate) clock: Clock,
    pub(crate) config: Config,
    pub(crate) http: reqwest::Client,
    pub(crate) events: broadcast::Sender<Value>,
    pub(crate) base_url: String,
    links: Mutex<BTreeMap<String, link::Link>>,
    /// How many callbacks each receiver has had, for those that wait to be overtaken.
    pub(crate) passed: watch::Sender<BTreeMap<String, u64>>,
    closing: watch::Sender<bool>,
}

impl Shared {
    /// The corp. Never held over an await.
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The long connections, by bot. Never held over an await.
    pub(crate) fn links(&self) -> MutexGuard<'_, BTreeMap<String, link::Link>> {
        self.links.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A fresh corp from the config; the clock starts where the config says.
    pub(crate) fn reset(&self) -> Result<(), String> {
        if let Some(start) = self.config.start_at {
            self.clock.set(start);
        }
        let fresh = World::new(&self.config, self.events.clone(), self.clock.now())?;
        *self.world() = fresh;
        Ok(())
    }

    /// Comes back when the server is asked to stop.
    pub(crate) async fn closed(&self) {
        let mut closing = self.closing.subscribe();
        // An error means that the sender is gone, which is closing too.
        let _closed = closing.wait_for(|closing| *closing).await;
    }

    /// Tells the watchers of something that is neither a chat line nor an exchange.
    pub(crate) fn announce(&self, kind: &str, data: &Value) {
        // Nobody watching is no failure.
        let _watchers = self.events.send(json!({"kind": kind, "data": data}));
    }

    pub(crate) fn close(&self) {
        self.closing.send_replace(true);
    }
}

/// A running server.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) shared: Arc<Shared>,
    task: JoinHandle<()>,
}

impl Server {
    /// Binds and serves.
    pub(crate) async fn start(config: Config) -> io::Result<Self> {
        let listener = TcpListener::bind(config.listen).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(shared(config, address)?);
        let app = router(Arc::clone(&shared)).into_make_service_with_connect_info::<Peer>();
        let closing = Arc::clone(&shared);
        let task = tokio::spawn(async move {
            let serve = axum::serve(cuttable::CuttableListener(listener), app);
            let stop = async move { closing.closed().await };
            if let Err(error) = serve.with_graceful_shutdown(stop).await {
                tracing::error!(%error, "the server stopped");
            }
        });
        Ok(Self { shared, task })
    }

    /// Stops accepting, gives open requests a moment, then ends.
    pub(crate) async fn stop(self) {
        self.shared.close();
        let abort = self.task.abort_handle();
        if tokio::time::timeout(Duration::from_secs(2), self.task)
            .await
            .is_err()
        {
            abort.abort();
        }
    }
}

fn shared(config: Config, address: SocketAddr) -> io::Result<Shared> {
    let (events, _) = broadcast::channel(EVENT_BUFFER);
    let (closing, _) = watch::channel(false);
    let clock = Clock::default();
    if let Some(start) = config.start_at {
        clock.set(start);
    }
    let world = World::new(&config, events.clone(), clock.now())
        .map_err(|why| io::Error::new(io::ErrorKind::InvalidInput, why))?;
    Ok(Shared {
        world: Mutex::new(world),
        clock,
        http: client().map_err(io::Error::other)?,
        events,
        base_url: public_url(&config, address),
        links: Mutex::default(),
        passed: watch::Sender::new(BTreeMap::new()),
        closing,
        config,
    })
}

/// How others reach this mock; a listener on every address is named by loopback.
fn public_url(config: &Config, address: SocketAddr) -> String {
    if let Some(url) = &config.public_url {
        return url.trim_end_matches('/').to_owned();
    }
    let mut address = address;
    if address.ip().is_unspecified() {
        address.set_ip(Ipv4Addr::LOCALHOST.into());
    }
    format!("http://{address}")
}

/// Receivers are reached directly, without proxies, and without following redirects.
pub(crate) fn client() -> Result<reqwest::Client, Box<dyn std::error::Error + Send + Sync>> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    let client = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .build()?;
    Ok(client)
}

fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .merge(page::router())
        .nest("/mock", control::router())
        .route("/aibot/media/{code}", get(control::bot_media::download))
        .route("/connect/oauth2/authorize", get(login::page))
        .route("/cgi-bin/{*path}", any(cgi::answer))
        .fallback(elsewhere)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(from_fn_with_state(Arc::clone(&shared), link::upgrade))
        .with_state(shared)
}

/// The desktop login page has a path that a switch names; anything else is an API call.
async fn elsewhere(
    state: State<Arc<Shared>>,
    peer: ConnectInfo<Peer>,
    request: Request,
) -> Response {
    if request.uri().path() == state.world().switches.desktop_login_path {
        return match Query::try_from_uri(request.uri()) {
            Ok(query) => login::page(state, query).await,
            Err(error) => error.into_response(),
        };
    }
    cgi::answer(state, peer, request).await
}
