//! Foreign vectors judge the codec: each opens, and seals again to the same bytes.

use mock_wecom::crypto::{Codec, CryptoError};
use serde_json::Value;

const FILE: &str = include_str!("../vectors/crypto-vectors.json");

fn file() -> Value {
    serde_json::from_str(FILE).expect("the vectors are JSON")
}

fn text<'v>(vector: &'v Value, name: &str) -> &'v str {
    vector[name]
        .as_str()
        .unwrap_or_else(|| panic!("{name} is missing in {vector}"))
}

fn codec(vector: &Value) -> Codec {
    Codec::new(
        vector["token"].as_str().unwrap_or_default(),
        text(vector, "encoding_aes_key"),
        text(vector, "receiveid"),
    )
    .expect("a usable key")
}

fn unhex(text: &str) -> Vec<u8> {
    let digits = text.as_bytes().chunks(2);
    digits
        .map(|pair| {
            let pair = std::str::from_utf8(pair).expect("ASCII");
            u8::from_str_radix(pair, 16).expect("hex")
        })
        .collect()
}

fn positive() -> Vec<Value> {
    let file = file();
    ["public_vectors", "synthetic_vectors"]
        .iter()
        .flat_map(|list| file[list].as_array().expect("a list").clone())
        .collect()
}

#[test]
fn all_positive_vectors_open_and_seal_to_the_same_bytes() {
    let vectors = positive();
    assert_eq!(vectors.len(), 16);
    for vector in vectors {
        let id = text(&vector, "id");
        let (codec, expected) = (codec(&vector), &vector["expected"]);
        let plain = text(expected, "plaintext");
        assert_eq!(
            codec.unseal(text(&vector, "ciphertext")).as_deref(),
            Ok(plain),
            "{id}"
        );
        assert_eq!(
            codec.aes_key().as_slice(),
            unhex(text(expected, "aes_key_hex")),
            "{id}"
        );
        let random = unhex(text(expected, "random16_hex"))
            .try_into()
            .expect("16 bytes");
        assert_eq!(
            codec.seal(plain, random),
            text(&vector, "ciphertext"),
            "{id}"
        );
    }
}

#[test]
fn published_signatures_match() {
    let mut checked = 0;
    for vector in positive() {
        let Some(signature) = vector["msg_signature"].as_str() else {
            continue;
        };
        let (timestamp, nonce) = (text(&vector, "timestamp"), text(&vector, "nonce"));
        let signed = codec(&vector).sign(timestamp, nonce, text(&vector, "ciphertext"));
        assert_eq!(signed, signature, "{}", text(&vector, "id"));
        checked += 1;
    }
    assert_eq!(checked, 15);
}

#[test]
fn negative_cases_are_refused_for_their_reason() {
    let vectors = positive();
    for case in file()["negative_cases"].as_array().expect("a list") {
        let base = vectors
            .iter()
            .find(|vector| vector["id"] == case["base"])
            .expect("its base");
        let mut signature = text(base, "msg_signature").to_owned();
        let mut nonce = text(base, "nonce").to_owned();
        let mut ciphertext = text(base, "ciphertext").to_owned();
        let mut codec = codec(base);
        let expected = match text(case, "id") {
            "neg-bad-signature" => {
                signature = text(case, "msg_signature").to_owned();
                CryptoError::Signature
            }
            "neg-wrong-receiveid" => {
                let (token, key) = (text(base, "token"), text(base, "encoding_aes_key"));
                codec = Codec::new(token, key, "ww0000000000000000").expect("a usable key");
                CryptoError::ReceiveId
            }
            "neg-nonce-changed" => {
                nonce = "437374424".to_owned();
                CryptoError::Signature
            }
            "neg-space-for-plus" => {
                ciphertext = ciphertext.replace('+', " ");
                CryptoError::Signature
            }
            other => panic!("a new case: {other}"),
        };
        let opened = codec.open(&signature, text(base, "timestamp"), &nonce, &ciphertext);
        assert_eq!(opened, Err(expected), "{}", text(case, "id"));
    }
}

#[test]
fn every_padding_length_opens() {
    let codec =
        Codec::new("T", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", "wwcorp").expect("a key");
    for length in 0..32 {
        let plain = "x".repeat(length);
        assert_eq!(codec.unseal(&codec.seal(&plain, [7; 16])), Ok(plain));
    }
}

#[test]
fn rubbish_is_refused_without_a_panic() {
    let codec =
        Codec::new("T", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", "wwcorp").expect("a key");
    let block = "A".repeat(21) + "==";
    for rubbish in ["", "A", "????", "AAAA", block.as_str(), &"A".repeat(256)] {
        assert!(codec.unseal(rubbish).is_err(), "{rubbish}");
    }
    assert!(Codec::new("T", "short", "").is_err());
}
