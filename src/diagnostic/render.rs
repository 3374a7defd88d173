//! A report for people (carets that stand under double-width characters) and for scripts.

use serde::Serialize;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::{Diagnostic, Part, Report, Severity, Span};
use crate::lang::Lang;

/// Columns of a source line that are shown around the place.
const WINDOW: usize = 100;

/// A finding in one language, as scripts read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rendered {
    /// Stable code.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// The file.
    pub file: Option<String>,
    /// Line, from 1.
    pub line: Option<usize>,
    /// Column in characters, from 1.
    pub column: Option<usize>,
    /// Length in characters.
    pub len: Option<usize>,
    /// What is wrong.
    pub message: String,
    /// How to mend it.
    pub help: Option<String>,
    /// The line that the place is in.
    pub source_line: Option<String>,
}

impl Diagnostic {
    /// The finding in one language, as scripts read it.
    #[must_use]
    pub fn rendered(&self, lang: Lang) -> Rendered {
        Rendered {
            code: self.code,
            severity: self.severity,
            file: self.file.clone(),
            line: self.span.map(|span| span.line),
            column: self.span.map(|span| span.column),
            len: self.span.map(|span| span.len),
            message: self.message(lang),
            help: self.mend(lang),
            source_line: self.source_line.clone(),
        }
    }

    /// Where and what, in one line.
    #[must_use]
    pub fn headline(&self, lang: Lang) -> String {
        let message = self.message(lang);
        match (&self.file, self.span) {
            (Some(file), Some(span)) => format!("{file}:{}:{}: {message}", span.line, span.column),
            (Some(file), None) => format!("{file}: {message}"),
            (None, _) => message,
        }
    }

    /// The finding for people: what, where, the line with carets, the mend.
    #[must_use]
    pub fn human(&self, lang: Lang) -> String {
        let word = match self.severity {
            Severity::Error => lang.text("check.error", &[]),
            Severity::Warning => lang.text("check.warning", &[]),
        };
        let mut out = format!("{word}[{}] {}\n", self.code, self.message(lang));
        let mut margin = " ".to_owned();
        if let Some(file) = &self.file {
            match (self.span, &self.source_line) {
                (Some(span), Some(line)) => {
                    margin = " ".repeat(span.line.to_string().len());
                    place(&mut out, file, span, &margin);
                    snippet(&mut out, span, line, &margin);
                }
                (Some(span), None) => place(&mut out, file, span, &margin),
                (None, _) => put(&mut out, format_args!("{margin}--> {file}\n")),
            }
        }
        if let Some(mend) = self.mend(lang) {
            let label = lang.text("check.mend", &[]);
            put(&mut out, format_args!("{margin} = {label}{mend}\n"));
        }
        out
    }
}

impl Report {
    /// All findings for people, with a line of counts at the end.
    #[must_use]
    pub fn human(&self, lang: Lang) -> String {
        let mut out = String::new();
        let mut headed = false;
        for item in self.items() {
            if item.part == Part::Values && !headed {
                headed = true;
                let count = self.missing_values().to_string();
                out.push_str(&lang.text("check.values_head", &[("count", &count)]));
                out.push_str("\n\n");
            }
            out.push_str(&item.human(lang));
            out.push('\n');
        }
        out.push_str(&self.summary(lang));
        out.push('\n');
        out
    }

    /// How many errors and warnings there are, and how many values are missing.
    #[must_use]
    pub fn summary(&self, lang: Lang) -> String {
        if self.is_empty() {
            return lang.text("check.no_problems", &[]);
        }
        let missing = self.missing_values();
        // Missing values are errors, told and counted by themselves.
        let errors = (self.count(Severity::Error) - missing).to_string();
        let warnings = self.count(Severity::Warning).to_string();
        let missing_told = missing.to_string();
        let counts = [
            ("errors", errors.as_str()),
            ("warnings", &warnings),
            ("missing", &missing_told),
        ];
        match missing {
            0 => lang.text("check.summary", &counts),
            _ => lang.text("check.summary_values", &counts),
        }
    }

    /// All findings as scripts read them.
    #[must_use]
    pub fn rendered(&self, lang: Lang) -> Vec<Rendered> {
        self.items()
            .into_iter()
            .map(|item| item.rendered(lang))
            .collect()
    }
}

fn put(out: &mut String, text: std::fmt::Arguments<'_>) {
    out.push_str(&text.to_string());
}

fn place(out: &mut String, file: &str, span: Span, margin: &str) {
    let Span { line, column, .. } = span;
    put(out, format_args!("{margin}--> {file}:{line}:{column}\n"));
}

fn snippet(out: &mut String, span: Span, line: &str, margin: &str) {
    let shown: Vec<char> = line.chars().map(visible).collect();
    let from = (span.column - 1).min(shown.len());
    let to = (from + span.len).min(shown.len());
    let (start, end) = window(&shown, from, to);
    let lead = if start > 0 { "…" } else { "" };
    let tail = if end < shown.len() { "…" } else { "" };
    let text: String = shown[start..end].iter().collect();
    let before: String = shown[start..from].iter().collect();
    let under: String = shown[from..to.min(end).max(from)].iter().collect();
    let pad = " ".repeat(lead.width() + before.width());
    let carets = "^".repeat(under.width().max(1));
    put(
        out,
        format_args!(
            "{margin} |\n{} | {lead}{text}{tail}\n{margin} | {pad}{carets}\n",
            span.line
        ),
    );
}

/// A tab or control character would shift the carets.
fn visible(c: char) -> char {
    match c.width() {
        None | Some(0) => ' ',
        Some(_) => c,
    }
}

/// The part of a long line that surrounds the place.
fn window(line: &[char], from: usize, to: usize) -> (usize, usize) {
    if line.len() <= WINDOW {
        return (0, line.len());
    }
    let start = from.saturating_sub(WINDOW / 2);
    let end = to
        .max(start + WINDOW)
        .min(line.len())
        .min(start + 2 * WINDOW);
    (start, end.max(from))
}
