//! What a restart keeps and what it takes back.

use std::time::Duration;

use super::Subject;
use super::support::{
    CORP, accept, at, customer, decide, decision, effect, effects, finish, is_fenced, one_effect,
    one_record, record, records, retry, texts, timer,
};
use crate::domain::ids::OpenKfId;
use crate::store::{
    Acceptance, ContactFacts, Depths, ItemId, KfPage, QuotaUse, Rescued, Reservation,
};

pub async fn records_and_dedupe_keys_stay(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    let ids = accept(
        &*store,
        vec![
            record("a", "1", 0),
            record("a", "2", 0),
            record("b", "3", 0),
        ],
    )
    .await;
    let first = records(&*store, 0).await.remove(0);
    store.commit_decision(decision(&first, 0)).await.unwrap();
    drop(store);

    let store = subject.open(CORP).await;
    let offered = store
        .accept(vec![record("a", "1", 9), record("c", "4", 9)])
        .await
        .unwrap();
    assert_eq!(offered[0], Acceptance::Duplicate(ids[0]));
    assert!(
        matches!(offered[1], Acceptance::New(id) if id > ids[2]),
        "{offered:?}"
    );
    // Where others may have it open, a claim does not end by opening it again.
    store.rescue(at(9)).await.unwrap();
    assert_eq!(texts(&records(&*store, 9).await), ["2", "3", "4"]);
}

pub async fn the_history_of_what_waits_stays(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    accept(&*store, vec![record("a", "1", 0), record("a", "2", 1)]).await;
    let first = one_record(&*store, 1).await;
    store
        .bury_record(first.id, first.fence, "poison", at(1))
        .await
        .unwrap();
    store
        .redrive(ItemId::Record(first.id), at(2))
        .await
        .unwrap();
    let before = store.history("kf/a", 10).await.unwrap();
    assert_eq!(before.len(), 2, "a redriven record stands there once");
    drop(store);

    let store = subject.open(CORP).await;
    assert_eq!(store.history("kf/a", 10).await.unwrap(), before);
    assert_eq!(store.history("kf/a", 1).await.unwrap(), before[..1]);
}

pub async fn claims_of_records_end(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    accept(&*store, vec![record("a", "1", 0), record("a", "2", 0)]).await;
    let before = one_record(&*store, 0).await;
    drop(store);

    let store = subject.open(CORP).await;
    store.rescue(at(1)).await.unwrap();
    let stale = store.commit_decision(decision(&before, 1)).await;
    assert!(is_fenced(&stale), "{stale:?}");
    let after = one_record(&*store, 1).await;
    assert_eq!(after.id, before.id);
    let stale = store.commit_decision(decision(&before, 1)).await;
    assert!(is_fenced(&stale), "{stale:?}");
    store.commit_decision(decision(&after, 1)).await.unwrap();
    assert_eq!(texts(&records(&*store, 1).await), ["2"]);
}

pub async fn claims_of_effects_are_known_as_interrupted(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    decide(&*store, "x", vec![effect("a", "1", 0), effect("a", "2", 0)]).await;
    let before = one_effect(&*store, 3).await;
    drop(store);

    // The lease has not ended, but whoever held it has.
    let store = subject.open(CORP).await;
    assert!(
        effects(&*store, 4).await.is_empty(),
        "not before the rescue"
    );
    assert_eq!(
        store.rescue(at(4)).await.unwrap(),
        Rescued {
            records: 0,
            effects: 1
        }
    );
    let again = one_effect(&*store, 4).await;
    assert_eq!(
        (again.id, again.attempt, again.interrupted),
        (before.id, 2, true)
    );
    assert_eq!(again.first_attempt_at, at(3));
    let stale = store
        .finish_effect(before.id, before.fence, super::support::sent(), at(5))
        .await;
    assert!(is_fenced(&stale), "{stale:?}");
}

pub async fn quotas_timers_and_cursors_stay(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    let quota = [QuotaUse {
        key: "q".to_owned(),
        max: 1,
        window: Duration::from_millis(100),
        since: None,
        holder: None,
    }];
    store.reserve(&quota, at(0)).await.unwrap();
    store.set_timers(vec![timer("t", 50)]).await.unwrap();
    let page = KfPage {
        open_kfid: OpenKfId::from("wk1"),
        expected_cursor: None,
        next_cursor: Some("c1".to_owned()),
        records: vec![record("a", "1", 0)],
        answers_pushes_until: None,
    };
    store.accept_kf_page(page).await.unwrap();
    let depths = store.depths(at(60)).await.unwrap();
    drop(store);

    let store = subject.open(CORP).await;
    assert_eq!(
        store.reserve(&quota, at(60)).await.unwrap(),
        Reservation::Until(at(100))
    );
    assert_eq!(
        store.due_timers(at(60), 10).await.unwrap(),
        [timer("t", 50)]
    );
    assert_eq!(
        store
            .kf_cursor(&OpenKfId::from("wk1"))
            .await
            .unwrap()
            .as_deref(),
        Some("c1")
    );
    assert_eq!(store.depths(at(60)).await.unwrap(), depths);
}

pub async fn retries_stay_due_when_they_were(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    decide(&*store, "x", vec![effect("a", "1", 0)]).await;
    let claimed = one_effect(&*store, 0).await;
    finish(&*store, &claimed, retry(500), 1).await;
    accept(&*store, vec![record("a", "r", 0)]).await;
    let claimed = one_record(&*store, 0).await;
    store
        .retry_record(claimed.id, claimed.fence, at(500), "x")
        .await
        .unwrap();
    drop(store);

    let store = subject.open(CORP).await;
    store.rescue(at(499)).await.unwrap();
    assert!(effects(&*store, 499).await.is_empty() && records(&*store, 499).await.is_empty());
    assert_eq!(one_effect(&*store, 500).await.attempt, 2);
    assert_eq!(one_record(&*store, 500).await.attempt, 2);
}

pub async fn corps_do_not_see_each_other(subject: &dyn Subject) {
    let store = subject.open("ww1").await;
    let ids = accept(&*store, vec![record("a", "1", 0)]).await;
    store.set_timers(vec![timer("t", 0)]).await.unwrap();
    store
        .put_facts(vec![("f".to_owned(), serde_json::json!(1))])
        .await
        .unwrap();
    let facts = ContactFacts::asked(customer("a"), at(0));
    store.merge_contact(facts).await.unwrap();
    drop(store);

    let other = subject.open("ww10").await;
    assert_eq!(other.depths(at(9)).await.unwrap(), Depths::default());
    assert_eq!(other.contact(&customer("a")).await.unwrap(), None);
    assert_eq!(other.fact("f").await.unwrap(), None);
    assert_eq!(other.history("kf/a", 9).await.unwrap(), []);
    assert_eq!(other.show(ItemId::Record(ids[0])).await.unwrap(), None);
    let offered = other.accept(vec![record("a", "1", 5)]).await.unwrap();
    assert_eq!(
        offered,
        [Acceptance::New(ids[0])],
        "numbers are a corp's own"
    );
    drop(other);

    let store = subject.open("ww1").await;
    assert_eq!(one_record(&*store, 0).await.received_at, at(0));
    assert_eq!(store.depths(at(0)).await.unwrap().timers, 1);
}
