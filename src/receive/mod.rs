//! Stage 1: from the wire into the inbox. Commit first, acknowledge second.

pub mod accept;
mod answer;
pub mod contacts;
mod handshake;
pub mod routes;
pub mod sync_kf;
mod translate;
mod translate_kf;
