//! Servers that a child process of the bench runs, so that each has memory and threads of its
//! own. The first line of their output is the address.

use std::fs::File;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::RawQuery;
use axum::http::StatusCode;
use axum::routing::post;
use tokio::sync::{mpsc, oneshot};
use wecom_agent::config::Config;
use wecom_agent::desk::Desk;
use wecom_agent::domain::clock::{SharedClock, SystemClock};
use wecom_agent::receive::accept::Acceptor;
use wecom_agent::service::Shutdown;
use wecom_agent::wecom::callback::{SignedQuery, envelope, parse};
use wecom_agent::wecom::crypto::{Codec, EncodingAesKey};
use wecom_agent::{app, http, receive};

use crate::callbacks::{CORP, KEY, TOKEN};
use crate::{reopen, say, soak_wecom, whole};

/// Runs what `--child` names.
pub(crate) async fn run(what: &str, folder: &Path) {
    match what {
        "bare" => serve(bare()).await,
        "opens" => serve(opens()).await,
        "log" => serve(log(folder)).await,
        "durable" => serve(durable(folder).await).await,
        "mock" => mock().await,
        "soak-wecom" => soak_wecom::run(folder).await,
        "fill" => reopen::fill(folder, false, false).await,
        "fill-resting" => reopen::fill(folder, false, true).await,
        "fill-waiting" => reopen::fill(folder, true, false).await,
        "reopen" => reopen::open(folder).await,
        other => panic!("no child is called {other}"),
    }
}

/// Reads the body and says 200: what the framework costs.
fn bare() -> Router {
    Router::new().route("/callback/{app}", post(|_: Bytes| async { StatusCode::OK }))
}

/// Verifies, decrypts and parses; keeps nothing.
fn opens() -> Router {
    let key = EncodingAesKey::parse(KEY).expect("a key");
    let codec = Arc::new(Codec::new(TOKEN, key, CORP));
    let open = move |RawQuery(query): RawQuery, body: Bytes| {
        let codec = Arc::clone(&codec);
        async move {
            let query = query.unwrap_or_default();
            let understood = SignedQuery::parse(&query).ok().and_then(|query| {
                let envelope = envelope::parse_xml(&body).ok()?;
                let plain = codec.open(&query, &envelope.encrypt).ok()?;
                parse(std::str::from_utf8(&plain).ok()?).ok()
            });
            match understood {
                Some(_) => StatusCode::OK,
                None => StatusCode::FORBIDDEN,
            }
        }
    };
    Router::new().route("/callback/{app}", post(open))
}

/// Appends what came to a file and answers once it is on the disk; whoever waits shares a
/// sync. No database can do less.
fn log(folder: &Path) -> Router {
    let (queue, mut waiting) = mpsc::channel::<(Bytes, oneshot::Sender<()>)>(1024);
    let mut file = File::create(folder.join("log")).expect("a file");
    std::thread::spawn(move || {
        while let Some(first) = waiting.blocking_recv() {
            let mut group = vec![first];
            group.extend(std::iter::from_fn(|| waiting.try_recv().ok()));
            let bytes: Vec<&[u8]> = group.iter().map(|(body, _)| body.as_ref()).collect();
            file.write_all(&bytes.concat()).expect("written");
            file.sync_data().expect("on the disk");
            for (_, reply) in group {
                reply.send(()).expect("somebody waits");
            }
        }
    });
    let append = move |body: Bytes| {
        let queue = queue.clone();
        async move {
            let (reply, kept) = oneshot::channel();
            queue.send((body, reply)).await.expect("the writer runs");
            kept.await.expect("the writer answers");
            StatusCode::OK
        }
    };
    Router::new().route("/callback/{app}", post(append))
}

/// The first stage as `serve` runs it, over the configured store, without the others.
async fn durable(folder: &Path) -> Router {
    let config = config(folder);
    let store = app::open_store(&config).await.expect("a store");
    let clock: SharedClock = Arc::new(SystemClock);
    let acceptor = Acceptor::new(&config, store, clock, Desk::default()).expect("keys");
    receive::routes::router(Arc::new(acceptor))
}

fn config(folder: &Path) -> Config {
    let path = folder.join("agent.toml");
    match Config::load(&path, &|name| std::env::var(name).ok()) {
        Ok((config, _)) => config,
        Err(report) => panic!("{}", report.human(wecom_agent::lang::Lang::En)),
    }
}

async fn serve(router: Router) {
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let listener = http::Listener::bind(any).await.expect("a port");
    say(&listener.address().expect("an address").to_string());
    let (_trigger, shutdown) = Shutdown::pair();
    http::serve(listener, router, shutdown).await;
}

/// WeCom, for what the whole path sends.
async fn mock() {
    let mock = mock_wecom::MockWecom::start(mock_wecom::Config::sample());
    let mock = mock.await.expect("the mock starts");
    let member = |number: usize| {
        let userid = format!("member{number}");
        serde_json::from_value(serde_json::json!({ "userid": userid, "name": userid }))
    };
    let members: Result<Vec<mock_wecom::Member>, _> = (0..whole::MESSAGES).map(member).collect();
    mock.put_members(members.expect("members"));
    say(mock.base_url().trim_start_matches("http://"));
    std::future::pending::<()>().await;
}
