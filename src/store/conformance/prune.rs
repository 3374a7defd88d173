//! Retention.

use std::time::Duration;

use super::Subject;
use super::furnish::gather;
use super::support::{
    CORP, accept, at, customer, decision, effect, finish, one_effect, one_record, record, sent,
};
use crate::domain::ids::{BroadcastId, RuleId};
use crate::store::{
    Acceptance, AttemptEnd, AuditQuery, BroadcastChange, BroadcastState, DecisionCommit, Deed,
    HistoryEntry, ItemId, QuotaUse, Reservation, Retention, RuleUse, Section, Store,
};

const RETENTION: Retention = Retention {
    dedupe: Duration::from_millis(100),
    history: Duration::from_millis(1000),
    traces: Duration::from_millis(1000),
    reports: Duration::from_millis(1000),
    audit: Duration::from_millis(1000),
};

/// A record with an answer, both ended at `now`.
async fn handled(store: &dyn Store, text: &str, now: i64) -> (ItemId, ItemId) {
    accept(store, vec![record("a", text, now)]).await;
    let claimed = one_record(store, now).await;
    let decision = DecisionCommit {
        effects: vec![effect("a", text, now)],
        trace: Some(serde_json::json!(text)),
        ..decision(&claimed, now)
    };
    store.commit_decision(decision).await.unwrap();
    let answer = one_effect(store, now).await;
    finish(store, &answer, sent(), now).await;
    (ItemId::Record(claimed.id), ItemId::Effect(answer.id))
}

async fn prune(store: &dyn Store, now: i64) -> usize {
    store.prune(RETENTION, at(now), 1000).await.unwrap()
}

async fn exists(store: &dyn Store, item: ItemId) -> bool {
    store.show(item).await.unwrap().is_some()
}

pub async fn removes_only_what_is_past(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    let old = handled(&*store, "old", 0).await;
    let new = handled(&*store, "new", 500).await;
    assert_eq!(
        prune(&*store, 100).await,
        0,
        "exactly at its retention it stays"
    );

    // Dedupe keys first: the same text is now taken again, the record is still there.
    assert_eq!(prune(&*store, 101).await, 1);
    assert!(exists(&*store, old.0).await);
    let again = store
        .accept(vec![record("b", "old", 510), record("b", "new", 510)])
        .await
        .unwrap();
    assert!(
        matches!(again[..], [Acceptance::New(_), Acceptance::Duplicate(_)]),
        "{again:?}"
    );

    prune(&*store, 1001).await;
    assert!(!exists(&*store, old.0).await && !exists(&*store, old.1).await);
    assert!(exists(&*store, new.0).await && exists(&*store, new.1).await);
    let shown = store.show(new.0).await.unwrap().unwrap();
    assert_eq!(shown.trace, Some(serde_json::json!("new")));
    let history = store.history("kf/a", 10).await.unwrap();
    assert_eq!(history.len(), 2);
    assert!(
        matches!(&history[1], HistoryEntry::Received { inbound, .. } if inbound.person == Some(customer("a")))
    );

    prune(&*store, 9999).await;
    assert_eq!(store.history("kf/a", 10).await.unwrap(), []);
    assert_eq!(prune(&*store, 9999).await, 0);
    assert_eq!(
        store.depths(at(9999)).await.unwrap().inbox,
        1,
        "the second \"old\" waits"
    );
}

pub async fn stops_at_its_limit(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    for place in 0..3 {
        handled(&*store, &place.to_string(), 0).await;
    }
    let mut removed = Vec::new();
    loop {
        let count = store.prune(RETENTION, at(5000), 2).await.unwrap();
        if count == 0 {
            break;
        }
        removed.push(count);
    }
    assert!(removed.iter().all(|count| *count <= 2), "{removed:?}");
    assert_eq!(
        removed.iter().sum::<usize>(),
        3 + 3 + 3,
        "keys, records and effects"
    );
}

pub async fn never_removes_what_waits(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    accept(&*store, vec![record("a", "1", 0), record("a", "2", 0)]).await;
    let claimed = one_record(&*store, 0).await;
    let decision = DecisionCommit {
        effects: vec![effect("a", "answer", 0)],
        ..decision(&claimed, 0)
    };
    let answer = store.commit_decision(decision).await.unwrap();
    let week = QuotaUse {
        key: "q".to_owned(),
        max: 1,
        window: Duration::from_millis(50_000),
        since: None,
        holder: None,
    };
    let day = QuotaUse {
        window: Duration::from_millis(10),
        ..week.clone()
    };
    let both = [week.clone(), day];
    assert_eq!(
        store.reserve(&both, at(0)).await.unwrap(),
        Reservation::Granted
    );
    prune(&*store, 20_000).await;
    assert_eq!(
        one_record(&*store, 20_000).await.inbound.person,
        Some(customer("a"))
    );
    assert_eq!(one_effect(&*store, 20_000).await.id, answer[0]);
    let held = store.reserve(&[week], at(20_000)).await.unwrap();
    assert_eq!(held, Reservation::Until(at(50_000)));
}

pub async fn traces_go_first_but_those_of_failures_stay(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    let retention = Retention {
        traces: Duration::from_millis(200),
        ..RETENTION
    };
    let good = handled(&*store, "good", 0).await.0;
    // One whose answer failed, and one with an action that could not be done.
    accept(&*store, vec![record("a", "failed", 0)]).await;
    let claimed = one_record(&*store, 0).await;
    let decided = DecisionCommit {
        effects: vec![effect("a", "failed", 0)],
        trace: Some(serde_json::json!({ "steps": [] })),
        ..decision(&claimed, 0)
    };
    store.commit_decision(decided).await.unwrap();
    let answer = one_effect(&*store, 0).await;
    let reason = "48002".to_owned();
    finish(&*store, &answer, AttemptEnd::Failed { reason }, 0).await;
    let failed = ItemId::Record(claimed.id);
    accept(&*store, vec![record("a", "problem", 0)]).await;
    let claimed = one_record(&*store, 0).await;
    let decided = DecisionCommit {
        trace: Some(serde_json::json!({ "steps": [{ "problem": "no member" }] })),
        ..decision(&claimed, 0)
    };
    store.commit_decision(decided).await.unwrap();
    let problem = ItemId::Record(claimed.id);
    let young = handled(&*store, "young", 150).await.0;

    let has_trace = async |item| store.show(item).await.unwrap().unwrap().trace.is_some();
    store.prune(retention, at(200), 1000).await.unwrap();
    assert!(has_trace(good).await, "exactly at its retention it stays");
    store.prune(retention, at(201), 1000).await.unwrap();
    assert!(!has_trace(good).await);
    assert!(has_trace(failed).await && has_trace(problem).await && has_trace(young).await);
    store.prune(retention, at(351), 1000).await.unwrap();
    assert!(has_trace(failed).await && !has_trace(young).await);
    store.prune(retention, at(1001), 1000).await.unwrap();
    assert!(store.show(failed).await.unwrap().is_none());
}

pub async fn uses_of_past_days_go(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    let day = |text: &str| text.parse::<jiff::civil::Date>().unwrap();
    for (text, date) in [("1", "2026-11-20"), ("2", "2026-11-23")] {
        accept(&*store, vec![record("a", text, 0)]).await;
        let claimed = one_record(&*store, 0).await;
        let rule = RuleId::from("优惠");
        let (day, max) = (day(date), 9);
        let decided = DecisionCommit {
            uses: vec![RuleUse { rule, day, max }],
            ..decision(&claimed, 0)
        };
        store.commit_decision(decided).await.unwrap();
    }
    let now: jiff::Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
    prune(&*store, now.as_millisecond()).await;
    assert!(store.rule_uses(day("2026-11-20")).await.unwrap().is_empty());
    let kept = store.rule_uses(day("2026-11-23")).await.unwrap();
    assert_eq!(kept.len(), 1);
}

pub async fn what_operators_did_goes_too(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    for when in [0, 500] {
        let deed = Deed {
            who: "root".to_owned(),
            what: format!("undo {when}"),
            result: String::new(),
        };
        store.note_deed(deed, at(when)).await.unwrap();
    }
    assert_eq!(prune(&*store, 1000).await, 0, "exactly at its retention");
    assert_eq!(prune(&*store, 1001).await, 1);
    let all = AuditQuery {
        since: at(0),
        after: 0,
        limit: 9,
    };
    let left = store.deeds(all).await.unwrap();
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].deed.what, "undo 500");
}

pub async fn broadcasts_go_when_reports_do(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    let day = 86_400_000;
    accept(&*store, vec![record("a", "1", 0)]).await;
    let claimed = one_record(&*store, 0).await;
    let decision = DecisionCommit {
        broadcasts: vec![gather("a")],
        ..decision(&claimed, 0)
    };
    store.commit_decision(decision).await.unwrap();
    let kept = async || {
        let snapshot = store.snapshot().await.unwrap();
        let mut rows = Vec::new();
        for section in [
            Section::Broadcast,
            Section::BroadcastTarget,
            Section::Received,
        ] {
            rows.push(snapshot.page(section, None, 9).await.unwrap().rows.len());
        }
        rows
    };
    prune(&*store, 70 * day).await;
    assert_eq!(kept().await[..2], [1, 1], "it is not over");
    let mut row = store.broadcast(BroadcastId(1)).await.unwrap().unwrap();
    row.state = BroadcastState::Finished;
    row.due = None;
    let change = BroadcastChange::of(row, at(0));
    assert!(store.change_broadcast(change).await.unwrap());
    prune(&*store, 1000).await;
    assert_eq!(kept().await[..2], [1, 1], "exactly at its retention");
    prune(&*store, 1001).await;
    assert_eq!(kept().await[..2], [0, 0]);
    // What somebody has received counts for longer than two months at the most.
    prune(&*store, 63 * day).await;
    assert_eq!(kept().await, [0, 0, 0]);
}
