//! Spreadsheets to rules: what operators keep in Excel becomes a rule file and templates.
//!
//! Pure: bytes to cells ([`mod@grid`], `csv`), headers to columns (`columns`), rows to rules
//! (`rows`), rules to YAML that remembers which line came from which cell ([`mod@write`]).

mod columns;
mod csv;
pub mod grid;
mod problems;
mod rows;
pub mod write;

pub use grid::{Cell, Grid, Place, grid};
pub use problems::{CellFinding, Found};
pub use rows::{Row, rows};
pub use write::{Written, write};

/// Every kind of finding that this module reports.
#[must_use]
pub fn codes() -> &'static [crate::diagnostic::Kind] {
    problems::ALL
}

#[cfg(test)]
mod tests;
