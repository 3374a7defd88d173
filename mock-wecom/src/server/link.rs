//! The long connection of intelligent bots: WebSocket frames, one connection for each bot.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::extract::{FromRequestParts, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};
use tokio::sync::mpsc;

use super::Shared;
use crate::api::longlink::{self, Order};
use crate::errcode::{self, ApiError};
use crate::faults::Action;
use crate::journal::{Entry, EntryKind};

/// The address of its own, for clients that keep a path; `/` is the platform's.
const PATH: &str = "/aibot/ws";

/// What the mock puts on a connection.
#[derive(Debug)]
pub(crate) enum Out {
    Frame(Value),
    /// Ends the connection after what was sent before.
    Close,
}

/// A bot's connection.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    number: u64,
    pub(crate) out: mpsc::UnboundedSender<Out>,
}

/// Takes WebSocket requests at `/` and `/aibot/ws`; everything else goes on.
pub(super) async fn upgrade(
    State(shared): State<Arc<Shared>>,
    request: Request,
    next: Next,
) -> Response {
    let is_here = ["/", PATH].contains(&request.uri().path());
    let wants = request
        .headers()
        .get("upgrade")
        .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"));
    if !is_here || !wants {
        return next.run(request).await;
    }
    let (mut parts, _) = request.into_parts();
    match WebSocketUpgrade::from_request_parts(&mut parts, &shared).await {
        Ok(upgrade) => upgrade
            .on_upgrade(move |socket| serve(shared, socket))
            .into_response(),
        Err(rejection) => rejection.into_response(),
    }
}

/// A connection under way.
struct Connection {
    shared: Arc<Shared>,
    number: u64,
    /// The bot, once it has subscribed.
    bot_id: Option<String>,
    out: mpsc::UnboundedSender<Out>,
}

async fn serve(shared: Arc<Shared>, mut socket: WebSocket) {
    let (out, mut outgoing) = mpsc::unbounded_channel();
    let number = shared.world().ids.number();
    let mut connection = Connection {
        shared: Arc::clone(&shared),
        number,
        bot_id: None,
        out,
    };
    loop {
        let step = tokio::select! {
            () = shared.closed() => None,
            frame = outgoing.recv() => match frame {
                Some(Out::Frame(frame)) => Some(frame.to_string()),
                Some(Out::Close) | None => None,
            },
            message = socket.recv() => match message {
                Some(Ok(Message::Text(text))) => match connection.take(text.as_str()).await {
                    Taken::Answer(answer) => Some(answer),
                    Taken::Silence => continue,
                    Taken::Cut => break,
                },
                Some(Ok(Message::Close(_)) | Err(_)) | None => break,
                Some(Ok(_)) => continue,
            },
        };
        match step {
            Some(text) => {
                if socket.send(Message::Text(text.into())).await.is_err() {
                    break;
                }
            }
            None => {
                let close = CloseFrame {
                    code: close_code::NORMAL,
                    reason: "".into(),
                };
                // The other end may be gone already.
                let _closed = socket.send(Message::Close(Some(close))).await;
                break;
            }
        }
    }
    connection.leave();
}

/// What becomes of a frame.
enum Taken {
    Answer(String),
    Silence,
    Cut,
}

impl Connection {
    async fn take(&mut self, text: &str) -> Taken {
        let frame: Map<String, Value> = match serde_json::from_str(text) {
            Ok(frame) => frame,
            Err(error) => {
                let why = errcode::BAD_PARAMETER.about(format!("no JSON frame: {error}"));
                return Taken::Answer(ack("", Err(why)).to_string());
            }
        };
        let name = frame.get("cmd").and_then(Value::as_str).unwrap_or_default();
        let req_id = frame.get("headers").map(|headers| &headers["req_id"]);
        let req_id = req_id.and_then(Value::as_str).unwrap_or_default();
        let body = frame.get("body").and_then(Value::as_object);
        let empty = Map::new();
        let body = body.unwrap_or(&empty);
        if name.is_empty() {
            // Clients acknowledge callbacks, which needs no answer.
            return Taken::Silence;
        }
        let path = format!("aibot/ws/{name}");
        let fault = self.shared.world().fault(&path);
        let wait = match &fault {
            Some(Action::DelayMs { ms }) => *ms,
            _ => 0,
        };
        tokio::time::sleep(Duration::from_millis(wait)).await;
        let spared = matches!(
            fault,
            Some(Action::Hang | Action::DropBefore | Action::Errcode { applied: false, .. })
        );
        let mut problems = Vec::new();
        let answer = match (&fault, spared) {
            (Some(Action::Errcode { code, .. }), true) => {
                Err(ApiError::numbered(*code, "injected fault"))
            }
            (_, true) => Ok(None),
            _ => self.run(name, req_id, body, &mut problems),
        };
        let applied = answer.is_ok() && !spared;
        let answer = match (&fault, applied) {
            (Some(Action::Errcode { code, .. }), true) => {
                ack(req_id, Err(ApiError::numbered(*code, "injected fault")))
            }
            _ => ack(req_id, answer),
        };
        self.journal(&path, &frame, &answer, applied, problems, fault.as_ref());
        match fault {
            Some(Action::Hang) => Taken::Silence,
            Some(Action::DropBefore | Action::DropAfter) => Taken::Cut,
            Some(Action::Garble) => Taken::Answer("\u{fffd}<html>502".to_owned()),
            Some(Action::Truncate) => {
                let text = answer.to_string();
                Taken::Answer(text.chars().take(text.chars().count() / 2).collect())
            }
            _ => Taken::Answer(answer.to_string()),
        }
    }

    fn run(
        &mut self,
        name: &str,
        req_id: &str,
        body: &Map<String, Value>,
        problems: &mut Vec<String>,
    ) -> Result<Option<Value>, ApiError> {
        match name {
            "ping" => return Ok(None),
            "aibot_subscribe" => return self.subscribe(body).map(|()| None),
            _ => {}
        }
        let bot_id = self.bot_id.clone();
        let bot_id = bot_id.ok_or_else(|| errcode::BAD_PARAMETER.about("not subscribed"))?;
        let order = Order {
            bot_id: &bot_id,
            req_id,
            body,
            now: self.shared.clock.now(),
        };
        let done = longlink::run(&mut self.shared.world(), name, &order, problems)?;
        let passed = &self.shared.passed;
        passed.send_modify(|counts| *counts.entry("aibot/ws".to_owned()).or_default() += 1);
        Ok(done)
    }

    /// The newest connection is the bot's; the one before is told and ended.
    fn subscribe(&mut self, body: &Map<String, Value>) -> Result<(), ApiError> {
        let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
        let (bot_id, secret) = (text("bot_id"), text("secret"));
        let msgid = {
            let mut world = self.shared.world();
            let known = world.links.bots.get(bot_id);
            let known = known.ok_or_else(|| errcode::BAD_PARAMETER.about("bot_id"))?;
            if known != secret {
                return Err(errcode::BAD_SECRET.plain());
            }
            world.ids.text("BM", 30)
        };
        let link = Link {
            number: self.number,
            out: self.out.clone(),
        };
        let before = self.shared.links().insert(bot_id.to_owned(), link);
        if let Some(before) = before.filter(|before| before.number != self.number) {
            let body = json!({"msgid": msgid, "aibotid": bot_id,
                "create_time": self.shared.clock.now(), "msgtype": "event",
                "event": {"eventtype": "disconnected_event"}});
            let frame = json!({"cmd": "aibot_event_callback",
                "headers": {"req_id": format!("CB_{msgid}")}, "body": body});
            // A connection that is gone needs no goodbye.
            let _told = before.out.send(Out::Frame(frame));
            let _ended = before.out.send(Out::Close);
        }
        self.bot_id = Some(bot_id.to_owned());
        Ok(())
    }

    fn leave(&self) {
        let Some(bot_id) = &self.bot_id else {
            return;
        };
        let mut links = self.shared.links();
        if links
            .get(bot_id)
            .is_some_and(|link| link.number == self.number)
        {
            links.remove(bot_id);
        }
    }

    fn journal(
        &self,
        path: &str,
        frame: &Map<String, Value>,
        answer: &Value,
        applied: bool,
        problems: Vec<String>,
        fault: Option<&Action>,
    ) {
        let mut request = Value::Object(frame.clone());
        if let Some(secret) = request.pointer_mut("/body/secret") {
            *secret = json!("(left out)");
        }
        let entry = Entry {
            id: 0,
            kind: EntryKind::Call,
            time_ms: self.shared.clock.now_ms(),
            took_ms: 0,
            path: path.to_owned(),
            request,
            response: answer.clone(),
            errcode: answer["errcode"].as_i64(),
            applied,
            problems,
            fault: fault.map(|action| format!("{action:?}")),
        };
        self.shared.world().record(entry);
    }
}

fn ack(req_id: &str, done: Result<Option<Value>, ApiError>) -> Value {
    let headers = json!({"req_id": req_id});
    match done {
        Ok(None) => json!({"headers": headers, "errcode": 0, "errmsg": "ok"}),
        Ok(Some(body)) => {
            json!({"headers": headers, "errcode": 0, "errmsg": "ok", "body": body})
        }
        Err(error) => json!({"headers": headers, "errcode": error.code, "errmsg": error.text}),
    }
}
