//! `test`: runs rule tests on a simulated clock. Sends nothing.

use std::path::PathBuf;

use clap::ValueEnum;

use super::output::Terminal;
use super::{ConfigArg, Ended, environment, junit, outcome as lines};
use crate::app::read_playbook;
use crate::config::Config;
use crate::diagnostic::Report;
use crate::simulate::run::{Failure, TestResult};
use crate::simulate::{Outcome, Suite, Wish, load, run as run_tests};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    config: ConfigArg,
    #[arg(long, value_name = "NAME")]
    filter: Option<String>,
    #[arg(long, value_enum, default_value_t)]
    format: TestFormat,
}

/// How results are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum TestFormat {
    /// For people.
    #[default]
    Text,
    /// For scripts.
    Json,
    /// For CI.
    Junit,
}

pub(super) fn run(args: &Args, terminal: &Terminal) -> anyhow::Result<Ended> {
    // Nothing is sent, so the secrets need not be there.
    let outlined = Config::outline(&args.config.config, &environment);
    let usable = outlined.lacks_values_only();
    let Some(config) = outlined.config.filter(|_| usable) else {
        terminal.report(&outlined.report);
        return Ok(Ended::CouldNotRun);
    };
    let (playbook, report) = read_playbook(&config);
    let Some(playbook) = playbook else {
        terminal.report(&report);
        return Ok(Ended::CouldNotRun);
    };
    let (suite, problems) = if args.paths.is_empty() {
        load(&config, Some(&playbook))
    } else {
        load::paths(&config, Some(&playbook), &args.paths)
    };
    let wish = Wish {
        filter: args.filter.clone(),
        coverage: false,
    };
    let mut outcome = Outcome::default();
    if !problems.has_errors() {
        outcome = run_tests(&config, &playbook, &suite, &wish);
        if outcome.results.is_empty() {
            nothing_to_run(args, &config, terminal);
            return Ok(Ended::CouldNotRun);
        }
    }
    show(args.format, &suite, &outcome, &problems, terminal)?;
    if load::is_unreadable(&problems) {
        return Ok(Ended::CouldNotRun);
    }
    let good = outcome.failed() == 0 && !outcome.stopped && !problems.has_errors();
    Ok(if good { Ended::Good } else { Ended::FoundWrong })
}

fn nothing_to_run(args: &Args, config: &Config, terminal: &Terminal) {
    match &args.filter {
        Some(name) => terminal.warn("simulate.none_named", &[("name", name)]),
        None => {
            let folder = config.paths.rules.display().to_string();
            terminal.warn("simulate.no_tests", &[("folder", &folder)]);
        }
    }
}

fn show(
    format: TestFormat,
    suite: &Suite,
    outcome: &Outcome,
    problems: &Report,
    terminal: &Terminal,
) -> anyhow::Result<()> {
    match format {
        TestFormat::Text => {
            if !problems.is_empty() {
                terminal.report(problems);
            }
            people(outcome, terminal);
        }
        TestFormat::Json => terminal.json(&serde_json::json!({
            "ok": outcome.failed() == 0 && !outcome.stopped && !problems.has_errors(),
            "files": suite.files.len(),
            "tests": outcome.results.len(),
            "failed": outcome.failed(),
            "stopped": outcome.stopped,
            "results": outcome.results.iter().map(as_json).collect::<Vec<_>>(),
            "problems": problems.rendered(terminal.lang),
        }))?,
        TestFormat::Junit => {
            terminal.line(junit::write(outcome, problems, terminal.lang)?);
        }
    }
    Ok(())
}

fn as_json(result: &TestResult) -> serde_json::Value {
    let failures = result.failures.iter().map(|failure| {
        serde_json::json!({
            "step": failure.step,
            "line": failure.span.line,
            "column": failure.span.column,
            "expected": failure.expected,
            "got": failure.got,
        })
    });
    serde_json::json!({
        "file": result.file,
        "line": result.span.line,
        "name": result.name,
        "ok": result.failures.is_empty(),
        "failures": failures.collect::<Vec<_>>(),
    })
}

fn people(outcome: &Outcome, terminal: &Terminal) {
    for results in outcome.results.chunk_by(|one, next| one.file == next.file) {
        let file = results.first().map_or("", |result| &result.file);
        let good = results.iter().filter(|result| result.failures.is_empty());
        let (good, all) = (good.count().to_string(), results.len().to_string());
        let values = [("file", file), ("good", &good), ("all", &all)];
        let key = if good == all {
            "simulate.file_good"
        } else {
            "simulate.file_bad"
        };
        terminal.say(key, &values);
        for result in results.iter().filter(|result| !result.failures.is_empty()) {
            terminal.line(format!("\n✗ {}", result.name));
            for failure in &result.failures {
                tell(result, failure, terminal);
            }
        }
    }
    let all = outcome.results.len().to_string();
    let failed = outcome.failed().to_string();
    let files = outcome.files().to_string();
    let values = [
        ("all", all.as_str()),
        ("failed", &failed),
        ("files", &files),
    ];
    if outcome.stopped {
        terminal.say("simulate.stopped", &values);
    } else if outcome.failed() > 0 {
        terminal.say("simulate.some_failed", &values);
    } else if !outcome.results.is_empty() {
        terminal.say("simulate.all_good", &values);
    }
}

fn tell(result: &TestResult, failure: &Failure, terminal: &Terminal) {
    let lang = terminal.lang;
    let number = failure.step.to_string();
    let step = lines::step(&failure.what, lang);
    let at = format!(
        "{}:{}:{}",
        result.file, failure.span.line, failure.span.column
    );
    let values = [("place", at.as_str()), ("number", &number), ("step", &step)];
    terminal.say("simulate.step", &values);
    terminal.line(format!("    {}", failure.line.trim()));
    if let Some(expected) = &failure.expected {
        terminal.say("simulate.expected", &[("expected", expected)]);
    }
    terminal.say("simulate.got", &[("got", &terminal.reason(&failure.got))]);
    for told in &failure.happened {
        let mut out = String::new();
        if let Some(glance) = &told.glance {
            let marked = glance.marked();
            if !marked.is_empty() {
                out.push_str(&format!("{marked}\n"));
            }
            out.push_str(&glance.human(lang));
        }
        for line in lines::results(told, *terminal) {
            out.push_str(&format!("→ {line}\n"));
        }
        terminal.line(format!(
            "    │ {}",
            out.trim_end().replace('\n', "\n    │ ")
        ));
    }
}
