//! Queues and exchanges, declared as often as anybody connects.
//!
//! ```text
//!   exchange gravure.jobs (direct) ─ jobs, urgent ─> queue gravure.jobs, gravure.urgent ─ limit ─┐
//!   exchange gravure.results (topic) ─ campaign ─> whoever listens                               v
//!   exchange gravure.dead (fanout) ────────────────────────────────────────────> queue gravure.dead
//! ```
//!
//! Quorum queues with at-least-once dead-lettering, which needs `reject-publish`.

use lapin::options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable, LongString};
use lapin::{Channel, Connection, ErrorKind, ExchangeKind};

use super::AmqpSettings;

/// The exchange and the queue of dead letters.
pub const DEAD: &str = "dead";
/// The exchange of results.
pub const RESULTS: &str = "results";
/// The exchange of jobs.
pub const JOBS: &str = "jobs";

/// Declares everything, or looks whether it is there.
///
/// # Errors
/// What is wrong with what is there.
pub async fn declare(connection: &Connection, settings: &AmqpSettings) -> Result<(), String> {
    // An error closes the channel: each look has its own.
    for (name, kind) in [(JOBS, ExchangeKind::Direct), (RESULTS, ExchangeKind::Topic), (DEAD, ExchangeKind::Fanout)] {
        let channel = open(connection).await?;
        let options =
            ExchangeDeclareOptions { passive: settings.passive, durable: true, ..ExchangeDeclareOptions::default() };
        let name = settings.name(name);
        let declared = channel.exchange_declare(name.as_str().into(), kind, options, FieldTable::default()).await;
        declared.map_err(|error| unusable("exchange", &name, &error, settings))?;
        close(&channel).await;
    }
    let dead = settings.name(DEAD);
    queue(connection, settings, &dead, &FieldTable::default(), &dead, "").await?;
    for lane in &settings.lanes {
        let mut arguments = FieldTable::default();
        arguments
            .insert("x-delivery-limit".into(), AMQPValue::LongUInt(settings.delivery_limit))
            .insert("x-overflow".into(), text("reject-publish"))
            .insert("x-dead-letter-exchange".into(), text(&dead))
            .insert("x-dead-letter-strategy".into(), text("at-least-once"));
        queue(connection, settings, &settings.name(&lane.name), &arguments, &settings.name(JOBS), &lane.name).await?;
    }
    Ok(())
}

async fn queue(
    connection: &Connection,
    settings: &AmqpSettings,
    name: &str,
    arguments: &FieldTable,
    exchange: &str,
    key: &str,
) -> Result<(), String> {
    let channel = open(connection).await?;
    let mut arguments = arguments.clone();
    arguments.insert("x-queue-type".into(), text("quorum"));
    let arguments = if settings.passive { FieldTable::default() } else { arguments };
    let options = QueueDeclareOptions { passive: settings.passive, durable: true, ..QueueDeclareOptions::default() };
    let declared = channel.queue_declare(name.into(), options, arguments).await;
    declared.map_err(|error| unusable("queue", name, &error, settings))?;
    if !settings.passive {
        let bound = channel
            .queue_bind(name.into(), exchange.into(), key.into(), QueueBindOptions::default(), FieldTable::default())
            .await;
        bound.map_err(|error| unusable("queue", name, &error, settings))?;
    }
    close(&channel).await;
    Ok(())
}

/// Messages that wait in a queue.
///
/// # Errors
/// When there is no such queue, or no answer.
pub async fn depth(connection: &Connection, name: &str) -> Result<u64, String> {
    let channel = open(connection).await?;
    let options = QueueDeclareOptions { passive: true, durable: true, ..QueueDeclareOptions::default() };
    let queue = channel.queue_declare(name.into(), options, FieldTable::default()).await;
    let depth = queue.map(|queue| u64::from(queue.message_count())).map_err(|error| error.to_string());
    close(&channel).await;
    depth
}

async fn open(connection: &Connection) -> Result<Channel, String> {
    connection.create_channel().await.map_err(|error| error.to_string())
}

/// Nobody waits for the end of a channel that has served.
pub(super) async fn close(channel: &Channel) {
    drop(channel.close(200, "done".into()).await);
}

fn text(text: &str) -> AMQPValue {
    AMQPValue::LongString(LongString::from(text))
}

fn unusable(what: &str, name: &str, error: &lapin::Error, settings: &AmqpSettings) -> String {
    let is_other = matches!(error.kind(), ErrorKind::ProtocolError(error) if error.get_id() == 406);
    match is_other {
        true => format!(
            "the {what} {name} is there with other arguments ({error}): remove it, choose another amqp.prefix, or \
             set amqp.passive = true to use it as it is"
        ),
        false if settings.passive => format!("the {what} {name} is not usable, and amqp.passive forbids to make it: {error}"),
        false => format!("the {what} {name} cannot be declared: {error}"),
    }
}
