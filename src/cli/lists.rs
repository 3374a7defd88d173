//! Tables, CSV and JSON of long lists, written while they are read.

use std::io::Write as _;

use clap::ValueEnum;
use serde::Serialize;

use super::output::Terminal;
use super::words;

/// How a list is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum ListFormat {
    /// For people.
    #[default]
    Table,
    /// For spreadsheets.
    Csv,
    /// For scripts: one JSON array.
    Json,
}

/// A list under way.
pub(super) struct List<'a> {
    format: ListFormat,
    widths: &'a [usize],
    terminal: &'a Terminal,
    rows: usize,
}

impl<'a> List<'a> {
    /// Begins a list with the columns that a text of the catalogue names, parted by `|`.
    pub(super) fn begin(
        format: ListFormat,
        head: &str,
        widths: &'a [usize],
        terminal: &'a Terminal,
    ) -> Self {
        let head = terminal.lang.text(head, &[]);
        let head: Vec<String> = head.split('|').map(str::to_owned).collect();
        let list = Self {
            format,
            widths,
            terminal,
            rows: 0,
        };
        match format {
            ListFormat::Table => list.columns(&head),
            ListFormat::Csv => {
                // Without the mark Excel takes Chinese for another encoding.
                drop(write!(std::io::stdout().lock(), "\u{feff}"));
                list.record(&head);
            }
            ListFormat::Json => terminal.line("["),
        }
        list
    }

    /// One row: its cells, or the whole of it.
    pub(super) fn row(&mut self, cells: &[String], whole: &impl Serialize) -> anyhow::Result<()> {
        match self.format {
            ListFormat::Table => self.columns(cells),
            ListFormat::Csv => self.record(cells),
            ListFormat::Json => {
                let comma = if self.rows == 0 { " " } else { "," };
                let json = serde_json::to_string(whole)?;
                self.terminal.line(format!("{comma}{json}"));
            }
        }
        self.rows += 1;
        Ok(())
    }

    /// Ends it. How many rows there were.
    pub(super) fn end(self) -> usize {
        if self.format == ListFormat::Json {
            self.terminal.line("]");
        }
        self.rows
    }

    fn columns(&self, cells: &[String]) {
        let mut widths = self.widths.to_vec();
        widths.resize(cells.len(), 0);
        let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
        self.terminal.line(words::columns(&widths, &cells));
    }

    fn record(&self, cells: &[String]) {
        let cells: Vec<String> = cells.iter().map(|cell| csv_cell(cell)).collect();
        self.terminal.line(cells.join(","));
    }
}

/// A cell of CSV. What a spreadsheet would take for a formula is a customer's name.
fn csv_cell(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let mark = if formula { "'" } else { "" };
    if text.contains(['"', ',', '\n', '\r']) {
        format!("\"{mark}{}\"", text.replace('"', "\"\""))
    } else {
        format!("{mark}{text}")
    }
}

#[cfg(test)]
mod tests {
    use super::csv_cell;

    #[test]
    fn cells_are_quoted_and_never_formulas() {
        assert_eq!(csv_cell("小明"), "小明");
        assert_eq!(csv_cell("a,\"b\"\nc"), "\"a,\"\"b\"\"\nc\"");
        assert_eq!(csv_cell("=HYPERLINK(1)"), "'=HYPERLINK(1)");
        assert_eq!(csv_cell("@x,y"), "\"'@x,y\"");
    }
}
