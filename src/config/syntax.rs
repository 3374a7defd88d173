//! TOML's own messages are English and may quote values: only what they mean is passed on,
//! as texts of the catalogue.

use crate::diagnostic::nearest;

/// A problem of form: its code, the key of its text, and the values in it.
pub(super) type Told = (&'static str, &'static str, Vec<(&'static str, String)>);

/// The text on a file that is no TOML.
pub(super) const BROKEN: &str = "config.syntax";

/// What an error of the parser means. `key` is what the line of the error sets.
pub(super) fn tell(message: &str, key: Option<&str>) -> Told {
    let first = message.lines().next().unwrap_or(message);
    if let Some((field, known)) = unknown(first, "unknown field `") {
        return match nearest(field, known.iter().copied()) {
            Some(near) => (
                "A003",
                "config.unknown_key_near",
                vec![("key", field.to_owned()), ("near", near.to_owned())],
            ),
            None => (
                "A003",
                "config.unknown_key",
                vec![("key", field.to_owned()), ("known", known.join(", "))],
            ),
        };
    }
    if let Some((value, known)) = unknown(first, "unknown variant `") {
        return unknown_value(value, &known);
    }
    if let Some(field) = first.strip_prefix("missing field `") {
        let field = field.split('`').next().unwrap_or(field).to_owned();
        return ("A004", "config.missing_key", vec![("key", field)]);
    }
    if let Some(wanted) = wanted(first) {
        let key = key.unwrap_or("…").to_owned();
        return ("A022", wanted, vec![("key", key)]);
    }
    if first.starts_with("duplicate key") {
        return ("A023", "config.duplicate_key", Vec::new());
    }
    ("A002", BROKEN, Vec::new())
}

/// What is no TOML at all, in words of the catalogue.
pub(super) fn detail(message: &str) -> &'static str {
    let says = |part: &str| message.contains(part);
    if says("must be quoted") {
        "config.syntax_unquoted"
    } else if says("string") || says("quote") {
        "config.syntax_quote"
    } else if says("key with no value") || says("expected `=`") {
        "config.syntax_equals"
    } else if says("table") || says("array") || says("`]`") || says("`}`") {
        "config.syntax_bracket"
    } else if says("newline") || says("extra") {
        "config.syntax_rest"
    } else {
        "config.syntax_other"
    }
}

fn unknown_value(value: &str, known: &[&str]) -> Told {
    let possible = known.join(", ");
    let mut values = vec![("value", value.to_owned()), ("known", possible)];
    match nearest(value, known.iter().copied()) {
        Some(near) => {
            values.push(("near", near.to_owned()));
            ("A024", "config.unknown_value_near", values)
        }
        None => ("A024", "config.unknown_value", values),
    }
}

/// The wrong name and the known ones out of serde's
/// ``unknown field `x`, expected one of `a`, `b` ``.
fn unknown<'m>(message: &'m str, begin: &str) -> Option<(&'m str, Vec<&'m str>)> {
    let rest = message.strip_prefix(begin)?;
    let (name, rest) = rest.split_once('`')?;
    let known = rest.split('`').skip(1).step_by(2).collect();
    Some((name, known))
}

/// The text on what should stand there, out of serde's `invalid type: …, expected …`.
fn wanted(message: &str) -> Option<&'static str> {
    if message.starts_with("a text, {") {
        return Some("config.wants_setting");
    }
    let wrong = message.starts_with("invalid type: ") || message.starts_with("invalid value: ");
    let (_, expected) = message.rsplit_once(", expected ").filter(|_| wrong)?;
    Some(match expected {
        "i64" => "config.wants_number",
        "a boolean" => "config.wants_switch",
        "a sequence" => "config.wants_list",
        "a map" => "config.wants_section",
        section if section.contains("struct") || section.contains("tagged") => {
            "config.wants_section"
        }
        _ => "config.wants_text",
    })
}

#[cfg(test)]
mod tests {
    use super::tell;

    #[test]
    fn what_the_parser_says_is_understood() {
        for (message, key, told) in [
            (
                "unknown variant `postgresql`, expected one of `redb`, `sled`, `postgres`",
                None,
                "config.unknown_value_near",
            ),
            (
                "unknown variant `kff`, expected one of `kf`, `app`",
                None,
                "config.unknown_value_near",
            ),
            (
                "unknown variant `telegram`, expected one of `kf`, `app`",
                None,
                "config.unknown_value",
            ),
            (
                "invalid type: string \"1\", expected i64",
                Some("agent_id"),
                "config.wants_number",
            ),
            (
                "invalid type: integer `1`, expected a string",
                Some("name"),
                "config.wants_text",
            ),
        ] {
            assert_eq!(tell(message, key).1, told, "{message}");
        }
    }

    #[test]
    fn nothing_that_a_message_quotes_is_passed_on() {
        for message in [
            "something about \"canary\" here",
            "invalid type: string \"canary\", expected a map",
        ] {
            let (_, _, values) = tell(message, Some("robots"));
            assert!(!format!("{values:?}").contains("canary"), "{values:?}");
        }
    }
}
