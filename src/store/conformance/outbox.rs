//! Effects: claim and finish.

use super::Subject;
use super::support::{
    CORP, accept, at, decide, decision, effect, effects, finish, is_fenced, one_effect, one_record,
    record, retry, sent, words,
};
use crate::domain::change::ContactChange;
use crate::domain::effect::NewEffect;
use crate::domain::ids::EffectId;
use crate::store::{AttemptEnd, DecisionCommit, ItemId, ItemState, Rescued, Store};

async fn state(store: &dyn Store, id: EffectId) -> (ItemState, Option<String>) {
    let shown = store.show(ItemId::Effect(id)).await.unwrap().unwrap();
    (shown.item.state, shown.item.reason)
}

pub async fn keeps_order_within_a_lane(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    let decided = vec![
        effect("a", "a1", 0),
        effect("a", "a2", 0),
        effect("b", "b1", 0),
    ];
    let ids = decide(&*store, "x", decided).await;
    assert!(ids[0] < ids[1] && ids[1] < ids[2]);
    let first = effects(&*store, 0).await;
    assert_eq!(words(&first), ["a1", "b1"]);
    assert!(effects(&*store, 0).await.is_empty());
    finish(&*store, &first[0], sent(), 1).await;
    assert_eq!(words(&effects(&*store, 1).await), ["a2"]);
}

pub async fn does_not_claim_before_the_due_time(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    decide(
        &*store,
        "x",
        vec![effect("a", "later", 50), effect("b", "now", 0)],
    )
    .await;
    assert_eq!(words(&effects(&*store, 49).await), ["now"]);
    assert_eq!(words(&effects(&*store, 50).await), ["later"]);
}

pub async fn claims_urgent_effects_first(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    let welcome = NewEffect {
        urgent: true,
        ..effect("b", "welcome", 3)
    };
    decide(
        &*store,
        "x",
        vec![effect("b", "slow", 0), effect("a", "plain", 1), welcome],
    )
    .await;
    let claimed = effects(&*store, 3).await;
    assert_eq!(words(&claimed), ["welcome", "slow", "plain"]);
}

pub async fn a_retry_keeps_the_order_and_counts(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    decide(&*store, "x", vec![effect("a", "1", 0), effect("a", "2", 0)]).await;
    let first = one_effect(&*store, 7).await;
    assert_eq!((first.attempt, first.interrupted), (1, false));
    finish(&*store, &first, retry(100), 8).await;
    assert!(
        effects(&*store, 99).await.is_empty(),
        "the second waits behind the first"
    );
    let again = one_effect(&*store, 100).await;
    assert_eq!(
        (again.id, again.attempt, again.interrupted),
        (first.id, 2, false)
    );
    assert_eq!(again.first_attempt_at, at(7));
}

pub async fn writing_wakes_what_waits_in_the_conversation(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    decide(
        &*store,
        "x",
        vec![effect("kf/x", "held", 0), effect("kf/y", "other", 0)],
    )
    .await;
    for claimed in effects(&*store, 0).await {
        let snooze = AttemptEnd::Snooze {
            at: at(1_000),
            reason: "held".to_owned(),
        };
        finish(&*store, &claimed, snooze, 1).await;
    }
    assert!(effects(&*store, 10).await.is_empty());
    accept(&*store, vec![record("x", "again", 9)]).await;
    let claimed = one_record(&*store, 10).await;
    let wrote = ContactChange {
        wrote_at: Some(at(9)),
        ..ContactChange::default()
    };
    let decision = DecisionCommit {
        contact: Some(wrote),
        ..decision(&claimed, 10)
    };
    store.commit_decision(decision).await.unwrap();
    assert_eq!(words(&effects(&*store, 10).await), ["held"]);
}

pub async fn writing_does_not_hurry_a_try_that_failed(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    decide(&*store, "x", vec![effect("kf/x", "refused", 0)]).await;
    let claimed = one_effect(&*store, 0).await;
    finish(&*store, &claimed, retry(1_000), 1).await;
    accept(&*store, vec![record("x", "again", 9)]).await;
    let claimed = one_record(&*store, 10).await;
    let wrote = ContactChange {
        wrote_at: Some(at(9)),
        ..ContactChange::default()
    };
    let decision = DecisionCommit {
        contact: Some(wrote),
        ..decision(&claimed, 10)
    };
    store.commit_decision(decision).await.unwrap();
    assert!(effects(&*store, 999).await.is_empty());
    assert_eq!(one_effect(&*store, 1_000).await.attempt, 2);
}

pub async fn a_snooze_does_not_count(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    decide(&*store, "x", vec![effect("a", "1", 0)]).await;
    let first = one_effect(&*store, 0).await;
    let snooze = AttemptEnd::Snooze {
        at: at(100),
        reason: "limit".to_owned(),
    };
    finish(&*store, &first, snooze, 1).await;
    assert!(effects(&*store, 99).await.is_empty());
    let again = one_effect(&*store, 100).await;
    assert_eq!((again.attempt, again.interrupted), (1, false));
    assert_eq!(again.first_attempt_at, at(100));
}

pub async fn every_end_frees_the_lane(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    let decided = ["1", "2", "3", "4", "5"].map(|text| effect("a", text, 0));
    let ids = decide(&*store, "x", decided.into()).await;
    let why = || "why".to_owned();
    let ends = [
        (AttemptEnd::Failed { reason: why() }, ItemState::Failed),
        (AttemptEnd::Unknown { reason: why() }, ItemState::Unknown),
        (AttemptEnd::Dropped { reason: why() }, ItemState::Dropped),
        (AttemptEnd::Sent { note: Some(why()) }, ItemState::Sent),
    ];
    for (id, (end, expected)) in ids.iter().zip(ends) {
        let claimed = one_effect(&*store, 0).await;
        assert_eq!(claimed.id, *id);
        finish(&*store, &claimed, end, 0).await;
        assert_eq!(state(&*store, *id).await, (expected, Some(why())));
    }
    assert_eq!(words(&effects(&*store, 0).await), ["5"]);
    let depths = store.depths(at(0)).await.unwrap();
    assert_eq!((depths.outbox, depths.failed, depths.unknown), (1, 1, 1));
}

pub async fn a_stale_claim_is_refused(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    let ids = decide(&*store, "x", vec![effect("a", "1", 0)]).await;
    let stale = one_effect(&*store, 0).await;
    store.rescue(at(1000)).await.unwrap();
    let late = store
        .finish_effect(stale.id, stale.fence, sent(), at(1000))
        .await;
    assert!(is_fenced(&late), "{late:?}");
    let fresh = one_effect(&*store, 1000).await;
    let late = store
        .finish_effect(stale.id, stale.fence, sent(), at(1000))
        .await;
    assert!(is_fenced(&late), "{late:?}");
    finish(&*store, &fresh, sent(), 1001).await;
    let twice = store
        .finish_effect(fresh.id, fresh.fence, sent(), at(1001))
        .await;
    assert!(is_fenced(&twice), "{twice:?}");
    assert_eq!(state(&*store, ids[0]).await.0, ItemState::Sent);
}

pub async fn a_rescued_effect_is_marked_as_interrupted(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    decide(&*store, "x", vec![effect("a", "1", 0), effect("a", "2", 0)]).await;
    let first = one_effect(&*store, 5).await;
    assert_eq!(store.rescue(at(1004)).await.unwrap(), Rescued::default());
    assert_eq!(
        store.rescue(at(1005)).await.unwrap(),
        Rescued {
            records: 0,
            effects: 1
        }
    );
    let again = one_effect(&*store, 1005).await;
    assert_eq!((again.id, again.attempt), (first.id, 2));
    assert!(again.interrupted);
    assert_eq!(again.first_attempt_at, at(5));
    // The first attempt stays unknown, however the second ends.
    finish(&*store, &again, retry(2000), 1006).await;
    assert!(one_effect(&*store, 2000).await.interrupted);
}

pub async fn a_sent_effect_can_turn_out_to_have_failed(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    let ids = decide(&*store, "x", vec![effect("a", "1", 0), effect("a", "2", 0)]).await;
    let claimed = one_effect(&*store, 0).await;
    finish(&*store, &claimed, sent(), 0).await;
    assert!(
        store
            .fail_sent_effect(ids[0], "fail_type 4", at(9))
            .await
            .unwrap()
    );
    assert_eq!(
        state(&*store, ids[0]).await,
        (ItemState::Failed, Some("fail_type 4".to_owned()))
    );
    assert_eq!(store.depths(at(9)).await.unwrap().failed, 1);
    assert!(
        !store
            .fail_sent_effect(ids[0], "again", at(9))
            .await
            .unwrap()
    );
    assert!(
        !store
            .fail_sent_effect(ids[1], "never sent", at(9))
            .await
            .unwrap()
    );
    assert!(
        !store
            .fail_sent_effect(EffectId(999), "no such", at(9))
            .await
            .unwrap()
    );
}

pub async fn word_of_a_failure_can_come_first(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    let ids = decide(&*store, "x", vec![effect("a", "1", 0)]).await;
    let claimed = one_effect(&*store, 0).await;
    assert!(
        store
            .fail_sent_effect(ids[0], "fail_type 4", at(1))
            .await
            .unwrap()
    );
    finish(&*store, &claimed, sent(), 2).await;
    assert_eq!(
        state(&*store, ids[0]).await,
        (ItemState::Failed, Some("fail_type 4".to_owned()))
    );
}

pub async fn word_of_a_failure_settles_an_unknown_outcome(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    let ids = decide(&*store, "x", vec![effect("a", "1", 0)]).await;
    let claimed = one_effect(&*store, 0).await;
    let unknown = AttemptEnd::Unknown {
        reason: "timeout".to_owned(),
    };
    finish(&*store, &claimed, unknown, 1).await;
    assert!(
        store
            .fail_sent_effect(ids[0], "fail_type 4", at(2))
            .await
            .unwrap()
    );
    let depths = store.depths(at(2)).await.unwrap();
    assert_eq!((depths.failed, depths.unknown), (1, 0));
}

pub async fn a_claim_carries_what_was_decided(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    let decided = NewEffect {
        deadline: Some(at(20_000)),
        ..effect("a", "1", 3)
    };
    decide(&*store, "x", vec![decided.clone()]).await;
    let claimed = one_effect(&*store, 4).await;
    assert_eq!(claimed.effect, decided.effect);
    assert_eq!(claimed.origin, decided.origin);
    assert_eq!(claimed.deadline, decided.deadline);
    assert_eq!(
        (claimed.decided_at, claimed.first_attempt_at),
        (at(0), at(4))
    );
}
