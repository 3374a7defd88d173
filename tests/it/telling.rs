//! What a shop or a mini-program tells about customers: by HTTP and by a file.

use serde_json::{Value, json};

use crate::support::{Agent, AgentBuilder, CUSTOMER, calls, http, mock};

const TOKEN: &str = "0123456789abcdef-canary";

const RULES: &str = "\
version: 1
rules:
  - id: third order
    on: event:ingest/order
    when: {contact: {order_count: \">= 3\"}}
    do: [{tag: 客户/老客}, {notify: {to: zhao.min, text: \"{{ contact.order_amount }}\"}}]
";

const PLANS: &str = "\
version: 1
sops:
  - id: 关怀
    kind: lifecycle
    audience: {城市: 上海}
    steps:
      - {at: +1h, do: [{tag: 阶段/关怀}]}
";

fn builder() -> AgentBuilder {
    AgentBuilder::new()
        .file("rules/telling.yaml", RULES)
        .file("sops/telling.yaml", PLANS)
        .config(&format!("[ingest]\ntoken = \"{TOKEN}\"\n"))
}

async fn post(agent: &Agent, token: &str, body: String) -> (u16, Value) {
    let request = http().post(format!("{}/ingest/contacts", agent.url()));
    let request = request.header("Authorization", format!("Bearer {token}"));
    let answer = request.body(body).send().await.expect("an answer");
    let status = answer.status().as_u16();
    (status, answer.json().await.unwrap_or_default())
}

fn order(id: u32, amount: f64) -> String {
    json!({"id": format!("o-{id}"), "customer": CUSTOMER, "event": "order", "amount": amount,
        "at": format!("2026-10-0{id} 10:00")})
    .to_string()
}

#[tokio::test]
async fn orders_are_counted_once_and_set_rules_off() {
    let mock = mock().await;
    let agent = builder().start(&mock).await;
    let body = [order(2, 10.5), order(1, 20.0), order(2, 10.5)].join("\n");
    let (status, answer) = post(&agent, TOKEN, body.clone()).await;
    assert_eq!(status, 200);
    assert_eq!(
        answer,
        json!({"accepted": 2, "duplicates": 1, "refused": 0, "problems": []})
    );
    let (_, answer) = post(&agent, TOKEN, body).await;
    assert_eq!(answer["duplicates"], 3);
    agent.idle().await;
    assert_eq!(
        mock.calls("message/send").len(),
        0,
        "two orders are not three"
    );

    post(&agent, TOKEN, format!("[{}]", order(3, 1.0))).await;
    let told = calls(&mock, "message/send", 1).await;
    assert_eq!(told[0].request["body"]["text"]["content"], "31.5");
    agent.idle().await;
    let contact = agent.known(CUSTOMER).await;
    let attributes = &contact["attributes"];
    assert_eq!(attributes["order_count"], json!(3.0));
    assert_eq!(attributes["last_order_at"], "2026-10-03 10:00:00");
    assert!(contact["tags"]["客户/老客"].is_object());
    // One who has no contact of ours in WeCom yet is kept all the same.
    assert_eq!(contact["person"]["external"], CUSTOMER);
}

#[tokio::test]
async fn money_given_back_is_no_order() {
    let mock = mock().await;
    let agent = builder().start(&mock).await;
    post(&agent, TOKEN, [order(1, 20.0), order(2, -5.5)].join("\n")).await;
    agent.idle().await;
    let attributes = agent.known(CUSTOMER).await["attributes"].clone();
    assert_eq!(attributes["order_count"], json!(1.0));
    assert_eq!(attributes["order_amount"], json!(14.5));
    assert_eq!(attributes["last_order_at"], "2026-10-01 10:00:00");
}

#[tokio::test]
async fn an_attribute_lets_somebody_into_an_sop() {
    let mock = mock().await;
    let agent = builder().start(&mock).await;
    let line =
        json!({"id": "c-1", "customer": CUSTOMER, "set": {"城市": "上海", "生日": "1990-05-01"}});
    post(&agent, TOKEN, line.to_string()).await;
    agent.timers(1).await;
    assert!(agent.known(CUSTOMER).await["sops"]["关怀"].is_object());
}

#[tokio::test]
async fn good_lines_are_taken_and_bad_ones_told_by_their_number() {
    let mock = mock().await;
    let agent = builder().start(&mock).await;
    let body = format!(
        "{}\n{{\"id\":\"x\"}}\nnonsense\n{}",
        order(1, 1.0),
        order(2, 1.0)
    );
    let (status, answer) = post(&agent, TOKEN, body).await;
    assert_eq!(status, 422);
    assert_eq!(
        (&answer["accepted"], &answer["refused"]),
        (&json!(2), &json!(2))
    );
    assert_eq!(answer["problems"][0]["line"], 2);
    assert_eq!(answer["problems"][1]["line"], 3);
}

#[tokio::test]
async fn only_who_shows_the_token_may_tell_and_not_too_much_at_once() {
    let mock = mock().await;
    let agent = builder().start(&mock).await;
    for token in ["", "0123456789abcdef", "0123456789abcdef-canarz"] {
        assert_eq!(post(&agent, token, order(1, 1.0)).await.0, 401, "{token}");
    }
    let (status, _) = post(&agent, TOKEN, "x".repeat(2 * 1024 * 1024)).await;
    assert_eq!(status, 413);
    let bare = Agent::start(&mock).await;
    assert_eq!(post(&bare, TOKEN, order(1, 1.0)).await.0, 404);
    assert!(agent.logs().iter().all(|line| !line.contains(TOKEN)));
}

#[tokio::test]
async fn a_file_is_imported_whole_or_not_at_all() {
    let mock = mock().await;
    let agent = builder()
        .file("good.csv", &format!("customer,城市\n{CUSTOMER},上海\n"))
        .file(
            "days.csv",
            &format!("customer,生日\n{CUSTOMER},05-01\n{CUSTOMER},看心情\n"),
        )
        .file("bad.jsonl", &format!("{}\n{{}}\n", order(1, 1.0)))
        .start(&mock)
        .await;
    let path = |name: &str| agent.folder().join(name).display().to_string();
    let refused = agent.run(&["contacts", "import", &path("bad.jsonl")]);
    assert_eq!(refused.status.code(), Some(1));
    let told = String::from_utf8(refused.stdout).expect("UTF-8");
    assert!(told.contains("bad.jsonl:2:"), "{told}");
    agent.idle().await;
    assert!(agent.known(CUSTOMER).await.is_null());

    for new in ["1", "0"] {
        let taken = agent.run(&["contacts", "import", &path("good.csv")]);
        let told = String::from_utf8(taken.stdout).expect("UTF-8");
        assert_eq!(told.trim(), format!("1 行，其中 {new} 行是新的"));
    }
    agent.timers(1).await;
    assert_eq!(agent.known(CUSTOMER).await["attributes"]["城市"], "上海");

    // A day that cannot be read is taken, and said with its line.
    let taken = agent.run(&["contacts", "import", &path("days.csv")]);
    assert_eq!(taken.status.code(), Some(0));
    let told = String::from_utf8(taken.stdout).expect("UTF-8");
    assert!(told.contains("days.csv:3: 属性「生日」"), "{told}");
    assert!(!told.contains("days.csv:2:"), "{told}");
    assert!(told.contains("2 行，其中 2 行是新的"), "{told}");
}
