//! What no event told of: customers and groups that came since the last run. What their
//! events would have set off is set off now.

use std::time::Duration;

use super::progress::{Finished, LAST, Run, read};
use super::{Stopped, Syncer};
use crate::domain::clock::UnixMillis;
use crate::domain::contact::{Contact, Follower};
use crate::domain::ids::{AppName, ConversationKey, DedupeKey, Person};
use crate::domain::inbound::{Author, Channel, GROUP_CHANGED, Inbound, ReplyPath, Trigger};
use crate::store::{ContactFacts, GroupFacts, NewRecord, RecordBody};

/// An event may still be on its way for so long.
const ON_ITS_WAY: Duration = Duration::from_secs(60);

/// Something that happened and that nothing here knows of.
struct Event<'f> {
    person: &'f Person,
    at: UnixMillis,
    trigger: Trigger,
    key: String,
}

impl Syncer {
    /// The records that events would have become. None in the first run: nobody is to be
    /// greeted by a program that has just been installed.
    pub(super) async fn missed(
        &self,
        run: &Run,
        contacts: &[ContactFacts],
    ) -> Result<Vec<NewRecord>, Stopped> {
        let last: Option<Finished> = read(self.store.as_ref(), LAST).await?;
        let (Some(last), Some(app)) = (last, &self.app) else {
            return Ok(Vec::new());
        };
        let now = self.clock.now();
        let recent = |at: UnixMillis| at >= last.began_at && at.after(ON_ITS_WAY) <= now;
        let events = contacts.iter().flat_map(events_of);
        let events: Vec<Event<'_>> = events.filter(|event| recent(event.at)).collect();
        if events.is_empty() {
            return Ok(Vec::new());
        }
        let persons: Vec<Person> = events.iter().map(|event| event.person.clone()).collect();
        let known = self.store.contacts(&persons).await?;
        let new = events.into_iter().zip(known);
        let new = new.filter(|(event, known)| !event.is_known(known.as_ref()));
        let records = new.map(|(event, _)| event.record(app, run.began_at));
        Ok(records.collect())
    }
}

fn events_of(facts: &ContactFacts) -> Vec<Event<'_>> {
    let person = &facts.person;
    let relations = facts.relations.iter();
    let mut events: Vec<Event<'_>> = relations.filter_map(|one| added(person, one)).collect();
    if let (Person::Group(chat), Some(GroupFacts::Is { made_at, .. })) = (person, &facts.group) {
        events.extend(made_at.map(|at| Event {
            person,
            at,
            trigger: Trigger::Event {
                event: GROUP_CHANGED.to_owned(),
                change_type: Some("create".to_owned()),
            },
            key: format!("own/group/{chat}"),
        }));
    }
    events
}

fn added<'f>(person: &'f Person, relation: &Follower) -> Option<Event<'f>> {
    let at = relation.added_at?;
    let userid = relation.userid.clone();
    Some(Event {
        person,
        at,
        key: format!("own/added/{userid}/{}/{}", person.id(), at.0),
        trigger: Trigger::Added {
            userid,
            source: relation.source.clone(),
            welcome_code: None,
        },
    })
}

impl Event<'_> {
    /// Whether its own event came, or this was told before.
    fn is_known(&self, contact: Option<&Contact>) -> bool {
        let Some(contact) = contact else {
            return false;
        };
        match &self.trigger {
            Trigger::Added { userid, .. } => {
                let mut followers = contact.followers.iter();
                followers.any(|follower| follower.userid == *userid)
            }
            _ => true,
        }
    }

    fn record(self, app: &AppName, now: UnixMillis) -> NewRecord {
        let inbound = Inbound {
            channel: Channel::Contact,
            app: app.clone(),
            at: self.at,
            person: Some(self.person.clone()),
            author: Author::System,
            // As WeCom's own event would have it.
            conversation: ConversationKey(format!("{app}/{}", self.person.id())),
            trigger: self.trigger,
            reply_path: ReplyPath::None,
        };
        NewRecord {
            dedupe: DedupeKey(self.key),
            received_at: now,
            urgent: false,
            body: RecordBody::Inbound {
                inbound,
                raw: String::new(),
            },
        }
    }
}
