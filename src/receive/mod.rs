//! Stage 1: from the wire into the inbox. Commit first, acknowledge second.

pub mod accept;
mod answer;
mod body;
pub mod contacts;
mod handshake;
pub mod ingest;
pub mod routes;
pub mod sync_contacts;
pub mod sync_kf;
mod translate;
mod translate_contact;
mod translate_external;
mod translate_kf;
