//! Error codes: what each means and what to do about it.
//!
//! The causes are the platform's; the reactions are advice derived from them.
//! Branch on the code alone, because the wording of `errmsg` may change.

mod table;

use crate::wecom::error::Disposition;
use std::time::Duration;

/// "System busy", the one code that leaves the outcome open.
pub const SYSTEM_BUSY: i64 = -1;
/// The media id is unknown or older than three days: upload again.
pub const MEDIA_INVALID: i64 = 40007;
/// The access token is invalid; an expired one may be reported this way too.
pub const TOKEN_INVALID: i64 = 40014;
/// The access token is missing.
pub const TOKEN_MISSING: i64 = 41001;
/// Another app is sending the welcome message: try again inside the 20 s.
pub const WELCOME_BUSY: i64 = 41096;
/// The access token has expired.
pub const TOKEN_EXPIRED: i64 = 42001;
/// Call frequency exceeded: pause the endpoint, see [`frequency_pause`].
pub const TOO_FREQUENT: i64 = 45009;
/// The caller's IP is not in the app's trusted list.
pub const IP_NOT_TRUSTED: i64 = 60020;
/// Member and customer are no longer (or not yet) in contact.
pub const NO_RELATION: i64 = 84061;
/// The five messages of a kf conversation are used up.
pub const KF_BUDGET_USED: i64 = 95001;
/// The kf message token is invalid or older than ten minutes: sync without it.
pub const KF_TOKEN_EXPIRED: i64 = 95007;
/// The kf session's state does not allow sending.
pub const KF_STATE: i64 = 95018;

/// One code, or a range of codes with the same cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// First code of the range.
    pub first: i64,
    /// Last code of the range; the same as `first` for a single code.
    pub last: i64,
    /// What to do.
    pub disposition: Disposition,
    /// True when a person should hear of it.
    pub alert: bool,
    /// Cause in English.
    pub en: &'static str,
    /// Cause in Chinese.
    pub zh: &'static str,
}

/// The entry for a code, if the code is known.
pub fn lookup(code: i64) -> Option<&'static Entry> {
    let after = table::TABLE.partition_point(|entry| entry.first <= code);
    let entry = &table::TABLE[after.checked_sub(1)?];
    (code <= entry.last).then_some(entry)
}

/// What to do about a code. Only system failures are worth a retry, so an
/// unknown code means giving up.
pub fn disposition(code: i64) -> Disposition {
    lookup(code).map_or(Disposition::Drop, |entry| entry.disposition)
}

/// How long to leave an endpoint alone after 45009.
///
/// WeCom does not say which limit was hit. The pause therefore grows from the
/// minute limit's to the hour limit's to the day limit's with the number of
/// refusals in a row, of which the first is number 1.
pub fn frequency_pause(refusals_in_a_row: u32) -> Duration {
    match refusals_in_a_row {
        0..=2 => Duration::from_secs(60),
        3 | 4 => Duration::from_secs(60 * 60),
        _ => Duration::from_secs(24 * 60 * 60),
    }
}

#[cfg(test)]
mod tests;
