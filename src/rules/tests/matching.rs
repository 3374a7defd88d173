//! The matcher against the plainest possible reading of the language.

use crate::rules::Standing;
use proptest::collection::vec;
use proptest::prelude::{Just, ProptestConfig, Strategy, prop_assert_eq, prop_oneof, proptest};

use super::support::{customer, fired, monday, rules, says, zone};
use crate::rules::normalize::normalize;
use crate::rules::{Verdict, decide};

/// Short words over a small alphabet, so that they overlap and nest.
fn word() -> impl Strategy<Value = String> {
    vec(
        prop_oneof![
            Just('退'),
            Just('款'),
            Just('貨'),
            Just('a'),
            Just('B'),
            Just('１')
        ],
        1..4,
    )
    .prop_map(|chars| chars.into_iter().collect())
}

fn message() -> impl Strategy<Value = String> {
    vec(
        prop_oneof![
            Just('退'),
            Just('款'),
            Just('货'),
            Just('A'),
            Just('b'),
            Just('1'),
            Just(' ')
        ],
        0..12,
    )
    .prop_map(|chars| chars.into_iter().collect())
}

type Conditions = (Vec<String>, Vec<String>, Vec<String>, &'static str);

fn conditions() -> impl Strategy<Value = Conditions> {
    let how = prop_oneof![
        Just("contains"),
        Just("exact"),
        Just("prefix"),
        Just("suffix")
    ];
    (vec(word(), 0..4), vec(word(), 0..3), vec(word(), 0..2), how)
}

fn holds(text: &str, (any, all, none, how): &Conditions) -> bool {
    let text = normalize(text);
    let occurs = |word: &String| {
        let word = normalize(word);
        match *how {
            "exact" => text == word,
            "prefix" => text.starts_with(&*word),
            "suffix" => text.ends_with(&*word),
            _ => text.contains(&*word),
        }
    };
    (any.is_empty() || any.iter().any(occurs)) && all.iter().all(occurs) && !none.iter().any(occurs)
}

/// A file of rules; contradictions are errors of the file and left out.
fn file(rules: &[Conditions]) -> String {
    let mut text =
        "rules:\n  - {id: 垫底, priority: 0, when: {contact: {x: y}}, do: [{tag: a/b}]}\n"
            .to_owned();
    for (number, (any, all, none, how)) in rules.iter().enumerate() {
        let list = |key: &str, words: &[String]| {
            let quoted: Vec<_> = words.iter().map(|word| format!("'{word}'")).collect();
            if words.is_empty() {
                String::new()
            } else {
                format!(", {key}: [{}]", quoted.join(", "))
            }
        };
        let lists = [list("any", any), list("all", all), list("none", none)].concat();
        text.push_str(&format!("  - {{id: r{number}, when: {{match: {how}{lists}, contact: {{x: '!= y'}}}}, do: [{{tag: a/b}}]}}\n"));
    }
    text
}

fn contradicts((any, all, none, how): &Conditions) -> bool {
    let dead = |word: &String| {
        none.iter().any(|none| match *how {
            "contains" => normalize(word).contains(&*normalize(none)),
            _ => normalize(word) == normalize(none),
        })
    };
    (!any.is_empty() && any.iter().all(dead))
        || all.iter().any(dead)
        || (*how == "exact" && all.len() > 1)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn the_engine_agrees_with_a_loop(all in vec(conditions(), 1..12), texts in vec(message(), 1..6)) {
        let all: Vec<_> = all.into_iter().filter(|one| !contradicts(one)).collect();
        let set = rules(&file(&all));
        for text in texts {
            let expected: Vec<_> = all
                .iter()
                .enumerate()
                .filter(|(_, conditions)| holds(&text, conditions))
                .map(|(number, _)| format!("r{number}"))
                .collect();
            prop_assert_eq!(fired(&set, &text, &customer(&[])), expected, "{}", text);
        }
    }
}

#[test]
fn patterns_with_and_without_literals_are_both_found() {
    let set = rules(
        "rules:
  - {id: 字面, when: {regex: '订单\\s*\\d+'}, do: [{tag: a/b}]}
  - {id: 数字, when: {regex: '\\d{4}'}, do: [{tag: a/b}]}
  - {id: 二选一, when: {regex: '退款|退货'}, do: [{tag: a/b}]}
  - {id: 大小写, when: {regex: '(?i)vip'}, do: [{tag: a/b}]}
  - {id: 结尾, when: {regex: '\\d+号$'}, do: [{tag: a/b}]}",
    );
    let found = |text: &str| fired(&set, text, &customer(&[]));
    assert_eq!(found("订单 1"), ["字面"]);
    assert_eq!(found("1234"), ["数字"]);
    assert_eq!(found("要退货"), ["二选一"]);
    assert_eq!(found("我是ViP"), ["大小写"]);
    assert_eq!(found("我是 5号"), ["结尾"]);
    assert_eq!(found("5号门"), Vec::<String>::new());
}

#[test]
fn a_message_costs_what_it_contains() {
    let rule = |n: usize| format!("  - {{id: r{n}, when: {{any: 词{n}号}}, do: [{{tag: a/b}}]}}\n");
    let many: String = (0..3000).map(rule).collect();
    let set = rules(&format!("rules:\n{many}"));
    let text = normalize("要 词17号 和 词2999号");
    let hits = set.matcher.scan(&text);
    assert_eq!(set.matcher.candidates(&hits, &text), [17, 2999]);
}

#[test]
fn a_long_list_finds_its_first_word_too() {
    let words: Vec<_> = (0..3000).map(|n| format!("词{n}号")).collect();
    let set = rules(&format!(
        "rules:\n  - {{id: a, when: {{any: [{}]}}, do: [{{tag: a/b}}]}}\n",
        words.join(", ")
    ));
    let decision = decide(
        &set,
        &says("词2999号，词17号"),
        &customer(&[]),
        &Standing::default(),
        monday(),
        &zone(),
    );
    let Verdict::Fired { found, .. } = &decision.trace.steps[0].verdict else {
        panic!("did not fire");
    };
    assert_eq!(
        &*found[0].word, "词17号",
        "the first in the operator's order"
    );
    assert!(fired(&set, "词3000号", &customer(&[])).is_empty());
}
