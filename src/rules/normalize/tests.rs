use std::path::Path;

use ferrous_opencc::OpenCC;
use ferrous_opencc::config::BuiltinConfig;
use proptest::prelude::{ProptestConfig, prop_assert, prop_assert_eq, proptest};
use regex::Regex;
use unicode_normalization::UnicodeNormalization as _;

use super::{BEYOND, Seen, TABLE, is_sign, normal, normalize, original, seen, without_signs};

fn single(mut chars: impl Iterator<Item = char>) -> Option<char> {
    let first = chars.next()?;
    chars.next().is_none().then_some(first)
}

/// What nobody sees: white space, controls, and what Unicode says is not drawn. The Braille
/// blank is drawn as nothing.
fn is_dropped(c: char, ignorable: &Regex) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(c, '\u{2800}' | '\u{FFF9}'..='\u{FFFB}')
        || ignorable.is_match(c.encode_utf8(&mut [0; 4]))
}

struct Generator {
    simplify: OpenCC,
    ignorable: Regex,
}

impl Generator {
    fn new() -> Self {
        Self {
            simplify: OpenCC::from_config(BuiltinConfig::T2s).expect("built-in tables"),
            ignorable: Regex::new(r"\p{Default_Ignorable_Code_Point}").expect("a class"),
        }
    }

    /// One round; characters that become several stay as they are. A character of the basic
    /// plane stays in it.
    fn round(&self, c: char) -> Option<char> {
        if is_dropped(c, &self.ignorable) {
            return None;
        }
        let basic = |next: Option<char>, now: char| {
            let fits = |next: &char| now > '\u{FFFF}' || *next <= '\u{FFFF}';
            next.filter(fits).unwrap_or(now)
        };
        let c = basic(single(std::iter::once(c).nfkc()), c);
        let c = basic(single(c.to_lowercase()), c);
        let c = basic(single(self.simplify.convert(&c.to_string()).chars()), c);
        (!is_dropped(c, &self.ignorable)).then_some(c)
    }

    /// Until nothing changes, so that normalising twice is normalising once.
    fn normal(&self, c: char) -> Option<char> {
        (0..8).try_fold(c, |c, _| self.round(c))
    }
}

fn generate() -> (Vec<u8>, Vec<u8>) {
    let generator = Generator::new();
    let mut table = Vec::with_capacity(TABLE.len());
    for code in 0..0x1_0000_u32 {
        let now = char::from_u32(code).and_then(|c| generator.normal(c));
        let mapped = u16::try_from(now.map_or(0, |c| c as u32)).expect("basic plane");
        table.extend(mapped.to_le_bytes());
    }
    let mut beyond = Vec::new();
    for c in '\u{1_0000}'..='\u{3_FFFF}' {
        if let Some(now) = generator.normal(c).filter(|now| *now != c) {
            beyond.extend(u32::from(c).to_le_bytes());
            beyond.extend(u32::from(now).to_le_bytes());
        }
    }
    (table, beyond)
}

/// `UPDATE_TABLE=1 cargo test --lib normalize` rewrites the tables.
#[test]
fn the_tables_are_what_unicode_and_opencc_say() {
    let (table, beyond) = generate();
    if std::env::var_os("UPDATE_TABLE").is_some() {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/rules");
        std::fs::write(dir.join("normalize.bin"), &table).expect("write the table");
        std::fs::write(dir.join("normalize_beyond.bin"), &beyond).expect("write the table");
        return;
    }
    let same = table.as_slice() == TABLE.as_slice() && beyond.as_slice() == BEYOND;
    assert!(same, "run with UPDATE_TABLE=1");
}

#[test]
fn every_character_that_is_not_drawn_is_dropped() {
    let ignorable = Regex::new(r"^\p{Default_Ignorable_Code_Point}$").expect("a class");
    let mut seen = 0;
    for c in '\0'..=char::MAX {
        if ignorable.is_match(c.encode_utf8(&mut [0; 4])) {
            assert_eq!(normal(c), None, "U+{:04X}", u32::from(c));
            seen += 1;
        }
    }
    assert!(seen > 4000, "the class has all of the tags: {seen}");
    // The ones that are used to hide words, by name.
    let tricks = [
        ("zero width space", '\u{200B}'),
        ("zero width non-joiner", '\u{200C}'),
        ("zero width joiner", '\u{200D}'),
        ("word joiner", '\u{2060}'),
        ("byte order mark", '\u{FEFF}'),
        ("soft hyphen", '\u{00AD}'),
        ("combining grapheme joiner", '\u{034F}'),
        ("right-to-left override", '\u{202E}'),
        ("text selector", '\u{FE0E}'),
        ("emoji selector", '\u{FE0F}'),
        ("ideographic selector", '\u{E0100}'),
        ("Mongolian selector", '\u{180B}'),
        ("Hangul filler", '\u{3164}'),
        ("half-width Hangul filler", '\u{FFA0}'),
        ("Braille blank", '\u{2800}'),
        ("ideographic space", '\u{3000}'),
        ("no-break space", '\u{00A0}'),
        ("line feed", '\n'),
    ];
    for (name, c) in tricks {
        assert_eq!(normalize(&format!("退{c}款")), "退款", "{name}");
    }
}

#[test]
fn spellings_of_one_text() {
    for text in [
        "我要 退 款！",
        "我要退款!",
        "我要退款！",
        "我\u{200B}要\u{3000}退\u{FE0F}款！",
    ] {
        assert_eq!(normalize(text), "我要退款!", "{text:?}");
    }
    assert_eq!(normalize("ＶＩＰ价格"), "vip价格");
    assert_eq!(normalize("訂單１２３ 發貨"), "订单123发货");
    assert_eq!(normalize("ｶ①²"), "カ12");
    assert_eq!(normalize("😀 好"), "😀好");
    assert_eq!(normalize("\u{E0101}"), "");
    assert_eq!(normalize("𝐕𝐈𝐏 𝟗𝟗"), "vip99", "letters of mathematics");
    assert_eq!(normalize("🄰🈲"), "a禁", "signs that are one character");
    assert_eq!(
        normalize("🄀㎏"),
        "🄀㎏",
        "several characters stay as they are"
    );
    assert_eq!(normalize("\u{2F9DF}"), "\u{8F38}".replace('\u{8F38}', "输"));
}

#[test]
fn clean_text_is_borrowed() {
    for text in ["", "ok", "订单要退款", "order-123!"] {
        assert!(
            matches!(normalize(text), std::borrow::Cow::Borrowed(_)),
            "{text}"
        );
    }
}

#[test]
fn a_place_is_shown_in_the_customers_own_text() {
    let shown = |text: &'static str, seen: &[Seen], word: &str| {
        let chars: String = seen.iter().map(|seen| seen.c).collect();
        let start = chars[..chars.find(word).expect("matches")].chars().count();
        &text[original(text, &seen[start..start + word.chars().count()])]
    };
    let text = "我要 退\u{200B} 款！";
    assert_eq!(shown(text, &seen(text), "退款"), "退\u{200B} 款");
    let text = "😀我，要-退😀*款！";
    let mut loose = seen(text);
    loose.retain(|seen| !is_sign(seen.c));
    assert_eq!(shown(text, &loose, "退款"), "退😀*款");
}

#[test]
fn signs_inside_a_word_are_overlooked_and_at_its_edges_kept() {
    let loose = |word: &str| without_signs(word);
    assert_eq!(loose("退-款").as_deref(), Some("退款"));
    assert_eq!(loose("ＶＩＰ・卡").as_deref(), Some("vip卡"));
    for word in ["C++", "50%", "???", "￥9", "😀", ""] {
        assert_eq!(loose(word), None, "{word}");
    }
    for c in "退aé1カ한".chars() {
        assert!(!is_sign(c), "{c}");
    }
    for c in "*-._。，·～|/\\#@😀♥\u{336}\u{20E3}".chars() {
        assert!(is_sign(c), "{c}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn twice_is_once(text in "\\PC{0,40}") {
        let once = normalize(&text).into_owned();
        prop_assert_eq!(normalize(&once), once.clone());
        prop_assert!(once.chars().eq(seen(&text).iter().map(|seen| seen.c)));
        prop_assert!(once.chars().all(|c| normal(c) == Some(c)));
        if let Some(loose) = without_signs(&text) {
            prop_assert_eq!(without_signs(&loose), Some(loose.clone()));
        }
    }

    #[test]
    fn parts_become_parts(a in "\\PC{0,12}", b in "\\PC{1,12}", c in "\\PC{0,12}") {
        let text = format!("{a}{b}{c}");
        let (whole, part) = (normalize(&text), normalize(&b));
        prop_assert!(whole.contains(&*part));
        let start = normalize(&a).chars().count();
        let range = original(&text, &seen(&text)[start..start + part.chars().count()]);
        prop_assert_eq!(normalize(&text[range]), part);
    }
}
