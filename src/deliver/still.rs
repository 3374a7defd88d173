//! Asks at the last moment whether what a plan wanted said is still to be said.

use std::time::Duration;

use super::worker::Deps;
use crate::domain::broadcast::Reach;
use crate::domain::clock::UnixMillis;
use crate::domain::contact::Contact;
use crate::domain::effect::{Effect, SopRowKey};
use crate::domain::ids::{BroadcastId, Person, SopId};
use crate::domain::inbound::{Task, Trigger};
use crate::sops::outreach::Listener;
use crate::sops::run::{CONTROLS, Control};
use crate::sops::still::{Look, MISSED, Said, Still};
use crate::store::{
    AttemptEnd, Broadcast, BroadcastChange, BroadcastTarget, ClaimedEffect, ContactFacts, Delivery,
    ItemId, RecordBody, StoreError, TargetNews,
};

/// What operators have paused is looked at again after this.
const PAUSED: Duration = Duration::from_secs(60);
/// Contacts looked at at once.
const PAGE: usize = 500;

/// How the attempt ends because it is not to be said, or not now. What may have left already
/// goes on: only a second try tells whether it has.
pub(super) async fn ask(
    deps: &Deps,
    claimed: &ClaimedEffect,
    now: UnixMillis,
) -> Result<Option<AttemptEnd>, StoreError> {
    let plan = SopId::of_origin(&claimed.origin.rule);
    match (&claimed.effect, plan) {
        (Effect::MassSend { broadcast, .. }, _) => broadcast_wanted(deps, *broadcast, now).await,
        (Effect::AppSend { .. } | Effect::Robot { .. } | Effect::Appchat { .. }, Some(plan))
            if !claimed.unclear && !claimed.interrupted =>
        {
            message_wanted(deps, claimed, &plan, now).await
        }
        _ => Ok(None),
    }
}

/// A message of a step to colleagues.
async fn message_wanted(
    deps: &Deps,
    claimed: &ClaimedEffect,
    plan: &SopId,
    now: UnixMillis,
) -> Result<Option<AttemptEnd>, StoreError> {
    let Some((row, contact)) = about(deps, claimed, plan).await? else {
        return Ok(None);
    };
    let control = control(deps, plan).await?;
    let heard = is_heard(claimed);
    let first = claimed.origin.part == 0;
    let own = contact.reached.contains(&claimed.decided_at);
    let said = Said {
        row: Some(&row),
        at: claimed.decided_at,
        heard,
        // Of several parts only the first is counted; the others go where it went.
        counted: (heard && (first || own)).then_some(claimed.decided_at),
        sender: None,
    };
    let still = look(deps, &contact, &control, now, |look| look.at(said));
    Ok(match still {
        Still::Wanted => None,
        Still::Waits(why) => Some(waits(why, now)),
        Still::Cancelled(why) | Still::Refused(why) => Some(dropped(why)),
    })
}

/// The step and the target that a message is about. What a step tells colleagues beside its
/// `send` has no row of its own: its record knows about whom it is.
async fn about(
    deps: &Deps,
    claimed: &ClaimedEffect,
    plan: &SopId,
) -> Result<Option<(SopRowKey, Contact)>, StoreError> {
    if let Some(row) = &claimed.origin.row {
        let contact = deps.store.contact(&row.target).await?;
        return Ok(contact.map(|contact| (row.clone(), contact)));
    }
    let record = deps
        .store
        .show(ItemId::Record(claimed.origin.record))
        .await?;
    let Some(RecordBody::Inbound { inbound, .. }) = record.and_then(|detail| detail.record) else {
        return Ok(None);
    };
    let (Some(target), Trigger::Own(Task::SopStep { sop, step, .. })) =
        (inbound.person, inbound.trigger)
    else {
        return Ok(None);
    };
    if sop != *plan {
        return Ok(None);
    }
    let Some(contact) = deps.store.contact(&target).await? else {
        return Ok(None);
    };
    let Some(enrolment) = contact.sops.get(plan) else {
        return Ok(None);
    };
    let row = SopRowKey {
        sop,
        run: enrolment.started_at,
        target,
        step,
    };
    Ok(Some((row, contact)))
}

/// Whether the customer or the group hears it in the end.
fn is_heard(claimed: &ClaimedEffect) -> bool {
    claimed.origin.row.is_some() && matches!(claimed.effect, Effect::AppSend { .. })
}

/// A task of many: who is not to hear it any more is left out.
async fn broadcast_wanted(
    deps: &Deps,
    id: BroadcastId,
    now: UnixMillis,
) -> Result<Option<AttemptEnd>, StoreError> {
    let Some(broadcast) = deps.store.broadcast(id).await? else {
        return Ok(None);
    };
    let begun = broadcast.task.is_some() || broadcast.job.is_some() || broadcast.asked_at.is_some();
    if begun || broadcast.cancelled {
        return Ok(None);
    }
    let control = match SopId::of_origin(&broadcast.head.rule) {
        Some(plan) => control(deps, &plan).await?,
        None => Control::default(),
    };
    let targets = deps.store.broadcast_targets(id, None, usize::MAX).await?;
    let planned = targets
        .into_iter()
        .filter(|target| target.delivery == Delivery::Planned);
    let planned: Vec<BroadcastTarget> = planned.collect();
    let (mut news, mut left, mut wait) = (Vec::new(), 0_usize, None);
    for page in planned.chunks(PAGE) {
        for (target, contact) in page.iter().zip(contacts(deps, page).await?) {
            let still = contact.map_or(Still::Wanted, |contact| {
                target_wanted(deps, (&broadcast, target), &contact, &control, now)
            });
            match still {
                Still::Wanted => left += 1,
                Still::Waits(why) => wait = Some(why),
                Still::Cancelled(why) => news.push(told(target, Delivery::Cancelled, why)),
                Still::Refused(why) => news.push(told(target, Delivery::Refused, why)),
            }
        }
    }
    let nobody = !planned.is_empty() && left == 0 && wait.is_none();
    if !news.is_empty() {
        super::broadcasts::update(deps, id, |broadcast| {
            let mut change = BroadcastChange::of(broadcast, now);
            change.news.clone_from(&news);
            Some(change)
        })
        .await?;
    }
    Ok(match wait {
        Some(why) => Some(waits(why, now)),
        None if nobody => Some(dropped(super::broadcasts::NOBODY_LEFT)),
        None => None,
    })
}

fn target_wanted(
    deps: &Deps,
    (broadcast, target): (&Broadcast, &BroadcastTarget),
    contact: &Contact,
    control: &Control,
    now: UnixMillis,
) -> Still {
    // Who sees a moment is not ours to choose any more; whether there is one is.
    let moment = broadcast.head.reach == Reach::Moments;
    let said = Said {
        row: target.row.as_ref(),
        at: target.at,
        heard: !moment,
        counted: Some(target.at),
        sender: broadcast.head.sender.as_ref(),
    };
    let still = look(deps, contact, control, now, |look| look.at(said));
    match still {
        Still::Refused(why) if moment && why != MISSED => Still::Wanted,
        still => still,
    }
}

/// A message has left: who was counted for the caps on another day is counted now instead.
pub(super) async fn message_left(
    deps: &Deps,
    claimed: &ClaimedEffect,
    now: UnixMillis,
) -> Result<(), StoreError> {
    let Some(row) = claimed.origin.row.as_ref().filter(|_| is_heard(claimed)) else {
        return Ok(());
    };
    match deps.store.contact(&row.target).await? {
        Some(contact) => count(deps, (&contact, Some(row)), claimed.decided_at, now).await,
        None => Ok(()),
    }
}

/// A task is made: who was counted for the caps on another day is counted now instead.
pub(super) async fn task_made(
    deps: &Deps,
    id: BroadcastId,
    now: UnixMillis,
) -> Result<(), StoreError> {
    let targets = deps.store.broadcast_targets(id, None, usize::MAX).await?;
    let planned = targets
        .into_iter()
        .filter(|target| target.delivery == Delivery::Planned);
    let planned: Vec<BroadcastTarget> = planned.collect();
    for page in planned.chunks(PAGE) {
        for (target, contact) in page.iter().zip(contacts(deps, page).await?) {
            if let Some(contact) = contact {
                count(deps, (&contact, target.row.as_ref()), target.at, now).await?;
            }
        }
    }
    Ok(())
}

async fn count(
    deps: &Deps,
    (contact, row): (&Contact, Option<&SopRowKey>),
    counted: UnixMillis,
    now: UnixMillis,
) -> Result<(), StoreError> {
    let control = Control::default();
    let anew = look(deps, contact, &control, now, |look| {
        look.counts_anew(row, counted)
    });
    if anew && contact.reached.contains(&counted) {
        let facts = ContactFacts::reached(contact.person.clone(), counted, now);
        deps.store.merge_contact(facts).await?;
    }
    Ok(())
}

fn look<T>(
    deps: &Deps,
    contact: &Contact,
    control: &Control,
    now: UnixMillis,
    ask: impl FnOnce(Look<'_>) -> T,
) -> T {
    let playbook = deps.playbook.get();
    ask(Look {
        listener: Listener {
            contact,
            calendar: playbook.rules.calendar(),
            zone: &deps.config.timezone,
            now,
        },
        sops: &playbook.sops,
        control,
    })
}

async fn control(deps: &Deps, plan: &SopId) -> Result<Control, StoreError> {
    let stored = deps.store.fact(&format!("{CONTROLS}{plan}")).await?;
    Ok(serde_json::from_value(stored.unwrap_or_default()).unwrap_or_default())
}

async fn contacts(
    deps: &Deps,
    targets: &[BroadcastTarget],
) -> Result<Vec<Option<Contact>>, StoreError> {
    let persons: Vec<Person> = targets.iter().map(|target| target.person.clone()).collect();
    deps.store.contacts(&persons).await
}

fn told(target: &BroadcastTarget, delivery: Delivery, why: &str) -> TargetNews {
    TargetNews {
        person: target.person.clone(),
        delivery,
        why: Some(why.to_owned()),
    }
}

fn waits(why: &str, now: UnixMillis) -> AttemptEnd {
    AttemptEnd::Snooze {
        at: now.after(PAUSED),
        reason: why.to_owned(),
    }
}

fn dropped(why: &str) -> AttemptEnd {
    AttemptEnd::Dropped {
        reason: why.to_owned(),
    }
}
