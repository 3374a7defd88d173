//! What one decision changes.

use super::Subject;
use super::support::{
    CORP, accept, at, customer, decision, effect, effects, inbound, is_fenced, one_effect,
    one_record, record, sent, timer, words,
};
use crate::domain::change::{ContactChange, TagGrant};
use crate::domain::contact::Value;
use crate::domain::ids::{RuleId, Tag};
use crate::store::{
    ContactFacts, DecisionCommit, HistoryEntry, ItemId, ItemState, RecordOutcome, RuleUse, Store,
    StoreError,
};

fn tagging(who: &str, tag: &str) -> ContactChange {
    ContactChange {
        person: Some(customer(who)),
        add_tags: vec![TagGrant {
            tag: Tag::from(tag),
            rule: RuleId::from("greet"),
            version: None,
            record: None,
        }],
        ..ContactChange::default()
    }
}

/// A decision with one of everything.
fn full(base: DecisionCommit) -> DecisionCommit {
    DecisionCommit {
        contact: Some(ContactChange {
            set: vec![("城市".to_owned(), Value::Text("上海".to_owned()))],
            fired: vec![RuleId::from("greet")],
            wrote_at: Some(at(0)),
            ..tagging("a", "意向/高")
        }),
        effects: vec![effect("a", "hello", 0), effect("a", "again", 0)],
        timers: vec![timer("sop/new/a", 500)],
        remove_timers: vec!["sop/old/a".to_owned()],
        trace: Some(serde_json::json!({ "rules": 2 })),
        ..base
    }
}

pub async fn change_everything_together(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    store
        .set_timers(vec![timer("sop/old/a", 100)])
        .await
        .unwrap();
    accept(&*store, vec![record("a", "1", 0)]).await;
    let claimed = one_record(&*store, 0).await;
    let ids = store
        .commit_decision(full(decision(&claimed, 7)))
        .await
        .unwrap();
    assert_eq!(ids.len(), 2);

    let contact = store.contact(&customer("a")).await.unwrap().unwrap();
    let mark = &contact.tags[&Tag::from("意向/高")];
    assert_eq!(
        (mark.at, mark.rule.clone()),
        (at(7), Some(RuleId::from("greet")))
    );
    assert_eq!(contact.attributes["城市"], Value::Text("上海".to_owned()));
    assert_eq!(contact.fired[&RuleId::from("greet")], at(7));
    assert_eq!(contact.last_inbound_at, Some(at(0)));
    assert_eq!(contact.heard_at, Some(at(7)));
    let timers = store.due_timers(at(1000), 10).await.unwrap();
    assert_eq!(timers, [timer("sop/new/a", 500)]);
    assert_eq!(words(&effects(&*store, 7).await), ["hello"]);

    let shown = store
        .show(ItemId::Record(claimed.id))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(shown.item.state, ItemState::Done);
    assert_eq!(shown.trace, Some(serde_json::json!({ "rules": 2 })));
    let depths = store.depths(at(7)).await.unwrap();
    assert_eq!((depths.inbox, depths.outbox, depths.timers), (0, 2, 1));
}

pub async fn change_nothing_when_fenced(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    store
        .set_timers(vec![timer("sop/old/a", 100)])
        .await
        .unwrap();
    accept(&*store, vec![record("a", "1", 0)]).await;
    let stale = one_record(&*store, 0).await;
    store.rescue(at(1000)).await.unwrap();
    one_record(&*store, 1000).await;

    let outcome = store.commit_decision(full(decision(&stale, 1001))).await;
    assert!(is_fenced(&outcome), "{outcome:?}");
    assert_eq!(store.contact(&customer("a")).await.unwrap(), None);
    assert_eq!(
        store.due_timers(at(5000), 10).await.unwrap(),
        [timer("sop/old/a", 100)]
    );
    assert!(effects(&*store, 5000).await.is_empty());
    let shown = store.show(ItemId::Record(stale.id)).await.unwrap().unwrap();
    assert_eq!((shown.item.state, shown.trace), (ItemState::Working, None));
    let depths = store.depths(at(1001)).await.unwrap();
    assert_eq!((depths.inbox, depths.outbox, depths.timers), (1, 0, 1));
}

pub async fn stand_or_fall_one_by_one(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    accept(
        &*store,
        vec![
            record("a", "1", 0),
            record("b", "2", 0),
            record("c", "3", 0),
        ],
    )
    .await;
    let claimed = super::support::records(&*store, 0).await;
    let mut decisions: Vec<DecisionCommit> =
        claimed.iter().map(|claimed| decision(claimed, 1)).collect();
    for decision in &mut decisions {
        decision.effects = vec![effect("lane", &decision.record.to_string(), 0)];
    }
    decisions[1].fence += 1;
    let outcomes = store.commit_decisions(decisions).await.unwrap();
    assert_eq!(outcomes.len(), 3);
    assert!(outcomes[0].is_ok() && outcomes[2].is_ok());
    assert!(is_fenced(&outcomes[1]));
    assert_eq!(store.depths(at(1)).await.unwrap().outbox, 2);
    assert_eq!(store.depths(at(1)).await.unwrap().inbox, 1);
}

pub async fn are_refused_twice(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    accept(&*store, vec![record("a", "1", 0)]).await;
    let claimed = one_record(&*store, 0).await;
    let both = vec![full(decision(&claimed, 1)), full(decision(&claimed, 1))];
    let outcomes = store.commit_decisions(both).await.unwrap();
    assert!(outcomes[0].is_ok());
    assert!(matches!(outcomes[1], Err(StoreError::Fenced { .. })));
    assert_eq!(store.depths(at(1)).await.unwrap().outbox, 2);
}

pub async fn apply_to_the_newest_contact(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    accept(&*store, vec![record("a", "1", 0)]).await;
    let claimed = one_record(&*store, 0).await;
    // Somebody else learns something while the decision is made.
    let facts = ContactFacts {
        name: Some("小明".to_owned()),
        tags: Some(vec![Tag::from("来源/展会")]),
        ..ContactFacts::asked(customer("a"), at(1))
    };
    store.merge_contact(facts).await.unwrap();
    let change = ContactChange {
        remove_tags: vec![Tag::from("展会")],
        ..tagging("a", "意向/高")
    };
    let decision = DecisionCommit {
        contact: Some(change),
        ..decision(&claimed, 2)
    };
    store.commit_decision(decision).await.unwrap();

    let contact = store.contact(&customer("a")).await.unwrap().unwrap();
    assert_eq!(contact.name.as_deref(), Some("小明"));
    let tags: Vec<&Tag> = contact.tags.keys().collect();
    assert_eq!(tags, [&Tag::from("意向/高")]);
}

pub async fn write_the_conversation_history(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    let ids = accept(&*store, vec![record("a", "1", 0), record("b", "other", 0)]).await;
    let claimed = super::support::records(&*store, 1).await;
    let decision = DecisionCommit {
        effects: vec![effect("kf/a", "hello", 1)],
        ..decision(&claimed[0], 1)
    };
    let sent_ids = store.commit_decision(decision).await.unwrap();
    let later = accept(&*store, vec![record("a", "2", 2)]).await;
    let claimed = one_effect(&*store, 2).await;
    super::support::finish(&*store, &claimed, sent(), 2).await;

    let waiting = HistoryEntry::Received {
        id: later[0],
        at: at(2),
        inbound: inbound("a", "2", 2),
        outcome: None,
    };
    let answer = HistoryEntry::Sent {
        id: sent_ids[0],
        at: at(1),
        effect: effect("kf/a", "hello", 1).effect,
        state: ItemState::Sent,
    };
    let question = HistoryEntry::Received {
        id: ids[0],
        at: at(0),
        inbound: inbound("a", "1", 0),
        outcome: Some(RecordOutcome::Done {
            fired: vec![RuleId::from("greet")],
        }),
    };
    assert_eq!(
        history(&*store, 10).await,
        [waiting.clone(), answer.clone(), question]
    );
    assert_eq!(history(&*store, 2).await, [waiting, answer]);
}

async fn history(store: &dyn Store, limit: usize) -> Vec<HistoryEntry> {
    store.history("kf/a", limit).await.unwrap()
}

const MONDAY: jiff::civil::Date = jiff::civil::date(2026, 11, 23);
const TUESDAY: jiff::civil::Date = jiff::civil::date(2026, 11, 24);

fn uses(rule: &str, day: jiff::civil::Date, max: u32) -> Vec<RuleUse> {
    let rule = RuleId::from(rule);
    vec![RuleUse { rule, day, max }]
}

async fn used(store: &dyn Store, day: jiff::civil::Date) -> Vec<(String, u32)> {
    let uses = store.rule_uses(day).await.unwrap();
    uses.into_iter()
        .map(|(rule, count)| (rule.to_string(), count))
        .collect()
}

fn has_reached<T>(outcome: &crate::store::Result<T>, name: &str) -> bool {
    matches!(outcome, Err(StoreError::LimitReached { rule }) if rule.as_str() == name)
}

pub async fn use_up_a_daily_limit(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    for text in ["1", "2"] {
        accept(&*store, vec![record("a", text, 0)]).await;
        let claimed = one_record(&*store, 0).await;
        let decision = DecisionCommit {
            uses: uses("优惠", MONDAY, 2),
            ..decision(&claimed, 1)
        };
        store.commit_decision(decision).await.unwrap();
    }
    accept(&*store, vec![record("a", "3", 0)]).await;
    let claimed = one_record(&*store, 0).await;
    let mut third = full(decision(&claimed, 2));
    third.uses = [uses("其他", MONDAY, 9), uses("优惠", MONDAY, 2)].concat();
    let refused = store.commit_decision(third.clone()).await;
    assert!(has_reached(&refused, "优惠"), "{refused:?}");

    // Nothing was changed, and the claim is still good for another decision.
    assert_eq!(used(&*store, MONDAY).await, [("优惠".to_owned(), 2)]);
    let contact = store.contact(&customer("a")).await.unwrap();
    assert!(contact.is_none_or(|contact| contact.tags.is_empty()));
    assert!(effects(&*store, 5000).await.is_empty());
    third.uses = uses("优惠", TUESDAY, 2);
    store.commit_decision(third).await.unwrap();
    assert_eq!(used(&*store, MONDAY).await, [("优惠".to_owned(), 2)]);
    assert_eq!(used(&*store, TUESDAY).await, [("优惠".to_owned(), 1)]);
}

pub async fn share_the_last_use_of_a_day_when_they_race(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    let people = ["a", "b", "c", "d"];
    let pushed = people.iter().map(|who| record(who, who, 0)).collect();
    accept(&*store, pushed).await;
    let claimed = super::support::records(&*store, 0).await;
    let commit = |n: usize| DecisionCommit {
        uses: uses("优惠", MONDAY, 1),
        effects: vec![effect(people[n], "券", 0)],
        ..decision(&claimed[n], 1)
    };
    let together = store
        .commit_decisions(vec![commit(0), commit(1)])
        .await
        .unwrap();
    assert!(together[0].is_ok() && has_reached(&together[1], "优惠"));
    let (one, other) = tokio::join!(
        store.commit_decision(commit(2)),
        store.commit_decision(commit(3)),
    );
    assert!(has_reached(&one, "优惠") && has_reached(&other, "优惠"));
    assert_eq!(used(&*store, MONDAY).await, [("优惠".to_owned(), 1)]);
    assert_eq!(words(&effects(&*store, 1).await), ["券"]);
}

pub async fn take_in_records_of_our_own_once(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    accept(&*store, vec![record("a", "1", 0), record("b", "2", 0)]).await;
    let claimed = super::support::records(&*store, 0).await;
    let telling = |n: usize| DecisionCommit {
        records: vec![record("operators", "look", 1)],
        ..decision(&claimed[n], 1)
    };
    let mut stale = telling(0);
    stale.fence += 1;
    assert!(is_fenced(&store.commit_decision(stale).await));
    assert!(super::support::records(&*store, 1).await.is_empty());
    let both = vec![telling(0), telling(1)];
    for outcome in store.commit_decisions(both).await.unwrap() {
        outcome.unwrap();
    }
    let alert = one_record(&*store, 1).await;
    assert_eq!(alert.inbound, inbound("operators", "look", 1));
}

pub async fn ask_the_caps_again_when_something_else_was_said(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    accept(&*store, vec![record("a", "1", 0), record("b", "2", 0)]).await;
    let claimed = super::support::records(&*store, 0).await;
    // Two conversations of one customer, who is said something unasked in both.
    let saying = |n: usize, known: &[i64]| DecisionCommit {
        contact: Some(ContactChange {
            person: Some(customer("a")),
            reached: true,
            ..ContactChange::default()
        }),
        reached: Some(known.iter().map(|time| at(*time)).collect()),
        effects: vec![effect("a", if n == 0 { "早" } else { "晚" }, 0)],
        ..decision(&claimed[n], 1)
    };
    let together = vec![saying(0, &[]), saying(1, &[])];
    let outcomes = store.commit_decisions(together).await.unwrap();
    assert!(outcomes[0].is_ok(), "{:?}", outcomes[0]);
    let refused =
        |outcome: &crate::store::Result<_>| matches!(outcome, Err(StoreError::ReachedMeanwhile));
    assert!(refused(&outcomes[1]), "{:?}", outcomes[1]);
    let later = store.commit_decision(saying(1, &[])).await;
    assert!(refused(&later), "{later:?}");
    assert_eq!(words(&effects(&*store, 1).await), ["早"]);

    // The claim is good for a decision that knows it.
    store.commit_decision(saying(1, &[1])).await.unwrap();
    let contact = store.contact(&customer("a")).await.unwrap().unwrap();
    assert_eq!(contact.reached, [at(1), at(1)]);
}
