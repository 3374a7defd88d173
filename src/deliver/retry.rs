//! What to do after an attempt: a pure decision per endpoint.
//!
//! | effect | a second try | after an ambiguous answer |
//! |---|---|---|
//! | `KfSend` | recognised by our `msgid` | again, same `msgid` |
//! | `KfEvent`, `Welcome`, `AibotReply` | refused: the code is used up | again at once, twice at the most |
//! | `AppSend` | swallowed inside the duplicate window | again inside the window, then unknown |
//! | `AppSend`, the same said a moment ago | doubles the message | unknown, kept for a person |
//! | `MarkTag`, `Remark`, `KfTransfer`, `KfEnd` | sets the same value | again |
//! | `Webhook` | recognised by `webhook-id` | again |
//! | `MassSend` | is made only after looking for the first one in WeCom's list | again, a minute later |
//! | `Robot`, `Appchat` | doubles the message | unknown, kept for a person |

use std::time::Duration;

use crate::domain::clock::UnixMillis;
use crate::domain::effect::Effect;
use crate::store::{AttemptEnd, ClaimedEffect};
use crate::wecom::errcode;
use crate::wecom::error::{Disposition, Error, Refused};

/// `duplicate_check_interval` of our app messages.
pub const DUPLICATE_WINDOW: Duration = Duration::from_secs(1800);
/// An ambiguous app message is not tried again this close to the end of the window.
const WINDOW_MARGIN: Duration = Duration::from_secs(60);
/// A call whose outcome is not known may still take effect for so long.
pub(super) const SETTLE: Duration = Duration::from_secs(60);
/// After this many counted tries an effect has failed.
const MAX_ATTEMPTS: u32 = 8;
/// Single-use codes get two quick tries.
const MAX_CODE_ATTEMPTS: u32 = 2;
/// Waits after the first, second, … try.
const WAITS_SECS: [u64; 7] = [1, 4, 15, 60, 300, 900, 3600];
const CODE_WAIT: Duration = Duration::from_millis(500);

/// What we had remembered is no longer good; after a fresh look two more tries are enough.
const MAX_STALE_ATTEMPTS: u32 = 3;

/// The corp tag of a `mark_tag` is not in the library (any more).
pub(super) const TAG_INVALID: i64 = 40068;
/// The customer has to write first: 48 h over, silent for 48 h.
const KF_NOT_ALLOWED: [i64; 2] = [95002, 95031];
const WELCOME_CODE_INVALID: i64 = 41050;
const WELCOME_CODE_USED: i64 = 41051;
/// `response_code` of a card is invalid, used or expired.
const CARD_CODE_USED: i64 = 60140;

/// What a second try of an effect would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// Nothing: it is recognised, or sets the same value.
    Harmless,
    /// Nothing inside the duplicate window.
    WithinWindow,
    /// It is refused: the code works once.
    SingleUse,
    /// It would do it twice, so the carrying out looks for the first one before.
    LookedFor,
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
        | Effect::KfEnd { .. }
        | Effect::Webhook { .. } => Repeat::Harmless,
        Effect::AppSend { .. } => Repeat::WithinWindow,
        Effect::KfEvent { .. }
        | Effect::Welcome { .. }
        | Effect::AibotReply { .. }
        | Effect::UpdateCard { .. } => Repeat::SingleUse,
        Effect::MassSend { .. } => Repeat::LookedFor,
        Effect::Robot { .. } | Effect::Appchat { .. } => Repeat::Doubles,
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
    let reason = match repeat(&claimed.effect) {
        Repeat::Doubles if claimed.interrupted => "the program stopped during an attempt",
        Repeat::WithinWindow if claimed.unclear && !within_window(claimed, now) => {
            "an earlier try got no clear answer, and WeCom would not know a repeat any more"
        }
        _ => return None,
    };
    Some(AttemptEnd::Unknown {
        reason: reason.to_owned(),
    })
}

/// What follows an error of the effect's own call.
#[must_use]
pub fn after_error(claimed: &ClaimedEffect, error: &Error, now: UnixMillis) -> AttemptEnd {
    let reason = describe(error);
    if let Error::Decode { .. } | Error::TooLarge { .. } = error {
        return AttemptEnd::Sent { note: Some(reason) };
    }
    if claimed.unclear
        && let Some(refused) = error.refused()
        && settled_before(&claimed.effect, refused)
    {
        return AttemptEnd::Sent {
            note: Some(format!("an earlier try had got through: {reason}")),
        };
    }
    match error.disposition() {
        Disposition::Ambiguous => after_ambiguity(claimed, reason, now),
        _ => after_refusal(claimed, error, reason, now),
    }
}

/// What follows an error of the effect's own call if WeCom would not recognise a repeat.
#[must_use]
pub fn after_unguarded_error(
    claimed: &ClaimedEffect,
    error: &Error,
    now: UnixMillis,
) -> AttemptEnd {
    match after_error(claimed, error, now) {
        AttemptEnd::Retry {
            reason,
            unclear: true,
            ..
        } => AttemptEnd::Unknown { reason },
        end => end,
    }
}

/// What follows an error of a call that had to come before: the effect itself was not tried.
#[must_use]
pub fn after_preparation(claimed: &ClaimedEffect, error: &Error, now: UnixMillis) -> AttemptEnd {
    let reason = describe(error);
    match error.disposition() {
        Disposition::Ambiguous => again(claimed, reason, None, now),
        _ => after_refusal(claimed, error, reason, now),
    }
}

fn after_refusal(
    claimed: &ClaimedEffect,
    error: &Error,
    reason: String,
    now: UnixMillis,
) -> AttemptEnd {
    let code = error.code();
    let stale = matches!(code, Some(TAG_INVALID | errcode::MEDIA_INVALID));
    match error.disposition() {
        Disposition::Backoff { after } => again(claimed, reason, after, now),
        Disposition::RefreshToken => again(claimed, reason, None, now),
        Disposition::Reload if stale && claimed.attempt < MAX_STALE_ATTEMPTS => {
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
        // Not a refusal; the callers have looked at it.
        Disposition::Ambiguous => AttemptEnd::Unknown { reason },
    }
}

/// A refusal of a repeat that means that the unclear try before it worked.
fn settled_before(effect: &Effect, refused: &Refused) -> bool {
    let code = refused.code;
    match effect {
        // The code for a repeated msgid is not documented. It is one that no page names, or
        // a general one: then the message tells which parameter, and ours is well-formed.
        Effect::KfSend { .. } => {
            errcode::lookup(code).is_none() || refused.message.contains("msgid")
        }
        Effect::Welcome { .. } => matches!(code, WELCOME_CODE_INVALID | WELCOME_CODE_USED),
        Effect::UpdateCard { .. } => code == CARD_CODE_USED,
        Effect::KfEvent { .. } | Effect::AibotReply { .. } => !matches!(
            errcode::disposition(code),
            Disposition::Backoff { .. } | Disposition::Fix | Disposition::RefreshToken
        ),
        _ => false,
    }
}

/// Another try where a repeat is known for what it is; else nobody knows.
fn after_ambiguity(claimed: &ClaimedEffect, reason: String, now: UnixMillis) -> AttemptEnd {
    let unknown = AttemptEnd::Unknown {
        reason: reason.clone(),
    };
    let repeat = repeat(&claimed.effect);
    let at_least = (repeat == Repeat::LookedFor).then_some(SETTLE);
    let AttemptEnd::Retry { at, reason, .. } = again(claimed, reason, at_least, now) else {
        return unknown;
    };
    let repeatable = match repeat {
        Repeat::Harmless | Repeat::LookedFor => true,
        Repeat::WithinWindow => within_window(claimed, at),
        Repeat::SingleUse => claimed.attempt < MAX_CODE_ATTEMPTS,
        Repeat::Doubles => false,
    };
    if !repeatable {
        return unknown;
    }
    AttemptEnd::Retry {
        at,
        reason,
        unclear: true,
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
        _ => AttemptEnd::Retry {
            at,
            reason,
            unclear: false,
        },
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

#[cfg(test)]
mod tests;
