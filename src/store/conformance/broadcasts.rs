//! Broadcasts: gathering, steps, budgets.

use super::Subject;
use super::support::{CORP, accept, at, customer, decision, effect, effects, one_record, record};
use crate::domain::broadcast::{Budget, Reach};
use crate::domain::ids::{BroadcastId, Person, RecordId, SopId};
use crate::domain::outgoing::Outgoing;
use crate::store::{
    Broadcast, BroadcastChange, BroadcastHead, BroadcastQuery, BroadcastState, CapsSaid, Delivery,
    GATHER_QUIET, Gather, GatherTo, NewTarget, OVER_CEILING, RowOutcome, SopRow, SopRowKey,
    SopRowQuery, Store, TargetNews,
};

const QUIET: i64 = GATHER_QUIET.as_millis() as i64;
const ONE: BroadcastId = BroadcastId(1);

fn head(sender: &str, text: &str) -> BroadcastHead {
    BroadcastHead {
        app: "contact".into(),
        reach: Reach::Customers,
        sender: Some(sender.into()),
        rule: "sop/新客".into(),
        action: 0,
        record: RecordId(1),
        step: Some(0),
        tags: Vec::new(),
        messages: vec![Outgoing::Text { text: text.into() }],
    }
}

fn to(sender: &str, text: &str, who: &str) -> Gather {
    Gather {
        key: "v1".to_owned(),
        head: head(sender, text),
        to: GatherTo::One(NewTarget {
            person: customer(who),
            row: None,
            caps: None,
        }),
        budget: None,
    }
}

/// Decides to send, by way of a record of its own.
async fn send(store: &dyn Store, name: &str, gathers: Vec<Gather>, now: i64) {
    accept(store, vec![record(name, name, now)]).await;
    let claimed = one_record(store, now).await;
    let mut commit = decision(&claimed, now);
    commit.broadcasts = gathers;
    store.commit_decision(commit).await.unwrap();
}

async fn load(store: &dyn Store, id: BroadcastId) -> Broadcast {
    store.broadcast(id).await.unwrap().unwrap()
}

async fn people(store: &dyn Store, id: BroadcastId) -> Vec<(String, Delivery)> {
    let targets = store.broadcast_targets(id, None, 100).await.unwrap();
    let each = targets.into_iter();
    each.map(|target| (target.person.id().to_owned(), target.delivery))
        .collect()
}

fn planned(who: &str) -> (String, Delivery) {
    (who.to_owned(), Delivery::Planned)
}

pub async fn gather_what_is_alike(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    send(&*store, "a", vec![to("lin", "春茶", "a")], 0).await;
    send(&*store, "b", vec![to("lin", "春茶", "b")], 40_000).await;
    send(&*store, "c", vec![to("zhao", "春茶", "c")], 40_000).await;
    send(&*store, "d", vec![to("lin", "夏茶", "d")], 40_000).await;
    assert_eq!(people(&*store, ONE).await, [planned("a"), planned("b")]);
    assert_eq!(people(&*store, BroadcastId(2)).await, [planned("c")]);
    assert_eq!(people(&*store, BroadcastId(3)).await, [planned("d")]);
    assert_eq!(load(&*store, ONE).await.size(), 2);

    // It waits for more, from the last who joined.
    let due = async |now| store.broadcasts_due(at(now), 10).await.unwrap().len();
    assert_eq!(due(QUIET).await, 0);
    assert_eq!(due(40_000 + QUIET - 1).await, 0);
    assert_eq!(due(40_000 + QUIET).await, 3);
}

pub async fn waiting_for_more_has_an_end(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    for minute in 0..20 {
        let who = format!("c{minute}");
        let now = minute * 50_000;
        send(&*store, &who, vec![to("lin", "春茶", &who)], now).await;
    }
    let due = store.broadcasts_due(at(900_000), 10).await.unwrap();
    assert_eq!(due.len(), 1, "a quarter of an hour after the first");
}

pub async fn who_hears_it_unasked_is_counted_once(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    let mut gather = to("lin", "春茶", "x");
    gather.to = GatherTo::Matching(Vec::new());
    send(&*store, "a", vec![gather], 0).await;
    let join = |who: &str, reached: &[i64], held: Option<&str>| NewTarget {
        person: customer(who),
        row: None,
        caps: Some(CapsSaid {
            reached: reached.iter().map(|time| at(*time)).collect(),
            held: held.map(str::to_owned),
        }),
    };
    let mut change = BroadcastChange::of(load(&*store, ONE).await, at(5));
    change.join = vec![join("a", &[], None), join("b", &[], Some("enough"))];
    assert!(store.change_broadcast(change).await.unwrap());
    let refused = ("b".to_owned(), Delivery::Refused);
    assert_eq!(people(&*store, ONE).await, [planned("a"), refused]);
    let reached = async |who| {
        let contact = store.contact(&customer(who)).await.unwrap();
        contact.map(|contact| contact.reached).unwrap_or_default()
    };
    assert_eq!(reached("a").await, [at(5)]);
    assert_eq!(reached("b").await, []);

    // Asked about before that: it is to be asked again, and nothing has happened.
    let mut late = BroadcastChange::of(load(&*store, ONE).await, at(6));
    late.join = vec![join("c", &[], None), join("a", &[], None)];
    assert!(!store.change_broadcast(late.clone()).await.unwrap());
    assert_eq!(people(&*store, ONE).await.len(), 2);
    late.join = vec![join("c", &[], None)];
    assert!(store.change_broadcast(late).await.unwrap());
}

pub async fn what_goes_into_the_inbox_is_stored_with_the_change(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    send(&*store, "a", vec![to("lin", "春茶", "a")], 0).await;
    let mut change = BroadcastChange::of(load(&*store, ONE).await, at(1));
    change.broadcast.state = BroadcastState::Failed;
    change.records = vec![record("told", "told", 1)];
    assert!(store.change_broadcast(change.clone()).await.unwrap());
    assert!(!store.change_broadcast(change).await.unwrap());
    let claimed = one_record(&*store, 1).await;
    assert_eq!(claimed.received_at, at(1));
}

pub async fn nobody_is_in_one_twice(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    send(&*store, "a", vec![to("lin", "春茶", "a")], 0).await;
    send(&*store, "b", vec![to("lin", "春茶", "a")], 1).await;
    assert_eq!(people(&*store, ONE).await, [planned("a")]);
    assert_eq!(people(&*store, BroadcastId(2)).await, [planned("a")]);
}

pub async fn a_closed_one_takes_nobody(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    send(&*store, "a", vec![to("lin", "春茶", "a")], 0).await;
    let mut row = load(&*store, ONE).await;
    row.state = BroadcastState::Queued;
    row.due = None;
    let mut change = BroadcastChange::of(row, at(1));
    change.effect = Some(effect("mass/lin", "x", 1));
    assert!(store.change_broadcast(change).await.unwrap());
    let made = effects(&*store, 1).await;
    assert_eq!(load(&*store, ONE).await.effect, Some(made[0].id));
    send(&*store, "b", vec![to("lin", "春茶", "b")], 2).await;
    assert_eq!(people(&*store, BroadcastId(2)).await, [planned("b")]);
    assert_eq!(
        store
            .broadcasts_due(at(i64::MAX - 1), 10)
            .await
            .unwrap()
            .len(),
        1
    );
}

pub async fn who_read_an_older_state_changes_nothing(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    send(&*store, "a", vec![to("lin", "春茶", "a")], 0).await;
    let seen = load(&*store, ONE).await;
    send(&*store, "b", vec![to("lin", "春茶", "b")], 1).await;
    let mut change = BroadcastChange::of(seen, at(2));
    change.rest = Some((Delivery::Cancelled, None));
    change.effect = Some(effect("mass/lin", "x", 1));
    assert!(!store.change_broadcast(change).await.unwrap());
    assert_eq!(people(&*store, ONE).await, [planned("a"), planned("b")]);
    assert!(effects(&*store, 2).await.is_empty());
}

fn row_of(who: &str) -> SopRow {
    SopRow {
        sop: SopId::from("新客"),
        version: "v1".to_owned(),
        step: 0,
        name: None,
        target: customer(who),
        run: at(0),
        planned: at(0),
        actual: at(0),
        outcome: RowOutcome::Done,
        why: None,
        delivery: Delivery::Planned,
        delivery_why: None,
        delivery_at: None,
        broadcast: None,
    }
}

fn key_of(who: &str) -> SopRowKey {
    row_of(who).key()
}

pub async fn news_reaches_the_targets_and_their_steps(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    accept(&*store, vec![record("x", "x", 0)]).await;
    let claimed = one_record(&*store, 0).await;
    let mut commit = decision(&claimed, 0);
    for who in ["a", "b", "c"] {
        commit.rows.push(row_of(who));
        let mut gather = to("lin", "春茶", who);
        gather.to = GatherTo::One(NewTarget {
            person: customer(who),
            row: Some(key_of(who)),
            caps: None,
        });
        commit.broadcasts.push(gather);
    }
    store.commit_decision(commit).await.unwrap();

    let mut change = BroadcastChange::of(load(&*store, ONE).await, at(9));
    change.news = vec![TargetNews {
        person: customer("b"),
        delivery: Delivery::Refused,
        why: Some("gone".to_owned()),
    }];
    change.rest = Some((Delivery::Created, None));
    assert!(store.change_broadcast(change).await.unwrap());
    let expected = [
        ("a".to_owned(), Delivery::Created),
        ("b".to_owned(), Delivery::Refused),
        ("c".to_owned(), Delivery::Created),
    ];
    assert_eq!(people(&*store, ONE).await, expected);
    let row = load(&*store, ONE).await;
    assert_eq!((row.size(), row.open()), (3, 2));
    let rows = store
        .sop_rows(SopRowQuery {
            sop: SopId::from("新客"),
            since: at(0),
            after: None,
            limit: 10,
        })
        .await
        .unwrap();
    let told: Vec<_> = rows
        .iter()
        .map(|row| (row.delivery, row.broadcast.as_deref()))
        .collect();
    assert_eq!(
        told,
        [
            (Delivery::Created, Some("bc-1")),
            (Delivery::Refused, Some("bc-1")),
            (Delivery::Created, Some("bc-1")),
        ]
    );
    assert_eq!(rows[1].delivery_why.as_deref(), Some("gone"));
}

fn budget(most: u32) -> Option<Budget> {
    Some(Budget {
        from: at(0),
        until: at(1_000_000),
        most,
    })
}

async fn send_within(store: &dyn Store, name: &str, most: u32, now: i64) {
    let mut gather = to("lin", name, "a");
    gather.budget = budget(most);
    send(store, name, vec![gather], now).await;
}

pub async fn nobody_gets_more_than_the_ceiling(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    send_within(&*store, "one", 2, 1).await;
    send_within(&*store, "two", 2, 2).await;
    send_within(&*store, "three", 2, 3).await;
    let third = BroadcastId(3);
    let targets = store.broadcast_targets(third, None, 9).await.unwrap();
    assert_eq!(targets[0].delivery, Delivery::Refused);
    assert_eq!(targets[0].why.as_deref(), Some(OVER_CEILING));
    assert_eq!(load(&*store, third).await.open(), 0);

    // What does not reach them leaves its place to another.
    let mut change = BroadcastChange::of(load(&*store, ONE).await, at(4));
    change.rest = Some((Delivery::Cancelled, None));
    assert!(store.change_broadcast(change).await.unwrap());
    send_within(&*store, "four", 2, 5).await;
    assert_eq!(people(&*store, BroadcastId(4)).await, [planned("a")]);
}

pub async fn what_leaves_in_the_next_month_is_counted_there(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    let within = |name: &str, from: i64| {
        let mut gather = to("lin", name, "a");
        gather.budget = Some(Budget {
            from: at(from),
            until: at(from + 1000),
            most: 1,
        });
        gather
    };
    send(&*store, "one", vec![within("one", 0)], 999).await;
    let mut change = BroadcastChange::of(load(&*store, ONE).await, at(1001));
    change.rest = Some((Delivery::Created, None));
    assert!(store.change_broadcast(change).await.unwrap());
    send(&*store, "two", vec![within("two", 1000)], 1002).await;
    let two = BroadcastId(2);
    let refused = ("a".to_owned(), Delivery::Refused);
    assert_eq!(people(&*store, two).await, [refused]);
    // It is known later that it has arrived: the month stays.
    let mut change = BroadcastChange::of(load(&*store, ONE).await, at(2001));
    change.rest = Some((Delivery::Delivered, None));
    assert!(store.change_broadcast(change).await.unwrap());
    send(&*store, "three", vec![within("three", 2000)], 2002).await;
    assert_eq!(people(&*store, BroadcastId(3)).await, [planned("a")]);
}

pub async fn what_others_have_used_up_is_known(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    send_within(&*store, "one", 30, 1).await;
    let mut change = BroadcastChange::of(load(&*store, ONE).await, at(2));
    change.budget = budget(30);
    change.news = vec![TargetNews {
        person: customer("a"),
        delivery: Delivery::Refused,
        why: Some(OVER_CEILING.to_owned()),
    }];
    assert!(store.change_broadcast(change).await.unwrap());
    send_within(&*store, "two", 30, 3).await;
    assert_eq!(load(&*store, BroadcastId(2)).await.open(), 0);
    send_within(&*store, "next month", 30, 1_000_000).await;
    assert_eq!(load(&*store, BroadcastId(3)).await.open(), 1);
}

pub async fn a_full_one_goes_on_in_another(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    let mut gather = to("lin", "春茶", "x");
    gather.head.reach = Reach::Groups;
    gather.to = GatherTo::Matching(Vec::new());
    send(&*store, "a", vec![gather], 0).await;
    let row = load(&*store, ONE).await;
    assert!(row.audience.is_some());
    let mut change = BroadcastChange::of(row, at(1));
    change.join = (0..2_001)
        .map(|number| NewTarget {
            person: Person::Group(format!("wr{number}").into()),
            row: None,
            caps: None,
        })
        .collect();
    assert!(store.change_broadcast(change).await.unwrap());
    let (first, second) = (
        load(&*store, ONE).await,
        load(&*store, BroadcastId(2)).await,
    );
    assert_eq!((first.size(), second.size()), (2_000, 1));
    assert!(first.audience.is_none() && second.audience.is_some());
    assert_eq!(store.broadcasts_due(at(1), 10).await.unwrap().len(), 2);
}

pub async fn are_listed_the_newest_first(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    for number in 1..=5 {
        let text = number.to_string();
        send(&*store, &text, vec![to("lin", &text, "a")], number).await;
    }
    let mut row = load(&*store, BroadcastId(4)).await;
    row.state = BroadcastState::Cancelled;
    row.due = None;
    let change = BroadcastChange::of(row, at(9));
    assert!(store.change_broadcast(change).await.unwrap());
    let list = async |query| {
        let found = store.broadcasts(query).await.unwrap();
        let ids = found.into_iter().map(|row| row.id.0);
        ids.collect::<Vec<_>>()
    };
    let query = BroadcastQuery {
        limit: 3,
        ..BroadcastQuery::default()
    };
    assert_eq!(list(query.clone()).await, [5, 4, 3]);
    let older = BroadcastQuery {
        before: Some(BroadcastId(3)),
        ..query.clone()
    };
    assert_eq!(list(older).await, [2, 1]);
    let gathering = BroadcastQuery {
        states: vec![BroadcastState::Gathering],
        ..query
    };
    assert_eq!(list(gathering).await, [5, 3, 2]);
}

pub async fn stay_after_a_restart(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    send(&*store, "a", vec![to("lin", "春茶", "a")], 0).await;
    drop(store);
    let store = subject.open(CORP).await;
    send(&*store, "b", vec![to("lin", "春茶", "b")], 1).await;
    assert_eq!(people(&*store, ONE).await, [planned("a"), planned("b")]);
    assert_eq!(store.broadcasts_due(at(QUIET), 10).await.unwrap().len(), 1);
}
