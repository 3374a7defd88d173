//! `check --explain`: what a code means, what brings it about, how to mend it.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Ended;
use super::output::Terminal;
use crate::diagnostic::{Kind, Severity};
use crate::lang::Lang;
use crate::{channels, import, rules, simulate, sops, templates, yaml};

/// Everything that is said about a code beside its texts in the catalogue.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// Why it matters, in Chinese.
    zh: String,
    /// The same in English.
    en: String,
    /// The catalogue's text of a code of the config.
    key: Option<String>,
    /// The file of the example.
    file: Option<String>,
    /// What brings it about.
    example: Option<String>,
    /// Why there is no example.
    unshown: Option<Unshown>,
    /// For the config: what the example stands in place of. Used by the test alone.
    #[serde(rename = "replace")]
    _replace: Option<String>,
    /// Other files that the example needs.
    #[serde(default)]
    also: BTreeMap<String, String>,
}

/// Why no file can show a code.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Unshown {
    /// In Chinese.
    zh: String,
    /// In English.
    en: String,
}

/// A code with its texts.
struct Code<'e> {
    code: &'e str,
    severity: Severity,
    key: &'e str,
    entry: &'e Entry,
}

/// Prints what a code means, or all of them as a page.
pub(super) fn run(wanted: &str, terminal: &Terminal) -> anyhow::Result<Ended> {
    let entries: BTreeMap<String, Entry> = toml::from_str(include_str!("explain/codes.toml"))?;
    let all = codes(&entries);
    if wanted.eq_ignore_ascii_case("all") {
        terminal.line(page(&all, terminal.lang));
        return Ok(Ended::Good);
    }
    let found = all
        .iter()
        .find(|code| code.code.eq_ignore_ascii_case(wanted));
    match found {
        Some(code) => {
            terminal.line(code.told(terminal.lang).trim_end());
            Ok(Ended::Good)
        }
        None => {
            terminal.warn("explain.unknown", &[("code", wanted)]);
            Ok(Ended::FoundWrong)
        }
    }
}

/// The kinds of findings of all modules.
fn kinds() -> Vec<Kind> {
    [
        yaml::codes(),
        rules::codes(),
        templates::codes(),
        sops::codes(),
        channels::codes(),
        import::codes(),
        simulate::codes(),
    ]
    .concat()
}

fn codes(entries: &BTreeMap<String, Entry>) -> Vec<Code<'_>> {
    let kinds = kinds();
    let codes = entries.iter().filter_map(|(code, entry)| {
        let kind = kinds.iter().find(|kind| kind.code == *code);
        Some(Code {
            code,
            severity: kind.map_or(Severity::Error, |kind| kind.severity),
            key: match kind {
                Some(kind) => kind.key,
                None => entry.key.as_deref()?,
            },
            entry,
        })
    });
    codes.collect()
}

fn page(codes: &[Code<'_>], lang: Lang) -> String {
    let mut page = lang.text("explain.head", &[]);
    let mut section = "";
    for code in codes {
        let begin = &code.code[..1];
        if begin != section {
            section = begin;
            let title = lang.text(&format!("explain.section_{section}"), &[]);
            page.push_str(&format!("\n\n## {title}"));
        }
        page.push_str("\n\n");
        page.push_str(code.told(lang).trim_end());
    }
    page
}

impl Code<'_> {
    /// The code as a section of Markdown.
    fn told(&self, lang: Lang) -> String {
        let severity = match self.severity {
            Severity::Error => lang.text("check.error", &[]),
            Severity::Warning => lang.text("check.warning", &[]),
        };
        let title = blank(&lang.text(self.key, &[]));
        let why = match lang {
            Lang::Zh => &self.entry.zh,
            Lang::En => &self.entry.en,
        };
        let mut text = format!("### {} · {severity}\n\n{title}\n\n{why}\n", self.code);
        if let Some(mend) = lang.lookup(&format!("{}_help", self.key)) {
            let mend = blank(mend);
            let mend = mend.trim_end_matches(['。', '.']);
            let line = lang.text("explain.mend", &[("mend", mend)]);
            text.push_str(&format!("\n{line}\n"));
        }
        if let Some(unshown) = &self.entry.unshown {
            let why = match lang {
                Lang::Zh => &unshown.zh,
                Lang::En => &unshown.en,
            };
            let line = lang.text("explain.unshown", &[("why", why)]);
            text.push_str(&format!("\n{line}\n"));
        }
        if let Some(example) = &self.entry.example {
            let file = self.entry.file.as_deref().unwrap_or("rules/例.yaml");
            let mut files = vec![(file, example.as_str())];
            let also = self.entry.also.iter();
            files.extend(also.map(|(file, text)| (file.as_str(), text.as_str())));
            for (at, (file, example)) in files.into_iter().enumerate() {
                let line = if at == 0 {
                    lang.text("explain.example", &[("file", file)])
                } else {
                    format!("`{file}`:")
                };
                let form = file.rsplit_once('.').map_or("", |(_, form)| form);
                let example = example.trim_end();
                text.push_str(&format!("\n{line}\n\n```{form}\n{example}\n```\n"));
            }
        }
        text
    }
}

/// A text of the catalogue without the names of its places. Examples in braces stay.
fn blank(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let end = after.find('}').unwrap_or(after.len());
        let name = &after[..end];
        let is_place = !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase());
        if is_place {
            out.push('…');
            rest = &after[end + 1..];
        } else {
            out.push('{');
            rest = after;
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Entry, blank, codes, kinds};
    use crate::lang::Lang;

    fn entries() -> BTreeMap<String, Entry> {
        toml::from_str(include_str!("explain/codes.toml")).expect("codes.toml")
    }

    #[test]
    fn every_code_is_explained() {
        let entries = entries();
        let kinds = kinds();
        let missing: Vec<_> = kinds
            .iter()
            .filter(|kind| !entries.contains_key(kind.code))
            .map(|kind| kind.code)
            .collect();
        assert!(missing.is_empty(), "{missing:?}");
    }

    #[test]
    fn every_code_has_an_example_or_says_why_not() {
        for (code, entry) in entries() {
            assert!(entry.example.is_some() != entry.unshown.is_some(), "{code}");
        }
    }

    #[test]
    fn every_explanation_has_its_texts() {
        let entries = entries();
        for code in codes(&entries) {
            for lang in [Lang::Zh, Lang::En] {
                assert!(lang.lookup(code.key).is_some(), "{}", code.key);
                assert!(code.told(lang).contains(code.code));
            }
        }
    }

    #[test]
    fn places_are_left_blank_and_examples_stay() {
        assert_eq!(
            blank("没有 `{name}`，写 {{ m.x }}"),
            "没有 `…`，写 {{ m.x }}"
        );
    }
}
