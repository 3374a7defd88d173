//! A text is rendered with examples before any customer gets it.

use std::collections::{BTreeMap, BTreeSet};

use minijinja::{Environment, Error, Value};

use super::check::{ALWAYS, ROOTS};
use super::context::{NOW_PARTS, Now};
use super::render::Limited;

/// Texts that stand for what is not known yet: a word, a number, a date. What can be
/// rendered with none of them can never be.
pub(super) const EXAMPLES: [&str; 3] = ["示例", "3", "2026-11-23"];

/// Why a text could not be rendered.
pub(super) enum Failure {
    /// The engine says so.
    Engine(Error),
    /// The text became too long.
    TooLong,
}

/// A text with what it is rendered in.
pub(super) struct Trial<'t> {
    pub(super) environment: &'t Environment<'t>,
    pub(super) source: &'t str,
    pub(super) variables: &'t BTreeSet<String>,
}

impl Trial<'_> {
    /// Why rendering fails with an example for all variables but one.
    pub(super) fn failure(&self, example: &str, without: Option<&str>) -> Option<Failure> {
        let template = match self.environment.template_from_str(self.source) {
            Ok(template) => template,
            Err(error) => return Some(Failure::Engine(error)),
        };
        let mut out = Limited::default();
        let done = template.render_captured_to(self.values(example, without), &mut out);
        if out.is_full() {
            return Some(Failure::TooLong);
        }
        done.err().map(Failure::Engine)
    }

    fn values(&self, example: &str, without: Option<&str>) -> Value {
        let mut fields: BTreeMap<&str, BTreeMap<&str, Value>> = BTreeMap::new();
        for root in ROOTS {
            fields.insert(root, BTreeMap::new());
        }
        let used = self.variables.iter().map(String::as_str);
        let all = used.chain(ALWAYS.iter().copied());
        for name in all.filter(|name| Some(*name) != without) {
            let (root, field) = name.split_once('.').unwrap_or((name, ""));
            let known = fields.entry(root).or_default();
            if !field.is_empty() {
                known.insert(field, value(name, example));
            }
        }
        let values = fields.into_iter().map(|(root, fields)| match root {
            "now" => (root, now(&fields)),
            _ if fields.is_empty() && !ROOTS.contains(&root) => (root, Value::from(example)),
            _ => (root, Value::from_pairs(fields)),
        });
        Value::from_pairs(values)
    }
}

/// With parts that do not exist it is only something to look them up in.
fn now(fields: &BTreeMap<&str, Value>) -> Value {
    let now = Value::from_object(Now(jiff::civil::date(2026, 11, 23).at(10, 0, 0, 0)));
    if fields.keys().all(|field| NOW_PARTS.contains(field)) {
        return now;
    }
    let parts = NOW_PARTS.iter().map(|part| (*part, now.get_attr(part)));
    let parts = parts.filter_map(|(part, value)| Some((part, value.ok()?)));
    let others = fields.iter().map(|(field, value)| (*field, value.clone()));
    Value::from_pairs(others.chain(parts))
}

fn value(name: &str, example: &str) -> Value {
    match name {
        "contact.tags" => Value::from(vec!["组/标签"]),
        "contact.added_days" | "contact.points" => Value::from(3),
        _ => Value::from(example),
    }
}
