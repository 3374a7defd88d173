//! `check`: config, rules and templates, all problems at once; `--fix` mends some of them.

use super::output::Terminal;
use super::{ConfigArg, Ended, Format, environment, explain, fix};
use crate::app::read_playbook;
use crate::config::Config;
use crate::diagnostic::Severity;
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
    let mut tests = None;
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
            "warnings": report.count(Severity::Warning),
            "problems": report.rendered(terminal.lang),
            "mended": mending.as_ref().map(|mending| &mending.list),
        }))?,
        Format::Text if report.is_empty() => terminal.say("check.no_problems", &[]),
        Format::Text => terminal.line(report.human(terminal.lang)),
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
