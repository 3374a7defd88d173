//! Mends what can be mended without a guess: punctuation and tabs, nothing else.

use super::lint::scan;

/// A mended comma can uncover the next mistake; more rounds than this never help.
const ROUNDS: usize = 8;

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
        for lint in &lints {
            for (at, new) in &lint.fixes {
                (*new).clone_into(&mut lines[lint.line - 1][*at]);
            }
        }
        let mended: Vec<String> = lines.iter().map(|line| line.concat()).collect();
        text = mended.join("\n");
    }
    text
}
