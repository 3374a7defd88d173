//! Any rubbish on any endpoint gets an official code: never a 5xx, never a cut connection.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::{Method, RequestBuilder};
use serde_json::{Map, Value, json};

use crate::support::{CUSTOMER, Corp, KF, code};

const GROUP: &str = "wrSAMPLE00000000000000000000001";

/// A seeded generator, so that a failure can be repeated.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, most: usize) -> usize {
        usize::try_from(self.next() % most as u64).expect("small")
    }

    fn pick<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }

    fn plain(&mut self) -> Value {
        let texts = [
            "",
            "x",
            "\u{0}",
            "7",
            "lin.mei",
            "wang.wei",
            CUSTOMER,
            KF,
            GROUP,
            "text",
            "group",
            "single",
            "image",
            "template_card",
            "multiple_interaction",
            "https://example.com/x",
        ];
        let numbers = [0, 1, 2, 3, -1, 1_000_002, i64::MIN, i64::MAX];
        match self.below(12) {
            0 => json!(null),
            1 => json!(true),
            2 => json!(1.5),
            3 => json!(u64::MAX),
            4 => json!("长".repeat(3_000)),
            5 => json!([]),
            6..9 => json!(self.pick(&numbers)),
            _ => json!(self.pick(&texts)),
        }
    }

    /// What a field of this name usually holds, so that some requests get past the first check.
    fn usual(&mut self, name: &str, names: &[String]) -> Value {
        match name {
            "userid" | "handover_userid" | "takeover_userid" | "new_owner" | "sender"
            | "touser" | "servicer_userid" => {
                json!(self.pick(&["lin.mei", "wang.wei", "zhao.min", CUSTOMER]))
            }
            "external_userid" if self.below(2) == 0 => json!([CUSTOMER, "wmNONE"]),
            "external_userid" => json!(CUSTOMER),
            "open_kfid" => json!(KF),
            "chat_id" | "chatid" => json!(GROUP),
            "chat_id_list" => json!([GROUP]),
            "agentid" => json!(1_000_002),
            "msgtype" => {
                json!(self.pick(&["text", "markdown", "link", "msgmenu", "template_card"]))
            }
            "chat_type" => json!(self.pick(&["single", "group"])),
            "text" => json!({"content": "您好"}),
            "userid_list" | "user_list" | "admin_list" | "userlist" => {
                json!(["lin.mei", "wang.wei"])
            }
            "start_time" | "end_time" | "day_begin_time" => json!(1_760_000_000),
            "limit" | "type" | "scene" | "service_state" => json!(1 + self.below(3)),
            "name" | "group_name" | "link_name" | "rule_name" | "strategy_name" => json!("名"),
            "tag" => json!([{"name": "甲"}]),
            _ if self.below(25) == 0 => self.value(names, 1),
            _ => Value::Null,
        }
    }

    fn value(&mut self, names: &[String], depth: usize) -> Value {
        match self.below(if depth == 0 { 3 } else { 6 }) {
            3 => (0..self.below(3))
                .map(|_| self.value(names, depth - 1))
                .collect(),
            4 | 5 => Value::Object(self.object(names, depth - 1)),
            _ => self.plain(),
        }
    }

    fn object(&mut self, names: &[String], depth: usize) -> Map<String, Value> {
        let mut object = Map::new();
        for _ in 0..self.below(6) {
            let name = match names.is_empty() {
                true => "x".to_owned(),
                false => self.pick(names).clone(),
            };
            let value = self.value(names, depth);
            object.insert(name, value);
        }
        object
    }

    /// A plausible request with a flaw or two.
    fn flawed(&mut self, names: &[String]) -> Map<String, Value> {
        let mut object = Map::new();
        for name in names {
            object.insert(name.clone(), self.usual(name, names));
        }
        for _ in 0..self.below(2) {
            object.extend(self.object(names, 1));
        }
        object
    }

    /// Mostly objects with the endpoint's own names; sometimes no JSON at all.
    fn body(&mut self, names: &[String]) -> Vec<u8> {
        match self.below(12) {
            0 => (0..self.below(64)).map(|_| self.next() as u8).collect(),
            1 => [
                "",
                " ",
                "{",
                "[]",
                "null",
                "\"x\"",
                "{\"a\":",
                "<xml/>",
                "\u{feff}{}",
                "a=b&c=d",
            ][self.below(10)]
            .as_bytes()
            .to_vec(),
            2 => {
                let depth = *self.pick(&[200, 5_000]);
                let (open, close) = *self.pick(&[("[", "]"), ("{\"a\":", "}")]);
                format!("{}1{}", open.repeat(depth), close.repeat(depth)).into_bytes()
            }
            3 => self.odd_json(names),
            4..6 => Value::Object(self.object(names, 2))
                .to_string()
                .into_bytes(),
            _ => Value::Object(self.flawed(names)).to_string().into_bytes(),
        }
    }
}

impl Dice {
    /// JSON that is legal to send and rarely sent: bad UTF-8 in a text, half a surrogate, the
    /// same name twice, a number beyond every type, a very long text.
    fn odd_json(&mut self, names: &[String]) -> Vec<u8> {
        let name = match names.is_empty() {
            true => "x",
            false => self.pick(names),
        };
        let value: Vec<u8> = match self.below(5) {
            0 => vec![b'"', 0xff, 0xc3, 0x28, b'"'],
            1 => b"\"\\ud800\"".to_vec(),
            2 => format!("1, \"{name}\": [2]").into_bytes(),
            3 => b"1e999".to_vec(),
            _ => format!("\"{}\"", "x".repeat(1 << 16)).into_bytes(),
        };
        [format!("{{\"{name}\": ").as_bytes(), &value, b"}"].concat()
    }

    /// A multipart body that is broken in one of many ways, and what it says it is.
    fn multipart(&mut self) -> (String, Vec<u8>) {
        let kinds = [
            "multipart/form-data",
            "multipart/form-data; boundary=",
            "multipart/form-data; boundary=b",
            "multipart/form-data; boundary=\"b",
            "multipart/mixed; boundary=b",
            "MULTIPART/FORM-DATA; BOUNDARY=b",
        ];
        let heads = [
            "Content-Disposition: form-data; name=\"media\"; filename=\"a.png\"",
            "Content-Disposition: form-data; name=\"media\"; filename=\"\"",
            "Content-Disposition: form-data; name=\"media\"; filename=\"../../x\\u{0}.amr\"; filelength=-1",
            "Content-Disposition: form-data",
            "Content-Disposition:",
            "X",
            "",
        ];
        let head = *self.pick(&heads);
        let bytes: Vec<u8> = (0..self.below(64)).map(|_| self.next() as u8).collect();
        let end = *self.pick(&["\r\n--b--\r\n", "\r\n--b\r\n", "", "--b--"]);
        let body = [
            format!("--b\r\n{head}\r\n\r\n").as_bytes(),
            &bytes,
            end.as_bytes(),
        ]
        .concat();
        ((*self.pick(&kinds)).to_owned(), body)
    }
}

struct Known {
    path: String,
    names: Vec<String>,
    codes: BTreeSet<i64>,
}

async fn endpoints(corp: &Corp) -> Vec<Known> {
    let rows = corp.get("/mock/endpoints").await;
    let rows = rows.as_array().expect("a list").clone();
    assert!(rows.len() > 120, "{}", rows.len());
    let texts = |value: &Value| -> Vec<String> {
        serde_json::from_value(value.clone()).expect("a list of texts")
    };
    rows.iter()
        .map(|row| Known {
            path: row["path"].as_str().expect("a path").to_owned(),
            names: texts(&row["names"]),
            codes: serde_json::from_value(row["errcodes"].clone()).expect("codes"),
        })
        .collect()
}

/// A call of an endpoint as nobody should make it, and what it was, for a failure.
fn rubbish(corp: &Corp, known: &Known, token: &str, dice: &mut Dice) -> (RequestBuilder, String) {
    let mut url = reqwest::Url::parse(&corp.url(&known.path)).expect("an address");
    url.query_pairs_mut()
        .append_pair("access_token", token)
        .append_pair("key", "sample-robot-key");
    for _ in 0..dice.below(3) {
        if !known.names.is_empty() {
            let name = dice.pick(&known.names).clone();
            let value = dice.value(&[], 0);
            let value = value.as_str().map_or(value.to_string(), str::to_owned);
            let value: String = value.chars().take(500).collect();
            url.query_pairs_mut().append_pair(&name, &value);
        }
    }
    let verbs = [
        "POST", "POST", "POST", "POST", "GET", "PUT", "DELETE", "BREW",
    ];
    let verb: Method = dice.pick(&verbs).parse().expect("a method");
    let kinds = [
        "text/plain",
        "application/x-www-form-urlencoded",
        "\"",
        "json",
    ];
    let (kind, body) = match dice.below(5) {
        0 => dice.multipart(),
        1 => ((*dice.pick(&kinds)).to_owned(), dice.body(&known.names)),
        _ => (String::new(), dice.body(&known.names)),
    };
    let shown: String = String::from_utf8_lossy(&body).chars().take(2_000).collect();
    let what = format!("{verb} {url} {kind}: {shown}");
    let request = corp.http.request(verb, url).body(body);
    match kind.is_empty() {
        true => (request, what),
        false => (request.header("content-type", kind), what),
    }
}

/// The answered code; `None` for a file.
async fn answered(request: RequestBuilder, what: &str) -> Option<i64> {
    let sent = request.send().await;
    let response = sent.unwrap_or_else(|error| panic!("{what}: {error}"));
    assert_eq!(response.status(), 200, "{what}");
    if what.contains("/cgi-bin/media/get") && response.headers().contains_key("content-disposition")
    {
        return None;
    }
    let answer: Value = response.json().await.unwrap_or_else(|_| panic!("{what}"));
    let code = answer["errcode"].as_i64();
    Some(code.unwrap_or_else(|| panic!("{what}: {answer}")))
}

#[tokio::test]
async fn rubbish_gets_a_code_that_the_endpoint_declares() {
    const SEED: u64 = 20_260_101;
    const ROUNDS: usize = 20;
    let corp = Corp::start().await;
    let all = json!({"secret": "all", "kind": "app", "agent_id": 1_000_002,
                     "also": ["kf", "contact", "contacts-book"]});
    corp.post("/mock/secrets", &all).await;
    let limits = json!({"calls_per_min": 0, "calls_per_hour": 0, "bad_secret_block_after": 0});
    corp.post("/mock/switches", &limits).await;
    let token = corp.token("all").await;
    let mut accepted = BTreeSet::new();
    let mut undeclared: BTreeMap<String, BTreeSet<i64>> = BTreeMap::new();
    for (at, known) in endpoints(&corp).await.iter().enumerate() {
        let mut dice = Dice(SEED + at as u64);
        // Every endpoint meets the same corp, whatever was done to it before.
        corp.mock.set_time(1_760_000_100);
        for _ in 0..ROUNDS {
            let (request, what) = rubbish(&corp, known, &token, &mut dice);
            match answered(request, &what).await {
                Some(0) => drop(accepted.insert(known.path.clone())),
                Some(code) if !known.codes.contains(&code) => {
                    let codes = undeclared.entry(known.path.clone()).or_default();
                    codes.insert(code);
                }
                _ => {}
            }
        }
    }
    assert!(undeclared.is_empty(), "{undeclared:#?}");
    // Rubbish that never gets past the first check would prove little.
    assert!(accepted.len() > 40, "only {} were reached", accepted.len());
}

#[tokio::test]
async fn rubbish_on_the_control_api_is_refused_and_harmless() {
    let corp = Corp::start().await;
    let routes = include_str!("../../src/control/mod.rs");
    let routes = routes
        .split(".route(")
        .skip(1)
        .filter_map(|part| part.split('"').nth(1));
    let mut dice = Dice(7);
    let names: Vec<String> = "external_userid userid content payload event fields path action times \
        msgid chat_id members change_type kind name secret set advance_secs steps do after percent seed"
        .split_whitespace()
        .map(str::to_owned)
        .collect();
    for route in routes {
        // These hold their connection open, or answer with files.
        if route == "/events" {
            continue;
        }
        for _ in 0..15 {
            let body = dice.body(&names);
            let url = corp.url(&format!("/mock{route}"));
            let shown: String = String::from_utf8_lossy(&body).chars().take(2_000).collect();
            let what = format!("{route}: {shown}");
            let sent = corp.http.post(url).body(body).send().await;
            let status = sent
                .unwrap_or_else(|error| panic!("{what}: {error}"))
                .status();
            assert!(status.as_u16() < 500, "{status} {what}");
        }
    }
    let answer = corp.get("/cgi-bin/gettoken").await;
    assert!(code(&answer) > 0, "the server still answers");
}

/// More than the platform takes at all: a body over every limit, and one nested without end.
#[tokio::test]
async fn enormous_bodies_get_a_code() {
    let corp = Corp::start().await;
    let token = corp.token("app-secret").await;
    let url = corp.url(&format!("/cgi-bin/message/send?access_token={token}"));
    let huge = format!("{{\"msgtype\": \"{}\"}}", "x".repeat(25 << 20));
    let deep = "[".repeat(1 << 20);
    for body in [huge, deep] {
        let answer = corp.http.post(&url).body(body).send().await;
        let answer = answer.expect("an answer").json().await.expect("JSON");
        assert_eq!(code(&answer), 40058);
    }
}

/// Bytes that no HTTP client would send, straight into the socket: the connection may be closed
/// with a 4xx, and the server goes on.
#[tokio::test]
async fn rubbish_instead_of_http_closes_only_its_own_connection() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let corp = Corp::start().await;
    let address = corp
        .mock
        .base_url()
        .trim_start_matches("http://")
        .to_owned();
    let long = format!("GET /cgi-bin/user/get?{} HTTP/1.1\r\n", "a".repeat(100_000));
    for raw in [
        b"\0\0\0\0".as_slice(),
        b"GET\r\n\r\n",
        b"POST /cgi-bin/kf/send_msg HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST /cgi-bin/kf/send_msg HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET /cgi-bin/user/get?userid=%ff%zz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"GET /cgi-bin/../mock/state%00 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        long.as_bytes(),
    ] {
        let mut socket = tokio::net::TcpStream::connect(&address).await.expect("connected");
        socket.write_all(raw).await.expect("written");
        socket.shutdown().await.expect("half closed");
        let mut answer = Vec::new();
        // A reset is as good as a refusal.
        let _closed = socket.read_to_end(&mut answer).await;
        let answer = String::from_utf8_lossy(&answer);
        let what = String::from_utf8_lossy(raw).chars().take(80).collect::<String>();
        assert!(!answer.starts_with("HTTP/1.1 5"), "{what}: {answer}");
    }
    assert_eq!(code(&corp.get("/cgi-bin/gettoken").await), 41002);
}

#[tokio::test]
async fn unknown_paths_and_verbs() {
    let corp = Corp::start().await;
    assert_eq!(code(&corp.get("/cgi-bin/no/such/call").await), 40066);
    assert_eq!(code(&corp.post("/elsewhere", &json!({})).await), 40066);
    let token = corp.token("kf-secret").await;
    assert_eq!(
        code(
            &corp
                .get(&format!("/cgi-bin/kf/send_msg?access_token={token}"))
                .await
        ),
        40058
    );
    let answer = corp
        .post(
            &format!("/cgi-bin/kf/send_msg?access_token={token}"),
            &json!([1]),
        )
        .await;
    assert!(
        answer["errmsg"]
            .as_str()
            .expect("a text")
            .contains("Warning: wrong json format.")
    );
    let body_token = json!({"access_token": token, "open_kfid": "wkX"});
    assert_eq!(
        code(&corp.post("/cgi-bin/kf/sync_msg", &body_token).await),
        41001
    );
}

#[tokio::test]
async fn broken_uploads_get_an_official_code() {
    let corp = Corp::start().await;
    let token = corp.token("app-secret").await;
    let url = corp.url(&format!(
        "/cgi-bin/media/upload?access_token={token}&type=file"
    ));
    for (kind, body, expected) in [
        ("multipart/form-data", "x", 40058),
        ("multipart/form-data; boundary=b", "no boundary here", 40058),
        ("multipart/form-data; boundary=b", "--b--\r\n", 44001),
        ("application/json", "{}", 44001),
    ] {
        let request = corp.http.post(&url).header("content-type", kind).body(body);
        let answer = request
            .send()
            .await
            .expect("an answer")
            .json()
            .await
            .expect("JSON");
        assert_eq!(code(&answer), expected, "{kind} {body}");
    }
}
