//! The loop that takes broadcasts from gathering to their end: closes those that nobody joins
//! any more, asks WeCom what became of the tasks, reminds members, and takes back what they
//! do not confirm.
//!
//! It looks only at broadcasts that are due, so it costs as much as there is open.

mod alert;
mod audience;
mod follow;
mod plan;

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use super::worker::Deps;
use crate::domain::clock::UnixMillis;
use crate::domain::effect::{Effect, NewEffect, Origin};
use crate::domain::ids::{BroadcastId, EffectId, Lane};
use crate::service::{Pass, Service};
use crate::store::{
    Broadcast, BroadcastChange, BroadcastState, Delivery, ItemId, ItemState, StoreError,
};

/// So many broadcasts are looked at at once.
const BATCH: usize = 8;
const IDLE: Duration = Duration::from_secs(1);
/// The replica that looks after broadcasts keeps them for so long after its last look.
const TURN: Duration = Duration::from_secs(120);
/// How often the effect that makes a task is looked at.
const EFFECT: Duration = Duration::from_secs(30);
/// How often an effect is looked at that a person has to decide about.
const PERSON: Duration = Duration::from_secs(600);
/// After a call that failed.
const AGAIN: Duration = Duration::from_secs(60);
/// Why a task is not made that had somebody to reach once.
pub(super) const NOBODY_LEFT: &str = "nobody is left who can receive it";
/// Somebody else may change a broadcast at the same time; not more often than this.
const ROUNDS: usize = 8;

/// Takes broadcasts further.
pub struct Worker {
    deps: Arc<Deps>,
}

impl Worker {
    /// A worker.
    #[must_use]
    pub fn new(deps: Arc<Deps>) -> Self {
        Self { deps }
    }

    async fn work(&self) -> Result<Pass, StoreError> {
        let now = self.deps.clock.now();
        let due = self.deps.store.broadcasts_due(now, BATCH).await?;
        if due.is_empty() {
            return Ok(Pass::Idle(IDLE));
        }
        // Their tasks are asked about and members reminded of them by one replica only.
        if !self.deps.store.take_turn("broadcasts", TURN).await? {
            return Ok(Pass::Idle(IDLE));
        }
        let (mut closing, others): (Vec<_>, Vec<_>) = due.into_iter().partition(is_closing);
        // Tasks of one member are made in the order in which they were planned.
        closing.sort_by_key(|broadcast| broadcast.id);
        for broadcast in closing {
            look(&self.deps, broadcast, now).await?;
        }
        let mut looks = JoinSet::new();
        for broadcast in others {
            let deps = Arc::clone(&self.deps);
            looks.spawn(async move { look(&deps, broadcast, now).await });
        }
        while let Some(looked) = looks.join_next().await {
            if let Ok(Err(error)) = looked {
                return Err(error);
            }
        }
        Ok(Pass::Busy)
    }
}

impl Service for Worker {
    const NAME: &'static str = "broadcasts";

    async fn pass(&mut self) -> Pass {
        match self.work().await {
            Ok(pass) => pass,
            Err(error) => {
                tracing::error!(%error, "the store failed while looking after broadcasts");
                Pass::Idle(IDLE)
            }
        }
    }
}

/// Changes a broadcast as it is now. `false` if there is nothing to change.
pub(super) async fn update(
    deps: &Deps,
    id: BroadcastId,
    change: impl Fn(Broadcast) -> Option<BroadcastChange>,
) -> Result<bool, StoreError> {
    for _ in 0..ROUNDS {
        let Some(change) = deps.store.broadcast(id).await?.and_then(&change) else {
            return Ok(false);
        };
        if deps.store.change_broadcast(change).await? {
            return Ok(true);
        }
    }
    tracing::error!(broadcast = %id, "a broadcast is changed by somebody else all the time");
    Ok(false)
}

/// Whether nobody joins it any more: only the store is asked about it.
fn is_closing(broadcast: &Broadcast) -> bool {
    let gathers = broadcast.state == BroadcastState::Gathering;
    gathers && (broadcast.cancelled || broadcast.audience.is_none())
}

async fn look(deps: &Deps, broadcast: Broadcast, now: UnixMillis) -> Result<(), StoreError> {
    match broadcast.state {
        BroadcastState::Gathering if broadcast.cancelled => {
            let over = (BroadcastState::Cancelled, Delivery::Cancelled);
            end(deps, broadcast, over, None, now).await
        }
        BroadcastState::Gathering if broadcast.audience.is_some() => {
            audience::gather(deps, broadcast, now).await
        }
        BroadcastState::Gathering => close(deps, broadcast, now).await,
        BroadcastState::Queued | BroadcastState::Unknown => {
            look_at_effect(deps, broadcast, now).await
        }
        BroadcastState::Created => follow::follow(deps, broadcast, now).await,
        BroadcastState::Finished
        | BroadcastState::Cancelled
        | BroadcastState::Expired
        | BroadcastState::Failed => rest(deps, broadcast, None, now).await,
    }
}

async fn rest(
    deps: &Deps,
    mut broadcast: Broadcast,
    until: Option<UnixMillis>,
    now: UnixMillis,
) -> Result<(), StoreError> {
    broadcast.due = until;
    let change = BroadcastChange::of(broadcast, now);
    deps.store.change_broadcast(change).await?;
    Ok(())
}

async fn end(
    deps: &Deps,
    mut broadcast: Broadcast,
    (state, delivery): (BroadcastState, Delivery),
    why: Option<String>,
    now: UnixMillis,
) -> Result<(), StoreError> {
    tell(&broadcast, state, why.as_deref());
    broadcast.state = state;
    broadcast.why.clone_from(&why);
    broadcast.due = None;
    let mut change = BroadcastChange::of(broadcast, now);
    change.rest = Some((delivery, why));
    change.records = alert::records(&deps.config, &change.broadcast, now);
    deps.store.change_broadcast(change).await?;
    Ok(())
}

fn tell(broadcast: &Broadcast, state: BroadcastState, why: Option<&str>) {
    let unconfirmed = broadcast.unconfirmed().count();
    let (state, targets) = (state.word(), broadcast.size());
    tracing::info!(broadcast = %broadcast.id, state, targets, unconfirmed, why, "a broadcast moved on");
    metrics::counter!("wecom_agent_broadcasts_total", "state" => state).increment(1);
}

/// Nobody joins any more: the task is to be made.
async fn close(deps: &Deps, mut broadcast: Broadcast, now: UnixMillis) -> Result<(), StoreError> {
    if broadcast.open() == 0 {
        let why = match broadcast.size() {
            0 => "nobody is in the audience",
            _ => NOBODY_LEFT,
        };
        let over = (BroadcastState::Finished, Delivery::Refused);
        return end(deps, broadcast, over, Some(why.to_owned()), now).await;
    }
    tell(&broadcast, BroadcastState::Queued, None);
    let head = &broadcast.head;
    let lane = match &head.sender {
        // One plan's quiet hours hold none of another's tasks.
        Some(sender) => format!("mass/{sender}/{}", head.rule),
        None => format!("mass/{}", head.rule),
    };
    let effect = NewEffect {
        effect: Effect::MassSend {
            app: head.app.clone(),
            broadcast: broadcast.id,
            messages: head.messages.clone(),
        },
        lane: Lane(lane),
        urgent: false,
        due: now,
        deadline: None,
        origin: Origin {
            record: head.record,
            rule: head.rule.clone(),
            action: head.action,
            part: 0,
            row: None,
        },
    };
    broadcast.state = BroadcastState::Queued;
    broadcast.due = Some(now.after(EFFECT));
    let mut change = BroadcastChange::of(broadcast, now);
    change.effect = Some(effect);
    deps.store.change_broadcast(change).await?;
    Ok(())
}

/// The effect makes the task and writes that down itself. When it ends otherwise, the
/// broadcast learns it here.
async fn look_at_effect(
    deps: &Deps,
    mut broadcast: Broadcast,
    now: UnixMillis,
) -> Result<(), StoreError> {
    let Some(effect) = broadcast.effect else {
        return rest(deps, broadcast, None, now).await;
    };
    if broadcast.cancelled && discard(deps, effect, now).await? {
        let over = (BroadcastState::Cancelled, Delivery::Cancelled);
        return end(deps, broadcast, over, None, now).await;
    }
    let detail = deps.store.show(ItemId::Effect(effect)).await?;
    let (state, why) = match detail {
        Some(detail) => (detail.item.state, detail.item.reason),
        None => (ItemState::Failed, None),
    };
    let over = match state {
        ItemState::Ready | ItemState::Working => {
            // What keeps it from being made is seen where people look for it.
            broadcast.why = why;
            return rest(deps, broadcast, Some(now.after(EFFECT)), now).await;
        }
        ItemState::Unknown => {
            if broadcast.state == BroadcastState::Unknown {
                return rest(deps, broadcast, Some(now.after(PERSON)), now).await;
            }
            tell(&broadcast, BroadcastState::Unknown, why.as_deref());
            broadcast.state = BroadcastState::Unknown;
            broadcast.why.clone_from(&why);
            broadcast.due = Some(now.after(PERSON));
            let mut change = BroadcastChange::of(broadcast, now);
            change.rest = Some((Delivery::Unknown, why));
            change.records = alert::records(&deps.config, &change.broadcast, now);
            deps.store.change_broadcast(change).await?;
            return Ok(());
        }
        ItemState::Dropped | ItemState::Discarded if broadcast.cancelled => {
            (BroadcastState::Cancelled, Delivery::Cancelled)
        }
        // Whoever was left out at the last moment has their reason.
        ItemState::Dropped if broadcast.open() == 0 => (unwanted(&broadcast), Delivery::Refused),
        ItemState::Dropped => (BroadcastState::Failed, Delivery::Refused),
        _ => (BroadcastState::Failed, Delivery::Failed),
    };
    end(deps, broadcast, over, why, now).await
}

fn unwanted(broadcast: &Broadcast) -> BroadcastState {
    match broadcast.counts.contains_key(&Delivery::Cancelled) {
        true => BroadcastState::Cancelled,
        false => BroadcastState::Finished,
    }
}

async fn discard(deps: &Deps, effect: EffectId, now: UnixMillis) -> Result<bool, StoreError> {
    let reason = "the broadcast was cancelled";
    deps.store
        .discard(ItemId::Effect(effect), reason, now)
        .await
}
