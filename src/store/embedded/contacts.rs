//! Contacts: what rules change and what WeCom says, kept in one row.

use super::engine::{Rows, collect};
use super::keys::{Keys, Table};
use super::txn::{Txn, decode};
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

/// Contacts in the order of their keys, from behind one on.
pub(crate) fn after(
    rows: &dyn Rows,
    keys: &Keys,
    after: Option<&Person>,
    limit: usize,
) -> Result<Vec<Contact>> {
    let mut range = keys.all(Table::Contact);
    if let Some(person) = after {
        range.from = [key(keys, person).as_slice(), &[0]].concat();
    }
    let found = collect(rows, &range, limit)?;
    let each = found.iter();
    each.map(|(_, json)| decode("contact", json)).collect()
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
        let held = std::mem::take(&mut contact.tags);
        // Where a tag comes from only we know. WeCom names the group of every tag, rules
        // need not: `意向` and `默认/意向` are one tag.
        for tag in tags {
            let known = held.iter().find(|(held, _)| held.parts() == tag.parts());
            let mark = known.map_or(TagMark::told(asked_at), |(_, mark)| mark.clone());
            contact.tags.insert(tag, mark);
        }
        // A rule may have set a tag since WeCom was asked: its answer cannot know it.
        for (tag, mark) in held {
            let known = contact.tags.keys().any(|told| told.parts() == tag.parts());
            if !known && mark.rule.is_some() && mark.at >= asked_at {
                contact.tags.insert(tag, mark);
            }
        }
    }
}
