//! Files that are written anew: what was removed is not in them any more, and nothing else is
//! lost, whenever the program stops.

use std::path::Path;

use tempfile::TempDir;

use super::super::EmbeddedStore;
use super::super::engine::redb::RedbEngine;
use super::super::engine::sled::SledEngine;
use super::super::engine::{Batch, Engine, KeyRange, Room, Rows as _, collect};
use crate::domain::clock::UnixMillis;
use crate::domain::ids::{AppName, ConversationKey, CorpId, DedupeKey, Person};
use crate::domain::inbound::{Author, Channel, Inbound, Message, ReplyPath, Trigger};
use crate::store::{ContactFacts, NewRecord, RecordBody, Result, Section, Store as _};

type Open = fn(&Path, &CorpId) -> Result<EmbeddedStore>;

const ENGINES: [Open; 2] = [EmbeddedStore::open_redb, EmbeddedStore::open_sled];
const PHONE: &str = "13912345678";

fn open(open: Open, folder: &Path) -> EmbeddedStore {
    open(folder, &CorpId::from("ww1")).unwrap()
}

fn says(who: &str, text: &str) -> NewRecord {
    let inbound = Inbound {
        channel: Channel::Kf,
        app: AppName::from("kf"),
        at: UnixMillis(0),
        person: Some(Person::External(who.into())),
        author: Author::Person,
        conversation: ConversationKey::from(format!("wk1/{who}")),
        trigger: Trigger::Message(Message::text(text)),
        reply_path: ReplyPath::None,
    };
    NewRecord {
        dedupe: DedupeKey::from(format!("{who}/{text}")),
        received_at: UnixMillis(0),
        urgent: false,
        body: RecordBody::Inbound {
            inbound,
            raw: format!("<xml><Content>{text}</Content></xml>"),
        },
    }
}

/// Whether any file below the folder has these bytes.
fn is_on_disk(folder: &Path, needle: &str) -> bool {
    let entries = std::fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().path()).any(|path| {
        if path.is_dir() {
            return is_on_disk(&path, needle);
        }
        let bytes = std::fs::read(&path).unwrap();
        bytes
            .windows(needle.len())
            .any(|window| window == needle.as_bytes())
    })
}

#[tokio::test]
async fn who_is_erased_is_in_no_file() {
    for engine in ENGINES {
        let folder = TempDir::new().unwrap();
        let store = open(engine, folder.path());
        let text = format!("我的手机号是 {PHONE}，住在南山区");
        store.accept(vec![says("wm1", &text)]).await.unwrap();
        let facts = ContactFacts {
            name: Some(format!("陈小姐 {PHONE}")),
            ..ContactFacts::asked(Person::External("wm1".into()), UnixMillis(1))
        };
        store.merge_contact(facts).await.unwrap();
        for number in 0..300 {
            let others = says(&format!("wm-other-{number}"), "春茶还有吗");
            store.accept(vec![others]).await.unwrap();
        }
        assert!(is_on_disk(folder.path(), PHONE) && is_on_disk(folder.path(), "南山区"));

        let wm1 = Person::External("wm1".into());
        store.erase(&wm1, "erased-1").await.unwrap();
        store.compact().await.unwrap();
        assert!(!is_on_disk(folder.path(), PHONE));
        assert!(!is_on_disk(folder.path(), "南山区"));
        let depths = store.depths(UnixMillis(1)).await.unwrap();
        assert_eq!(depths.inbox, 300);
        // It goes on in the new files.
        store.accept(vec![says("wm2", "退款")]).await.unwrap();
        drop(store);
        assert!(!is_on_disk(folder.path(), PHONE), "nor after the end");

        let store = open(engine, folder.path());
        let depths = store.depths(UnixMillis(1)).await.unwrap();
        assert_eq!(depths.inbox, 301);
        store.compact().await.unwrap();
        store.compact().await.unwrap();
        drop(store);
        let store = open(engine, folder.path());
        assert_eq!(store.depths(UnixMillis(1)).await.unwrap(), depths);
    }
}

#[tokio::test]
async fn a_snapshot_outlives_its_files() {
    for engine in ENGINES {
        let folder = TempDir::new().unwrap();
        let store = open(engine, folder.path());
        store
            .accept(vec![says("wm1", "1"), says("wm2", "2")])
            .await
            .unwrap();
        let snapshot = store.snapshot().await.unwrap();
        store.compact().await.unwrap();
        store.accept(vec![says("wm3", "3")]).await.unwrap();
        store.compact().await.unwrap();
        let page = snapshot.page(Section::Record, None, 10).await.unwrap();
        assert_eq!(page.rows.len(), 2);
        drop(snapshot);
        let snapshot = store.snapshot().await.unwrap();
        let page = snapshot.page(Section::Record, None, 10).await.unwrap();
        assert_eq!(page.rows.len(), 3);
    }
}

#[tokio::test]
async fn what_a_rewriting_that_was_cut_off_leaves_is_cleared_away() {
    for engine in ENGINES {
        let folder = TempDir::new().unwrap();
        let store = open(engine, folder.path());
        store.accept(vec![says("wm1", "1")]).await.unwrap();
        store.compact().await.unwrap();
        drop(store);
        // As after a power cut in the middle of the next one.
        std::fs::write(folder.path().join("store.redb.new"), PHONE).unwrap();
        for number in [2, 0] {
            let name = if number == 0 {
                "sled".to_owned()
            } else {
                format!("sled.{number}")
            };
            let left = folder.path().join(name);
            std::fs::create_dir_all(&left).unwrap();
            std::fs::write(left.join("db"), PHONE).unwrap();
        }
        if folder.path().join("store.redb").exists() {
            std::fs::remove_dir_all(folder.path().join("sled")).unwrap();
            std::fs::remove_dir_all(folder.path().join("sled.2")).unwrap();
        } else {
            std::fs::remove_file(folder.path().join("store.redb.new")).unwrap();
        }
        let store = open(engine, folder.path());
        assert_eq!(store.depths(UnixMillis(1)).await.unwrap().inbox, 1);
        assert!(!is_on_disk(folder.path(), PHONE));
    }
}

/// What is written while the rows are copied is in the new files too.
#[test]
fn writes_go_on_during_a_copy() {
    let folder = TempDir::new().unwrap();
    let engines: [Box<dyn Engine>; 2] = [
        Box::new(RedbEngine::open(&folder.path().join("store.redb")).unwrap()),
        Box::new(SledEngine::open(&folder.path().join("sled")).unwrap()),
    ];
    let rows = |pairs: &[(u8, Option<u8>)]| -> Batch {
        let each = pairs.iter();
        each.map(|(key, value)| (vec![*key], value.map(|value| vec![value])))
            .collect()
    };
    for engine in engines {
        engine
            .commit(&rows(&[(1, Some(1)), (2, Some(1)), (3, Some(1))]))
            .unwrap();
        engine.copy().unwrap();
        engine
            .commit(&rows(&[(1, Some(2)), (2, None), (4, Some(2))]))
            .unwrap();
        engine.swap().unwrap();
        engine.commit(&rows(&[(5, Some(3))])).unwrap();
        let all = KeyRange {
            from: vec![0],
            to: vec![9],
        };
        let found = collect(engine.as_ref(), &all, 9).unwrap();
        let expected = [(1, 2), (3, 1), (4, 2), (5, 3)].map(|(k, v)| (vec![k], vec![v]));
        assert_eq!(found, expected);
        assert!(engine.swap().is_err(), "a copy serves once");
    }
}

/// redb keeps the room that pruning has made; a rewriting gives it back.
#[test]
fn room_is_given_back() {
    let folder = TempDir::new().unwrap();
    let engine = RedbEngine::open(&folder.path().join("store.redb")).unwrap();
    let value = vec![7; 64 << 10];
    let key = |number: u8| vec![0, number];
    let all: Batch = (0..128).map(|n| (key(n), Some(value.clone()))).collect();
    engine.commit(&all).unwrap();
    let full = engine.room().unwrap();
    let gone: Batch = (1..128).map(|n| (key(n), None)).collect();
    engine.commit(&gone).unwrap();
    engine.commit(&Batch::new()).unwrap();
    let before = engine.room().unwrap();
    assert!(before.free > before.bytes / 2, "{before:?}");
    engine.copy().unwrap();
    engine.swap().unwrap();
    let after = engine.room().unwrap();
    assert!(after.bytes < full.bytes / 2, "{full:?} {after:?}");
    assert_eq!(engine.get(&key(0)).unwrap(), Some(value));
    assert_eq!(engine.get(&key(1)).unwrap(), None);
}

#[test]
fn a_rewriting_has_to_be_worth_it() {
    let room = |bytes: u64, free: u64| Room {
        bytes: bytes << 20,
        free: free << 20,
    };
    assert!(room(100, 60).is_worth_a_rewrite());
    assert!(
        !room(100, 50).is_worth_a_rewrite(),
        "no more than half is free"
    );
    assert!(
        !room(40, 30).is_worth_a_rewrite(),
        "a small file is left as it is"
    );
}
