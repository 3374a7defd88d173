//! When WeCom is asked again about somebody: an event says that something changed, but not
//! what, and WeCom's answer may be older than its event. No I/O.

use std::time::Duration;

use crate::domain::clock::UnixMillis;
use crate::domain::contact::Contact;
use crate::domain::ids::Person;
use crate::domain::inbound::{Task, Trigger};
use crate::domain::timer::Timer;
use crate::store::ClaimedRecord;

/// `groupchat/get` may lag behind the event by seconds.
const GROUP_LAG: Duration = Duration::from_secs(5);
/// Waits after the first, second … time that WeCom could not be asked. After the last the
/// next whole run finds it.
const PATIENCE: [Duration; 3] = [
    Duration::from_secs(60),
    Duration::from_secs(600),
    Duration::from_secs(3600),
];

/// The timer that asks again about the record's person, if that is needed. `contact` is what
/// is known after WeCom was asked.
pub(super) fn timer(
    record: &ClaimedRecord,
    contact: Option<&Contact>,
    now: UnixMillis,
) -> Option<Timer> {
    let inbound = &record.inbound;
    let person = inbound.person.as_ref()?;
    let added = matches!(inbound.trigger, Trigger::Added { .. });
    if !added && !inbound.hints_at_change() {
        return None;
    }
    let asked = contact.and_then(|contact| contact.synced_at);
    let fresh = asked >= Some(record.received_at);
    let (tries, wait) = match (&inbound.trigger, person) {
        (Trigger::Own(_), _) if fresh => return None,
        (Trigger::Own(Task::Refresh { tries }), _) => {
            let next = usize::try_from(*tries).ok();
            (*tries + 1, *PATIENCE.get(next?)?)
        }
        (_, Person::Group(_)) => (0, GROUP_LAG),
        _ if fresh => return None,
        _ => (0, PATIENCE[0]),
    };
    let due = now.after(wait);
    Some(Timer {
        key: format!("refresh/{}", person.key()),
        due,
        inbound: inbound.followed_by(due, Task::Refresh { tries }),
    })
}

#[cfg(test)]
mod tests {
    use super::{GROUP_LAG, PATIENCE, timer};
    use crate::domain::clock::UnixMillis;
    use crate::domain::contact::Contact;
    use crate::domain::ids::{Person, RecordId};
    use crate::domain::inbound::{
        Author, CONTACT_CHANGED, Channel, Inbound, ReplyPath, Task, Trigger,
    };
    use crate::store::ClaimedRecord;

    const NOW: UnixMillis = UnixMillis(100_000);

    fn record(person: Person, trigger: Trigger) -> ClaimedRecord {
        ClaimedRecord {
            id: RecordId(1),
            fence: 1,
            attempt: 1,
            received_at: NOW,
            inbound: Inbound {
                channel: Channel::Contact,
                app: "contact".into(),
                at: NOW,
                person: Some(person),
                author: Author::System,
                conversation: "contact/x".into(),
                trigger,
                reply_path: ReplyPath::None,
            },
        }
    }

    fn edited() -> Trigger {
        Trigger::Event {
            event: CONTACT_CHANGED.to_owned(),
            change_type: Some("edit_external_contact".to_owned()),
        }
    }

    fn asked_at(person: &Person, at: UnixMillis) -> Contact {
        let mut contact = Contact::unknown(person.clone());
        contact.synced_at = Some(at);
        contact
    }

    #[test]
    fn who_could_be_asked_about_is_not_asked_about_again() {
        let person = Person::External("wm1".into());
        let record = record(person.clone(), edited());
        assert_eq!(timer(&record, Some(&asked_at(&person, NOW)), NOW), None);
        let before = asked_at(&person, UnixMillis(99_999));
        let timer = timer(&record, Some(&before), NOW).expect("a timer");
        assert_eq!(timer.due, NOW.after(PATIENCE[0]));
        assert_eq!(timer.key, "refresh/ext:wm1");
    }

    #[test]
    fn groups_are_asked_about_once_more_because_answers_lag() {
        let person = Person::Group("wr1".into());
        let joined = Trigger::Joined {
            chat_id: "wr1".into(),
            who: vec!["wm1".to_owned()],
        };
        let timer = timer(
            &record(person.clone(), joined),
            Some(&asked_at(&person, NOW)),
            NOW,
        );
        assert_eq!(timer.expect("a timer").due, NOW.after(GROUP_LAG));
    }

    #[test]
    fn patience_ends() {
        let person = Person::External("wm1".into());
        let mut waits = Vec::new();
        let mut tries = 0;
        loop {
            let record = record(person.clone(), Trigger::Own(Task::Refresh { tries }));
            let Some(timer) = timer(&record, None, NOW) else {
                break;
            };
            waits.push(timer.due.since(NOW));
            let Trigger::Own(Task::Refresh { tries: next }) = timer.inbound.trigger else {
                panic!("another trigger");
            };
            tries = next;
        }
        assert_eq!(waits, PATIENCE);
    }
}
