//! The lines of one file.

use std::ops::Range;

use serde::Serialize;

/// A place in a file, in characters: what an editor shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Span {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Length in characters; at least 1.
    pub len: usize,
}

impl Span {
    /// The very beginning of a file.
    pub const START: Self = Self {
        line: 1,
        column: 1,
        len: 1,
    };

    /// A place of one line.
    #[must_use]
    pub fn new(line: usize, column: usize, len: usize) -> Self {
        Self {
            line,
            column,
            len: len.max(1),
        }
    }
}

/// A file that was read as text.
#[derive(Debug, Clone)]
pub struct Source {
    name: String,
    text: String,
    starts: Vec<usize>,
}

impl Source {
    /// A file with its name as the operator would write it.
    #[must_use]
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        let text = text.into();
        let mut starts = vec![0];
        starts.extend(text.match_indices('\n').map(|(at, _)| at + 1));
        Self {
            name: name.into(),
            text,
            starts,
        }
    }

    /// The file's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The whole text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// A line, from 1, without its end; empty past the last one.
    #[must_use]
    pub fn line(&self, number: usize) -> &str {
        let Some(start) = number.checked_sub(1).and_then(|at| self.starts.get(at)) else {
            return "";
        };
        let end = self.starts.get(number).copied().unwrap_or(self.text.len());
        self.text[*start..end].trim_end_matches(['\n', '\r'])
    }

    /// The place of a range of bytes, cut at the end of its first line.
    #[must_use]
    pub fn span(&self, bytes: Range<usize>) -> Span {
        let start = floor_boundary(&self.text, bytes.start);
        let end = floor_boundary(&self.text, bytes.end).max(start);
        let line = self.starts.partition_point(|at| *at <= start).max(1);
        let line_start = self.starts[line - 1];
        let line_end = line_start + self.line(line).len();
        let len = self.text[start..end.min(line_end).max(start)]
            .chars()
            .count();
        Span::new(line, self.text[line_start..start].chars().count() + 1, len)
    }
}

fn floor_boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}
