//! Jobs in, results out: a broker as a worker and a submitter see it.
//!
//! ```text
//!   submit ─ Publisher ─> lanes (queues, one for each urgency) ─ JobQueue ─> worker
//!                              │ reject                              │ results exchange, reply_to
//!                              └─> dead letters <── reason ──────────┘
//! ```
//!
//! A delivery is settled at most once, and only in the session (connection) that brought it: what a later session
//! says of an earlier one's tag is [`Settled::Stale`], and the job comes again.

mod memory;
pub mod rabbit;
mod turns;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

pub use memory::{MemoryBroker, MemoryLane, MemoryQueue};

/// A delivery's mark, by which it is settled. Of one session only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DeliveryTag {
    /// Counted from 1 for each connection that came to consume.
    pub session: u64,
    /// Unique within the session.
    pub tag: u64,
}

/// A message that asks for work.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// To settle it by.
    pub tag: DeliveryTag,
    /// As it was published.
    pub body: Arc<[u8]>,
    /// Which of the lanes it came by: an index into the configuration's list.
    pub lane: usize,
    /// Whether it was delivered before, to whomever.
    pub redelivered: bool,
}

/// What a queue tells a worker.
#[derive(Clone, Debug)]
pub enum QueueEvent {
    /// A session began: jobs come from now on.
    Up {
        /// Its number.
        session: u64,
    },
    /// A job.
    Delivery(Delivery),
    /// The session ended. Its deliveries will come again, here or elsewhere.
    Down {
        /// Its number.
        session: u64,
        /// Why.
        reason: String,
    },
    /// The broker is there, but it has given us no consumer for too long: the process had better end.
    Deaf {
        /// How long, and why.
        reason: String,
    },
}

/// What became of a settlement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// The broker has it.
    Done,
    /// The session is gone; the job comes again.
    Stale,
}

/// What is said of a job that is given up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeathNote {
    /// For scripts: `renderer_crash`, `not_a_job`, ...
    pub reason: String,
    /// For people. Holds no personal values and no secrets.
    pub message: String,
    /// How often it was tried by this worker.
    pub attempts: u32,
}

/// A result that is published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResultMessage {
    /// Stable: the same for a job and attempt, however often it is told. Consumers drop doubles by it.
    pub message_id: String,
    /// The campaign: the routing key.
    pub campaign: String,
    /// A queue that wants it besides.
    pub reply_to: Option<String>,
    /// JSON.
    pub body: Vec<u8>,
}

/// What the broker did with something that it has confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Routed {
    /// At least one queue has it.
    Queued,
    /// No queue wants it.
    Nowhere,
}

/// Why something could not be published. It may be tried again, unless it is said otherwise.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum QueueError {
    /// No connection, or it broke meanwhile.
    #[error("the broker cannot be reached: {0}")]
    Unreachable(String),
    /// No confirm in time: a memory or disk alarm, or a broker that stands still.
    #[error("the broker gave no confirm within {} s", .0.as_secs())]
    NoConfirm(Duration),
    /// The broker said no: a missing exchange, a right that we have not, a queue that is full.
    #[error("the broker refuses: {0}")]
    Refused(String),
}

/// The queue as a worker sees it. Reconnects by itself, for ever.
pub trait JobQueue: Send + Sync + 'static {
    /// The next event; `None` when the queue was closed. One caller only.
    fn next(&self) -> impl Future<Output = Option<QueueEvent>> + Send;

    /// The job is done.
    fn ack(&self, tag: DeliveryTag) -> impl Future<Output = Settled> + Send;

    /// Hands the job back: it is delivered again, to anybody.
    fn hand_back(&self, tag: DeliveryTag) -> impl Future<Output = Settled> + Send;

    /// Publishes the job, its body unchanged, to the dead letters with a note, waits for the confirm, then
    /// acknowledges it.
    ///
    /// # Errors
    /// When it is not confirmed: the job is still ours.
    fn bury(&self, delivery: &Delivery, note: &DeathNote) -> impl Future<Output = Result<Settled, QueueError>> + Send;

    /// Publishes a result and waits for the confirm.
    ///
    /// # Errors
    /// When it is not confirmed.
    fn publish_result(&self, result: &ResultMessage) -> impl Future<Output = Result<Routed, QueueError>> + Send;

    /// Takes no more jobs; those at hand can still be settled.
    fn stop_consuming(&self) -> impl Future<Output = ()> + Send;

    /// Ends the session; what is not settled is delivered again elsewhere.
    fn close(&self) -> impl Future<Output = ()> + Send;
}

/// A job to be published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobMessage {
    /// The job's id.
    pub message_id: String,
    /// The lane's name.
    pub lane: String,
    /// JSON.
    pub body: Vec<u8>,
}

/// A dead letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// Which it is among those that were listed.
    pub number: u64,
    /// The job's id, where the message is a job.
    pub job: Option<String>,
    /// The lane that it came from.
    pub lane: String,
    /// Of the note; the broker's own word where a broker buried it.
    pub reason: String,
    /// Of the note.
    pub message: String,
    /// Seconds since 1970, where known.
    pub buried_at: Option<u64>,
    /// As it was published.
    pub body: Arc<[u8]>,
}

/// The id of a message that is a job, of whatever version.
fn job_id(body: &[u8]) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct AnyJob {
        id: String,
    }
    serde_json::from_slice(body).ok().map(|AnyJob { id }| id)
}

/// What is done with dead letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeadAction {
    /// Only looked at: it stays.
    Keep,
    /// Back to its lane.
    Requeue,
    /// Thrown away.
    Drop,
}

/// The queue as those see it who submit and look after jobs.
pub trait Publisher: Send + Sync + 'static {
    /// Publishes a job and waits for the confirm. Many calls may wait at a time; confirms are pipelined. A lane
    /// that does not exist is an error.
    ///
    /// # Errors
    /// When it is not confirmed by a queue.
    fn publish_job(&self, job: JobMessage) -> impl Future<Output = Result<(), QueueError>> + Send;

    /// Results of a campaign from now on, as JSON. Survives reconnections; results may be missed meanwhile and come
    /// twice.
    ///
    /// # Errors
    /// When there is no subscription.
    fn results(
        &self,
        campaign: &str,
    ) -> impl Future<Output = Result<tokio::sync::mpsc::Receiver<Vec<u8>>, QueueError>> + Send;

    /// Goes once through the dead letters that are there, at most `limit`, and does with each what `decide` says.
    /// Gives how many there were.
    ///
    /// # Errors
    /// When the broker cannot be asked. What was decided before is done.
    fn dead_letters(
        &self,
        limit: u64,
        decide: &mut (dyn FnMut(&DeadLetter) -> DeadAction + Send),
    ) -> impl Future<Output = Result<u64, QueueError>> + Send;

    /// Messages that wait in each lane, by name, and in the dead letters (the last).
    ///
    /// # Errors
    /// When the broker cannot be asked.
    fn depths(&self) -> impl Future<Output = Result<Vec<(String, u64)>, QueueError>> + Send;
}
