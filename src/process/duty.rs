//! Who is meant by a name: a group's members on duty, a group of the config, or a member.

use crate::config::Config;
use crate::domain::clock::UnixMillis;
use crate::domain::ids::UserId;
use crate::rules::RuleSet;

/// Fallbacks that name each other end here.
const MOST_FALLBACKS: usize = 4;

/// The members of a group who are on duty; when nobody is, who stands in, else who comes next.
/// A group without shifts is always on duty. `None` if there is no such group.
#[must_use]
pub(super) fn group(
    config: &Config,
    rules: &RuleSet,
    name: &str,
    now: UnixMillis,
) -> Option<Vec<UserId>> {
    let (roster, calendar) = (rules.roster(), rules.calendar());
    let here = now.local(&config.timezone);
    let listed = |name: &str| config.servicers.get(name).cloned();
    let mut asked = name;
    for _ in 0..MOST_FALLBACKS {
        let Some(on_duty) = roster.on_duty(asked, here, calendar) else {
            return listed(asked)
                .or_else(|| (asked != name).then(|| vec![UserId(asked.to_owned())]));
        };
        if !on_duty.is_empty() {
            return Some(on_duty);
        }
        match roster.fallback(asked) {
            Some(other) => asked = other,
            None => break,
        }
    }
    let next = roster.next_on_duty(name, here, calendar);
    Some(if next.is_empty() {
        listed(name).unwrap_or_default()
    } else {
        next
    })
}

/// The members of a group, or the member of this account; `None` if it is no account either.
#[must_use]
pub(super) fn named(
    config: &Config,
    rules: &RuleSet,
    name: &str,
    now: UnixMillis,
) -> Option<Vec<UserId>> {
    let account = |c: char| c.is_ascii_alphanumeric() || "_-@.".contains(c);
    group(config, rules, name, now)
        .or_else(|| {
            let fits = !name.is_empty() && name.len() <= 64 && name.chars().all(account);
            fits.then(|| vec![UserId(name.to_owned())])
        })
        .filter(|members| !members.is_empty())
}
