//! A broker in memory: the twin that tests of workers and submitters run on, with the faults of a real one at hand.
//!
//! [`MemoryBroker`] is the broker and its publisher; each [`MemoryQueue`] is one worker's connection to it.

mod publisher;
mod worker;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use tokio::sync::{mpsc, watch};

use super::turns::Turns;
use super::{DeadLetter, QueueError, QueueEvent, ResultMessage, job_id};

pub use worker::MemoryQueue;

/// A lane of a [`MemoryBroker`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemoryLane {
    /// Publishers name it.
    pub name: String,
    /// Its share of a worker, beside the others' weights.
    pub weight: u32,
    /// How many of its jobs one worker has unsettled at most.
    pub prefetch: usize,
}

/// The broker. Clones are handles of the same one.
#[derive(Clone, Debug)]
pub struct MemoryBroker {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// Told of every change of the state.
    changed: watch::Sender<()>,
    confirm_timeout: Duration,
}

#[derive(Debug)]
struct State {
    lanes: Vec<Lane>,
    /// The note, and the job as it was.
    dead: Vec<(DeadLetter, Message)>,
    workers: BTreeMap<u64, Worker>,
    subscriptions: Vec<(String, mpsc::Sender<Vec<u8>>)>,
    reply_queues: BTreeMap<String, Vec<ResultMessage>>,
    results: Vec<ResultMessage>,
    /// Why nobody can reach it.
    unreachable: Option<String>,
    /// Why it takes no messages.
    refusal: Option<String>,
    alarm: bool,
    confirms_to_lose: usize,
    delivery_limit: u32,
    /// Counts messages, tags and workers.
    counter: u64,
}

#[derive(Debug)]
struct Lane {
    is: MemoryLane,
    ready: VecDeque<Message>,
}

#[derive(Clone, Debug)]
struct Message {
    /// As published, from the oldest.
    order: u64,
    id: String,
    body: Arc<[u8]>,
    deliveries: u32,
}

/// A worker's connection as the broker sees it.
#[derive(Debug)]
struct Worker {
    session: u64,
    is_connected: bool,
    is_consuming: bool,
    is_closed: bool,
    unsettled: BTreeMap<u64, (usize, Message)>,
    events: VecDeque<QueueEvent>,
    turns: Turns,
}

impl Default for MemoryBroker {
    /// The lanes `jobs` (weight 1) and `urgent` (weight 4), 16 unsettled jobs in each.
    fn default() -> Self {
        let lane = |name: &str, weight| MemoryLane { name: name.to_owned(), weight, prefetch: 16 };
        Self::new([lane("jobs", 1), lane("urgent", 4)])
    }
}

impl MemoryBroker {
    /// A broker with these lanes. Confirms are waited for during 30 s.
    pub fn new(lanes: impl IntoIterator<Item = MemoryLane>) -> Self {
        Self::with_limits(lanes, Duration::from_secs(30), 1000)
    }

    /// A broker that buries a job itself when it was delivered more than `delivery_limit` times.
    pub fn with_limits(
        lanes: impl IntoIterator<Item = MemoryLane>,
        confirm_timeout: Duration,
        delivery_limit: u32,
    ) -> Self {
        let state = State {
            lanes: lanes.into_iter().map(|is| Lane { is, ready: VecDeque::new() }).collect(),
            dead: Vec::new(),
            workers: BTreeMap::new(),
            subscriptions: Vec::new(),
            reply_queues: BTreeMap::new(),
            results: Vec::new(),
            unreachable: None,
            refusal: None,
            alarm: false,
            confirms_to_lose: 0,
            delivery_limit,
            counter: 0,
        };
        Self { shared: Arc::new(Shared { state: Mutex::new(state), changed: watch::Sender::new(()), confirm_timeout }) }
    }

    /// A worker's connection. Its first session begins at once.
    pub fn worker(&self) -> MemoryQueue {
        let number = self.change(|state| {
            let number = state.count();
            let weights = state.lanes.iter().map(|lane| lane.is.weight);
            let mut worker = Worker {
                session: 0,
                is_connected: false,
                is_consuming: true,
                is_closed: false,
                unsettled: BTreeMap::new(),
                events: VecDeque::new(),
                turns: Turns::new(weights),
            };
            if state.unreachable.is_none() {
                worker.connect();
            }
            state.workers.insert(number, worker);
            number
        });
        MemoryQueue::new(self.clone(), number)
    }

    /// Ends every session; new ones begin at once.
    pub fn drop_sessions(&self, reason: &str) {
        self.change(|state| {
            state.disconnect_all(reason);
            state.connect_all();
        });
    }

    /// Nobody can reach the broker until [`Self::bring_up`]; what it holds stays.
    pub fn take_down(&self, reason: &str) {
        self.change(|state| {
            state.unreachable = Some(reason.to_owned());
            state.disconnect_all(reason);
        });
    }

    /// After [`Self::take_down`].
    pub fn bring_up(&self) {
        self.change(|state| {
            state.unreachable = None;
            state.connect_all();
        });
    }

    /// Refuses every message with these words, until `None`.
    pub fn refuse(&self, refusal: Option<&str>) {
        self.change(|state| state.refusal = refusal.map(str::to_owned));
    }

    /// While set, publishers wait for their confirms, as they do when a broker is short of memory.
    pub fn set_alarm(&self, alarm: bool) {
        self.change(|state| state.alarm = alarm);
    }

    /// The next messages are taken, and their publishers hear nothing of it ([`QueueError::NoConfirm`], at once).
    pub fn lose_confirms(&self, count: usize) {
        self.change(|state| state.confirms_to_lose = count);
    }

    /// Tells every worker that it has had no consumer for too long.
    pub fn deafen(&self, reason: &str) {
        self.change(|state| {
            for worker in state.workers.values_mut() {
                worker.events.push_back(QueueEvent::Deaf { reason: reason.to_owned() });
            }
        });
    }

    /// A queue that results may ask for in `reply_to`.
    pub fn declare_reply_queue(&self, name: &str) {
        self.change(|state| {
            state.reply_queues.entry(name.to_owned()).or_default();
        });
    }

    /// What came to a reply queue.
    pub fn replies(&self, name: &str) -> Vec<ResultMessage> {
        self.state().reply_queues.get(name).cloned().unwrap_or_default()
    }

    /// Every result that was ever published, wanted or not.
    pub fn published_results(&self) -> Vec<ResultMessage> {
        self.state().results.clone()
    }

    /// The dead letters, the oldest first.
    pub fn dead(&self) -> Vec<DeadLetter> {
        self.state().dead.iter().map(|(letter, _)| letter.clone()).collect()
    }

    /// Jobs that workers have and have not settled.
    pub fn unsettled(&self) -> usize {
        self.state().workers.values().map(|worker| worker.unsettled.len()).sum()
    }

    /// Jobs that wait in the lanes.
    pub fn waiting(&self) -> usize {
        self.state().lanes.iter().map(|lane| lane.ready.len()).sum()
    }

    /// Waits until every job is settled and no lane holds any.
    pub async fn drained(&self) {
        self.until(|state| {
            let is_empty = state.lanes.iter().all(|lane| lane.ready.is_empty());
            (is_empty && state.workers.values().all(|worker| worker.unsettled.is_empty())).then_some(())
        })
        .await;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock()
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let value = change(&mut self.state());
        self.shared.changed.send_replace(());
        value
    }

    /// Looks at every change of the state until there is something.
    async fn until<T>(&self, mut look: impl FnMut(&mut State) -> Option<T>) -> T {
        let mut changes = self.shared.changed.subscribe();
        loop {
            if let Some(value) = look(&mut self.state()) {
                return value;
            }
            changes.changed().await.expect("the broker holds the sender");
        }
    }

    /// Publishes by `take` as soon as the broker takes messages, and waits for the confirm.
    async fn publish<T>(&self, mut take: impl FnMut(&mut State) -> Result<T, QueueError>) -> Result<T, QueueError> {
        let timeout = self.shared.confirm_timeout;
        let taken = self.until(|state| {
            if let Some(reason) = &state.unreachable {
                return Some(Err(QueueError::Unreachable(reason.clone())));
            }
            if let Some(refusal) = &state.refusal {
                return Some(Err(QueueError::Refused(refusal.clone())));
            }
            if state.alarm {
                return None;
            }
            let taken = take(state);
            if state.confirms_to_lose > 0 {
                state.confirms_to_lose -= 1;
                return Some(Err(QueueError::NoConfirm(timeout)));
            }
            Some(taken)
        });
        let outcome = tokio::time::timeout(timeout, taken).await.unwrap_or(Err(QueueError::NoConfirm(timeout)));
        self.shared.changed.send_replace(());
        outcome
    }
}

impl State {
    fn count(&mut self) -> u64 {
        self.counter += 1;
        self.counter
    }

    fn lane(&mut self, name: &str) -> Option<&mut Lane> {
        self.lanes.iter_mut().find(|lane| lane.is.name == name)
    }

    fn connect_all(&mut self) {
        if self.unreachable.is_none() {
            self.workers.values_mut().for_each(Worker::connect);
        }
    }

    fn disconnect_all(&mut self, reason: &str) {
        let numbers: Vec<u64> = self.workers.keys().copied().collect();
        for number in numbers {
            self.disconnect(number, reason);
        }
    }

    /// Ends a worker's session and gives its jobs back.
    fn disconnect(&mut self, number: u64, reason: &str) {
        let Some(worker) = self.workers.get_mut(&number).filter(|worker| worker.is_connected) else { return };
        worker.is_connected = false;
        worker.events.push_back(QueueEvent::Down { session: worker.session, reason: reason.to_owned() });
        for (lane, message) in std::mem::take(&mut worker.unsettled).into_values() {
            self.give_back(lane, message);
        }
    }

    /// Puts a job back to its old place, or buries it when it came too often.
    fn give_back(&mut self, lane: usize, message: Message) {
        if message.deliveries > self.delivery_limit {
            self.bury(lane, message, "delivery_limit", "the broker delivered it too often");
            return;
        }
        let ready = &mut self.lanes[lane].ready;
        let place = ready.partition_point(|other| other.order < message.order);
        ready.insert(place, message);
    }

    fn bury(&mut self, lane: usize, message: Message, reason: &str, words: &str) {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).ok();
        let letter = DeadLetter {
            number: self.dead.len() as u64 + 1,
            job: job_id(&message.body),
            lane: self.lanes[lane].is.name.clone(),
            reason: reason.to_owned(),
            message: words.to_owned(),
            buried_at: now.map(|now| now.as_secs()),
            body: Arc::clone(&message.body),
        };
        self.dead.push((letter, message));
    }
}

impl Worker {
    fn connect(&mut self) {
        if !self.is_connected && !self.is_closed {
            self.session += 1;
            self.is_connected = true;
            self.events.push_back(QueueEvent::Up { session: self.session });
        }
    }
}
