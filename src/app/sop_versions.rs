//! SOPs as they were before: who began with one finishes on it.

use crate::domain::ids::SopId;
use crate::sops::{Sop, SopSet};
use crate::store::{FactSwap, Store, StoreError};

const MOST_TRIES: usize = 5;
/// So many versions of one SOP are kept.
const MOST_VERSIONS: usize = 30;

/// Keeps the SOPs of a set that is put in force, and gives it their earlier versions.
///
/// # Errors
/// If the store fails.
pub(super) async fn keep(store: &dyn Store, sops: &SopSet) -> Result<(), StoreError> {
    let mut tries = 0;
    loop {
        tries += 1;
        match try_to_keep(store, sops).await {
            // Another replica keeps its own at the same time.
            Err(StoreError::FactMoved { .. }) if tries < MOST_TRIES => {}
            kept => return kept,
        }
    }
}

async fn try_to_keep(store: &dyn Store, sops: &SopSet) -> Result<(), StoreError> {
    let mut earlier: Vec<Sop> = Vec::new();
    let mut swap = FactSwap::default();
    for sop in sops.iter() {
        let name = fact(&sop.id);
        let stored = store.fact(&name).await?;
        let mut known = versions(stored.clone());
        earlier.extend(known.iter().cloned());
        if known.last().is_none_or(|last| last.version != sop.version) {
            known.retain(|one| one.version != sop.version);
            known.push(Sop::clone(sop));
            let surplus = known.len().saturating_sub(MOST_VERSIONS);
            known.drain(..surplus);
            if let Ok(known) = serde_json::to_value(&known) {
                swap.expected
                    .push((name.clone(), stored.unwrap_or_default()));
                swap.facts.push((name, known));
            }
        }
    }
    if !swap.facts.is_empty() {
        store.swap_facts(swap).await?;
    }
    sops.recall(earlier);
    Ok(())
}

/// The versions of an SOP that are kept, oldest first.
///
/// # Errors
/// If the store fails.
pub(super) async fn of(store: &dyn Store, sop: &SopId) -> Result<Vec<Sop>, StoreError> {
    Ok(versions(store.fact(&fact(sop)).await?))
}

fn fact(sop: &SopId) -> String {
    format!("sop/{sop}")
}

/// The versions that are kept, oldest first. One that a later program wrote and this one
/// cannot read is left out.
fn versions(fact: Option<serde_json::Value>) -> Vec<Sop> {
    let Some(serde_json::Value::Array(versions)) = fact else {
        return Vec::new();
    };
    let read = versions.into_iter().map(serde_json::from_value);
    read.filter_map(Result::ok).collect()
}

#[cfg(test)]
mod tests {
    use super::{MOST_VERSIONS, keep};
    use crate::domain::ids::{CorpId, SopId};
    use crate::sops::model::{Kind, Limits, Missed};
    use crate::sops::{Sop, SopSet};
    use crate::store::embedded::EmbeddedStore;

    fn plan(name: &str) -> Sop {
        let sop = Sop {
            id: "甲".into(),
            version: String::new(),
            name: Some(name.to_owned()),
            kind: Kind::Lifecycle,
            off: false,
            audience: None,
            target: None,
            exit_when: Vec::new(),
            then: Vec::new(),
            quiet: None,
            limits: Limits::default(),
            missed: Missed::Once,
            steps: Vec::new(),
        };
        sop.stamped()
    }

    #[tokio::test]
    async fn who_began_with_a_version_finds_it_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let corp = CorpId::from("ww1");
        let store = EmbeddedStore::open_redb(folder.path(), &corp).expect("a store");
        let id = SopId::from("甲");
        let first = plan("一");
        keep(&store, &SopSet::new([first.clone()]))
            .await
            .expect("kept");
        let second = SopSet::new([plan("二")]);
        keep(&store, &second).await.expect("kept");
        let found = second.begun_with(&id, &first.version).expect("a plan");
        assert_eq!(found.name.as_deref(), Some("一"));
        let unknown = second.begun_with(&id, "gone").expect("a plan");
        assert_eq!(unknown.name.as_deref(), Some("二"), "the newest instead");

        for number in 0..MOST_VERSIONS {
            let set = SopSet::new([plan(&number.to_string())]);
            keep(&store, &set).await.expect("kept");
        }
        let last = SopSet::new([plan("二")]);
        keep(&store, &last).await.expect("kept");
        let found = last.begun_with(&id, &first.version).expect("a plan");
        assert_eq!(found.name.as_deref(), Some("二"), "the oldest is forgotten");
        assert!(SopSet::new([]).begun_with(&id, &first.version).is_none());
    }
}
