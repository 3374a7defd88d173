//! Small values to fill a store with, and what every case does.

use std::time::Duration;

use crate::domain::clock::UnixMillis;
use crate::domain::effect::{Effect, NewEffect, Origin};
use crate::domain::ids::{
    AppName, ConversationKey, DedupeKey, EffectId, ExternalUserId, Lane, OpenKfId, Person,
    RecordId, RuleId,
};
use crate::domain::inbound::{Author, Channel, Inbound, Message, ReplyPath, Trigger};
use crate::domain::outgoing::Outgoing;
use crate::domain::timer::Timer;
use crate::store::{
    Acceptance, AttemptEnd, Claim, ClaimedEffect, ClaimedRecord, DecisionCommit, NewRecord,
    RecordBody, RecordOutcome, Store,
};

/// The corp of every case that needs only one.
pub(in crate::store) const CORP: &str = "ww0000000000000001";

/// The lease of every claim.
pub(in crate::store) const LEASE: Duration = Duration::from_millis(1000);

/// A time.
pub(in crate::store) fn at(millis: i64) -> UnixMillis {
    UnixMillis(millis)
}

/// The customer of a conversation.
pub(in crate::store) fn customer(name: &str) -> Person {
    Person::External(ExternalUserId::from(name))
}

/// A text message of a customer; the conversation is `kf/<who>`.
pub(in crate::store) fn inbound(who: &str, text: &str, when: i64) -> Inbound {
    Inbound {
        channel: Channel::Kf,
        app: AppName::from("kf"),
        at: at(when),
        person: Some(customer(who)),
        author: Author::Person,
        conversation: ConversationKey::from(format!("kf/{who}")),
        trigger: Trigger::Message(Message::text(text)),
        reply_path: ReplyPath::Kf {
            open_kfid: OpenKfId::from("wk1"),
            external_userid: ExternalUserId::from(who),
        },
    }
}

/// A record whose dedupe key is its text.
pub(in crate::store) fn record(who: &str, text: &str, when: i64) -> NewRecord {
    NewRecord {
        dedupe: DedupeKey::from(format!("kf/{text}")),
        received_at: at(when),
        urgent: false,
        body: RecordBody::Inbound {
            inbound: inbound(who, text, when),
            raw: format!("{{\"text\":\"{text}\"}}"),
        },
    }
}

/// The same, urgent.
pub(in crate::store) fn urgent(who: &str, text: &str, when: i64) -> NewRecord {
    NewRecord {
        urgent: true,
        ..record(who, text, when)
    }
}

/// Takes records in and returns their ids.
pub(in crate::store) async fn accept(store: &dyn Store, records: Vec<NewRecord>) -> Vec<RecordId> {
    let accepted = store.accept(records).await.unwrap();
    accepted
        .into_iter()
        .map(|acceptance| match acceptance {
            Acceptance::New(id) | Acceptance::Duplicate(id) => id,
        })
        .collect()
}

/// A wish to claim whatever is due.
pub(in crate::store) fn whatever(now: i64) -> Claim {
    Claim {
        now: at(now),
        lease: LEASE,
        limit: 100,
    }
}

/// Claims whatever records are due.
pub(in crate::store) async fn records(store: &dyn Store, now: i64) -> Vec<ClaimedRecord> {
    store.claim_records(whatever(now)).await.unwrap()
}

/// Claims the one record that is due.
pub(in crate::store) async fn one_record(store: &dyn Store, now: i64) -> ClaimedRecord {
    let mut claimed = records(store, now).await;
    assert_eq!(claimed.len(), 1, "{claimed:?}");
    claimed.remove(0)
}

/// Claims whatever effects are due.
pub(in crate::store) async fn effects(store: &dyn Store, now: i64) -> Vec<ClaimedEffect> {
    store.claim_effects(whatever(now)).await.unwrap()
}

/// Claims the one effect that is due.
pub(in crate::store) async fn one_effect(store: &dyn Store, now: i64) -> ClaimedEffect {
    let mut claimed = effects(store, now).await;
    assert_eq!(claimed.len(), 1, "{claimed:?}");
    claimed.remove(0)
}

/// The words of claimed records.
pub(in crate::store) fn texts(claimed: &[ClaimedRecord]) -> Vec<&str> {
    claimed
        .iter()
        .map(|record| text_of(&record.inbound))
        .collect()
}

/// The words of a message.
pub(in crate::store) fn text_of(inbound: &Inbound) -> &str {
    match &inbound.trigger {
        Trigger::Message(message) => &message.text,
        other => panic!("not a message: {other:?}"),
    }
}

/// The words of claimed effects.
pub(in crate::store) fn words(claimed: &[ClaimedEffect]) -> Vec<&str> {
    claimed
        .iter()
        .map(|claimed| match &claimed.effect {
            Effect::KfSend {
                message: Outgoing::Text { text },
                ..
            } => text.as_str(),
            other => panic!("not a text: {other:?}"),
        })
        .collect()
}

/// An effect that is due at once.
pub(in crate::store) fn effect(lane: &str, text: &str, due: i64) -> NewEffect {
    NewEffect {
        effect: Effect::KfSend {
            app: AppName::from("kf"),
            open_kfid: OpenKfId::from("wk1"),
            external_userid: ExternalUserId::from(lane),
            message: Outgoing::Text {
                text: text.to_owned(),
            },
        },
        lane: Lane::from(lane),
        urgent: false,
        due: at(due),
        deadline: None,
        origin: Origin {
            record: RecordId(1),
            rule: RuleId::from("greet"),
            action: 0,
            part: 0,
            row: None,
        },
    }
}

/// A decision that only ends its record.
pub(in crate::store) fn decision(claimed: &ClaimedRecord, now: i64) -> DecisionCommit {
    DecisionCommit {
        record: claimed.id,
        fence: claimed.fence,
        now: at(now),
        outcome: RecordOutcome::Done {
            fired: vec![RuleId::from("greet")],
        },
        contact: None,
        reached: None,
        uses: Vec::new(),
        unsettled: None,
        records: Vec::new(),
        effects: Vec::new(),
        broadcasts: Vec::new(),
        timers: Vec::new(),
        remove_timers: Vec::new(),
        rows: Vec::new(),
        notes: Vec::new(),
        trace: None,
    }
}

/// Puts effects into the outbox by way of a record at time 0.
pub(in crate::store) async fn decide(
    store: &dyn Store,
    name: &str,
    effects: Vec<NewEffect>,
) -> Vec<EffectId> {
    accept(store, vec![record(name, name, 0)]).await;
    let claimed = one_record(store, 0).await;
    let decision = DecisionCommit {
        effects,
        ..decision(&claimed, 0)
    };
    store.commit_decision(decision).await.unwrap()
}

/// Ends a claimed effect.
pub(in crate::store) async fn finish(
    store: &dyn Store,
    claimed: &ClaimedEffect,
    end: AttemptEnd,
    now: i64,
) {
    store
        .finish_effect(claimed.id, claimed.fence, end, at(now))
        .await
        .unwrap();
}

/// A good end.
pub(in crate::store) fn sent() -> AttemptEnd {
    AttemptEnd::Sent { note: None }
}

/// Another try.
pub(in crate::store) fn retry(millis: i64) -> AttemptEnd {
    AttemptEnd::Retry {
        at: at(millis),
        reason: "45009".to_owned(),
        unclear: false,
    }
}

/// A timer.
pub(in crate::store) fn timer(key: &str, due: i64) -> Timer {
    Timer {
        key: key.to_owned(),
        due: at(due),
        inbound: inbound("timer", key, due),
    }
}

/// Whether a call was refused because its claim is no longer held.
pub(in crate::store) fn is_fenced<T: std::fmt::Debug>(outcome: &crate::store::Result<T>) -> bool {
    matches!(outcome, Err(crate::store::StoreError::Fenced { .. }))
}
