//! The way between the agent and the small WeCom: slow, torn, late, or all of it at once.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::Value;

use crate::time::SimTime;
use crate::wecom::{Wecom, no};
use wecom_agent::wecom::client::Carrier;

/// What becomes of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Luck {
    Fine,
    /// No connection: certainly not done.
    Unreachable,
    /// The request is lost on the way.
    LostThere,
    /// Done, and the answer is lost on the way back.
    LostBack,
    /// The connection is lost, and the request arrives all the same, later.
    Late,
    /// A proxy answers, the request got through or not.
    BadGateway {
        done: bool,
    },
    /// "System busy", done or not.
    Busy {
        done: bool,
    },
    /// Too many calls: certainly not done.
    TooMany,
    /// Done, and the answer cannot be read.
    Garbled,
    /// The token is worth nothing from now on.
    TokenGone,
}

/// How a link behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weather {
    /// Every call is answered at once.
    Fine,
    /// Calls take their time; some are lost.
    Rough,
    /// Nothing gets through.
    Down,
}

/// The link of all processes of one story.
pub(crate) struct Link {
    inner: Mutex<Inner>,
    time: Arc<SimTime>,
    http: reqwest::Client,
}

struct Inner {
    wecom: Wecom,
    weather: Weather,
    dice: StdRng,
    /// Every call and what became of it: two runs of a seed must agree.
    journal: Vec<String>,
}

impl Link {
    pub(crate) fn new(wecom: Wecom, time: Arc<SimTime>, seed: u64) -> Arc<Self> {
        Arc::new(Self {
            inner: Mutex::new(Inner {
                wecom,
                weather: Weather::Fine,
                dice: StdRng::seed_from_u64(seed),
                journal: Vec::new(),
            }),
            time,
            http: crate::http(),
        })
    }

    pub(crate) fn set(&self, weather: Weather) {
        self.lock().weather = weather;
    }

    /// What was called, and what became of it.
    pub(crate) fn journal(&self) -> Vec<String> {
        self.lock().journal.clone()
    }

    /// Looks at WeCom, or lets something happen there.
    pub(crate) fn wecom<T>(&self, look: impl FnOnce(&mut Wecom) -> T) -> T {
        look(&mut self.lock().wecom)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("the link")
    }

    fn apply(&self, call: &Call) -> Value {
        let now = self.time.true_now().0;
        self.wecom(|wecom| wecom.call(&call.path, &call.query, &call.body, now))
    }

    fn unreachable(&self) -> reqwest::Error {
        let bad = self.http.get("no address at all").build();
        bad.expect_err("not an address")
    }
}

struct Call {
    path: String,
    query: BTreeMap<String, String>,
    body: Value,
}

impl Call {
    fn of(request: &reqwest::Request) -> Self {
        let url = request.url();
        let body = request.body().and_then(reqwest::Body::as_bytes);
        let body = body.map(|body| serde_json::from_slice(body).expect("JSON"));
        Self {
            path: url.path().trim_start_matches("/cgi-bin/").to_owned(),
            query: url.query_pairs().into_owned().collect(),
            body: body.unwrap_or_default(),
        }
    }
}

impl Inner {
    /// What becomes of a call, and how long it takes there and back.
    fn throw(&mut self, path: &str) -> (Luck, Duration, Duration) {
        let (there, back) = match self.weather {
            Weather::Fine => (Duration::ZERO, Duration::ZERO),
            Weather::Down => return (Luck::Unreachable, Duration::ZERO, Duration::ZERO),
            Weather::Rough => (
                Duration::from_millis(self.dice.random_range(0..50)),
                Duration::from_millis(self.dice.random_range(0..2000)),
            ),
        };
        if self.weather == Weather::Fine {
            return (Luck::Fine, there, back);
        }
        let luck = match self.dice.random_range(0..100) {
            0..4 => Luck::Unreachable,
            4..8 => Luck::LostThere,
            8..13 => Luck::LostBack,
            // A tag that is set so late would undo a newer one: no client can help that.
            13..15 if path != "externalcontact/mark_tag" => Luck::Late,
            15..17 => Luck::BadGateway { done: false },
            17..19 => Luck::BadGateway { done: true },
            19..21 => Luck::Busy { done: false },
            21..23 => Luck::Busy { done: true },
            23..25 => Luck::TooMany,
            25..27 => Luck::Garbled,
            27 => Luck::TokenGone,
            _ => Luck::Fine,
        };
        (luck, there, back)
    }
}

fn answer(status: u16, body: impl Into<reqwest::Body>) -> reqwest::Response {
    let response = axum::http::Response::builder()
        .status(status)
        .body(body.into());
    response.expect("a response").into()
}

/// An answer whose body breaks off.
fn torn() -> reqwest::Response {
    let reset = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
    let broken = futures_util::stream::iter([Err::<bytes::Bytes, _>(reset)]);
    answer(200, reqwest::Body::wrap_stream(broken))
}

/// The way of one process: a call under way when it dies is done or not, as far as it got.
pub(crate) struct Way(pub(crate) Arc<Link>);

#[async_trait]
impl Carrier for Way {
    async fn carry(&self, request: reqwest::Request) -> reqwest::Result<reqwest::Response> {
        let link = &self.0;
        let call = Call::of(&request);
        let (luck, there, back) = {
            let mut inner = link.lock();
            let thrown = inner.throw(&call.path);
            let line = format!("{} {} {:?}", link.time.true_now().0, call.path, thrown.0);
            inner.journal.push(line);
            thrown
        };
        tokio::time::sleep(there).await;
        let json = |value: Value| answer(200, value.to_string());
        let response = match luck {
            Luck::Unreachable => return Err(link.unreachable()),
            Luck::LostThere => torn(),
            Luck::BadGateway { done: false } => answer(502, "<html>"),
            Luck::Busy { done: false } => json(no(-1, "system busy")),
            Luck::TooMany => json(no(45009, "api freq out of limit")),
            Luck::TokenGone => {
                link.wecom(Wecom::revoke);
                json(link.apply(&call))
            }
            Luck::Late => {
                let link = Arc::clone(link);
                tokio::spawn(async move {
                    tokio::time::sleep(Duration::from_secs(7)).await;
                    link.apply(&call);
                });
                torn()
            }
            Luck::LostBack => {
                link.apply(&call);
                torn()
            }
            Luck::BadGateway { done: true } => {
                link.apply(&call);
                answer(502, "<html>")
            }
            Luck::Busy { done: true } => {
                link.apply(&call);
                json(no(-1, "system busy"))
            }
            Luck::Garbled => {
                link.apply(&call);
                answer(200, "{\"errcode\"")
            }
            Luck::Fine => json(link.apply(&call)),
        };
        tokio::time::sleep(back).await;
        Ok(response)
    }
}
