//! Retention.

use std::time::Duration;

use super::Subject;
use super::support::{
    CORP, accept, at, customer, decision, effect, finish, one_effect, one_record, record, sent,
};
use crate::store::{
    Acceptance, DecisionCommit, HistoryEntry, ItemId, QuotaUse, Reservation, Retention, Store,
};

const RETENTION: Retention = Retention {
    dedupe: Duration::from_millis(100),
    history: Duration::from_millis(1000),
    traces: Duration::from_millis(1000),
};

/// A record with an answer, both ended at `now`.
async fn handled(store: &dyn Store, text: &str, now: i64) -> (ItemId, ItemId) {
    accept(store, vec![record("a", text, now)]).await;
    let claimed = one_record(store, now).await;
    let decision = DecisionCommit {
        effects: vec![effect("a", text, now)],
        trace: Some(serde_json::json!(text)),
        ..decision(&claimed, now)
    };
    store.commit_decision(decision).await.unwrap();
    let answer = one_effect(store, now).await;
    finish(store, &answer, sent(), now).await;
    (ItemId::Record(claimed.id), ItemId::Effect(answer.id))
}

async fn prune(store: &dyn Store, now: i64) -> usize {
    store.prune(RETENTION, at(now), 1000).await.unwrap()
}

async fn exists(store: &dyn Store, item: ItemId) -> bool {
    store.show(item).await.unwrap().is_some()
}

pub async fn removes_only_what_is_past(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    let old = handled(&*store, "old", 0).await;
    let new = handled(&*store, "new", 500).await;
    assert_eq!(
        prune(&*store, 100).await,
        0,
        "exactly at its retention it stays"
    );

    // Dedupe keys first: the same text is now taken again, the record is still there.
    assert_eq!(prune(&*store, 101).await, 1);
    assert!(exists(&*store, old.0).await);
    let again = store
        .accept(vec![record("b", "old", 510), record("b", "new", 510)])
        .await
        .unwrap();
    assert!(
        matches!(again[..], [Acceptance::New(_), Acceptance::Duplicate(_)]),
        "{again:?}"
    );

    prune(&*store, 1001).await;
    assert!(!exists(&*store, old.0).await && !exists(&*store, old.1).await);
    assert!(exists(&*store, new.0).await && exists(&*store, new.1).await);
    let shown = store.show(new.0).await.unwrap().unwrap();
    assert_eq!(shown.trace, Some(serde_json::json!("new")));
    let history = store.history("kf/a", 10).await.unwrap();
    assert_eq!(history.len(), 2);
    assert!(
        matches!(&history[1], HistoryEntry::Received { inbound, .. } if inbound.person == Some(customer("a")))
    );

    prune(&*store, 9999).await;
    assert_eq!(store.history("kf/a", 10).await.unwrap(), []);
    assert_eq!(prune(&*store, 9999).await, 0);
    assert_eq!(
        store.depths(at(9999)).await.unwrap().inbox,
        1,
        "the second \"old\" waits"
    );
}

pub async fn stops_at_its_limit(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    for place in 0..3 {
        handled(&*store, &place.to_string(), 0).await;
    }
    let mut removed = Vec::new();
    loop {
        let count = store.prune(RETENTION, at(5000), 2).await.unwrap();
        if count == 0 {
            break;
        }
        removed.push(count);
    }
    assert!(removed.iter().all(|count| *count <= 2), "{removed:?}");
    assert_eq!(
        removed.iter().sum::<usize>(),
        3 + 3 + 3,
        "keys, records and effects"
    );
}

pub async fn never_removes_what_waits(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    accept(&*store, vec![record("a", "1", 0), record("a", "2", 0)]).await;
    let claimed = one_record(&*store, 0).await;
    let decision = DecisionCommit {
        effects: vec![effect("a", "answer", 0)],
        ..decision(&claimed, 0)
    };
    let answer = store.commit_decision(decision).await.unwrap();
    let week = QuotaUse {
        key: "q".to_owned(),
        max: 1,
        window: Duration::from_millis(50_000),
        since: None,
    };
    let day = QuotaUse {
        window: Duration::from_millis(10),
        ..week.clone()
    };
    let both = [week.clone(), day];
    assert_eq!(
        store.reserve(&both, at(0)).await.unwrap(),
        Reservation::Granted
    );
    prune(&*store, 20_000).await;
    assert_eq!(
        one_record(&*store, 20_000).await.inbound.person,
        Some(customer("a"))
    );
    assert_eq!(one_effect(&*store, 20_000).await.id, answer[0]);
    let held = store.reserve(&[week], at(20_000)).await.unwrap();
    assert_eq!(held, Reservation::Until(at(50_000)));
}
