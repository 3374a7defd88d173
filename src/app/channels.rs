//! What is known of the channel codes of ours: ids and pictures, kept as one fact.

use std::collections::BTreeMap;

use crate::channels::plan::Known;
use crate::store::{Store, StoreError};

/// The fact.
const CHANNELS: &str = "channels";

/// Codes by their kind and id: `way/门店`, `group/茶友`.
pub type KnownChannels = BTreeMap<String, Known>;

/// All that are known.
pub(super) async fn all(store: &dyn Store) -> Result<KnownChannels, StoreError> {
    let fact = store.fact(CHANNELS).await?;
    Ok(fact
        .and_then(|fact| serde_json::from_value(fact).ok())
        .unwrap_or_default())
}

/// Notes one.
pub(super) async fn keep(store: &dyn Store, key: String, known: Known) -> Result<(), StoreError> {
    let mut channels = all(store).await?;
    channels.insert(key, known);
    let fact = serde_json::to_value(channels).unwrap_or_default();
    store.put_facts(vec![(CHANNELS.to_owned(), fact)]).await
}
