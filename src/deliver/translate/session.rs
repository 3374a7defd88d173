//! Handing a kf session over, and ending it.

use super::message::Failure;
use super::{handle, note};
use crate::deliver::worker::Deps;
use crate::domain::effect::Effect;
use crate::domain::ids::{ExternalUserId, OpenKfId};
use crate::store::{AttemptEnd, ClaimedEffect};
use crate::wecom::api::kf::{ServiceState, service_state_get, service_state_trans};
use crate::wecom::client::App;

/// Servicers that cannot take a session now: the next one is tried.
const SERVICER_UNAVAILABLE: [i64; 2] = [95014, 95019];

/// Tries the servicers in turn, then the waiting pool.
pub(super) async fn transfer(deps: &Deps, claimed: &ClaimedEffect) -> Result<AttemptEnd, Failure> {
    let Effect::KfTransfer {
        app,
        open_kfid,
        external_userid,
        servicers,
    } = &claimed.effect
    else {
        return Err(Failure::content("not a transfer"));
    };
    let app = handle(deps, app)?;
    deps.sessions.forget(open_kfid, external_userid);
    for servicer in servicers {
        let request = service_state_trans::Request::to_servicer(
            open_kfid.as_str(),
            external_userid.as_str(),
            servicer.as_str(),
        );
        match app.call(&request).await {
            Ok(_) => {
                return Ok(AttemptEnd::Sent {
                    note: note("servicer", servicer.0.clone()),
                });
            }
            Err(error)
                if error
                    .code()
                    .is_some_and(|c| SERVICER_UNAVAILABLE.contains(&c)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let request = service_state_trans::Request::new(
        open_kfid.as_str(),
        external_userid.as_str(),
        ServiceState::Queued,
    );
    app.call(&request).await?;
    Ok(AttemptEnd::Sent {
        note: Some("into the waiting pool".to_owned()),
    })
}

/// Ends a session that the bot has. One that people wait for or work in stays theirs.
pub(super) async fn end(
    deps: &Deps,
    app: &App,
    open_kfid: &OpenKfId,
    customer: &ExternalUserId,
) -> Result<AttemptEnd, Failure> {
    deps.sessions.forget(open_kfid, customer);
    let look = service_state_get::Request::new(open_kfid.as_str(), customer.as_str());
    let state = app.call(&look).await.map_err(Failure::Preparing)?;
    let theirs = match state.service_state {
        ServiceState::Queued => Some("the session waits for a human servicer (state 2)"),
        ServiceState::Human => Some("a human servicer has the session (state 3)"),
        ServiceState::Ended => {
            let note = Some("the session had ended".to_owned());
            return Ok(AttemptEnd::Sent { note });
        }
        _ => None,
    };
    if let Some(reason) = theirs {
        let reason = reason.to_owned();
        return Ok(AttemptEnd::Dropped { reason });
    }
    let move_to =
        |state| service_state_trans::Request::new(open_kfid.as_str(), customer.as_str(), state);
    if state.service_state == ServiceState::Untreated {
        // WeCom names no way from a new session to its end: the bot takes it first.
        let taken = app.call(&move_to(ServiceState::Bot)).await;
        taken.map_err(Failure::Preparing)?;
    }
    app.call(&move_to(ServiceState::Ended)).await?;
    Ok(AttemptEnd::Sent { note: None })
}
