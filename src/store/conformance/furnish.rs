//! A store with something of everything in it, and its rows.

use std::time::Duration;

use super::support::{
    accept, at, customer, decision, effect, effects, finish, record, records, retry, sent, timer,
    urgent, words,
};
use crate::domain::broadcast::Reach;
use crate::domain::change::{ContactChange, TagGrant};
use crate::domain::ids::{OpenKfId, RecordId, RuleId, Tag};
use crate::domain::inbound::Channel;
use crate::domain::outgoing::Outgoing;
use crate::store::{
    ArchiveRow, AttemptEnd, BroadcastHead, ClaimedRecord, DecisionCommit, Deed, Delivery, Gather,
    GatherTo, ItemId, KfPage, KfPush, NewRecord, NewTarget, QuotaUse, RecordBody, RowOutcome,
    RuleUse, Section, Snapshot, SopRow, Store, Tally,
};

/// The day of all uses of rules.
pub(super) const DAY: jiff::civil::Date = jiff::civil::date(2026, 11, 22);

/// Somebody joins a broadcast.
pub(super) fn gather(who: &str) -> Gather {
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
            caps: None,
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

/// At most two a minute.
pub(super) fn quota(key: &str) -> QuotaUse {
    QuotaUse {
        key: key.to_owned(),
        max: 2,
        window: Duration::from_secs(60),
        since: None,
        holder: None,
    }
}

/// A record that nobody understands.
pub(super) fn unreadable() -> NewRecord {
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
    let claimed = records(store, now).await;
    let theirs = |record: &ClaimedRecord| record.inbound.person == Some(customer(who));
    claimed.into_iter().find(theirs).unwrap()
}

/// One of everything that `who` can leave behind, in every state.
pub(in crate::store) async fn furnish(store: &dyn Store, who: &str) {
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
        let end = match words(std::slice::from_ref(&claimed))[0] {
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
pub(in crate::store) async fn furnish_the_rest(store: &dyn Store) {
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

/// What an operator did.
pub(super) fn deed(what: &str) -> Deed {
    Deed {
        who: "root".to_owned(),
        what: what.to_owned(),
        result: "done".to_owned(),
    }
}

/// Everything in a snapshot, some rows at a time.
pub(in crate::store) async fn all_rows(snapshot: &dyn Snapshot) -> Vec<ArchiveRow> {
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

/// What is in rows.
pub(in crate::store) fn tally(rows: &[ArchiveRow]) -> Tally {
    let mut tally = Tally::default();
    rows.iter().for_each(|row| tally.add(row).unwrap());
    tally
}
