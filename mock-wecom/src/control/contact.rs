//! Customers and tags as people change them in the client.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{ControlError, Pushed, report};
use crate::config::Kind;
use crate::push::{Event, Push};
use crate::server::Shared;
use crate::state::World;
use crate::state::customers::Follow;
use crate::state::shelf::LinkCustomer;

/// A customer and a member become friends.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ContactAdd {
    /// The customer; made on first sight.
    pub external_userid: String,
    /// The member.
    pub userid: String,
    /// The customer's name, for a new one.
    pub name: Option<String>,
    /// Contact-way state.
    pub state: Option<String>,
    /// How the customer was added (default 1, QR code).
    pub add_way: Option<i64>,
    /// Send `add_half_external_contact`: the member has not confirmed yet.
    pub half: bool,
    /// Give no welcome code, as when the console has a greeting of its own.
    pub without_welcome: bool,
    /// The two already chat: the code is there, but using it answers 41051.
    pub chat_started: bool,
    /// The acquisition link by which the customer came.
    pub link_id: Option<String>,
}

/// One of the two removes the other.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ContactDelete {
    /// The customer.
    pub external_userid: String,
    /// The member.
    pub userid: String,
    /// The customer removed the member (`del_follow_user`).
    pub by_customer: bool,
}

/// A member changes a remark or tags in the client.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ContactEdit {
    /// The customer.
    pub external_userid: String,
    /// The member.
    pub userid: String,
    /// The new remark.
    pub remark: Option<String>,
    /// Tag ids to put on.
    pub add_tag: Vec<String>,
    /// Tag ids to take off.
    pub remove_tag: Vec<String>,
}

/// The tag library changes in the console.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TagEvent {
    /// `create`, `update`, `delete` or `shuffle`.
    pub change_type: String,
    /// Tag or group id.
    pub id: String,
    /// `tag` or `tag_group`; not for `shuffle`.
    pub tag_type: Option<String>,
}

/// An event from `sys` to every contact receiver.
pub(super) fn sys_event(world: &World, now: i64, name: &str, fields: &Value) -> Vec<Push> {
    let event = Event {
        corp_id: &world.corp_id,
        from: Some("sys"),
        now,
        name,
    };
    let empty = Map::new();
    let plain = event
        .open()
        .json(fields.as_object().unwrap_or(&empty))
        .end();
    Push::to_kind(world, Kind::Contact, &plain)
}

pub(crate) async fn add(shared: &Arc<Shared>, request: ContactAdd) -> Result<Pushed, ControlError> {
    let now = shared.clock.now();
    let (pushes, code) = {
        let mut guard = shared.world();
        let world = &mut *guard;
        let (who, userid) = (&request.external_userid, &request.userid);
        if world.book.member(userid).is_none() {
            return Err(ControlError::new(format!("there is no member {userid}")));
        }
        if who.is_empty() {
            return Err(ControlError::new("external_userid is missing"));
        }
        let customer = world.customers.ensure(who);
        if let Some(name) = &request.name {
            customer.name.clone_from(name);
        }
        if customer.follow(userid).is_none() {
            customer.followers.push(Follow::new(userid, now));
        }
        if let Some(follow) = customer.follow_mut(userid) {
            follow.state = request.state.clone().unwrap_or_default();
            let usual = if request.link_id.is_some() { 16 } else { 1 };
            follow.add_way = request.add_way.unwrap_or(usual);
        }
        if let Some(link_id) = &request.link_id {
            world.shelves.link_customers.push(LinkCustomer {
                link_id: link_id.clone(),
                external_userid: who.clone(),
                userid: userid.clone(),
                state: request.state.clone().unwrap_or_default(),
                chat_status: u8::from(request.chat_started),
                at: now,
            });
        }
        let code = (!request.without_welcome)
            .then(|| world.greetings.new_code(userid, who, now, &mut world.ids));
        if let Some(right) = code
            .as_ref()
            .and_then(|code| world.greetings.codes.get_mut(code))
        {
            right.chat_started = request.chat_started;
        }
        let change = if request.half {
            "add_half_external_contact"
        } else {
            "add_external_contact"
        };
        let fields = json!({
            "ChangeType": change, "UserID": userid, "ExternalUserID": who,
            "State": request.state, "WelcomeCode": code,
        });
        (
            sys_event(world, now, "change_external_contact", &fields),
            code,
        )
    };
    Ok(report(shared, pushes, json!({"welcome_code": code})).await)
}

pub(crate) async fn delete(
    shared: &Arc<Shared>,
    request: ContactDelete,
) -> Result<Pushed, ControlError> {
    let now = shared.clock.now();
    let pushes = {
        let mut guard = shared.world();
        let world = &mut *guard;
        let (who, userid) = (&request.external_userid, &request.userid);
        world.customers.follow_mut(userid, who)?;
        world
            .customers
            .ensure(who)
            .followers
            .retain(|f| !f.userid.eq_ignore_ascii_case(userid));
        let change = if request.by_customer {
            "del_follow_user"
        } else {
            "del_external_contact"
        };
        let fields = json!({"ChangeType": change, "UserID": userid, "ExternalUserID": who});
        sys_event(world, now, "change_external_contact", &fields)
    };
    Ok(report(shared, pushes, json!({})).await)
}

pub(crate) async fn edit(
    shared: &Arc<Shared>,
    request: ContactEdit,
) -> Result<Pushed, ControlError> {
    let now = shared.clock.now();
    let pushes = {
        let mut guard = shared.world();
        let world = &mut *guard;
        let (who, userid) = (&request.external_userid, &request.userid);
        let follow = world.customers.follow_mut(userid, who)?;
        if let Some(remark) = request.remark {
            follow.remark = remark;
        }
        follow.tags.extend(request.add_tag);
        follow.tags.retain(|id| !request.remove_tag.contains(id));
        let fields =
            json!({"ChangeType": "edit_external_contact", "UserID": userid, "ExternalUserID": who});
        sys_event(world, now, "change_external_contact", &fields)
    };
    Ok(report(shared, pushes, json!({})).await)
}

pub(crate) async fn tag_event(
    shared: &Arc<Shared>,
    request: TagEvent,
) -> Result<Pushed, ControlError> {
    if !["create", "update", "delete", "shuffle"].contains(&request.change_type.as_str()) {
        return Err(ControlError::new(
            "change_type is create, update, delete or shuffle",
        ));
    }
    let now = shared.clock.now();
    let pushes = {
        let mut guard = shared.world();
        let world = &mut *guard;
        if request.change_type == "delete" {
            let id = [request.id.clone()];
            world.tags.remove(&id, &id);
        }
        let fields = json!({"Id": request.id, "TagType": request.tag_type, "ChangeType": request.change_type});
        sys_event(world, now, "change_external_tag", &fields)
    };
    Ok(report(shared, pushes, json!({})).await)
}
