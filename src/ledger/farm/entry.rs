//! One job in the books.

use std::collections::BTreeMap;

use crate::job::{Counts, ErrorCode, Record, Status};

/// How far a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// What earlier attempts left is being read.
    Recalling,
    /// Waits for the renderer.
    Ready,
    /// The renderer has it.
    Rendering {
        /// And no other: it is under suspicion.
        alone: bool,
    },
    /// A fault that may pass: it is tried again later.
    Resting {
        /// When.
        until_ms: u64,
        /// Whether what earlier attempts left must be read first.
        recall: bool,
    },
    /// Its manifest is being stored.
    Storing,
    /// Its result is being published.
    Telling,
    /// It is being dead-lettered.
    Burying,
}

/// A job that is held.
#[derive(Debug)]
pub(super) struct Entry<T> {
    pub id: String,
    /// Of the message.
    pub digest: [u8; 32],
    pub lane: usize,
    /// Every delivery of it that is not settled.
    pub tags: Vec<T>,
    pub phase: Phase,
    /// When the last delivery came.
    pub delivered_ms: u64,
    /// Variants by number.
    pub records: BTreeMap<u64, Record>,
    /// Objects that earlier attempts left, verified.
    pub kept: Vec<Record>,
    pub template_hash: Option<String>,
    /// Records since the last checkpoint.
    pub unsaved: u32,
    /// How often the renderer died while it had the job.
    pub deaths: u32,
    /// Faults that might have passed.
    pub faults: u32,
    /// Of these, those of what the job names.
    pub source_faults: u32,
    /// To be tried alone.
    pub is_suspect: bool,
    pub is_cancelled: bool,
}

impl<T> Entry<T> {
    pub fn new(id: &str, digest: [u8; 32], lane: usize, tag: T, now_ms: u64) -> Self {
        Self {
            id: id.to_owned(),
            digest,
            lane,
            tags: vec![tag],
            phase: Phase::Recalling,
            delivered_ms: now_ms,
            records: BTreeMap::new(),
            kept: Vec::new(),
            template_hash: None,
            unsaved: 0,
            deaths: 0,
            faults: 0,
            source_faults: 0,
            is_suspect: false,
            is_cancelled: false,
        }
    }

    pub fn held(&self) -> Held<'_> {
        Held {
            phase: self.phase,
            lane: self.lane,
            is_cancelled: self.is_cancelled,
            template_hash: self.template_hash.as_deref(),
            records: &self.records,
            kept: &self.kept,
        }
    }
}

/// What may be known of a job from outside.
#[derive(Clone, Copy, Debug)]
pub struct Held<'e> {
    /// How far it is.
    pub phase: Phase,
    /// Where it came from.
    pub lane: usize,
    /// Whether its campaign was called off.
    pub is_cancelled: bool,
    /// Of the template that it was rendered with, when it was.
    pub template_hash: Option<&'e str>,
    records: &'e BTreeMap<u64, Record>,
    kept: &'e [Record],
}

impl Held<'_> {
    /// The records so far, in the order of the rows.
    pub fn records(&self) -> impl Iterator<Item = &Record> {
        self.records.values()
    }

    /// Objects that need not be made again: what this worker and earlier attempts have stored.
    pub fn stored(&self) -> impl Iterator<Item = &Record> {
        let is_stored = |record: &&Record| matches!(record.status, Status::Ok | Status::Reused);
        self.records.values().chain(self.kept).filter(is_stored)
    }

    /// How the variants ended.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        self.records().for_each(|record| counts.add(record));
        counts
    }

    /// Variants that failed, by code.
    pub fn failures(&self) -> BTreeMap<ErrorCode, u64> {
        let mut failures = BTreeMap::new();
        for error in self.records().filter_map(|record| record.error.as_ref()) {
            *failures.entry(error.code).or_default() += 1;
        }
        failures
    }
}
