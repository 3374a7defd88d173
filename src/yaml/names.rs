//! File names that were meant as YAML and are passed over.

use super::problems;
use crate::diagnostic::Diagnostic;

/// Endings that editors, mail programs and backups put behind the right one.
const BEHIND: [&str; 9] = [
    "txt", "bak", "old", "orig", "json", "md", "doc", "docx", "tmp",
];
/// Endings that are written by mistake.
const SLIPS: [&str; 5] = ["json", "ymal", "yalm", "yam", "yaml1"];

/// A warning about a file that is passed over though it was probably meant to be read.
#[must_use]
pub fn misnamed(name: &str) -> Option<Diagnostic> {
    let right = meant(name)?;
    let file = right.rsplit('/').next().unwrap_or(&right).to_owned();
    Some(Diagnostic::of(problems::OTHER_YAML).value("name", file))
}

/// The name that such a file should have.
fn meant(name: &str) -> Option<String> {
    let (stem, form) = name.rsplit_once('.')?;
    let lower = form.to_ascii_lowercase();
    let is_yaml = |form: &str| matches!(form, "yaml" | "yml");
    if is_yaml(&lower) {
        return (form != lower).then(|| format!("{stem}.{lower}"));
    }
    if let Some((stem, inner)) = stem.rsplit_once('.')
        && BEHIND.contains(&lower.as_str())
        && is_yaml(&inner.to_ascii_lowercase())
    {
        return Some(format!("{stem}.{}", inner.to_ascii_lowercase()));
    }
    SLIPS
        .contains(&lower.as_str())
        .then(|| format!("{stem}.yaml"))
}

#[cfg(test)]
mod tests {
    use super::meant;

    #[test]
    fn names_that_nearly_are_right() {
        for (name, right) in [
            ("售后.YAML", "售后.yaml"),
            ("店/售后.Yml", "店/售后.yml"),
            ("售后.yaml.txt", "售后.yaml"),
            ("售后.yml.bak", "售后.yml"),
            ("售后.json", "售后.yaml"),
            ("售后.ymal", "售后.yaml"),
        ] {
            assert_eq!(meant(name).as_deref(), Some(right), "{name}");
        }
        for name in ["售后.yaml", "a.test.yml", "说明.txt", "读我", "图.png"] {
            assert_eq!(meant(name), None, "{name}");
        }
    }
}
