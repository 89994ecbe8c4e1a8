//! What went wrong in a run, for people: each reason once, with the first row that has it and how many do.
//!
//! Fed with the records of the manifest, in its order, so that a row's variants come together.

use std::collections::{BTreeMap, HashMap};

use crate::job::{ErrorCode, Record, Status};

/// Reasons that are told apart; rows with further ones are counted by code.
const MAX_REASONS: usize = 1_000;
/// Of a row's variants, those that are named.
const MAX_VARIANTS: usize = 4;
/// Of a message that is kept.
const MAX_MESSAGE_CHARS: usize = 1_000;

/// The failures of a run.
#[derive(Clone, Debug, Default)]
pub struct Failures {
    reasons: Vec<Reason>,
    places: HashMap<(ErrorCode, String), usize>,
    others: BTreeMap<ErrorCode, u64>,
    rows: u64,
    /// Of the row that is at hand.
    row: Option<u64>,
    row_codes: Vec<ErrorCode>,
}

/// One reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// For scripts.
    pub code: ErrorCode,
    /// For people.
    pub message: String,
    /// Rows that have it.
    pub rows: u64,
    /// The first of them, from 1.
    pub row: u64,
    /// Its line in the data.
    pub line: Option<u64>,
    /// Its key.
    pub key: String,
    /// The first of its variants that have it, such as `link jpeg`.
    pub variants: Vec<String>,
    /// How many of its variants have it.
    pub variant_count: u64,
    /// The last row that was counted.
    last_row: u64,
}

impl Failures {
    /// Nothing went wrong yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes one variant's record. Memory is bounded whatever their number.
    pub fn add(&mut self, record: &Record) {
        let Some(error) = record.error.as_ref().filter(|_| record.status == Status::Failed) else { return };
        if self.row != Some(record.row) {
            self.row = Some(record.row);
            self.rows += 1;
            self.row_codes.clear();
        }
        let message: String = error.message.chars().take(MAX_MESSAGE_CHARS).collect();
        match self.places.get(&(error.code, message.clone())) {
            Some(&index) => self.reasons[index].add(record),
            None if self.reasons.len() < MAX_REASONS => {
                self.places.insert((error.code, message.clone()), self.reasons.len());
                self.reasons.push(Reason::new(record, error.code, message));
            }
            None if !self.row_codes.contains(&error.code) => {
                self.row_codes.push(error.code);
                *self.others.entry(error.code).or_default() += 1;
            }
            None => {}
        }
    }

    /// Rows of which something failed.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Reasons in the order of their first rows.
    pub fn reasons(&self) -> &[Reason] {
        &self.reasons
    }

    /// Rows by code, without those of the first `told` reasons. A row may have several.
    pub fn rows_by_code(&self, told: usize) -> BTreeMap<ErrorCode, u64> {
        let mut rows = self.others.clone();
        for reason in self.reasons.iter().skip(told) {
            *rows.entry(reason.code).or_default() += reason.rows;
        }
        rows
    }
}

impl Reason {
    fn new(record: &Record, code: ErrorCode, message: String) -> Self {
        let Record { row, line, key, .. } = record;
        let mut reason = Self {
            code,
            message,
            rows: 1,
            row: *row,
            line: *line,
            key: key.clone(),
            variants: Vec::new(),
            variant_count: 0,
            last_row: *row,
        };
        reason.add(record);
        reason
    }

    fn add(&mut self, record: &Record) {
        if record.row == self.row {
            self.variant_count += 1;
            if self.variants.len() < MAX_VARIANTS {
                self.variants.push(format!("{} {}", record.size, record.format));
            }
        }
        self.rows += u64::from(record.row != self.last_row);
        self.last_row = record.row;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::Format;

    fn record(row: u64, size: &str) -> Record {
        Record { line: Some(row + 1), ..Record::new(row, format!("k{row}"), size, Format::Jpeg) }
    }

    fn failed(row: u64, size: &str, message: &str) -> Record {
        record(row, size).failed(ErrorCode::PhotoMissing, message)
    }

    #[test]
    fn a_reason_is_told_once_for_all_rows_and_variants() {
        let mut failures = Failures::new();
        failures.add(&record(1, "link"));
        for row in 2..=412 {
            failures.add(&failed(row, "link", "no such file"));
            failures.add(&failed(row, "story", "no such file"));
        }
        failures.add(&failed(413, "story", "too large"));
        failures.add(&failed(413, "link", "no such file"));
        assert_eq!(failures.rows(), 412);
        let [first, second] = failures.reasons() else { panic!("{failures:?}") };
        assert_eq!((first.rows, first.row, first.line, first.key.as_str()), (412, 2, Some(3), "k2"));
        assert_eq!(
            (first.variants.as_slice(), first.variant_count),
            (&["link jpeg".into(), "story jpeg".into()][..], 2)
        );
        assert_eq!((second.rows, second.variants.as_slice()), (1, &["story jpeg".to_owned()][..]));
        assert_eq!(failures.rows_by_code(1), BTreeMap::from([(ErrorCode::PhotoMissing, 1)]));
        assert!(failures.rows_by_code(2).is_empty());
    }

    #[test]
    fn endless_reasons_are_counted_by_code() {
        let mut failures = Failures::new();
        for row in 0..5_000 {
            for size in ["a", "b"] {
                failures.add(&failed(row, size, &format!("file {row}")));
            }
        }
        assert_eq!(failures.reasons().len(), MAX_REASONS);
        assert_eq!(failures.rows_by_code(10), BTreeMap::from([(ErrorCode::PhotoMissing, 4_990)]));
    }
}
