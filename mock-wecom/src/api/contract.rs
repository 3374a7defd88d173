//! What a request must look like: one table of fields for each endpoint.
//!
//! The same table checks the requests and writes the coverage page, so that the
//! two cannot drift apart. A handler only decides what depends on the state.

use serde_json::Value;

use super::fields::Fields;
use crate::errcode::{self, ApiError, Errcode};

/// A field of a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) shape: Shape,
    /// The code when it is absent, null or empty; `None` when it may be.
    pub(crate) missing: Option<Errcode>,
    /// The code when it is there and wrong.
    pub(crate) wrong: Errcode,
    /// Names of the same field in older documents.
    pub(crate) old_names: &'static [&'static str],
    /// It only counts when this other field has the field's own name as its value.
    pub(crate) only_as: Option<&'static str>,
}

/// What a field holds. Texts may come as numbers and numbers as texts.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Shape {
    /// A text of at most so many bytes; 0 means no ceiling.
    Bytes(usize),
    /// A text of at most so many characters.
    Chars(usize),
    /// An id: letters, digits, `_`, `-` and what is given, at most so many bytes.
    Id(usize, &'static str),
    /// An integer in a range.
    Int(i64, i64),
    /// 0 or 1, or a JSON boolean.
    Flag,
    /// A decimal such as a latitude.
    Decimal,
    /// One of these texts.
    OneOf(&'static [&'static str]),
    /// A list of texts or numbers, at most so many; 0 means no ceiling.
    List(usize),
    /// An object.
    Object(&'static [Field]),
    /// A list of objects, at most so many; 0 means no ceiling.
    Objects(usize, &'static [Field]),
    /// A web address with a scheme, of at most so many bytes.
    Url(usize),
    /// Anything; the handler looks.
    Any,
}

const fn field(name: &'static str, shape: Shape) -> Field {
    Field {
        name,
        shape,
        missing: None,
        wrong: errcode::BAD_PARAMETER,
        old_names: &[],
        only_as: None,
    }
}

/// The body of a message of the type that has its name.
pub(super) const fn body(name: &'static str, fields: &'static [Field]) -> Field {
    let mut field = field(name, Shape::Object(fields));
    field.only_as = Some("msgtype");
    field
}

pub(super) const fn text(name: &'static str) -> Field {
    field(name, Shape::Bytes(0))
}

pub(super) const fn bytes(name: &'static str, max: usize) -> Field {
    field(name, Shape::Bytes(max))
}

pub(super) const fn chars(name: &'static str, max: usize) -> Field {
    field(name, Shape::Chars(max))
}

pub(super) const fn id(name: &'static str, max: usize, extra: &'static str) -> Field {
    field(name, Shape::Id(max, extra))
}

pub(super) const fn int(name: &'static str) -> Field {
    field(name, Shape::Int(i64::MIN, i64::MAX))
}

pub(super) const fn range(name: &'static str, least: i64, most: i64) -> Field {
    field(name, Shape::Int(least, most))
}

pub(super) const fn flag(name: &'static str) -> Field {
    field(name, Shape::Flag)
}

pub(super) const fn decimal(name: &'static str) -> Field {
    field(name, Shape::Decimal)
}

pub(super) const fn one_of(name: &'static str, values: &'static [&'static str]) -> Field {
    field(name, Shape::OneOf(values))
}

pub(super) const fn list(name: &'static str, max: usize) -> Field {
    field(name, Shape::List(max))
}

pub(super) const fn object(name: &'static str, fields: &'static [Field]) -> Field {
    field(name, Shape::Object(fields))
}

pub(super) const fn objects(name: &'static str, max: usize, fields: &'static [Field]) -> Field {
    field(name, Shape::Objects(max, fields))
}

pub(super) const fn url(name: &'static str, max: usize) -> Field {
    field(name, Shape::Url(max))
}

pub(super) const fn any(name: &'static str) -> Field {
    field(name, Shape::Any)
}

/// One table after another; the length is checked when it is compiled.
pub(super) const fn joined<T: Copy, const N: usize>(first: &[T], rest: &[T]) -> [T; N] {
    assert!(
        first.len() + rest.len() == N,
        "the length of a joined table"
    );
    let mut out = [first[0]; N];
    let mut at = 0;
    while at < N {
        out[at] = if at < first.len() {
            first[at]
        } else {
            rest[at - first.len()]
        };
        at += 1;
    }
    out
}

impl Field {
    /// It must be there.
    pub(super) const fn must(mut self, missing: Errcode) -> Self {
        self.missing = Some(missing);
        self
    }

    /// The code when it is wrong, where that is not 40058.
    pub(super) const fn or(mut self, wrong: Errcode) -> Self {
        self.wrong = wrong;
        self
    }

    /// Names it had before.
    pub(super) const fn was(mut self, names: &'static [&'static str]) -> Self {
        self.old_names = names;
        self
    }

    pub(crate) fn is_named(&self, name: &str) -> bool {
        self.name == name || self.old_names.contains(&name)
    }

    fn check(
        &self,
        fields: Fields<'_>,
        path: &str,
        notes: &mut Vec<String>,
    ) -> Result<(), ApiError> {
        if let Some(kind) = self.only_as
            && fields.text(kind).ok().flatten().as_deref() != Some(self.name)
        {
            if !is_empty(fields.value(self.name)) {
                notes.push(format!("{path}{} is ignored with this {kind}", self.name));
            }
            return Ok(());
        }
        let names = std::iter::once(&self.name).chain(self.old_names);
        let Some(name) = names.copied().find(|name| !is_empty(fields.value(name))) else {
            return match self.missing {
                Some(code) => Err(code.about(format!("{path}{}", self.name))),
                None => Ok(()),
            };
        };
        if name != self.name {
            notes.push(format!("{path}{name} is the old name of {}", self.name));
        }
        self.shape
            .check(fields, name, path, notes)
            .map_err(|problem| match problem {
                Problem::Here(why) => self.wrong.about(format!("{path}{name} {why}")),
                Problem::Inside(error) => error,
            })
    }
}

/// Null, `""`, `[]` and `{}` are as good as nothing.
fn is_empty(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => true,
        Some(Value::String(text)) => text.is_empty(),
        Some(Value::Array(items)) => items.is_empty(),
        Some(Value::Object(map)) => map.is_empty(),
        Some(_) => false,
    }
}

enum Problem {
    /// What is wrong with this field.
    Here(String),
    /// A field inside is wrong, with a code of its own.
    Inside(ApiError),
}

impl From<ApiError> for Problem {
    fn from(error: ApiError) -> Self {
        Self::Inside(error)
    }
}

fn here<T>(why: impl Into<String>) -> Result<T, Problem> {
    Err(Problem::Here(why.into()))
}

impl Shape {
    fn check(
        self,
        fields: Fields<'_>,
        name: &str,
        path: &str,
        notes: &mut Vec<String>,
    ) -> Result<(), Problem> {
        match self {
            Self::Any => Ok(()),
            Self::Bytes(_) | Self::Chars(_) | Self::Id(..) | Self::OneOf(_) | Self::Url(_) => {
                self.check_text(fields, name)
            }
            Self::Int(least, most) => match fields.int(name) {
                Ok(Some(number)) if (least..=most).contains(&number) => Ok(()),
                Ok(Some(_)) => here(format!("is not from {least} to {most}")),
                _ => here("is no integer"),
            },
            Self::Flag => match fields.flag(name) {
                Ok(_) => Ok(()),
                Err(_) => here("is neither 0 nor 1"),
            },
            Self::Decimal => match fields.need_decimal(name) {
                Ok(_) => Ok(()),
                Err(_) => here("is no number"),
            },
            Self::List(max) => match fields.list(name) {
                Ok(items) if max == 0 || items.len() <= max => Ok(()),
                Ok(_) => here(format!("has over {max} items")),
                Err(_) => here("is no list of texts"),
            },
            Self::Object(inner) => match fields.object(name) {
                Ok(value) => Ok(check(inner, value, &format!("{path}{name}."), notes)?),
                Err(_) => here("is no object"),
            },
            Self::Objects(max, inner) => match fields.objects(name) {
                Ok(items) if max > 0 && items.len() > max => here(format!("has over {max} items")),
                Ok(items) => {
                    for (at, item) in items.into_iter().enumerate() {
                        check(inner, item, &format!("{path}{name}[{at}]."), notes)?;
                    }
                    Ok(())
                }
                Err(_) => here("is no list of objects"),
            },
        }
    }

    fn check_text(self, fields: Fields<'_>, name: &str) -> Result<(), Problem> {
        let Ok(Some(value)) = fields.text(name) else {
            return here("is no text");
        };
        match self {
            Self::Bytes(max) | Self::Url(max) if max > 0 && value.len() > max => {
                here(format!("is over {max} bytes"))
            }
            Self::Url(_) if !value.contains("://") => {
                Err(errcode::URL_WITHOUT_SCHEME.about(name).into())
            }
            Self::Chars(max) if value.chars().count() > max => {
                here(format!("is over {max} characters"))
            }
            Self::Id(max, _) if value.len() > max => here(format!("is over {max} bytes")),
            Self::Id(_, extra) => {
                let legal = |c: char| c.is_ascii_alphanumeric() || extra.contains(c);
                match value.chars().all(legal) {
                    true => Ok(()),
                    false => here("has illegal characters"),
                }
            }
            Self::OneOf(values) if !values.contains(&value.as_str()) => {
                here(format!("is none of {}", values.join(", ")))
            }
            _ => Ok(()),
        }
    }
}

/// Checks an object against its fields; what is unknown is only noted.
pub(crate) fn check(
    table: &[Field],
    fields: Fields<'_>,
    path: &str,
    notes: &mut Vec<String>,
) -> Result<(), ApiError> {
    for field in table {
        field.check(fields, path, notes)?;
    }
    // An object without a table is free.
    if !table.is_empty() {
        for name in fields.names() {
            if name != "access_token" && !table.iter().any(|field| field.is_named(name)) {
                notes.push(format!("unknown field {path}{name}"));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Field, bytes, check, int, list, object, text};
    use crate::api::fields::Fields;
    use crate::errcode;
    use serde_json::{Value, json};

    const TABLE: &[Field] = &[
        text("msgtype").must(errcode::BAD_MSGTYPE),
        int("agentid").or(errcode::BAD_AGENTID),
        list("userid_list", 2).was(&["userids"]),
        object(
            "text",
            &[bytes("content", 4).or(errcode::CONTENT_TOO_LARGE)],
        ),
    ];

    fn run(value: &Value) -> (i64, Vec<String>) {
        let mut notes = Vec::new();
        let fields = Fields::new(value.as_object().expect("an object"));
        let code = check(TABLE, fields, "", &mut notes).err();
        (code.map_or(0, |error| error.code), notes)
    }

    #[test]
    fn a_table_names_the_code_of_each_breach() {
        for (value, code) in [
            (json!({}), 40008),
            (json!({"msgtype": ""}), 40008),
            (json!({"msgtype": "text", "agentid": "x"}), 40056),
            (json!({"msgtype": "text", "agentid": "7"}), 0),
            (json!({"msgtype": "text", "agentid": null}), 0),
            (
                json!({"msgtype": "text", "userid_list": ["a", "b", "c"]}),
                40058,
            ),
            (json!({"msgtype": "text", "userid_list": "a"}), 40058),
            (
                json!({"msgtype": "text", "text": {"content": "12345"}}),
                45002,
            ),
            (json!({"msgtype": "text", "text": "x"}), 40058),
        ] {
            assert_eq!(run(&value).0, code, "{value}");
        }
    }

    #[test]
    fn unknown_and_old_names_are_noted_not_refused() {
        let (code, notes) =
            run(&json!({"msgtype": "text", "userids": ["a"], "x": 1, "text": {"y": 1}}));
        assert_eq!(code, 0);
        assert_eq!(
            notes,
            [
                "userids is the old name of userid_list",
                "unknown field text.y",
                "unknown field x"
            ]
        );
    }
}
