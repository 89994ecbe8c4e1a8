//! The queues and exchanges of a farm.
//!
//! ```text
//!   <prefix>.jobs (direct) ── lane's name ──> <prefix>.<lane> ── too many deliveries ──┐
//!   <prefix>.results (topic, by campaign) ──> whoever listens                          v
//!   <prefix>.dead (fanout) <── a worker's note ─────────────────────────── <prefix>.dead (queue)
//! ```

use lapin::options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Channel, Connection, ExchangeKind};

use super::super::QueueError;
use super::connection::{channel, failure, is_missing, is_unlike};
use super::settings::AmqpSettings;
use super::short;

impl AmqpSettings {
    pub(super) fn jobs_exchange(&self) -> String {
        format!("{}.jobs", self.prefix)
    }

    pub(super) fn results_exchange(&self) -> String {
        format!("{}.results", self.prefix)
    }

    /// The exchange and the queue of dead letters.
    pub(super) fn dead(&self) -> String {
        format!("{}.dead", self.prefix)
    }

    pub(super) fn lane_queue(&self, lane: &str) -> String {
        format!("{}.{lane}", self.prefix)
    }

    /// All queues, the lanes first.
    fn queues(&self) -> Vec<String> {
        self.lanes.iter().map(|lane| self.lane_queue(&lane.name)).chain([self.dead()]).collect()
    }

    fn exchanges(&self) -> [(String, ExchangeKind); 3] {
        [
            (self.jobs_exchange(), ExchangeKind::Direct),
            (self.results_exchange(), ExchangeKind::Topic),
            (self.dead(), ExchangeKind::Fanout),
        ]
    }
}

/// Declares everything; or, where the settings are passive, looks whether it is there.
pub(super) async fn ensure(connection: &Connection, settings: &AmqpSettings) -> Result<(), QueueError> {
    // An error closes the channel: it is used for nothing else.
    let channel = channel(connection).await?;
    let options = ExchangeDeclareOptions { passive: settings.passive, durable: true, ..Default::default() };
    for (name, kind) in settings.exchanges() {
        let declared = channel.exchange_declare(short("a name", &name)?, kind, options, FieldTable::default()).await;
        declared.map_err(|error| explained("exchange", &name, &error))?;
    }
    for name in settings.queues() {
        declare_queue(&channel, settings, &name, settings.passive).await?;
    }
    if !settings.passive {
        bind(&channel, &settings.dead(), &settings.dead(), "").await?;
        for lane in &settings.lanes {
            bind(&channel, &settings.lane_queue(&lane.name), &settings.jobs_exchange(), &lane.name).await?;
        }
    }
    let _ = channel.close(200, "OK".into()).await;
    Ok(())
}

/// How many messages wait in a queue. Asks on a channel of its own, which ends where the queue is missing.
pub(super) async fn depth(connection: &Connection, settings: &AmqpSettings, queue: &str) -> Result<u64, QueueError> {
    let channel = channel(connection).await?;
    let count = declare_queue(&channel, settings, queue, true).await?;
    let _ = channel.close(200, "OK".into()).await;
    Ok(count)
}

async fn declare_queue(
    channel: &Channel,
    settings: &AmqpSettings,
    name: &str,
    passive: bool,
) -> Result<u64, QueueError> {
    let mut arguments = FieldTable::default();
    let mut set = |name: &str, value: AMQPValue| {
        arguments.insert(name.into(), value);
    };
    let text = |text: &str| AMQPValue::LongString(text.into());
    set("x-queue-type", text("quorum"));
    if name == settings.dead() {
        // Whoever looks at dead letters hands them back, which counts: no number of looks may lose one.
        set("x-delivery-limit", AMQPValue::LongInt(i32::MAX));
    } else {
        set("x-delivery-limit", AMQPValue::LongInt(i32::try_from(settings.delivery_limit).unwrap_or(i32::MAX)));
        set("x-dead-letter-exchange", text(&settings.dead()));
        set("x-dead-letter-strategy", text("at-least-once"));
        // At-least-once is ignored without it.
        set("x-overflow", text("reject-publish"));
    }
    let options = QueueDeclareOptions { passive, durable: true, ..Default::default() };
    let declared = channel.queue_declare(short("a name", name)?, options, arguments).await;
    declared.map(|queue| u64::from(queue.message_count())).map_err(|error| explained("queue", name, &error))
}

async fn bind(channel: &Channel, queue: &str, exchange: &str, key: &str) -> Result<(), QueueError> {
    let (queue, exchange, key) = (short("a name", queue)?, short("a name", exchange)?, short("a name", key)?);
    let bound = channel.queue_bind(queue, exchange, key, QueueBindOptions::default(), FieldTable::default()).await;
    bound.map_err(|error| failure(&error))
}

fn explained(what: &str, name: &str, error: &lapin::Error) -> QueueError {
    if is_unlike(error) {
        return QueueError::Refused(format!(
            "{what} \"{name}\" is there with other properties than gravure declares; delete it, choose another prefix, \
             or set `passive` to use it as it is ({})",
            failure(error)
        ));
    }
    if is_missing(error) {
        return QueueError::Refused(format!("{what} \"{name}\" is not there"));
    }
    failure(error)
}
