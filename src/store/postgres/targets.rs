//! Broadcasts that are being changed in a transaction: read together, changed in memory,
//! written together.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use super::bells::Wake;
use super::contacts::{Locked, key};
use super::session::Session;
use super::sop_rows;
use super::values::{Json, Time, big, maybe_text, number, text};
use crate::domain::broadcast::Budget;
use crate::domain::change::ContactChange;
use crate::domain::clock::UnixMillis;
use crate::domain::ids::{BroadcastId, Person};
use crate::store::broadcasts::{Received, is_counted, is_counted_anew};
use crate::store::{
    Broadcast, BroadcastHead, BroadcastState, BroadcastTarget, Delivery, DeliveryNote, NewTarget,
    OVER_CEILING, Result,
};

/// A broadcast in work.
pub(super) struct Held {
    pub(super) row: Broadcast,
    /// When it was to be looked at as it is stored.
    due_before: Option<UnixMillis>,
    /// Whether it takes who is to hear the same.
    pub(super) gathers: bool,
}

/// What a transaction has read and is to write.
#[derive(Default)]
pub(super) struct Desk {
    pub(super) rows: BTreeMap<BroadcastId, Held>,
    targets: BTreeMap<(BroadcastId, String), (BroadcastTarget, bool)>,
    received: BTreeMap<String, (Received, bool)>,
    notes: Vec<DeliveryNote>,
    /// Those who are reached now, if caps were asked about them.
    contacts: Locked,
}

const NEXT: &str = "SELECT nextval($1::text::regclass)";
const TARGETS: &str = "\
    SELECT broadcast_id, contact, body FROM broadcast_targets
    WHERE corp_id = $1 AND broadcast_id = ANY($2) AND contact = ANY($3)";
const ALL_TARGETS: &str = "\
    SELECT broadcast_id, contact, body FROM broadcast_targets
    WHERE corp_id = $1 AND broadcast_id = $2";
const RECEIVED: &str = "\
    INSERT INTO mass_received AS known (corp_id, contact, body)
    SELECT $1, contact, '{\"used\": []}' FROM unnest($2::text[]) AS o (contact) ORDER BY contact
    ON CONFLICT (corp_id, contact) DO UPDATE SET contact = known.contact
    RETURNING contact, body";

impl Desk {
    /// Takes a stored broadcast into work.
    pub(super) fn hold(&mut self, row: Broadcast, gathers: bool) {
        let due_before = row.due;
        let held = Held {
            row,
            due_before,
            gathers,
        };
        self.rows.insert(held.row.id, held);
    }

    /// A new broadcast.
    pub(super) async fn begin(
        &mut self,
        session: &Session,
        head: BroadcastHead,
        key: String,
        now: UnixMillis,
    ) -> Result<BroadcastId> {
        let row = session
            .row(NEXT, &[&session.shared.sequences.broadcast])
            .await?;
        let id = BroadcastId(row.map_or(0, |row| number(row.get(0))));
        for held in self.rows.values_mut().filter(|held| held.row.key == key) {
            held.gathers = false;
        }
        let held = Held {
            row: Broadcast::begin(id, key, head, now),
            due_before: None,
            gathers: true,
        };
        self.rows.insert(id, held);
        Ok(id)
    }

    /// Reads the rows of these targets in these broadcasts.
    pub(super) async fn read_targets(
        &mut self,
        session: &Session,
        broadcasts: &[BroadcastId],
        persons: &[&Person],
    ) -> Result<()> {
        let ids: Vec<i64> = broadcasts.iter().map(|id| big(id.0)).collect();
        let keys: Vec<String> = persons.iter().map(|person| key(person)).collect();
        if ids.is_empty() || keys.is_empty() {
            return Ok(());
        }
        let rows = session
            .rows(TARGETS, &[&session.corp(), &ids, &keys])
            .await?;
        self.take_targets(&rows)
    }

    /// Reads all targets of a broadcast.
    pub(super) async fn read_all(&mut self, session: &Session, id: BroadcastId) -> Result<()> {
        let rows = session
            .rows(ALL_TARGETS, &[&session.corp(), &big(id.0)])
            .await?;
        self.take_targets(&rows)
    }

    fn take_targets(&mut self, rows: &[tokio_postgres::Row]) -> Result<()> {
        for row in rows {
            let place = (BroadcastId(number(row.get(0))), row.get(1));
            // What was changed already stays as it is.
            if let Entry::Vacant(free) = self.targets.entry(place) {
                let target = row.get::<_, Json>(2).read("broadcast target")?;
                free.insert((target, false));
            }
        }
        Ok(())
    }

    /// Reads what these people have received; nobody else counts until the transaction ends.
    pub(super) async fn read_received(
        &mut self,
        session: &Session,
        persons: impl Iterator<Item = &Person>,
    ) -> Result<()> {
        let keys: BTreeSet<String> = persons.map(key).collect();
        let keys: Vec<String> = keys
            .into_iter()
            .filter(|key| !self.received.contains_key(key))
            .collect();
        if keys.is_empty() {
            return Ok(());
        }
        for row in session.rows(RECEIVED, &[&session.corp(), &keys]).await? {
            let received = row.get::<_, Json>(1).read("received")?;
            self.received.insert(row.get(0), (received, false));
        }
        Ok(())
    }

    /// Reads the contacts about whom caps were asked; nobody else changes them until the
    /// transaction ends. `false` if one of them was reached since then.
    pub(super) async fn read_contacts(
        &mut self,
        session: &Session,
        joining: &[NewTarget],
    ) -> Result<bool> {
        let asked = joining.iter().filter(|target| target.caps.is_some());
        let persons: Vec<&Person> = asked.map(|target| &target.person).collect();
        self.contacts = Locked::of(session, &persons).await?;
        Ok(joining.iter().all(|target| {
            let (Some(caps), Some(contact)) = (&target.caps, self.contacts.get(&target.person))
            else {
                return true;
            };
            contact.reached == caps.reached
        }))
    }

    /// A target of a broadcast in work.
    pub(super) fn target(&self, id: BroadcastId, person: &Person) -> Option<&BroadcastTarget> {
        self.targets
            .get(&(id, key(person)))
            .map(|(target, _)| target)
    }

    /// The targets of a broadcast that were read.
    pub(super) fn targets_of(&self, id: BroadcastId) -> Vec<BroadcastTarget> {
        let from = (id, String::new());
        let of = self
            .targets
            .range(from..)
            .take_while(|((of, _), _)| *of == id);
        of.map(|(_, (target, _))| target.clone()).collect()
    }

    /// Takes a target into a broadcast, or says why it will not reach them.
    pub(super) fn join(
        &mut self,
        id: BroadcastId,
        target: NewTarget,
        budget: Option<Budget>,
        now: UnixMillis,
    ) {
        let budgeted = self
            .rows
            .get(&id)
            .is_some_and(|held| held.row.head.reach.is_budgeted());
        let over = budget.filter(|_| budgeted).is_some_and(|budget| {
            let received = self.received.get(&key(&target.person));
            received.is_some_and(|(received, _)| !received.has_room(budget, now))
        });
        let held = target.caps.as_ref().and_then(|caps| caps.held.clone());
        let why = held.or_else(|| over.then(|| OVER_CEILING.to_owned()));
        let delivery = match why {
            Some(_) => Delivery::Refused,
            None => Delivery::Planned,
        };
        if why.is_none() && target.caps.is_some() {
            self.contacts.change(&target.person, |contact| {
                let reached = ContactChange {
                    reached: true,
                    ..ContactChange::default()
                };
                reached.apply(contact, now);
                true
            });
        }
        let new = BroadcastTarget {
            person: target.person,
            delivery: Delivery::None,
            why: None,
            at: now,
            row: target.row,
        };
        self.set(id, new, (delivery, why), now);
    }

    /// Notes what became of a target: its row, the count, its budget, the step's row.
    pub(super) fn set(
        &mut self,
        id: BroadcastId,
        mut target: BroadcastTarget,
        (delivery, why): (Delivery, Option<String>),
        now: UnixMillis,
    ) {
        let Some(Held { row, .. }) = self.rows.get_mut(&id) else {
            return;
        };
        if let Some(count) = row.counts.get_mut(&target.delivery) {
            *count = count.saturating_sub(1);
        }
        row.counts.retain(|_, count| *count > 0);
        *row.counts.entry(delivery).or_default() += 1;
        let person = key(&target.person);
        if is_counted_anew(target.delivery, delivery)
            && row.head.reach.is_budgeted()
            && let Some((received, changed)) = self.received.get_mut(&person)
        {
            received.count(id, is_counted(delivery), now);
            *changed = true;
        }
        if let Some(key) = target.row.clone() {
            self.notes.push(DeliveryNote {
                key,
                delivery,
                why: why.clone(),
                broadcast: Some(id.to_string()),
            });
        }
        target.delivery = delivery;
        target.why = why;
        target.at = now;
        self.targets.insert((id, person), (target, true));
    }

    /// Notes that others have used up what somebody can receive.
    pub(super) fn fill(&mut self, person: &Person, until: UnixMillis) {
        if let Some((received, changed)) = self.received.get_mut(&key(person)) {
            received.full_until = Some(until);
            *changed = true;
        }
    }

    /// Writes everything.
    pub(super) async fn write(self, session: &Session, now: UnixMillis) -> Result<()> {
        let Self {
            rows,
            targets,
            received,
            notes,
            contacts,
        } = self;
        contacts.write(session).await?;
        write_rows(session, rows).await?;
        write_targets(session, targets).await?;
        write_received(session, received).await?;
        sop_rows::note(session, &notes, now).await?;
        Ok(())
    }
}

/// Those that gather no more come first: one at a time may gather what has a key.
const CLOSE: &str = "\
    UPDATE broadcasts SET gathers = false
    WHERE corp_id = $1 AND gathers AND id <> ALL($2)
      AND (id = ANY($3) OR gather_key = ANY($4))";
const SAVE: &str = "\
    INSERT INTO broadcasts (corp_id, id, revision, state, why, sender, rule, opened_at, due_at,
        effect_id, task, gather_key, gathers, body)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
    ON CONFLICT (corp_id, id) DO UPDATE SET revision = EXCLUDED.revision,
        state = EXCLUDED.state, why = EXCLUDED.why, due_at = EXCLUDED.due_at,
        effect_id = EXCLUDED.effect_id, task = EXCLUDED.task, gathers = EXCLUDED.gathers,
        body = EXCLUDED.body";

async fn write_rows(session: &Session, rows: BTreeMap<BroadcastId, Held>) -> Result<()> {
    let gathers = |held: &Held| held.gathers && held.row.state == BroadcastState::Gathering;
    let (open, closed): (Vec<_>, Vec<_>) = rows.values().partition(|held| gathers(held));
    if rows.is_empty() {
        return Ok(());
    }
    let ids = |held: &[&Held]| -> Vec<i64> { held.iter().map(|it| big(it.row.id.0)).collect() };
    let keys: Vec<&String> = open.iter().map(|held| &held.row.key).collect();
    session
        .run(CLOSE, &[&session.corp(), &ids(&open), &ids(&closed), &keys])
        .await?;
    for held in rows.into_values() {
        let gathers = gathers(&held);
        let Held {
            mut row,
            due_before,
            ..
        } = held;
        if due_before != row.due {
            session.wake.add(Wake::BROADCASTS);
        }
        row.revision += 1;
        let sender = row.head.sender.as_ref().map(|sender| sender.as_str());
        session
            .run(
                SAVE,
                &[
                    &session.corp(),
                    &big(row.id.0),
                    &big(row.revision),
                    &row.state.word(),
                    &maybe_text(row.why.as_deref()),
                    &maybe_text(sender),
                    &text(row.head.rule.as_str()),
                    &Time(row.opened_at),
                    &row.due.map(Time),
                    &row.effect.map(|id| big(id.0)),
                    &maybe_text(row.task.as_deref()),
                    &row.key,
                    &gathers,
                    &Json::of("broadcast", &row)?,
                ],
            )
            .await?;
    }
    Ok(())
}

const SAVE_TARGETS: &str = "\
    INSERT INTO broadcast_targets (corp_id, broadcast_id, contact, delivery, why, told_at, body)
    SELECT $1, * FROM unnest($2::bigint[], $3::text[], $4::text[], $5::text[],
        $6::timestamptz[], $7::jsonb[]) AS o (broadcast_id, contact, delivery, why, told_at, body)
    ON CONFLICT (corp_id, broadcast_id, contact) DO UPDATE SET delivery = EXCLUDED.delivery,
        why = EXCLUDED.why, told_at = EXCLUDED.told_at, body = EXCLUDED.body";

async fn write_targets(
    session: &Session,
    targets: BTreeMap<(BroadcastId, String), (BroadcastTarget, bool)>,
) -> Result<()> {
    let changed = targets.into_iter().filter(|(_, (_, changed))| *changed);
    let changed: Vec<_> = changed
        .map(|(place, (target, _))| (place, target))
        .collect();
    if changed.is_empty() {
        return Ok(());
    }
    let each = || changed.iter();
    let ids: Vec<i64> = each().map(|((id, _), _)| big(id.0)).collect();
    let keys: Vec<&String> = each().map(|((_, key), _)| key).collect();
    let deliveries: Vec<&str> = each().map(|(_, it)| it.delivery.word()).collect();
    let why: Vec<_> = each()
        .map(|(_, it)| maybe_text(it.why.as_deref()))
        .collect();
    let told: Vec<Time> = each().map(|(_, it)| Time(it.at)).collect();
    let bodies = each().map(|(_, it)| Json::of("broadcast target", it));
    let bodies: Vec<Json> = bodies.collect::<Result<_>>()?;
    session
        .run(
            SAVE_TARGETS,
            &[
                &session.corp(),
                &ids,
                &keys,
                &deliveries,
                &why,
                &told,
                &bodies,
            ],
        )
        .await?;
    Ok(())
}

const SAVE_RECEIVED: &str = "\
    UPDATE mass_received r SET body = o.body, over_at = o.over_at
    FROM unnest($2::text[], $3::jsonb[], $4::timestamptz[]) AS o (contact, body, over_at)
    WHERE r.corp_id = $1 AND r.contact = o.contact";

async fn write_received(
    session: &Session,
    received: BTreeMap<String, (Received, bool)>,
) -> Result<()> {
    let changed = received.into_iter().filter(|(_, (_, changed))| *changed);
    let changed: Vec<_> = changed
        .map(|(key, (received, _))| (key, received))
        .collect();
    if changed.is_empty() {
        return Ok(());
    }
    let keys: Vec<&String> = changed.iter().map(|(key, _)| key).collect();
    let over: Vec<Time> = changed.iter().map(|(_, it)| Time(it.over_at())).collect();
    let bodies = changed.iter().map(|(_, it)| Json::of("received", it));
    let bodies: Vec<Json> = bodies.collect::<Result<_>>()?;
    session
        .run(SAVE_RECEIVED, &[&session.corp(), &keys, &bodies, &over])
        .await?;
    Ok(())
}
