//! What the operators' rules for everything said unasked hold back at the last moment: a task
//! that would be made at night, and one message too many for an internal group. Pure.

use std::time::Duration;

use jiff::tz::TimeZone;

use crate::domain::clock::UnixMillis;
use crate::domain::effect::Effect;
use crate::playbook::Playbook;
use crate::sops::model::{Cap, Period};
use crate::sops::quiet::allowed_from;
use crate::store::{ClaimedEffect, QuotaUse};

const DAY: Duration = Duration::from_secs(86_400);

/// Until when a task waits because it is quiet. Nobody joins it while it gathers at night,
/// but one that was wanted just before, or that WeCom refused for hours, would come then.
#[must_use]
pub fn quiet_until(
    playbook: &Playbook,
    claimed: &ClaimedEffect,
    now: UnixMillis,
    zone: &TimeZone,
) -> Option<UnixMillis> {
    let Effect::MassSend { .. } = &claimed.effect else {
        return None;
    };
    let plan = playbook.sops.of_origin(&claimed.origin.rule);
    let plan = plan.and_then(|plan| plan.quiet.as_ref());
    let quiet = playbook.sops.outreach().quiet.iter().chain(plan);
    let calendar = playbook.rules.calendar();
    let ends = quiet.filter_map(|quiet| allowed_from(quiet, now, calendar, zone));
    ends.max().filter(|end| *end > now)
}

/// Uses that a plan's message to an internal group makes of the caps for one group. What is
/// cut into several messages is one.
#[must_use]
pub fn uses(playbook: &Playbook, claimed: &ClaimedEffect) -> Vec<QuotaUse> {
    let group = match &claimed.effect {
        Effect::Robot { robot, .. } => format!("robot/{robot}"),
        Effect::Appchat { chat, .. } => format!("appchat/{chat}"),
        _ => return Vec::new(),
    };
    let Some(plan) = playbook.sops.of_origin(&claimed.origin.rule) else {
        return Vec::new();
    };
    if claimed.origin.part > 0 {
        return Vec::new();
    }
    let caps = playbook.sops.outreach().per_group.iter().copied();
    let caps = caps.chain(plan.limits.per_group);
    let each = caps.map(|cap| QuotaUse {
        key: format!("outreach/{group}"),
        max: cap.most,
        window: window(cap),
        since: None,
    });
    each.collect()
}

fn window(cap: Cap) -> Duration {
    match cap.period {
        Period::Hour => DAY / 24,
        Period::Day => DAY,
        Period::Week => DAY * 7,
        Period::Month => DAY * 30,
    }
}
