//! The data as a whole: rows of an archive from one store into another.

use std::time::Duration;

use super::Subject;
use super::support::{
    CORP, accept, at, customer, decision, effect, effects, finish, one_record, record, retry, sent,
    text_of, timer, urgent,
};
use crate::domain::broadcast::Reach;
use crate::domain::change::{ContactChange, TagGrant};
use crate::domain::ids::{BroadcastId, OpenKfId, RecordId, RuleId, Tag};
use crate::domain::inbound::Channel;
use crate::domain::outgoing::Outgoing;
use crate::store::{
    Acceptance, ArchiveRow, AttemptEnd, AuditQuery, BroadcastHead, BroadcastQuery, ClaimedRecord,
    DecisionCommit, Deed, Delivery, Filling, Gather, GatherTo, ItemId, ItemState, KfPage, KfPush,
    NewRecord, NewTarget, QueueFilter, QuotaUse, RecordBody, RecordQuery, RowOutcome, RuleUse,
    Section, Snapshot, SopRow, SopRowQuery, Store, StoreError, Tally,
};

const OTHER: &str = "ww0000000000000002";
const DAY: jiff::civil::Date = jiff::civil::date(2026, 11, 22);

fn gather(who: &str) -> Gather {
    Gather {
        key: "v1".to_owned(),
        head: BroadcastHead {
            app: "contact".into(),
            reach: Reach::Customers,
            sender: Some("lin".into()),
            rule: "sop/新客".into(),
            action: 0,
            record: RecordId(1),
            step: Some(0),
            tags: Vec::new(),
            messages: vec![Outgoing::Text {
                text: "春茶".to_owned(),
            }],
        },
        to: GatherTo::One(NewTarget {
            person: customer(who),
            row: Some(sop_row(who).key()),
        }),
        budget: None,
    }
}

fn sop_row(who: &str) -> SopRow {
    SopRow {
        sop: "新客".into(),
        version: "v1".to_owned(),
        step: 0,
        name: None,
        target: customer(who),
        run: at(1),
        planned: at(2),
        actual: at(3),
        outcome: RowOutcome::Done,
        why: None,
        delivery: Delivery::Planned,
        delivery_why: None,
        delivery_at: None,
        broadcast: None,
    }
}

fn quota(key: &str) -> QuotaUse {
    QuotaUse {
        key: key.to_owned(),
        max: 2,
        window: Duration::from_secs(60),
        since: None,
    }
}

fn unreadable() -> NewRecord {
    NewRecord {
        body: RecordBody::Unreadable {
            channel: Channel::Kf,
            app: "kf".into(),
            raw: "<xml>".to_owned(),
            reason: "no MsgType".to_owned(),
        },
        ..record("nobody", "unreadable", 1)
    }
}

/// Claims what is due, and gives the one of this person.
async fn of(store: &dyn Store, who: &str, now: i64) -> ClaimedRecord {
    let claimed = super::support::records(store, now).await;
    let theirs = |record: &ClaimedRecord| record.inbound.person == Some(customer(who));
    claimed.into_iter().find(theirs).unwrap()
}

/// One of everything that `who` can leave behind, in every state.
async fn furnish(store: &dyn Store, who: &str) {
    accept(store, vec![record(who, &format!("{who}-1"), 1)]).await;
    let first = of(store, who, 1).await;
    let commit = DecisionCommit {
        contact: Some(ContactChange {
            person: Some(customer(who)),
            add_tags: vec![TagGrant {
                tag: Tag::from("意向/退款"),
                rule: RuleId::from("refund"),
                version: Some("v1".to_owned()),
                record: Some(first.id),
            }],
            wrote_at: Some(at(1)),
            conversation: Some(first.inbound.conversation.clone()),
            ..ContactChange::default()
        }),
        uses: vec![RuleUse {
            rule: RuleId::from("refund"),
            day: DAY,
            max: 9,
        }],
        effects: [
            "sent", "failed", "unknown", "dropped", "again", "sending", "ready",
        ]
        .map(|lane| effect(&format!("{who}-{lane}"), lane, 1))
        .into(),
        broadcasts: vec![gather(who)],
        timers: vec![timer(&format!("sop/{who}"), 5_000)],
        rows: vec![sop_row(who)],
        trace: Some(serde_json::json!({"seen": {"name": "小明"}})),
        ..decision(&first, 1)
    };
    store.commit_decision(commit).await.unwrap();
    for claimed in effects(store, 2).await {
        let reason = || "why".to_owned();
        let end = match super::support::words(std::slice::from_ref(&claimed))[0] {
            "sent" => sent(),
            "failed" => AttemptEnd::Failed { reason: reason() },
            "unknown" => AttemptEnd::Unknown { reason: reason() },
            "dropped" => AttemptEnd::Dropped { reason: reason() },
            "again" => retry(900),
            "ready" => AttemptEnd::Snooze {
                at: at(3),
                reason: reason(),
            },
            _ => continue,
        };
        finish(store, &claimed, end, 2).await;
    }
    let more = ["2", "3", "4"].map(|n| record(who, &format!("{who}-{n}"), 2));
    accept(store, more.into()).await;
    let second = of(store, who, 2).await;
    let buried = store.bury_record(second.id, second.fence, "poison", at(2));
    buried.await.unwrap();
    // At the end of its lane now, behind those that came later.
    store
        .redrive(ItemId::Record(second.id), at(3))
        .await
        .unwrap();
    accept(store, vec![urgent(who, &format!("{who}-urgent"), 3)]).await;
}

/// One of everything that belongs to nobody.
async fn furnish_the_rest(store: &dyn Store) {
    accept(store, vec![unreadable()]).await;
    let page = KfPage {
        open_kfid: OpenKfId::from("wk1"),
        expected_cursor: None,
        next_cursor: Some("c1".to_owned()),
        records: vec![record("page", "page-1", 4)],
        answers_pushes_until: None,
    };
    store.accept_kf_page(page).await.unwrap();
    let push = KfPush {
        app: "kf".into(),
        open_kfid: OpenKfId::from("wk2"),
        token: Some("t".to_owned()),
        received_at: at(4),
    };
    store.note_kf_push(push).await.unwrap();
    let facts = vec![(
        "instance".to_owned(),
        serde_json::json!({"b": 1.5, "a": ["x"]}),
    )];
    store.put_facts(facts).await.unwrap();
    store.reserve(&[quota("q")], at(4)).await.unwrap();
    store
        .note_deed(deed("queue redrive out-1"), at(4))
        .await
        .unwrap();
}

fn deed(what: &str) -> Deed {
    Deed {
        who: "root".to_owned(),
        what: what.to_owned(),
        result: "done".to_owned(),
    }
}

/// Everything in a snapshot, some rows at a time.
async fn all_rows(snapshot: &dyn Snapshot) -> Vec<ArchiveRow> {
    let mut rows = Vec::new();
    for section in Section::ALL {
        let mut after = None;
        loop {
            let page = snapshot.page(section, after.as_deref(), 2).await.unwrap();
            assert!(page.rows.iter().all(|row| row.section() == section));
            rows.extend(page.rows);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
    }
    rows
}

fn tally(rows: &[ArchiveRow]) -> Tally {
    let mut tally = Tally::default();
    rows.iter().for_each(|row| tally.add(row).unwrap());
    tally
}

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
    let states = [
        ItemState::Ready,
        ItemState::Working,
        ItemState::Done,
        ItemState::Sent,
        ItemState::Failed,
        ItemState::Unknown,
        ItemState::Dropped,
        ItemState::Dead,
        ItemState::Discarded,
    ];
    let filter = QueueFilter {
        states: states.into(),
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
            told.push(format!(
                "{:?}",
                super::support::words(std::slice::from_ref(&claimed))
            ));
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
        for claimed in super::support::records(store, now).await {
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
    for claimed in super::support::records(store, 2000).await {
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
    let mentioned = crate::store::erase::mentions(text.as_bytes(), "wm-a");
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
            crate::store::erase::mentions(text.as_bytes(), who)
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
    assert!(super::support::is_fenced(&late), "{late:?}");
    assert!(super::support::records(&*store, 3).await.is_empty());
    // They may write again: that is a new story.
    accept(&*store, vec![record("wm-a", "3", 4)]).await;
    assert_eq!(text_of(&one_record(&*store, 4).await.inbound), "3");
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
