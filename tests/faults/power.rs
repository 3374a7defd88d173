//! The power goes: what was written and not synced is there in parts, or not at all.
//!
//! A file in memory remembers what it held at the last sync and every write since. Cutting the
//! power keeps the former and any of the latter, torn at any sector, in any order. What a store
//! has acknowledged must be there. redb lets us stand in for its file; what the system calls
//! of sled and redb say is in `tests/it/power.rs`.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use wecom_agent::domain::clock::UnixMillis;
use wecom_agent::domain::ids::{AppName, ConversationKey, CorpId, DedupeKey};
use wecom_agent::domain::inbound::{Author, Channel, Inbound, Message, ReplyPath, Trigger};
use wecom_agent::store::embedded::EmbeddedStore;
use wecom_agent::store::{Acceptance, NewRecord, RecordBody, Store};

use crate::number;

/// So many cuts unless `WECOM_POWER_CUTS` says otherwise.
const CUTS: u64 = 80;
/// The least that a disk writes whole.
const SECTOR: usize = 512;

/// One change of the file since the last sync.
#[derive(Debug, Clone)]
enum Change {
    Write { at: usize, bytes: Vec<u8> },
    Length(usize),
}

#[derive(Debug, Default)]
struct State {
    /// What programs see.
    seen: Vec<u8>,
    /// What the last sync left on the plates.
    safe: Vec<u8>,
    since: Vec<Change>,
    /// Writes until the power goes; then everything fails.
    left: usize,
}

/// A file that loses power.
#[derive(Debug, Clone, Default)]
struct Plates(Arc<Mutex<State>>);

impl Plates {
    fn holding(bytes: Vec<u8>, writes: usize) -> Self {
        Self(Arc::new(Mutex::new(State {
            seen: bytes.clone(),
            safe: bytes,
            since: Vec::new(),
            left: writes,
        })))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("the plates")
    }

    fn working(&self) -> io::Result<MutexGuard<'_, State>> {
        let mut state = self.lock();
        if state.left == 0 {
            return Err(io::Error::other("the power is gone"));
        }
        state.left -= 1;
        Ok(state)
    }

    /// What is found when the power is back.
    fn cut(&self, dice: &mut StdRng) -> Vec<u8> {
        let state = self.lock();
        let mut found = state.safe.clone();
        for change in &state.since {
            match change {
                Change::Length(length) if dice.random_bool(0.5) => found.resize(*length, 0),
                Change::Length(_) => {}
                Change::Write { at, bytes } => {
                    for (index, sector) in bytes.chunks(SECTOR).enumerate() {
                        if dice.random_bool(0.5) {
                            put(&mut found, at + index * SECTOR, sector);
                        }
                    }
                }
            }
        }
        found
    }
}

fn put(file: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    if file.len() < at + bytes.len() {
        file.resize(at + bytes.len(), 0);
    }
    file[at..at + bytes.len()].copy_from_slice(bytes);
}

fn place(offset: u64) -> usize {
    usize::try_from(offset).expect("a small file")
}

impl redb::StorageBackend for Plates {
    fn len(&self) -> io::Result<u64> {
        Ok(self.lock().seen.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let state = self.lock();
        let from = place(offset);
        out.copy_from_slice(&state.seen[from..from + out.len()]);
        Ok(())
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        let mut state = self.working()?;
        state.seen.resize(place(length), 0);
        state.since.push(Change::Length(place(length)));
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut state = self.working()?;
        state.safe = state.seen.clone();
        state.since.clear();
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut state = self.working()?;
        let (at, bytes) = (place(offset), data.to_vec());
        put(&mut state.seen, at, &bytes);
        state.since.push(Change::Write { at, bytes });
        Ok(())
    }
}

fn record(number: usize) -> NewRecord {
    let inbound = Inbound {
        channel: Channel::App,
        app: AppName::from("app"),
        at: UnixMillis(0),
        person: None,
        author: Author::Person,
        conversation: ConversationKey::from("one"),
        trigger: Trigger::Message(Message::text(number.to_string())),
        reply_path: ReplyPath::None,
    };
    NewRecord {
        dedupe: DedupeKey::from(number.to_string()),
        received_at: UnixMillis(0),
        urgent: false,
        body: RecordBody::Inbound {
            inbound,
            raw: "x".repeat(number * 37 % 3000),
        },
    }
}

/// An empty store. Its file has no name until it is whole.
fn made() -> Vec<u8> {
    let plates = Plates::holding(Vec::new(), usize::MAX);
    let store = EmbeddedStore::open_redb_on(plates.clone(), &CorpId::from("ww1"));
    drop(store.expect("a store"));
    plates.lock().safe.clone()
}

/// A pause in which the store makes its checkpoint.
struct Pause {
    /// After so many records.
    after: usize,
    /// Writes until the power goes.
    left: usize,
}

/// Takes records in until the power goes; how many were acknowledged.
async fn fill(plates: &Plates, from: usize, pause: Option<Pause>) -> usize {
    let Ok(store) = EmbeddedStore::open_redb_on(plates.clone(), &CorpId::from("ww1")) else {
        return from;
    };
    let mut number = from;
    while number < from + 25 && store.accept(vec![record(number)]).await.is_ok() {
        number += 1;
        if let Some(pause) = pause.as_ref().filter(|one| from + one.after == number) {
            let left = plates.lock().left.min(pause.left);
            plates.lock().left = left;
            tokio::time::sleep(Duration::from_millis(400)).await;
        }
    }
    number
}

/// The power goes again and again, each time at another write; every time the store opens,
/// and nothing that it has acknowledged is missing.
#[tokio::test]
async fn a_power_cut_loses_nothing_that_was_acknowledged() {
    let mut dice = StdRng::seed_from_u64(number("WECOM_POWER_SEED").unwrap_or(1));
    let (mut bytes, mut acknowledged, mut useful) = (Vec::new(), 0, 0);
    for cut in 0..number("WECOM_POWER_CUTS").unwrap_or(CUTS) {
        if cut % 10 == 0 {
            (bytes, acknowledged) = (made(), 0);
        }
        let plates = Plates::holding(bytes, dice.random_range(1..300));
        let pause = (cut % 2 == 0).then(|| Pause {
            after: dice.random_range(1..10),
            left: dice.random_range(1..30),
        });
        let taken = fill(&plates, acknowledged, pause).await;
        useful += usize::from(taken > acknowledged);
        acknowledged = taken;
        bytes = plates.cut(&mut dice);

        let safe = Plates::holding(bytes, usize::MAX);
        let store = EmbeddedStore::open_redb_on(safe.clone(), &CorpId::from("ww1"));
        let store = store.unwrap_or_else(|error| panic!("cut {cut}: {error:?}"));
        let all = (0..acknowledged).map(record).collect();
        let known = store.accept(all).await.expect("a store");
        let lost: Vec<usize> = (0..acknowledged)
            .filter(|number| matches!(known[*number], Acceptance::New(_)))
            .collect();
        assert_eq!(lost, [0; 0], "cut {cut}");
        drop(store);
        bytes = safe.lock().safe.clone();
    }
    assert!(useful > 20, "most of the cuts come behind something");
}
