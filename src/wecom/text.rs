//! Fitting text into WeCom's limits without cutting through what people see.

mod boundary;
mod split;

pub use split::split_text;

/// A limit in UTF-8 bytes; a Chinese character takes three.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByteLimit(pub usize);

impl ByteLimit {
    /// True if the text may be sent as it is.
    pub fn fits(self, text: &str) -> bool {
        text.len() <= self.0
    }

    /// The longest beginning that fits, not ending inside a character or an
    /// emoji sequence where that can be helped.
    pub fn cut(self, text: &str) -> &str {
        if self.fits(text) {
            return text;
        }
        let at = boundary::last_cluster_start(text, self.0);
        if at > 0 {
            return &text[..at];
        }
        &text[..text.floor_char_boundary(self.0)]
    }
}

/// A limit in characters, for the fields that WeCom counts this way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CharLimit(pub usize);

impl CharLimit {
    /// True if the text may be sent as it is.
    pub fn fits(self, text: &str) -> bool {
        text.chars().nth(self.0).is_none()
    }

    /// The longest beginning that fits, not ending inside an emoji sequence
    /// where that can be helped.
    pub fn cut(self, text: &str) -> &str {
        match text.char_indices().nth(self.0) {
            Some((byte, _)) => ByteLimit(byte).cut(text),
            None => text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ByteLimit, CharLimit};

    #[test]
    fn titles_are_cut_between_characters() {
        assert_eq!(ByteLimit(6).cut("价格表"), "价格");
        assert_eq!(ByteLimit(7).cut("价格表"), "价格");
        assert_eq!(ByteLimit(9).cut("价格表"), "价格表");
        assert_eq!(ByteLimit(2).cut("价"), "");
        assert_eq!(CharLimit(2).cut("价格表"), "价格");
        assert_eq!(CharLimit(3).cut("价格表"), "价格表");
        assert!(CharLimit(3).fits("价格表") && !CharLimit(2).fits("价格表"));
    }

    #[test]
    fn emoji_sequences_stay_whole_unless_nothing_else_is_left() {
        let family = "👨\u{200d}👩\u{200d}👧";
        assert_eq!(ByteLimit(12).cut(&format!("a{family}")), "a");
        assert_eq!(ByteLimit(5).cut(family), "👨");
        assert_eq!(CharLimit(2).cut(&format!("a{family}")), "a");
    }
}
