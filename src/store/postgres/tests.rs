//! The conformance suite on PostgreSQL, and what only a shared store does.

mod floods;
mod replicas;
mod tls;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::PostgresStore;
use super::cluster::Cluster;
use crate::domain::ids::CorpId;
use crate::store::conformance::{Subject, store_conformance};
use crate::store::{Store, StoreError};

/// Tables of its own in the cluster of all tests.
struct InSchema {
    url: String,
}

impl InSchema {
    fn new() -> Self {
        Self {
            url: Cluster::shared().schema(),
        }
    }

    async fn store(&self) -> PostgresStore {
        let opened = PostgresStore::open(&self.url, &CorpId::from("ww1")).await;
        opened.unwrap()
    }

    /// Waits until everybody has said goodbye.
    async fn left(&self) {
        let config: tokio_postgres::Config = self.url.parse().unwrap();
        let (client, connection) = config.connect(tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        let began = std::time::Instant::now();
        loop {
            let sql = "SELECT count(*) FROM replicas";
            // Before the first start there is no such table.
            let Ok(row) = client.query_one(sql, &[]).await else {
                return;
            };
            if row.get::<_, i64>(0) == 0 {
                return;
            }
            assert!(began.elapsed() < Duration::from_secs(10), "somebody stays");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}

#[async_trait]
impl Subject for InSchema {
    async fn open(&self, corp: &str) -> Arc<dyn Store> {
        self.left().await;
        let opened = PostgresStore::open(&self.url, &CorpId::from(corp)).await;
        Arc::new(opened.unwrap())
    }
}

mod conformance {
    use super::store_conformance;

    store_conformance!(crate::store::postgres::tests::InSchema::new());
}

#[tokio::test]
async fn tables_of_a_newer_version_are_refused() {
    let subject = InSchema::new();
    drop(subject.store().await);
    let raise = "UPDATE schema_version SET version = version + 1";
    Cluster::shared().sql(&subject.url, raise);
    let opened = PostgresStore::open(&subject.url, &CorpId::from("ww1")).await;
    assert!(matches!(opened, Err(StoreError::NewerSchema { .. })));
}

#[tokio::test]
async fn a_password_is_in_no_error() {
    let subject = InSchema::new();
    for url in [
        subject.url.replace("/postgres?", "/nosuchdb?"),
        subject.url.replace("127.0.0.1:", "127.0.0.1:1,127.0.0.2:"),
        subject.url.replace("agent:", "nobody:"),
        "postgres://a:not-a-secret@[/x".to_owned(),
    ] {
        let opened = PostgresStore::open(&url, &CorpId::from("ww1")).await;
        let Err(error) = opened else {
            panic!("{url} was opened");
        };
        assert!(!format!("{error:?} {error:#}").contains("not-a-secret"));
    }
}
