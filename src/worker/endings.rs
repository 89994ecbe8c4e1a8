//! How a job ends: manifest, result, and the words that both are made of.

use std::sync::Arc;
use std::time::{Duration, Instant};

use backon::{BackoffBuilder, ExponentialBuilder};
use parking_lot::Mutex;

use super::intake::JobAtHand;
use crate::job::{JobResult, Record, Timings};
use crate::ledger::farm::Held;
use crate::queue::ResultMessage;
use crate::store::{Store, StoreError};

/// Keeps a job's checkpoints and its manifest apart: none is written after the manifest.
#[derive(Debug, Default)]
pub struct Pages {
    is_closed: Mutex<bool>,
}

impl Pages {
    /// Stores the records so far, unless the manifest is there. Blocks.
    ///
    /// # Errors
    /// When they are not stored; the job goes on.
    pub fn checkpoint(&self, job: &JobAtHand, store: &Arc<dyn Store>, records: &[Record]) -> Result<(), StoreError> {
        let is_closed = self.is_closed.lock();
        if !*is_closed {
            store.put(&job.places.checkpoint(&job.job.id), &lines(records))?;
        }
        Ok(())
    }

    /// Stores the manifest and removes the checkpoint. Blocks.
    ///
    /// # Errors
    /// When the manifest is not stored.
    pub fn manifest(&self, job: &JobAtHand, store: &Arc<dyn Store>, records: &[Record]) -> Result<(), StoreError> {
        let mut is_closed = self.is_closed.lock();
        store.put(&job.places.manifest(&job.job.id), &lines(records))?;
        *is_closed = true;
        // What stays is in nobody's way.
        drop(store.delete(&job.places.checkpoint(&job.job.id)));
        Ok(())
    }
}

/// A manifest's lines, each with the job's id.
fn lines(records: &[Record]) -> Vec<u8> {
    records.iter().map(Record::to_line).collect::<String>().into_bytes()
}

/// The records of a job as its manifest has them.
pub fn records(job: &JobAtHand, held: Held<'_>) -> Vec<Record> {
    let id: Arc<str> = Arc::from(job.job.id.as_str());
    held.records().map(|record| Record { job: Some(Arc::clone(&id)), ..record.clone() }).collect()
}

/// The result of a job.
pub fn result(job: &JobAtHand, held: Held<'_>, since: Instant) -> JobResult {
    let message = &job.job;
    let base = message.destination.trim_end_matches('/');
    JobResult {
        version: JobResult::VERSION,
        job: message.id.clone(),
        campaign: message.campaign.clone(),
        part: message.part,
        attempt: message.attempt,
        counts: held.counts(),
        failures: held.failures(),
        cancelled: held.is_cancelled,
        template_hash: held.template_hash.map(str::to_owned),
        manifest: format!("{base}/{}", job.places.manifest(&message.id).as_str()),
        timings: Timings { seconds: since.elapsed().as_secs_f64(), ..Timings::default() },
        metadata: message.metadata.clone(),
    }
}

/// A result as it is published.
pub fn result_message(job: &JobAtHand, body: Vec<u8>) -> ResultMessage {
    ResultMessage {
        message_id: format!("{}.{}", job.job.id, job.job.attempt),
        campaign: job.job.campaign.clone(),
        reply_to: job.job.reply_to.clone(),
        body,
    }
}

/// How long to wait between tries at what must be done in the end: half a second at first, 15 seconds at most, with
/// jitter.
pub fn patience() -> impl Iterator<Item = Duration> + Send {
    let (least, most) = (Duration::from_millis(500), Duration::from_secs(15));
    ExponentialBuilder::new().with_min_delay(least).with_max_delay(most).with_jitter().without_max_times().build()
}
