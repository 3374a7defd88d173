//! Versions of the operators' files in the store: content-addressed, the newest ones kept.
//!
//! Four kinds of small facts: the list of versions, the files of each version, and the
//! content of each different text once.

use std::collections::BTreeSet;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::Mutex;

use crate::domain::clock::UnixMillis;
use crate::store::{FactSwap, Store, StoreError};
use crate::versions::files::{Files, Stored};
use crate::versions::{FileSet, Kept, Reason, Version, difference};

/// So many versions are kept.
pub const MOST_VERSIONS: usize = 50;
/// The contents of all versions together stay below this, if more than two can be had so.
const MOST_BYTES: u64 = 128 * 1024 * 1024;
const LEAST_VERSIONS: usize = 2;

const LIST: &str = "playbook/versions";

/// The list is read, changed and written: one at a time in this process. Another replica in
/// between is noticed, and then it is read again.
static WRITING: Mutex<()> = Mutex::const_new(());
const MOST_TRIES: usize = 5;

/// All versions, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    /// The versions.
    pub versions: Vec<Version>,
    /// The one that was last put in force.
    pub in_force: Option<u64>,
    /// The number of the next one.
    next: u64,
}

/// The versions that are kept.
///
/// # Errors
/// If the store fails.
pub(super) async fn history(store: &dyn Store) -> Result<History, StoreError> {
    Ok(read(store, LIST).await?.unwrap_or_default())
}

/// One version with its files; `None` if there is none of that number.
///
/// # Errors
/// If the store fails.
pub(super) async fn version(store: &dyn Store, number: u64) -> Result<Option<Kept>, StoreError> {
    let history = history(store).await?;
    let found = history
        .versions
        .into_iter()
        .find(|each| each.number == number);
    let Some(version) = found else {
        return Ok(None);
    };
    let set = set(store, number).await?;
    Ok(Some(Kept { version, set }))
}

/// The newest version with this hash.
///
/// # Errors
/// If the store fails.
pub(super) async fn numbered(store: &dyn Store, hash: &str) -> Result<Option<u64>, StoreError> {
    let versions = history(store).await?.versions;
    let found = versions.iter().rfind(|each| each.hash == hash);
    Ok(found.map(|each| each.number))
}

/// Keeps the files as a version, unless they are the newest one or, before going back, any
/// that is there. Gives its number.
///
/// # Errors
/// If the store fails.
pub(super) async fn keep(
    store: &dyn Store,
    set: &FileSet,
    reason: Reason,
    now: UnixMillis,
) -> Result<u64, StoreError> {
    let _one_at_a_time = WRITING.lock().await;
    let mut tries = 0;
    loop {
        tries += 1;
        match try_to_keep(store, set, reason, now).await {
            Err(StoreError::FactMoved { .. }) if tries < MOST_TRIES => {}
            kept => return kept,
        }
    }
}

async fn try_to_keep(
    store: &dyn Store,
    set: &FileSet,
    reason: Reason,
    now: UnixMillis,
) -> Result<u64, StoreError> {
    let raw = store.fact(LIST).await?.unwrap_or_default();
    let mut history: History = parsed(&raw)?.unwrap_or_default();
    let hash = set.hash();
    let known = match reason {
        Reason::InForce => history.versions.last().filter(|last| last.hash == hash),
        Reason::BeforeRollback => history.versions.iter().rfind(|each| each.hash == hash),
    };
    if let Some(number) = known.map(|known| known.number) {
        if reason == Reason::InForce && history.in_force != Some(number) {
            history.in_force = Some(number);
            write(store, raw, vec![(LIST.to_owned(), json(&history)?)]).await?;
        }
        return Ok(number);
    }
    let before = match history.versions.last() {
        Some(last) => self::set(store, last.number).await?,
        None => FileSet::default(),
    };
    let number = history.next.max(1);
    history.next = number + 1;
    let first = history.versions.is_empty();
    history.versions.push(Version {
        number,
        at: now,
        hash,
        reason,
        changes: if first {
            crate::versions::Changes::default()
        } else {
            difference(&before, set).short()
        },
        new_bytes: new_bytes(&before, set),
    });
    if reason == Reason::InForce {
        history.in_force = Some(number);
    }
    let mut facts = drop_old(store, &mut history, set).await?;
    facts.push((LIST.to_owned(), json(&history)?));
    facts.push((files_fact(number), json(&set.files)?));
    for (sha, bytes) in &set.texts {
        facts.push((content_fact(sha), json(&Stored::from(bytes.as_slice()))?));
    }
    write(store, raw, facts).await?;
    Ok(number)
}

fn new_bytes(before: &FileSet, set: &FileSet) -> u64 {
    let texts = set.texts.iter();
    let new = texts.filter(|(sha, _)| !before.texts.contains_key(*sha));
    new.map(|(_, bytes)| bytes.len() as u64).sum()
}

/// Takes the oldest versions out of the list; gives what removes their files.
async fn drop_old(
    store: &dyn Store,
    history: &mut History,
    newest: &FileSet,
) -> Result<Vec<(String, Value)>, StoreError> {
    let mut dropped = Vec::new();
    let too_many = |versions: &[Version]| {
        let bytes: u64 = versions.iter().map(|each| each.new_bytes).sum();
        versions.len() > MOST_VERSIONS || (versions.len() > LEAST_VERSIONS && bytes > MOST_BYTES)
    };
    while too_many(&history.versions) {
        // What is in force can always be gone back to.
        let oldest = history.versions.iter();
        let Some(at) = oldest
            .map(|each| each.number)
            .position(|number| Some(number) != history.in_force)
        else {
            break;
        };
        dropped.push(history.versions.remove(at).number);
    }
    if dropped.is_empty() {
        return Ok(Vec::new());
    }
    let mut used: BTreeSet<String> = newest.texts.keys().cloned().collect();
    for version in &history.versions {
        used.extend(
            files(store, version.number)
                .await?
                .into_values()
                .map(|file| file.sha),
        );
    }
    let mut facts = Vec::new();
    for number in dropped {
        for file in files(store, number).await?.into_values() {
            if file.kept && used.insert(file.sha.clone()) {
                facts.push((content_fact(&file.sha), Value::Null));
            }
        }
        facts.push((files_fact(number), Value::Null));
    }
    Ok(facts)
}

async fn files(store: &dyn Store, number: u64) -> Result<Files, StoreError> {
    Ok(read(store, &files_fact(number)).await?.unwrap_or_default())
}

async fn set(store: &dyn Store, number: u64) -> Result<FileSet, StoreError> {
    let files = files(store, number).await?;
    let mut set = FileSet {
        files,
        ..FileSet::default()
    };
    for file in set.files.values().filter(|file| file.kept) {
        let stored: Option<Stored> = read(store, &content_fact(&file.sha)).await?;
        if let Some(bytes) = stored.and_then(Stored::into_bytes) {
            set.texts.insert(file.sha.clone(), bytes);
        }
    }
    Ok(set)
}

fn files_fact(number: u64) -> String {
    format!("playbook/version/{number}")
}

fn content_fact(sha: &str) -> String {
    format!("playbook/content/{sha}")
}

async fn read<T: DeserializeOwned>(store: &dyn Store, name: &str) -> Result<Option<T>, StoreError> {
    parsed(&store.fact(name).await?.unwrap_or_default())
}

fn parsed<T: DeserializeOwned>(value: &Value) -> Result<Option<T>, StoreError> {
    let what = "version of the rules";
    T::deserialize(value).map(Some).or_else(|_| match value {
        Value::Null => Ok(None),
        _ => Err(StoreError::Corrupt { what }),
    })
}

/// Refused if the list is no longer the one that was read.
async fn write(
    store: &dyn Store,
    list: Value,
    facts: Vec<(String, Value)>,
) -> Result<(), StoreError> {
    let swap = FactSwap {
        expected: vec![(LIST.to_owned(), list)],
        facts,
        records: Vec::new(),
    };
    store.swap_facts(swap).await.map(drop)
}

fn json(value: &impl Serialize) -> Result<Value, StoreError> {
    serde_json::to_value(value).map_err(StoreError::engine)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{History, MOST_VERSIONS, history, keep, version};
    use crate::domain::clock::UnixMillis;
    use crate::domain::ids::CorpId;
    use crate::store::Store;
    use crate::store::embedded::EmbeddedStore;
    use crate::versions::{FileSet, Reason};

    fn store(folder: &Path) -> EmbeddedStore {
        EmbeddedStore::open_redb(folder, &CorpId::from("ww1")).expect("a store")
    }

    fn set(text: &str) -> FileSet {
        let mut set = FileSet::default();
        set.add("rules/a.yaml".to_owned(), text.as_bytes().to_vec());
        set.add("rules/same.yaml".to_owned(), b"rules: []\n".to_vec());
        set.add("templates/a.png".to_owned(), vec![0, 159, 146, 150]);
        set
    }

    fn numbers(history: &History) -> Vec<u64> {
        history.versions.iter().map(|each| each.number).collect()
    }

    #[tokio::test]
    async fn the_newest_versions_stay_and_the_contents_of_dropped_ones_go() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = store(folder.path());
        let last = MOST_VERSIONS as u64 + 3;
        for n in 1..=last {
            let set = set(&format!("# {n}\n"));
            let kept = keep(&store, &set, Reason::InForce, UnixMillis(5)).await;
            assert_eq!(kept.expect("kept"), n);
        }
        let history = history(&store).await.expect("a history");
        assert_eq!(numbers(&history), (4..=last).collect::<Vec<_>>());
        assert_eq!(history.in_force, Some(last));
        assert!(version(&store, 3).await.expect("read").is_none());
        let kept = version(&store, 4).await.expect("read").expect("version 4");
        assert_eq!(kept.set, set("# 4\n"));
        let gone = set("# 3\n").files["rules/a.yaml"].sha.clone();
        let fact = store.fact(&super::content_fact(&gone)).await.expect("read");
        assert_eq!(fact, None);
    }

    #[tokio::test]
    async fn what_is_the_same_is_not_kept_twice() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = store(folder.path());
        for (text, reason, number) in [
            ("# 1\n", Reason::InForce, 1),
            ("# 1\n", Reason::InForce, 1),
            ("# 2\n", Reason::InForce, 2),
            ("# 1\n", Reason::BeforeRollback, 1),
            ("# 3\n", Reason::BeforeRollback, 3),
            ("# 1\n", Reason::InForce, 4),
        ] {
            let kept = keep(&store, &set(text), reason, UnixMillis(5)).await;
            assert_eq!(kept.expect("kept"), number, "{text}");
        }
        let history = history(&store).await.expect("a history");
        assert_eq!(numbers(&history), [1, 2, 3, 4]);
        assert_eq!(history.in_force, Some(4));
    }
}
