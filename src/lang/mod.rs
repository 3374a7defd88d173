//! Everything an operator reads, in Chinese and English, in one catalogue.
//!
//! The texts are in the `*.toml` files beside this one, both languages of an
//! entry together. Logs are English and do not go through here.

use std::collections::HashMap;
use std::io;
use std::sync::LazyLock;

/// The language of what an operator reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Lang {
    /// 中文.
    #[default]
    Zh,
    /// English.
    En,
}

impl Lang {
    /// From `--lang`, else the locale; Chinese when neither says.
    #[must_use]
    pub fn choose(flag: Option<Self>, locale: Option<&str>) -> Self {
        flag.unwrap_or_else(|| match locale {
            Some(name) if name.starts_with("en") => Self::En,
            _ => Self::Zh,
        })
    }

    /// The text of `key` with `{name}` places filled in.
    ///
    /// An unknown key gives the key itself: a missing text must never hide the message.
    #[must_use]
    pub fn text(self, key: &str, values: &[(&str, &str)]) -> String {
        let Some(entry) = CATALOGUE.get(key) else {
            return key.to_owned();
        };
        fill(self.of(entry), values)
    }

    /// A reason that was stored or logged in English, in this language. Reasons are the
    /// entries of the section `reason`; what is not among them stays as it is.
    #[must_use]
    pub fn retell(self, english: &str) -> String {
        if self == Self::En {
            return english.to_owned();
        }
        REASONS
            .iter()
            .find_map(|entry| {
                let values = taken_apart(&entry.en, english)?;
                // A reason may have another one within.
                let retold: Vec<(&str, String)> = values
                    .iter()
                    .map(|(name, value)| match INNER.contains(name) {
                        true => (*name, self.retell(value)),
                        false => (*name, (*value).to_owned()),
                    })
                    .collect();
                let values: Vec<(&str, &str)> = retold
                    .iter()
                    .map(|(name, value)| (*name, value.as_str()))
                    .collect();
                Some(fill(self.of(entry), &values))
            })
            .unwrap_or_else(|| english.to_owned())
    }

    /// The text of `key`, if the catalogue has one.
    #[must_use]
    pub fn lookup(self, key: &str) -> Option<&'static str> {
        CATALOGUE.get(key).map(|entry| self.of(entry))
    }

    fn of(self, entry: &'static Entry) -> &'static str {
        match self {
            Self::Zh => &entry.zh,
            Self::En => &entry.en,
        }
    }
}

/// Places of reasons that hold a reason of their own.
const INNER: [&str; 3] = ["problem", "reason", "why"];

/// The entry that says what went wrong with a file or folder.
#[must_use]
pub fn system_key(error: &io::Error) -> &'static str {
    use io::ErrorKind as Kind;
    match error.kind() {
        Kind::NotFound => "system.not_found",
        Kind::PermissionDenied => "system.denied",
        Kind::IsADirectory => "system.is_folder",
        Kind::NotADirectory => "system.no_folder",
        Kind::InvalidData => "system.not_text",
        Kind::StorageFull | Kind::QuotaExceeded => "system.full",
        Kind::ReadOnlyFilesystem => "system.read_only",
        Kind::AddrInUse => "system.address_used",
        Kind::AddrNotAvailable => "system.address_not_here",
        _ if error.raw_os_error().is_some() => "system.number",
        _ => "system.other",
    }
}

/// Fills each `{name}` once, left to right, so that a value is never filled again.
fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(template.len() + 32);
    let mut rest = template;
    while let Some(open) = rest.find('{') {
        let Some(len) = rest[open..].find('}') else {
            break;
        };
        let name = &rest[open + 1..open + len];
        out.push_str(&rest[..open]);
        match values.iter().find(|(key, _)| *key == name) {
            Some((_, value)) => out.push_str(value),
            None => out.push_str(&rest[open..=open + len]),
        }
        rest = &rest[open + len + 1..];
    }
    out.push_str(rest);
    out
}

/// The values with which a template gives this text, if it can.
fn taken_apart<'t>(template: &'t str, text: &'t str) -> Option<Vec<(&'t str, &'t str)>> {
    let (before, rest) = template.split_once('{').unwrap_or((template, ""));
    let text = text.strip_prefix(before)?;
    let Some((name, rest)) = rest.split_once('}') else {
        return text.is_empty().then(Vec::new);
    };
    let next = rest.split('{').next().unwrap_or_default();
    let end = if next.is_empty() && rest.is_empty() {
        text.len()
    } else {
        text.find(next)?
    };
    let mut values = taken_apart(rest, &text[end..])?;
    values.push((name, &text[..end]));
    Some(values)
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    zh: String,
    en: String,
}

type Section = HashMap<String, HashMap<String, Entry>>;

/// Each file: `[section.entry]` with `zh` and `en`; the key is `section.entry`.
const FILES: &[&str] = &[
    include_str!("broadcasts.toml"),
    include_str!("check.toml"),
    include_str!("check_channels.toml"),
    include_str!("check_rules.toml"),
    include_str!("check_sops.toml"),
    include_str!("check_syntax.toml"),
    include_str!("check_templates.toml"),
    include_str!("cli.toml"),
    include_str!("config.toml"),
    include_str!("contacts.toml"),
    include_str!("data.toml"),
    include_str!("explain.toml"),
    include_str!("help.toml"),
    include_str!("import.toml"),
    include_str!("looking_back.toml"),
    include_str!("preview.toml"),
    include_str!("reason.toml"),
    include_str!("reminders.toml"),
    include_str!("simulate.toml"),
    include_str!("sops.toml"),
    include_str!("system.toml"),
    include_str!("versions.toml"),
];

/// The entries of the section `reason`, those with the longest fixed beginning first.
static REASONS: LazyLock<Vec<&'static Entry>> = LazyLock::new(|| {
    let reasons = CATALOGUE
        .iter()
        .filter(|(key, _)| key.starts_with("reason."));
    let mut reasons: Vec<&Entry> = reasons.map(|(_, entry)| entry).collect();
    reasons.sort_by_key(|entry| std::cmp::Reverse(entry.en.find('{').unwrap_or(usize::MAX)));
    reasons
});

static CATALOGUE: LazyLock<HashMap<String, Entry>> = LazyLock::new(|| {
    let mut all = HashMap::new();
    for file in FILES {
        // A broken file is caught by the test below; at run time keys show instead of texts.
        let sections: Section = toml::from_str(file).unwrap_or_default();
        for (section, entries) in sections {
            for (name, entry) in entries {
                all.insert(format!("{section}.{name}"), entry);
            }
        }
    }
    all
});

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{CATALOGUE, FILES, Lang, Section, fill};

    fn places(text: &str) -> BTreeSet<&str> {
        text.split('{')
            .skip(1)
            .filter_map(|part| part.split_once('}'))
            .map(|(name, _)| name)
            // `{ env = "NAME" }` is an example of TOML, not a place.
            .filter(|name| {
                name.bytes()
                    .all(|b| b.is_ascii_lowercase() || b"_-".contains(&b))
            })
            .collect()
    }

    #[test]
    fn every_file_parses_and_no_key_stands_twice() {
        let mut count = 0;
        for file in FILES {
            let sections: Section = toml::from_str(file).expect("catalogue file");
            count += sections
                .values()
                .map(std::collections::HashMap::len)
                .sum::<usize>();
        }
        assert!(count > 0);
        assert_eq!(count, CATALOGUE.len(), "a key stands in two files");
    }

    #[test]
    fn both_languages_have_the_same_places() {
        for (key, entry) in CATALOGUE.iter() {
            assert_eq!(places(&entry.zh), places(&entry.en), "{key}");
            assert!(
                !entry.zh.trim().is_empty() && !entry.en.trim().is_empty(),
                "{key}"
            );
        }
    }

    #[test]
    fn a_value_is_not_filled_again() {
        assert_eq!(fill("{a}-{b}", &[("a", "{b}"), ("b", "x")]), "{b}-x");
        assert_eq!(fill("{c} {", &[]), "{c} {");
    }

    #[test]
    fn a_stored_reason_is_retold() {
        let zh = Lang::Zh.retell("too late by 7 s");
        assert!(zh.contains('7') && !zh.contains("late"), "{zh}");
        assert_eq!(Lang::Zh.retell("something new"), "something new");
        assert_eq!(Lang::En.retell("too late by 7 s"), "too late by 7 s");
    }

    #[test]
    fn the_flag_wins_over_the_locale() {
        assert_eq!(Lang::choose(Some(Lang::Zh), Some("en_US.UTF-8")), Lang::Zh);
        assert_eq!(Lang::choose(None, Some("en_US.UTF-8")), Lang::En);
        assert_eq!(Lang::choose(None, Some("C.UTF-8")), Lang::Zh);
    }
}
