//! What goes into the books and what comes out.

use crate::job::Record;

/// A job's place in the books. Never used twice in a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slot(pub u64);

/// What a delivery turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivered {
    /// A job that is not held yet: recall what earlier attempts left of it.
    New(Slot),
    /// A job that is held: it takes the new delivery over, and both are settled together.
    Known(Slot),
    /// Done before, and not acknowledged: acknowledge it now.
    Done,
    /// Another job of this id is held: bury it.
    Conflict,
}

/// What earlier attempts left of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recalled {
    /// Records of objects that are there as they were stored.
    Kept(Vec<Record>),
    /// The campaign was called off.
    Cancelled,
}

/// Whose fault something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// The job can never be done.
    OfTheJob,
    /// Something that the job names cannot be had just now: tried a few times.
    OfItsSource,
    /// The destination takes nothing just now: tried for ever, and not counted against the job.
    OfTheStore,
}

/// How a renderer died.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Death {
    /// It ended by itself: a signal, an abort, an exit.
    Crash,
    /// It did nothing for too long and was killed.
    Hang,
    /// It used too much memory and was killed.
    Memory,
    /// Its device was lost and no new one was to be had.
    DeviceLost,
}

impl Death {
    /// The reason that a dead letter gives.
    pub fn code(self) -> &'static str {
        match self {
            Self::Crash => "renderer_crash",
            Self::Hang => "renderer_hang",
            Self::Memory => "renderer_out_of_memory",
            Self::DeviceLost => "renderer_device_lost",
        }
    }
}

/// What is to be done now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action<T> {
    /// Read what earlier attempts left.
    Recall(Slot),
    /// Hand it to the renderer.
    Render(Slot),
    /// Store the records so far.
    Checkpoint(Slot),
    /// Store the manifest.
    StoreManifest(Slot),
    /// Publish the result.
    Tell(Slot),
    /// Acknowledge these deliveries; the job's id and digest for [`super::Farm::ack_was_stale`].
    Ack(Slot, Vec<T>, String, [u8; 32]),
    /// Dead-letter it.
    Bury {
        /// The job.
        slot: Slot,
        /// For scripts.
        code: String,
        /// For people.
        message: String,
        /// How often it was tried.
        attempts: u32,
    },
    /// Store these records, if any, as a checkpoint, then give these deliveries back to the broker.
    HandBack(Slot, Vec<T>, Vec<Record>),
    /// The job is not held any more: the renderer may stop with it.
    Forget(Slot),
}

/// What holds for every job.
#[derive(Clone, Debug)]
pub struct FarmRules {
    /// How often each lane has its turn, by lane.
    pub lane_weights: Vec<u32>,
    /// Records between two checkpoints.
    pub checkpoint_variants: u32,
    /// A job is handed back when it was held for this long.
    pub hold_ms: u64,
    /// How often a job is tried whose template or data cannot be had.
    pub source_attempts: u32,
    /// The first rest after a fault; each further one is twice as long.
    pub first_rest_ms: u64,
    /// The longest rest.
    pub longest_rest_ms: u64,
}

impl FarmRules {
    /// How long a job rests after its `faults`-th fault.
    pub(super) fn rest_ms(&self, faults: u32) -> u64 {
        let doubled = self.first_rest_ms.saturating_mul(1 << faults.saturating_sub(1).min(20));
        doubled.min(self.longest_rest_ms)
    }
}

/// Deliveries by what became of them. At rest, `received` is the sum of the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FarmCounts {
    /// Came.
    pub received: u64,
    /// Done.
    pub acknowledged: u64,
    /// Dead-lettered.
    pub buried: u64,
    /// Given back, or taken back by a broker that lost us.
    pub handed_back: u64,
}
