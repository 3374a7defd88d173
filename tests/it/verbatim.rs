//! What a customer writes is data wherever a template puts it.

use mock_wecom::{Customer, Follow};

use crate::support::{
    AgentBuilder, CUSTOMER, Ear, MEMBER, answers, applied, calls, eventually, mock,
};

const NAME: &str = "{{ 8*8 }}{% raw %}";
const SAID: &str = "下单{{ 7*7 }} {{ corp.id }}{% for x in range(9) %}{# 注 #}{{ contact";

const RULES: &str = r"version: 1
rules:
  - id: odd
    when: {regex: '下单(?<what>\{\{ 7\*7 \}\})'}
    do:
      - set: {原话: '{{ message.text }}'}
      - reply: odd
      - remark: '客{{ m.what }}'
      - notify: {to: 售后组, text: 'N {{ contact.name }}|{{ message.text }}|{{ m.what }}'}
      - robot: {to: 值班群, text: 'R {{ contact.name }}|{{ message.text }}'}
      - webhook: {to: 系统, body: {said: '{{ message.text }}', who: {name: '{{ contact.name }}'}}}
      - remind: {who: lin.mei, in: 10m, text: 'E {{ contact.name }}|{{ m.what }}'}
";

#[tokio::test]
async fn braces_of_a_customer_are_sent_as_they_were_written() {
    let mock = mock().await;
    let odd = Customer {
        external_userid: CUSTOMER.to_owned(),
        name: NAME.to_owned(),
        followers: vec![Follow::new(MEMBER, 0)],
        ..Customer::default()
    };
    mock.put_customers(vec![odd]).expect("a known member");
    let ear = Ear::open().await;
    let hook = format!("[webhooks.\"系统\"]\nurl = \"{}/hook\"\n", ear.url());
    let agent = AgentBuilder::new()
        .file("rules/odd.yaml", RULES)
        .file(
            "templates/odd.txt",
            "T {{ contact.name }}|{{ message.text }}|{{ m.what }}",
        )
        .config(&hook)
        .start(&mock)
        .await;
    mock.say(CUSTOMER, SAID).await.expect("push");

    let what = "{{ 7*7 }}";
    assert_eq!(
        answers(&mock, CUSTOMER, 1).await,
        [format!("T {NAME}|{SAID}|{what}")]
    );
    let notice = answers(&mock, "zhao.min", 1).await;
    assert_eq!(notice, [format!("N {NAME}|{SAID}|{what}")]);
    assert_eq!(
        answers(&mock, "sample-robot-key", 1).await,
        [format!("R {NAME}|{SAID}")]
    );
    let remark = &calls(&mock, "externalcontact/remark", 1).await[0];
    assert_eq!(remark.request["body"]["remark"], format!("客{what}"));
    let heard = eventually("the webhook", async || ear.heard().pop()).await;
    let body = heard.split_once('\n').expect("a body").1;
    let body: serde_json::Value = serde_json::from_str(body).expect("JSON");
    assert_eq!(
        body,
        serde_json::json!({"said": SAID, "who": {"name": NAME}})
    );
    agent.ahead(&mock, 700);
    let reminder = eventually("the reminder", async || {
        let sent = applied(&mock, "message/send").into_iter();
        let mut texts = sent.map(|call| call.request["body"].to_string());
        texts.find(|text| text.contains("E {{"))
    })
    .await;
    assert!(reminder.contains(&format!("E {NAME}|{what}")), "{reminder}");
    let known = agent.known(CUSTOMER).await["attributes"].to_string();
    assert!(!known.contains("49") && known.contains("7*7"), "{known}");
    assert!(applied(&mock, "kf/send_msg").len() == 1);
}
