//! What a decision changes about a contact, and how the change is applied.
//!
//! The store applies it to the newest stored state; a rule test applies the same to a
//! contact in memory.

use std::time::Duration;

use super::clock::UnixMillis;
use super::contact::{Contact, Enrolment, Follower, TagMark, Value};
use super::ids::{ConversationKey, Person, RecordId, RuleId, SopId, Tag, UserId};
use super::reminder::{ReminderChange, Waiting};

/// So many answers are remembered for the loop guard.
pub const MOST_ANSWERS: usize = 50;
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
    /// Rules with a cooldown that fired: it starts now.
    pub fired: Vec<RuleId>,
    /// Rules with `hits` that matched.
    pub hits: Vec<RuleHit>,
    /// Points to add.
    pub points: i64,
    /// SOPs begun, moved on or ended.
    pub sops: Vec<SopChange>,
    /// A member's reminders set, done or asked about.
    pub reminders: Vec<ReminderChange>,
    /// They wait for an answer, or (`Some(None)`) do not any more.
    pub waiting: Option<Option<Waiting>>,
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
        for rule in self.fired {
            contact.fired.insert(rule, now);
        }
        contact.last_inbound_at = contact.last_inbound_at.max(self.wrote_at);
        contact.heard_at = contact.heard_at.max(self.wrote_at.map(|_| now));
        if let Some(userid) = self.removed_by {
            contact
                .followers
                .retain(|follower| follower.userid != userid);
        }
        if let Some(follower) = self.added_by {
            add_follower(contact, follower);
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
            contact.waiting = waiting.map(Box::new);
        }
        if let Some(conversation) = self.conversation {
            note_conversation(contact, conversation);
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
    contact
        .tags
        .retain(|held, _| held != tag && !(any_group && held.parts().1 == tag.0));
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
