//! Events that no other control call causes: the whole list of the official pages.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{ControlError, Pushed, report};
use crate::config::Kind;
use crate::push::{Event, Push};
use crate::server::Shared;
use crate::state::World;
use crate::switches::Sender;

/// An event of the official list, to every receiver that gets such events.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PlatformEvent {
    /// `change_contact`, `customer_acquisition`, `kf_account_auth_change`, …
    pub event: String,
    /// `create_user`, `link_unavailable`, …, for events that have one.
    pub change_type: Option<String>,
    /// The acting member, for events that have one.
    pub userid: Option<String>,
    /// The app, for app events.
    pub agent_id: Option<i64>,
    /// The event's own XML elements.
    pub fields: Map<String, Value>,
}

/// Who an event is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum From {
    Sys,
    Member,
    Nobody,
    /// The pages do not say; a switch does.
    Open,
}

/// One row of the official lists.
pub(crate) struct Known {
    pub(crate) event: &'static str,
    pub(crate) change_type: &'static str,
    pub(crate) kind: Kind,
    from: From,
    /// The elements it may carry.
    pub(crate) elements: &'static str,
}

const fn app(event: &'static str, from: From, elements: &'static str) -> Known {
    Known {
        event,
        change_type: "",
        kind: Kind::App,
        from,
        elements,
    }
}

const fn sys(
    event: &'static str,
    change_type: &'static str,
    kind: Kind,
    elements: &'static str,
) -> Known {
    Known {
        event,
        change_type,
        kind,
        from: From::Sys,
        elements,
    }
}

const BOOK: &str = "change_contact";
const CONTACT: &str = "change_external_contact";
const CHAT: &str = "change_external_chat";
const TAG: &str = "change_external_tag";
const LINK: &str = "customer_acquisition";
const PERSON: &str = "UserID Name Department MainDepartment IsLeaderInDept DirectLeader Mobile \
                      Position Gender Email BizMail Status Avatar Alias Telephone Address ExtAttr";
const UPDATED: &str = "UserID NewUserID Name Department MainDepartment IsLeaderInDept DirectLeader \
                       Mobile Position Gender Email BizMail Status Avatar Alias Telephone Address \
                       ExtAttr";

/// Every event of the official lists.
pub(crate) const KNOWN: &[Known] = &[
    app("subscribe", From::Member, "EventKey"),
    app("unsubscribe", From::Member, "EventKey"),
    app("enter_agent", From::Member, "EventKey"),
    app(
        "LOCATION",
        From::Member,
        "Latitude Longitude Precision AppType",
    ),
    app("batch_job_result", From::Sys, "BatchJob"),
    app("click", From::Member, "EventKey"),
    app("view", From::Member, "EventKey"),
    app("view_miniprogram", From::Member, "EventKey"),
    app("scancode_push", From::Member, "EventKey ScanCodeInfo"),
    app("scancode_waitmsg", From::Member, "EventKey ScanCodeInfo"),
    app("pic_sysphoto", From::Member, "EventKey SendPicsInfo"),
    app("pic_photo_or_album", From::Member, "EventKey SendPicsInfo"),
    app("pic_weixin", From::Member, "EventKey SendPicsInfo"),
    app(
        "location_select",
        From::Member,
        "EventKey SendLocationInfo AppType",
    ),
    app("open_approval_change", From::Sys, "ApprovalInfo"),
    app("sys_approval_change", From::Sys, "ApprovalInfo"),
    app("share_agent_change", From::Sys, ""),
    app("share_chain_change", From::Sys, ""),
    app(
        "template_card_event",
        From::Member,
        "EventKey TaskId CardType ResponseCode SelectedItems",
    ),
    app(
        "template_card_menu_event",
        From::Member,
        "EventKey TaskId CardType ResponseCode",
    ),
    app("taskcard_click", From::Member, "EventKey TaskId AgentId"),
    app("inactive_alert", From::Sys, "EffectTime"),
    app("low_active_alert", From::Sys, "EffectTime"),
    app("close_inactive_agent", From::Sys, ""),
    app("low_active", From::Sys, ""),
    app("reopen_inactive_agent", From::Member, ""),
    app("active_restored", From::Sys, ""),
    app("upload_media_job_finish", From::Sys, "JobId"),
    app("switch_workbench_mode", From::Member, "Mode"),
    sys(BOOK, "create_user", Kind::ContactsBook, PERSON),
    sys(BOOK, "update_user", Kind::ContactsBook, UPDATED),
    sys(BOOK, "delete_user", Kind::ContactsBook, "UserID"),
    sys(
        BOOK,
        "create_party",
        Kind::ContactsBook,
        "Id Name ParentId Order",
    ),
    sys(BOOK, "update_party", Kind::ContactsBook, "Id Name ParentId"),
    sys(BOOK, "delete_party", Kind::ContactsBook, "Id"),
    sys(
        BOOK,
        "update_tag",
        Kind::ContactsBook,
        "TagId AddUserItems DelUserItems AddPartyItems DelPartyItems",
    ),
    sys(CONTACT, "add_external_contact", Kind::Contact, ADDED),
    sys(CONTACT, "add_half_external_contact", Kind::Contact, ADDED),
    sys(CONTACT, "edit_external_contact", Kind::Contact, PAIR),
    sys(
        CONTACT,
        "del_external_contact",
        Kind::Contact,
        "UserID ExternalUserID Source",
    ),
    sys(CONTACT, "del_follow_user", Kind::Contact, PAIR),
    sys(
        CONTACT,
        "transfer_fail",
        Kind::Contact,
        "FailReason UserID ExternalUserID",
    ),
    sys(
        CONTACT,
        "msg_audit_approved",
        Kind::Contact,
        "UserID ExternalUserID WelcomeCode",
    ),
    sys(CHAT, "create", Kind::Contact, "ChatId"),
    sys(
        CHAT,
        "update",
        Kind::Contact,
        "ChatId UpdateDetail JoinScene QuitScene MemChangeCnt MemChangeList LastMemVer CurMemVer",
    ),
    sys(CHAT, "dismiss", Kind::Contact, "ChatId"),
    sys(TAG, "create", Kind::Contact, "Id TagType StrategyId"),
    sys(TAG, "update", Kind::Contact, "Id TagType StrategyId"),
    sys(TAG, "delete", Kind::Contact, "Id TagType StrategyId"),
    sys(TAG, "shuffle", Kind::Contact, "Id StrategyId"),
    sys(LINK, "balance_low", Kind::Contact, ""),
    sys(LINK, "balance_exhausted", Kind::Contact, ""),
    sys(LINK, "balance_increased", Kind::Contact, ""),
    sys(
        LINK,
        "quota_expire_soon",
        Kind::Contact,
        "ExpireTime ExpireQuotaNum",
    ),
    sys(LINK, "link_unavailable", Kind::Contact, "LinkId"),
    sys(LINK, "delete_link", Kind::Contact, "LinkId"),
    sys(LINK, "open_profile", Kind::Contact, "LinkId State"),
    sys(LINK, "friend_request", Kind::Contact, "LinkId State"),
    sys(
        LINK,
        "customer_start_chat",
        Kind::Contact,
        "UserID ExternalUserID LinkId",
    ),
    sys(
        LINK,
        "message_from_customer",
        Kind::Contact,
        "LinkId ChatKey",
    ),
    Known {
        event: "kf_msg_or_event",
        change_type: "",
        kind: Kind::Kf,
        from: From::Nobody,
        elements: "Token OpenKfId",
    },
    sys(
        "kf_account_auth_change",
        "",
        Kind::Kf,
        "AuthAddOpenKfId AuthDelOpenKfId",
    ),
    sys("msgaudit_notify", "", Kind::App, "AgentID"),
    app("living_status_change", From::Member, "LivingId Status"),
    app("respond_schedule", From::Member, "CalId ScheduleId"),
    app("add_schedule", From::Open, "CalId ScheduleId"),
    app("modify_schedule", From::Open, "CalId ScheduleId"),
    app("delete_schedule", From::Open, "CalId ScheduleId"),
    app("modify_calendar", From::Open, "CalId"),
    app("delete_calendar", From::Open, "CalId"),
    app("book_meeting_room", From::Member, "MeetingRoomId BookingId"),
    app(
        "cancel_meeting_room",
        From::Member,
        "MeetingRoomId BookingId",
    ),
    sys("change_school_contact", "*", Kind::App, "Id"),
    sys("change_chain", "*", Kind::App, "ChainId CorpIds GroupIds"),
    sys("doc_change", "*", Kind::App, "DocId FormId"),
];
const PAIR: &str = "UserID ExternalUserID";
const ADDED: &str = "UserID ExternalUserID State WelcomeCode";

/// The row of an event; `*` takes any change type.
fn known(request: &PlatformEvent) -> Result<&'static Known, ControlError> {
    let change = request.change_type.as_deref().unwrap_or_default();
    let fits = |row: &&Known| {
        row.event == request.event && (row.change_type == change || row.change_type == "*")
    };
    KNOWN
        .iter()
        .find(fits)
        .ok_or_else(|| ControlError::new(format!("there is no event {} {change}", request.event)))
}

/// What the row and the switches demand of the elements.
fn check(world: &World, row: &Known, fields: &Map<String, Value>) -> Result<(), ControlError> {
    for name in fields.keys() {
        if !row.elements.split_whitespace().any(|known| known == name) {
            return Err(ControlError::new(format!(
                "{} has no element {name}; it has {}",
                row.event, row.elements
            )));
        }
    }
    let switches = &world.switches;
    if let Some(job) = fields.get("BatchJob").map(|job| &job["JobType"])
        && !switches.export_job_types.iter().any(|known| job == known)
    {
        return Err(ControlError::new(format!("there is no job type {job}")));
    }
    if row.event == "living_status_change"
        && let Some(status) = fields.get("Status").and_then(Value::as_i64)
        && !switches.living_statuses.contains(&status)
    {
        return Err(ControlError::new(format!("there is no status {status}")));
    }
    Ok(())
}

pub(crate) async fn send(
    shared: &Arc<Shared>,
    request: PlatformEvent,
) -> Result<Pushed, ControlError> {
    let now = shared.clock.now();
    let row = known(&request)?;
    let pushes = {
        let world = shared.world();
        check(&world, row, &request.fields)?;
        let member = || {
            let userid = request.userid.as_deref();
            userid.ok_or_else(|| ControlError::new("userid is missing"))
        };
        let from = match row.from {
            From::Sys => Some("sys"),
            From::Nobody => None,
            From::Member => Some(member()?),
            From::Open if world.switches.calendar_event_from == Sender::Sys => Some("sys"),
            From::Open => Some(member()?),
        };
        let head = Event {
            corp_id: &world.corp_id,
            from,
            now,
            name: row.event,
        };
        let body = |agent_id: Option<i64>| {
            let mut body = head.open();
            if let Some(change) = &request.change_type {
                body = body.text("ChangeType", change);
            }
            body = body.json(&request.fields);
            match agent_id {
                Some(id) if !request.fields.contains_key("AgentID") => {
                    body.number("AgentID", id).end()
                }
                _ => body.end(),
            }
        };
        let receivers = world.receivers_of(row.kind, request.agent_id);
        let push = |receiver: crate::config::ReceiverSpec| {
            let agent_id = request.agent_id.or(receiver.agent_id);
            let agent_id = agent_id.filter(|_| row.kind == Kind::App);
            let plain = body(agent_id);
            let mut push = Push::new(receiver, plain);
            push.agent_id = agent_id.or(push.agent_id);
            push
        };
        receivers.into_iter().map(push).collect()
    };
    Ok(report(shared, pushes, json!({})).await)
}

/// The list as a Markdown table, for the README.
pub(crate) fn markdown() -> String {
    let mut out =
        String::from("| event | change type | receivers | elements |\n|---|---|---|---|\n");
    for row in KNOWN {
        let kind = serde_json::to_value(row.kind).unwrap_or_default();
        let line = format!(
            "| `{}` | {} | {} | {} |\n",
            row.event,
            row.change_type.replace('*', "any"),
            kind.as_str().unwrap_or_default(),
            row.elements,
        );
        out.push_str(&line);
    }
    out
}
