//! The worker's side of RabbitMQ.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use lapin::BasicProperties;
use lapin::options::{BasicAckOptions, BasicNackOptions};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use tokio_util::sync::{CancellationToken, DropGuard};
use tracing::warn;

use super::super::{
    DeathNote, Delivery, DeliveryTag, JobQueue, QueueError, QueueEvent, ResultMessage, Routed, Settled,
};
use super::inbox::{Inbox, Unsettled};
use super::outbox::{Declares, Letter, Outbox, Posted};
use super::session::Sessions;
use super::settings::AmqpSettings;
use super::short;

/// Bytes of a note's message that are kept: headers travel in one frame.
const MESSAGE_BYTES: usize = 8 << 10;
/// Of a message that is kept over a broker's restart.
pub(super) const PERSISTENT: u8 = 2;

/// A worker's connection to RabbitMQ, which comes back by itself. Ends when it is dropped.
#[derive(Debug)]
pub struct RabbitQueue {
    settings: Arc<AmqpSettings>,
    inbox: Arc<Inbox>,
    outbox: Outbox,
    stopping: CancellationToken,
    closing: CancellationToken,
    _end_with_us: DropGuard,
    ended: CancellationToken,
}

impl RabbitQueue {
    /// Starts to connect, within the runtime of the caller. Whether it works is told by the events; see
    /// [`super::reach`] for who wants to know at once.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn start(settings: AmqpSettings) -> Self {
        let settings = Arc::new(settings);
        let inbox = Arc::new(Inbox::new(settings.lanes.iter().map(|lane| lane.weight)));
        let (stopping, closing) = (CancellationToken::new(), CancellationToken::new());
        let sessions = Sessions {
            settings: Arc::clone(&settings),
            inbox: Arc::clone(&inbox),
            stopping: stopping.clone(),
            closing: closing.clone(),
        };
        let ended = CancellationToken::new();
        let end = ended.clone().drop_guard();
        tokio::spawn(async move {
            sessions.run().await;
            drop(end);
        });
        let outbox = Outbox::new(Arc::clone(&settings), "results", Declares::WhenMissing);
        Self { settings, inbox, outbox, stopping, _end_with_us: closing.clone().drop_guard(), closing, ended }
    }

    async fn acknowledge(&self, tag: DeliveryTag) -> Settled {
        let Some(delivery) = self.inbox.settle(tag) else { return Settled::Stale };
        // `Ok(false)` says that the channel is gone; an error, that it went meanwhile.
        settled(delivery.acker.ack(BasicAckOptions::default()).await)
    }
}

fn settled(outcome: lapin::Result<bool>) -> Settled {
    if matches!(outcome, Ok(true)) { Settled::Done } else { Settled::Stale }
}

impl JobQueue for RabbitQueue {
    async fn next(&self) -> Option<QueueEvent> {
        self.inbox.next().await
    }

    async fn ack(&self, tag: DeliveryTag) -> Settled {
        self.acknowledge(tag).await
    }

    async fn hand_back(&self, tag: DeliveryTag) -> Settled {
        let Some(delivery) = self.inbox.settle(tag) else { return Settled::Stale };
        settled(delivery.acker.nack(BasicNackOptions { requeue: true, multiple: false }).await)
    }

    async fn bury(&self, delivery: &Delivery, note: &DeathNote) -> Result<Settled, QueueError> {
        let Some(Unsettled { message_id, .. }) = self.inbox.unsettled(delivery.tag) else {
            return Ok(Settled::Stale);
        };
        let lane = &self.settings.lanes[delivery.lane].name;
        let letter = Letter {
            exchange: &self.settings.dead(),
            routing_key: lane,
            properties: note_properties(lane, note, message_id),
            body: &delivery.body,
        };
        self.outbox.post_to_queue(&letter).await?;
        Ok(self.acknowledge(delivery.tag).await)
    }

    async fn publish_result(&self, result: &ResultMessage) -> Result<Routed, QueueError> {
        let properties = BasicProperties::default()
            .with_delivery_mode(PERSISTENT)
            .with_message_id(short("a message's id", &result.message_id)?)
            .with_content_type("application/json".into());
        let letter = |exchange, routing_key| Letter {
            exchange,
            routing_key,
            properties: properties.clone(),
            body: &result.body,
        };
        let exchange = self.settings.results_exchange();
        let posted = self.outbox.post(&letter(&exchange, &result.campaign)).await?;
        let mut routed = if posted == Posted::Queued { Routed::Queued } else { Routed::Nowhere };
        if let Some(reply_to) = &result.reply_to {
            // Too long for a name: no such queue can be there.
            let is_name = ShortString::try_new(reply_to.as_str()).is_ok();
            if is_name && self.outbox.post(&letter("", reply_to)).await? == Posted::Queued {
                routed = Routed::Queued;
            } else {
                warn!(message_id = %result.message_id, "the queue of reply_to is not there");
            }
        }
        Ok(routed)
    }

    async fn stop_consuming(&self) {
        self.inbox.stop();
        self.stopping.cancel();
    }

    async fn close(&self) {
        self.stopping.cancel();
        self.closing.cancel();
        self.ended.cancelled().await;
        self.outbox.close().await;
    }
}

/// What a dead letter says on its envelope.
fn note_properties(lane: &str, note: &DeathNote, message_id: Option<ShortString>) -> BasicProperties {
    let mut headers = FieldTable::default();
    let mut cut = note.message.len().min(MESSAGE_BYTES);
    while !note.message.is_char_boundary(cut) {
        cut -= 1;
    }
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs());
    headers.insert("x-reason".into(), AMQPValue::LongString(note.reason.as_str().into()));
    headers.insert("x-message".into(), AMQPValue::LongString(note.message[..cut].into()));
    headers.insert("x-attempts".into(), AMQPValue::LongLongInt(note.attempts.into()));
    headers.insert("x-lane".into(), AMQPValue::LongString(lane.into()));
    headers.insert("x-buried-at".into(), AMQPValue::Timestamp(seconds));
    let properties = BasicProperties::default()
        .with_delivery_mode(PERSISTENT)
        .with_content_type("application/json".into())
        .with_headers(headers);
    match message_id {
        Some(id) => properties.with_message_id(id),
        None => properties,
    }
}
