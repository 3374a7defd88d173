//! Effects that were decided, on their way into the outbox.

use super::bells::Wake;
use super::outbox::EffectBody;
use super::session::Session;
use super::values::{Json, Time, big, lane, maybe_text, number, text};
use super::{contacts, sop_rows};
use crate::domain::clock::UnixMillis;
use crate::domain::effect::{Effect, NewEffect};
use crate::domain::ids::{EffectId, RecordId};
use crate::store::Result;

const ADD: &str = "\
    INSERT INTO outbox (corp_id, id, seq, state, conversation, record_id, decided_at, lane, kind,
        app, target, rule, due_at, deadline, urgent, preferred_by, body, sop, sop_run_at,
        sop_contact, sop_step, history)
    SELECT $1, n.id, n.id, 'ready', o.conversation, o.record_id, $3, o.lane, o.kind, o.app,
        o.target, o.rule, o.due_at, o.deadline, o.urgent, o.preferred_by, o.body, o.sop,
        o.sop_run_at, o.sop_contact, o.sop_step, o.history
    FROM unnest($4::text[], $5::bigint[], $6::text[], $7::text[], $8::text[], $9::text[],
            $10::text[], $11::timestamptz[], $12::timestamptz[], $13::boolean[], $14::bigint[],
            $15::jsonb[], $16::text[], $17::timestamptz[], $18::text[], $19::integer[], $20::text[])
        WITH ORDINALITY AS o (conversation, record_id, lane, kind, app, target, rule, due_at,
            deadline, urgent, preferred_by, body, sop, sop_run_at, sop_contact, sop_step,
            history, place)
    JOIN unnest($2::bigint[]) WITH ORDINALITY AS n (id, place) USING (place)";

const IDS: &str = "SELECT nextval($1::text::regclass) FROM generate_series(1, $2::bigint)";

/// An effect with the place that it belongs to.
pub(super) struct Placed {
    pub(super) effect: NewEffect,
    /// The hash of the conversation whose history it belongs to.
    pub(super) history: String,
    /// The conversation, as stored.
    pub(super) conversation: Option<String>,
    /// The record whose decision it is part of.
    pub(super) record: Option<RecordId>,
}

/// Puts effects into the outbox, in order.
pub(super) async fn add(
    session: &Session,
    effects: Vec<Placed>,
    now: UnixMillis,
) -> Result<Vec<EffectId>> {
    if effects.is_empty() {
        return Ok(Vec::new());
    }
    let count = i64::try_from(effects.len()).unwrap_or(i64::MAX);
    let ids = session
        .rows(IDS, &[&session.shared.sequences.effect, &count])
        .await?;
    let mut ids: Vec<i64> = ids.iter().map(|row| row.get(0)).collect();
    ids.sort_unstable();
    let here = session.shared.replica;
    let mut columns = Columns::default();
    for Placed {
        effect,
        history,
        conversation,
        record,
    } in effects
    {
        columns.histories.push(history);
        columns.conversations.push(conversation);
        columns.records.push(record.map(|id| big(id.0)));
        columns.push(effect, here)?;
    }
    session
        .run(
            ADD,
            &[
                &session.corp(),
                &ids,
                &Time(now),
                &columns.conversations,
                &columns.records,
                &columns.lanes,
                &columns.kinds,
                &columns.apps,
                &columns.targets,
                &columns.rules,
                &columns.dues,
                &columns.deadlines,
                &columns.urgent,
                &columns.preferred,
                &columns.bodies,
                &columns.sops,
                &columns.runs,
                &columns.contacts,
                &columns.steps,
                &columns.histories,
            ],
        )
        .await?;
    session.wake.add(Wake::OUTBOX);
    Ok(ids.into_iter().map(|id| EffectId(number(id))).collect())
}

#[derive(Default)]
struct Columns {
    histories: Vec<String>,
    conversations: Vec<Option<String>>,
    records: Vec<Option<i64>>,
    lanes: Vec<String>,
    kinds: Vec<&'static str>,
    apps: Vec<Option<String>>,
    targets: Vec<Option<String>>,
    rules: Vec<String>,
    dues: Vec<Time>,
    deadlines: Vec<Option<Time>>,
    urgent: Vec<bool>,
    preferred: Vec<Option<i64>>,
    bodies: Vec<Json>,
    sops: Vec<Option<String>>,
    runs: Vec<Option<Time>>,
    contacts: Vec<Option<String>>,
    steps: Vec<Option<i32>>,
}

impl Columns {
    fn push(&mut self, new: NewEffect, here: i64) -> Result<()> {
        let in_callback = matches!(
            new.effect,
            Effect::AibotReply { .. } | Effect::AppSend { .. }
        );
        let app = new.effect.app().map(|app| app.as_str());
        self.lanes.push(lane(new.lane.as_str()));
        self.kinds.push(new.effect.word());
        self.apps.push(maybe_text(app).map(Into::into));
        let whom = new.effect.whom();
        self.targets
            .push(maybe_text(whom.as_deref()).map(Into::into));
        self.rules.push(text(new.origin.rule.as_str()).into_owned());
        self.dues.push(Time(new.due));
        self.deadlines.push(new.deadline.map(Time));
        self.urgent.push(new.urgent);
        self.preferred.push(in_callback.then_some(here));
        let row = new.origin.row.as_ref();
        self.sops
            .push(row.map(|row| text(row.sop.as_str()).into_owned()));
        self.runs.push(row.map(|row| Time(row.run)));
        self.contacts
            .push(row.map(|row| contacts::key(&row.target)));
        self.steps.push(row.map(|row| sop_rows::small(row.step)));
        let body = EffectBody {
            effect: new.effect,
            origin: new.origin,
        };
        self.bodies.push(Json::of("effect", &body)?);
        Ok(())
    }
}
