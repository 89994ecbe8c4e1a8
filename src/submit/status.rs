//! How far a campaign is: from what lies in its folder, without a broker.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;

use super::{CampaignPlace, SubmitError, earlier};
use crate::job::{CampaignFile, Counts, ErrorCode, Job, JobResult, ObjectName, Record, Status};
use crate::store::Store;

/// Objects that are read at a time.
const AT_ONCE: usize = 16;
/// Failed rows that are kept for showing.
const FAILURES_SHOWN: usize = 1000;

/// How far a campaign is.
#[derive(Clone, Debug)]
pub struct State {
    /// As it was submitted.
    pub file: CampaignFile,
    /// Whether it was called off.
    pub is_cancelled: bool,
    /// By part.
    pub parts: BTreeMap<u64, JobState>,
    /// How the variants of jobs that have ended ended: the last attempt at each counts.
    pub counts: Counts,
    /// Variants that failed, by code.
    pub failures: BTreeMap<ErrorCode, u64>,
    /// Some of them.
    pub failed_rows: Vec<FailedRow>,
}

/// One part of a campaign.
#[derive(Clone, Debug, Default)]
pub struct JobState {
    /// Its jobs by attempt.
    pub attempts: BTreeMap<u32, String>,
    /// Whether at least one has ended.
    pub has_ended: bool,
    /// Whether it was called off before it ended.
    pub is_cancelled: bool,
    /// Rows whose last attempt failed.
    pub failed_rows: BTreeSet<u64>,
}

/// A variant that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedRow {
    /// Number of the row, from 1.
    pub row: u64,
    /// Its key.
    pub key: String,
    /// The size.
    pub size: Arc<str>,
    /// Why.
    pub code: ErrorCode,
    /// For people.
    pub message: String,
}

impl State {
    /// Variants that have no end yet, as far as is known what was submitted.
    pub fn missing(&self) -> u64 {
        (self.file.rows * self.file.variants_per_row).saturating_sub(self.counts.variants())
    }

    /// Parts that have no end.
    pub fn open_parts(&self) -> u64 {
        let ended = self.parts.values().filter(|part| part.has_ended).count() as u64;
        self.file.parts.saturating_sub(ended)
    }
}

/// Reads how far a campaign is. Blocks.
///
/// # Errors
/// When there is no such campaign, or the store cannot be asked.
pub fn state(place: &CampaignPlace, store: &Arc<dyn Store>) -> Result<State, SubmitError> {
    let places = place.places();
    let file = earlier(store, &places)?.ok_or_else(|| SubmitError::Other(format!("there is no campaign at {place}")))?;
    let names = store.list(&places.prefix())?;
    let mut parts: BTreeMap<u64, JobState> = BTreeMap::new();
    let mut results = BTreeSet::new();
    let mut is_cancelled = false;
    for name in &names {
        let Some(name) = name.strip_prefix(&places.prefix()) else { continue };
        is_cancelled |= name == "cancelled";
        if let Some(id) = name.strip_suffix(".job.json")
            && let Some((part, attempt)) = part_of(&place.id, id)
        {
            parts.entry(part).or_default().attempts.insert(attempt, id.to_owned());
        }
        results.extend(name.strip_suffix(".result.json").map(str::to_owned));
    }
    let jobs: Vec<(u64, Vec<String>)> = parts
        .iter()
        .map(|(part, state)| (*part, state.attempts.values().filter(|id| results.contains(*id)).cloned().collect()))
        .filter(|(_, ended): &(u64, Vec<String>)| !ended.is_empty())
        .collect();
    let read = in_parallel(&jobs, |(part, ended)| {
        let results = ended.iter().map(|id| get_json::<JobResult>(store, &places.result(id))).collect::<Result<Vec<_>, _>>()?;
        // One attempt without failures tells all; else every record is looked at.
        let needs_records = results.len() > 1 || results.iter().any(|result| result.counts.failed > 0);
        let mut records = Vec::new();
        if needs_records {
            for id in ended {
                let lines = store.get(&places.manifest(id))?.unwrap_or_default();
                records.push(lines.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect());
            }
        }
        Ok::<_, SubmitError>((*part, results, records))
    })?;
    let mut state =
        State { file, is_cancelled, parts, counts: Counts::default(), failures: BTreeMap::new(), failed_rows: Vec::new() };
    for (part, results, records) in read {
        state.add(part, &results, records);
    }
    Ok(state)
}

impl State {
    fn add(&mut self, part: u64, results: &[JobResult], attempts: Vec<Vec<Record>>) {
        let job = self.parts.get_mut(&part).expect("it was listed");
        job.has_ended = results.iter().any(|result| !result.cancelled);
        job.is_cancelled = !job.has_ended;
        let bytes: u64 = results.iter().map(|result| result.counts.bytes).sum();
        if attempts.is_empty() {
            let counts = results[0].counts;
            self.counts.ok += counts.ok;
            self.counts.skipped += counts.skipped;
            self.counts.reused += counts.reused;
            self.counts.bytes += bytes;
            return;
        }
        // Later attempts go over earlier ones, variant by variant.
        let mut last: BTreeMap<(u64, Arc<str>, String), Record> = BTreeMap::new();
        let mut nth_of_row: BTreeMap<(u64, Arc<str>, &'static str), usize> = BTreeMap::new();
        for records in attempts {
            nth_of_row.clear();
            for record in records {
                // One format may be made twice, with a suffix: counted in the order of the outputs.
                let format = record.format.name();
                let nth = nth_of_row.entry((record.row, Arc::clone(&record.size), format)).or_default();
                let key = (record.row, Arc::clone(&record.size), format!("{format}{nth}"));
                *nth += 1;
                last.insert(key, record);
            }
        }
        for record in last.into_values() {
            match record.status {
                Status::Ok => self.counts.ok += 1,
                Status::Reused => self.counts.reused += 1,
                Status::Skipped => self.counts.skipped += 1,
                Status::Failed => self.counts.failed += 1,
            }
            let Some(error) = record.error else { continue };
            *self.failures.entry(error.code).or_default() += 1;
            job.failed_rows.insert(record.row - 1);
            if self.failed_rows.len() < FAILURES_SHOWN {
                let (code, message) = (error.code, error.message);
                self.failed_rows.push(FailedRow { row: record.row, key: record.key, size: record.size, code, message });
            }
        }
        self.counts.bytes += bytes;
    }
}

/// `<campaign>-<part>`, or `<campaign>-<part>-a<attempt>`.
pub(super) fn part_of(campaign: &str, id: &str) -> Option<(u64, u32)> {
    let rest = id.strip_prefix(campaign)?.strip_prefix('-')?;
    match rest.split_once("-a") {
        Some((part, attempt)) => Some((part.parse().ok()?, attempt.parse().ok()?)),
        None => Some((rest.parse().ok()?, 1)),
    }
}

/// A job as it was published.
pub(super) fn get_job(store: &Arc<dyn Store>, object: &ObjectName) -> Result<Job, SubmitError> {
    get_json(store, object)
}

fn get_json<T: serde::de::DeserializeOwned>(store: &Arc<dyn Store>, object: &ObjectName) -> Result<T, SubmitError> {
    let bytes = store.get(object)?.ok_or_else(|| SubmitError::Other(format!("{object} is gone")))?;
    serde_json::from_slice(&bytes).map_err(|error| SubmitError::Other(format!("{object} cannot be read: {error}")))
}

/// Does something for each, some at a time; the results in order.
fn in_parallel<T: Sync, R: Send, E: Send>(items: &[T], work: impl Fn(&T) -> Result<R, E> + Sync) -> Result<Vec<R>, E> {
    let (next, done) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE.min(items.len()) {
            scope.spawn(|| {
                loop {
                    let nth = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(nth) else { return };
                    let result = work(item);
                    done.lock().insert(nth, result);
                }
            });
        }
    });
    done.into_inner().into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_tell_part_and_attempt() {
        assert_eq!(part_of("spring-a", "spring-a-12"), Some((12, 1)));
        assert_eq!(part_of("spring-a", "spring-a-12-a3"), Some((12, 3)));
        assert_eq!(part_of("spring-a", "spring-b-12"), None);
        assert_eq!(part_of("spring", "spring-x"), None);
    }
}
