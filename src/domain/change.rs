//! What a decision changes about a contact, and how the change is applied.
//!
//! The store applies it to the newest stored state; a rule test applies the same to a
//! contact in memory.

use std::time::Duration;

use super::clock::UnixMillis;
use super::contact::{Contact, Enrolment, Follower, TagMark, Value};
use super::group::Group;
use super::ids::{ConversationKey, Person, RecordId, RuleId, SopId, Tag, UserId};
use super::reminder::{ReminderChange, WaitChange};

/// So many answers are remembered for the loop guard.
pub const MOST_ANSWERS: usize = 50;
/// The longest period of a cap is a month.
const REMEMBERED: Duration = Duration::from_secs(32 * 86_400);
/// No cap that makes sense is higher.
const MOST_REACHED: usize = 64;
/// So many conversations of one person are remembered.
const MOST_CONVERSATIONS: usize = 8;

/// Changes to one contact.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ContactChange {
    /// Who. `None` changes nothing.
    pub person: Option<Person>,
    /// Tags to add.
    pub add_tags: Vec<TagGrant>,
    /// Tags to remove.
    pub remove_tags: Vec<Tag>,
    /// The tags that a rule has set go.
    pub take_back: Option<TakeBack>,
    /// Attributes to set.
    pub set: Vec<(String, Value)>,
    /// Attributes that count: this much more.
    pub count: Vec<(String, f64)>,
    /// Rules with a cooldown that fired: it starts now.
    pub fired: Vec<RuleId>,
    /// Rules with `hits` that matched.
    pub hits: Vec<RuleHit>,
    /// Points to add.
    pub points: i64,
    /// SOPs begun, moved on or ended.
    pub sops: Vec<SopChange>,
    /// Something is said to them unasked: it counts for the caps.
    pub reached: bool,
    /// A member's reminders set, done or asked about.
    pub reminders: Vec<ReminderChange>,
    /// They wait for an answer in a conversation, or do not any more.
    pub waiting: Option<WaitChange>,
    /// Rules answered them: this much is noted for the loop guard.
    pub answered: bool,
    /// The conversation in which it happened.
    pub conversation: Option<ConversationKey>,
    /// They wrote at this time. What waits in the lane named like the record's conversation
    /// becomes due: a message that was held until they write again goes out.
    pub wrote_at: Option<UnixMillis>,
    /// They were added by this member at this time.
    pub added_by: Option<Follower>,
    /// They are no longer a contact of this member.
    pub removed_by: Option<UserId>,
    /// What happened to a customer group.
    pub group: Option<GroupChange>,
}

/// What happened to a customer group, as far as its event says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupChange {
    /// It was made at this time.
    Made(UnixMillis),
    /// These people joined at this time.
    Joined(Vec<String>, UnixMillis),
    /// These people left.
    Left(Vec<String>),
    /// It was dissolved at this time.
    Dissolved(UnixMillis),
}

impl GroupChange {
    fn apply(self, contact: &mut Contact) {
        let group: &mut Group = contact.group.get_or_insert_default();
        match self {
            Self::Made(at) => {
                contact.added_at.get_or_insert(at);
            }
            Self::Joined(who, at) => group.joined(&who, at),
            Self::Left(who) => group.left(&who),
            Self::Dissolved(at) => {
                group.dissolved_at.get_or_insert(at);
            }
        }
    }
}

/// A tag and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagGrant {
    /// The tag.
    pub tag: Tag,
    /// The rule that sets it.
    pub rule: RuleId,
    /// The version of the rules.
    pub version: Option<String>,
    /// The record that led to it.
    pub record: Option<RecordId>,
}

/// A move within an SOP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SopChange {
    /// The SOP.
    pub sop: SopId,
    /// Where they must stand for it to happen: the start and the step of a running enrolment.
    /// A step that was decided while something else stopped the SOP then changes nothing.
    /// `None` takes any place.
    pub only_at: Option<(UnixMillis, u32)>,
    /// Where they stand afterwards.
    pub to: Enrolment,
}

impl SopChange {
    fn apply(self, contact: &mut Contact) {
        let stands = contact.sops.get(&self.sop);
        let fits = self.only_at.is_none_or(|place| {
            stands.is_some_and(|it| it.is_running() && (it.started_at, it.step) == place)
        });
        if fits {
            contact.sops.insert(self.sop, self.to);
        }
    }
}

/// Which tags are taken back: those that this rule set at or after this time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakeBack {
    /// The rule.
    pub rule: RuleId,
    /// Tags set before this time stay.
    pub since: UnixMillis,
}

impl TakeBack {
    /// Whether a tag with this mark goes.
    #[must_use]
    pub fn concerns(&self, mark: &TagMark) -> bool {
        mark.rule.as_ref() == Some(&self.rule) && mark.at >= self.since
    }
}

/// A rule with `hits` matched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleHit {
    /// The rule.
    pub rule: RuleId,
    /// Older matches do not count.
    pub within: Duration,
    /// It was the last one needed: the rule fired and counts afresh.
    pub fired: bool,
}

impl RuleHit {
    fn apply(self, contact: &mut Contact, now: UnixMillis) {
        if self.fired {
            contact.hits.remove(&self.rule);
            return;
        }
        let hits = contact.hits.entry(self.rule).or_default();
        hits.retain(|at| now.since(*at) < self.within);
        hits.push(now);
    }
}

impl ContactChange {
    /// Applies it to the newest known state.
    pub fn apply(self, contact: &mut Contact, now: UnixMillis) {
        for tag in &self.remove_tags {
            remove_tag(contact, tag);
        }
        if let Some(undo) = &self.take_back {
            contact.tags.retain(|_, mark| !undo.concerns(mark));
        }
        for grant in self.add_tags {
            note_tag(contact, &grant.tag);
            if !contact.has_tag(&grant.tag) {
                let mark = TagMark {
                    at: now,
                    rule: Some(grant.rule),
                    version: grant.version,
                    record: grant.record,
                };
                contact.tags.insert(grant.tag, mark);
            }
        }
        for (name, value) in self.set {
            // JSON has no word for these, and the row could not be read again.
            if !matches!(value, Value::Number(number) if !number.is_finite()) {
                contact.attributes.insert(name, value);
            }
        }
        for (name, more) in self.count {
            count_up(contact, name, more);
        }
        for rule in self.fired {
            contact.fired.insert(rule, now);
        }
        contact.last_inbound_at = contact.last_inbound_at.max(self.wrote_at);
        contact.heard_at = contact.heard_at.max(self.wrote_at.map(|_| now));
        if let Some(userid) = self.removed_by {
            remove_follower(contact, &userid, now);
        }
        if let Some(follower) = self.added_by {
            contact.lost_at = None;
            add_follower(contact, follower);
        }
        if let Some(change) = self.group {
            change.apply(contact);
        }
        for hit in self.hits {
            hit.apply(contact, now);
        }
        contact.points = contact.points.saturating_add(self.points);
        for change in self.sops {
            change.apply(contact);
        }
        for change in self.reminders {
            change.apply(&mut contact.reminders, now);
        }
        if let Some(waiting) = self.waiting {
            waiting.apply(&mut contact.waiting);
        }
        if let Some(conversation) = self.conversation {
            note_conversation(contact, conversation);
        }
        if self.reached {
            contact.reached.retain(|at| now.since(*at) < REMEMBERED);
            contact.reached.push(now);
            let surplus = contact.reached.len().saturating_sub(MOST_REACHED);
            contact.reached.drain(..surplus);
        }
        if self.answered {
            // By the time at which they wrote: a backlog worked off at once is no loop.
            contact.answered.push(self.wrote_at.unwrap_or(now));
            let surplus = contact.answered.len().saturating_sub(MOST_ANSWERS);
            contact.answered.drain(..surplus);
        }
    }
}

/// Removes a tag as [`Contact::has_tag`] finds it: without a group, in any group.
fn remove_tag(contact: &mut Contact, tag: &Tag) {
    let any_group = !tag.0.contains('/');
    let stays = |held: &Tag| held != tag && !(any_group && held.parts().1 == tag.0);
    contact.tags.retain(|held, _| stays(held));
    // Every member who has the customer is told to take it off.
    for follower in &mut contact.followers {
        if let Some(tags) = &mut follower.tags {
            tags.retain(stays);
        }
    }
}

/// Every member who has the customer is told to put it on.
fn note_tag(contact: &mut Contact, tag: &Tag) {
    for follower in &mut contact.followers {
        if let Some(tags) = &mut follower.tags
            && tags.iter().all(|held| held.parts() != tag.parts())
        {
            tags.push(tag.clone());
        }
    }
}

/// The newest last, each once.
fn note_conversation(contact: &mut Contact, conversation: ConversationKey) {
    contact.conversations.retain(|known| *known != conversation);
    contact.conversations.push(conversation);
    let surplus = contact
        .conversations
        .len()
        .saturating_sub(MOST_CONVERSATIONS);
    contact.conversations.drain(..surplus);
}

/// A number that was written as a text is one; anything else counts from 0.
fn count_up(contact: &mut Contact, name: String, more: f64) {
    let so_far = match contact.attributes.get(&name) {
        Some(Value::Number(number)) => *number,
        Some(Value::Text(text)) => text.trim().parse().unwrap_or(0.0),
        _ => 0.0,
    };
    let so_far = if so_far.is_finite() { so_far } else { 0.0 };
    let sum = (so_far + more).clamp(f64::MIN, f64::MAX);
    contact.attributes.insert(name, Value::Number(sum));
}

/// Whom no member has any more is lost.
fn remove_follower(contact: &mut Contact, userid: &UserId, now: UnixMillis) {
    let had = !contact.followers.is_empty();
    contact
        .followers
        .retain(|follower| follower.userid != *userid);
    if had && contact.followers.is_empty() {
        contact.lost_at = Some(now);
    }
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
            follower.description = follower.description.or_else(|| known.description.take());
            follower.add_way = follower.add_way.or(known.add_way);
            follower.tags = follower.tags.or_else(|| known.tags.take());
            follower.seen_at = follower.seen_at.max(known.seen_at);
            *known = follower;
        }
        None => contact.followers.push(follower),
    }
}

#[cfg(test)]
mod tests {
    use super::ContactChange;
    use crate::domain::clock::UnixMillis;
    use crate::domain::contact::{Contact, Value};
    use crate::domain::ids::Person;

    #[test]
    fn a_number_that_was_written_as_a_text_is_counted_on() {
        let counted = |known: &str| {
            let mut contact = Contact::unknown(Person::External("wm1".into()));
            let known = Value::Text(known.to_owned());
            contact.attributes.insert("order_count".to_owned(), known);
            let change = ContactChange {
                count: vec![("order_count".to_owned(), 1.0)],
                ..ContactChange::default()
            };
            change.apply(&mut contact, UnixMillis(0));
            contact.attributes.remove("order_count")
        };
        assert_eq!(counted(" 12 "), Some(Value::Number(13.0)));
        for odd in ["十二", "NaN", "inf", ""] {
            assert_eq!(counted(odd), Some(Value::Number(1.0)), "{odd}");
        }
    }
}
