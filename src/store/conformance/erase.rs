//! Somebody is forgotten.

use super::Subject;
use super::furnish::{all_rows, deed, furnish, furnish_the_rest, quota};
use super::support::{
    CORP, accept, at, customer, decision, is_fenced, one_record, record, records, text_of,
};
use crate::domain::ids::BroadcastId;
use crate::store::erase::mentions;
use crate::store::{Acceptance, ArchiveRow, ItemState, QueueFilter, Store};

pub async fn a_person_is_forgotten_and_the_numbers_stay(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    furnish(&*store, "wm-a").await;
    furnish(&*store, "wm-a-2").await;
    furnish_the_rest(&*store).await;
    let deed = deed("sop pause 新客 --for wm-a");
    store.note_deed(deed, at(5)).await.unwrap();
    store
        .reserve(&[quota("kf/wk1/wm-a/in-1")], at(4))
        .await
        .unwrap();
    let before = all_rows(&*store.snapshot().await.unwrap()).await;
    let others: Vec<ArchiveRow> = without(&before, "wm-a");
    let known = store.erasure(&customer("wm-a")).await.unwrap();
    assert!(
        all_rows(&*store.snapshot().await.unwrap()).await == before,
        "a look changes nothing"
    );

    let gone = store.erase(&customer("wm-a"), "erased-1").await.unwrap();
    assert_eq!(gone, known);
    assert_eq!(
        [
            gone.contacts,
            gone.records,
            gone.effects,
            gone.timers,
            gone.sop_rows,
            gone.targets
        ],
        [1, 5, 7, 1, 1, 1]
    );
    let after = all_rows(&*store.snapshot().await.unwrap()).await;
    let text = serde_json::to_string(&after).unwrap();
    let mentioned = mentions(text.as_bytes(), "wm-a");
    assert!(!mentioned, "{text}");
    for words in [
        "wm-a-1\\\"",
        "wm-a-urgent",
        "小明\"}},\"body\":{\"body\":\"erased",
    ] {
        assert!(!text.contains(words), "{words}: {text}");
    }
    // Nobody else has lost anything.
    let missing = |row: &&ArchiveRow| !after.contains(row);
    let lost: Vec<&ArchiveRow> = others.iter().filter(missing).collect();
    assert!(lost.is_empty(), "{lost:?}");
    // A second push is still known, and is nobody's.
    let again = store
        .accept(vec![record("wm-a", "wm-a-1", 9)])
        .await
        .unwrap();
    assert!(matches!(again[0], Acceptance::Duplicate(_)));
    let broadcast = store.broadcast(BroadcastId(1)).await.unwrap().unwrap();
    assert_eq!(broadcast.size(), 2);
    let targets = store
        .broadcast_targets(BroadcastId(1), None, 9)
        .await
        .unwrap();
    let names: Vec<&str> = targets.iter().map(|it| it.person.id()).collect();
    assert_eq!(names, ["erased-1", "wm-a-2"]);
    assert_eq!(store.history("kf/wm-a", 9).await.unwrap(), []);
    assert!(!store.history("kf/wm-a-2", 9).await.unwrap().is_empty());
    assert!(store.erasure(&customer("wm-a")).await.unwrap().is_empty());
    recounted(&*store).await;
    drop(store);
    recounted(&*subject.open(CORP).await).await;
}

/// The rows that are neither about somebody nor about the effects of the first record.
fn without(rows: &[ArchiveRow], who: &str) -> Vec<ArchiveRow> {
    let theirs = |row: &&ArchiveRow| match row {
        ArchiveRow::Effect(effect) => effect.id.0 <= 7,
        row => {
            let text = serde_json::to_string(row).unwrap();
            mentions(text.as_bytes(), who)
        }
    };
    rows.iter().filter(|row| !theirs(row)).cloned().collect()
}

/// The depths are what a count of the list gives, and whoever is left can be worked on.
async fn recounted(store: &dyn Store) {
    let depths = store.depths(at(9)).await.unwrap();
    let count = async |states: Vec<ItemState>| {
        let filter = QueueFilter {
            states,
            limit: 1000,
        };
        store.list(filter).await.unwrap().len() as u64
    };
    let waiting = count(vec![ItemState::Ready, ItemState::Working]).await;
    assert_eq!(waiting, depths.inbox + depths.outbox);
    assert_eq!(count(vec![ItemState::Failed]).await, depths.failed);
    assert_eq!(count(vec![ItemState::Unknown]).await, depths.unknown);
    assert_eq!(count(vec![ItemState::Dead]).await, depths.dead);
}

pub async fn who_works_on_somebody_forgotten_loses_the_claim(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    accept(
        &*store,
        vec![record("wm-a", "1", 1), record("wm-a", "2", 1)],
    )
    .await;
    let claimed = one_record(&*store, 1).await;
    store.erase(&customer("wm-a"), "erased-1").await.unwrap();
    let late = store.commit_decision(decision(&claimed, 2)).await;
    assert!(is_fenced(&late), "{late:?}");
    assert!(records(&*store, 3).await.is_empty());
    // They may write again: that is a new story.
    accept(&*store, vec![record("wm-a", "3", 4)]).await;
    assert_eq!(text_of(&one_record(&*store, 4).await.inbound), "3");
}
