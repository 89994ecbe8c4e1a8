//! How far a campaign is: from what lies in its folder, without a broker.
//!
//! A part is a job and its later attempts. Where one attempt has told all, its result does; else the records of all
//! attempts are laid over one another, the latest on top.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::SystemTime;

use parking_lot::Mutex;

use super::place::{JobObject, job_id, job_object};
use super::{CampaignPlace, SubmitError, earlier};
use crate::job::{CampaignFile, CampaignPlaces, Counts, ErrorCode, Format, JobResult, ObjectName, Record};
use crate::store::Store;

/// Objects that are read at a time.
const AT_ONCE: usize = 16;
/// Failed variants that are kept for showing.
const FAILURES_SHOWN: usize = 1000;
/// Jobs whose times are looked up: enough for a rate.
const JOBS_TIMED: usize = 64;

/// How far a campaign is.
#[derive(Clone, Debug)]
pub struct State {
    /// As it was submitted.
    pub file: CampaignFile,
    /// Whether it was called off.
    pub is_cancelled: bool,
    /// Every part whose message is stored.
    pub parts: BTreeMap<u64, PartState>,
    /// How the variants of jobs that have ended ended: the latest attempt at each counts.
    pub counts: Counts,
    /// Variants that failed, by code.
    pub failures: BTreeMap<ErrorCode, u64>,
    /// Some of them, in the order of the rows.
    pub failed_rows: Vec<FailedRow>,
    /// When the last job ended, where the store can tell.
    pub last_activity: Option<SystemTime>,
    /// Variants a second, lately; where the store can tell.
    pub variants_per_s: Option<f64>,
}

/// One part of a campaign.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartState {
    /// Attempts whose message is stored.
    pub attempts: BTreeSet<u32>,
    /// Attempts that have ended, called off or not.
    pub ended: BTreeSet<u32>,
    /// Whether every attempt that has ended was called off before its end.
    pub is_cancelled: bool,
    /// Numbers, from 0, of rows with a variant whose latest attempt failed.
    pub failed_rows: BTreeSet<u64>,
    /// Of a part that was called off in the middle: rows that have all their variants.
    pub finished_rows: BTreeSet<u64>,
}

impl PartState {
    /// Whether its rows have an end, good or bad.
    pub fn has_ended(&self) -> bool {
        !self.ended.is_empty() && !self.is_cancelled
    }

    /// Whether nothing more is to come of it: it has ended, and a later attempt at what failed has too.
    pub fn is_done(&self) -> bool {
        let is_last_done = self.attempts.last().is_none_or(|last| self.ended.contains(last));
        self.has_ended() && (self.failed_rows.is_empty() || is_last_done)
    }
}

/// A variant that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedRow {
    /// Number of the row, from 1.
    pub row: u64,
    /// Its line in the data, where known.
    pub line: Option<u64>,
    /// Its key.
    pub key: String,
    /// The size.
    pub size: Arc<str>,
    /// The format.
    pub format: Format,
    /// Why.
    pub code: ErrorCode,
    /// For people.
    pub message: String,
}

impl State {
    /// Variants in all, of the rows that are known to be submitted.
    pub fn variants(&self) -> u64 {
        self.file.rows * self.file.variants_per_row
    }

    /// Variants that have no end yet.
    pub fn missing(&self) -> u64 {
        self.variants().saturating_sub(self.counts.variants())
    }

    /// Jobs that are not done: waiting, at work, given up or called off.
    pub fn open_parts(&self) -> u64 {
        let done = self.parts.values().filter(|part| part.is_done()).count() as u64;
        self.file.parts.max(self.parts.len() as u64) - done
    }

    /// Whether everything was submitted and has its end.
    pub fn is_done(&self) -> bool {
        self.file.is_complete && self.open_parts() == 0
    }
}

/// Reads how far a campaign is. Blocks.
///
/// # Errors
/// When there is no such campaign, or the store cannot be asked.
pub fn state(place: &CampaignPlace, store: &Arc<dyn Store>) -> Result<State, SubmitError> {
    let places = place.places();
    let file =
        earlier(store, &places)?.ok_or_else(|| SubmitError::Other(format!("there is no campaign at {place}")))?;
    let mut is_cancelled = false;
    let mut parts: BTreeMap<u64, PartState> = BTreeMap::new();
    let mut with_result = BTreeSet::new();
    for name in store.list(&places.prefix())? {
        is_cancelled |= name == places.cancelled().as_str();
        let Some((part, attempt, kind)) = job_object(&places, &place.id, &name) else { continue };
        let state = parts.entry(part).or_default();
        match kind {
            JobObject::Message => state.attempts.insert(attempt),
            JobObject::Manifest => state.ended.insert(attempt),
            JobObject::Result => state.ended.insert(attempt) | with_result.insert((part, attempt)),
        };
    }
    let ended: Vec<(u64, BTreeSet<u32>)> = parts
        .iter()
        .filter(|(_, part)| !part.ended.is_empty())
        .map(|(part, state)| (*part, state.ended.clone()))
        .collect();
    let reader = Reader { places: &places, id: &place.id, store, with_result: &with_result, file: &file };
    let read = in_parallel(&ended, |(part, attempts)| reader.part(*part, attempts))?;
    let (last_activity, variants_per_s) = reader.times(&ended);
    let mut state = State {
        file: file.clone(),
        is_cancelled,
        parts,
        counts: Counts::default(),
        failures: BTreeMap::new(),
        failed_rows: Vec::new(),
        last_activity,
        variants_per_s,
    };
    for ((number, _), read) in ended.iter().zip(read) {
        state.add(*number, read);
    }
    Ok(state)
}

impl State {
    fn add(&mut self, number: u64, read: PartRead) {
        let PartRead { is_cancelled, counts, failures, examples, failed_rows, finished_rows } = read;
        let part = self.parts.get_mut(&number).expect("it was listed");
        (part.is_cancelled, part.failed_rows, part.finished_rows) = (is_cancelled, failed_rows, finished_rows);
        let Counts { ok, failed, skipped, reused, bytes } = counts;
        self.counts.ok += ok;
        self.counts.failed += failed;
        self.counts.skipped += skipped;
        self.counts.reused += reused;
        self.counts.bytes += bytes;
        for (code, count) in failures {
            *self.failures.entry(code).or_default() += count;
        }
        let room = FAILURES_SHOWN - self.failed_rows.len();
        self.failed_rows.extend(examples.into_iter().take(room));
    }
}

/// What the attempts at a part came to.
#[derive(Default)]
struct PartRead {
    is_cancelled: bool,
    counts: Counts,
    failures: BTreeMap<ErrorCode, u64>,
    examples: Vec<FailedRow>,
    failed_rows: BTreeSet<u64>,
    finished_rows: BTreeSet<u64>,
}

struct Reader<'r> {
    places: &'r CampaignPlaces,
    id: &'r str,
    store: &'r Arc<dyn Store>,
    /// Part and attempt of the results that are there.
    with_result: &'r BTreeSet<(u64, u32)>,
    file: &'r CampaignFile,
}

impl Reader<'_> {
    fn part(&self, part: u64, attempts: &BTreeSet<u32>) -> Result<PartRead, SubmitError> {
        let mut results = Vec::new();
        for &attempt in attempts.iter().filter(|attempt| self.with_result.contains(&(part, **attempt))) {
            results.push(get_json::<JobResult>(self.store, &self.places.result(&job_id(self.id, part, attempt)))?);
        }
        if let [JobResult { counts, cancelled: false, .. }] = &results[..]
            && attempts.len() == 1
            && counts.failed == 0
        {
            return Ok(PartRead { counts: *counts, ..PartRead::default() });
        }
        let mut latest: BTreeMap<(u64, Arc<str>, Format, usize), Record> = BTreeMap::new();
        let mut is_cancelled = true;
        for &attempt in attempts {
            let id = job_id(self.id, part, attempt);
            let lines = self.store.get(&self.places.manifest(&id))?;
            let was_cancelled = results.iter().any(|result| result.attempt == attempt && result.cancelled);
            is_cancelled &= was_cancelled;
            // One format may be made twice, apart by a suffix: they are counted in the order of the outputs.
            let mut nth_of: BTreeMap<(u64, Arc<str>, Format), usize> = BTreeMap::new();
            for record in records(&lines.unwrap_or_default()) {
                let variant = (record.row, Arc::clone(&record.size), record.format);
                let nth = nth_of.entry(variant.clone()).or_default();
                let key = (variant.0, variant.1, variant.2, *nth);
                *nth += 1;
                // What was called off did not fail; nor does it undo what an earlier attempt stored.
                if !(was_cancelled && record.error.is_some()) {
                    latest.insert(key, record);
                }
            }
        }
        Ok(PartRead { is_cancelled, ..self.fold(latest.into_values(), is_cancelled) })
    }

    fn fold(&self, records: impl Iterator<Item = Record>, is_cancelled: bool) -> PartRead {
        let mut read = PartRead::default();
        let mut variants_of: BTreeMap<u64, u64> = BTreeMap::new();
        for record in records {
            read.counts.add(&record);
            let Record { row, line, key, size, format, error, .. } = record;
            // Records count rows from 1.
            let number = row.saturating_sub(1);
            let Some(error) = error else {
                *variants_of.entry(number).or_default() += 1;
                continue;
            };
            *read.failures.entry(error.code).or_default() += 1;
            read.failed_rows.insert(number);
            if read.examples.len() < FAILURES_SHOWN {
                let (code, message) = (error.code, error.message);
                read.examples.push(FailedRow { row, line, key, size, format, code, message });
            }
        }
        if is_cancelled {
            let is_whole = |(row, count): (u64, u64)| (count >= self.file.variants_per_row).then_some(row);
            read.finished_rows = variants_of.into_iter().filter_map(is_whole).collect();
        }
        read
    }

    /// When the last of the jobs that have ended did, and how many variants a second that makes. Jobs end about in
    /// the order of their parts, so the last parts tell.
    fn times(&self, ended: &[(u64, BTreeSet<u32>)]) -> (Option<SystemTime>, Option<f64>) {
        let last = &ended[ended.len().saturating_sub(JOBS_TIMED)..];
        let modified = in_parallel(last, |(part, attempts)| {
            let of = |attempt: &u32| {
                let id = job_id(self.id, *part, *attempt);
                let place = match self.with_result.contains(&(*part, *attempt)) {
                    true => self.places.result(&id),
                    false => self.places.manifest(&id),
                };
                self.store.stat(&place)?.modified
            };
            Ok::<_, SubmitError>(attempts.last().and_then(of))
        });
        let times: Vec<SystemTime> = modified.unwrap_or_default().into_iter().flatten().collect();
        let (Some(first), Some(last)) = (times.iter().min(), times.iter().max()) else { return (None, None) };
        let seconds = last.duration_since(*first).map_or(0.0, |between| between.as_secs_f64());
        // The first of them began before the time that is looked at.
        let rows = (times.len() - 1) as f64 * self.file.rows as f64 / self.file.parts.max(1) as f64;
        let rate = rows * self.file.variants_per_row as f64 / seconds;
        (Some(*last), (seconds >= 1.0).then_some(rate))
    }
}

/// The lines that can be read.
fn records(lines: &[u8]) -> impl Iterator<Item = Record> {
    lines.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok())
}

/// An object that must be there.
pub(super) fn get_json<T: serde::de::DeserializeOwned>(
    store: &Arc<dyn Store>,
    object: &ObjectName,
) -> Result<T, SubmitError> {
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
