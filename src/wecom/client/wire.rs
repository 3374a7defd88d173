//! Between Rust values and the bytes on the wire.

use super::{Downloaded, Endpoint};
use crate::wecom::errcode;
use crate::wecom::error::{BadJson, Error, Refused, Uncertainty};
use bytes::Bytes;
use reqwest::header::{CONTENT_DISPOSITION, CONTENT_RANGE, CONTENT_TYPE, HeaderMap};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The part that every answer shares.
#[derive(Deserialize)]
struct Status {
    errcode: i64,
    #[serde(default)]
    errmsg: String,
}

/// The fields of a request, without those that are `None`.
pub(crate) fn fields<E: Endpoint>(request: &E) -> Result<Value, Error> {
    let mut value = serde_json::to_value(request).map_err(|error| Error::Encode {
        path: E::PATH,
        source: BadJson::from(&error),
    })?;
    drop_nulls(&mut value);
    Ok(value)
}

/// The fields of a GET as query parameters.
pub(super) fn pairs(fields: Value) -> Vec<(String, String)> {
    let Value::Object(fields) = fields else {
        return Vec::new();
    };
    fields
        .into_iter()
        .map(|(name, value)| match value {
            Value::String(text) => (name, text),
            other => (name, other.to_string()),
        })
        .collect()
}

/// Reads an answer whatever its HTTP status: the errcode decides.
pub(crate) fn decode<T: DeserializeOwned>(
    path: &'static str,
    http_status: u16,
    body: &[u8],
    secrets: &[&str],
) -> Result<T, Error> {
    check(path, http_status, body, secrets)?;
    serde_json::from_slice(body)
        .or_else(|error| without_nulls(body).ok_or(error))
        .map_err(|error| Error::Decode {
            path,
            source: BadJson::from(&error),
        })
}

fn check(path: &'static str, http_status: u16, body: &[u8], secrets: &[&str]) -> Result<(), Error> {
    let unclear = |cause| Error::Ambiguous { path, cause };
    if http_status >= 500 {
        return Err(unclear(Uncertainty::Status(http_status)));
    }
    let status: Status = serde_json::from_slice(body).map_err(|error| {
        unclear(if http_status == 200 {
            Uncertainty::Body(BadJson::from(&error))
        } else {
            Uncertainty::Status(http_status)
        })
    })?;
    match status.errcode {
        0 => Ok(()),
        errcode::SYSTEM_BUSY => Err(unclear(Uncertainty::Busy)),
        code => {
            let refused = Refused::parse(path, code, &status.errmsg, secrets);
            Err(Error::Refused(Box::new(refused)))
        }
    }
}

/// WeCom sometimes writes `null` where its pages promise a list or a text.
fn without_nulls<T: DeserializeOwned>(body: &[u8]) -> Option<T> {
    let mut value = serde_json::from_slice(body).ok()?;
    drop_nulls(&mut value);
    serde_json::from_value(value).ok()
}

/// Removes `null` members at every depth.
pub(crate) fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, field| !field.is_null());
            fields.values_mut().for_each(drop_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}

/// Reads the answer to a download, which is JSON only when it failed.
pub(super) fn decode_file(
    path: &'static str,
    http_status: u16,
    headers: &HeaderMap,
    bytes: Bytes,
    secrets: &[&str],
) -> Result<Downloaded, Error> {
    let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let content_type = header(CONTENT_TYPE).map(str::to_owned);
    let disposition = headers.get(CONTENT_DISPOSITION);
    let is_json = content_type
        .as_deref()
        .is_some_and(|kind| kind.contains("json") || kind.starts_with("text/plain"));
    // A stored JSON file has a name; an error message has none.
    if !matches!(http_status, 200 | 206) || (is_json && disposition.is_none()) {
        check(path, http_status, &bytes, secrets)?;
    }
    Ok(Downloaded {
        file_name: disposition.and_then(|value| file_name(value.as_bytes())),
        total_bytes: header(CONTENT_RANGE)
            .and_then(|range| range.rsplit_once('/'))
            .and_then(|(_, total)| total.parse().ok()),
        content_type,
        bytes,
    })
}

/// The `filename` of a `Content-Disposition`, without any directory.
fn file_name(disposition: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(disposition);
    let (_, rest) = text.split_once("filename=")?;
    let name = match rest.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next(),
        None => rest.split(';').next(),
    }?;
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default().trim();
    (!name.is_empty()).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{decode, decode_file, file_name};
    use crate::wecom::error::{Disposition, Error, Uncertainty};
    use bytes::Bytes;
    use reqwest::header::HeaderMap;
    use serde::Deserialize;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default)]
    struct Answer {
        list: Vec<String>,
        name: String,
    }

    fn read(status: u16, body: &str) -> Result<Answer, Error> {
        decode("/p", status, body.as_bytes(), &[])
    }

    #[test]
    fn unknown_fields_nulls_and_gaps_are_tolerated() {
        for body in [
            r#"{"errcode":0}"#,
            r#"{"errcode":0,"errmsg":"ok","new_field":{"a":[1]}}"#,
            r#"{"errcode":0,"list":null,"name":null}"#,
        ] {
            assert_eq!(read(200, body).unwrap(), Answer::default(), "{body}");
        }
    }

    #[test]
    fn what_carries_no_errcode_leaves_the_outcome_open() {
        for (status, body) in [
            (500, r#"{"errcode":0}"#),
            (502, "<html>"),
            (200, "<html>"),
            (200, ""),
            (200, "{}"),
            (200, r#"{"errcode":0"#),
            (403, "forbidden"),
            (200, r#"{"errcode":-1,"errmsg":"system busy"}"#),
        ] {
            let error = read(status, body).unwrap_err();
            assert_eq!(
                error.disposition(),
                Disposition::Ambiguous,
                "{status} {body}"
            );
            assert!(!error.certainly_not_done());
        }
        assert!(matches!(
            read(404, "no").unwrap_err(),
            Error::Ambiguous {
                cause: Uncertainty::Status(404),
                ..
            }
        ));
    }

    #[test]
    fn done_but_undecodable_is_not_a_refusal() {
        let error = read(200, r#"{"errcode":0,"list":"canary"}"#).unwrap_err();
        assert!(matches!(error, Error::Decode { .. }));
        assert!(!format!("{error} {error:?}").contains("canary"));
    }

    #[test]
    fn a_named_json_file_is_a_file_and_an_unnamed_one_an_error() {
        let mut headers = HeaderMap::new();
        headers.insert("content-type", "application/json".parse().unwrap());
        let body = Bytes::from_static(br#"{"errcode":40007,"errmsg":"invalid media_id"}"#);
        let error = decode_file("/p", 200, &headers, body.clone(), &[]).unwrap_err();
        assert_eq!(error.code(), Some(40007));
        headers.insert(
            "content-disposition",
            r#"attachment; filename="a.json""#.parse().unwrap(),
        );
        headers.insert("content-range", "bytes 0-44/4711".parse().unwrap());
        let file = decode_file("/p", 206, &headers, body, &[]).unwrap();
        assert_eq!(file.file_name.as_deref(), Some("a.json"));
        assert_eq!(file.total_bytes, Some(4711));
    }

    #[test]
    fn file_names_lose_their_directories() {
        for (header, expected) in [
            ("attachment; filename=\"报价.pdf\"", Some("报价.pdf")),
            ("attachment; filename=a.png; x=1", Some("a.png")),
            ("attachment; filename=\"../../etc/passwd\"", Some("passwd")),
            ("attachment; filename=\"\"", None),
            ("inline", None),
        ] {
            assert_eq!(
                file_name(header.as_bytes()).as_deref(),
                expected,
                "{header}"
            );
        }
    }
}
