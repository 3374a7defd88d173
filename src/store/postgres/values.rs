//! How our values travel: times, JSON and texts.

use std::borrow::Cow;
use std::error::Error;

use bytes::{Buf as _, BufMut as _, BytesMut};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

use crate::domain::clock::UnixMillis;
use crate::store::{LaneHash, Result, StoreError};

/// 2000-01-01, where PostgreSQL counts from.
const EPOCH_MILLIS: i64 = 946_684_800_000;
/// The first and the last microsecond that a `timestamptz` can hold.
const FIRST_MICROS: i64 = -211_813_488_000_000_000;
const END_MICROS: i64 = 9_223_371_331_200_000_000;

/// Stands for itself and for NUL in stored texts: PostgreSQL takes no NUL, and customers can
/// send one. A noncharacter, which no keyboard gives.
const ESCAPE: char = '\u{10FFFF}';
const ESCAPED_NUL: &str = "\u{10FFFF}0";
const ESCAPED_ESCAPE: &str = "\u{10FFFF}1";

/// A time as `timestamptz`. What lies beyond its range becomes `infinity`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Time(pub(super) UnixMillis);

impl ToSql for Time {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> std::result::Result<IsNull, SqlError> {
        let since = self.0.0.checked_sub(EPOCH_MILLIS);
        let micros = since.and_then(|millis| millis.checked_mul(1000));
        let micros = match micros {
            Some(micros) if (FIRST_MICROS..END_MICROS).contains(&micros) => micros,
            _ if self.0.0 < 0 => i64::MIN,
            _ => i64::MAX,
        };
        out.put_i64(micros);
        Ok(IsNull::No)
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::TIMESTAMPTZ
    }

    to_sql_checked!();
}

impl<'a> FromSql<'a> for Time {
    fn from_sql(_: &Type, mut raw: &'a [u8]) -> std::result::Result<Self, SqlError> {
        if raw.len() != 8 {
            return Err("a time of a strange length".into());
        }
        Ok(Self(UnixMillis(match raw.get_i64() {
            i64::MIN => i64::MIN,
            i64::MAX => i64::MAX,
            micros => micros.div_euclid(1000) + EPOCH_MILLIS,
        })))
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::TIMESTAMPTZ
    }
}

type SqlError = Box<dyn Error + Sync + Send>;

/// JSON text as `jsonb`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Json(String);

impl Json {
    /// A value as JSON.
    pub(super) fn of<T: Serialize>(what: &'static str, value: &T) -> Result<Self> {
        let json = serde_json::to_string(value).map_err(|_| StoreError::Corrupt { what })?;
        Ok(Self(escaped_json(json)))
    }

    /// The value in it.
    pub(super) fn read<T: DeserializeOwned>(&self, what: &'static str) -> Result<T> {
        let json = if self.0.contains(ESCAPE) {
            Cow::Owned(self.0.replace(ESCAPED_NUL, "\\u0000"))
        } else {
            Cow::Borrowed(&self.0)
        };
        let json = if json.contains(ESCAPE) {
            Cow::Owned(json.replace(ESCAPED_ESCAPE, &ESCAPE.to_string()))
        } else {
            json
        };
        serde_json::from_str(&json).map_err(|_| StoreError::Corrupt { what })
    }
}

/// `serde_json` writes NUL as `\u0000`, and a backslash before it as two.
fn escaped_json(json: String) -> String {
    let json = if json.contains(ESCAPE) {
        json.replace(ESCAPE, ESCAPED_ESCAPE)
    } else {
        json
    };
    if !json.contains("\\u0000") {
        return json;
    }
    let mut out = String::with_capacity(json.len());
    let mut rest = json.as_str();
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let tail = &rest[at..];
        if let Some(after) = tail.strip_prefix("\\u0000") {
            out.push_str(ESCAPED_NUL);
            rest = after;
        } else {
            // Every other escape is a backslash and one ASCII character, and more of no meaning.
            let end = tail.len().min(2);
            out.push_str(&tail[..end]);
            rest = &tail[end..];
        }
    }
    out.push_str(rest);
    out
}

impl ToSql for Json {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> std::result::Result<IsNull, SqlError> {
        // The version of jsonb's wire form.
        out.put_u8(1);
        out.put_slice(self.0.as_bytes());
        Ok(IsNull::No)
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::JSONB
    }

    to_sql_checked!();
}

impl<'a> FromSql<'a> for Json {
    fn from_sql(_: &Type, raw: &'a [u8]) -> std::result::Result<Self, SqlError> {
        let json = raw.strip_prefix(&[1]).ok_or("jsonb of a strange version")?;
        Ok(Self(std::str::from_utf8(json)?.to_owned()))
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::JSONB
    }
}

/// A text as PostgreSQL can keep it.
pub(super) fn text(text: &str) -> Cow<'_, str> {
    if !text.contains(['\0', ESCAPE]) {
        return Cow::Borrowed(text);
    }
    let text = text.replace(ESCAPE, ESCAPED_ESCAPE);
    Cow::Owned(text.replace('\0', ESCAPED_NUL))
}

/// The text that was kept so.
pub(super) fn untext(kept: String) -> String {
    if !kept.contains(ESCAPE) {
        return kept;
    }
    let text = kept.replace(ESCAPED_NUL, "\0");
    text.replace(ESCAPED_ESCAPE, &ESCAPE.to_string())
}

/// The same for a text that may be missing.
pub(super) fn maybe_text(maybe: Option<&str>) -> Option<Cow<'_, str>> {
    maybe.map(text)
}

/// A lane or conversation as the tables compare it.
pub(super) fn lane(text: &str) -> String {
    LaneHash::of(text).into()
}

/// A number of ours as `bigint`.
pub(super) fn big(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// And back. What we number starts at 1.
pub(super) fn number(big: i64) -> u64 {
    u64::try_from(big).unwrap_or_default()
}

/// A limit as `bigint`.
pub(super) fn most(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, proptest};

    use super::*;

    fn wire(time: i64) -> i64 {
        let mut out = BytesMut::new();
        let written = Time(UnixMillis(time)).to_sql(&Type::TIMESTAMPTZ, &mut out);
        assert!(matches!(written, Ok(IsNull::No)));
        let read = Time::from_sql(&Type::TIMESTAMPTZ, &out).unwrap();
        let micros = out.get_i64();
        if micros != i64::MIN && micros != i64::MAX {
            assert_eq!(read.0.0, time);
        }
        micros
    }

    #[test]
    fn times_are_microseconds_since_2000() {
        assert_eq!(wire(EPOCH_MILLIS), 0);
        assert_eq!(wire(EPOCH_MILLIS + 1), 1000);
        assert_eq!(wire(0), -946_684_800_000_000);
        assert_eq!(wire(-5), -946_684_800_005_000);
        assert_eq!((wire(i64::MAX), wire(i64::MIN)), (i64::MAX, i64::MIN));
        assert_eq!(wire(i64::MAX - 1), i64::MAX);
    }

    #[test]
    fn nul_is_kept_as_something_else() {
        assert_eq!(text("a\0b"), "a\u{10FFFF}0b");
        assert_eq!(text("甲"), "甲");
        let json = Json::of("x", &"\0\\u0000\n").unwrap();
        assert_eq!(json.0, "\"\u{10FFFF}0\\\\u0000\\n\"");
        assert_eq!(json.read::<String>("x").unwrap(), "\0\\u0000\n");
    }

    proptest! {
        #[test]
        fn every_text_comes_back(parts in proptest::collection::vec(any::<char>(), 0..20), places in proptest::collection::vec((0..20_usize, 0..4_usize), 0..5)) {
            let mut parts: Vec<String> = parts.into_iter().map(String::from).collect();
            for (place, what) in places {
                let place = place.min(parts.len());
                parts.insert(place, ["\0", "\u{10FFFF}", "\\u0000", "0"][what].to_owned());
            }
            let original = parts.concat();
            assert_eq!(untext(text(&original).into_owned()), original);
            assert!(!text(&original).contains('\0'));
            let json = Json::of("x", &original).unwrap();
            assert_eq!(json.read::<String>("x").unwrap(), original);
            assert!(!json.0.replace("\\\\", "").contains("\\u0000"));
        }
    }
}
