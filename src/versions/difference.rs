//! What differs between two versions, in the terms of the language: rules, keys, words.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::files::FileSet;
use super::trees::{self, parts};
use crate::diagnostic::{Findings, Report, Source};
use crate::yaml::{Node, parse};

/// A version that changes more than this is told in numbers.
const MOST_CHANGES: usize = 40;

/// What differs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changes {
    /// The changes, by file.
    pub list: Vec<Change>,
    /// How many more there are.
    pub more: usize,
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum Change {
    /// A file is new.
    FileAdded {
        /// Which.
        file: String,
    },
    /// A file is gone.
    FileRemoved {
        /// Which.
        file: String,
    },
    /// A text has other lines.
    Lines {
        /// Which.
        file: String,
        /// Lines that are new.
        added: usize,
        /// Lines that are gone.
        removed: usize,
    },
    /// A picture or the like has another content.
    Replaced {
        /// Which.
        file: String,
    },
    /// A rule is new.
    RuleAdded {
        /// Where.
        file: String,
        /// Which.
        rule: String,
    },
    /// A rule is gone.
    RuleRemoved {
        /// Where it was.
        file: String,
        /// Which.
        rule: String,
    },
    /// A rule stands in another file.
    RuleMoved {
        /// Which.
        rule: String,
        /// Where it was.
        from: String,
        /// Where it is.
        file: String,
    },
    /// A rule says something else.
    RuleChanged {
        /// Where.
        file: String,
        /// Which.
        rule: String,
        /// What.
        parts: Vec<Part>,
    },
    /// What stands beside the rules of a file, or a calendar or SOP, says something else.
    FileChanged {
        /// Which.
        file: String,
        /// What.
        parts: Vec<Part>,
    },
    /// Only comments or the way of writing differ.
    Rewritten {
        /// Which.
        file: String,
    },
}

/// A difference at one key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "part", rename_all = "snake_case")]
pub enum Part {
    /// Another value, or none any more, or one where there was none.
    Value {
        /// Where, for example `when.match`.
        key: String,
        /// Before.
        old: Option<String>,
        /// After.
        new: Option<String>,
    },
    /// A list gained or lost elements.
    Items {
        /// Where, for example `when.any`.
        key: String,
        /// Some of the new ones.
        added: Vec<String>,
        /// How many are new.
        added_count: usize,
        /// Some of those that are gone.
        removed: Vec<String>,
        /// How many are gone.
        removed_count: usize,
    },
    /// A list has another order.
    Order {
        /// Where.
        key: String,
    },
}

impl Changes {
    /// Whether nothing differs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The same, without what is too much to keep.
    #[must_use]
    pub fn short(mut self) -> Self {
        self.more += self.list.len().saturating_sub(MOST_CHANGES);
        self.list.truncate(MOST_CHANGES);
        self
    }
}

/// What differs from `old` to `new`.
#[must_use]
pub fn difference(old: &FileSet, new: &FileSet) -> Changes {
    let mut list = Vec::new();
    let differing: Vec<&String> = old
        .files
        .keys()
        .chain(
            new.files
                .keys()
                .filter(|path| !old.files.contains_key(*path)),
        )
        .filter(|path| sha(old, path) != sha(new, path))
        .collect();
    rules(&differing, old, new, &mut list);
    for path in differing {
        other(path, old, new, &mut list);
    }
    list.sort_by(|a, b| a.file().cmp(b.file()));
    Changes { list, more: 0 }
}

fn sha<'s>(set: &'s FileSet, path: &str) -> Option<&'s str> {
    set.files.get(path).map(|content| content.sha.as_str())
}

impl Change {
    /// The file that it is about.
    #[must_use]
    pub fn file(&self) -> &str {
        match self {
            Self::FileAdded { file }
            | Self::FileRemoved { file }
            | Self::Lines { file, .. }
            | Self::Replaced { file }
            | Self::RuleAdded { file, .. }
            | Self::RuleRemoved { file, .. }
            | Self::RuleMoved { file, .. }
            | Self::RuleChanged { file, .. }
            | Self::FileChanged { file, .. }
            | Self::Rewritten { file } => file,
        }
    }
}

/// How a file is compared.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Rule by rule.
    Rules,
    /// Key by key.
    Tree,
    /// Line by line.
    Lines,
}

fn way(path: &str) -> Way {
    let yaml = path.strip_suffix(".yaml").or(path.strip_suffix(".yml"));
    match yaml {
        Some("rules/calendar") => Way::Tree,
        Some(stem) if stem.ends_with(".test") => Way::Tree,
        Some(_) if path.starts_with("rules/") => Way::Rules,
        Some(_) => Way::Tree,
        None => Way::Lines,
    }
}

/// A file as a tree; nothing if it is not there or is not usable YAML.
fn tree(set: &FileSet, path: &str) -> Option<Node> {
    let text = String::from_utf8(set.content(path)?.to_vec()).ok()?;
    let source = Source::new(path, text);
    let mut report = Report::default();
    let root = parse(&mut Findings::new(&source, &mut report))?;
    (!report.has_errors()).then_some(root)
}

/// The rules of some files by id, with the file.
fn rules_of(set: &FileSet, paths: &[&String]) -> BTreeMap<String, (String, Node)> {
    let mut rules = BTreeMap::new();
    for path in paths.iter().filter(|path| way(path) == Way::Rules) {
        let Some(root) = tree(set, path) else {
            continue;
        };
        let nodes = root.get("rules").map(Node::items).unwrap_or_default();
        for node in nodes {
            if let Some(id) = node.get("id").and_then(Node::text) {
                rules.insert(id.to_owned(), ((*path).clone(), node.clone()));
            }
        }
    }
    rules
}

fn rules(paths: &[&String], old: &FileSet, new: &FileSet, list: &mut Vec<Change>) {
    let (mut before, after) = (rules_of(old, paths), rules_of(new, paths));
    for (rule, (file, node)) in after {
        let Some((from, known)) = before.remove(&rule) else {
            list.push(Change::RuleAdded { file, rule });
            continue;
        };
        let parts = parts(&known, &node);
        if from != file {
            let (rule, file) = (rule.clone(), file.clone());
            list.push(Change::RuleMoved { rule, from, file });
        }
        if !parts.is_empty() {
            list.push(Change::RuleChanged { file, rule, parts });
        }
    }
    for (rule, (file, _)) in before {
        list.push(Change::RuleRemoved { file, rule });
    }
}

/// What a file changes beside its rules.
fn other(path: &str, old: &FileSet, new: &FileSet, list: &mut Vec<Change>) {
    let file = path.to_owned();
    match (old.files.contains_key(path), new.files.contains_key(path)) {
        (false, _) => return list.push(Change::FileAdded { file }),
        (_, false) => return list.push(Change::FileRemoved { file }),
        _ => {}
    }
    let (Some(before), Some(after)) = (old.content(path), new.content(path)) else {
        return list.push(Change::Replaced { file });
    };
    let trees = match way(path) {
        Way::Lines => None,
        Way::Rules | Way::Tree => tree(old, path).zip(tree(new, path)),
    };
    let Some((known, node)) = trees else {
        let (added, removed) = lines(before, after);
        return list.push(Change::Lines {
            file,
            added,
            removed,
        });
    };
    let parts = if way(path) == Way::Rules {
        trees::parts_without(&known, &node, "rules")
    } else {
        parts(&known, &node)
    };
    let told = list.iter().any(|change| match change {
        Change::RuleMoved { from, file, .. } => from == path || file == path,
        other => other.file() == path,
    });
    if !parts.is_empty() {
        list.push(Change::FileChanged { file, parts });
    } else if !told {
        list.push(Change::Rewritten { file });
    }
}

/// How many lines are new and how many are gone.
fn lines(before: &[u8], after: &[u8]) -> (usize, usize) {
    let mut counts: BTreeMap<&[u8], isize> = BTreeMap::new();
    for line in before.split(|byte| *byte == b'\n') {
        *counts.entry(line.trim_ascii_end()).or_default() -= 1;
    }
    for line in after.split(|byte| *byte == b'\n') {
        *counts.entry(line.trim_ascii_end()).or_default() += 1;
    }
    let added = counts.values().filter(|count| **count > 0);
    let removed = counts.values().filter(|count| **count < 0);
    (
        added.map(|count| count.unsigned_abs()).sum(),
        removed.map(|count| count.unsigned_abs()).sum(),
    )
}
