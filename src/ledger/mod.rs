//! The books of a run: what was asked for, what became of it, and in which order to tell.
//!
//! A pure state machine: no files, queues, threads or clocks. Fed with the outcomes of `pipeline/` in
//! whatever order they come; gives the manifest's records in the order of the rows, counts, and the
//! moment when everything is settled. [`farm`] has the books of a worker: many jobs, and when each may be acknowledged.
//!
//! ```text
//!   settle(2) ──┐                        waiting: 2
//!   settle(0) ──┤──> writes 0            waiting: 2
//!   settle(1) ──┘──> writes 1, 2         waiting: none
//! ```

pub mod farm;

use std::collections::BTreeMap;
use std::ops::Range;

use thiserror::Error;

use crate::job::{Counts, Record};

/// An outcome that the books have no place for: a bug of the caller.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum LedgerError {
    /// Each variant ends once.
    #[error("variant {0} was settled twice")]
    SettledTwice(u64),
}

/// Variants by sequence number: dense, from 0, in the order of the manifest.
#[derive(Debug, Default)]
pub struct Ledger {
    /// How many variants are known of.
    expected: u64,
    /// The first that no record was given back for.
    next: u64,
    /// Settled, but an earlier one is not.
    waiting: BTreeMap<u64, Record>,
    counts: Counts,
}

/// What is left when a run ends.
#[derive(Debug, PartialEq, Eq)]
pub struct Closed {
    /// Records that had waited for earlier ones, in order.
    pub records: Vec<Record>,
    /// The variants that never settled.
    pub unsettled: Vec<Range<u64>>,
    /// Of all that settled.
    pub counts: Counts,
}

impl Closed {
    /// Whether every expected variant settled.
    pub fn is_complete(&self) -> bool {
        self.unsettled.is_empty()
    }
}

impl Ledger {
    /// Empty books.
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes a variant known before it settles; with it all of lower number.
    pub fn expect(&mut self, seq: u64) {
        self.expected = self.expected.max(seq.saturating_add(1));
    }

    /// Enters an outcome and gives back every record whose turn it is now. A variant that was not
    /// expected is from now on.
    ///
    /// # Errors
    /// When the variant has settled before; nothing changes then.
    pub fn settle(&mut self, seq: u64, record: Record) -> Result<Vec<Record>, LedgerError> {
        if seq < self.next || self.waiting.contains_key(&seq) {
            return Err(LedgerError::SettledTwice(seq));
        }
        self.expect(seq);
        self.counts.add(&record);
        self.waiting.insert(seq, record);
        let mut ready = Vec::new();
        while let Some(record) = self.waiting.remove(&self.next) {
            ready.push(record);
            self.next += 1;
        }
        Ok(ready)
    }

    /// Of all that have settled so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// How many variants are known of and have not settled.
    pub fn unsettled(&self) -> u64 {
        self.expected - self.next - self.waiting.len() as u64
    }

    /// How many records wait for earlier ones.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Whether every expected variant has settled, and so every record was given back.
    pub fn is_settled(&self) -> bool {
        self.next == self.expected
    }

    /// Closes the books, complete or not: a run that is stopped writes what it has.
    pub fn finish(self) -> Closed {
        let Self { expected, next, waiting, counts } = self;
        let mut unsettled = Vec::new();
        let mut from = next;
        for &seq in waiting.keys() {
            unsettled.extend((from < seq).then_some(from..seq));
            from = seq + 1;
        }
        unsettled.extend((from < expected).then_some(from..expected));
        Closed { records: waiting.into_values().collect(), unsettled, counts }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::job::{ErrorCode, Format, Status};

    fn record(seq: u64) -> Record {
        let record = Record { bytes: Some(seq + 1), ..Record::new(seq / 2, seq.to_string(), "link", Format::Jpeg) };
        match seq % 5 {
            0 => record.failed(ErrorCode::PhotoMissing, "no such file"),
            1 => Record { status: Status::Skipped, ..record },
            2 => Record { status: Status::Reused, ..record },
            _ => record,
        }
    }

    fn counts(seqs: impl IntoIterator<Item = u64>) -> Counts {
        seqs.into_iter().fold(Counts::default(), |mut counts, seq| {
            counts.add(&record(seq));
            counts
        })
    }

    #[test]
    fn records_come_in_order_as_soon_as_they_can() {
        let mut ledger = Ledger::new();
        (0..4).for_each(|seq| ledger.expect(seq));
        assert_eq!(ledger.settle(2, record(2)), Ok(vec![]));
        assert_eq!((ledger.unsettled(), ledger.waiting(), ledger.is_settled()), (3, 1, false));
        assert_eq!(ledger.settle(0, record(0)), Ok(vec![record(0)]));
        assert_eq!(ledger.settle(1, record(1)), Ok(vec![record(1), record(2)]));
        assert!(!ledger.is_settled());
        assert_eq!(ledger.settle(3, record(3)), Ok(vec![record(3)]));
        assert!(ledger.is_settled());
        assert_eq!(ledger.finish(), Closed { records: vec![], unsettled: vec![], counts: counts(0..4) });
    }

    #[test]
    fn a_second_outcome_is_refused_and_not_counted() {
        let mut ledger = Ledger::new();
        ledger.settle(0, record(0)).unwrap();
        ledger.settle(2, record(2)).unwrap();
        for seq in [0, 2] {
            assert_eq!(ledger.settle(seq, record(3)), Err(LedgerError::SettledTwice(seq)));
        }
        assert_eq!(ledger.counts(), counts([0, 2]));
    }

    #[test]
    fn nothing_expected_is_all_settled() {
        assert!(Ledger::new().is_settled());
        assert!(Ledger::new().finish().is_complete());
    }

    proptest! {
        #[test]
        fn any_order_gives_the_same_manifest(
            order in (1..60_u64).prop_flat_map(|count| Just((0..count).collect::<Vec<_>>()).prop_shuffle()),
            settled in 0..60_usize,
            announced_early in any::<bool>(),
        ) {
            let mut ledger = Ledger::new();
            if announced_early {
                order.iter().for_each(|&seq| ledger.expect(seq));
            }
            let settled = &order[..settled.min(order.len())];
            let mut written = Vec::new();
            for (count, &seq) in (1..).zip(settled) {
                let was_waiting = ledger.waiting();
                let ready = ledger.settle(seq, record(seq)).unwrap();
                prop_assert_eq!(ledger.waiting() + ready.len(), was_waiting + 1, "none lost, none twice");
                written.extend(ready);
                prop_assert_eq!(&written, &(0..written.len() as u64).map(record).collect::<Vec<_>>());
                prop_assert_eq!(written.len() + ledger.waiting(), count);
                if announced_early {
                    prop_assert_eq!(ledger.unsettled(), (order.len() - count) as u64);
                    prop_assert_eq!(ledger.is_settled(), count == order.len());
                }
            }
            order.iter().for_each(|&seq| ledger.expect(seq));
            let closed = ledger.finish();
            written.extend(closed.records);
            let mut in_order = settled.to_vec();
            in_order.sort_unstable();
            prop_assert_eq!(written, in_order.iter().copied().map(record).collect::<Vec<_>>());
            prop_assert_eq!(closed.counts, counts(in_order));
            let mut unsettled = order[settled.len()..].to_vec();
            unsettled.sort_unstable();
            prop_assert_eq!(closed.unsettled.into_iter().flatten().collect::<Vec<_>>(), unsettled);
        }
    }
}
