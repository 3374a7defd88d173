//! A shop whose rules use every promise once, and the callbacks that set them off.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::OnceLock;

use axum::body::Body;
use axum::http::Request;
use mock_wecom::crypto::Codec;

use crate::wecom::{KF, MEMBER};
use wecom_agent::channels::ChannelSet;
use wecom_agent::config::Config;
use wecom_agent::diagnostic::Report;
use wecom_agent::lang::Lang;
use wecom_agent::playbook::{CurrentPlaybook, Playbook};
use wecom_agent::rules::load::from_files as rules_from_files;
use wecom_agent::rules::{PlanReader, References};
use wecom_agent::sops;
use wecom_agent::templates::Catalog;

const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
const TOKEN: &str = "TestToken01";
const CORP: &str = "ww1";
/// The same question is answered with an offer at most so often, in milliseconds.
pub(crate) const COOLDOWN: i64 = 10 * 60_000;
/// The last coupons of a day.
pub(crate) const COUPONS: usize = 2;

/// Each message carries `#` and a number of its own; whatever it leads to repeats it.
const RULES: &str = "\
version: 1
rules:
  - id: echo
    when: {any: [回]}
    do: [{reply: echo}]
  - id: up
    when: {any: [升]}
    do: [{tag: 等级/高}, {untag: 等级/低}, {reply: echo}]
  - id: down
    when: {any: [降]}
    do: [{tag: 等级/低}, {untag: 等级/高}, {reply: echo}]
  - id: alarm
    when: {any: [报警]}
    do: [{robot: {to: 值班群, text: '{{ message.text }}'}}]
  - id: offer
    when: {any: [优惠]}
    cooldown: 10m
    do: [{reply: echo}]
  - id: coupon
    when: {any: [领券]}
    limit: {per_day: 2}
    do: [{reply: echo}]
  - id: later
    when: {any: [稍后]}
    do: [{remind: {who: lin.mei, in: 2m, text: '提醒 {{ message.text }}'}}]
  - id: follow
    when: {any: [跟进]}
    do: [{start_sop: 跟进}]
  - id: welcome
    on: added
    do: [{welcome: hello}, {tag: 来源/新客}]
";

const PLANS: &str = "\
version: 1
outreach:
  quiet: {from: \"21:00\", to: \"09:00\"}
sops:
  - id: 跟进
    kind: lifecycle
    steps:
      - {at: +1m, via: broadcast, do: [{send: case}]}
      - {at: +2m, via: appchat, to: 夜班, do: [{send: case}]}
      - {at: +5m, via: robot, to: 值班群, do: [{send: case}]}
";

pub(crate) fn config() -> Config {
    config_with("")
}

/// The same with more lines.
pub(crate) fn config_with(more: &str) -> Config {
    let callback = format!("token = \"{TOKEN}\"\nencoding_aes_key = \"{KEY}\"\n");
    let text = format!(
        "[corp]\nid = \"{CORP}\"\n\
         [[app]]\nname = \"kf\"\nkind = \"kf\"\nsecret = \"kf\"\npoll_every = \"30s\"\n{callback}\
         [[app]]\nname = \"contact\"\nkind = \"contact\"\nsecret = \"contact\"\n{callback}\
         [[app]]\nname = \"staff\"\nkind = \"app\"\nagent_id = 1000002\nsecret = \"staff\"\n{callback}\
         [robots]\n\"值班群\" = \"night\"\n[appchats]\n\"夜班\" = \"chat1\"\n\
         [guard]\nanswers = 0\n[sync]\nevery = \"off\"\n{more}"
    );
    let parsed = Config::parse(&text, Path::new("agent.toml"), &|_| None);
    let (config, _) = parsed.unwrap_or_else(|report| panic!("{}", report.human(Lang::En)));
    config
}

/// The shop's playbook: read once, for it never changes here.
pub(crate) fn current() -> CurrentPlaybook {
    static PLAYBOOK: OnceLock<CurrentPlaybook> = OnceLock::new();
    let read = || CurrentPlaybook::new(playbook(&config()));
    PLAYBOOK.get_or_init(read).clone()
}

fn playbook(config: &Config) -> Playbook {
    let templates = [
        ("echo.txt", "回 {{ message.text }}"),
        ("hello.txt", "欢迎"),
        ("case.txt", "案例 {{ contact.id }}"),
    ];
    let templates = templates.map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec()));
    let mut report = Report::default();
    let templates = Catalog::from_files(Path::new("templates"), &templates.into(), &mut report);
    let names = |names: Vec<&String>| names.into_iter().cloned().collect::<BTreeSet<_>>();
    let references = References {
        robots: &names(config.robots.keys().collect()),
        ..References::of(&templates)
    };
    let files = |text: &str| BTreeMap::from([("a.yaml".to_owned(), text.as_bytes().to_vec())]);
    let rules = rules_from_files(Path::new("rules"), &files(RULES), &references, &mut report);
    let rules = rules.unwrap_or_else(|| panic!("{}", report.human(Lang::En)));
    let reader = PlanReader {
        references: &references,
        calendar: rules.calendar(),
        appchats: &names(config.appchats.keys().collect()),
    };
    let sops = sops::load::from_files(Path::new("sops"), &files(PLANS), reader, &mut report);
    let sops = sops.unwrap_or_else(|| panic!("{}", report.human(Lang::En)));
    Playbook {
        rules,
        templates,
        sops,
        channels: ChannelSet::default(),
    }
}

/// A callback that can be pushed as often as it takes.
#[derive(Debug, Clone)]
pub(crate) struct Push {
    app: &'static str,
    plain: String,
    /// What a member says in it.
    pub(crate) says: Option<String>,
}

impl Push {
    fn of(app: &'static str, plain: String) -> Self {
        let says = None;
        Self { app, plain, says }
    }

    /// The hint that somebody wrote to the service account.
    pub(crate) fn kf_hint(number: usize, secs: i64) -> Self {
        let plain = format!(
            "<xml><ToUserName>{CORP}</ToUserName><CreateTime>{secs}</CreateTime><MsgType>event</MsgType>\
             <Event>kf_msg_or_event</Event><Token>hint{number}</Token><OpenKfId>{KF}</OpenKfId></xml>"
        );
        Self::of("kf", plain)
    }

    /// A member writes to the app.
    pub(crate) fn member_writes(member: &str, text: &str, number: usize, secs: i64) -> Self {
        let plain = format!(
            "<xml><ToUserName>{CORP}</ToUserName><FromUserName>{member}</FromUserName>\
             <CreateTime>{secs}</CreateTime><MsgType>text</MsgType><Content><![CDATA[{text}]]></Content>\
             <MsgId>{number}</MsgId><AgentID>1000002</AgentID></xml>"
        );
        Self {
            says: Some(text.to_owned()),
            ..Self::of("staff", plain)
        }
    }

    /// A customer has added a member.
    pub(crate) fn added(customer: &str, code: &str, secs: i64) -> Self {
        let plain = format!(
            "<xml><ToUserName>{CORP}</ToUserName><FromUserName>sys</FromUserName>\
             <CreateTime>{secs}</CreateTime><MsgType>event</MsgType>\
             <Event>change_external_contact</Event><ChangeType>add_external_contact</ChangeType>\
             <UserID>{MEMBER}</UserID><ExternalUserID>{customer}</ExternalUserID>\
             <WelcomeCode>{code}</WelcomeCode></xml>"
        );
        Self::of("contact", plain)
    }

    /// The request as WeCom sends it.
    pub(crate) fn request(&self) -> Request<Body> {
        let (uri, body) = self.sealed();
        let request = Request::post(uri).body(Body::from(body));
        request.expect("a request")
    }

    /// The same in bytes, as the last one of its connection.
    pub(crate) fn http(&self) -> Vec<u8> {
        let (uri, body) = self.sealed();
        let length = body.len();
        format!(
            "POST {uri} HTTP/1.1\r\nHost: agent.example\r\nConnection: close\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        )
        .into_bytes()
    }

    /// Where it goes, and the body.
    fn sealed(&self) -> (String, String) {
        let codec = Codec::new(TOKEN, KEY, CORP).expect("a key");
        let sealed = codec.seal(&self.plain, *b"0123456789abcdef");
        let signature = codec.sign("1760000000", "nonce", &sealed);
        let uri = format!(
            "/callback/{}?msg_signature={signature}&timestamp=1760000000&nonce=nonce",
            self.app
        );
        let body = format!("<xml><ToUserName>{CORP}</ToUserName><Encrypt>{sealed}</Encrypt></xml>");
        (uri, body)
    }
}
