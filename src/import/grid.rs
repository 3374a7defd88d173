//! The cells of a sheet, with limits: a small file can unfold into a very large one.

use std::io::{Cursor, Read as _};

use calamine::{DataRef, Reader as _, Xlsx};

use super::csv;
use super::problems::{self, Found};
use crate::diagnostic::Diagnostic;

/// A larger file is refused.
const MOST_BYTES: usize = 16 * 1024 * 1024;
/// What an `.xlsx` may unfold to.
const MOST_UNFOLDED: u64 = 128 * 1024 * 1024;
/// More rows below the header are refused.
pub const MOST_ROWS: u32 = 20_000;
/// More columns are refused.
const MOST_COLUMNS: u32 = 64;
/// A longer cell is refused; Excel itself has this limit.
const MOST_CHARS: usize = 32_767;

/// The thread that an `.xlsx` is read on: its reader may panic on a file made up to break it,
/// which then is one more file that cannot be read.
pub const THREAD: &str = "xlsx";

/// A place in a sheet, both from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Which row.
    pub row: u32,
    /// Which column.
    pub column: u32,
}

impl Place {
    /// As it is called in the sheet: `B7`.
    #[must_use]
    pub fn name(self) -> String {
        let mut letters = Vec::new();
        let mut column = self.column + 1;
        while column > 0 {
            column -= 1;
            letters.push(char::from(b'A' + (column % 26) as u8));
            column /= 26;
        }
        let letters: String = letters.into_iter().rev().collect();
        format!("{letters}{}", self.row + 1)
    }
}

/// A cell that is not empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// Where.
    pub place: Place,
    /// What is in it, without white space around.
    pub text: String,
}

/// The cells of a sheet, in reading order.
pub type Grid = Vec<Cell>;

/// Reads the cells of a `.xlsx` or `.csv`, told apart by what is in it.
#[must_use]
pub fn grid(bytes: &[u8], sheet: Option<&str>, found: &mut Found) -> Option<Grid> {
    if bytes.len() > MOST_BYTES {
        found.whole(*too_large("check.sheet_mib", MOST_BYTES / 1024 / 1024));
        return None;
    }
    let read = match bytes {
        [b'P', b'K', 3, 4, ..] => apart(bytes, sheet, found),
        [0xD0, 0xCF, 0x11, 0xE0, ..] => Err(unreadable(OLD)),
        _ => {
            let mut cells = Cells::new(found);
            csv::read(bytes, &mut cells).map(|()| cells.grid)
        }
    };
    read.map_err(|finding| found.whole(*finding)).ok()
}

/// Reads an `.xlsx` on a thread of its own.
fn apart(bytes: &[u8], sheet: Option<&str>, found: &mut Found) -> Result<Grid, Refused> {
    let reading = || {
        let mut cells = Cells::new(found);
        cells.xlsx(bytes, sheet).map(|()| cells.grid)
    };
    let thread = std::thread::Builder::new().name(THREAD.to_owned());
    let joined = std::thread::scope(|scope| {
        let spawned = thread.spawn_scoped(scope, reading);
        spawned.map(std::thread::ScopedJoinHandle::join)
    });
    match joined {
        Ok(Ok(read)) => read,
        Ok(Err(_)) | Err(_) => Err(unreadable(DAMAGED)),
    }
}

pub(super) type Refused = Box<Diagnostic>;

/// Texts on a file of the old form, and on one that cannot be unpacked.
const OLD: &str = "check.sheet_old";
const DAMAGED: &str = "check.sheet_damaged";

/// What a library says about a file is not for operators: the catalogue's text is.
pub(super) fn unreadable(detail: &'static str) -> Refused {
    let help = if detail == OLD {
        "check.sheet_unreadable_xls"
    } else {
        "check.sheet_unreadable_help"
    };
    let found = Diagnostic::of(problems::UNREADABLE).entry("detail", detail);
    Box::new(found.help(help))
}

fn too_large(what: &'static str, count: impl ToString) -> Refused {
    let found = Diagnostic::of(problems::TOO_LARGE).value("count", count.to_string());
    Box::new(found.entry("most", what))
}

pub(super) struct Cells<'f> {
    grid: Grid,
    pub(super) found: &'f mut Found,
}

impl<'f> Cells<'f> {
    fn new(found: &'f mut Found) -> Self {
        let grid = Grid::new();
        Self { grid, found }
    }

    fn xlsx(&mut self, bytes: &[u8], wanted: Option<&str>) -> Result<(), Refused> {
        unfolds_to_a_limit(bytes)?;
        let broken = |_: calamine::XlsxError| unreadable(DAMAGED);
        let mut book: Xlsx<_> = calamine::open_workbook_from_rs(Cursor::new(bytes))
            .map_err(|_: calamine::XlsxError| unreadable(DAMAGED))?;
        let sheets = book.sheet_names();
        let sheet = match wanted {
            None => sheets.first().cloned(),
            Some(name) => sheets.iter().find(|sheet| *sheet == name).cloned(),
        };
        let Some(sheet) = sheet else {
            let name = wanted.unwrap_or_default();
            let unknown = Diagnostic::of(problems::UNKNOWN_SHEET)
                .value("name", name)
                .value("known", sheets.join("、"))
                .suggest(name, sheets.iter().map(String::as_str));
            return Err(Box::new(unknown));
        };
        // Cell by cell: a table of the whole sheet would have room for every empty one.
        let mut reader = book.worksheet_cells_reader(&sheet).map_err(broken)?;
        while let Some(cell) = reader.next_cell().map_err(broken)? {
            let (row, column) = cell.get_position();
            let place = Place { row, column };
            match text(cell.get_value()) {
                Some(text) => self.take(place, &text)?,
                None => {
                    let wrong = Diagnostic::of(problems::WRONG_CELL);
                    let wrong = match cell.get_value() {
                        DataRef::Error(error) => wrong.value("value", error.to_string()),
                        _ => wrong.entry("value", "check.sheet_date"),
                    };
                    self.found.at(place, wrong);
                }
            }
        }
        // Cells may stand in any order in the file.
        self.grid.sort_by_key(|cell| cell.place);
        Ok(())
    }

    pub(super) fn take(&mut self, place: Place, text: &str) -> Result<(), Refused> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(());
        }
        if place.row > MOST_ROWS {
            return Err(too_large("check.sheet_rows", MOST_ROWS));
        }
        if place.column >= MOST_COLUMNS {
            return Err(too_large("check.sheet_columns", MOST_COLUMNS));
        }
        if text.chars().nth(MOST_CHARS).is_some() {
            return Err(too_large("check.sheet_characters", MOST_CHARS));
        }
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        self.grid.push(Cell { place, text });
        Ok(())
    }
}

/// A value as it was typed; `None` for what has no text of its own.
fn text(value: &DataRef<'_>) -> Option<String> {
    Some(match value {
        DataRef::Empty => String::new(),
        DataRef::String(text) => text.clone(),
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::Int(number) => number.to_string(),
        DataRef::Float(number) => number.to_string(),
        DataRef::Bool(flag) => flag.to_string(),
        _ => return None,
    })
}

/// Unfolds every part once and forgets it. What the file says about its own sizes may be
/// untrue.
fn unfolds_to_a_limit(bytes: &[u8]) -> Result<(), Refused> {
    let broken = |_: zip::result::ZipError| unreadable(DAMAGED);
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(broken)?;
    let mut left = MOST_UNFOLDED;
    for at in 0..archive.len() {
        let part = archive.by_index(at).map_err(broken)?;
        let copied = std::io::copy(&mut part.take(left + 1), &mut std::io::sink());
        let copied = copied.map_err(|_| unreadable(DAMAGED))?;
        if copied > left {
            let mib = MOST_UNFOLDED / 1024 / 1024;
            return Err(too_large("check.sheet_mib", mib));
        }
        left -= copied;
    }
    Ok(())
}
