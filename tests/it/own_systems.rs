//! Requests to the company's own systems come at least once, and can be told from repeats.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;

use crate::support::{AgentBuilder, CUSTOMER, eventually, mock};

const RULES: &str = "\
version: 1
rules:
  - id: order
    when: {any: [订单]}
    do: [{webhook: {to: 系统, body: {said: '{{ message.text }}'}}}]
";

/// The id and the body of each request.
type Heard = Arc<Mutex<Vec<(String, String)>>>;

/// A system that is busy at first, then never answers, then works.
async fn system(State(heard): State<Heard>, request: Request) -> StatusCode {
    let (head, body) = request.into_parts();
    let id = head.headers["webhook-id"].to_str().expect("an id");
    let body = axum::body::to_bytes(body, 1 << 20).await.expect("a body");
    let body = String::from_utf8_lossy(&body).into_owned();
    let count = {
        let mut heard = heard.lock().expect("heard");
        heard.push((id.to_owned(), body));
        heard.len()
    };
    match count {
        1 => StatusCode::SERVICE_UNAVAILABLE,
        2 => std::future::pending().await,
        _ => StatusCode::OK,
    }
}

#[tokio::test]
async fn a_system_that_was_busy_or_silent_hears_it_again_under_the_same_id() {
    let mock = mock().await;
    let heard = Heard::default();
    let router = Router::new()
        .fallback(system)
        .with_state(Arc::clone(&heard));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
    let listener = listener.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, router).await });

    let mut agent = AgentBuilder::new()
        .file("rules/order.yaml", RULES)
        .config(&format!(
            "[webhooks.\"系统\"]\nurl = \"http://{address}/hook\"\n"
        ))
        .start(&mock)
        .await;
    mock.say(CUSTOMER, "订单").await.expect("push");
    let times = async |count: usize| {
        eventually(&format!("request {count}"), async || {
            (heard.lock().expect("heard").len() >= count).then_some(())
        })
        .await;
    };
    times(2).await;
    agent.kill();
    agent.restart(&mock).await;
    times(3).await;
    agent.idle().await;

    let heard = heard.lock().expect("heard").clone();
    assert_eq!(heard.len(), 3, "nothing is sent again after a good answer");
    let different: BTreeSet<_> = heard.iter().collect();
    assert_eq!(different.len(), 1, "{different:?}");
    assert!(heard[0].1.contains("订单"), "{heard:?}");
}
