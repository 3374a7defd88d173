//! Reads a folder of templates. The only file of this module that touches the disk.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{self, Read as _};
use std::path::{Component, Path};

use super::catalog::{Catalog, Template};
use super::parse::{MediaKind, Parser};
use super::problems;
use crate::diagnostic::{Diagnostic, Findings, Kind, Report, Span};
use crate::domain::action::TemplateName;
use crate::domain::outgoing::{MenuItem, Outgoing};
use crate::yaml::{MAX_FILE_BYTES, decode, misnamed};

/// WeCom refuses a file of less than this many bytes.
const LEAST_BYTES: u64 = 6;
/// A template is at most this large: what it becomes is bounded at the same size.
const MOST_TEMPLATE_BYTES: usize = 64 * 1024;
const MIB: u64 = 1024 * 1024;

impl Catalog {
    /// Reads all templates below `dir`. Every problem of every file is in the report; a
    /// template with an error is in the catalogue all the same, so that rules that name it
    /// are not reported too.
    #[must_use]
    pub fn load(dir: &Path) -> (Self, Report) {
        let mut report = Report::default();
        let others = RefCell::new(Vec::new());
        let kind = problems::TEMPLATES_UNREADABLE;
        let files = read_tree(dir, kind, &mut report, |name| {
            let form = form_of(name);
            let is_template = matches!(form, "txt" | "md" | "yaml" | "yml");
            if !is_template && looks_like_template(form) {
                others.borrow_mut().push(name.to_owned());
            }
            is_template
        });
        for name in others.into_inner() {
            report.push(Diagnostic::of(problems::OTHER_FILE).in_file(shown(dir, &name)));
        }
        let catalog = Self::from_files(dir, &files, &mut report);
        (catalog, report)
    }

    /// Reads templates from files already in memory: names relative to `dir`, and contents.
    /// Media files are looked for below `dir`.
    #[must_use]
    pub fn from_files(dir: &Path, files: &BTreeMap<String, Vec<u8>>, report: &mut Report) -> Self {
        let mut catalog = Self::new(dir.to_owned());
        let real_root = dir.canonicalize().unwrap_or_else(|_| dir.to_owned());
        let probe = |kind: MediaKind, name: &str| probe(&real_root, kind, name);
        let mut first: BTreeMap<TemplateName, String> = BTreeMap::new();
        for (file, bytes) in files {
            let Some((name, form)) = file.rsplit_once('.') else {
                continue;
            };
            let name = TemplateName(name.to_owned());
            if let Some(other) = first.insert(name.clone(), file.clone()) {
                let found = Diagnostic::of(problems::SAME_NAME)
                    .value("name", name.0.as_str())
                    .value("other", shown(dir, &other));
                report.push(found.at(shown(dir, file), Span::START));
            }
            let Some(source) = decode(&shown(dir, file), bytes, report) else {
                catalog.templates.insert(name, Template::default());
                continue;
            };
            if source.text().len() > MOST_TEMPLATE_BYTES {
                let kib = (MOST_TEMPLATE_BYTES / 1024).to_string();
                let found = Diagnostic::of(problems::LARGE_TEMPLATE).value("kib", kib);
                Findings::new(&source, report).add(Span::START, found);
                catalog.templates.insert(name, Template::default());
                continue;
            }
            let mut parser = Parser {
                findings: Findings::new(&source, report),
                probe: &probe,
                template: Template::default(),
            };
            match form {
                "txt" => parser.plain(false),
                "md" => parser.plain(true),
                _ => parser.yaml(),
            }
            let template = parser.template;
            catalog.compile(&template);
            catalog.templates.insert(name, template);
        }
        catalog
    }

    /// Compiles the texts once. One with a syntax error was reported when it was read.
    fn compile(&mut self, template: &Template) {
        let mut texts = Vec::new();
        for message in &template.messages {
            collect_texts(message, &mut texts);
        }
        for text in texts.into_iter().filter(|text| text.contains('{')) {
            let owned = text.to_owned();
            if self.environment.get_template(text).is_err()
                && let Err(error) = self.environment.add_template_owned(owned.clone(), owned)
            {
                tracing::debug!(kind = %error.kind(), "a template text does not compile");
            }
        }
    }
}

/// The name by which the operator finds a file from where they are.
pub(crate) fn shown(dir: &Path, name: &str) -> String {
    dir.join(name).display().to_string()
}

fn collect_texts<'m>(message: &'m Outgoing, texts: &mut Vec<&'m str>) {
    match message {
        Outgoing::Text { text } | Outgoing::Markdown { text } => texts.push(text),
        Outgoing::Link { title, url, .. } => texts.extend([title.as_str(), url.as_str()]),
        Outgoing::Menu { head, items, tail } => {
            texts.extend(head.as_deref());
            texts.extend(tail.as_deref());
            texts.extend(items.iter().map(|item| match item {
                MenuItem::Click { content, .. }
                | MenuItem::View { content, .. }
                | MenuItem::Miniprogram { content, .. }
                | MenuItem::Text { content } => content.as_str(),
            }));
        }
        Outgoing::Miniprogram { title, page, .. } => texts.extend([title.as_str(), page.as_str()]),
        // Cards and films are rare; their texts are compiled when they are sent.
        Outgoing::Card { .. }
        | Outgoing::Image { .. }
        | Outgoing::Voice { .. }
        | Outgoing::Video { .. }
        | Outgoing::File { .. } => {}
    }
}

/// What is wrong with a media file, if anything.
fn probe(real_root: &Path, kind: MediaKind, name: &str) -> Option<Diagnostic> {
    let refuse = |kind: Kind| Some(Diagnostic::of(kind));
    let path = Path::new(name);
    let plain = path
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    if !plain || name.contains(['\\', '\0']) {
        return refuse(problems::MEDIA_PATH);
    }
    let full = real_root.join(path);
    let Ok(real) = full.canonicalize() else {
        return refuse(problems::MEDIA_MISSING);
    };
    // A link may point anywhere; what it points to must be below the folder too.
    if !real.starts_with(real_root) {
        return refuse(problems::MEDIA_PATH);
    }
    let Ok(data) = real.metadata() else {
        return refuse(problems::MEDIA_MISSING);
    };
    if !data.is_file() {
        return refuse(problems::MEDIA_MISSING);
    }
    let (forms, most): (&[&str], u64) = match kind {
        MediaKind::Image => (&["jpg", "jpeg", "png"], 10 * MIB),
        MediaKind::Voice => (&["amr"], 2 * MIB),
        MediaKind::Video => (&["mp4"], 10 * MIB),
        MediaKind::File => (&[], 20 * MIB),
    };
    let form = path.extension().and_then(|form| form.to_str());
    let form = form.unwrap_or_default().to_ascii_lowercase();
    if !forms.is_empty() && !forms.contains(&form.as_str()) {
        return Some(Diagnostic::of(problems::MEDIA_FORM).value("known", forms.join(", ")));
    }
    if data.len() < LEAST_BYTES || data.len() > most {
        let found = Diagnostic::of(problems::MEDIA_SIZE)
            .value("bytes", data.len().to_string())
            .value("mib", (most / MIB).to_string());
        return Some(found);
    }
    None
}

/// Reads the files below a folder that `keep` wants, by their path from the folder. What
/// cannot be read is reported and does not hide the rest.
pub(crate) fn read_tree(
    dir: &Path,
    unreadable: Kind,
    report: &mut Report,
    keep: impl Fn(&str) -> bool,
) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![String::new()];
    while let Some(folder) = folders.pop() {
        let path = dir.join(&folder);
        let entries = match read_folder(&path) {
            Ok(entries) => entries,
            Err(error) => {
                let found = Diagnostic::of(unreadable).system(&error);
                report.push(found.in_file(path.display().to_string()));
                continue;
            }
        };
        for (name, is_folder) in entries {
            let full = format!("{folder}{name}");
            if is_folder {
                folders.push(format!("{full}/"));
            } else if keep(&full) {
                let path = dir.join(&full);
                match read_bounded(&path) {
                    Ok(bytes) => {
                        files.insert(full, bytes);
                    }
                    Err(error) => {
                        let found = Diagnostic::of(unreadable).system(&error);
                        report.push(found.in_file(path.display().to_string()));
                    }
                }
            }
        }
    }
    files
}

/// Reads the YAML files below a folder that `keep` wants, and warns of those whose names only
/// look like it.
pub(crate) fn read_yaml_tree(
    dir: &Path,
    unreadable: Kind,
    report: &mut Report,
    keep: impl Fn(&str) -> bool,
) -> BTreeMap<String, Vec<u8>> {
    let others = RefCell::new(Vec::new());
    let files = read_tree(dir, unreadable, report, |name| {
        if let Some(found) = misnamed(name) {
            others.borrow_mut().push(found.in_file(shown(dir, name)));
        }
        keep(name)
    });
    for found in others.into_inner() {
        report.push(found);
    }
    files
}

/// The bytes of a file, or a little more than the most that any file may have: who decodes
/// it refuses it then. Pipes and devices, which never end, are not read at all.
fn read_bounded(path: &Path) -> io::Result<Vec<u8>> {
    let file = std::fs::File::open(path)?;
    let most = u64::try_from(MAX_FILE_BYTES).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Names in a folder and whether they are folders. Hidden ones are left out, and so are
/// links to folders, which could lead out of the tree or back into it.
fn read_folder(path: &Path) -> io::Result<Vec<(String, bool)>> {
    let mut entries = Vec::new();
    for entry in std::fs::read_dir(path)? {
        let entry = entry?;
        let is_folder = entry.file_type()?.is_dir();
        let linked_folder = !is_folder && entry.path().is_dir();
        let readable = is_folder || entry.path().metadata().map_or(true, |meta| meta.is_file());
        if let Ok(name) = entry.file_name().into_string()
            && !name.starts_with('.')
            && !linked_folder
            && readable
        {
            entries.push((name, is_folder));
        }
    }
    Ok(entries)
}

fn form_of(name: &str) -> &str {
    Path::new(name)
        .extension()
        .and_then(|form| form.to_str())
        .unwrap_or_default()
}

/// Pictures, office files and archives are sent as files; only what nobody would send is
/// reported as a template with a wrong ending.
fn looks_like_template(form: &str) -> bool {
    let form = form.to_ascii_lowercase();
    matches!(
        form.as_str(),
        "" | "json"
            | "html"
            | "htm"
            | "j2"
            | "jinja"
            | "toml"
            | "bak"
            | "txt"
            | "md"
            | "yaml"
            | "yml"
            | "ymal"
    )
}
