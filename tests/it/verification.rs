//! The console saves a callback URL: GET with an encrypted echo.

use crate::support::{Agent, CORP, RawAnswer, codec, exchange, mock, query, request, seal};

/// Longer than any integer type holds, as in one public vector.
const ECHO: &str = "94966531020182955848408";
const KINDS: [(&str, &str); 4] = [
    ("kf", CORP),
    ("contact", CORP),
    ("staff", CORP),
    ("bot", ""),
];

async fn get(agent: &Agent, app: &str, query: &str) -> RawAnswer {
    let path = format!("/callback/{app}?{query}");
    exchange(agent.address(), &request("GET", &path, "", b""))
        .await
        .0
}

fn percent(base64: &str) -> String {
    base64
        .replace('+', "%2B")
        .replace('/', "%2F")
        .replace('=', "%3D")
}

fn check(cipher: &str) -> String {
    format!("{}&echostr={}", query(cipher), percent(cipher))
}

#[tokio::test]
async fn each_kind_gives_the_echo_back_and_nothing_else() {
    let mock = mock().await;
    let agent = Agent::start(&mock).await;
    for (app, receive_id) in KINDS {
        let answer = get(&agent, app, &check(&seal(ECHO, receive_id))).await;
        assert_eq!(answer.status, 200, "{app}");
        assert_eq!(answer.body, ECHO.as_bytes(), "{app}");
    }
}

#[tokio::test]
async fn a_plus_that_became_a_space_is_a_plus_again() {
    let mock = mock().await;
    let agent = Agent::start(&mock).await;
    let cipher = (0..=u8::MAX)
        .map(|n| codec(CORP).seal(ECHO, [n; 16]))
        .find(|cipher| cipher.contains('+'))
        .expect("one of 256 ciphertexts has a plus");
    let slashes = cipher.replace('/', "%2F").replace('=', "%3D");
    for spelling in [slashes.clone(), slashes.replace('+', "%20")] {
        let query = format!("{}&echostr={spelling}", query(&cipher));
        let answer = get(&agent, "kf", &query).await;
        assert_eq!(answer.body, ECHO.as_bytes(), "{spelling}");
    }
}

#[tokio::test]
async fn every_bad_check_is_refused_alike() {
    let mock = mock().await;
    let agent = Agent::start(&mock).await;
    for (app, receive_id) in KINDS {
        let cipher = seal(ECHO, receive_id);
        let good = check(&cipher);
        let other = seal(ECHO, "ww00000000000000ff");
        let bad = [
            String::new(),
            query(&cipher),
            format!("echostr={}", percent(&cipher)),
            good.replace("msg_signature=", "msg_signature=0"),
            good.replace("timestamp=1", "timestamp=2"),
            good.replace("nonce=n", "nonce=m"),
            good.replace("echostr=", "echostr=A"),
            good.replace("echostr=", "echostr[]="),
            format!("{good}&nonce=nonce01"),
            format!("{good}&echostr={}", percent(&cipher)),
            format!("{good}&msg_signature[]=x"),
            check(&other),
            check("AAAA"),
            check("not*base64"),
        ];
        assert_eq!(get(&agent, app, &good).await.status, 200, "{app}");
        let mut refusals = Vec::new();
        for query in bad {
            let answer = get(&agent, app, &query).await;
            assert_eq!(answer.status, 400, "{app} {query}");
            refusals.push(answer);
        }
        assert!(refusals.windows(2).all(|two| two[0] == two[1]), "{app}");
    }
}

#[tokio::test]
async fn a_url_that_is_not_configured_is_not_there() {
    let mock = mock().await;
    let agent = Agent::start(&mock).await;
    let good = check(&seal(ECHO, CORP));
    for app in ["nobody", "", "kf/extra", "KF"] {
        assert_eq!(get(&agent, app, &good).await.status, 404, "{app}");
    }
}
