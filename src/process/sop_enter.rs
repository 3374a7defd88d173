//! Who enters an SOP by a decision. No I/O.

use super::own::TaskScene;
use crate::domain::change::ContactChange;
use crate::domain::ids::Person;
use crate::sops::lifecycle::{entered, groups_entered};
use crate::store::DecisionCommit;

/// Takes the contact into the SOPs whose audience they belong to since this decision, and a
/// new group into those that it fits.
pub(super) fn enter(
    task: &TaskScene<'_>,
    change: &mut ContactChange,
    added: bool,
    commit: &mut DecisionCommit,
) {
    let sops = &task.playbook.sops;
    let concerned = match task.contact.person {
        Person::External(_) => added || changes_audience(change),
        Person::Group(_) => true,
        Person::Member(_) => false,
    };
    if sops.is_empty() || !concerned {
        return;
    }
    let mut after = task.contact.clone();
    change.clone().apply(&mut after, task.now);
    let (contact, now) = (task.contact, task.now);
    let mut planner = task.planner();
    if let Person::Group(_) = contact.person {
        for (sop, at) in groups_entered(sops, &after, now) {
            planner.begin(sop, at);
        }
    } else {
        for sop in entered(sops, contact, &after, added, now) {
            planner.begin(sop, now);
        }
    }
    let plan = planner.finish();
    change.sops.extend(plan.sops);
    commit.timers.extend(plan.timers);
}

/// Whether the change can make somebody belong to an audience.
fn changes_audience(change: &ContactChange) -> bool {
    let untouched = change.add_tags.is_empty()
        && change.remove_tags.is_empty()
        && change.set.is_empty()
        && change.count.is_empty()
        && change.points == 0;
    !untouched
}
