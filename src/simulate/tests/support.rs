//! A small shop with one rule for each thing that a test can expect.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::channels::ChannelSet;
use crate::config::Config;
use crate::diagnostic::Report;
use crate::lang::Lang;
use crate::process::playbook::Playbook;
use crate::rules::PlanReader;
use crate::rules::load::{References, from_files as rules_from_files};
use crate::simulate::expect::Names;
use crate::simulate::load::{Suite, from_files};
use crate::simulate::{Outcome, Wish, run};
use crate::sops;
use crate::templates::Catalog;

const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

pub(super) const RULES: &str = r#"
rules:
  - id: 退款
    priority: 80
    when: {any: [退款], none: [不退款], contact: {not_tag: [名单/黑名单]}}
    cooldown: 30m
    do:
      - tag: 意向/退款
      - untag: 意向/问价
      - reply: 退款说明
      - notify: {to: 售后组, text: "{{ contact.name }} 要退款"}
      - set: {最近: "{{ message.text }}"}
    stop: true
  - id: 查单
    when: {regex: '(?<order>\d{12})'}
    do:
      - webhook: {to: 订单系统, body: {order: "{{ m.order }}"}}
      - robot: {to: 店铺群, text: "有人查单"}
  - id: 人工
    when: {match: exact, any: [人工]}
    do: [{transfer: 售后组}]
  - id: 观察
    mode: observe
    when: {any: [太贵]}
    do: [{tag: 意向/价格敏感}]
  - id: 新客
    on: added
    when: {contact: {source: 门店*}}
    do: [{welcome: 欢迎}, {remark: "{{ contact.name }} 门店"}]
  - id: 员工
    channel: [app]
    when: {match: prefix, any: [报损]}
    do: [{reply: 好的}]
  - id: 图片
    when: {type: image}
    do: [{reply: 好的}]
  - id: 按钮
    on: clicked
    when: {any: [还要]}
    do: [{reply: 好的}]
  - id: 老客
    when: {any: [送礼], contact: {added_days: ">= 7", 等级: 金卡}}
    do: [{reply: 好的}]
  - id: 送礼跟进
    when: {match: exact, any: [跟进我]}
    do: [{start_sop: 跟进}, {points: {add: 5, why: 问礼盒}}]
  - id: 别跟了
    when: {match: exact, any: [别跟了]}
    do: [{stop_sop: 跟进}, {end_session: true}]
  - id: 提醒
    when: {match: exact, any: [回电]}
    limit: {per_day: 1}
    do: [{remind: {who: 售后组, in: 2h, text: "回电{{ contact.name }}"}}]
  - id: 三次
    when: {match: exact, any: [嗯], hits: {times: 3, within: 7d}}
    do: [{tag: 意向/高}]
  - id: 群发
    when: {match: exact, any: [群发]}
    do: [{mass_message: {template: 好的, audience: {has_tag: 客户/已购买}}}]
  - id: 末尾
    priority: 1
    when: {any: [退款, 在吗]}
    do: [{reply: 好的}]
"#;

/// One plan: a reminder and a message, each at its time.
pub(super) const SOPS: &str = r#"
sops:
  - id: 跟进
    kind: lifecycle
    steps:
      - {at: 1d 10:00, do: [{tag: 阶段/跟进}, {remind: {who: 负责人, text: "问问{{ contact.name }}"}}]}
      - {at: 3d 10:00, via: staff, do: [{send: 好的}]}
"#;

pub(super) fn config() -> Config {
    let callback = format!("token = \"t\"\nencoding_aes_key = \"{KEY}\"\n");
    let text = format!(
        "[corp]\nid = \"ww1\"\n\
         [[app]]\nname = \"kf\"\nkind = \"kf\"\nsecret = \"s\"\n{callback}\
         [[app]]\nname = \"contact\"\nkind = \"contact\"\nsecret = \"s\"\n{callback}\
         [[app]]\nname = \"staff\"\nkind = \"app\"\nagent_id = 1\nsecret = \"s\"\n{callback}\
         [servicers]\n\"售后组\" = [\"zhao.min\"]\n\
         [robots]\n\"店铺群\" = \"sample-robot-key\"\n\
         [webhooks.\"订单系统\"]\nurl = \"http://127.0.0.1:1/orders\"\n"
    );
    let parsed = Config::parse(&text, Path::new("agent.toml"), &|_| None);
    parsed.map(|(config, _)| config).expect("a good config")
}

pub(super) fn playbook(config: &Config, rules: &str) -> Playbook {
    playbook_with(config, rules, SOPS)
}

/// The shop with other plans.
pub(super) fn playbook_with(config: &Config, rules: &str, plans: &str) -> Playbook {
    let templates: BTreeMap<String, Vec<u8>> = [
        ("退款说明.txt", "退款请提供订单号"),
        ("欢迎.txt", "欢迎光临"),
        ("好的.txt", "好的"),
    ]
    .map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec()))
    .into();
    let mut report = Report::default();
    let templates = Catalog::from_files(Path::new("templates"), &templates, &mut report);
    let names = |names: Vec<&String>| names.into_iter().cloned().collect::<BTreeSet<_>>();
    let references = References {
        servicer_groups: &names(config.servicers.keys().collect()),
        webhooks: &names(config.webhooks.keys().collect()),
        robots: &names(config.robots.keys().collect()),
        ..References::of(&templates)
    };
    let files = BTreeMap::from([("a.yaml".to_owned(), rules.as_bytes().to_vec())]);
    let set = rules_from_files(Path::new("rules"), &files, &references, &mut report);
    let rules = set.unwrap_or_else(|| panic!("{}", report.human(Lang::En)));
    let plans = BTreeMap::from([("a.yaml".to_owned(), plans.as_bytes().to_vec())]);
    let reader = PlanReader {
        references: &references,
        calendar: rules.calendar(),
        appchats: &config.appchats.keys().cloned().collect(),
    };
    let plans = sops::load::from_files(Path::new("sops"), &plans, reader, &mut report);
    let sops = plans.unwrap_or_else(|| panic!("{}", report.human(Lang::En)));
    Playbook {
        rules,
        templates,
        sops,
        channels: ChannelSet::default(),
    }
}

/// Reads one test file.
pub(super) fn read(config: &Config, playbook: &Playbook, tests: &str) -> (Suite, Report) {
    let files = BTreeMap::from([("a.test.yaml".to_owned(), tests.as_bytes().to_vec())]);
    let names = Names::of(config, playbook);
    let mut report = Report::default();
    let suite = from_files(&files, Some(&names), &config.timezone, &mut report);
    (suite, report)
}

/// Runs a test file that has no mistakes against rules.
pub(super) fn run_file(rules: &str, tests: &str) -> (Config, Playbook, Outcome) {
    let config = config();
    let playbook = playbook(&config, rules);
    let (suite, report) = read(&config, &playbook, tests);
    assert!(!report.has_errors(), "{}", report.human(Lang::En));
    let wish = Wish {
        filter: None,
        coverage: true,
    };
    let outcome = run(&config, &playbook, &suite, &wish);
    (config, playbook, outcome)
}

/// A file with one test of these steps.
pub(super) fn file(steps: &str) -> String {
    let steps: Vec<String> = steps
        .lines()
        .map(|line| format!("      {}", line.trim_start()))
        .collect();
    let steps = steps.join("\n");
    format!(
        "start: 2026-11-23 10:00 +08:00\n\
         contacts:\n  张三: {{tags: [客户/已购买], added_days: 30, 等级: 金卡}}\n  李四: {{}}\n\
         tests:\n  - name: 一个\n    steps:\n{steps}\n"
    )
}

/// What fails: step, expected, got.
pub(super) fn failures(steps: &str) -> Vec<(usize, String, String)> {
    let (_, _, outcome) = run_file(RULES, &file(steps));
    let results = outcome.results.into_iter();
    results
        .flat_map(|result| result.failures)
        .map(|failure| {
            let expected = failure.expected.unwrap_or_default();
            (failure.step, expected, failure.got)
        })
        .collect()
}
