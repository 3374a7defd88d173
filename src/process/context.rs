//! What is known about the person a record is about, asking WeCom when that is too little.

use std::sync::Arc;
use std::time::Duration;

use crate::domain::clock::UnixMillis;
use crate::domain::contact::Contact;
use crate::domain::inbound::{Author, Inbound, Task, Trigger};
use crate::store::{ContactSource, Store};

/// What WeCom says stays good for so long.
const FRESH: Duration = Duration::from_secs(24 * 3600);
/// A storm of events about one group asks once in so long; the timer behind it asks last.
const JUST_NOW: Duration = Duration::from_secs(3);
/// A record waits so long for WeCom at the most; then the rules decide without.
const PATIENCE: Duration = Duration::from_secs(3);

/// Whether WeCom should be asked before the rules look at this record.
#[must_use]
pub fn needs_lookup(inbound: &Inbound, contact: Option<&Contact>, now: UnixMillis) -> bool {
    if inbound.person.is_none() || inbound.author == Author::Servicer {
        return false;
    }
    if let Trigger::Own(
        Task::Undo { .. }
        | Task::Alert { .. }
        | Task::Told(_)
        | Task::Show(_)
        | Task::Take(_)
        | Task::ByHand { .. },
    ) = inbound.trigger
    {
        return false;
    }
    // What the whole company is sent at once cannot be asked about one by one.
    if let Trigger::Own(Task::SopStep { run: Some(_), .. } | Task::SopMove { .. }) = inbound.trigger
    {
        return false;
    }
    let asked = contact.and_then(|contact| contact.synced_at);
    if matches!(inbound.trigger, Trigger::Added { .. }) {
        return true;
    }
    if inbound.hints_at_change() {
        return asked.is_none_or(|at| now.since(at) > JUST_NOW);
    }
    asked.is_none_or(|at| now.since(at) > FRESH)
}

/// Asks WeCom and stores the answer. Falls back to what is known.
pub async fn look_up(
    store: &Arc<dyn Store>,
    source: &Arc<dyn ContactSource>,
    inbound: &Inbound,
    known: Option<Contact>,
) -> Option<Contact> {
    let person = inbound.person.as_ref()?;
    let asked = tokio::time::timeout(PATIENCE, source.facts(&inbound.app, person)).await;
    let Ok(Some(facts)) = asked else { return known };
    match store.merge_contact(facts).await {
        Ok(contact) => Some(contact),
        Err(error) => {
            tracing::warn!(%error, "what WeCom says about a contact could not be stored");
            known
        }
    }
}
