//! Operators' YAML: read with every mistake found at once.
//!
//! A file goes through four steps: [`decode()`] (bytes to text), `lint` (the silent mistakes
//! of YAML in Chinese), [`parse`] (a tree in which everything knows its place), and
//! [`check`] (the tree against a table of [`Key`]s, from which the JSON Schema is made too).
//! Nothing here resolves `no` or `007`: every scalar is text until a key asks for more.

mod decode;
mod fix;
mod key;
mod lint;
mod names;
mod place;
mod problems;
mod recover;
mod schema;
mod shape;
mod syntax;
mod tree;
pub mod values;
mod wording;

pub use decode::decode;
pub use fix::fix_text;
pub use key::{Key, NAME, Need, Shape, VERSION};
pub use names::misnamed;
pub use place::place;
pub use schema::schema_of;
pub use shape::check;
pub use tree::{Data, Entry, Node, parse};

/// A larger file is refused: it is not something that a person edits.
pub const MAX_FILE_BYTES: usize = 16 * 1024 * 1024;

/// Every kind of finding in any YAML file.
#[must_use]
pub fn codes() -> &'static [crate::diagnostic::Kind] {
    problems::ALL
}

#[cfg(test)]
mod tests;
