//! Mass-sending tasks as members carry them out.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::ControlError;
use crate::chat::ChatLine;
use crate::server::Shared;
use crate::state::World;
use crate::state::mass::MassTarget;

/// A member confirms a mass-sending task.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MassConfirm {
    /// The task.
    pub msgid: String,
    /// The member.
    pub userid: String,
    /// The customers or groups that the member sends to now; all that are left when empty.
    pub only: Vec<String>,
}

/// Carries out a member's part of a task: friends and groups under the ceiling receive it.
pub(crate) fn confirm(shared: &Arc<Shared>, request: MassConfirm) -> Result<Value, ControlError> {
    let now = shared.clock.now();
    let mut guard = shared.world();
    let world = &mut *guard;
    let task = world.mass.tasks.get(&request.msgid).cloned();
    let mut task = task.ok_or_else(|| ControlError::new("there is no such task"))?;
    if task.cancelled {
        return Err(ControlError::new("the task was cancelled"));
    }
    let ceiling = world.switches.mass_ceiling;
    let mut sent = 0;
    let wanted =
        |target: &MassTarget| request.only.is_empty() || request.only.contains(&target.target);
    let mine = |target: &MassTarget| {
        target.userid.eq_ignore_ascii_case(&request.userid) && target.status == 0
    };
    for target in task
        .targets
        .iter_mut()
        .filter(|target| mine(target) && wanted(target))
    {
        let reachable = match task.for_groups {
            true => world.groups.0.contains_key(&target.target),
            false => {
                let customer = world.customers.0.get(&target.target);
                customer.is_some_and(|c| c.follow(&target.userid).is_some())
            }
        };
        target.send_time = now;
        if !reachable {
            target.status = 2;
            continue;
        }
        if !world.mass.admit(&target.target, now, ceiling) {
            target.status = 3;
            continue;
        }
        target.status = 1;
        sent += 1;
        let line = ChatLine {
            time: now,
            with: target.target.clone(),
            channel: if task.for_groups { "group" } else { "contact" }.to_owned(),
            from: "member".to_owned(),
            via: target.userid.clone(),
            msgid: request.msgid.clone(),
            ..ChatLine::default()
        };
        show(world, &line, &task.text, &task.attachments);
    }
    world.mass.tasks.insert(request.msgid.clone(), task);
    Ok(json!({"sent": sent}))
}

/// Shows the text and each attachment as a line of its own.
fn show(world: &mut World, line: &ChatLine, text: &Value, attachments: &Value) {
    let text = text["content"]
        .as_str()
        .map(|content| ("text".to_owned(), json!({"content": content})));
    let others = attachments
        .as_array()
        .into_iter()
        .flatten()
        .map(|attachment| {
            let kind = attachment["msgtype"]
                .as_str()
                .unwrap_or_default()
                .to_owned();
            let body = attachment[kind.as_str()].clone();
            (kind, body)
        });
    for (msgtype, content) in text.into_iter().chain(others) {
        world.say(ChatLine {
            msgtype,
            content,
            ..line.clone()
        });
    }
}
