//! At most so many in any span of time.

use std::time::Duration;

use super::Subject;
use super::support::{CORP, at};
use crate::store::{QuotaUse, Reservation, Store};

fn quota(key: &str, max: u32, window_ms: u64) -> QuotaUse {
    QuotaUse {
        key: key.to_owned(),
        max,
        window: Duration::from_millis(window_ms),
        since: None,
        holder: None,
    }
}

async fn reserve(store: &dyn Store, uses: &[QuotaUse], now: i64) -> Reservation {
    store.reserve(uses, at(now)).await.unwrap()
}

fn until(millis: i64) -> Reservation {
    Reservation::Until(at(millis))
}

pub async fn hold_in_any_window(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    let two = [quota("a", 2, 100)];
    assert_eq!(reserve(&*store, &two, 0).await, Reservation::Granted);
    assert_eq!(reserve(&*store, &two, 60).await, Reservation::Granted);
    assert_eq!(reserve(&*store, &two, 99).await, until(100));
    assert_eq!(reserve(&*store, &two, 100).await, Reservation::Granted);
    assert_eq!(
        reserve(&*store, &two, 101).await,
        until(160),
        "a refusal uses nothing"
    );
    assert_eq!(
        reserve(&*store, &[quota("b", 1, 100)], 101).await,
        Reservation::Granted
    );
}

pub async fn are_reserved_all_or_none(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    let (free, full) = (quota("free", 1, 100), quota("full", 1, 500));
    assert_eq!(
        reserve(&*store, std::slice::from_ref(&full), 0).await,
        Reservation::Granted
    );
    assert_eq!(
        reserve(&*store, &[free.clone(), full], 10).await,
        until(500)
    );
    assert_eq!(
        reserve(&*store, std::slice::from_ref(&free), 10).await,
        Reservation::Granted
    );
    // Twice the same in one call counts twice.
    let pair = [quota("pair", 1, 100), quota("pair", 1, 100)];
    assert_eq!(reserve(&*store, &pair, 0).await, until(100));
    assert_eq!(reserve(&*store, &pair[..1], 0).await, Reservation::Granted);
}

pub async fn start_again_after_since(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    let mut one = quota("kf", 1, 1000);
    one.since = Some(at(0));
    assert_eq!(
        reserve(&*store, std::slice::from_ref(&one), 5).await,
        Reservation::Granted
    );
    assert_eq!(
        reserve(&*store, std::slice::from_ref(&one), 10).await,
        until(1005)
    );
    // The customer writes again.
    one.since = Some(at(20));
    assert_eq!(
        reserve(&*store, std::slice::from_ref(&one), 21).await,
        Reservation::Granted
    );
    assert_eq!(
        reserve(&*store, std::slice::from_ref(&one), 22).await,
        until(1021)
    );
}

pub async fn one_key_may_have_two_windows(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    let both = [quota("m", 1, 10), quota("m", 2, 1000)];
    assert_eq!(reserve(&*store, &both, 0).await, Reservation::Granted);
    assert_eq!(reserve(&*store, &both, 5).await, until(10));
    assert_eq!(reserve(&*store, &both, 10).await, Reservation::Granted);
    assert_eq!(reserve(&*store, &both, 20).await, until(1000));
    assert_eq!(reserve(&*store, &both, 1000).await, Reservation::Granted);
}

pub async fn are_moved_by_the_same_holder(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    let of = |holder: &str| {
        let holder = Some(holder.to_owned());
        [QuotaUse {
            holder,
            ..quota("group", 1, 100)
        }]
    };
    assert_eq!(reserve(&*store, &of("a"), 0).await, Reservation::Granted);
    // The first try failed: what counts is when it leaves.
    assert_eq!(reserve(&*store, &of("a"), 60).await, Reservation::Granted);
    assert_eq!(reserve(&*store, &of("b"), 101).await, until(160));
    assert_eq!(reserve(&*store, &of("b"), 160).await, Reservation::Granted);
    assert_eq!(reserve(&*store, &of("a"), 161).await, until(260));
    // What never left leaves its place to another; who has none gives none back.
    store.give_back(&of("a"), at(162)).await.unwrap();
    assert_eq!(reserve(&*store, &of("a"), 163).await, until(260));
    store.give_back(&of("b"), at(164)).await.unwrap();
    assert_eq!(reserve(&*store, &of("a"), 165).await, Reservation::Granted);
}
