//! Timers and facts.

use serde_json::json;

use super::Subject;
use super::support::{CORP, at, timer};
use crate::store::Store;

async fn due(store: &dyn Store, now: i64, limit: usize) -> Vec<String> {
    let timers = store.due_timers(at(now), limit).await.unwrap();
    timers.into_iter().map(|timer| timer.key).collect()
}

pub async fn come_in_order_of_their_due_time(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    let timers = vec![
        timer("c", 30),
        timer("a", 10),
        timer("b", 20),
        timer("before 1970", -5),
    ];
    store.set_timers(timers).await.unwrap();
    assert_eq!(due(&*store, 20, 10).await, ["before 1970", "a", "b"]);
    assert_eq!(due(&*store, 30, 2).await, ["before 1970", "a"]);
    assert_eq!(
        store.due_timers(at(-5), 10).await.unwrap(),
        [timer("before 1970", -5)]
    );
    assert_eq!(
        due(&*store, 30, 10).await.len(),
        4,
        "reading does not remove them"
    );
}

pub async fn a_known_key_moves(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    store.set_timers(vec![timer("a", 10)]).await.unwrap();
    store
        .set_timers(vec![timer("a", 50), timer("b", 5), timer("b", 6)])
        .await
        .unwrap();
    assert_eq!(due(&*store, 49, 10).await, ["b"]);
    assert_eq!(due(&*store, 50, 10).await, ["b", "a"]);
    assert_eq!(store.depths(at(0)).await.unwrap().timers, 2);
}

pub async fn can_be_removed(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    store
        .set_timers(vec![timer("a", 10), timer("ab", 10)])
        .await
        .unwrap();
    let keys = ["a".to_owned(), "unknown".to_owned()];
    store.remove_timers(&keys).await.unwrap();
    assert_eq!(due(&*store, 10, 10).await, ["ab"]);
    assert_eq!(store.depths(at(0)).await.unwrap().timers, 1);
}

pub async fn facts_are_replaced_by_name(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    assert_eq!(store.fact("tags").await.unwrap(), None);
    let facts = vec![
        ("tags".to_owned(), json!({ "组": ["高"] })),
        ("big".to_owned(), json!("字".repeat(100_000))),
    ];
    store.put_facts(facts).await.unwrap();
    assert_eq!(
        store.fact("tags").await.unwrap(),
        Some(json!({ "组": ["高"] }))
    );
    assert_eq!(
        store.fact("big").await.unwrap(),
        Some(json!("字".repeat(100_000)))
    );
    store
        .put_facts(vec![("big".to_owned(), json!("字".repeat(50_000)))])
        .await
        .unwrap();
    store
        .put_facts(vec![("tags".to_owned(), json!(null))])
        .await
        .unwrap();
    assert_eq!(store.fact("tags").await.unwrap(), None, "null removes");
    assert_eq!(
        store.fact("big").await.unwrap(),
        Some(json!("字".repeat(50_000)))
    );
}
