//! TLS of the callback listener, with a certificate that can be renewed while it serves.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::config::{TlsError, TlsFiles};

/// The certificate in use. Clones share it.
#[derive(Clone)]
pub struct Tls {
    files: TlsFiles,
    current: Arc<ArcSwap<ServerConfig>>,
}

impl Tls {
    /// Reads certificate and key.
    ///
    /// # Errors
    /// If they cannot be used.
    pub fn new(files: TlsFiles) -> Result<Self, TlsError> {
        let current = Arc::new(ArcSwap::new(files.load()?));
        Ok(Self { files, current })
    }

    /// Reads them anew. Connections that are open keep the old ones; so does everybody if
    /// the new ones cannot be used.
    ///
    /// # Errors
    /// If they cannot be used.
    pub fn renew(&self) -> Result<(), TlsError> {
        self.current.store(self.files.load()?);
        Ok(())
    }

    /// The handshake.
    pub(super) async fn greet(&self, stream: TcpStream) -> std::io::Result<TlsStream<TcpStream>> {
        let acceptor = TlsAcceptor::from(self.current.load_full());
        acceptor.accept(stream).await
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Tls").field(&self.files).finish()
    }
}
