use std::time::Duration;

use jiff::tz::TimeZone;

use super::{is_finished, is_given_up, is_read, next_look, wants_reminder};
use crate::config::Broadcasts;
use crate::domain::broadcast::Reach;
use crate::domain::clock::UnixMillis;
use crate::domain::ids::{BroadcastId, Person, RecordId};
use crate::store::{Broadcast, BroadcastHead, Delivery, MemberPart, TargetNews};

const HOUR: Duration = Duration::from_secs(3600);

/// Monday, 10:00 in Shanghai.
fn ten() -> UnixMillis {
    let zoned: jiff::Zoned = "2026-11-23T10:00[Asia/Shanghai]".parse().unwrap();
    UnixMillis(zoned.timestamp().as_millisecond())
}

fn zone() -> TimeZone {
    TimeZone::get("Asia/Shanghai").unwrap()
}

fn task(reach: Reach, members: &[Option<UnixMillis>]) -> Broadcast {
    let head = BroadcastHead {
        app: "contact".into(),
        reach,
        sender: None,
        rule: "sop/新客".into(),
        action: 0,
        record: RecordId(1),
        step: None,
        tags: Vec::new(),
        messages: Vec::new(),
    };
    let mut row = Broadcast::begin(BroadcastId(1), String::new(), head, ten());
    row.created_at = Some(ten());
    let members = members.iter().enumerate();
    let members = members.map(|(number, sent_at)| MemberPart {
        userid: format!("m{number}").into(),
        sent_at: *sent_at,
        read: false,
    });
    row.members = members.collect();
    row
}

fn news(delivery: Delivery) -> TargetNews {
    TargetNews {
        person: Person::External("wm1".into()),
        delivery,
        why: None,
    }
}

#[test]
fn looks_grow_rarer_and_the_last_one_is_in_time() {
    let (row, policy) = (task(Reach::Customers, &[None]), Broadcasts::default());
    let next = |after: Duration| {
        let now = ten().after(after);
        next_look(&row, policy, now).since(now).as_secs()
    };
    assert_eq!(next(Duration::ZERO), 30);
    assert_eq!(next(HOUR), 360);
    assert_eq!(next(48 * HOUR), 1800);
    assert_eq!(next(72 * HOUR - Duration::from_secs(60)), 60);
    assert!(!is_given_up(&row, policy, ten().after(72 * HOUR - HOUR)));
    assert!(is_given_up(&row, policy, ten().after(72 * HOUR)));
}

#[test]
fn reminders_keep_their_distance_their_number_and_the_night() {
    let mut row = task(Reach::Customers, &[None]);
    let policy = Broadcasts {
        reminders: 9,
        ..Broadcasts::default()
    };
    let by = |row: &Broadcast, after: Duration, quiet| {
        wants_reminder(row, policy, ten().after(after), (quiet, &zone()))
    };
    let asks = |row: &Broadcast, after: Duration| by(row, after, None);
    assert!(!asks(&row, 3 * HOUR));
    assert!(asks(&row, 4 * HOUR));
    assert!(!asks(&row, 12 * HOUR), "at ten in the evening");
    assert!(by(&row, 12 * HOUR, Some(false)), "which is not quiet here");
    assert!(!by(&row, 4 * HOUR, Some(true)), "a holiday");
    row.reminded = vec![ten().after(4 * HOUR)];
    assert!(!asks(&row, 7 * HOUR));
    assert!(asks(&row, 8 * HOUR));
    row.reminded = [1, 2, 3].map(|hour| ten().after(hour * HOUR)).to_vec();
    assert!(!asks(&row, 24 * HOUR), "WeCom allows three in 24 h");
    assert!(asks(&row, 25 * HOUR));
    let few = Broadcasts {
        reminders: 3,
        ..policy
    };
    assert!(!wants_reminder(
        &row,
        few,
        ten().after(26 * HOUR),
        (None, &zone())
    ));
    let confirmed = task(Reach::Customers, &[Some(ten())]);
    assert!(!asks(&confirmed, 4 * HOUR), "nobody is left to remind");
}

#[test]
fn a_part_is_read_when_nothing_is_open_or_the_member_has_left_it_out() {
    let row = task(Reach::Customers, &[Some(ten())]);
    let member = &row.members[0];
    let read = |news: &[TargetNews], after| is_read(member, news, &row, ten().after(after));
    let reached = [news(Delivery::Delivered), news(Delivery::Refused)];
    assert!(read(&reached, Duration::ZERO));
    let sending = [news(Delivery::Delivered), news(Delivery::Confirmed)];
    assert!(!read(&sending, Duration::from_secs(60)));
    assert!(read(&sending, HOUR));
}

#[test]
fn groups_are_complete_when_all_were_reached() {
    let mut row = task(Reach::Groups, &[Some(ten())]);
    row.counts.insert(Delivery::Created, 2);
    let member = &row.members[0];
    let one = [news(Delivery::Delivered)];
    assert!(!is_read(member, &one, &row, ten()));
    assert!(is_read(member, &one, &row, ten().after(HOUR)));
    let both = [news(Delivery::Delivered), news(Delivery::Delivered)];
    assert!(is_read(member, &both, &row, ten()));
}

#[test]
fn a_task_is_finished_when_every_part_is_read() {
    let mut row = task(Reach::Customers, &[Some(ten()), None]);
    row.members[0].read = true;
    assert!(!is_finished(&row));
    row.members[1].read = true;
    assert!(is_finished(&row));
    assert!(!is_finished(&task(Reach::Customers, &[])));
}

#[test]
fn a_moment_is_looked_at_for_an_hour_after_it_was_published() {
    let row = task(Reach::Moments, &[Some(ten())]);
    let member = &row.members[0];
    let seen = [news(Delivery::Delivered)];
    assert!(!is_read(member, &seen, &row, ten()));
    assert!(is_read(member, &seen, &row, ten().after(HOUR)));
    let asks = wants_reminder(
        &row,
        Broadcasts::default(),
        ten().after(5 * HOUR),
        (None, &zone()),
    );
    assert!(!asks, "WeCom has no reminders of moments");
}
