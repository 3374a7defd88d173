//! Contacts: what rules change and what WeCom says, kept in one row.

use super::keys::{Keys, Table};
use super::txn::Txn;
use crate::domain::clock::UnixMillis;
use crate::domain::contact::{Contact, Follower, TagMark, Value};
use crate::domain::ids::{Person, Tag};
use crate::store::{ContactChange, ContactFacts, Result};

/// Applies what a decision changes to the newest stored state.
pub(crate) fn change(txn: &mut Txn<'_>, change: ContactChange, now: UnixMillis) -> Result<()> {
    let Some(person) = change.person.clone() else {
        return Ok(());
    };
    let mut contact = load(txn, person)?;
    apply(&mut contact, change, now);
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

fn apply(contact: &mut Contact, change: ContactChange, now: UnixMillis) {
    for tag in &change.remove_tags {
        remove_tag(contact, tag);
    }
    for (tag, rule) in change.add_tags {
        if !contact.has_tag(&tag) {
            let mark = TagMark {
                at: now,
                rule: Some(rule),
            };
            contact.tags.insert(tag, mark);
        }
    }
    for (name, value) in change.set {
        // JSON has no word for these, and the row could not be read again.
        if !matches!(value, Value::Number(number) if !number.is_finite()) {
            contact.attributes.insert(name, value);
        }
    }
    for rule in change.fired {
        contact.fired.insert(rule, now);
    }
    contact.last_inbound_at = contact.last_inbound_at.max(change.wrote_at);
    contact.heard_at = contact.heard_at.max(change.wrote_at.map(|_| now));
    if let Some(userid) = change.removed_by {
        contact
            .followers
            .retain(|follower| follower.userid != userid);
    }
    if let Some(follower) = change.added_by {
        add_follower(contact, follower);
    }
}

/// Removes a tag as [`Contact::has_tag`] finds it: without a group, in any group.
fn remove_tag(contact: &mut Contact, tag: &Tag) {
    let any_group = !tag.0.contains('/');
    contact
        .tags
        .retain(|held, _| held != tag && !(any_group && held.parts().1 == tag.0));
}

fn add_follower(contact: &mut Contact, mut follower: Follower) {
    if contact.added_at.is_none() {
        contact.added_at = follower.added_at;
    }
    if contact.source.is_none() {
        contact.source.clone_from(&follower.source);
    }
    let known = contact
        .followers
        .iter_mut()
        .find(|known| known.userid == follower.userid);
    match known {
        Some(known) => {
            follower.remark = follower.remark.or_else(|| known.remark.take());
            *known = follower;
        }
        None => contact.followers.push(follower),
    }
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
            contact.tags.entry(tag).or_insert(TagMark {
                at: asked_at,
                rule: None,
            });
        }
    }
}
