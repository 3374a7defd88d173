//! Serde helpers for the platform's habits.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serializer};

/// A truth value written as 0 or 1.
pub(crate) mod zero_one {
    use super::{Deserialize, Deserializer, Scalar, Serializer};

    // The signature is serde's: `with` passes a reference.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it this way")]
    pub(crate) fn serialize<S: Serializer>(value: &bool, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(u8::from(*value))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<bool, D::Error> {
        Scalar::deserialize(deserializer).map(|value| match value {
            Scalar::Bool(value) => value,
            Scalar::Number(value) => value != 0,
            Scalar::Text(text) => text == "1" || text == "true",
        })
    }
}

/// What different endpoints write for the same kind of field.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum Scalar {
    Bool(bool),
    Number(i64),
    Text(String),
}

/// A number that some endpoints write as a string.
pub(crate) fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    match Scalar::deserialize(deserializer)? {
        Scalar::Bool(value) => Ok(i64::from(value)),
        Scalar::Number(value) => Ok(value),
        Scalar::Text(text) if text.is_empty() => Ok(0),
        Scalar::Text(text) => text
            .parse()
            .map_err(|_| D::Error::custom("not a whole number")),
    }
}

/// Ids joined by `|`, which some endpoints write as a list.
pub(crate) fn piped<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Ids {
        Joined(String),
        List(Vec<String>),
    }
    Ok(match Ids::deserialize(deserializer)? {
        Ids::Joined(text) => text
            .split('|')
            .filter(|id| !id.is_empty())
            .map(str::to_owned)
            .collect(),
        Ids::List(list) => list,
    })
}

/// Writes ids joined by `|`.
#[expect(clippy::ptr_arg, reason = "serde passes the field as it is")]
pub(crate) fn join<S: Serializer>(ids: &Vec<String>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&ids.join("|"))
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(default)]
    struct Fields {
        #[serde(with = "super::zero_one")]
        flag: bool,
        #[serde(deserialize_with = "super::number")]
        count: i64,
        #[serde(deserialize_with = "super::piped")]
        ids: Vec<String>,
    }

    impl Default for Fields {
        fn default() -> Self {
            Self {
                flag: false,
                count: -7,
                ids: Vec::new(),
            }
        }
    }

    fn read(json: &str) -> (bool, i64, String) {
        let fields: Fields = serde_json::from_str(json).unwrap();
        (fields.flag, fields.count, fields.ids.join(","))
    }

    #[test]
    fn every_spelling_is_read() {
        assert_eq!(
            read(r#"{"flag":1,"count":"12","ids":"a|b|"}"#),
            (true, 12, "a,b".into())
        );
        assert_eq!(
            read(r#"{"flag":true,"count":12,"ids":["a"]}"#),
            (true, 12, "a".into())
        );
        assert_eq!(
            read(r#"{"flag":"0","count":"","ids":""}"#),
            (false, 0, String::new())
        );
        assert_eq!(read("{}"), (false, -7, String::new()));
        assert!(serde_json::from_str::<Fields>(r#"{"count":"x"}"#).is_err());
    }
}
