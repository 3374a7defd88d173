//! Where a run stands, and what the last one came to: facts in the store.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::domain::clock::UnixMillis;
use crate::domain::ids::{ChatId, Person};
use crate::store::{Result, Store};

/// The run under way.
pub(super) const RUN: &str = "sync/run";
/// The members whose customers the run reads; written once.
pub(super) const MEMBERS: &str = "sync/members";
/// The last run that came to its end.
pub(super) const LAST: &str = "sync/last";
/// The company's tags by id, as last read.
pub(super) const TAGS: &str = "sync/tags";
/// Why no run can begin.
pub(super) const PROBLEM: &str = "sync/problem";
/// An operator wants a run now.
const WISH: &str = "sync/wish";
/// WeCom said that the company's tags changed.
const TAGS_CHANGED: &str = "sync/tags_changed";

/// A run, as it is kept after every page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Run {
    pub(super) began_at: UnixMillis,
    pub(super) phase: Phase,
    /// The first member of the batch at hand.
    #[serde(default)]
    pub(super) next: usize,
    /// So many members in the batch at hand.
    pub(super) width: usize,
    #[serde(default)]
    pub(super) cursor: Option<String>,
    /// The cursor was refused once already.
    #[serde(default)]
    pub(super) restarted: bool,
    /// Groups are listed owner by owner: there are too many for one list.
    #[serde(default)]
    pub(super) by_owner: bool,
    /// The list of groups is at its end.
    #[serde(default)]
    pub(super) listed: bool,
    /// Groups of the page at hand that are still to be read.
    #[serde(default)]
    pub(super) chats: Vec<ChatId>,
    /// The last contact that was looked at.
    #[serde(default)]
    pub(super) after: Option<Person>,
    #[serde(default)]
    pub(super) counts: Counts,
    #[serde(default)]
    pub(super) problems: Vec<Problem>,
}

/// What a run is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Customers of every member, by the members' lists.
    Customers,
    /// Customers whom a list should have had and did not.
    LostCustomers,
    /// Customer groups.
    Groups,
    /// Groups that the list should have had and did not.
    LostGroups,
}

impl Phase {
    /// The word for logs and pages.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Customers => "customers",
            Self::LostCustomers => "lost_customers",
            Self::Groups => "groups",
            Self::LostGroups => "lost_groups",
        }
    }
}

/// What a run has read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counts {
    /// Pairs of member and customer.
    pub relations: u64,
    /// Customer groups.
    pub groups: u64,
    /// Customers whom nobody has any more, and groups that were dissolved.
    pub lost: u64,
}

/// What a run could not read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// While it read this.
    pub phase: Phase,
    /// Why.
    pub reason: String,
}

/// A run that came to its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finished {
    /// When it began.
    pub began_at: UnixMillis,
    /// When it ended.
    pub ended_at: UnixMillis,
    /// What it read.
    pub counts: Counts,
    /// What it could not read.
    #[serde(default)]
    pub problems: Vec<Problem>,
}

/// How the contacts stand, for people.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SyncStatus {
    /// The run under way.
    pub running: Option<Running>,
    /// The last run that came to its end.
    pub last: Option<Finished>,
    /// An operator wants a run, and none has begun yet.
    pub wished: bool,
    /// Why no run can begin.
    pub problem: Option<String>,
}

/// A run under way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Running {
    /// When it began.
    pub began_at: UnixMillis,
    /// What it is about now.
    pub phase: Phase,
    /// So many members are done …
    pub members_done: usize,
    /// … of so many.
    pub members: usize,
    /// What it has read.
    pub counts: Counts,
}

/// How the contacts stand.
///
/// # Errors
/// If the store fails.
pub async fn status(store: &dyn Store) -> Result<SyncStatus> {
    let run: Option<Run> = read(store, RUN).await?;
    let members: Vec<String> = read(store, MEMBERS).await?.unwrap_or_default();
    Ok(SyncStatus {
        running: run.map(|run| Running {
            began_at: run.began_at,
            phase: run.phase,
            members_done: match run.phase {
                Phase::Customers => run.next.min(members.len()),
                _ => members.len(),
            },
            members: members.len(),
            counts: run.counts,
        }),
        last: read(store, LAST).await?,
        wished: store.fact(WISH).await?.is_some(),
        problem: read(store, PROBLEM).await?,
    })
}

/// Wants a run as soon as possible.
///
/// # Errors
/// If the store fails.
pub async fn wish(store: &dyn Store, now: UnixMillis) -> Result<()> {
    let wish = vec![(WISH.to_owned(), now.0.into())];
    store.put_facts(wish).await?;
    store.signals().contacts.notify_one();
    Ok(())
}

/// Notes that the company's tags changed.
pub(crate) async fn tags_changed(store: &dyn Store, now: UnixMillis) -> Result<()> {
    let hint = vec![(TAGS_CHANGED.to_owned(), now.0.into())];
    store.put_facts(hint).await?;
    store.signals().contacts.notify_one();
    Ok(())
}

/// What waits to be looked at.
pub(super) struct Hints {
    pub(super) wished: bool,
    pub(super) tags_changed: bool,
}

pub(super) async fn hints(store: &dyn Store) -> Result<Hints> {
    Ok(Hints {
        wished: store.fact(WISH).await?.is_some(),
        tags_changed: store.fact(TAGS_CHANGED).await?.is_some(),
    })
}

/// Facts that end a wish.
pub(super) fn no_wish() -> (String, serde_json::Value) {
    (WISH.to_owned(), serde_json::Value::Null)
}

/// Facts that say that the tags were read again.
pub(super) fn tags_read() -> (String, serde_json::Value) {
    (TAGS_CHANGED.to_owned(), serde_json::Value::Null)
}

/// A fact of this module; `None` if there is none or another version wrote it.
pub(super) async fn read<T: DeserializeOwned>(store: &dyn Store, name: &str) -> Result<Option<T>> {
    let fact = store.fact(name).await?;
    Ok(fact.and_then(|fact| serde_json::from_value(fact).ok()))
}

/// A fact of this module as it is written.
pub(super) fn note(name: &str, value: &impl Serialize) -> (String, serde_json::Value) {
    let value = serde_json::to_value(value).unwrap_or_default();
    (name.to_owned(), value)
}
