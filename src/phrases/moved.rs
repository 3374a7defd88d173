//! To when a reminder is moved: `推迟一天`, `提前半小时`, `改成5点`, `改到周五`, `改成每周二`.

use jiff::civil::Time;

use super::atom::{Clock, Day, Wait, YearDay};
use super::command::END;
use super::expression::{Expression, find};
use super::fold::Cursor;
use super::recurring::next;
use super::resolve::{Meaning, resolve, times};
use super::wait::bare_wait;
use super::{Scene, When};
use crate::domain::clock::UnixMillis;
use crate::domain::reminder::Reminder;
use crate::domain::rhythm::{OnDays, Rhythm};

/// To when a reminder is moved. What was not said stays as it is: who names another day keeps
/// the time of day, who names another time of day keeps the day.
#[derive(Debug, Clone, PartialEq)]
pub struct Move(How);

#[derive(Debug, Clone, PartialEq)]
enum How {
    /// So long after its time; after now, if it was shown.
    Later(Wait),
    /// So long before its time.
    Sooner(Wait),
    /// To a time that was named.
    Named(Box<Expression>),
    /// The same, each time.
    Each(Box<Expression>),
}

/// The move that the whole rest of the message names.
pub(super) fn until(mut cursor: Cursor<'_>) -> Option<Move> {
    let mut said = cursor;
    said.skip_spaces();
    let to = said.eat_any(&["到", "至"]).is_some();
    while cursor.eat_any(&[" ", "到", "至", ",", ":"]).is_some() {}
    let mut look = cursor;
    if let Some(wait) = bare_wait(&mut look) {
        // 推迟半小时 is from its time, 改到半小时后 from now.
        let from_now = look.eat_any(&["以后", "之后", "后"]).is_some() || to;
        if is_over(look) {
            return Some(if from_now {
                Move::after_now(wait)
            } else {
                Move(How::Later(wait))
            });
        }
    }
    named(cursor).map(|found| Move(How::Named(Box::new(found))))
}

/// `半小时`, `一个小时` behind 提前.
pub(super) fn sooner(mut cursor: Cursor<'_>) -> Option<Move> {
    let wait = bare_wait(&mut cursor)?;
    while cursor
        .eat_any(&["提醒我", "叫我", "喊我", "通知我"])
        .is_some()
    {}
    is_over(cursor).then_some(Move(How::Sooner(wait)))
}

/// A time that is the whole rest of the message.
fn named(cursor: Cursor<'_>) -> Option<Expression> {
    let found = find(cursor.rest(), &[]);
    let (from, to) = found.reach();
    let whole = !found.is_empty() && from == 0 && is_over(Cursor::new(cursor.rest(), to));
    (whole && !found.unread && !found.soon).then_some(found)
}

fn is_over(mut cursor: Cursor<'_>) -> bool {
    while cursor.eat_any(END).is_some() || cursor.eat_any(&["再", "我"]).is_some() {}
    cursor.is_at_end()
}

impl Move {
    fn after_now(wait: Wait) -> Self {
        Self(How::Named(Box::new(Expression {
            wait: Some(wait),
            ..Expression::default()
        })))
    }

    /// Whether it only waits for longer.
    pub(super) fn is_later(&self) -> bool {
        matches!(self.0, How::Later(_))
    }

    /// 改成四点 right after 每天三点 was set: what was wrong was wrong for each time.
    pub(super) fn each_time(self) -> Self {
        match self.0 {
            How::Named(found) => Self(How::Each(found)),
            how => Self(how),
        }
    }

    /// Whether it names no more than a time of day.
    pub(super) fn is_clock(&self) -> bool {
        match &self.0 {
            How::Named(found) | How::Each(found) => {
                found.day.is_none() && found.every.is_none() && found.wait.is_none()
            }
            How::Later(_) | How::Sooner(_) => false,
        }
    }

    /// 八月十九 for what comes on a day of the lunar year: of which calendar, nobody said.
    pub(super) fn mixes_calendars(&self, reminder: &Reminder) -> bool {
        let lunar = matches!(
            &reminder.rhythm,
            Some(Rhythm::Days {
                on: OnDays::Lunar { .. },
                ..
            })
        );
        let solar = |found: &Expression| {
            let day = found.day;
            matches!(day, Some(Day::Yearly { day, .. }) if !matches!(day, YearDay::Lunar(_)))
        };
        matches!(&self.0, How::Named(found) | How::Each(found) if lunar && solar(found))
    }

    /// From now, also if that is said without 后: `10分钟再提醒我`.
    pub(super) fn counted_now(self) -> Self {
        match self.0 {
            How::Later(wait) => Self::after_now(wait),
            how => Self(how),
        }
    }

    /// When the reminder is due then; `None` if that is over or no time at all.
    #[must_use]
    pub fn of(&self, reminder: &Reminder, scene: &Scene<'_>) -> Option<When> {
        let waits = reminder.card.is_none() && reminder.due > scene.now;
        let when = match &self.0 {
            How::Later(wait) => {
                let now = if waits { reminder.due } else { scene.now };
                let Self(How::Named(moved)) = Self::after_now(*wait) else {
                    return None;
                };
                nearer(resolve(&moved, &Scene { now, ..*scene }), scene)
            }
            How::Sooner(wait) if waits => sooner_than(reminder.due, *wait),
            How::Sooner(_) => None,
            How::Each(found) if anew(found, reminder, scene).is_some() => {
                anew(found, reminder, scene)
            }
            How::Named(found) | How::Each(found) => {
                let due = waits.then_some(reminder.due);
                in_its_day(found, due, scene)
                    .or_else(|| nearer(resolve(&kept(found, reminder, due, scene), scene), scene))
            }
        };
        when.filter(|when| when.first() > scene.now)
    }
}

/// Another day or time of day for what comes again; `None` if something else was named.
fn anew(found: &Expression, reminder: &Reminder, scene: &Scene<'_>) -> Option<When> {
    let Rhythm::Days { on, .. } = reminder.rhythm.as_ref()? else {
        return None;
    };
    let on_days = found.clone().in_rhythm(on);
    if on_days.every.is_some() && found.every.is_none() {
        let due = Some(reminder.due);
        return nearer(resolve(&kept(&on_days, reminder, due, scene), scene), scene);
    }
    let When::Once(at) = in_its_day(found, Some(reminder.due), scene)? else {
        return None;
    };
    let at = vec![at.local(scene.zone).time()];
    let on = on.clone();
    let rhythm = Rhythm::Days { on, at };
    let first = next(&rhythm, scene.now, scene.zone, scene.calendar)?;
    Some(When::Repeating { rhythm, first })
}

fn sooner_than(due: UnixMillis, wait: Wait) -> Option<When> {
    let plain = wait.months == 0 && wait.working_days == 0;
    let secs = wait.secs + u64::from(wait.days) * 86_400;
    plain.then(|| When::Once(due.before(std::time::Duration::from_secs(secs))))
}

/// A time of day alone is meant on the day on which it is due.
fn in_its_day(found: &Expression, due: Option<UnixMillis>, scene: &Scene<'_>) -> Option<When> {
    let alone = found.day.is_none() && found.every.is_none() && found.wait.is_none();
    if !alone || found.early.is_some() || found.soon {
        return None;
    }
    let due = due?.local(scene.zone);
    let clock = found.clocks.first().copied();
    let ways = times(found, clock, scene)?;
    let meant = |time: &Time| match time.hour() % 12 {
        // 9点 is an hour of the morning, unless it was one of the evening.
        8..=11 => (time.hour() >= 12) == (due.hour() >= 18),
        0 => time.hour() == 12,
        _ => (time.hour() >= 12) == (due.hour() >= 8),
    };
    let (days, time) = match ways.iter().find(|(_, time)| meant(time)) {
        Some(way) if ways.len() > 1 => *way,
        _ => *ways.first()?,
    };
    let date = super::dates::moved(due.date(), days)?;
    let at = UnixMillis::of_local(date.to_datetime(time), scene.zone);
    Some(When::Once(at))
}

/// With the time of day that it has, if only a day or a rhythm was named.
fn kept(
    found: &Expression,
    reminder: &Reminder,
    due: Option<UnixMillis>,
    scene: &Scene<'_>,
) -> Expression {
    let mut found = found.clone();
    let named = found.every.is_some() || found.day.is_some();
    if !named || found.part.is_some() || !found.clocks.is_empty() || found.same_time {
        return found;
    }
    let exactly = |time: Time| Clock {
        hour: time.hour(),
        minute: time.minute(),
        exact: true,
        part: None,
        bare: false,
    };
    found.clocks = match (&reminder.rhythm, due) {
        (Some(Rhythm::Days { at, .. }), _) if found.every.is_some() => {
            at.iter().copied().map(exactly).collect()
        }
        (_, Some(due)) => vec![exactly(due.local(scene.zone).time())],
        _ => Vec::new(),
    };
    found
}

/// Of two ways in which a time can be meant, the one by day: it is only moved.
fn nearer(meaning: Meaning, scene: &Scene<'_>) -> Option<When> {
    match meaning {
        Meaning::One(when) => Some(when),
        Meaning::Either(choices) => {
            let by_day = |when: &&When| when.first().local(scene.zone).hour() >= 8;
            let late = choices.iter().find(by_day);
            late.or(choices.first()).cloned()
        }
        _ => None,
    }
}
