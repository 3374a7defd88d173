//! What holds for everything that is said to customers unasked, by plans and by a rule's mass
//! message together. Pure.
//!
//! An answer to what a customer wrote and a welcome are never asked about here. What goes to
//! colleagues reaches no customer: it is quiet when everything is, and counted for the
//! internal group that hears it.

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::model::{Cap, Late, Quiet};
use super::quiet::allowed_from;
use super::timing::room;
use crate::domain::clock::UnixMillis;
use crate::domain::contact::Contact;
use crate::domain::ids::{Person, Tag};
use crate::rules::Calendar;

/// So many rounds of quiet hours and caps are looked at: each leads to a later time, and a
/// month has fewer days.
const MOST_ROUNDS: usize = 64;

/// The company's own rules for what is said unasked.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Outreach {
    /// When nothing is said.
    pub quiet: Option<Quiet>,
    /// At most so much to one contact.
    pub per_contact: Vec<Cap>,
    /// At most so much to one group.
    pub per_group: Vec<Cap>,
    /// Nothing to those who carry one of these.
    pub do_not_disturb: Vec<Tag>,
}

/// Why something is not said now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// It may be said from then on.
    Until(UnixMillis, &'static str),
    /// It is left out.
    Dropped(&'static str),
}

/// Who is to hear something, and when.
#[derive(Debug, Clone, Copy)]
pub struct Listener<'a> {
    /// A contact or a group.
    pub contact: &'a Contact,
    /// Holidays.
    pub calendar: &'a Calendar,
    /// The company's zone.
    pub zone: &'a TimeZone,
    /// Now.
    pub now: UnixMillis,
}

impl Outreach {
    /// Whether they do not want to be disturbed.
    #[must_use]
    pub fn shuns(&self, contact: &Contact) -> bool {
        self.do_not_disturb.iter().any(|tag| contact.has_tag(tag))
    }

    /// Whether it is quiet for everybody, whoever they are.
    #[must_use]
    pub fn quiet(&self, now: UnixMillis, calendar: &Calendar, zone: &TimeZone) -> Option<Held> {
        let quiet = self.quiet.as_ref()?;
        match allowed_from(quiet, now, calendar, zone) {
            Some(free) if free == now => None,
            Some(free) if quiet.late == Late::Next => Some(Held::Until(free, "quiet hours")),
            _ => Some(Held::Dropped("quiet hours")),
        }
    }

    /// Why they are not told now; `None` if they may be. `limit` is a plan's own cap.
    #[must_use]
    pub fn held(&self, listener: Listener<'_>, limit: Option<Cap>) -> Option<Held> {
        if self.shuns(listener.contact) {
            return Some(Held::Dropped("they do not want to be disturbed"));
        }
        let caps = match listener.contact.person {
            Person::Group(_) => &self.per_group,
            _ => &self.per_contact,
        };
        let mut at = listener.now;
        let mut why = None;
        for _ in 0..MOST_ROUNDS {
            let mut next = at;
            match self.quiet(next, listener.calendar, listener.zone) {
                None => {}
                Some(Held::Until(free, quiet)) => {
                    next = free;
                    why = why.or(Some(quiet));
                }
                dropped => return dropped,
            }
            for cap in caps.iter().copied().chain(limit) {
                if let Some(free) = room(cap, &listener.contact.reached, next, listener.zone) {
                    next = free;
                    why = why.or(Some("the limit of messages is reached"));
                }
            }
            if next == at {
                return why.map(|why| Held::Until(at, why));
            }
            at = next;
        }
        Some(Held::Dropped("there is no time at which it may be said"))
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::time;
    use jiff::tz::TimeZone;

    use super::{Held, Listener, Outreach};
    use crate::domain::clock::UnixMillis;
    use crate::domain::contact::{Contact, TagMark};
    use crate::domain::ids::Person;
    use crate::rules::Calendar;
    use crate::sops::model::{Cap, Late, Period, Quiet};

    fn at(text: &str) -> UnixMillis {
        let zone = TimeZone::get("Asia/Shanghai").expect("a zone");
        let local: jiff::civil::DateTime = text.parse().expect("a time");
        let at = local.to_zoned(zone).expect("an instant");
        UnixMillis(at.timestamp().as_millisecond())
    }

    fn ours() -> Outreach {
        let cap = |most, period| Cap { most, period };
        Outreach {
            quiet: Some(Quiet {
                span: Some((time(21, 0, 0, 0), time(9, 0, 0, 0))),
                holidays: false,
                late: Late::Next,
            }),
            per_contact: vec![cap(1, Period::Day), cap(2, Period::Week)],
            per_group: vec![cap(2, Period::Day)],
            do_not_disturb: vec!["名单/勿扰".into()],
        }
    }

    fn held(outreach: &Outreach, contact: &Contact, now: &str) -> Option<Held> {
        let listener = Listener {
            contact,
            calendar: &Calendar::of_chinese_holidays(),
            zone: &TimeZone::get("Asia/Shanghai").expect("a zone"),
            now: at(now),
        };
        outreach.held(listener, None)
    }

    fn reached(person: Person, times: &[&str]) -> Contact {
        let mut contact = Contact::unknown(person);
        contact.reached = times.iter().map(|time| at(time)).collect();
        contact
    }

    fn customer(times: &[&str]) -> Contact {
        reached(Person::External("wm1".into()), times)
    }

    const CAP: &str = "the limit of messages is reached";

    #[test]
    fn a_day_and_a_week_have_room_for_so_much() {
        let ours = ours();
        assert_eq!(held(&ours, &customer(&[]), "2026-11-24T10:00"), None);
        let today = customer(&["2026-11-24T09:30"]);
        let tomorrow = Held::Until(at("2026-11-25T10:00"), CAP);
        assert_eq!(held(&ours, &today, "2026-11-24T10:00"), Some(tomorrow));
        let twice = customer(&["2026-11-23T09:30", "2026-11-24T09:30"]);
        let monday = Held::Until(at("2026-11-30T11:00"), CAP);
        assert_eq!(held(&ours, &twice, "2026-11-24T11:00"), Some(monday));
        assert_eq!(held(&ours, &twice, "2026-11-30T09:00"), None);
    }

    #[test]
    fn a_cap_never_leads_into_quiet_hours() {
        let evening = customer(&["2026-11-24T20:00"]);
        // There is room at 22:00 tomorrow, but that is at night.
        let held = held(&ours(), &evening, "2026-11-24T22:00");
        assert_eq!(
            held,
            Some(Held::Until(at("2026-11-25T09:00"), "quiet hours"))
        );
    }

    #[test]
    fn groups_have_a_cap_of_their_own() {
        let once = reached(Person::Group("wr1".into()), &["2026-11-24T09:30"]);
        assert_eq!(held(&ours(), &once, "2026-11-24T10:00"), None);
        let group = Person::Group("wr1".into());
        let twice = reached(group, &["2026-11-24T09:10", "2026-11-24T09:30"]);
        assert!(held(&ours(), &twice, "2026-11-24T10:00").is_some());
    }

    #[test]
    fn who_wants_peace_gets_it() {
        let mut contact = customer(&[]);
        let mark = TagMark::told(at("2026-11-01T10:00"));
        contact.tags.insert("名单/勿扰".into(), mark);
        let held = held(&ours(), &contact, "2026-11-24T10:00");
        assert_eq!(
            held,
            Some(Held::Dropped("they do not want to be disturbed"))
        );
    }

    #[test]
    fn late_can_mean_never() {
        let mut ours = ours();
        if let Some(quiet) = &mut ours.quiet {
            quiet.late = Late::Drop;
        }
        let held = held(&ours, &customer(&[]), "2026-11-24T22:00");
        assert_eq!(held, Some(Held::Dropped("quiet hours")));
    }
}
