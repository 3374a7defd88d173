//! The same canaries in every other place that somebody could look at: the most talkative log
//! on both engines, backups, exports, and what each verb says, also when it fails.

use mock_wecom::{Action, BotSay, ContactAdd, MockWecom};
use serde_json::json;

use crate::secrets::{
    BYSTANDER, PATHS, REMARKED, REPLIED, SAID, builder, canaries, corp, seed_robot, trouble,
};
use crate::support::{
    Agent, AgentBuilder, CALLBACK_TOKEN, CUSTOMER, ENCODING_AES_KEY, MEMBER, OTHER_CUSTOMER,
    answers, eventually, fault, http, member_says, operator,
};

const INGEST_TOKEN: &str = "canary-ingest-token-0007";
const WRONG_TOKEN: &str = "canary-wrong-token-0008";

fn telling() -> AgentBuilder {
    builder().config(&format!("[ingest]\ntoken = \"{INGEST_TOKEN}\"\n"))
}

/// Everything secret that has been about, the codes of answers too. Not what people wrote.
fn secrets(mock: &MockWecom, response_code: &str) -> Vec<String> {
    let written = [SAID, REPLIED, REMARKED];
    let mut all = canaries(mock);
    all.retain(|canary| !written.contains(&canary.as_str()));
    all.extend([INGEST_TOKEN, WRONG_TOKEN, response_code].map(str::to_owned));
    all
}

/// Everything that a secret or a text is needed for happens, and goes wrong once. Gives the
/// code by which a bot's late answer went.
async fn busy_day(mock: &MockWecom, agent: &Agent) -> String {
    for customer in [CUSTOMER, OTHER_CUSTOMER] {
        mock.say(customer, "你好").await.expect("push");
        answers(mock, customer, 1).await;
    }
    trouble(mock);
    for customer in [CUSTOMER, OTHER_CUSTOMER] {
        mock.say(customer, SAID).await.expect("push");
        member_says(mock, MEMBER, SAID).await;
    }
    let add = ContactAdd {
        external_userid: OTHER_CUSTOMER.to_owned(),
        userid: MEMBER.to_owned(),
        ..ContactAdd::default()
    };
    mock.added(add).await.expect("push");
    for path in PATHS {
        eventually(&format!("{path} goes wrong"), async || {
            let calls = mock.calls(path);
            calls.into_iter().find(|call| call.fault.is_some())
        })
        .await;
    }
    mock.clear_faults();
    for token in [INGEST_TOKEN, WRONG_TOKEN] {
        let line = json!({"id": token.len(), "customer": CUSTOMER, "set": {"备注": SAID}});
        let request = http().post(format!("{}/ingest/contacts", agent.url()));
        let request = request.bearer_auth(token).body(line.to_string());
        request.send().await.expect("an answer");
    }
    mock.say(BYSTANDER, "你好").await.expect("push");
    assert_eq!(answers(mock, BYSTANDER, 1).await, [REPLIED]);
    // The webhook is tried on and on; all the rest is over.
    late_answer(mock).await
}

/// A bot that cannot answer in time uses the address of the message.
async fn late_answer(mock: &MockWecom) -> String {
    let hurry = json!({"callback_timeout_ms": 300, "callback_repeats": 0});
    let switches = hurry.as_object().expect("an object").clone();
    mock.set_switches(switches).expect("switches");
    fault(mock, "user/get", Action::DelayMs { ms: 1200 });
    let say = BotSay {
        userid: "wang.wei".to_owned(),
        content: Some("你好".to_owned()),
        ..BotSay::default()
    };
    let pushed = mock.bot_say(say).await.expect("said");
    let url = pushed.fact("response_url");
    let (_, code) = url.split_once("response_code=").expect("a code");
    eventually("the late answer", async || {
        mock.calls("aibot/response").into_iter().next()
    })
    .await;
    code.to_owned()
}

#[tokio::test]
async fn the_most_talkative_log_tells_no_secret_and_no_text() {
    for store in ["redb", "sled"] {
        let mock = corp().await;
        seed_robot(&mock).await;
        let mut agent = telling().store(store).log("trace").start(&mock).await;
        let code = busy_day(&mock, &agent).await;
        let mut all = secrets(&mock, &code);
        all.extend([SAID, REPLIED, REMARKED].map(str::to_owned));
        assert_eq!(agent.terminate().await, Some(0));
        let logs = agent.logs();
        assert!(
            logs.iter().any(|line| line.contains("\"DEBUG\"")),
            "it was talkative"
        );
        for canary in all {
            let told = logs.iter().find(|line| line.contains(&canary));
            assert_eq!(told, None, "{canary} in the log on {store}");
        }
    }
}

/// Verbs that tell what is there.
const TELLING: [&[&str]; 19] = [
    &["check"],
    &["doctor"],
    &["try", "你好"],
    &["trace", CUSTOMER],
    &["replay", "--since", "1d"],
    &["undo", "--rule", "canary", "--since", "1d"],
    &["queue", "list", "--limit", "500"],
    &["broadcasts", "list"],
    &["rules", "history"],
    &["rules", "diff"],
    &["preview"],
    &["sop", "list"],
    &["contacts", "list"],
    &["contacts", "show", CUSTOMER],
    &["groups", "list"],
    &["sync"],
    &["channels", "plan"],
    &["erase", CUSTOMER],
    &["audit"],
];

#[tokio::test]
async fn what_operators_see_and_take_out_holds_no_secret() {
    let mock = corp().await;
    seed_robot(&mock).await;
    let agent = telling().start(&mock).await;
    let code = busy_day(&mock, &agent).await;
    let folder = agent.folder();
    let mut places = Vec::new();
    for arguments in TELLING {
        let ran = operator::run(folder, arguments).await;
        let did = matches!(ran.code, Some(0 | 1));
        assert!(did, "{arguments:?}: {}", ran.all());
        places.push((arguments.join(" "), ran.all()));
    }
    for arguments in [["backup", "all.jsonl"], ["export", "--output=out.jsonl"]] {
        let ran = operator::run(folder, &arguments).await;
        assert_eq!(ran.code, Some(0), "{}", ran.all());
        places.push((arguments.join(" "), ran.all()));
    }
    for file in ["all.jsonl", "out.jsonl"] {
        let text = std::fs::read_to_string(folder.join(file)).expect("a file");
        assert!(text.contains(SAID), "there was something to search: {file}");
        places.push((file.to_owned(), text));
    }
    let mut once = vec![code.clone()];
    let state = mock.state();
    let welcome = state["greetings"]["codes"].as_object().expect("codes");
    once.extend(welcome.keys().cloned());
    for secret in secrets(&mock, &code) {
        for (place, text) in &places {
            // Files of the data hold messages as they came, and the codes in them by which they
            // are answered: each works once, within an hour or within seconds.
            if once.contains(&secret) && place.ends_with(".jsonl") {
                continue;
            }
            let line = text.lines().find(|line| line.contains(&secret));
            assert_eq!(line, None, "{secret} in {place}");
        }
    }
}

/// Every verb that reads the config, with what it cannot do without.
const FAILING: [&[&str]; 32] = [
    &["serve"],
    &["check"],
    &["test"],
    &["doctor"],
    &["try", "你好"],
    &["trace", CUSTOMER],
    &["undo", "--rule", "canary", "--since", "1d", "--yes"],
    &["replay", "--since", "1d"],
    &["queue", "list"],
    &["queue", "show", "out-1"],
    &["queue", "redrive", "out-1"],
    &["queue", "discard", "out-1", "--reason", "no"],
    &["broadcasts", "list"],
    &["broadcasts", "cancel", "bc-1"],
    &["rules", "history"],
    &["rules", "diff"],
    &["rules", "rollback", "1"],
    &["preview"],
    &["sop", "list"],
    &["sop", "report", "跟进"],
    &["contacts", "list"],
    &["groups", "list"],
    &["sync", "--full"],
    &["channels", "plan"],
    &["channels", "apply", "--yes"],
    &["backup", "new.jsonl"],
    &["restore", "none.jsonl"],
    &["export"],
    &["import", "none.jsonl"],
    &["erase", CUSTOMER, "--yes"],
    &["store", "migrate", "--from", "data", "--to", "sled:other"],
    &["audit"],
];

/// Runs them all; whatever they say holds none of these.
async fn all_say_nothing_of(builder: &AgentBuilder, secrets: &[&str], fails: bool) {
    for arguments in FAILING {
        let mut command = operator::command(builder.folder(), arguments);
        command.env("RUST_LOG", "trace").env("RUST_BACKTRACE", "1");
        let ran = operator::end(command).await;
        assert!(
            !fails || ran.code != Some(0),
            "{arguments:?}: {}",
            ran.all()
        );
        assert!(!ran.all().contains("用法"), "{}", ran.all());
        for secret in secrets {
            let told = ran.all();
            assert!(!told.contains(secret), "{secret}, {arguments:?}: {told}");
        }
    }
}

#[tokio::test]
async fn no_verb_tells_a_secret_when_it_fails() {
    let secrets = [
        "canary-secret-of-kf-0001",
        "canary-robot-key-0004",
        "canary-hook-path-0005",
        "canary-hook-secret-0006",
        INGEST_TOKEN,
        CALLBACK_TOKEN,
        ENCODING_AES_KEY,
    ];
    // Nothing can be understood: an open quote behind a secret.
    let broken = telling().edit(
        "secret = \"canary-hook-secret-0006\"",
        "secret = \"canary-hook-secret-0006",
    );
    broken.write("http://127.0.0.1:1");
    all_say_nothing_of(&broken, &secrets, true).await;
    // Understood, and wrong.
    let wrong = telling().edit("timeout = \"2s\"", "timeout = \"soon\"");
    wrong.write("http://127.0.0.1:1");
    all_say_nothing_of(&wrong, &secrets, false).await;
    // Right, with data that nobody can read and nobody who answers.
    let damaged = telling().edit("127.0.0.1:0", "192.0.2.1:9");
    damaged.write("http://127.0.0.1:1");
    let data = damaged.folder().join("data");
    std::fs::create_dir_all(&data).expect("a folder");
    std::fs::write(data.join("store.redb"), "no store").expect("a file");
    all_say_nothing_of(&damaged, &secrets, false).await;
}
