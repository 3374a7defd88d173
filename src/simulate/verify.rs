//! What `check` and every reload ask: do the files pass their own tests?

use super::coverage::coverage;
use super::load::load;
use super::run::{Wish, run};
use crate::config::Config;
use crate::diagnostic::Report;
use crate::process::playbook::Playbook;

/// What the tests of the rules folder say.
#[derive(Debug, Clone, Default)]
pub struct Verified {
    /// Problems of the test files, then failures, then rules without tests.
    pub report: Report,
    /// How many tests there are.
    pub tests: usize,
    /// Whether they were run: broken rules or test files are mended first.
    pub ran: bool,
}

/// Reads the tests of the rules folder and runs them against `playbook`. Without one, because
/// the rules themselves are broken, the test files are only read.
#[must_use]
pub fn verify(config: &Config, playbook: Option<&Playbook>, wish: &Wish) -> Verified {
    let (suite, mut report) = load(config, playbook);
    let good = playbook.filter(|_| !report.has_errors());
    if let Some(playbook) = good {
        // What is only played has no place in the log of the bot.
        let nowhere = tracing::Dispatch::none();
        let outcome =
            tracing::dispatcher::with_default(&nowhere, || run(config, playbook, &suite, wish));
        report.merge(outcome.report());
        if wish.coverage {
            report.merge(coverage(config, playbook, &outcome));
        }
    }
    Verified {
        report,
        tests: suite.count(),
        ran: good.is_some(),
    }
}
