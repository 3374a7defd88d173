//! The values, the tree and the mending of punctuation.

use std::time::Duration;

use jiff::tz::TimeZone;
use proptest::prelude::{ProptestConfig, prop_assert, prop_assert_eq, proptest};

use super::tree::parse;
use super::values::{ClockTime, Moment, clock, date, duration, moment};
use super::{fix_text, lint};
use crate::diagnostic::{Findings, Report, Source, Span};

fn tree(text: &str) -> (Option<super::Node>, Report) {
    let source = Source::new("t.yaml", text);
    let mut report = Report::default();
    let node = parse(&mut Findings::new(&source, &mut report));
    (node, report)
}

#[test]
fn durations() {
    for (text, secs) in [
        ("30s", 30),
        ("30m", 1800),
        ("3d 1h", 262_800),
        ("1w", 604_800),
        ("2 小时", 7200),
        ("1天12小时", 129_600),
        ("0m", 0),
    ] {
        assert_eq!(duration(text), Some(Duration::from_secs(secs)), "{text}");
    }
    for text in ["", "30", "m", "1.5h", "-1d", "1y", "999999999999d", "半天"] {
        assert_eq!(duration(text), None, "{text}");
    }
}

#[test]
fn times_of_day() {
    assert_eq!(clock("08:30"), Some(ClockTime(510)));
    assert_eq!(clock("9:00"), Some(ClockTime(540)));
    assert_eq!(clock("24:00"), Some(ClockTime(1440)));
    for text in ["24:01", "25:00", "9", "9:5", "+9:00", "09:60", "九点"] {
        assert_eq!(clock(text), None, "{text}");
    }
}

#[test]
fn moments_know_their_zone() {
    let zone = TimeZone::get("Asia/Shanghai").expect("zone");
    let utc = |text: &str| {
        let at: jiff::Timestamp = text.parse().expect("time");
        at.as_millisecond()
    };
    let day = moment("2026-11-01").expect("a day");
    assert_eq!(day.start(&zone).0, utc("2026-10-31T16:00:00Z"));
    assert_eq!(day.end(&zone).0, utc("2026-11-01T16:00:00Z"));
    let local = moment("2026-11-01 09:30").expect("a time");
    assert_eq!(local.start(&zone).0, utc("2026-11-01T01:30:00Z"));
    let fixed = moment("2026-11-01 09:30 +08:00").expect("an instant");
    assert!(matches!(fixed, Moment::Instant(_)));
    assert_eq!(fixed.start(&TimeZone::UTC).0, utc("2026-11-01T01:30:00Z"));
    for text in [
        "2026-2-30",
        "2026-02-30",
        "11-01",
        "2026-11-01 25:00",
        "2026-11-01 9:00 x",
    ] {
        assert_eq!(moment(text), None, "{text}");
    }
    assert_eq!(date("2026/11/01"), None);
}

#[test]
fn everything_knows_its_place() {
    let (node, report) = tree("甲: [乙, '丙']\n丁:\n  - 戊: |\n      多行\n");
    assert!(report.is_empty(), "{report:?}");
    let node = node.expect("a tree");
    let list = node.get("甲").expect("list");
    assert_eq!(list.items()[1].span, Span::new(1, 8, 3));
    assert!(list.items()[0].is_plain() && !list.items()[1].is_plain());
    let entry = &node.get("丁").expect("list").items()[0].entries()[0];
    assert_eq!((entry.key.as_str(), entry.span), ("戊", Span::new(3, 5, 1)));
    assert_eq!(entry.value.text(), Some("多行\n"));
}

#[test]
fn nothing_is_resolved() {
    let (node, _) = tree("[no, 007, 08:30, 0x1F, 1e3, true]");
    let node = node.expect("a tree");
    let texts: Vec<_> = node.words().map(|(text, _)| text.to_owned()).collect();
    assert_eq!(texts, ["no", "007", "08:30", "0x1F", "1e3", "true"]);
}

#[test]
fn punctuation_is_mended() {
    let broken = "rules：\n\t- id: a\n\t  when: {any：[“退款”，退货、“退钱”]，none: [不退]}\n\t  name:\u{3000}甲\n";
    let mended = "rules: \n  - id: a\n    when: {any: [\"退款\", 退货, \"退钱\"], none: [不退]}\n    name: 甲\n";
    assert_eq!(fix_text(broken), mended);
    assert!(tree(mended).1.is_empty());
}

#[test]
fn what_is_right_is_left_alone() {
    let text =
        "# 注释：，\na: '你好，世界' # “x”\nb: {text: 好的，谢谢：再见}\nc: |\n  “原文”，\td\r\n";
    assert_eq!(fix_text(text), text);
}

#[test]
fn a_quoted_text_over_two_lines_inside_a_map_is_survived() {
    let (_, report) = tree("{[],'\n'：");
    assert!(report.has_errors());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Any text gives an answer and never a panic; a mended text has nothing left to mend.
    #[test]
    fn any_text_is_survived(text in "[\\-\\[\\]{}:：，、,#\"'“”「」 \u{3000}\t\n|>a退款&*!]{0,60}") {
        let (_, report) = tree(&text);
        for item in report.items() {
            prop_assert!(item.span.is_some_and(|span| span.line >= 1 && span.column >= 1));
        }
        let mended = fix_text(&text);
        prop_assert_eq!(fix_text(&mended), mended.clone());
        prop_assert!(lint::scan(&mended).iter().all(|lint| lint.fixes.is_empty()) || mended != text);
    }
}
