//! SOPs of every kind in tests: what is expected once as it is and once as it is not.

use super::support::{RULES, config, playbook_with, read};
use crate::diagnostic::Report;
use crate::lang::Lang;
use crate::simulate::{Wish, run};

const PLANS: &str = r#"
outreach:
  quiet: {from: "21:00", to: "09:00"}
  per_contact: [1/天]
  do_not_disturb: [名单/勿扰]
sops:
  - id: 新客
    kind: lifecycle
    audience: {not_tag: 客户/已购买}
    exit_when: {has_tag: 客户/已购买}
    steps:
      - {name: 晚安, at: 1d 22:00, via: broadcast, do: [{send: 好的}]}
      - {name: 早安, at: 2d 10:00, if: {replied: false}, via: staff, do: [{send: 退款说明}]}
      - {at: 4d 10:00, do: [{remind: {who: 负责人, text: 问问}}]}
  - id: 新群
    kind: group
    target: {name: 会员*}
    steps:
      - {name: 群规, at: 0d, via: staff, do: [{send: 好的}]}
      - {name: 预告, at: 1d 19:00, via: broadcast, do: [{send: 好的}]}
  - id: 早报
    kind: recurring
    every: 周一 09:30
    target: {name: 会员*}
    steps: [{via: broadcast, do: [{send: 好的}]}]
  - id: 大促
    kind: campaign
    approve: required
    audience: {has_tag: 客户/已购买}
    exit_when: {has_tag: 大促/已下单}
    phases:
      - {name: 预热, at: 2026-12-08 10:00, via: broadcast, do: [{send: 好的}]}
      - {name: 开始, at: 2026-12-12 10:00, via: broadcast, do: [{send: 好的}]}
"#;

fn text(steps: &str) -> String {
    let steps: Vec<String> = steps
        .lines()
        .map(|line| format!("      {}", line.trim_start()))
        .collect();
    format!(
        "start: 2026-11-23 10:00\n\
         contacts:\n  新人: {{staff: zhao.min}}\n  老客: {{tags: [客户/已购买], added_days: 30, staff: lin.mei}}\n  zhao.min: {{}}\n\
         groups:\n  会员新群: {{owner: zhao.min}}\n  会员老群: {{owner: lin.mei, made_days: 9}}\n  同事群: {{owner: lin.mei, made_days: 9}}\n\
         tests:\n  - name: 一个\n    steps:\n{}\n",
        steps.join("\n")
    )
}

/// What fails: step, expected, got.
#[track_caller]
fn failures(steps: &str) -> Vec<(usize, String, String)> {
    let config = config();
    let playbook = playbook_with(&config, RULES, PLANS);
    let (suite, report) = read(&config, &playbook, &text(steps));
    assert!(report.is_empty(), "{}", report.human(Lang::En));
    let outcome = run(&config, &playbook, &suite, &Wish::default());
    let results = outcome.results.into_iter();
    results
        .flat_map(|result| result.failures)
        .map(|failure| {
            let expected = failure.expected.unwrap_or_default();
            (failure.step, expected, failure.got)
        })
        .collect()
}

#[track_caller]
fn passes(steps: &str) {
    assert_eq!(failures(steps), []);
}

/// The last step does not hold; all before it do.
#[track_caller]
fn fails(steps: &str, expected: &str, got: &str) {
    let last = steps.lines().count();
    let one = (last, expected.to_owned(), got.to_owned());
    assert_eq!(failures(steps), [one]);
}

const ADDED: &str = "- {from: 新人, event: added, expect: {sop: 新客@新人}}";

#[test]
fn steps_are_done_put_off_and_left_out_each_for_its_reason() {
    passes(&format!(
        "{ADDED}
         - {{at: 2026-11-24 22:00, expect: {{held: {{新客/晚安: quiet}}, not_step: 新客/晚安}}}}
         - {{at: 2026-11-25 09:00, expect: {{step: 新客/1, send: 好的}}}}
         - {{at: 2026-11-25 10:00, expect: {{held: {{新客/早安@新人: limits}}}}}}
         - {{at: 2026-11-26 10:00, expect: {{step: 新客/早安, card: zhao.min}}}}
         - {{at: 2026-11-27 10:00, expect: {{step: 新客/3, remind: [负责人, 'text:问问'], stop_sop: 新客@新人}}}}"
    ));
    fails(
        &format!("{ADDED}\n- {{at: 2026-11-24 22:00, expect: {{step: 新客/晚安}}}}"),
        "step: 新客/晚安",
        "held: {新客/晚安@新人: quiet}",
    );
    fails(
        &format!("{ADDED}\n- {{at: 2026-11-24 22:00, expect: {{held: {{新客/晚安: limits}}}}}}"),
        "held: {新客/晚安: limits}",
        "held: {新客/晚安@新人: quiet}",
    );
    fails(
        &format!("{ADDED}\n- {{at: 2026-11-25 09:00, expect: {{not_step: 新客/晚安@新人}}}}"),
        "not_step: 新客/晚安@新人",
        "held: {新客/晚安@新人: quiet}; step: 新客/晚安@新人",
    );
    fails(
        &format!("{ADDED}\n- {{at: 1h, expect: {{step: 新客/晚安}}}}"),
        "step: 新客/晚安",
        "step: —",
    );
    let answered = format!("{ADDED}\n- {{after: 1h, say: 你好, channel: kf}}");
    passes(&format!(
        "{answered}\n- {{at: 3d, expect: {{left_out: {{新客/早安: if}}}}}}"
    ));
    fails(
        &format!("{answered}\n- {{at: 3d, expect: {{left_out: {{新客/早安: exclude}}}}}}"),
        "left_out: {新客/早安: exclude}",
        "held: {新客/晚安@新人: quiet}; step: 新客/晚安@新人; \
         left_out: {新客/早安@新人: if}",
    );
}

#[test]
fn who_is_tagged_in_wecom_leaves_or_is_spared() {
    passes(&format!(
        "{ADDED}
         - {{at: 1d, tagged: 客户/已购买}}
         - {{at: 2d, expect: {{stop_sop: 新客, not_step: 新客/晚安}}}}"
    ));
    passes(&format!(
        "{ADDED}
         - {{at: 1d, tagged: [名单/勿扰, -客户/已购买]}}
         - {{at: 2d, expect: {{left_out: {{新客/晚安: do_not_disturb}}}}}}"
    ));
    fails(
        &format!("{ADDED}\n- {{at: 2d, expect: {{stop_sop: 新客@新人}}}}"),
        "stop_sop: 新客@新人",
        "stop_sop: —",
    );
}

#[test]
fn a_member_confirms_a_task_or_presses_done() {
    let task = format!(
        "{ADDED}\n- {{at: 2026-11-25 09:02, expect: {{broadcast: [zhao.min, 'text:好的']}}}}"
    );
    passes(&format!(
        "{task}\n- {{after: 1h, confirm: zhao.min, expect: {{received: 新人}}}}"
    ));
    fails(
        &format!("{task}\n- {{confirm: lin.mei, expect: {{received: 新人}}}}"),
        "received: 新人",
        "received: —",
    );
    // Taken back after three days without a word.
    fails(
        &format!("{task}\n- {{after: 3d, confirm: zhao.min, expect: {{received: 新人}}}}"),
        "received: 新人",
        "received: —",
    );
    fails(
        &format!("{ADDED}\n- {{at: 2026-11-25 09:02, expect: {{broadcast: lin.mei}}}}"),
        "broadcast: lin.mei",
        "broadcast: zhao.min",
    );
    let card = format!(
        "{ADDED}\n- {{at: 2026-11-26 10:00, expect: {{card: [zhao.min, 'text:发给 新人']}}}}"
    );
    passes(&format!(
        "{card}\n- {{from: zhao.min, press: 完成, expect: {{received: 新人}}}}"
    ));
    passes(&format!(
        "{card}\n- {{from: zhao.min, press: 跳过, expect: {{not_received: 新人}}}}"
    ));
    passes(&format!(
        "{card}
         - {{from: zhao.min, press: 稍后}}
         - {{after: 2h, expect: {{card: zhao.min}}}}"
    ));
    fails(
        &format!("{card}\n- {{from: zhao.min, press: 完成, expect: {{not_received: 新人}}}}"),
        "not_received: 新人",
        "not_received: —",
    );
}

#[test]
fn groups_are_made_dissolved_and_told_each_monday() {
    passes(
        "- {from: 会员新群, event: made, expect: {sop: 新群@会员新群, card: zhao.min, step: 新群/群规@会员新群}}
         - {at: 2026-11-24 19:00, expect: {step: 新群/预告@会员新群, not_step: 新群/预告@会员老群}}
         - {at: 2026-11-30 09:30, expect: {step: [早报/1@会员新群, 早报/1@会员老群], not_step: 早报/1@同事群}}
         - {after: 2m, expect: {broadcast: [zhao.min, lin.mei]}}
         - {confirm: lin.mei, expect: {received: 会员老群}}",
    );
    passes(
        "- {from: 会员新群, event: made}
         - {at: 1d, event: dissolved}
         - {at: 2d, expect: {stop_sop: 新群@会员新群, not_step: 新群/预告}}",
    );
    fails(
        "- {at: 2026-11-30 09:30, expect: {step: 早报/1@会员新群}}",
        "step: 早报/1@会员新群",
        "step: 早报/1@会员老群",
    );
}

#[test]
fn a_campaign_waits_for_a_person_and_its_phases_begin_at_their_dates() {
    passes("- {at: 2026-12-20 10:00, expect: {not_step: [大促/预热, 大促/开始]}}");
    passes(
        "- {approve: 大促}
         - {at: 2026-12-08 10:00, expect: {step: 大促/预热@老客, not_step: 大促/预热@新人}}
         - {at: 2026-12-09 10:00, from: 老客, tagged: 大促/已下单}
         - {at: 2026-12-12 10:00, expect: {stop_sop: 大促@老客, not_step: 大促/开始}}",
    );
    passes(
        "- {at: 2026-12-09 10:00, approve: 大促, expect: {left_out: {大促/预热: past}}}
         - {at: 2026-12-12 10:00, expect: {step: 大促/开始}}",
    );
    // Whoever has bought nothing is not for it: nobody is left.
    passes(
        "- {from: 老客, tagged: -客户/已购买}
         - {approve: 大促}
         - {at: 2026-12-08 10:00, expect: {left_out: {大促/预热: nobody}}}",
    );
}

#[test]
fn operators_pause_resume_and_cancel() {
    passes(
        "- {approve: 大促}
         - {pause: 大促}
         - {at: 2026-12-08 12:00, expect: {not_step: 大促/预热}}
         - {resume: 大促, expect: {step: 大促/预热@老客}}
         - {cancel: 大促, expect: {stop_sop: 大促@老客}}
         - {at: 2026-12-13 10:00, expect: {not_step: 大促/开始}}",
    );
    passes(&format!(
        "{ADDED}
         - {{pause: 新客}}
         - {{at: 2026-11-25 10:00, expect: {{held: {{新客/晚安: paused}}, not_step: 新客/晚安}}}}
         - {{resume: 新客, expect: {{left_out: {{新客/晚安: missed}}, step: 新客/早安}}}}"
    ));
    fails(
        "- {approve: 大促}\n- {at: 2026-12-08 10:00, expect: {not_step: 大促/预热}}",
        "not_step: 大促/预热",
        "step: 早报/1@会员老群; step: 早报/1@会员老群; step: 大促/预热@老客",
    );
}

/// What is found in a file with this one step: code, line and column.
#[track_caller]
fn one(step: &str, code: &str, column: usize) {
    let config = config();
    let playbook = playbook_with(&config, RULES, PLANS);
    let (_, report) = read(&config, &playbook, &text(step));
    let place = |report: &Report| -> Vec<_> {
        let items = report.items().into_iter();
        items
            .map(|item| (item.code, item.span.expect("a place").column))
            .collect()
    };
    assert_eq!(
        place(&report),
        [(code, column)],
        "{}",
        report.human(Lang::En)
    );
    for lang in [Lang::Zh, Lang::En] {
        let shown = report.human(lang);
        assert!(!shown.contains("check."), "a text is missing: {shown}");
    }
}

#[test]
fn mistakes_about_plans_have_their_places() {
    one("- {at: 1d, expect: {step: 新客/晚}}", "E015", 33);
    one("- {at: 1d, expect: {step: 新客/4}}", "E015", 33);
    one("- {at: 1d, expect: {step: 新客}}", "E015", 33);
    one("- {at: 1d, expect: {step: 老客/1}}", "E013", 33);
    one("- {at: 1d, expect: {step: 新客/1@谁}}", "E002", 33);
    one("- {at: 1d, expect: {received: 谁}}", "E002", 37);
    one("- {at: 1d, expect: {held: {新客/1: late}}}", "E006", 40);
    one("- {approve: 促销, expect: {none: true}}", "E013", 19);
    one(
        "- {from: 新人, event: made, expect: {none: true}}",
        "E016",
        27,
    );
    one(
        "- {from: 会员老群, say: 好, expect: {none: true}}",
        "E016",
        27,
    );
    one("- {at: 1d, after: 1d, expect: {none: true}}", "E017", 18);
    one("- {at: 2026-11-22 10:00, expect: {none: true}}", "E007", 14);
    one("- {at: 明天, expect: {none: true}}", "Y023", 14);
    one(
        "- {approve: 大促, confirm: lin.mei, expect: {none: true}}",
        "E008",
        10,
    );
}
