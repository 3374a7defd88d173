//! `check --fix`: mends encodings, tabs and punctuation, and nothing that needs a guess.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::Serialize;

use super::output::Terminal;
use crate::app::{Folders, settle, write_whole};
use crate::config::Config;
use crate::diagnostic::Report;
use crate::lang::Lang;
use crate::versions::files::is_text;
use crate::yaml::{MAX_FILE_BYTES, decode, fix_text};

/// A line that was mended, or the encoding of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Mended {
    file: String,
    /// From 1; none if the whole file was in another encoding.
    line: Option<usize>,
    /// The line before, or what was wrong with the file.
    old: String,
    /// The line after.
    new: String,
}

/// What was mended in all files.
#[derive(Debug, Default)]
pub(super) struct Mending {
    pub(super) list: Vec<Mended>,
}

/// Mends all files of the config; `dry` only looks.
pub(super) fn mend(config: &Config, dry: bool, lang: Lang) -> anyhow::Result<Mending> {
    let mut mending = Mending::default();
    let folders = Folders::of(config);
    settle(&folders)?;
    for (name, path) in folders.list() {
        if !is_text(&name) {
            continue;
        }
        let shown = path.display().to_string();
        let bytes = std::fs::read(&path).with_context(|| shown.clone())?;
        let Some(text) = mended(&shown, &bytes, lang, &mut mending.list) else {
            continue;
        };
        if !dry {
            // What was there stays beside it, by the name that editors use for that.
            write_whole(&beside(&path), &bytes).with_context(|| shown.clone())?;
            write_whole(&path, text.as_bytes()).with_context(|| shown.clone())?;
        }
    }
    Ok(mending)
}

impl Mending {
    /// Tells line by line what was mended, or would be.
    pub(super) fn tell(&self, dry: bool, terminal: &Terminal) {
        for mended in &self.list {
            let line = mended.line.map(|line| line.to_string());
            let (old, new) = shown(&mended.old, &mended.new);
            let values = [
                ("file", mended.file.as_str()),
                ("line", line.as_deref().unwrap_or_default()),
                ("old", &old),
                ("new", &new),
            ];
            let key = if line.is_some() {
                "fix.line"
            } else {
                "fix.encoding"
            };
            terminal.say(key, &values);
        }
        let mut files: Vec<&str> = self.list.iter().map(|each| each.file.as_str()).collect();
        files.dedup();
        let (count, files) = (self.list.len().to_string(), files.len().to_string());
        let values = [("count", count.as_str()), ("files", &files)];
        let key = match (self.list.is_empty(), dry) {
            (true, _) => "fix.nothing",
            (false, true) => "fix.would",
            (false, false) => "fix.done",
        };
        terminal.say(key, &values);
    }
}

/// The two lines as they are shown: a changed indentation is made visible, `→` is a tab and
/// `·` a space.
fn shown(old: &str, new: &str) -> (String, String) {
    let lead = |line: &str| line[..line.len() - line.trim_start().len()].to_owned();
    let visible = |line: &str| {
        let lead = lead(line).replace('\t', "→").replace(' ', "·");
        format!("{lead}{}", line.trim())
    };
    if lead(old) == lead(new) {
        (old.trim().to_owned(), new.trim().to_owned())
    } else {
        (visible(old), visible(new))
    }
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("~");
    PathBuf::from(name)
}

/// The mended text of a file, if there is something to mend.
fn mended(file: &str, bytes: &[u8], lang: Lang, list: &mut Vec<Mended>) -> Option<String> {
    if bytes.len() > MAX_FILE_BYTES {
        return None;
    }
    let mut report = Report::default();
    let source = decode(file, bytes, &mut report)?;
    let old = source.text();
    // A character that could not be read is lost: then a person has to look.
    if old.contains('\u{FFFD}') {
        return None;
    }
    let before = list.len();
    for finding in report.items() {
        list.push(Mended {
            file: file.to_owned(),
            line: None,
            old: finding.message(lang),
            new: "UTF-8".to_owned(),
        });
    }
    let is_yaml = file.ends_with(".yaml") || file.ends_with(".yml");
    let new = if is_yaml {
        fix_text(old)
    } else {
        old.to_owned()
    };
    for (at, (old, new)) in old.split('\n').zip(new.split('\n')).enumerate() {
        if old != new {
            list.push(Mended {
                file: file.to_owned(),
                line: Some(at + 1),
                old: old.to_owned(),
                new: new.to_owned(),
            });
        }
    }
    (list.len() > before).then_some(new)
}

#[cfg(test)]
mod tests {
    use super::mended;
    use crate::lang::Lang;

    fn told(file: &str, bytes: &[u8]) -> (Option<String>, Vec<(Option<usize>, String)>) {
        let mut list = Vec::new();
        let text = mended(file, bytes, Lang::Zh, &mut list);
        let list = list.into_iter().map(|each| (each.line, each.new));
        (text, list.collect())
    }

    #[test]
    fn punctuation_is_mended_line_by_line() {
        let (text, list) = told("a.yaml", "rules：\n  - id: 甲\n".as_bytes());
        assert_eq!(text.as_deref(), Some("rules: \n  - id: 甲\n"));
        assert_eq!(list, [(Some(1), "rules: ".to_owned())]);
        assert_eq!(told("a.yaml", "rules: []\n".as_bytes()), (None, Vec::new()));
        let text = "价格：一，二\n";
        assert_eq!(
            told("a.txt", text.as_bytes()),
            (None, Vec::new()),
            "a text is left alone"
        );
    }

    #[test]
    fn a_changed_indentation_can_be_seen() {
        let shown = |old, new| super::shown(old, new);
        let tab = shown("\tname: 乙", "    name: 乙");
        assert_eq!(tab, ("→name: 乙".to_owned(), "····name: 乙".to_owned()));
        let colon = shown("  名：", "  名: ");
        assert_eq!(colon, ("名：".to_owned(), "名:".to_owned()));
    }

    #[test]
    fn encodings_are_mended_unless_something_would_be_lost() {
        let (gbk, _, _) = encoding_rs::GBK.encode("您好，欢迎\n");
        let (text, list) = told("a.txt", &gbk);
        assert_eq!(text.as_deref(), Some("您好，欢迎\n"));
        assert_eq!(list, [(None, "UTF-8".to_owned())]);
        let marked = "\u{FEFF}您好\n".as_bytes();
        assert_eq!(told("a.txt", marked).0.as_deref(), Some("您好\n"));
        assert_eq!(told("a.txt", b"\xFF\xFFx\x80"), (None, Vec::new()));
    }
}
