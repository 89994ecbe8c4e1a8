//! What a check came to: kinds of problem with their counts and examples, characters that no font has, worst rows.
//!
//! Bounded whatever the number of rows: counts are of all, examples are the first.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Serialize;

use super::finding::{Finding, MissingGlyph, Severity};

/// Layers counted apart for one kind; further ones are counted as one.
const MAX_LAYERS: usize = 100;
/// Characters counted apart in one script.
const MAX_CHARACTERS: usize = 200;

/// What a check came to.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct CheckSummary {
    /// Rows looked at. `None`: only the template.
    pub rows: Option<u64>,
    /// Variants that they would give.
    pub variants: u64,
    /// Rows in which nothing was found.
    pub fine: u64,
    /// Rows that have an error.
    pub errors: u64,
    /// Rows whose worst finding is a warning.
    pub warnings: u64,
    /// Rows whose worst finding is a note.
    pub notes: u64,
    /// Findings in all.
    pub findings: u64,
    /// Wall time.
    pub seconds: f64,
    /// Kinds of finding, the worst and then the most frequent first.
    pub kinds: Vec<Kind>,
    /// Characters that no font has, by script, the most frequent first.
    pub scripts: Vec<MissingScript>,
}

/// Findings of one code and severity.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Kind {
    /// How much they matter.
    pub severity: Severity,
    /// What they are.
    pub code: &'static str,
    /// Rows that have one.
    pub rows: u64,
    /// How many there are.
    pub findings: u64,
    /// Layers and fields with their numbers of findings, the most frequent first.
    pub layers: Vec<(Arc<str>, u64)>,
    /// The first one.
    pub example: Finding,
}

/// Characters of one script that no font has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MissingScript {
    /// Unicode's name of it.
    pub script: &'static str,
    /// Rows that need it.
    pub rows: u64,
    /// Its characters with the numbers of rows that need them, the most frequent first. Those of personal text are
    /// left out.
    pub characters: Vec<(char, u64)>,
}

impl CheckSummary {
    /// Rows whose worst finding is of this severity.
    pub fn rows_with(&self, worst: Severity) -> u64 {
        match worst {
            Severity::Error => self.errors,
            Severity::Warning => self.warnings,
            Severity::Note => self.notes,
        }
    }

    /// Whether some row will not look right.
    pub fn has_problems(&self) -> bool {
        self.errors + self.warnings > 0
    }
}

/// Counts findings while rows are checked.
#[derive(Default)]
pub(super) struct Tally {
    rows: u64,
    by_worst: BTreeMap<Severity, u64>,
    findings: u64,
    kinds: BTreeMap<(Severity, &'static str), KindTally>,
    scripts: BTreeMap<&'static str, (u64, BTreeMap<char, u64>)>,
}

struct KindTally {
    rows: u64,
    findings: u64,
    layers: BTreeMap<Arc<str>, u64>,
    example: Finding,
}

impl Tally {
    /// Counts one row with all that was found in it.
    pub fn row(&mut self, findings: &[Finding]) {
        self.rows += 1;
        if let Some(worst) = findings.iter().map(|finding| finding.severity).min() {
            *self.by_worst.entry(worst).or_default() += 1;
        }
        self.count(findings);
    }

    /// Counts findings that are of no row.
    pub fn count(&mut self, findings: &[Finding]) {
        let mut kinds_of_row = BTreeSet::new();
        let mut glyphs_of_row: BTreeSet<&MissingGlyph> = BTreeSet::new();
        for finding in findings {
            let key = (finding.severity, finding.code);
            let kind = self.kinds.entry(key).or_insert_with(|| KindTally {
                rows: 0,
                findings: 0,
                layers: BTreeMap::new(),
                example: finding.clone(),
            });
            self.findings += 1;
            kind.findings += 1;
            kind.rows += u64::from(finding.row.is_some() && kinds_of_row.insert(key));
            if kind.layers.len() < MAX_LAYERS || kind.layers.contains_key(&finding.path) {
                *kind.layers.entry(Arc::clone(&finding.path)).or_default() += 1;
            } else {
                *kind.layers.entry(Arc::from("...")).or_default() += 1;
            }
            glyphs_of_row.extend(&finding.glyphs);
        }
        let mut scripts_of_row = BTreeSet::new();
        for MissingGlyph { script, character, code_point: _ } in glyphs_of_row {
            let (rows, characters) = self.scripts.entry(script).or_default();
            *rows += u64::from(scripts_of_row.insert(*script));
            if let Some(character) = character
                && (characters.len() < MAX_CHARACTERS || characters.contains_key(character))
            {
                *characters.entry(*character).or_default() += 1;
            }
        }
    }

    /// The summary.
    pub fn finish(self, variants_per_row: u64, seconds: f64) -> CheckSummary {
        let Self { rows, by_worst, findings, kinds, scripts } = self;
        let with = |worst| by_worst.get(&worst).copied().unwrap_or(0);
        let mut kinds: Vec<Kind> = kinds
            .into_iter()
            .map(|((severity, code), KindTally { rows, findings, layers, example })| Kind {
                severity,
                code,
                rows,
                findings,
                layers: most_frequent(layers),
                example,
            })
            .collect();
        kinds.sort_by_key(|kind| (kind.severity, std::cmp::Reverse(kind.rows), kind.code));
        let mut scripts: Vec<MissingScript> = scripts
            .into_iter()
            .map(|(script, (rows, characters))| MissingScript { script, rows, characters: most_frequent(characters) })
            .collect();
        scripts.sort_by_key(|script| (std::cmp::Reverse(script.rows), script.script));
        CheckSummary {
            rows: Some(rows),
            variants: rows * variants_per_row,
            fine: rows - by_worst.values().sum::<u64>(),
            errors: with(Severity::Error),
            warnings: with(Severity::Warning),
            notes: with(Severity::Note),
            findings,
            seconds,
            kinds,
            scripts,
        }
    }
}

fn most_frequent<T: Ord>(counts: BTreeMap<T, u64>) -> Vec<(T, u64)> {
    let mut counts: Vec<(T, u64)> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(severity: Severity, code: &'static str, path: &str) -> Finding {
        Finding { row: Some(1), ..Finding::new(severity, code, path, "") }
    }

    #[test]
    fn rows_are_counted_once_for_each_kind_and_by_their_worst() {
        let mut tally = Tally::default();
        let note = finding(Severity::Note, "photo_upscaled", "a");
        tally.row(&[note.clone(), note.clone(), finding(Severity::Warning, "truncated", "b")]);
        tally.row(&[note]);
        tally.row(&[]);
        let summary = tally.finish(2, 1.0);
        assert_eq!((summary.rows, summary.variants, summary.fine, summary.findings), (Some(3), 6, 1, 4));
        assert_eq!(Severity::ALL.map(|worst| summary.rows_with(worst)), [0, 1, 1]);
        let counts: Vec<_> = summary.kinds.iter().map(|kind| (kind.code, kind.rows, kind.findings)).collect();
        assert_eq!(counts, [("truncated", 1, 1), ("photo_upscaled", 2, 3)]);
        assert!(summary.has_problems());
    }

    #[test]
    fn missing_characters_are_grouped_by_script() {
        let mut tally = Tally::default();
        let mut one = finding(Severity::Warning, "missing_glyph", "a");
        one.glyphs = "漢字漢字".chars().map(MissingGlyph::new).collect();
        let mut other = finding(Severity::Warning, "missing_glyph", "b");
        other.glyphs = vec![MissingGlyph::new('字'), MissingGlyph::new('ا').masked()];
        tally.row(&[one, other.clone()]);
        tally.row(&[other]);
        let scripts = tally.finish(1, 1.0).scripts;
        let han = MissingScript { script: "Han", rows: 2, characters: vec![('字', 2), ('漢', 1)] };
        let arabic = MissingScript { script: "Arabic", rows: 2, characters: Vec::new() };
        assert_eq!(scripts, [arabic, han]);
    }

    #[test]
    fn a_hundred_thousand_layers_are_not_all_kept() {
        let mut tally = Tally::default();
        for item in 0..1_000 {
            tally.row(&[finding(Severity::Error, "photo_missing", &format!("layers[0] (item {item})"))]);
        }
        let kind = &tally.finish(1, 1.0).kinds[0];
        assert_eq!((kind.rows, kind.layers.len()), (1_000, MAX_LAYERS + 1));
        assert_eq!(kind.layers[0], (Arc::from("..."), 900));
    }
}
