//! Secrets do not reach the file: each one is replaced by a name that stays the same.

use std::collections::BTreeMap;

use serde_json::Value;

/// Fields and query parameters that carry a secret or a single-use right.
const SECRET: &[&str] = &[
    "access_token",
    "corpsecret",
    "secret",
    "suite_secret",
    "suite_ticket",
    "suite_access_token",
    "provider_secret",
    "provider_access_token",
    "permanent_code",
    "pre_auth_code",
    "auth_code",
    "code",
    "user_ticket",
    "ticket",
    "session_key",
    "token",
    "encoding_aes_key",
    "encodingaeskey",
    "response_code",
    "welcome_code",
    "debug_token",
];
/// Shorter values would also be found by accident in other texts.
const SHORTEST: usize = 8;

/// Whether a field of this name carries a secret.
pub(super) fn is_secret(name: &str) -> bool {
    SECRET
        .iter()
        .any(|secret| secret.eq_ignore_ascii_case(name))
}

/// Whether a query parameter carries a secret; `key` is a robot's there, but a button's in a
/// body.
pub(super) fn is_secret_parameter(name: &str) -> bool {
    name == "key" || is_secret(name)
}

/// Replaces secrets; the same secret always becomes the same word.
#[derive(Debug, Default)]
pub(super) struct Mask {
    words: BTreeMap<String, String>,
}

impl Mask {
    fn word(&mut self, name: &str, secret: &str) -> String {
        if secret.is_empty() {
            return String::new();
        }
        let number = self.words.len() + 1;
        self.words
            .entry(secret.to_owned())
            .or_insert_with(|| format!("masked-{}-{number}", name.to_ascii_lowercase()))
            .clone()
    }

    /// Masks the parameters of a query.
    pub(super) fn query(&mut self, query: &mut BTreeMap<String, String>) {
        for (name, value) in &mut *query {
            if is_secret_parameter(name) {
                *value = self.word(name, value);
            }
        }
        for value in query.values_mut() {
            *value = self.text(value);
        }
    }

    /// Masks a JSON document, at any depth.
    pub(super) fn json(&mut self, value: &mut Value) {
        self.learn(value);
        self.replace(value);
    }

    /// Masks known secrets in a text.
    pub(super) fn text(&self, text: &str) -> String {
        let known = self
            .words
            .iter()
            .filter(|(secret, _)| secret.len() >= SHORTEST);
        known.fold(text.to_owned(), |text, (secret, word)| {
            if text.contains(secret.as_str()) {
                text.replace(secret.as_str(), word)
            } else {
                text
            }
        })
    }

    /// Replaces the values of secret fields and remembers them.
    fn learn(&mut self, value: &mut Value) {
        match value {
            Value::Object(map) => {
                for (name, value) in map {
                    match value {
                        Value::String(secret) if is_secret(name) => {
                            *secret = self.word(name, secret);
                        }
                        other => self.learn(other),
                    }
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.learn(item)),
            _ => {}
        }
    }

    /// Replaces what was learnt wherever else it stands.
    fn replace(&self, value: &mut Value) {
        match value {
            Value::Object(map) => map.values_mut().for_each(|value| self.replace(value)),
            Value::Array(items) => items.iter_mut().for_each(|item| self.replace(item)),
            Value::String(text) => *text = self.text(text),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Mask;
    use serde_json::json;
    use std::collections::BTreeMap;

    #[test]
    fn a_secret_is_masked_wherever_it_stands_and_always_alike() {
        let mut mask = Mask::default();
        let mut answer = json!({"errcode": 0, "access_token": "AT-1234567890", "expires_in": 7200});
        mask.json(&mut answer);
        assert_eq!(
            answer,
            json!({"errcode": 0, "access_token": "masked-access_token-1", "expires_in": 7200})
        );
        let mut query = BTreeMap::from([("access_token".to_owned(), "AT-1234567890".to_owned())]);
        mask.query(&mut query);
        assert_eq!(query["access_token"], "masked-access_token-1");
        let mut refusal = json!({"errmsg": "invalid token AT-1234567890", "list": [{"Secret": "S"}, {"secret": ""}]});
        mask.json(&mut refusal);
        assert_eq!(
            refusal,
            json!({"errmsg": "invalid token masked-access_token-1", "list": [{"Secret": "masked-secret-2"}, {"secret": ""}]})
        );
    }

    #[test]
    fn a_short_secret_does_not_tear_other_texts_apart() {
        let mut mask = Mask::default();
        mask.json(&mut json!({"code": "ok"}));
        assert_eq!(mask.text("errmsg ok"), "errmsg ok");
    }
}
