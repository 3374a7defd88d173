//! The clock, the people, and what one step leaves for the next.

use super::support::{
    RULES, SOPS, config, failures, file, playbook, playbook_with, read, run_file,
};
use crate::domain::clock::UnixMillis;
use crate::domain::ids::{AppName, ConversationKey};
use crate::domain::inbound::{Author, Channel, Inbound, Message, ReplyPath, Trigger};
use crate::domain::timer::Timer;
use crate::lang::Lang;
use crate::simulate::{Doing, Trait, What, Wish, World, run};

#[test]
fn a_cooldown_lasts_as_long_as_the_clock_says() {
    let steps = "\
      - {at: 0m, from: 张三, say: 退款, expect: {rule: 退款}}
      - {at: 10m, say: 退款, expect: {skipped: {退款: cooldown}, rule: 末尾}}
      - {at: 10m, from: 李四, say: 退款, expect: {rule: 退款}}
      - {at: 31m, from: 张三, say: 退款, expect: {rule: 退款}}";
    assert_eq!(failures(steps), []);
    let early = "\
      - {from: 张三, say: 退款}
      - {at: 29m, say: 退款, expect: {rule: 退款}}";
    let found = failures(early);
    assert_eq!(
        found,
        [(2, "rule: 退款".to_owned(), "rule: 末尾".to_owned())]
    );
}

#[test]
fn what_one_step_tags_the_next_one_sees() {
    let rules = "
rules:
  - {id: 先, when: {any: 拉黑}, do: [{tag: 名单/黑名单}]}
  - {id: 后, when: {any: 在吗, contact: {not_tag: 名单/黑名单}}, do: [{reply: 好的}]}
";
    let steps = "\
      - {from: 张三, say: 在吗, expect: {rule: 后}}
      - {say: 拉黑}
      - {say: 在吗, expect: {skipped: {后: not_tag}}}
      - {from: 李四, say: 在吗, expect: {rule: 后}}";
    let (_, _, outcome) = run_file(rules, &file(steps));
    assert_eq!(outcome.failed(), 0, "{:?}", outcome.results);
}

#[test]
fn plans_and_reminders_come_due() {
    let steps = "\
      - {from: 张三, say: 跟进我, expect: {sop: 跟进, points: 5}}
      - {at: 23h, expect: {none: true}}
      - {at: 1d, expect: {remind: [负责人, 'text:问问张三'], tags: +阶段/跟进}}
      - {at: 3d, expect: {send: 好的}}
      - {at: 9d, expect: {none: true}}";
    assert_eq!(failures(steps), []);
    let left = "\
      - {from: 张三, say: 跟进我}
      - {at: 1h, say: 别跟了, expect: {stop_sop: 跟进, end_session: true}}
      - {at: 1d, expect: {none: true}}";
    assert_eq!(failures(left), []);
    let early = "\
      - {from: 张三, say: 回电, expect: {remind: 售后组}}
      - {at: 2h, expect: {remind: 售后组}}
      - {at: 2h, expect: {remind: 售后组}}";
    let found: Vec<_> = failures(early).into_iter().map(|(step, ..)| step).collect();
    assert_eq!(found, [1, 3], "only when it is due, and once");
}

#[test]
fn limits_and_hits_are_counted() {
    let steps = "\
      - {from: 张三, say: 回电, expect: {rule: 提醒}}
      - {from: 李四, say: 回电, expect: {skipped: {提醒: limit}}}
      - {at: 1d, say: 回电, expect: {rule: 提醒}}
      - {at: 1d, from: 张三, say: 嗯, expect: {skipped: {三次: hits}}}
      - {at: 2d, say: 嗯, expect: {skipped: {三次: hits}}}
      - {at: 3d, say: 嗯, expect: {rule: 三次, tags: +意向/高}}
      - {at: 4d, say: 嗯, expect: {skipped: {三次: hits}}}";
    assert_eq!(failures(steps), []);
}

#[test]
fn every_test_begins_afresh_at_its_own_time() {
    let tests = "
start: 2026-11-23 10:00 +08:00
tests:
  - {name: 一, steps: [{say: 退款, expect: {rule: 退款}}]}
  - {name: 二, at: 2026-12-01 09:00, steps: [{say: 退款, expect: {rule: 退款}}]}
";
    let (_, _, outcome) = run_file(RULES, tests);
    assert_eq!((outcome.results.len(), outcome.failed()), (2, 0));
}

#[test]
fn a_failure_has_its_place_and_the_rest_still_runs() {
    let steps = "\
      - {from: 张三, say: 天气, expect: {rule: 退款}}
      - {say: 天气, expect: {none: true}}
      - {say: 人工, expect: {none: true}}";
    let (_, _, outcome) = run_file(RULES, &file(steps));
    let places: Vec<_> = outcome.results[0]
        .failures
        .iter()
        .map(|failure| (failure.step, failure.span.line, failure.span.column))
        .collect();
    assert_eq!(places, [(1, 8, 44), (3, 10, 34)]);
    assert!(!outcome.results[0].failures[0].happened.is_empty());
    let report = outcome.report();
    for lang in [Lang::Zh, Lang::En] {
        let shown = report.human(lang);
        assert!(shown.contains("a.test.yaml:8:44"), "{shown}");
        assert!(
            shown.contains("rule: 退款") && !shown.contains("{test}"),
            "{shown}"
        );
    }
}

#[test]
fn only_the_wanted_tests_run() {
    let tests = "
start: 2026-11-23 10:00
tests:
  - {name: 退款一, steps: [{say: 退款, expect: {rule: 退款}}]}
  - {name: 人工一, steps: [{say: 人工, expect: {rule: 退款}}]}
";
    let config = config();
    let playbook = playbook(&config, RULES);
    let (suite, _) = read(&config, &playbook, tests);
    let wish = Wish {
        filter: Some("退款".to_owned()),
        coverage: false,
    };
    let outcome = run(&config, &playbook, &suite, &wish);
    assert_eq!((outcome.results.len(), outcome.failed()), (1, 0));
}

fn says(text: &str) -> Doing {
    Doing {
        who: "张三".to_owned(),
        group: false,
        channel: Channel::Kf,
        what: What::Say(Message::text(text)),
    }
}

fn timer(key: &str, due: UnixMillis, text: &str) -> Timer {
    Timer {
        key: key.to_owned(),
        due,
        inbound: Inbound {
            channel: Channel::Kf,
            app: AppName::from("kf"),
            at: due,
            person: Some(says("").person()),
            author: Author::Person,
            conversation: ConversationKey::from("c"),
            trigger: Trigger::Message(Message::text(text)),
            reply_path: ReplyPath::None,
        },
    }
}

#[test]
fn timers_come_due_in_their_order() {
    let config = config();
    let playbook = playbook(&config, RULES);
    let mut world = World::new(&config, &playbook, UnixMillis(1_000));
    world.set_timer(timer("later", UnixMillis(9_000), "人工"));
    world.set_timer(timer("b", UnixMillis(5_000), "太贵"));
    world.set_timer(timer("a", UnixMillis(5_000), "天气"));
    world.set_timer(timer("never", UnixMillis(99_000), "退款"));
    let past = world.advance(UnixMillis(10_000)).expect("an end");
    let happened = past.happened;
    let order: Vec<_> = happened.iter().map(|one| (one.at.0, one.text())).collect();
    assert_eq!(order, [(5_000, "天气"), (5_000, "太贵"), (9_000, "人工")]);
    assert_eq!(world.now(), UnixMillis(10_000));
    assert!(
        world
            .advance(UnixMillis(10_000))
            .expect("an end")
            .happened
            .is_empty()
    );
}

#[test]
fn what_production_would_store_is_kept() {
    let config = config();
    let playbook = playbook(&config, RULES);
    let mut world = World::new(&config, &playbook, UnixMillis(0));
    let first = world.act(&says("退款"), &Trait::default());
    assert_eq!(first.tags(), ["+意向/退款", "-意向/问价"]);
    let second = world.act(&says("退款"), &Trait::default());
    assert!(second.seen.has_tag(&"意向/退款".into()));
    assert!(second.seen.fired.contains_key(&"退款".into()));
    let deeds = first.deeds();
    let keys: Vec<_> = deeds
        .iter()
        .map(|deed| (deed.key.as_str(), deed.target.as_str()))
        .collect();
    assert_eq!(keys[2], ("reply", "退款说明"));
    assert_eq!(first.effects_of(&deeds[2]).count(), 1);
}

#[test]
fn what_observes_or_is_switched_off_is_tested_as_if_it_were_on() {
    let rules = "
defaults: {mode: observe}
rules:
  - {id: 先, when: {any: 跟进我}, do: [{tag: 意向/高}, {start_sop: 跟进}], stop: true}
  - {id: 后, mode: off, when: {any: 退货}, do: [{reply: 好的}]}
  - {id: 末, when: {any: 跟进}, do: [{reply: 好的}]}
";
    let plans = SOPS.replace("kind: lifecycle", "kind: lifecycle\n    mode: off");
    let config = config();
    let playbook = playbook_with(&config, rules, &plans);
    let steps = "\
      - {from: 张三, say: 跟进我, expect: {rule: 先, not_rule: 末, tags: +意向/高, sop: 跟进}}
      - {at: 1d, expect: {remind: 负责人, step: 跟进/1}}
      - {say: 退货, expect: {skipped: {后: off}}}";
    let (suite, report) = read(&config, &playbook, &file(steps));
    assert!(!report.has_errors(), "{}", report.human(Lang::En));
    let outcome = run(&config, &playbook, &suite, &Wish::default());
    assert_eq!(outcome.failed(), 0, "{:?}", outcome.results);
}
