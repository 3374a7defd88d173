//! The data as a file: backups, what a restore does with them, and the company's own export.
//!
//! A backup is JSON Lines: a head that says whose data it is and in which format, one line for
//! each row of the store ([`crate::store::ArchiveRow`]), and an end with the number of rows and
//! a SHA-256 over everything before it. [`mod@file`] writes and reads it, [`hold`] says what is
//! not done again after a restore, [`export`] tells the same rows in the words of people, and
//! [`mod@move_rows`] brings rows into an empty store, whether they come from a file or from
//! another store.

pub mod export;
pub mod file;
pub mod hold;
pub mod move_rows;

pub use file::{Backup, BackupError, Head, stream};

#[cfg(test)]
mod tests;
