//! The layers of ARCHITECTURE.md, held by a test instead of by hope.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// From the top down. A module imports from layers below its own.
const LAYERS: [Layer; 7] = [
    Layer::of(&["cli"]),
    Layer::of(&["app"]),
    Layer::of(&["simulate"]),
    Layer::stages(&["receive", "process", "deliver", "schedule", "upkeep"]),
    Layer::of(&[
        "backup",
        "channels",
        "desk",
        "gateway",
        "http",
        "import",
        "phrases",
        "playbook",
        "rules",
        "service",
        "sops",
        "store",
        "templates",
        "versions",
        "yaml",
    ]),
    Layer::of(&["config", "diagnostic", "lang", "telemetry"]),
    Layer::stages(&["domain", "wecom"]),
];

/// Imports inside a layer that are allowed, the importing module first.
const BESIDE: [(&str, &str); 22] = [
    ("backup", "sops"),
    ("backup", "store"),
    ("playbook", "channels"),
    ("phrases", "rules"),
    ("channels", "rules"),
    ("channels", "templates"),
    ("channels", "yaml"),
    ("playbook", "rules"),
    ("playbook", "sops"),
    ("playbook", "templates"),
    ("rules", "templates"),
    ("rules", "yaml"),
    ("sops", "rules"),
    ("sops", "templates"),
    ("sops", "yaml"),
    ("templates", "yaml"),
    ("versions", "yaml"),
    ("http", "service"),
    ("config", "diagnostic"),
    ("config", "lang"),
    ("diagnostic", "lang"),
    ("telemetry", "lang"),
];

/// Modules that decide: no I/O, no clock, nothing asynchronous.
const PURE: [&str; 7] = [
    "channels",
    "import",
    "phrases",
    "rules",
    "sops",
    "templates",
    "versions",
];

struct Layer {
    modules: &'static [&'static str],
    apart: bool,
}

impl Layer {
    const fn of(modules: &'static [&'static str]) -> Self {
        let apart = false;
        Self { modules, apart }
    }

    /// Modules that never import each other.
    const fn stages(modules: &'static [&'static str]) -> Self {
        let apart = true;
        Self { modules, apart }
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All Rust files below a folder.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                files.push(path);
            }
        }
    }
    assert!(!files.is_empty());
    files
}

/// The top module that a file of `src` belongs to; none for `lib.rs` and `main.rs`.
fn module(path: &Path) -> Option<String> {
    let inside = path.strip_prefix(root().join("src")).expect("below src");
    let first = inside.components().next()?.as_os_str().to_str()?;
    let name = first.strip_suffix(".rs").unwrap_or(first);
    (!matches!(name, "lib" | "main")).then(|| name.to_owned())
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// The top modules that a source text names by `crate::`, with the line.
fn imports(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices("crate::") {
        let whole_word = !text[..at].ends_with(is_name) && !text[..at].ends_with('$');
        let line = text[..at].lines().count();
        let rest = &text[at + "crate::".len()..];
        let names: Vec<&str> = match rest.strip_prefix('{') {
            Some(group) => group
                .split('}')
                .next()
                .unwrap_or_default()
                .split(',')
                .collect(),
            None => vec![rest],
        };
        for name in names {
            let name: String = name
                .trim_start()
                .chars()
                .take_while(|c| is_name(*c))
                .collect();
            if whole_word && name.starts_with(|c: char| c.is_ascii_lowercase()) {
                found.push((line, name));
            }
        }
    }
    found
}

fn layer(module: &str) -> usize {
    let found = LAYERS
        .iter()
        .position(|layer| layer.modules.contains(&module));
    found.unwrap_or_else(|| panic!("the module {module} stands in no layer"))
}

fn allowed(from: &str, to: &str) -> bool {
    let (upper, lower) = (layer(from), layer(to));
    let beside = !LAYERS[upper].apart && BESIDE.contains(&(from, to));
    from == to || upper < lower || (upper == lower && beside)
}

#[test]
fn imports_point_down() {
    let mut wrong = Vec::new();
    for path in sources(&root().join("src")) {
        let Some(from) = module(&path) else { continue };
        let text = fs::read_to_string(&path).expect("a source file");
        for (line, to) in imports(&text) {
            if !allowed(&from, &to) {
                wrong.push(format!("{}:{line}: {from} imports {to}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn imports_are_found_in_every_form() {
    let text = "use crate::wecom::x;\nuse crate::{rules, templates};\n\
                pub(in crate::deliver) fn f() { crate::store::g() }\n// $crate::macros\n";
    let names: Vec<String> = imports(text).into_iter().map(|(_, name)| name).collect();
    assert_eq!(names, ["wecom", "rules", "templates", "deliver", "store"]);
    assert!(!allowed("receive", "process") && !allowed("wecom", "domain"));
    assert!(!allowed("store", "deliver") && allowed("deliver", "wecom"));
}

#[test]
fn every_module_of_the_tour_has_its_layer() {
    let tour = fs::read_to_string(root().join("src/lib.rs")).expect("lib.rs");
    let told: BTreeSet<&str> = tour
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'))
        .collect();
    let placed: BTreeSet<&str> = LAYERS
        .iter()
        .flat_map(|layer| layer.modules)
        .copied()
        .collect();
    assert_eq!(told, placed);
}

#[test]
fn what_decides_does_nothing_else() {
    for name in PURE {
        for path in sources(&root().join("src").join(name)) {
            let text = fs::read_to_string(&path).expect("a source file");
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            for word in ["async fn", ".await", "tokio::", "SystemClock", "reqwest"] {
                assert!(!code.contains(word), "{word} in {}", path.display());
            }
        }
    }
}

#[test]
fn the_mock_does_not_know_the_agent() {
    let tree = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--offline",
            "--package",
            "mock-wecom",
            "--edges",
            "normal,build,dev",
        ])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    let text = String::from_utf8(tree.stdout).expect("UTF-8");
    assert!(
        tree.status.success() && text.starts_with("mock-wecom"),
        "{text}"
    );
    assert!(!text.contains("wecom-agent"), "{text}");
}

#[test]
fn no_file_is_an_attic() {
    for folder in ["src", "tests", "mock-wecom/src", "mock-wecom/tests"] {
        for path in sources(&root().join(folder)) {
            let lines = fs::read_to_string(&path)
                .expect("a source file")
                .lines()
                .count();
            assert!(lines <= 500, "{} has {lines} lines", path.display());
        }
    }
}
