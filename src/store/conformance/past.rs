//! Looking back at what came in.

use super::Subject;
use super::support::{
    CORP, accept, at, decision, effect, finish, one_effect, one_record, record, sent,
};
use crate::domain::ids::{RecordId, RuleId};
use crate::store::{DecisionCommit, ItemState, PastRecord, RecordOutcome, RecordQuery, Store};

async fn records(store: &dyn Store, since: i64, after: u64, limit: usize) -> Vec<PastRecord> {
    let query = RecordQuery {
        since: at(since),
        after: RecordId(after),
        limit,
    };
    store.records(query).await.unwrap()
}

pub async fn records_come_in_order_with_what_became_of_them(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    let ids = accept(&*store, vec![record("a", "1", 5), record("b", "2", 6)]).await;
    let claimed = super::support::records(&*store, 7).await;
    let decided = DecisionCommit {
        effects: vec![effect("a", "hello", 7)],
        trace: Some(serde_json::json!({ "steps": [] })),
        ..decision(&claimed[0], 7)
    };
    store.commit_decision(decided).await.unwrap();
    let answer = one_effect(&*store, 8).await;
    finish(&*store, &answer, sent(), 8).await;

    let found = records(&*store, 0, 0, 10).await;
    let seen: Vec<_> = found
        .iter()
        .map(|record| (record.id, record.state))
        .collect();
    assert_eq!(
        seen,
        [(ids[0], ItemState::Done), (ids[1], ItemState::Working)]
    );
    let first = &found[0];
    assert_eq!(first.received_at, at(5));
    assert_eq!(first.trace, Some(serde_json::json!({ "steps": [] })));
    let fired = vec![RuleId::from("greet")];
    assert_eq!(first.outcome, Some(RecordOutcome::Done { fired }));
    let sent: Vec<_> = first
        .effects
        .iter()
        .map(|effect| (effect.id, effect.state))
        .collect();
    assert_eq!(sent, [(answer.id, ItemState::Sent)]);
    assert_eq!(first.effects[0].effect, effect("a", "hello", 7).effect);
    assert_eq!((&found[1].outcome, &found[1].trace), (&None, &None));
}

pub async fn records_are_found_by_the_time_of_their_coming(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    let mut ids = Vec::new();
    for n in 0..23 {
        let text = n.to_string();
        ids.extend(accept(&*store, vec![record("a", &text, n * 10)]).await);
    }
    // Gaps, as pruning leaves them.
    for _ in 0..5 {
        let claimed = one_record(&*store, 1000).await;
        store.commit_decision(decision(&claimed, 0)).await.unwrap();
    }
    let retention = crate::store::Retention {
        dedupe: std::time::Duration::from_millis(1),
        history: std::time::Duration::from_millis(1),
        traces: std::time::Duration::from_millis(1),
        reports: std::time::Duration::from_millis(1),
        audit: std::time::Duration::from_millis(1),
    };
    store.prune(retention, at(10_000), 1000).await.unwrap();
    for since in [-5, 0, 45, 50, 51, 119, 220, 221] {
        let found = records(&*store, since, 0, 100).await;
        let found: Vec<_> = found.iter().map(|record| record.id).collect();
        let expected = (0..23).filter(|n| *n >= 5 && *n * 10 >= since);
        let expected: Vec<_> = expected.map(|n| ids[usize::try_from(n).unwrap()]).collect();
        assert_eq!(found, expected, "since {since}");
    }
    let page = records(&*store, 100, ids[12].0, 3).await;
    let page: Vec<_> = page.iter().map(|record| record.id).collect();
    assert_eq!(page, ids[13..16]);
}
