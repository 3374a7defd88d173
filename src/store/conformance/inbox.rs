//! Records: accept, claim, give back, bury.

use super::Subject;
use super::support::{
    CORP, accept, at, decision, inbound, is_fenced, one_record, record, records, texts, urgent,
    whatever,
};
use crate::domain::ids::{AppName, DedupeKey};
use crate::domain::inbound::Channel;
use crate::store::{Acceptance, Claim, ItemId, ItemState, NewRecord, RecordBody, Rescued};

pub async fn takes_each_record_once(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    let offered = vec![
        record("a", "1", 0),
        record("a", "2", 0),
        record("a", "1", 5),
    ];
    let first = store.accept(offered).await.unwrap();
    let [
        Acceptance::New(one),
        Acceptance::New(two),
        Acceptance::Duplicate(again),
    ] = first[..]
    else {
        panic!("{first:?}");
    };
    assert!(one < two);
    assert_eq!(again, one);

    let later = store
        .accept(vec![record("b", "2", 9), record("b", "3", 9)])
        .await
        .unwrap();
    assert_eq!(later[0], Acceptance::Duplicate(two));
    assert!(matches!(later[1], Acceptance::New(id) if id > two));
    assert_eq!(store.depths(at(9)).await.unwrap().inbox, 3);
}

pub async fn keeps_order_within_a_conversation(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    let offered = ["1", "2", "3"].map(|text| record("a", text, 0));
    accept(&*store, offered.into()).await;
    for expected in ["1", "2", "3"] {
        let claimed = one_record(&*store, 0).await;
        assert_eq!(texts(std::slice::from_ref(&claimed)), [expected]);
        assert!(records(&*store, 0).await.is_empty(), "the next one waits");
        store.commit_decision(decision(&claimed, 0)).await.unwrap();
    }
    assert!(records(&*store, 0).await.is_empty());
}

pub async fn works_on_conversations_in_parallel(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    let offered = vec![
        record("a", "a1", 0),
        record("a", "a2", 0),
        record("b", "b1", 0),
        record("c", "c1", 0),
    ];
    accept(&*store, offered).await;
    let claimed = records(&*store, 0).await;
    assert_eq!(texts(&claimed), ["a1", "b1", "c1"]);
    assert_eq!(claimed[0].attempt, 1);
    assert_eq!(claimed[0].inbound, inbound("a", "a1", 0));
}

pub async fn claims_no_more_than_asked(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    let offered = ["a", "b", "c"].map(|who| record(who, who, 0));
    accept(&*store, offered.into()).await;
    let two = Claim {
        limit: 2,
        ..whatever(0)
    };
    assert_eq!(texts(&store.claim_records(two).await.unwrap()), ["a", "b"]);
    assert_eq!(texts(&store.claim_records(two).await.unwrap()), ["c"]);
    let none = Claim {
        limit: 0,
        ..whatever(0)
    };
    assert!(store.claim_records(none).await.unwrap().is_empty());
}

pub async fn claimers_never_share_a_record(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    let offered = (0..20).map(|place| record(&format!("c{place}"), &place.to_string(), 0));
    accept(&*store, offered.collect()).await;
    let five = Claim {
        limit: 5,
        ..whatever(0)
    };
    let claims = futures_util::future::join_all((0..8).map(|_| store.claim_records(five))).await;
    let claimed = claims.into_iter().flat_map(|claim| claim.unwrap());
    let mut ids: Vec<_> = claimed.map(|claimed| claimed.id).collect();
    assert_eq!(ids.len(), 20);
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 20);
}

pub async fn a_record_pushed_at_once_by_many_is_taken_once(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    let pushes = (0..8).map(|place| store.accept(vec![record("a", "same", place)]));
    let accepted = futures_util::future::join_all(pushes).await;
    let new = accepted.iter().flat_map(|answer| answer.as_ref().unwrap());
    assert_eq!(
        new.filter(|one| matches!(one, Acceptance::New(_))).count(),
        1
    );
    assert_eq!(store.depths(at(9)).await.unwrap().inbox, 1);
}

pub async fn claims_urgent_records_first(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    let offered = vec![
        record("a", "a", 0),
        record("b", "b", 1),
        urgent("c", "c", 2),
    ];
    accept(&*store, offered).await;
    assert_eq!(texts(&records(&*store, 5).await), ["c", "a", "b"]);
}

pub async fn urgent_records_pass_one_that_is_being_retried(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    accept(&*store, vec![record("a", "slow", 0)]).await;
    let slow = one_record(&*store, 0).await;
    store
        .retry_record(slow.id, slow.fence, at(500), "token")
        .await
        .unwrap();
    accept(&*store, vec![urgent("a", "welcome", 1)]).await;
    assert_eq!(texts(&records(&*store, 1).await), ["welcome"]);
}

pub async fn a_retry_holds_up_its_conversation_and_counts(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    accept(&*store, vec![record("a", "1", 0), record("a", "2", 0)]).await;
    let first = one_record(&*store, 0).await;
    store
        .retry_record(first.id, first.fence, at(500), "token")
        .await
        .unwrap();
    assert!(records(&*store, 499).await.is_empty());
    let again = one_record(&*store, 500).await;
    assert_eq!((again.id, again.attempt), (first.id, 2));
    assert_ne!(again.fence, first.fence);
}

pub async fn a_buried_record_lets_its_conversation_go_on(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    accept(&*store, vec![record("a", "1", 0), record("a", "2", 0)]).await;
    let first = one_record(&*store, 0).await;
    store
        .bury_record(first.id, first.fence, "poison", at(1))
        .await
        .unwrap();
    assert_eq!(texts(&records(&*store, 1).await), ["2"]);
    let shown = store.show(ItemId::Record(first.id)).await.unwrap().unwrap();
    assert_eq!(shown.item.state, ItemState::Dead);
    assert_eq!(shown.item.reason.as_deref(), Some("poison"));
    assert_eq!(store.depths(at(1)).await.unwrap().dead, 1);
}

pub async fn a_stale_claim_is_refused(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    accept(&*store, vec![record("a", "1", 0)]).await;
    let stale = one_record(&*store, 0).await;
    let rescued = store.rescue(at(1000)).await.unwrap();
    assert_eq!(
        rescued,
        Rescued {
            records: 1,
            effects: 0
        }
    );
    let fresh = one_record(&*store, 1000).await;
    assert_eq!((fresh.id, fresh.attempt), (stale.id, 2));

    let retried = store
        .retry_record(stale.id, stale.fence, at(1), "late")
        .await;
    assert!(is_fenced(&retried), "{retried:?}");
    let buried = store
        .bury_record(stale.id, stale.fence, "late", at(1))
        .await;
    assert!(is_fenced(&buried), "{buried:?}");
    let decided = store.commit_decision(decision(&stale, 1)).await;
    assert!(is_fenced(&decided), "{decided:?}");

    store.commit_decision(decision(&fresh, 1001)).await.unwrap();
    assert_eq!(store.depths(at(1001)).await.unwrap().inbox, 0);
}

pub async fn a_lease_that_has_not_ended_is_left_alone(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    accept(&*store, vec![record("a", "1", 0)]).await;
    let claimed = one_record(&*store, 0).await;
    assert_eq!(store.rescue(at(999)).await.unwrap(), Rescued::default());
    assert!(records(&*store, 999).await.is_empty());
    store
        .commit_decision(decision(&claimed, 999))
        .await
        .unwrap();
}

pub async fn unreadable_and_skipped_records_never_reach_a_worker(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    let unreadable = NewRecord {
        dedupe: DedupeKey::from("u"),
        received_at: at(0),
        urgent: false,
        body: RecordBody::Unreadable {
            channel: Channel::App,
            app: AppName::from("app"),
            raw: "<xml".to_owned(),
            reason: "ends too early".to_owned(),
        },
    };
    let skipped = NewRecord {
        body: RecordBody::Skipped {
            inbound: inbound("a", "old", 0),
            reason: "before the first start".to_owned(),
        },
        ..record("a", "old", 0)
    };
    let ids = accept(&*store, vec![unreadable.clone(), skipped]).await;
    assert!(records(&*store, 10).await.is_empty());
    let depths = store.depths(at(10)).await.unwrap();
    assert_eq!((depths.inbox, depths.dead), (0, 1));

    let dead = store.show(ItemId::Record(ids[0])).await.unwrap().unwrap();
    assert_eq!(dead.item.state, ItemState::Dead);
    assert_eq!(dead.item.reason.as_deref(), Some("ends too early"));
    assert_eq!(dead.record, Some(unreadable.body));
    let done = store.show(ItemId::Record(ids[1])).await.unwrap().unwrap();
    assert_eq!(done.item.state, ItemState::Done);
    assert!(!store.redrive(ItemId::Record(ids[0]), at(10)).await.unwrap());
}

pub async fn bells_ring_for_new_work(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    let signals = store.signals();
    accept(&*store, vec![record("a", "1", 0)]).await;
    signals.inbox.notified().await;

    let claimed = one_record(&*store, 0).await;
    let mut decision = decision(&claimed, 0);
    decision.effects = vec![super::support::effect("a", "hi", 0)];
    decision.timers = vec![super::support::timer("t", 1)];
    store.commit_decision(decision).await.unwrap();
    signals.outbox.notified().await;
    signals.timers.notified().await;
}
