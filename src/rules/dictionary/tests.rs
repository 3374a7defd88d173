use std::collections::BTreeSet;

use proptest::collection::{btree_set, vec};
use proptest::prelude::{Just, ProptestConfig, Strategy, prop_assert_eq, prop_oneof, proptest};

use super::{Dictionary, Filter, Lead};
use crate::rules::hits::WordId;
use crate::rules::normalize::seen;

fn dictionary<'w>(words: impl IntoIterator<Item = &'w str>) -> Dictionary {
    let words = words
        .into_iter()
        .zip(0..)
        .map(|(word, id)| (word, WordId(id)));
    Dictionary::new(words).expect("few words")
}

/// Words by number, and the characters that they take up.
fn found(dictionary: &Dictionary, text: &str) -> BTreeSet<(u32, u32, u32)> {
    let mut found = BTreeSet::new();
    dictionary.scan(&seen(text), |word, place| {
        let new = found.insert((word.0, place.start, place.end));
        assert!(new, "each place once");
    });
    found
}

#[test]
fn words_in_words_and_words_side_by_side_are_all_found() {
    let all = dictionary([
        "退",
        "退款",
        "退款申请",
        "退款申",
        "款申请",
        "申请",
        "请求退款",
    ]);
    let found = found(&all, "我要退款申请");
    let expected = [
        (0, 2, 3),
        (1, 2, 4),
        (2, 2, 6),
        (3, 2, 5),
        (4, 3, 6),
        (5, 4, 6),
    ];
    assert_eq!(found, BTreeSet::from(expected));
}

#[test]
fn the_text_may_end_inside_a_word() {
    let all = dictionary(["退款申请", "款申请书", "ab"]);
    assert!(found(&all, "退款申").is_empty());
    assert!(found(&all, "退").is_empty());
    assert!(found(&all, "a").is_empty());
    assert!(found(&all, "").is_empty());
    assert!(found(&dictionary([]), "退款申请").is_empty());
}

#[test]
fn a_word_behind_the_text_in_order_hides_no_shorter_one() {
    // 「退款a」 stands between the two in order and is not in the text.
    let all = dictionary(["退款单", "退款单a", "退款单b"]);
    assert_eq!(
        found(&all, "退款单aa"),
        BTreeSet::from([(0, 0, 3), (1, 0, 4)])
    );
    assert_eq!(
        found(&all, "退款单ab"),
        BTreeSet::from([(0, 0, 3), (1, 0, 4)])
    );
    assert_eq!(found(&all, "退款单c"), BTreeSet::from([(0, 0, 3)]));
}

#[test]
fn characters_beyond_the_basic_plane_are_told_apart() {
    let all = dictionary(["😀", "😀😁", "😁😂😃", "\u{10FFFD}\u{10FFFD}\u{10FFFD}"]);
    let text = "😀😁😂😃\u{10FFFD}\u{10FFFD}\u{10FFFD}";
    let expected = [(0, 0, 1), (1, 0, 2), (2, 1, 4), (3, 4, 7)];
    assert_eq!(found(&all, text), BTreeSet::from(expected));
}

#[test]
fn the_filter_says_no_to_almost_all_others() {
    let lead = |number: u32| {
        let c = |shift: u32| char::from_u32(0x4E00 + (number >> shift) % 512).expect("a character");
        Lead::default().moved(c(0)).moved(c(9)).moved('的')
    };
    let filter = Filter::new((0..10_000).map(lead));
    assert!((0..10_000).map(lead).all(|lead| filter.may_have(lead)));
    let others = (10_000..110_000).map(lead);
    let wrong = others.filter(|lead| filter.may_have(*lead)).count();
    assert!(wrong < 5_000, "{wrong} of 100,000");
}

fn text(length: std::ops::Range<usize>) -> impl Strategy<Value = String> {
    let char = prop_oneof![4 => Just('a'), 2 => Just('退'), 1 => Just('😀')];
    vec(char, length).prop_map(|chars| chars.into_iter().collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn it_agrees_with_a_loop(words in btree_set(text(1..8), 0..30), message in text(0..20)) {
        let chars: Vec<char> = message.chars().collect();
        let mut expected = BTreeSet::new();
        for (word, id) in words.iter().zip(0_u32..) {
            let word: Vec<char> = word.chars().collect();
            for (at, _) in chars.windows(word.len()).enumerate().filter(|(_, part)| *part == word) {
                let end = at + word.len();
                expected.insert((id, at as u32, end as u32));
            }
        }
        let all = dictionary(words.iter().map(String::as_str));
        prop_assert_eq!(found(&all, &message), expected);
    }
}
