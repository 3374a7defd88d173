//! A window for logs and metrics; the client itself prints nothing.

use std::time::Duration;

/// How a call ended, without any content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// errcode 0, or a file that arrived whole.
    Done,
    /// WeCom refused with this errcode.
    Refused(i64),
    /// The request surely never reached WeCom.
    NotSent,
    /// The request may or may not have taken effect.
    Ambiguous,
    /// The answer could not be used although the call went through.
    Unusable,
}

/// Receives one note per network exchange. Every method does nothing by default.
pub trait Observer: Send + Sync {
    /// A gettoken call ended.
    fn token_refreshed(&self, _ok: bool) {}

    /// A call to `path` ended; gettoken and repeated calls are reported too.
    fn called(&self, _path: &'static str, _outcome: Outcome, _elapsed: Duration) {}
}

/// The observer that observes nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unobserved;

impl Observer for Unobserved {}
