//! The HTTP listener: limits on headers and connections, and a graceful end.
//!
//! A handler that must not answer (the store failed: WeCom shall push again) returns
//! [`cut_connection`]; the connection is then closed without a response.

mod tls;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulConnection, GracefulShutdown, Watcher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tower::ServiceExt as _;

pub use self::tls::Tls;
use crate::service::Shutdown;

/// Connections served at once; more wait in the kernel's queue.
const MAX_CONNECTIONS: usize = 2048;
/// A client that has not sent its headers by then is cut off. Also limits idle keep-alive.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// The most that a connection holds of headers, or of a body that nobody has taken yet.
const MAX_BUFFER: usize = 16 * 1024;
/// How long open requests may take after stopping has begun.
const DRAIN: Duration = Duration::from_secs(10);
/// A pause after a failed `accept`, so that running out of descriptors does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

#[derive(Debug, Clone, Copy)]
struct Cut;

/// A response that is never sent: the connection is closed instead.
#[must_use]
pub fn cut_connection() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    response.extensions_mut().insert(Cut);
    response
}

#[derive(Debug, thiserror::Error)]
#[error("the connection is cut on purpose")]
struct CutError;

/// A place where connections come in, plainly or in TLS.
pub struct Listener {
    tcp: TcpListener,
    tls: Option<Tls>,
}

impl Listener {
    /// Binds the address.
    ///
    /// # Errors
    /// If the address is taken or may not be bound.
    pub async fn bind(address: SocketAddr) -> std::io::Result<Self> {
        let tcp = TcpListener::bind(address).await?;
        Ok(Self { tcp, tls: None })
    }

    /// Goes on with a socket that somebody else, such as systemd, holds open.
    ///
    /// # Errors
    /// If it is no listening socket.
    pub fn inherited(socket: std::net::TcpListener) -> std::io::Result<Self> {
        socket.set_nonblocking(true)?;
        let tcp = TcpListener::from_std(socket)?;
        Ok(Self { tcp, tls: None })
    }

    /// Speaks TLS.
    #[must_use]
    pub fn with_tls(mut self, tls: Option<Tls>) -> Self {
        self.tls = tls;
        self
    }

    /// Where it is.
    ///
    /// # Errors
    /// If the socket does not say.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.tcp.local_addr()
    }
}

/// Serves until stopping begins, then lets open requests finish.
pub async fn serve(listener: Listener, router: Router, shutdown: Shutdown) {
    let Listener { tcp, tls } = listener;
    let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let graceful = GracefulShutdown::new();
    loop {
        let permit = tokio::select! {
            permit = Arc::clone(&permits).acquire_owned() => permit,
            () = shutdown.wait() => break,
        };
        let Ok(permit) = permit else { break };
        let stream = tokio::select! {
            accepted = tcp.accept() => accepted,
            () = shutdown.wait() => break,
        };
        match stream {
            Ok((stream, _)) => {
                drop(stream.set_nodelay(true));
                let (tls, router) = (tls.clone(), router.clone());
                let talk = talk(stream, tls, router, graceful.watcher(), shutdown.clone());
                tokio::spawn(async move {
                    talk.await;
                    drop(permit);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(tcp);
    if tokio::time::timeout(DRAIN, graceful.shutdown())
        .await
        .is_err()
    {
        tracing::warn!("some requests were still open when the time to finish them was over");
    }
}

/// One connection from its first byte to its end. Broken pipes and cut connections are the
/// clients' everyday life.
async fn talk(
    stream: TcpStream,
    tls: Option<Tls>,
    router: Router,
    watcher: Watcher,
    shutdown: Shutdown,
) {
    let Some(tls) = tls else {
        drop(watcher.watch(connection(stream, router)).await);
        return;
    };
    let greeted = tokio::select! {
        greeted = tokio::time::timeout(HEADER_TIMEOUT, tls.greet(stream)) => greeted,
        () = shutdown.wait() => return,
    };
    if let Ok(Ok(stream)) = greeted {
        drop(watcher.watch(connection(stream, router)).await);
    }
}

fn connection<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: S,
    router: Router,
) -> impl GracefulConnection<Error = hyper::Error> {
    let service = hyper::service::service_fn(move |request: Request<hyper::body::Incoming>| {
        let router = router.clone();
        async move {
            let response: Result<Response<Body>, Infallible> =
                router.oneshot(request.map(Body::new)).await;
            match response {
                Ok(response) if response.extensions().get::<Cut>().is_some() => Err(CutError),
                Ok(response) => Ok(response),
                Err(never) => match never {},
            }
        }
    });
    hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_buf_size(MAX_BUFFER)
        .serve_connection(TokioIo::new(stream), service)
}
