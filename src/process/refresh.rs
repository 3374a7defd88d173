//! When WeCom is asked again about somebody: an event says that something changed, but not
//! what, and WeCom's answer may be older than its event. No I/O.

use std::time::Duration;

use super::own::TaskScene;
use crate::domain::ids::Person;
use crate::domain::inbound::{Author, Inbound, ReplyPath, Task, Trigger};
use crate::domain::timer::Timer;

/// `groupchat/get` may lag behind the event by seconds.
const GROUP_LAG: Duration = Duration::from_secs(5);
/// Waits after the first, second … time that WeCom could not be asked. After the last the
/// next whole run finds it.
const PATIENCE: [Duration; 3] = [
    Duration::from_secs(60),
    Duration::from_secs(600),
    Duration::from_secs(3600),
];

/// The timer that asks again about the record's person, if that is needed.
pub(super) fn timer(scene: &TaskScene<'_>) -> Option<Timer> {
    let inbound = &scene.record.inbound;
    let person = inbound.person.as_ref()?;
    let added = matches!(inbound.trigger, Trigger::Added { .. });
    if !added && !inbound.hints_at_change() {
        return None;
    }
    let asked = scene.contact.synced_at;
    let fresh = asked.is_some_and(|at| at >= scene.record.received_at);
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
    let due = scene.now.after(wait);
    Some(Timer {
        key: format!("refresh/{}", person.key()),
        due,
        inbound: Inbound {
            at: due,
            author: Author::System,
            trigger: Trigger::Own(Task::Refresh { tries }),
            reply_path: ReplyPath::None,
            ..inbound.clone()
        },
    })
}
