//! The listeners: one for callbacks, and one for operators if the config wants it apart.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;

use super::{Loops, StartError};
use crate::config::Config;
use crate::http::{self, Listener, Tls};

/// A listening socket that the service manager opened before we were started. It outlives
/// each server that listens on it.
#[derive(Debug, Clone, Default)]
pub struct Inherited(Option<Arc<std::net::TcpListener>>);

impl Inherited {
    /// The first socket of systemd's protocol (`LISTEN_FDS`), if this process was given one.
    ///
    /// # Errors
    /// If what was given is no listening TCP socket.
    pub fn take() -> std::io::Result<Self> {
        let socket = listenfd::ListenFd::from_env().take_tcp_listener(0)?;
        Ok(Self(socket.map(Arc::new)))
    }
}

/// Reads the certificate anew; nothing to do without one.
#[derive(Debug, Clone)]
pub struct Renewal(Option<Tls>);

impl Renewal {
    /// The old certificate stays if the new one cannot be used.
    pub fn wish(&self) {
        let Some(tls) = &self.0 else { return };
        match tls.renew() {
            Ok(()) => tracing::info!("the certificate was read anew"),
            Err(error) => {
                tracing::error!(%error, "the certificate is not usable: the old one stays");
            }
        }
    }
}

/// Where the listeners are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Places {
    pub(super) address: SocketAddr,
    pub(super) admin: Option<SocketAddr>,
}

/// Listeners that are bound and do not serve yet.
pub(super) struct Doors {
    callbacks: Listener,
    admin: Option<Listener>,
    tls: Option<Tls>,
    pub(super) places: Places,
}

impl Doors {
    pub(super) async fn open(config: &Config, inherited: &Inherited) -> Result<Self, StartError> {
        let tls = config.tls.clone().map(Tls::new).transpose()?;
        let failed = |address| move |source| StartError::Listen { address, source };
        let callbacks = match &inherited.0 {
            Some(socket) => socket.try_clone().and_then(Listener::inherited),
            None => Listener::bind(config.listen).await,
        };
        let callbacks = callbacks
            .map_err(failed(config.listen))?
            .with_tls(tls.clone());
        let address = callbacks.address().map_err(failed(config.listen))?;
        let admin = match config.admin {
            None => None,
            Some(admin) => Some(Listener::bind(admin).await.map_err(failed(admin))?),
        };
        let places = Places {
            address,
            admin: match (&admin, config.admin) {
                (Some(listener), Some(admin)) => Some(listener.address().map_err(failed(admin))?),
                _ => None,
            },
        };
        Ok(Self {
            callbacks,
            admin,
            tls,
            places,
        })
    }

    /// Serves. The pages for operators are beside the callbacks only if they have no
    /// listener of their own.
    pub(super) fn serve(self, callbacks: Router, status: Router, loops: &mut Loops) -> Renewal {
        let shutdown = loops.shutdown.clone();
        let router = match self.admin {
            None => callbacks.merge(status),
            Some(admin) => {
                let serving = http::serve(admin, status, shutdown.clone());
                loops.tasks.spawn(serving);
                callbacks
            }
        };
        let serving = http::serve(self.callbacks, router, shutdown);
        loops.tasks.spawn(serving);
        let Places { address, admin } = self.places;
        let tls = self.tls.is_some();
        tracing::info!(%address, admin = admin.map(|admin| admin.to_string()), tls, "listening");
        Renewal(self.tls)
    }
}
