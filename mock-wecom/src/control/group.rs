//! Customer groups as members change them in the client.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::json;

use super::contact::sys_event;
use super::{ControlError, Pushed, report};
use crate::server::Shared;
use crate::state::World;
use crate::state::groups::{CustomerGroup, GroupMember};

/// A member makes a customer group.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GroupCreate {
    /// A fixed id; made when absent.
    pub chat_id: Option<String>,
    /// The name.
    pub name: String,
    /// The owner.
    pub owner: String,
    /// Everyone else in it.
    pub members: Vec<String>,
}

/// A change of a customer group.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GroupChange {
    /// The group.
    pub chat_id: String,
    /// Who joins or leaves.
    pub members: Vec<String>,
    /// Joining: 0 invited, 3 scanned. Leaving: 0 by themselves, 1 removed.
    pub scene: i64,
    /// A new name.
    pub name: Option<String>,
    /// A new owner.
    pub owner: Option<String>,
    /// A new notice.
    pub notice: Option<String>,
    /// Joining: the state of the join way.
    pub state: Option<String>,
}

fn joined(userid: &str, now: i64, join_scene: i64) -> GroupMember {
    GroupMember {
        userid: userid.to_owned(),
        join_time: now,
        join_scene,
        state: String::new(),
    }
}

pub(crate) async fn create(
    shared: &Arc<Shared>,
    request: GroupCreate,
) -> Result<Pushed, ControlError> {
    let now = shared.clock.now();
    let (pushes, chat_id) = {
        let mut guard = shared.world();
        let world = &mut *guard;
        if world.book.member(&request.owner).is_none() {
            return Err(ControlError::new(format!(
                "there is no member {}",
                request.owner
            )));
        }
        let chat_id = request.chat_id.unwrap_or_else(|| world.ids.text("wr", 30));
        let others = request
            .members
            .iter()
            .filter(|userid| **userid != request.owner);
        let everyone = std::iter::once(&request.owner).chain(others);
        let group = CustomerGroup {
            chat_id: chat_id.clone(),
            name: request.name,
            members: everyone.map(|userid| joined(userid, now, 1)).collect(),
            owner: request.owner.clone(),
            create_time: now,
            notice: String::new(),
            admins: Vec::new(),
            version: 1,
        };
        world.groups.0.insert(chat_id.clone(), group);
        let fields = json!({"ChatId": chat_id, "ChangeType": "create"});
        (
            sys_event(world, now, "change_external_chat", &fields),
            chat_id,
        )
    };
    Ok(report(shared, pushes, json!({"chat_id": chat_id})).await)
}

fn find<'w>(world: &'w mut World, chat_id: &str) -> Result<&'w mut CustomerGroup, ControlError> {
    let group = world.groups.0.get_mut(chat_id);
    group.ok_or_else(|| ControlError::new(format!("there is no group {chat_id}")))
}

pub(crate) async fn join(
    shared: &Arc<Shared>,
    request: GroupChange,
) -> Result<Pushed, ControlError> {
    change_members(shared, request, true).await
}

pub(crate) async fn leave(
    shared: &Arc<Shared>,
    request: GroupChange,
) -> Result<Pushed, ControlError> {
    change_members(shared, request, false).await
}

async fn change_members(
    shared: &Arc<Shared>,
    request: GroupChange,
    joining: bool,
) -> Result<Pushed, ControlError> {
    let now = shared.clock.now();
    let pushes = {
        let mut guard = shared.world();
        let world = &mut *guard;
        let group = find(world, &request.chat_id)?;
        let last = group.version_text();
        group
            .members
            .retain(|member| !request.members.contains(&member.userid));
        if joining {
            // The numbers of the event and of groupchat/get differ: 0 and 3 become 1 and 3.
            let scene = if request.scene == 3 { 3 } else { 1 };
            let state = request.state.clone().unwrap_or_default();
            group
                .members
                .extend(request.members.iter().map(|userid| GroupMember {
                    state: state.clone(),
                    ..joined(userid, now, scene)
                }));
        }
        group.version += 1;
        let (join_scene, quit_scene) = if joining {
            (request.scene, 0)
        } else {
            (0, request.scene)
        };
        let fields = json!({
            "ChatId": request.chat_id, "ChangeType": "update",
            "UpdateDetail": if joining { "add_member" } else { "del_member" },
            "JoinScene": join_scene, "QuitScene": quit_scene, "MemChangeCnt": request.members.len(),
            "MemChangeList": {"Item": request.members}, "LastMemVer": last,
            "CurMemVer": group.version_text(),
        });
        sys_event(world, now, "change_external_chat", &fields)
    };
    Ok(report(shared, pushes, json!({})).await)
}

pub(crate) async fn update(
    shared: &Arc<Shared>,
    request: GroupChange,
) -> Result<Pushed, ControlError> {
    let now = shared.clock.now();
    let pushes = {
        let mut guard = shared.world();
        let world = &mut *guard;
        let group = find(world, &request.chat_id)?;
        let mut details = Vec::new();
        if let Some(owner) = request.owner {
            group.owner = owner;
            details.push("change_owner");
        }
        if let Some(name) = request.name {
            group.name = name;
            details.push("change_name");
        }
        if let Some(notice) = request.notice {
            group.notice = notice;
            details.push("change_notice");
        }
        let mut pushes = Vec::new();
        for detail in details {
            let fields =
                json!({"ChatId": request.chat_id, "ChangeType": "update", "UpdateDetail": detail});
            pushes.extend(sys_event(world, now, "change_external_chat", &fields));
        }
        pushes
    };
    Ok(report(shared, pushes, json!({})).await)
}

pub(crate) async fn dismiss(
    shared: &Arc<Shared>,
    request: GroupChange,
) -> Result<Pushed, ControlError> {
    let now = shared.clock.now();
    let pushes = {
        let mut guard = shared.world();
        let world = &mut *guard;
        find(world, &request.chat_id)?;
        world.groups.0.remove(&request.chat_id);
        let fields = json!({"ChatId": request.chat_id, "ChangeType": "dismiss"});
        sys_event(world, now, "change_external_chat", &fields)
    };
    Ok(report(shared, pushes, json!({})).await)
}
