//! The files of a version: texts whole, pictures and the like by their hash alone.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
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
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileSet {
    /// Every file.
    pub files: Files,
    /// The kept contents, by their hash.
    #[serde(with = "stored_texts")]
    pub texts: BTreeMap<String, Vec<u8>>,
}

/// A content as JSON: readable unless it is in another encoding than UTF-8.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Stored {
    /// UTF-8.
    Text(String),
    /// Anything else.
    Bytes {
        /// In Base64.
        base64: String,
    },
}

impl From<&[u8]> for Stored {
    fn from(bytes: &[u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::Text(text.to_owned()),
            Err(_) => Self::Bytes {
                base64: BASE64_STANDARD.encode(bytes),
            },
        }
    }
}

impl Stored {
    /// The content; `None` if it is not what was stored.
    #[must_use]
    pub fn into_bytes(self) -> Option<Vec<u8>> {
        match self {
            Self::Text(text) => Some(text.into_bytes()),
            Self::Bytes { base64 } => BASE64_STANDARD.decode(base64).ok(),
        }
    }
}

mod stored_texts {
    use std::collections::BTreeMap;

    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serializer};

    use super::Stored;

    type Texts = BTreeMap<String, Vec<u8>>;

    pub(super) fn serialize<S: Serializer>(
        texts: &Texts,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let texts = texts.iter();
        serializer.collect_map(texts.map(|(sha, bytes)| (sha, Stored::from(bytes.as_slice()))))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Texts, D::Error> {
        let stored = BTreeMap::<String, Stored>::deserialize(deserializer)?;
        let texts = stored.into_iter().map(|(sha, stored)| {
            let bytes = stored.into_bytes();
            Ok((sha, bytes.ok_or_else(|| D::Error::custom("not Base64"))?))
        });
        texts.collect()
    }
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
    /// How many bytes of content it has that the version before it had not.
    pub new_bytes: u64,
}

/// A version with its files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// Which.
    pub version: Version,
    /// What it holds.
    pub set: FileSet,
}

impl FileSet {
    /// Adds a file. Its content is kept if it is a text of usable size.
    pub fn add(&mut self, path: String, bytes: Vec<u8>) {
        let sha = sha(&bytes);
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

/// The SHA-256 of a content, in hexadecimal.
#[must_use]
pub fn sha(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
