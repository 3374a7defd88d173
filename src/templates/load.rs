//! Reads a folder of templates. The only file of this module that touches the disk.

use std::collections::BTreeMap;
use std::io;
use std::path::{Component, Path, PathBuf};

use super::catalog::{Catalog, Template};
use super::parse::{MediaKind, Parser};
use super::problems;
use crate::diagnostic::{Diagnostic, Findings, Kind, Report};
use crate::domain::action::TemplateName;
use crate::domain::outgoing::{MenuItem, Outgoing};
use crate::yaml::decode;

/// WeCom refuses a file of less than this many bytes.
const LEAST_BYTES: u64 = 6;
const MIB: u64 = 1024 * 1024;

impl Catalog {
    /// Reads all templates below `dir`. Every problem of every file is in the report; a
    /// template with an error is in the catalogue all the same, so that rules that name it
    /// are not reported too.
    #[must_use]
    pub fn load(dir: &Path) -> (Self, Report) {
        let mut report = Report::default();
        let files = read_files(dir, &mut report);
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
                    .value("other", other);
                report.push(found.in_file(file));
            }
            let Some(source) = decode(file, bytes, report) else {
                catalog.templates.insert(name, Template::default());
                continue;
            };
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

fn read_files(dir: &Path, report: &mut Report) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![(dir.to_owned(), String::new())];
    while let Some((folder, prefix)) = folders.pop() {
        let result = read_folder(&folder, &prefix, &mut folders, &mut files, report);
        if let Err(error) = result {
            let found = Diagnostic::of(problems::TEMPLATES_UNREADABLE);
            let found = found.value("detail", error.to_string());
            report.push(found.in_file(folder.display().to_string()));
        }
    }
    files
}

fn read_folder(
    folder: &Path,
    prefix: &str,
    folders: &mut Vec<(PathBuf, String)>,
    files: &mut BTreeMap<String, Vec<u8>>,
    report: &mut Report,
) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let file = entry.file_name();
        let Some(name) = file.to_str().filter(|name| !name.starts_with('.')) else {
            continue;
        };
        let full = format!("{prefix}{name}");
        let form = name.rsplit_once('.').map_or("", |(_, form)| form);
        if entry.path().is_dir() {
            // A linked folder could lead out of the tree or back into it.
            if entry.file_type()?.is_dir() {
                folders.push((entry.path(), format!("{full}/")));
            }
        } else if matches!(form, "txt" | "md" | "yaml" | "yml") {
            files.insert(full, std::fs::read(entry.path())?);
        } else if !is_media(form) {
            report.push(Diagnostic::of(problems::OTHER_FILE).in_file(full));
        }
    }
    Ok(())
}

/// Office files and archives are sent as files; only what cannot be meant is reported.
fn is_media(form: &str) -> bool {
    let form = form.to_ascii_lowercase();
    !matches!(
        form.as_str(),
        "" | "json" | "html" | "htm" | "j2" | "jinja" | "toml" | "bak"
    )
}
