//! Reading request fields as loosely as the platform does.
//!
//! Null and empty text count as absent, numbers may come as text and text as
//! numbers; any other type is refused with 40058.

use serde_json::{Map, Value};

use crate::errcode::{self, ApiError, Errcode};

/// A JSON object of a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fields<'a>(Option<&'a Map<String, Value>>);

impl<'a> Fields<'a> {
    pub(crate) fn new(map: &'a Map<String, Value>) -> Self {
        Self(Some(map))
    }

    pub(crate) fn empty() -> Self {
        Self(None)
    }

    pub(crate) fn names(self) -> impl Iterator<Item = &'a str> {
        self.0
            .into_iter()
            .flat_map(|map| map.keys().map(String::as_str))
    }

    /// The object as text, the same for the same fields in any order.
    pub(crate) fn canonical(self) -> String {
        let mut names: Vec<&str> = self.names().collect();
        names.sort_unstable();
        let pairs = names
            .into_iter()
            .map(|name| format!("{name}={:?}", self.value(name)));
        pairs.collect::<Vec<_>>().join("&")
    }

    /// The value as it is; null counts as absent.
    pub(crate) fn value(self, name: &str) -> Option<&'a Value> {
        self.0
            .and_then(|map| map.get(name))
            .filter(|value| !value.is_null())
    }

    pub(crate) fn has(self, name: &str) -> bool {
        self.value(name).is_some()
    }

    /// Whether an object with anything in it is there.
    pub(crate) fn has_object(self, name: &str) -> Result<bool, ApiError> {
        Ok(self.object(name)?.names().next().is_some())
    }

    pub(crate) fn text(self, name: &str) -> Result<Option<String>, ApiError> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(Value::Number(number)) => Ok(Some(number.to_string())),
            Some(_) => Err(wrong(name)),
        }
    }

    /// A text that must be there.
    pub(crate) fn need(self, name: &str, missing: Errcode) -> Result<String, ApiError> {
        self.text(name)?.ok_or_else(|| missing.about(name))
    }

    /// A text that must be there and short enough, in bytes.
    pub(crate) fn need_bytes(self, name: &str, max: usize) -> Result<String, ApiError> {
        let text = self.need(name, errcode::EMPTY_PARAMETER)?;
        at_most(name, text.len(), max)?;
        Ok(text)
    }

    /// A text that must be short enough, in characters, if it is there.
    pub(crate) fn text_chars(self, name: &str, max: usize) -> Result<Option<String>, ApiError> {
        let text = self.text(name)?;
        at_most(
            name,
            text.as_ref().map_or(0, |text| text.chars().count()),
            max,
        )?;
        Ok(text)
    }

    /// A text that must be short enough, in bytes, if it is there.
    pub(crate) fn text_bytes(self, name: &str, max: usize) -> Result<Option<String>, ApiError> {
        let text = self.text(name)?;
        at_most(name, text.as_ref().map_or(0, String::len), max)?;
        Ok(text)
    }

    pub(crate) fn int(self, name: &str) -> Result<Option<i64>, ApiError> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::Number(number)) => number.as_i64().map(Some).ok_or_else(|| wrong(name)),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(Value::String(text)) => text.parse().map(Some).map_err(|_| wrong(name)),
            Some(Value::Bool(flag)) => Ok(Some(i64::from(*flag))),
            Some(_) => Err(wrong(name)),
        }
    }

    /// A decimal such as a latitude; the platform takes it as a number or as text.
    pub(crate) fn need_decimal(self, name: &str) -> Result<f64, ApiError> {
        match self.value(name) {
            Some(Value::Number(number)) => number.as_f64().ok_or_else(|| wrong(name)),
            Some(Value::String(text)) => text.parse().map_err(|_| wrong(name)),
            Some(_) => Err(wrong(name)),
            None => Err(errcode::EMPTY_PARAMETER.about(name)),
        }
    }

    pub(crate) fn flag(self, name: &str) -> Result<Option<bool>, ApiError> {
        Ok(self.int(name)?.map(|number| number != 0))
    }

    /// A list of texts; absent means empty.
    pub(crate) fn list(self, name: &str) -> Result<Vec<String>, ApiError> {
        match self.value(name) {
            None => Ok(Vec::new()),
            Some(Value::Array(items)) => items.iter().map(|item| plain_text(item, name)).collect(),
            Some(_) => Err(wrong(name)),
        }
    }

    /// A list of texts with a ceiling.
    pub(crate) fn list_up_to(self, name: &str, max: usize) -> Result<Vec<String>, ApiError> {
        let items = self.list(name)?;
        at_most(name, items.len(), max)?;
        Ok(items)
    }

    /// An object; absent means empty.
    pub(crate) fn object(self, name: &str) -> Result<Fields<'a>, ApiError> {
        match self.value(name) {
            None => Ok(Fields::empty()),
            Some(Value::Object(map)) => Ok(Fields::new(map)),
            Some(_) => Err(wrong(name)),
        }
    }

    /// A list of objects; absent means empty.
    pub(crate) fn objects(self, name: &str) -> Result<Vec<Fields<'a>>, ApiError> {
        match self.value(name) {
            None => Ok(Vec::new()),
            Some(Value::Array(items)) => items
                .iter()
                .map(|item| item.as_object().map(Fields::new).ok_or_else(|| wrong(name)))
                .collect(),
            Some(_) => Err(wrong(name)),
        }
    }

    /// A page size: absent, zero or too large falls back as the caller says.
    pub(crate) fn limit(
        self,
        default: usize,
        max: usize,
        oversize: usize,
    ) -> Result<usize, ApiError> {
        Ok(match usize::try_from(self.int("limit")?.unwrap_or(0)) {
            Ok(0) | Err(_) => default,
            Ok(limit) if limit > max => oversize,
            Ok(limit) => limit,
        })
    }

    /// The position that a cursor of [`next_cursor`] points at.
    pub(crate) fn offset(self) -> Result<usize, ApiError> {
        match self.text("cursor")? {
            None => Ok(0),
            Some(text) => read_cursor(&text),
        }
    }
}

/// A simple cursor for lists that do not change under the reader.
pub(crate) fn next_cursor(offset: usize) -> String {
    format!("CUR{offset:08}")
}

/// The position that a cursor points at.
pub(crate) fn read_cursor(text: &str) -> Result<usize, ApiError> {
    let offset = text
        .strip_prefix("CUR")
        .and_then(|digits| digits.parse().ok());
    offset.ok_or_else(|| errcode::BAD_CURSOR.plain())
}

/// One page of a list and the cursor of the next, empty at the end.
pub(crate) fn page<T>(
    items: impl IntoIterator<Item = T>,
    offset: usize,
    limit: usize,
) -> (Vec<T>, String) {
    let mut rest = items.into_iter().skip(offset);
    let page: Vec<T> = rest.by_ref().take(limit).collect();
    let next = match rest.next() {
        Some(_) => next_cursor(offset.saturating_add(page.len())),
        None => String::new(),
    };
    (page, next)
}

pub(crate) fn wrong(name: &str) -> ApiError {
    errcode::BAD_PARAMETER.about(format!("{name} has the wrong type or value"))
}

pub(crate) fn at_most(name: &str, length: usize, max: usize) -> Result<(), ApiError> {
    if length > max {
        return Err(errcode::BAD_PARAMETER.about(format!("{name} is over {max}")));
    }
    Ok(())
}

fn plain_text(item: &Value, name: &str) -> Result<String, ApiError> {
    match item {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        _ => Err(wrong(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::{Fields, page};
    use crate::errcode::EMPTY_PARAMETER;
    use serde_json::{Value, json};

    fn with<T>(value: &Value, read: impl FnOnce(Fields<'_>) -> T) -> T {
        read(Fields::new(value.as_object().expect("an object")))
    }

    #[test]
    fn loose_forms_are_read_and_wrong_types_refused() {
        let value = json!({"a": "7", "b": 7, "c": null, "d": "", "e": {}});
        with(&value, |fields| {
            assert_eq!(fields.int("a").expect("text number"), Some(7));
            assert_eq!(fields.text("b").expect("number"), Some("7".to_owned()));
            assert_eq!(fields.text("c").expect("null"), None);
            assert_eq!(
                fields.need("d", EMPTY_PARAMETER).expect_err("empty").code,
                40063
            );
            assert_eq!(fields.text("e").expect_err("object").code, 40058);
            assert_eq!(fields.list("a").expect_err("text").code, 40058);
        });
    }

    #[test]
    fn pages_end_with_an_empty_cursor() {
        let (first, next) = page(vec![1, 2, 3], 0, 2);
        assert_eq!((first, next.as_str()), (vec![1, 2], "CUR00000002"));
        let (last, next) = page(vec![1, 2, 3], 2, 2);
        assert_eq!((last, next.as_str()), (vec![3], ""));
    }
}
