//! A stand-in for the shop's order system, so that the sample rules' webhook has an end.

use std::net::SocketAddr;

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};

use crate::cli::output::Terminal;

/// Listens on a free port of this machine until the program ends.
pub(super) async fn start(terminal: Terminal) -> std::io::Result<SocketAddr> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let router = Router::new()
        .route("/orders", post(order))
        .with_state(terminal);
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, router).await {
            tracing::warn!(%error, "the demo's order system ended");
        }
    });
    Ok(address)
}

async fn order(State(terminal): State<Terminal>, Json(body): Json<serde_json::Value>) {
    terminal.say("demo.order", &[("body", &body.to_string())]);
}
