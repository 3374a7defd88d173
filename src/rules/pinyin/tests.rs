use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, Strategy, prop_assert_eq, proptest};
use proptest::sample::select;

use super::typed::{syllables, unmarked};
use super::{FIRST, LAST, READINGS, TrieBuilder, sounds};
use crate::rules::hits::WordId;

/// Where the keyword is found, as parts of the text.
fn found<'t>(keyword: &str, text: &'t str, loose: bool) -> BTreeSet<&'t str> {
    let mut trie = TrieBuilder::default();
    trie.add(keyword, WordId(7));
    let mut parts = BTreeSet::new();
    trie.build().scan(text, loose, |word, place| {
        assert_eq!(word, WordId(7));
        parts.insert(&text[place.start as usize..place.end as usize]);
    });
    parts
}

#[track_caller]
fn is_found(keyword: &str, text: &str, part: &str) {
    assert_eq!(
        found(keyword, text, false),
        BTreeSet::from([part]),
        "{keyword} in {text}"
    );
}

#[track_caller]
fn is_not_found(keyword: &str, text: &str) {
    assert_eq!(
        found(keyword, text, false),
        BTreeSet::new(),
        "{keyword} in {text}"
    );
}

fn typed(letters: &str) -> Vec<String> {
    let found = syllables(letters, &READINGS.typed);
    found
        .iter()
        .map(|one| letters[one.start..one.end].to_owned())
        .collect()
}

#[test]
fn the_same_sound_in_other_characters_and_letters() {
    for text in [
        "退款",
        "退宽",
        "推款",
        "腿宽",
        "tuikuan",
        "tui kuan",
        "tui款",
        "退kuan",
        "TUIKUAN",
        "ｔｕｉ　ｋｕａｎ",
        "tui'kuan",
        "tuìkuǎn",
        "推\u{200B}寬",
    ] {
        is_found("退款", text, text);
    }
    for text in ["tui4kuan3", "tui4 kuan3"] {
        assert!(
            found("退款", text, false).contains(text),
            "the digits are tones"
        );
    }
    is_found("退款", "我要退宽谢谢", "退宽");
    is_found("退款", "你好，tui kuan！", "tui kuan");
    is_found("退款", "wo yao tuikuan", "tuikuan");
    is_found("退款", "woyaotuikuan", "tuikuan");
    for text in [
        "退货",
        "退",
        "款退",
        "tui kua",
        "tuikuang",
        "tu ikuan",
        "退!款",
        "退，款",
    ] {
        is_not_found("退款", text);
    }
}

#[test]
fn heteronyms_sound_in_every_reading() {
    for (keyword, text) in [
        ("银行", "yinhang"),
        ("银行", "yinxing"),
        ("银行", "银杭"),
        ("重复", "chongfu"),
        ("重复", "虫复"),
        ("音乐", "yinyue"),
        ("快乐", "kuaile"),
        ("长度", "changdu"),
        ("长度", "zhangdu"),
        ("还款", "huankuan"),
        ("还款", "haikuan"),
        ("都会", "douhui"),
    ] {
        is_found(keyword, text, text);
    }
}

#[test]
fn syllables_do_not_run_together() {
    is_found("先", "xian", "xian");
    is_not_found("西安", "xian");
    is_not_found("西安", "先");
    is_not_found("先", "xi'an");
    is_not_found("先", "xi an");
    for text in ["xi'an", "xi’an", "xi an", "西an", "xi安", "洗按"] {
        is_found("西安", text, text);
    }
    is_found("反感", "fangan", "fangan");
    is_not_found("方案", "fangan");
    is_found("方案", "fang'an", "fang'an");
    // Without another reading the apostrophe may be left out.
    is_found("天安", "tianan", "tianan");
    is_found("女儿", "nver", "nver");
    is_found("旅行", "lvxing", "lvxing");
    is_found("旅行", "lǚxíng", "lǚxíng");
}

#[test]
fn foreign_words_are_no_pinyin() {
    for word in ["order", "hello", "vip", "ok", "xgan", "kuanx"] {
        assert_eq!(typed(word), Vec::<String>::new(), "{word}");
    }
    assert_eq!(typed("tuikuan"), ["tui", "kuan"]);
    assert_eq!(typed("xian"), ["xian"]);
    assert_eq!(typed("shengao"), ["shen", "gao"]);
    is_not_found("的", "order");
}

#[test]
fn what_has_no_sound_stands_for_itself() {
    assert!(!sounds("vip"));
    assert!(!sounds("😀!"));
    assert!(sounds("vip卡"));
    is_found("vip卡", "我有vip咖吗", "vip咖");
    is_found("3天退款", "3 天推宽", "3 天推宽");
    is_found("退款3次", "tuikuan3ci", "tuikuan3ci");
    is_not_found("vip卡", "vi卡");
}

#[test]
fn signs_can_be_overlooked_in_sounds_too() {
    assert_eq!(found("退款", "退*宽", true), BTreeSet::from(["退*宽"]));
    assert_eq!(
        found("退款", "tui-😀kuan", true),
        BTreeSet::from(["tui-😀kuan"])
    );
    assert_eq!(found("先", "xi-an", true), BTreeSet::new());
    assert_eq!(found("退款", "退*宽", false), BTreeSet::new());
}

#[test]
fn the_readings_are_the_usual_ones() {
    let syllables: BTreeSet<_> = READINGS.typed.keys().copied().collect();
    assert!(
        (390..=420).contains(&syllables.len()),
        "{}",
        syllables.len()
    );
    for name in ["a", "e", "er", "lv", "nve", "zhuang", "shei", "yo"] {
        assert!(syllables.contains(name), "{name}");
    }
    assert!(READINGS.of('A').is_empty());
    assert_eq!(READINGS.of('退').len(), 1);
    assert_eq!(READINGS.of('行').len(), 3, "hang, heng, xing");
    let heard = (FIRST..=LAST)
        .filter(|c| !READINGS.of(*c).is_empty())
        .count();
    assert!(heard > 26_000, "{heard}");
    assert_eq!(unmarked('ǚ'), 'v');
}

/// A character, one that sounds the same, and how it is typed.
fn alike() -> impl Strategy<Value = (char, char, &'static str)> {
    let all = [
        ('退', '推', "tui"),
        ('款', '宽', "kuan"),
        ('重', '虫', "chong"),
        ('行', '杭', "hang"),
        ('长', '掌', "zhang"),
        ('安', '按', "an"),
        ('西', '洗', "xi"),
        ('女', '女', "nv"),
        ('儿', '耳', "er"),
        ('发', '罚', "fa"),
        ('票', '飘', "piao"),
    ];
    select(all.to_vec())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_mixture_of_spellings_is_heard(
        word in vec((alike(), 0..5_usize), 1..6),
        before in "[我在ab，！ 0-9]{0,6}",
        after in "[我在ab，！😀0-9]{0,6}",
    ) {
        let keyword: String = word.iter().map(|((c, _, _), _)| *c).collect();
        let mut text = String::new();
        for ((c, other, typed), way) in &word {
            // A separator keeps typed letters from running into those of the neighbours.
            match way {
                0 => text.push(*c),
                1 => text.push(*other),
                2 => text.push_str(&format!(" {typed} ")),
                3 => text.push_str(&format!(" {} ", typed.to_uppercase())),
                _ => text.push_str(&format!("{c}\u{200B}\u{FE0F}")),
            }
        }
        let whole = format!("{before} {text} {after}");
        let parts = found(&keyword, &whole, false);
        let trimmed = text.trim_matches([' ', '\u{200B}', '\u{FE0F}']);
        prop_assert_eq!(parts.contains(trimmed), true, "{} in {:?}: {:?}", keyword, whole, parts);
    }

    #[test]
    fn any_text_is_scanned_without_harm(text in "[退款行a-z'’ 0-9ǚ😀，]{0,60}") {
        for loose in [false, true] {
            found("退款", &text, loose);
            found("行行行行行行", &text, loose);
        }
    }
}
