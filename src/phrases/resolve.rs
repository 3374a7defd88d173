//! From what was said to when it is: with the clock, the zone and the calendar at hand.

use std::time::Duration;

use jiff::ToSpan as _;
use jiff::civil::{Date, DateTime, Time};

use super::atom::{Clock, Day, Every, MonthDay, Part, Wait, YearDay};
use super::dates::{first_date, later, moved, rolls};
use super::expression::Expression;
use super::recurring::{next, working_day};
use super::{Scene, When};
use crate::domain::clock::UnixMillis;
use crate::domain::rhythm::{OnDays, Rhythm};

/// The usual time of a day for which none was said.
const USUAL: Time = Time::constant(9, 0, 0, 0);
/// More often than this nobody is reminded.
const LEAST_MINUTES: u32 = 5;

/// What an expression means.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Meaning {
    /// One thing.
    One(When),
    /// Two or more: somebody has to say which.
    Either(Vec<When>),
    /// It has passed; perhaps one of these is meant.
    Past(Vec<When>),
    /// Soon, but nobody knows when.
    Soon,
    /// There is no such time.
    Never,
    /// Days of the lunar month, again and again.
    Lunar,
    /// More often than is good.
    TooOften,
}

pub(super) fn resolve(expression: &Expression, scene: &Scene<'_>) -> Meaning {
    if expression.soon && expression.clocks.is_empty() && expression.day.is_none() {
        return Meaning::Soon;
    }
    let meaning = match (&expression.every, expression.wait) {
        (Some(every), _) => again(every, expression, scene),
        (None, Some(wait)) => after(wait, expression, scene),
        (None, None) => once(expression, scene),
    };
    let meaning = meaning.unwrap_or(Meaning::Never);
    let meaning = match expression.early {
        Some(early) => sooner(meaning, early, scene),
        None => meaning,
    };
    match meaning {
        // 0分钟后, beside another day.
        Meaning::One(when) if when.first() <= scene.now => Meaning::Past(Vec::new()),
        meaning => meaning,
    }
}

/// So long before the time that was named; at once is not meant.
fn sooner(meaning: Meaning, early: Wait, scene: &Scene<'_>) -> Meaning {
    let wait = Duration::from_secs(early.secs + u64::from(early.days) * 86_400);
    let plain = early.months == 0 && early.working_days == 0;
    match meaning {
        Meaning::One(When::Once(at)) if plain => {
            let due = at.before(wait);
            if due > scene.now {
                one(due)
            } else {
                Meaning::Past(choices(vec![at]))
            }
        }
        Meaning::One(When::Repeating {
            rhythm: Rhythm::Days { on, at },
            ..
        }) if plain => {
            let shifted: Option<Vec<Time>> =
                at.iter().map(|time| time.checked_sub(wait).ok()).collect();
            let rhythm = shifted.map(|at| Rhythm::Days { on, at });
            let when = rhythm.and_then(|rhythm| repeating(rhythm, scene));
            when.map_or(Meaning::Never, Meaning::One)
        }
        other => other,
    }
}

fn today(scene: &Scene<'_>) -> DateTime {
    scene.now.local(scene.zone)
}

fn at(local: DateTime, scene: &Scene<'_>) -> UnixMillis {
    UnixMillis::of_local(local, scene.zone)
}

/// Days later and time of day, for each way in which the time can be meant.
pub(super) fn times(
    expression: &Expression,
    clock: Option<Clock>,
    scene: &Scene<'_>,
) -> Option<Vec<(i32, Time)>> {
    let Some(clock) = clock else {
        if expression.same_time {
            let now = today(scene).time();
            return Some(vec![(0, Time::new(now.hour(), now.minute(), 0, 0).ok()?)]);
        }
        return Some(vec![(0, expression.part.map_or(USUAL, Part::usual))]);
    };
    let time = |hour: i8| Time::new(hour, clock.minute, 0, 0).ok();
    if clock.hour == 24 {
        return Some(vec![(1, time(0)?)]);
    }
    if let Some(part) = clock.part.or(expression.part) {
        let (days, hour) = part.hour(clock.hour)?;
        return Some(vec![(days, time(hour)?)]);
    }
    let plain = (0, time(clock.hour)?);
    Some(match (clock.exact, clock.hour) {
        // 十二点 may be noon or midnight.
        (false, 12) => vec![plain, (1, time(0)?)],
        (true, _) | (_, 0 | 13..) => vec![plain],
        (false, hour) => vec![plain, (0, time(hour + 12)?)],
    })
}

fn once(expression: &Expression, scene: &Scene<'_>) -> Option<Meaning> {
    let clock = expression.clocks.first().copied();
    let times = times(expression, clock, scene)?;
    let here = today(scene);
    let Some(day) = expression.day else {
        return by_clock(&times, scene);
    };
    let first = first_date(day, here.date(), scene.calendar)?;
    let on = |date: Date| -> Vec<UnixMillis> {
        let all = times
            .iter()
            .filter_map(|(days, time)| Some(moved(date, *days)?.to_datetime(*time)));
        let all = all.map(|local| at(local, scene));
        all.filter(|at| *at > scene.now).collect()
    };
    let mut date = first;
    let mut found = on(date);
    // 今天 without a time, asked when the usual one is over.
    if found.is_empty() && rolls(day) {
        date = first_date(day, moved(date, 1)?, scene.calendar)?;
        found = on(date);
    }
    if found.is_empty() {
        let later = later(day, date).map(on).unwrap_or_default();
        return Some(Meaning::Past(choices(later)));
    }
    Some(pick(found, clock, date == here.date()))
}

/// A time of day without a day: the next one.
fn by_clock(times: &[(i32, Time)], scene: &Scene<'_>) -> Option<Meaning> {
    let date = today(scene).date();
    let all = |date: Date| -> Vec<UnixMillis> {
        let all = times
            .iter()
            .filter_map(|(days, time)| Some(moved(date, *days)?.to_datetime(*time)));
        all.map(|local| at(local, scene)).collect()
    };
    let open: Vec<UnixMillis> = all(date).into_iter().filter(|at| *at > scene.now).collect();
    let tomorrow = all(moved(date, 1)?);
    let plain_morning = matches!(times, [(0, early), _] if early.hour() >= 8);
    Some(match (times, open.as_slice()) {
        // 9点 is this morning; when that is over, this evening or tomorrow morning.
        (_, [first, ..]) if plain_morning && open.len() == times.len() => one(*first),
        (_, [evening]) if plain_morning => {
            let morning = tomorrow.first().copied()?;
            Meaning::Either(choices(vec![*evening, morning]))
        }
        (_, []) if plain_morning => one(tomorrow.first().copied()?),
        (_, [only]) => one(*only),
        ([_], []) => one(tomorrow.first().copied()?),
        (_, []) => Meaning::Either(choices(tomorrow)),
        _ => Meaning::Either(choices(open)),
    })
}

fn one(at: UnixMillis) -> Meaning {
    Meaning::One(When::Once(at))
}

fn choices(times: Vec<UnixMillis>) -> Vec<When> {
    times.into_iter().map(When::Once).collect()
}

/// Nine to eleven are hours of the morning; one to seven may be either.
fn pick(found: Vec<UnixMillis>, clock: Option<Clock>, today: bool) -> Meaning {
    let first = found.first().copied().unwrap_or_default();
    let morning = clock.is_some_and(|clock| clock.hour >= 8);
    if found.len() == 1 || (morning && !today) {
        return one(first);
    }
    if morning && found.len() > 1 {
        return one(first);
    }
    Meaning::Either(choices(found))
}

fn after(wait: Wait, expression: &Expression, scene: &Scene<'_>) -> Option<Meaning> {
    let here = today(scene);
    let mut date = here.date();
    date = date.checked_add(i64::from(wait.months).months()).ok()?;
    date = date.checked_add(i64::from(wait.days).days()).ok()?;
    if wait.working_days > 0 {
        date = working_day(date, wait.working_days, scene.calendar)?;
    }
    let by_days = wait.secs == 0;
    if by_days && (expression.part.is_some() || !expression.clocks.is_empty()) {
        let clock = expression.clocks.first().copied();
        let times = times(expression, clock, scene)?;
        let found = times
            .iter()
            .filter_map(|(days, time)| Some(moved(date, *days)?.to_datetime(*time)));
        let found: Vec<UnixMillis> = found.map(|local| at(local, scene)).collect();
        return Some(pick(found, clock, false));
    }
    // Hours are hours also when the clocks change.
    let start = if date == here.date() {
        scene.now
    } else {
        at(date.to_datetime(here.time()), scene)
    };
    let due = start.after(Duration::from_secs(wait.secs));
    (due > scene.now).then_some(one(due))
}

fn again(every: &Every, expression: &Expression, scene: &Scene<'_>) -> Option<Meaning> {
    let date = today(scene).date();
    match every {
        Every::LunarMonth => return Some(Meaning::Lunar),
        Every::Minutes(..LEAST_MINUTES) => return Some(Meaning::TooOften),
        Every::Minutes(minutes) => {
            return Some(Meaning::One(repeating(Rhythm::Minutes(*minutes), scene)?));
        }
        _ => {}
    }
    let on = on_days(every, expression.day, date, scene)?;
    let start = start(every, expression.day, scene);
    let scene = &Scene {
        now: start.unwrap_or(scene.now).max(scene.now),
        ..*scene
    };
    let mut found = Vec::new();
    for way in ways(expression, scene)? {
        let late = way.iter().all(|(days, _)| *days == 1);
        let daily = matches!(on, OnDays::Nth { every: 1, .. });
        if !late && !daily && way.iter().any(|(days, _)| *days == 1) {
            return None;
        }
        let mut at: Vec<Time> = way.into_iter().map(|(_, time)| time).collect();
        at.sort_unstable();
        at.dedup();
        // Friday's midnight is Saturday.
        let on = if late { next_day(&on)? } else { on.clone() };
        let on = anchored(on, &at, scene)?;
        found.push(repeating(Rhythm::Days { on, at }, scene)?);
    }
    if found.len() > 1 {
        return Some(Meaning::Either(found));
    }
    found.pop().map(Meaning::One)
}

/// The times of day, for each way in which they can be meant.
fn ways(expression: &Expression, scene: &Scene<'_>) -> Option<Vec<Vec<(i32, Time)>>> {
    let clocks: Vec<Option<Clock>> = match expression.clocks.as_slice() {
        [] => vec![None],
        clocks => clocks.iter().copied().map(Some).collect(),
    };
    let mut ways: Vec<Vec<(i32, Time)>> = vec![Vec::new()];
    for clock in clocks {
        let times = times(expression, clock, scene)?;
        let doubtful = times.len() > 1 && clock.is_some_and(|clock| clock.hour < 8);
        if doubtful && ways.len() == 1 {
            let other = ways
                .iter()
                .map(|way| [way.as_slice(), &times[1..]].concat())
                .collect::<Vec<_>>();
            ways.extend(other);
            ways[0].push(times[0]);
        } else {
            // What was said first decides for the rest: 每天3点和5点.
            let late = times.last().copied().filter(|_| doubtful);
            for (index, way) in ways.iter_mut().enumerate() {
                way.push(late.filter(|_| index > 0).unwrap_or(times[0]));
            }
        }
    }
    Some(ways)
}

/// The midnight at which something begins to come again.
fn start(every: &Every, day: Option<Day>, scene: &Scene<'_>) -> Option<UnixMillis> {
    let day = day?;
    let date = first_date(day, today(scene).date(), scene.calendar)?;
    let midnight = at(date.to_datetime(Time::midnight()), scene);
    (!every.takes(day)).then(|| midnight.before(Duration::from_millis(1)))
}

/// The days after these; `None` if they do not come in a rhythm that we know.
fn next_day(on: &OnDays) -> Option<OnDays> {
    match on {
        OnDays::Nth { every, from } => {
            let (every, from) = (*every, moved(*from, 1)?);
            Some(OnDays::Nth { every, from })
        }
        OnDays::Week { days, every, from } => {
            let mut days: Vec<i8> = days.iter().map(|day| day % 7 + 1).collect();
            days.sort_unstable();
            let (every, from) = (*every, *from);
            Some(OnDays::Week { days, every, from })
        }
        _ => None,
    }
}

/// 隔周周一 begins with the next Monday.
fn anchored(on: OnDays, at: &[Time], scene: &Scene<'_>) -> Option<OnDays> {
    let OnDays::Week { days, every, from } = on else {
        return Some(on);
    };
    if every == 1 {
        return Some(OnDays::Week { days, every, from });
    }
    let weekly = OnDays::Week {
        days: days.clone(),
        every: 1,
        from,
    };
    let at = at.to_vec();
    let first = repeating(Rhythm::Days { on: weekly, at }, scene)?;
    let from = first.first().local(scene.zone).date();
    Some(OnDays::Week { days, every, from })
}

fn repeating(rhythm: Rhythm, scene: &Scene<'_>) -> Option<When> {
    let first = next(&rhythm, scene.now, scene.zone, scene.calendar)?;
    Some(When::Repeating { rhythm, first })
}

/// `day` is one that stands beside it: 每年 12月3号 was read as one piece already.
fn on_days(every: &Every, day: Option<Day>, today: Date, scene: &Scene<'_>) -> Option<OnDays> {
    Some(match every {
        Every::Minutes(_) | Every::LunarMonth => return None,
        Every::Days(every) => OnDays::Nth {
            every: *every,
            from: match day {
                Some(day) => first_date(day, today, scene.calendar)?,
                None => today,
            },
        },
        Every::Working => OnDays::Working,
        Every::Resting => OnDays::Resting,
        Every::Weeks { every, days } => {
            let days = match (days.as_slice(), day) {
                ([], Some(Day::Weekday(day) | Day::InWeek { day, .. })) => vec![day],
                ([], _) => vec![today.weekday().to_monday_one_offset()],
                (days, _) => days.to_vec(),
            };
            OnDays::Week {
                days,
                every: *every,
                from: today,
            }
        }
        Every::Months {
            every,
            days,
            anchor,
        } => {
            let days = match (days.as_slice(), day) {
                ([], Some(Day::Monthly(MonthDay::Number(day)))) => vec![day],
                ([], Some(Day::Monthly(MonthDay::Last))) => vec![31],
                ([], _) => vec![today.day()],
                (days, _) => days.to_vec(),
            };
            let from = match anchor {
                Some(month) => Date::new(today.year(), *month, 1).ok()?,
                None => today,
            };
            OnDays::Month {
                days,
                every: *every,
                from,
            }
        }
        Every::NthWeekday { nth, day } => OnDays::NthWeekday {
            nth: *nth,
            day: *day,
        },
        Every::NthWorking(nth) => OnDays::NthWorking { nth: *nth },
        Every::Year(named) => {
            let beside = match day {
                Some(Day::Yearly { day, shift, .. }) => Some((day, shift)),
                _ => None,
            };
            let of_today = (
                YearDay::Solar {
                    month: today.month(),
                    day: MonthDay::Number(today.day()),
                },
                0,
            );
            of_year((*named).or(beside).unwrap_or(of_today))?
        }
    })
}

fn of_year((day, shift): (YearDay, i16)) -> Option<OnDays> {
    Some(match day {
        YearDay::Solar {
            month,
            day: MonthDay::Number(day),
        } => {
            // 2000 has every day that a year can have.
            Date::new(2000, month, day).ok()?;
            OnDays::Year { month, day, shift }
        }
        YearDay::Solar {
            month,
            day: MonthDay::Last,
        } => OnDays::Year {
            month,
            day: 31,
            shift,
        },
        YearDay::Lunar(day) => OnDays::Lunar { day, shift },
        YearDay::LunarEve => {
            let day = crate::domain::lunar::LunarDay::new(1, 1);
            OnDays::Lunar {
                day,
                shift: shift - 1,
            }
        }
        YearDay::Qingming | YearDay::WinterSolstice | YearDay::Nth { .. } => return None,
    })
}
