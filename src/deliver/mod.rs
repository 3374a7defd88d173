//! Stage 3: effects from the outbox to WeCom, within its limits, each as exactly as its
//! endpoint allows.

pub mod broadcasts;
pub mod kf_session;
pub mod media;
pub mod outreach;
pub mod pacing;
pub mod retry;
mod still;
pub mod tags;
mod translate;
pub mod translate_channel;
pub mod webhook;
pub mod worker;
