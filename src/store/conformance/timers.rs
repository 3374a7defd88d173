//! Timers and facts.

use serde_json::json;

use super::Subject;
use super::support::{CORP, at, decision, record, records, texts, timer};
use crate::store::{FactSwap, Store, StoreError};

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

/// The texts of the records that fired.
async fn fired(store: &dyn Store, now: i64) -> Vec<String> {
    let claimed = records(store, now).await;
    let texts: Vec<String> = texts(&claimed).into_iter().map(str::to_owned).collect();
    for record in claimed {
        store.commit_decision(decision(&record, now)).await.unwrap();
    }
    texts
}

pub async fn fire_once_and_earliest_first(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    let timers = vec![timer("c", 30), timer("b", 20), timer("a", 10)];
    store.set_timers(timers).await.unwrap();
    let nothing = store.fire_timers(at(9), 10).await.unwrap();
    assert_eq!((nothing.count, nothing.next), (0, Some(at(10))));
    let first = store.fire_timers(at(25), 1).await.unwrap();
    assert_eq!((first.count, first.next), (1, Some(at(20))));
    let second = store.fire_timers(at(25), 10).await.unwrap();
    assert_eq!((second.count, second.next), (1, Some(at(30))));
    // One conversation: in the order in which they were due.
    assert_eq!(fired(&*store, 25).await, ["a"]);
    assert_eq!(fired(&*store, 25).await, ["b"]);
    let third = store.fire_timers(at(99), 10).await.unwrap();
    assert_eq!((third.count, third.next), (1, None));
    assert_eq!(fired(&*store, 99).await, ["c"]);
    assert_eq!(fired(&*store, 99).await, [""; 0]);
    assert_eq!(store.depths(at(99)).await.unwrap().timers, 0);
}

pub async fn a_moved_timer_fires_when_it_was_moved_to(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    store.set_timers(vec![timer("a", 10)]).await.unwrap();
    store.set_timers(vec![timer("a", 50)]).await.unwrap();
    assert_eq!(store.fire_timers(at(49), 10).await.unwrap().count, 0);
    assert_eq!(store.fire_timers(at(50), 10).await.unwrap().count, 1);
    assert_eq!(fired(&*store, 50).await, ["a"]);
    // The same timer for a later time is a new wish.
    store.set_timers(vec![timer("a", 60)]).await.unwrap();
    assert_eq!(store.fire_timers(at(60), 10).await.unwrap().count, 1);
    assert_eq!(fired(&*store, 60).await, ["a"]);
    // For the very same time it is a repeat.
    store.set_timers(vec![timer("a", 60)]).await.unwrap();
    assert_eq!(store.fire_timers(at(60), 10).await.unwrap().count, 1);
    assert_eq!(fired(&*store, 60).await, [""; 0]);
}

pub async fn mautic_8802_two_schedulers_fire_each_once(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    let timers = (0..40).map(|n| timer(&format!("t{n:02}"), n));
    store.set_timers(timers.collect()).await.unwrap();
    let (one, other) = tokio::join!(
        store.fire_timers(at(100), 30),
        store.fire_timers(at(100), 30)
    );
    let (one, other) = (one.unwrap(), other.unwrap());
    assert_eq!(one.count + other.count, 40);
    let mut all = Vec::new();
    loop {
        let more = fired(&*store, 100).await;
        if more.is_empty() {
            break;
        }
        all.extend(more);
    }
    let wanted: Vec<String> = (0..40).map(|n| format!("t{n:02}")).collect();
    assert_eq!(all, wanted);
}

pub async fn fired_ones_stay_fired_after_a_restart(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    let timers = vec![timer("a", 10), timer("b", 20)];
    store.set_timers(timers).await.unwrap();
    store.fire_timers(at(15), 10).await.unwrap();
    drop(store);
    let store = subject.open(CORP).await;
    assert_eq!(store.fire_timers(at(15), 10).await.unwrap().count, 0);
    assert_eq!(fired(&*store, 15).await, ["a"]);
    assert_eq!(store.fire_timers(at(20), 10).await.unwrap().count, 1);
    assert_eq!(fired(&*store, 20).await, ["b"]);
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

pub async fn facts_are_found_by_the_beginning_of_their_name(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    let fact = |name: &str, value: i64| (name.to_owned(), json!(value));
    let facts = vec![
        fact("run/b", 2),
        fact("run/a", 1),
        fact("runs", 3),
        fact("ru", 4),
    ];
    store.put_facts(facts).await.unwrap();
    let found = store.facts_under("run/").await.unwrap();
    assert_eq!(found, [fact("run/a", 1), fact("run/b", 2)]);
    assert_eq!(store.facts_under("none/").await.unwrap(), []);
}

pub async fn a_swap_of_facts_needs_what_was_read(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    let fact = |value: serde_json::Value| vec![("cursor".to_owned(), value)];
    let swap = |expected, next, text: &str| FactSwap {
        expected: fact(expected),
        facts: fact(next),
        records: vec![record("a", text, 0)],
    };
    let first = store.swap_facts(swap(json!(null), json!(1), "one")).await;
    assert_eq!(first.unwrap().len(), 1);
    let (one, other) = tokio::join!(
        store.swap_facts(swap(json!(1), json!(2), "two")),
        store.swap_facts(swap(json!(1), json!(3), "three")),
    );
    let refused = [one, other]
        .into_iter()
        .filter(|swap| matches!(swap, Err(StoreError::FactMoved { name }) if name == "cursor"));
    assert_eq!(refused.count(), 1, "one of the two");
    assert_eq!(
        store.depths(at(0)).await.unwrap().inbox,
        2,
        "and its record"
    );
    drop(store);
    let store = subject.open(CORP).await;
    let stays = store.fact("cursor").await.unwrap();
    assert!(stays == Some(json!(2)) || stays == Some(json!(3)));
}
