//! When reminders that are spoken of are due: `明天的提醒`, `这周的例会`.

use std::time::Duration;

use jiff::ToSpan as _;

use super::atom::Part;
use super::expression::{Expression, find};
use super::fold::Text;
use super::resolve::{Meaning, resolve};
use super::{Scene, When};
use crate::domain::clock::UnixMillis;
use crate::domain::rhythm::Rhythm;

const MINUTE: Duration = Duration::from_secs(60);

/// `这周的例会`: without the week, and the days that are left of it.
pub(super) fn of_this_week(
    said: &str,
    scene: &Scene<'_>,
) -> (String, Option<(UnixMillis, UnixMillis)>) {
    let words = ["这周的", "本周的", "这星期的", "这个星期的", "这礼拜的"];
    let Some(rest) = words.iter().find_map(|word| said.trim().strip_prefix(word)) else {
        return (said.to_owned(), None);
    };
    let today = scene.now.local(scene.zone).date();
    let left = 8 - i32::from(today.weekday().to_monday_one_offset());
    let monday = today.checked_add(left.days()).unwrap_or(today);
    let [from, until] = [today, monday].map(|day| {
        let midnight = day.to_datetime(jiff::civil::Time::midnight());
        UnixMillis::of_local(midnight, scene.zone)
    });
    (rest.to_owned(), Some((from, until)))
}

/// The times of a list that was asked for: `明天有什么提醒`.
pub(super) fn listed(text: &Text, scene: &Scene<'_>) -> Vec<(UnixMillis, UnixMillis)> {
    times(&find(&text.folded, &[]), scene).0
}

/// When they are due; a day without a time of day is the whole day.
pub(super) fn times(
    expression: &Expression,
    scene: &Scene<'_>,
) -> (Vec<(UnixMillis, UnixMillis)>, Option<Rhythm>) {
    if expression.is_empty() {
        return (Vec::new(), None);
    }
    // What was due this morning may still be meant.
    let today = scene.now.local(scene.zone).date();
    let midnight = today.to_datetime(jiff::civil::Time::midnight());
    let now = match expression.wait {
        Some(_) => scene.now,
        None => UnixMillis::of_local(midnight, scene.zone),
    };
    let all = match resolve(expression, &Scene { now, ..*scene }) {
        Meaning::One(when) => vec![when],
        Meaning::Either(all) | Meaning::Past(all) => all,
        Meaning::Soon | Meaning::Never | Meaning::Lunar | Meaning::TooOften => Vec::new(),
    };
    let mut times = Vec::new();
    for when in all {
        match when {
            When::Repeating { rhythm, .. } => return (Vec::new(), Some(rhythm)),
            When::Once(at) if expression.clocks.is_empty() && expression.wait.is_none() => {
                let day = at.local(scene.zone).date();
                let midnight = day.to_datetime(jiff::civil::Time::midnight());
                let (from, until) = expression.part.map_or((0, 24), Part::span);
                let [from, until] = [from, until].map(|hour| {
                    let local = midnight.checked_add(hour.hours()).unwrap_or(midnight);
                    UnixMillis::of_local(local, scene.zone)
                });
                times.push((from, until));
            }
            When::Once(at) => times.push((at, at.after(MINUTE))),
        }
    }
    (times, None)
}
