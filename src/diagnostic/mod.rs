//! What is wrong with an operator's file, where, and how to mend it.
//!
//! A [`Diagnostic`] keeps the key and the values of its text, so that one run can be
//! shown in either language. [`Report`] collects the findings of a run; [`Source`] knows
//! the lines of one file.

mod render;
mod report;
mod source;

pub use render::Rendered;
pub use report::{Findings, Report};
pub use source::{Source, Span};

use serde::Serialize;

use crate::lang::{self, Lang};

/// The place of texts that holds what could be written.
const KNOWN: &str = "known";

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The file cannot be used.
    Error,
    /// The file can be used, but probably does not do what was meant.
    Warning,
}

/// Where in a report a finding stands: causes before what they lead to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Part {
    /// What the files say.
    #[default]
    Files,
    /// What their tests say.
    Tests,
    /// Values that this machine does not have: whoever writes rules needs none of them.
    Values,
}

/// A kind of finding: its stable code, how bad it is, and the key of its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// Stable code, for example `R012`.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// Key of the text; `<key>_help` is the text of the mend, if there is one.
    pub key: &'static str,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Stable code.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// The file, as the operator would name it.
    pub file: Option<String>,
    /// The place in the file.
    pub span: Option<Span>,
    /// The line that the place is in.
    pub source_line: Option<String>,
    /// Where in a report it stands.
    pub part: Part,
    key: &'static str,
    text: Option<&'static str>,
    help: Option<&'static str>,
    values: Vec<(&'static str, Filling)>,
}

/// What stands in a place of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Filling {
    /// The same in every language.
    Text(String),
    /// Another entry of the catalogue.
    Entry(&'static str),
    /// A reason as it is stored.
    Reason(String),
}

impl Diagnostic {
    /// A finding whose text is the catalogue entry `key`.
    #[must_use]
    pub fn new(code: &'static str, severity: Severity, key: &'static str) -> Self {
        Self {
            code,
            severity,
            file: None,
            span: None,
            source_line: None,
            part: Part::default(),
            key,
            text: None,
            help: None,
            values: Vec::new(),
        }
    }

    /// A finding of a known kind.
    #[must_use]
    pub fn of(kind: Kind) -> Self {
        Self::new(kind.code, kind.severity, kind.key)
    }

    /// Fills `{name}` in the text and in the mend.
    #[must_use]
    pub fn value(mut self, name: &'static str, value: impl Into<String>) -> Self {
        let value = value.into();
        // A list of what could be written instead says so when there is nothing yet.
        let filling = match name == KNOWN && value.is_empty() {
            true => Filling::Entry("check.none_known"),
            false => Filling::Text(value),
        };
        self.values.push((name, filling));
        self
    }

    /// What `{name}` was filled with, if it is the same in every language.
    #[must_use]
    pub fn filled(&self, name: &str) -> Option<&str> {
        self.values.iter().find_map(|(key, value)| match value {
            Filling::Text(text) if *key == name => Some(text.as_str()),
            _ => None,
        })
    }

    /// Fills `{name}` with another entry of the catalogue, whose own places are filled too.
    #[must_use]
    pub fn entry(mut self, name: &'static str, key: &'static str) -> Self {
        self.values.push((name, Filling::Entry(key)));
        self
    }

    /// Fills `{name}` with a stored reason, in the reader's language.
    #[must_use]
    pub fn reason(mut self, name: &'static str, english: &str) -> Self {
        let reason = Filling::Reason(english.to_owned());
        self.values.push((name, reason));
        self
    }

    /// Chooses another text than that of its kind; the mend stays.
    #[must_use]
    pub fn text(mut self, key: &'static str) -> Self {
        self.text = Some(key);
        self
    }

    /// Says where in a report it stands.
    #[must_use]
    pub fn part(mut self, part: Part) -> Self {
        self.part = part;
        self
    }

    /// Fills `{detail}` with what the system says, in the reader's language.
    #[must_use]
    pub fn system(self, error: &std::io::Error) -> Self {
        let number = error.raw_os_error().unwrap_or_default();
        self.value("number", number.to_string())
            .entry("detail", lang::system_key(error))
    }

    /// Chooses another text for the mend than `<key>_help`.
    #[must_use]
    pub fn help(mut self, key: &'static str) -> Self {
        self.help = Some(key);
        self
    }

    /// Offers the known name nearest to a mistyped one, if any is near.
    #[must_use]
    pub fn suggest<'n>(self, wrong: &str, known: impl IntoIterator<Item = &'n str>) -> Self {
        match nearest(wrong, known) {
            Some(near) => self.value("near", near).help("check.did_you_mean"),
            None => self,
        }
    }

    /// Says in which file and where.
    #[must_use]
    pub fn at(mut self, file: impl Into<String>, span: Span) -> Self {
        self.file = Some(file.into());
        self.span = Some(span);
        self
    }

    /// Says in which file, when no place in it can be named.
    #[must_use]
    pub fn in_file(mut self, file: impl Into<String>) -> Self {
        self.file = Some(file.into());
        self
    }

    /// Adds the line that the place is in.
    #[must_use]
    pub fn line(mut self, line: impl Into<String>) -> Self {
        self.source_line = Some(line.into());
        self
    }

    /// What is wrong.
    #[must_use]
    pub fn message(&self, lang: Lang) -> String {
        self.told(self.text.unwrap_or(self.key), lang)
    }

    /// How to mend it.
    #[must_use]
    pub fn mend(&self, lang: Lang) -> Option<String> {
        let own = format!("{}_help", self.key);
        let key = self.help.unwrap_or(&own);
        lang.lookup(key).map(|_| self.told(key, lang))
    }

    fn told(&self, key: &str, lang: Lang) -> String {
        let texts = self.values.iter().filter_map(|(name, value)| match value {
            Filling::Text(text) => Some((*name, text.as_str())),
            Filling::Entry(_) | Filling::Reason(_) => None,
        });
        let texts: Vec<(&str, &str)> = texts.collect();
        let retold = self.values.iter().filter_map(|(name, value)| match value {
            Filling::Text(_) => None,
            Filling::Entry(key) => Some((*name, lang.text(key, &texts))),
            Filling::Reason(english) => Some((*name, lang.retell(english))),
        });
        let retold: Vec<(&str, String)> = retold.collect();
        let mut all = texts;
        all.extend(retold.iter().map(|(name, text)| (*name, text.as_str())));
        lang.text(key, &all)
    }
}

/// The known name that a mistyped one was probably meant to be.
#[must_use]
pub fn nearest<'n>(wrong: &str, known: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    // Half of a short Chinese name may be wrong, a third of a long key.
    let length = wrong.chars().count();
    let allowed = if length <= 4 {
        (length / 2).max(1)
    } else {
        length / 3
    };
    known
        .into_iter()
        .map(|name| (distance(wrong, name), name))
        .filter(|(distance, name)| *distance <= allowed && *distance < name.chars().count())
        .min()
        .map(|(_, name)| name)
}

fn distance(wrong: &str, name: &str) -> usize {
    // A name that differs only in case or in its folder is the nearest of all.
    if wrong.eq_ignore_ascii_case(name) || name.rsplit('/').next() == Some(wrong) {
        return 0;
    }
    strsim::osa_distance(wrong, name)
}

/// Declares the kinds of one module, and `ALL` of them.
macro_rules! kinds {
    ($($name:ident = $severity:ident $code:literal $key:literal;)*) => {
        $(pub(crate) const $name: crate::diagnostic::Kind = crate::diagnostic::Kind {
            code: $code,
            severity: crate::diagnostic::Severity::$severity,
            key: concat!("check.", $key),
        };)*
        pub(crate) const ALL: &[crate::diagnostic::Kind] = &[$($name),*];
    };
}
pub(crate) use kinds;

#[cfg(test)]
mod tests;
