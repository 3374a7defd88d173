//! Bent, forged and repeated callbacks: one answer, no new row.

use crate::support::{
    Agent, CORP, Callback, MEMBER, RawAnswer, codec, exchange, mock, request, seal, text_message,
};

const EVERY: [&str; 3] = ["ready", "done", "dead"];

fn good() -> Callback {
    Callback::xml("staff", &text_message(MEMBER, "闲聊", 1))
}

async fn send(agent: &Agent, callback: &Callback) -> RawAnswer {
    exchange(agent.address(), &callback.http("")).await.0
}

/// The answer to something that is plainly no callback.
async fn refusal(agent: &Agent) -> RawAnswer {
    let answer = send(agent, &good().with_body("")).await;
    assert_eq!(answer.status, 400);
    answer
}

/// Where the signed parts are: their change must be noticed.
fn signed(callback: &Callback) -> (Vec<usize>, Vec<usize>) {
    let values = |text: &str, keys: &[&str]| {
        let places = keys.iter().flat_map(|key| {
            let from = text.find(key).expect("there") + key.len();
            let rest = text[from..].find(['&', ']']).unwrap_or(text.len() - from);
            from..from + rest
        });
        places.collect::<Vec<_>>()
    };
    let body = String::from_utf8(callback.body.clone()).expect("UTF-8");
    let query = ["msg_signature=", "timestamp=", "nonce="];
    (
        values(&callback.query, &query),
        values(&body, &["<Encrypt><![CDATA["]),
    )
}

#[tokio::test]
async fn every_byte_of_a_callback_changed_in_turn_changes_nothing() {
    let mock = mock().await;
    let agent = Agent::start(&mock).await;
    let refusal = refusal(&agent).await;
    let good = good();
    assert_eq!(send(&agent, &good).await.status, 200);
    let (query, body) = signed(&good);
    assert!(query.len() > 50 && body.len() > 300);

    for at in 0..good.query.len() {
        let mut bytes = good.query.clone().into_bytes();
        // Stays a letter, a digit or a sign that may stand in a URL.
        bytes[at] = if bytes[at] == b'0' { b'1' } else { b'0' };
        let bent = String::from_utf8(bytes).expect("ASCII");
        let answer = send(&agent, &good.clone().with_query(bent)).await;
        assert!(answer == refusal, "byte {at} of the query: {answer:?}");
    }
    for at in 0..good.body.len() {
        for bit in [0x01, 0x20, 0x80] {
            let mut bent = good.body.clone();
            bent[at] ^= bit;
            let answer = send(&agent, &good.clone().with_body(bent)).await;
            // What stands beside the ciphertext says nothing: the same message, again.
            let known = !body.contains(&at) && answer.status == 200 && answer.body.is_empty();
            assert!(
                known || answer == refusal,
                "{bit:x} of byte {at}: {answer:?}"
            );
        }
    }
    assert_eq!(agent.items(&EVERY).len(), 1);
}

#[tokio::test]
async fn a_forger_learns_nothing_from_the_answers() {
    let mock = mock().await;
    let agent = Agent::start(&mock).await;
    let refusal = refusal(&agent).await;
    let cipher = seal(&text_message(MEMBER, "闲聊", 1), CORP);
    let raw: Vec<char> = cipher.chars().collect();

    // Without the token: any ciphertext, any signature.
    for n in 0..64_usize {
        let mut bent = raw.clone();
        let at = n * raw.len() / 64;
        bent[at] = if bent[at] == 'A' { 'B' } else { 'A' };
        let bent: String = bent.into_iter().collect();
        let forged = Callback::signed("staff", &bent);
        let signature = format!("msg_signature={n:040x}&timestamp=1760000000&nonce=nonce01");
        for query in [good().query, signature] {
            let answer = send(&agent, &forged.clone().with_query(query)).await;
            assert!(answer == refusal, "{n}: {answer:?}");
        }
    }
    // With the token and without the key: the last blocks hold the padding and for whom it
    // is. Which of the two was spoilt, nobody is told.
    for back in 3..66 {
        let mut bent = raw.clone();
        let at = raw.len() - back;
        bent[at] = if bent[at] == 'A' { 'B' } else { 'A' };
        let bent: String = bent.into_iter().collect();
        let answer = send(&agent, &Callback::signed("staff", &bent)).await;
        assert!(answer == refusal, "{back} from the end: {answer:?}");
    }
    assert!(agent.items(&EVERY).is_empty());
}

#[tokio::test]
async fn missing_doubled_and_array_parameters_are_all_one() {
    let mock = mock().await;
    let agent = Agent::start(&mock).await;
    let refusal = refusal(&agent).await;
    let query = good().query;
    let pairs: Vec<&str> = query.split('&').collect();
    let echo = seal("12345", CORP).replace('+', "%2B");
    let check = codec("").sign("1760000000", "nonce01", &seal("12345", CORP));
    let check = format!("msg_signature={check}&timestamp=1760000000&nonce=nonce01&echostr={echo}");
    let check: Vec<&str> = check.split('&').collect();
    for (method, pairs) in [("POST", &pairs), ("GET", &check)] {
        for (at, pair) in pairs.iter().enumerate() {
            let (key, value) = pair.split_once('=').expect("a pair");
            let changed = |new: String| {
                let mut all: Vec<String> = pairs.iter().map(|pair| (*pair).to_owned()).collect();
                all[at] = new;
                all.retain(|pair| !pair.is_empty());
                all.join("&")
            };
            for bent in [
                String::new(),
                key.to_owned(),
                format!("{key}="),
                format!("{pair}&{pair}"),
                format!("{pair}&{key}="),
                format!("{key}[]={value}"),
                format!("{key}[0]={value}"),
                format!("{pair}&{key}[]={value}"),
                format!("{pair}&{key}%5B%5D=x"),
                format!("{}={value}", key.to_uppercase()),
                format!("{key}=%00{value}"),
            ] {
                let query = changed(bent);
                let callback = good().with_query(query.clone());
                let bytes = match method {
                    "POST" => callback.http(""),
                    _ => request("GET", &format!("/callback/staff?{query}"), "", b""),
                };
                let (answer, _) = exchange(agent.address(), &bytes).await;
                assert!(answer == refusal, "{method} {query}: {answer:?}");
            }
        }
    }
    assert!(agent.items(&EVERY).is_empty());
}

#[tokio::test]
async fn a_thousand_replays_make_no_new_row() {
    let mock = mock().await;
    let mut agent = Agent::start(&mock).await;
    let bot = r#"{"msgid":"M1","aibotid":"B","chattype":"single","from":{"userid":"lin.mei"},"msgtype":"text","text":{"content":"闲聊"}}"#;
    let all = [good().http(""), Callback::json("bot", bot).http("")];
    for _ in 0..10 {
        let replays = (0..50).flat_map(|_| &all);
        let replays = replays.map(|bytes| exchange(agent.address(), bytes));
        for (answer, _) in futures_util::future::join_all(replays).await {
            assert_eq!(answer.status, 200);
        }
    }
    agent.idle().await;
    assert_eq!(agent.items(&EVERY).len(), 2);
    // A restart forgets none of it.
    agent.kill();
    agent.restart(&mock).await;
    for bytes in &all {
        assert_eq!(exchange(agent.address(), bytes).await.0.status, 200);
    }
    agent.idle().await;
    assert_eq!(agent.items(&EVERY).len(), 2);
}
