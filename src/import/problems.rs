//! Kinds of findings in a spreadsheet, each at its cell.

use super::grid::Place;
use crate::diagnostic::{Diagnostic, Severity};

crate::diagnostic::kinds! {
    UNREADABLE = Error "I001" "sheet_unreadable";
    TOO_LARGE = Error "I002" "sheet_too_large";
    UNKNOWN_SHEET = Error "I003" "sheet_unknown";
    NO_HEADER = Error "I004" "sheet_no_header";
    UNKNOWN_COLUMN = Error "I005" "sheet_unknown_column";
    REPEATED_COLUMN = Error "I006" "sheet_repeated_column";
    MISSING_COLUMN = Error "I007" "sheet_missing_column";
    NO_WORDS = Error "I008" "sheet_no_words";
    NOTHING_TO_DO = Error "I009" "sheet_nothing_to_do";
    WRONG_MATCH = Error "I010" "sheet_wrong_match";
    WRONG_CHANNEL = Error "I011" "sheet_wrong_channel";
    WRONG_PRIORITY = Error "I012" "sheet_wrong_priority";
    WRONG_COOLDOWN = Error "I013" "sheet_wrong_cooldown";
    WRONG_CELL = Error "I014" "sheet_wrong_cell";
    NEAR_TEMPLATE = Error "I015" "sheet_near_template";
    NO_ROWS = Error "I016" "sheet_no_rows";
    ROW_TOO_LONG = Error "I017" "sheet_row_too_long";
    OPEN_QUOTE = Error "I018" "sheet_open_quote";
    NO_HEADER_ABOVE = Error "I019" "sheet_no_header_above";
}

/// A finding and its cell; none if the whole sheet is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellFinding {
    /// Where.
    pub place: Option<Place>,
    /// What.
    pub finding: Diagnostic,
}

/// All findings of a sheet.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Found {
    list: Vec<CellFinding>,
}

impl Found {
    /// Adds a finding at a cell.
    pub fn at(&mut self, place: Place, finding: Diagnostic) {
        let place = Some(place);
        self.list.push(CellFinding { place, finding });
    }

    /// Adds a finding about the whole sheet.
    pub fn whole(&mut self, finding: Diagnostic) {
        let place = None;
        self.list.push(CellFinding { place, finding });
    }

    /// Whether something is wrong with the sheet as a whole, so that nothing more can be said
    /// about its cells.
    #[must_use]
    pub fn is_about_all(&self) -> bool {
        self.list.iter().any(|found| found.place.is_none())
    }

    /// Whether something was already found at a cell.
    #[must_use]
    pub fn has(&self, place: Place) -> bool {
        self.list.iter().any(|found| found.place == Some(place))
    }

    /// Whether nothing can be made of the sheet.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        let mut list = self.list.iter();
        list.any(|found| found.finding.severity == Severity::Error)
    }

    /// The findings in reading order, each naming its cell in `file`.
    #[must_use]
    pub fn in_order(mut self, file: &str) -> Vec<Diagnostic> {
        self.list.sort_by_key(|found| found.place);
        let named = self.list.into_iter().map(|found| {
            let place = found.place.map_or_else(
                || file.to_owned(),
                |place| format!("{file} {}", place.name()),
            );
            let mut finding = found.finding;
            (finding.span, finding.source_line) = (None, None);
            finding.in_file(place)
        });
        named.collect()
    }
}
