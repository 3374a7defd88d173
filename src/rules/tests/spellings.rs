//! Words in all the spellings in which customers write them, and where they are shown.

use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, Strategy, prop_assert, prop_assert_eq, proptest};
use proptest::sample::select;

use super::support::{customer, fired, monday, rules, says, zone};
use crate::rules::normalize::normalize;
use crate::rules::{RuleSet, Standing, Verdict, decide};

/// One rule with these words.
fn rule(condition: &str) -> RuleSet {
    rules(&format!(
        "rules:\n  - {{id: a, when: {{{condition}}}, do: [{{tag: a/b}}]}}\n"
    ))
}

/// The part of the text in which the rule found its word; nothing if it does not fire.
#[track_caller]
fn shown<'t>(set: &RuleSet, text: &'t str) -> Option<&'t str> {
    let standing = Standing::default();
    let contact = customer(&[]);
    let decision = decide(set, &says(text), &contact, &standing, monday(), &zone());
    let Verdict::Fired { found, .. } = &decision.trace.steps.first()?.verdict else {
        return None;
    };
    Some(&text[found[0].start..found[0].end])
}

#[test]
fn signs_between_the_characters_of_a_word() {
    let loose = rule("loose: true, any: [退款]");
    let plain = rule("any: [退款]");
    for part in [
        "退*款",
        "退-款",
        "退.款",
        "退。款",
        "退，款",
        "退～款",
        "退_款",
        "退/款",
        "退|款",
        "退😀款",
        "退♥\u{FE0F}款",
        "退\u{336}款",
        "退 - * 款",
        "退（款",
        "退#款",
        "退\u{200B}*\u{200D}款",
    ] {
        let text = format!("!!我要{part}，谢谢");
        assert_eq!(shown(&loose, &text), Some(part));
        assert_eq!(shown(&plain, &text), None, "{part}");
    }
    assert_eq!(shown(&loose, "退货*款"), None);
    assert_eq!(shown(&loose, "退1款"), None, "a digit is no sign");
}

#[test]
fn a_word_made_of_signs_is_still_found() {
    let set = rule("loose: true, any: ['???', 'C++', '50%', '￥', 😀]");
    for (text, part) in [
        ("在吗？？？", "？？？"),
        ("会 c++ 吗", "c++"),
        ("打５０％折", "５０％"),
        ("￥９", "￥"),
        ("好😀", "😀"),
    ] {
        assert_eq!(shown(&set, text), Some(part));
    }
    assert_eq!(shown(&set, "c"), None);
    assert_eq!(shown(&set, "50"), None);
    let set = rule("loose: true, any: ['退-款']");
    assert_eq!(
        shown(&set, "要退款"),
        Some("退款"),
        "signs in the word are overlooked too"
    );
}

#[test]
fn the_whole_text_its_beginning_and_its_end_without_signs() {
    let exact = rule("match: exact, loose: true, any: [退款]");
    assert_eq!(shown(&exact, "！退*款。"), Some("退*款"));
    assert_eq!(shown(&exact, "退款吧"), None);
    let prefix = rule("match: prefix, loose: true, any: [退款]");
    assert_eq!(shown(&prefix, "😀退-款吧"), Some("退-款"));
    assert_eq!(shown(&prefix, "要退-款"), None);
    let suffix = rule("match: suffix, loose: true, any: [退款]");
    assert_eq!(shown(&suffix, "要退 款～～"), Some("退 款"));
    assert_eq!(shown(&suffix, "退款吧"), None);
}

#[test]
fn sounds_are_opt_in_and_letters_stay_letters() {
    let set = rule("match: pinyin, any: [退款, vip, 'tuihuo']");
    for (text, part) in [
        ("我要退宽！", "退宽"),
        ("我要tui kuan", "tui kuan"),
        ("ＴＵＩ款", "ＴＵＩ款"),
        ("办ＶＩＰ卡", "ＶＩＰ"),
        ("要tuihuo", "tuihuo"),
    ] {
        assert_eq!(shown(&set, text), Some(part));
    }
    assert_eq!(shown(&set, "退货"), None, "a word in letters is text");
    assert_eq!(shown(&rule("any: [退款]"), "退宽"), None);
    let loose = rule("match: pinyin, loose: true, any: [退款]");
    assert_eq!(shown(&loose, "退*宽"), Some("退*宽"));
    assert_eq!(shown(&set, "退*宽"), None);
}

#[test]
fn all_and_none_hear_too() {
    let set = rule("match: pinyin, all: [退款, 订单], none: [不退款]");
    let contact = customer(&[]);
    assert_eq!(fired(&set, "定单要tuikuan", &contact), ["a"]);
    assert!(fired(&set, "定单不退宽", &contact).is_empty());
    assert!(fired(&set, "定单", &contact).is_empty());
}

#[test]
fn ways_of_looking_do_not_disturb_each_other() {
    let set = rules(
        "rules:
  - {id: 平, when: {any: [退款]}, do: [{tag: a/b}]}
  - {id: 松, when: {loose: true, any: [退款]}, do: [{tag: a/b}]}
  - {id: 音, when: {match: pinyin, any: [退款]}, do: [{tag: a/b}]}
  - {id: 松音, when: {match: pinyin, loose: true, any: [退款]}, do: [{tag: a/b}]}
  - {id: 整句, when: {match: exact, any: [退款]}, do: [{tag: a/b}]}",
    );
    let found = |text: &str| fired(&set, text, &customer(&[]));
    assert_eq!(found("退款"), ["平", "松", "音", "松音", "整句"]);
    assert_eq!(found("退*款"), ["松", "松音"]);
    assert_eq!(found("推款"), ["音", "松音"]);
    assert_eq!(found("推*款"), ["松音"]);
    assert_eq!(found("推货"), Vec::<String>::new());
}

/// A character as the operator writes it, and as customers write it.
fn alike() -> impl Strategy<Value = (char, &'static str)> {
    select(vec![
        ('退', "退"),
        ('款', "款"),
        ('货', "貨"),
        ('单', "單"),
        ('订', "訂"),
        ('a', "Ａ"),
        ('v', "V"),
        ('7', "７"),
        ('卡', "卡"),
        ('カ', "ｶ"),
        ('1', "①"),
        ('x', "𝐗"),
    ])
}

const HIDDEN: &[&str] = &[
    "",
    "",
    "",
    " ",
    "\u{3000}",
    "\u{200B}",
    "\u{FE0F}",
    "\u{2060}",
    "\u{E0101}",
    "\u{2800}",
    "\n",
];
const SIGNS: &[&str] = &[
    "",
    "",
    "*",
    "-",
    ".",
    "。",
    "😀",
    "~",
    " / ",
    "❤\u{FE0F}",
    "👨\u{200D}👩",
];

/// A character as itself and as something alike, what may hide behind it, and a sign.
type Disguise = ((char, &'static str), &'static str, &'static str);

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn any_word_in_any_disguise_is_found_and_shown(
        word in vec((alike(), select(HIDDEN.to_vec()), select(SIGNS.to_vec())), 2..6),
        before in "\\PC{0,8}",
        after in "\\PC{0,8}",
    ) {
        let keyword: String = word.iter().map(|((c, _), _, _)| *c).collect();
        let spell = |gap: fn(&Disguise) -> &'static str| {
            let parts = word.iter().enumerate().map(|(at, one)| {
                let gap = if at == 0 { "" } else { gap(one) };
                format!("{gap}{}", one.0.1)
            });
            parts.collect::<String>()
        };
        let normal = normalize(&keyword).into_owned();
        for (condition, disguised) in [
            (format!("any: ['{keyword}']"), spell(|one| one.1)),
            (format!("loose: true, any: ['{keyword}']"), spell(|one| one.2)),
        ] {
            let set = rule(&condition);
            let text = format!("{before}{disguised}{after}");
            let part = shown(&set, &text);
            prop_assert!(part.is_some(), "{} in {:?}", condition, text);
            let letters: String = normalize(part.unwrap_or_default())
                .chars()
                .filter(|c| c.is_alphanumeric())
                .collect();
            prop_assert_eq!(letters, normal.clone(), "{} in {:?}", condition, text);
        }
    }

    #[test]
    fn places_are_always_between_characters(text in "[退款VIPｖ*😀 \u{200B}tuikan'行　，①]{0,40}") {
        for way in ["", "loose: true, ", "match: pinyin, ", "match: pinyin, loose: true, "] {
            // Slicing at a place within a character would panic.
            shown(&rule(&format!("{way}any: [退款, vip, 行, 退vip]")), &text);
        }
    }
}
