//! Rules that may fire so often a day, for all customers together.

use crate::support::{
    Agent, AgentBuilder, CUSTOMER, answers, customers, mock, operator, said_by_bot,
};

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
async fn try_knows_what_a_real_contact_has_used() {
    const LIMITED: &str = "\
version: 1
rules:
  - id: coupon
    when: {any: [优惠]}
    limit: {per_day: 1}
    do: [{reply: hello}, {points: {add: 5, why: 领券}}]
  - id: cool
    when: {any: [地址]}
    cooldown: 1h
    do: [{reply: hello}, {set: {城市: 上海}}, {remind: {who: lin.mei, in: 2h, text: 回访}}]
  - id: sounds
    when: {any: [地只], match: pinyin}
    cooldown: 1h
    do: [{tag: 意向/地址}]
  - id: gold
    when: {any: [地址], contact: {has_tag: 等级/金卡}}
    do: [{reply: hello}]
";
    let mock = mock().await;
    let mut agent = AgentBuilder::new()
        .file("rules/limited.yaml", LIMITED)
        .start(&mock)
        .await;
    let try_it = async |agent: &Agent, arguments: &[&str]| {
        let arguments = [&["try"], arguments].concat();
        let ran = operator::run(agent.folder(), &arguments).await;
        assert_eq!(ran.code, Some(0), "{}", ran.all());
        ran.stdout
    };
    let fresh = try_it(&agent, &["地址"]).await;
    for part in ["触发：cool", "属性 城市 = 上海", "提醒 lin.mei：回访"] {
        assert!(fresh.contains(part), "{part}: {fresh}");
    }
    let fresh = try_it(&agent, &["优惠"]).await;
    assert!(fresh.contains("积分 +5"), "{fresh}");
    for text in ["优惠", "地址"] {
        mock.say(CUSTOMER, text).await.expect("push");
    }
    answers(&mock, CUSTOMER, 2).await;
    agent.idle().await;
    // The same while it serves and when it is stopped.
    for serving in [true, false] {
        if !serving {
            assert_eq!(agent.terminate().await, Some(0));
        }
        let limit = try_it(&agent, &["优惠", "--contact", CUSTOMER]).await;
        assert!(limit.contains("今天已触发 1 次，每天最多 1 次"), "{limit}");
        let cooling = try_it(&agent, &["地址", "--contact", CUSTOMER]).await;
        // Also where its word stands in the message by its sound alone.
        assert_eq!(cooling.matches("还在冷却").count(), 2, "{cooling}");
        let tagged = ["地址", "--contact", CUSTOMER, "--tag", "等级/金卡"];
        let tagged = try_it(&agent, &tagged).await;
        assert!(tagged.contains("触发：gold"), "{tagged}");
    }
    let nobody = operator::run(agent.folder(), &["try", "地址", "--contact", "谁"]).await;
    assert_eq!(nobody.code, Some(1), "{}", nobody.all());
}

#[tokio::test]
async fn a_daily_limit_is_shared_by_all_customers_and_outlives_a_crash() {
    a_daily_limit_is_shared("redb").await;
}

#[tokio::test]
async fn a_daily_limit_holds_in_the_other_store_too() {
    a_daily_limit_is_shared("sled").await;
}
