//! Going through the dead letters.

use std::time::Duration;

use lapin::message::BasicGetMessage;
use lapin::options::{BasicAckOptions, BasicGetOptions, BasicNackOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Acker, Channel};

use super::super::{DeadAction, DeadLetter, QueueError, job_id};
use super::connection::{channel, failure, within};
use super::outbox::Outbox;
use super::publisher::post_job;
use super::settings::AmqpSettings;
use super::{short, topology};

/// A queue takes letters back in its own time. How often is looked whether it has, and after how long again.
const LOOKS: u32 = 50;
const LOOK_EVERY: Duration = Duration::from_millis(20);

pub(super) struct DeadLetters<'a> {
    settings: &'a AmqpSettings,
    outbox: &'a Outbox,
}

impl<'a> DeadLetters<'a> {
    pub(super) fn new(settings: &'a AmqpSettings, outbox: &'a Outbox) -> Self {
        Self { settings, outbox }
    }

    /// What was there at the beginning, at most `limit`: a letter that is kept would come again at once otherwise.
    pub(super) async fn go_through(
        &self,
        limit: u64,
        decide: &mut (dyn FnMut(&DeadLetter) -> DeadAction + Send),
    ) -> Result<u64, QueueError> {
        let (channel, there) = self.ask("how many dead letters wait", self.open()).await?;
        let mut kept = Vec::new();
        let outcome = self.decide_each(&channel, there.min(limit), decide, &mut kept).await;
        let handed_back = kept.len() as u64;
        for acker in kept {
            // Those that are not handed back now are, by the broker, when the channel ends.
            let _ = acker.nack(BasicNackOptions { requeue: true, multiple: false }).await;
        }
        let _ = channel.close(200, "OK".into()).await;
        if handed_back > 0 {
            self.wait_for(handed_back).await;
        }
        outcome
    }

    /// Until so many letters are in the queue again, for a while: whoever asks next should find those that were kept.
    async fn wait_for(&self, letters: u64) {
        for _ in 0..LOOKS {
            if self.depth().await.is_ok_and(|there| there >= letters) {
                return;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    async fn open(&self) -> Result<(Channel, u64), QueueError> {
        let there = self.depth().await?;
        let connection = self.outbox.connection().await?;
        Ok((channel(&connection).await?, there))
    }

    async fn depth(&self) -> Result<u64, QueueError> {
        let connection = self.outbox.connection().await?;
        topology::depth(&connection, self.settings, &self.settings.dead()).await
    }

    async fn decide_each(
        &self,
        channel: &Channel,
        count: u64,
        decide: &mut (dyn FnMut(&DeadLetter) -> DeadAction + Send),
        kept: &mut Vec<Acker>,
    ) -> Result<u64, QueueError> {
        let queue = short("a name", &self.settings.dead())?;
        for number in 1..=count {
            let get = async {
                let got = channel.basic_get(queue.clone(), BasicGetOptions::default()).await;
                got.map_err(|error| failure(&error))
            };
            let Some(message) = self.ask("a dead letter", get).await? else { return Ok(number - 1) };
            let acker = message.delivery.acker.clone();
            let message_id = message.delivery.properties.message_id().clone();
            let letter = read(self.settings, number, message);
            let action = decide(&letter);
            if action == DeadAction::Keep {
                kept.push(acker);
                continue;
            }
            if action == DeadAction::Requeue {
                let message_id = message_id.as_ref().map(|id| id.as_str());
                let posted = post_job(self.settings, self.outbox, &letter.lane, message_id, &letter.body).await;
                if let Err(error) = posted {
                    kept.push(acker);
                    return Err(error);
                }
            }
            let acked = acker.ack(BasicAckOptions::default()).await.map_err(|error| failure(&error))?;
            if !acked {
                return Err(QueueError::Unreachable(
                    "the channel ended; the last dead letter is still there".to_owned(),
                ));
            }
        }
        Ok(count)
    }

    async fn ask<T>(&self, what: &str, answer: impl Future<Output = Result<T, QueueError>>) -> Result<T, QueueError> {
        within(self.settings.connect_timeout(), what, answer).await
    }
}

/// A worker's note is in headers of its own; where the broker buried it, its `x-death` says why.
fn read(settings: &AmqpSettings, number: u64, message: BasicGetMessage) -> DeadLetter {
    let delivery = message.delivery;
    let nothing = FieldTable::default();
    let headers = delivery.properties.headers().as_ref().unwrap_or(&nothing);
    let by_broker = first_death(headers);
    let lane_of_queue = |queue: String| match queue.strip_prefix(&format!("{}.", settings.prefix)) {
        Some(lane) => lane.to_owned(),
        None => queue,
    };
    let (lane, reason, words, buried_at) = match (text(headers, "x-reason"), by_broker) {
        (None, Some(death)) => (
            text(death, "queue").map(lane_of_queue),
            text(death, "reason"),
            Some("buried by the broker".to_owned()),
            seconds(death, "time"),
        ),
        (reason, _) => (text(headers, "x-lane"), reason, text(headers, "x-message"), seconds(headers, "x-buried-at")),
    };
    DeadLetter {
        number,
        job: job_id(&delivery.data),
        lane: lane.unwrap_or_else(|| delivery.routing_key.to_string()),
        reason: reason.unwrap_or_else(|| "unknown".to_owned()),
        message: words.unwrap_or_default(),
        buried_at,
        body: delivery.data.into(),
    }
}

/// The newest entry of `x-death`.
fn first_death(headers: &FieldTable) -> Option<&FieldTable> {
    match headers.inner().get("x-death")? {
        AMQPValue::FieldArray(deaths) => match deaths.as_slice().first()? {
            AMQPValue::FieldTable(death) => Some(death),
            _ => None,
        },
        _ => None,
    }
}

fn text(table: &FieldTable, name: &str) -> Option<String> {
    match table.inner().get(name)? {
        AMQPValue::LongString(text) => Some(text.to_string()),
        AMQPValue::ShortString(text) => Some(text.to_string()),
        _ => None,
    }
}

fn seconds(table: &FieldTable, name: &str) -> Option<u64> {
    match table.inner().get(name)? {
        AMQPValue::Timestamp(seconds) => Some(*seconds),
        _ => None,
    }
}
