//! Contacts: what rules change and what WeCom says, kept in one row.

use super::keys::{Keys, Table};
use super::txn::Txn;
use crate::domain::change::ContactChange;
use crate::domain::clock::UnixMillis;
use crate::domain::contact::{Contact, TagMark};
use crate::domain::ids::Person;
use crate::store::{ContactFacts, Result};

/// Applies what a decision changes to the newest stored state.
pub(crate) fn change(txn: &mut Txn<'_>, change: ContactChange, now: UnixMillis) -> Result<()> {
    let Some(person) = change.person.clone() else {
        return Ok(());
    };
    let mut contact = load(txn, person)?;
    change.apply(&mut contact, now);
    save(txn, &contact)
}

/// Writes what WeCom says, unless something newer is known.
pub(crate) fn merge(txn: &mut Txn<'_>, facts: ContactFacts) -> Result<Contact> {
    let mut contact = load(txn, facts.person.clone())?;
    if contact
        .synced_at
        .is_none_or(|known| known <= facts.synced_at)
    {
        take_over(&mut contact, facts);
        save(txn, &contact)?;
    }
    Ok(contact)
}

/// The row of a contact.
pub(crate) fn key(keys: &Keys, person: &Person) -> Vec<u8> {
    keys.text(Table::Contact, &person.key())
}

fn load(txn: &Txn<'_>, person: Person) -> Result<Contact> {
    let stored = txn.get_json(&key(txn.keys, &person), "contact")?;
    Ok(stored.unwrap_or_else(|| Contact::unknown(person)))
}

fn save(txn: &mut Txn<'_>, contact: &Contact) -> Result<()> {
    txn.put_json(key(txn.keys, &contact.person), "contact", contact)
}

fn take_over(contact: &mut Contact, facts: ContactFacts) {
    contact.synced_at = Some(facts.synced_at);
    if facts.name.is_some() {
        contact.name = facts.name;
    }
    if let Some(followers) = facts.followers {
        let first = followers
            .iter()
            .min_by_key(|follower| follower.added_at.unwrap_or(UnixMillis(i64::MAX)));
        if let Some(first) = first {
            contact.added_at = contact.added_at.or(first.added_at);
            if contact.source.is_none() {
                contact.source.clone_from(&first.source);
            }
        }
        contact.followers = followers;
    }
    if let Some(tags) = facts.tags {
        let asked_at = facts.synced_at;
        // A rule may have set a tag since WeCom was asked: its answer cannot know it.
        contact
            .tags
            .retain(|tag, mark| tags.contains(tag) || (mark.rule.is_some() && mark.at >= asked_at));
        for tag in tags {
            contact.tags.entry(tag).or_insert(TagMark::told(asked_at));
        }
    }
}
