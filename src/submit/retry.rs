//! Rows that failed, and jobs that have no end, once more: as jobs of a new attempt.

use std::sync::Arc;

use tokio::runtime::Handle;

use super::place::job_id;
use super::post::{Parcel, Post};
use super::status::{PartState, get_json, state};
use super::{CampaignPlace, SubmitError, called_off};
use crate::job::Job;
use crate::pipeline::Stop;
use crate::queue::Publisher;
use crate::store::Store;

/// What is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryOptions {
    /// Rows that failed.
    pub failed: bool,
    /// Jobs that have no end: also those that only wait for their turn, which does no harm but costs the work twice.
    pub missing: bool,
}

/// What was submitted again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retried {
    /// Jobs.
    pub jobs: u64,
    /// Their rows.
    pub rows: u64,
    /// Whether it was stopped before all were submitted.
    pub is_stopped: bool,
}

/// Submits again what failed or is missing. Blocks.
///
/// # Errors
/// When the campaign cannot be read or a job not be published. What was published before stays published.
pub fn retry<P: Publisher>(
    place: &CampaignPlace,
    options: RetryOptions,
    store: &Arc<dyn Store>,
    publisher: &Arc<P>,
    runtime: &Handle,
    stop: &Stop,
) -> Result<Retried, SubmitError> {
    let places = place.places();
    let state = state(place, store)?;
    if state.is_cancelled {
        return Err(SubmitError::Other(called_off(place)));
    }
    let lane = &state.file.lane;
    let mut post = Post::new(Arc::clone(store), Arc::clone(publisher), runtime.clone(), lane, stop.clone());
    let mut retried = Retried::default();
    let mut confirmed = 0;
    for (&part, state) in &state.parts {
        if stop.is_requested() {
            break;
        }
        let Some((is_wanted, last)) = wanted(state, options).zip(state.attempts.last()) else { continue };
        // The first attempt has all rows of the part.
        let first: Job = get_json(store, &places.job(&job_id(&place.id, part, 1)))?;
        let again = only(first, is_wanted, !state.has_ended());
        let rows = again.rows.as_ref().map_or(0, Vec::len) as u64;
        if rows == 0 && again.unreadable.is_empty() {
            continue;
        }
        let attempt = last + 1;
        let again = Job { id: job_id(&place.id, part, attempt), attempt, ..again };
        retried.jobs += 1;
        retried.rows += rows;
        while post.is_full() && !stop.is_requested() {
            confirmed += post.confirmed().transpose()?.map_or(0, |_| 1);
        }
        let body = serde_json::to_vec(&again).expect("a job is strings and numbers");
        post.send(Parcel { part, place: places.job(&again.id), id: again.id, body });
    }
    while let Some(answer) = post.confirmed() {
        answer?;
        confirmed += 1;
    }
    Ok(Retried { is_stopped: stop.is_requested() || confirmed != retried.jobs, jobs: confirmed, ..retried })
}

/// Which rows of a part are tried again; `None`: nothing of it.
fn wanted(part: &PartState, options: RetryOptions) -> Option<Box<dyn Fn(u64) -> bool + '_>> {
    // Rows that are being tried again already have no end yet.
    let (failed, missing) = (part.is_done() && !part.failed_rows.is_empty(), !part.is_done());
    if !(failed && options.failed || missing && options.missing) {
        return None;
    }
    Some(match part.has_ended() {
        true => Box::new(|row| part.failed_rows.contains(&row)),
        false => Box::new(|row| !part.finished_rows.contains(&row)),
    })
}

/// A job with some of its rows, under their numbers. Rows that could not be read then cannot be read now: they are
/// told of once more only where the first attempt did not come to it.
fn only(job: Job, is_wanted: impl Fn(u64) -> bool, with_unreadable: bool) -> Job {
    let numbers: Vec<u64> = job.inline_rows().map(|row| row.number).collect();
    let rows = job.rows.unwrap_or_default().into_iter().zip(numbers).filter(|(_, number)| is_wanted(*number));
    let (rows, numbers): (Vec<_>, Vec<_>) = rows.unzip();
    let unreadable = if with_unreadable { job.unreadable } else { Vec::new() };
    Job { rows: Some(rows), row_numbers: Some(numbers), first_row: 0, unreadable, ..job }
}
