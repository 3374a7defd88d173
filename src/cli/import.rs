//! `rules import`: a spreadsheet becomes a rule file and templates.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use super::output::Terminal;
use super::{ConfigArg, Ended, environment};
use crate::app::{Folders, load_playbook, write_whole};
use crate::config::{Config, Paths};
use crate::diagnostic::{Diagnostic, Report, Severity};
use crate::import::{Found, Place, Row, Written, grid, rows, write};
use crate::rules::problems::DUPLICATE_ID;
use crate::templates::Catalog;

static SAMPLE_XLSX: &[u8] = include_bytes!("../../docs/samples/导入样例.xlsx");
static SAMPLE_CSV: &[u8] = include_bytes!("../../docs/samples/导入样例.csv");

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArg,
    #[arg(value_name = "FILE", required_unless_present = "sample")]
    file: Option<PathBuf>,
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[arg(long, value_name = "NAME")]
    sheet: Option<String>,
    #[arg(long)]
    check: bool,
    #[arg(long)]
    force: bool,
    #[arg(long, value_name = "FILE", conflicts_with = "file")]
    sample: Option<PathBuf>,
}

pub(super) fn run(args: &Args, terminal: &Terminal) -> anyhow::Result<Ended> {
    if let Some(file) = &args.sample {
        return sample(file, terminal);
    }
    let Some(file) = &args.file else {
        bail!(terminal.lang.text("import.which", &[]));
    };
    let outlined = Config::outline(&args.config.config, &environment);
    let Some(config) = outlined.config else {
        terminal.report(&outlined.report);
        bail!(terminal.lang.text("cli.bad_config", &[]));
    };
    let target = target(args, file, &config, terminal)?;
    let bytes = std::fs::read(file).with_context(|| file.display().to_string())?;
    let (templates, _) = Catalog::load(&config.paths.templates);
    let known: Vec<&str> = templates.names().collect();
    let mut found = Found::default();
    quiet_about(grid::THREAD);
    let cells = grid(&bytes, args.sheet.as_deref(), &mut found).unwrap_or_default();
    let rows = if found.has_errors() && cells.is_empty() {
        Vec::new()
    } else {
        rows(&cells, &known, &target.label, &mut found)
    };
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let heading = [
        terminal
            .lang
            .text("import.heading_from", &[("file", &name)]),
        terminal.lang.text("import.heading_stop", &[]),
    ];
    let written = write(&rows, &target.label, &heading);
    let others = if found.is_about_all() || rows.is_empty() {
        Vec::new()
    } else {
        // All mistakes in one run, so what can be read of a flawed sheet is checked as well.
        let filled: Vec<Row> = rows.iter().map(Row::filled).collect();
        let written = write(&filled, &target.label, &heading);
        tried(&config, &target, &written, &mut found)?
    };
    let refused = found.has_errors()
        || others
            .iter()
            .any(|finding| finding.severity == Severity::Error);
    for finding in found.in_order(&name).into_iter().chain(others) {
        terminal.line(finding.human(terminal.lang));
    }
    if refused {
        terminal.warn("import.refused", &[]);
        return Ok(Ended::FoundWrong);
    }
    finish(args, &target, &written, rows.len(), terminal)
}

/// A panic on this thread is told as a finding and nothing else.
fn quiet_about(thread: &'static str) {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if std::thread::current().name() != Some(thread) {
            usual(panic);
        }
    }));
}

/// Writes everything, or says what would be written.
fn finish(
    args: &Args,
    target: &Target,
    written: &Written,
    rules: usize,
    terminal: &Terminal,
) -> anyhow::Result<Ended> {
    let (rules, templates) = (rules.to_string(), written.templates.len().to_string());
    if args.check {
        let values = [("rules", rules.as_str()), ("templates", &templates)];
        terminal.say("import.checked", &values);
        return Ok(Ended::Good);
    }
    let files = target.files(written);
    let there = files.iter().find(|(path, _)| path.exists());
    if let Some((path, _)) = there.filter(|_| !args.force) {
        let file = path.display().to_string();
        terminal.warn("import.exists", &[("file", &file)]);
        return Ok(Ended::FoundWrong);
    }
    for (path, text) in &files {
        write_whole(path, text.as_bytes()).with_context(|| path.display().to_string())?;
    }
    let file = target.rules.display().to_string();
    let folder = target.templates.join(&target.label).display().to_string();
    let values = [
        ("rules", rules.as_str()),
        ("templates", &templates),
        ("file", &file),
        ("folder", &folder),
    ];
    terminal.say("import.done", &values);
    Ok(Ended::Good)
}

fn sample(file: &Path, terminal: &Terminal) -> anyhow::Result<Ended> {
    use std::io::Write as _;
    let form = file.extension().and_then(|form| form.to_str());
    let content = match form {
        Some("xlsx") => SAMPLE_XLSX,
        Some("csv") => SAMPLE_CSV,
        _ => bail!(terminal.lang.text("import.sample_form", &[])),
    };
    let name = file.display().to_string();
    let mut new = std::fs::File::create_new(file).with_context(|| name.clone())?;
    new.write_all(content).with_context(|| name.clone())?;
    terminal.say("import.sample", &[("file", &name)]);
    Ok(Ended::Good)
}

/// Where an import goes.
struct Target {
    /// The rule file.
    rules: PathBuf,
    /// Its path below the folder of the rules.
    inside: PathBuf,
    /// The folder of the templates.
    templates: PathBuf,
    /// The beginning of ids, and the folder of the new templates below `templates`.
    label: String,
}

impl Target {
    /// Every file to write, the rule file last: it names the others.
    fn files(&self, written: &Written) -> Vec<(PathBuf, String)> {
        let templates = written.templates.iter();
        let templates = templates.map(|(name, text)| {
            let path = self.templates.join(format!("{name}.txt"));
            (path, text.clone())
        });
        let rules = (self.rules.clone(), written.rules.clone());
        templates.chain(std::iter::once(rules)).collect()
    }
}

fn target(
    args: &Args,
    file: &Path,
    config: &Config,
    terminal: &Terminal,
) -> anyhow::Result<Target> {
    let folder = &config.paths.rules;
    let rules = match &args.out {
        Some(out) => out.clone(),
        None => {
            let stem = file.file_stem().unwrap_or_default();
            folder.join(stem).with_added_extension("yaml")
        }
    };
    let absolute = std::path::absolute(&rules)?;
    let inside = absolute.strip_prefix(std::path::absolute(folder)?);
    let label = rules.file_stem().and_then(|stem| stem.to_str());
    let (Ok(inside), Some(label), Some("yaml")) = (
        inside,
        label,
        rules.extension().and_then(|ending| ending.to_str()),
    ) else {
        let folder = folder.display().to_string();
        bail!(terminal.lang.text("import.outside", &[("folder", &folder)]));
    };
    Ok(Target {
        inside: inside.to_path_buf(),
        label: label.to_owned(),
        templates: config.paths.templates.clone(),
        rules,
    })
}

/// Checks what would be written together with everything that is there, in a copy. What is
/// said about the new files goes to their cells; what is new and about others is given back.
fn tried(
    config: &Config,
    target: &Target,
    written: &Written,
    found: &mut Found,
) -> anyhow::Result<Vec<Diagnostic>> {
    let home = tempfile::tempdir()?;
    let paths = copy(config, home.path())?;
    let copied = Target {
        rules: paths.rules.join(&target.inside),
        inside: target.inside.clone(),
        templates: paths.templates.clone(),
        label: target.label.clone(),
    };
    for (path, text) in copied.files(written) {
        write_whole(&path, text.as_bytes())?;
    }
    let mut trial = config.clone();
    trial.paths = paths;
    let (_, before) = load_playbook(config);
    let known: BTreeSet<String> = before.items().into_iter().map(identity).collect();
    let (_, report) = load_playbook(&trial);
    let told = found.clone();
    let mut others = Vec::new();
    for finding in items(report) {
        match place(&finding, &copied, written) {
            // What is missing was filled in for the trial, and is told.
            Some(place) if told.has(place) => {}
            Some(place) => found.at(place, finding),
            None => {
                if let Some((place, taken)) = taken_id(&finding, &copied, written, &trial, config) {
                    found.at(place, taken);
                    continue;
                }
                let finding = renamed(finding, &trial, config);
                if !known.contains(&identity(&finding)) {
                    others.push(finding);
                }
            }
        }
    }
    Ok(others)
}

fn items(report: Report) -> Vec<Diagnostic> {
    report.items().into_iter().cloned().collect()
}

/// What makes a finding the same one in two runs.
fn identity(finding: &Diagnostic) -> String {
    format!("{} {:?} {:?}", finding.code, finding.file, finding.span)
}

/// The cell that a finding in a written file is about.
fn place(finding: &Diagnostic, copied: &Target, written: &Written) -> Option<Place> {
    let file = Path::new(finding.file.as_deref()?);
    if file == copied.rules {
        return finding.span.and_then(|span| written.cell(span.line));
    }
    let inside = file.strip_prefix(&copied.templates).ok()?;
    let name = inside.to_str()?.strip_suffix(".txt")?;
    written.cells.get(name).copied()
}

/// An id that another file has too is told of the later of the two files. If that is the other
/// one, the row is still the one to mend.
fn taken_id(
    finding: &Diagnostic,
    copied: &Target,
    written: &Written,
    trial: &Config,
    config: &Config,
) -> Option<(Place, Diagnostic)> {
    let first = finding
        .filled("first")
        .filter(|_| finding.code == DUPLICATE_ID.code)?;
    let (file, line) = first.rsplit_once(':')?;
    let place = written
        .cell(line.parse().ok()?)
        .filter(|_| copied.rules == Path::new(file))?;
    let other = renamed(finding.clone(), trial, config);
    let line = other.span.map_or(1, |span| span.line);
    let other = format!("{}:{line}", other.file.unwrap_or_default());
    let found = Diagnostic::of(DUPLICATE_ID).value("id", finding.filled("id")?);
    Some((place, found.value("first", other)))
}

/// The finding with the file's real name.
fn renamed(mut finding: Diagnostic, trial: &Config, config: &Config) -> Diagnostic {
    let pairs = [
        (&trial.paths.rules, &config.paths.rules),
        (&trial.paths.templates, &config.paths.templates),
        (&trial.paths.sops, &config.paths.sops),
        (&trial.paths.channels, &config.paths.channels),
    ];
    if let Some(file) = &finding.file {
        let real = pairs.into_iter().find_map(|(copied, real)| {
            let inside = Path::new(file).strip_prefix(copied).ok()?;
            // A file below itself would end in a slash.
            let real = match inside.as_os_str().is_empty() {
                true => real.clone(),
                false => real.join(inside),
            };
            Some(real.display().to_string())
        });
        finding.file = real.or(finding.file);
    }
    finding
}

fn copy(config: &Config, home: &Path) -> anyhow::Result<Paths> {
    let paths = Paths {
        rules: home.join("rules"),
        templates: home.join("templates"),
        sops: home.join("sops"),
        channels: home.join("channels.yaml"),
    };
    for folder in [&paths.rules, &paths.templates, &paths.sops] {
        std::fs::create_dir(folder)?;
    }
    for (name, path) in Folders::of(config).list() {
        let place = home.join(name);
        if let Some(folder) = place.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::copy(&path, place).with_context(|| path.display().to_string())?;
    }
    Ok(paths)
}
