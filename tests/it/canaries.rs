//! The same canaries in every other place that somebody could look at: the most talkative log
//! on every store, the database, backups, exports, and what each verb says, also when it fails.

use mock_wecom::{Action, BotSay, ContactAdd, MockWecom};
use serde_json::json;

use crate::secrets::{
    BYSTANDER, PATHS, REMARKED, REPLIED, SAID, builder, canaries, corp, seed_robot, trouble,
};
use crate::support::cluster::Cluster;
use crate::support::{
    Agent, AgentBuilder, CALLBACK_TOKEN, CUSTOMER, ENCODING_AES_KEY, MEMBER, OTHER_CUSTOMER,
    answers, eventually, fault, http, member_says, operator,
};

const INGEST_TOKEN: &str = "canary-ingest-token-0007";
const WRONG_TOKEN: &str = "canary-wrong-token-0008";
const DATABASE_PASSWORD: &str = "canary-database-password-0009";

fn telling() -> AgentBuilder {
    builder().config(&format!("[ingest]\ntoken = \"{INGEST_TOKEN}\"\n"))
}

/// Everything secret that has been about, the codes of answers too. Not what people wrote.
fn secrets(mock: &MockWecom, response_code: &str) -> Vec<String> {
    let written = [SAID, REPLIED, REMARKED];
    let mut all = canaries(mock);
    all.retain(|canary| !written.contains(&canary.as_str()));
    let more = [INGEST_TOKEN, WRONG_TOKEN, DATABASE_PASSWORD, response_code];
    all.extend(more.map(str::to_owned));
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
    for store in ["redb", "sled", "postgres"] {
        let mock = corp().await;
        seed_robot(&mock).await;
        let builder = match store {
            "postgres" => telling().database(&Cluster::shared().guarded(DATABASE_PASSWORD)),
            engine => telling().store(engine),
        };
        let mut agent = builder.log("trace").start(&mock).await;
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

/// What somebody finds who reads its files.
const DATABASE: &str = "the database";

#[tokio::test]
async fn what_operators_see_and_take_out_holds_no_secret() {
    nothing_taken_out_holds_a_secret(telling(), None).await;
}

#[tokio::test]
async fn what_operators_see_and_take_out_of_a_database_holds_no_secret() {
    let url = Cluster::shared().guarded(DATABASE_PASSWORD);
    nothing_taken_out_holds_a_secret(telling().database(&url), Some(&url)).await;
}

async fn nothing_taken_out_holds_a_secret(builder: AgentBuilder, database: Option<&str>) {
    let mock = corp().await;
    seed_robot(&mock).await;
    let agent = builder.start(&mock).await;
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
    if let Some(url) = database {
        let text = Cluster::shared().dump(url);
        assert!(
            text.contains(SAID),
            "there was something to search: the database"
        );
        places.push((DATABASE.to_owned(), text));
    }
    let mut once = vec![code.clone()];
    let state = mock.state();
    let welcome = state["greetings"]["codes"].as_object().expect("codes");
    once.extend(welcome.keys().cloned());
    for secret in secrets(&mock, &code) {
        for (place, text) in &places {
            // Files of the data hold messages as they came, and the codes in them by which they
            // are answered: each works once, within an hour or within seconds.
            let is_data = place.ends_with(".jsonl") || place == DATABASE;
            if once.contains(&secret) && is_data {
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

/// Runs them; whatever they say holds none of these.
async fn all_say_nothing_of(
    builder: &AgentBuilder,
    verbs: &[&[&str]],
    secrets: &[&str],
    fails: bool,
) {
    for arguments in verbs {
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
    all_say_nothing_of(&broken, &FAILING, &secrets, true).await;
    // Understood, and wrong.
    let wrong = telling().edit("timeout = \"2s\"", "timeout = \"soon\"");
    wrong.write("http://127.0.0.1:1");
    all_say_nothing_of(&wrong, &FAILING, &secrets, false).await;
    // Right, with data that nobody can read and nobody who answers.
    let damaged = telling().edit("127.0.0.1:0", "192.0.2.1:9");
    damaged.write("http://127.0.0.1:1");
    let data = damaged.folder().join("data");
    std::fs::create_dir_all(&data).expect("a folder");
    std::fs::write(data.join("store.redb"), "no store").expect("a file");
    all_say_nothing_of(&damaged, &FAILING, &secrets, false).await;
}

/// URLs of a database that cannot be used.
fn useless(good: &str) -> [String; 8] {
    let at_port = |port: &str| {
        let (before, after) = good.split_once("@127.0.0.1:").expect("a host");
        let (_, database) = after.split_once('/').expect("a database");
        format!("{before}@127.0.0.1:{port}/{database}")
    };
    [
        // Refused: the password, the role, the database, TLS.
        good.replace("-0009", "-0009-but-another"),
        good.replace("://db", "://nobody-db"),
        format!("{good}-none"),
        format!("{good}?sslmode=require"),
        // Nobody is there.
        at_port("1"),
        good.replace("127.0.0.1", "no-such-host.invalid"),
        // Nothing that could be asked for.
        at_port("port"),
        format!("{good}?sslmode=always"),
    ]
}

#[tokio::test]
async fn no_verb_tells_the_password_of_a_database_that_it_cannot_use() {
    let good = Cluster::shared().guarded(DATABASE_PASSWORD);
    for url in useless(&good) {
        let builder = telling().database(&url);
        builder.write("http://127.0.0.1:1");
        let away = ["store", "migrate", "--from", url.as_str(), "--to", "redb:a"];
        let verbs: [&[&str]; 6] = [
            &["serve"],
            &["queue", "list"],
            &["backup", "new.jsonl"],
            &["restore", "none.jsonl"],
            &["sync"],
            &away,
        ];
        all_say_nothing_of(&builder, &verbs, &[DATABASE_PASSWORD], true).await;
        let tells: [&[&str]; 2] = [&["check"], &["doctor"]];
        all_say_nothing_of(&builder, &tells, &[DATABASE_PASSWORD], false).await;
    }
}
