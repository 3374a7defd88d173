//! Asks at the last moment whether what a plan wanted said is still to be said.

use std::time::Duration;

use serde::Deserialize;

use super::worker::Deps;
use crate::domain::broadcast::Reach;
use crate::domain::clock::UnixMillis;
use crate::domain::contact::Contact;
use crate::domain::effect::{Effect, SopRowKey};
use crate::domain::ids::{BroadcastId, Person, SopId};
use crate::domain::inbound::{Task, Trigger};
use crate::sops::control::{DOWNTIMES, Pause};
use crate::sops::outreach::Listener;
use crate::sops::run::{CONTROLS, Control};
use crate::sops::still::{Look, Said, Still};
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
    let Some(About {
        row,
        contact,
        again,
    }) = about(deps, claimed, plan).await?
    else {
        return Ok(None);
    };
    let kept = kept(deps, plan).await?;
    let heard = is_heard(claimed);
    let first = claimed.origin.part == 0;
    let own = contact.reached.contains(&claimed.decided_at);
    let said = Said {
        row: Some(&row),
        // It may have been taken back before the member's wish came due.
        at: if again { row.run } else { claimed.decided_at },
        heard,
        // Of several parts only the first is counted; the others go where it went.
        counted: (heard && (first || own)).then_some(claimed.decided_at),
        sender: None,
    };
    let still = match look(deps, &contact, &kept, now, |look| look.at(said)) {
        Still::Wanted => counted_now(deps, &contact, said, now).await?,
        still => still,
    };
    Ok(match still {
        Still::Wanted => None,
        // The member has asked for it.
        Still::Missed(_) if again => None,
        Still::Waits(why) => Some(waits(why, now)),
        Still::Cancelled(why) | Still::Refused(why) | Still::Missed(why) => Some(dropped(why)),
    })
}

/// The step and the target that a message is about.
struct About {
    row: SopRowKey,
    contact: Contact,
    /// A member wanted to be asked again about it.
    again: bool,
}

/// What carries the row of a step.
#[derive(Deserialize)]
struct HandedOut {
    row: SopRowKey,
}

/// What a step tells colleagues beside its `send`, and a card that comes again, have no row of
/// their own: their record knows about whom they are.
async fn about(
    deps: &Deps,
    claimed: &ClaimedEffect,
    plan: &SopId,
) -> Result<Option<About>, StoreError> {
    if let Some(row) = &claimed.origin.row {
        return of_row(deps, row.clone(), false).await;
    }
    let record = deps
        .store
        .show(ItemId::Record(claimed.origin.record))
        .await?;
    let Some(RecordBody::Inbound { inbound, .. }) = record.and_then(|detail| detail.record) else {
        return Ok(None);
    };
    match (inbound.person, inbound.trigger) {
        (_, Trigger::Own(Task::ByHand { about })) => {
            match serde_json::from_str::<HandedOut>(&about) {
                Ok(out) if out.row.sop == *plan => of_row(deps, out.row, true).await,
                _ => Ok(None),
            }
        }
        (Some(target), Trigger::Own(Task::SopStep { sop, step, .. })) if sop == *plan => {
            of_step(deps, target, sop, step).await
        }
        _ => Ok(None),
    }
}

async fn of_row(deps: &Deps, row: SopRowKey, again: bool) -> Result<Option<About>, StoreError> {
    let contact = deps.store.contact(&row.target).await?;
    Ok(contact.map(|contact| About {
        row,
        contact,
        again,
    }))
}

async fn of_step(
    deps: &Deps,
    target: Person,
    sop: SopId,
    step: u32,
) -> Result<Option<About>, StoreError> {
    let Some(contact) = deps.store.contact(&target).await? else {
        return Ok(None);
    };
    let run = contact.sops.get(&sop).map(|it| it.started_at);
    Ok(run.map(|run| About {
        row: SopRowKey {
            sop,
            run,
            target,
            step,
        },
        contact,
        again: false,
    }))
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
    let kept = match SopId::of_origin(&broadcast.head.rule) {
        Some(plan) => kept(deps, &plan).await?,
        None => Kept::default(),
    };
    let targets = deps.store.broadcast_targets(id, None, usize::MAX).await?;
    let planned = targets
        .into_iter()
        .filter(|target| target.delivery == Delivery::Planned);
    let planned: Vec<BroadcastTarget> = planned.collect();
    let (mut news, mut left, mut wait) = (Vec::new(), 0_usize, None);
    for page in planned.chunks(PAGE) {
        for (target, contact) in page.iter().zip(contacts(deps, page).await?) {
            let still = match contact {
                Some(contact) => {
                    target_wanted(deps, (&broadcast, target), &contact, &kept, now).await?
                }
                None => Still::Wanted,
            };
            match still {
                Still::Wanted => left += 1,
                Still::Waits(why) => wait = Some(why),
                Still::Cancelled(why) => news.push(told(target, Delivery::Cancelled, why)),
                Still::Refused(why) | Still::Missed(why) => {
                    news.push(told(target, Delivery::Refused, why));
                }
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

async fn target_wanted(
    deps: &Deps,
    (broadcast, target): (&Broadcast, &BroadcastTarget),
    contact: &Contact,
    kept: &Kept,
    now: UnixMillis,
) -> Result<Still, StoreError> {
    // Who sees a moment is not ours to choose any more; whether there is one is.
    let moment = broadcast.head.reach == Reach::Moments;
    let said = Said {
        row: target.row.as_ref(),
        at: target.at,
        heard: !moment,
        counted: Some(target.at),
        sender: broadcast.head.sender.as_ref(),
    };
    let still = look(deps, contact, kept, now, |look| look.at(said));
    match still {
        Still::Refused(_) if moment => Ok(Still::Wanted),
        Still::Wanted => counted_now(deps, contact, said, now).await,
        still => Ok(still),
    }
}

/// It is about to leave: what was counted for the caps on another day is counted now. Who
/// decides about them meanwhile sees that, and what others have decided until now is seen
/// here, so that of two one leaves.
async fn counted_now(
    deps: &Deps,
    contact: &Contact,
    said: Said<'_>,
    now: UnixMillis,
) -> Result<Still, StoreError> {
    let Some(counted) = said.counted.filter(|_| said.heard) else {
        return Ok(Still::Wanted);
    };
    if !count(deps, (contact, said.row), counted, now).await? {
        return Ok(Still::Wanted);
    }
    let Some(contact) = deps.store.contact(&contact.person).await? else {
        return Ok(Still::Wanted);
    };
    let still = look(deps, &contact, &Kept::default(), now, |look| {
        look.counted_now(said.row, counted)
    });
    if still != Still::Wanted {
        let back = ContactFacts::reached(contact.person, now, counted);
        deps.store.merge_contact(back).await?;
    }
    Ok(still)
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
        Some(contact) => count(deps, (&contact, Some(row)), claimed.decided_at, now)
            .await
            .map(drop),
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

/// Whether somebody was counted for another day, and is now for this one.
async fn count(
    deps: &Deps,
    (contact, row): (&Contact, Option<&SopRowKey>),
    counted: UnixMillis,
    now: UnixMillis,
) -> Result<bool, StoreError> {
    let kept = Kept::default();
    let anew = look(deps, contact, &kept, now, |look| {
        look.counts_anew(row, counted)
    });
    let moves = anew && contact.reached.contains(&counted);
    if moves {
        let facts = ContactFacts::reached(contact.person.clone(), counted, now);
        deps.store.merge_contact(facts).await?;
    }
    Ok(moves)
}

fn look<T>(
    deps: &Deps,
    contact: &Contact,
    kept: &Kept,
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
        control: &kept.control,
        downtimes: &kept.downtimes,
    })
}

/// What can have kept what a plan wants said.
#[derive(Default)]
struct Kept {
    control: Control,
    downtimes: Vec<Pause>,
}

async fn kept(deps: &Deps, plan: &SopId) -> Result<Kept, StoreError> {
    let control = deps.store.fact(&format!("{CONTROLS}{plan}")).await?;
    let downtimes = deps.store.fact(DOWNTIMES).await?;
    Ok(Kept {
        control: serde_json::from_value(control.unwrap_or_default()).unwrap_or_default(),
        downtimes: serde_json::from_value(downtimes.unwrap_or_default()).unwrap_or_default(),
    })
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
