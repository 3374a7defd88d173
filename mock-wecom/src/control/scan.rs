//! Customers scanning codes that the API made.

use std::sync::Arc;

use serde::Deserialize;

use super::contact::{self, ContactAdd};
use super::group::{self, GroupChange};
use super::{ControlError, Pushed};
use crate::server::Shared;

/// A customer scans the code of a 「联系我」 channel.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ContactScan {
    /// The channel, as `add_contact_way` answered it.
    pub config_id: String,
    /// The customer; made on first sight.
    pub external_userid: String,
    /// The customer's name, for a new one.
    pub name: Option<String>,
    /// One of the channel's members; the first one when absent.
    pub userid: Option<String>,
}

/// The member and the state that a channel leads to.
fn target(
    shared: &Shared,
    request: &ContactScan,
) -> Result<(String, Option<String>), ControlError> {
    let world = shared.world();
    let way = world.greetings.ways.get(&request.config_id);
    let way = way.ok_or_else(|| ControlError::new("there is no such contact way"))?;
    let users = way.fields.get("user").and_then(|users| users.as_array());
    let listed: Vec<&str> = users
        .into_iter()
        .flatten()
        .filter_map(|user| user.as_str())
        .collect();
    let parties = way.fields.get("party").and_then(|list| list.as_array());
    let in_parties = parties
        .into_iter()
        .flatten()
        .filter_map(serde_json::Value::as_i64)
        .flat_map(|id| world.book.in_department(id))
        .map(|member| member.userid.as_str());
    let mut able = listed.into_iter().chain(in_parties);
    let chosen = match &request.userid {
        Some(userid) => able.find(|able| able.eq_ignore_ascii_case(userid)),
        None => able.next(),
    };
    let chosen =
        chosen.ok_or_else(|| ControlError::new("the contact way leads to no such member"))?;
    let state = way.fields.get("state").and_then(|state| state.as_str());
    Ok((chosen.to_owned(), state.map(str::to_owned)))
}

/// The customer and the channel's member become friends.
pub(crate) async fn contact(
    shared: &Arc<Shared>,
    request: ContactScan,
) -> Result<Pushed, ControlError> {
    let (userid, state) = target(shared, &request)?;
    let add = ContactAdd {
        external_userid: request.external_userid,
        userid,
        name: request.name,
        state,
        ..ContactAdd::default()
    };
    contact::add(shared, add).await
}

/// A customer scans the code of a group's join way.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GroupScan {
    /// The join way, as `groupchat/add_join_way` answered it.
    pub config_id: String,
    /// The customer; made on first sight.
    pub external_userid: String,
}

/// The customer enters the first of the way's groups that has room.
pub(crate) async fn group(
    shared: &Arc<Shared>,
    request: GroupScan,
) -> Result<Pushed, ControlError> {
    const FULL: usize = 200;
    if request.external_userid.is_empty() {
        return Err(ControlError::new("external_userid is missing"));
    }
    let change = {
        let mut world = shared.world();
        let way = world.shelves.join_ways.0.get(&request.config_id);
        let way = way.ok_or_else(|| ControlError::new("there is no such join way"))?;
        let listed = way.field("chat_id_list");
        let mut chats = listed
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|id| id.as_str());
        let free = |id: &&str| {
            world
                .groups
                .0
                .get(*id)
                .is_some_and(|group| group.members.len() < FULL)
        };
        let chat_id = chats.find(free);
        let chat_id =
            chat_id.ok_or_else(|| ControlError::new("the join way leads to no group with room"))?;
        let change = GroupChange {
            chat_id: chat_id.to_owned(),
            members: vec![request.external_userid.clone()],
            scene: 3,
            state: way.field("state").as_str().map(str::to_owned),
            ..GroupChange::default()
        };
        world.customers.ensure(&request.external_userid);
        change
    };
    group::join(shared, change).await
}
