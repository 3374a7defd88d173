//! One spelling for what people write in many: width, case, traditional characters,
//! white space and invisible characters do not tell two texts apart.
//!
//! The mapping works character by character, so a part of a text always becomes a part of
//! the normalised text. Matching relies on that.

use std::borrow::Cow;
use std::ops::Range;

/// For each character of the basic plane its normal form, or zero if it is dropped.
/// Generated from Unicode's NFKC and OpenCC's tables; a test regenerates and compares it.
static TABLE: &[u8; 0x2_0000] = include_bytes!("normalize.bin");

/// The normal form of one character; `None` if it is dropped.
fn normal(c: char) -> Option<char> {
    let code = c as usize;
    if code >= 0x1_0000 {
        // Beyond the basic plane only invisible selectors and tags change.
        return (!matches!(code, 0xE_0000..=0xE_0FFF)).then_some(c);
    }
    let mapped = u16::from_le_bytes([TABLE[code * 2], TABLE[code * 2 + 1]]);
    match mapped {
        0 => None,
        _ => char::from_u32(u32::from(mapped)),
    }
}

/// The normal form of a text; borrowed when nothing changes.
#[must_use]
pub fn normalize(text: &str) -> Cow<'_, str> {
    let plain = |byte: &u8| byte.is_ascii_graphic() && !byte.is_ascii_uppercase();
    if text.as_bytes().iter().all(plain) {
        return Cow::Borrowed(text);
    }
    let Some(first) = text
        .char_indices()
        .find(|(_, c)| normal(*c) != Some(*c))
        .map(|(at, _)| at)
    else {
        return Cow::Borrowed(text);
    };
    let mut out = String::with_capacity(text.len());
    out.push_str(&text[..first]);
    out.extend(text[first..].chars().filter_map(normal));
    Cow::Owned(out)
}

/// The bytes of the original text that a range of the normalised text came from.
#[must_use]
pub fn original_range(text: &str, range: &Range<usize>) -> Range<usize> {
    let mut reached = 0;
    let mut start = None;
    let mut end = 0;
    for (at, c) in text.char_indices() {
        let Some(mapped) = normal(c) else { continue };
        if reached >= range.end {
            break;
        }
        if reached >= range.start {
            start = start.or(Some(at));
            end = at + c.len_utf8();
        }
        reached += mapped.len_utf8();
    }
    let start = start.unwrap_or(text.len());
    start..end.max(start)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use ferrous_opencc::OpenCC;
    use ferrous_opencc::config::BuiltinConfig;
    use proptest::prelude::{ProptestConfig, prop_assert, prop_assert_eq, proptest};
    use unicode_normalization::UnicodeNormalization as _;

    use super::{TABLE, normal, normalize, original_range};

    fn single(mut chars: impl Iterator<Item = char>) -> Option<char> {
        let first = chars.next()?;
        chars.next().is_none().then_some(first)
    }

    fn is_dropped(c: char) -> bool {
        c.is_whitespace()
            || c.is_control()
            || matches!(c,
                '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}'
                | '\u{17B5}' | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}'
                | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}'
                | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}')
    }

    /// One round; characters that become several stay as they are.
    fn round(c: char, simplify: &OpenCC) -> Option<char> {
        if is_dropped(c) {
            return None;
        }
        let basic = |next: Option<char>, now: char| {
            next.filter(|next| u32::from(*next) < 0x1_0000)
                .unwrap_or(now)
        };
        let c = basic(single(std::iter::once(c).nfkc()), c);
        let c = basic(single(c.to_lowercase()), c);
        let c = basic(single(simplify.convert(&c.to_string()).chars()), c);
        (!is_dropped(c)).then_some(c)
    }

    fn generate() -> Vec<u8> {
        let simplify = OpenCC::from_config(BuiltinConfig::T2s).expect("built-in tables");
        let mut table = Vec::with_capacity(TABLE.len());
        for code in 0..0x1_0000_u32 {
            let mut now = char::from_u32(code);
            // Until nothing changes, so that normalising twice is normalising once.
            for _ in 0..8 {
                now = now.and_then(|c| round(c, &simplify));
            }
            let mapped = u16::try_from(now.map_or(0, |c| c as u32)).expect("basic plane");
            table.extend(mapped.to_le_bytes());
        }
        table
    }

    /// `UPDATE_TABLE=1 cargo test --lib normalize` rewrites the table.
    #[test]
    fn the_table_is_what_unicode_and_opencc_say() {
        let table = generate();
        if std::env::var_os("UPDATE_TABLE").is_some() {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/rules/normalize.bin");
            std::fs::write(path, &table).expect("write the table");
            return;
        }
        assert!(
            table.as_slice() == TABLE.as_slice(),
            "run with UPDATE_TABLE=1"
        );
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
        let text = "我要 退\u{200B} 款！";
        let normalised = normalize(text);
        let start = normalised.find("退款").expect("matches");
        let range = original_range(text, &(start..start + "退款".len()));
        assert_eq!(&text[range], "退\u{200B} 款");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn twice_is_once(text in "\\PC{0,40}") {
            let once = normalize(&text).into_owned();
            prop_assert_eq!(normalize(&once), once.clone());
            prop_assert!(once.chars().all(|c| normal(c) == Some(c)));
        }

        #[test]
        fn parts_become_parts(a in "\\PC{0,12}", b in "\\PC{1,12}", c in "\\PC{0,12}") {
            let text = format!("{a}{b}{c}");
            let (whole, part) = (normalize(&text), normalize(&b));
            prop_assert!(whole.contains(&*part));
            let start = normalize(&a).len();
            let range = original_range(&text, &(start..start + part.len()));
            prop_assert_eq!(normalize(&text[range]), part);
        }
    }
}
