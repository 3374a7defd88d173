//! Targets of decisions, put with those who are to hear the same.

use std::collections::{BTreeMap, BTreeSet};

use super::session::Session;
use super::targets::Desk;
use super::values::{Json, big};
use crate::domain::clock::UnixMillis;
use crate::domain::ids::{BroadcastId, Person};
use crate::store::{
    Audience, Broadcast, BroadcastState, GATHER_LONGEST, GATHER_QUIET, Gather, GatherTo, NewTarget,
    Result,
};

/// Before the first target there is no row to lock.
const LOCK: &str = "\
    SELECT pg_advisory_xact_lock(hashtext($1), key)
    FROM (SELECT DISTINCT hashtext(name) AS key FROM unnest($2::text[]) AS o (name) ORDER BY 1) o";
const OPEN: &str = "\
    SELECT body FROM broadcasts WHERE corp_id = $1 AND gather_key = ANY($2) AND gathers
    ORDER BY id FOR UPDATE";

/// Takes targets, in order, each with the time of its decision.
pub(super) async fn all(session: &Session, gathers: Vec<(&Gather, UnixMillis)>) -> Result<()> {
    let Some(last) = gathers.iter().map(|(_, now)| *now).max() else {
        return Ok(());
    };
    let names: Vec<String> = gathers.iter().map(|(gather, _)| gather.name()).collect();
    let mut desk = Desk::default();
    let mut open = read(session, &mut desk, &names, &gathers).await?;
    for ((gather, now), name) in gathers.into_iter().zip(names) {
        let usable = open.get(&name).copied();
        let usable = usable.filter(|id| has_room(&desk, *id, &gather.to));
        let id = match usable {
            Some(id) => id,
            None => {
                let head = gather.head.clone();
                let id = desk.begin(session, head, name.clone(), now).await?;
                open.insert(name, id);
                id
            }
        };
        take(&mut desk, id, gather, now);
    }
    desk.write(session, last).await
}

/// Everything that is asked about, read in a few statements.
async fn read(
    session: &Session,
    desk: &mut Desk,
    names: &[String],
    gathers: &[(&Gather, UnixMillis)],
) -> Result<BTreeMap<String, BroadcastId>> {
    let unique: Vec<&String> = names.iter().collect::<BTreeSet<_>>().into_iter().collect();
    session.rows(LOCK, &[&session.corp(), &unique]).await?;
    let mut open = BTreeMap::new();
    for row in session.rows(OPEN, &[&session.corp(), &unique]).await? {
        let row: Broadcast = row.get::<_, Json>(0).read("broadcast")?;
        open.insert(row.key.clone(), row.id);
        desk.hold(row, true);
    }
    let one = |(gather, _): &(&Gather, UnixMillis)| match &gather.to {
        GatherTo::One(target) => Some(target.person.clone()),
        GatherTo::Matching(_) => None,
    };
    let persons: Vec<Person> = gathers.iter().filter_map(one).collect();
    let ids: Vec<BroadcastId> = open.values().copied().collect();
    let all: Vec<&Person> = persons.iter().collect();
    desk.read_targets(session, &ids, &all).await?;
    let asked = gathers.iter().filter_map(|(gather, _)| match &gather.to {
        GatherTo::One(target) => Some(target.clone()).filter(|target| target.caps.is_some()),
        GatherTo::Matching(_) => None,
    });
    let asked: Vec<NewTarget> = asked.collect();
    desk.read_contacts(session, &asked).await?;
    let budgeted = gathers
        .iter()
        .filter(|(gather, _)| gather.head.reach.is_budgeted());
    let budgeted: Vec<Person> = budgeted.filter_map(one).collect();
    desk.read_received(session, budgeted.iter()).await?;
    Ok(open)
}

fn has_room(desk: &Desk, id: BroadcastId, to: &GatherTo) -> bool {
    let (GatherTo::One(target), Some(held)) = (to, desk.rows.get(&id)) else {
        return false;
    };
    let row = &held.row;
    row.state == BroadcastState::Gathering
        && !row.cancelled
        && row.open() < row.head.reach.most()
        && desk.target(id, &target.person).is_none()
}

fn take(desk: &mut Desk, id: BroadcastId, gather: &Gather, now: UnixMillis) {
    if let GatherTo::One(target) = &gather.to {
        desk.join(id, target.clone(), gather.budget, now);
    }
    let Some(held) = desk.rows.get_mut(&id) else {
        return;
    };
    let row = &mut held.row;
    match &gather.to {
        GatherTo::One(_) => {
            let closes = now
                .after(GATHER_QUIET)
                .min(row.opened_at.after(GATHER_LONGEST));
            // Moving it for every target would double the work for nothing.
            if row.due.is_none_or(|due| due < now.after(GATHER_QUIET / 2)) {
                row.due = Some(closes);
            }
        }
        GatherTo::Matching(tests) => {
            let tests = tests.clone();
            row.audience = Some(Audience { tests, after: None });
            row.due = Some(now);
        }
    }
}

/// The number of a broadcast as the database knows it.
pub(super) fn id_of(id: BroadcastId) -> i64 {
    big(id.0)
}
