//! `gravure check`: every row bound and laid out, nothing drawn. No adapter is needed.
//!
//! ```text
//!   rows ── a batch at a time ──> threads: bind, photos, lay out ──> findings in row order, counts
//! ```
//!
//! Findings are plain data ([`finding`]); terminals, scripts and pages show them each in their way. Memory is that
//! of one batch and of some 30 bytes for each name (no two variants may have the same). A photo is read as far as
//! its header: broken pixels behind a good header show only when it is rendered. Fed by [`super::campaign`]; feeds
//! `cli/` and [`super::check_page`].

mod evidence;
mod excerpt;
pub mod finding;
mod inspect;
mod row;
pub mod schema;
mod summary;
pub mod wireframe;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use super::campaign::{Campaign, CampaignError, CampaignOptions};
use crate::job::{ErrorCode, Row, RowError, RowSyntax};
use crate::template::nearest;

pub use finding::{CHECK_CODES, Finding, Severity};
pub use summary::{CheckSummary, Kind, MissingScript};

use row::{Checked, RowChecker, RowSettings};
use summary::Tally;

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
    /// Whether findings come with a schematic of their canvas.
    pub wireframes: bool,
}

/// What a check tells while it goes on.
#[derive(Debug)]
pub enum CheckEvent<'e> {
    /// Something was found. Findings about the data as a whole come first, then those of rows in their order.
    Found(&'e Finding),
    /// So many rows are done.
    Rows(u64),
}

/// Checks a template and every row, and reports findings in the order of the rows.
///
/// # Errors
/// When the template, its fonts or the options cannot be used, or the rows cannot be opened.
pub fn check(options: &CheckOptions, report: &mut dyn FnMut(CheckEvent<'_>)) -> Result<CheckSummary, CampaignError> {
    let started = Instant::now();
    let campaign = Campaign::open(&options.campaign)?;
    if campaign.data.is_none() {
        return Ok(CheckSummary { seconds: started.elapsed().as_secs_f64(), ..CheckSummary::default() });
    }
    let mut tally = Tally::default();
    let reader = campaign.rows()?;
    if reader.syntax() == RowSyntax::Csv {
        let absent = absent_columns(&campaign, &options.campaign, reader.columns());
        tally.count(&absent);
        absent.iter().for_each(|finding| report(CheckEvent::Found(finding)));
    }
    let limit = options.limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
    let mut rows = reader.take(limit);
    let threads = options.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from)).max(1);
    let settings = RowSettings { wireframes: options.wireframes, offline: options.campaign.fetch.guard.offline };
    let mut checkers: Vec<RowChecker<'_>> = (0..threads).map(|_| RowChecker::new(&campaign, settings)).collect();
    let mut names = Names::default();
    let mut count = 0;
    loop {
        let batch = read_batch(&mut rows);
        if batch.is_empty() {
            break;
        }
        count += batch.len() as u64;
        for mut checked in check_batch(&batch, &mut checkers) {
            names.add(&mut checked);
            tally.row(&checked.findings);
            checked.findings.iter().for_each(|finding| report(CheckEvent::Found(finding)));
        }
        report(CheckEvent::Rows(count));
    }
    Ok(tally.finish(campaign.variants_per_row() as u64, started.elapsed().as_secs_f64()))
}

/// Optional fields whose column the data has not: perhaps it is misspelt.
fn absent_columns(campaign: &Campaign, options: &CampaignOptions, columns: &[Arc<str>]) -> Vec<Finding> {
    let is_set = |name: &str| options.set.iter().any(|(field, _)| field == name);
    let is_read = |column: &str| campaign.template.fields().iter().any(|field| *field.column == *column);
    let unread: Vec<&str> = columns.iter().map(|column| &**column).filter(|column| !is_read(column)).collect();
    let absent = campaign
        .template
        .fields()
        .iter()
        .filter(|field| !field.required && !is_set(&field.name) && !columns.contains(&field.column));
    let findings = absent.map(|field| {
        let hint = nearest(&field.column, unread.iter().copied())
            .map_or_else(String::new, |name| format!(", did you mean {name:?}?"));
        let message = format!("the data has no column {:?}{hint}", field.column);
        Finding::new(Severity::Note, "missing_column", format!("fields.{}", field.name), message)
    });
    findings.collect()
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
fn check_batch(batch: &[Result<Row, RowError>], checkers: &mut [RowChecker<'_>]) -> Vec<Checked> {
    let next = AtomicUsize::new(0);
    let work = |checker: &mut RowChecker<'_>| {
        let mut done = Vec::new();
        while let Some((index, row)) = take(&next, batch) {
            done.push((index, checker.check(row)));
        }
        done
    };
    let mut all: Vec<(usize, Checked)> = std::thread::scope(|scope| {
        let threads: Vec<_> = checkers.iter_mut().map(|checker| scope.spawn(|| work(checker))).collect();
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
        for (size, name) in std::mem::take(&mut checked.names) {
            let digest = blake3::hash(name.as_bytes());
            let short = u128::from_le_bytes(digest.as_bytes()[..16].try_into().expect("a hash has 32 bytes"));
            let earlier = match self.0.entry(short) {
                Entry::Occupied(earlier) => *earlier.get(),
                Entry::Vacant(free) => {
                    free.insert(checked.row);
                    continue;
                }
            };
            let message = format!("row {earlier} has the same name {name:?}");
            checked.add(Some(&size), Finding::new(Severity::Error, ErrorCode::NameCollision.as_str(), "name", message));
        }
    }
}

#[cfg(test)]
mod tests;
