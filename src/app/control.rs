//! The way in for the operators' verbs while the server holds the data folder: a socket inside it.
//!
//! Only our own account may open the socket; nothing listens on the network.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use bytes::Bytes;
use hyper::body::Frame;
use serde::{Deserialize, Serialize};
use tokio::net::UnixListener;

use super::broadcasts::{self, BroadcastDetail};
use super::channels::{self, KnownChannels};
use super::deeds::{self, Operator};
use super::people::{self, ContactPage, ContactQuery};
use super::sops::{self, SopReply, SopRequest};
use super::versions::{self, History};
use super::{Loops, look};
use crate::backup::{Head, stream};
use crate::channels::plan::Known;
use crate::config::Config;
use crate::domain::clock::{SharedClock, UnixMillis};
use crate::domain::contact::Contact;
use crate::domain::ids::{BroadcastId, CorpId, Person, RuleId};
use crate::receive::sync_contacts::{self, SyncStatus};
use crate::store::{
    AuditEntry, AuditQuery, Broadcast, BroadcastQuery, Depths, Erasure, ItemId, NewRecord,
    PastRecord, QueueDetail, QueueFilter, QueueItem, RecordQuery, Store, StoreError,
};
use crate::versions::{FileSet, Kept, Reason};

/// One answer holds at most so many records.
const MOST_RECORDS: usize = 500;

/// What these verbs can ask for.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// Items by state.
    List(QueueFilter),
    /// One item.
    Show(ItemId),
    /// Back into the queue.
    Redrive(ItemId),
    /// Given up for good.
    Discard(ItemId, String),
    /// How many of each.
    Depths,
    /// What time it is for whoever holds the data.
    Now,
    /// Records in order, with what became of them.
    Records(RecordQuery),
    /// The newest records of one person.
    RecordsOf(Person, usize),
    /// Contacts by their id, their name or the remark of a member.
    Find(String),
    /// Whether somebody of exactly this id is known, be it only by a message.
    IsKnown(Person),
    /// Contacts or groups by what is known of them, page by page.
    Contacts(ContactQuery),
    /// What is known of our channel codes.
    Channels,
    /// Notes what is known of one.
    KeepChannel(String, Known),
    /// How far contacts are in step with WeCom.
    Sync {
        /// Everything is to be read again now.
        full: bool,
    },
    /// Contacts with tags that a rule has set since a time, page by page.
    Tagged(TagQuery),
    /// SOPs: how they stand, and what is done to them.
    Sop(Box<SopRequest>),
    /// The rules, SOPs included, whose tags contacts carry.
    TaggingRules,
    /// How often rules with a daily limit have fired on a day.
    RuleUses(jiff::civil::Date),
    /// Records of our own to take in.
    Accept(Vec<NewRecord>),
    /// Broadcasts, the newest first.
    Broadcasts(BroadcastQuery),
    /// One broadcast with its targets.
    Broadcast(BroadcastId),
    /// Take a broadcast back.
    CancelBroadcast(BroadcastId),
    /// The versions of the operators' files.
    Versions,
    /// One version with its files.
    Version(u64),
    /// Keep these files as a version before going back to another.
    KeepVersion(Box<FileSet>),
    /// A change, and who wants it.
    By(Operator, Box<Self>),
    /// What is known of a person.
    Erasure(Person),
    /// Forget a person, on behalf of this account.
    Erase(Person, String),
    /// What operators did.
    Deeds(AuditQuery),
}

/// Which contacts carry tags of a rule.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TagQuery {
    /// The rule.
    pub rule: RuleId,
    /// Set at this time or later.
    pub since: UnixMillis,
    /// Only contacts behind this one.
    pub after: Option<Person>,
}

/// Some of the contacts that carry tags of a rule.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct TaggedPage {
    /// Those found among the contacts that were looked at.
    pub found: Vec<Contact>,
    /// Where to go on; `None` at the end.
    pub next: Option<Person>,
}

/// The answers, one for each request.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// To `List`.
    Items(Vec<QueueItem>),
    /// To `Show`.
    Detail(Option<Box<QueueDetail>>),
    /// To `Redrive`, `Discard` and `CancelBroadcast`: whether there was such an item in a fitting state.
    Changed(bool),
    /// To `Depths`.
    Depths(Depths),
    /// To `Now`.
    Now(UnixMillis),
    /// To `Records` and `RecordsOf`.
    Records(Vec<PastRecord>),
    /// To `IsKnown`.
    Known(bool),
    /// To `Find`.
    Contacts(Vec<Contact>),
    /// To `Contacts`.
    ContactPage(ContactPage),
    /// To `Channels` and `KeepChannel`.
    Channels(KnownChannels),
    /// To `Sync`.
    Sync(Box<SyncStatus>),
    /// To `Tagged`.
    Tagged(TaggedPage),
    /// To `Sop`.
    Sop(Box<SopReply>),
    /// To `TaggingRules`.
    Rules(Vec<RuleId>),
    /// To `RuleUses`.
    Uses(BTreeMap<RuleId, u32>),
    /// To `Accept`: how many were new.
    Accepted(usize),
    /// To `Broadcasts`.
    Broadcasts(Vec<Broadcast>),
    /// To `Broadcast`.
    Broadcast(Option<Box<BroadcastDetail>>),
    /// To `Versions`.
    Versions(Box<History>),
    /// To `Version`.
    Version(Option<Box<Kept>>),
    /// To `KeepVersion`: its number.
    VersionKept(u64),
    /// To `Erasure` and `Erase`.
    Erasure(Erasure),
    /// To `Deeds`.
    Deeds(Vec<AuditEntry>),
}

/// Carries out a request on a store.
///
/// # Errors
/// If the store fails.
pub async fn carry_out(
    store: &dyn Store,
    clock: &SharedClock,
    request: Request,
) -> Result<Reply, StoreError> {
    let now = clock.now();
    Ok(match request {
        Request::List(filter) => Reply::Items(store.list(filter).await?),
        Request::Show(item) => Reply::Detail(store.show(item).await?.map(Box::new)),
        Request::Redrive(item) => Reply::Changed(store.redrive(item, now).await?),
        Request::Discard(item, reason) => Reply::Changed(store.discard(item, &reason, now).await?),
        Request::Depths => Reply::Depths(store.depths(now).await?),
        Request::Now => Reply::Now(now),
        Request::Records(mut query) => {
            query.limit = query.limit.min(MOST_RECORDS);
            Reply::Records(store.records(query).await?)
        }
        Request::RecordsOf(person, limit) => {
            Reply::Records(look::records_of(store, &person, limit.min(MOST_RECORDS)).await?)
        }
        Request::Find(name) => Reply::Contacts(look::find(store, &name).await?),
        Request::IsKnown(person) => Reply::Known(look::is_known(store, &person).await?),
        Request::Contacts(query) => Reply::ContactPage(people::page(store, &query, now).await?),
        Request::Channels => Reply::Channels(channels::all(store).await?),
        Request::KeepChannel(key, known) => {
            channels::keep(store, key, known).await?;
            Reply::Channels(channels::all(store).await?)
        }
        Request::Sync { full } => {
            if full {
                sync_contacts::wish(store, now).await?;
            }
            Reply::Sync(Box::new(sync_contacts::status(store).await?))
        }
        Request::Tagged(query) => Reply::Tagged(look::tagged(store, query).await?),
        Request::Sop(request) => Reply::Sop(Box::new(sops::carry_out(store, now, *request).await?)),
        Request::TaggingRules => Reply::Rules(look::tagging_rules(store).await?),
        Request::RuleUses(day) => Reply::Uses(store.rule_uses(day).await?),
        Request::Accept(records) => Reply::Accepted(look::accept(store, records).await?),
        Request::Broadcasts(query) => Reply::Broadcasts(store.broadcasts(query).await?),
        Request::Broadcast(id) => {
            Reply::Broadcast(broadcasts::detail(store, id).await?.map(Box::new))
        }
        Request::CancelBroadcast(id) => Reply::Changed(broadcasts::cancel(store, id, now).await?),
        Request::Versions => Reply::Versions(Box::new(versions::history(store).await?)),
        Request::Version(number) => {
            Reply::Version(versions::version(store, number).await?.map(Box::new))
        }
        Request::KeepVersion(set) => {
            let kept = versions::keep(store, &set, Reason::BeforeRollback, now).await?;
            Reply::VersionKept(kept)
        }
        Request::By(operator, request) => {
            let outcome = Box::pin(carry_out(store, clock, *request)).await;
            deeds::note(store, operator, &outcome, now).await?;
            outcome?
        }
        Request::Erasure(person) => Reply::Erasure(store.erasure(&person).await?),
        Request::Erase(person, who) => {
            Reply::Erasure(deeds::erase(store, &person, who, now).await?)
        }
        Request::Deeds(query) => Reply::Deeds(store.deeds(query).await?),
    })
}

/// Where the socket of the data folder is. A store that several processes can open needs none.
#[must_use]
pub fn socket_path(config: &Config) -> Option<PathBuf> {
    Some(config.data_folder()?.join("control.sock"))
}

pub(super) fn serve(config: &Config, store: Arc<dyn Store>, clock: SharedClock, loops: &mut Loops) {
    let Some(path) = socket_path(config) else {
        return;
    };
    // The store's lock is ours, so a socket that is still there is a dead server's.
    drop(std::fs::remove_file(&path));
    let listener = match bind(&path) {
        Ok(listener) => listener,
        Err(error) => {
            tracing::warn!(%error, "the operators' verbs cannot be used while this server runs");
            return;
        }
    };
    let router = Router::new()
        .route("/", post(answer))
        .route("/backup", post(backup))
        // Only our own account gets here, and a set of files may be large.
        .layer(DefaultBodyLimit::disable())
        .with_state(Held {
            store,
            clock,
            corp: config.corp.clone(),
        });
    let shutdown = loops.shutdown.clone();
    loops.tasks.spawn(async move {
        let stop = async move { shutdown.wait().await };
        if let Err(error) = axum::serve(listener, router)
            .with_graceful_shutdown(stop)
            .await
        {
            tracing::warn!(%error, "the control socket failed");
        }
        drop(std::fs::remove_file(&path));
    });
}

/// A socket for our own account alone, however open the folder is.
fn bind(path: &Path) -> std::io::Result<UnixListener> {
    use std::os::unix::fs::PermissionsExt as _;
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// What the server holds.
#[derive(Clone)]
struct Held {
    store: Arc<dyn Store>,
    clock: SharedClock,
    corp: CorpId,
}

/// Everything as it is now, as a backup.
async fn backup(State(held): State<Held>) -> Body {
    let head = Head::new(held.corp, held.clock.now());
    Body::new(Pieces(stream(held.store, head)))
}

/// The pieces of a backup as the body of a response. One that fails is cut off, and seen to
/// be: the end is missing.
struct Pieces(tokio::sync::mpsc::Receiver<Result<Bytes, StoreError>>);

impl hyper::body::Body for Pieces {
    type Data = Bytes;
    type Error = StoreError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, StoreError>>> {
        let piece = self.0.poll_recv(context);
        piece.map(|piece| piece.map(|piece| piece.map(Frame::data)))
    }
}

async fn answer(
    State(held): State<Held>,
    Json(request): Json<Request>,
) -> Result<Json<Reply>, (StatusCode, String)> {
    // What was asked for is done to its end, also when nobody waits any more.
    let doing =
        tokio::spawn(async move { carry_out(held.store.as_ref(), &held.clock, request).await });
    let reply = doing
        .await
        .unwrap_or_else(|error| Err(StoreError::engine(error)));
    reply
        .map(Json)
        .map_err(|error| (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))
}

/// Talks to a running server.
pub struct ControlClient(reqwest::Client);

impl ControlClient {
    /// A client of the server behind this socket.
    ///
    /// # Errors
    /// If the HTTP client cannot be built.
    pub fn new(socket: &Path) -> reqwest::Result<Self> {
        crate::gateway::install_crypto();
        Ok(Self(
            reqwest::Client::builder().unix_socket(socket).build()?,
        ))
    }

    /// Asks the server.
    ///
    /// # Errors
    /// If no server answers, or its store fails.
    pub async fn ask(&self, request: &Request) -> reqwest::Result<Reply> {
        let response = self.0.post("http://control/").json(request).send().await?;
        response.error_for_status()?.json().await
    }

    /// Everything that the server holds, as a backup.
    ///
    /// # Errors
    /// If no server answers.
    pub async fn backup(&self) -> reqwest::Result<reqwest::Response> {
        let asked = self.0.post("http://control/backup").send().await?;
        asked.error_for_status()
    }
}
