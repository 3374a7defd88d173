//! Group robots: the key in the URL is the whole authentication.

pub mod send;
pub mod upload_media;
