//! Variants that an earlier run has stored already: known by name and input hash before they are laid out.

use std::time::Instant;

use crate::job::{ObjectName, Record, Status};

use super::variant::{Outcome, Variant, elapsed_ms};

/// Looks for an object of this name and input hash among what earlier runs stored, and makes sure that it is still
/// there. Gives its record. Called from several threads.
pub type FindStored = dyn Fn(&ObjectName, &str) -> Option<Record> + Send + Sync;

/// Takes the variants out that need not be made, and gives their outcomes.
pub fn take_reused(variants: &mut Vec<Variant>, find: &FindStored, started: Instant) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    for variant in std::mem::take(variants) {
        let earlier = variant.record.input_hash.as_deref().and_then(|hash| find(&variant.object, hash));
        match earlier {
            None => variants.push(variant),
            Some(Record { bytes, width, height, checksum, etag, warnings, .. }) => {
                // Row and key are this run's: the rows may stand in another order.
                let record = Record {
                    status: Status::Reused,
                    object: Some(variant.object.as_str().to_owned()),
                    bytes,
                    width,
                    height,
                    checksum,
                    etag,
                    warnings,
                    ms: elapsed_ms(started),
                    ..variant.record
                };
                outcomes.push(Outcome { token: variant.task.token, seq: variant.seq, record, interrupted: false });
            }
        }
    }
    outcomes
}
