//! What holds for every broker: one suite, run on the one in memory and on RabbitMQ.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use gravure::queue::rabbit::{AmqpSettings, RabbitPublisher, RabbitQueue};
use gravure::queue::{
    DeadAction, DeadLetter, DeathNote, Delivery, JobMessage, JobQueue, MemoryBroker, MemoryLane, MemoryQueue,
    Publisher, QueueError, QueueEvent, ResultMessage, Routed, Settled,
};
use lapin::options::QueueDeclareOptions;
use lapin::types::FieldTable;

use crate::rabbit_node::{clean_up, close_connections, connect, ctl, settings, shared_url};

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(30);
/// Long enough for what must not come.
const SILENCE: Duration = Duration::from_millis(400);
/// Unsettled jobs of a lane at most.
const PREFETCH: u16 = 3;
/// Of the broker.
const DELIVERY_LIMIT: u32 = 2;

/// A broker with the lanes `jobs` and `urgent`.
trait Broker {
    type Queue: JobQueue;
    type Publisher: Publisher;

    fn worker(&self) -> Self::Queue;
    fn publisher(&self) -> Self::Publisher;
    /// As when the network breaks.
    fn drop_sessions(&self);
    async fn declare_reply_queue(&self, name: &str);
    async fn clean_up(&self);
}

struct Memory(MemoryBroker);

impl Memory {
    fn start() -> Self {
        let lane = |name: &str, weight| MemoryLane { name: name.to_owned(), weight, prefetch: PREFETCH.into() };
        let lanes = [lane("jobs", 1), lane("urgent", 4)];
        Self(MemoryBroker::with_limits(lanes, PATIENCE, DELIVERY_LIMIT))
    }
}

impl Broker for Memory {
    type Queue = MemoryQueue;
    type Publisher = MemoryBroker;

    fn worker(&self) -> MemoryQueue {
        self.0.worker()
    }

    fn publisher(&self) -> MemoryBroker {
        self.0.clone()
    }

    fn drop_sessions(&self) {
        self.0.drop_sessions("dropped by the test");
    }

    async fn declare_reply_queue(&self, name: &str) {
        self.0.declare_reply_queue(name);
    }

    async fn clean_up(&self) {}
}

struct Rabbit(AmqpSettings);

impl Rabbit {
    fn start() -> Self {
        let mut settings = settings(&shared_url());
        settings.delivery_limit = DELIVERY_LIMIT;
        settings.lanes.iter_mut().for_each(|lane| lane.prefetch = PREFETCH);
        Self(settings)
    }
}

impl Broker for Rabbit {
    type Queue = RabbitQueue;
    type Publisher = RabbitPublisher;

    fn worker(&self) -> RabbitQueue {
        RabbitQueue::start(self.0.clone())
    }

    fn publisher(&self) -> RabbitPublisher {
        RabbitPublisher::new(self.0.clone())
    }

    fn drop_sessions(&self) {
        assert!(close_connections(ctl, &format!("{} worker", self.0.prefix)) > 0);
    }

    async fn declare_reply_queue(&self, name: &str) {
        let channel = connect(&shared_url()).await.create_channel().await.expect("a channel");
        let options = QueueDeclareOptions { auto_delete: true, ..QueueDeclareOptions::default() };
        channel.queue_declare(name.into(), options, FieldTable::default()).await.expect("a queue");
    }

    async fn clean_up(&self) {
        clean_up(&shared_url(), &self.0).await;
    }
}

fn job(id: &str, lane: &str) -> JobMessage {
    JobMessage { message_id: id.to_owned(), lane: lane.to_owned(), body: format!("{{\"id\": \"{id}\"}}").into_bytes() }
}

async fn event(queue: &impl JobQueue) -> QueueEvent {
    let event = tokio::time::timeout(PATIENCE, queue.next()).await.expect("an event in time");
    event.expect("a queue that is open")
}

/// The next job, whatever happens before.
async fn next_job(queue: &impl JobQueue) -> Delivery {
    loop {
        if let QueueEvent::Delivery(delivery) = event(queue).await {
            return delivery;
        }
    }
}

/// Nothing comes.
async fn silent(queue: &impl JobQueue) {
    let event = tokio::time::timeout(SILENCE, queue.next()).await;
    assert!(event.is_err(), "{event:?}");
}

async fn publish(publisher: &impl Publisher, jobs: &[JobMessage]) {
    for job in jobs {
        publisher.publish_job(job.clone()).await.expect("a confirm");
    }
}

/// The next job, whose session has begun.
async fn up(queue: &impl JobQueue) -> u64 {
    match event(queue).await {
        QueueEvent::Up { session } => session,
        other => panic!("{other:?}"),
    }
}

async fn depths(publisher: &impl Publisher) -> Vec<u64> {
    publisher.depths().await.expect("depths").into_iter().map(|(_, depth)| depth).collect()
}

async fn dead_letters(publisher: &impl Publisher, action: DeadAction) -> Vec<DeadLetter> {
    let mut letters = Vec::new();
    let mut decide = |letter: &DeadLetter| {
        letters.push(letter.clone());
        action
    };
    let count = publisher.dead_letters(100, &mut decide).await.expect("dead letters");
    assert_eq!(count, letters.len() as u64);
    letters
}

fn note() -> DeathNote {
    DeathNote { reason: "renderer_crash".into(), message: "it ended by signal 6".into(), attempts: 2 }
}

async fn jobs_come_with_bytes_and_lane(broker: &impl Broker) {
    let (publisher, queue) = (broker.publisher(), broker.worker());
    up(&queue).await;
    let body: Vec<u8> = (0..=255).collect();
    let odd = JobMessage { message_id: "odd".into(), lane: "urgent".into(), body: body.clone() };
    publish(&publisher, &[odd, job("a", "jobs")]).await;
    let mut jobs = [next_job(&queue).await, next_job(&queue).await];
    jobs.sort_by_key(|job| job.lane);
    assert_eq!((&*jobs[0].body, jobs[0].lane), (&br#"{"id": "a"}"#[..], 0));
    assert_eq!((&*jobs[1].body, jobs[1].lane), (&*body, 1));
    assert!(jobs.iter().all(|job| !job.redelivered));
    for job in &jobs {
        assert_eq!(queue.ack(job.tag).await, Settled::Done);
    }
    silent(&queue).await;
    queue.close().await;
    assert_eq!(depths(&publisher).await, [0, 0, 0]);
}

async fn each_lane_has_its_prefetch(broker: &impl Broker) {
    let (publisher, queue) = (broker.publisher(), broker.worker());
    for number in 0..5 {
        publish(&publisher, &[job(&format!("j{number}"), "jobs")]).await;
    }
    let mut held = Vec::new();
    for _ in 0..PREFETCH {
        held.push(next_job(&queue).await);
    }
    silent(&queue).await;
    publish(&publisher, &[job("u", "urgent")]).await;
    assert_eq!(next_job(&queue).await.lane, 1);
    assert_eq!(queue.ack(held[0].tag).await, Settled::Done);
    assert_eq!(&*next_job(&queue).await.body, br#"{"id": "j3"}"#);
    silent(&queue).await;
    queue.close().await;
}

async fn what_is_handed_back_comes_again(broker: &impl Broker) {
    let (publisher, queue) = (broker.publisher(), broker.worker());
    publish(&publisher, &[job("a", "jobs")]).await;
    let first = next_job(&queue).await;
    assert_eq!(queue.hand_back(first.tag).await, Settled::Done);
    let second = next_job(&queue).await;
    assert!(second.redelivered && second.tag != first.tag);
    assert_eq!(second.body, first.body);
    assert_eq!(queue.ack(first.tag).await, Settled::Stale);
    assert_eq!(queue.ack(second.tag).await, Settled::Done);
    assert_eq!(queue.ack(second.tag).await, Settled::Stale);
    assert_eq!(queue.bury(&second, &note()).await, Ok(Settled::Stale));
    silent(&queue).await;
    queue.close().await;
    assert_eq!(depths(&publisher).await, [0, 0, 0]);
}

async fn the_broker_itself_buries_what_comes_too_often(broker: &impl Broker) {
    let (publisher, queue) = (broker.publisher(), broker.worker());
    publish(&publisher, &[job("a", "urgent")]).await;
    for _ in 0..=DELIVERY_LIMIT {
        let delivery = next_job(&queue).await;
        assert_eq!(queue.hand_back(delivery.tag).await, Settled::Done);
    }
    silent(&queue).await;
    let letters = dead_letters(&publisher, DeadAction::Requeue).await;
    let [letter] = &letters[..] else { panic!("{letters:?}") };
    assert_eq!((letter.lane.as_str(), letter.reason.as_str()), ("urgent", "delivery_limit"));
    assert_eq!(letter.job.as_deref(), Some("a"));
    assert!(letter.buried_at.is_some());
    let again = next_job(&queue).await;
    assert_eq!((again.lane, &*again.body), (1, &*letter.body));
    assert_eq!(queue.ack(again.tag).await, Settled::Done);
    queue.close().await;
}

async fn a_dropped_session_brings_its_jobs_again(broker: &impl Broker) {
    let (publisher, queue) = (broker.publisher(), broker.worker());
    let session = up(&queue).await;
    publish(&publisher, &[job("a", "jobs"), job("b", "jobs")]).await;
    let (first, second) = (next_job(&queue).await, next_job(&queue).await);
    assert_eq!(first.tag.session, session);
    broker.drop_sessions();
    let QueueEvent::Down { session: ended, reason } = event(&queue).await else { panic!("the session goes on") };
    assert_eq!((ended, reason.is_empty()), (session, false));
    assert_eq!(queue.ack(first.tag).await, Settled::Stale);
    assert_eq!(queue.hand_back(second.tag).await, Settled::Stale);
    assert_eq!(queue.bury(&second, &note()).await, Ok(Settled::Stale));
    assert_eq!(up(&queue).await, session + 1);
    let again = [next_job(&queue).await, next_job(&queue).await];
    assert_eq!(queue.ack(first.tag).await, Settled::Stale);
    for job in &again {
        assert!(job.redelivered);
        assert_eq!(job.tag.session, session + 1);
        assert_eq!(queue.ack(job.tag).await, Settled::Done);
    }
    silent(&queue).await;
    queue.close().await;
    assert_eq!(depths(&publisher).await, [0, 0, 0]);
}

async fn a_closed_worker_leaves_its_jobs_to_others(broker: &impl Broker) {
    let (publisher, queue) = (broker.publisher(), broker.worker());
    publish(&publisher, &[job("a", "jobs"), job("b", "jobs")]).await;
    let first = next_job(&queue).await;
    queue.close().await;
    assert!(tokio::time::timeout(PATIENCE, queue.next()).await.expect("in time").is_none());
    assert_eq!(queue.ack(first.tag).await, Settled::Stale);
    let other = broker.worker();
    let mut bodies = [next_job(&other).await.body, next_job(&other).await.body];
    bodies.sort();
    assert_eq!(bodies, [br#"{"id": "a"}"#, br#"{"id": "b"}"#].map(|body| Arc::from(&body[..])));
    other.close().await;
}

async fn a_worker_that_stops_settles_what_it_has(broker: &impl Broker) {
    let (publisher, queue) = (broker.publisher(), broker.worker());
    publish(&publisher, &[job("a", "jobs"), job("b", "jobs"), job("c", "jobs"), job("d", "jobs")]).await;
    let first = next_job(&queue).await;
    queue.stop_consuming().await;
    silent(&queue).await;
    publish(&publisher, &[job("e", "urgent")]).await;
    silent(&queue).await;
    // What it had not taken goes to others, while it still holds the first.
    let other = broker.worker();
    let mut taken = Vec::new();
    for _ in 0..4 {
        let delivery = next_job(&other).await;
        assert_ne!(delivery.body, first.body);
        assert_eq!(other.ack(delivery.tag).await, Settled::Done);
        taken.push(delivery.body);
    }
    assert_eq!(queue.ack(first.tag).await, Settled::Done);
    queue.close().await;
    silent(&other).await;
    other.close().await;
    assert_eq!(depths(&publisher).await, [0, 0, 0]);
}

async fn a_lane_that_is_not_there_is_an_error(broker: &impl Broker) {
    let publisher = broker.publisher();
    let refused = publisher.publish_job(job("a", "slow")).await;
    assert!(matches!(&refused, Err(QueueError::Refused(reason)) if reason.contains("slow")), "{refused:?}");
    publish(&publisher, &[job("b", "jobs")]).await;
    assert_eq!(depths(&publisher).await, [1, 0, 0]);
}

async fn results_go_to_whoever_wants_them(broker: &impl Broker) {
    let (publisher, queue) = (broker.publisher(), broker.worker());
    up(&queue).await;
    let result = |campaign: &str, reply_to: Option<&str>| ResultMessage {
        message_id: "r".into(),
        campaign: campaign.to_owned(),
        reply_to: reply_to.map(str::to_owned),
        body: format!("{{\"of\": \"{campaign}\"}}").into_bytes(),
    };
    assert_eq!(queue.publish_result(&result("one", None)).await, Ok(Routed::Nowhere));
    let mut results = publisher.results("one").await.expect("a subscription");
    assert_eq!(queue.publish_result(&result("two", Some("nobody"))).await, Ok(Routed::Nowhere));
    assert_eq!(queue.publish_result(&result("two", Some(&"n".repeat(300)))).await, Ok(Routed::Nowhere));
    assert_eq!(queue.publish_result(&result("one", None)).await, Ok(Routed::Queued));
    let heard = tokio::time::timeout(PATIENCE, results.recv()).await.expect("in time");
    assert_eq!(heard.as_deref(), Some(&br#"{"of": "one"}"#[..]));
    let reply_queue = crate::rabbit_node::random_prefix();
    broker.declare_reply_queue(&reply_queue).await;
    assert_eq!(queue.publish_result(&result("two", Some(&reply_queue))).await, Ok(Routed::Queued));
    queue.close().await;
}

async fn what_is_buried_says_why(broker: &impl Broker) {
    let (publisher, queue) = (broker.publisher(), broker.worker());
    let garbage = JobMessage { message_id: "g".into(), lane: "jobs".into(), body: b"\0 not a job".to_vec() };
    publish(&publisher, &[garbage, job("a", "urgent")]).await;
    let mut jobs = [next_job(&queue).await, next_job(&queue).await];
    jobs.sort_by_key(|job| job.lane);
    for job in &jobs {
        assert_eq!(queue.bury(job, &note()).await, Ok(Settled::Done));
        assert_eq!(queue.ack(job.tag).await, Settled::Stale);
    }
    let letters = dead_letters(&publisher, DeadAction::Keep).await;
    assert_eq!(letters.iter().map(|letter| letter.number).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(letters.iter().map(|letter| letter.job.as_deref()).collect::<Vec<_>>(), [None, Some("a")]);
    assert_eq!(letters.iter().map(|letter| letter.lane.as_str()).collect::<Vec<_>>(), ["jobs", "urgent"]);
    for (letter, job) in letters.iter().zip(&jobs) {
        assert_eq!((letter.reason.as_str(), letter.message.as_str()), ("renderer_crash", "it ended by signal 6"));
        assert_eq!(letter.body, job.body);
        assert!(letter.buried_at.is_some_and(|seconds| seconds > 1_700_000_000));
    }
    queue.close().await;
    assert_eq!(depths(&publisher).await, [0, 0, 2]);
}

async fn dead_letters_are_kept_requeued_or_dropped(broker: &impl Broker) {
    let (publisher, queue) = (broker.publisher(), broker.worker());
    for id in ["a", "b", "c"] {
        publish(&publisher, &[job(id, "urgent")]).await;
        let delivery = next_job(&queue).await;
        assert_eq!(queue.bury(&delivery, &note()).await, Ok(Settled::Done));
    }
    let mut seen = 0;
    let mut decide = |letter: &DeadLetter| {
        seen += 1;
        match letter.job.as_deref() {
            Some("a") => DeadAction::Requeue,
            Some("b") => DeadAction::Drop,
            _ => DeadAction::Keep,
        }
    };
    assert_eq!(publisher.dead_letters(2, &mut decide).await, Ok(2));
    assert_eq!(seen, 2);
    let again = next_job(&queue).await;
    assert_eq!((&*again.body, again.lane), (&br#"{"id": "a"}"#[..], 1));
    assert_eq!(queue.ack(again.tag).await, Settled::Done);
    let left = dead_letters(&publisher, DeadAction::Keep).await;
    assert_eq!(left.iter().map(|letter| letter.job.as_deref()).collect::<Vec<_>>(), [Some("c")]);
    assert_eq!(dead_letters(&publisher, DeadAction::Drop).await.len(), 1);
    assert_eq!(dead_letters(&publisher, DeadAction::Drop).await.len(), 0);
    queue.close().await;
    assert_eq!(depths(&publisher).await, [0, 0, 0]);
}

async fn many_publish_at_a_time(broker: &impl Broker) {
    let publisher = broker.publisher();
    let confirms = (0..300).map(|number| publisher.publish_job(job(&format!("j{number}"), "jobs")));
    assert!(join_all(confirms).await.iter().all(Result::is_ok));
    assert_eq!(depths(&publisher).await, [300, 0, 0]);
}

macro_rules! contract {
    ($($name:ident),* $(,)?) => {
        mod memory {
            $(#[tokio::test]
            async fn $name() {
                super::$name(&super::Memory::start()).await;
            })*
        }

        mod rabbit {
            use super::Broker as _;

            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let broker = super::Rabbit::start();
                super::$name(&broker).await;
                broker.clean_up().await;
            })*
        }
    };
}

contract!(
    jobs_come_with_bytes_and_lane,
    each_lane_has_its_prefetch,
    what_is_handed_back_comes_again,
    the_broker_itself_buries_what_comes_too_often,
    a_dropped_session_brings_its_jobs_again,
    a_closed_worker_leaves_its_jobs_to_others,
    a_worker_that_stops_settles_what_it_has,
    a_lane_that_is_not_there_is_an_error,
    results_go_to_whoever_wants_them,
    what_is_buried_says_why,
    dead_letters_are_kept_requeued_or_dropped,
    many_publish_at_a_time,
);
