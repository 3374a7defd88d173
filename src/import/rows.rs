//! Rows to rules, all mistakes of all cells at once.

use std::collections::{BTreeMap, BTreeSet};

use super::columns::{Column, Columns, columns};
use super::grid::{Cell, Place};
use super::problems::{self, Found};
use crate::diagnostic::{Diagnostic, Kind, nearest};
use crate::domain::duration::parse_duration;

/// What stands between two words of a cell.
const BETWEEN: &[char] = &['、', '，', ',', '；', ';', '|', '\n'];

const MATCHES: &[(&str, &[&str])] = &[
    ("contains", &["模糊", "包含", "contains"]),
    ("exact", &["精准", "精确", "完全", "等于", "exact"]),
    ("prefix", &["开头", "前缀", "prefix"]),
    ("suffix", &["结尾", "后缀", "suffix"]),
    ("pinyin", &["拼音", "pinyin"]),
    ("regex", &["正则", "正则表达式", "regex"]),
];

const CHANNELS: &[(&str, &[&str])] = &[
    ("kf", &["微信客服", "客服", "kf"]),
    ("app", &["应用", "自建应用", "app"]),
    ("aibot", &["机器人", "智能机器人", "aibot"]),
];

/// One rule of the sheet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Where the row begins.
    pub place: Place,
    /// The cells that it has.
    pub cells: BTreeMap<Column, Place>,
    /// Its identity.
    pub id: String,
    /// Its name for people.
    pub name: Option<String>,
    /// For whoever reads the sheet.
    pub note: Option<String>,
    /// Words, one of which occurs; a single pattern if `how` is `regex`.
    pub words: Vec<String>,
    /// Words that must not occur.
    pub except: Vec<String>,
    /// How words are looked for.
    pub how: Option<&'static str>,
    /// What to answer.
    pub reply: Option<Reply>,
    /// Tags to add.
    pub tags: Vec<String>,
    /// In which hours.
    pub hours: Option<String>,
    /// Through which channels.
    pub channels: Vec<&'static str>,
    /// Higher is considered first.
    pub priority: Option<i64>,
    /// At most once per contact in this time.
    pub cooldown: Option<String>,
}

/// What to answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// A template that is there.
    Template(String),
    /// A text, which becomes a template.
    Text(String),
}

/// Reads the rules of a sheet. `templates` are the names that a reply may stand for;
/// `label` begins the ids of rules that the sheet does not name.
pub fn rows(grid: &[Cell], templates: &[&str], label: &str, found: &mut Found) -> Vec<Row> {
    let mut lines = grid.chunk_by(|a, b| a.place.row == b.place.row);
    let header = lines.next().unwrap_or_default();
    let columns = columns(header, found);
    if columns.is_empty() {
        return Vec::new();
    }
    headless(grid, header, &columns, found);
    let mut ids = BTreeSet::new();
    let mut rows = Vec::new();
    for line in lines {
        let mut reader = Line::new(line, &columns, found);
        if !reader.cells.is_empty() {
            rows.push(reader.row(templates, label, &mut ids));
        }
    }
    // Rows that cannot be read are told already.
    if rows.is_empty() && !found.has_errors() {
        found.whole(Diagnostic::of(problems::NO_ROWS));
    }
    rows
}

/// What stands below no header would be lost: told once for each column.
fn headless(grid: &[Cell], header: &[Cell], columns: &Columns, found: &mut Found) {
    let mut told: BTreeSet<u32> = header.iter().map(|cell| cell.place.column).collect();
    for cell in grid {
        let column = cell.place.column;
        if !columns.contains_key(&column) && told.insert(column) {
            let lost = Diagnostic::of(problems::NO_HEADER_ABOVE).value("value", cell.text.as_str());
            found.at(cell.place, lost);
        }
    }
}

impl Row {
    /// The row with something where words or an answer are missing, so that its other cells
    /// can be checked all the same.
    #[must_use]
    pub fn filled(&self) -> Self {
        let mut row = self.clone();
        if row.words.is_empty() {
            row.words.push(row.id.clone());
            row.how = None;
        }
        if row.reply.is_none() && row.tags.is_empty() {
            row.reply = Some(Reply::Text(row.id.clone()));
        }
        row
    }
}

/// One row while it is read.
struct Line<'a, 'f> {
    place: Place,
    columns: &'a Columns,
    cells: BTreeMap<Column, &'a Cell>,
    found: &'f mut Found,
}

impl<'a, 'f> Line<'a, 'f> {
    fn new(line: &'a [Cell], columns: &'a Columns, found: &'f mut Found) -> Self {
        let cells = line
            .iter()
            .filter_map(|cell| Some((*columns.get(&cell.place.column)?, cell)));
        let row = line.first().map_or(0, |cell| cell.place.row);
        let words = columns.iter().find(|(_, column)| **column == Column::Words);
        let column = words.map_or(0, |(at, _)| *at);
        Self {
            place: Place { row, column },
            columns,
            cells: cells.collect(),
            found,
        }
    }

    /// Whether the sheet has one of these columns.
    fn has(&self, wanted: &[Column]) -> bool {
        self.columns.values().any(|column| wanted.contains(column))
    }

    fn row(&mut self, templates: &[&str], label: &str, ids: &mut BTreeSet<String>) -> Row {
        let how = self.choice(Column::Match, MATCHES, problems::WRONG_MATCH);
        let words = if how == Some("regex") {
            self.text(Column::Words).into_iter().collect()
        } else {
            self.list(Column::Words)
        };
        // A column that is not there was told once.
        if words.is_empty() && self.has(&[Column::Words]) {
            let place = self
                .cells
                .get(&Column::Words)
                .map_or(self.place, |cell| cell.place);
            self.found.at(place, Diagnostic::of(problems::NO_WORDS));
        }
        let reply = self.reply(templates);
        let tags = self.list(Column::Tags);
        if reply.is_none() && tags.is_empty() && self.has(&[Column::Reply, Column::Tags]) {
            let nothing = Diagnostic::of(problems::NOTHING_TO_DO);
            self.found.at(self.place, nothing);
        }
        let name = self.text(Column::Name);
        let own = self.text(Column::Id);
        // An id that the sheet gives is taken as it is, and checked like any other.
        let id = own.unwrap_or_else(|| {
            let word = name.as_deref().or(words.first().map(String::as_str));
            free_id(&format!("{label}-{}", word.unwrap_or_default()), ids)
        });
        ids.insert(id.clone());
        let cells = self.cells.iter();
        Row {
            place: self.place,
            cells: cells.map(|(column, cell)| (*column, cell.place)).collect(),
            id,
            name,
            note: self.text(Column::Note),
            words,
            except: self.list(Column::Except),
            how,
            reply,
            tags,
            hours: self.text(Column::Hours),
            channels: self.channels(),
            priority: self.priority(),
            cooldown: self.cooldown(),
        }
    }

    fn text(&self, column: Column) -> Option<String> {
        self.cells.get(&column).map(|cell| cell.text.clone())
    }

    fn list(&self, column: Column) -> Vec<String> {
        let text = self.text(column).unwrap_or_default();
        let mut words: Vec<String> = Vec::new();
        for word in text.split(BETWEEN).map(str::trim) {
            if !word.is_empty() && !words.iter().any(|known| known == word) {
                words.push(word.to_owned());
            }
        }
        words
    }

    fn wrong(&mut self, column: Column, kind: Kind, known: &str) {
        if let Some(cell) = self.cells.get(&column) {
            let wrong = Diagnostic::of(kind)
                .value("value", cell.text.as_str())
                .value("known", known);
            self.found.at(cell.place, wrong);
        }
    }

    fn choice(
        &mut self,
        column: Column,
        choices: &[(&'static str, &[&str])],
        kind: Kind,
    ) -> Option<&'static str> {
        let text = self.text(column)?;
        let chosen = choose(&text, choices);
        if chosen.is_none() {
            self.wrong(column, kind, &known(choices));
        }
        chosen
    }

    fn channels(&mut self) -> Vec<&'static str> {
        let names = self.list(Column::Channel);
        let chosen: Vec<_> = names.iter().map(|name| choose(name, CHANNELS)).collect();
        if chosen.contains(&None) {
            self.wrong(Column::Channel, problems::WRONG_CHANNEL, &known(CHANNELS));
        }
        chosen.into_iter().flatten().collect()
    }

    fn priority(&mut self) -> Option<i64> {
        let text = self.text(Column::Priority)?;
        let number = text.parse().ok();
        if number.is_none() {
            self.wrong(Column::Priority, problems::WRONG_PRIORITY, "");
        }
        number
    }

    fn cooldown(&mut self) -> Option<String> {
        let text = self.text(Column::Cooldown)?;
        let plain: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        if parse_duration(&plain).is_none() {
            self.wrong(Column::Cooldown, problems::WRONG_COOLDOWN, "");
            return None;
        }
        Some(plain)
    }

    fn reply(&mut self, templates: &[&str]) -> Option<Reply> {
        let text = self.text(Column::Reply)?;
        if templates.contains(&text.as_str()) {
            return Some(Reply::Template(text));
        }
        // A path with a slip in it would otherwise be sent to customers as a text.
        let like_a_name = text.contains('/') && !text.contains(char::is_whitespace);
        if like_a_name
            && !text.contains("//")
            && let Some(near) = nearest(&text, templates.iter().copied())
        {
            let place = self.cells[&Column::Reply].place;
            let wrong = Diagnostic::of(problems::NEAR_TEMPLATE)
                .value("value", text.as_str())
                .value("near", near);
            self.found.at(place, wrong);
        }
        Some(Reply::Text(text))
    }
}

fn choose(text: &str, choices: &[(&'static str, &[&str])]) -> Option<&'static str> {
    let plain = text.trim().to_lowercase();
    let mut choices = choices.iter();
    choices
        .find(|(_, names)| names.contains(&plain.as_str()))
        .map(|(key, _)| *key)
}

fn known(choices: &[(&str, &[&str])]) -> String {
    let names = choices.iter().map(|(_, names)| names[0]);
    names.collect::<Vec<_>>().join("、")
}

fn free_id(wanted: &str, ids: &BTreeSet<String>) -> String {
    let numbered = (2..).map(|number: u32| format!("{wanted}-{number}"));
    let mut all = std::iter::once(wanted.to_owned()).chain(numbered);
    all.find(|id| !ids.contains(id)).unwrap_or_default()
}
