//! The store on a real server, spoken to from a runtime whose time is real.

use std::sync::{Arc, OnceLock};

use tokio::runtime::{Builder, Runtime};
use wecom_agent::domain::ids::CorpId;
use wecom_agent::store::Store;
use wecom_agent::store::postgres::PostgresStore;

use crate::cluster::Cluster;
use crate::mortal::{Inside, to_its_end};

/// Where connections live.
pub(crate) fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build();
        runtime.expect("a runtime")
    })
}

/// The URL of tables of one's own.
pub(crate) fn tables() -> String {
    Cluster::shared().schema()
}

/// Opens them as a process does that starts.
pub(crate) fn open(url: &str) -> Arc<dyn Store> {
    let corp = CorpId::from("ww1");
    let store = to_its_end(Inside {
        runtime: Some(runtime().handle()),
        call: Box::pin(PostgresStore::open(url, &corp)),
    });
    Arc::new(store.expect("a store"))
}
