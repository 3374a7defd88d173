//! What operators did: every request that changes something leaves an entry.

use super::control::{Reply, Request};
use super::look;
use super::sops::{SopReply, SopRequest};
use crate::domain::clock::UnixMillis;
use crate::domain::ids::Person;
use crate::store::{Deed, Erasure, Store, StoreError};
use crate::upkeep::forget::forget;

/// Who asks, and with which words.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Operator {
    /// The account of the operating system.
    pub who: String,
    /// The verb and its arguments.
    pub what: String,
}

impl Request {
    /// Whether it changes something that an operator answers for.
    #[must_use]
    pub fn is_change(&self) -> bool {
        match self {
            Self::Redrive(_)
            | Self::Discard(..)
            | Self::KeepChannel(..)
            | Self::Accept(_)
            | Self::CancelBroadcast(_)
            | Self::KeepVersion(_) => true,
            Self::Sync { full } => *full,
            Self::Sop(request) => matches!(**request, SopRequest::Do(..)),
            _ => false,
        }
    }
}

/// Keeps what an operator did and what came of it.
pub(super) async fn note(
    store: &dyn Store,
    by: Operator,
    outcome: &Result<Reply, StoreError>,
    now: UnixMillis,
) -> Result<(), StoreError> {
    let Operator { who, what } = by;
    let result = match outcome {
        Ok(reply) => told(reply),
        Err(error) => format!("failed: {error}"),
    };
    store.note_deed(Deed { who, what, result }, now).await
}

fn told(reply: &Reply) -> String {
    let changed = |changed: &bool| {
        if *changed {
            "done"
        } else {
            "nothing to change"
        }
    };
    match reply {
        Reply::Changed(it) => changed(it).to_owned(),
        Reply::Accepted(count) => format!("{count} taken in"),
        Reply::VersionKept(number) => format!("version {number} kept"),
        Reply::Sop(reply) => match &**reply {
            SopReply::Changed(it) => changed(it).to_owned(),
            _ => "done".to_owned(),
        },
        _ => "done".to_owned(),
    }
}

/// Forgets a person, and makes the files forget them too.
pub(super) async fn erase(
    store: &dyn Store,
    person: &Person,
    who: String,
    now: UnixMillis,
) -> Result<Erasure, StoreError> {
    // Whose id is a mere word would take that word out of everybody's rows.
    let gone = if look::is_known(store, person).await? {
        forget(store, person, who, now).await?
    } else {
        Erasure::default()
    };
    // Also when nothing was there: an erasure that was cut off before this is made good.
    store.compact().await?;
    Ok(gone)
}
