//! Who came into a customer group through one of our codes is tagged. No I/O.
//!
//! The event says who joined, but not how; what WeCom answers about the group does, at once or
//! when it is asked once more. Each customer gets a record of their own, in their own order.

use std::time::Duration;

use super::decide::tag_changes;
use super::own::TaskScene;
use super::sop_enter::enter;
use crate::domain::contact::Contact;
use crate::domain::group::GroupMember;
use crate::domain::ids::{ExternalUserId, Person};
use crate::domain::inbound::{Inbound, Task, Trigger};
use crate::store::{DecisionCommit, NewRecord, RecordOutcome, own_record};

/// Who has been in the group for longer was there before the code said anything of tags.
const NEW: Duration = Duration::from_secs(86_400);

/// The records by which those are tagged who are new in the group. One that is known already
/// is not taken again.
pub(super) fn newcomers(scene: &TaskScene<'_>) -> Vec<NewRecord> {
    let inbound = &scene.record.inbound;
    let asked = matches!(
        inbound.trigger,
        Trigger::Joined { .. } | Trigger::Own(Task::Refresh { .. })
    );
    let group = scene.contact.group.as_deref().filter(|_| asked);
    let members = group.into_iter().flat_map(|group| group.members.iter());
    let came = members.filter_map(|member| record(scene, member));
    came.collect()
}

fn record(scene: &TaskScene<'_>, member: &GroupMember) -> Option<NewRecord> {
    let joined_at = member.joined_at?;
    let way = scene
        .playbook
        .channels
        .group_by_state(member.source.as_deref()?)?;
    if !member.customer || way.tags.is_empty() || scene.now.since(joined_at) > NEW {
        return None;
    }
    let person = Person::External(ExternalUserId(member.id.clone()));
    let task = Task::CameBy {
        way: way.id.clone(),
    };
    let app = scene.record.inbound.app.clone();
    let newcomer = Contact::unknown(person);
    let inbound = Inbound::about(&newcomer, app, scene.now, Trigger::Own(task));
    let (group, at) = (scene.contact.person.id(), joined_at.0);
    let key = format!("came_by/{}/{group}/{}/{at}", way.id, member.id);
    Some(own_record(&key, inbound, scene.now))
}

/// Tags one of them.
pub(super) fn came_by(scene: &TaskScene<'_>, way: &str, commit: &mut DecisionCommit) {
    let mut ways = scene.playbook.channels.groups.iter();
    let Some(way) = ways.find(|known| known.id == way) else {
        let reason = "the code is not in channels.yaml any more".to_owned();
        commit.outcome = RecordOutcome::Skipped { reason };
        return;
    };
    let mut planner = scene.planner();
    planner.came_by(way);
    let mut change = commit.contact.take().unwrap_or_default();
    change.person = Some(scene.contact.person.clone());
    let steps = planner.finish().into_commit(&mut change, commit);
    enter(scene, &mut change, false, commit);
    commit.trace = Some(serde_json::json!({
        "steps": steps,
        "tags": tag_changes(&change),
    }));
    commit.contact = Some(change);
    commit.outcome = RecordOutcome::Done {
        fired: vec![format!("channel/{}", way.id).into()],
    };
}
