//! A client of the API and a minimal receiver of callbacks.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, Once};

use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::routing::get;
use mock_wecom::crypto::Codec;
use mock_wecom::{Config, Kind, MockWecom, ReceiverSpec};
use serde_json::{Value, json};
use tokio::net::TcpListener;

pub(crate) const KF: &str = "wkSAMPLE00000000000000000000001";
pub(crate) const CUSTOMER: &str = "wmSAMPLE00000000000000000000001";
pub(crate) const CORP: &str = "ww0000000000000001";
const TOKEN: &str = "tokForTests";
const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

/// A mock and a client of its API.
pub(crate) struct Corp {
    pub(crate) mock: MockWecom,
    pub(crate) http: reqwest::Client,
}

pub(crate) fn client() -> reqwest::Client {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        rustls::crypto::ring::default_provider()
            .install_default()
            .expect("the first provider");
    });
    reqwest::Client::builder()
        .no_proxy()
        .build()
        .expect("a client")
}

impl Corp {
    pub(crate) async fn start() -> Self {
        Self::with(Config::sample()).await
    }

    pub(crate) async fn with(config: Config) -> Self {
        let mock = MockWecom::start(config).await.expect("a free port");
        Self {
            mock,
            http: client(),
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.mock.base_url())
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let response = self
            .http
            .get(self.url(path))
            .send()
            .await
            .expect("an answer");
        response.json().await.expect("JSON")
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Value {
        let request = self.http.post(self.url(path)).body(body.to_string());
        request
            .send()
            .await
            .expect("an answer")
            .json()
            .await
            .expect("JSON")
    }

    /// The living token of a secret; the platform answers the same one while it lives.
    pub(crate) async fn token(&self, secret: &str) -> String {
        let answer = self
            .get(&format!(
                "/cgi-bin/gettoken?corpid={CORP}&corpsecret={secret}"
            ))
            .await;
        answer["access_token"].as_str().expect("a token").to_owned()
    }

    /// A call with the token of a secret.
    pub(crate) async fn call(&self, secret: &str, path: &str, body: &Value) -> Value {
        let token = self.token(secret).await;
        self.post(&format!("/cgi-bin/{path}?access_token={token}"), body)
            .await
    }

    /// A GET call with the token of a secret; the query starts with `&`.
    pub(crate) async fn read(&self, secret: &str, path: &str, query: &str) -> Value {
        let token = self.token(secret).await;
        self.get(&format!("/cgi-bin/{path}?access_token={token}{query}"))
            .await
    }

    pub(crate) async fn kf_send(&self, body: Value) -> Value {
        let mut message = json!({"touser": CUSTOMER, "open_kfid": KF, "msgtype": "text", "text": {"content": "您好"}});
        if let (Some(message), Value::Object(body)) = (message.as_object_mut(), body) {
            message.extend(body);
        }
        self.call("kf-secret", "kf/send_msg", &message).await
    }

    pub(crate) fn switch(&self, name: &str, value: Value) {
        let changes = json!({name: value});
        self.mock
            .set_switches(changes.as_object().expect("an object").clone())
            .expect("a switch");
    }
}

pub(crate) fn code(answer: &Value) -> i64 {
    answer["errcode"].as_i64().expect("an errcode")
}

/// A callback as the receiver saw it.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) query: HashMap<String, String>,
    pub(crate) raw: String,
    pub(crate) plain: String,
}

/// What a receiver answers.
#[derive(Debug, Clone)]
pub(crate) enum Manner {
    Empty,
    Status(u16),
    /// Never answers.
    Silent,
    /// An encrypted passive reply with this plaintext.
    Reply(String),
}

struct Inner {
    kind: Kind,
    codec: Codec,
    seen: Mutex<Vec<Seen>>,
    /// Manners of the coming callbacks; the last one stays.
    manners: Mutex<Vec<Manner>>,
}

/// A receiver on a port of its own.
pub(crate) struct Receiver {
    inner: Arc<Inner>,
    pub(crate) spec: ReceiverSpec,
}

impl Receiver {
    pub(crate) async fn start(name: &str, kind: Kind, manners: Vec<Manner>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!(
            "http://{}/callback/{name}",
            listener.local_addr().expect("an address")
        );
        let receive_id = if kind == Kind::Aibot { "" } else { CORP };
        let codec = Codec::new(TOKEN, KEY, receive_id).expect("a key");
        let inner = Arc::new(Inner {
            kind,
            codec,
            seen: Mutex::default(),
            manners: Mutex::new(manners),
        });
        let app = Router::new()
            .route("/callback/{name}", get(echo).post(take))
            .with_state(Arc::clone(&inner));
        tokio::spawn(async move { axum::serve(listener, app).await });
        let spec = ReceiverSpec {
            name: name.to_owned(),
            kind,
            url,
            token: TOKEN.to_owned(),
            encoding_aes_key: KEY.to_owned(),
            receive_id: None,
            agent_id: (kind == Kind::App).then_some(1_000_002),
        };
        Self { inner, spec }
    }

    /// Starts a receiver and tells the mock about it.
    pub(crate) async fn of(corp: &Corp, kind: Kind, manners: Vec<Manner>) -> Self {
        let receiver = Self::start("test", kind, manners).await;
        corp.mock
            .set_receiver(receiver.spec.clone())
            .expect("a good key");
        receiver
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.inner.seen.lock().expect("no panic").clone()
    }

    pub(crate) fn last(&self) -> Seen {
        self.seen().pop().expect("a callback")
    }
}

async fn echo(
    State(inner): State<Arc<Inner>>,
    Query(query): Query<HashMap<String, String>>,
) -> Result<String, StatusCode> {
    let opened = inner.codec.open(
        &query["msg_signature"],
        &query["timestamp"],
        &query["nonce"],
        &query["echostr"],
    );
    opened.map_err(|_| StatusCode::FORBIDDEN)
}

async fn take(
    State(inner): State<Arc<Inner>>,
    Query(query): Query<HashMap<String, String>>,
    raw: String,
) -> (StatusCode, String) {
    let ciphertext = if inner.kind == Kind::Aibot {
        let body: Value = serde_json::from_str(&raw).expect("JSON");
        body["encrypt"].as_str().expect("encrypt").to_owned()
    } else {
        between(&raw, "<Encrypt><![CDATA[", "]]></Encrypt>").to_owned()
    };
    let nonce = query["nonce"].clone();
    let plain = inner
        .codec
        .open(
            &query["msg_signature"],
            &query["timestamp"],
            &nonce,
            &ciphertext,
        )
        .expect("a genuine callback");
    inner
        .seen
        .lock()
        .expect("no panic")
        .push(Seen { query, raw, plain });
    let manner = {
        let mut manners = inner.manners.lock().expect("no panic");
        if manners.len() > 1 {
            manners.remove(0)
        } else {
            manners[0].clone()
        }
    };
    match manner {
        Manner::Empty => (StatusCode::OK, String::new()),
        Manner::Status(status) => (
            StatusCode::from_u16(status).expect("a status"),
            String::new(),
        ),
        Manner::Silent => std::future::pending().await,
        Manner::Reply(plain) => (StatusCode::OK, reply(&inner, &plain, &nonce)),
    }
}

fn reply(inner: &Inner, plain: &str, nonce: &str) -> String {
    let ciphertext = inner.codec.seal(plain, *b"0123456789abcdef");
    let signature = inner.codec.sign("1760000000", nonce, &ciphertext);
    if inner.kind == Kind::Aibot {
        return json!({"encrypt": ciphertext, "msgsignature": signature, "timestamp": 1_760_000_000,
                      "nonce": nonce})
        .to_string();
    }
    format!(
        "<xml><Encrypt><![CDATA[{ciphertext}]]></Encrypt><MsgSignature><![CDATA[{signature}]]></MsgSignature>\
         <TimeStamp>1760000000</TimeStamp><Nonce><![CDATA[{nonce}]]></Nonce></xml>"
    )
}

/// The text between two marks.
pub(crate) fn between<'t>(text: &'t str, start: &str, end: &str) -> &'t str {
    let from = text
        .find(start)
        .unwrap_or_else(|| panic!("{start} in {text}"))
        + start.len();
    let length = text[from..]
        .find(end)
        .unwrap_or_else(|| panic!("{end} in {text}"));
    &text[from..from + length]
}
