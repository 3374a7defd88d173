//! Files that are whole and files that are not, restores, and moves that are cut off.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::export::Export;
use super::hold::{HELD, Hold};
use super::move_rows::{Move, restore};
use super::{Backup, BackupError, Head, stream};
use crate::domain::clock::UnixMillis;
use crate::domain::ids::{CorpId, Person};
use crate::store::embedded::EmbeddedStore;
use crate::store::{ArchiveRow, ContactFacts, ItemState, Section, Store, StoreError};

const CORP: &str = "ww0000000000000001";
const BEGUN: UnixMillis = UnixMillis(1_795_000_000_000);

fn corp() -> CorpId {
    CorpId::from(CORP)
}

fn redb(folder: &Path) -> Arc<dyn Store> {
    Arc::new(EmbeddedStore::open_redb(folder, &corp()).unwrap())
}

fn sled(folder: &Path) -> Arc<dyn Store> {
    Arc::new(EmbeddedStore::open_sled(folder, &corp()).unwrap())
}

async fn furnish(store: &dyn Store, contacts: usize) {
    for number in 0..contacts {
        let person = Person::External(format!("wm{number:05}").into());
        let facts = ContactFacts::asked(person, BEGUN);
        store.merge_contact(facts).await.unwrap();
    }
    let facts = vec![("instance".to_owned(), json!("abcdefgh"))];
    store.put_facts(facts).await.unwrap();
}

async fn written(store: Arc<dyn Store>, folder: &Path) -> PathBuf {
    let mut pieces = stream(store, Head::new(corp(), BEGUN));
    let mut bytes = Vec::new();
    while let Some(piece) = pieces.recv().await {
        bytes.extend_from_slice(&piece.unwrap());
    }
    let path = folder.join("backup.jsonl");
    std::fs::write(&path, bytes).unwrap();
    path
}

#[tokio::test]
async fn only_what_is_whole_is_taken() {
    let folder = TempDir::new().unwrap();
    let store = redb(&folder.path().join("data"));
    furnish(&*store, 3).await;
    let path = written(store, folder.path()).await;
    let backup = Backup::verify(&path, Some(&corp())).unwrap();
    assert_eq!(backup.rows[&Section::Contact], 3);
    assert_eq!(backup.head.at, BEGUN);

    let good = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = good.lines().collect();
    let verify = |text: &str| {
        std::fs::write(&path, text).unwrap();
        Backup::verify(&path, Some(&corp())).unwrap_err()
    };
    let without_end = format!("{}\n", lines[..lines.len() - 1].join("\n"));
    assert!(matches!(verify(&without_end), BackupError::CutOff { .. }));
    // Every cut and every changed byte shows.
    for end in (0..good.len() - 1).step_by(7) {
        verify(&String::from_utf8_lossy(&good.as_bytes()[..end]));
    }
    let row_missing = format!("{}\n{}\n", lines[0], lines[2..].join("\n"));
    assert!(matches!(verify(&row_missing), BackupError::Damaged { .. }));
    assert!(matches!(
        verify(&good.replace("wm00001", "wm00009")),
        BackupError::Damaged { .. }
    ));
    assert!(matches!(
        verify(&format!("{good}more\n")),
        BackupError::Damaged { .. }
    ));
    let newer = good.replace("\"wecom_agent_backup\":1", "\"wecom_agent_backup\":2");
    assert!(matches!(verify(&newer), BackupError::Newer { found: 2 }));
    assert!(matches!(verify("{\"a\":1}\n"), BackupError::NotOne));
    assert!(matches!(verify(""), BackupError::NotOne));
    std::fs::write(&path, &good).unwrap();
    let other = CorpId::from("ww2");
    let foreign = Backup::verify(&path, Some(&other)).unwrap_err();
    assert!(matches!(foreign, BackupError::Foreign { found } if found == corp()));
}

#[tokio::test]
async fn a_restore_needs_an_empty_store_and_brings_everything() {
    let folder = TempDir::new().unwrap();
    let store = redb(&folder.path().join("data"));
    furnish(&*store, 1200).await;
    let path = written(Arc::clone(&store), folder.path()).await;
    let backup = Backup::verify(&path, None).unwrap();
    let refused = restore(&backup, &*store, None).await;
    assert!(matches!(
        refused,
        Err(BackupError::Store(StoreError::NotEmpty))
    ));

    let new = sled(&folder.path().join("new"));
    assert_eq!(restore(&backup, &*new, None).await.unwrap(), backup.count());
    assert_eq!(
        new.contacts_after(None, 2000).await.unwrap(),
        store.contacts_after(None, 2000).await.unwrap()
    );
    let again = written(new, folder.path()).await;
    assert_eq!(Backup::verify(&again, None).unwrap().sha256, backup.sha256);
}

#[tokio::test]
async fn a_move_that_is_cut_off_goes_on() {
    let folder = TempDir::new().unwrap();
    let store = redb(&folder.path().join("data"));
    furnish(&*store, 1700).await;
    let target = folder.path().join("new");
    let mut runs = 0;
    let (old, new) = loop {
        // Killed after every page.
        let to = sled(&target);
        let mut moving = Move::begin(&*store, &*to, "/data").await.unwrap();
        runs += 1;
        assert!(runs < 60, "it never comes to its end");
        if !moving.step().await.unwrap() {
            break moving.finish().await.unwrap();
        }
    };
    assert_eq!(old, new);
    assert_eq!(new[&Section::Contact].rows, 1700);
    let to = sled(&target);
    assert_eq!(to.filling().await.unwrap(), None);
    // Whoever has not heard of the end hears of it now, with nothing left to move.
    let mut again = Move::begin(&*store, &*to, "/data").await.unwrap();
    assert!(!again.step().await.unwrap());
    assert_eq!(again.finish().await.unwrap().1, new);
    furnish(&*to, 1701).await;
    let again = Move::begin(&*store, &*to, "/data").await;
    assert!(matches!(again.err(), Some(StoreError::NotEmpty)));
}

#[tokio::test]
async fn a_store_that_changed_meanwhile_is_not_declared_whole() {
    let folder = TempDir::new().unwrap();
    let store = redb(&folder.path().join("data"));
    furnish(&*store, 3).await;
    let to = sled(&folder.path().join("new"));
    let mut moving = Move::begin(&*store, &*to, "/data").await.unwrap();
    while moving.step().await.unwrap() {}
    furnish(&*store, 4).await;
    let moving = Move::begin(&*store, &*to, "/data").await.unwrap();
    let (old, new) = moving.finish().await.unwrap();
    assert_ne!(old, new);
    assert!(to.filling().await.unwrap().is_some(), "serve refuses it");
}

fn row(value: Value) -> ArchiveRow {
    serde_json::from_value(value).unwrap()
}

fn inbound(who: &str) -> Value {
    json!({"channel": "kf", "app": "kf", "at": 5, "person": {"external": who},
        "author": "person", "conversation": format!("wk1/{who}"),
        "trigger": {"message": {"kind": "text", "text": "你好"}}, "reply_path": "none"})
}

fn effect(state: &str) -> ArchiveRow {
    row(
        json!({"effect": {"id": 1, "lane": "0".repeat(32), "place": 1, "urgent": false,
        "state": state, "due": 1, "decided_at": 1, "attempts": 0, "interrupted": false,
        "unclear": false, "origin": {"record": 7, "rule": "r", "action": 0, "part": 0},
        "effect": {"kind": "robot"}}}),
    )
}

fn record(state: &str) -> ArchiveRow {
    row(
        json!({"record": {"id": 7, "dedupe": "0".repeat(40), "recognised": true,
        "received_at": 1, "lane": "0".repeat(32), "place": 7, "urgent": false, "state": state,
        "due": 1, "attempts": 0, "effects": [1],
        "body": {"body": "inbound", "inbound": inbound("wm1"), "raw": ""}}}),
    )
}

fn timer(due: i64) -> ArchiveRow {
    row(json!({"timer": {"key": "k", "due": due, "inbound": inbound("wm1")}}))
}

/// After a restore at 100 of a backup with two timers.
fn held(rows: Vec<ArchiveRow>) -> Vec<ArchiveRow> {
    let mut hold = Hold::at(UnixMillis(100), 2);
    let mut after: Vec<ArchiveRow> = Vec::new();
    for row in rows {
        after.push(hold.row(row).unwrap());
    }
    after.extend(hold.end());
    after
}

#[test]
fn what_waits_is_held_and_what_is_over_stays() {
    let rows = held(vec![
        effect("ready"),
        effect("sent"),
        record("ready"),
        record("done"),
    ]);
    let [
        ArchiveRow::Effect(waited),
        ArchiveRow::Effect(sent),
        ArchiveRow::Record(asked),
        ArchiveRow::Record(done),
    ] = rows.as_slice()
    else {
        panic!("{rows:?}");
    };
    assert_eq!((waited.state, waited.unclear), (ItemState::Unknown, true));
    assert_eq!(waited.reason.as_deref(), Some(HELD));
    assert_eq!(sent.state, ItemState::Sent);
    assert_eq!(
        (asked.state, asked.reason.as_deref()),
        (ItemState::Dead, Some(HELD))
    );
    assert_eq!(done.state, ItemState::Done);
}

#[test]
fn timers_that_were_due_since_become_dead_letters() {
    let numbers = row(json!({"numbers": {"record": 9, "effect": 1, "broadcast": 0, "audit": 0}}));
    let rows = held(vec![numbers, timer(100), timer(101)]);
    let ArchiveRow::Numbers(numbers) = rows[0] else {
        panic!("{rows:?}");
    };
    assert_eq!(numbers.record, 11, "no number is given twice");
    let ArchiveRow::Record(dead) = &rows[1] else {
        panic!("{rows:?}");
    };
    assert_eq!((dead.id.0, dead.state), (10, ItemState::Dead));
    assert_eq!(dead.body["inbound"], inbound("wm1"));
    assert_eq!(rows[2], timer(101));
}

#[test]
fn plans_are_looked_after_from_the_restore_on() {
    let fact = |name: &str, value: Value| row(json!({"fact": {"name": name, "value": value}}));
    let run = json!({"sop": "周报", "version": "v1", "work": {"step": {"run": 5, "step": 0}},
        "planned": 5, "began": 5, "looked": 3, "taken": 1});
    let cancel = json!({"sop": "周报", "version": "v1", "work": "cancel", "planned": 5,
        "began": 5, "looked": 0, "taken": 0});
    let rows = held(vec![
        row(json!({"kf_cursor": {"account": "wk1", "cursor": "c"}})),
        row(json!({"kf_cursor": {"account": "wk2", "cursor": "c"}})),
        fact("kf_history_ends/wk1", json!(3)),
        fact("sop-watch/周报", json!({"until": 50})),
        fact("sop-run/周报/step/5/0", run),
        fact("sop-run/周报/cancel/5", cancel.clone()),
    ]);
    let value = |name: &str| {
        rows.iter().find_map(|row| match row {
            ArchiveRow::Fact(fact) if fact.name == name => Some(fact.value.clone()),
            _ => None,
        })
    };
    assert_eq!(value("kf_history_ends/wk1"), Some(json!(100)));
    assert_eq!(value("kf_history_ends/wk2"), Some(json!(100)));
    assert_eq!(value("sop-watch/周报").unwrap()["until"], 100);
    assert_eq!(value("sop-run/周报/step/5/0").unwrap()["ended"], 100);
    assert_eq!(
        value("sop-run/周报/cancel/5"),
        Some(cancel),
        "an operator's wish"
    );
}

#[test]
fn an_export_of_one_person_has_what_their_messages_led_to() {
    let zone = jiff::tz::TimeZone::get("Asia/Shanghai").unwrap();
    let mut all = Export::new(zone.clone(), None);
    let line = all.line(&record("done")).unwrap();
    assert_eq!(line["kind"], "received");
    assert_eq!(line["at"], "1970-01-01T08:00:00+08:00");
    assert_eq!(line["led_to"], json!(["out-1"]));

    let mut theirs = Export::new(zone.clone(), Some(Person::External("wm1".into())));
    assert!(theirs.line(&record("done")).is_some());
    let sent = theirs.line(&effect("sent")).unwrap();
    assert_eq!(
        (&sent["kind"], &sent["because_of"]),
        (&json!("sent"), &json!("in-7"))
    );
    let mut others = Export::new(zone, Some(Person::External("wm2".into())));
    assert!(others.line(&record("done")).is_none());
    assert!(others.line(&effect("sent")).is_none());
    assert!(others.line(&timer(1)).is_none());
}
