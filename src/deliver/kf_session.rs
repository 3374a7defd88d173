//! A reply respects the session: while a human has the customer, the bot is silent.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::worker::Deps;
use crate::domain::clock::UnixMillis;
use crate::domain::effect::Effect;
use crate::domain::ids::{ExternalUserId, OpenKfId, RecordId};
use crate::store::{AttemptEnd, ClaimedEffect};
use crate::wecom::api::kf::{ServiceState, service_state_get};

/// Several messages of one answer share one look at the state.
const FRESH: Duration = Duration::from_secs(3);
/// More remembered sessions than this are forgotten all at once.
const REMEMBERED: usize = 10_000;

/// Session states read a moment ago.
///
/// A look serves the answer to one record only: before the next one a human may have
/// taken the session.
#[derive(Debug, Default)]
pub struct Sessions(Mutex<HashMap<(OpenKfId, ExternalUserId), Look>>);

#[derive(Debug)]
struct Look {
    record: RecordId,
    state: ServiceState,
    at: UnixMillis,
}

impl Sessions {
    fn recent(
        &self,
        account: &OpenKfId,
        customer: &ExternalUserId,
        record: RecordId,
        now: UnixMillis,
    ) -> Option<ServiceState> {
        let looks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let look = looks.get(&(account.clone(), customer.clone()))?;
        (look.record == record && now.since(look.at) < FRESH).then_some(look.state)
    }

    fn remember(&self, account: &OpenKfId, customer: &ExternalUserId, look: Look) {
        let mut looks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if looks.len() >= REMEMBERED {
            looks.clear();
        }
        looks.insert((account.clone(), customer.clone()), look);
    }

    /// The state may have changed.
    pub fn forget(&self, account: &OpenKfId, customer: &ExternalUserId) {
        let mut looks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        looks.remove(&(account.clone(), customer.clone()));
    }
}

/// Why a kf message must not be sent now, if it must not.
///
/// If the state cannot be read the message is sent: WeCom refuses it by itself where it
/// must (95018), and a reading that is not permitted must not silence the bot.
pub(super) async fn refuses(
    deps: &Deps,
    claimed: &ClaimedEffect,
    now: UnixMillis,
) -> Option<AttemptEnd> {
    let Effect::KfSend {
        app,
        open_kfid,
        external_userid,
        ..
    } = &claimed.effect
    else {
        return None;
    };
    let record = claimed.origin.record;
    let seen = deps
        .sessions
        .recent(open_kfid, external_userid, record, now);
    let state = match seen {
        Some(state) => state,
        None => {
            let request =
                service_state_get::Request::new(open_kfid.as_str(), external_userid.as_str());
            match deps.gateway.app(app)?.call(&request).await {
                Ok(response) => {
                    let state = response.service_state;
                    let look = Look {
                        record,
                        state,
                        at: now,
                    };
                    deps.sessions.remember(open_kfid, external_userid, look);
                    state
                }
                Err(error) => {
                    tracing::debug!(effect = %claimed.id, %error, "the session state cannot be read");
                    return None;
                }
            }
        }
    };
    let reason = match state {
        ServiceState::Queued => "the session waits for a human servicer (state 2)",
        ServiceState::Human => "a human servicer has the session (state 3)",
        ServiceState::Ended => "the session has ended (state 4)",
        _ => return None,
    };
    Some(AttemptEnd::Dropped {
        reason: reason.to_owned(),
    })
}
