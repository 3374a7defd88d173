//! Opening one callback against the sum of what it cannot do without.

use std::hint::black_box;
use std::time::Instant;

use aes::cipher::{BlockModeDecrypt as _, KeyIvInit as _};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD as BASE64, STANDARD_NO_PAD};
use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::{Value as Json, json};
use sha1::{Digest as _, Sha1};
use wecom_agent::wecom::callback::{SignedQuery, envelope, parse};
use wecom_agent::wecom::crypto::{Codec, EncodingAesKey};

use crate::callbacks::{CORP, KEY, Sealed, TOKEN, sealed};

const CALLBACKS: usize = 500;
const ROUNDS: usize = 60;

/// Nanoseconds a callback; both have their turn in every round, and the best counts.
pub(crate) fn measure() -> Json {
    let callbacks = sealed(0..CALLBACKS, 0, "你好，请问我昨天下的订单什么时候发货？");
    let codec = Codec::new(TOKEN, EncodingAesKey::parse(KEY).expect("a key"), CORP);
    let key = STANDARD_NO_PAD.decode(KEY).expect("a key");
    let (mut ours, mut parts) = (f64::INFINITY, f64::INFINITY);
    for _ in 0..ROUNDS {
        let began = Instant::now();
        for one in &callbacks {
            black_box(open(&codec, one));
        }
        ours = ours.min(began.elapsed().as_secs_f64());
        let began = Instant::now();
        for one in &callbacks {
            black_box(primitives(&key, one));
        }
        parts = parts.min(began.elapsed().as_secs_f64());
    }
    let ns = |secs: f64| secs * 1e9 / CALLBACKS as f64;
    json!({ "ours_ns": ns(ours), "primitives_ns": ns(parts), "ratio": ours / parts })
}

fn open(codec: &Codec, one: &Sealed) -> usize {
    let query = SignedQuery::parse(&one.query).expect("a query");
    let envelope = envelope::parse_xml(one.body.as_bytes()).expect("an envelope");
    let plain = codec.open(&query, &envelope.encrypt).expect("it opens");
    let callback = parse(std::str::from_utf8(&plain).expect("text")).expect("XML");
    callback.to_user.len()
}

/// SHA-1 over what is signed, Base64, AES in CBC, and one pass over each XML.
fn primitives(key: &[u8], one: &Sealed) -> usize {
    let mut hash = Sha1::new();
    hash.update(TOKEN);
    hash.update(&one.query);
    hash.update(&one.encrypt);
    let mut found = usize::from(hash.finalize()[0]);
    let mut bytes = BASE64.decode(&one.encrypt).expect("Base64");
    let cipher = cbc::Decryptor::<aes::Aes256>::new_from_slices(key, &key[..16]).expect("a key");
    let plain = cipher.decrypt_padded::<aes::cipher::block_padding::NoPadding>(&mut bytes);
    found += plain.expect("whole blocks").len();
    found + events(&one.body) + events(&one.plain)
}

fn events(xml: &str) -> usize {
    let mut reader = Reader::from_str(xml);
    let mut texts = 0;
    loop {
        match reader.read_event().expect("XML") {
            Event::CData(text) => texts += text.len(),
            Event::Text(text) => texts += text.len(),
            Event::Eof => return texts,
            _ => {}
        }
    }
}
