//! What earlier attempts left of a job: its manifest or checkpoint is read once, its objects are looked for once.

use std::sync::Arc;

use super::intake::JobAtHand;
use crate::job::{ObjectName, Record, Status};
use crate::ledger::farm::Recalled;
use crate::store::{Known, Store, StoreError};

/// Reads what there is. Blocks.
///
/// # Errors
/// When the store cannot be asked.
pub fn recall(job: &JobAtHand, store: &Arc<dyn Store>) -> Result<Recalled, StoreError> {
    if store.get(&job.places.cancelled())?.is_some() {
        return Ok(Recalled::Cancelled);
    }
    let id = &job.job.id;
    let lines = match store.get(&job.places.manifest(id))? {
        Some(manifest) => Some(manifest),
        None => store.get(&job.places.checkpoint(id))?,
    };
    let Some(lines) = lines else { return Ok(Recalled::Kept(Vec::new())) };
    let (records, known): (Vec<Record>, Vec<Known>) = records(&lines).filter_map(with_object).unzip();
    if records.is_empty() {
        return Ok(Recalled::Kept(records));
    }
    let holds = store.holds(&known)?;
    let kept: Vec<Record> =
        records.into_iter().zip(holds).filter_map(|(record, is_there)| is_there.then_some(record)).collect();
    tracing::info!(job_id = %id, kept = kept.len(), of = known.len(), "an earlier attempt left objects");
    Ok(Recalled::Kept(kept))
}

/// The lines that can be read: a checkpoint of another version is no reason to fail.
fn records(lines: &[u8]) -> impl Iterator<Item = Record> {
    lines.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok())
}

fn with_object(record: Record) -> Option<(Record, Known)> {
    if !matches!(record.status, Status::Ok | Status::Reused) {
        return None;
    }
    let known = Known {
        object: ObjectName::new(record.object.as_deref()?).ok()?,
        bytes: record.bytes?,
        checksum: record.checksum.clone()?,
        etag: record.etag.clone(),
    };
    Some((record, known))
}
