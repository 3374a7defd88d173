//! Forgetting people: on an operator's word, or because they left long ago.

use std::sync::Arc;
use std::time::Duration;

use rand::RngExt as _;
use rand::distr::Alphanumeric;

use crate::domain::clock::{SharedClock, UnixMillis};
use crate::domain::contact::Contact;
use crate::domain::ids::Person;
use crate::service::{Pass, Service};
use crate::store::{Deed, Erasure, Store, StoreError};

/// All contacts are looked through this often.
const EVERY: Duration = Duration::from_secs(6 * 3600);
/// Contacts are read so many at a time.
const PAGE: usize = 500;
/// Who forgets by itself, in the audit log.
const RETENTION: &str = "retention.lost_customers";

/// Forgets a person, and keeps that it was done, without their name. Their remains are in
/// the store's files until these are written anew.
///
/// # Errors
/// If the store fails.
pub async fn forget(
    store: &dyn Store,
    person: &Person,
    who: String,
    now: UnixMillis,
) -> Result<Erasure, StoreError> {
    let alias = rand::rng().sample_iter(Alphanumeric).take(12);
    let alias: String = "erased-".chars().chain(alias.map(char::from)).collect();
    let gone = store.erase(person, &alias).await?;
    let result = format!(
        "{} messages, {} effects, {} timers, {} other rows",
        gone.records,
        gone.effects,
        gone.timers,
        gone.contacts + gone.sop_rows + gone.targets + gone.counters + gone.mentions
    );
    let what = format!("erase {alias}");
    store.note_deed(Deed { who, what, result }, now).await?;
    Ok(gone)
}

/// Forgets customers that no member has had for long.
pub struct Forgetter {
    store: Arc<dyn Store>,
    clock: SharedClock,
    keep: Duration,
    /// The contact to go on behind.
    after: Option<Person>,
    /// Some were forgotten since the store's files were last written anew.
    remains: bool,
}

impl Forgetter {
    /// Forgets whoever has been lost for so long.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, clock: SharedClock, keep: Duration) -> Self {
        Self {
            store,
            clock,
            keep,
            after: None,
            remains: false,
        }
    }

    /// One page of contacts. Whether there are more.
    async fn page(&mut self) -> Result<bool, StoreError> {
        let after = self.after.as_ref();
        let contacts = self.store.contacts_after(after, PAGE).await?;
        let more = contacts.len() == PAGE;
        for contact in &contacts {
            let now = self.clock.now();
            if !is_long_gone(contact, self.keep, now) {
                continue;
            }
            // Read once more: they may have come back since the page was read.
            let again = self.store.contact(&contact.person).await?;
            if again.is_some_and(|contact| is_long_gone(&contact, self.keep, now)) {
                let who = RETENTION.to_owned();
                forget(self.store.as_ref(), &contact.person, who, now).await?;
                self.remains = true;
            }
        }
        self.after = contacts.into_iter().last().map(|last| last.person);
        if more {
            return Ok(true);
        }
        self.after = None;
        if std::mem::take(&mut self.remains) {
            self.store.compact().await?;
            tracing::info!("customers who left long ago were forgotten");
        }
        Ok(false)
    }
}

/// Whether no member has had them for so long, and they have not written since either.
fn is_long_gone(contact: &Contact, keep: Duration, now: UnixMillis) -> bool {
    let Some(lost) = contact.lost_at else {
        return false;
    };
    let last = contact
        .last_inbound_at
        .map_or(lost, |wrote| wrote.max(lost));
    now.since(last) > keep
}

impl Service for Forgetter {
    const NAME: &'static str = "forgetter";

    async fn pass(&mut self) -> Pass {
        match self.page().await {
            Ok(true) => Pass::Busy,
            Ok(false) => Pass::Idle(EVERY),
            Err(error) => {
                tracing::error!(%error, "the store failed while customers were forgotten");
                Pass::Idle(EVERY)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::is_long_gone;
    use crate::domain::clock::UnixMillis;
    use crate::domain::contact::Contact;
    use crate::domain::ids::Person;

    #[test]
    fn only_who_left_long_ago_and_has_been_silent_since() {
        let keep = Duration::from_millis(100);
        let gone = |lost: Option<i64>, wrote: Option<i64>, now| {
            let contact = Contact {
                lost_at: lost.map(UnixMillis),
                last_inbound_at: wrote.map(UnixMillis),
                ..Contact::unknown(Person::External("wm1".into()))
            };
            is_long_gone(&contact, keep, UnixMillis(now))
        };
        assert!(gone(Some(1000), None, 1101));
        assert!(!gone(Some(1000), None, 1100), "exactly at its retention");
        assert!(!gone(None, Some(1000), 9999), "nobody has lost them");
        assert!(!gone(Some(1000), Some(1050), 1101), "they wrote since");
        assert!(gone(Some(1000), Some(1050), 1151));
        assert!(gone(Some(1000), Some(10), 1101));
    }
}
