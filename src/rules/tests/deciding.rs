//! What the engine decides, and how it says why.

use super::support::{at, customer, event, fired, ids, monday, rules, says, zone};
use crate::domain::action::Action;
use crate::domain::contact::{Contact, Value};
use crate::domain::ids::{RuleId, Tag};
use crate::domain::inbound::{Author, Channel, Inbound, Message, Trigger};
use crate::lang::Lang;
use crate::rules::Standing;
use crate::rules::{Decision, Reason, RuleSet, Verdict, decide, explain};

const REFUND: &str = "
words: {退款词: [退款, 退钱, 退货]}
rules:
  - id: 退款咨询
    name: 客户问退款
    priority: 80
    when:
      any: [$退款词, 不想要了]
      none: [不退款, 已退款]
      contact: {not_tag: [黑名单], added_days: '>= 1'}
    cooldown: 30m
    do: [{tag: 意向/退款}, {reply: 售后/退款说明}]
    stop: true
  - {id: 转人工, priority: 100, when: {match: exact, any: [人工, 转人工]}, do: [{reply: 甲}]}
  - {id: 下班, hours: 非工作时间, do: [{reply: 甲}]}
  - {id: 观察, priority: 90, mode: observe, when: {any: 退款}, do: [{tag: a/b}], stop: true}
  - {id: 停用, mode: off, when: {any: 退款}, do: [{tag: a/b}]}
  - {id: 末尾, priority: 1, when: {any: [退款, 发货]}, do: [{tag: a/b}]}
";

fn bought() -> Contact {
    let mut contact = customer(&["客户/已购买"]);
    contact.added_at = Some(at("2026-11-01T00:00:00Z"));
    contact
}

fn reason(set: &RuleSet, inbound: &Inbound, contact: &Contact, rule: &str) -> Reason {
    let trace = explain(
        set,
        inbound,
        contact,
        &Standing::default(),
        monday(),
        &zone(),
    )
    .trace;
    let skipped = trace.skipped();
    let reason = skipped.get(&RuleId::from(rule));
    (*reason.unwrap_or_else(|| panic!("{rule} was not skipped: {trace:?}"))).clone()
}

#[test]
fn higher_rules_come_first_and_stop_ends() {
    let set = rules(REFUND);
    assert_eq!(fired(&set, "订单要退款", &bought()), ["观察", "退款咨询"]);
    assert_eq!(fired(&set, "什么时候发货", &bought()), ["末尾"]);
}

#[test]
fn an_observing_rule_never_stops_others_and_says_so() {
    let set = rules(REFUND);
    let decision = decide(
        &set,
        &says("退款"),
        &bought(),
        &Standing::default(),
        monday(),
        &zone(),
    );
    assert!(decision.fired[0].observe);
    assert!(!decision.fired[1].observe);
    assert!(decision.trace.human(Lang::Zh, "退款").contains("只观察"));
}

#[test]
fn spelling_does_not_matter() {
    let set = rules(REFUND);
    for text in ["我要 退 款！", "我要退\u{200B}款", "要退貨"] {
        assert!(
            fired(&set, text, &bought()).contains(&"退款咨询".to_owned()),
            "{text}"
        );
    }
    assert_eq!(fired(&set, "　人 工　", &bought()), ["转人工"]);
    assert_eq!(fired(&set, "人工智能", &bought()), Vec::<String>::new());
}

#[test]
fn words_that_must_not_occur() {
    let set = rules(REFUND);
    let Reason::None { found } = reason(&set, &says("我 不 退 款了"), &bought(), "退款咨询")
    else {
        panic!("another reason");
    };
    assert_eq!(&*found.word, "不退款");
    assert_eq!(&"我 不 退 款了"[found.start..found.end], "不 退 款");
}

#[test]
fn the_cooldown_counts_from_the_last_time() {
    let set = rules(REFUND);
    let mut contact = bought();
    contact
        .fired
        .insert("退款咨询".into(), at("2026-11-23T01:50:00Z"));
    let left = reason(&set, &says("退款"), &contact, "退款咨询");
    assert_eq!(left, Reason::Cooldown { left_secs: 20 * 60 });
    assert_eq!(left.word(), "cooldown");
    contact
        .fired
        .insert("退款咨询".into(), at("2026-11-23T01:30:00Z"));
    assert!(fired(&set, "退款", &contact).contains(&"退款咨询".to_owned()));
}

#[test]
fn what_is_asked_of_the_contact() {
    let set = rules(REFUND);
    let new = customer(&[]);
    assert!(matches!(
        reason(&set, &says("退款"), &new, "退款咨询"),
        Reason::Contact { attribute, actual: None, .. } if attribute == "added_days"
    ));
    let mut barred = bought();
    barred.tags = customer(&["名单/黑名单"]).tags;
    assert_eq!(
        reason(&set, &says("退款"), &barred, "退款咨询"),
        Reason::NotTag {
            tag: "黑名单".into()
        }
    );
}

#[test]
fn attributes_have_operators() {
    let set = rules(
        "rules:
  - {id: a, when: {contact: {等级: [金卡, 银卡]}}, do: [{tag: a/b}]}
  - {id: b, when: {contact: {积点: '>= 100'}}, do: [{tag: a/b}]}
  - {id: c, when: {contact: {城市: contains 京, 会员: true}}, do: [{tag: a/b}]}
  - {id: d, when: {contact: {等级: '!= 金卡'}}, do: [{tag: a/b}]}
  - {id: e, when: {contact: {has_tag: [x/一, 二]}}, do: [{tag: a/b}]}",
    );
    let mut contact = customer(&["x/一"]);
    assert_eq!(fired(&set, "嗨", &contact), ["d"]);
    contact = customer(&["x/一", "y/二"]);
    contact.attributes = [
        ("等级".to_owned(), Value::Text("金卡".into())),
        ("积点".to_owned(), Value::Number(100.0)),
        ("城市".to_owned(), Value::Text("北京".into())),
        ("会员".to_owned(), Value::Bool(true)),
    ]
    .into();
    assert_eq!(fired(&set, "嗨", &contact), ["a", "b", "c", "e"]);
}

#[test]
fn chatwoot_10455_12694_hours_follow_the_calendar() {
    let set = rules(REFUND);
    let late = decide(
        &set,
        &says("你好"),
        &bought(),
        &Standing::default(),
        at("2026-11-23T12:00:00Z"),
        &zone(),
    );
    assert_eq!(ids(&late), ["下班"]);
    assert_eq!(
        reason(&set, &says("你好"), &bought(), "下班"),
        Reason::Hours {
            hours: "非工作时间".into()
        }
    );
}

#[test]
fn validity_includes_the_last_day() {
    let set = rules(
        "rules:\n  - {id: a, from: 2026-11-23 09:30, until: 2026-11-24, when: {any: 退}, do: [{tag: a/b}]}\n",
    );
    let fires = |text: &str| {
        ids(&decide(
            &set,
            &says("退"),
            &bought(),
            &Standing::default(),
            at(text),
            &zone(),
        ))
        .len()
    };
    assert_eq!(fires("2026-11-23T09:29:59+08:00"), 0);
    assert_eq!(fires("2026-11-23T09:30:00+08:00"), 1);
    assert_eq!(fires("2026-11-24T23:59:59+08:00"), 1);
    assert_eq!(fires("2026-11-25T00:00:00+08:00"), 0);
}

#[test]
fn patterns_capture_the_customers_own_characters() {
    let set = rules(
        "rules:\n  - {id: a, when: {regex: '(?<order>\\d{12,18})(?<rest>x)?'}, do: [{reply: 查单}]}\n",
    );
    let text = "单号 2026112300001，谢谢";
    let decision = decide(
        &set,
        &says(text),
        &bought(),
        &Standing::default(),
        monday(),
        &zone(),
    );
    assert_eq!(decision.fired[0].captures["order"], "2026112300001");
    assert!(!decision.fired[0].captures.contains_key("rest"));
    let Verdict::Fired { found, .. } = &decision.trace.steps[0].verdict else {
        panic!("did not fire");
    };
    assert_eq!(&text[found[0].start..found[0].end], "2026112300001");
    assert_eq!(fired(&set, "单号 2026", &bought()), Vec::<String>::new());
}

#[test]
fn words_and_pattern_together_must_both_hold() {
    let set = rules("rules:\n  - {id: a, when: {any: 查, regex: '\\d+'}, do: [{tag: a/b}]}\n");
    assert_eq!(fired(&set, "查 1", &bought()), ["a"]);
    assert_eq!(fired(&set, "查", &bought()), Vec::<String>::new());
    assert_eq!(fired(&set, "1", &bought()), Vec::<String>::new());
}

#[test]
fn our_own_and_servicers_words_set_nothing_off() {
    let set = rules(REFUND);
    for author in [Author::Servicer, Author::System] {
        let inbound = Inbound {
            author,
            ..says("退款")
        };
        assert_eq!(
            decide(
                &set,
                &inbound,
                &bought(),
                &Standing::default(),
                monday(),
                &zone()
            ),
            Decision {
                trace: crate::rules::Trace {
                    version: set.version().into(),
                    steps: vec![]
                },
                ..Decision::default()
            }
        );
        assert_eq!(
            reason(&set, &inbound, &bought(), "退款咨询"),
            Reason::Author
        );
    }
}

#[test]
fn events_set_their_rules_off() {
    let set = rules(
        "rules:
  - {id: 欢迎, on: added, channel: contact, when: {contact: {source: 门店*}}, do: [{welcome: 甲}]}
  - {id: 点击, on: clicked, when: {match: exact, any: price}, do: [{reply: 甲}]}
  - {id: 建群, on: 'event:change_external_chat/create', do: [{notify: {to: 负责人, text: '{{ now }}'}}]}
  - {id: 群事, on: 'event:change_external_chat', do: [{notify: {to: 负责人, text: '{{ now }}'}}]}",
    );
    let happens = |channel, trigger| {
        let inbound = Inbound {
            author: Author::System,
            ..event(channel, trigger)
        };
        ids(&decide(
            &set,
            &inbound,
            &bought(),
            &Standing::default(),
            monday(),
            &zone(),
        ))
    };
    let added = |source: &str| Trigger::Added {
        userid: "lin".into(),
        source: Some(source.into()),
        welcome_code: None,
    };
    assert_eq!(happens(Channel::Contact, added("门店-01")), ["欢迎"]);
    assert!(happens(Channel::Contact, added("展会")).is_empty());
    let clicked = Trigger::Clicked {
        key: "PRICE".into(),
        task_id: None,
        response_code: None,
    };
    assert_eq!(happens(Channel::App, clicked), ["点击"]);
    let chat = |change: &str| Trigger::Event {
        event: "change_external_chat".into(),
        change_type: Some(change.into()),
    };
    assert_eq!(happens(Channel::Contact, chat("create")), ["建群", "群事"]);
    assert_eq!(happens(Channel::Contact, chat("dismiss")), ["群事"]);
}

#[test]
fn channel_and_type_are_conditions() {
    let set = rules(
        "rules:\n  - {id: a, channel: app, when: {type: [image, voice]}, do: [{reply: 甲}]}\n",
    );
    let image = |channel| {
        let message = Message {
            kind: "image".into(),
            ..Message::text("")
        };
        let inbound = event(channel, Trigger::Message(message));
        ids(&decide(
            &set,
            &inbound,
            &bought(),
            &Standing::default(),
            monday(),
            &zone(),
        ))
    };
    assert_eq!(image(Channel::App), ["a"]);
    assert!(image(Channel::Kf).is_empty());
    assert_eq!(
        reason(
            &set,
            &event(Channel::App, says("x").trigger),
            &bought(),
            "a"
        ),
        Reason::Type {
            wants: "image, voice".into()
        }
    );
}

#[test]
fn scalars_stay_text_until_a_key_asks_for_more() {
    let set = rules(
        "rules:\n  - {id: a, when: {any: [no, 08:30, 007]}, do: [{set: {编号: 007, 次数: 3, 会员: true, 引号: '3'}}]}\n",
    );
    assert_eq!(fired(&set, "NO", &bought()), ["a"]);
    assert_eq!(fired(&set, "我 08:30 到", &bought()), ["a"]);
    let decision = decide(
        &set,
        &says("007"),
        &bought(),
        &Standing::default(),
        monday(),
        &zone(),
    );
    let values: Vec<_> = decision.fired[0]
        .actions
        .iter()
        .map(|action| match action {
            Action::Set { value, .. } => value.clone(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        values,
        [
            Value::Text("007".into()),
            Value::Number(3.0),
            Value::Bool(true),
            Value::Text("3".into()),
        ]
    );
}

#[test]
fn a_dollar_sign_can_be_meant() {
    let set = rules("rules:\n  - {id: a, when: {any: $$100}, do: [{tag: [a/b, c]}]}\n");
    let decision = decide(
        &set,
        &says("只要 $100"),
        &bought(),
        &Standing::default(),
        monday(),
        &zone(),
    );
    assert_eq!(
        *decision.fired[0].actions,
        [Action::Tag(Tag::from("a/b")), Action::Tag(Tag::from("c"))]
    );
}

#[test]
fn the_trace_reads_as_an_explanation() {
    let set = rules(REFUND);
    let decision = explain(
        &set,
        &says("我要 退 款！"),
        &bought(),
        &Standing::default(),
        monday(),
        &zone(),
    );
    insta::assert_snapshot!(decision.trace.human(Lang::Zh, "我要 退 款！"), @r"
      1. 转人工  (r.yaml:14)
         ✗ 没有出现其中任何一个词：人工, 转人工
      2. 观察  (r.yaml:16)
         ✓ 触发（observe：只观察，不发送也不打标签）
         「退款」匹配到「退 款」
         → tag a/b
      3. 客户问退款  (r.yaml:4)
         ✓ 触发
         「退款」匹配到「退 款」
         → tag 意向/退款
         → reply 售后/退款说明
         开始冷却 30 分钟
         后面的规则不再判断
      – 后面 3 条规则没有判断：规则 退款咨询 触发后停止了
    ");
}

#[test]
fn a_stored_trace_stays_small() {
    let many: String = (0..200)
        .map(|n| format!("  - {{id: r{n}, when: {{any: 退款, none: 我}}, do: [{{tag: a/b}}]}}\n"))
        .collect();
    let set = rules(&format!("rules:\n{many}"));
    let decision = decide(
        &set,
        &says("我退款"),
        &bought(),
        &Standing::default(),
        monday(),
        &zone(),
    );
    assert_eq!(decision.trace.steps.len(), 50);
}

#[test]
fn the_version_follows_the_content() {
    assert_ne!(
        rules(REFUND).version(),
        rules(&REFUND.replace("30m", "31m")).version()
    );
    assert_eq!(rules(REFUND).version(), rules(REFUND).version());
}
