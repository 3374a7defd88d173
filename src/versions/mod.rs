//! What the operators wrote, version by version, and what differs between two of them.
//!
//! Pure: which files a version holds ([`files`]), how two versions differ
//! ([`difference()`]), how that is told ([`words`]), and what going back takes ([`plan()`]).

pub mod difference;
pub mod files;
pub mod plan;
mod trees;
pub mod words;

pub use difference::{Change, Changes, Part, difference};
pub use files::{Content, FileSet, Kept, Reason, Version};
pub use plan::{Plan, plan};

#[cfg(test)]
mod tests;
