//! Broken files: each mistake has its code and its place.

use proptest::prelude::{ProptestConfig, prop_assert, prop_assert_eq, proptest};

use super::support::{CALENDAR, act, found, one, read, when, with};
use crate::diagnostic::Kind;
use crate::lang::Lang;

#[test]
fn encodings() {
    let text = when("{any: 退款}");
    let (gbk, _, _) = encoding_rs::GBK.encode(&text);
    assert_eq!(found(CALENDAR, &gbk), [("Y001", 3, 17)]);
    let utf16: Vec<u8> = "\u{FEFF}"
        .encode_utf16()
        .chain(text.encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    assert_eq!(found(CALENDAR, &utf16), [("Y002", 1, 1)]);
    assert_eq!(found(CALENDAR, &utf16[2..]), [("Y002", 1, 1)]);
    assert_eq!(
        found(CALENDAR, format!("\u{FEFF}{text}").as_bytes()),
        [("Y003", 1, 1)]
    );
    let huge = vec![b'#'; crate::yaml::MAX_FILE_BYTES + 1];
    assert_eq!(found(CALENDAR, &huge), [("Y004", 1, 1)]);
    assert_eq!(
        found(CALENDAR, b"rules: [\xFF]"),
        [("Y001", 1, 9), ("Y023", 1, 9)]
    );
}

#[test]
fn a_gbk_file_shows_its_other_mistakes_too() {
    let text =
        "rules:\n  - id: 甲\n    prioriti: 1\n    when: {any: 退款}\n    do: [{reply: 甲}]\n";
    let (gbk, _, _) = encoding_rs::GBK.encode(text);
    let codes: Vec<_> = found(CALENDAR, &gbk).iter().map(|found| found.0).collect();
    assert_eq!(codes, ["Y001", "Y020"]);
}

#[test]
fn punctuation() {
    one(
        "rules:\n  - id: a\n\tname: x\n    do: [{reply: 甲}]\n",
        "Y010",
        3,
        1,
    );
    one("rules：\n  - id: a\n", "Y011", 1, 6);
    one(&with("name：x"), "Y011", 3, 9);
    one(
        "words:\n  退款词：[退款]\nrules:\n  - {id: a, when: {any: 好}, do: [{tag: a/b}]}\n",
        "Y011",
        2,
        6,
    );
    one(&when("{any: [退款，退货]}"), "Y012", 3, 20);
    one(&when("{any: [退款、退货]}"), "Y012", 3, 20);
    one(
        "rules:\n  - id: a\n    when:\n      any: 退款，退货\n    do: [{reply: 甲}]\n",
        "Y012",
        4,
        14,
    );
    one(&when("{any: [“退款”, 退货]}"), "Y013", 3, 18);
    one(&with("name: 「甲」"), "Y013", 3, 11);
    one(&with("name:\u{3000}甲"), "Y014", 3, 10);
    one("rules:\n\u{3000}\u{3000}- id: a\n", "Y014", 2, 1);
    one(&when("{any: [退款 #1]}"), "Y015", 3, 21);
    one(
        &when("{any: 退款, contact: {added_days: >= 1}}"),
        "Y030",
        3,
        43,
    );
    one(
        &when("{any: 退款, contact: {等级: != 会员}}"),
        "Y030",
        3,
        35,
    );
}

#[test]
fn punctuation_inside_a_sentence_is_nobodys_business() {
    for text in [
        act("{robot: {to: 内部群, text: 你好，来看看：新品、老品}}"),
        when("{any: ['你好，世界', \"甲、乙\"]}"),
        "rules:\n  - id: a\n    name: |\n      说明：，、“”\n    when: {any: 退款}\n    do: [{reply: 甲}] # 注释：，[]\n".to_owned(),
        "rules:\n  - id: a\n    when:\n      any:\n        - 营业时间：九点\n        - 我说“退款”了\n    do:\n      - reply: 甲\n".to_owned(),
        "rules:\n  - id: a\n    when: {any: [退款, # 常用\n      退货]}\n    do: [{reply: 甲}]\n".to_owned(),
    ] {
        assert_eq!(found(CALENDAR, text.as_bytes()), [], "{text}");
    }
}

#[test]
fn what_yaml_can_do_and_we_do_not() {
    one(&when("{any: &x [退款]}"), "Y016", 3, 20);
    one(&when("{any: [退款, *x]}"), "Y016", 3, 22);
    one(
        &format!("{}---\nrules: []\n", when("{any: 退款}")),
        "Y017",
        5,
        1,
    );
    one(&when("{any: !!str 退款}"), "Y019", 3, 17);
    one(&act("{robot: {to: 内部群, text: {{ x }}}}"), "Y029", 4, 35);
}

#[test]
fn a_syntax_error_does_not_hide_the_other_rules() {
    let broken = |line: &str| {
        let text = format!(
            "words: {{甲: [退款]}}\nrules:\n  - id: a\n    prioriti: 1\n    do: [{{reply: 甲}}]\n  - id: b\n    {line}\n    do: [{{reply: 甲}}]\n  - id: c\n    when: {{any: $甲}}\n    do: [{{reply: 没有}}]\n"
        );
        found(CALENDAR, text.as_bytes())
    };
    for line in [
        "when: {any: [退款",
        "name: a: b",
        "name: 'x",
        "when: any: 退款",
        "}",
    ] {
        let all = broken(line);
        let codes: Vec<_> = all.iter().map(|found| found.0).collect();
        assert_eq!(codes, ["R003", "Y020", "Y018", "R013"], "{line}: {all:?}");
        assert_eq!(
            (all[1], all[3]),
            (("Y020", 4, 5), ("R013", 11, 18)),
            "{line}"
        );
    }
    let codes: Vec<_> = broken("when: {contact: {等级: >= 1}}")
        .iter()
        .map(|found| found.0)
        .collect();
    assert_eq!(codes, ["R003", "Y020", "Y030", "R013"]);
}

#[test]
fn keys_and_values() {
    one(&with("pirority: 80"), "Y020", 3, 5);
    one(&with("id: b"), "Y021", 3, 5);
    one(
        "rules:\n  - when: {any: 退款}\n    do: [{reply: 甲}]\n",
        "Y022",
        2,
        5,
    );
    one("rules:\n  - id: a\n    when: {any: 退款}\n", "Y022", 2, 5);
    one("version: 1\n", "Y022", 1, 1);
    one(&with("priority: 高"), "Y023", 3, 15);
    one(&with("stop: yes"), "Y023", 3, 11);
    one(&with("cooldown: 30"), "Y023", 3, 15);
    one(&with("cooldown: 半小时"), "Y023", 3, 15);
    one(&with("from: 2026-13-01"), "Y023", 3, 11);
    one(&with("name: [a]"), "Y023", 3, 11);
    one(&when("退款"), "Y023", 3, 11);
    one("rules: 退款\n", "Y023", 1, 8);
    one("- a\n", "Y023", 1, 1);
    one(&with("mode: watch"), "Y024", 3, 11);
    one(&with("channel: [kf, wechat]"), "Y024", 3, 19);
    one(&when("{any: 退款, type: [txt]}"), "Y024", 3, 28);
    one(&when("{any: 退款, match: fuzzy}"), "Y024", 3, 28);
    one(
        "version: 2\nrules:\n  - id: a\n    when: {any: 退款}\n    do: [{reply: 甲}]\n",
        "R026",
        1,
        10,
    );
}

#[test]
fn empty_things() {
    one("rules: []\n", "Y026", 1, 8);
    one(&with("name:"), "Y026", 3, 9);
    one(&when("{any: }"), "Y026", 3, 15);
    // It would hold for every message, and an emptied file for none.
    one(&when("{any: []}"), "Y026", 3, 17);
    one(&when("{contact: {has_tag: []}}"), "Y026", 3, 31);
    one("", "Y026", 1, 1);
    one("# nothing but this\n", "Y026", 1, 1);
    one(&when("{any: ['']}"), "Y026", 3, 18);
    one(&act(""), "Y026", 4, 9);
    one(&act("{reply: 甲, tag: a/b}"), "Y027", 4, 10);
    one(&act("{}"), "Y027", 4, 10);
}

#[test]
fn all_mistakes_of_a_file_come_at_once() {
    let text = "rules:\n  - id: a\n    prioriti: 1\n    when: {any: [$甲]}\n    do: [{reply: 没有}]\n  - id: a\n    mode: watch\n    when: {any: 退款}\n    do: [{tag: a/}, {remind: x}]\n";
    let codes: Vec<_> = found(CALENDAR, text.as_bytes())
        .iter()
        .map(|found| found.0)
        .collect();
    assert_eq!(
        codes,
        ["Y020", "R004", "R013", "R002", "Y024", "R017", "Y023"]
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// A file that is being typed gives findings or rules, never a panic.
    #[test]
    fn half_written_files_are_survived(cut in 0_usize..900, with in "[\\[\\]{}:：，#\"' \n退a$*&!|>-]{0,4}") {
        let whole = include_str!("../../../rules/售后.yaml");
        let mut at = cut.min(whole.len());
        while !whole.is_char_boundary(at) {
            at -= 1;
        }
        for text in [format!("{}{with}", &whole[..at]), format!("{}{with}{}", &whole[..at], &whole[at..])] {
            let (set, report) = read(CALENDAR, text.as_bytes());
            prop_assert_eq!(set.is_none(), report.has_errors());
            prop_assert!(!report.human(Lang::Zh).is_empty());
        }
    }
}

#[test]
fn every_kind_has_its_own_code_and_both_texts() {
    let all: Vec<Kind> = [
        crate::yaml::codes(),
        crate::rules::codes(),
        crate::templates::codes(),
    ]
    .concat();
    let mut codes: Vec<_> = all.iter().map(|kind| kind.code).collect();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), all.len(), "a code stands for two kinds");
    for kind in all {
        assert!(Lang::Zh.lookup(kind.key).is_some(), "{}", kind.key);
        let help = format!("{}_help", kind.key);
        let chosen = ["Y023", "R012", "R027"].contains(&kind.code);
        assert!(
            chosen || Lang::Zh.lookup(&help).is_some(),
            "no mend: {help}"
        );
    }
}

#[test]
fn a_text_where_the_name_of_a_template_belongs_is_told_apart() {
    let told = |reply: &str| {
        let rules = format!(
            "rules:\n  - id: a\n    when: {{any: 退款}}\n    do:\n      - reply: {reply}\n"
        );
        let (_, report) = read(CALENDAR, rules.as_bytes());
        let items = report.items();
        assert_eq!(items.len(), 1, "{}", report.human(Lang::Zh));
        assert_eq!(items[0].code, "R013");
        items[0].message(Lang::Zh)
    };
    let said = told("您好，蛋糕请提前一天订");
    assert!(
        said.contains("要写模板的名字") && said.contains("您好，蛋糕"),
        "{said}"
    );
    assert_eq!(told("蛋糕"), "没有模板 `蛋糕`");
}
