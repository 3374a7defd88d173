//! Where one visible character ends and the next begins.
//!
//! This is not the whole of Unicode's segmentation: it knows the sequences that
//! occur in chats (joined emoji, skin tones, flags, keycaps, combining marks).

const ZERO_WIDTH_JOINER: char = '\u{200d}';

/// True for characters that change the one before them.
fn extends(c: char) -> bool {
    matches!(
        c,
        ZERO_WIDTH_JOINER
            | '\u{0300}'..='\u{036f}'      // combining accents
            | '\u{20d0}'..='\u{20ff}'      // keycap and other enclosing marks
            | '\u{fe00}'..='\u{fe0f}'      // variation selectors
            | '\u{1f3fb}'..='\u{1f3ff}'    // skin tones
            | '\u{e0020}'..='\u{e007f}'    // tags of regional flags
            | '\u{e0100}'..='\u{e01ef}'    // ideographic variation selectors
    )
}

fn is_flag_half(c: char) -> bool {
    matches!(c, '\u{1f1e6}'..='\u{1f1ff}')
}

/// Walks over a text and tells for each character whether a visible one starts.
#[derive(Default)]
pub(super) struct Clusters {
    previous: Option<char>,
    flag_halves: usize,
}

impl Clusters {
    /// True if a new visible character begins with `c`.
    pub(super) fn starts_with(&mut self, c: char) -> bool {
        let previous = self.previous.replace(c);
        let pairs_up = is_flag_half(c) && self.flag_halves % 2 == 1;
        self.flag_halves = if is_flag_half(c) {
            self.flag_halves + 1
        } else {
            0
        };
        let line_end = previous == Some('\r') && c == '\n';
        !(extends(c) || pairs_up || line_end || previous == Some(ZERO_WIDTH_JOINER))
    }
}

/// The last place at or before `limit` where a visible character starts.
pub(super) fn last_cluster_start(text: &str, limit: usize) -> usize {
    let mut clusters = Clusters::default();
    text.char_indices()
        .take_while(|(at, _)| *at <= limit)
        .filter(|(_, c)| clusters.starts_with(*c))
        .map(|(at, _)| at)
        .last()
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::last_cluster_start;

    #[test]
    fn sequences_have_no_boundary_inside() {
        for whole in [
            "👍\u{1f3fd}",
            "❤\u{fe0f}",
            "1\u{fe0f}\u{20e3}",
            "🇨🇳",
            "👩\u{200d}💻",
            "e\u{301}",
            "\r\n",
        ] {
            let text = format!("a{whole}b");
            for limit in 1..=whole.len() {
                assert_eq!(last_cluster_start(&text, limit), 1, "{whole:?} {limit}");
            }
            assert_eq!(last_cluster_start(&text, whole.len() + 1), whole.len() + 1);
        }
    }

    #[test]
    fn two_flags_are_two_characters() {
        assert_eq!(last_cluster_start("🇨🇳🇫🇷", 15), 8);
    }
}
