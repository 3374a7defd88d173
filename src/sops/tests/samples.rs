//! The plans that come with the program, and the schema.

use std::path::Path;

use super::support::{plan, read};
use crate::domain::ids::SopId;
use crate::rules::{Calendar, PlanReader, References};
use crate::sops::model::{At, Kind, Sop};
use crate::sops::{load, named_in, schema};
use crate::templates::Catalog;

fn folder(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

#[test]
fn the_shops_plans_have_no_findings() {
    let (templates, _) = Catalog::load(&folder("templates"));
    let names = std::collections::BTreeSet::new();
    let references = References {
        templates: &templates,
        servicer_groups: &names,
        webhooks: &names,
        robots: &names,
        sops: Some(&named_in(&folder("sops")).ids),
        plan_tags: None,
        setting: None,
    };
    let calendar = Calendar::default();
    let reader = PlanReader {
        references: &references,
        calendar: &calendar,
        appchats: &names,
    };
    let (set, report) = load(&folder("sops"), reader);
    assert!(report.is_empty(), "{}", report.human(crate::lang::Lang::En));
    let set = set.expect("plans");
    let week = set.get(&SopId::from("新客七天")).expect("the first week");
    assert_eq!(week.steps.len(), 5);
    assert!(week.steps[1].sends() && week.steps[1].speaks() && !week.steps[0].speaks());
    assert!(
        set.get(&SopId::from("送礼跟进"))
            .is_some_and(|sop| sop.audience.is_none())
    );
}

/// All four kinds of the format, as its page shows them.
#[test]
fn every_kind_is_read() {
    let text = "\
version: 1
sops:
  - id: 新群三天
    kind: group
    target: {name: 会员*}
    steps:
      - {at: 0d, via: staff, do: [{send: 甲}]}
      - {at: 2d 19:00, via: broadcast, do: [{send: 甲}]}
  - id: 周一早报
    kind: recurring
    every: 周一 09:00
    target: {name: 会员*}
    missed: skip
    steps: [{via: broadcast, do: [{send: 甲}]}]
  - id: 双十二
    kind: campaign
    approve: required
    audience: {has_tag: [客户/已购买]}
    phases:
      - {name: 预热, at: 2026-12-08 10:00, via: broadcast, do: [{send: 甲}]}
      - {name: 返场, at: 2026-12-13 10:00, exclude: {has_tag: [双十二/已下单]}, via: broadcast, do: [{send: 甲}]}
";
    let (set, report) = read(text);
    assert!(
        !report.has_errors(),
        "{}",
        report.human(crate::lang::Lang::En)
    );
    let codes: Vec<&str> = report.items().iter().map(|item| item.code).collect();
    assert_eq!(codes, [""; 0]);
    let set = set.expect("plans");
    let kinds: Vec<&str> = set.iter().map(|sop| sop.kind.word()).collect();
    assert_eq!(kinds, ["campaign", "recurring", "group"]);
    let campaign = set.get(&SopId::from("双十二")).expect("a campaign");
    assert_eq!(campaign.kind, Kind::Campaign { approve: true });
    assert!(matches!(campaign.steps[1].at, At::Local(_)));
}

#[test]
fn the_version_follows_what_a_plan_says_and_survives_storing() {
    let text =
        "version: 1\nsops:\n  - {id: 计划, kind: lifecycle, steps: [{at: 0d, do: [{tag: a}]}]}\n";
    let same = text.replace("{at: 0d,", "{ at: 0d, ");
    let other = text.replace("tag: a", "tag: b");
    assert_eq!(plan(text).version, plan(&same).version);
    assert_ne!(plan(text).version, plan(&other).version);
    let stored = serde_json::to_string(&plan(text)).expect("JSON");
    let read: Sop = serde_json::from_str(&stored).expect("a plan");
    assert_eq!(read, plan(text));
}

#[test]
fn the_schema_knows_the_keys_that_plans_share_with_rules() {
    let schema = schema();
    let plan = &schema["properties"]["sops"]["anyOf"][0]["properties"];
    assert!(
        plan["audience"]["properties"]["has_tag"].is_object(),
        "{plan}"
    );
    let step = &plan["steps"]["anyOf"][0]["properties"];
    assert!(step["if"]["properties"]["replied"].is_object(), "{step}");
    let doing = &step["do"]["anyOf"][0]["properties"];
    for key in ["send", "remind", "points", "start_sop"] {
        assert!(doing[key].is_object(), "{key}");
    }
    assert!(doing["reply"].is_null(), "there is no message to answer");
}

/// What both READMEs show of the first week is what `init` writes, comments aside.
#[test]
fn the_excerpts_in_the_readmes_are_the_sample() {
    let lines = |text: &str| -> Vec<String> {
        let code = text
            .lines()
            .map(|line| line.split('#').next().unwrap_or_default());
        let code = code.map(|line| line.trim_end().to_owned());
        code.filter(|line| !line.is_empty()).collect()
    };
    let read = |name: &str| std::fs::read_to_string(folder(name)).expect(name);
    let sample = lines(&read("sops/新客.yaml"));
    for readme in ["README.md", "README.zh-CN.md"] {
        let text = read(readme);
        let begin = text
            .find("version: 1\nsops:\n  - id: 新客七天")
            .expect("an excerpt");
        let excerpt = text[begin..].split("```").next().unwrap_or_default();
        let excerpt = lines(excerpt);
        assert!(
            excerpt.len() > 10 && sample.starts_with(&excerpt),
            "{readme}: {excerpt:#?}"
        );
    }
}
