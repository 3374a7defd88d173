//! Rules that may fire so often a day, for all customers together.

use crate::support::{AgentBuilder, answers, customers, mock, said_by_bot};

const RULES: &str = "\
version: 1
rules:
  - id: coupon
    when: {any: [优惠]}
    limit: {per_day: 3}
    stop: true
    do: [{reply: coupon}]
  - id: later
    when: {any: [优惠]}
    do: [{reply: later}]
";

async fn a_daily_limit_is_shared(store: &'static str) {
    let mock = mock().await;
    let people = customers(&mock, 12);
    let mut agent = AgentBuilder::new()
        .store(store)
        .file("rules/coupon.yaml", RULES)
        .file("templates/coupon.txt", "券")
        .file("templates/later.txt", "明天请早")
        .start(&mock)
        .await;
    // All at once: decided in the same batch and beside each other.
    let said = people.iter().take(10).map(|id| mock.say(id, "有优惠吗"));
    for pushed in futures_util::future::join_all(said).await {
        pushed.expect("push");
    }
    let mut got = Vec::new();
    for id in people.iter().take(10) {
        got.extend(answers(&mock, id, 1).await);
    }
    let coupons = got.iter().filter(|text| *text == "券").count();
    let others = got.iter().filter(|text| *text == "明天请早").count();
    assert_eq!((coupons, others), (3, 7), "{got:?}");

    // The count outlives a crash.
    agent.kill();
    agent.restart(&mock).await;
    mock.say(&people[10], "有优惠吗").await.expect("push");
    assert_eq!(answers(&mock, &people[10], 1).await, ["明天请早"]);
    agent.idle().await;
    for id in people.iter().take(11) {
        assert_eq!(said_by_bot(&mock, id).len(), 1);
    }
}

#[tokio::test]
async fn a_daily_limit_is_shared_by_all_customers_and_outlives_a_crash() {
    a_daily_limit_is_shared("redb").await;
}

#[tokio::test]
async fn a_daily_limit_holds_in_the_other_store_too() {
    a_daily_limit_is_shared("sled").await;
}
