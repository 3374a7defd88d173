//! Headers, in Chinese or English and any order, to columns.

use std::collections::BTreeMap;

use super::grid::{Cell, Place};
use super::problems::{self, Found};
use crate::diagnostic::{Diagnostic, nearest};

/// What a column is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Column {
    /// The identity of the rule.
    Id,
    /// Its name for people.
    Name,
    /// Words, one of which occurs.
    Words,
    /// Words that must not occur.
    Except,
    /// How words are looked for.
    Match,
    /// What to answer.
    Reply,
    /// Tags to add.
    Tags,
    /// In which hours.
    Hours,
    /// Through which channels.
    Channel,
    /// Higher is considered first.
    Priority,
    /// At most once per contact in this time.
    Cooldown,
    /// For whoever reads the sheet.
    Note,
}

/// Every header that is understood; the first of a column is the one to show.
const HEADERS: &[(Column, &[&str])] = &[
    (Column::Id, &["规则编号", "编号", "id"]),
    (
        Column::Name,
        &["规则名", "规则名称", "名称", "名字", "name"],
    ),
    (
        Column::Words,
        &[
            "关键词",
            "关键字",
            "触发词",
            "问题",
            "keywords",
            "keyword",
            "words",
        ],
    ),
    (Column::Except, &["排除词", "不含", "none", "except"]),
    (Column::Match, &["匹配", "匹配方式", "match"]),
    (
        Column::Reply,
        &["回复", "回复内容", "话术", "答案", "reply", "answer"],
    ),
    (Column::Tags, &["标签", "打标签", "tags", "tag"]),
    (Column::Hours, &["时段", "时间段", "hours"]),
    (Column::Channel, &["渠道", "channel", "channels"]),
    (Column::Priority, &["优先级", "priority"]),
    (Column::Cooldown, &["冷却", "冷却时间", "cooldown"]),
    (Column::Note, &["备注", "说明", "note", "notes", "comment"]),
];

/// Which column of the sheet is which.
pub(super) type Columns = BTreeMap<u32, Column>;

/// Reads the header row.
pub(super) fn columns(header: &[Cell], found: &mut Found) -> Columns {
    let mut columns = Columns::new();
    let mut seen: BTreeMap<Column, Place> = BTreeMap::new();
    let mut unknown = Vec::new();
    for cell in header {
        let Some(column) = column(&cell.text) else {
            unknown.push(cell);
            continue;
        };
        if let Some(first) = seen.insert(column, cell.place) {
            let repeated = Diagnostic::of(problems::REPEATED_COLUMN)
                .value("name", cell.text.as_str())
                .value("first", first.name());
            found.at(cell.place, repeated);
        }
        columns.insert(cell.place.column, column);
    }
    let known = || HEADERS.iter().flat_map(|(_, names)| names.iter().copied());
    if columns.is_empty() {
        let first: Vec<_> = HEADERS.iter().map(|(_, names)| names[0]).collect();
        let none = Diagnostic::of(problems::NO_HEADER).value("known", first.join("、"));
        match header.first() {
            Some(cell) => found.at(cell.place, none),
            None => found.whole(none),
        }
        return columns;
    }
    for cell in unknown {
        let first: Vec<_> = HEADERS.iter().map(|(_, names)| names[0]).collect();
        let wrong = Diagnostic::of(problems::UNKNOWN_COLUMN)
            .value("name", cell.text.as_str())
            .value("known", first.join("、"))
            .suggest(&cell.text, known());
        found.at(cell.place, wrong);
        // What was probably meant is read as that, so that its cells are checked too.
        let near = nearest(&cell.text, known()).and_then(column);
        if let Some(near) = near.filter(|near| !seen.contains_key(near)) {
            seen.insert(near, cell.place);
            columns.insert(cell.place.column, near);
        }
    }
    let does_something = seen.contains_key(&Column::Reply) || seen.contains_key(&Column::Tags);
    for (there, name) in [
        (seen.contains_key(&Column::Words), "关键词"),
        (does_something, "回复"),
    ] {
        if !there {
            found.whole(Diagnostic::of(problems::MISSING_COLUMN).value("name", name));
        }
    }
    columns
}

fn column(header: &str) -> Option<Column> {
    let plain: String = header
        .chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '*' | '：' | ':'))
        .collect();
    let plain = plain.to_lowercase();
    HEADERS
        .iter()
        .find(|(_, names)| names.contains(&plain.as_str()))
        .map(|(column, _)| *column)
}
