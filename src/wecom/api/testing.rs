//! Helpers for tests that compare with literal wire forms.

use crate::wecom::client::{Endpoint, decode, fields};
use serde_json::Value;

/// Asserts the body of a POST, or the fields of a GET's query.
pub(crate) fn assert_sends<E: Endpoint>(request: &E, literal: &str) {
    let expected: Value = serde_json::from_str(literal).unwrap();
    assert_eq!(fields(request).unwrap(), expected);
}

/// Reads a literal answer with errcode 0 and the given fields.
pub(crate) fn answer<E: Endpoint>(fields: &str) -> E::Response {
    let rest = fields.trim_start_matches('{');
    let comma = if rest == "}" { "" } else { "," };
    let body = format!(r#"{{"errcode":0,"errmsg":"ok"{comma}{rest}"#);
    decode(E::PATH, 200, body.as_bytes(), &[]).unwrap()
}
