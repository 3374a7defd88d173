//! What members and customers do outside of chats: leaving, taking over, publishing, logging in.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::contact::sys_event;
use super::{ControlError, Pushed, report};
use crate::server::Shared;
use crate::state::login::Visitor;
use crate::state::moments::Remark;
use crate::state::transfers::finish;

type Done = Result<Value, ControlError>;

/// A member leaves the corp.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MemberLeave {
    /// The member.
    pub userid: String,
}

/// How a transfer ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransferOutcome {
    /// The customer now belongs to the new member.
    #[default]
    Done,
    /// The customer refused.
    Refused,
    /// The new member has too many customers.
    Full,
}

/// A waiting transfer ends before its 24 hours are over.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TransferSettle {
    /// The customer.
    pub external_userid: String,
    /// How it ends.
    pub outcome: TransferOutcome,
}

/// A member publishes a moment.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MomentPublish {
    /// The moment.
    pub moment_id: String,
    /// The member.
    pub userid: String,
}

/// Somebody comments on a moment, or likes it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MomentRemark {
    /// The moment.
    pub moment_id: String,
    /// The member who published it.
    pub userid: String,
    /// A member or a customer.
    pub from: String,
    /// A like instead of a comment.
    pub like: bool,
}

/// Somebody opens a page of an app and gets an OAuth code.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OauthLogin {
    /// A member.
    pub userid: Option<String>,
    /// Or somebody outside; known customers are recognised.
    pub external_userid: Option<String>,
    /// `snsapi_privateinfo`: a user ticket comes with it.
    pub private: bool,
    /// The app whose page it is.
    pub agent_id: Option<i64>,
}

pub(crate) async fn leave(
    shared: &Arc<Shared>,
    request: MemberLeave,
) -> Result<Pushed, ControlError> {
    let now = shared.clock.now();
    let pushes = {
        let mut guard = shared.world();
        let world = &mut *guard;
        let key = request.userid.to_lowercase();
        let member = world.book.members.get_mut(&key);
        let member = member.ok_or_else(|| ControlError::new("there is no such member"))?;
        member.status = 5;
        member.serves_customers = false;
        world.transfers.left_at.insert(key, now);
        Vec::new()
    };
    Ok(report(shared, pushes, json!({})).await)
}

pub(crate) async fn settle(
    shared: &Arc<Shared>,
    request: TransferSettle,
) -> Result<Pushed, ControlError> {
    let now = shared.clock.now();
    let pushes = {
        let mut guard = shared.world();
        let world = &mut *guard;
        let mut moves = world.transfers.moves.iter_mut();
        let one = moves
            .find(|one| one.external_userid == request.external_userid && one.status == 2)
            .ok_or_else(|| ControlError::new("no transfer of this customer is waiting"))?;
        let reason = match request.outcome {
            TransferOutcome::Done => {
                finish(one, &mut world.customers, now);
                None
            }
            TransferOutcome::Refused => Some((3, "customer_refused")),
            TransferOutcome::Full => Some((4, "customer_limit_exceed")),
        };
        if let Some((status, _)) = reason {
            (one.status, one.settled_at) = (status, now);
        }
        let one = one.clone();
        let fields = match reason {
            None => json!({"ChangeType": "del_external_contact", "UserID": one.handover,
                "ExternalUserID": one.external_userid, "Source": "DELETE_BY_TRANSFER"}),
            Some((_, why)) => json!({"ChangeType": "transfer_fail", "FailReason": why,
                "UserID": one.takeover, "ExternalUserID": one.external_userid}),
        };
        // A resigned member gets no events any more.
        if one.resigned && reason.is_none() {
            Vec::new()
        } else {
            sys_event(world, now, "change_external_contact", &fields)
        }
    };
    Ok(report(shared, pushes, json!({})).await)
}

pub(crate) fn publish(shared: &Arc<Shared>, request: MomentPublish) -> Done {
    let now = shared.clock.now();
    let mut guard = shared.world();
    let moment = guard.moments.0.get_mut(&request.moment_id);
    let moment = moment.ok_or_else(|| ControlError::new("there is no such moment"))?;
    if moment.cancelled {
        return Err(ControlError::new("the moment was cancelled"));
    }
    let mut all = moment.publishers.iter_mut();
    let one = all
        .find(|one| one.userid.eq_ignore_ascii_case(&request.userid))
        .ok_or_else(|| ControlError::new("the moment is not for this member"))?;
    one.published_at = now;
    Ok(json!({"shown_to": one.customers}))
}

pub(crate) fn remark(shared: &Arc<Shared>, request: MomentRemark) -> Done {
    let now = shared.clock.now();
    let mut guard = shared.world();
    let moment = guard.moments.0.get_mut(&request.moment_id);
    let moment = moment.ok_or_else(|| ControlError::new("there is no such moment"))?;
    let published = moment
        .publishers
        .iter()
        .any(|one| one.userid.eq_ignore_ascii_case(&request.userid) && one.published_at > 0);
    if !published {
        return Err(ControlError::new("the member has not published it"));
    }
    moment.remarks.push(Remark {
        under: request.userid,
        from: request.from,
        at: now,
        like: request.like,
    });
    Ok(json!({}))
}

pub(crate) fn login(shared: &Arc<Shared>, request: OauthLogin) -> Done {
    let now = shared.clock.now();
    let mut guard = shared.world();
    let world = &mut *guard;
    let visitor = match (&request.userid, &request.external_userid) {
        (Some(userid), None) => {
            let member = world.book.member(userid);
            let member = member.ok_or_else(|| ControlError::new("there is no such member"))?;
            Visitor::Member(member.userid.clone())
        }
        (None, Some(id)) => Visitor::Outsider {
            openid: format!("oOPEN{}", id.chars().skip(2).collect::<String>()),
            external_userid: world.customers.0.contains_key(id).then(|| id.clone()),
        },
        _ => return Err(ControlError::new("userid or external_userid is needed")),
    };
    let code = world.logins.new_code(
        visitor,
        request.private,
        request.agent_id,
        now,
        &mut world.ids,
    );
    Ok(json!({"code": code}))
}
