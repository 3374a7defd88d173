//! Comma-separated texts, which people also write by hand: what would be misread is told.

use std::iter::Peekable;
use std::str::Chars;

use super::grid::{Cells, Place, Refused, unreadable};
use super::problems;
use crate::diagnostic::Diagnostic;

/// Reads the cells of a text.
pub(super) fn read(bytes: &[u8], cells: &mut Cells<'_>) -> Result<(), Refused> {
    let text = decoded(bytes);
    if text.contains('\0') {
        return Err(unreadable("check.sheet_binary"));
    }
    let delimiter = delimiter(&text);
    let mut outline = Outline::of(&text, char::from(delimiter));
    if let Some(opened) = outline.open {
        let open = Diagnostic::of(problems::OPEN_QUOTE);
        cells.found.at(opened, open);
        // The rest of the file would be one cell of this row.
        outline.rows.pop();
    }
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(text.as_bytes());
    let mut header = None;
    for (row, record) in outline.rows.into_iter().zip(reader.records()) {
        let record = record.map_err(|_| unreadable("check.sheet_no_table"))?;
        let wanted = *header.get_or_insert(record.len());
        if record.len() > wanted {
            too_long(row, record.len(), wanted, cells);
            continue;
        }
        for (column, value) in (0_u32..).zip(&record) {
            cells.take(Place { row, column }, value)?;
        }
    }
    Ok(())
}

/// Which of its cells was torn apart is not known, so the row is not read on.
fn too_long(row: u32, have: usize, wanted: usize, cells: &mut Cells<'_>) {
    let column = u32::try_from(wanted).unwrap_or(u32::MAX - 1);
    let long = Diagnostic::of(problems::ROW_TOO_LONG)
        .value("row", (row + 1).to_string())
        .value("have", have.to_string())
        .value("wanted", wanted.to_string());
    cells.found.at(Place { row, column }, long);
}

/// Where rows begin and whether a quote is left open: the reader counts no empty rows, and
/// takes the rest of the file for one cell.
#[derive(Debug, PartialEq, Eq)]
struct Outline {
    /// The rows that are not empty, numbered as a spreadsheet numbers them.
    rows: Vec<u32>,
    open: Option<Place>,
}

impl Outline {
    fn of(text: &str, delimiter: char) -> Self {
        let mut rows = Vec::new();
        let mut chars = text.chars().peekable();
        let mut place = Place { row: 0, column: 0 };
        let (mut begins, mut empty) = (true, true);
        while let Some(c) = chars.next() {
            match c {
                '"' if begins => {
                    empty = false;
                    if !closes(&mut chars) {
                        rows.push(place.row);
                        let open = Some(place);
                        return Self { rows, open };
                    }
                    begins = false;
                }
                '\n' | '\r' => {
                    if c == '\r' {
                        chars.next_if_eq(&'\n');
                    }
                    rows.extend((!empty).then_some(place.row));
                    place = Place {
                        row: place.row.saturating_add(1),
                        column: 0,
                    };
                    (begins, empty) = (true, true);
                }
                c if c == delimiter => {
                    place.column = place.column.saturating_add(1);
                    (begins, empty) = (true, false);
                }
                _ => (begins, empty) = (false, false),
            }
        }
        rows.extend((!empty).then_some(place.row));
        Self { rows, open: None }
    }
}

/// Goes behind the quote that closes; whether there is one. Two in a row stand for one.
fn closes(chars: &mut Peekable<Chars<'_>>) -> bool {
    while let Some(c) = chars.next() {
        if c == '"' && chars.next_if_eq(&'"').is_none() {
            return true;
        }
    }
    false
}

/// Excel writes CSV in GBK on a Chinese Windows.
fn decoded(bytes: &[u8]) -> String {
    let marked = encoding_rs::Encoding::for_bom(bytes);
    if let Some((encoding, _)) = marked {
        return encoding.decode_with_bom_removal(bytes).0.into_owned();
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => encoding_rs::GB18030
            .decode_without_bom_handling(bytes)
            .0
            .into_owned(),
    }
}

/// Comma, semicolon or tab: the one that stands in the first line.
fn delimiter(text: &str) -> u8 {
    let line = text.lines().find(|line| !line.trim().is_empty());
    let count = |mark: &u8| {
        let line = line.unwrap_or_default().bytes();
        line.filter(|byte| byte == mark).count()
    };
    let marks = [b';', b'\t', b','];
    marks.into_iter().max_by_key(count).unwrap_or(b',')
}

#[cfg(test)]
mod tests {
    use super::{Outline, Place};

    #[test]
    fn rows_are_numbered_as_in_a_spreadsheet() {
        for (text, rows, open) in [
            ("a,b\nc,d\n", vec![0, 1], None),
            ("\n\na,b\r\n\r\nc", vec![2, 4], None),
            ("a\r\rb", vec![0, 2], None),
            ("\"1\n2\",\"say \"\"hi\"\"\"\nc", vec![0, 1], None),
            ("a,6\" pipe\nb", vec![0, 1], None),
            ("a,b\nc,\"d\ne,f\n", vec![0, 1], Some((1, 1))),
        ] {
            let open = open.map(|(row, column)| Place { row, column });
            assert_eq!(Outline::of(text, ','), Outline { rows, open }, "{text:?}");
        }
    }
}
