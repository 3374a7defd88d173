//! What is wrong with a template text, found without a customer.
//!
//! A variable that may be missing is found by trying: the text is rendered with everything
//! but that variable. So `default(…)` and `if` count exactly as they will later.

use std::collections::BTreeSet;
use std::ops::Range;

use minijinja::{Environment, ErrorKind};

use super::context::NOW_PARTS;
use super::lex::{self, Braces, Piece, Role};
use super::render::environment;
use super::trial::{EXAMPLES, Failure, Trial};
use super::{problems, told};
use crate::diagnostic::{Diagnostic, Severity, nearest};

/// Names at the top of every template.
pub(super) const ROOTS: &[&str] = &["contact", "staff", "m", "message", "now", "corp"];
/// What is known of customers beside the attributes that one gives them.
const CONTACT: &[&str] = &["id", "name", "tags", "points", "source", "added_days"];
/// Functions of the template language.
const FUNCTIONS: &[&str] = &["range", "dict", "namespace", "debug"];
/// What is always there. Everything else of `contact`, `staff`, `message`, `corp` may be missing.
pub(super) const ALWAYS: &[&str] = &[
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

/// Checks the length of a text message, as far as it is known without variables.
#[must_use]
pub fn check_length(text: &str) -> Option<Diagnostic> {
    too_long(text, TEXT_BYTES)
}

pub(super) fn too_long(text: &str, most: usize) -> Option<Diagnostic> {
    // Of branches only one is sent; what stands around variables always is.
    if text.len() <= most || text.contains("{%") {
        return None;
    }
    let bytes: usize = lex::pieces(text)
        .into_iter()
        .map(|piece| match piece {
            Piece::Text(range) => range.len(),
            Piece::Code(_) => 0,
        })
        .sum();
    (bytes > most).then(|| {
        Diagnostic::of(problems::LONG_TEXT)
            .value("bytes", bytes.to_string())
            .value("most", most.to_string())
    })
}

/// Checks a text.
#[must_use]
pub fn check_text(source: &str) -> TextCheck {
    let mut check = TextCheck::default();
    if !source.contains(['{', '｛']) {
        return check;
    }
    let environment = environment();
    check.pieces(&environment, source);
    if check.problems.iter().any(TextProblem::is_error) {
        return check;
    }
    let variables = match environment.template_from_str(source) {
        Ok(template) => template.undeclared_variables(true),
        Err(error) => {
            check.add(told::syntax(&error), error.range());
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
    let functions = |name: &String| FUNCTIONS.contains(&name.as_str());
    let all: BTreeSet<String> = variables
        .into_iter()
        .filter(|name| !functions(name))
        .collect();
    let known = all.iter().filter(|name| check.is_known(name, source));
    let variables: BTreeSet<String> = known.cloned().collect();
    // Those that do not exist have examples too: else the text would stop at the first of
    // them, and whatever is wrong behind it would be told of its place.
    let trial = Trial {
        environment: &environment,
        source,
        variables: &all,
    };
    check.renders(&trial);
    let uncertain = variables.iter().filter(|name| may_be_missing(name));
    for name in uncertain {
        if check.is_slip(name, source) {
            continue;
        }
        if let Some(Failure::Engine(error)) = trial.failure(EXAMPLES[0], Some(name))
            && error.kind() == ErrorKind::UndefinedError
        {
            check.missing(name, error.range());
        }
    }
    check.variables = variables;
    check
}

impl TextProblem {
    fn is_error(&self) -> bool {
        self.diagnostic.severity == Severity::Error
    }
}

impl TextCheck {
    fn add(&mut self, diagnostic: Diagnostic, range: Option<Range<usize>>) {
        self.problems.push(TextProblem { diagnostic, range });
    }

    fn is_known(&mut self, name: &str, source: &str) -> bool {
        let (root, field) = name.split_once('.').unwrap_or((name, ""));
        let unknown = if !ROOTS.contains(&root) {
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
            .value("known", known.join(", "));
        let near = nearest(wrong, known.iter().copied());
        let found = match near.map(|near| name.replacen(wrong, near, 1)) {
            Some(near) => found.value("near", near).help("check.did_you_mean"),
            None => found,
        };
        self.add(found, place_of(name, source));
        false
    }

    /// Customers have whatever attributes one gives them; but a name that is one slip away
    /// from what every customer has is most likely that.
    fn is_slip(&mut self, name: &str, source: &str) -> bool {
        let slip = |field: &str, near: &str| {
            field.eq_ignore_ascii_case(near) || strsim::osa_distance(field, near) == 1
        };
        let near = name.strip_prefix("contact.").and_then(|field| {
            let mut fields = CONTACT.iter().filter(|_| !CONTACT.contains(&field));
            fields.find(|near| slip(field, near))
        });
        if let Some(near) = near {
            let found = Diagnostic::of(problems::NEAR_VARIABLE)
                .value("name", name)
                .value("near", format!("contact.{near}"));
            self.add(found.help("check.did_you_mean"), place_of(name, source));
        }
        near.is_some()
    }

    /// What can be said of the parts by themselves.
    fn pieces(&mut self, environment: &Environment<'_>, source: &str) {
        for piece in lex::pieces(source) {
            match piece {
                Piece::Text(text) => {
                    for (kind, range) in lex::braces(source, &text) {
                        let kind = match kind {
                            Braces::Wide => problems::WIDE_BRACE,
                            Braces::Single => problems::SINGLE_BRACE,
                        };
                        let found = Diagnostic::of(kind).value("text", &source[range.clone()]);
                        self.add(found, Some(range));
                    }
                }
                Piece::Code(code) => {
                    if let Some(range) = lex::wide_sign(source, &code) {
                        self.add(told::wide(&source[range.clone()]), Some(range));
                    }
                    for (role, range) in lex::names(source, &code) {
                        self.named(environment, role, &source[range.clone()], range);
                    }
                }
            }
        }
    }

    /// Only trying tells whether the engine has a filter or a test.
    fn named(
        &mut self,
        environment: &Environment<'_>,
        role: Role,
        name: &str,
        range: Range<usize>,
    ) {
        let (probe, missing, what, known) = match role {
            Role::Filter => (
                format!("{{{{ 0|{name} }}}}"),
                ErrorKind::UnknownFilter,
                "syntax.what_filter",
                told::FILTERS,
            ),
            Role::Test => (
                format!("{{{{ 0 is {name} }}}}"),
                ErrorKind::UnknownTest,
                "syntax.what_test",
                told::TESTS,
            ),
        };
        let tried = environment.render_str(&probe, ());
        if tried.is_err_and(|error| error.kind() == missing) {
            self.add(told::unknown(what, name, known), Some(range));
        }
    }

    /// A text that fails with every example can never be sent. One that fails with some may
    /// be meant for values of another form.
    fn renders(&mut self, trial: &Trial<'_>) {
        let failures = EXAMPLES.map(|example| trial.failure(example, None));
        let [Some(first), Some(_), Some(_)] = failures else {
            return;
        };
        let range = match &first {
            // A part that is missing is told by its name.
            Failure::Engine(error) if error.kind() == ErrorKind::UndefinedError => return,
            Failure::Engine(error) => error.range(),
            Failure::TooLong => None,
        };
        self.add(told::failure(&first), range);
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

/// Where code names it first; the same word may stand in the text around.
fn place_of(name: &str, source: &str) -> Option<Range<usize>> {
    lex::pieces(source).into_iter().find_map(|piece| {
        let Piece::Code(code) = piece else {
            return None;
        };
        let start = code.start + source[code].find(name)?;
        Some(start..start + name.len())
    })
}

fn may_be_missing(name: &str) -> bool {
    let root = name.split('.').next().unwrap_or_default();
    name.contains('.') && root != "now" && !ALWAYS.contains(&name)
}
