//! The broker as those see it who submit jobs, follow results, and look after dead letters.

use std::time::Duration;

use futures_util::StreamExt;
use lapin::message::BasicGetMessage;
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicGetOptions, BasicNackOptions, QueueBindOptions, QueueDeclareOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use tokio::sync::mpsc;

use super::link::{Letter, Outlet, connect};
use super::{AmqpSettings, persistent, topology};
use crate::job::Job;
use crate::queue::{DeadAction, DeadLetter, JobMessage, Publisher, QueueError, Routed};

/// Results that wait for whoever listens.
const RESULTS_WAITING: usize = 256;

/// Publishes jobs to a RabbitMQ broker.
pub struct RabbitPublisher {
    settings: AmqpSettings,
    outlet: Outlet,
}

impl RabbitPublisher {
    /// Connects when the first message is published.
    pub fn new(settings: AmqpSettings) -> Self {
        Self { outlet: Outlet::new(settings.clone()), settings }
    }
}

impl Publisher for RabbitPublisher {
    async fn publish_job(&self, job: JobMessage) -> Result<(), QueueError> {
        let exchange = self.settings.name(topology::JOBS);
        let properties = persistent().with_message_id(job.message_id.as_str().into());
        let letter = Letter { exchange: &exchange, key: &job.lane, properties, body: &job.body };
        match self.outlet.publish(letter).await? {
            Routed::Queued => Ok(()),
            Routed::Nowhere => Err(QueueError::Refused(format!("there is no lane {:?}", job.lane))),
        }
    }

    async fn results(&self, campaign: &str) -> Result<mpsc::Receiver<Vec<u8>>, QueueError> {
        let (results, listener) = mpsc::channel(RESULTS_WAITING);
        let (settings, campaign) = (self.settings.clone(), campaign.to_owned());
        let first = listen(&settings, &campaign).await?;
        tokio::spawn(async move {
            let mut consumer = Some(first);
            while !results.is_closed() {
                if let Some((connection, mut deliveries)) = consumer.take() {
                    while let Some(Ok(delivery)) = deliveries.next().await {
                        if results.send(delivery.data).await.is_err() {
                            break;
                        }
                    }
                    super::consume::hang_up(connection);
                }
                tokio::time::sleep(Duration::from_secs(1)).await;
                consumer = listen(&settings, &campaign).await.ok();
            }
        });
        Ok(listener)
    }

    async fn dead_letters(
        &self,
        limit: u64,
        decide: &mut (dyn FnMut(&DeadLetter) -> DeadAction + Send),
    ) -> Result<u64, QueueError> {
        let words = |error: lapin::Error| QueueError::Unreachable(error.to_string());
        let connection = connect(&self.settings, "gravure dead").await?;
        let queue = self.settings.name(topology::DEAD);
        let there = topology::depth(&connection, &queue).await.map_err(QueueError::Refused)?.min(limit);
        let channel = connection.create_channel().await.map_err(words)?;
        let (mut kept, mut seen) = (Vec::new(), 0);
        while seen < there {
            let found = channel.basic_get(queue.as_str().into(), BasicGetOptions::default()).await.map_err(words)?;
            let Some(found) = found else { break };
            let (letter, tag) = (letter(seen, &found, &self.settings), found.delivery.delivery_tag);
            seen += 1;
            match decide(&letter) {
                DeadAction::Keep => kept.push(tag),
                DeadAction::Drop => channel.basic_ack(tag, BasicAckOptions::default()).await.map_err(words)?,
                DeadAction::Requeue => {
                    let message_id = letter.job.clone().unwrap_or_default();
                    let job = JobMessage { message_id, lane: letter.lane.clone(), body: letter.body.to_vec() };
                    self.publish_job(job).await?;
                    channel.basic_ack(tag, BasicAckOptions::default()).await.map_err(words)?;
                }
            }
        }
        for tag in kept {
            let options = BasicNackOptions { requeue: true, ..BasicNackOptions::default() };
            channel.basic_nack(tag, options).await.map_err(words)?;
        }
        topology::close(&channel).await;
        drop(connection.close(200, "done".into()).await);
        Ok(seen)
    }

    async fn depths(&self) -> Result<Vec<(String, u64)>, QueueError> {
        let connection = connect(&self.settings, "gravure status").await?;
        let mut depths = Vec::new();
        for name in self.settings.lanes.iter().map(|lane| lane.name.as_str()).chain([topology::DEAD]) {
            let name = self.settings.name(name);
            let depth = topology::depth(&connection, &name).await.map_err(QueueError::Refused)?;
            depths.push((name, depth));
        }
        drop(connection.close(200, "done".into()).await);
        Ok(depths)
    }
}

/// A queue of our own, gone with the connection, that gets a campaign's results.
async fn listen(
    settings: &AmqpSettings,
    campaign: &str,
) -> Result<(lapin::Connection, lapin::Consumer), QueueError> {
    let words = |error: lapin::Error| QueueError::Unreachable(error.to_string());
    let connection = connect(settings, "gravure results").await?;
    topology::declare(&connection, settings).await.map_err(QueueError::Refused)?;
    let channel = connection.create_channel().await.map_err(words)?;
    let options = QueueDeclareOptions { exclusive: true, auto_delete: true, ..QueueDeclareOptions::default() };
    let queue = channel.queue_declare("".into(), options, FieldTable::default()).await.map_err(words)?;
    let exchange = settings.name(topology::RESULTS);
    let bind = channel.queue_bind(
        queue.name().clone(),
        exchange.as_str().into(),
        campaign.into(),
        QueueBindOptions::default(),
        FieldTable::default(),
    );
    bind.await.map_err(words)?;
    let options = BasicConsumeOptions { no_ack: true, ..BasicConsumeOptions::default() };
    let consumer = channel.basic_consume(queue.name().clone(), "results".into(), options, FieldTable::default());
    Ok((connection, consumer.await.map_err(words)?))
}

fn letter(number: u64, found: &BasicGetMessage, settings: &AmqpSettings) -> DeadLetter {
    let headers = found.delivery.properties.headers().clone().unwrap_or_default();
    let text = |name: &str| headers.inner().get(name).and_then(words);
    // Where a broker gave up, it says so in its own way: the last death comes first.
    let death = match headers.inner().get("x-death") {
        Some(AMQPValue::FieldArray(deaths)) => deaths.as_slice().first().cloned(),
        _ => None,
    };
    let of_broker = |name: &str| match &death {
        Some(AMQPValue::FieldTable(death)) => death.inner().get(name).and_then(words),
        _ => None,
    };
    let prefix = format!("{}.", settings.prefix);
    let lane = text("x-lane").or_else(|| Some(of_broker("queue")?.strip_prefix(&prefix)?.to_owned()));
    let buried_at = match headers.inner().get("x-buried-at") {
        Some(AMQPValue::LongLongInt(seconds)) => u64::try_from(*seconds).ok(),
        _ => None,
    };
    DeadLetter {
        number,
        job: Job::parse(&found.delivery.data).ok().map(|job| job.id),
        lane: lane.unwrap_or_default(),
        reason: text("x-reason").or_else(|| of_broker("reason")).unwrap_or_else(|| "unknown".to_owned()),
        message: text("x-message").unwrap_or_default(),
        buried_at,
        body: found.delivery.data.as_slice().into(),
    }
}

fn words(value: &AMQPValue) -> Option<String> {
    match value {
        AMQPValue::LongString(text) => Some(text.to_string()),
        AMQPValue::ShortString(text) => Some(text.to_string()),
        _ => None,
    }
}
