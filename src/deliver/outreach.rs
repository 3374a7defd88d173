//! What the operators' rules for everything said unasked hold back at the last moment: what
//! would be heard at night, and one message too many for an internal group. Pure.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::tz::TimeZone;

use crate::domain::clock::UnixMillis;
use crate::domain::effect::Effect;
use crate::domain::ids::{RuleId, SopId};
use crate::playbook::Playbook;
use crate::sops::model::{Cap, Period, Quiet};
use crate::sops::quiet::{allowed_from, is_quiet};
use crate::store::{ClaimedEffect, QuotaUse};

const DAY: Duration = Duration::from_secs(86_400);

/// Until when a message that somebody planned waits because it is quiet.
///
/// No step is done at night, but what one has said just before may have to wait for a limit
/// of WeCom's or of ours, gather, or be a reminder for later, and would come then.
///
/// What may have left already is not held back: its second try would come too late to be
/// recognised as one.
#[must_use]
pub fn quiet_until(
    playbook: &Playbook,
    claimed: &ClaimedEffect,
    now: UnixMillis,
    zone: &TimeZone,
) -> Option<UnixMillis> {
    let rule = &claimed.origin.rule;
    let planned = match &claimed.effect {
        Effect::MassSend { .. } => true,
        Effect::AppSend { .. } | Effect::Robot { .. } | Effect::Appchat { .. } => {
            SopId::is_origin(rule) && !claimed.unclear
        }
        _ => false,
    };
    if !planned {
        return None;
    }
    let calendar = playbook.rules.calendar();
    let quiet = hours(playbook, rule);
    let ends = quiet.filter_map(|quiet| allowed_from(quiet, now, calendar, zone));
    ends.max().filter(|end| *end > now)
}

/// Whether members are disturbed now for a task of this origin; `None` if nobody has said when
/// it is quiet.
#[must_use]
pub fn is_quiet_for(
    playbook: &Playbook,
    rule: &RuleId,
    now: UnixMillis,
    zone: &TimeZone,
) -> Option<bool> {
    let (calendar, at) = (playbook.rules.calendar(), now.local(zone));
    let each = hours(playbook, rule).map(|quiet| is_quiet(quiet, at, calendar));
    each.reduce(|one, other| one || other)
}

/// The company's quiet hours, and the plan's own.
fn hours<'p>(playbook: &'p Playbook, rule: &RuleId) -> impl Iterator<Item = &'p Quiet> + use<'p> {
    let plan = playbook.sops.of_origin(rule);
    let plan = plan.and_then(|plan| plan.quiet.as_ref());
    playbook.sops.outreach().quiet.iter().chain(plan)
}

/// Uses that a plan's message to an internal group makes of the caps for one group.
///
/// What is cut into several messages is one. Another try takes the place of the one before: what
/// counts is when it leaves. What may have left already is counted, but never held back.
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
    // The company's cap and the plan's own for the same time are one: the smaller.
    let mut most: BTreeMap<Duration, u32> = BTreeMap::new();
    for cap in caps.chain(plan.limits.per_group) {
        let max = most.entry(window(cap)).or_insert(cap.most);
        *max = cap.most.min(*max);
    }
    let may_have_left = claimed.unclear || claimed.interrupted;
    let each = most.into_iter().map(|(window, max)| QuotaUse {
        key: format!("outreach/{group}"),
        max: if may_have_left { u32::MAX } else { max },
        window,
        since: None,
        holder: Some(claimed.id.to_string()),
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

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::{is_quiet_for, quiet_until, uses};
    use crate::domain::clock::UnixMillis;
    use crate::domain::effect::{Effect, Origin};
    use crate::domain::ids::{BroadcastId, EffectId, RecordId};
    use crate::domain::outgoing::Outgoing;
    use crate::lang::Lang;
    use crate::playbook::Playbook;
    use crate::store::ClaimedEffect;

    const RULES: &str = "version: 1\nrules:\n  - {id: x, when: {any: [x]}, do: [{tag: a/b}]}\n";
    const PLANS: &str = "\
version: 1
outreach: {quiet: {from: \"21:00\", to: \"08:00\"}}
sops:
  - id: 回访
    kind: lifecycle
    quiet: {from: \"21:00\", to: \"09:00\"}
    steps: [{at: 1d 10:00, via: staff, do: [{send: 甲}]}]
";

    fn at(text: &str) -> UnixMillis {
        let zoned: jiff::Zoned = format!("{text}[Asia/Shanghai]").parse().expect("a time");
        UnixMillis(zoned.timestamp().as_millisecond())
    }

    fn text() -> Outgoing {
        Outgoing::Text { text: "甲".into() }
    }

    fn to_member() -> Effect {
        Effect::AppSend {
            app: "staff".into(),
            to: vec!["lin.mei".into()],
            message: text(),
        }
    }

    fn claimed(effect: Effect, rule: &str) -> ClaimedEffect {
        ClaimedEffect {
            id: EffectId(1),
            fence: 1,
            attempt: 1,
            interrupted: false,
            unclear: false,
            first_attempt_at: at("2026-11-23T20:45"),
            decided_at: at("2026-11-23T20:45"),
            deadline: None,
            effect,
            origin: Origin {
                record: RecordId(1),
                rule: rule.into(),
                action: 0,
                part: 0,
                row: None,
            },
        }
    }

    fn until(claimed: &ClaimedEffect, now: &str) -> Option<UnixMillis> {
        let playbook = Playbook::from_texts(&[("甲.txt", "甲")], RULES, PLANS);
        let playbook = playbook.unwrap_or_else(|report| panic!("{}", report.human(Lang::En)));
        let zone = TimeZone::get("Asia/Shanghai").expect("a zone");
        quiet_until(&playbook, claimed, at(now), &zone)
    }

    #[test]
    fn what_a_plan_says_waits_for_the_morning_however_it_is_sent() {
        let night = "2026-11-23T21:30";
        let robot = Effect::Robot {
            robot: "值班群".into(),
            message: text(),
        };
        let nine = Some(at("2026-11-24T09:00"));
        assert_eq!(until(&claimed(to_member(), "sop/回访"), night), nine);
        assert_eq!(until(&claimed(robot, "sop/回访"), night), nine);
        let evening = "2026-11-23T20:59";
        assert_eq!(until(&claimed(to_member(), "sop/回访"), evening), None);
        // The plan was deleted; the company's hours hold.
        let eight = Some(at("2026-11-24T08:00"));
        assert_eq!(until(&claimed(to_member(), "sop/没了"), night), eight);
        let mass = Effect::MassSend {
            app: "contact".into(),
            broadcast: BroadcastId(1),
            messages: vec![text()],
        };
        assert_eq!(until(&claimed(mass, "群发规则"), night), eight);
    }

    #[test]
    fn members_are_reminded_by_the_same_hours() {
        let playbook = Playbook::from_texts(&[("甲.txt", "甲")], RULES, PLANS);
        let playbook = playbook.unwrap_or_else(|report| panic!("{}", report.human(Lang::En)));
        let zone = TimeZone::get("Asia/Shanghai").expect("a zone");
        let quiet = |playbook: &Playbook, rule: &str, now: &str| {
            is_quiet_for(playbook, &rule.into(), at(now), &zone)
        };
        let (early, late) = ("2026-11-23T08:30", "2026-11-23T09:30");
        assert_eq!(quiet(&playbook, "sop/回访", early), Some(true));
        assert_eq!(quiet(&playbook, "sop/回访", late), Some(false));
        assert_eq!(quiet(&playbook, "群发规则", early), Some(false));
        let silent: String = PLANS
            .lines()
            .filter(|line| !line.contains("quiet"))
            .map(|line| format!("{line}\n"))
            .collect();
        let none = Playbook::from_texts(&[("甲.txt", "甲")], RULES, &silent);
        let none = none.unwrap_or_else(|report| panic!("{}", report.human(Lang::En)));
        assert_eq!(quiet(&none, "群发规则", early), None);
    }

    #[test]
    fn answers_and_what_may_have_left_already_go_on_time() {
        let night = "2026-11-23T21:30";
        assert_eq!(until(&claimed(to_member(), "回答规则"), night), None);
        let pressed = Effect::UpdateCard {
            app: "staff".into(),
            to: vec!["lin.mei".into()],
            response_code: "r".into(),
            text: "已完成".into(),
        };
        assert_eq!(until(&claimed(pressed, "[by_hand]"), night), None);
        let again = ClaimedEffect {
            unclear: true,
            attempt: 2,
            ..claimed(to_member(), "sop/回访")
        };
        assert_eq!(until(&again, night), None);
    }
    #[test]
    fn of_two_caps_for_the_same_time_the_smaller_holds() {
        let capped = |plan: &str| {
            let company = "outreach: {per_group: [2/天, 5/周], ";
            let plans = PLANS.replace("outreach: {", company);
            plans.replace(
                "    steps:",
                &format!("    limits: {{per_group: {plan}}}\n    steps:"),
            )
        };
        let robot = Effect::Robot {
            robot: "值班群".into(),
            message: text(),
        };
        let claimed = claimed(robot, "sop/回访");
        let most = |plan: &str, claimed: &ClaimedEffect| {
            let playbook = Playbook::from_texts(&[("甲.txt", "甲")], RULES, &capped(plan));
            let playbook = playbook.unwrap_or_else(|report| panic!("{}", report.human(Lang::En)));
            let uses = uses(&playbook, claimed);
            uses.iter().map(|one| one.max).collect::<Vec<_>>()
        };
        assert_eq!(most("1/天", &claimed), [1, 5]);
        assert_eq!(most("3/天", &claimed), [2, 5]);
        assert_eq!(most("1/月", &claimed), [2, 5, 1]);
        let again = ClaimedEffect {
            unclear: true,
            ..claimed
        };
        assert_eq!(most("1/天", &again), [u32::MAX, u32::MAX]);
    }
}
