//! The worker: jobs from a queue, finished images in a store, results back; for months.
//!
//! ```text
//!   JobQueue ─ delivery ─> intake ─> recall ─> Farm (ledger) ─ order ─> renderer process ─> images in the store
//!      ^                                        │     ^                      │
//!      └── ack, dead letter, hand back <────────┤     └──── outcomes, death ─┘
//!                                               └─> checkpoint, manifest, result
//! ```
//!
//! One loop owns the books and decides; whatever takes time (the store, the broker's confirms, the renderer) happens
//! in tasks that report back to it. The renderer may die at any moment: it is another process.

pub mod depths;
mod desk;
mod endings;
mod intake;
mod recall;
pub mod renderer;
pub mod settings;

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::queue::{JobQueue, QueueEvent};
use crate::store::{AllowedPlaces, Stores};
use crate::telemetry::{Health, Metrics};

use desk::{Desk, Done};
use renderer::supervisor::{self, RendererEvent, RendererSettings};
pub use settings::Settings;

/// How often the books look at the time.
const TICK: Duration = Duration::from_millis(250);

/// What a worker works with.
pub struct WorkerParts<Q> {
    /// What holds for its jobs.
    pub settings: Settings,
    /// How often each lane has its turn, in the queue's order, with their names.
    pub lanes: Vec<(String, u32)>,
    /// Where jobs come from.
    pub queue: Arc<Q>,
    /// Where objects go.
    pub stores: Arc<Stores>,
    /// How renderers are started.
    pub renderer: RendererSettings,
    /// Counts.
    pub metrics: Metrics,
    /// Tells whether it is ready.
    pub health: Health,
    /// Cancelled: take no more jobs, finish those at hand. Again: hand everything back at once.
    pub shutdown: Shutdown,
}

/// How a worker is told to end.
#[derive(Clone, Debug, Default)]
pub struct Shutdown {
    /// Finish what is at hand, within the grace period.
    pub drain: CancellationToken,
    /// Hand everything back.
    pub at_once: CancellationToken,
}

/// How a worker ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// As it was told to; nothing is lost.
    Drained,
    /// The broker is there and gives it no jobs: whoever watches over it had better start another.
    Deaf(String),
}

/// Works until it is told to end.
///
/// # Errors
/// When the settings are not usable.
pub async fn run<Q: JobQueue>(parts: WorkerParts<Q>) -> Result<Ended, String> {
    let WorkerParts { settings, lanes, queue, stores, renderer, metrics, health, shutdown } = parts;
    let destinations = AllowedPlaces::new(&settings.destinations)?;
    let grace = Duration::from_secs(settings.grace_secs);
    let (orders, orders_out) = mpsc::unbounded_channel();
    let (events, mut from_renderer) = mpsc::channel(256);
    let (done, mut from_tasks) = mpsc::unbounded_channel::<Done>();
    let renderer = tokio::spawn({
        let metrics = metrics.clone();
        supervisor::supervise(renderer, orders_out, events, move |bytes| metrics.renderer_resident(bytes))
    });
    let mut desk = Desk::new(settings, lanes, destinations, Arc::clone(&queue), stores, orders, done, metrics, health);
    let mut tick = tokio::time::interval(TICK);
    let (mut draining_since, mut is_queue_open) = (None::<Instant>, true);
    let ended = loop {
        tokio::select! {
            event = queue.next(), if is_queue_open => match event {
                Some(QueueEvent::Up { session }) => desk.broker_is_up(session),
                Some(QueueEvent::Down { session, reason }) => desk.broker_is_down(session, &reason),
                Some(QueueEvent::Delivery(delivery)) => desk.delivery(delivery),
                Some(QueueEvent::Deaf { reason }) => break Ended::Deaf(reason),
                None => is_queue_open = false,
            },
            event = from_renderer.recv() => match event {
                Some(RendererEvent::Ready { generation, adapter }) => desk.renderer_is_ready(generation, &adapter),
                Some(RendererEvent::Report { generation, report }) => desk.report(generation, report),
                Some(RendererEvent::Died { generation, death, message }) => desk.renderer_died(generation, death, &message),
                None => break Ended::Deaf("nobody watches the renderer any more: a bug in gravure".to_owned()),
            },
            Some(done) = from_tasks.recv() => desk.done(done),
            _ = tick.tick() => desk.tick(),
            () = shutdown.drain.cancelled(), if draining_since.is_none() => {
                tracing::info!(jobs = desk.jobs_at_hand(), grace_secs = grace.as_secs(), "told to end: no more jobs are taken");
                draining_since = Some(Instant::now());
                queue.stop_consuming().await;
                desk.drain();
            }
            () = shutdown.at_once.cancelled() => {
                tracing::info!(jobs = desk.jobs_at_hand(), "told to end at once");
                queue.stop_consuming().await;
                desk.give_up();
                break Ended::Drained;
            }
        }
        if let Some(since) = draining_since {
            if desk.is_idle() {
                break Ended::Drained;
            }
            // Some of the grace is kept for handing back.
            if since.elapsed() >= grace.mul_f64(0.8) {
                tracing::warn!(jobs = desk.jobs_at_hand(), "the grace period ends: jobs at hand are handed back");
                desk.give_up();
                break Ended::Drained;
            }
        }
    };
    // What was handed back is on its way: it is waited for, but not long.
    let leave = async {
        while !desk.is_idle() {
            match from_tasks.recv().await {
                Some(done) => desk.done(done),
                None => break,
            }
        }
    };
    if tokio::time::timeout(grace.mul_f64(0.2).max(Duration::from_secs(1)), leave).await.is_err() {
        tracing::warn!("some jobs were not handed back in time; the broker will do so");
    }
    let counts = desk.counts();
    desk.leave();
    drop(desk);
    queue.close().await;
    drop(from_renderer);
    if renderer.await.is_err() {
        tracing::warn!("the watch over the renderer panicked");
    }
    tracing::info!(
        received = counts.received,
        acknowledged = counts.acknowledged,
        dead_lettered = counts.buried,
        handed_back = counts.handed_back,
        "worker ended"
    );
    Ok(ended)
}
