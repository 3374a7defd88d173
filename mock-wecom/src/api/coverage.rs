//! The coverage table, written from the endpoint tables themselves.

use std::collections::BTreeSet;
use std::fmt::Write;

use serde_json::{Value, json};

use super::contract::{Field, Shape};
use super::longlink::COMMANDS;
use super::{Endpoint, Scope, Verb, endpoints};
use crate::config::Kind;

/// Codes that any call with a token may get.
const WITH_TOKEN: [i64; 8] = [40014, 41001, 42001, 45009, 48002, 60020, 40058, 40066];

fn scope(scope: Scope) -> &'static str {
    match scope {
        Scope::Open => "none",
        Scope::Any => "any",
        Scope::Only(Kind::App) => "app",
        Scope::Only(Kind::Kf) => "kf",
        Scope::Only(Kind::Contact) => "contact",
        Scope::Only(Kind::ContactsBook) => "contacts-book",
        Scope::Only(Kind::Aibot) => "aibot",
    }
}

fn verb(verb: Verb) -> &'static str {
    match verb {
        Verb::Get => "GET",
        Verb::Post => "POST",
    }
}

/// What a shape demands, in a few signs.
fn shape(shape: Shape) -> String {
    match shape {
        Shape::Bytes(0) | Shape::Any => String::new(),
        Shape::Bytes(max) => format!(" ≤{max} B"),
        Shape::Chars(max) => format!(" ≤{max} chars"),
        Shape::Id(max, _) => format!(" id ≤{max} B"),
        Shape::Int(i64::MIN, i64::MAX) => " int".to_owned(),
        Shape::Int(least, i64::MAX) => format!(" int ≥{least}"),
        Shape::Int(least, most) => format!(" {least}…{most}"),
        Shape::Flag => " 0/1".to_owned(),
        Shape::Decimal => " decimal".to_owned(),
        Shape::OneOf(values) => format!(" {}", values.join("/")),
        Shape::List(0) => "[]".to_owned(),
        Shape::List(max) => format!("[≤{max}]"),
        Shape::Url(max) => format!(" url ≤{max} B"),
        Shape::Object(inner) => inside(inner),
        Shape::Objects(0, inner) => format!("[]{}", inside(inner)),
        Shape::Objects(max, inner) => format!("[≤{max}]{}", inside(inner)),
    }
}

fn inside(fields: &[Field]) -> String {
    match fields {
        [] => "{}".to_owned(),
        fields => format!("{{{}}}", list(fields)),
    }
}

/// Fields one after another; required ones carry `!` and their code.
fn list(fields: &[Field]) -> String {
    let one = |field: &Field| {
        let must = field
            .missing
            .map_or(String::new(), |code| format!("!{}", code.code));
        format!("{}{must}{}", field.name, shape(field.shape))
    };
    fields.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// The names of all fields, at any depth.
fn names(fields: &[Field], out: &mut BTreeSet<&'static str>) {
    for field in fields {
        out.insert(field.name);
        if let Shape::Object(inner) | Shape::Objects(_, inner) = field.shape {
            names(inner, out);
        }
    }
}

/// The codes that the fields of a table can give.
fn codes(fields: &[Field], out: &mut BTreeSet<i64>) {
    for field in fields {
        out.insert(field.wrong.code);
        out.extend(field.missing.map(|code| code.code));
        match field.shape {
            Shape::Object(inner) | Shape::Objects(_, inner) => codes(inner, out),
            Shape::Url(_) => drop(out.insert(crate::errcode::URL_WITHOUT_SCHEME.code)),
            _ => {}
        }
    }
}

fn all_codes(endpoint: &Endpoint) -> BTreeSet<i64> {
    let mut out = BTreeSet::new();
    codes(endpoint.fields, &mut out);
    codes(endpoint.query, &mut out);
    out.extend(endpoint.errors.iter().map(|code| code.code));
    out
}

/// The contract of every endpoint as JSON.
pub(crate) fn as_json() -> Value {
    let row = |endpoint: &Endpoint| {
        let mut codes = all_codes(endpoint);
        codes.extend(WITH_TOKEN);
        let mut all = BTreeSet::new();
        names(endpoint.fields, &mut all);
        names(endpoint.query, &mut all);
        json!({
            "path": endpoint.path, "verb": verb(endpoint.verb), "token": scope(endpoint.scope),
            "fields": list(endpoint.fields), "query": list(endpoint.query),
            "names": all,
            "errcodes": codes, "switches": endpoint.switches,
        })
    };
    endpoints().map(row).collect()
}

/// The coverage table as Markdown.
pub(crate) fn markdown() -> String {
    let mut out = String::from(
        "| endpoint | token | checked fields (`!code` = required) | codes of its own | faults |\n\
         |---|---|---|---|---|\n",
    );
    for endpoint in endpoints() {
        let path = endpoint.path.trim_start_matches("/cgi-bin/");
        let mut fields = list(endpoint.fields);
        if !endpoint.query.is_empty() {
            let _written = write!(fields, " · query: {}", list(endpoint.query));
        }
        let codes: Vec<String> = all_codes(endpoint)
            .into_iter()
            .filter(|code| !WITH_TOKEN.contains(code))
            .map(|code| code.to_string())
            .collect();
        let mut faults = "all".to_owned();
        for switch in endpoint.switches {
            let _written = write!(faults, ", `{switch}`");
        }
        let _written = writeln!(
            out,
            "| {} `{path}` | {} | {} | {} | {faults} |",
            verb(endpoint.verb),
            scope(endpoint.scope),
            fields.replace('|', "\\|"),
            codes.join(" "),
        );
    }
    for command in COMMANDS {
        let mut found = BTreeSet::new();
        codes(command.fields, &mut found);
        let found: Vec<String> = found.iter().map(ToString::to_string).collect();
        let _written = writeln!(
            out,
            "| WebSocket `{}` | aibot | {} | {} | errcode, hang, drop, delay, truncate, garble |",
            command.name,
            list(command.fields),
            found.join(" "),
        );
    }
    out
}
