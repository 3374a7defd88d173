//! What became of the steps of SOPs.

use std::time::Duration;

use super::Subject;
use super::support::{
    CORP, accept, at, customer, decision, effect, effects, is_fenced, one_record, record, records,
};
use crate::domain::ids::{ChatId, EffectId, Person, SopId};
use crate::store::{
    AttemptEnd, DecisionCommit, Delivery, DeliveryNote, ItemId, ItemState, QueueFilter, Retention,
    RowOutcome, SopRow, SopRowQuery, Store, StoreError,
};

fn row(sop: &str, target: Person, run: i64, step: u32) -> SopRow {
    SopRow {
        sop: sop.into(),
        version: "v1".to_owned(),
        step,
        name: Some("首单礼".to_owned()),
        target,
        run: at(run),
        planned: at(run + 10),
        actual: at(run + 20),
        outcome: RowOutcome::Done,
        why: None,
        delivery: Delivery::Planned,
        delivery_why: None,
        delivery_at: None,
        broadcast: None,
    }
}

fn query(sop: &str) -> SopRowQuery {
    SopRowQuery {
        sop: sop.into(),
        since: at(i64::MIN),
        after: None,
        limit: 100,
    }
}

async fn write(store: &dyn Store, name: &str, rows: Vec<SopRow>) {
    accept(store, vec![record(name, name, 0)]).await;
    let claimed = one_record(store, 0).await;
    let decision = DecisionCommit {
        rows,
        ..decision(&claimed, 0)
    };
    store.commit_decision(decision).await.unwrap();
}

pub async fn are_written_with_their_decision(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    accept(&*store, vec![record("a", "a", 0)]).await;
    let claimed = one_record(&*store, 0).await;
    let waiting = SopRow {
        outcome: RowOutcome::Waiting,
        why: Some("quiet hours".to_owned()),
        ..row("甲", customer("a"), 5, 0)
    };
    let first = DecisionCommit {
        rows: vec![waiting.clone()],
        ..decision(&claimed, 0)
    };
    store.commit_decision(first).await.unwrap();
    assert_eq!(store.sop_rows(query("甲")).await.unwrap(), [waiting]);

    let done = row("甲", customer("a"), 5, 0);
    let refused = store
        .commit_decision(DecisionCommit {
            rows: vec![done.clone()],
            ..decision(&claimed, 0)
        })
        .await;
    assert!(is_fenced(&refused));
    let stays = store.sop_rows(query("甲")).await.unwrap();
    assert_eq!(stays[0].outcome, RowOutcome::Waiting);

    write(&*store, "b", vec![done.clone()]).await;
    drop(store);
    let store = subject.open(CORP).await;
    assert_eq!(
        store.sop_rows(query("甲")).await.unwrap(),
        [done],
        "the same step has one row"
    );
}

pub async fn come_by_run_target_and_step(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    let group = Person::Group(ChatId::from("wr1"));
    let rows = vec![
        row("甲", customer("b"), 10, 1),
        row("甲", customer("a"), 20, 0),
        row("甲", group.clone(), 10, 0),
        row("甲", customer("b"), 10, 0),
        row("甲", customer("c"), -5, 300),
    ];
    write(&*store, "x", rows).await;
    let places = |rows: Vec<SopRow>| -> Vec<(i64, String, u32)> {
        let each = rows.into_iter();
        each.map(|row| (row.run.0, row.target.id().to_owned(), row.step))
            .collect()
    };
    let place = |run, target: &str, step| (run, target.to_owned(), step);
    let wanted = [
        place(-5, "c", 300),
        place(10, "b", 0),
        place(10, "b", 1),
        place(10, "wr1", 0),
        place(20, "a", 0),
    ];
    let all = store.sop_rows(query("甲")).await.unwrap();
    assert_eq!(places(all.clone()), wanted);

    let since = SopRowQuery {
        since: at(11),
        ..query("甲")
    };
    assert_eq!(places(store.sop_rows(since).await.unwrap()), wanted[4..]);
    let mut paged = Vec::new();
    loop {
        let page = SopRowQuery {
            after: paged.last().map(SopRow::key),
            limit: 2,
            ..query("甲")
        };
        let page = store.sop_rows(page).await.unwrap();
        if page.is_empty() {
            break;
        }
        paged.extend(page);
    }
    assert_eq!(paged, all);
}

pub async fn keep_a_members_first_word(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    let asked = row("甲", customer("c"), 5, 0);
    write(&*store, "step", vec![asked.clone()]).await;
    accept(&*store, vec![record("a", "1", 1), record("b", "2", 1)]).await;
    let claimed = records(&*store, 1).await;
    let says = |n: usize, delivery| DecisionCommit {
        unsettled: Some(asked.key()),
        notes: vec![DeliveryNote {
            key: asked.key(),
            delivery,
            why: None,
            broadcast: None,
        }],
        ..decision(&claimed[n], 1)
    };
    let both = vec![says(0, Delivery::ByHand), says(1, Delivery::Declined)];
    let both = store.commit_decisions(both).await.unwrap();
    assert!(both[0].is_ok(), "{:?}", both[0]);
    assert!(matches!(both[1], Err(StoreError::Settled)), "{:?}", both[1]);
    let later = store.commit_decision(says(1, Delivery::Declined)).await;
    assert!(matches!(later, Err(StoreError::Settled)), "{later:?}");
    let known = store.sop_rows(query("甲")).await.unwrap();
    assert_eq!(known[0].delivery, Delivery::ByHand);
    // The claim is good for a decision that knows it.
    store
        .commit_decision(decision(&claimed[1], 1))
        .await
        .unwrap();
}

pub async fn ids_that_begin_alike_are_told_apart(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    let rows = vec![
        row("a", customer("x"), 1, 0),
        row("a\0", customer("x"), 1, 0),
        row("ab", customer("x"), 1, 0),
        row("a", customer("xy"), 1, 0),
    ];
    write(&*store, "x", rows).await;
    for (sop, count) in [("a", 2), ("a\0", 1), ("ab", 1), ("", 0)] {
        let found = store.sop_rows(query(sop)).await.unwrap();
        assert_eq!(found.len(), count, "{sop:?}");
        assert!(found.iter().all(|row| row.sop == SopId::from(sop)));
    }
}

pub async fn news_of_a_message_goes_into_its_row(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    let row = row("甲", customer("a"), 5, 0);
    write(&*store, "x", vec![row.clone()]).await;
    let note = |delivery, why: Option<&str>, broadcast: Option<&str>| DeliveryNote {
        key: row.key(),
        delivery,
        why: why.map(str::to_owned),
        broadcast: broadcast.map(str::to_owned),
    };
    let unknown = DeliveryNote {
        key: self::row("乙", customer("a"), 5, 0).key(),
        ..note(Delivery::Failed, None, None)
    };
    let tell = async |name: &str, notes: Vec<DeliveryNote>, now: i64| {
        accept(&*store, vec![record(name, name, now)]).await;
        let claimed = one_record(&*store, now).await;
        let told = DecisionCommit {
            notes,
            ..decision(&claimed, now)
        };
        store.commit_decision(told).await.unwrap();
    };
    let created = note(Delivery::Created, None, Some("b-1"));
    tell("y", vec![created, unknown], 70).await;
    let refused = note(Delivery::Refused, Some("monthly cap"), None);
    tell("z", vec![refused], 80).await;
    let wanted = SopRow {
        delivery: Delivery::Refused,
        delivery_why: Some("monthly cap".to_owned()),
        delivery_at: Some(at(80)),
        broadcast: Some("b-1".to_owned()),
        ..row.clone()
    };
    assert_eq!(store.sop_rows(query("甲")).await.unwrap(), [wanted]);
    assert_eq!(store.sop_rows(query("乙")).await.unwrap(), []);
}

pub async fn what_holds_the_first_of_a_lane_holds_those_behind_it(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    accept(&*store, vec![record("x", "x", 0)]).await;
    let claimed = one_record(&*store, 0).await;
    let people = ["a", "b", "c"];
    let rows: Vec<SopRow> = people.map(|who| row("甲", customer(who), 5, 0)).into();
    let carries = |lane: &str, row: &SopRow| {
        let mut message = effect(lane, "x", 0);
        message.origin.row = Some(row.key());
        message
    };
    let lanes = ["one", "one", "two"];
    let each = lanes.iter().zip(&rows);
    let decided = DecisionCommit {
        effects: each.map(|(lane, row)| carries(lane, row)).collect(),
        rows: rows.clone(),
        ..decision(&claimed, 0)
    };
    store.commit_decision(decided).await.unwrap();
    let why = async || {
        let rows = store.sop_rows(query("甲")).await.unwrap();
        let each = rows.into_iter().map(|row| row.delivery_why);
        each.collect::<Vec<_>>()
    };
    let head = effects(&*store, 0).await.remove(0);
    let filter = QueueFilter {
        states: vec![ItemState::Ready],
        limit: 9,
    };
    let listed = store.list(filter).await.unwrap();
    let behind = format!("it waits behind {}", head.id);
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].reason.as_ref(), Some(&behind));

    store.note_held(head.id, "quiet hours").await.unwrap();
    let quiet = Some("quiet hours".to_owned());
    assert_eq!(why().await, [quiet.clone(), quiet.clone(), None]);
    // Whoever is first next has a newer reason; those behind keep what they know.
    store.note_held(head.id, "paused").await.unwrap();
    assert_eq!(why().await, [Some("paused".to_owned()), quiet, None]);
    assert!(store.note_held(EffectId(99), "x").await.is_ok());
}

pub async fn the_end_of_an_effect_goes_into_the_row_whose_message_it_carries(
    subject: &dyn Subject,
) {
    let store = subject.open(CORP).await;
    let row = row("甲", customer("a"), 5, 0);
    accept(&*store, vec![record("x", "x", 0)]).await;
    let claimed = one_record(&*store, 0).await;
    let mut decision = DecisionCommit {
        rows: vec![row.clone()],
        ..decision(&claimed, 0)
    };
    for lane in ["one", "two"] {
        let mut part = effect(lane, "x", 0);
        part.origin.row = Some(row.key());
        decision.effects.push(part);
    }
    decision.effects.push(effect("other", "x", 0));
    store.commit_decision(decision).await.unwrap();
    let carried = async || {
        let rows = store.sop_rows(query("甲")).await.unwrap();
        (rows[0].delivery, rows[0].delivery_why.clone())
    };
    let claimed = effects(&*store, 0).await;
    let end = async |index: usize, end| {
        let (id, fence) = (claimed[index].id, claimed[index].fence);
        store.finish_effect(id, fence, end, at(9)).await.unwrap();
    };
    let failed = || AttemptEnd::Failed {
        reason: "60011".to_owned(),
    };
    end(2, failed()).await;
    assert_eq!(carried().await, (Delivery::Planned, None));
    end(0, failed()).await;
    let bad = (Delivery::Failed, Some("60011".to_owned()));
    assert_eq!(carried().await, bad);
    // The other part does not make up for it; a redrive does.
    end(1, AttemptEnd::Sent { note: None }).await;
    assert_eq!(carried().await, bad);
    let item = ItemId::Effect(claimed[0].id);
    assert!(store.redrive(item, at(10)).await.unwrap());
    assert_eq!(carried().await, (Delivery::Planned, None));
    let again = effects(&*store, 10).await;
    let sent = AttemptEnd::Sent { note: None };
    let sent = store.finish_effect(again[0].id, again[0].fence, sent, at(11));
    sent.await.unwrap();
    assert_eq!(carried().await, (Delivery::Delivered, None));
}

pub async fn old_ones_are_pruned(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    let rows = (0..10).map(|n| row("甲", customer("a"), n * 100, 0));
    write(&*store, "x", rows.collect()).await;
    let retention = Retention {
        dedupe: Duration::from_secs(3600),
        history: Duration::from_secs(3600),
        traces: Duration::from_secs(3600),
        reports: Duration::from_millis(500),
        audit: Duration::from_secs(3600),
    };
    // Kept are those decided about at 500 or later: the runs from 500 on.
    for _ in 0..20 {
        store.prune(retention, at(1000), 3).await.unwrap();
    }
    let left = store.sop_rows(query("甲")).await.unwrap();
    let runs: Vec<i64> = left.iter().map(|row| row.run.0).collect();
    assert_eq!(runs, [500, 600, 700, 800, 900]);
}
