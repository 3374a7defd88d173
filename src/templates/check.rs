//! What is wrong with a template text, found without a customer.
//!
//! A variable that may be missing is found by trying: the text is rendered with everything
//! but that variable. So `default(…)` and `if` count exactly as they will later.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use minijinja::{Environment, Error, ErrorKind, Value};

use super::context::{NOW_PARTS, Now};
use super::problems;
use super::render::environment;
use crate::diagnostic::Diagnostic;

/// Names at the top of every template.
const ROOTS: &[&str] = &["contact", "staff", "m", "message", "now", "corp"];
/// Functions of the template language.
const FUNCTIONS: &[&str] = &["range", "dict", "namespace", "debug"];
/// What is always there. Everything else of `contact`, `staff`, `message`, `corp` may be missing.
const ALWAYS: &[&str] = &[
    "contact.id",
    "contact.tags",
    "contact.points",
    "message.text",
    "message.type",
    "corp.id",
];

/// WeCom's limit of a text message. Longer texts are split when they are sent.
pub(super) const TEXT_BYTES: usize = 2048;
/// A text with more variables than this is not a message to a person.
const MOST_VARIABLES: usize = 100;

/// The findings about a text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TextCheck {
    /// What is wrong.
    pub problems: Vec<TextProblem>,
    /// The names of `m.…` that the text cannot do without.
    pub captures: BTreeSet<String>,
    /// All variables that it uses, as far as they are known by name.
    pub variables: BTreeSet<String>,
}

/// One finding about a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextProblem {
    /// What, still without a place.
    pub diagnostic: Diagnostic,
    /// Which bytes of the text, if that is known.
    pub range: Option<Range<usize>>,
}

/// Checks the length of a text message. Only one without variables has a known length.
#[must_use]
pub fn check_length(text: &str) -> Option<Diagnostic> {
    too_long(text, TEXT_BYTES)
}

pub(super) fn too_long(text: &str, most: usize) -> Option<Diagnostic> {
    let known = !text.contains("{{") && !text.contains("{%");
    (known && text.len() > most).then(|| {
        Diagnostic::of(problems::LONG_TEXT)
            .value("bytes", text.len().to_string())
            .value("most", most.to_string())
    })
}

/// Checks a text.
#[must_use]
pub fn check_text(source: &str) -> TextCheck {
    let mut check = TextCheck::default();
    if !source.contains('{') {
        return check;
    }
    let environment = environment();
    let variables = match environment.template_from_str(source) {
        Ok(template) => template.undeclared_variables(true),
        Err(error) => {
            let kind = problems::TEMPLATE_SYNTAX;
            check.add(
                Diagnostic::of(kind).value("detail", detail(&error)),
                error.range(),
            );
            return check;
        }
    };
    if variables.len() > MOST_VARIABLES {
        let found = Diagnostic::of(problems::MANY_VARIABLES)
            .value("count", variables.len().to_string())
            .value("most", MOST_VARIABLES.to_string());
        check.add(found, None);
        return check;
    }
    let variables: BTreeSet<String> = variables
        .into_iter()
        .filter(|name| check.is_known(name, source))
        .collect();
    if let Some(error) = failure(&environment, source, &variables, None) {
        check.fails(&error);
    }
    for name in variables.iter().filter(|name| may_be_missing(name)) {
        let without = failure(&environment, source, &variables, Some(name));
        if let Some(error) = without.filter(|e| e.kind() == ErrorKind::UndefinedError) {
            check.missing(name, error.range());
        }
    }
    check.variables = variables;
    check
}

impl TextCheck {
    fn add(&mut self, diagnostic: Diagnostic, range: Option<Range<usize>>) {
        self.problems.push(TextProblem { diagnostic, range });
    }

    fn is_known(&mut self, name: &str, source: &str) -> bool {
        let (root, field) = name.split_once('.').unwrap_or((name, ""));
        let unknown = if FUNCTIONS.contains(&name) {
            return false;
        } else if !ROOTS.contains(&root) {
            Some((root, ROOTS))
        } else {
            let fields: Option<&[&str]> = match root {
                "staff" | "corp" => Some(&["id", "name"]),
                "now" => Some(NOW_PARTS),
                _ => None,
            };
            fields
                .filter(|fields| !field.is_empty() && !fields.contains(&field))
                .map(|fields| (field, fields))
        };
        let Some((wrong, known)) = unknown else {
            return true;
        };
        let found = Diagnostic::of(problems::UNKNOWN_VARIABLE)
            .value("name", name)
            .value("known", known.join(", "))
            .suggest(wrong, known.iter().copied());
        self.add(found, place_of(name, source));
        false
    }

    fn fails(&mut self, error: &Error) {
        let kind = match error.kind() {
            ErrorKind::UnknownFilter
            | ErrorKind::UnknownFunction
            | ErrorKind::UnknownMethod
            | ErrorKind::UnknownTest => problems::UNKNOWN_FILTER,
            ErrorKind::OutOfFuel => problems::TEMPLATE_FAILS,
            // The examples may be of another type than the values will be.
            _ => return,
        };
        self.add(
            Diagnostic::of(kind).value("detail", detail(error)),
            error.range(),
        );
    }

    fn missing(&mut self, name: &str, range: Option<Range<usize>>) {
        if let Some(capture) = name.strip_prefix("m.") {
            self.captures.insert(capture.to_owned());
        } else {
            let found = Diagnostic::of(problems::MAY_BE_MISSING).value("name", name);
            self.add(found, range);
        }
    }
}

fn detail(error: &Error) -> String {
    let kind = error.kind().to_string();
    error.detail().map_or(kind, str::to_owned)
}

fn place_of(name: &str, source: &str) -> Option<Range<usize>> {
    let start = source.find(name)?;
    Some(start..start + name.len())
}

fn may_be_missing(name: &str) -> bool {
    let root = name.split('.').next().unwrap_or_default();
    name.contains('.') && root != "now" && !ALWAYS.contains(&name)
}

/// The error of rendering with examples for all variables but one.
fn failure(
    environment: &Environment<'_>,
    source: &str,
    variables: &BTreeSet<String>,
    without: Option<&String>,
) -> Option<Error> {
    let mut fields: BTreeMap<&str, BTreeMap<&str, Value>> = BTreeMap::new();
    for root in ROOTS {
        fields.insert(root, BTreeMap::new());
    }
    let all = variables
        .iter()
        .map(String::as_str)
        .chain(ALWAYS.iter().copied());
    for name in all.filter(|name| without.is_none_or(|without| without != name)) {
        if let Some((root, field)) = name.split_once('.')
            && let Some(known) = fields.get_mut(root)
        {
            known.insert(field, example(name));
        }
    }
    let values = fields.into_iter().map(|(root, fields)| match root {
        "now" => (root, now()),
        _ => (root, Value::from_pairs(fields)),
    });
    let rendered = environment.render_str(source, Value::from_pairs(values));
    rendered.err()
}

fn now() -> Value {
    Value::from_object(Now(jiff::civil::date(2026, 11, 23).at(10, 0, 0, 0)))
}

fn example(name: &str) -> Value {
    match name {
        "contact.tags" => Value::from(vec!["组/标签"]),
        "contact.added_days" | "contact.points" => Value::from(3),
        _ => Value::from("示例"),
    }
}
