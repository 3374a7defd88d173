//! Whether WeCom recognises a repeat of an app message, and whether it may.
//!
//! WeCom compares what is said: it would take the second "hello" within half an hour for a
//! repeat of the first and swallow it. So the second one goes out without the check, and then
//! nobody recognises a repeat of it. What each try of an effect went out with is in the store
//! before the call: the program may stop during it.

use sha1::{Digest as _, Sha1};

use super::message::Failure;
use crate::deliver::retry::DUPLICATE_WINDOW;
use crate::deliver::worker::Deps;
use crate::store::{ClaimedEffect, QuotaUse, Reservation};

/// What a try goes out with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Guard {
    /// With the check: a repeat is recognised.
    Guarded,
    /// Without it: the same was said to the same members a moment ago.
    Unguarded,
    /// Not at all: an earlier try went out without it, and nobody knows what became of it.
    Unclear,
}

/// What this try goes out with.
pub(super) async fn guard(deps: &Deps, claimed: &ClaimedEffect) -> Result<Guard, Failure> {
    let name = format!("unguarded/{}", claimed.id);
    let again = claimed.attempt > 1;
    if again && deps.store.fact(&name).await?.is_some() {
        return Ok(match claimed.unclear {
            true => Guard::Unclear,
            false => Guard::Unguarded,
        });
    }
    let said = said(claimed);
    let ours = once(format!("{said}/{}", claimed.id));
    if reserve(deps, &[once(said), ours.clone()]).await? {
        return Ok(Guard::Guarded);
    }
    // It may have been this effect that said it, in an earlier try.
    if again && !reserve(deps, &[ours]).await? {
        return Ok(Guard::Guarded);
    }
    deps.store.put_facts(vec![(name, true.into())]).await?;
    Ok(Guard::Unguarded)
}

/// It is done: nobody asks any more what it went out with.
pub(super) async fn forget(deps: &Deps, claimed: &ClaimedEffect) {
    let name = format!("unguarded/{}", claimed.id);
    let removed = vec![(name, serde_json::Value::Null)];
    if let Err(error) = deps.store.put_facts(removed).await {
        tracing::warn!(effect = %claimed.id, %error, "a note about an attempt stays in the store");
    }
}

async fn reserve(deps: &Deps, uses: &[QuotaUse]) -> Result<bool, Failure> {
    let reserved = deps.store.reserve(uses, deps.clock.now()).await?;
    Ok(reserved == Reservation::Granted)
}

/// What is said to whom, in short.
fn said(claimed: &ClaimedEffect) -> String {
    let said = serde_json::to_vec(&claimed.effect).unwrap_or_default();
    let hash: String = Sha1::digest(said)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("said/{hash}")
}

fn once(key: String) -> QuotaUse {
    QuotaUse {
        key,
        max: 1,
        window: DUPLICATE_WINDOW,
        since: None,
        holder: None,
    }
}
