//! The files of a version: texts whole, pictures and the like by their hash alone.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::domain::clock::UnixMillis;

/// A larger file is known by its hash alone.
pub const MOST_KEPT_BYTES: usize = crate::yaml::MAX_FILE_BYTES;

/// The content of one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// Its SHA-256, in hexadecimal.
    pub sha: String,
    /// How long it is.
    pub bytes: u64,
    /// Whether its content is kept with the version.
    pub kept: bool,
}

/// The files of a version by their path: `rules/…`, `templates/…` or `sops/…`, whatever the
/// folders are really called.
pub type Files = BTreeMap<String, Content>;

/// Files with what is in them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileSet {
    /// Every file.
    pub files: Files,
    /// The kept contents, by their hash.
    pub texts: BTreeMap<String, Vec<u8>>,
}

/// Why a version was kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// It was put in force.
    InForce,
    /// It was on the disk when somebody went back to another one.
    BeforeRollback,
}

/// One version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// Its number, from 1; never used again.
    pub number: u64,
    /// When it was kept.
    pub at: UnixMillis,
    /// A short hash over all files.
    pub hash: String,
    /// Why it was kept.
    pub reason: Reason,
    /// How it differs from the version before it.
    pub changes: super::Changes,
}

/// A version with its files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Which.
    pub version: Version,
    /// What it holds.
    pub set: FileSet,
}

impl FileSet {
    /// Adds a file. Its content is kept if it is a text of usable size.
    pub fn add(&mut self, path: String, bytes: Vec<u8>) {
        let sha = hex(&Sha256::digest(&bytes));
        let kept = is_text(&path) && bytes.len() <= MOST_KEPT_BYTES;
        let content = Content {
            sha: sha.clone(),
            bytes: bytes.len() as u64,
            kept,
        };
        self.files.insert(path, content);
        if kept {
            self.texts.insert(sha, bytes);
        }
    }

    /// The kept content of a file.
    #[must_use]
    pub fn content(&self, path: &str) -> Option<&[u8]> {
        let content = self.files.get(path)?;
        self.texts.get(&content.sha).map(Vec::as_slice)
    }

    /// A short hash over names and contents.
    #[must_use]
    pub fn hash(&self) -> String {
        let mut hash = Sha256::new();
        for (path, content) in &self.files {
            hash.update((path.len() as u64).to_le_bytes());
            hash.update(path);
            hash.update(&content.sha);
        }
        hex(&hash.finalize()[..6])
    }
}

/// Whether a file is something that a person writes as text.
#[must_use]
pub fn is_text(path: &str) -> bool {
    let ending = path.rsplit_once('.').map_or("", |(_, ending)| ending);
    matches!(ending, "yaml" | "yml" | "txt" | "md")
}

/// Whether a name is what editors and sync tools leave beside the real files.
#[must_use]
pub fn is_litter(name: &str) -> bool {
    name.starts_with('.') || name.ends_with('~') || (name.starts_with('#') && name.ends_with('#'))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
