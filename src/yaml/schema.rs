//! JSON Schema from the same tables that the check uses.

use serde_json::{Map, Value, json};

use super::key::{Key, Need, Shape};

/// The schema of a kind of file.
#[must_use]
pub fn schema_of(title: &str, shape: &Shape) -> Value {
    let mut schema = object(of(shape));
    schema.insert(
        "$schema".into(),
        json!("https://json-schema.org/draft/2020-12/schema"),
    );
    schema.insert("title".into(), json!(title));
    Value::Object(schema)
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

/// Text as editors see it: a plain `007` or `no` is a number or a flag to them.
fn text() -> Value {
    json!({"type": ["string", "number", "boolean"]})
}

fn one_or_more(item: &Value) -> Value {
    json!({"anyOf": [item, {"type": "array", "items": item, "minItems": 1}]})
}

fn of(shape: &Shape) -> Value {
    match shape {
        Shape::Any => json!({}),
        Shape::Text | Shape::Moment | Shape::When | Shape::Clock | Shape::Duration => {
            let mut schema = object(text());
            if let Some(pattern) = pattern(shape) {
                schema.insert("pattern".into(), json!(pattern));
            }
            Value::Object(schema)
        }
        Shape::Words | Shape::Keywords => one_or_more(&text()),
        Shape::WordsOrNone => {
            let text = text();
            json!({"anyOf": [text, {"type": "array", "items": text}]})
        }
        Shape::Dates => {
            one_or_more(&json!({"type": "string", "pattern": "^\\d{4}-\\d{2}-\\d{2}$"}))
        }
        Shape::Flag => json!({"type": "boolean"}),
        Shape::Integer => json!({"type": "integer"}),
        Shape::Number(least, most) => {
            json!({"type": "integer", "minimum": least, "maximum": most})
        }
        Shape::Choice(known, _) => json!({"enum": known}),
        Shape::Choices(known) => one_or_more(&json!({"enum": known})),
        Shape::Map(keys) => map(keys, &json!(false)),
        Shape::Open(keys, other) => map(keys, &of(other)),
        Shape::OneKey(keys) => {
            let mut schema = object(map(keys, &json!(false)));
            schema.insert("minProperties".into(), json!(1));
            schema.insert("maxProperties".into(), json!(1));
            Value::Object(schema)
        }
        Shape::Named(inner) => json!({"type": "object", "additionalProperties": of(inner)}),
        Shape::List(inner) => {
            let item = of(inner);
            json!({"anyOf": [{"type": "array", "items": item}, item]})
        }
        Shape::SomeOf(inner) => one_or_more(&of(inner)),
    }
}

fn pattern(shape: &Shape) -> Option<&'static str> {
    match shape {
        Shape::Clock => Some("^([01]?\\d|2[0-3]):[0-5]\\d$|^24:00$"),
        Shape::Duration => Some("^(\\d+ ?(s|m|h|d|w|秒|分|分钟|小时|天|周) ?)+$"),
        Shape::When => {
            Some("^(\\d+ ?(s|m|h|d|w|秒|分|分钟|小时|天|周) ?)+$|^\\d{4}-\\d{2}-\\d{2}( .+)?$")
        }
        Shape::Moment => Some("^\\d{4}-\\d{2}-\\d{2}( .+)?$"),
        _ => None,
    }
}

fn map(keys: &[Key], other: &Value) -> Value {
    let mut properties = Map::new();
    for key in keys {
        let mut schema = object(of(&key.shape));
        schema.insert(
            "description".into(),
            json!(format!("{}\n{}", key.zh, key.en)),
        );
        properties.insert(key.name.to_owned(), Value::Object(schema));
    }
    let required: Vec<_> = keys
        .iter()
        .filter(|key| key.need == Need::Required)
        .map(|key| key.name)
        .collect();
    json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": other,
    })
}
