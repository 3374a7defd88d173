//! Nothing secret and nothing that people wrote reaches a log, a metric or an error.

use mock_wecom::{Action, Config, ContactAdd, Kind, MockWecom, Robot, SecretSpec};

use crate::support::{
    Agent, AgentBuilder, CALLBACK_TOKEN, CUSTOMER, Callback, ENCODING_AES_KEY, MEMBER,
    OTHER_CUSTOMER, answers, errcode, eventually, fault, member_says, operator, sample,
};

const KF_SECRET: &str = "canary-secret-of-kf-0001";
const CONTACT_SECRET: &str = "canary-secret-of-contact-0002";
const APP_SECRET: &str = "canary-secret-of-app-0003";
const ROBOT_KEY: &str = "canary-robot-key-0004";
const HOOK_PATH: &str = "canary-hook-path-0005";
const HOOK_SECRET: &str = "canary-hook-secret-0006";
pub(crate) const SAID: &str = "金丝雀客户原话";
pub(crate) const REPLIED: &str = "金丝雀回复正文";
/// A customer without any trouble.
pub(crate) const BYSTANDER: &str = "wmSAMPLE00000000000000000000003";
pub(crate) const REMARKED: &str = "金丝雀备注";

fn rules() -> String {
    format!(
        "version: 1\nrules:\n  - id: canary\n    when: {{any: [{SAID}]}}\n    do:\n\
         \x20     - reply: hello\n      - remark: {REMARKED}\n      - robot: {{to: 值班群, text: {REPLIED}}}\n\
         \x20     - webhook: {{to: 系统, body: {{said: '{{{{ message.text }}}}'}}}}\n\
         \x20     - notify: {{to: 售后组, text: '{REPLIED} {{{{ now.time }}}}'}}\n      - tag: 客户等级/意向\n"
    )
}

/// A company whose secrets are canaries.
pub(crate) async fn corp() -> MockWecom {
    let secret = |secret: &str, kind, agent_id| SecretSpec {
        secret: secret.to_owned(),
        kind,
        agent_id,
        also: Vec::new(),
    };
    let config = Config {
        secrets: vec![
            secret(KF_SECRET, Kind::Kf, None),
            secret(CONTACT_SECRET, Kind::Contact, None),
            secret(APP_SECRET, Kind::App, Some(1_000_002)),
        ],
        ..sample()
    };
    MockWecom::start(config).await.expect("the mock starts")
}

/// Its agent, before it starts.
pub(crate) fn builder() -> AgentBuilder {
    // Nobody listens at the webhook's address.
    let webhook = format!(
        "[webhooks.\"系统\"]\nurl = \"http://127.0.0.1:1/{HOOK_PATH}\"\nsecret = \"{HOOK_SECRET}\"\n"
    );
    AgentBuilder::new()
        .file("rules/canary.yaml", &rules())
        .file("templates/hello.txt", REPLIED)
        .edit("kf-secret", KF_SECRET)
        .edit("contact-secret", CONTACT_SECRET)
        .edit("app-secret", APP_SECRET)
        .edit("sample-robot-key", ROBOT_KEY)
        .config(&webhook)
}

/// What a message meets on its way.
pub(crate) const PATHS: [&str; 8] = [
    "kf/service_state/get",
    "kf/send_msg",
    "message/send",
    "webhook/send",
    "externalcontact/mark_tag",
    "externalcontact/remark",
    "externalcontact/get",
    "send_welcome_msg",
];

/// Sets them all wrong once: troubles whose answers, codes and broken bodies could be quoted in a log line.
pub(crate) fn trouble(mock: &MockWecom) {
    let unclear = Action::Http {
        status: 500,
        applied: true,
    };
    fault(mock, "gettoken", Action::Garble);
    fault(mock, "kf/sync_msg", Action::Truncate);
    fault(mock, "kf/send_msg", errcode(40014));
    for path in PATHS {
        fault(mock, path, Action::DropAfter);
        fault(mock, path, Action::Truncate);
        fault(mock, path, unclear.clone());
        fault(mock, path, errcode(60020));
    }
}

/// What must never be seen: configured secrets, living tokens, what people wrote.
pub(crate) fn canaries(mock: &MockWecom) -> Vec<String> {
    let mut all: Vec<String> = [
        KF_SECRET,
        CONTACT_SECRET,
        APP_SECRET,
        ROBOT_KEY,
        HOOK_PATH,
        HOOK_SECRET,
        SAID,
        REPLIED,
        REMARKED,
        CALLBACK_TOKEN,
        ENCODING_AES_KEY,
    ]
    .map(str::to_owned)
    .to_vec();
    let state = mock.state();
    let tokens = state["tokens"].as_object().expect("tokens");
    assert!(tokens.len() >= 3, "every app got a token");
    all.extend(tokens.keys().cloned());
    let codes = state["greetings"]["codes"].as_object().expect("codes");
    assert!(!codes.is_empty(), "a welcome code was given");
    all.extend(codes.keys().cloned());
    all
}

#[tokio::test]
async fn no_secret_token_or_text_is_ever_written() {
    let mock = corp().await;
    seed_robot(&mock).await;
    let agent = builder().start(&mock).await;
    for customer in [CUSTOMER, OTHER_CUSTOMER] {
        mock.say(customer, "你好").await.expect("push");
        answers(&mock, customer, 1).await;
    }
    trouble(&mock);

    for customer in [CUSTOMER, OTHER_CUSTOMER] {
        mock.say(customer, SAID).await.expect("push");
        member_says(&mock, MEMBER, SAID).await;
    }
    let add = ContactAdd {
        external_userid: OTHER_CUSTOMER.to_owned(),
        userid: MEMBER.to_owned(),
        ..ContactAdd::default()
    };
    mock.added(add).await.expect("push");
    // Verified and decrypted, but no message: kept as a dead letter.
    let broken = format!("<xml><Content>{SAID}</Content>");
    Callback::xml("staff", &broken).send(&agent).await;
    // Not even that.
    let mut forged = Callback::xml("staff", SAID);
    forged.body.reverse();
    forged.send(&agent).await;

    for path in PATHS {
        eventually(&format!("{path} goes wrong"), async || {
            let calls = mock.calls(path);
            calls.into_iter().find(|call| call.fault.is_some())
        })
        .await;
    }
    mock.clear_faults();
    mock.say(BYSTANDER, "你好").await.expect("push");
    assert_eq!(answers(&mock, BYSTANDER, 1).await, [REPLIED]);

    let doctor = operator::run(agent.folder(), &["doctor", "--url", &agent.url()]).await;
    let list = operator::run(agent.folder(), &["queue", "list", "--limit", "500"]).await;
    let seen = [
        agent.logs().join("\n"),
        agent.metrics().await,
        agent.ready().await.to_string(),
        doctor.all(),
        list.all(),
    ];
    for (place, text) in ["log", "metrics", "readyz", "doctor", "queue list"]
        .iter()
        .zip(&seen)
    {
        for canary in canaries(&mock) {
            assert!(!text.contains(&canary), "{canary} in the {place}");
        }
    }
    assert!(
        seen[0].contains("attempt ended"),
        "there was a log to search"
    );
    assert!(seen[4].contains("out-"), "there was a list to search");
    nothing_on_the_disk(&mock, agent).await;
}

/// What customers wrote is in the store, and whoever may ask is shown it. No secret and no
/// living token is.
async fn nothing_on_the_disk(mock: &MockWecom, mut agent: Agent) {
    let secrets: Vec<String> = canaries(mock)
        .into_iter()
        .filter(|canary| ![SAID, REPLIED, REMARKED].contains(&canary.as_str()))
        .filter(|canary| !is_welcome_code(mock, canary))
        .collect();
    let mut told = String::new();
    for item in agent.items(&["sent", "failed", "unknown", "dead", "dropped", "ready"]) {
        told.push_str(&agent.show(&item).to_string());
    }
    for verb in [["trace", CUSTOMER], ["contacts", "list"]] {
        told.push_str(&String::from_utf8_lossy(&agent.run(&verb).stdout));
    }
    assert!(told.contains(REPLIED), "there was something to search");
    assert_eq!(agent.terminate().await, Some(0));
    let mut files = vec![("what operators are shown".to_owned(), told.into_bytes())];
    for entry in std::fs::read_dir(agent.folder().join("data")).expect("the data") {
        let path = entry.expect("an entry").path();
        if path.is_file() {
            let bytes = std::fs::read(&path).expect("a file");
            files.push((path.display().to_string(), bytes));
        }
    }
    let holds =
        |bytes: &[u8], text: &str| bytes.windows(text.len()).any(|at| at == text.as_bytes());
    assert!(files[1..].iter().any(|(_, bytes)| holds(bytes, SAID)));
    for (place, bytes) in &files {
        for secret in &secrets {
            assert!(!holds(bytes, secret), "{secret} in {place}");
        }
    }
}

/// Kept until it is used: that is what the store is for. It opens one greeting, for 20 s.
fn is_welcome_code(mock: &MockWecom, canary: &str) -> bool {
    let state = mock.state();
    let codes = state["greetings"]["codes"].as_object().expect("codes");
    codes.contains_key(canary)
}

/// The mock takes robots over its control API only.
pub(crate) async fn seed_robot(mock: &MockWecom) {
    let robot = Robot {
        key: ROBOT_KEY.to_owned(),
        name: String::new(),
        stopped: false,
    };
    let url = format!("{}/mock/robots", mock.base_url());
    let response = crate::support::http().post(url).json(&robot).send().await;
    assert!(response.expect("an answer").status().is_success());
}

#[tokio::test]
async fn errors_of_the_config_and_the_rules_name_no_secret() {
    let mock = crate::support::mock().await;
    let builder = AgentBuilder::new()
        .edit("kf-secret", KF_SECRET)
        .edit("timeout = \"2s\"", "timeout = \"soon\"")
        .config("[webhooks.\"系统\"]\nurl = \"canary-hook-path-0005\"\n");
    builder.write(&mock.base_url());
    for arguments in [["check"], ["serve"], ["doctor"]] {
        let ran = operator::run(builder.folder(), &arguments).await;
        assert_ne!(ran.code, Some(0));
        for canary in [KF_SECRET, HOOK_PATH, CALLBACK_TOKEN, ENCODING_AES_KEY] {
            assert!(!ran.all().contains(canary), "{canary}: {}", ran.all());
        }
    }
}
