//! `check`: config, rules and templates, all problems at once; `--fix` mends some of them.

use super::output::Terminal;
use super::{ConfigArg, Ended, Format, environment, explain, fix};
use crate::app::read_playbook;
use crate::config::Config;
use crate::diagnostic::{Report, Severity};
use crate::simulate::{self, Wish};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArg,
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[arg(long)]
    strict: bool,
    #[arg(long)]
    fix: bool,
    #[arg(long, requires = "fix")]
    dry_run: bool,
    #[arg(long, value_name = "CODE")]
    explain: Option<String>,
    #[arg(long)]
    no_tests: bool,
}

pub(super) fn run(args: &Args, terminal: &Terminal) -> anyhow::Result<Ended> {
    if let Some(code) = &args.explain {
        return explain::run(code, terminal);
    }
    let outlined = Config::outline(&args.config.config, &environment);
    let mending = match &outlined.config {
        Some(config) if args.fix => Some(fix::mend(config, args.dry_run, terminal.lang)?),
        _ => None,
    };
    if args.format == Format::Text
        && let Some(mending) = &mending
    {
        mending.tell(args.dry_run, terminal);
    }
    let unreadable = outlined.unreadable();
    let mut report = outlined.report;
    report.merge(Config::exposed(&args.config.config));
    let (mut tests, mut ran) = (None, None);
    // Missing secrets say nothing about rules: whoever writes those may not have them.
    if let Some(config) = &outlined.config {
        let (playbook, more) = read_playbook(config);
        report.merge(more);
        if !args.no_tests {
            let wish = Wish {
                filter: None,
                coverage: true,
            };
            let tested = simulate::verify(config, playbook.as_ref(), &wish);
            report.merge(tested.report);
            tests = Some(tested.tests);
            ran = Some(tested.ran);
        }
    }
    let would_mend = args.dry_run
        && mending
            .as_ref()
            .is_some_and(|mending| !mending.list.is_empty());
    let strict = args.strict && report.count(Severity::Warning) > 0;
    let wrong = report.has_errors() || strict || would_mend;
    match args.format {
        Format::Json => terminal.json(&serde_json::json!({
            "ok": !wrong,
            "errors": report.count(Severity::Error),
            "tests": tests,
            "missing_values": report.missing_values(),
            "tests_ran": ran,
            "warnings": report.count(Severity::Warning),
            "problems": report.rendered(terminal.lang),
            "mended": mending.as_ref().map(|mending| &mending.list),
        }))?,
        Format::Text => tell(&report, tests, terminal),
    }
    if ran == Some(false) && tests > Some(0) && args.format == Format::Text {
        terminal.say("check.tests_not_run", &[]);
    }
    if tests == Some(0) && args.format == Format::Text {
        // One friendly word, and no warning for every rule.
        terminal.warn("simulate.write_tests", &[]);
    }
    Ok(match (unreadable, wrong) {
        (true, _) => Ended::CouldNotRun,
        (false, true) => Ended::FoundWrong,
        (false, false) => Ended::Good,
    })
}

/// What was found, and what is good although something is missing.
fn tell(report: &Report, tests: Option<usize>, terminal: &Terminal) {
    if report.is_empty() {
        return terminal.say("check.no_problems", &[]);
    }
    let others = report.items().len() - report.missing_values();
    match tests.filter(|tests| *tests > 0) {
        _ if others > 0 => {}
        Some(tests) => {
            let count = tests.to_string();
            terminal.say("check.files_and_tests_good", &[("count", &count)]);
        }
        None => terminal.say("check.files_good", &[]),
    }
    terminal.line(report.human(terminal.lang));
}
