//! `sop report`: what became of each step, as a table, CSV, JSON or a chart.

use anyhow::bail;
use clap::ValueEnum;

use super::{ask, chart};
use crate::app::{SopReply, SopRequest, StepReport};
use crate::cli::access::Access;
use crate::cli::output::Terminal;
use crate::cli::{ConfigArg, Ended, since, words};
use crate::domain::clock::UnixMillis;
use crate::domain::ids::SopId;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArg,
    #[arg(value_name = "SOP")]
    id: String,
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,
    #[arg(long, value_enum, default_value_t)]
    format: ReportFormat,
}

/// How a report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum ReportFormat {
    /// For people.
    #[default]
    Table,
    /// For spreadsheets.
    Csv,
    /// For scripts.
    Json,
    /// A picture.
    Svg,
}

pub(super) async fn run(args: &Args, terminal: &Terminal) -> anyhow::Result<Ended> {
    let access = Access::open(&args.config, terminal).await?;
    let since = match &args.since {
        Some(text) => {
            let now = access.now().await?;
            since::past(text, now, &access.config.timezone, terminal)?
        }
        None => UnixMillis(i64::MIN),
    };
    let id = SopId::from(args.id.as_str());
    let request = SopRequest::Report(id, since);
    let SopReply::Report(steps) = ask(&access, request).await? else {
        bail!("unexpected answer");
    };
    match args.format {
        ReportFormat::Json => terminal.json(&steps)?,
        ReportFormat::Svg => terminal.line(chart::svg(&args.id, &steps, terminal)),
        ReportFormat::Csv => terminal.line(csv(&steps, terminal)),
        ReportFormat::Table if steps.is_empty() => {
            terminal.say("sops.no_rows", &[("id", &args.id)]);
        }
        ReportFormat::Table => table(&steps, terminal),
    }
    Ok(Ended::Good)
}

/// What is neither with its receiver nor given up: the words of deliveries and their texts.
const ON_THE_WAY: [(&str, &str); 4] = [
    ("planned", "sops.way_planned"),
    ("created", "sops.way_created"),
    ("confirmed", "sops.way_confirmed"),
    ("unknown", "sops.way_unknown"),
];

/// The cells of a step: its name and the counts, in the order of the head.
fn cells(step: &StepReport) -> [String; 9] {
    let number = (step.step + 1).to_string();
    let skipped: u64 = step.skipped.values().sum();
    let arrived = ["delivered", "by_hand"];
    let arrived: u64 = arrived
        .iter()
        .filter_map(|word| step.delivery.get(*word))
        .sum();
    let not = ["refused", "failed", "declined", "cancelled", "expired"];
    let not: u64 = not.iter().filter_map(|word| step.delivery.get(*word)).sum();
    let counts = [
        step.targets,
        step.on_time,
        step.late,
        skipped,
        step.waiting,
        step.exited,
        arrived,
        not,
    ];
    let [
        targets,
        on_time,
        late,
        skipped,
        waiting,
        exited,
        arrived,
        not,
    ] = counts.map(|count| count.to_string());
    let name = format!("{number} {}", step.name.as_deref().unwrap_or_default());
    let name = name.trim_end().to_owned();
    [
        name, targets, on_time, late, skipped, waiting, exited, arrived, not,
    ]
}

fn table(steps: &[StepReport], terminal: &Terminal) {
    let head = terminal.lang.text("sops.report_head", &[]);
    let head: Vec<&str> = head.split('|').collect();
    terminal.line(line(&head));
    for step in steps {
        let cells = cells(step);
        let texts: Vec<&str> = cells.iter().map(String::as_str).collect();
        terminal.line(line(&texts));
        for (why, count) in reasons(step, terminal) {
            let count = count.to_string();
            terminal.say("sops.report_why", &[("why", &why), ("count", &count)]);
        }
        for (word, text) in ON_THE_WAY {
            if let Some(count) = step.delivery.get(word).filter(|count| **count > 0) {
                let (why, count) = (terminal.lang.text(text, &[]), count.to_string());
                terminal.say("sops.report_why", &[("why", &why), ("count", &count)]);
            }
        }
    }
}

/// Why it was skipped or did not arrive, and how often.
fn reasons(step: &StepReport, terminal: &Terminal) -> impl Iterator<Item = (String, u64)> {
    let all = step.skipped.iter().chain(&step.delivery_why);
    all.map(|(why, count)| (terminal.reason(why), *count))
}

fn line(texts: &[&str]) -> String {
    const WIDTHS: [usize; 9] = [24, 8, 8, 8, 8, 8, 8, 8, 0];
    let texts = texts.iter().zip(WIDTHS);
    let texts = texts.map(|(text, width)| words::padded(text, width));
    texts.collect::<Vec<_>>().join("  ").trim_end().to_owned()
}

/// With a mark of its byte order, without which spreadsheets take Chinese for something else.
fn csv(steps: &[StepReport], terminal: &Terminal) -> String {
    let head = terminal.lang.text("sops.report_head", &[]);
    let ways = ON_THE_WAY.map(|(_, text)| terminal.lang.text(text, &[]));
    let why = terminal.lang.text("sops.report_reasons", &[]);
    let heads = head.split('|').chain(ways.iter().map(|way| &**way));
    let mut lines = vec![joined(heads.chain([&*why]))];
    for step in steps {
        let ways = ON_THE_WAY.map(|(word, _)| step.delivery.get(word).copied().unwrap_or(0));
        let ways = ways.map(|count| count.to_string());
        let why = reasons(step, terminal).map(|(why, count)| format!("{count} × {why}"));
        let why = [why.collect::<Vec<_>>().join("; ")];
        let texts = cells(step);
        let texts = texts.iter().chain(&ways).chain(&why);
        lines.push(joined(texts.map(String::as_str)));
    }
    format!("\u{feff}{}", lines.join("\r\n"))
}

fn joined<'a>(cells: impl Iterator<Item = &'a str>) -> String {
    cells.map(quoted).collect::<Vec<_>>().join(",")
}

/// A cell: a text that a spreadsheet would take for a formula is marked as text.
fn quoted(text: &str) -> String {
    let text = text.trim();
    let formula = text.starts_with(['=', '+', '-', '@']);
    let mark = if formula { "'" } else { "" };
    if formula || text.contains([',', '"', '\n', '\r']) {
        return format!("\"{mark}{}\"", text.replace('"', "\"\""));
    }
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_cell_is_quoted_when_it_has_to_be() {
        assert_eq!(quoted("首单礼 "), "首单礼");
        assert_eq!(quoted("a,b"), "\"a,b\"");
        assert_eq!(quoted("他说\"好\""), "\"他说\"\"好\"\"\"");
        assert_eq!(quoted("=1+1"), "\"'=1+1\"");
    }
}
