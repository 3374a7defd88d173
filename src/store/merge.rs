//! What WeCom says, put beside what only we know. The same for every implementation.

use crate::domain::clock::UnixMillis;
use crate::domain::contact::{Contact, Follower, TagMark};
use crate::domain::group::Group;
use crate::domain::ids::{Person, Tag};

/// What WeCom says about a contact or a customer group.
#[derive(Debug, Clone, PartialEq)]
pub struct ContactFacts {
    /// Who.
    pub person: Person,
    /// Their name.
    pub name: Option<String>,
    /// All their followers; `None` if that was not asked.
    pub followers: Option<Vec<Follower>>,
    /// Some of their followers, as lists give them: the others stay as they are.
    pub relations: Vec<Follower>,
    /// Their tags; `None` if that was not asked. Those of `relations` are in them.
    pub tags: Option<Vec<Tag>>,
    /// What is known of a customer group.
    pub group: Option<GroupFacts>,
    /// What was said to them unasked at the first time left at the second: it counts for the
    /// caps then. Nothing else is taken over with it.
    pub reached: Option<(UnixMillis, UnixMillis)>,
    /// When WeCom was asked.
    pub synced_at: UnixMillis,
}

/// What WeCom says about a customer group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupFacts {
    /// It is there.
    Is {
        /// The group.
        group: Group,
        /// When it was made.
        made_at: Option<UnixMillis>,
    },
    /// There is no such group any more.
    Dissolved,
}

impl ContactFacts {
    /// Nothing but that WeCom was asked.
    #[must_use]
    pub fn asked(person: Person, synced_at: UnixMillis) -> Self {
        Self {
            person,
            name: None,
            followers: None,
            relations: Vec::new(),
            tags: None,
            group: None,
            reached: None,
            synced_at,
        }
    }

    /// Something that was counted for the caps left at another time.
    #[must_use]
    pub fn reached(person: Person, counted: UnixMillis, left: UnixMillis) -> Self {
        Self {
            reached: Some((counted, left)),
            ..Self::asked(person, left)
        }
    }
}

/// Takes facts over, unless something newer is known. Whether anything was taken.
pub(super) fn take_over(contact: &mut Contact, facts: ContactFacts) -> bool {
    if let Some((counted, left)) = facts.reached {
        return reach_later(contact, counted, left);
    }
    let asked_at = facts.synced_at;
    // A list tells of some followers: it does not make the whole contact fresh.
    let whole = facts.relations.is_empty();
    if whole && contact.synced_at.is_some_and(|known| known > asked_at) {
        return false;
    }
    if whole || contact.synced_at.is_some() {
        contact.synced_at = contact.synced_at.max(Some(asked_at));
    }
    if facts.name.is_some() {
        contact.name = facts.name;
    }
    if let Some(followers) = facts.followers {
        all_followers(contact, followers, asked_at);
    }
    if !facts.relations.is_empty() {
        some_followers(contact, facts.relations, asked_at);
    }
    if let Some(tags) = facts.tags {
        tell_tags(contact, tags, true, asked_at);
    }
    match facts.group {
        Some(GroupFacts::Is { group, made_at }) => {
            contact.added_at = made_at.or(contact.added_at);
            contact.group = Some(Box::new(group));
        }
        Some(GroupFacts::Dissolved) => {
            let group = contact.group.get_or_insert_default();
            group.dissolved_at.get_or_insert(asked_at);
        }
        None => {}
    }
    true
}

fn reach_later(contact: &mut Contact, counted: UnixMillis, left: UnixMillis) -> bool {
    let place = contact.reached.iter().rposition(|at| *at == counted);
    if let Some(place) = place {
        contact.reached.remove(place);
        contact.reached.push(left);
        contact.reached.sort_unstable();
    }
    place.is_some()
}

fn all_followers(contact: &mut Contact, followers: Vec<Follower>, asked_at: UnixMillis) {
    first_met(contact, &followers);
    let had = !contact.followers.is_empty();
    if !followers.is_empty() {
        contact.lost_at = None;
    } else if had {
        contact.lost_at = Some(asked_at);
    }
    contact.followers = followers;
}

fn some_followers(contact: &mut Contact, relations: Vec<Follower>, asked_at: UnixMillis) {
    first_met(contact, &relations);
    contact.lost_at = None;
    for relation in relations {
        let known = contact.followers.iter_mut();
        let known = known
            .into_iter()
            .find(|known| known.userid == relation.userid);
        match known {
            Some(known) if known.seen_at > relation.seen_at => {}
            Some(known) => *known = relation,
            None => contact.followers.push(relation),
        }
    }
    let mut told: Vec<Tag> = Vec::new();
    let tags = contact.followers.iter().filter_map(|one| one.tags.as_ref());
    for tag in tags.flatten() {
        if !told.contains(tag) {
            told.push(tag.clone());
        }
    }
    let complete = contact.followers.iter().all(|one| one.tags.is_some());
    tell_tags(contact, told, complete, asked_at);
}

/// When and by which channel they first came.
fn first_met(contact: &mut Contact, followers: &[Follower]) {
    let first = followers
        .iter()
        .min_by_key(|follower| follower.added_at.unwrap_or(UnixMillis(i64::MAX)));
    if let Some(first) = first {
        contact.added_at = contact.added_at.or(first.added_at);
        if contact.source.is_none() {
            contact.source.clone_from(&first.source);
        }
    }
}

/// `complete` if there are no tags beside those told.
fn tell_tags(contact: &mut Contact, tags: Vec<Tag>, complete: bool, asked_at: UnixMillis) {
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
        let newer = mark.rule.is_some() && mark.at >= asked_at;
        if !known && (newer || !complete) {
            contact.tags.insert(tag, mark);
        }
    }
}
