//! People looking after the queues.

use super::Subject;
use super::support::{
    CORP, accept, at, decide, decision, effect, effects, finish, is_fenced, one_effect, one_record,
    record, records, retry, sent, texts, timer, words,
};
use crate::domain::ids::{EffectId, RecordId};
use crate::store::{AttemptEnd, DecisionCommit, Depths, ItemId, ItemState, QueueFilter, Store};

async fn list(store: &dyn Store, states: &[ItemState], limit: usize) -> Vec<(ItemId, ItemState)> {
    let filter = QueueFilter {
        states: states.to_vec(),
        limit,
    };
    let items = store.list(filter).await.unwrap();
    items
        .into_iter()
        .map(|item| (item.id, item.state))
        .collect()
}

async fn state(store: &dyn Store, item: ItemId) -> ItemState {
    store.show(item).await.unwrap().unwrap().item.state
}

fn failed() -> AttemptEnd {
    AttemptEnd::Failed {
        reason: "40003".to_owned(),
    }
}

pub async fn depths_count_states_and_ages(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    assert_eq!(store.depths(at(0)).await.unwrap(), Depths::default());
    decide(
        &*store,
        "x",
        vec![
            effect("a", "1", 0),
            effect("b", "2", 40),
            effect("c", "later", 900),
        ],
    )
    .await;
    accept(&*store, vec![record("a", "r1", 10), record("a", "r2", 20)]).await;
    store.set_timers(vec![timer("t", 5)]).await.unwrap();
    let before = Depths {
        inbox: 2,
        outbox: 3,
        timers: 1,
        inbox_age_ms: 90,
        outbox_age_ms: 100,
        ..Depths::default()
    };
    assert_eq!(store.depths(at(100)).await.unwrap(), before);

    let claimed = one_record(&*store, 100).await;
    store
        .bury_record(claimed.id, claimed.fence, "poison", at(100))
        .await
        .unwrap();
    let claimed = effects(&*store, 30).await;
    finish(&*store, &claimed[0], failed(), 100).await;
    let after = Depths {
        inbox: 1,
        dead: 1,
        outbox: 2,
        failed: 1,
        timers: 1,
        inbox_age_ms: 80,
        outbox_age_ms: 60,
        ..Depths::default()
    };
    assert_eq!(store.depths(at(100)).await.unwrap(), after);
}

pub async fn lists_by_state_oldest_first(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    let ids = decide(&*store, "x", vec![effect("a", "1", 0), effect("b", "2", 0)]).await;
    let claimed = effects(&*store, 0).await;
    finish(&*store, &claimed[0], failed(), 1).await;
    let waiting = accept(&*store, vec![record("a", "r1", 10), record("b", "r2", 20)]).await;
    let held = store
        .claim_records(crate::store::Claim {
            limit: 1,
            ..super::support::whatever(20)
        })
        .await
        .unwrap();
    assert_eq!(held[0].id, waiting[0]);

    let effect_item = |place: usize| ItemId::Effect(ids[place]);
    let record_item = |place: usize| ItemId::Record(waiting[place]);
    let open = [
        (effect_item(1), ItemState::Working),
        (effect_item(0), ItemState::Failed),
        (record_item(0), ItemState::Working),
        (record_item(1), ItemState::Ready),
    ];
    let mut listed = list(&*store, &[], 10).await;
    listed[..2].sort_by_key(|(_, state)| *state == ItemState::Failed);
    assert_eq!(listed, open);
    assert_eq!(list(&*store, &[ItemState::Ready], 10).await, open[3..]);
    assert_eq!(list(&*store, &[ItemState::Failed], 10).await, open[1..2]);
    assert_eq!(
        list(&*store, &[ItemState::Done], 10).await,
        [(ItemId::Record(RecordId(1)), ItemState::Done)]
    );
    assert_eq!(
        list(&*store, &[ItemState::Working, ItemState::Ready], 2).await,
        [open[0], open[2]]
    );

    let line = store
        .list(QueueFilter {
            states: vec![ItemState::Ready],
            limit: 1,
        })
        .await
        .unwrap()
        .remove(0);
    assert_eq!(
        (line.what.as_str(), line.whom.as_deref()),
        ("kf message", Some("b"))
    );
    assert_eq!(
        (line.at, line.due, line.attempts),
        (at(20), Some(at(20)), 0)
    );
}

pub async fn shows_a_record_with_its_effects(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    let ids = accept(&*store, vec![record("a", "1", 0)]).await;
    let claimed = one_record(&*store, 0).await;
    let decision = DecisionCommit {
        effects: vec![effect("a", "1", 0), effect("a", "2", 0)],
        trace: Some(serde_json::json!([1])),
        ..decision(&claimed, 3)
    };
    let effect_ids = store.commit_decision(decision).await.unwrap();
    let first = one_effect(&*store, 3).await;
    finish(&*store, &first, retry(50), 4).await;

    let shown = store.show(ItemId::Record(ids[0])).await.unwrap().unwrap();
    assert_eq!(shown.record, Some(record("a", "1", 0).body));
    assert_eq!(shown.trace, Some(serde_json::json!([1])));
    let lines: Vec<_> = shown
        .effects
        .iter()
        .map(|line| (line.id, line.attempts))
        .collect();
    assert_eq!(
        lines,
        [
            (ItemId::Effect(effect_ids[0]), 1),
            (ItemId::Effect(effect_ids[1]), 0)
        ]
    );

    let shown = store
        .show(ItemId::Effect(effect_ids[0]))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(shown.effect, Some(effect("a", "1", 0).effect));
    assert_eq!(shown.origin, Some(effect("a", "1", 0).origin));
    assert_eq!(
        (shown.item.what.as_str(), shown.item.due),
        ("kf_send", Some(at(50)))
    );
    assert_eq!(shown.item.reason.as_deref(), Some("45009"));
    assert_eq!(
        store.show(ItemId::Record(RecordId(99))).await.unwrap(),
        None
    );
}

pub async fn redrives_dead_records_and_failed_effects(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    let ids = decide(&*store, "x", vec![effect("a", "1", 0), effect("b", "2", 0)]).await;
    let claimed = effects(&*store, 0).await;
    finish(&*store, &claimed[0], failed(), 1).await;
    assert!(store.redrive(ItemId::Effect(ids[0]), at(5)).await.unwrap());
    let again = one_effect(&*store, 6).await;
    assert_eq!(
        (again.id, again.attempt, again.interrupted),
        (ids[0], 2, false)
    );
    assert_eq!(again.first_attempt_at, at(6));
    assert_eq!(store.depths(at(6)).await.unwrap().failed, 0);

    accept(&*store, vec![record("a", "r", 10)]).await;
    let claimed = one_record(&*store, 10).await;
    assert!(
        !store
            .redrive(ItemId::Record(claimed.id), at(10))
            .await
            .unwrap(),
        "it is being worked on"
    );
    store
        .bury_record(claimed.id, claimed.fence, "poison", at(10))
        .await
        .unwrap();
    assert!(
        store
            .redrive(ItemId::Record(claimed.id), at(20))
            .await
            .unwrap()
    );
    assert!(
        !store
            .redrive(ItemId::Record(claimed.id), at(20))
            .await
            .unwrap(),
        "it waits already"
    );
    let again = one_record(&*store, 20).await;
    assert_eq!((again.id, again.attempt), (claimed.id, 1));
    let depths = store.depths(at(20)).await.unwrap();
    assert_eq!((depths.inbox, depths.dead), (1, 0));
    assert!(
        !store
            .redrive(ItemId::Effect(EffectId(99)), at(20))
            .await
            .unwrap()
    );
}

pub async fn a_redriven_item_goes_to_the_end_of_its_lane(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    accept(
        &*store,
        vec![
            record("a", "1", 0),
            record("a", "2", 0),
            record("a", "3", 0),
        ],
    )
    .await;
    let first = one_record(&*store, 0).await;
    store
        .bury_record(first.id, first.fence, "poison", at(0))
        .await
        .unwrap();
    store
        .redrive(ItemId::Record(first.id), at(1))
        .await
        .unwrap();
    accept(&*store, vec![record("a", "4", 2)]).await;
    for expected in ["2", "3", "1", "4"] {
        let claimed = one_record(&*store, 5).await;
        assert_eq!(texts(std::slice::from_ref(&claimed)), [expected]);
        store.commit_decision(decision(&claimed, 5)).await.unwrap();
    }
}

pub async fn discards_what_waits_or_is_kept(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    let decided = ["1", "2", "3"].map(|text| effect("a", text, 0));
    let ids = decide(&*store, "x", decided.into()).await;
    // From the middle, then the head: the lane goes on with what is left.
    for place in [1, 0] {
        assert!(
            store
                .discard(ItemId::Effect(ids[place]), "not needed", at(1))
                .await
                .unwrap()
        );
        assert_eq!(
            state(&*store, ItemId::Effect(ids[place])).await,
            ItemState::Discarded
        );
    }
    let claimed = effects(&*store, 1).await;
    assert_eq!(words(&claimed), ["3"]);
    finish(&*store, &claimed[0], failed(), 1).await;
    assert!(
        store
            .discard(ItemId::Effect(ids[2]), "not needed", at(1))
            .await
            .unwrap()
    );
    assert_eq!(store.depths(at(1)).await.unwrap(), Depths::default());
    assert!(
        !store
            .discard(ItemId::Effect(ids[2]), "twice", at(1))
            .await
            .unwrap()
    );
    let shown = store.show(ItemId::Effect(ids[2])).await.unwrap().unwrap();
    assert_eq!(shown.item.reason.as_deref(), Some("not needed"));
    assert!(
        !store.redrive(ItemId::Effect(ids[2]), at(2)).await.unwrap(),
        "given up for good"
    );
}

pub async fn what_is_being_worked_on_cannot_be_discarded(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    decide(&*store, "x", vec![effect("a", "1", 0)]).await;
    let claimed = one_effect(&*store, 0).await;
    assert!(
        !store
            .discard(ItemId::Effect(claimed.id), "no", at(0))
            .await
            .unwrap()
    );
    finish(&*store, &claimed, sent(), 0).await;
    assert!(
        !store
            .discard(ItemId::Effect(claimed.id), "no", at(0))
            .await
            .unwrap()
    );

    accept(&*store, vec![record("a", "r", 0)]).await;
    let claimed = records(&*store, 0).await.remove(0);
    assert!(
        !store
            .discard(ItemId::Record(claimed.id), "no", at(0))
            .await
            .unwrap()
    );
    let other = store
        .bury_record(claimed.id, claimed.fence + 1, "no", at(0))
        .await;
    assert!(is_fenced(&other), "{other:?}");
}
