use super::{links, split_text};
use proptest::prelude::{Strategy, any, prop, prop_assert, prop_assert_eq, prop_oneof, proptest};
use proptest::strategy::Just;

#[test]
fn a_text_that_fits_is_one_piece_and_no_text_is_none() {
    assert_eq!(split_text("你好", 6), ["你好"]);
    assert!(split_text("", 6).is_empty());
}

#[test]
fn the_best_place_in_the_second_half_wins() {
    assert_eq!(
        split_text("one\n\ntwo. three\nfour", 18),
        ["one\n\ntwo. three\n", "four"]
    );
    assert_eq!(
        split_text("aaaa aaa\n\nb c d e", 13),
        ["aaaa aaa\n\n", "b c d e"]
    );
    assert_eq!(
        split_text("很好,真的。“是吗？”好", 32),
        ["很好,真的。“是吗？”", "好"]
    );
    assert_eq!(split_text("甲，乙丙丁戊", 9), ["甲，", "乙丙丁", "戊"]);
    assert_eq!(split_text("really?! yes", 11), ["really?! ", "yes"]);
    assert_eq!(split_text("什么？！好", 13), ["什么？！", "好"]);
}

#[test]
fn a_cut_leaves_the_line_end_with_its_line() {
    assert_eq!(split_text("a\r\nb\r\ncc", 6), ["a\r\nb\r\n", "cc"]);
}

#[test]
fn links_stay_whole_if_they_fit() {
    let link = r#"<a href="https://shop.invalid/a?b=1, 2. 3">price list</a>"#;
    let text = format!("see it here {link} now");
    assert_eq!(
        split_text(&text, 60),
        ["see it here ", &format!("{link} "), "now"]
    );
    let url = "https://shop.invalid/long/path?x=1";
    assert_eq!(split_text(&format!("去看{url}吧"), 36), ["去看", url, "吧"]);
    assert_eq!(
        split_text("hello <@lin.mei> hi", 14),
        ["hello ", "<@lin.mei> hi"]
    );
}

#[test]
fn a_link_larger_than_a_piece_is_cut_rather_than_lost() {
    let text = format!("<a href=\"{}\">x</a>", "y".repeat(40));
    let pieces = split_text(&text, 16);
    assert_eq!(pieces.concat(), text);
    assert!(pieces.iter().all(|piece| piece.len() <= 16));
}

#[test]
fn emoji_sequences_stay_whole() {
    let family = "👨\u{200d}👩\u{200d}👧";
    let text = family.repeat(5);
    assert_eq!(
        split_text(&text, 40),
        [&family.repeat(2), &family.repeat(2), family]
    );
    assert_eq!(split_text("🇨🇳🇫🇷🇩🇪", 12), ["🇨🇳", "🇫🇷", "🇩🇪"]);
}

#[test]
fn a_link_that_never_ends_is_plain_text() {
    assert!(links("<a href= and <b> h").is_empty());
    assert_eq!(links("x <a b</a> http://c 好"), [2..10, 11..19]);
}

fn chatty() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        any::<char>().prop_map(String::from),
        Just("\n".to_owned()),
        Just("\r\n\n".to_owned()),
        Just("。".to_owned()),
        Just(", ".to_owned()),
        Just("👩\u{200d}💻\u{1f3fd}".to_owned()),
        Just("🇨🇳".to_owned()),
        Just("<a href=\"https://x.invalid\">看</a>".to_owned()),
        Just("https://x.invalid/1".to_owned()),
        "[a-z价格]{1,12}",
    ];
    prop::collection::vec(word, 0..80).prop_map(|words| words.concat())
}

proptest! {
    #[test]
    fn nothing_is_lost_and_nothing_is_too_long(text in chatty(), max in 0usize..200) {
        let pieces = split_text(&text, max);
        prop_assert_eq!(pieces.concat(), text.as_str());
        for piece in pieces {
            prop_assert!(!piece.is_empty() && piece.len() <= max.max(4));
        }
    }

    #[test]
    fn links_survive_in_pieces_that_could_hold_them(text in chatty(), max in 48usize..200) {
        let whole = text.matches("<a href=\"https://x.invalid\">看</a>").count();
        let kept: usize = split_text(&text, max)
            .iter()
            .map(|piece| piece.matches("<a href=\"https://x.invalid\">看</a>").count())
            .sum();
        prop_assert_eq!(kept, whole);
    }
}
