//! `gravure check`: every row bound and laid out, nothing drawn. No adapter is needed.
//!
//! ```text
//!   rows ── a batch at a time ──> threads: bind, photos, lay out ──> findings in row order, counts
//! ```
//!
//! Memory is that of one batch and of some 30 bytes for each name (no two variants may have the same). A photo is
//! read as far as its header: broken pixels behind a good header show only when it is rendered. Fed by
//! [`super::campaign`]; feeds `cli/`.

mod row;

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::campaign::{Campaign, CampaignError, CampaignOptions};
use crate::job::{ErrorCode, Row, RowError};
use crate::layout::Shaper;

use row::{Checked, RowChecker};

/// Rows that are read before they are checked: enough for all threads, little to hold.
const BATCH_ROWS: usize = 512;
/// Bytes of rows in a batch, about: rows may be long.
const BATCH_BYTES: usize = 32 << 20;

/// What to check.
#[derive(Clone, Debug, Default)]
pub struct CheckOptions {
    /// The template, the rows and what is asked of them. Without rows only the template is checked.
    pub campaign: CampaignOptions,
    /// At most this many rows.
    pub limit: Option<u64>,
    /// Default: one for each core.
    pub threads: Option<usize>,
}

/// How much a finding matters. Errors and warnings are problems; notes are not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The variant would fail: a missing photo, a bad value, a name that two variants have.
    Error,
    /// It would be drawn and look wrong: text cut off, a character that no font has, a family that is not there.
    Warning,
    /// It would look as the template allows, if not its best: text at its smallest size, an enlarged photo.
    Note,
}

impl Severity {
    /// All, the worst first.
    pub const ALL: [Self; 3] = [Self::Error, Self::Warning, Self::Note];

    /// `error`, `warning`, `note`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }

    /// Of a warning in a manifest record.
    pub fn of_warning(code: &str) -> Self {
        match code {
            "photo_upscaled" | "shrunk_to_floor" => Self::Note,
            _ => Self::Warning,
        }
    }
}

/// One thing about one row. The same in several sizes is one finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Position of the row in the data, from 0.
    pub row: u64,
    /// Its line in the file, from 1.
    pub line: Option<u64>,
    /// Its key; empty where the row cannot be read or bound.
    pub key: String,
    /// Names of the sizes that it is true of; empty: it is not about a size.
    pub sizes: Vec<Arc<str>>,
    /// How much it matters.
    pub severity: Severity,
    /// A fixed word: those of manifests ([`ErrorCode`], `truncated`, ...) and `unknown_family`.
    pub code: &'static str,
    /// The layer or field; may be empty.
    pub path: String,
    /// What is wrong, without values of personal fields.
    pub message: String,
}

/// What a check came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckSummary {
    /// Rows looked at. `None`: only the template.
    pub rows: Option<u64>,
    /// Variants that they would give.
    pub variants: u64,
    /// Rows by the worst that was found in them.
    pub rows_by_worst: BTreeMap<Severity, u64>,
    /// Findings by code.
    pub findings_by_code: BTreeMap<(Severity, &'static str), u64>,
}

impl CheckSummary {
    /// Rows whose worst finding is of this severity.
    pub fn rows_with(&self, worst: Severity) -> u64 {
        self.rows_by_worst.get(&worst).copied().unwrap_or(0)
    }

    /// Whether some row will not look right.
    pub fn has_problems(&self) -> bool {
        self.rows_with(Severity::Error) + self.rows_with(Severity::Warning) > 0
    }
}

/// Checks a template and every row, and reports findings in the order of the rows.
///
/// # Errors
/// When the template, its fonts or the options cannot be used, or the rows cannot be opened.
pub fn check(options: &CheckOptions, report: &mut dyn FnMut(&Finding)) -> Result<CheckSummary, CampaignError> {
    let campaign = Campaign::open(&options.campaign)?;
    let mut summary = CheckSummary::default();
    if campaign.data.is_none() {
        return Ok(summary);
    }
    let limit = options.limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
    let mut rows = campaign.rows()?.take(limit);
    let threads = options.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from)).max(1);
    let mut shapers: Vec<Shaper> = (0..threads).map(|_| Shaper::new(Arc::clone(&campaign.fonts))).collect();
    let mut names = Names::default();
    let mut count = 0;
    loop {
        let batch = read_batch(&mut rows);
        if batch.is_empty() {
            break;
        }
        count += batch.len() as u64;
        for mut checked in check_batch(&campaign, &batch, &mut shapers) {
            names.add(&mut checked);
            summary.count(&checked);
            checked.findings.iter().for_each(&mut *report);
        }
    }
    summary.rows = Some(count);
    summary.variants = count * campaign.variants_per_row() as u64;
    Ok(summary)
}

impl CheckSummary {
    fn count(&mut self, checked: &Checked) {
        for finding in &checked.findings {
            *self.findings_by_code.entry((finding.severity, finding.code)).or_default() += 1;
        }
        if let Some(worst) = checked.findings.iter().map(|finding| finding.severity).min() {
            *self.rows_by_worst.entry(worst).or_default() += 1;
        }
    }
}

fn read_batch(rows: &mut impl Iterator<Item = Result<Row, RowError>>) -> Vec<Result<Row, RowError>> {
    let mut batch = Vec::new();
    let mut bytes = 0;
    while batch.len() < BATCH_ROWS && bytes < BATCH_BYTES {
        let Some(row) = rows.next() else { break };
        bytes += row.as_ref().map_or(0, bytes_of);
        batch.push(row);
    }
    batch
}

fn bytes_of(row: &Row) -> usize {
    fn of(value: &serde_json::Value) -> usize {
        match value {
            serde_json::Value::String(text) => 32 + text.len(),
            serde_json::Value::Array(items) => 32 + items.iter().map(of).sum::<usize>(),
            serde_json::Value::Object(members) => {
                32 + members.iter().map(|(name, v)| 32 + name.len() + of(v)).sum::<usize>()
            }
            _ => 32,
        }
    }
    row.fields.iter().map(|(_, value)| 32 + of(value)).sum()
}

/// Checks the rows of a batch, each thread the next one that nobody has; gives them in order.
fn check_batch(campaign: &Campaign, batch: &[Result<Row, RowError>], shapers: &mut [Shaper]) -> Vec<Checked> {
    let next = AtomicUsize::new(0);
    let work = |shaper: &mut Shaper| {
        let mut checker = RowChecker { campaign, shaper };
        let mut done = Vec::new();
        while let Some((index, row)) = take(&next, batch) {
            done.push((index, checker.check(row)));
        }
        done
    };
    let mut all: Vec<(usize, Checked)> = std::thread::scope(|scope| {
        let threads: Vec<_> = shapers.iter_mut().map(|shaper| scope.spawn(|| work(shaper))).collect();
        let results = threads.into_iter().map(|thread| thread.join().expect("a row's panic is caught in the checker"));
        results.flatten().collect()
    });
    all.sort_unstable_by_key(|(index, _)| *index);
    all.into_iter().map(|(_, checked)| checked).collect()
}

fn take<'b, T>(next: &AtomicUsize, batch: &'b [T]) -> Option<(usize, &'b T)> {
    let index = next.fetch_add(1, Ordering::Relaxed);
    Some((index, batch.get(index)?))
}

/// Every object name so far, by hash, with the row that it belongs to.
#[derive(Default)]
struct Names(HashMap<u128, u64>);

impl Names {
    fn add(&mut self, checked: &mut Checked) {
        for name in std::mem::take(&mut checked.names) {
            let digest = blake3::hash(name.as_bytes());
            let short = u128::from_le_bytes(digest.as_bytes()[..16].try_into().expect("a hash has 32 bytes"));
            let earlier = match self.0.entry(short) {
                Entry::Occupied(earlier) => *earlier.get(),
                Entry::Vacant(free) => {
                    free.insert(checked.row);
                    continue;
                }
            };
            checked.findings.push(Finding {
                row: checked.row,
                line: checked.line,
                key: checked.key.clone(),
                sizes: Vec::new(),
                severity: Severity::Error,
                code: ErrorCode::NameCollision.as_str(),
                path: "name".to_owned(),
                message: format!("row {} has the same name {name:?}", earlier + 1),
            });
        }
    }
}

#[cfg(test)]
mod tests;
