//! The HTTP listener: limits on headers and connections, and a graceful end.
//!
//! A handler that must not answer (the store failed: WeCom shall push again) returns
//! [`cut_connection`]; the connection is then closed without a response.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tower::ServiceExt as _;

use crate::service::Shutdown;

/// Connections served at once; more wait in the kernel's queue.
const MAX_CONNECTIONS: usize = 2048;
/// A client that has not sent its headers by then is cut off. Also limits idle keep-alive.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
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

/// Binds the address.
///
/// # Errors
/// If the address is taken or may not be bound.
pub async fn bind(address: SocketAddr) -> std::io::Result<TcpListener> {
    TcpListener::bind(address).await
}

/// Serves until stopping begins, then lets open requests finish.
pub async fn serve(listener: TcpListener, router: Router, shutdown: Shutdown) {
    let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let graceful = GracefulShutdown::new();
    loop {
        let permit = tokio::select! {
            permit = Arc::clone(&permits).acquire_owned() => permit,
            () = shutdown.wait() => break,
        };
        let Ok(permit) = permit else { break };
        let stream = tokio::select! {
            accepted = listener.accept() => accepted,
            () = shutdown.wait() => break,
        };
        match stream {
            Ok((stream, _)) => {
                let connection = connection(stream, router.clone());
                let watched = graceful.watch(connection);
                tokio::spawn(async move {
                    // Broken pipes and cut connections are the clients' everyday life.
                    drop(watched.await);
                    drop(permit);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    if tokio::time::timeout(DRAIN, graceful.shutdown())
        .await
        .is_err()
    {
        tracing::warn!("some requests were still open when the time to finish them was over");
    }
}

fn connection(
    stream: TcpStream,
    router: Router,
) -> impl hyper_util::server::graceful::GracefulConnection<Error = hyper::Error> {
    drop(stream.set_nodelay(true));
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
        .max_buf_size(64 * 1024)
        .serve_connection(TokioIo::new(stream), service)
}
