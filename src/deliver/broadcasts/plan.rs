//! When a task is looked at, when its members are reminded, when it is over. Pure.

use std::time::Duration;

use jiff::tz::TimeZone;

use crate::config::Broadcasts;
use crate::domain::broadcast::Reach;
use crate::domain::clock::UnixMillis;
use crate::store::{Broadcast, Delivery, MemberPart, TargetNews};

/// A task is looked at after so much of its age …
const OF_ITS_AGE: u32 = 10;
/// … but no sooner …
const SOONEST: Duration = Duration::from_secs(30);
/// … and no later than this.
const LATEST: Duration = Duration::from_secs(1800);
/// What a member has not sent this long after confirming, they have left out.
const SENDING: Duration = Duration::from_secs(3600);
/// WeCom reminds of a task so often …
const REMINDERS: usize = 3;
/// … in this time.
const DAY: Duration = Duration::from_secs(24 * 3600);
/// Unless quiet hours say otherwise, members are reminded from this hour on …
const FROM_HOUR: i8 = 9;
/// … until this one.
const TO_HOUR: i8 = 21;

/// When the task is looked at next: often at first, more and more seldom later.
pub(super) fn next_look(row: &Broadcast, policy: Broadcasts, now: UnixMillis) -> UnixMillis {
    let created = row.created_at.unwrap_or(now);
    let wait = (now.since(created) / OF_ITS_AGE).clamp(SOONEST, LATEST);
    let gives_up = created.after(policy.give_up_after);
    now.after(wait).min(gives_up.max(now.after(SOONEST)))
}

/// Whether it is to be taken back.
pub(super) fn is_given_up(row: &Broadcast, policy: Broadcasts, now: UnixMillis) -> bool {
    let created = row.created_at.unwrap_or(now);
    now.since(created) >= policy.give_up_after
}

/// Whether the members who have not confirmed are to be reminded now. `quiet` is what operators
/// have said about this time; by day if they have said nothing.
pub(super) fn wants_reminder(
    row: &Broadcast,
    policy: Broadcasts,
    now: UnixMillis,
    (quiet, zone): (Option<bool>, &TimeZone),
) -> bool {
    let most = usize::try_from(policy.reminders).unwrap_or(usize::MAX);
    let last = row.reminded.last().copied().or(row.created_at);
    let of_today = row.reminded.iter().filter(|at| now.since(**at) < DAY);
    let hour = now.timestamp().to_zoned(zone.clone()).hour();
    row.head.reach != Reach::Moments
        && row.unconfirmed().next().is_some()
        && row.reminded.len() < most
        && of_today.count() < REMINDERS
        && last.is_none_or(|last| now.since(last) >= policy.remind_every)
        && !quiet.unwrap_or(!(FROM_HOUR..TO_HOUR).contains(&hour))
}

/// Whether everything is known that a member's part can tell.
pub(super) fn is_read(
    member: &MemberPart,
    news: &[TargetNews],
    row: &Broadcast,
    now: UnixMillis,
) -> bool {
    let pending = news.iter().any(|one| one.delivery == Delivery::Confirmed);
    let complete = match row.head.reach {
        Reach::Customers => true,
        // Of groups only those that were reached are told.
        Reach::Groups => news.len() as u64 >= row.open() + delivered(row),
        // Customers see it by and by.
        Reach::Moments => false,
    };
    let late = member.sent_at.is_some_and(|at| now.since(at) >= SENDING);
    late || (!pending && complete)
}

fn delivered(row: &Broadcast) -> u64 {
    row.counts.get(&Delivery::Delivered).copied().unwrap_or(0)
}

/// Whether all members have confirmed and everything is known.
pub(super) fn is_finished(row: &Broadcast) -> bool {
    !row.members.is_empty() && row.members.iter().all(|member| member.read)
}

#[cfg(test)]
mod tests;
