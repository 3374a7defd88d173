//! The line of the config that a finding shows, without the values that must not print.

use crate::diagnostic::{Source, Span};

const HIDDEN: &str = "\"***\"";

/// Keys whose values may be seen by whoever looks over the operator's shoulder. All others,
/// mistyped ones too, may stand before a secret.
const HARMLESS: &[&str] = &[
    "admin",
    "agent_id",
    "answers",
    "api_base",
    "app",
    "create_tags",
    "history",
    "id",
    "ignore_older_than",
    "kind",
    "lang",
    "listen",
    "name",
    "passive_reply",
    "path",
    "poll_every",
    "receive_id",
    "rules",
    "sops",
    "templates",
    "timeout",
    "timezone",
    "to",
    "traces",
    "within",
];

/// The line of a place as it may be shown, with the place fitted to it. There is no line
/// if the place is inside what is hidden.
pub(super) fn line(source: &Source, span: Span) -> (Option<String>, Span) {
    let line = source.line(span.line);
    let Some((before, value)) = line.split_once('=') else {
        return without_value(line, span);
    };
    if !in_robots(source, span.line) && HARMLESS.contains(&before.trim()) && !value.contains('=') {
        return (Some(line.to_owned()), span);
    }
    let shown = format!("{before}= {HIDDEN}");
    let indent = value.len() - value.trim_start().len();
    let begin = before.chars().count() + 2 + indent;
    if span.column < begin {
        return (Some(shown), span);
    }
    let inside = Span::new(span.line, span.column, HIDDEN.len());
    let fits = span.column == begin && indent == 1;
    (fits.then_some(shown), inside)
}

/// The key that a line sets.
pub(super) fn key(line: &str) -> Option<&str> {
    let (key, _) = line.split_once('=')?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    Some(key.trim()).filter(|key| !key.is_empty() && key.chars().all(plain))
}

/// A header may be seen; anything else without `=` may be a piece of a value.
fn without_value(line: &str, span: Span) -> (Option<String>, Span) {
    let text = line.trim();
    let shown = text.is_empty() || text.starts_with('[') || HARMLESS.contains(&text);
    (shown.then(|| line.to_owned()), span)
}

/// Names of robots are free, so their section has no harmless key.
fn in_robots(source: &Source, line: usize) -> bool {
    let header = (1..=line)
        .rev()
        .map(|number| source.line(number).trim_start())
        .find(|text| text.starts_with('['));
    header.is_some_and(|text| text.trim_start_matches(['[', ' ']).starts_with("robots"))
}

#[cfg(test)]
mod tests {
    use super::{key, line};
    use crate::diagnostic::{Source, Span};

    fn shown(text: &str, number: usize, column: usize, len: usize) -> (Option<String>, Span) {
        line(&Source::new("a.toml", text), Span::new(number, column, len))
    }

    #[test]
    fn values_that_may_be_secret_are_hidden_with_all_that_follows() {
        let (text, span) = shown("token = \"canary\" # was: canary", 1, 9, 8);
        assert_eq!(text.as_deref(), Some("token = \"***\""));
        assert_eq!((span.column, span.len), (9, 5));
        for text in [
            "tokne = \"canary\"",
            "token = canary",
            "  url=\"https://canary\"",
            "\"系统\" = { url = \"canary\" }",
            "kind = \"kf\", secret = \"canary\"",
            "[[app]] secret = \"canary\"",
            "token \"canary\"",
            "canary\"\"\"",
        ] {
            for column in [1, 9, text.chars().count()] {
                let (shown, _) = shown(text, 1, column, 3);
                assert!(
                    !shown.is_some_and(|shown| shown.contains("canary")),
                    "{text}"
                );
            }
        }
    }

    #[test]
    fn robots_may_have_any_name() {
        let (text, _) = shown("[robots]\n# 群\npath = \"canary\"", 3, 8, 8);
        assert_eq!(text.as_deref(), Some("path = \"***\""));
    }

    #[test]
    fn harmless_lines_stay_as_they_are() {
        for text in ["listen = \"nowhere\"", "[[app]]", ""] {
            let span = Span::new(1, 1, 3);
            assert_eq!(shown(text, 1, 1, 3), (Some(text.to_owned()), span));
        }
    }

    #[test]
    fn the_key_of_a_line() {
        assert_eq!(key("agent_id = \"1\""), Some("agent_id"));
        assert_eq!(key("[robots]"), None);
        assert_eq!(key("canary secret = 1"), None);
    }
}
