//! What the server says when something goes wrong, without any value of a row.

use tokio_postgres::error::SqlState;

use super::connect::UrlError;
use crate::store::StoreError;

/// Why PostgreSQL did not do as it was told.
#[derive(Debug, thiserror::Error)]
pub enum PostgresError {
    /// The URL cannot be used.
    #[error("the URL of the database cannot be used: {0}")]
    Url(#[from] UrlError),
    /// No connection, or it was lost.
    #[error("the database cannot be reached: {0}")]
    Connection(String),
    /// All connections are in use, or it takes too long to make one.
    #[error("no connection to the database in time")]
    Busy,
    /// Values and tables do not fit together.
    #[error("the database was asked wrongly: {0}")]
    Driver(String),
    /// It refused.
    #[error("the database refused: {message} (SQLSTATE {code})")]
    Refused {
        /// The code of the error.
        code: String,
        /// Its message, unless values may be in it; then the table and constraint.
        message: String,
    },
    /// The server is not one that we can use.
    #[error("the database cannot be used: {0}")]
    Unfit(&'static str),
}

/// An error of the driver as one of ours.
pub(super) fn failed(error: tokio_postgres::Error) -> StoreError {
    StoreError::engine(told(&error))
}

/// What it says, without any value of a row.
pub(super) fn told(error: &tokio_postgres::Error) -> PostgresError {
    let Some(refusal) = error.as_db_error() else {
        let cause = std::error::Error::source(error).map(ToString::to_string);
        let what = error.to_string();
        let cause = cause.map_or_else(|| what.clone(), |cause| format!("{what}: {cause}"));
        let ours = [
            "error serializing",
            "error deserializing",
            "invalid",
            "expected",
        ];
        return if ours.iter().any(|words| what.starts_with(words)) {
            PostgresError::Driver(what)
        } else {
            PostgresError::Connection(cause)
        };
    };
    let code = refusal.code().code().to_owned();
    // Details and hints quote rows, and so do messages about data and constraints.
    let quotes = code.starts_with("22") || code.starts_with("23");
    let message = if quotes {
        let parts = [refusal.table(), refusal.constraint(), refusal.column()];
        let parts: Vec<&str> = parts.into_iter().flatten().collect();
        format!("a value does not fit: {}", parts.join(" "))
    } else {
        refusal.message().to_owned()
    };
    PostgresError::Refused { code, message }
}

/// Of the pool.
pub(super) fn no_connection(error: deadpool_postgres::PoolError) -> StoreError {
    match error {
        deadpool_postgres::PoolError::Backend(error) => failed(error),
        deadpool_postgres::PoolError::Timeout(_) => StoreError::engine(PostgresError::Busy),
        other => StoreError::engine(PostgresError::Connection(other.to_string())),
    }
}

/// Whether somebody else was in the way: the same may work at once.
pub(super) fn is_conflict(error: &StoreError) -> bool {
    const CODES: [SqlState; 3] = [
        SqlState::T_R_SERIALIZATION_FAILURE,
        SqlState::T_R_DEADLOCK_DETECTED,
        SqlState::UNIQUE_VIOLATION,
    ];
    let StoreError::Engine(source) = error else {
        return false;
    };
    let Some(PostgresError::Refused { code, .. }) = source.downcast_ref() else {
        return false;
    };
    CODES.iter().any(|known| known.code() == code)
}

/// Whether the connection was lost, or the server is just stopping or starting.
pub(super) fn is_lost(error: &StoreError) -> bool {
    let StoreError::Engine(source) = error else {
        return false;
    };
    match source.downcast_ref() {
        Some(PostgresError::Connection(_)) => true,
        Some(PostgresError::Refused { code, .. }) => {
            code.starts_with("08") || code.starts_with("57P") || code == "25P03"
        }
        _ => false,
    }
}
