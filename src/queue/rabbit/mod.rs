//! RabbitMQ, by lapin. Its own recovery is not used: it dies silently after an error of a channel.

mod consume;
mod letters;
mod link;
mod settings;
mod topology;

use std::sync::Arc;

use lapin::BasicProperties;
use lapin::options::{BasicAckOptions, BasicCancelOptions, BasicNackOptions};
use lapin::types::{AMQPValue, FieldTable, LongString};
use parking_lot::Mutex;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{DeathNote, Delivery, DeliveryTag, JobQueue, QueueError, QueueEvent, ResultMessage, Routed, Settled};
use crate::job::Job;

pub use letters::RabbitPublisher;
pub use settings::{AmqpSettings, Lane};

use consume::{LANE_SHIFT, Session};
use link::{Letter, Outlet};

/// Events that wait for the worker: beside them the broker's prefetch bounds what is held.
const EVENTS_WAITING: usize = 64;
/// Longest text of a header: dead letters are to be read by people.
const MAX_HEADER_BYTES: usize = 2000;

/// The jobs of a RabbitMQ broker.
pub struct RabbitQueue {
    shared: Arc<Shared>,
    events: tokio::sync::Mutex<mpsc::Receiver<QueueEvent>>,
}

struct Shared {
    settings: AmqpSettings,
    outlet: Outlet,
    events: Mutex<Option<mpsc::Sender<QueueEvent>>>,
    session: Mutex<Option<Arc<Session>>>,
    stopping: CancellationToken,
    closed: CancellationToken,
}

impl Shared {
    async fn tell(&self, event: QueueEvent) {
        let events = self.events.lock().clone();
        if let Some(events) = events {
            tokio::select! {
                sent = events.send(event) => drop(sent),
                () = self.closed.cancelled() => {}
            }
        }
    }

    fn end(&self) {
        *self.events.lock() = None;
    }

    fn session(&self, tag: DeliveryTag) -> Option<Arc<Session>> {
        self.session.lock().as_ref().filter(|session| session.number == tag.session).cloned()
    }
}

impl RabbitQueue {
    /// Begins to consume, now and for ever. Must be called on a runtime.
    pub fn start(settings: AmqpSettings) -> Self {
        let (events_in, events) = mpsc::channel(EVENTS_WAITING);
        let shared = Arc::new(Shared {
            outlet: Outlet::new(settings.clone()),
            settings,
            events: Mutex::new(Some(events_in)),
            session: Mutex::default(),
            stopping: CancellationToken::new(),
            closed: CancellationToken::new(),
        });
        tokio::spawn(consume::run(Arc::clone(&shared)));
        Self { shared, events: tokio::sync::Mutex::new(events) }
    }
}

impl JobQueue for RabbitQueue {
    async fn next(&self) -> Option<QueueEvent> {
        self.events.lock().await.recv().await
    }

    async fn ack(&self, tag: DeliveryTag) -> Settled {
        let Some(session) = self.shared.session(tag) else { return Settled::Stale };
        let (lane, number) = split(tag);
        match session.channels[lane].basic_ack(number, BasicAckOptions::default()).await {
            Ok(()) => Settled::Done,
            Err(_) => Settled::Stale,
        }
    }

    async fn hand_back(&self, tag: DeliveryTag) -> Settled {
        let Some(session) = self.shared.session(tag) else { return Settled::Stale };
        let (lane, number) = split(tag);
        let options = BasicNackOptions { requeue: true, ..BasicNackOptions::default() };
        match session.channels[lane].basic_nack(number, options).await {
            Ok(()) => Settled::Done,
            Err(_) => Settled::Stale,
        }
    }

    async fn bury(&self, delivery: &Delivery, note: &DeathNote) -> Result<Settled, QueueError> {
        let settings = &self.shared.settings;
        let lane = settings.lanes.get(delivery.lane).map_or("", |lane| lane.name.as_str());
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let mut headers = FieldTable::default();
        headers
            .insert("x-reason".into(), header(&note.reason))
            .insert("x-message".into(), header(&note.message))
            .insert("x-lane".into(), header(lane))
            .insert("x-attempts".into(), AMQPValue::LongUInt(note.attempts))
            .insert("x-buried-at".into(), AMQPValue::LongLongInt(now as i64));
        let id = Job::parse(&delivery.body).map(|job| job.id).unwrap_or_default();
        let properties = persistent().with_message_id(id.as_str().into()).with_headers(headers);
        let exchange = settings.name(topology::DEAD);
        let letter = Letter { exchange: &exchange, key: lane, properties, body: &delivery.body };
        match self.shared.outlet.publish(letter).await? {
            Routed::Queued => Ok(self.ack(delivery.tag).await),
            Routed::Nowhere => Err(QueueError::Refused(format!("no queue is bound to {exchange}"))),
        }
    }

    async fn publish_result(&self, result: &ResultMessage) -> Result<Routed, QueueError> {
        let exchange = self.shared.settings.name(topology::RESULTS);
        let properties = || persistent().with_message_id(result.message_id.as_str().into());
        let letter = Letter { exchange: &exchange, key: &result.campaign, properties: properties(), body: &result.body };
        let mut routed = self.shared.outlet.publish(letter).await?;
        if let Some(reply_to) = result.reply_to.as_deref().filter(|name| !name.is_empty() && name.len() < 256) {
            let letter = Letter { exchange: "", key: reply_to, properties: properties(), body: &result.body };
            match self.shared.outlet.publish(letter).await? {
                Routed::Queued => routed = Routed::Queued,
                Routed::Nowhere => tracing::warn!(reply_to, "there is no queue of this name for the result"),
            }
        }
        Ok(routed)
    }

    async fn stop_consuming(&self) {
        self.shared.stopping.cancel();
        let session = self.shared.session.lock().clone();
        let Some(session) = session else { return };
        for (lane, channel) in self.shared.settings.lanes.iter().zip(&session.channels) {
            let tag = format!("gravure-{}", lane.name);
            let cancel = channel.basic_cancel(tag.as_str().into(), BasicCancelOptions::default());
            drop(tokio::time::timeout(std::time::Duration::from_secs(2), cancel).await);
        }
    }

    async fn close(&self) {
        self.shared.closed.cancel();
        self.shared.outlet.close().await;
        let session = self.shared.session.lock().take();
        if let Some(session) = session {
            // Acknowledgements that were just written go out first.
            let close = session.connection.close(200, "done".into());
            drop(tokio::time::timeout(std::time::Duration::from_secs(3), close).await);
        }
    }
}

fn split(tag: DeliveryTag) -> (usize, u64) {
    ((tag.tag >> LANE_SHIFT) as usize, tag.tag & ((1 << LANE_SHIFT) - 1))
}

/// Survives the broker's restart.
fn persistent() -> BasicProperties {
    BasicProperties::default().with_delivery_mode(2).with_content_type("application/json".into())
}

fn header(text: &str) -> AMQPValue {
    let end = (0..=text.len().min(MAX_HEADER_BYTES)).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
    AMQPValue::LongString(LongString::from(&text[..end]))
}
