//! What the template engine says, in words of the catalogue.

use minijinja::{Error, ErrorKind};

use super::problems;
use super::render::MOST_BYTES;
use super::trial::Failure;
use crate::diagnostic::Diagnostic;

/// Filters that are offered when one is mistyped, and tests, and statements.
pub(super) const FILTERS: &[&str] = &[
    "default", "upper", "lower", "title", "trim", "length", "join", "split", "replace", "first",
    "last", "round", "int", "float", "abs", "list", "sort", "unique", "reverse", "sum", "min",
    "max", "string",
];
pub(super) const TESTS: &[&str] = &[
    "defined",
    "undefined",
    "none",
    "in",
    "eq",
    "ne",
    "lt",
    "le",
    "gt",
    "ge",
    "odd",
    "even",
    "number",
    "string",
    "startingwith",
    "endingwith",
];
const STATEMENTS: &[&str] = &[
    "if", "elif", "else", "endif", "for", "endfor", "set", "endset", "raw", "endraw",
];

/// A text that the engine cannot read.
pub(super) fn syntax(error: &Error) -> Diagnostic {
    let said = error.detail().unwrap_or_default();
    let found = Diagnostic::of(problems::TEMPLATE_SYNTAX);
    if let Some(name) = said.strip_prefix("unknown statement ") {
        return found
            .value("name", name)
            .value("known", STATEMENTS.join(", "))
            .entry("detail", "syntax.template_statement")
            .help("syntax.template_statement_help")
            .suggest(name, STATEMENTS.iter().copied());
    }
    let detail = if said.contains("end of string") {
        "syntax.template_quote"
    } else if said.contains("end of input") || said.contains("unexpected end of") {
        "syntax.template_end"
    } else if said.contains("expected end of") || said.contains("`}`") {
        "syntax.template_more"
    } else {
        "syntax.template_other"
    };
    found.entry("detail", detail)
}

/// A sign of a Chinese text within code.
pub(super) fn wide(sign: &str) -> Diagnostic {
    Diagnostic::of(problems::TEMPLATE_SYNTAX)
        .value("sign", sign)
        .entry("detail", "syntax.template_wide")
        .help("syntax.template_wide_help")
}

/// A filter, test, function or method that does not exist.
pub(super) fn unknown(
    what: &'static str,
    name: &str,
    known: &'static [&'static str],
) -> Diagnostic {
    let found = Diagnostic::of(problems::UNKNOWN_FILTER)
        .entry("what", what)
        .value("name", name)
        .value("known", known.join(", "));
    if known.is_empty() {
        found.help("check.unknown_method_help")
    } else {
        found.suggest(name, known.iter().copied())
    }
}

/// What went wrong when a text was rendered with examples.
pub(super) fn failure(failure: &Failure) -> Diagnostic {
    let found = Diagnostic::of(problems::TEMPLATE_FAILS);
    let error = match failure {
        Failure::Engine(error) => error,
        Failure::TooLong => {
            return found
                .value("kib", (MOST_BYTES / 1024).to_string())
                .entry("detail", "syntax.template_long");
        }
    };
    let said = error.detail().unwrap_or_default();
    let name = |mark: &str| said.split(mark).nth(1).unwrap_or_default().trim();
    match error.kind() {
        ErrorKind::UnknownMethod => unknown("syntax.what_method", name("named "), &[]),
        ErrorKind::UnknownFunction => {
            let name = said.split(' ').next().unwrap_or_default();
            unknown("syntax.what_function", name, &[])
        }
        ErrorKind::OutOfFuel => found.entry("detail", "syntax.template_fuel"),
        ErrorKind::MissingArgument | ErrorKind::TooManyArguments => {
            found.entry("detail", "syntax.template_arguments")
        }
        _ if said.contains("too many elements") || said.contains("too large") => {
            found.entry("detail", "syntax.template_large")
        }
        _ if said.contains("unable to calculate") || said.contains("divide by zero") => {
            found.entry("detail", "syntax.template_sum")
        }
        _ => found.entry("detail", "syntax.template_value"),
    }
}
