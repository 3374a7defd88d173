//! What becomes of a step that is due.

use jiff::tz::TimeZone;

use super::support::lifecycle;
use crate::domain::clock::UnixMillis;
use crate::domain::contact::{Contact, Enrolment, SopEnding, TagMark};
use crate::domain::ids::{Person, SopId, Tag};
use crate::rules::Calendar;
use crate::sops::lifecycle::{Scene, Turn, begin, entered, landed};
use crate::sops::outreach::Outreach;
use crate::sops::{Sop, SopSet};

struct Story {
    sop: Sop,
    contact: Contact,
    outreach: Outreach,
    calendar: Calendar,
    zone: TimeZone,
}

impl Story {
    /// Somebody who began on Monday, 2026-11-23, at ten.
    fn of(lines: &[&str]) -> Self {
        let zone = TimeZone::get("Asia/Shanghai").expect("a zone");
        let sop = lifecycle(lines);
        let mut contact = Contact::unknown(Person::External("wm1".into()));
        let begun = begin(&sop, at("2026-11-23T10:00"), &zone);
        contact.sops.insert(sop.id.clone(), begun.enrolment);
        Self {
            sop,
            contact,
            outreach: Outreach::default(),
            calendar: Calendar::of_chinese_holidays(),
            zone,
        }
    }

    fn enrolment(&mut self) -> &mut Enrolment {
        self.contact.sops.get_mut(&self.sop.id).expect("in it")
    }

    fn scene(&self, now: &str) -> Scene<'_> {
        Scene {
            sop: &self.sop,
            contact: &self.contact,
            enrolment: &self.contact.sops[&self.sop.id],
            outreach: &self.outreach,
            calendar: &self.calendar,
            zone: &self.zone,
            now: at(now),
        }
    }

    /// On time.
    fn turn(&self, now: &str) -> Turn {
        self.scene(now).turn(at(now), false)
    }
}

/// A time in Shanghai.
fn at(local: &str) -> UnixMillis {
    let local: jiff::civil::DateTime = local.parse().expect("a time");
    let zone = TimeZone::get("Asia/Shanghai").expect("a zone");
    let at = local.to_zoned(zone).expect("a time").timestamp();
    UnixMillis(at.as_millisecond())
}

fn tag(contact: &mut Contact, tag: &str) {
    contact
        .tags
        .insert(Tag::from(tag), TagMark::told(UnixMillis(0)));
}

const SEND: &str = "steps: [{at: 1d 10:00, via: staff, do: [{send: 甲}]}]";

#[test]
fn a_step_is_not_done_before_its_time() {
    let story = Story::of(&[SEND]);
    let due = at("2026-11-24T10:00");
    assert_eq!(
        story.turn("2026-11-24T09:59"),
        Turn::Wait(due, "it is not due yet")
    );
    assert_eq!(story.turn("2026-11-24T10:00"), Turn::Do);
}

#[test]
fn exits_are_looked_at_first_and_one_is_enough() {
    let exit = "exit_when: [{has_tag: [买, 付]}, {has_tag: 勿扰}]";
    let mut story = Story::of(&[exit, SEND]);
    tag(&mut story.contact, "组/买");
    assert_eq!(story.turn("2026-11-24T10:00"), Turn::Do, "not yet paid");
    tag(&mut story.contact, "组/付");
    assert_eq!(story.turn("2026-11-24T10:00"), Turn::Exit);
    story.contact.tags.clear();
    tag(&mut story.contact, "组/勿扰");
    assert_eq!(story.turn("2026-11-24T10:00"), Turn::Exit);
}

#[test]
fn quiet_hours_hold_back_what_is_said_and_nothing_else() {
    let quiet = "quiet: {from: \"20:00\", to: \"11:00\", holidays: skip}";
    let story = Story::of(&[quiet, SEND]);
    let eleven = at("2026-11-24T11:00");
    assert_eq!(
        story.turn("2026-11-24T10:00"),
        Turn::Wait(eleven, "quiet hours")
    );
    let dropped = quiet.replace("holidays: skip", "late: drop");
    let story = Story::of(&[&dropped, SEND]);
    assert_eq!(story.turn("2026-11-24T10:00"), Turn::Skip("quiet hours"));
    let silent = "steps: [{at: 1d 10:00, do: [{tag: a/b}, {points: {add: 1, why: a}}]}]";
    let story = Story::of(&[quiet, silent]);
    assert_eq!(story.turn("2026-11-24T10:00"), Turn::Do);
}

#[test]
fn what_gathers_is_quiet_when_its_task_would_be_made_at_night() {
    let quiet = "quiet: {from: \"21:00\", to: \"09:00\"}";
    let task = SEND.replace("staff", "broadcast");
    let story = Story::of(&[quiet, &task]);
    let nine = Turn::Wait(at("2026-11-25T09:00"), "quiet hours");
    assert_eq!(story.turn("2026-11-24T20:59"), nine);
    assert_eq!(story.turn("2026-11-24T20:58"), Turn::Do);
    let card = Story::of(&[quiet, SEND]);
    assert_eq!(card.turn("2026-11-24T20:59"), Turn::Do);
}

#[test]
fn messages_of_all_plans_count_for_the_cap() {
    let cap = "limits: {per_contact: 1/天}";
    let mut story = Story::of(&[cap, SEND]);
    story.contact.reached.push(at("2026-11-24T08:00"));
    let tomorrow = at("2026-11-25T10:00");
    let full = Turn::Wait(tomorrow, "the limit of messages is reached");
    assert_eq!(story.turn("2026-11-24T10:00"), full);
    assert_eq!(story.turn("2026-11-25T10:00"), Turn::Do);
    let reminder = "steps: [{at: 1d 10:00, do: [{remind: {who: 负责人, text: \"{{ now }}\"}}]}]";
    let mut story = Story::of(&[cap, reminder]);
    story.contact.reached.push(at("2026-11-24T08:00"));
    assert_eq!(
        story.turn("2026-11-24T10:00"),
        Turn::Do,
        "a reminder is no message"
    );
}

#[test]
fn conditions_know_whether_they_wrote() {
    let replied = "steps: [{at: 1d 10:00, if: {replied: false}, do: [{tag: a/b}]}]";
    let mut story = Story::of(&[replied]);
    story.contact.heard_at = Some(at("2026-11-23T09:00"));
    assert_eq!(
        story.turn("2026-11-24T10:00"),
        Turn::Do,
        "before they began"
    );
    story.contact.heard_at = Some(at("2026-11-23T11:00"));
    let skipped = Turn::Skip("its condition does not hold");
    assert_eq!(story.turn("2026-11-24T10:00"), skipped);

    let since =
        "steps: [{at: 1d 10:00, if: {replied_since_last: true, 等级: \">= 3\"}, do: [{tag: a/b}]}]";
    let mut story = Story::of(&[since]);
    story.enrolment().last_step_at = Some(at("2026-11-23T12:00"));
    story.contact.heard_at = Some(at("2026-11-23T11:00"));
    assert_eq!(story.turn("2026-11-24T10:00"), skipped);
    story.contact.heard_at = Some(at("2026-11-23T13:00"));
    assert_eq!(story.turn("2026-11-24T10:00"), skipped, "not of that level");
    let level = crate::domain::contact::Value::Number(3.0);
    story.contact.attributes.insert("等级".into(), level);
    assert_eq!(story.turn("2026-11-24T10:00"), Turn::Do);
}

#[test]
fn after_downtime_only_the_last_of_several_is_made_up_for() {
    let steps = [
        "steps:",
        "  - {at: 1d 10:00, via: staff, do: [{send: 甲}]}",
        "  - {at: 2d 10:00, via: staff, do: [{send: 甲}]}",
        "  - {at: 9d 10:00, via: staff, do: [{send: 甲}]}",
    ];
    let mut story = Story::of(&steps);
    let (first, second) = (at("2026-11-24T10:00"), at("2026-11-25T10:00"));
    let back = "2026-11-26T15:00";
    let overtaken = Turn::Missed("it was missed, and the next one is due already");
    assert_eq!(story.scene(back).turn(first, false), overtaken);
    let next = story.scene(back).missed_on();
    assert_eq!(next.due, Some(second), "its own time, not now");
    *story.enrolment() = next.enrolment;
    assert_eq!(story.scene(back).turn(second, false), Turn::Do);
    // An hour late is late, not missed.
    let skip = Story::of(&[&["missed: skip"], &steps[..]].concat());
    assert_eq!(skip.scene("2026-11-24T10:59").turn(first, false), Turn::Do);
    let missed = Turn::Missed("it was missed");
    assert_eq!(skip.scene("2026-11-24T11:01").turn(first, false), missed);
}

#[test]
fn a_plan_that_is_switched_off_waits() {
    let story = Story::of(&[SEND]);
    let now = "2026-11-24T10:00";
    let turn = story.scene(now).turn(at(now), true);
    assert_eq!(
        turn,
        Turn::Idle(at("2026-11-24T11:00"), "the plan is switched off")
    );
}

#[test]
fn a_date_that_was_over_is_left_out() {
    let story = Story::of(&["steps: [{at: 2026-11-11 10:00, do: [{tag: a/b}]}]"]);
    let over = Turn::Skip("its date was over when they began");
    assert_eq!(story.turn("2026-11-23T10:00"), over);
}

#[test]
fn behind_the_last_step_it_is_over() {
    let story = Story::of(&[SEND]);
    let over = story.scene("2026-11-24T10:00").moved_on();
    assert_eq!(over.due, None);
    let end = over.enrolment.ended.expect("over");
    assert_eq!(
        (end.at, end.how),
        (at("2026-11-24T10:00"), SopEnding::Finished)
    );
}

#[test]
fn people_enter_once_when_something_happens_to_them() {
    let now = at("2026-11-23T10:00");
    let sops = SopSet::new([lifecycle(&["audience: {not_tag: 买}", SEND])]);
    let stranger = Contact::unknown(Person::External("wm1".into()));
    let enters = |before: &Contact, after: &Contact, added| {
        entered(&sops, before, after, added, now).count()
    };
    assert_eq!(enters(&stranger, &stranger, true), 1, "added");
    assert_eq!(enters(&stranger, &stranger, false), 0, "known for long");
    let mut buyer = stranger.clone();
    tag(&mut buyer, "组/买");
    assert_eq!(enters(&buyer, &buyer, true), 0, "not for them");
    assert_eq!(enters(&buyer, &stranger, false), 1, "the tag was taken");
    let mut been = stranger.clone();
    let over = Enrolment::begin("v".into(), now);
    been.sops.insert(SopId::from("计划"), over);
    assert_eq!(enters(&been, &been, true), 0, "nobody enters twice");
}

#[test]
fn the_companys_rules_hold_beside_the_plans() {
    let mut story = Story::of(&[SEND]);
    story.outreach.do_not_disturb = vec!["名单/勿扰".into()];
    assert_eq!(story.turn("2026-11-24T10:00"), Turn::Do);
    story
        .contact
        .tags
        .insert("名单/勿扰".into(), TagMark::told(at("2026-11-20T10:00")));
    let shunned = Turn::Skip("they do not want to be disturbed");
    assert_eq!(story.turn("2026-11-24T10:00"), shunned);
    // What nobody outside hears of goes on.
    let silent = "steps: [{at: 1d 10:00, do: [{tag: a/b}]}]";
    let mut quiet = Story::of(&[silent]);
    quiet.outreach = story.outreach.clone();
    quiet.contact.tags = story.contact.tags.clone();
    assert_eq!(quiet.turn("2026-11-24T10:00"), Turn::Do);
}

/// A plan with a step for each of these names; `-` has none.
fn named(names: &str) -> Sop {
    let steps = names.chars().zip(1..).map(|(name, day)| match name {
        '-' => format!("{{at: {day}d 10:00, do: [{{tag: a/b}}]}}"),
        name => format!("{{name: {name}, at: {day}d 10:00, do: [{{tag: a/b}}]}}"),
    });
    let steps: Vec<String> = steps.collect();
    lifecycle(&[&format!("steps: [{}]", steps.join(", "))])
}

#[test]
fn who_is_migrated_has_no_step_twice() {
    let lands = |old: &str, step: u32, new: &str| landed(&named(old), &named(new), step);
    assert_eq!(lands("甲乙丙丁", 2, "天甲乙丁"), 3, "behind 乙");
    assert_eq!(lands("甲乙丙丁", 2, "天甲乙丙丁"), 3, "before 丙");
    assert_eq!(
        lands("甲乙丙", 2, "丙甲乙"),
        3,
        "丙 is behind them, and so is everything"
    );
    assert_eq!(lands("甲乙丙", 0, "天甲乙丙"), 1, "before 甲");
    assert_eq!(
        lands("甲--丁", 2, "天甲--丁"),
        3,
        "one without a name behind 甲"
    );
    assert_eq!(lands("---", 1, "----"), 1, "nothing has a name");
    assert_eq!(lands("甲乙丙", 2, "天地人"), 2, "no name is known");
    assert_eq!(lands("甲乙丙", 2, "甲乙"), 2, "over");
}

#[test]
fn the_companys_quiet_hours_hold_for_what_colleagues_hear_too() {
    let mut story = Story::of(&["steps: [{at: 1d 22:00, do: [{notify: {to: a, text: 甲}}]}]"]);
    assert_eq!(story.turn("2026-11-24T22:00"), Turn::Do);
    story.outreach.quiet = Story::of(&["quiet: {from: \"21:00\", to: \"09:00\"}", SEND])
        .sop
        .quiet;
    let morning = at("2026-11-25T09:00");
    assert_eq!(
        story.turn("2026-11-24T22:00"),
        Turn::Wait(morning, "quiet hours")
    );
}
