//! What the session has brought and the worker has not yet taken or settled.

use std::collections::{HashMap, VecDeque};

use lapin::Acker;
use lapin::types::ShortString;
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::super::turns::Turns;
use super::super::{Delivery, DeliveryTag, QueueEvent};

#[derive(Debug)]
pub(super) struct Inbox {
    state: Mutex<State>,
    news: Notify,
}

#[derive(Debug)]
struct State {
    /// Of the session that is up.
    session: Option<u64>,
    sessions: u64,
    /// What is not a job. Goes before the jobs: those of a session that is down are gone, and those of the next come
    /// after its beginning.
    events: VecDeque<QueueEvent>,
    lanes: Vec<VecDeque<Delivery>>,
    turns: Turns,
    unsettled: HashMap<u64, Unsettled>,
    is_stopped: bool,
    is_closed: bool,
}

/// A delivery that is not settled.
#[derive(Clone, Debug)]
pub(super) struct Unsettled {
    pub(super) acker: Acker,
    pub(super) message_id: Option<ShortString>,
}

impl Inbox {
    pub(super) fn new(weights: impl IntoIterator<Item = u32>) -> Self {
        let weights: Vec<u32> = weights.into_iter().collect();
        let state = State {
            session: None,
            sessions: 0,
            events: VecDeque::new(),
            lanes: vec![VecDeque::new(); weights.len()],
            turns: Turns::new(weights),
            unsettled: HashMap::new(),
            is_stopped: false,
            is_closed: false,
        };
        Self { state: Mutex::new(state), news: Notify::new() }
    }

    pub(super) async fn next(&self) -> Option<QueueEvent> {
        loop {
            // A permit is kept for whoever comes after the news.
            if let Some(event) = self.state.lock().next() {
                return event;
            }
            self.news.notified().await;
        }
    }

    pub(super) fn up(&self) -> u64 {
        self.change(|state| {
            state.sessions += 1;
            state.session = Some(state.sessions);
            state.events.push_back(QueueEvent::Up { session: state.sessions });
            state.sessions
        })
    }

    pub(super) fn down(&self, reason: &str) {
        self.change(|state| {
            state.unsettled.clear();
            state.lanes.iter_mut().for_each(VecDeque::clear);
            if let Some(session) = state.session.take() {
                state.events.push_back(QueueEvent::Down { session, reason: reason.to_owned() });
            }
        });
    }

    pub(super) fn deaf(&self, reason: String) {
        self.change(|state| state.events.push_back(QueueEvent::Deaf { reason }));
    }

    /// Gives no more jobs.
    pub(super) fn stop(&self) {
        self.change(|state| state.is_stopped = true);
    }

    pub(super) fn close(&self) {
        self.change(|state| state.is_closed = true);
    }

    pub(super) fn deliver(&self, lane: usize, delivery: lapin::message::Delivery) {
        self.change(|state| {
            let Some(session) = state.session else { return };
            let tag = DeliveryTag { session, tag: delivery.delivery_tag };
            let message_id = delivery.properties.message_id().clone();
            state.unsettled.insert(tag.tag, Unsettled { acker: delivery.acker, message_id });
            let body = delivery.data.into();
            state.lanes[lane].push_back(Delivery { tag, body, lane, redelivered: delivery.redelivered });
        });
    }

    /// Jobs that nobody has taken: they are no longer ours to give.
    pub(super) fn untaken(&self) -> Vec<Unsettled> {
        self.change(|state| {
            let waiting: Vec<Delivery> = state.lanes.iter_mut().flat_map(|lane| lane.drain(..)).collect();
            waiting.iter().filter_map(|delivery| state.unsettled.remove(&delivery.tag.tag)).collect()
        })
    }

    /// Takes a delivery out, to settle it; `None` when it is of another session, or settled.
    pub(super) fn settle(&self, tag: DeliveryTag) -> Option<Unsettled> {
        let mut state = self.state.lock();
        if state.session != Some(tag.session) {
            return None;
        }
        state.unsettled.remove(&tag.tag)
    }

    /// A delivery that is not settled.
    pub(super) fn unsettled(&self, tag: DeliveryTag) -> Option<Unsettled> {
        let state = self.state.lock();
        state.unsettled.get(&tag.tag).filter(|_| state.session == Some(tag.session)).cloned()
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let value = change(&mut self.state.lock());
        self.news.notify_one();
        value
    }
}

impl State {
    fn next(&mut self) -> Option<Option<QueueEvent>> {
        if self.is_closed {
            return Some(None);
        }
        if let Some(event) = self.events.pop_front() {
            return Some(Some(event));
        }
        if self.is_stopped {
            return None;
        }
        let lane = self.turns.pick(|lane| !self.lanes[lane].is_empty())?;
        self.lanes[lane].pop_front().map(|delivery| Some(QueueEvent::Delivery(delivery)))
    }
}
