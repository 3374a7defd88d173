//! The loop guard: answers of ours that somebody answers by themselves, without end.
//!
//! A loop lives on our answers, so they are held back, and with them whatever else would be
//! said to people each time round: notices, robots, reminders, mass messages. Tags and the
//! like go on, and so does handing over to a person: it ends a loop, and lets a customer
//! through who only writes a lot. Times are those at which people wrote: a backlog that is worked off
//! at once is no loop.

use std::time::Duration;

use crate::config::{Config, Guard};
use crate::domain::action::Action;
use crate::domain::clock::UnixMillis;
use crate::domain::contact::Contact;
use crate::store::{NewRecord, alert_record};

/// So many answers in a row, each set off within about two seconds of the one before, are
/// an automatic answerer at the other end: nobody types that fast.
const QUICK_ANSWERS: usize = 6;
const QUICK_SPAN: Duration = Duration::from_secs(10);
/// The other end's automatic answerer is left alone for so long.
const QUICK_REST: Duration = Duration::from_secs(60);

/// Why answers to somebody are held back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Held {
    /// The last answer that still went out: it stays the same as long as answers are held.
    last_answer: UnixMillis,
    why: Why,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    /// More than the config allows.
    Many(Guard),
    /// Every answer set off the next message at once.
    Quick,
}

/// Whether an answer to something written at `at` is to be held back.
pub(super) fn held(guard: Option<Guard>, contact: &Contact, at: UnixMillis) -> Option<Held> {
    let guard = guard?;
    let last_answer = *contact.answered.last()?;
    let counted = contact
        .answered
        .iter()
        .filter(|answered| at.since(**answered) < guard.within)
        .count();
    if counted >= guard.answers {
        let why = Why::Many(guard);
        return Some(Held { last_answer, why });
    }
    let first = contact.answered.len().checked_sub(QUICK_ANSWERS)?;
    let quick = last_answer.since(contact.answered[first]) <= QUICK_SPAN
        && at.since(last_answer) < QUICK_REST;
    quick.then_some(Held {
        last_answer,
        why: Why::Quick,
    })
}

/// Whether an action says something to people, which a loop would repeat without end.
pub(super) fn holds(action: &Action) -> bool {
    match action {
        Action::Reply(_)
        | Action::Notify { .. }
        | Action::Robot { .. }
        | Action::Remind { .. }
        | Action::MassMessage { .. } => true,
        // A welcome's code works once; the rest speaks to nobody, or ends the loop.
        Action::Welcome(_)
        | Action::Tag(_)
        | Action::Untag(_)
        | Action::Remark(_)
        | Action::Set { .. }
        | Action::Points { .. }
        | Action::StartSop(_)
        | Action::StopSop(_)
        | Action::Webhook { .. }
        | Action::Transfer(_)
        | Action::EndSession => false,
    }
}

impl Held {
    /// For the trace.
    pub(super) fn reason(self) -> String {
        match self.why {
            Why::Many(Guard { answers, within }) => format!(
                "held back by the loop guard: {answers} answers within {} s",
                within.as_secs()
            ),
            Why::Quick => "held back by the loop guard: answered at once every time".to_owned(),
        }
    }

    /// What operators are told, once for the same opening and at most once in `within`.
    pub(super) fn alert(
        self,
        config: &Config,
        contact: &Contact,
        now: UnixMillis,
    ) -> Option<NewRecord> {
        let lang = config.alerts.as_ref()?.lang;
        let id = contact.person.id();
        let who = contact.name.as_deref().unwrap_or(id);
        let text = match self.why {
            Why::Many(Guard { answers, within }) => {
                let (answers, minutes) = (answers.to_string(), minutes(within));
                let values = [
                    ("who", who),
                    ("id", id),
                    ("answers", &answers),
                    ("minutes", &minutes),
                ];
                lang.text("alert.guard_many", &values)
            }
            Why::Quick => lang.text("alert.guard_quick", &[("who", who), ("id", id)]),
        };
        let span = config.guard.unwrap_or_default().within.as_millis();
        let span = i64::try_from(span).unwrap_or(i64::MAX).max(1);
        let opening = self.last_answer.0.div_euclid(span);
        let key = format!("guard/{}/{opening}", contact.person.key());
        alert_record(config, &key, text, now)
    }
}

fn minutes(time: Duration) -> String {
    let minutes = time.as_secs().div_ceil(60);
    minutes.to_string()
}

#[cfg(test)]
mod tests {
    use super::{Guard, Held, Why, held};
    use crate::domain::clock::UnixMillis;
    use crate::domain::contact::Contact;
    use crate::domain::ids::Person;
    use std::time::Duration;

    const GUARD: Guard = Guard {
        answers: 20,
        within: Duration::from_secs(600),
    };

    fn answered(secs: impl IntoIterator<Item = i64>) -> Contact {
        let mut contact = Contact::unknown(Person::External("wm1".into()));
        contact.answered = secs.into_iter().map(UnixMillis::from_secs).collect();
        contact
    }

    fn at(secs: i64) -> UnixMillis {
        UnixMillis::from_secs(secs)
    }

    #[test]
    fn the_breaker_opens_at_the_limit_and_closes_when_the_window_has_room() {
        let busy = answered((0..20).map(|n| n * 20));
        let opened = held(Some(GUARD), &busy, at(400));
        let last_answer = at(380);
        let why = Why::Many(GUARD);
        assert_eq!(opened, Some(Held { last_answer, why }));
        assert_eq!(held(Some(GUARD), &busy, at(599)), opened);
        assert_eq!(held(Some(GUARD), &busy, at(600)), None);
        let almost = answered((0..19).map(|n| n * 20));
        assert_eq!(held(Some(GUARD), &almost, at(400)), None);
    }

    #[test]
    fn an_automatic_answerer_is_known_by_its_speed() {
        let ping_pong = answered((0..6).map(|n| n * 2));
        let found = held(Some(GUARD), &ping_pong, at(12));
        assert_eq!(found.map(|held| held.why), Some(Why::Quick));
        assert!(held(Some(GUARD), &ping_pong, at(69)).is_some());
        assert_eq!(held(Some(GUARD), &ping_pong, at(70)), None, "it had a rest");
        let person = answered((0..6).map(|n| n * 3));
        assert_eq!(held(Some(GUARD), &person, at(16)), None);
        let few = answered([0, 1, 2, 3, 4]);
        assert_eq!(held(Some(GUARD), &few, at(5)), None);
    }

    #[test]
    fn switched_off_it_holds_nothing() {
        assert_eq!(held(None, &answered(0..50), at(50)), None);
    }
}
