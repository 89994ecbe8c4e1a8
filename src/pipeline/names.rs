//! Object names given out so far, so that none is stored twice.

use std::collections::HashSet;

use crate::job::Row;

use super::Plan;

/// Names as hashes: 16 bytes for each variant of a run from standard input.
#[derive(Default)]
pub struct Names {
    given: HashSet<u128>,
}

impl Names {
    /// The variants of a row, counted within it, whose names an earlier variant has. Rows must come in order.
    /// One that does not bind has no names; it fails on its own later.
    pub fn doubles(&mut self, plan: &Plan, row: &Row) -> Vec<u64> {
        let mut doubles = Vec::new();
        let Ok(bound) = plan.template.bind(row, &plan.now) else { return doubles };
        for (nth, &size) in plan.sizes.iter().enumerate() {
            for (index, &output) in plan.outputs.iter().enumerate() {
                let Ok(name) = plan.object_name(&bound, size, output) else { continue };
                let digest = blake3::hash(name.as_str().as_bytes());
                let short = u128::from_le_bytes(digest.as_bytes()[..16].try_into().expect("32 bytes"));
                if !self.given.insert(short) {
                    doubles.push(plan.seq(0, nth, index));
                }
            }
        }
        doubles
    }
}
