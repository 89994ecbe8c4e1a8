//! The worker's desk: the books, the jobs at hand, and what is done for them. Only the loop in [`super::run`] calls
//! it, so nothing here is shared; what takes time is a task that reports [`Done`].

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::mpsc::UnboundedSender;
use tokio_util::sync::CancellationToken;

use super::endings::{self, Pages, patience, result_message};
use super::intake::{self, JobAtHand};
use super::recall::recall;
use super::renderer::protocol::{Order, RenderOrder, Report};
use super::renderer::supervisor::ToRenderer;
use super::settings::Settings;
use crate::job::{Record, Status};
use crate::ledger::farm::{Action, Death, Delivered, Farm, FarmCounts, FarmRules, FaultKind, Phase, Recalled, Slot};
use crate::queue::{DeathNote, Delivery, DeliveryTag, JobQueue, QueueError, Routed, Settled};
use crate::store::{AllowedPlaces, Store, StoreError, Stores};
use crate::telemetry::{Health, Metrics, RendererSnapshot};

/// A checkpoint on the way out may take so long.
const LAST_CHECKPOINT: Duration = Duration::from_secs(4);

/// What a task has done.
#[derive(Debug)]
pub(super) enum Done {
    /// What earlier attempts left is known, or cannot be.
    Recalled(Slot, Result<Recalled, StoreError>),
    /// The manifest is stored.
    Manifest(Slot),
    /// The result is confirmed.
    Told(Slot, Routed),
    /// A job's deliveries were acknowledged.
    Acked {
        /// Its id.
        id: String,
        /// Of its message.
        digest: [u8; 32],
        /// What the broker said of each.
        settled: Vec<Settled>,
    },
    /// A job is among the dead letters, and these deliveries of it are settled.
    Buried(Slot, Vec<DeliveryTag>),
    /// Something that is not in the books is settled: handed back, or settled at once.
    Settled,
}

struct AtHand {
    job: JobAtHand,
    since: Instant,
    /// Once it is open.
    store: Arc<OnceLock<Arc<dyn Store>>>,
    pages: Arc<Pages>,
    /// Whatever is done for it ends with it.
    end: CancellationToken,
    deliveries: Vec<Delivery>,
    span: tracing::Span,
}

/// What a blocking task for a job has.
struct Blocking {
    job: JobAtHand,
    pages: Arc<Pages>,
    end: CancellationToken,
    runtime: Handle,
}

impl Blocking {
    /// Waits, and says whether the job is not ours any more.
    fn is_over_after(&self, wait: Duration) -> bool {
        self.runtime.block_on(tokio::time::timeout(wait, self.end.cancelled())).is_ok()
    }
}

/// See the head of this file.
pub(super) struct Desk<Q> {
    settings: Settings,
    lanes: Vec<(String, u32)>,
    destinations: AllowedPlaces,
    queue: Arc<Q>,
    stores: Arc<Stores>,
    orders: UnboundedSender<ToRenderer>,
    done: UnboundedSender<Done>,
    metrics: Metrics,
    health: Health,
    farm: Farm<DeliveryTag>,
    jobs: HashMap<Slot, AtHand>,
    renderer: Option<u64>,
    snapshot: RendererSnapshot,
    is_store_down: bool,
    /// Tasks whose end the books do not know.
    loose: usize,
    started: Instant,
}

impl<Q: JobQueue> Desk<Q> {
    #[expect(clippy::too_many_arguments, reason = "all that a worker works with, once")]
    pub fn new(
        settings: Settings,
        lanes: Vec<(String, u32)>,
        destinations: AllowedPlaces,
        queue: Arc<Q>,
        stores: Arc<Stores>,
        orders: UnboundedSender<ToRenderer>,
        done: UnboundedSender<Done>,
        metrics: Metrics,
        health: Health,
    ) -> Self {
        let rules = FarmRules {
            lane_weights: lanes.iter().map(|(_, weight)| *weight).collect(),
            checkpoint_variants: settings.checkpoint_variants,
            hold_ms: settings.hold_secs * 1000,
            source_attempts: settings.source_attempts,
            first_rest_ms: 1_000,
            longest_rest_ms: 15_000,
        };
        Self {
            farm: Farm::new(rules),
            settings,
            lanes,
            destinations,
            queue,
            stores,
            orders,
            done,
            metrics,
            health,
            jobs: HashMap::new(),
            renderer: None,
            snapshot: RendererSnapshot::default(),
            is_store_down: false,
            loose: 0,
            started: Instant::now(),
        }
    }

    pub fn counts(&self) -> FarmCounts {
        self.farm.counts()
    }

    pub fn jobs_at_hand(&self) -> usize {
        self.farm.len()
    }

    /// Whether nothing is left to do.
    pub fn is_idle(&self) -> bool {
        self.farm.is_empty() && self.loose == 0
    }

    pub fn broker_is_up(&mut self, session: u64) {
        tracing::info!(session, "consuming");
        self.metrics.session_began();
        self.health.set_broker(true, "consuming");
    }

    pub fn broker_is_down(&mut self, session: u64, reason: &str) {
        tracing::warn!(session, reason, jobs = self.farm.len(), "the broker is gone; trying to reach it again");
        self.metrics.session_ended();
        self.health.set_broker(false, reason);
        let actions = self.farm.session_lost(|tag| tag.session == session);
        for at_hand in self.jobs.values_mut() {
            at_hand.deliveries.retain(|delivery| delivery.tag.session != session);
        }
        self.act(actions);
    }

    /// A message came.
    pub fn delivery(&mut self, delivery: Delivery) {
        self.metrics.job_received(self.lane_name(delivery.lane));
        let job = match intake::read(delivery.clone(), &self.settings, &self.destinations) {
            Ok(job) => job,
            Err(note) => return self.bury_at_once(delivery, *note),
        };
        let now = self.now_ms();
        match self.farm.deliver(delivery.tag, &job.job.id, job.digest, delivery.lane, delivery.redelivered, now) {
            Delivered::New(slot) => self.take_up(slot, job),
            Delivered::Known(slot) => {
                self.metrics.job_taken_over();
                tracing::info!(job_id = %job.job.id, "delivered again while it is at hand");
                if let Some(at_hand) = self.jobs.get_mut(&slot) {
                    at_hand.deliveries.push(delivery);
                }
            }
            Delivered::Done => {
                self.metrics.job_taken_over();
                tracing::info!(job_id = %job.job.id, "delivered again after it was done");
                self.farm.settled_at_once(false);
                let (id, digest) = (job.job.id.clone(), job.digest);
                self.ack(vec![delivery.tag], id, digest);
            }
            Delivered::Conflict => {
                let message = format!("another job with the id {} is at hand", job.job.id);
                self.bury_at_once(delivery, DeathNote { reason: "duplicate_id".to_owned(), message, attempts: 1 });
            }
        }
        self.next();
    }

    fn take_up(&mut self, slot: Slot, job: JobAtHand) {
        let message = &job.job;
        let span =
            tracing::info_span!("job", job_id = %message.id, campaign = %message.campaign, attempt = message.attempt);
        span.in_scope(|| tracing::info!(rows = job.rows, redelivered = job.delivery.redelivered, "job received"));
        let at_hand = AtHand {
            deliveries: vec![job.delivery.clone()],
            job,
            since: Instant::now(),
            store: Arc::default(),
            pages: Arc::default(),
            end: CancellationToken::new(),
            span,
        };
        self.jobs.insert(slot, at_hand);
        self.recall(slot);
    }

    /// A renderer can draw.
    pub fn renderer_is_ready(&mut self, generation: u64, adapter: &str) {
        tracing::info!(generation, adapter, "renderer ready");
        self.metrics.renderer_started();
        self.health.set_adapter(true, adapter);
        self.renderer = Some(generation);
        self.snapshot = RendererSnapshot::default();
        self.next();
    }

    pub fn renderer_died(&mut self, generation: u64, death: Option<Death>, message: &str) {
        self.metrics.renderer_died(death.map_or("not_ready", Death::code));
        self.health.set_adapter(false, message);
        self.renderer = None;
        if let Some(death) = death {
            let jobs = self.farm.rendering();
            tracing::warn!(
                generation,
                jobs,
                reason = death.code(),
                message,
                "jobs of the renderer are tried again, each alone"
            );
            let actions = self.farm.renderer_died(death, message);
            self.act(actions);
        }
    }

    /// The renderer said something.
    pub fn report(&mut self, generation: u64, report: Report) {
        if self.renderer != Some(generation) {
            return;
        }
        let now = self.now_ms();
        let actions = match report {
            Report::Outcome { token, seq, record } => {
                let bytes = if record.status == Status::Ok { record.bytes.unwrap_or_default() } else { 0 };
                self.metrics.variant(status_word(record.status), bytes);
                self.farm.settle(Slot(token), seq, *record)
            }
            Report::Finished { token, variants, template_hash } => {
                self.store_is_up();
                self.farm.rendered(Slot(token), variants, template_hash)
            }
            Report::Refused { token, code, message, may_pass } => {
                let kind = if may_pass { FaultKind::OfItsSource } else { FaultKind::OfTheJob };
                self.say(Slot(token), |_| tracing::warn!(code, message, may_pass, "job refused"));
                self.farm.fault(Slot(token), kind, &code, &message, now)
            }
            Report::Interrupted { token, message } => {
                self.store_is_down(&message);
                self.say(Slot(token), |_| {
                    tracing::warn!(message, "the store takes nothing; the job is tried again later")
                });
                self.farm.fault(Slot(token), FaultKind::OfTheStore, "store_unreachable", &message, now)
            }
            Report::Pulse { snapshot, .. } => {
                self.metrics.absorb(&self.snapshot, &snapshot);
                self.snapshot = *snapshot;
                Vec::new()
            }
            Report::Gone { message } => {
                tracing::error!(message, "the renderer cannot draw any more");
                Vec::new()
            }
            Report::Ready { .. } | Report::Opened { .. } => Vec::new(),
        };
        self.act(actions);
        self.next();
    }

    /// A task has ended.
    pub fn done(&mut self, done: Done) {
        let now = self.now_ms();
        let actions = match done {
            Done::Recalled(slot, Ok(recalled)) => {
                self.store_is_up();
                self.farm.recalled(slot, recalled)
            }
            Done::Recalled(slot, Err(error)) if error.is_of_the_place() => {
                self.farm.fault(slot, FaultKind::OfTheJob, "destination_refused", &error.to_string(), now)
            }
            Done::Recalled(slot, Err(error)) => {
                self.store_is_down(&error.to_string());
                self.farm.fault(slot, FaultKind::OfTheStore, "store_unreachable", &error.to_string(), now)
            }
            Done::Manifest(slot) => {
                self.store_is_up();
                self.farm.manifest_stored(slot)
            }
            Done::Told(slot, routed) => {
                if routed == Routed::Nowhere {
                    self.say(slot, |_| tracing::warn!("no queue wants the result"));
                }
                self.metrics.result_published(routed == Routed::Queued);
                self.log_end(slot);
                self.farm.told(slot)
            }
            Done::Acked { id, digest, settled } => {
                self.loose -= 1;
                for _ in settled.iter().filter(|settled| **settled == Settled::Stale) {
                    self.farm.ack_was_stale(id.clone(), digest);
                }
                Vec::new()
            }
            Done::Buried(slot, settled) => {
                // Deliveries that came while the letter was on its way.
                let at_hand = self.jobs.get(&slot);
                let tags = at_hand.iter().flat_map(|at_hand| &at_hand.deliveries).map(|delivery| delivery.tag);
                let late: Vec<DeliveryTag> = tags.filter(|tag| !settled.contains(tag)).collect();
                if !late.is_empty() {
                    let queue = Arc::clone(&self.queue);
                    tokio::spawn(async move {
                        for tag in late {
                            queue.ack(tag).await;
                        }
                    });
                }
                self.farm.buried(slot)
            }
            Done::Settled => {
                self.loose -= 1;
                Vec::new()
            }
        };
        self.act(actions);
        self.next();
    }

    pub fn tick(&mut self) {
        self.health.beat();
        let actions = self.farm.tick(self.now_ms());
        self.act(actions);
        self.next();
        self.metrics.jobs_at_hand(self.farm.len(), self.farm.rendering());
        let FarmCounts { acknowledged, buried, handed_back, .. } = self.farm.counts();
        self.metrics.deliveries(acknowledged, buried, handed_back);
        drop(self.orders.send(ToRenderer::Busy(self.farm.rendering() > 0)));
    }

    pub fn drain(&mut self) {
        self.health.set_draining();
        let actions = self.farm.drain();
        self.act(actions);
    }

    pub fn give_up(&mut self) {
        self.health.set_draining();
        let actions = self.farm.give_up();
        self.act(actions);
    }

    /// The last numbers.
    pub fn leave(&mut self) {
        let FarmCounts { acknowledged, buried, handed_back, .. } = self.farm.counts();
        self.metrics.deliveries(acknowledged, buried, handed_back);
    }

    /// Gives the renderer what it has room for.
    fn next(&mut self) {
        let Some(generation) = self.renderer else { return };
        loop {
            let (mut rows, mut jobs) = (0, 0);
            let mut lanes_at_work = vec![false; self.lanes.len()];
            for slot in self.jobs.keys() {
                if let Some(held) = self.farm.held(*slot)
                    && matches!(held.phase, Phase::Rendering { .. })
                {
                    if let Some(is_at_work) = lanes_at_work.get_mut(held.lane) {
                        *is_at_work = true;
                    }
                    rows += self.jobs[slot].job.rows;
                    jobs += 1;
                }
            }
            // Urgent jobs come by a lane of their own, and find room even where campaigns fill the rest.
            let is_full = rows >= self.settings.rows_in_renderer || jobs >= self.settings.jobs_in_renderer;
            // While the store is down one job at a time finds out whether it still is.
            if self.is_store_down && jobs > 0 {
                return;
            }
            let may_begin = |lane: usize| !is_full || lanes_at_work.get(lane).is_some_and(|is_at_work| !is_at_work);
            let Some(Action::Render(slot)) = self.farm.next_of(may_begin) else { return };
            self.render(slot, generation);
        }
    }

    fn render(&mut self, slot: Slot, generation: u64) {
        let (Some(at_hand), Some(held)) = (self.jobs.get(&slot), self.farm.held(slot)) else { return };
        let weight = self.lanes.get(held.lane).map_or(1, |(_, weight)| *weight);
        let keep = held.stored().cloned().collect();
        let order = RenderOrder { token: slot.0, weight, job: (*at_hand.job.job).clone(), keep };
        let order = Box::new(Order::Render(Box::new(order)));
        drop(self.orders.send(ToRenderer::Busy(true)));
        drop(self.orders.send(ToRenderer::Order { generation, order }));
    }

    fn act(&mut self, actions: Vec<Action<DeliveryTag>>) {
        for action in actions {
            match action {
                Action::Recall(slot) => self.recall(slot),
                // Asked for in `next`, where there is room.
                Action::Render(_) => {}
                Action::Checkpoint(slot) => self.checkpoint(slot),
                Action::StoreManifest(slot) => self.store_manifest(slot),
                Action::Tell(slot) => self.tell(slot),
                Action::Ack(_, tags, id, digest) => self.ack(tags, id, digest),
                Action::Bury { slot, code, message, attempts } => {
                    self.bury(slot, DeathNote { reason: code, message, attempts });
                }
                Action::HandBack(slot, tags, records) => self.hand_back(slot, tags, records),
                Action::Forget(slot) => self.forget(slot),
            }
        }
    }

    fn recall(&mut self, slot: Slot) {
        self.spawn_with_store(slot, move |at, store, done| {
            drop(done.send(Done::Recalled(slot, store.and_then(|store| recall(&at.job, &store)))));
        });
    }

    fn checkpoint(&mut self, slot: Slot) {
        let Some(records) = self.records(slot) else { return };
        self.metrics.checkpoint();
        self.spawn_with_store(slot, move |at, store, _| {
            if let Err(error) = store.and_then(|store| at.pages.checkpoint(&at.job, &store, &records)) {
                tracing::warn!(%error, "the checkpoint is not stored; the job goes on");
            }
        });
    }

    /// Until it is stored, however long that takes; or until the job is not ours any more.
    fn store_manifest(&mut self, slot: Slot) {
        let Some(records) = self.records(slot) else { return };
        self.metrics.manifest();
        self.spawn_with_store(slot, move |at, store, done| {
            let Ok(store) = store else { return };
            for wait in patience() {
                match at.pages.manifest(&at.job, &store, &records) {
                    Ok(()) => {
                        drop(done.send(Done::Manifest(slot)));
                        break;
                    }
                    Err(error) => tracing::warn!(%error, "the manifest is not stored; trying again"),
                }
                if at.is_over_after(wait) {
                    return;
                }
            }
        });
    }

    /// The result: into the store, then to the broker, until it confirms.
    fn tell(&mut self, slot: Slot) {
        let (Some(at_hand), Some(held)) = (self.jobs.get(&slot), self.farm.held(slot)) else { return };
        let result = endings::result(&at_hand.job, held, at_hand.since);
        let body = serde_json::to_vec(&result).expect("a result holds strings and numbers");
        let message = result_message(&at_hand.job, body.clone());
        let place = at_hand.job.places.result(&at_hand.job.job.id);
        let (queue, done, end) = (Arc::clone(&self.queue), self.done.clone(), at_hand.end.clone());
        let metrics = self.metrics.clone();
        self.spawn_with_store(slot, move |at, store, _| {
            let Ok(store) = store else { return };
            for wait in patience() {
                match store.put(&place, &body) {
                    Ok(_) => break,
                    Err(error) => tracing::warn!(%error, "the result is not stored; trying again"),
                }
                if at.is_over_after(wait) {
                    return;
                }
            }
            at.runtime.spawn(async move {
                for wait in patience() {
                    let published = tokio::select! {
                        published = queue.publish_result(&message) => published,
                        () = end.cancelled() => return,
                    };
                    match published {
                        Ok(routed) => {
                            drop(done.send(Done::Told(slot, routed)));
                            break;
                        }
                        Err(error) => {
                            metrics.result_failed();
                            tracing::warn!(%error, "the result is not published; trying again");
                        }
                    }
                    if tokio::time::timeout(wait, end.cancelled()).await.is_ok() {
                        return;
                    }
                }
            });
        });
    }

    fn ack(&mut self, tags: Vec<DeliveryTag>, id: String, digest: [u8; 32]) {
        let (queue, done) = (Arc::clone(&self.queue), self.done.clone());
        self.loose += 1;
        tokio::spawn(async move {
            let mut settled = Vec::with_capacity(tags.len());
            for tag in tags {
                settled.push(queue.ack(tag).await);
            }
            drop(done.send(Done::Acked { id, digest, settled }));
        });
    }

    fn bury(&mut self, slot: Slot, note: DeathNote) {
        let Some(at_hand) = self.jobs.get(&slot) else { return };
        at_hand.span.in_scope(|| tracing::error!(reason = note.reason, message = note.message, "job dead-lettered"));
        self.metrics.job_buried(&note.reason);
        let (queue, done, end) = (Arc::clone(&self.queue), self.done.clone(), at_hand.end.clone());
        let deliveries = at_hand.deliveries.clone();
        tokio::spawn(async move {
            let Some((first, others)) = deliveries.split_first() else { return };
            let settle = async {
                bury_until_confirmed(&*queue, first, &note).await;
                for other in others {
                    queue.ack(other.tag).await;
                }
            };
            tokio::select! {
                () = settle => {
                    let settled = deliveries.iter().map(|delivery| delivery.tag).collect();
                    drop(done.send(Done::Buried(slot, settled)));
                }
                () = end.cancelled() => {}
            }
        });
    }

    /// A message that is not in the books.
    fn bury_at_once(&mut self, delivery: Delivery, note: DeathNote) {
        tracing::error!(reason = note.reason, message = note.message, "message dead-lettered");
        self.metrics.job_buried(&note.reason);
        self.farm.settled_at_once(true);
        self.loose += 1;
        let (queue, done) = (Arc::clone(&self.queue), self.done.clone());
        tokio::spawn(async move {
            bury_until_confirmed(&*queue, &delivery, &note).await;
            drop(done.send(Done::Settled));
        });
    }

    fn hand_back(&mut self, slot: Slot, tags: Vec<DeliveryTag>, records: Vec<Record>) {
        let Some(at_hand) = self.jobs.get(&slot) else { return };
        at_hand.span.in_scope(|| tracing::info!(records = records.len(), "job handed back"));
        let (job, pages, store) = (at_hand.job.clone(), Arc::clone(&at_hand.pages), at_hand.store.get().cloned());
        let (queue, done) = (Arc::clone(&self.queue), self.done.clone());
        self.loose += 1;
        tokio::spawn(async move {
            if let (Some(store), false) = (store, records.is_empty()) {
                let checkpoint = tokio::task::spawn_blocking(move || pages.checkpoint(&job, &store, &records));
                drop(tokio::time::timeout(LAST_CHECKPOINT, checkpoint).await);
            }
            for tag in tags {
                queue.hand_back(tag).await;
            }
            drop(done.send(Done::Settled));
        });
    }

    fn forget(&mut self, slot: Slot) {
        if let Some(at_hand) = self.jobs.remove(&slot) {
            at_hand.end.cancel();
        }
        if let Some(generation) = self.renderer {
            let order = Box::new(Order::Withdraw { token: slot.0 });
            drop(self.orders.send(ToRenderer::Order { generation, order }));
        }
    }

    fn records(&self, slot: Slot) -> Option<Vec<Record>> {
        Some(endings::records(&self.jobs.get(&slot)?.job, self.farm.held(slot)?))
    }

    /// Runs something that blocks, with the job's store.
    fn spawn_with_store(
        &self,
        slot: Slot,
        work: impl FnOnce(&Blocking, Result<Arc<dyn Store>, StoreError>, &UnboundedSender<Done>) + Send + 'static,
    ) {
        let Some(at_hand) = self.jobs.get(&slot) else { return };
        let (store, stores, done) = (Arc::clone(&at_hand.store), Arc::clone(&self.stores), self.done.clone());
        let blocking = Blocking {
            job: at_hand.job.clone(),
            pages: Arc::clone(&at_hand.pages),
            end: at_hand.end.clone(),
            runtime: Handle::current(),
        };
        let span = at_hand.span.clone();
        tokio::task::spawn_blocking(move || {
            let _entered = span.entered();
            let known = store.get().cloned().map_or_else(|| stores.open_shared(&blocking.job.job.destination), Ok);
            if let Ok(known) = &known {
                let _ = store.set(Arc::clone(known));
            }
            work(&blocking, known, &done);
        });
    }

    fn say(&self, slot: Slot, say: impl FnOnce(&AtHand)) {
        if let Some(at_hand) = self.jobs.get(&slot) {
            at_hand.span.in_scope(|| say(at_hand));
        }
    }

    fn log_end(&self, slot: Slot) {
        let (Some(at_hand), Some(held)) = (self.jobs.get(&slot), self.farm.held(slot)) else { return };
        let counts = held.counts();
        let elapsed = at_hand.since.elapsed();
        self.metrics.job_seconds(self.lane_name(held.lane), elapsed.as_secs_f64());
        at_hand.span.in_scope(|| {
            tracing::info!(
                ok = counts.ok,
                failed = counts.failed,
                reused = counts.reused,
                bytes = counts.bytes,
                cancelled = held.is_cancelled,
                elapsed_ms = elapsed.as_millis() as u64,
                "job done"
            );
        });
    }

    fn store_is_up(&mut self) {
        if std::mem::replace(&mut self.is_store_down, false) {
            tracing::info!("the store takes objects again");
        }
        self.health.set_storage(true, "reachable");
    }

    fn store_is_down(&mut self, message: &str) {
        if !std::mem::replace(&mut self.is_store_down, true) {
            tracing::error!(message, "the store takes nothing: jobs wait until it does");
        }
        self.health.set_storage(false, message);
    }

    fn lane_name(&self, lane: usize) -> &str {
        self.lanes.get(lane).map_or("unknown", |(name, _)| name)
    }

    fn now_ms(&self) -> u64 {
        self.started.elapsed().as_millis() as u64
    }
}

/// Tries until the letter is confirmed. A delivery whose session is gone meanwhile comes again, and is buried then.
async fn bury_until_confirmed(queue: &impl JobQueue, delivery: &Delivery, note: &DeathNote) {
    for wait in patience() {
        match queue.bury(delivery, note).await {
            Ok(_) => return,
            Err(error @ (QueueError::Unreachable(_) | QueueError::NoConfirm(_) | QueueError::Refused(_))) => {
                tracing::warn!(%error, "the dead letter is not published; trying again");
            }
        }
        tokio::time::sleep(wait).await;
    }
}

fn status_word(status: Status) -> &'static str {
    match status {
        Status::Ok => "ok",
        Status::Failed => "failed",
        Status::Skipped => "skipped",
        Status::Reused => "reused",
    }
}
