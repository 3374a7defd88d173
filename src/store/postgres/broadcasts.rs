//! Broadcasts: one step further, and what people see of them.

use std::sync::Arc;

use tokio_postgres::Row;

use super::Shared;
use super::accept::{self, Offered};
use super::contacts::key;
use super::gather::id_of;
use super::outgoing::{self, Placed};
use super::session::{Session, in_transaction};
use super::targets::Desk;
use super::values::{Json, Time, lane, most, text};
use crate::domain::clock::UnixMillis;
use crate::domain::ids::{BroadcastId, Person};
use crate::store::{
    Broadcast, BroadcastChange, BroadcastQuery, BroadcastTarget, Delivery, OVER_CEILING, Result,
    TargetNews, is_open,
};

const LOCK: &str = "\
    SELECT body, gathers FROM broadcasts WHERE corp_id = $1 AND id = $2 FOR UPDATE";

/// Takes a broadcast one step further. `false`, and nothing is changed, if it has moved on
/// since it was read.
pub(super) async fn change(shared: &Arc<Shared>, change: &BroadcastChange) -> Result<bool> {
    let records = Offered::all(&change.records)?;
    let records: Vec<&Offered> = records.iter().collect();
    in_transaction!(shared, session => {
        let id = change.broadcast.id;
        let Some(row) = session.row(LOCK, &[&session.corp(), &id_of(id)]).await? else {
            return Ok(false);
        };
        let stored = of_row(&row)?;
        if stored.revision != change.broadcast.revision {
            return Ok(false);
        }
        let mut desk = Desk::default();
        if !desk.read_contacts(&session, &change.join).await? {
            return Ok(false);
        }
        let counts = stored.counts.clone();
        desk.hold(stored, row.get(1));
        if let Some(held) = desk.rows.get_mut(&id) {
            held.row = change.broadcast.clone();
            held.row.counts = counts;
        }
        let id = apply(&session, &mut desk, change).await?;
        if let Some(effect) = &change.effect {
            let placed = Placed {
                effect: effect.clone(),
                history: lane(effect.lane.as_str()),
                conversation: Some(text(effect.lane.as_str()).into_owned()),
                record: None,
            };
            let ids = outgoing::add(&session, vec![placed], change.now).await?;
            if let Some(held) = desk.rows.get_mut(&id) {
                held.row.effect = ids.first().copied();
            }
        }
        desk.write(&session, change.now).await?;
        accept::take(&session, &records).await?;
        Ok(true)
    })
}

/// Returns the broadcast that goes on: another one, if the first became full.
async fn apply(
    session: &Session,
    desk: &mut Desk,
    change: &BroadcastChange,
) -> Result<BroadcastId> {
    let mut id = change.broadcast.id;
    let now = change.now;
    let budgeted = change.broadcast.head.reach.is_budgeted();
    if budgeted {
        let joining = change.join.iter().map(|target| &target.person);
        let told = change.news.iter().map(|news| &news.person);
        desk.read_received(session, joining.chain(told)).await?;
    }
    for target in &change.join {
        id = with_room(session, desk, id, now).await?;
        desk.join(id, target.clone(), change.budget, now);
    }
    let told: Vec<&Person> = change.news.iter().map(|news| &news.person).collect();
    desk.read_targets(session, &[id], &told).await?;
    for news in &change.news {
        tell(desk, id, news, change);
    }
    let Some(outcome) = &change.rest else {
        return Ok(id);
    };
    desk.read_all(session, id).await?;
    let again = outcome.0 == Delivery::Created;
    let mut rest = desk.targets_of(id);
    rest.retain(|target| {
        let open = is_open(target.delivery) || (again && target.delivery == Delivery::Failed);
        open && target.delivery != outcome.0
    });
    if budgeted {
        let persons = rest.iter().map(|target| &target.person);
        desk.read_received(session, persons).await?;
    }
    for target in rest {
        desk.set(id, target, outcome.clone(), now);
    }
    Ok(id)
}

/// The broadcast, or a new one that goes on with the rest if it is full.
async fn with_room(
    session: &Session,
    desk: &mut Desk,
    id: BroadcastId,
    now: UnixMillis,
) -> Result<BroadcastId> {
    let Some(held) = desk.rows.get_mut(&id) else {
        return Ok(id);
    };
    if held.row.open() < held.row.head.reach.most() {
        return Ok(id);
    }
    let audience = held.row.audience.take();
    let due = held.row.due.replace(now);
    let (head, key) = (held.row.head.clone(), held.row.key.clone());
    let next = desk.begin(session, head, key, now).await?;
    if let Some(held) = desk.rows.get_mut(&next) {
        held.row.audience = audience;
        held.row.due = due;
    }
    Ok(next)
}

fn tell(desk: &mut Desk, id: BroadcastId, news: &TargetNews, change: &BroadcastChange) {
    let Some(target) = desk.target(id, &news.person).cloned() else {
        return;
    };
    if target.delivery == news.delivery && target.why == news.why {
        return;
    }
    let end = (news.delivery, news.why.clone());
    desk.set(id, target, end, change.now);
    let full = news.why.as_deref() == Some(OVER_CEILING);
    if let Some(budget) = change.budget.filter(|_| full) {
        desk.fill(&news.person, budget.until);
    }
}

fn of_row(row: &Row) -> Result<Broadcast> {
    row.get::<_, Json>("body").read("broadcast")
}

const ONE: &str = "SELECT body FROM broadcasts WHERE corp_id = $1 AND id = $2";

/// One broadcast.
pub(super) async fn one(session: &Session, id: BroadcastId) -> Result<Option<Broadcast>> {
    let row = session.row(ONE, &[&session.corp(), &id_of(id)]).await?;
    row.as_ref().map(of_row).transpose()
}

const LIST: &str = "\
    SELECT body FROM broadcasts
    WHERE corp_id = $1 AND id < $2 AND (cardinality($3::text[]) = 0 OR state = ANY($3))
    ORDER BY id DESC LIMIT $4";

/// Broadcasts, the newest first.
pub(super) async fn list(session: &Session, query: &BroadcastQuery) -> Result<Vec<Broadcast>> {
    let before = query.before.map_or(i64::MAX, id_of);
    let states: Vec<&str> = query.states.iter().map(|state| state.word()).collect();
    let rows = session
        .rows(
            LIST,
            &[&session.corp(), &before, &states, &most(query.limit)],
        )
        .await?;
    rows.iter().map(of_row).collect()
}

const DUE: &str = "\
    SELECT body FROM broadcasts WHERE corp_id = $1 AND due_at <= $2
    ORDER BY due_at, id LIMIT $3";

/// Those that are to be looked at, the longest due first.
pub(super) async fn due(
    session: &Session,
    now: UnixMillis,
    limit: usize,
) -> Result<Vec<Broadcast>> {
    let rows = session
        .rows(DUE, &[&session.corp(), &Time(now), &most(limit)])
        .await?;
    rows.iter().map(of_row).collect()
}

const TARGETS: &str = "\
    SELECT body FROM broadcast_targets
    WHERE corp_id = $1 AND broadcast_id = $2 AND contact > $3 ORDER BY contact LIMIT $4";

/// The targets of a broadcast in a fixed order, from behind one on.
pub(super) async fn targets(
    session: &Session,
    id: BroadcastId,
    after: Option<&Person>,
    limit: usize,
) -> Result<Vec<BroadcastTarget>> {
    let after = after.map(key).unwrap_or_default();
    let rows = session
        .rows(
            TARGETS,
            &[&session.corp(), &id_of(id), &after, &most(limit)],
        )
        .await?;
    rows.iter()
        .map(|row| row.get::<_, Json>(0).read("broadcast target"))
        .collect()
}
