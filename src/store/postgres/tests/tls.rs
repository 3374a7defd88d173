//! TLS to the server: what each `sslmode` takes and refuses.

use std::path::Path;

use crate::domain::ids::CorpId;
use crate::store::postgres::PostgresStore;
use crate::store::postgres::cluster::Cluster;
use crate::store::postgres::session::Session;

/// Gives the server a certificate of its own making for a name, and leaves it in a file.
fn certify(cluster: &Cluster, name: &str, file: &Path) {
    let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    let certificate = made.cert.pem();
    std::fs::write(file, &certificate).unwrap();
    cluster.secure(&certificate, &made.signing_key.serialize_pem());
}

/// Whether the words are hidden; `None` if the store could not be opened.
async fn hidden(url: &str, query: &str) -> Option<bool> {
    let url = format!("{url}?{query}");
    let opened = PostgresStore::open(&url, &CorpId::from("ww1")).await;
    let store = opened.ok()?;
    let session = Session::plain(&store.shared).await.unwrap();
    let sql = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    let row = session.row(sql, &[]).await.unwrap();
    Some(row.unwrap().get(0))
}

#[tokio::test]
async fn sslmode_decides_who_is_spoken_to() {
    let cluster = Cluster::start(false);
    let url = cluster.database();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a root.pem");
    let roots = file.to_str().unwrap().replace(' ', "%20");
    let ours = format!("sslmode=verify-full&sslrootcert={roots}");
    assert_eq!(hidden(&url, "sslmode=prefer").await, Some(false));
    assert_eq!(hidden(&url, "sslmode=require").await, None);

    certify(&cluster, "127.0.0.1", &file);
    assert_eq!(hidden(&url, "sslmode=disable").await, Some(false));
    assert_eq!(hidden(&url, "sslmode=prefer").await, Some(true));
    assert_eq!(hidden(&url, "sslmode=require").await, Some(true));
    assert_eq!(hidden(&url, "sslmode=verify-full").await, None);
    assert_eq!(hidden(&url, &ours).await, Some(true));

    // Somebody else's certificate, though we trust who made it.
    certify(&cluster, "elsewhere.example", &file);
    assert_eq!(hidden(&url, "sslmode=require").await, Some(true));
    assert_eq!(hidden(&url, &ours).await, None);
}
