//! Where in a YAML file a part of a text stands.

use std::ops::Range;

use crate::diagnostic::{Source, Span};

/// The place of a part of a text that stands in `source` at `node`; `node` itself where the
/// text is not written as it reads, as with backslashes or folded lines.
#[must_use]
pub fn place(source: &Source, node: Span, text: &str, part: Option<Range<usize>>) -> Span {
    part.and_then(|part| exact(source, node, text, &part))
        .unwrap_or(node)
}

fn exact(source: &Source, node: Span, text: &str, part: &Range<usize>) -> Option<Span> {
    let before = text.get(..part.start)?;
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let line_of_text = text.get(start..)?.lines().next().unwrap_or_default();
    let first = source.line(node.line).chars().nth(node.column - 1)?;
    let is_block = matches!(first, '|' | '>');
    let number = node.line + before.matches('\n').count() + usize::from(is_block);
    let written = source.line(number);
    let from = if number == node.line {
        written.char_indices().nth(node.column - 1)?.0
    } else {
        0
    };
    let at = from + written.get(from..)?.find(line_of_text)?;
    let column = written[..at].chars().count() + before[start..].chars().count() + 1;
    let length = text.get(part.clone())?.lines().next().unwrap_or_default();
    Some(Span::new(number, column, length.chars().count()))
}

#[cfg(test)]
mod tests {
    use super::place;
    use crate::diagnostic::{Source, Span};

    #[test]
    fn parts_are_found_in_quotes_and_blocks() {
        let source = Source::new("a", "text: '好 {{ x }}'\nmore: |\n  甲\n  乙 {{ y }}\n");
        let at = place(&source, Span::new(1, 7, 11), "好 {{ x }}", Some(7..8));
        assert_eq!(at, Span::new(1, 13, 1));
        let at = place(
            &source,
            Span::new(2, 7, 1),
            "甲\n乙 {{ y }}\n",
            Some(11..12),
        );
        assert_eq!(at, Span::new(4, 8, 1));
        let node = Span::new(1, 7, 11);
        assert_eq!(place(&source, node, "written otherwise", Some(3..4)), node);
        assert_eq!(place(&source, node, "好", None), node);
    }
}
