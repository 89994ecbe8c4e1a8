//! Rows become jobs, and jobs messages: each is stored, then published; many are on their way at a time.

use std::collections::BTreeSet;
use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender, unbounded};
use serde_json::{Map, Value};
use tokio::runtime::Handle;

use super::{SubmitError, fields};
use crate::job::{CampaignFile, CampaignPlaces, Job, ObjectName, Row};
use crate::queue::{JobMessage, Publisher, QueueError};
use crate::store::{Store, StoreError};

/// Jobs that wait for their confirm at a time.
const ON_THEIR_WAY: usize = 64;
/// Jobs between two writings of `campaign.json`.
const REWRITE_EVERY: u64 = 200;
/// How often a message is published that is not confirmed: an alarm of the broker may take a while to pass.
const ATTEMPTS: u32 = 20;

/// Makes jobs of rows.
pub struct Line<P> {
    base: Job,
    file: CampaignFile,
    /// What an earlier submission had done: its parts, and the hash of their rows.
    earlier: Option<(u64, String)>,
    /// Jobs that have ended, whoever published them.
    ended: BTreeSet<String>,
    rows: Vec<Map<String, Value>>,
    first_row: u64,
    hasher: blake3::Hasher,
    store: Arc<dyn Store>,
    publisher: Arc<P>,
    runtime: Handle,
    answers_in: Sender<Result<u64, SubmitError>>,
    answers: Receiver<Result<u64, SubmitError>>,
    on_their_way: usize,
    /// Confirmed parts beyond `file.parts`.
    confirmed: BTreeSet<u64>,
    next_part: u64,
    published: u64,
    /// After each part: rows and their hash.
    marks: std::collections::BTreeMap<u64, (u64, String)>,
    written: u64,
}

/// What came of it.
pub struct LineEnd {
    pub file: CampaignFile,
    pub published: u64,
}

impl<P: Publisher> Line<P> {
    pub fn new(
        base: Job,
        file: CampaignFile,
        earlier: Option<CampaignFile>,
        store: Arc<dyn Store>,
        publisher: Arc<P>,
        runtime: Handle,
    ) -> Result<Self, SubmitError> {
        let places = CampaignPlaces::new(&base.campaign);
        let ended = match &earlier {
            None => BTreeSet::new(),
            Some(_) => {
                let names = store.list(&places.prefix())?;
                let id = |name: &String| {
                    Some(name.strip_prefix(&places.prefix())?.strip_suffix(".result.json")?.to_owned())
                };
                names.iter().filter_map(id).collect()
            }
        };
        let (answers_in, answers) = unbounded();
        let line = Self {
            earlier: earlier.map(|earlier| (earlier.parts, earlier.rows_hash)),
            ended,
            base,
            file,
            rows: Vec::new(),
            first_row: 0,
            hasher: blake3::Hasher::new(),
            store,
            publisher,
            runtime,
            answers_in,
            answers,
            on_their_way: 0,
            confirmed: BTreeSet::new(),
            next_part: 0,
            published: 0,
            marks: Default::default(),
            written: 0,
        };
        if line.earlier.is_none() {
            line.write()?;
        }
        Ok(line)
    }

    /// Rows so far.
    pub fn rows(&self) -> u64 {
        self.first_row + self.rows.len() as u64
    }

    pub fn row(&mut self, row: Row) -> Result<(), SubmitError> {
        self.add(fields(&row))
    }

    pub fn broken_row(&mut self) -> Result<(), SubmitError> {
        self.add(Map::new())
    }

    fn add(&mut self, fields: Map<String, Value>) -> Result<(), SubmitError> {
        let text = serde_json::to_vec(&fields).expect("it was JSON");
        self.hasher.update(&(text.len() as u64).to_le_bytes()).update(&text);
        self.rows.push(fields);
        if self.rows.len() as u64 == self.file.rows_per_job { self.close() } else { Ok(()) }
    }

    /// The last job; then everything is waited for.
    pub fn end(mut self, is_complete: bool) -> Result<LineEnd, SubmitError> {
        // A job that is not full is the last one: not where the rows were cut short.
        if is_complete && !self.rows.is_empty() {
            self.close()?;
        }
        while self.on_their_way > 0 {
            self.wait()?;
        }
        if let Some((parts, _)) = &self.earlier
            && is_complete
            && *parts > self.file.parts
        {
            return Err(other_rows(&self.file.campaign));
        }
        self.file.is_complete = is_complete;
        self.write()?;
        Ok(LineEnd { file: self.file, published: self.published })
    }

    fn close(&mut self) -> Result<(), SubmitError> {
        let part = self.next_part;
        self.next_part += 1;
        let rows = std::mem::take(&mut self.rows);
        let first_row = self.first_row;
        self.first_row += rows.len() as u64;
        let rows_hash = format!("blake3:{}", self.hasher.clone().finalize().to_hex());
        self.marks.insert(part, (self.first_row, rows_hash.clone()));
        if let Some((parts, hash)) = &self.earlier {
            if part + 1 == *parts && *hash != rows_hash {
                return Err(other_rows(&self.file.campaign));
            }
            if part < *parts {
                return self.confirm(part);
            }
        }
        let id = format!("{}-{part}", self.base.campaign);
        if self.ended.contains(&id) {
            return self.confirm(part);
        }
        while self.on_their_way >= ON_THEIR_WAY {
            self.wait()?;
        }
        let job = Job { id: id.clone(), part, rows: Some(rows), first_row, ..self.base.clone() };
        let body = serde_json::to_vec(&job).expect("a job is strings and numbers");
        let place = CampaignPlaces::new(&job.campaign).job(&id);
        self.on_their_way += 1;
        self.published += 1;
        let lane = self.file.lane.clone();
        let answers = self.answers_in.clone();
        let send = Sent { part, lane, id, publisher: Arc::clone(&self.publisher), runtime: self.runtime.clone(), answers };
        store_and_publish(&self.store, &place, body, send);
        Ok(())
    }

    fn wait(&mut self) -> Result<(), SubmitError> {
        let part = self.answers.recv().expect("we hold a sender ourselves")?;
        self.on_their_way -= 1;
        self.confirm(part)
    }

    fn confirm(&mut self, part: u64) -> Result<(), SubmitError> {
        self.confirmed.insert(part);
        while self.confirmed.remove(&self.file.parts) {
            let (rows, hash) = self.marks.remove(&self.file.parts).expect("each part leaves a mark");
            (self.file.rows, self.file.rows_hash) = (rows, hash);
            self.file.parts += 1;
        }
        let done_before = self.earlier.as_ref().map_or(0, |(parts, _)| *parts);
        if self.file.parts >= self.written.max(done_before) + REWRITE_EVERY {
            self.written = self.file.parts;
            self.write()?;
        }
        Ok(())
    }

    fn write(&self) -> Result<(), StoreError> {
        let text = serde_json::to_vec_pretty(&self.file).expect("strings and numbers");
        self.store.put(&CampaignPlaces::new(&self.file.campaign).campaign(), &text).map(drop)
    }
}

/// What is needed to publish a job once it is stored.
pub(super) struct Sent<P> {
    pub part: u64,
    pub lane: String,
    pub id: String,
    pub publisher: Arc<P>,
    pub runtime: Handle,
    pub answers: Sender<Result<u64, SubmitError>>,
}

/// Stores a job's message, then publishes it, then says so.
pub(super) fn store_and_publish<P: Publisher>(store: &Arc<dyn Store>, place: &ObjectName, body: Vec<u8>, send: Sent<P>) {
    let Sent { part, lane, id, publisher, runtime, answers } = send;
    let stored = move |stored: Result<_, StoreError>, body: Vec<u8>| match stored {
        Err(error) => drop(answers.send(Err(error.into()))),
        Ok(_) => {
            runtime.spawn(async move {
                let message = JobMessage { message_id: id, lane, body };
                let published = publish(&*publisher, message).await;
                drop(answers.send(published.map(|()| part).map_err(SubmitError::from)));
            });
        }
    };
    store.put_then(place, body, Box::new(stored));
}

/// Until it is confirmed; not where there is no such lane.
async fn publish(publisher: &impl Publisher, message: JobMessage) -> Result<(), QueueError> {
    let mut attempt = 1;
    loop {
        match publisher.publish_job(message.clone()).await {
            Err(error @ (QueueError::Unreachable(_) | QueueError::NoConfirm(_))) if attempt < ATTEMPTS => {
                tracing::warn!(%error, attempt, "job is not published; trying again");
                tokio::time::sleep(std::time::Duration::from_secs(u64::from(attempt.min(5)))).await;
                attempt += 1;
            }
            published => return published,
        }
    }
}

fn other_rows(campaign: &str) -> SubmitError {
    SubmitError::Other(format!(
        "campaign {campaign} is there already, with other rows: choose another --campaign, or give the same rows to go on"
    ))
}
