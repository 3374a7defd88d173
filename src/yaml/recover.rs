//! Going on after a syntax error: the list element it is in is blanked and the rest is read,
//! so that one broken rule does not hide what is wrong with the others.

use std::ops::Range;

/// The text without the element that a syntax error at `line` is in; `None` if there is no
/// such element. `error_line` tells where a text fails to parse, if it does.
///
/// A bracket that is not closed is noticed only in the next element, so the one before is
/// tried too; whichever lets the parser get further was the broken one.
pub(super) fn without_broken(
    text: &str,
    line: usize,
    error_line: impl Fn(&str) -> Option<usize>,
) -> Option<String> {
    let lines: Vec<&str> = text.split('\n').collect();
    let elements = elements(&lines);
    let at = elements.iter().rposition(|element| element.start < line)?;
    [Some(at), at.checked_sub(1)]
        .into_iter()
        .flatten()
        .map(|at| {
            let rest = blanked(&lines, &elements[at]);
            let reached = error_line(&rest).unwrap_or(usize::MAX);
            (reached, rest)
        })
        .filter(|(reached, _)| *reached > line || *reached == usize::MAX)
        // Of two that get equally far the later element is blamed: it holds the line.
        .reduce(|first, second| if second.0 > first.0 { second } else { first })
        .map(|(_, rest)| rest)
}

/// The elements of the outermost list, as ranges of line indexes.
fn elements(lines: &[&str]) -> Vec<Range<usize>> {
    let is_element = |line: &&str| {
        let text = line.trim_start();
        text.starts_with("- ") || text == "-"
    };
    let outermost = lines
        .iter()
        .filter(|line| is_element(line))
        .map(|line| indent(line))
        .min();
    let Some(outermost) = outermost else {
        return Vec::new();
    };
    let starts =
        (0..lines.len()).filter(|at| is_element(&lines[*at]) && indent(lines[*at]) == outermost);
    starts
        .map(|start| {
            let end = (start + 1..lines.len()).find(|at| {
                let line = lines[*at];
                let ends = indent(line) <= outermost && !line.trim().is_empty();
                ends && (!line.trim_start().starts_with('#'))
            });
            start..end.unwrap_or(lines.len())
        })
        .collect()
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// The text with the same number of lines, those of the element empty.
fn blanked(lines: &[&str], element: &Range<usize>) -> String {
    let kept: Vec<&str> = lines
        .iter()
        .enumerate()
        .map(|(at, line)| if element.contains(&at) { "" } else { *line })
        .collect();
    kept.join("\n")
}
