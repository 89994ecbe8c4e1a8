//! What comes in: a message becomes a job that may be rendered, or gets a note for the dead letters.

use std::sync::Arc;

use super::settings::Settings;
use crate::job::{CampaignPlaces, Job, JobError};
use crate::queue::{DeathNote, Delivery};
use crate::store::AllowedPlaces;

/// A job that is held, with what belongs to it.
#[derive(Clone, Debug)]
pub struct JobAtHand {
    /// As it was read.
    pub job: Arc<Job>,
    /// Of its campaign.
    pub places: CampaignPlaces,
    /// One that can be buried with it.
    pub delivery: Delivery,
    /// BLAKE3 of the message.
    pub digest: [u8; 32],
    /// About how many rows it has.
    pub rows: u64,
}

/// Rows that are expected of a job that names a table and no number.
const ROWS_UNKNOWN: u64 = 1000;

/// Of an object's key in S3.
const MAX_KEY_BYTES: usize = 1024;

/// Reads a message.
///
/// # Errors
/// With a note where it can never be rendered here.
pub fn read(
    delivery: Delivery,
    settings: &Settings,
    destinations: &AllowedPlaces,
) -> Result<JobAtHand, Box<DeathNote>> {
    let refuse =
        |reason: &str, message: String| Err(Box::new(DeathNote { reason: reason.to_owned(), message, attempts: 1 }));
    let most = settings.max_message_bytes;
    if delivery.body.len() as u64 > most {
        let message = format!(
            "the message has {} bytes, {most} are allowed (worker.max_message_bytes): split the rows over more jobs",
            delivery.body.len()
        );
        return refuse("message_too_large", message);
    }
    let job = match Job::parse(&delivery.body) {
        Ok(job) => job,
        Err(error @ JobError::Version { .. }) => return refuse("unknown_version", error.to_string()),
        Err(error) => return refuse("not_a_job", error.to_string()),
    };
    let inline = job.rows.as_ref().map(|rows| rows.len() as u64);
    let named = job.data.as_ref().and_then(|data| data.row_count);
    let rows = inline.or(named).unwrap_or(ROWS_UNKNOWN);
    let most = settings.max_rows_per_job;
    if rows > most && (inline.is_some() || named.is_some()) {
        let message = format!(
            "the job has {rows} rows, {most} are allowed (worker.max_rows_per_job): split it into jobs of some hundred \
             rows, as `gravure submit --rows-per-job` does"
        );
        return refuse("too_many_rows", message);
    }
    if let Err(message) = destinations.check(&job.destination) {
        return refuse("destination_refused", message);
    }
    let places = CampaignPlaces::new(&job.campaign);
    let longest = job.destination.len() + 1 + places.checkpoint(&job.id).as_str().len();
    if longest > MAX_KEY_BYTES {
        let message = format!("names below the destination would have {longest} bytes, stores allow {MAX_KEY_BYTES}");
        return refuse("destination_refused", message);
    }
    let digest = *blake3::hash(&delivery.body).as_bytes();
    Ok(JobAtHand { places, job: Arc::new(job), delivery, digest, rows })
}
