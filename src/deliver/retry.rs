//! What to do after an attempt: a pure decision per endpoint.
//!
//! | effect | a second try | after an ambiguous answer |
//! |---|---|---|
//! | `KfSend` | recognised by our `msgid` | again, same `msgid` |
//! | `KfEvent`, `Welcome`, `AibotReply` | refused: the code is used up | again at once, twice at the most |
//! | `AppSend` | swallowed inside the duplicate window | again inside the window, then unknown |
//! | `MarkTag`, `Remark`, `KfTransfer` | sets the same value | again |
//! | `Webhook` | recognised by `webhook-id` | again |
//! | `Robot` | doubles the message | unknown, kept for a person |

use std::time::Duration;

use crate::domain::clock::UnixMillis;
use crate::domain::effect::Effect;
use crate::store::{AttemptEnd, ClaimedEffect};
use crate::wecom::errcode;
use crate::wecom::error::{Disposition, Error};

/// `duplicate_check_interval` of our app messages.
pub const DUPLICATE_WINDOW: Duration = Duration::from_secs(1800);
/// An ambiguous app message is not tried again this close to the end of the window.
const WINDOW_MARGIN: Duration = Duration::from_secs(60);
/// After this many counted tries an effect has failed.
const MAX_ATTEMPTS: u32 = 8;
/// Single-use codes get two quick tries.
const MAX_CODE_ATTEMPTS: u32 = 2;
/// Waits after the first, second, … try.
const WAITS_SECS: [u64; 7] = [1, 4, 15, 60, 300, 900, 3600];
const CODE_WAIT: Duration = Duration::from_millis(500);

/// The corp tag of a `mark_tag` is not in the library (any more).
const TAG_INVALID: i64 = 40068;
/// A `media_id` has expired.
const MEDIA_INVALID: i64 = 40007;
/// The customer has to write first: five messages used, 48 h over, silent for 48 h.
const KF_NOT_ALLOWED: [i64; 3] = [95001, 95002, 95031];
const WELCOME_CODE_INVALID: i64 = 41050;
const WELCOME_SENT_BY_OTHER_APP: i64 = 41096;

/// What a second try of an effect would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// Nothing: it is recognised, or sets the same value.
    Harmless,
    /// Nothing inside the duplicate window.
    WithinWindow,
    /// It is refused: the code works once.
    SingleUse,
    /// It would do it twice.
    Doubles,
}

/// What a second try of this effect would do.
#[must_use]
pub fn repeat(effect: &Effect) -> Repeat {
    match effect {
        Effect::KfSend { .. }
        | Effect::MarkTag { .. }
        | Effect::Remark { .. }
        | Effect::KfTransfer { .. }
        | Effect::Webhook { .. } => Repeat::Harmless,
        Effect::AppSend { .. } => Repeat::WithinWindow,
        Effect::KfEvent { .. } | Effect::Welcome { .. } | Effect::AibotReply { .. } => {
            Repeat::SingleUse
        }
        Effect::Robot { .. } => Repeat::Doubles,
    }
}

/// Whether an effect may be tried at all now; `Some` ends the attempt before it begins.
#[must_use]
pub fn before_attempt(claimed: &ClaimedEffect, now: UnixMillis) -> Option<AttemptEnd> {
    if let Some(deadline) = claimed.deadline
        && now > deadline
    {
        let late = now.since(deadline).as_secs();
        return Some(AttemptEnd::Dropped {
            reason: format!("too late by {late} s"),
        });
    }
    if !claimed.interrupted {
        return None;
    }
    let reason = || "the program stopped during an attempt".to_owned();
    match repeat(&claimed.effect) {
        Repeat::Harmless | Repeat::SingleUse => None,
        Repeat::WithinWindow if within_window(claimed, now) => None,
        Repeat::WithinWindow | Repeat::Doubles => Some(AttemptEnd::Unknown { reason: reason() }),
    }
}

/// What follows an error of the call itself.
#[must_use]
pub fn after_error(claimed: &ClaimedEffect, error: &Error, now: UnixMillis) -> AttemptEnd {
    let reason = describe(error);
    if let Error::Decode { .. } | Error::TooLarge { .. } = error {
        return AttemptEnd::Sent { note: Some(reason) };
    }
    let code = error.code();
    if claimed.attempt > 1
        && let Some(refused) = error.refused()
        && settled_before(&claimed.effect, refused.code)
    {
        return AttemptEnd::Sent {
            note: Some(format!("an earlier try had got through: {reason}")),
        };
    }
    match error.disposition() {
        Disposition::Ambiguous => after_ambiguity(claimed, reason, now),
        Disposition::Backoff { after } => again(claimed, reason, after, now),
        Disposition::RefreshToken => again(claimed, reason, None, now),
        Disposition::Reload if code == Some(TAG_INVALID) && claimed.attempt < 3 => {
            again(claimed, reason, None, now)
        }
        Disposition::Drop if code == Some(MEDIA_INVALID) && claimed.attempt < 3 => {
            again(claimed, reason, None, now)
        }
        Disposition::Skip if code == Some(WELCOME_SENT_BY_OTHER_APP) => {
            again(claimed, reason, None, now)
        }
        Disposition::Drop if code.is_some_and(|code| KF_NOT_ALLOWED.contains(&code)) => {
            AttemptEnd::Dropped { reason }
        }
        Disposition::Skip | Disposition::Reload => AttemptEnd::Dropped { reason },
        // A wrong secret or a blocked address is mended in the console: worth waiting for.
        Disposition::Fix if matches!(error, Error::Token { .. }) => {
            again(claimed, reason, None, now)
        }
        Disposition::Fix | Disposition::Drop => AttemptEnd::Failed { reason },
    }
}

/// A refusal on a second try that means the first one worked.
fn settled_before(effect: &Effect, code: i64) -> bool {
    match effect {
        // The code for a repeated msgid is not documented; every documented one has its
        // own meaning and is handled by it.
        Effect::KfSend { .. } => errcode::lookup(code).is_none(),
        Effect::Welcome { .. } => code == WELCOME_CODE_INVALID || code == 41051,
        Effect::KfEvent { .. } | Effect::AibotReply { .. } => !matches!(
            errcode::disposition(code),
            Disposition::Backoff { .. } | Disposition::Fix
        ),
        _ => false,
    }
}

fn after_ambiguity(claimed: &ClaimedEffect, reason: String, now: UnixMillis) -> AttemptEnd {
    match repeat(&claimed.effect) {
        Repeat::Harmless => again(claimed, reason, None, now),
        Repeat::WithinWindow => match again(claimed, reason.clone(), None, now) {
            AttemptEnd::Retry { at, reason } if within_window(claimed, at) => {
                AttemptEnd::Retry { at, reason }
            }
            _ => AttemptEnd::Unknown { reason },
        },
        Repeat::SingleUse if claimed.attempt < MAX_CODE_ATTEMPTS => {
            again(claimed, reason, None, now)
        }
        Repeat::SingleUse | Repeat::Doubles => AttemptEnd::Unknown { reason },
    }
}

fn within_window(claimed: &ClaimedEffect, at: UnixMillis) -> bool {
    at.since(claimed.first_attempt_at) + WINDOW_MARGIN < DUPLICATE_WINDOW
}

/// A counted try later on; failed when there have been enough, dropped when it would be late.
pub(super) fn again(
    claimed: &ClaimedEffect,
    reason: String,
    at_least: Option<Duration>,
    now: UnixMillis,
) -> AttemptEnd {
    if claimed.attempt >= MAX_ATTEMPTS {
        return AttemptEnd::Failed { reason };
    }
    let urgent = claimed.deadline.is_some();
    let index = usize::try_from(claimed.attempt.saturating_sub(1)).unwrap_or(usize::MAX);
    let secs = WAITS_SECS[index.min(WAITS_SECS.len() - 1)];
    let wait = if urgent {
        CODE_WAIT
    } else {
        Duration::from_secs(secs)
    };
    let at = now.after(wait.max(at_least.unwrap_or_default()));
    match claimed.deadline {
        Some(deadline) if at > deadline => AttemptEnd::Dropped {
            reason: format!("no time left for another try: {reason}"),
        },
        _ => AttemptEnd::Retry { at, reason },
    }
}

/// An error with its sources, in one line. The client's errors hold no secret and no text.
#[must_use]
pub fn describe(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
