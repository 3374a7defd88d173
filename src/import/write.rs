//! Rules to YAML. Each line of what is written remembers its cell, so that whatever the
//! check says about a line can be said about the cell.

use std::collections::BTreeMap;

use super::columns::Column;
use super::grid::Place;
use super::rows::{Reply, Row};

/// A rule file and its templates.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Written {
    /// The rule file.
    pub rules: String,
    /// The cell of each line of the rule file, from line 1.
    pub lines: Vec<Option<Place>>,
    /// New templates: name and text.
    pub templates: BTreeMap<String, String>,
    /// The cell of each new template.
    pub cells: BTreeMap<String, Place>,
}

impl Written {
    /// The cell that a line of the rule file, from 1, came from.
    #[must_use]
    pub fn cell(&self, line: usize) -> Option<Place> {
        *self.lines.get(line.checked_sub(1)?)?
    }

    fn line(&mut self, cell: Option<Place>, text: &str) {
        self.rules.push_str(text);
        self.rules.push('\n');
        self.lines.push(cell);
    }
}

/// Writes rules. New templates go into the folder `folder` of the templates.
#[must_use]
pub fn write(rows: &[Row], folder: &str, heading: &[String]) -> Written {
    let mut written = Written::default();
    for line in heading {
        written.line(None, &format!("# {line}"));
    }
    written.line(None, "version: 1");
    written.line(None, "");
    written.line(None, "defaults: {stop: true}");
    written.line(None, "");
    written.line(None, "rules:");
    for row in rows {
        rule(&mut written, row, folder);
    }
    written
}

fn rule(written: &mut Written, row: &Row, folder: &str) {
    let at = |column| Some(row.cells.get(&column).copied().unwrap_or(row.place));
    for line in row.note.iter().flat_map(|note| note.lines()) {
        written.line(at(Column::Note), &format!("  # {line}"));
    }
    let id = at(if row.cells.contains_key(&Column::Id) {
        Column::Id
    } else {
        Column::Name
    });
    written.line(id, &format!("  - id: {}", quoted(&row.id)));
    let mut pair = |column, key: &str, value: Option<String>| {
        if let Some(value) = value {
            written.line(at(column), &format!("    {key}: {value}"));
        }
    };
    pair(Column::Name, "name", row.name.as_deref().map(quoted));
    let priority = row.priority.map(|number| number.to_string());
    pair(Column::Priority, "priority", priority);
    let channels = row.channels.join(", ");
    let channels = (!channels.is_empty()).then(|| format!("[{channels}]"));
    pair(Column::Channel, "channel", channels);
    pair(Column::Hours, "hours", row.hours.as_deref().map(quoted));
    written.line(at(Column::Words), "    when:");
    match row.how {
        Some("regex") => {
            let pattern = row.words.first().map(|word| quoted(word));
            let line = format!("      regex: {}", pattern.unwrap_or_default());
            written.line(at(Column::Words), &line);
        }
        how => {
            if let Some(how) = how {
                written.line(at(Column::Match), &format!("      match: {how}"));
            }
            let words = list(&row.words);
            written.line(at(Column::Words), &format!("      any: {words}"));
        }
    }
    if !row.except.is_empty() {
        let words = list(&row.except);
        written.line(at(Column::Except), &format!("      none: {words}"));
    }
    if let Some(cooldown) = &row.cooldown {
        written.line(at(Column::Cooldown), &format!("    cooldown: {cooldown}"));
    }
    written.line(at(Column::Reply), "    do:");
    if !row.tags.is_empty() {
        let tags = list(&row.tags);
        written.line(at(Column::Tags), &format!("      - tag: {tags}"));
    }
    if let Some(reply) = &row.reply {
        let name = match reply {
            Reply::Template(name) => name.clone(),
            Reply::Text(text) => template(written, row, folder, text),
        };
        let line = format!("      - reply: {}", quoted(&name));
        written.line(at(Column::Reply), &line);
    }
}

/// Keeps a text as a template; gives its name.
fn template(written: &mut Written, row: &Row, folder: &str, text: &str) -> String {
    let label = row
        .id
        .strip_prefix(&format!("{folder}-"))
        .unwrap_or(&row.id);
    let label: String = label
        .chars()
        .map(|c| match c {
            '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|' => '-',
            c if c.is_control() => '-',
            c => c,
        })
        .take(40)
        .collect();
    let label = label.trim_matches(['.', ' ', '-']).to_owned();
    let mut name = format!("{folder}/{label}");
    let mut number = 1;
    while written.templates.contains_key(&name) || label.is_empty() && number == 1 {
        number += 1;
        name = format!("{folder}/{label}-{number}");
    }
    let place = row.cells.get(&Column::Reply).copied();
    written
        .cells
        .insert(name.clone(), place.unwrap_or(row.place));
    written.templates.insert(name.clone(), format!("{text}\n"));
    name
}

fn list(words: &[String]) -> String {
    let words: Vec<String> = words.iter().map(|word| quoted(word)).collect();
    format!("[{}]", words.join(", "))
}

/// A text as a YAML value; without quotes where nobody could take it for anything else.
fn quoted(text: &str) -> String {
    let is_word = |c: char| c.is_alphanumeric() && (!c.is_ascii() || c.is_ascii_alphabetic());
    let begins = text.chars().next().is_some_and(is_word);
    let plain = text
        .chars()
        .all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '/'));
    let special = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    if begins && plain && !special.contains(&text.to_ascii_lowercase().as_str()) {
        return text.to_owned();
    }
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
