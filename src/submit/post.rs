//! Jobs on their way: each is stored, then published, then confirmed; many at a time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, unbounded};
use tokio::runtime::Handle;

use super::SubmitError;
use crate::job::ObjectName;
use crate::pipeline::Stop;
use crate::queue::{JobMessage, Publisher, QueueError};
use crate::store::{Store, StoreError};

/// Jobs that wait for their confirm at a time.
const ON_THEIR_WAY: usize = 64;
/// How often a message is published that is not confirmed: an alarm of the broker may take a while to pass.
const ATTEMPTS: u32 = 20;
/// How long confirms are waited for after a stop: those that can come do so at once.
const LAST_CONFIRMS: Duration = Duration::from_secs(3);
/// How often one who waits looks whether he still should.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Where jobs are handed in.
pub struct Post<P> {
    store: Arc<dyn Store>,
    publisher: Arc<P>,
    runtime: Handle,
    lane: String,
    answers_in: Sender<Result<u64, SubmitError>>,
    answers: Receiver<Result<u64, SubmitError>>,
    on_their_way: usize,
    stop: Stop,
    /// When the stop was seen.
    stopped: Option<Instant>,
}

/// A job to be stored and published.
pub struct Parcel {
    /// Of the campaign.
    pub part: u64,
    /// Of the job.
    pub id: String,
    /// Where its message is stored.
    pub place: ObjectName,
    /// The message.
    pub body: Vec<u8>,
}

impl<P: Publisher> Post<P> {
    pub fn new(store: Arc<dyn Store>, publisher: Arc<P>, runtime: Handle, lane: &str, stop: Stop) -> Self {
        let (answers_in, answers) = unbounded();
        let lane = lane.to_owned();
        Self { store, publisher, runtime, lane, answers_in, answers, on_their_way: 0, stop, stopped: None }
    }

    /// Whether as many are on their way as may be: then [`Self::confirmed`] is to be asked first.
    pub fn is_full(&self) -> bool {
        self.on_their_way >= ON_THEIR_WAY
    }

    /// Stores a message and publishes it after that, so that whatever a worker has can be submitted again.
    pub fn send(&mut self, parcel: Parcel) {
        let Parcel { part, id, place, body } = parcel;
        self.on_their_way += 1;
        let (publisher, runtime, answers) =
            (Arc::clone(&self.publisher), self.runtime.clone(), self.answers_in.clone());
        let (lane, stop) = (self.lane.clone(), self.stop.clone());
        let then = move |stored: Result<_, StoreError>, body: Vec<u8>| match stored {
            Err(error) => drop(answers.send(Err(error.into()))),
            Ok(_) => {
                runtime.spawn(async move {
                    let message = JobMessage { message_id: id, lane, body };
                    let published = publish(&*publisher, message, &stop).await;
                    drop(answers.send(published.map(|()| part).map_err(SubmitError::from)));
                });
            }
        };
        self.store.put_then(&place, body, Box::new(then));
    }

    /// Waits for the next part that is confirmed. `None`: none is on its way, or a stop was requested and the confirms
    /// that are still out do not come.
    pub fn confirmed(&mut self) -> Option<Result<u64, SubmitError>> {
        while self.on_their_way > 0 {
            match self.answers.recv_timeout(LOOK_EVERY) {
                Ok(answer) => {
                    self.on_their_way -= 1;
                    return Some(answer);
                }
                Err(RecvTimeoutError::Disconnected) => unreachable!("a sender is held here"),
                Err(RecvTimeoutError::Timeout) if self.stop.is_requested() => {
                    if self.stopped.get_or_insert_with(Instant::now).elapsed() > LAST_CONFIRMS {
                        return None;
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
        None
    }
}

/// Until it is confirmed; not where there is no such lane.
async fn publish(publisher: &impl Publisher, message: JobMessage, stop: &Stop) -> Result<(), QueueError> {
    let mut attempt = 1;
    loop {
        match publisher.publish_job(message.clone()).await {
            Err(error @ (QueueError::Unreachable(_) | QueueError::NoConfirm(_)))
                if attempt < ATTEMPTS && !stop.is_requested() =>
            {
                tracing::warn!(%error, attempt, job_id = %message.message_id, "job is not published; trying again");
                tokio::time::sleep(Duration::from_secs(u64::from(attempt.min(5)))).await;
                attempt += 1;
            }
            published => return published,
        }
    }
}
