//! What can go wrong with the store.

/// What can go wrong with the store. Never contains stored data.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The claim was taken over by somebody else, or has ended.
    #[error("the claim on {item} is no longer held")]
    Fenced {
        /// Which record or effect.
        item: String,
    },
    /// A rule has fired as often as it may on this day.
    #[error("the rule {rule} has reached its daily limit")]
    LimitReached {
        /// The rule.
        rule: crate::domain::ids::RuleId,
    },
    /// Something else was said to the contact after the caps had been looked at.
    #[error("the contact was reached by something else meanwhile")]
    ReachedMeanwhile,
    /// A member has said before what became of a step.
    #[error("a member has said already what became of the step")]
    Settled,
    /// Another puller has moved the kf cursor.
    #[error("the kf cursor was moved by somebody else")]
    CursorMoved,
    /// Somebody else has changed a small value meanwhile.
    #[error("{name} was changed by somebody else")]
    FactMoved {
        /// Which.
        name: String,
    },
    /// Another process has the data folder open.
    #[error("the data folder {path} is in use by another process")]
    InUse {
        /// The folder.
        path: String,
    },
    /// The data was written by a newer version.
    #[error("the data has schema version {found}, this program knows up to {known}")]
    NewerSchema {
        /// In the data.
        found: u32,
        /// In this program.
        known: u32,
    },
    /// Rows of an archive only go into an empty store.
    #[error("the store is not empty")]
    NotEmpty,
    /// A stored value cannot be read. How it fails to parse is left out: a parser's
    /// message can quote the value, which is a customer's text.
    #[error("a stored {what} cannot be read")]
    Corrupt {
        /// Which kind of value.
        what: &'static str,
    },
    /// The file is there, but what is in it is no store (any more).
    #[error("the data in {path} are damaged")]
    Damaged {
        /// The file.
        path: String,
        /// How the engine noticed.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The system does not let us open the file.
    #[error("the data file {path} cannot be opened")]
    NotOpened {
        /// The file.
        path: String,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The engine failed: disk full, read-only, broken file, …
    #[error("the storage engine failed: {0}")]
    Engine(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The store is shutting down.
    #[error("the store is closed")]
    Closed,
}

impl StoreError {
    /// Wraps whatever the engine says.
    pub(crate) fn engine(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Engine(error.into())
    }

    /// What opening a file ended in, by what the system said.
    pub(crate) fn opening(path: &std::path::Path, error: std::io::Error) -> Self {
        use std::io::ErrorKind::{InvalidData, UnexpectedEof};
        match error.kind() {
            InvalidData | UnexpectedEof => Self::damaged(path, error),
            _ => Self::NotOpened {
                path: path.display().to_string(),
                source: error.into(),
            },
        }
    }

    /// What is in a file cannot be read as a store.
    pub(crate) fn damaged(
        path: &std::path::Path,
        error: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::Damaged {
            path: path.display().to_string(),
            source: error.into(),
        }
    }
}
