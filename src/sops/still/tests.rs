use jiff::tz::TimeZone;

use super::{LEFT, Look, NOT_A_FRIEND, PAUSED, Said, Still};
use crate::domain::clock::UnixMillis;
use crate::domain::contact::{Contact, Enrolment, Follower, SopEnding, TagMark};
use crate::domain::effect::SopRowKey;
use crate::domain::ids::{Person, UserId};
use crate::rules::Calendar;
use crate::sops::SopSet;
use crate::sops::control::{Control, Pause};
use crate::sops::lifecycle::ended;
use crate::sops::outreach::Listener;
use crate::sops::tests::support::{read, text_of};

const EXIT: &str = "exit_when: [{has_tag: 客户/已购买}]";
const STEPS: &str =
    "steps: [{at: 0d, via: broadcast, do: [{send: 甲}]}, {at: 3d 10:00, do: [{tag: a/b}]}]";
const CAP: &str = "the limit of messages is reached";

fn at(text: &str) -> UnixMillis {
    let zoned: jiff::Zoned = format!("{text}[Asia/Shanghai]").parse().expect("a time");
    UnixMillis(zoned.timestamp().as_millisecond())
}

struct Story {
    sops: SopSet,
    contact: Contact,
    control: Control,
    downtimes: Vec<Pause>,
    row: SopRowKey,
}

impl Story {
    /// Somebody who began in the morning and whose message was decided at ten to nine at night.
    fn of(lines: &[&str]) -> Self {
        let text = text_of(lines).replace(
            "sops:\n",
            "outreach: {per_contact: [1/天], do_not_disturb: [名单/勿扰]}\nsops:\n",
        );
        let (set, report) = read(&text);
        let sops = set.unwrap_or_else(|| panic!("{}", report.human(crate::lang::Lang::En)));
        let person = Person::External("wm1".into());
        let mut contact = Contact::unknown(person.clone());
        contact.followers = vec![Follower::of(UserId::from("lin.mei"))];
        contact.reached = vec![decided()];
        let began = at("2026-11-23T10:00");
        let version = sops.iter().next().expect("a plan").version.clone();
        let enrolment = Enrolment {
            step: 1,
            last_step_at: Some(decided()),
            ..Enrolment::begin(version, began)
        };
        contact.sops.insert("计划".into(), enrolment);
        let row = SopRowKey {
            sop: "计划".into(),
            run: began,
            target: person,
            step: 0,
        };
        Self {
            sops,
            contact,
            control: Control::default(),
            downtimes: Vec::new(),
            row,
        }
    }

    fn tagged(mut self, tag: &str, rule: Option<&str>) -> Self {
        let mark = TagMark {
            rule: rule.map(Into::into),
            ..TagMark::told(at("2026-11-23T22:30"))
        };
        self.contact.tags.insert(tag.into(), mark);
        self
    }

    fn over(mut self, how: SopEnding, when: UnixMillis) -> Self {
        for enrolment in self.contact.sops.values_mut() {
            *enrolment = ended(enrolment, how, when);
        }
        self
    }

    fn still(&self) -> Still {
        self.at("2026-11-24T09:00")
    }

    fn at(&self, now: &str) -> Still {
        let sender = UserId::from("LIN.mei");
        self.look(now, |look| {
            look.at(Said {
                row: Some(&self.row),
                at: decided(),
                heard: true,
                counted: Some(decided()),
                sender: Some(&sender),
            })
        })
    }

    fn look<T>(&self, now: &str, ask: impl FnOnce(Look<'_>) -> T) -> T {
        ask(Look {
            listener: Listener {
                contact: &self.contact,
                calendar: &Calendar::of_chinese_holidays(),
                zone: &TimeZone::get("Asia/Shanghai").expect("a zone"),
                now: at(now),
            },
            sops: &self.sops,
            control: &self.control,
            downtimes: &self.downtimes,
        })
    }
}

fn decided() -> UnixMillis {
    at("2026-11-23T20:50")
}

#[test]
fn nothing_has_happened() {
    assert_eq!(Story::of(&[EXIT, STEPS]).still(), Still::Wanted);
}

#[test]
fn who_wants_peace_bought_or_went_away_hears_nothing_more() {
    let peace = Story::of(&[EXIT, STEPS]).tagged("名单/勿扰", None);
    let shunned = "they do not want to be disturbed";
    assert_eq!(peace.still(), Still::Refused(shunned));
    let bought = Story::of(&[EXIT, STEPS]).tagged("客户/已购买", None);
    assert_eq!(bought.still(), Still::Refused(LEFT));
    let night = at("2026-11-23T23:00");
    let out = Story::of(&[EXIT, STEPS]).over(SopEnding::Stopped, night);
    assert_eq!(out.still(), Still::Refused(LEFT));
    let mut lost = Story::of(&[EXIT, STEPS]);
    lost.contact.followers.clear();
    assert_eq!(lost.still(), Still::Refused(NOT_A_FRIEND));
    let mut told = Story::of(&[EXIT, STEPS]);
    told.contact.lost_at = Some(at("2026-11-22T10:00"));
    assert_eq!(told.still(), Still::Wanted, "the plan knew it");
    told.contact.lost_at = Some(night);
    assert_eq!(told.still(), Still::Refused(NOT_A_FRIEND));
}

#[test]
fn what_the_step_itself_does_is_no_reason() {
    let own = Story::of(&[EXIT, STEPS]).tagged("客户/已购买", Some("sop/计划"));
    assert_eq!(own.still(), Still::Wanted);
    let exit = "exit_when: [{阶段: 完}]";
    let steps = "steps: [{at: 0d, via: broadcast, do: [{send: 甲}, {set: {阶段: 完}}]}]";
    let mut own = Story::of(&[exit, steps]).over(SopEnding::Finished, decided());
    let done = crate::domain::contact::Value::Text("完".into());
    own.contact.attributes.insert("阶段".into(), done);
    assert_eq!(own.still(), Still::Wanted);
    let said_on_leaving = Story::of(&[EXIT, STEPS])
        .tagged("客户/已购买", None)
        .over(SopEnding::Exited, decided());
    assert_eq!(said_on_leaving.still(), Still::Wanted);
}

#[test]
fn operators_can_hold_it_and_take_it_back() {
    let mut story = Story::of(&[EXIT, STEPS]);
    story.control.paused = Some(at("2026-11-23T21:00"));
    assert_eq!(story.still(), Still::Waits("the plan is paused"));
    story.control.paused = None;
    story.control.cancelled = Some(at("2026-11-23T21:00"));
    assert_eq!(story.still(), Still::Cancelled("the SOP was cancelled"));
    // Who has entered since is in it.
    story.control.cancelled = Some(at("2026-11-23T20:00"));
    assert_eq!(story.still(), Still::Wanted);
    let off = Story::of(&["mode: off", EXIT, STEPS]);
    assert_eq!(off.still(), Still::Waits("the plan is switched off"));
    let mut removed = Story::of(&[EXIT, STEPS]);
    removed.row.sop = "没了".into();
    let why = "the SOP is not in the files any more";
    assert_eq!(removed.still(), Still::Refused(why));
}

#[test]
fn the_day_on_which_it_is_said_must_have_room() {
    let mut story = Story::of(&[EXIT, STEPS]);
    let anew = |story: &Story, now| {
        let row = Some(&story.row);
        story.look(now, |look| look.counts_anew(row, decided()))
    };
    assert!(anew(&story, "2026-11-24T09:00"));
    assert!(!anew(&story, "2026-11-23T20:55"));
    story.contact.reached.push(at("2026-11-24T09:00"));
    assert_eq!(story.at("2026-11-24T09:05"), Still::Refused(CAP));
    // The same day was asked about when it was decided.
    assert_eq!(story.at("2026-11-23T20:55"), Still::Wanted);
}

#[test]
fn what_was_decided_before_it_was_counted_anew_is_seen() {
    let mut story = Story::of(&[EXIT, STEPS]);
    let morning = "2026-11-24T09:00";
    story.contact.reached = vec![at(morning)];
    let still = |story: &Story| {
        let row = Some(&story.row);
        story.look(morning, |look| look.counted_now(row, decided()))
    };
    assert_eq!(still(&story), Still::Wanted);
    story.contact.reached.insert(0, at("2026-11-24T08:59"));
    assert_eq!(still(&story), Still::Refused(CAP));
}

#[test]
fn what_was_due_in_a_pause_follows_missed() {
    let paused = |lines: &[&str], from: &str, until: &str| {
        let mut story = Story::of(lines);
        story.control.pauses.push(Pause {
            from: at(from),
            until: at(until),
        });
        story.at(until)
    };
    let skip: &[&str] = &["missed: skip", EXIT, STEPS];
    let (evening, morning) = ("2026-11-23T20:51", "2026-11-24T09:00");
    assert_eq!(paused(skip, evening, morning), Still::Missed(PAUSED));
    assert_eq!(paused(&[EXIT, STEPS], evening, morning), Still::Wanted);
    assert_eq!(paused(skip, evening, "2026-11-23T21:50"), Still::Wanted);
    // A cap kept it since; the pause was over by then.
    let mut capped = Story::of(skip);
    capped.control.pauses.push(Pause {
        from: at(evening),
        until: at("2026-11-23T23:00"),
    });
    assert_eq!(capped.at("2026-11-23T23:05"), Still::Missed(PAUSED));
    assert_eq!(capped.still(), Still::Wanted);
    // It went on before this was decided.
    let before = ("2026-11-23T08:00", "2026-11-23T20:50");
    assert_eq!(paused(skip, before.0, before.1), Still::Wanted);
    // What waits for the morning anyway was not due in the night.
    let quiet = "quiet: {from: \"20:50\", to: \"09:00\"}";
    let night: &[&str] = &["missed: skip", quiet, EXIT, STEPS];
    assert_eq!(paused(night, evening, "2026-11-24T09:50"), Still::Wanted);
    let noon = "2026-11-24T10:01";
    assert_eq!(paused(night, evening, noon), Still::Missed(PAUSED));
}

#[test]
fn what_was_due_while_nobody_ran_follows_missed() {
    let down = |lines: &[&str], until: &str| {
        let mut story = Story::of(lines);
        story.downtimes.push(Pause {
            from: at("2026-11-23T20:51"),
            until: at(until),
        });
        story.at(until)
    };
    let skip: &[&str] = &["missed: skip", EXIT, STEPS];
    let missed = Still::Missed("it was missed: the server was down");
    assert_eq!(down(skip, "2026-11-23T22:00"), missed);
    assert_eq!(down(skip, "2026-11-23T21:40"), Still::Wanted);
    assert_eq!(down(&[EXIT, STEPS], "2026-11-23T22:00"), Still::Wanted);
}
