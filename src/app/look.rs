//! Looking back: contacts and records as `trace`, `undo` and `replay` ask for them.

use std::collections::BTreeSet;

use super::control::{TagQuery, TaggedPage};
use crate::domain::change::TakeBack;
use crate::domain::clock::UnixMillis;
use crate::domain::contact::Contact;
use crate::domain::ids::{Person, RecordId, RuleId};
use crate::store::erase::names;
use crate::store::{
    Acceptance, HistoryEntry, NewRecord, PastRecord, RecordQuery, Section, Store, StoreError,
};

/// Contacts are read so many at a time.
const PAGE: usize = 500;
/// A conversation is looked back so many lines at the most.
const MOST_LINES: usize = 10_000;
/// A name that so many share is no help.
const MOST_NAMESAKES: usize = 20;

/// The newest records of a person in all conversations, newest first.
pub(super) async fn records_of(
    store: &dyn Store,
    person: &Person,
    limit: usize,
) -> Result<Vec<PastRecord>, StoreError> {
    let Some(contact) = store.contact(person).await? else {
        return Ok(Vec::new());
    };
    let mut conversations = contact.conversations.clone();
    conversations.push(Contact::unknown(person.clone()).conversation());
    let mut ids: Vec<RecordId> = Vec::new();
    for conversation in conversations {
        ids.extend(in_conversation(store, conversation.as_str(), person, limit).await?);
    }
    ids.sort_unstable_by_key(|id| std::cmp::Reverse(*id));
    ids.dedup();
    ids.truncate(limit);
    let mut records = Vec::with_capacity(ids.len());
    for id in ids {
        let query = RecordQuery {
            since: UnixMillis(i64::MIN),
            after: RecordId(id.0.saturating_sub(1)),
            limit: 1,
        };
        let found = store.records(query).await?;
        records.extend(found.into_iter().filter(|record| record.id == id));
    }
    Ok(records)
}

/// The newest records of a person in one conversation. What went out stands between them,
/// so more and more lines are looked at until there are enough.
async fn in_conversation(
    store: &dyn Store,
    conversation: &str,
    person: &Person,
    limit: usize,
) -> Result<Vec<RecordId>, StoreError> {
    let mut lines = limit.saturating_mul(4).min(MOST_LINES);
    loop {
        let history = store.history(conversation, lines).await?;
        let all = history.len() < lines || lines == MOST_LINES;
        let of_person = history.iter().filter_map(|entry| match entry {
            HistoryEntry::Received { id, inbound, .. } => {
                (inbound.person.as_ref() == Some(person)).then_some(*id)
            }
            HistoryEntry::Sent { .. } => None,
        });
        let ids: Vec<RecordId> = of_person.collect();
        if all || ids.len() >= limit {
            return Ok(ids);
        }
        lines = lines.saturating_mul(2).min(MOST_LINES);
    }
}

/// Contacts by their id, else by their name or a member's remark.
pub(super) async fn find(store: &dyn Store, name: &str) -> Result<Vec<Contact>, StoreError> {
    let by_id = [
        Person::External(name.into()),
        Person::Member(name.into()),
        Person::Group(name.into()),
    ];
    let known = store.contacts(&by_id).await?;
    let known: Vec<Contact> = known.into_iter().flatten().collect();
    if !known.is_empty() {
        return Ok(known);
    }
    let is_called = |contact: &Contact| {
        let remarks = contact.followers.iter();
        let mut remarks = remarks.filter_map(|follower| follower.remark.as_deref());
        contact.name.as_deref() == Some(name) || remarks.any(|remark| remark == name)
    };
    let mut found: Vec<Contact> = Vec::new();
    let mut after = None;
    loop {
        let page = store.contacts_after(after.as_ref(), PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.person.clone());
        found.extend(page.into_iter().filter(|contact| is_called(contact)));
        if found.len() >= MOST_NAMESAKES {
            found.truncate(MOST_NAMESAKES);
            break;
        }
    }
    Ok(found)
}

/// Whether somebody is a contact, or at least named by a message, a group, a timer or a row. A
/// word that only stands somewhere is nobody.
pub(super) async fn is_known(store: &dyn Store, person: &Person) -> Result<bool, StoreError> {
    if store.contact(person).await?.is_some() {
        return Ok(true);
    }
    let snapshot = store.snapshot().await?;
    for section in [
        Section::Record,
        Section::Effect,
        Section::Contact,
        Section::Timer,
        Section::SopRow,
        Section::BroadcastTarget,
        Section::Received,
    ] {
        let mut after = None;
        loop {
            let page = snapshot.page(section, after.as_deref(), PAGE).await?;
            if page.rows.iter().any(|row| names(row, person)) {
                return Ok(true);
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
    }
    Ok(false)
}

/// One page of the contacts that carry tags of a rule.
pub(super) async fn tagged(store: &dyn Store, query: TagQuery) -> Result<TaggedPage, StoreError> {
    let undo = TakeBack {
        rule: query.rule,
        since: query.since,
    };
    let page = store.contacts_after(query.after.as_ref(), PAGE).await?;
    let next = page.last().map(|last| last.person.clone());
    let carries = |contact: &Contact| contact.tags.values().any(|mark| undo.concerns(mark));
    Ok(TaggedPage {
        found: page.into_iter().filter(carries).collect(),
        next,
    })
}

/// The rules whose tags contacts carry.
pub(super) async fn tagging_rules(store: &dyn Store) -> Result<Vec<RuleId>, StoreError> {
    let mut rules = BTreeSet::new();
    let mut after = None;
    loop {
        let page = store.contacts_after(after.as_ref(), PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.person.clone());
        let marks = page.iter().flat_map(|contact| contact.tags.values());
        rules.extend(marks.filter_map(|mark| mark.rule.clone()));
    }
    Ok(rules.into_iter().collect())
}

/// Takes records of our own in. Says how many were new.
pub(super) async fn accept(
    store: &dyn Store,
    records: Vec<NewRecord>,
) -> Result<usize, StoreError> {
    let taken = store.accept(records).await?;
    let new = |taken: &&Acceptance| matches!(taken, Acceptance::New(_));
    Ok(taken.iter().filter(new).count())
}
