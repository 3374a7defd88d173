//! One file per endpoint, named after its path.
//!
//! Each file has a `Request` (required fields in `new`, optional ones public),
//! a `Response` and the limits that the platform documents. Responses tolerate
//! unknown and missing fields. Calls that succeed in part say so through
//! `rejected()` on their response.

mod content;
mod fields;
mod messages;
mod template_card;
#[cfg(test)]
mod testing;

pub mod aibot;
pub mod appchat;
pub mod department;
pub mod externalcontact;
pub mod getcallbackip;
pub mod gettoken;
pub mod kf;
pub mod media;
pub mod message;
pub mod user;
pub mod webhook;

pub use content::{Article, Markdown, MediaId, MpArticle, MpNews, News, Text, TextCard, Video};
pub use template_card::{BadTemplateCard, TemplateCard};

use serde::Deserialize;

/// The answer of endpoints that only confirm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Done {}
