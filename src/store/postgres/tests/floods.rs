//! A conversation in which somebody writes thousands of messages: the others do not wait.

use std::time::{Duration, Instant};

use super::InSchema;
use crate::store::conformance::support::{accept, decision, one_record, record, text_of, whatever};
use crate::store::postgres::PostgresStore;
use crate::store::postgres::cluster::Cluster;
use crate::store::{Claim, Store as _};

/// Messages that wait in one conversation.
const FLOOD: usize = 30_000;

/// A store with a flooded conversation, and the first message of many others behind it.
async fn flooded(others: usize) -> (InSchema, PostgresStore) {
    let subject = InSchema::new();
    let store = subject.store().await;
    let firsts = vec![record("flood", "first", 0), record("other", "hello", 1)];
    accept(&store, firsts).await;
    let copies = |text: &str, lane: &str, from: usize, many: usize| {
        format!(
            "INSERT INTO inbox (corp_id, id, seq, lane, state, dedupe, channel, app, kind, \
               received_at, due_at, urgent, body) \
             SELECT corp_id, {from} + n, {from} + n, {lane}, state, dedupe, channel, app, kind, \
               received_at, due_at, urgent, body \
             FROM inbox, generate_series(1, {many}) n WHERE body::text LIKE '%{text}%';"
        )
    };
    let sql = [
        copies("first", "lane", 10, FLOOD - 1),
        copies("hello", "md5(n::text)", 1_000_000, others - 1),
        // What the planner knows of it makes it choose another way.
        "ANALYZE inbox".to_owned(),
    ];
    Cluster::shared().sql(&subject.url, &sql.concat());
    (subject, store)
}

fn up_to(limit: usize) -> Claim {
    Claim {
        limit,
        ..whatever(10)
    }
}

#[tokio::test]
async fn each_lane_gives_its_head_however_much_waits_in_one() {
    let (_subject, store) = flooded(40).await;
    let first = store.claim_records(up_to(30)).await.unwrap();
    assert_eq!(text_of(&first[0].inbound), "first", "the longest due first");
    assert_eq!(first.len(), 30);
    assert_eq!(store.claim_records(up_to(60)).await.unwrap().len(), 11);
    assert!(store.claim_records(up_to(60)).await.unwrap().is_empty());
    // And the flood goes on.
    let decided = store.commit_decision(decision(&first[0], 10)).await;
    decided.unwrap();
    assert_eq!(text_of(&one_record(&store, 10).await.inbound), "first");
}

/// Looked at pair by pair, these are a billion comparisons, and a minute.
#[tokio::test]
async fn a_flood_and_thousands_of_conversations_are_claimed_in_good_time() {
    let (_subject, store) = flooded(5_000).await;
    let began = Instant::now();
    let mut claimed = 0;
    for _ in 0..20 {
        claimed += store.claim_records(up_to(32)).await.unwrap().len();
    }
    assert_eq!(claimed, 20 * 32);
    let taken = began.elapsed();
    assert!(taken < Duration::from_secs(10), "{taken:?}");
}
