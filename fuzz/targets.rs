//! What the fuzzer calls, and what the ordinary tests call with every file of the corpus.
//!
//! A target takes any bytes and must not panic, hang or grow without bound; where more is
//! promised, it is asserted.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::tz::TimeZone;
use sha1::{Digest as _, Sha1};
use wecom_agent::diagnostic::Report;
use wecom_agent::domain::clock::UnixMillis;
use wecom_agent::lang::Lang;
use wecom_agent::phrases::{self, Scene, When, Wish};
use wecom_agent::rules::{self, Calendar, References};
use wecom_agent::templates::Catalog;
use wecom_agent::wecom::api::kf::sync_msg;
use wecom_agent::wecom::callback::{self, SignedQuery, aibot, envelope};
use wecom_agent::wecom::crypto::{Codec, EncodingAesKey};

/// A target: its name, which is that of its corpus, and what it does.
pub(crate) type Target = (&'static str, fn(&[u8]));

/// All of them.
pub(crate) const TARGETS: [Target; 7] = [
    ("callback", callback_body),
    ("xml", xml),
    ("aibot", aibot_json),
    ("sync_msg", sync_msg_page),
    ("rules", rule_file),
    ("templates", template_file),
    ("phrases", phrase),
];

const TOKEN: &str = "TestToken01";
const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

/// The first line is a query, the rest a body. What the envelope holds is opened under a good
/// signature, so that the cipher and the frame see anything.
pub(crate) fn callback_body(data: &[u8]) {
    let (query, body) = match data.iter().position(|byte| *byte == b'\n') {
        Some(at) => (&data[..at], &data[at + 1..]),
        None => (data, data),
    };
    if let Ok(query) = std::str::from_utf8(query) {
        drop(SignedQuery::parse(query));
    }
    let codec = Codec::new(
        TOKEN,
        EncodingAesKey::parse(KEY).expect("a key"),
        "ww0000000000000001",
    );
    let xml = envelope::parse_xml(body).ok();
    let json = envelope::parse_json(body).ok();
    for envelope in xml.into_iter().chain(json) {
        let signed = signed(&envelope.encrypt);
        let query = SignedQuery::parse(&signed).expect("a good query");
        if let Ok(plain) = codec.open(&query, &envelope.encrypt) {
            assert!(plain.len() < body.len(), "nothing grows by decrypting");
            xml_text(&plain);
        }
    }
}

fn signed(encrypt: &str) -> String {
    let mut parts = [TOKEN, "1760000000", "nonce01", encrypt];
    parts.sort_unstable();
    let hash = Sha1::digest(parts.concat());
    let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("msg_signature={hex}&timestamp=1760000000&nonce=nonce01")
}

/// The decrypted XML of apps, contacts and customer service.
pub(crate) fn xml(data: &[u8]) {
    xml_text(data);
}

fn xml_text(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Ok(parsed) = callback::parse(text) {
        let key = callback::dedupe_key(&parsed, data);
        assert!(!key.is_empty(), "everything that is read has an identity");
        assert_eq!(key, callback::dedupe_key(&parsed, data));
    }
}

/// The decrypted JSON of intelligent bots.
pub(crate) fn aibot_json(data: &[u8]) {
    drop(aibot::parse(data));
}

/// A page of `kf/sync_msg`.
pub(crate) fn sync_msg_page(data: &[u8]) {
    drop(serde_json::from_slice::<sync_msg::Response>(data));
}

/// A file of rules, and the same bytes as calendar and roster.
pub(crate) fn rule_file(data: &[u8]) {
    let templates = Catalog::from_files(Path::new("t"), &BTreeMap::new(), &mut Report::default());
    let references = References::of(&templates);
    for name in ["a.yaml", "calendar.yaml", "roster.yaml"] {
        let files = BTreeMap::from([(name.to_owned(), data.to_vec())]);
        let mut report = Report::default();
        let set = rules::load::from_files(Path::new("r"), &files, &references, &mut report);
        assert_eq!(
            set.is_none(),
            report.has_errors(),
            "refused if and only if there is an error"
        );
        tell(&report);
    }
}

/// A template, as YAML and as text.
pub(crate) fn template_file(data: &[u8]) {
    for name in ["a.yaml", "a.txt"] {
        let files = BTreeMap::from([(name.to_owned(), data.to_vec())]);
        let mut report = Report::default();
        drop(Catalog::from_files(Path::new("t"), &files, &mut report));
        tell(&report);
    }
}

/// Every finding can be told in both languages.
fn tell(report: &Report) {
    for lang in [Lang::Zh, Lang::En] {
        drop(report.human(lang));
    }
}

/// What a member says to the app.
pub(crate) fn phrase(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let (zone, calendar) = (TimeZone::fixed(jiff::tz::offset(8)), Calendar::default());
    let now = UnixMillis(1_795_485_600_000);
    let scene = Scene {
        now,
        zone: &zone,
        calendar: &calendar,
    };
    match phrases::understand(text, &scene) {
        Some(Wish::Remind { when, .. }) => {
            assert!(when.first() > now, "nobody is reminded in the past");
            if let When::Repeating { rhythm, first } = when {
                let next = phrases::next(&rhythm, first, &zone, &calendar);
                assert!(next.is_none_or(|next| next > first), "time goes on");
            }
        }
        Some(Wish::Ask(question)) => {
            drop(phrases::answer(&question, text, &scene));
            drop(phrases::answer(&question, "1", &scene));
        }
        _ => {}
    }
}
