//! A worker's side of the broker in memory.

use std::sync::Arc;

use super::super::{
    DeathNote, Delivery, DeliveryTag, JobQueue, QueueError, QueueEvent, ResultMessage, Routed, Settled,
};
use super::{MemoryBroker, Message, State};

/// One worker's connection to a [`MemoryBroker`]. Clones are handles of the same one.
#[derive(Clone, Debug)]
pub struct MemoryQueue {
    broker: MemoryBroker,
    number: u64,
}

impl MemoryQueue {
    pub(super) fn new(broker: MemoryBroker, number: u64) -> Self {
        Self { broker, number }
    }

    /// Takes an unsettled job out of the worker's hands; `None` where the session or the job is no longer there.
    fn settle(&self, tag: DeliveryTag, then: impl FnOnce(&mut State, usize, Message)) -> Settled {
        self.broker.change(|state| {
            let worker = state.workers.get_mut(&self.number).expect("workers stay");
            let is_alive = worker.is_connected && worker.session == tag.session;
            match worker.unsettled.remove(&tag.tag).filter(|_| is_alive) {
                Some((lane, message)) => {
                    then(state, lane, message);
                    Settled::Done
                }
                None => Settled::Stale,
            }
        })
    }

    fn has(&self, tag: DeliveryTag) -> bool {
        let state = self.broker.state();
        let worker = &state.workers[&self.number];
        worker.session == tag.session && worker.unsettled.contains_key(&tag.tag)
    }
}

impl State {
    /// The next event of a worker: what happened first, then jobs, by the weights of their lanes.
    fn next_event(&mut self, number: u64) -> Option<Option<QueueEvent>> {
        let tag = self.count();
        let worker = self.workers.get_mut(&number).expect("workers stay");
        if let Some(event) = worker.events.pop_front() {
            return Some(Some(event));
        }
        if worker.is_closed {
            return Some(None);
        }
        if !worker.is_connected || !worker.is_consuming {
            return None;
        }
        let mut room: Vec<usize> = self.lanes.iter().map(|lane| lane.is.prefetch).collect();
        for (lane, _) in worker.unsettled.values() {
            room[*lane] = room[*lane].saturating_sub(1);
        }
        let lane = worker.turns.pick(|lane| room[lane] > 0 && !self.lanes[lane].ready.is_empty())?;
        let mut message = self.lanes[lane].ready.pop_front()?;
        message.deliveries += 1;
        let delivery = Delivery {
            tag: DeliveryTag { session: worker.session, tag },
            body: Arc::clone(&message.body),
            lane,
            redelivered: message.deliveries > 1,
        };
        worker.unsettled.insert(tag, (lane, message));
        Some(Some(QueueEvent::Delivery(delivery)))
    }
}

impl JobQueue for MemoryQueue {
    async fn next(&self) -> Option<QueueEvent> {
        self.broker.until(|state| state.next_event(self.number)).await
    }

    async fn ack(&self, tag: DeliveryTag) -> Settled {
        self.settle(tag, |_, _, _| ())
    }

    async fn hand_back(&self, tag: DeliveryTag) -> Settled {
        self.settle(tag, State::give_back)
    }

    async fn bury(&self, delivery: &Delivery, note: &DeathNote) -> Result<Settled, QueueError> {
        if !self.has(delivery.tag) {
            return Ok(Settled::Stale);
        }
        self.broker
            .publish(|state| {
                let Some((lane, message)) = state.workers[&self.number].unsettled.get(&delivery.tag.tag).cloned()
                else {
                    return Ok(());
                };
                state.bury(lane, message, &note.reason, &note.message);
                Ok(())
            })
            .await?;
        Ok(self.ack(delivery.tag).await)
    }

    async fn publish_result(&self, result: &ResultMessage) -> Result<Routed, QueueError> {
        self.broker
            .publish(|state| {
                state.results.push(result.clone());
                state.subscriptions.retain(|(_, subscriber)| !subscriber.is_closed());
                let mut routed = Routed::Nowhere;
                for (campaign, subscriber) in &state.subscriptions {
                    if *campaign == result.campaign {
                        // A subscriber that does not keep up misses results, as the contract has it.
                        let _ = subscriber.try_send(result.body.clone());
                        routed = Routed::Queued;
                    }
                }
                if let Some(replies) = result.reply_to.as_ref().and_then(|name| state.reply_queues.get_mut(name)) {
                    replies.push(result.clone());
                    routed = Routed::Queued;
                }
                Ok(routed)
            })
            .await
    }

    async fn stop_consuming(&self) {
        self.broker.change(|state| {
            if let Some(worker) = state.workers.get_mut(&self.number) {
                worker.is_consuming = false;
            }
        });
    }

    async fn close(&self) {
        self.broker.change(|state| {
            state.disconnect(self.number, "closed");
            let worker = state.workers.get_mut(&self.number).expect("workers stay");
            worker.is_closed = true;
            worker.events.clear();
        });
    }
}
