//! A move to another store that dies at any of its writes: it goes on where it was, the new
//! store holds what the old one held, and the old one is what it was.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::TempDir;
use wecom_agent::backup::move_rows::{Move, Tallies};
use wecom_agent::backup::{Head, stream};
use wecom_agent::domain::clock::UnixMillis;
use wecom_agent::domain::ids::{CorpId, Person};
use wecom_agent::store::embedded::EmbeddedStore;
use wecom_agent::store::{ContactFacts, Deed, Result, Section, Store, StoreError};

use crate::mortal::{Fate, Mortal, Side};

/// More than two pages of it.
const CONTACTS: usize = 1_200;
const NOW: UnixMillis = UnixMillis(1_795_399_200_000);

/// The engines of a move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Engine {
    Redb,
    Sled,
}

impl Engine {
    fn open(self, folder: &Path) -> Arc<dyn Store> {
        let corp = CorpId::from("ww1");
        let store = match self {
            Self::Redb => EmbeddedStore::open_redb(folder, &corp),
            Self::Sled => EmbeddedStore::open_sled(folder, &corp),
        };
        Arc::new(store.expect("a store"))
    }
}

async fn furnish(store: &dyn Store) {
    for number in 0..CONTACTS {
        let person = Person::External(format!("wm{number:05}").into());
        let facts = ContactFacts::asked(person, NOW);
        store.merge_contact(facts).await.expect("a contact");
    }
    for number in 0..3 {
        let facts = vec![(format!("fact/{number}"), number.into())];
        store.put_facts(facts).await.expect("a fact");
        let deed = Deed {
            who: "root".to_owned(),
            what: format!("undo {number}"),
            result: "done".to_owned(),
        };
        store.note_deed(deed, NOW).await.expect("a deed");
    }
}

/// Everything that is in it, byte by byte.
async fn content(store: Arc<dyn Store>) -> Vec<u8> {
    let mut pieces = stream(store, Head::new(CorpId::from("ww1"), NOW));
    let mut bytes = Vec::new();
    while let Some(piece) = pieces.recv().await {
        bytes.extend_from_slice(&piece.expect("a piece"));
    }
    bytes
}

/// One run of `store migrate`: what each of the two holds at its end; none if it died.
async fn moved(
    from: &dyn Store,
    to: Arc<dyn Store>,
    fate: &Arc<Fate>,
) -> Option<Result<(Tallies, Tallies)>> {
    let to = Mortal {
        inner: to,
        fate: Arc::clone(fate),
        elsewhere: None,
    };
    let run = async {
        let mut moving = Move::begin(from, &to, "/data").await?;
        while moving.step().await? {}
        moving.finish().await
    };
    tokio::select! {
        biased;
        () = fate.death() => None,
        moved = run => Some(moved),
    }
}

/// A source of an engine, and what it holds.
struct Source {
    folder: TempDir,
    engine: Engine,
    content: Vec<u8>,
}

impl Source {
    async fn new(engine: Engine) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = engine.open(folder.path());
        furnish(store.as_ref()).await;
        let content = content(store).await;
        Self {
            folder,
            engine,
            content,
        }
    }

    fn open(&self) -> Arc<dyn Store> {
        self.engine.open(self.folder.path())
    }
}

async fn every_point(from: Engine, to: Engine) {
    let source = Source::new(from).await;
    let whole = tempfile::tempdir().expect("a folder");
    let fate = Fate::open();
    let end = moved(source.open().as_ref(), to.open(whole.path()), &fate).await;
    let (old, new) = end.expect("nobody died").expect("a move");
    assert_eq!(old, new);
    assert_eq!(new[&Section::Contact].rows, CONTACTS as u64);
    let writes = fate.writes();
    assert!(writes.len() > Section::ALL.len(), "{writes:?}");
    assert_eq!(writes.last(), Some(&"finish_filling"));

    for (point, write) in writes.iter().enumerate() {
        for side in [Side::Before, Side::After] {
            let place = format!("died {side:?} write {point}, {write}");
            let folder = tempfile::tempdir().expect("a folder");
            died_and_went_on(&source, (to, folder.path()), (point, side), &place).await;
            assert_eq!(content(source.open()).await, source.content, "{place}");
        }
    }
}

async fn died_and_went_on(
    source: &Source,
    (engine, folder): (Engine, &Path),
    (point, side): (usize, Side),
    place: &str,
) {
    let fate = Fate::dying_at(point, side);
    let died = moved(source.open().as_ref(), engine.open(folder), &fate).await;
    assert!(died.is_none(), "{place}");
    let is_last = fate.writes().last() == Some(&"finish_filling");
    let left = engine.open(folder);
    let filling = left.filling().await.expect("a store");
    let untouched = point == 0 && side == Side::Before;
    assert_eq!(
        filling.is_some(),
        !(untouched || is_last && side == Side::After),
        "what is not whole is not served: {place}"
    );
    // From elsewhere, nothing goes on here.
    if filling.is_some() {
        let other = Move::begin(source.open().as_ref(), left.as_ref(), "/other").await;
        assert!(matches!(other.err(), Some(StoreError::NotEmpty)), "{place}");
    }
    drop(left);
    let again = Fate::open();
    let end = moved(source.open().as_ref(), engine.open(folder), &again).await;
    let (old, new) = end
        .expect("nobody died")
        .unwrap_or_else(|error| panic!("{place}: {error}"));
    assert_eq!(old, new, "{place}");
    let there = engine.open(folder);
    assert_eq!(there.filling().await.expect("a store"), None, "{place}");
    assert_eq!(content(there).await, source.content, "{place}");
}

#[tokio::test]
async fn a_death_at_any_write_of_a_move_to_sled_breaks_nothing() {
    every_point(Engine::Redb, Engine::Sled).await;
}

#[tokio::test]
async fn a_death_at_any_write_of_a_move_to_redb_breaks_nothing() {
    every_point(Engine::Sled, Engine::Redb).await;
}

#[tokio::test]
async fn a_store_that_holds_something_else_is_not_taken_for_a_finished_move() {
    let source = Source::new(Engine::Redb).await;
    let folder = tempfile::tempdir().expect("a folder");
    let path: PathBuf = folder.path().to_owned();
    let fate = Fate::open();
    let end = moved(source.open().as_ref(), Engine::Sled.open(&path), &fate).await;
    end.expect("nobody died").expect("a move");
    let facts = vec![("fact/0".to_owned(), "served since".into())];
    Engine::Sled
        .open(&path)
        .put_facts(facts)
        .await
        .expect("a fact");
    let end = moved(
        source.open().as_ref(),
        Engine::Sled.open(&path),
        &Fate::open(),
    )
    .await;
    assert!(matches!(end, Some(Err(StoreError::NotEmpty))));
}
