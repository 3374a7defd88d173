//! Writing to the terminal. The only place that prints.

use std::fmt::Display;
use std::io::Write as _;

use serde::Serialize;

use super::{Ended, Format};
use crate::diagnostic::Report;
use crate::lang::{Lang, system_key};
use crate::wecom::errcode;

/// The operator's terminal and language.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terminal {
    pub(super) lang: Lang,
}

impl Terminal {
    pub(super) fn new(lang: Lang) -> Self {
        Self { lang }
    }

    /// A line of the result.
    pub(super) fn line(self, text: impl Display) {
        // A closed pipe (`| head`) is no reason to fail.
        drop(writeln!(std::io::stdout().lock(), "{text}"));
    }

    /// A text of the catalogue as a line of the result.
    pub(super) fn say(self, key: &str, values: &[(&str, &str)]) {
        self.line(self.lang.text(key, values));
    }

    /// A text of the catalogue beside the result.
    pub(super) fn warn(self, key: &str, values: &[(&str, &str)]) {
        self.beside(self.lang.text(key, values));
    }

    /// A line beside the result.
    pub(super) fn beside(self, text: impl Display) {
        drop(writeln!(std::io::stderr().lock(), "{text}"));
    }

    /// A result for scripts.
    pub(super) fn json(self, value: &impl Serialize) -> anyhow::Result<()> {
        let text = serde_json::to_string_pretty(value)?;
        self.line(text);
        Ok(())
    }

    /// Whether something that was named by an id was changed as wished.
    pub(super) fn changed(
        self,
        format: Format,
        changed: bool,
        (done, not_done): (&str, &str),
        id: &str,
    ) -> anyhow::Result<Ended> {
        if format == Format::Json {
            self.json(&serde_json::json!({ "changed": changed }))?;
        } else if changed {
            self.say(done, &[("id", id)]);
        } else {
            self.warn(not_done, &[("id", id)]);
        }
        Ok(if changed {
            Ended::Good
        } else {
            Ended::FoundWrong
        })
    }

    /// Findings, to standard error.
    pub(super) fn report(self, report: &Report) {
        drop(writeln!(
            std::io::stderr().lock(),
            "{}",
            report.human(self.lang)
        ));
    }

    /// A stored reason in the operator's language, with the meaning of an errcode.
    pub(super) fn reason(self, english: &str) -> String {
        let code = english
            .split_once("refused with ")
            .and_then(|(_, rest)| rest.split(' ').next()?.parse().ok());
        match code.and_then(errcode::lookup) {
            Some(entry) if self.lang == Lang::Zh => {
                self.lang.retell(&english.replacen(entry.en, entry.zh, 1))
            }
            _ => self.lang.retell(english),
        }
    }

    /// Why nothing could be done, with all causes.
    pub(super) fn error(self, error: &anyhow::Error) {
        let mut causes: Vec<String> = Vec::new();
        for cause in error.chain() {
            let text = self.cause(cause);
            // Some errors say what their cause says.
            if causes.last().is_none_or(|last| !last.ends_with(&text)) {
                causes.push(text);
            }
        }
        self.warn("cli.failed", &[("error", &causes.join(": "))]);
    }

    fn cause(self, cause: &(dyn std::error::Error + 'static)) -> String {
        match cause.downcast_ref::<std::io::Error>() {
            // What the system says of itself; an error in its clothes speaks for itself.
            Some(system) if system.get_ref().is_none() => {
                let number = system.raw_os_error().unwrap_or_default().to_string();
                self.lang.text(system_key(system), &[("number", &number)])
            }
            _ => self.reason(&cause.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::{Lang, Terminal};

    #[test]
    fn what_the_system_says_is_told_in_the_language_of_the_reader() {
        let terminal = Terminal { lang: Lang::Zh };
        let denied = io::Error::from_raw_os_error(13);
        assert_eq!(terminal.cause(&denied), "没有权限");
        let own = io::Error::other("甲");
        assert_eq!(terminal.cause(&own), "甲");
        assert_eq!(
            terminal.cause(&crate::store::StoreError::Closed),
            "数据存储已关闭"
        );
    }
}
