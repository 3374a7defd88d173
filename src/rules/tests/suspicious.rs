//! Warnings about a whole set: each has a case that it must find and cases that it must not.

use super::support::{CALENDAR, at, catalog, found, names, when, zone};
use crate::diagnostic::Report;
use crate::domain::ids::Tag;
use crate::lang::Lang;
use crate::rules::Setting;
use crate::rules::load::{References, from_files};

fn set(rules: &[&str]) -> String {
    let lines: String = rules.iter().map(|rule| format!("  - {rule}\n")).collect();
    format!("rules:\n{lines}")
}

fn codes(rules: &[&str]) -> Vec<(&'static str, usize)> {
    let all = found(CALENDAR, set(rules).as_bytes());
    all.iter().map(|found| (found.0, found.1)).collect()
}

const FIRST: &str =
    "{id: 甲, priority: 90, when: {any: [退款, 退货]}, do: [{reply: 甲}], stop: true}";

#[test]
fn a_rule_behind_a_wider_one_that_stops_never_fires() {
    for later in [
        "{id: 乙, when: {any: [我要退款, 退货怎么办]}, do: [{reply: 甲}]}",
        "{id: 乙, when: {any: [退款]}, do: [{reply: 甲}]}",
        "{id: 乙, when: {any: [退 貨]}, do: [{reply: 甲}]}",
        "{id: 乙, when: {all: [发票, 要退款]}, do: [{reply: 甲}]}",
        "{id: 乙, when: {match: exact, any: 退款}, do: [{reply: 甲}]}",
        "{id: 乙, when: {any: 退款, contact: {has_tag: x/y}}, do: [{reply: 甲}]}",
        "{id: 乙, channel: kf, hours: 工作时间, when: {any: 退款, type: text}, do: [{reply: 甲}]}",
        "{id: 乙, mode: observe, when: {any: 退款, regex: '\\d+'}, do: [{reply: 甲}]}",
    ] {
        assert_eq!(codes(&[FIRST, later]), [("R041", 3)], "{later}");
    }
}

#[test]
fn a_rule_that_has_its_chance_is_left_alone() {
    for later in [
        "{id: 乙, when: {any: [退款, 换货]}, do: [{reply: 甲}]}",
        "{id: 乙, when: {any: 退}, do: [{reply: 甲}]}",
        "{id: 乙, when: {all: [退, 款]}, do: [{reply: 甲}]}",
        "{id: 乙, when: {regex: '退款'}, do: [{reply: 甲}]}",
        "{id: 乙, priority: 95, when: {any: 退款}, do: [{reply: 甲}]}",
        "{id: 乙, when: {match: pinyin, any: 退款}, do: [{reply: 甲}]}",
        "{id: 乙, when: {loose: true, any: 退款}, do: [{reply: 甲}]}",
        "{id: 乙, on: clicked, channel: app, when: {any: 退款}, do: [{reply: 甲}]}",
    ] {
        assert_eq!(codes(&[FIRST, later]), [], "{later}");
    }
    let later = "{id: 乙, when: {any: 要退款}, do: [{reply: 甲}]}";
    for first in [
        FIRST.replace("stop: true", "stop: false"),
        FIRST.replace("stop: true", "stop: true, cooldown: 1h"),
        FIRST.replace("stop: true", "stop: true, limit: {per_day: 9}"),
        FIRST.replace("stop: true", "stop: true, mode: observe"),
        FIRST.replace("stop: true", "stop: true, mode: off"),
        FIRST.replace("stop: true", "stop: true, hours: 工作时间"),
        FIRST.replace("stop: true", "stop: true, channel: app"),
        FIRST.replace("stop: true", "stop: true, until: 2099-01-01"),
        FIRST.replace("退货]", "退货], none: 不想"),
        FIRST.replace("退货]", "退货], type: image"),
        FIRST.replace("退货]", "退货], contact: {has_tag: x}"),
        FIRST.replace("退货]", "退货], hits: {times: 2, within: 1d}"),
        FIRST.replace("退货]", "退货], all: 我"),
        FIRST.replace("退货]", "退货], match: prefix"),
    ] {
        assert_eq!(codes(&[&first, later]), [], "{first}");
    }
}

#[test]
fn what_the_earlier_rule_excludes_must_be_excluded_too() {
    let first = FIRST.replace("退货]", "退货], none: 不退款");
    let later =
        |none: &str| format!("{{id: 乙, when: {{any: 要退款{none}}}, do: [{{reply: 甲}}]}}");
    assert_eq!(codes(&[&first, &later(", none: 不退")]), [("R041", 3)]);
    assert_eq!(codes(&[&first, &later(", none: 已不退款")]), []);
    assert_eq!(codes(&[&first, &later("")]), []);
}

#[test]
fn a_rule_without_words_covers_its_channel_and_hours() {
    let first =
        "{id: 甲, priority: 90, channel: kf, hours: 工作时间, do: [{reply: 甲}], stop: true}";
    let later = |more: &str| format!("{{id: 乙, {more}when: {{any: 退}}, do: [{{reply: 甲}}]}}");
    assert_eq!(
        codes(&[first, &later("channel: kf, hours: 工作时间, ")]),
        [("R041", 3)]
    );
    assert_eq!(codes(&[first, &later("channel: kf, ")]), []);
    assert_eq!(codes(&[first, &later("hours: 工作时间, ")]), []);
}

#[test]
fn words_that_contain_another_of_their_list() {
    let one = |condition: &str| {
        let all = found(CALENDAR, when(condition).as_bytes());
        all.iter()
            .map(|found| (found.0, found.2))
            .collect::<Vec<_>>()
    };
    assert_eq!(one("{any: [退款, 我要退款]}"), [("R042", 22)]);
    assert_eq!(one("{any: 退款, none: [不退款, 不退]}"), [("R042", 28)]);
    assert_eq!(one("{match: exact, any: [退款, 我要退款]}"), []);
    assert_eq!(one("{all: [退款, 我要退款]}"), []);
    assert_eq!(one("{any: [退款, 退货]}"), []);
}

#[test]
fn a_group_with_superfluous_words_is_named_once() {
    let text = "words: {甲: [退款, 我要退款]}\nrules:\n  - {id: a, when: {any: $甲}, do: [{reply: 甲}]}\n  - {id: b, when: {any: $甲, regex: '\\d'}, do: [{reply: 甲}]}\n";
    assert_eq!(found(CALENDAR, text.as_bytes()), [("R042", 3, 25)]);
}

#[test]
fn seasons_that_overlap() {
    let season = |id: &str, dates: &str, more: &str| {
        format!("{{id: {id}, {dates}, when: {{any: 优惠}}, do: [{{reply: 甲}}]{more}}}")
    };
    let double_11 = season("双十一", "from: 2026-11-01, until: 2026-11-12", "");
    let double_12 = season("双十二", "from: 2026-11-12, until: 2026-12-13", "");
    assert_eq!(codes(&[&double_12, &double_11]), [("R045", 2)]);
    let apart = double_12.replace("2026-11-12", "2026-11-13");
    assert_eq!(codes(&[&double_11, &apart]), []);
    let stops = season(
        "双十一",
        "from: 2026-11-01, until: 2026-11-12",
        ", stop: true",
    );
    assert_eq!(codes(&[&stops, &double_12]), []);
    let other = double_12.replace("优惠", "折扣");
    assert_eq!(codes(&[&double_11, &other]), []);
}

fn at_noon(text: &str, create_tags: bool) -> Report {
    beside(text, create_tags, &[])
}

/// The findings beside plans that set these tags.
fn beside(text: &str, create_tags: bool, tags: &[&str]) -> Report {
    let tags = tags.iter().map(|tag| Tag::from(*tag)).collect();
    let files = [
        ("calendar.yaml".to_owned(), CALENDAR.as_bytes().to_vec()),
        ("r.yaml".to_owned(), text.as_bytes().to_vec()),
    ];
    let setting = Setting {
        now: at("2026-11-23T12:00:00+08:00").timestamp().to_zoned(zone()),
        create_tags,
    };
    let references = References {
        templates: &catalog(),
        servicer_groups: &names(&["售后组"]),
        webhooks: &names(&[]),
        robots: &names(&[]),
        sops: Some(&names(&["新客七天", "新群三天"])),
        plan_tags: Some(&tags),
        setting: Some(&setting),
    };
    let mut report = Report::default();
    let _set = from_files(
        std::path::Path::new(""),
        &files.into(),
        &references,
        &mut report,
    );
    report
}

fn only(report: &Report) -> (&'static str, Option<String>) {
    let items = report.items();
    assert_eq!(items.len(), 1, "{}", report.human(Lang::En));
    (items[0].code, items[0].mend(Lang::En))
}

#[test]
fn what_is_over() {
    let text = |until: &str| {
        format!(
            "rules:\n  - id: a\n    until: {until}\n    when: {{any: 退}}\n    do: [{{reply: 甲}}]\n"
        )
    };
    assert_eq!(only(&at_noon(&text("2026-11-22"), true)).0, "R032");
    assert_eq!(only(&at_noon(&text("2026-11-23 11:59"), true)).0, "R032");
    assert!(at_noon(&text("2026-11-23"), true).is_empty());
    let remind = "rules:\n  - id: a\n    when: {any: 退}\n    do: [{remind: {who: lin, at: 2026-11-23 09:00, text: '{{ now }}'}}]\n";
    assert_eq!(only(&at_noon(remind, true)).0, "R032");
}

#[test]
fn names_of_sops() {
    let text = |name: &str| {
        set(&[&format!(
            "{{id: a, when: {{any: 退}}, do: [{{start_sop: {name}}}]}}"
        )])
    };
    let report = at_noon(&text("新客7天"), true);
    let (code, mend) = only(&report);
    assert_eq!(code, "R029");
    assert!(mend.is_some_and(|mend| mend.contains("新客七天")));
    assert!(at_noon(&text("新客七天"), true).is_empty());
}

#[test]
fn tags_written_in_two_ways() {
    let text = |asked: &str| {
        set(&[
            "{id: a, when: {any: 买了}, do: [{tag: 客户/已购买}]}",
            &format!(
                "{{id: b, when: {{any: 退, contact: {{has_tag: {asked}}}}}, do: [{{reply: 甲}}]}}"
            ),
        ])
    };
    let report = at_noon(&text("客户/已購買"), true);
    assert_eq!(only(&report).0, "R043");
    let items = report.items();
    let span = items[0].span.expect("a place");
    assert_eq!((span.line, span.column), (3, 47));
    let (_, mend) = only(&at_noon(&text("客户/已购买了"), false)).clone();
    assert!(mend.is_some_and(|mend| mend.contains("create_tags")));
    for fine in ["客户/已购买", "已购买", "客户/没买", "名单/黑名单"] {
        assert!(at_noon(&text(fine), true).is_empty(), "{fine}");
    }
}

#[test]
fn tags_of_plans_and_tags_that_only_members_set() {
    let asks = |tag: &str, id: &str| {
        format!(
            "{{id: {id}, when: {{any: 退{id}, contact: {{has_tag: {tag}}}}}, do: [{{reply: 甲}}]}}"
        )
    };
    let one = set(&[&asks("客户/已购买了", "a")]);
    assert!(at_noon(&one, true).is_empty());
    assert_eq!(only(&beside(&one, true, &["客户/已购买"])).0, "R043");
    assert!(beside(&one, true, &["客户/已购买了"]).is_empty());
    // Where nobody sets either, the rarer spelling is the slip.
    let three = set(&[
        &asks("客户/老客户", "a"),
        &asks("客户/老客户", "b"),
        &asks("客户/老客户户", "c"),
    ]);
    let report = at_noon(&three, true);
    assert_eq!(only(&report).0, "R043");
    assert!(report.items()[0].message(Lang::En).contains("elsewhere"));
}
