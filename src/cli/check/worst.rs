//! The worst rows, with all that was found in each: a bounded list while rows go by.

use crate::render::check::{Finding, Severity};

/// Findings that are kept of one row; the others are counted.
const MAX_FINDINGS: usize = 8;

/// One row and what is wrong with it.
#[derive(Debug)]
pub struct WorstRow {
    row: u64,
    /// Findings by severity, the worst first: what rows are compared by.
    counts: [u64; 3],
    /// The worst first.
    pub findings: Vec<Finding>,
}

impl WorstRow {
    /// Findings that are not kept.
    pub fn more(&self) -> u64 {
        self.counts.iter().sum::<u64>() - self.findings.len() as u64
    }

    fn has_problem(&self) -> bool {
        let [errors, warnings, _] = self.counts;
        errors + warnings > 0
    }
}

/// Keeps the worst rows, the earlier one of two that are as bad. Rows with nothing but notes only where there are no
/// others.
#[derive(Debug)]
pub struct WorstRows {
    limit: usize,
    /// The worst first.
    rows: Vec<WorstRow>,
    current: Option<WorstRow>,
    /// Rows with errors or warnings.
    problems: u64,
    /// Rows with nothing but notes.
    notes: u64,
}

impl WorstRows {
    /// At most `limit` rows.
    pub fn new(limit: usize) -> Self {
        Self { limit, rows: Vec::new(), current: None, problems: 0, notes: 0 }
    }

    /// Takes a finding; those of a row come one after the other.
    pub fn add(&mut self, finding: &Finding) {
        let Some(row) = finding.row else { return };
        if self.current.as_ref().is_none_or(|current| current.row != row) {
            self.end_row();
            self.current = Some(WorstRow { row, counts: [0; 3], findings: Vec::new() });
        }
        if let Some(current) = &mut self.current {
            current.counts[finding.severity as usize] += 1;
            current.findings.push(finding.clone());
            current.findings.sort_by_key(|finding| finding.severity);
            current.findings.truncate(MAX_FINDINGS);
        }
    }

    /// The worst rows, the worst first, and how many more there are like them.
    pub fn finish(mut self) -> (Vec<WorstRow>, u64) {
        self.end_row();
        if self.problems > 0 {
            self.rows.retain(WorstRow::has_problem);
        }
        let like_them = if self.problems > 0 { self.problems } else { self.notes };
        let more = like_them - self.rows.len() as u64;
        (self.rows, more)
    }

    fn end_row(&mut self) {
        let Some(row) = self.current.take() else { return };
        match row.has_problem() {
            true => self.problems += 1,
            false => self.notes += 1,
        }
        let place = self.rows.partition_point(|known| known.counts >= row.counts);
        if place < self.limit {
            self.rows.insert(place, row);
            self.rows.truncate(self.limit);
        }
    }
}

const _: () = assert!(Severity::Error as usize == 0 && Severity::Note as usize == 2);

#[cfg(test)]
mod tests {
    use super::*;

    fn add(rows: &mut WorstRows, row: u64, severities: &[Severity]) {
        for &severity in severities {
            rows.add(&Finding { row: Some(row), ..Finding::new(severity, "code", "path", "message") });
        }
    }

    #[test]
    fn one_error_is_worse_than_many_notes() {
        let mut rows = WorstRows::new(3);
        add(&mut rows, 1, &[Severity::Note; 5]);
        add(&mut rows, 2, &[Severity::Warning, Severity::Note]);
        add(&mut rows, 3, &[Severity::Note, Severity::Error]);
        add(&mut rows, 4, &[Severity::Error]);
        add(&mut rows, 5, &[Severity::Error]);
        let (kept, dropped) = rows.finish();
        assert_eq!(kept.iter().map(|row| row.row).collect::<Vec<_>>(), [3, 4, 5]);
        assert_eq!(kept[0].findings[0].severity, Severity::Error, "the worst first");
        assert_eq!(dropped, 1, "the row with notes is not counted");
    }

    #[test]
    fn rows_with_notes_only_are_listed_where_there_are_no_others() {
        let mut rows = WorstRows::new(2);
        for row in 1..=5 {
            add(&mut rows, row, &[Severity::Note]);
        }
        let (kept, more) = rows.finish();
        assert_eq!((kept.len(), more), (2, 3));
        let mut rows = WorstRows::new(9);
        add(&mut rows, 1, &[Severity::Note]);
        add(&mut rows, 2, &[Severity::Warning]);
        let (kept, more) = rows.finish();
        assert_eq!((kept.len(), kept[0].row, more), (1, 2, 0));
    }

    #[test]
    fn a_row_with_a_thousand_findings_takes_little() {
        let mut rows = WorstRows::new(2);
        add(&mut rows, 1, &[Severity::Warning; 1_000]);
        add(&mut rows, 1, &[Severity::Error]);
        let (kept, dropped) = rows.finish();
        assert_eq!((kept[0].findings.len(), kept[0].more(), dropped), (MAX_FINDINGS, 1_001 - MAX_FINDINGS as u64, 0));
        assert_eq!(kept[0].findings[0].severity, Severity::Error);
        assert_eq!(WorstRows::new(0).finish().1, 0);
    }
}
