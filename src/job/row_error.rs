//! Why rows cannot be read, and where.

use thiserror::Error;

/// A row, or all the rest of the data, that cannot be read. No message repeats a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowError {
    /// The row's position in the data, from 0, where one row is to blame.
    pub row: Option<u64>,
    /// From 1.
    pub line: Option<u64>,
    /// From 1: the cell's number in CSV, the byte in its line in JSON.
    pub column: Option<u64>,
    /// What is wrong.
    pub kind: RowErrorKind,
}

/// What is wrong with the data.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum RowErrorKind {
    /// The file or stream cannot be read.
    #[error("cannot read: {0}")]
    Io(String),
    /// Starts like UTF-16.
    #[error("the data is UTF-16 (Excel's \"Unicode Text\"): save it as UTF-8, in Excel as \"CSV UTF-8\"")]
    Utf16,
    /// Starts like a file that is no table.
    #[error("the data is {0}")]
    Foreign(&'static str),
    /// Holds a byte that UTF-8 has not.
    #[error("not UTF-8 but probably {} (byte 0x{byte:02x}): save the data as UTF-8, in Excel as \"CSV UTF-8\"", .guess.name())]
    NotUtf8 {
        /// The first such byte.
        byte: u8,
        /// What it probably is.
        guess: EncodingGuess,
    },
    /// CSV without a first line.
    #[error("there is no header line")]
    NoHeader,
    /// A column without a name.
    #[error("the header has an empty column name: name the column or delete it")]
    EmptyColumnName,
    /// Two columns of one name.
    #[error("the header has the column {0:?} twice")]
    DuplicateColumn(String),
    /// More columns than any spreadsheet has.
    #[error("more than {limit} columns")]
    TooManyColumns {
        /// How many are allowed.
        limit: usize,
    },
    /// A row with cells missing or left over.
    #[error("expected {expected} {} as in the header, found {found}{}", cells(*expected), separator_hint(*expected, *found))]
    CellCount {
        /// In the header.
        expected: usize,
        /// In this row.
        found: usize,
    },
    /// A quote that is opened and never closed.
    #[error("a quote that opens in this row is never closed")]
    UnclosedQuote,
    /// A row that does not end.
    #[error("a row is longer than {limit} bytes")]
    TooLong {
        /// How many are allowed.
        limit: usize,
    },
    /// A row that is not JSON.
    #[error("not valid JSON: {0}")]
    Json(String),
    /// A row that is no object.
    #[error("expected an object, found {0}")]
    NotAnObject(&'static str),
    /// An object with one name twice.
    #[error("the object has the name {0:?} twice")]
    DuplicateName(String),
    /// A JSON file whose outermost value is no array.
    #[error("expected an array of objects: the data does not start with \"[\"")]
    NotAnArray,
    /// An array that ends in the middle.
    #[error("the array is not closed: the data ends too early")]
    ArrayNotClosed,
    /// What another process said of the row.
    #[error("{0}")]
    Told(String),
    /// Brackets or commas where none belong.
    #[error("expected {expected}, found {found:?}")]
    Unexpected {
        /// What may come here.
        expected: &'static str,
        /// What came.
        found: char,
    },
}

/// Another encoding than UTF-8, as far as a few bytes tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EncodingGuess {
    /// What Windows programs of the West save, and its older relative: alike but for a few signs.
    Windows1252,
    /// Many letters beyond ASCII in a row: a code page of another script.
    OtherCodePage,
}

impl EncodingGuess {
    /// By the byte that is not UTF-8 and those after it. A letter with an accent stands among others of ASCII; where
    /// no letter does, the script is another.
    pub(super) fn of(bytes: &[u8]) -> Self {
        let high = bytes.iter().take(64).filter(|byte| **byte >= 0x80).count();
        let in_a_row = bytes.iter().take_while(|byte| **byte >= 0x80).count();
        if in_a_row >= 4 || high > 16 { Self::OtherCodePage } else { Self::Windows1252 }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Windows1252 => "Windows-1252 or Latin-1",
            Self::OtherCodePage => "a code page of another script",
        }
    }
}

fn cells(count: usize) -> &'static str {
    if count == 1 { "cell" } else { "cells" }
}

fn separator_hint(expected: usize, found: usize) -> &'static str {
    if found > expected { " (a cell with the separator in it needs quotes)" } else { "" }
}

impl RowError {
    pub(super) fn new(kind: RowErrorKind) -> Self {
        Self { row: None, line: None, column: None, kind }
    }

    pub(super) fn io(error: &std::io::Error) -> Self {
        Self::new(RowErrorKind::Io(error.to_string()))
    }

    pub(super) fn at_line(self, line: u64) -> Self {
        Self { line: Some(line), ..self }
    }

    pub(super) fn at_column(self, column: u64) -> Self {
        Self { column: Some(column), ..self }
    }

    pub(super) fn in_row(self, row: u64) -> Self {
        Self { row: Some(row), ..self }
    }

    /// Whether nothing can be read after it. Otherwise only this row is lost, and reading goes on.
    pub fn is_fatal(&self) -> bool {
        match &self.kind {
            RowErrorKind::CellCount { .. }
            | RowErrorKind::Json(_)
            | RowErrorKind::NotAnObject(_)
            | RowErrorKind::DuplicateName(_)
            | RowErrorKind::Told(_) => false,
            RowErrorKind::Io(_)
            | RowErrorKind::Utf16
            | RowErrorKind::Foreign(_)
            | RowErrorKind::NotUtf8 { .. }
            | RowErrorKind::NoHeader
            | RowErrorKind::EmptyColumnName
            | RowErrorKind::DuplicateColumn(_)
            | RowErrorKind::TooManyColumns { .. }
            | RowErrorKind::UnclosedQuote
            | RowErrorKind::TooLong { .. }
            | RowErrorKind::NotAnArray
            | RowErrorKind::ArrayNotClosed
            | RowErrorKind::Unexpected { .. } => true,
        }
    }
}

impl std::fmt::Display for RowError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.line, self.column) {
            (Some(line), Some(column)) => write!(f, "line {line}, column {column}: {}", self.kind),
            (Some(line), None) => write!(f, "line {line}: {}", self.kind),
            (None, _) => write!(f, "{}", self.kind),
        }
    }
}

impl std::error::Error for RowError {}
