//! From what was said to when it is: with the clock, the zone and the calendar at hand.

use std::time::Duration;

use jiff::ToSpan as _;
use jiff::civil::{Date, DateTime, Time, Weekday};

use super::atom::{Clock, Day, Every, MonthDay, Part, Wait, Year, YearDay};
use super::expression::Expression;
use super::recurring::{next, working_day};
use super::{Scene, When};
use crate::domain::clock::UnixMillis;
use crate::domain::rhythm::{OnDays, Rhythm};

/// The usual time of a day for which none was said.
const USUAL: Time = Time::constant(9, 0, 0, 0);
/// More often than this nobody is reminded.
const LEAST_MINUTES: u32 = 5;
/// Waits for the 29th of February, and for a month with a 31st.
const MOST_TRIES: usize = 8;

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
    match expression.early {
        Some(early) => sooner(meaning, early, scene),
        None => meaning,
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
fn times(expression: &Expression, clock: Option<Clock>) -> Option<Vec<(i32, Time)>> {
    let Some(clock) = clock else {
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
        (true, _) | (_, 0 | 12..) => vec![plain],
        (false, hour) => vec![plain, (0, time(hour + 12)?)],
    })
}

fn moved(date: Date, days: i32) -> Option<Date> {
    date.checked_add(days.days()).ok()
}

fn once(expression: &Expression, scene: &Scene<'_>) -> Option<Meaning> {
    let clock = expression.clocks.first().copied();
    let times = times(expression, clock)?;
    let here = today(scene);
    let Some(day) = expression.day else {
        return by_clock(&times, scene);
    };
    let first = first_date(day, here.date())?;
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
        date = first_date(day, moved(date, 1)?)?;
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

/// Whether the next such day is meant when the first has passed.
fn rolls(day: Day) -> bool {
    match day {
        Day::Weekday(_) | Day::Monthly(_) => true,
        Day::Yearly { year, .. } => year.is_none(),
        Day::Offset(_) | Day::InWeek { .. } | Day::InMonth { .. } => false,
    }
}

/// The day at or after a date; for days that are named from today, `from` is today.
fn first_date(day: Day, from: Date) -> Option<Date> {
    match day {
        Day::Offset(days) => moved(from, days),
        Day::Weekday(number) => {
            let weekday = Weekday::from_monday_one_offset(number).ok()?;
            moved(from, i32::from(from.weekday().until(weekday)))
        }
        Day::InWeek { weeks, day } => {
            let monday = moved(from, -i32::from(from.weekday().to_monday_zero_offset()))?;
            moved(monday, weeks * 7 + i32::from(day) - 1)
        }
        Day::Monthly(day) => (0..MOST_TRIES as i32).find_map(|months| {
            let date = in_month(from, months, day)?;
            (date >= from).then_some(date)
        }),
        Day::InMonth { months, day } => in_month(from, months, day),
        Day::Yearly {
            year: None,
            day,
            shift,
        } => day.next_from(from, shift),
        Day::Yearly {
            year: Some(year),
            day,
            shift,
        } => {
            let year = match year {
                Year::Number(year) => year,
                Year::Offset(years) => from.year().checked_add(years)?,
            };
            moved(day.in_year(year)?, i32::from(shift))
        }
    }
}

fn in_month(from: Date, months: i32, day: MonthDay) -> Option<Date> {
    let first = from.first_of_month().checked_add(months.months()).ok()?;
    day.in_month(first.year(), first.month())
}

/// What somebody may have meant who named a day that has passed.
fn later(day: Day, date: Date) -> Option<Date> {
    match day {
        Day::Offset(_) => moved(date, 1),
        Day::InWeek { .. } | Day::Weekday(_) => moved(date, 7),
        Day::InMonth { .. } | Day::Monthly(_) => date.checked_add(1.months()).ok(),
        Day::Yearly { .. } => date.checked_add(1.years()).ok(),
    }
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
        let times = times(expression, clock)?;
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
    if let Every::Minutes(minutes) = every {
        if *minutes < LEAST_MINUTES {
            return Some(Meaning::TooOften);
        }
        return Some(Meaning::One(repeating(Rhythm::Minutes(*minutes), scene)?));
    }
    let on = on_days(every, expression.day, date)?;
    let clocks: Vec<Option<Clock>> = match expression.clocks.as_slice() {
        [] => vec![None],
        clocks => clocks.iter().copied().map(Some).collect(),
    };
    let mut ways: Vec<Vec<Time>> = vec![Vec::new()];
    for clock in clocks {
        let times: Vec<Time> = times(expression, clock)?
            .into_iter()
            .map(|(_, time)| time)
            .collect();
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
    let mut found = Vec::new();
    for mut at in ways {
        at.sort_unstable();
        at.dedup();
        let rhythm = Rhythm::Days { on: on.clone(), at };
        found.push(repeating(rhythm, scene)?);
    }
    if found.len() > 1 {
        return Some(Meaning::Either(found));
    }
    found.pop().map(Meaning::One)
}

fn repeating(rhythm: Rhythm, scene: &Scene<'_>) -> Option<When> {
    let first = next(&rhythm, scene.now, scene.zone, scene.calendar)?;
    Some(When::Repeating { rhythm, first })
}

/// `day` is one that stands beside it: 每年 12月3号 was read as one piece already.
fn on_days(every: &Every, day: Option<Day>, today: Date) -> Option<OnDays> {
    Some(match every {
        Every::Minutes(_) => return None,
        Every::Days(every) => OnDays::Nth {
            every: *every,
            from: start(day, today)?,
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

fn start(day: Option<Day>, today: Date) -> Option<Date> {
    match day {
        Some(day) => first_date(day, today),
        None => Some(today),
    }
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
