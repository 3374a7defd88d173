//! The client against a small server that speaks HTTP and nothing else.

use super::{App, Client, Options, http_builder};
use crate::wecom::api::{media, message, user, webhook};
use crate::wecom::client::clock::fake::FakeClock;
use crate::wecom::client::{File, Observer, Outcome, Secret};
use crate::wecom::error::{Disposition, Error};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::IntoResponse;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Answers gettoken with a new token each time and every other call from a
/// script; a script that has run out answers errcode 0. `{token}` in an answer
/// becomes the caller's token.
#[derive(Default)]
struct Script {
    tokens: u32,
    gettoken: VecDeque<String>,
    answers: VecDeque<(u16, String)>,
    /// Rejected with 42001 whenever it is used.
    expired: Option<String>,
    seen: Vec<(String, String)>,
}

type Shared = Arc<Mutex<Script>>;

struct Bench {
    script: Shared,
    clock: Arc<FakeClock>,
    client: Client,
    notes: Arc<Notes>,
}

#[derive(Default)]
struct Notes(Mutex<Vec<String>>);

impl Observer for Notes {
    fn token_refreshed(&self, ok: bool) {
        self.0.lock().unwrap().push(format!("token {ok}"));
    }

    fn called(&self, path: &'static str, outcome: Outcome, _elapsed: Duration) {
        self.0.lock().unwrap().push(format!("{path} {outcome:?}"));
    }
}

async fn serve(
    State(script): State<Shared>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> impl IntoResponse {
    tokio::task::yield_now().await;
    let mut script = script.lock().unwrap();
    let query = uri.query().unwrap_or_default().to_owned();
    if uri.path() == "/base/cgi-bin/gettoken" {
        script.tokens += 1;
        let fresh = format!(
            r#"{{"errcode":0,"errmsg":"ok","access_token":"TOKEN-{}","expires_in":7200}}"#,
            script.tokens
        );
        let answer = script.gettoken.pop_front().unwrap_or(fresh);
        return (axum::http::StatusCode::OK, answer);
    }
    let kind = headers
        .get("content-type")
        .map_or("", |v| v.to_str().unwrap());
    let body = format!("{kind}\n{}", String::from_utf8_lossy(&body));
    script.seen.push((format!("{}?{query}", uri.path()), body));
    let token = query
        .strip_prefix("access_token=")
        .and_then(|rest| rest.split('&').next())
        .unwrap_or_default();
    let (status, answer) = if script.expired.as_deref() == Some(token) {
        (200, r#"{"errcode":42001,"errmsg":"expired"}"#.to_owned())
    } else {
        let done = (200, r#"{"errcode":0,"errmsg":"ok"}"#.to_owned());
        script.answers.pop_front().unwrap_or(done)
    };
    let answer = answer.replace("{token}", token);
    let status = axum::http::StatusCode::from_u16(status).unwrap();
    (status, answer)
}

async fn bench() -> Bench {
    let script = Shared::default();
    let app = Router::new()
        .fallback(serve)
        .with_state(Arc::clone(&script));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/base/", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    let clock = Arc::new(FakeClock::at(1_760_000_000_000));
    let notes = Arc::new(Notes::default());
    let options = Options {
        max_json_bytes: 2_000,
        observer: notes.clone(),
        ..Options::default()
    };
    let client = Client::with_options(http(), &base, "ww1", clock.clone(), options).unwrap();
    Bench {
        script,
        clock,
        client,
        notes,
    }
}

fn http() -> reqwest::Client {
    // Another test of this process may have installed it already.
    rustls::crypto::ring::default_provider()
        .install_default()
        .ok();
    http_builder().no_proxy().build().unwrap()
}

impl Bench {
    fn app(&self) -> App {
        self.client.app(Secret::new("CANARY-SECRET"))
    }

    fn answer(&self, status: u16, body: &str) {
        let mut script = self.script.lock().unwrap();
        script.answers.push_back((status, body.to_owned()));
    }

    fn refuse(&self, code: i64) {
        self.answer(
            200,
            &format!(r#"{{"errcode":{code},"errmsg":"no {{token}}, hint: [1_2_{{token}}]"}}"#),
        );
    }

    fn counts(&self) -> (u32, usize) {
        let script = self.script.lock().unwrap();
        (script.tokens, script.seen.len())
    }

    fn seen(&self, at: usize) -> (String, String) {
        self.script.lock().unwrap().seen[at].clone()
    }
}

fn ping() -> user::get::Request {
    user::get::Request::new("lin.mei")
}

fn assert_silent(error: &Error) {
    let mut text = format!("{error} {error:?}");
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        text.push_str(&format!(" {inner} {inner:?}"));
        source = inner.source();
    }
    for canary in ["CANARY", "TOKEN-", "access_token=", "corpsecret"] {
        assert!(!text.contains(canary), "{canary} in {text}");
    }
}

#[tokio::test]
async fn fifty_callers_share_one_gettoken() {
    let bench = bench().await;
    let calls = (0..50).map(|_| {
        let app = bench.app();
        tokio::spawn(async move { app.call(&ping()).await })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.unwrap().unwrap();
    }
    assert_eq!(bench.counts(), (1, 50));
    assert_eq!(
        bench.seen(0).0,
        "/base/cgi-bin/user/get?access_token=TOKEN-1&userid=lin.mei"
    );
}

#[tokio::test]
async fn a_rejected_token_is_replaced_once_and_the_call_repeated() {
    for code in [40014, 42001, 41001] {
        let bench = bench().await;
        bench.refuse(code);
        bench.app().call(&ping()).await.unwrap();
        assert_eq!(bench.counts(), (2, 2), "{code}");
        assert!(bench.seen(1).0.contains("access_token=TOKEN-2"));
    }
}

#[tokio::test]
async fn fifty_callers_with_an_expired_token_cause_one_gettoken() {
    let bench = bench().await;
    bench.app().call(&ping()).await.unwrap();
    bench.script.lock().unwrap().expired = Some("TOKEN-1".to_owned());
    let calls = (0..50).map(|_| {
        let app = bench.app();
        tokio::spawn(async move { app.call(&ping()).await })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.unwrap().unwrap();
    }
    assert_eq!(bench.counts().0, 2);
}

#[tokio::test]
async fn while_fresh_tokens_are_rejected_no_call_is_made() {
    let bench = bench().await;
    for _ in 0..2 {
        bench.refuse(40014);
    }
    for _ in 0..5 {
        let error = bench.app().call(&ping()).await.unwrap_err();
        let after = Some(Duration::from_secs(10));
        assert_eq!(error.disposition(), Disposition::Backoff { after });
        assert_eq!(error.code(), Some(40014));
        assert_silent(&error);
        assert_eq!(bench.counts(), (2, 2));
    }
    bench.clock.advance_secs(10);
    bench.app().call(&ping()).await.unwrap();
    assert_eq!(bench.counts(), (3, 3));
}

#[tokio::test]
async fn other_refusals_leave_the_token_alone() {
    for code in [40001, 48002, 60020, 45009, 84061] {
        let bench = bench().await;
        bench.refuse(code);
        let error = bench.app().call(&ping()).await.unwrap_err();
        assert_eq!(error.code(), Some(code));
        assert!(error.certainly_not_done());
        assert_silent(&error);
        bench.app().call(&ping()).await.unwrap();
        assert_eq!(bench.counts(), (1, 2), "{code}");
    }
}

#[tokio::test]
async fn a_refused_gettoken_is_asked_once_and_makes_no_call() {
    let bench = bench().await;
    let refusal = r#"{"errcode":40001,"errmsg":"invalid CANARY-SECRET, from ip: 203.0.113.9"}"#;
    bench
        .script
        .lock()
        .unwrap()
        .gettoken
        .push_back(refusal.to_owned());
    for _ in 0..5 {
        let error = bench.app().call(&ping()).await.unwrap_err();
        assert_eq!(error.disposition(), Disposition::Fix);
        assert!(error.refused().unwrap().from_ip.is_some());
        assert_silent(&error);
    }
    assert_eq!(bench.counts(), (1, 0));
    bench.clock.advance_secs(30);
    bench.app().call(&ping()).await.unwrap();
    assert_eq!(bench.counts(), (2, 1));
}

#[tokio::test]
async fn what_arrived_but_was_not_answered_is_ambiguous() {
    for (status, body) in [(503, "busy"), (200, "<html>"), (200, r#"{"errcode":-1}"#)] {
        let bench = bench().await;
        bench.answer(status, body);
        let error = bench.app().call(&ping()).await.unwrap_err();
        assert_eq!(error.disposition(), Disposition::Ambiguous);
        assert_silent(&error);
    }
}

#[tokio::test]
async fn a_cut_connection_is_ambiguous_and_a_closed_port_is_not() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let clock = Arc::new(FakeClock::at(0));
    let client = Client::new(http(), &base, "ww1", clock).unwrap();
    let robot = webhook::send::Request::text("CANARY-KEY", "hi");
    let cut = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut buffer = [0; 4096];
        tokio::io::AsyncReadExt::read(&mut stream, &mut buffer)
            .await
            .unwrap();
    };
    let (answer, ()) = tokio::join!(client.call(&robot), cut);
    let error = answer.unwrap_err();
    assert!(matches!(error, Error::Ambiguous { .. }), "{error:?}");
    assert_silent(&error);

    drop(listener);
    let error = client.call(&robot).await.unwrap_err();
    assert!(matches!(error, Error::NotSent { .. }), "{error:?}");
    assert!(error.certainly_not_done());
    assert_silent(&error);
}

#[tokio::test]
async fn an_answer_beyond_the_limit_is_not_read_on() {
    let bench = bench().await;
    bench.answer(200, &"x".repeat(2_001));
    let error = bench.app().call(&ping()).await.unwrap_err();
    assert!(matches!(
        error,
        Error::TooLarge {
            limit_bytes: 2_000,
            ..
        }
    ));
}

#[tokio::test]
async fn a_call_that_takes_too_long_is_ambiguous() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let options = Options {
        call_timeout: Duration::from_millis(20),
        ..Options::default()
    };
    let clock = Arc::new(FakeClock::at(0));
    let client = Client::with_options(http(), &base, "ww1", clock, options).unwrap();
    let robot = webhook::send::Request::text("CANARY-KEY", "hi");
    let error = client.call(&robot).await.unwrap_err();
    assert!(matches!(error, Error::Ambiguous { .. }), "{error:?}");
    assert_silent(&error);
}

#[tokio::test]
async fn posts_carry_json_and_uploads_a_plain_utf8_file_name() {
    let bench = bench().await;
    let to = message::send::Receivers::user("lin.mei");
    let text = message::send::Message::text("价格表");
    bench
        .app()
        .call(&message::send::Request::new(to, 7, text))
        .await
        .unwrap();
    let (_, body) = bench.seen(0);
    assert!(body.starts_with("application/json"));
    assert!(body.contains(r#""text":{"content":"价格表"}"#), "{body}");

    let file = File {
        name: "报价.pdf".to_owned(),
        content_type: "application/pdf".to_owned(),
        bytes: "%PDF-".into(),
    };
    let upload = media::upload::Request::new(media::Kind::File, file);
    bench.answer(
        200,
        r#"{"errcode":0,"media_id":"M1","created_at":"1760000000"}"#,
    );
    let answer = bench.app().upload(&upload).await.unwrap();
    assert_eq!(
        (answer.media_id.as_str(), answer.created_at),
        ("M1", 1_760_000_000)
    );
    let (url, body) = bench.seen(1);
    assert!(url.ends_with("access_token=TOKEN-1&type=file"), "{url}");
    assert!(
        body.contains(r#"name="media"; filename="报价.pdf""#),
        "{body}"
    );
}

#[tokio::test]
async fn calls_without_a_token_ask_for_none() {
    let bench = bench().await;
    bench.answer(200, r#"{"errcode":93000,"errmsg":"bad key CANARY-KEY"}"#);
    let robot = webhook::send::Request::text("CANARY-KEY", "hi");
    let error = bench.client.call(&robot).await.unwrap_err();
    assert_silent(&error);
    assert_eq!(bench.counts(), (0, 1));
    assert_eq!(bench.seen(0).0, "/base/cgi-bin/webhook/send?key=CANARY-KEY");
}

#[tokio::test]
async fn every_exchange_is_reported() {
    let bench = bench().await;
    bench.refuse(40014);
    bench.app().call(&ping()).await.unwrap();
    assert_eq!(
        *bench.notes.0.lock().unwrap(),
        [
            "/cgi-bin/gettoken Done",
            "token true",
            "/cgi-bin/user/get Refused(40014)",
            "/cgi-bin/gettoken Done",
            "token true",
            "/cgi-bin/user/get Done",
        ]
    );
}

#[test]
fn an_api_base_must_be_an_http_url() {
    for base in [
        "",
        "qyapi.weixin.qq.com",
        "ftp://x",
        "https://x/?a=1",
        "https://x/#f",
    ] {
        let clock = Arc::new(FakeClock::at(0));
        assert!(Client::new(http(), base, "ww1", clock).is_err(), "{base}");
    }
}
