//! Several replicas on the same tables, as far as the store itself goes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::InSchema;
use crate::domain::ids::{AppName, CorpId, UserId};
use crate::domain::inbound::{AibotPassive, Channel, ReplyPath};
use crate::store::conformance::furnish::{all_rows, furnish, furnish_the_rest, tally};
use crate::store::conformance::support::{
    accept, at, customer, decision, effect, is_fenced, one_effect, one_record, record, records,
    sent, text_of, texts, timer, whatever,
};
use crate::store::embedded::EmbeddedStore;
use crate::store::postgres::PostgresStore;
use crate::store::postgres::alone;
use crate::store::postgres::cluster::Cluster;
use crate::store::postgres::session::Session;
use crate::store::{
    Acceptance, ArchiveRow, BroadcastHead, Claim, Filling, Gather, GatherTo, NewRecord, NewTarget,
    QuotaUse, RecordBody, Reservation, Store,
};

#[tokio::test]
async fn what_came_from_the_future_is_due_when_the_clock_is_set_back() {
    let subject = InSchema::new();
    let store = subject.store().await;
    let ahead = 3_600_000;
    store.rescue(at(ahead)).await.unwrap();
    accept(
        &store,
        vec![record("a", "1", ahead), record("a", "2", ahead)],
    )
    .await;
    assert!(records(&store, 0).await.is_empty());
    store.rescue(at(0)).await.unwrap();
    for text in ["1", "2"] {
        let claimed = one_record(&store, 0).await;
        assert_eq!(text_of(&claimed.inbound), text);
        store.commit_decision(decision(&claimed, 0)).await.unwrap();
    }
}

#[tokio::test]
async fn data_of_an_embedded_store_are_the_same_here_and_back_there() {
    let folder = tempfile::tempdir().unwrap();
    let corp = CorpId::from("ww1");
    let embedded = |name: &str| EmbeddedStore::open_redb(&folder.path().join(name), &corp).unwrap();
    let old = embedded("old");
    furnish(&old, "wm-a").await;
    furnish(&old, "甲").await;
    furnish_the_rest(&old).await;
    let rows = all_rows(&*old.snapshot().await.unwrap()).await;

    let subject = InSchema::new();
    let new = subject.store().await;
    moved(&rows, &new).await;
    let here = all_rows(&*new.snapshot().await.unwrap()).await;
    assert_eq!(tally(&here), tally(&rows));
    let back = embedded("back");
    moved(&here, &back).await;
    let there = all_rows(&*back.snapshot().await.unwrap()).await;
    assert_eq!(tally(&there), tally(&rows));
}

/// Puts rows into an empty store.
async fn moved(rows: &[ArchiveRow], to: &dyn Store) {
    for (number, page) in rows.chunks(7).enumerate() {
        let filling = Filling {
            source: "another store".to_owned(),
            place: number.to_string(),
        };
        to.fill(page.to_vec(), filling).await.unwrap();
    }
    to.finish_filling().await.unwrap();
}

async fn two() -> (InSchema, PostgresStore, PostgresStore) {
    let subject = InSchema::new();
    let (one, other) = (subject.store().await, subject.store().await);
    (subject, one, other)
}

/// Waits for a bell; a lost ring is a failure, not an endless wait.
async fn rings(store: &PostgresStore) {
    let signals = store.signals();
    let rung = tokio::time::timeout(Duration::from_secs(10), signals.inbox.notified());
    rung.await.expect("a ring");
}

#[tokio::test]
async fn all_may_make_the_tables_at_the_same_time() {
    let subject = InSchema::new();
    let opened = (0..5).map(|_| subject.store());
    let stores = futures_util::future::join_all(opened).await;
    accept(&stores[0], vec![record("a", "1", 0)]).await;
    assert_eq!(stores[4].depths(at(0)).await.unwrap().inbox, 1);
}

#[tokio::test]
async fn word_of_new_work_reaches_other_replicas() {
    let (_, one, other) = two().await;
    // Whoever begins to listen looks once.
    rings(&other).await;
    accept(&one, vec![record("a", "1", 0)]).await;
    rings(&other).await;
}

#[tokio::test]
async fn a_replica_that_was_cut_off_listens_again() {
    let subject = InSchema {
        url: Cluster::shared().database(),
    };
    let (one, other) = (subject.store().await, subject.store().await);
    rings(&other).await;
    let cut = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
         WHERE datname = current_database() AND pid <> pg_backend_pid()";
    Cluster::shared().sql(&subject.url, cut);
    // What was rung meanwhile may be lost, so it looks as soon as it listens again.
    rings(&other).await;
    // A connection of the pool may have been cut, too: who is told so asks again.
    while one.accept(vec![record("a", "1", 0)]).await.is_err() {}
    rings(&other).await;
}

#[tokio::test]
async fn a_weak_setting_of_the_server_is_overruled() {
    let subject = InSchema {
        url: Cluster::shared().database(),
    };
    let name = subject.url.rsplit('/').next().unwrap();
    let weaken = format!("ALTER DATABASE {name} SET synchronous_commit = off");
    Cluster::shared().sql(&subject.url, &weaken);
    assert_eq!(
        Cluster::shared().sql(&subject.url, "SHOW synchronous_commit"),
        "off"
    );
    let store = subject.store().await;
    let session = Session::plain(&store.shared).await.unwrap();
    let row = session.row("SHOW synchronous_commit", &[]).await.unwrap();
    assert_eq!(row.unwrap().get::<_, String>(0), "on");
    // And beside the pool.
    let client = alone::connect(&store.shared).await.unwrap();
    let row = client.query_one("SHOW synchronous_commit", &[]).await;
    assert_eq!(row.unwrap().get::<_, String>(0), "on");
}

#[tokio::test]
async fn a_push_that_reaches_both_is_taken_once() {
    let (_, one, other) = two().await;
    let pushes = (0..20).map(|n| {
        let store = if n % 2 == 0 { &one } else { &other };
        let both = ["x", "y"].map(|text| record("a", text, n));
        // In either order: neither waits for the other for ever.
        let both = if n % 4 < 2 {
            both
        } else {
            both.into_iter()
                .rev()
                .collect::<Vec<_>>()
                .try_into()
                .unwrap()
        };
        store.accept(both.into())
    });
    let taken = futures_util::future::join_all(pushes).await;
    let taken = taken.into_iter().flat_map(Result::unwrap);
    let new = taken.filter(|one| matches!(one, Acceptance::New(_)));
    assert_eq!(new.count(), 2);
}

/// Four workers in two replicas, 12 conversations of 8 records: nobody works on a
/// conversation that another works on, and its records come in their order.
#[tokio::test]
async fn a_conversation_is_worked_on_by_one_at_a_time_in_order() {
    let (_, one, other) = two().await;
    let stores = [Arc::new(one), Arc::new(other)];
    for n in 0..8 {
        let all = (0..12).map(|who| record(&format!("c{who}"), &format!("{who}/{n}"), n));
        accept(&*stores[usize::try_from(n).unwrap() % 2], all.collect()).await;
    }
    let under_way: Arc<Mutex<BTreeSet<String>>> = Arc::default();
    let done: Arc<Mutex<BTreeMap<String, Vec<String>>>> = Arc::default();
    let workers = (0..4).map(|worker| {
        let store = Arc::clone(&stores[worker % 2]);
        let (under_way, done) = (Arc::clone(&under_way), Arc::clone(&done));
        tokio::spawn(async move {
            loop {
                let claim = Claim {
                    limit: 3,
                    ..whatever(100)
                };
                let claimed = store.claim_records(claim).await.unwrap();
                for record in &claimed {
                    let who = record.inbound.conversation.to_string();
                    assert!(under_way.lock().unwrap().insert(who), "two at once");
                }
                for record in &claimed {
                    let who = record.inbound.conversation.to_string();
                    let text = text_of(&record.inbound).to_owned();
                    done.lock()
                        .unwrap()
                        .entry(who.clone())
                        .or_default()
                        .push(text);
                    assert!(under_way.lock().unwrap().remove(&who));
                    store.commit_decision(decision(record, 100)).await.unwrap();
                }
                let left = store.depths(at(100)).await.unwrap().inbox;
                if left == 0 {
                    return;
                }
            }
        })
    });
    for worker in futures_util::future::join_all(workers).await {
        worker.unwrap();
    }
    for (who, texts) in &*done.lock().unwrap() {
        let who = who.trim_start_matches("kf/c");
        let wanted: Vec<String> = (0..8).map(|n| format!("{who}/{n}")).collect();
        assert_eq!(*texts, wanted);
    }
    assert_eq!(done.lock().unwrap().len(), 12);
}

#[tokio::test]
async fn who_lost_the_claim_to_another_replica_is_refused() {
    let (_, one, other) = two().await;
    accept(&one, vec![record("a", "1", 0)]).await;
    let slow = one_record(&one, 0).await;
    assert!(records(&other, 999).await.is_empty());
    other.rescue(at(1000)).await.unwrap();
    let fresh = one_record(&other, 1000).await;
    let stale = one.commit_decision(decision(&slow, 1001)).await;
    assert!(is_fenced(&stale), "{stale:?}");
    other.commit_decision(decision(&fresh, 1001)).await.unwrap();
}

#[tokio::test]
async fn what_a_replica_held_that_has_left_is_free_at_once() {
    let (_, one, other) = two().await;
    accept(&one, vec![record("a", "1", 0)]).await;
    one_record(&one, 0).await;
    other.rescue(at(1)).await.unwrap();
    assert!(records(&other, 1).await.is_empty(), "it is there");
    one.close().await;
    assert_eq!(other.rescue(at(2)).await.unwrap().records, 1);
    assert_eq!(one_record(&other, 2).await.attempt, 2);
    assert!(one.accept(vec![record("a", "2", 0)]).await.is_err());
}

#[tokio::test]
async fn a_claim_of_which_its_replica_never_heard_ends() {
    let subject = InSchema::new();
    let store = subject.store().await;
    accept(&store, vec![record("a", "1", 0), record("b", "2", 0)]).await;
    let one = Claim {
        limit: 1,
        ..whatever(0)
    };
    let heard_of = store.claim_records(one).await.unwrap().remove(0);
    // As if the connection had been lost before the answer came.
    let lost = "UPDATE inbox SET state = 'working', holder = (SELECT id FROM replicas), \
         fence = nextval('claim_fence'), claimed_at = now(), lease_until = 'infinity' \
         WHERE state = 'ready'";
    Cluster::shared().sql(&subject.url, lost);
    assert_eq!(store.rescue(at(1)).await.unwrap().records, 1);
    assert_eq!(texts(&records(&store, 1).await), ["2"]);
    store.commit_decision(decision(&heard_of, 1)).await.unwrap();
}

#[tokio::test]
async fn what_a_callback_waits_for_is_for_its_own_replica_at_first() {
    let (_, one, other) = two().await;
    let mut asked = record("a", "1", 0);
    let NewRecord {
        body: RecordBody::Inbound { inbound, .. },
        ..
    } = &mut asked
    else {
        unreachable!("a message");
    };
    inbound.channel = Channel::Aibot;
    inbound.reply_path = ReplyPath::Aibot {
        response_url: None,
        passive: AibotPassive::Message,
    };
    accept(&one, vec![asked.clone()]).await;
    assert!(records(&other, 3_999).await.is_empty());
    assert_eq!(records(&one, 3_999).await.len(), 1);
    asked.dedupe = "again".into();
    if let RecordBody::Inbound { inbound, .. } = &mut asked.body {
        inbound.conversation = "elsewhere".into();
    }
    accept(&one, vec![asked]).await;
    assert_eq!(
        records(&other, 4_000).await.len(),
        1,
        "its replica is gone or busy"
    );
}

#[tokio::test]
async fn limits_hold_for_all_together() {
    let (_, one, other) = two().await;
    let quota = [QuotaUse {
        key: "robot/x".to_owned(),
        max: 5,
        window: Duration::from_secs(60),
        since: None,
        holder: None,
    }];
    let tries = (0..16).map(|n| {
        let store = if n % 2 == 0 { &one } else { &other };
        store.reserve(&quota, at(n))
    });
    let tries = futures_util::future::join_all(tries).await;
    let granted = tries.into_iter().map(Result::unwrap);
    assert_eq!(
        granted.filter(|one| *one == Reservation::Granted).count(),
        5
    );
}

#[tokio::test]
async fn timers_fire_once_and_in_order_whoever_fires_them() {
    let (_, one, other) = two().await;
    let timers = (0..40).map(|n| timer(&format!("t{n:02}"), n));
    one.set_timers(timers.collect()).await.unwrap();
    let (first, second) =
        tokio::join!(one.fire_timers(at(100), 25), other.fire_timers(at(100), 25));
    assert_eq!(first.unwrap().count + second.unwrap().count, 40);
    let mut fired: Vec<String> = Vec::new();
    while fired.len() < 40 {
        let claimed = records(&one, 100).await;
        fired.extend(texts(&claimed).into_iter().map(str::to_owned));
        for record in &claimed {
            one.commit_decision(decision(record, 100)).await.unwrap();
        }
    }
    let wanted: Vec<String> = (0..40).map(|n| format!("t{n:02}")).collect();
    assert_eq!(fired, wanted);
}

#[tokio::test]
async fn those_who_are_to_hear_the_same_meet_in_one_broadcast() {
    let (_, one, other) = two().await;
    let stores = [Arc::new(one), Arc::new(other)];
    let crowd: Vec<String> = (0..24).map(|n| format!("c{n:02}")).collect();
    accept(
        &*stores[0],
        crowd.iter().map(|who| record(who, who, 0)).collect(),
    )
    .await;
    let works = (0..6).map(|n| {
        let store = Arc::clone(&stores[n % 2]);
        tokio::spawn(async move {
            let claim = Claim {
                limit: 4,
                ..whatever(1)
            };
            let claimed = store.claim_records(claim).await.unwrap();
            let decisions = claimed.iter().map(|record| {
                let mut commit = decision(record, 1);
                commit.broadcasts = vec![to(text_of(&record.inbound))];
                commit
            });
            for outcome in store.commit_decisions(decisions.collect()).await.unwrap() {
                outcome.unwrap();
            }
        })
    });
    for work in futures_util::future::join_all(works).await {
        work.unwrap();
    }
    let first = stores[0]
        .broadcast(crate::domain::ids::BroadcastId(1))
        .await;
    let targets = stores[1]
        .broadcast_targets(crate::domain::ids::BroadcastId(1), None, 100)
        .await
        .unwrap();
    assert_eq!((first.unwrap().unwrap().size(), targets.len()), (24, 24));
}

fn to(who: &str) -> Gather {
    Gather {
        key: "v1".to_owned(),
        head: BroadcastHead {
            app: AppName::from("contact"),
            reach: crate::domain::broadcast::Reach::Customers,
            sender: Some(UserId::from("lin")),
            rule: "sop/新客".into(),
            action: 0,
            record: crate::domain::ids::RecordId(1),
            step: Some(0),
            tags: Vec::new(),
            messages: Vec::new(),
        },
        to: GatherTo::One(NewTarget {
            person: customer(who),
            row: None,
            caps: None,
        }),
        budget: None,
    }
}

#[tokio::test]
async fn a_turn_is_one_replicas_until_it_leaves() {
    let (_, one, other) = two().await;
    let minute = Duration::from_secs(60);
    assert!(one.take_turn("lists", minute).await.unwrap());
    assert!(one.take_turn("lists", minute).await.unwrap(), "it goes on");
    assert!(!other.take_turn("lists", minute).await.unwrap());
    assert!(other.take_turn("another", minute).await.unwrap());
    one.leave_turn("lists").await.unwrap();
    assert!(other.take_turn("lists", minute).await.unwrap());
    other.close().await;
    assert!(one.take_turn("lists", minute).await.unwrap(), "it has left");
    assert!(one.take_turn("short", Duration::ZERO).await.unwrap());
    let third = one.take_turn("short", minute).await.unwrap();
    assert!(third, "it is over");
}

#[tokio::test]
async fn customers_may_write_whatever_they_like() {
    let subject = InSchema::new();
    let store = subject.store().await;
    let text = "零\0 \\u0000 \u{10FFFF}0 'quoted' \u{1F375}";
    let offered = record(text, text, 0);
    accept(&store, vec![offered.clone()]).await;
    let claimed = one_record(&store, 0).await;
    assert_eq!(text_of(&claimed.inbound), text);
    let mut commit = decision(&claimed, 1);
    commit.effects = vec![effect(text, text, 1)];
    commit.trace = Some(serde_json::json!({ "text": text }));
    store.commit_decision(commit).await.unwrap();
    let sending = one_effect(&store, 1).await;
    assert_eq!(sending.effect, effect(text, text, 1).effect);
    store
        .finish_effect(sending.id, sending.fence, sent(), at(2))
        .await
        .unwrap();
    let history = store.history(&format!("kf/{text}"), 9).await.unwrap();
    assert_eq!(history.len(), 2);
    let taken = store.accept(vec![offered]).await.unwrap();
    assert_eq!(taken, [Acceptance::Duplicate(claimed.id)]);
}
