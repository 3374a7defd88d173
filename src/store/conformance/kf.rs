//! The kf cursor and pushes.

use super::Subject;
use super::support::{CORP, at, record};
use crate::domain::ids::{AppName, OpenKfId};
use crate::store::{Acceptance, KfPage, KfPush, NewRecord, StoreError};

fn account() -> OpenKfId {
    OpenKfId::from("wk1")
}

fn page(expected: Option<&str>, next: Option<&str>, records: Vec<NewRecord>) -> KfPage {
    KfPage {
        open_kfid: account(),
        expected_cursor: expected.map(str::to_owned),
        next_cursor: next.map(str::to_owned),
        records,
        answers_pushes_until: None,
    }
}

fn push(account: &str, token: Option<&str>, when: i64) -> KfPush {
    KfPush {
        app: AppName::from("kf"),
        open_kfid: OpenKfId::from(account),
        token: token.map(str::to_owned),
        received_at: at(when),
    }
}

pub async fn a_page_moves_the_cursor_with_its_records(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    assert_eq!(store.kf_cursor(&account()).await.unwrap(), None);
    let first = page(
        None,
        Some("c1"),
        vec![record("a", "1", 0), record("a", "2", 0)],
    );
    let accepted = store.accept_kf_page(first).await.unwrap();
    assert!(accepted.iter().all(|one| matches!(one, Acceptance::New(_))));
    assert_eq!(
        store.kf_cursor(&account()).await.unwrap().as_deref(),
        Some("c1")
    );
    let second = page(
        Some("c1"),
        Some("c2"),
        vec![record("a", "2", 1), record("a", "3", 1)],
    );
    let accepted = store.accept_kf_page(second).await.unwrap();
    assert!(matches!(
        accepted[..],
        [Acceptance::Duplicate(_), Acceptance::New(_)]
    ));
    assert_eq!(
        store.kf_cursor(&account()).await.unwrap().as_deref(),
        Some("c2")
    );
    assert_eq!(store.kf_cursor(&OpenKfId::from("wk2")).await.unwrap(), None);
}

pub async fn a_page_for_an_old_cursor_changes_nothing(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    store.note_kf_push(push("wk1", None, 1)).await.unwrap();
    store
        .accept_kf_page(page(None, Some("c1"), vec![]))
        .await
        .unwrap();
    for expected in [None, Some("c0")] {
        let mut late = page(expected, Some("c9"), vec![record("a", "1", 0)]);
        late.answers_pushes_until = Some(at(9));
        let outcome = store.accept_kf_page(late).await;
        assert!(
            matches!(outcome, Err(StoreError::CursorMoved)),
            "{outcome:?}"
        );
    }
    assert_eq!(
        store.kf_cursor(&account()).await.unwrap().as_deref(),
        Some("c1")
    );
    assert_eq!(store.depths(at(0)).await.unwrap().inbox, 0);
    assert_eq!(store.pending_kf_pushes().await.unwrap().len(), 1);
}

pub async fn a_page_without_a_cursor_keeps_the_old_one(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    store
        .accept_kf_page(page(None, Some("c1"), vec![]))
        .await
        .unwrap();
    store
        .accept_kf_page(page(Some("c1"), None, vec![]))
        .await
        .unwrap();
    assert_eq!(
        store.kf_cursor(&account()).await.unwrap().as_deref(),
        Some("c1")
    );
}

pub async fn pushes_wait_until_a_pull_answers_them(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    store
        .note_kf_push(push("wk1", Some("t1"), 10))
        .await
        .unwrap();
    store
        .note_kf_push(push("wk2", Some("t2"), 11))
        .await
        .unwrap();
    store
        .note_kf_push(push("wk1", Some("t3"), 12))
        .await
        .unwrap();
    store.signals().kf.notified().await;
    let mut pending = store.pending_kf_pushes().await.unwrap();
    pending.sort_by_key(|push| push.received_at);
    assert_eq!(
        pending,
        [push("wk2", Some("t2"), 11), push("wk1", Some("t3"), 12)]
    );

    // A pull that began before the newest push does not answer it.
    let mut early = page(None, Some("c1"), vec![]);
    early.answers_pushes_until = Some(at(11));
    store.accept_kf_page(early).await.unwrap();
    assert_eq!(store.pending_kf_pushes().await.unwrap().len(), 2);
    let mut last = page(Some("c1"), Some("c2"), vec![]);
    last.answers_pushes_until = Some(at(12));
    store.accept_kf_page(last).await.unwrap();
    assert_eq!(
        store.pending_kf_pushes().await.unwrap(),
        [push("wk2", Some("t2"), 11)]
    );
}
