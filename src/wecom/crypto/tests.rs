//! Published, generated and mutated wire bytes; see `tests/vectors/README.md`.

use serde_json::Value;

use super::{Codec, EncodingAesKey, Refusal};
use crate::wecom::callback::SignedQuery;

fn vectors() -> Value {
    serde_json::from_str(include_str!("../../../tests/vectors/crypto-vectors.json")).unwrap()
}

/// Positive vectors of both kinds.
fn positive() -> Vec<Value> {
    let all = vectors();
    ["public_vectors", "synthetic_vectors"]
        .iter()
        .flat_map(|kind| all[kind].as_array().unwrap().clone())
        .collect()
}

fn by_id(id: &str) -> Value {
    positive().into_iter().find(|v| v["id"] == id).unwrap()
}

fn text<'v>(vector: &'v Value, field: &str) -> &'v str {
    vector[field].as_str().unwrap_or_default()
}

fn codec(vector: &Value, receive_id: &str) -> Codec {
    let key = EncodingAesKey::parse(text(vector, "encoding_aes_key")).unwrap();
    Codec::new(text(vector, "token"), key, receive_id)
}

fn query(signature: &str, timestamp: &str, nonce: &str) -> String {
    format!("msg_signature={signature}&timestamp={timestamp}&nonce={nonce}")
}

fn query_of(vector: &Value) -> String {
    query(
        text(vector, "msg_signature"),
        text(vector, "timestamp"),
        text(vector, "nonce"),
    )
}

fn random_of(vector: &Value) -> [u8; 16] {
    let hex = text(&vector["expected"], "random16_hex");
    std::array::from_fn(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap())
}

/// Opens `encrypt` as if WeCom had signed it.
fn open_signed(codec: &Codec, token: &str, encrypt: &str) -> Result<Vec<u8>, Refusal> {
    let signature = super::signature::sign(token, "17", "n", encrypt);
    let query = query(&signature, "17", "n");
    codec.open(&SignedQuery::parse(&query).unwrap(), encrypt)
}

#[test]
fn every_positive_vector_opens() {
    let vectors = positive();
    assert_eq!(vectors.len(), 16);
    for vector in vectors {
        let codec = codec(&vector, text(&vector, "receiveid"));
        let encrypt = text(&vector, "ciphertext");
        let plain = if vector["msg_signature"].is_null() {
            open_signed(&codec, "", encrypt)
        } else {
            let query = query_of(&vector);
            codec.open(&SignedQuery::parse(&query).unwrap(), encrypt)
        };
        let expected = text(&vector["expected"], "plaintext");
        assert_eq!(
            plain.as_deref(),
            Ok(expected.as_bytes()),
            "{}",
            vector["id"]
        );
    }
}

#[test]
fn every_positive_vector_is_sealed_byte_for_byte() {
    for vector in positive() {
        let codec = codec(&vector, text(&vector, "receiveid"));
        let plain = text(&vector["expected"], "plaintext");
        let timestamp = text(&vector, "timestamp").parse().unwrap_or(0);
        let sealed = codec.seal(
            plain.as_bytes(),
            timestamp,
            text(&vector, "nonce"),
            random_of(&vector),
        );
        assert_eq!(sealed.encrypt, text(&vector, "ciphertext"));
        if !vector["msg_signature"].is_null() {
            assert_eq!(sealed.signature, text(&vector, "msg_signature"));
        }
    }
}

#[test]
fn url_checks_are_answered() {
    let vectors = positive();
    let checks = vectors.iter().filter(|v| v["kind"] == "url_verify");
    for vector in checks {
        let codec = codec(vector, text(vector, "receiveid"));
        let expected = text(&vector["expected"], "plaintext").as_bytes();
        let encoded = text(vector, "ciphertext")
            .replace('+', "%2B")
            .replace('/', "%2F")
            .replace('=', "%3d");
        let by_form_decoder = text(vector, "ciphertext").replace('+', " ");
        for echostr in [encoded, by_form_decoder] {
            let query = format!("{}&echostr={echostr}", query_of(vector));
            let query = SignedQuery::parse(&query).unwrap();
            assert_eq!(codec.verify_url(&query).as_deref(), Ok(expected));
        }
        let without = query_of(vector);
        let without = SignedQuery::parse(&without).unwrap();
        assert_eq!(codec.verify_url(&without), Err(Refusal::BadQuery));
    }
}

#[test]
fn negative_vectors_are_refused() {
    let all = vectors();
    let cases = all["negative_cases"].as_array().unwrap();
    assert_eq!(cases.len(), 4);
    for case in cases {
        let mut base = by_id(text(case, "base"));
        let mut receive_id = text(&base, "receiveid").to_owned();
        let expected = match text(case, "id") {
            "neg-bad-signature" => {
                base["msg_signature"] = case["msg_signature"].clone();
                Refusal::BadSignature
            }
            "neg-wrong-receiveid" => {
                receive_id = "ww0000000000000000".to_owned();
                Refusal::BadReceiveId
            }
            "neg-nonce-changed" => {
                base["nonce"] = "437374424".into();
                Refusal::BadSignature
            }
            "neg-space-for-plus" => {
                base["ciphertext"] = text(&base, "ciphertext").replace('+', " ").into();
                Refusal::BadSignature
            }
            other => panic!("no test for {other}"),
        };
        let query = query_of(&base);
        let query = SignedQuery::parse(&query).unwrap();
        let outcome = codec(&base, &receive_id).open(&query, text(&base, "ciphertext"));
        assert_eq!(outcome, Err(expected), "{}", case["id"]);
    }
}

#[test]
fn every_changed_byte_is_refused() {
    let vector = by_id("tencent-sample-message");
    let codec = codec(&vector, text(&vector, "receiveid"));
    let good = text(&vector, "ciphertext");
    let query = query_of(&vector);
    let query = SignedQuery::parse(&query).unwrap();
    for index in 0..good.len() {
        for replacement in ["A", "z", "=", " ", "\0"] {
            if good[index..].starts_with(replacement) {
                continue;
            }
            let mut changed = good.to_owned();
            changed.replace_range(index..=index, replacement);
            let outcome = codec.open(&query, &changed);
            assert_eq!(outcome, Err(Refusal::BadSignature), "{index}");
        }
    }
}

/// With the signature out of the way, a changed ciphertext must still never panic, and must never
/// open as the original.
#[test]
fn changed_and_signed_anew() {
    let vector = by_id("tencent-sample-message");
    let codec = codec(&vector, text(&vector, "receiveid"));
    let good = text(&vector, "ciphertext");
    let plain = text(&vector["expected"], "plaintext").as_bytes();
    for index in 0..good.len() {
        let mut changed = good.to_owned();
        let replacement = if good[index..].starts_with('A') {
            "B"
        } else {
            "A"
        };
        changed.replace_range(index..=index, replacement);
        match open_signed(&codec, text(&vector, "token"), &changed) {
            // CBC cannot tell a change in the first (random) block or inside the message; that is
            // what the signature is for.
            Ok(opened) => assert!(opened != plain || index < 44, "{index}"),
            Err(refusal) => assert!(matches!(
                refusal,
                Refusal::BadCiphertext | Refusal::BadReceiveId
            )),
        }
    }
}

#[test]
fn every_truncation_is_refused() {
    let vector = by_id("tencent-sample-message");
    let codec = codec(&vector, text(&vector, "receiveid"));
    let good = text(&vector, "ciphertext");
    for length in 0..good.len() {
        let outcome = open_signed(&codec, text(&vector, "token"), &good[..length]);
        assert_eq!(outcome, Err(Refusal::BadCiphertext), "{length}");
    }
    assert!(open_signed(&codec, text(&vector, "token"), good).is_ok());
}

#[test]
fn media_has_no_frame() {
    let vector = by_id("syn-aibot-empty-receiveid");
    let codec = codec(&vector, "");
    // openssl enc -aes-256-cbc -nopad, over "PNG-DATA" and 24 bytes of 0x18.
    let sealed = [
        0x37, 0x7e, 0x59, 0x20, 0x5d, 0x71, 0x3d, 0xb9, 0x34, 0x8a, 0x68, 0x64, 0xc0, 0xc5, 0x36,
        0x64, 0xa9, 0xa8, 0xc1, 0x5e, 0xa5, 0x11, 0xac, 0xf9, 0x60, 0xc2, 0xc4, 0x4f, 0x29, 0xf4,
        0x53, 0x3c,
    ];
    assert_eq!(
        codec.open_media(sealed.to_vec()).as_deref(),
        Ok(&b"PNG-DATA"[..])
    );
    let cut = sealed[..31].to_vec();
    assert_eq!(codec.open_media(cut), Err(Refusal::BadCiphertext));
    assert_eq!(codec.open_media(Vec::new()), Err(Refusal::BadCiphertext));
}

#[test]
fn debug_shows_no_secret() {
    let vector = by_id("tencent-sample-message");
    let shown = format!("{:?}", codec(&vector, "ww1"));
    assert_eq!(shown, r#"Codec { receive_id: "ww1", .. }"#);
}
