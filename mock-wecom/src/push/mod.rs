//! Callbacks: encrypts, signs, posts, repeats, and reads the receiver's reply.

mod body;
mod reply;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::config::{Kind, ReceiverSpec};
use crate::crypto::Codec;
use crate::faults::Action;
use crate::journal::{Entry, EntryKind};
use crate::server::Shared;
use crate::state::World;
use crate::xml::Xml;

pub(crate) use body::Event;
pub(crate) use reply::bot_content;

/// Longer answers are cut off; no valid reply comes near it.
const REPLY_LIMIT: usize = 1024 * 1024;

/// A callback to be sent to one receiver.
#[derive(Debug, Clone)]
pub(crate) struct Push {
    pub(crate) receiver: ReceiverSpec,
    pub(crate) plain: String,
    pub(crate) agent_id: Option<i64>,
    /// Whose conversation shows a passive reply.
    pub(crate) person: Option<String>,
    /// How often the same callback is sent again after a success.
    pub(crate) repeat: u32,
    /// Whether repeats are encrypted anew; `None` leaves it to the switch.
    pub(crate) reencrypt: Option<bool>,
    /// The injected fault it meets.
    fault: Option<Action>,
}

impl Push {
    pub(crate) fn new(receiver: ReceiverSpec, plain: String) -> Self {
        let agent_id = receiver.agent_id;
        Self {
            receiver,
            plain,
            agent_id,
            person: None,
            repeat: 0,
            reencrypt: None,
            fault: None,
        }
    }

    /// The same callback for every receiver of a kind.
    pub(crate) fn to_kind(world: &World, kind: Kind, plain: &str) -> Vec<Self> {
        let receivers = world.receivers_of(kind, None);
        receivers
            .into_iter()
            .map(|receiver| Self::new(receiver, plain.to_owned()))
            .collect()
    }
}

/// How a receiver took a callback.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PushOutcome {
    /// The receiver's name.
    pub receiver: String,
    /// The entry in the journal; 0 while the push is still under way.
    pub journal_id: u64,
    /// The last HTTP status; absent when there was no answer.
    pub http_status: Option<u16>,
    /// How often it was sent.
    pub attempts: u32,
    /// Why there was no answer.
    pub error: Option<String>,
    /// The decrypted passive reply.
    pub reply: Option<Value>,
    /// What was wrong with the answer.
    pub problems: Vec<String>,
    /// The push goes on after this report.
    pub pending: bool,
}

/// One try of a push.
struct Attempt {
    nonce: String,
    status: Option<u16>,
    body: String,
    error: Option<String>,
    took_ms: u64,
}

/// The encrypted request; kept when repeats are to be identical.
#[derive(Clone)]
struct Envelope {
    content_type: &'static str,
    url: String,
    nonce: String,
    body: String,
}

/// Sends all callbacks at once and waits for them as long as the switch says.
pub(crate) async fn deliver(shared: &Arc<Shared>, pushes: Vec<Push>) -> Vec<PushOutcome> {
    let wait = Duration::from_millis(shared.world().switches.control_wait_ms);
    let deadline = tokio::time::Instant::now() + wait;
    let mut outcomes = Vec::new();
    let mut tasks = Vec::new();
    for mut push in pushes {
        let name = push.receiver.name.clone();
        push.fault = shared.world().fault(&format!("callback/{name}"));
        if matches!(push.fault, Some(Action::Lose)) {
            outcomes.push(finish_lost(shared, &push));
            continue;
        }
        // Nobody waits for what is held back: the next callback must be able to overtake it.
        let held = matches!(
            push.fault,
            Some(Action::Reorder { .. } | Action::DelayMs { .. })
        );
        let task = tokio::spawn(send_with_fault(Arc::clone(shared), push));
        if held {
            outcomes.push(unfinished(name, 0, "held back by a fault"));
        } else {
            tasks.push((name, task));
        }
    }
    for (receiver, task) in tasks {
        let outcome = match tokio::time::timeout_at(deadline, task).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(error)) => PushOutcome {
                receiver,
                error: Some(error.to_string()),
                ..PushOutcome::default()
            },
            Err(_) => unfinished(receiver, 1, "no answer yet; the journal will tell"),
        };
        outcomes.push(outcome);
    }
    outcomes
}

fn unfinished(receiver: String, attempts: u32, why: &str) -> PushOutcome {
    PushOutcome {
        receiver,
        attempts,
        pending: true,
        error: Some(why.to_owned()),
        ..PushOutcome::default()
    }
}

/// Lets the fault of a callback strike, then sends it.
async fn send_with_fault(shared: Arc<Shared>, mut push: Push) -> PushOutcome {
    match push.fault {
        Some(Action::Duplicate { copies }) => push.repeat = push.repeat.saturating_add(copies),
        Some(Action::DelayMs { ms }) => tokio::time::sleep(Duration::from_millis(ms)).await,
        Some(Action::Reorder { ms }) => {
            let name = push.receiver.name.clone();
            let patience = Duration::from_millis(ms);
            let mut passed = shared.passed.subscribe();
            let before = passed.borrow().get(&name).copied().unwrap_or_default();
            let overtaken = |counts: &BTreeMap<String, u64>| {
                counts.get(&name).is_some_and(|&count| count > before)
            };
            // Without a successor it goes out late instead of never.
            let _late = tokio::time::timeout(patience, passed.wait_for(overtaken)).await;
        }
        _ => {}
    }
    let name = push.receiver.name.clone();
    let outcome = send(Arc::clone(&shared), push).await;
    shared
        .passed
        .send_modify(|counts| *counts.entry(name).or_default() += 1);
    outcome
}

/// A lost callback only leaves a line in the journal.
fn finish_lost(shared: &Shared, push: &Push) -> PushOutcome {
    let journal_id = record(shared, push, Value::Null, false, 0, Vec::new());
    PushOutcome {
        receiver: push.receiver.name.clone(),
        journal_id,
        error: Some("lost by a fault".to_owned()),
        ..PushOutcome::default()
    }
}

async fn send(shared: Arc<Shared>, push: Push) -> PushOutcome {
    let codec = match codec_of(&shared, &push.receiver) {
        Ok(codec) => codec,
        Err(error) => {
            let receiver = push.receiver.name;
            return PushOutcome {
                receiver,
                error: Some(error.to_string()),
                ..PushOutcome::default()
            };
        }
    };
    let switches = shared.world().switches.clone();
    let reencrypt = push.reencrypt.unwrap_or(switches.reencrypt_repeats);
    let mut envelope = seal(&shared, &codec, &push);
    let mut attempts: Vec<Attempt> = Vec::new();
    let (mut failures, mut repeats) = (0, 0);
    loop {
        let attempt = post(&shared, &envelope, switches.callback_timeout_ms).await;
        let failed = match attempt.status {
            None => true,
            Some(status) => status != 200 && switches.retry_on_non_200,
        };
        attempts.push(attempt);
        if failed {
            failures += 1;
            if failures > switches.callback_repeats {
                break;
            }
            tokio::time::sleep(Duration::from_millis(switches.callback_repeat_delay_ms)).await;
        } else if repeats < push.repeat {
            repeats += 1;
        } else {
            break;
        }
        if reencrypt {
            envelope = seal(&shared, &codec, &push);
        }
    }
    finish(&shared, &codec, &push, &attempts)
}

/// The codec of a receiver; the receive id follows from its kind unless it is given.
pub(crate) fn codec_of(
    shared: &Shared,
    receiver: &ReceiverSpec,
) -> Result<Codec, crate::crypto::CryptoError> {
    let usual = if receiver.kind == Kind::Aibot {
        String::new()
    } else {
        shared.world().corp_id.clone()
    };
    let receive_id = receiver.receive_id.clone().unwrap_or(usual);
    Codec::new(&receiver.token, &receiver.encoding_aes_key, &receive_id)
}

fn seal(shared: &Shared, codec: &Codec, push: &Push) -> Envelope {
    let timestamp = shared.clock.now().to_string();
    let (nonce, random, corp_id) = {
        let mut world = shared.world();
        (
            world.ids.text("", 12),
            world.ids.block(),
            world.corp_id.clone(),
        )
    };
    let ciphertext = codec.seal(&push.plain, random);
    let signature = codec.sign(&timestamp, &nonce, &ciphertext);
    let (content_type, body) = if push.receiver.kind == Kind::Aibot {
        let body = json!({"encrypt": ciphertext}).to_string();
        ("application/json", body)
    } else {
        let agent_id = push.agent_id.map(|id| id.to_string());
        let body = Xml::new()
            .text("ToUserName", &corp_id)
            .maybe("AgentID", agent_id.as_deref())
            .text("Encrypt", &ciphertext)
            .end();
        ("text/xml", body)
    };
    let query = [
        ("msg_signature", signature),
        ("timestamp", timestamp),
        ("nonce", nonce.clone()),
    ];
    Envelope {
        content_type,
        url: with_query(&push.receiver.url, &query),
        nonce,
        body,
    }
}

/// Adds parameters to a URL, percent-encoded.
fn with_query(url: &str, parameters: &[(&str, String)]) -> String {
    match reqwest::Url::parse(url) {
        Ok(mut url) => {
            url.query_pairs_mut().extend_pairs(parameters);
            url.to_string()
        }
        // An unreadable URL fails where it is used, with its reason.
        Err(_) => url.to_owned(),
    }
}

async fn post(shared: &Shared, envelope: &Envelope, timeout_ms: u64) -> Attempt {
    let request = shared
        .http
        .post(&envelope.url)
        .header("content-type", envelope.content_type)
        .body(envelope.body.clone())
        .timeout(Duration::from_millis(timeout_ms));
    let nonce = envelope.nonce.clone();
    let began = Instant::now();
    let read = async {
        let mut response = request.send().await?;
        let status = response.status().as_u16();
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > REPLY_LIMIT {
                break;
            }
        }
        Ok::<_, reqwest::Error>((status, String::from_utf8_lossy(&bytes).into_owned()))
    };
    match read.await {
        Ok((status, body)) => Attempt {
            nonce,
            status: Some(status),
            body,
            error: None,
            took_ms: since(began),
        },
        Err(error) => {
            let why = chain(&error.without_url());
            Attempt {
                nonce,
                status: None,
                body: String::new(),
                error: Some(why),
                took_ms: since(began),
            }
        }
    }
}

/// Milliseconds of real time since then.
pub(crate) fn since(began: Instant) -> u64 {
    u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// An error with its causes on one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

/// Reads the reply of the last try, shows it in the chat and writes the journal.
fn finish(shared: &Shared, codec: &Codec, push: &Push, attempts: &[Attempt]) -> PushOutcome {
    let mut outcome = PushOutcome {
        receiver: push.receiver.name.clone(),
        attempts: u32::try_from(attempts.len()).unwrap_or(u32::MAX),
        ..PushOutcome::default()
    };
    let mut obeyed = true;
    if let Some(last) = attempts.last() {
        outcome.http_status = last.status;
        outcome.error.clone_from(&last.error);
        if last.status == Some(200) {
            let read = reply::read(codec, push, &last.nonce, &last.body);
            outcome.reply = read.reply;
            outcome.problems = read.problems;
            if let Some(reply) = &outcome.reply {
                let switches = shared.world().switches.clone();
                obeyed = reply::judge(&switches, push, reply, &mut outcome.problems);
            }
        }
    }
    let tries: Vec<Value> = attempts
        .iter()
        .map(|attempt| {
            json!({"http_status": attempt.status, "error": attempt.error,
                   "body": attempt.body, "took_ms": attempt.took_ms})
        })
        .collect();
    let took_ms = attempts.iter().map(|attempt| attempt.took_ms).sum();
    let response =
        json!({"http_status": outcome.http_status, "attempts": tries, "reply": outcome.reply});
    if let (Some(reply), Some(person), true) = (&outcome.reply, &push.person, obeyed) {
        let now = shared.clock.now();
        reply::show(&mut shared.world(), push, person, reply, now);
    }
    let applied = outcome.http_status == Some(200);
    outcome.journal_id = record(
        shared,
        push,
        response,
        applied,
        took_ms,
        outcome.problems.clone(),
    );
    outcome
}

fn record(
    shared: &Shared,
    push: &Push,
    response: Value,
    applied: bool,
    took_ms: u64,
    problems: Vec<String>,
) -> u64 {
    let entry = Entry {
        id: 0,
        kind: EntryKind::Callback,
        time_ms: shared.clock.now_ms(),
        took_ms,
        path: push.receiver.name.clone(),
        request: json!({"url": push.receiver.url, "plain": push.plain}),
        response,
        errcode: None,
        applied,
        problems,
        fault: push.fault.as_ref().map(|action| format!("{action:?}")),
    };
    shared.world().record(entry)
}

/// Saves the callback configuration as the console does: by a GET with an encrypted echo.
pub(crate) async fn verify(shared: &Arc<Shared>, receiver: &ReceiverSpec) -> Result<(), String> {
    let wanted = shared.world().switches.verify_receive_id.clone();
    let mut receiver = receiver.clone();
    if !wanted.is_empty() {
        receiver.receive_id = Some(wanted);
    }
    let codec = codec_of(shared, &receiver).map_err(|error| error.to_string())?;
    let (nonce, random, number) = {
        let mut world = shared.world();
        (world.ids.text("", 10), world.ids.block(), world.ids.next())
    };
    let echo = format!("{number:020}");
    let timestamp = shared.clock.now().to_string();
    let ciphertext = codec.seal(&echo, random);
    let signature = codec.sign(&timestamp, &nonce, &ciphertext);
    let query = [
        ("msg_signature", signature),
        ("timestamp", timestamp),
        ("nonce", nonce),
        ("echostr", ciphertext),
    ];
    let request = shared
        .http
        .get(with_query(&receiver.url, &query))
        .timeout(Duration::from_secs(1));
    let response = request
        .send()
        .await
        .map_err(|error| chain(&error.without_url()))?;
    let status = response.status();
    let body = response
        .text()
        .await
        .map_err(|error| chain(&error.without_url()))?;
    if status.as_u16() != 200 {
        return Err(format!("the answer was HTTP {status}"));
    }
    if body != echo {
        return Err(format!(
            "the body must be the {} plain bytes and nothing else",
            echo.len()
        ));
    }
    Ok(())
}
