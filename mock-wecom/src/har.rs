//! The journal as HTTP Archive 1.2, which browsers and HTTP tools can open.

use serde_json::{Value, json};

use crate::clock::civil_date;
use crate::journal::{Entry, EntryKind};

/// A HAR document of these entries.
pub(crate) fn archive(entries: &[Entry], base_url: &str) -> Value {
    let entries: Vec<Value> = entries.iter().map(|entry| one(entry, base_url)).collect();
    json!({"log": {
        "version": "1.2",
        "creator": {"name": "mock-wecom", "version": env!("CARGO_PKG_VERSION")},
        "entries": entries,
    }})
}

fn one(entry: &Entry, base_url: &str) -> Value {
    let (request, response) = match entry.kind {
        EntryKind::Call => call(entry, base_url),
        EntryKind::Callback => callback(entry),
    };
    json!({
        "startedDateTime": iso(entry.time_ms),
        "time": entry.took_ms,
        "request": request,
        "response": response,
        "cache": {},
        "timings": {"send": 0, "wait": entry.took_ms, "receive": 0},
        "_id": entry.id, "_kind": entry.kind, "_errcode": entry.errcode, "_applied": entry.applied,
        "_problems": entry.problems, "_fault": entry.fault,
    })
}

fn call(entry: &Entry, base_url: &str) -> (Value, Value) {
    let query: Vec<Value> = entry.request["query"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| json!({"name": name, "value": value}))
        .collect();
    let body = &entry.request["body"];
    let text = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    let method = entry.request["method"].as_str().unwrap_or("GET");
    let url = format!("{base_url}{}", entry.path);
    let mut request = request(method, &url, query, "application/json", &text);
    request["headers"] = entry.request["headers"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| json!({"name": name, "value": value}))
        .collect();
    let status = entry.response["http_status"].as_u64();
    // A call that was cut has no answer; HAR writes that as status 0.
    let status = status.unwrap_or(if entry.response.is_null() { 0 } else { 200 });
    let answer = if entry.response.is_null() {
        String::new()
    } else {
        entry.response.to_string()
    };
    (request, response(status, "application/json", &answer))
}

/// A callback with its decrypted bodies, which is what a reader wants to see.
fn callback(entry: &Entry) -> (Value, Value) {
    let plain = entry.request["plain"].as_str().unwrap_or_default();
    let kind = if plain.starts_with('<') {
        "text/xml"
    } else {
        "application/json"
    };
    let url = entry.request["url"].as_str().unwrap_or_default();
    let request = request("POST", url, Vec::new(), kind, plain);
    let reply = &entry.response["reply"];
    let reply = if reply.is_null() {
        String::new()
    } else {
        reply.to_string()
    };
    let status = entry.response["http_status"].as_u64().unwrap_or(0);
    (request, response(status, "application/json", &reply))
}

fn request(method: &str, url: &str, query: Vec<Value>, mime: &str, text: &str) -> Value {
    let mut request = json!({
        "method": method, "url": url, "httpVersion": "HTTP/1.1", "cookies": [], "headers": [],
        "queryString": query, "headersSize": -1, "bodySize": text.len(),
    });
    if !text.is_empty() {
        request["postData"] = json!({"mimeType": mime, "text": text});
    }
    request
}

fn response(status: u64, mime: &str, text: &str) -> Value {
    json!({
        "status": status, "statusText": "", "httpVersion": "HTTP/1.1", "cookies": [], "headers": [],
        "content": {"size": text.len(), "mimeType": mime, "text": text},
        "redirectURL": "", "headersSize": -1, "bodySize": text.len(),
    })
}

/// A time as ISO 8601 in UTC.
fn iso(time_ms: i64) -> String {
    const DAY_MS: i64 = 86_400_000;
    let (days, ms) = (time_ms.div_euclid(DAY_MS), time_ms.rem_euclid(DAY_MS));
    let (year, month, day) = civil_date(days);
    let (hour, minute, second) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1_000 % 60);
    format!(
        "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z",
        ms % 1_000
    )
}

#[cfg(test)]
mod tests {
    use super::iso;

    #[test]
    fn times_as_a_calendar_writes_them() {
        for (ms, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_399_999, "2000-02-28T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_760_000_000_123, "2025-10-09T08:53:20.123Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(iso(ms), text);
        }
    }
}
