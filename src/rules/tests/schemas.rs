//! The JSON Schema speaks of the same keys as the check.

use serde_json::Value;

use crate::rules::{calendar_schema, schema};

fn keys<'s>(schema: &'s Value, path: &str) -> Vec<&'s str> {
    let object = schema.pointer(path).and_then(Value::as_object);
    object
        .expect("an object")
        .keys()
        .map(String::as_str)
        .collect()
}

#[test]
fn every_usable_key_is_described_in_both_languages() {
    let schema = schema();
    let rule = "/properties/rules/anyOf/0/properties";
    assert!(keys(&schema, rule).contains(&"cooldown"));
    let action = format!("{rule}/do/anyOf/0/properties");
    assert_eq!(
        keys(&schema, &action),
        [
            "tag",
            "untag",
            "remark",
            "set",
            "reply",
            "welcome",
            "notify",
            "transfer",
            "webhook",
            "robot",
            "end_session",
            "start_sop",
            "stop_sop",
            "remind",
            "points",
            "mass_message"
        ]
    );
    for key in keys(&schema, rule) {
        let text = schema.pointer(&format!("{rule}/{key}/description"));
        let text = text.and_then(Value::as_str).expect("a description");
        assert!(
            text.contains('\n') && !text.starts_with('\n'),
            "{key}: {text}"
        );
    }
}

#[test]
fn unknown_keys_are_refused_but_attributes_are_free() {
    let schema = schema();
    let rule = "/properties/rules/anyOf/0";
    assert_eq!(
        schema.pointer(&format!("{rule}/additionalProperties")),
        Some(&Value::Bool(false))
    );
    let contact = format!("{rule}/properties/when/properties/contact/additionalProperties");
    assert!(schema.pointer(&contact).expect("shape").is_object());
    assert!(keys(&calendar_schema(), "/properties").contains(&"extra_off"));
}
