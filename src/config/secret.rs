//! Values that may come from the environment or a file, and that never print.

use std::fmt;
use std::io;
use std::path::Path;

use serde::Deserialize;
use zeroize::Zeroizing;

/// A text that never shows in logs, errors or `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretText(Zeroizing<String>);

impl SecretText {
    /// Wraps a text.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text itself, for the one place that needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(***)")
    }
}

/// How a value is written: in place, `{ env = "…" }` or `{ file = "…" }`.
#[derive(Clone, Deserialize, schemars::JsonSchema)]
#[serde(
    untagged,
    deny_unknown_fields,
    expecting = "a text, { env = \"NAME\" } or { file = \"path\" }"
)]
pub enum Setting {
    /// In place.
    Plain(String),
    /// From an environment variable.
    Env {
        /// `{ env = "NAME" }`
        env: String,
    },
    /// From a file; one trailing newline is dropped.
    File {
        /// `{ file = "path" }`
        file: String,
    },
}

/// Why a setting has no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoValue {
    /// The environment variable is not set.
    Env(String),
    /// The file cannot be read.
    File {
        /// Which.
        path: String,
        /// Why.
        error: io::ErrorKind,
    },
}

impl Setting {
    /// The value. Files are relative to `base`; `env` looks up variables.
    ///
    /// # Errors
    /// If the variable is not set or the file cannot be read.
    pub fn resolve(
        &self,
        base: &Path,
        env: &dyn Fn(&str) -> Option<String>,
    ) -> Result<String, NoValue> {
        match self {
            Self::Plain(text) => Ok(text.clone()),
            Self::Env { env: name } => env(name).ok_or_else(|| NoValue::Env(name.clone())),
            Self::File { file } => {
                let path = base.join(file);
                let text = std::fs::read_to_string(&path).map_err(|error| NoValue::File {
                    path: path.display().to_string(),
                    error: error.kind(),
                })?;
                Ok(text
                    .strip_suffix('\n')
                    .map_or(text.as_str(), |t| t.trim_end_matches('\r'))
                    .to_owned())
            }
        }
    }
}

impl fmt::Debug for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(_) => f.write_str("Plain(***)"),
            Self::Env { env } => write!(f, "Env({env})"),
            Self::File { file } => write!(f, "File({file})"),
        }
    }
}
