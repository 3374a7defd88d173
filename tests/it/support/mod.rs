//! Starting the real binary against a mock, and speaking to it in wire bytes.

#![expect(
    unreachable_pub,
    reason = "the tests are one binary without a public side"
)]

mod agent;
#[expect(dead_code, reason = "the tests of the store use more of it")]
pub mod cluster;
mod ear;
pub mod operator;
mod process;
mod proxy;
mod raw;
mod wire;

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use mock_wecom::{
    Action, AppSay, Config, Customer, Fault, Follow, Kind, Member, MockWecom, ReceiverSpec,
};

pub use agent::{Agent, AgentBuilder};
pub use ear::Ear;
pub use process::binary;
pub use proxy::{Network, Proxy};
pub use raw::{RawAnswer, exchange, read_answer, request};
pub use wire::{
    CALLBACK_TOKEN, Callback, ENCODING_AES_KEY, codec, encrypt_frame, event, query, seal,
    text_message,
};

/// A customer of the mock's sample data.
pub const CUSTOMER: &str = "wmSAMPLE00000000000000000000001";
/// Another customer.
pub const OTHER_CUSTOMER: &str = "wmSAMPLE00000000000000000000002";
/// The kf account of the mock's sample data.
pub const KF: &str = "wkSAMPLE00000000000000000000001";
/// A member of the mock's sample data.
pub const MEMBER: &str = "lin.mei";
/// The corp of the mock's sample data.
pub const CORP: &str = "ww0000000000000001";

/// Stories begin at this time, whenever they are run: a Monday at nine, in Shanghai.
const BEGINNING: &str = "2026-11-23T09:00+08:00";

/// A mock with its sample people.
pub async fn mock() -> MockWecom {
    MockWecom::start(sample()).await.expect("the mock starts")
}

/// The sample people, at the time at which all stories begin.
pub fn sample() -> Config {
    let beginning: jiff::Timestamp = BEGINNING.parse().expect("a time");
    Config {
        start_at: Some(beginning.as_second()),
        ..Config::sample()
    }
}

/// Lets the mock push to an address.
pub fn connect(mock: &MockWecom, url: &str) {
    let kinds = [
        ("kf", Kind::Kf),
        ("contact", Kind::Contact),
        ("staff", Kind::App),
        ("bot", Kind::Aibot),
    ];
    for (name, kind) in kinds {
        mock.set_receiver(ReceiverSpec {
            name: name.to_owned(),
            kind,
            url: format!("{url}/callback/{name}"),
            token: CALLBACK_TOKEN.to_owned(),
            encoding_aes_key: ENCODING_AES_KEY.to_owned(),
            receive_id: None,
            agent_id: None,
        })
        .expect("receiver");
    }
}

/// The HTTP client of all tests: making one is slow. It keeps no connection, because each
/// test has a runtime of its own.
pub fn http() -> reqwest::Client {
    static CLIENT: OnceLock<reqwest::Client> = OnceLock::new();
    let client = CLIENT.get_or_init(|| {
        wecom_agent::gateway::install_crypto();
        let builder = reqwest::Client::builder().pool_max_idle_per_host(0);
        builder.build().expect("a client")
    });
    client.clone()
}

/// What has not happened by then never will, on however busy a machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until `check` gives a value. The only waiting in these tests: it ends as soon as
/// the thing has happened.
pub async fn eventually<T>(what: &str, check: impl AsyncFnMut() -> Option<T>) -> T {
    let value = eventually_or(check).await;
    value.unwrap_or_else(|| panic!("never happened: {what}"))
}

/// As [`eventually`], for who can say better what was missing: nothing after all patience.
pub async fn eventually_or<T>(mut check: impl AsyncFnMut() -> Option<T>) -> Option<T> {
    let began = Instant::now();
    loop {
        let value = check().await;
        if value.is_some() || began.elapsed() > PATIENCE {
            return value;
        }
        tokio::time::sleep(Duration::from_millis(15)).await;
    }
}

/// Waits until the mock has seen `count` calls of a path that were carried out.
pub async fn calls(mock: &MockWecom, path: &str, count: usize) -> Vec<mock_wecom::Entry> {
    eventually(&format!("{count} × {path}"), async || {
        let seen = applied(mock, path);
        (seen.len() >= count).then_some(seen)
    })
    .await
}

/// The calls of a path that the mock carried out so far.
pub fn applied(mock: &MockWecom, path: &str) -> Vec<mock_wecom::Entry> {
    mock.calls(path)
        .into_iter()
        .filter(|entry| entry.applied && entry.errcode == Some(0))
        .collect()
}

/// What the bot wrote in somebody's chat so far.
pub fn said_by_bot(mock: &MockWecom, who: &str) -> Vec<String> {
    mock.chat(who)
        .into_iter()
        .filter(|line| line.from == "bot")
        .map(|line| line.text)
        .collect()
}

/// Waits until the bot has written `count` messages to somebody.
pub async fn answers(mock: &MockWecom, who: &str, count: usize) -> Vec<String> {
    eventually(&format!("{count} answers to {who}"), async || {
        let said = said_by_bot(mock, who);
        (said.len() >= count).then_some(said)
    })
    .await
}

/// The next `times` calls of a path go wrong.
pub fn faults(mock: &MockWecom, path: &str, times: u32, action: Action) {
    mock.fault(Fault {
        path: path.to_owned(),
        times,
        skip: 0,
        action,
    });
}

/// The next call of a path goes wrong.
pub fn fault(mock: &MockWecom, path: &str, action: Action) {
    faults(mock, path, 1, action);
}

/// A refusal that changes nothing.
pub fn errcode(code: i64) -> Action {
    Action::Errcode {
        code,
        applied: false,
    }
}

/// Sets one switch of the mock.
pub fn switch(mock: &MockWecom, name: &str, value: impl Into<serde_json::Value>) {
    let changes = [(name.to_owned(), value.into())].into_iter().collect();
    mock.set_switches(changes).expect("a known switch");
}

/// More customers, each with the usual member as a follower.
pub fn customers(mock: &MockWecom, count: usize) -> Vec<String> {
    let ids: Vec<String> = (0..count).map(|n| format!("wmCROWD{n:024}")).collect();
    let all = ids.iter().map(|id| Customer {
        external_userid: id.clone(),
        name: "客户".to_owned(),
        followers: vec![Follow::new(MEMBER, 0)],
        ..Customer::default()
    });
    mock.put_customers(all.collect()).expect("known members");
    ids
}

/// More members.
pub fn members(mock: &MockWecom, count: usize) -> Vec<String> {
    let ids: Vec<String> = (0..count).map(|n| format!("crowd.{n:02}")).collect();
    let all = ids.iter().map(|id| Member::new(id, "成员"));
    mock.put_members(all.collect());
    ids
}

/// A member writes to the app; whether the agent took it.
pub async fn member_says(mock: &MockWecom, userid: &str, text: &str) -> bool {
    let said = AppSay {
        userid: userid.to_owned(),
        content: Some(text.to_owned()),
        ..AppSay::default()
    };
    let pushed = mock.app_say(said).await.expect("a member");
    pushed.http_status == Some(200)
}

/// The codes that the mock has answered so far with, other than 0.
pub fn refusals(mock: &MockWecom) -> Vec<(String, i64)> {
    mock.calls("")
        .into_iter()
        .filter_map(|call| Some((call.path, call.errcode.filter(|code| *code != 0)?)))
        .collect()
}
