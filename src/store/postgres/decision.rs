//! Everything that decisions change, in one transaction.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Shared;
use super::accept::{self, Offered};
use super::bells::Wake;
use super::contacts::Locked;
use super::outbox;
use super::outgoing::{self, Placed};
use super::session::{Session, in_transaction};
use super::sop_rows::WholeKey;
use super::uses::Counted;
use super::values::{Json, Time, big, number};
use super::{gather, sop_rows, timers};
use crate::domain::ids::{EffectId, Person, RecordId};
use crate::store::{DecisionCommit, ItemId, RecordOutcome, Result, SopRowKey, StoreError};

/// The records of decisions whose claim holds, by number.
const HELD: &str = "\
    SELECT i.id, i.lane, i.conversation, i.received_at FROM inbox i
    JOIN unnest($2::bigint[], $3::bigint[]) AS o (id, fence) ON i.id = o.id AND i.fence = o.fence
    WHERE i.corp_id = $1 AND i.state = 'working' ORDER BY i.id FOR UPDATE OF i";

struct Held {
    lane: String,
    /// As stored.
    conversation: Option<String>,
    received_at: Time,
}

/// Commits decisions; each stands or falls by itself.
///
/// Everything that may refuse one is looked at before anything is written, under locks that
/// last until the end. What many decisions write to the same table is one statement.
pub(super) async fn commit(
    shared: &Arc<Shared>,
    decisions: &[DecisionCommit],
) -> Result<Vec<Result<Vec<EffectId>>>> {
    if decisions.is_empty() {
        return Ok(Vec::new());
    }
    // Before the transaction: writing JSON takes time.
    let records = decisions.iter().map(|one| Offered::all(&one.records));
    let records: Vec<Vec<Offered>> = records.collect::<Result<_>>()?;
    let outcome: Result<Vec<Result<Vec<EffectId>>>> = in_transaction!(shared, Long, session => {
        let mut held = hold(&session, decisions).await?;
        let uses = decisions.iter().flat_map(|one| &one.uses);
        let mut counted = Counted::of(&session, uses).await?;
        let mut reached = Reached::of(&session, decisions).await?;
        let mut settled = Settled::of(&session, decisions).await?;
        let mut verdicts: Vec<Result<Held>> = Vec::with_capacity(decisions.len());
        for decision in decisions {
            let taken = held.remove(&decision.record).ok_or_else(|| StoreError::Fenced {
                item: ItemId::Record(decision.record).to_string(),
            });
            verdicts.push(match taken {
                Ok(taken) => match reached
                    .check(decision)
                    .and_then(|()| settled.check(decision))
                    .and_then(|()| counted.take(&decision.uses))
                {
                    Ok(()) => {
                        reached.note(decision);
                        settled.note(decision);
                        Ok(taken)
                    }
                    Err(refused) => {
                        // Its claim stays good, for a second decision of this call, too.
                        held.insert(decision.record, taken);
                        Err(refused)
                    }
                },
                fenced => fenced,
            });
        }
        counted.write(&session).await?;
        let good: Vec<Good<'_>> = decisions
            .iter()
            .zip(&verdicts)
            .zip(&records)
            .filter_map(|((decision, verdict), records)| {
                let held = verdict.as_ref().ok()?;
                Some(Good { decision, held, records })
            })
            .collect();
        let mut effects = write(&session, &good).await?;
        let answers = decisions.iter().zip(verdicts).map(|(decision, verdict)| {
            verdict.map(|_| effects.remove(&decision.record).unwrap_or_default())
        });
        Ok(answers.collect::<Vec<_>>())
    });
    for (place, decision) in decisions.iter().enumerate() {
        let verdict = outcome.as_ref().map(|verdicts| verdicts.get(place));
        // Where a limit was reached, the claim is good for another decision.
        let refused = matches!(
            verdict,
            Ok(Some(Err(StoreError::LimitReached { .. }
                | StoreError::ReachedMeanwhile
                | StoreError::Settled)))
        );
        if !refused {
            shared.claims.let_go(decision.fence);
        }
    }
    outcome
}

/// Who had been reached when, and by whom in this call.
struct Reached {
    before: Locked,
    now: BTreeSet<Person>,
}

impl Reached {
    /// Nobody else reaches those whom these decisions reach until the transaction ends.
    async fn of(session: &Session, decisions: &[DecisionCommit]) -> Result<Self> {
        let persons: Vec<&Person> = decisions.iter().filter_map(reaches).collect();
        Ok(Self {
            before: Locked::of(session, &persons).await?,
            now: BTreeSet::new(),
        })
    }

    fn check(&self, decision: &DecisionCommit) -> Result<()> {
        let (Some(person), Some(known)) = (reaches(decision), &decision.reached) else {
            return Ok(());
        };
        let newest = self.before.get(person).map(|contact| &contact.reached);
        match newest == Some(known) && !self.now.contains(person) {
            true => Ok(()),
            false => Err(StoreError::ReachedMeanwhile),
        }
    }

    fn note(&mut self, decision: &DecisionCommit) {
        self.now.extend(reaches(decision).cloned());
    }
}

/// The steps of which a member has said what became of them, before or in this call.
struct Settled(BTreeSet<WholeKey>);

impl Settled {
    /// Nobody else says it of the steps of these decisions until the transaction ends.
    async fn of(session: &Session, decisions: &[DecisionCommit]) -> Result<Self> {
        let asked = decisions.iter().filter_map(|one| one.unsettled.as_ref());
        let asked: BTreeMap<WholeKey, &SopRowKey> =
            asked.map(|row| (sop_rows::whole_key(row), row)).collect();
        let mut settled = BTreeSet::new();
        for (key, row) in asked {
            if sop_rows::is_said(session, row).await? {
                settled.insert(key);
            }
        }
        Ok(Self(settled))
    }

    fn check(&self, decision: &DecisionCommit) -> Result<()> {
        let row = decision.unsettled.as_ref();
        match row.is_some_and(|row| self.0.contains(&sop_rows::whole_key(row))) {
            true => Err(StoreError::Settled),
            false => Ok(()),
        }
    }

    fn note(&mut self, decision: &DecisionCommit) {
        let said = decision.notes.iter().filter(|note| note.delivery.is_said());
        self.0
            .extend(said.map(|note| sop_rows::whole_key(&note.key)));
    }
}

/// Whom a decision reaches unasked.
fn reaches(decision: &DecisionCommit) -> Option<&Person> {
    let change = decision.contact.as_ref()?;
    change
        .person
        .as_ref()
        .filter(|_| decision.reached.is_some())
}

async fn hold(session: &Session, decisions: &[DecisionCommit]) -> Result<BTreeMap<RecordId, Held>> {
    let ids: Vec<i64> = decisions.iter().map(|one| big(one.record.0)).collect();
    let fences: Vec<i64> = decisions.iter().map(|one| big(one.fence)).collect();
    let rows = session
        .rows(HELD, &[&session.corp(), &ids, &fences])
        .await?;
    let each = rows.iter();
    Ok(each
        .map(|row| {
            let held = Held {
                lane: row.get(1),
                conversation: row.get(2),
                received_at: row.get(3),
            };
            (RecordId(number(row.get(0))), held)
        })
        .collect())
}

/// A decision that stands.
struct Good<'a> {
    decision: &'a DecisionCommit,
    held: &'a Held,
    records: &'a [Offered],
}

/// Writes decisions that stand. Gives the effects of each record.
async fn write(session: &Session, good: &[Good<'_>]) -> Result<BTreeMap<RecordId, Vec<EffectId>>> {
    let Some(now) = good.iter().map(|one| one.decision.now).max() else {
        return Ok(BTreeMap::new());
    };
    let lanes: BTreeSet<&str> = good
        .iter()
        .filter(|one| {
            let change = one.decision.contact.as_ref();
            change.is_some_and(|change| change.wrote_at.is_some())
        })
        .map(|one| one.held.lane.as_str())
        .collect();
    if !lanes.is_empty() {
        let lanes: Vec<&str> = lanes.into_iter().collect();
        outbox::hurry(session, &lanes, now).await?;
    }
    change_contacts(session, good).await?;
    let records: Vec<&Offered> = good.iter().flat_map(|one| one.records).collect();
    accept::take(session, &records).await?;
    move_timers(session, good).await?;
    let rows: Vec<_> = good.iter().flat_map(|one| &one.decision.rows).collect();
    sop_rows::put(session, &rows).await?;
    for one in good.iter().filter(|one| !one.decision.notes.is_empty()) {
        sop_rows::note(session, &one.decision.notes, one.decision.now).await?;
    }
    let gathers = good.iter().flat_map(|one| {
        let now = one.decision.now;
        one.decision
            .broadcasts
            .iter()
            .map(move |gather| (gather, now))
    });
    gather::all(session, gathers.collect()).await?;
    let effects = add_effects(session, good).await?;
    keep_traces(session, good).await?;
    end(session, good, &effects).await?;
    session.wake.add(Wake::INBOX);
    Ok(effects)
}

async fn change_contacts(session: &Session, good: &[Good<'_>]) -> Result<()> {
    let changes: Vec<_> = good
        .iter()
        .filter_map(|one| {
            let change = one.decision.contact.as_ref()?;
            Some((change.person.as_ref()?, change, one.decision.now))
        })
        .collect();
    let persons: Vec<&Person> = changes.iter().map(|(person, ..)| *person).collect();
    let mut contacts = Locked::of(session, &persons).await?;
    for (person, change, now) in changes {
        contacts.change(person, |contact| {
            change.clone().apply(contact, now);
            true
        });
    }
    contacts.write(session).await
}

/// In the order of the decisions: one may set what another removes.
async fn move_timers(session: &Session, good: &[Good<'_>]) -> Result<()> {
    let alone = |one: &Good<'_>| {
        let set = one.decision.timers.iter().map(|timer| &timer.key);
        set.chain(&one.decision.remove_timers)
            .cloned()
            .collect::<BTreeSet<_>>()
    };
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let apart = good.iter().all(|one| {
        let keys = alone(one);
        let apart = seen.is_disjoint(&keys);
        seen.extend(keys);
        apart
    });
    if !apart {
        for one in good {
            timers::remove(session, &one.decision.remove_timers).await?;
            timers::set(session, &one.decision.timers).await?;
        }
        return Ok(());
    }
    let each = good.iter();
    let removed: Vec<String> = each
        .flat_map(|one| one.decision.remove_timers.clone())
        .collect();
    timers::remove(session, &removed).await?;
    let each = good.iter();
    let set: Vec<_> = each.flat_map(|one| one.decision.timers.clone()).collect();
    timers::set(session, &set).await
}

async fn add_effects(
    session: &Session,
    good: &[Good<'_>],
) -> Result<BTreeMap<RecordId, Vec<EffectId>>> {
    let Some(now) = good.first().map(|one| one.decision.now) else {
        return Ok(BTreeMap::new());
    };
    if good.iter().any(|one| one.decision.now != now) {
        let mut effects = BTreeMap::new();
        for one in good {
            let ids = outgoing::add(session, placed(one), one.decision.now).await?;
            effects.insert(one.decision.record, ids);
        }
        return Ok(effects);
    }
    let all = good.iter().flat_map(placed).collect();
    let mut ids = outgoing::add(session, all, now).await?.into_iter();
    let each = good.iter();
    Ok(each
        .map(|one| {
            let count = one.decision.effects.len();
            (one.decision.record, ids.by_ref().take(count).collect())
        })
        .collect())
}

fn placed(one: &Good<'_>) -> Vec<Placed> {
    let effects = one.decision.effects.iter();
    effects
        .map(|effect| Placed {
            effect: effect.clone(),
            history: one.held.lane.clone(),
            conversation: one.held.conversation.clone(),
            record: Some(one.decision.record),
        })
        .collect()
}

const TRACE: &str = "\
    INSERT INTO traces (corp_id, record_id, received_at, trace)
    SELECT $1, * FROM unnest($2::bigint[], $3::timestamptz[], $4::jsonb[])
        AS o (record_id, received_at, trace)
    ON CONFLICT (corp_id, record_id) DO UPDATE SET trace = EXCLUDED.trace";

async fn keep_traces(session: &Session, good: &[Good<'_>]) -> Result<()> {
    let traced: Vec<_> = good
        .iter()
        .filter_map(|one| Some((one, one.decision.trace.as_ref()?)))
        .collect();
    if traced.is_empty() {
        return Ok(());
    }
    let ids: Vec<i64> = traced
        .iter()
        .map(|(one, _)| big(one.decision.record.0))
        .collect();
    let times: Vec<Time> = traced.iter().map(|(one, _)| one.held.received_at).collect();
    let traces = traced.iter().map(|(_, trace)| Json::of("trace", trace));
    let traces: Vec<Json> = traces.collect::<Result<_>>()?;
    session
        .run(TRACE, &[&session.corp(), &ids, &times, &traces])
        .await?;
    Ok(())
}

/// Arrays of different lengths make no array of arrays: rules and effects travel as JSON.
const END: &str = "\
    UPDATE inbox i SET state = 'done', outcome = o.outcome, reason = NULL,
        rules = CASE WHEN o.rules IS NULL THEN NULL
            ELSE ARRAY(SELECT jsonb_array_elements_text(o.rules)) END,
        effects = ARRAY(SELECT jsonb_array_elements_text(o.effects)::bigint),
        attempts = i.attempts + 1,
        first_attempt_at = COALESCE(i.first_attempt_at, i.claimed_at),
        fence = NULL, holder = NULL, preferred_by = NULL
    FROM unnest($2::bigint[], $3::jsonb[], $4::jsonb[], $5::jsonb[])
        AS o (id, outcome, rules, effects)
    WHERE i.corp_id = $1 AND i.id = o.id";

async fn end(
    session: &Session,
    good: &[Good<'_>],
    effects: &BTreeMap<RecordId, Vec<EffectId>>,
) -> Result<()> {
    let (mut ids, mut outcomes, mut rules, mut led_to) = (vec![], vec![], vec![], vec![]);
    for one in good {
        let decision = one.decision;
        ids.push(big(decision.record.0));
        outcomes.push(Json::of("outcome", &decision.outcome)?);
        rules.push(match &decision.outcome {
            RecordOutcome::Done { fired } => Some(Json::of("rules", fired)?),
            RecordOutcome::Skipped { .. } => None,
        });
        led_to.push(Json::of("effects", &effects.get(&decision.record))?);
    }
    session
        .run(END, &[&session.corp(), &ids, &outcomes, &rules, &led_to])
        .await?;
    Ok(())
}
