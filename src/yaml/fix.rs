//! Mends what can be mended without a guess: punctuation and tabs, nothing else.

use super::lint::scan;
use super::problems;

/// A mended comma can uncover the next mistake; more rounds than this never help.
const ROUNDS: usize = 8;

/// What a tab may stand for, the likeliest first.
const TAB_WIDTHS: [usize; 3] = [2, 4, 8];
/// So many lines around one with a tab are looked at.
const NEAR: usize = 12;

/// The text with tabs, full-width punctuation and spaces mended where they break YAML.
#[must_use]
pub fn fix_text(text: &str) -> String {
    let mut text = text.to_owned();
    for _ in 0..ROUNDS {
        let lints = scan(&text);
        if lints.iter().all(|lint| lint.fixes.is_empty()) {
            break;
        }
        let mut lines: Vec<Vec<String>> = text
            .split('\n')
            .map(|line| line.chars().map(String::from).collect())
            .collect();
        let rows: Vec<&str> = text.split('\n').collect();
        for lint in &lints {
            let (row, line) = (rows[lint.line - 1], &mut lines[lint.line - 1]);
            let indent = row.chars().take_while(|c| c.is_whitespace()).count();
            if lint.kind == problems::TAB && indent > 0 {
                line[..indent].iter_mut().for_each(String::clear);
                line[0] = " ".repeat(depth_of(&rows, lint.line - 1));
                continue;
            }
            for (at, new) in &lint.fixes {
                (*new).clone_into(&mut line[*at]);
            }
        }
        let mended: Vec<String> = lines.iter().map(|line| line.concat()).collect();
        text = mended.join("\n");
    }
    text
}

/// How deep a line with tabs was meant to be: the width of a tab that puts it in line with
/// another one near by, else two spaces for each.
fn depth_of(rows: &[&str], at: usize) -> usize {
    let wide = |width: usize| {
        let lead = rows[at].chars().take_while(|c| c.is_whitespace());
        lead.map(|c| if c == '\t' { width } else { 1 })
            .sum::<usize>()
    };
    let is_element = rows[at].trim_start().starts_with("- ");
    let near = at.saturating_sub(NEAR)..rows.len().min(at + NEAR);
    let others = near.filter(|other| *other != at).map(|other| rows[other]);
    let others = others.filter(|row| !row.trim().is_empty());
    let depths: Vec<usize> = others
        .filter_map(|row| {
            let text = row.trim_start_matches(' ');
            let lead = row.len() - text.len();
            match (text.starts_with('\t'), is_element, text.starts_with("- ")) {
                (true, ..) | (_, true, false) => None,
                // A key beside the dash of an element is in line with those below it.
                (_, false, true) => Some(lead + 2),
                _ => Some(lead),
            }
        })
        .collect();
    let fits = TAB_WIDTHS.iter().map(|width| wide(*width));
    let fitting = fits.into_iter().find(|depth| depths.contains(depth));
    fitting.unwrap_or_else(|| wide(TAB_WIDTHS[0]))
}

#[cfg(test)]
mod tests {
    use super::fix_text;

    #[test]
    fn a_tab_becomes_as_many_spaces_as_its_neighbours_have() {
        let text = "rules:\n  - id: 甲\n\tname: 乙\n    do:\n\t  - tag: 一/二\n      - reply: 丙\n";
        let mended =
            "rules:\n  - id: 甲\n    name: 乙\n    do:\n      - tag: 一/二\n      - reply: 丙\n";
        assert_eq!(fix_text(text), mended);
        assert_eq!(fix_text("a:\n\tb: 1\n"), "a:\n  b: 1\n");
    }
}
