//! What the company says: from operators' files to messages. Pure but for [`load`].
//!
//! `.txt` is text, `.md` is markdown, `.yaml` is any other message or several in a row.
//! Texts are minijinja templates with strict variables; what a customer wrote is data in
//! them and never becomes a template itself.

mod catalog;
mod check;
mod context;
mod keys;
mod lex;
pub mod load;
mod parse;
mod problems;
mod render;
mod told;
mod trial;

pub use catalog::Catalog;
pub use check::{TextCheck, TextProblem, check_length, check_text};
pub use context::{Corp, RenderContext, Staff};
pub use keys::schema;
pub use render::RenderError;

/// Every kind of finding in templates.
#[must_use]
pub fn codes() -> &'static [crate::diagnostic::Kind] {
    problems::ALL
}

#[cfg(test)]
mod tests;
