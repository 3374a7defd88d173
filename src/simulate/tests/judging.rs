//! Every kind of expectation, once as it is and once as it is not.

use super::support::failures;

#[track_caller]
fn passes(step: &str) {
    let found = failures(&format!("      - {step}"));
    assert!(found.is_empty(), "{step}: {found:?}");
}

#[track_caller]
fn fails(step: &str, expected: &str, got: &str) {
    let found = failures(&format!("      - {step}"));
    let one = (1, expected.to_owned(), got.to_owned());
    assert_eq!(found, [one], "{step}");
}

#[test]
fn rules_fire_or_do_not() {
    passes("{from: 张三, say: 我要退款, expect: {rule: 退款}}");
    fails(
        "{from: 张三, say: 天气, expect: {rule: 退款}}",
        "rule: 退款",
        "rule: —",
    );
    passes("{from: 张三, say: 天气, expect: {not_rule: [退款, 人工]}}");
    fails(
        "{from: 张三, say: 退款, expect: {not_rule: 退款}}",
        "not_rule: 退款",
        "rule: 退款",
    );
    passes("{from: 张三, say: 退款, expect: {rule: 退款, only: true}}");
    fails(
        "{from: 张三, say: 退款, expect: {only: true}}",
        "only: —",
        "rule: 退款",
    );
    passes("{from: 张三, say: 太贵, expect: {rule: 观察, only: true}}");
}

#[test]
fn a_rule_is_skipped_for_a_reason() {
    passes("{from: 张三, say: 不退款, expect: {skipped: {退款: none}}}");
    passes("{from: 张三, say: 退款, expect: {skipped: {末尾: stop}}}");
    passes("{from: 李四, say: 送礼, expect: {skipped: {老客: contact}}}");
    fails(
        "{from: 张三, say: 不退款, expect: {skipped: {退款: cooldown}}}",
        "skipped: {退款: cooldown}",
        "skipped: {退款: none}",
    );
    fails(
        "{from: 张三, say: 退款, expect: {skipped: {退款: none}}}",
        "skipped: {退款: none}",
        "rule: 退款",
    );
}

#[test]
fn nothing_happens() {
    passes("{from: 张三, say: 天气, expect: {none: true}}");
    fails(
        "{from: 张三, say: 人工, expect: {none: true}}",
        "none: true",
        "rule: 人工; transfer: 售后组",
    );
}

#[test]
fn tags_and_attributes_change() {
    passes("{from: 张三, say: 退款, expect: {tags: [+意向/退款, -意向/问价]}}");
    fails(
        "{from: 张三, say: 退款, expect: {tags: +意向/问价}}",
        "tags: +意向/问价",
        "tags: +意向/退款, -意向/问价",
    );
    passes("{from: 张三, say: 退款 快, expect: {set: {最近: 退款 快}}}");
    fails(
        "{from: 张三, say: 退款, expect: {set: {最近: 退货}}}",
        "set: {最近: 退货}",
        "set: {最近: 退款}",
    );
    fails(
        "{from: 张三, say: 退款, expect: {set: {口味: 清淡}}}",
        "set: {口味: 清淡}",
        "set: {口味: —}",
    );
}

#[test]
fn something_is_said() {
    passes("{from: 张三, say: 退款, expect: {reply: [退款说明, 'text:订单号']}}");
    fails(
        "{from: 张三, say: 退款, expect: {reply: 好的}}",
        "reply: 好的",
        "reply: 退款说明",
    );
    fails(
        "{from: 张三, say: 退款, expect: {reply: 'text:三天'}}",
        "reply: \"text:三天\"",
        "reply: \"退款请提供订单号\"",
    );
    passes("{from: 张三, say: 退款, expect: {notify: [售后组, 'text:张三 要退款']}}");
    fails(
        "{from: 张三, say: 人工, expect: {notify: 售后组}}",
        "notify: 售后组",
        "notify: —",
    );
    fails(
        "{from: 张三, say: 退款, expect: {notify: lin.mei}}",
        "notify: lin.mei",
        "notify: 售后组 「张三 要退款」",
    );
    passes(
        "{from: 李四, event: added, source: 门店-1, expect: {welcome: 欢迎, remark: 李四 门店}}",
    );
    fails(
        "{from: 李四, event: added, source: 门店-1, expect: {welcome: 好的}}",
        "welcome: 好的",
        "welcome: 欢迎",
    );
    fails(
        "{from: 李四, event: added, source: 门店-1, expect: {remark: 王五}}",
        "remark: \"text:王五\"",
        "remark: \"李四 门店\"",
    );
}

#[test]
fn others_are_asked() {
    let order = "{from: 张三, say: '202611230001'";
    passes(&format!(
        "{order}, expect: {{webhook: 订单系统, robot: [店铺群, 'text:查单']}}}}"
    ));
    passes(&format!(
        "{order}, expect: {{webhook: 'text:202611230001'}}}}"
    ));
    passes("{from: 张三, say: 人工, expect: {transfer: 售后组}}");
    fails(
        "{from: 张三, say: 退款, expect: {transfer: 售后组}}",
        "transfer: 售后组",
        "transfer: —",
    );
    fails(
        "{from: 张三, say: 退款, expect: {webhook: 订单系统}}",
        "webhook: 订单系统",
        "webhook: —",
    );
    fails(
        "{from: 张三, say: 退款, expect: {robot: 店铺群}}",
        "robot: 店铺群",
        "robot: —",
    );
    fails(
        "{from: 张三, say: 退款, expect: {mass_message: 欢迎}}",
        "mass_message: 欢迎",
        "mass_message: —",
    );
    fails(
        "{from: 张三, say: 退款, expect: {end_session: true}}",
        "end_session: true",
        "end_session: —",
    );
}

#[test]
fn what_did_not_come_about_is_told() {
    fails(
        "{from: 张三, say: 退款, expect: {remind: 负责人}}",
        "remind: 负责人",
        "remind: —",
    );
    fails(
        "{from: 张三, say: 退款, expect: {points: 10}}",
        "points: 10",
        "points: 0",
    );
    fails(
        "{from: 张三, say: 退款, expect: {sop: 跟进}}",
        "sop: 跟进",
        "sop: —",
    );
    fails(
        "{from: 张三, say: 退款, expect: {stop_sop: 跟进}}",
        "stop_sop: 跟进",
        "stop_sop: —",
    );
}

#[test]
fn what_came_about_is_seen() {
    passes("{from: 张三, say: 跟进我, expect: {sop: 跟进, points: 5}}");
    passes("{from: 张三, say: 群发, expect: {mass_message: 好的}}");
    passes("{from: 张三, say: 别跟了, expect: {end_session: true}}");
}

#[test]
fn every_channel_and_event_reaches_its_rules() {
    passes("{from: 张三, channel: app, say: 报损 一盒, expect: {rule: 员工, reply: 好的}}");
    passes("{from: 张三, say: 报损 一盒, expect: {skipped: {员工: channel}}}");
    passes("{from: 张三, type: image, expect: {rule: 图片}}");
    passes("{from: 张三, press: 还要, expect: {rule: 按钮, reply: 好的}}");
    passes("{from: 李四, event: added, source: 网店, expect: {skipped: {新客: contact}}}");
    passes("{from: 李四, event: 'event:change_external_contact/edit', expect: {none: true}}");
    passes("{from: 张三, say: 送礼, expect: {rule: 老客}}");
}

#[test]
fn what_stays_as_it_is_can_be_expected() {
    passes("{from: 张三, say: 天气, expect: {points: 0}}");
    passes("{from: 张三, say: 天气, expect: {end_session: false}}");
}
