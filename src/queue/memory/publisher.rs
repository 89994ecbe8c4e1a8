//! A submitter's side of the broker in memory.

use tokio::sync::mpsc;

use super::super::{DeadAction, DeadLetter, JobMessage, Publisher, QueueError};
use super::{MemoryBroker, Message, State};

/// Results that may wait for their reader.
const RESULTS_WAITING: usize = 1024;

impl State {
    fn enqueue(&mut self, lane: &str, id: String, body: std::sync::Arc<[u8]>) -> Result<(), QueueError> {
        let order = self.count();
        let lane = self.lane(lane).ok_or_else(|| QueueError::Refused(format!("there is no lane \"{lane}\"")))?;
        lane.ready.push_back(Message { order, id, body, deliveries: 0 });
        Ok(())
    }
}

impl Publisher for MemoryBroker {
    async fn publish_job(&self, job: JobMessage) -> Result<(), QueueError> {
        self.publish(|state| state.enqueue(&job.lane, job.message_id.clone(), job.body.as_slice().into())).await
    }

    async fn results(&self, campaign: &str) -> Result<mpsc::Receiver<Vec<u8>>, QueueError> {
        let (sender, receiver) = mpsc::channel(RESULTS_WAITING);
        self.change(|state| match &state.unreachable {
            Some(reason) => Err(QueueError::Unreachable(reason.clone())),
            None => {
                state.subscriptions.push((campaign.to_owned(), sender));
                Ok(receiver)
            }
        })
    }

    async fn dead_letters(
        &self,
        limit: u64,
        decide: &mut (dyn FnMut(&DeadLetter) -> DeadAction + Send),
    ) -> Result<u64, QueueError> {
        let letters = self.change(|state| match &state.unreachable {
            Some(reason) => Err(QueueError::Unreachable(reason.clone())),
            None => {
                let count = usize::try_from(limit).unwrap_or(usize::MAX).min(state.dead.len());
                Ok(state.dead.drain(..count).collect::<Vec<_>>())
            }
        })?;
        let count = letters.len() as u64;
        let mut kept = Vec::new();
        let mut outcome = Ok(count);
        for (number, (mut letter, message)) in (1..).zip(letters) {
            letter.number = number;
            // After a failure nobody is asked any more: the others stay.
            let action = if outcome.is_ok() { decide(&letter) } else { DeadAction::Keep };
            let requeued = match action {
                DeadAction::Keep => Err(None),
                DeadAction::Drop => Ok(()),
                DeadAction::Requeue => {
                    let (id, body) = (&message.id, &message.body);
                    self.publish(|state| state.enqueue(&letter.lane, id.clone(), body.clone())).await.map_err(Some)
                }
            };
            if let Err(error) = requeued {
                kept.push((letter, message));
                outcome = error.map_or(outcome, Err);
            }
        }
        self.change(|state| drop(state.dead.splice(..0, kept)));
        outcome
    }

    async fn depths(&self) -> Result<Vec<(String, u64)>, QueueError> {
        let state = self.state();
        if let Some(reason) = &state.unreachable {
            return Err(QueueError::Unreachable(reason.clone()));
        }
        let lanes = state.lanes.iter().map(|lane| (lane.is.name.clone(), lane.ready.len() as u64));
        Ok(lanes.chain([("dead".to_owned(), state.dead.len() as u64)]).collect())
    }
}
