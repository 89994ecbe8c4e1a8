//! Rows become jobs, part by part, and `campaign.json` says how far that is.
//!
//! A submission that goes on where another was cut off gives the same rows again: parts that were confirmed are only
//! compared, by the hash of all rows up to them, before anything new is published.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Map, Value};

use super::SubmitError;
use super::place::{JobObject, job_object};
use super::post::{Parcel, Post};
use crate::job::{CampaignFile, CampaignPlaces, Job, ObjectName, RowError, UnreadableRow};
use crate::queue::Publisher;
use crate::store::{Store, StoreError};

/// Jobs between two writings of `campaign.json`.
const REWRITE_EVERY: u64 = 200;
/// Rows of one job in bytes, about: brokers and workers refuse very long messages.
const MAX_JOB_BYTES: usize = 4 << 20;

/// Makes jobs of rows.
pub struct Line<P> {
    base: Job,
    file: CampaignFile,
    places: CampaignPlaces,
    store: Arc<dyn Store>,
    post: Post<P>,
    earlier: Option<Earlier>,
    rows: Vec<Map<String, Value>>,
    numbers: Vec<u64>,
    unreadable: Vec<UnreadableRow>,
    bytes: usize,
    /// Of the job at hand.
    first_row: u64,
    next_row: u64,
    next_part: u64,
    hasher: blake3::Hasher,
    /// After each part that is on its way: rows and their hash.
    marks: BTreeMap<u64, (u64, String)>,
    /// Confirmed parts that wait for a lower one.
    confirmed: BTreeSet<u64>,
    /// Parts when `campaign.json` was written last.
    written: u64,
    published: u64,
}

/// What an earlier submission did.
struct Earlier {
    file: CampaignFile,
    /// Jobs whose message is stored, and those that have ended, by part.
    stored: BTreeSet<u64>,
    ended: BTreeSet<u64>,
}

/// How far it came.
pub struct LineEnd {
    /// As `campaign.json` has it.
    pub file: CampaignFile,
    /// Jobs that were published now.
    pub published: u64,
}

impl<P: Publisher> Line<P> {
    /// `base` is a job without rows, `file` a campaign without parts. A new campaign is written down before its first
    /// job.
    pub fn new(
        base: Job,
        file: CampaignFile,
        earlier: Option<CampaignFile>,
        store: Arc<dyn Store>,
        post: Post<P>,
    ) -> Result<Self, SubmitError> {
        let places = CampaignPlaces::new(&base.campaign);
        let earlier = earlier.map(|file| Earlier::read(file, &places, &store)).transpose()?;
        let line = Self {
            written: earlier.as_ref().map_or(0, |earlier| earlier.file.parts),
            base,
            file,
            places,
            store,
            post,
            earlier,
            rows: Vec::new(),
            numbers: Vec::new(),
            unreadable: Vec::new(),
            bytes: 0,
            first_row: 0,
            next_row: 0,
            next_part: 0,
            hasher: blake3::Hasher::new(),
            marks: BTreeMap::new(),
            confirmed: BTreeSet::new(),
            published: 0,
        };
        if line.earlier.is_none() {
            line.write()?;
        }
        Ok(line)
    }

    /// Rows so far.
    pub fn rows(&self) -> u64 {
        self.next_row
    }

    /// Whether jobs were published now, and confirmed.
    pub fn has_published(&self) -> bool {
        self.published > 0
    }

    /// The next row.
    pub fn row(&mut self, fields: Map<String, Value>) -> Result<(), SubmitError> {
        let text = serde_json::to_vec(&fields).expect("it was JSON");
        self.hash(b'r', &text);
        self.rows.push(fields);
        self.numbers.push(self.next_row);
        self.count(text.len())
    }

    /// The next row, which cannot be read.
    pub fn unreadable_row(&mut self, error: &RowError) -> Result<(), SubmitError> {
        let RowError { row: _, line, column, kind } = error;
        let message = match column {
            Some(column) => format!("column {column}: {kind}"),
            None => kind.to_string(),
        };
        self.hash(b'u', message.as_bytes());
        let bytes = message.len();
        self.unreadable.push(UnreadableRow { row: self.next_row, line: *line, message });
        self.count(bytes)
    }

    fn hash(&mut self, kind: u8, text: &[u8]) {
        self.hasher.update(&[kind]).update(&(text.len() as u64).to_le_bytes()).update(text);
    }

    fn count(&mut self, bytes: usize) -> Result<(), SubmitError> {
        self.next_row += 1;
        self.bytes += bytes;
        let is_full = self.next_row - self.first_row == self.file.rows_per_job || self.bytes >= MAX_JOB_BYTES;
        if is_full { self.close() } else { Ok(()) }
    }

    /// The rows have ended: publishes the last job and waits for every confirm. Where they were cut short, what is
    /// confirmed is written down.
    pub fn finish(&mut self, is_all: bool) -> Result<(), SubmitError> {
        // A job that is not full is the last one: not where the rows were cut short.
        if is_all && self.next_row > self.first_row {
            self.close()?;
        }
        while let Some(part) = self.post.confirmed() {
            self.arrived(part?)?;
        }
        let is_all = is_all && self.file.parts == self.next_part;
        if is_all && self.earlier.as_ref().is_some_and(|earlier| earlier.file.parts > self.file.parts) {
            return Err(self.other_rows());
        }
        self.file.is_complete = is_all;
        Ok(self.write_if_further()?)
    }

    /// After an error: what was confirmed is written down, so that the next submission goes on from there.
    pub fn give_up(&mut self) {
        while let Some(part) = self.post.confirmed() {
            drop(part.map(|part| self.arrived(part)));
        }
        if let Err(error) = self.write_if_further() {
            tracing::warn!(%error, "how far the submission came is not written down");
        }
    }

    fn close(&mut self) -> Result<(), SubmitError> {
        let part = self.next_part;
        self.next_part += 1;
        let job = Job {
            id: format!("{}-{part}", self.base.campaign),
            part,
            rows: Some(std::mem::take(&mut self.rows)),
            first_row: self.first_row,
            row_numbers: (!self.unreadable.is_empty()).then(|| self.numbers.clone()),
            unreadable: std::mem::take(&mut self.unreadable),
            ..self.base.clone()
        };
        self.numbers.clear();
        self.bytes = 0;
        self.first_row = self.next_row;
        let rows_hash = format!("blake3:{}", self.hasher.finalize().to_hex());
        let (place, id) = (self.places.job(&job.id), job.id.clone());
        let body = serde_json::to_vec(&job).expect("a job is strings and numbers");
        let is_done = self.was_done(part, &rows_hash, &place, &body)?;
        self.marks.insert(part, (self.next_row, rows_hash));
        if is_done {
            return self.confirm(part);
        }
        while self.post.is_full() {
            match self.post.confirmed() {
                Some(part) => self.arrived(part?)?,
                // Told to stop: the rows end here.
                None => return Ok(()),
            }
        }
        self.post.send(Parcel { part, id, place, body });
        Ok(())
    }

    /// Whether an earlier submission published this part, or a worker has even ended it.
    fn was_done(&self, part: u64, rows_hash: &str, place: &ObjectName, body: &[u8]) -> Result<bool, SubmitError> {
        let Some(Earlier { file, stored, ended }) = &self.earlier else { return Ok(false) };
        if part < file.parts {
            let differs = part + 1 == file.parts && file.rows_hash != *rows_hash;
            return if differs { Err(self.other_rows()) } else { Ok(true) };
        }
        // Stored, and perhaps published, before `campaign.json` said so: it goes out again as it was, or not at all.
        let differs = stored.contains(&part) && self.store.get(place)?.is_some_and(|stored| stored != body);
        match differs || file.is_complete {
            true => Err(self.other_rows()),
            false => Ok(ended.contains(&part)),
        }
    }

    /// A queue has it.
    fn arrived(&mut self, part: u64) -> Result<(), SubmitError> {
        self.published += 1;
        self.confirm(part)
    }

    fn confirm(&mut self, part: u64) -> Result<(), SubmitError> {
        self.confirmed.insert(part);
        while self.confirmed.remove(&self.file.parts) {
            let (rows, hash) = self.marks.remove(&self.file.parts).expect("each part leaves a mark");
            (self.file.rows, self.file.rows_hash) = (rows, hash);
            self.file.parts += 1;
        }
        if self.file.parts >= self.written + REWRITE_EVERY {
            self.write()?;
            self.written = self.file.parts;
        }
        Ok(())
    }

    /// What an earlier submission wrote stays where this one did not come as far.
    fn write_if_further(&self) -> Result<(), StoreError> {
        let is_further = self.earlier.as_ref().is_none_or(|Earlier { file, .. }| {
            self.file.parts > file.parts
                || (self.file.parts == file.parts && self.file.is_complete && !file.is_complete)
        });
        if is_further { self.write() } else { Ok(()) }
    }

    fn write(&self) -> Result<(), StoreError> {
        let text = serde_json::to_vec_pretty(&self.file).expect("strings and numbers");
        self.store.put(&self.places.campaign(), &text).map(drop)
    }

    /// The further one of what this and an earlier submission came to.
    pub fn reached(self) -> LineEnd {
        let Self { file, earlier, published, .. } = self;
        let file = match earlier {
            Some(earlier) if earlier.file.parts > file.parts => earlier.file,
            _ => file,
        };
        LineEnd { file, published }
    }

    fn other_rows(&self) -> SubmitError {
        SubmitError::Other(format!(
            "campaign {} is there already, with other rows: choose another --campaign, or give the same rows to go on",
            self.base.campaign
        ))
    }
}

impl Earlier {
    fn read(file: CampaignFile, places: &CampaignPlaces, store: &Arc<dyn Store>) -> Result<Self, StoreError> {
        let (mut stored, mut ended) = (BTreeSet::new(), BTreeSet::new());
        for name in store.list(&places.prefix())? {
            match job_object(places, &file.campaign, &name) {
                Some((part, _, JobObject::Message)) => stored.insert(part),
                Some((part, _, JobObject::Manifest | JobObject::Result)) => ended.insert(part),
                None => false,
            };
        }
        Ok(Self { file, stored, ended })
    }
}
