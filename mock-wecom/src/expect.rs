//! Expectations about the journal: how many exchanges of a kind there must be.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::journal::{Entry, EntryKind, JournalQuery};

/// Which exchanges are counted, and how many there must be.
///
/// Without a number at least one is expected. A pattern names only what matters: objects
/// may have further fields. `{"$contains": "text"}` accepts a text with that in it,
/// `{"$any": true}` whatever is there, `{"$absent": true}` that it is not there.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Expect {
    /// Calls or callbacks.
    pub kind: Option<EntryKind>,
    /// The end of the path, or the receiver's name.
    pub path: Option<String>,
    /// Only exchanges after this id.
    pub since: Option<u64>,
    /// Only calls that were answered this code.
    pub errcode: Option<i64>,
    /// Only exchanges that took effect, or only those that did not.
    pub applied: Option<bool>,
    /// Only exchanges with contract problems, or only those without.
    pub problems: Option<bool>,
    /// Only exchanges whose request contains this text.
    pub contains: Option<String>,
    /// A pattern of the call's body.
    pub body: Option<Value>,
    /// A pattern of the call's query parameters.
    pub query: Option<Value>,
    /// A pattern of the answer.
    pub response: Option<Value>,
    /// Exactly so many.
    pub count: Option<usize>,
    /// So many or more.
    pub at_least: Option<usize>,
    /// So many or fewer.
    pub at_most: Option<usize>,
    /// How long to wait until it is true, in real time.
    pub wait_ms: u64,
}

/// What was found instead.
#[derive(Debug, Clone, Serialize, thiserror::Error)]
pub struct Unmet {
    /// What was expected.
    pub expected: String,
    /// How many matched.
    pub count: usize,
    /// The exchanges that came closest, with what is different in each.
    pub closest: Vec<Near>,
}

/// An exchange that was not counted, and why.
#[derive(Debug, Clone, Serialize)]
pub struct Near {
    /// The entry in the journal.
    pub id: u64,
    /// Its path.
    pub path: String,
    /// Each difference: where, what was expected, what was there.
    pub differences: Vec<String>,
}

impl fmt::Display for Unmet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {}, found {}", self.expected, self.count)?;
        for near in &self.closest {
            write!(
                f,
                "\n  #{} {}: {}",
                near.id,
                near.path,
                near.differences.join("; ")
            )?;
        }
        Ok(())
    }
}

impl Expect {
    /// Calls of an endpoint, such as `kf/send_msg`.
    #[must_use]
    pub fn call(path: &str) -> Self {
        Self {
            kind: Some(EntryKind::Call),
            path: Some(path.to_owned()),
            ..Self::default()
        }
    }

    /// Callbacks to a receiver.
    #[must_use]
    pub fn callback(receiver: &str) -> Self {
        Self {
            kind: Some(EntryKind::Callback),
            path: Some(receiver.to_owned()),
            ..Self::default()
        }
    }

    /// Only with a body like this.
    #[must_use]
    pub fn body(mut self, pattern: Value) -> Self {
        self.body = Some(pattern);
        self
    }

    /// Exactly so many.
    #[must_use]
    pub fn times(mut self, count: usize) -> Self {
        self.count = Some(count);
        self
    }

    /// Waits so long until it is true.
    #[must_use]
    pub fn within(mut self, time: Duration) -> Self {
        self.wait_ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        self
    }

    /// The part that the journal can answer by itself.
    pub(crate) fn query(&self) -> JournalQuery {
        JournalQuery {
            kind: self.kind,
            path: self.path.clone(),
            since: self.since,
            errcode: self.errcode,
            applied: self.applied,
            problems: self.problems,
            contains: self.contains.clone(),
            ..JournalQuery::default()
        }
    }

    /// Judges what the journal found: the matching entries, or why they are not enough.
    pub(crate) fn judge(&self, entries: Vec<Entry>) -> Result<Vec<Entry>, Unmet> {
        const SHOWN: usize = 3;
        let mut closest = Vec::new();
        let mut matching = Vec::new();
        for entry in entries {
            let differences = self.differences(&entry);
            if differences.is_empty() {
                matching.push(entry);
            } else {
                closest.push(Near {
                    id: entry.id,
                    path: entry.path,
                    differences,
                });
            }
        }
        let count = matching.len();
        let least = match (self.count, self.at_least, self.at_most) {
            (None, None, None) => 1,
            (_, least, _) => least.unwrap_or(0),
        };
        let met = self.count.is_none_or(|wanted| count == wanted)
            && count >= least
            && self.at_most.is_none_or(|most| count <= most);
        if met {
            return Ok(matching);
        }
        closest.sort_by_key(|near| near.differences.len());
        closest.truncate(SHOWN);
        Err(Unmet {
            expected: self.to_string(),
            count,
            closest,
        })
    }

    fn differences(&self, entry: &Entry) -> Vec<String> {
        let mut out = Vec::new();
        for (name, pattern, value) in [
            ("body", &self.body, &entry.request["body"]),
            ("query", &self.query, &entry.request["query"]),
            ("response", &self.response, &entry.response),
        ] {
            if let Some(pattern) = pattern {
                compare(name, pattern, Some(value), &mut out);
            }
        }
        out
    }
}

impl fmt::Display for Expect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.count, self.at_least, self.at_most) {
            (Some(count), ..) => write!(f, "exactly {count}")?,
            (None, Some(least), Some(most)) => write!(f, "{least} to {most}")?,
            (None, Some(least), None) => write!(f, "at least {least}")?,
            (None, None, Some(most)) => write!(f, "at most {most}")?,
            (None, None, None) => write!(f, "at least 1")?,
        }
        let kind = match self.kind {
            Some(EntryKind::Call) => "calls",
            Some(EntryKind::Callback) => "callbacks",
            None => "exchanges",
        };
        write!(
            f,
            " {kind} of {}",
            self.path.as_deref().unwrap_or("anything")
        )?;
        let mut with = Map::new();
        let patterns = [
            ("body", &self.body),
            ("query", &self.query),
            ("response", &self.response),
        ];
        for (name, pattern) in patterns {
            if let Some(pattern) = pattern {
                with.insert(name.to_owned(), pattern.clone());
            }
        }
        if let Some(code) = self.errcode {
            with.insert("errcode".to_owned(), json!(code));
        }
        if with.is_empty() {
            Ok(())
        } else {
            write!(f, " with {}", Value::Object(with))
        }
    }
}

/// A pattern with a meaning of its own: `{"$contains": …}` and the like.
fn special(pattern: &Value) -> Option<(&str, &Value)> {
    let map = pattern.as_object().filter(|map| map.len() == 1)?;
    let (name, argument) = map.iter().next()?;
    name.strip_prefix('$').map(|name| (name, argument))
}

/// Notes each place where a value is not like its pattern.
fn compare(path: &str, pattern: &Value, value: Option<&Value>, out: &mut Vec<String>) {
    let value = value.filter(|value| !value.is_null() || pattern.is_null());
    let differ = |out: &mut Vec<String>| {
        let is = value.map_or_else(|| "nothing".to_owned(), Value::to_string);
        out.push(format!("{path} is {is}, expected {pattern}"));
    };
    match (special(pattern), value) {
        (Some(("any", _)), Some(_)) | (Some(("absent", _)), None) => {}
        (Some(("contains", part)), Some(value)) => {
            let text = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            let part = part
                .as_str()
                .map_or_else(|| part.to_string(), str::to_owned);
            if !text.contains(&part) {
                differ(out);
            }
        }
        (Some(_), _) | (None, None) => differ(out),
        (None, Some(value)) => compare_plain(path, pattern, value, out, differ),
    }
}

fn compare_plain(
    path: &str,
    pattern: &Value,
    value: &Value,
    out: &mut Vec<String>,
    differ: impl Fn(&mut Vec<String>),
) {
    match (pattern, value) {
        (Value::Object(wanted), Value::Object(is)) => {
            for (name, pattern) in wanted {
                compare(&format!("{path}.{name}"), pattern, is.get(name), out);
            }
        }
        (Value::Array(wanted), Value::Array(is)) if wanted.len() == is.len() => {
            for (at, (pattern, value)) in wanted.iter().zip(is).enumerate() {
                compare(&format!("{path}[{at}]"), pattern, Some(value), out);
            }
        }
        _ if pattern == value => {}
        _ => differ(out),
    }
}

#[cfg(test)]
mod tests {
    use super::compare;
    use serde_json::{Value, json};

    fn differences(pattern: &Value, value: &Value) -> Vec<String> {
        let mut out = Vec::new();
        compare("body", pattern, Some(value), &mut out);
        out
    }

    #[test]
    fn a_pattern_names_only_what_matters() {
        let value =
            json!({"touser": "wmA", "text": {"content": "您好，价格表见附件"}, "ids": [1, 2]});
        for pattern in [
            json!({}),
            json!({"touser": "wmA"}),
            json!({"text": {"content": {"$contains": "价格"}}, "ids": [1, 2]}),
            json!({"touser": {"$any": true}, "msgid": {"$absent": true}}),
        ] {
            assert_eq!(differences(&pattern, &value), [""; 0], "{pattern}");
        }
    }

    #[test]
    fn each_difference_is_named_by_its_place() {
        let value = json!({"text": {"content": "您好"}, "ids": [1, 2]});
        let pattern = json!({"text": {"content": "再见"}, "ids": [1], "msgid": {"$any": true}});
        assert_eq!(
            differences(&pattern, &value),
            [
                r#"body.text.content is "您好", expected "再见""#,
                "body.ids is [1,2], expected [1]",
                r#"body.msgid is nothing, expected {"$any":true}"#,
            ]
        );
        assert_eq!(
            differences(&json!({"text": {"$absent": true}}), &value).len(),
            1
        );
    }
}
