//! Counting, limits, points and the actions that take time.

use std::time::Duration;

use jiff::civil::{date, time};

use super::support::{
    CALENDAR, act, at, customer, found, ids, monday, one, rules, says, when, with, zone,
};
use crate::domain::action::{Action, RemindWhen, TemplateName};
use crate::domain::change::RuleHit;
use crate::domain::clock::UnixMillis;
use crate::domain::contact::{Contact, Value};
use crate::domain::criteria::{Compare, ContactTest, Op};
use crate::domain::ids::{RuleId, SopId, Tag};
use crate::lang::Lang;
use crate::rules::{Decision, Reason, RuleSet, Standing, decide, explain};

fn decides(set: &RuleSet, contact: &Contact, standing: &Standing, now: UnixMillis) -> Decision {
    let said = says("多少钱");
    let decision = decide(set, &said, contact, standing, now, &zone());
    let explained = explain(set, &said, contact, standing, now, &zone());
    assert_eq!(decision.fired, explained.fired);
    assert_eq!(decision.hits, explained.hits);
    decision
}

fn why(decision: &Decision, rule: &str) -> Reason {
    (*decision.trace.skipped()[&RuleId::from(rule)]).clone()
}

const PRICES: &str = "
rules:
  - id: 问价
    when: {any: 多少钱, hits: {times: 3, within: 7d}, contact: {not_tag: 客户/已购买}}
    limit: {per_day: 2}
    do: [{tag: 意向/高}]
";

fn hit(fired: bool) -> RuleHit {
    RuleHit {
        rule: "问价".into(),
        within: Duration::from_secs(7 * 86_400),
        fired,
    }
}

#[test]
fn the_third_match_in_a_week_fires() {
    let set = rules(PRICES);
    let mut contact = customer(&[]);
    let none = Standing::default();
    let first = decides(&set, &contact, &none, monday());
    assert_eq!((ids(&first), &first.hits), (vec![], &vec![hit(false)]));
    let reason = Reason::Hits {
        have: 1,
        times: 3,
        within_secs: 604_800,
    };
    assert_eq!(why(&first, "问价"), reason);
    assert!(
        first
            .trace
            .human(Lang::Zh, "")
            .contains("7 天内第 1 次，满 3 次才触发")
    );

    // One match of two is older than a week.
    contact.hits = [(
        "问价".into(),
        vec![at("2026-11-16T01:59:59Z"), at("2026-11-16T02:00:01Z")],
    )]
    .into();
    let second = decides(&set, &contact, &none, monday());
    assert!(matches!(why(&second, "问价"), Reason::Hits { have: 2, .. }));
    contact.hits = [("问价".into(), vec![monday(), monday()])].into();
    let third = decides(&set, &contact, &none, monday());
    assert_eq!(
        (ids(&third), &third.hits),
        (vec!["问价".into()], &vec![hit(true)])
    );
    assert!(
        third
            .trace
            .human(Lang::Zh, "")
            .contains("满 3 次，重新计数")
    );
}

#[test]
fn a_match_counts_only_when_everything_else_holds() {
    let set = rules(PRICES);
    let bought = decides(
        &set,
        &customer(&["客户/已购买"]),
        &Standing::default(),
        monday(),
    );
    assert_eq!(bought.hits, []);
    assert!(matches!(why(&bought, "问价"), Reason::NotTag { .. }));
}

#[test]
fn the_limit_is_for_all_contacts_and_comes_last() {
    let set = rules(PRICES);
    let used = |count| Standing {
        used_today: [(RuleId::from("问价"), count)].into(),
        ..Standing::default()
    };
    let mut contact = customer(&[]);
    assert!(matches!(
        why(&decides(&set, &contact, &used(2), monday()), "问价"),
        Reason::Hits { .. }
    ));
    contact.hits = [("问价".into(), vec![monday(), monday()])].into();
    let full = decides(&set, &contact, &used(2), monday());
    assert_eq!(why(&full, "问价"), Reason::Limit { used: 2, max: 2 });
    assert_eq!(
        full.hits,
        [],
        "what the limit stops is not counted as fired"
    );
    let last = decides(&set, &contact, &used(1), monday());
    assert_eq!(last.fired[0].limit, Some(2));
    assert!(
        last.trace
            .human(Lang::Zh, "")
            .contains("今天第 2 次，每天最多 2 次")
    );
}

#[test]
fn every_operator_over_every_kind_of_value() {
    let mut contact = customer(&[]);
    contact.points = 120;
    contact.source = Some("门店-01".into());
    contact.added_at = Some(at("2026-11-20T02:00:00Z"));
    contact.attributes = [
        ("level".to_owned(), Value::Text("金卡会员".into())),
        ("单数".to_owned(), Value::Number(3.0)),
    ]
    .into();
    let cases = [
        ("points: '>= 120'", true),
        ("points: '> 120'", false),
        ("points: '< 121'", true),
        ("points: '<= 119'", false),
        ("points: '= 120'", true),
        ("points: 120", true),
        ("points: '!= 120'", false),
        ("added_days: 3", true),
        ("added_days: '< 3'", false),
        ("source: 门店*", true),
        ("source: [展会*, '*-01']", true),
        ("source: 门店", false),
        ("level: contains 金卡", true),
        ("level: contains 银卡", false),
        ("level: [银卡会员, 金卡会员]", true),
        ("level: '!= 金卡会员'", false),
        ("单数: '>= 3'", true),
        ("单数: '3'", true),
        ("单数: '< 3'", false),
        ("没有: contains x", false),
        ("没有: '!= x'", true),
    ];
    for (condition, expected) in cases {
        let set = rules(&when(&format!("{{any: 多少钱, contact: {{{condition}}}}}")));
        let decision = decides(&set, &contact, &Standing::default(), monday());
        assert_eq!(!decision.fired.is_empty(), expected, "{condition}");
    }
}

fn only(action: &str) -> Action {
    let set = rules(&format!(
        "rules:\n  - id: a\n    channel: kf\n    when: {{any: 多少钱}}\n    do: [{action}]\n"
    ));
    let decision = decides(&set, &customer(&[]), &Standing::default(), monday());
    decision.fired[0].actions[0].clone()
}

#[test]
fn actions_that_take_time() {
    assert_eq!(only("{end_session: true}"), Action::EndSession);
    assert_eq!(
        only("{start_sop: 新客七天}"),
        Action::StartSop(SopId::from("新客七天"))
    );
    assert_eq!(
        only("{stop_sop: 新客七天}"),
        Action::StopSop(SopId::from("新客七天"))
    );
    assert_eq!(
        only("{points: {add: -5, why: 兑换}}"),
        Action::Points {
            add: -5,
            why: "兑换".into()
        }
    );
    let remind = |when: &str| match only(&format!(
        "{{remind: {{who: 负责人, {when}text: '{{{{ now }}}}'}}}}"
    )) {
        Action::Remind { when, .. } => when,
        other => panic!("{other:?}"),
    };
    assert_eq!(remind(""), RemindWhen::Now);
    assert_eq!(remind("in: 2h, "), RemindWhen::In { secs: 7200 });
    assert_eq!(
        remind("at: 明天 09:00, "),
        RemindWhen::Clock {
            days: 1,
            time: time(9, 0, 0, 0)
        }
    );
    assert_eq!(
        remind("at: 2026-12-31 09:00, "),
        RemindWhen::Local(date(2026, 12, 31).at(9, 0, 0, 0))
    );
    assert_eq!(
        remind("at: 下一个工作时间, "),
        RemindWhen::Opening("工作时间".into())
    );
}

#[test]
fn a_mass_message_has_an_audience() {
    let text = "rules:\n  - id: a\n    channel: app\n    when: {match: exact, any: 群发}\n    do: [{mass_message: {template: 甲, audience: {has_tag: 客户/已购买, not_tag: 勿扰, points: '>= 10'}}}]\n";
    let set = rules(text);
    let audience = vec![
        ContactTest::HasTag(Tag::from("客户/已购买")),
        ContactTest::NotTag(Tag::from("勿扰")),
        ContactTest::Points(Compare {
            op: Op::AtLeast,
            value: "10".into(),
        }),
    ];
    assert_eq!(
        *set.rules()[0].actions,
        [Action::MassMessage {
            template: TemplateName("甲".into()),
            audience
        }]
    );
    assert_eq!(found(CALENDAR, text.as_bytes()), []);
}

#[test]
fn mistakes_in_counting() {
    one(
        &when("{any: 退款, hits: {times: 1, within: 7d}}"),
        "Y023",
        3,
        35,
    );
    one(&when("{any: 退款, hits: {times: 3}}"), "Y022", 3, 27);
    one(
        &when("{any: 退款, hits: {times: 三, within: 7d}}"),
        "Y023",
        3,
        35,
    );
    one(&when("{any: 退款, hits: 3}"), "Y023", 3, 27);
    one(&with("limit: 200"), "Y023", 3, 12);
    one(&with("limit: {per_day: 0}"), "Y023", 3, 22);
    assert_eq!(
        found(CALENDAR, with("limit: {per_hour: 3}").as_bytes()),
        [("Y022", 3, 12), ("Y020", 3, 13)]
    );
    one(&when("{any: 退款, contact: {points: 很多}}"), "R022", 3, 39);
    one(
        &when("{any: 退款, contact: {point: '>= 1'}}"),
        "Y028",
        3,
        31,
    );
}

#[test]
fn mistakes_in_actions_that_take_time() {
    let remind = |rest: &str| act(&format!("{{remind: {{who: 售后组, {rest}}}}}"));
    let text = "text: '{{ now }}'";
    one(
        &remind(&format!("{text}, in: 2h, at: 18:00")),
        "R030",
        4,
        57,
    );
    one(&remind(&format!("{text}, at: 下周一")), "R031", 4, 53);
    one(&remind(&format!("{text}, at: 2026-12-31")), "R031", 4, 53);
    one(&remind(&format!("{text}, at: 下一个午休")), "R008", 4, 53);
    one(&remind(&format!("{text}, in: 一会儿")), "Y023", 4, 53);
    one(&remind("text: 去看看"), "R036", 4, 36);
    one(
        &act("{remind: {who: 售前组, text: '{{ now }}'}}"),
        "R014",
        4,
        25,
    );
    one(&act("{points: {add: 五, why: x}}"), "Y023", 4, 25);
    one(&act("{points: {add: 5}}"), "Y022", 4, 19);
    one(&act("{start_sop: [a]}"), "Y023", 4, 22);
    one(&act("{end_session: 好}"), "Y023", 4, 24);
    let group = |action: &str| format!("rules:\n  - id: a\n    on: joined\n    do: [{action}]\n");
    for action in ["{tag: a/b}", "{start_sop: x}", "{points: {add: 1, why: x}}"] {
        one(&group(action), "R012", 4, 11);
    }
    let app = |action: &str| {
        format!("rules:\n  - id: a\n    channel: app\n    when: {{any: 退}}\n    do: [{action}]\n")
    };
    for action in [
        "{end_session: true}",
        "{start_sop: x}",
        "{transfer: 售后组}",
    ] {
        one(&app(action), "R012", 5, 11);
    }
}

#[test]
fn mistakes_in_mass_messages() {
    let mass = |body: &str| {
        format!(
            "rules:\n  - id: a\n    channel: app\n    when: {{any: 群发}}\n    do: [{{mass_message: {body}}}]\n"
        )
    };
    one(&mass("{template: 甲}"), "Y022", 5, 25);
    one(&mass("{template: 甲, audience: {}}"), "R039", 5, 49);
    one(
        &mass("{template: 菜单, audience: {has_tag: a}}"),
        "R037",
        5,
        36,
    );
    one(
        &mass("{template: 两条, audience: {has_tag: a}}"),
        "R037",
        5,
        36,
    );
    one(
        &mass("{template: 称呼, audience: {has_tag: a}}"),
        "R038",
        5,
        36,
    );
    one(
        &mass("{template: 甲, audience: {has_tags: a}}"),
        "Y028",
        5,
        50,
    );
    one(
        &act("{mass_message: {template: 甲, audience: {has_tag: a}}}"),
        "R040",
        4,
        25,
    );
}

#[test]
fn what_a_channel_cannot_carry() {
    let reply = |channel: &str, name: &str| {
        format!(
            "rules:\n  - id: a\n    channel: {channel}\n    when: {{any: 退}}\n    do: [{{reply: {name}}}]\n"
        )
    };
    one(&reply("kf", "无图"), "R033", 5, 18);
    assert_eq!(found(CALENDAR, reply("app", "无图").as_bytes()), []);
    one(&reply("aibot", "无图"), "R034", 5, 18);
    one(
        "rules:\n  - id: a\n    when: {any: 退}\n    do: [{reply: 两条}, {reply: 两条}, {reply: 两条}]\n",
        "R035",
        4,
        9,
    );
}
