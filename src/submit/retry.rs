//! Rows that failed, and jobs that have no end, once more: as jobs of a new attempt.

use std::sync::Arc;

use crossbeam_channel::unbounded;
use tokio::runtime::Handle;

use super::publish::{Sent, store_and_publish};
use super::status::get_job;
use super::{CampaignPlace, SubmitError, state};
use crate::job::Job;
use crate::queue::Publisher;
use crate::store::Store;

/// What is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryOptions {
    /// Rows that failed.
    pub failed: bool,
    /// Jobs that have no end.
    pub missing: bool,
}

/// What was submitted again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retried {
    /// Jobs.
    pub jobs: u64,
    /// Their rows.
    pub rows: u64,
}

/// Submits again what failed or is missing. Blocks.
///
/// # Errors
/// When the campaign cannot be read or a job not be published.
pub fn retry<P: Publisher>(
    place: &CampaignPlace,
    options: RetryOptions,
    store: &Arc<dyn Store>,
    publisher: &Arc<P>,
    runtime: &Handle,
) -> Result<Retried, SubmitError> {
    let places = place.places();
    let state = state(place, store)?;
    if state.is_cancelled {
        let message = format!("{place} was called off: remove {} from the store to go on", places.cancelled());
        return Err(SubmitError::Other(message));
    }
    let (answers_in, answers) = unbounded();
    let mut retried = Retried::default();
    for (part, job) in &state.parts {
        let Some((last, first_id)) = job.attempts.keys().next_back().zip(job.attempts.values().next()) else { continue };
        let failed = options.failed && job.has_ended && !job.failed_rows.is_empty();
        let missing = options.missing && !job.has_ended;
        if !failed && !missing {
            continue;
        }
        let first: Job = get_job(store, &places.job(first_id))?;
        let attempt = last + 1;
        let id = format!("{}-{part}-a{attempt}", place.id);
        let again = match failed {
            true => only(first, |number| job.failed_rows.contains(&number)),
            false => first,
        };
        let again = Job { id: id.clone(), attempt, ..again };
        retried.jobs += 1;
        retried.rows += again.rows.as_ref().map_or(0, |rows| rows.len() as u64);
        let body = serde_json::to_vec(&again).expect("a job is strings and numbers");
        let send = Sent {
            part: *part,
            lane: state.file.lane.clone(),
            id: id.clone(),
            publisher: Arc::clone(publisher),
            runtime: runtime.clone(),
            answers: answers_in.clone(),
        };
        store_and_publish(store, &places.job(&id), body, send);
    }
    for _ in 0..retried.jobs {
        answers.recv().expect("we hold a sender ourselves")?;
    }
    Ok(retried)
}

/// A job with some of its rows, under their numbers.
fn only(job: Job, is_wanted: impl Fn(u64) -> bool) -> Job {
    let numbers: Vec<u64> = job.inline_rows().map(|row| row.number).collect();
    let rows = job.rows.unwrap_or_default().into_iter().zip(numbers).filter(|(_, number)| is_wanted(*number));
    let (rows, numbers): (Vec<_>, Vec<_>) = rows.unzip();
    Job { rows: Some(rows), row_numbers: Some(numbers), first_row: 0, ..job }
}
