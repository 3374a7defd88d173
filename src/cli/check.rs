//! `check`: config, rules and templates, all problems at once.

use super::output::Terminal;
use super::{ConfigArg, Ended, Format, environment};
use crate::app::load_playbook;
use crate::config::Config;
use crate::diagnostic::Severity;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArg,
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[arg(long)]
    strict: bool,
}

pub(super) fn run(args: &Args, terminal: &Terminal) -> anyhow::Result<Ended> {
    let outlined = Config::outline(&args.config.config, &environment);
    let unreadable = outlined.unreadable();
    let mut report = outlined.report;
    // Missing secrets say nothing about rules: whoever writes those may not have them.
    if let Some(config) = &outlined.config {
        let (_, more) = load_playbook(config);
        report.merge(more);
    }
    let wrong = report.has_errors() || (args.strict && report.count(Severity::Warning) > 0);
    match args.format {
        Format::Json => terminal.json(&serde_json::json!({
            "ok": !wrong,
            "errors": report.count(Severity::Error),
            "warnings": report.count(Severity::Warning),
            "problems": report.rendered(terminal.lang),
        }))?,
        Format::Text if report.is_empty() => terminal.say("check.no_problems", &[]),
        Format::Text => terminal.line(report.human(terminal.lang)),
    }
    Ok(match (unreadable, wrong) {
        (true, _) => Ended::CouldNotRun,
        (false, true) => Ended::FoundWrong,
        (false, false) => Ended::Good,
    })
}
