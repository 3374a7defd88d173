//! `contacts import`: what a file tells about customers enters the inbox.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use sha1::{Digest as _, Sha1};

use crate::app::{Reply, Request, read_playbook};
use crate::cli::access::Access;
use crate::cli::output::Terminal;
use crate::cli::{ConfigArg, Ended};
use crate::domain::anniversary::Anniversary;
use crate::receive::ingest::{Read, read, records};

/// So many lines go to the server at once.
const AT_ONCE: usize = 500;
/// So many problems are told.
const MOST_TOLD: usize = 50;
/// Columns of a table that are not attributes.
const OWN: [&str; 5] = ["id", "customer", "at", "event", "amount"];

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    #[command(flatten)]
    config: ConfigArg,
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[arg(long)]
    dry_run: bool,
}

pub(in crate::cli) async fn run(args: Args, terminal: &Terminal) -> anyhow::Result<Ended> {
    let access = Access::open(&args.config, terminal).await?;
    let name = args.file.display().to_string();
    let text = std::fs::read_to_string(&args.file).with_context(|| name.clone())?;
    let (text, first, skipped) = if is_table(&args.file) {
        (lines_of(&text)?, 1, 0)
    } else {
        let (text, skipped) = of_export(text);
        (text, 0, skipped)
    };
    let now = access.now().await?;
    let told = read(&text, &access.config.timezone, now);
    let (playbook, _) = read_playbook(&access.config);
    let days = playbook.iter().flat_map(|it| it.rules.anniversaries());
    let days: Vec<Anniversary> = days.cloned().collect();
    for note in told.doubtful_days(&days).iter().take(MOST_TOLD) {
        // The head of a table is a line too.
        let line = note.line + first;
        terminal.line(format!("{name}:{line}: {}", note.note(terminal.lang)));
    }
    let Read { good, bad } = told;
    for problem in bad.iter().take(MOST_TOLD) {
        let line = problem.line + first;
        terminal.line(format!("{name}:{line}: {}", problem.problem(terminal.lang)));
    }
    if skipped > 0 {
        terminal.warn("import.skipped", &[("lines", &skipped.to_string())]);
    }
    let (lines, wrong) = (good.len().to_string(), bad.len().to_string());
    if !bad.is_empty() {
        terminal.warn("contacts.import_wrong", &[("lines", &wrong)]);
        return Ok(Ended::FoundWrong);
    }
    if args.dry_run {
        terminal.say("contacts.import_dry", &[("lines", &lines)]);
        return Ok(Ended::Good);
    }
    let mut new = 0;
    let mut records = records(&access.config, good, now);
    while !records.is_empty() {
        let rest = records.split_off(records.len().min(AT_ONCE));
        let Reply::Accepted(taken) = access.ask(Request::Accept(records)).await? else {
            bail!("unexpected answer");
        };
        new += taken;
        records = rest;
    }
    let new = new.to_string();
    terminal.say("contacts.imported", &[("lines", &lines), ("new", &new)]);
    Ok(Ended::Good)
}

fn is_table(file: &Path) -> bool {
    let form = file.extension().and_then(|form| form.to_str());
    form.is_some_and(|form| form.eq_ignore_ascii_case("csv"))
}

/// The lines of an `export`: what is known of a contact is told again, everything else is
/// left out and counted. Their places stay, so that a problem is told by its line.
fn of_export(text: String) -> (String, usize) {
    let is_export = |line: &str| line.starts_with("{\"kind\":");
    if !text.lines().any(is_export) {
        return (text, 0);
    }
    let (mut lines, mut skipped) = (String::with_capacity(text.len()), 0);
    for line in text.lines() {
        if is_export(line) {
            match contact_line(line) {
                Some(line) => lines.push_str(&line),
                None => skipped += 1,
            }
        } else {
            lines.push_str(line);
        }
        lines.push('\n');
    }
    (lines, skipped)
}

/// What an exported contact tells, if it has attributes.
fn contact_line(line: &str) -> Option<String> {
    let mut contact: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(line).ok()?;
    let is_contact = contact.get("kind")? == "contact";
    let told =
        serde_json::json!({"customer": contact.remove("customer")?, "set": contact.remove("set")?});
    let id = format!("export-{}", hash(&told));
    let mut told = is_contact.then_some(told)?;
    told.as_object_mut()?.insert("id".to_owned(), id.into());
    Some(told.to_string())
}

fn hash(told: &impl serde::Serialize) -> String {
    let told = serde_json::to_vec(told).unwrap_or_default();
    let digest = Sha1::digest(told);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A table as JSON Lines: a column that is none of ours is an attribute. Without `id` the
/// same row is the same line.
fn lines_of(text: &str) -> anyhow::Result<String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let head = reader.headers()?.clone();
    let mut lines = String::new();
    for row in reader.records() {
        let row = row?;
        let mut line = serde_json::Map::new();
        let mut set: BTreeMap<&str, &str> = BTreeMap::new();
        for (name, value) in head.iter().map(str::trim).zip(row.iter().map(str::trim)) {
            match (name, value) {
                (_, "") => {}
                ("amount", value) => {
                    let number = value.parse::<serde_json::Number>().ok();
                    let value = number.map_or_else(|| value.into(), Into::into);
                    line.insert(name.to_owned(), value);
                }
                (own, value) if OWN.contains(&own) => {
                    line.insert(own.to_owned(), value.into());
                }
                (name, value) => {
                    set.insert(name, value);
                }
            }
        }
        if !set.is_empty() {
            line.insert("set".to_owned(), serde_json::to_value(set)?);
        }
        if !line.contains_key("id") {
            let id = format!("row-{}", hash(&line));
            line.insert("id".to_owned(), id.into());
        }
        lines.push_str(&serde_json::to_string(&line)?);
        lines.push('\n');
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::{lines_of, of_export};

    #[test]
    fn an_export_tells_of_contacts_again() {
        let text = concat!(
            r#"{"kind":"received","id":"in-1"}"#,
            "\n",
            r#"{"kind":"contact","customer":"wm1","name":"小明","set":{"城市":"上海"}}"#,
            "\n",
            r#"{"kind":"contact","customer":"wm2"}"#,
            "\n",
        );
        let (lines, skipped) = of_export(text.to_owned());
        assert_eq!(skipped, 2);
        let lines: Vec<&str> = lines.lines().collect();
        assert_eq!((lines[0], lines[2]), ("", ""));
        let told: serde_json::Value = serde_json::from_str(lines[1]).expect("JSON");
        assert_eq!(told["customer"], "wm1");
        assert_eq!(told["set"]["城市"], "上海");
        let again = of_export(text.to_owned());
        assert_eq!(
            again.0.lines().nth(1),
            Some(lines[1]),
            "known when it comes again"
        );
    }

    #[test]
    fn a_table_becomes_lines() {
        let text = "\u{feff}id,customer,城市,event,amount\no-1,wm1,上海,order,9.5\n,wm2,,live,\n";
        let lines = lines_of(text).expect("a table");
        let lines: Vec<serde_json::Value> = lines
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect();
        assert_eq!(
            lines[0],
            serde_json::json!({"id": "o-1", "customer": "wm1", "event": "order", "amount": 9.5,
                "set": {"城市": "上海"}})
        );
        assert!(lines[1]["id"].as_str().expect("an id").starts_with("row-"));
        assert!(lines[1].get("set").is_none());
    }
}
