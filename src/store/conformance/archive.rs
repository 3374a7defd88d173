//! The data as a whole: rows of an archive from one store into another.

use clap::ValueEnum as _;

use super::Subject;
use super::furnish::{
    DAY, all_rows, deed, furnish, furnish_the_rest, gather, quota, tally, unreadable,
};
use super::support::{
    CORP, accept, at, decision, effects, finish, record, records, sent, text_of, words,
};
use crate::domain::ids::{BroadcastId, OpenKfId, RecordId};
use crate::store::{
    Acceptance, AuditQuery, BroadcastQuery, Filling, ItemState, QueueFilter, RecordQuery,
    SopRowQuery, Store, StoreError,
};

const OTHER: &str = "ww0000000000000002";

fn filling(place: &str) -> Filling {
    Filling {
        source: "archive".to_owned(),
        place: place.to_owned(),
    }
}

/// What a store answers to every question that changes nothing.
async fn answers(store: &dyn Store) -> Vec<String> {
    let mut told = Vec::new();
    told.push(format!("{:?}", store.depths(at(10)).await.unwrap()));
    let filter = QueueFilter {
        states: ItemState::value_variants().to_vec(),
        limit: 1000,
    };
    for item in store.list(filter).await.unwrap() {
        told.push(format!("{:?}", store.show(item.id).await.unwrap()));
    }
    let everything = RecordQuery {
        since: at(i64::MIN),
        after: RecordId(0),
        limit: 1000,
    };
    told.push(format!("{:?}", store.records(everything).await.unwrap()));
    for conversation in ["kf/a", "kf/b", "kf/page"] {
        told.push(format!(
            "{:?}",
            store.history(conversation, 100).await.unwrap()
        ));
    }
    told.push(format!(
        "{:?}",
        store.contacts_after(None, 100).await.unwrap()
    ));
    told.push(format!(
        "{:?}",
        store.due_timers(at(9_999_999), 100).await.unwrap()
    ));
    for account in ["wk1", "wk2"] {
        let account = OpenKfId::from(account);
        told.push(format!("{:?}", store.kf_cursor(&account).await.unwrap()));
    }
    told.push(format!("{:?}", store.pending_kf_pushes().await.unwrap()));
    told.push(format!("{:?}", store.facts_under("").await.unwrap()));
    told.push(format!("{:?}", store.rule_uses(DAY).await.unwrap()));
    let rows = SopRowQuery {
        sop: "新客".into(),
        since: at(0),
        after: None,
        limit: 100,
    };
    told.push(format!("{:?}", store.sop_rows(rows).await.unwrap()));
    let query = BroadcastQuery {
        limit: 100,
        ..BroadcastQuery::default()
    };
    told.push(format!("{:?}", store.broadcasts(query).await.unwrap()));
    told.push(format!(
        "{:?}",
        store.broadcasts_due(at(9_999_999), 9).await.unwrap()
    ));
    let targets = store.broadcast_targets(BroadcastId(1), None, 100);
    told.push(format!("{:?}", targets.await.unwrap()));
    told.push(format!("{:?}", store.deeds(every_deed()).await.unwrap()));
    told
}

fn every_deed() -> AuditQuery {
    AuditQuery {
        since: at(0),
        after: 0,
        limit: 100,
    }
}

/// What a store answers to those who work with it.
async fn workings(store: &dyn Store) -> Vec<String> {
    let mut told = Vec::new();
    for now in [10, 1000] {
        for claimed in effects(store, now).await {
            told.push(format!("{:?}", words(std::slice::from_ref(&claimed))));
            told.push(format!(
                "{} {} {} {} {:?} {:?}",
                claimed.id,
                claimed.attempt,
                claimed.interrupted,
                claimed.unclear,
                claimed.first_attempt_at,
                claimed.decided_at
            ));
        }
        for claimed in records(store, now).await {
            told.push(format!("{} {}", claimed.id, text_of(&claimed.inbound)));
            store
                .commit_decision(decision(&claimed, now))
                .await
                .unwrap();
        }
    }
    let offered = vec![record("a", "a-1", 11), record("a", "new", 11), unreadable()];
    told.push(format!("{:?}", store.accept(offered).await.unwrap()));
    told.push(format!(
        "{:?}",
        store.reserve(&[quota("q")], at(11)).await.unwrap()
    ));
    told.push(format!(
        "{:?}",
        store.reserve(&[quota("q")], at(12)).await.unwrap()
    ));
    accept(store, vec![record("c", "c", 2000)]).await;
    for claimed in records(store, 2000).await {
        let mut commit = decision(&claimed, 2000);
        if text_of(&claimed.inbound) == "c" {
            commit.broadcasts = vec![gather("c")];
        }
        store.commit_decision(commit).await.unwrap();
    }
    let broadcast = store.broadcast(BroadcastId(1)).await.unwrap();
    told.push(format!("{:?}", broadcast.map(|it| it.size())));
    told
}

pub async fn another_store_filled_from_it_gives_the_same_answers(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    furnish(&*store, "a").await;
    furnish(&*store, "b").await;
    furnish_the_rest(&*store).await;
    let rows = all_rows(&*store.snapshot().await.unwrap()).await;
    drop(store);
    // What is being worked on is told as a rescue leaves it.
    let store = subject.open(CORP).await;
    store.rescue(at(i64::MAX)).await.unwrap();
    assert_eq!(all_rows(&*store.snapshot().await.unwrap()).await, rows);
    let expected = answers(&*store).await;
    let worked = workings(&*store).await;
    drop(store);

    let other = subject.open(OTHER).await;
    for (number, page) in rows.chunks(3).enumerate() {
        let place = filling(&number.to_string());
        other.fill(page.to_vec(), place).await.unwrap();
    }
    other.finish_filling().await.unwrap();
    assert_eq!(other.filling().await.unwrap(), None);
    assert_eq!(answers(&*other).await, expected);
    let again = all_rows(&*other.snapshot().await.unwrap()).await;
    assert_eq!(tally(&again), tally(&rows));
    assert_eq!(workings(&*other).await, worked);
    drop(other);

    let other = subject.open(OTHER).await;
    let known = other.accept(vec![record("a", "a-1", 20)]).await.unwrap();
    assert!(matches!(known[0], Acceptance::Duplicate(_)));
}

pub async fn a_snapshot_stays_as_it_was(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    furnish(&*store, "a").await;
    let snapshot = store.snapshot().await.unwrap();
    let before = all_rows(&*snapshot).await;

    furnish(&*store, "b").await;
    furnish_the_rest(&*store).await;
    let ready = effects(&*store, 5000).await;
    for claimed in &ready {
        finish(&*store, claimed, sent(), 5000).await;
    }
    store.remove_timers(&["sop/a".to_owned()]).await.unwrap();
    assert!(all_rows(&*snapshot).await == before, "as of its beginning");
    let now = all_rows(&*store.snapshot().await.unwrap()).await;
    assert!(now.len() > before.len() && tally(&now) != tally(&before));
}

pub async fn a_filling_goes_on_where_it_stopped(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    furnish(&*store, "a").await;
    let rows = all_rows(&*store.snapshot().await.unwrap()).await;
    let foreign = store.fill(rows.clone(), filling("x")).await;
    assert!(matches!(foreign, Err(StoreError::NotEmpty)), "{foreign:?}");
    drop(store);

    for (number, page) in rows.chunks(4).enumerate() {
        // Killed after every page.
        let other = subject.open(OTHER).await;
        let stands = other.filling().await.unwrap();
        let expected = number.checked_sub(1).map(|last| filling(&last.to_string()));
        assert_eq!(stands, expected);
        let place = filling(&number.to_string());
        let elsewhere = Filling {
            source: "another".to_owned(),
            ..place.clone()
        };
        if number > 0 {
            let refused = other.fill(page.to_vec(), elsewhere).await;
            assert!(matches!(refused, Err(StoreError::NotEmpty)));
        }
        other.fill(page.to_vec(), place).await.unwrap();
    }
    let other = subject.open(OTHER).await;
    other.finish_filling().await.unwrap();
    let again = all_rows(&*other.snapshot().await.unwrap()).await;
    assert_eq!(tally(&again), tally(&rows));
    let refused = other.fill(rows, filling("x")).await;
    assert!(matches!(refused, Err(StoreError::NotEmpty)), "it is whole");
}

pub async fn deeds_are_kept_in_order(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    for (what, when) in [("undo", 1), ("erase", 5), ("restore", 9)] {
        store.note_deed(deed(what), at(when)).await.unwrap();
    }
    drop(store);
    let store = subject.open(CORP).await;
    let told = async |since, after, limit| {
        let query = AuditQuery {
            since: at(since),
            after,
            limit,
        };
        let found = store.deeds(query).await.unwrap();
        found
            .into_iter()
            .map(|entry| entry.deed.what)
            .collect::<Vec<_>>()
    };
    assert_eq!(told(0, 0, 9).await, ["undo", "erase", "restore"]);
    assert_eq!(told(5, 0, 9).await, ["erase", "restore"]);
    assert_eq!(told(0, 1, 1).await, ["erase"]);
}
