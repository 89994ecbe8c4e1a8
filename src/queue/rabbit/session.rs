//! The loop that connects, declares and consumes, for ever.

use std::sync::Arc;
use std::time::{Duration, Instant};

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use futures_util::future;
use futures_util::stream::{SelectAll, StreamExt, once};
use lapin::message::Delivery;
use lapin::options::{BasicCancelOptions, BasicConsumeOptions, BasicNackOptions, BasicQosOptions};
use lapin::types::{FieldTable, ShortString};
use lapin::{Channel, Connection, Event};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use super::super::QueueError;
use super::connection::{self, channel, failure, within};
use super::inbox::{Inbox, Unsettled};
use super::settings::AmqpSettings;
use super::{short, topology};

/// The longest wait between two attempts: consuming again within 15 s, the connection itself included.
const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// A session that lasts as long was a good one: the next wait is short again.
const GOOD_SESSION: Duration = Duration::from_secs(10);

/// What the loop needs.
#[derive(Debug)]
pub(super) struct Sessions {
    pub(super) settings: Arc<AmqpSettings>,
    pub(super) inbox: Arc<Inbox>,
    /// No more jobs are wanted.
    pub(super) stopping: CancellationToken,
    /// Nothing is wanted any more.
    pub(super) closing: CancellationToken,
}

/// A session that consumes.
struct Session {
    connection: Connection,
    channel: Channel,
    consumers: SelectAll<ConsumerStream>,
    tags: Vec<ShortString>,
}

type ConsumerStream = std::pin::Pin<Box<dyn futures_util::Stream<Item = (usize, Heard)> + Send>>;

enum Heard {
    Job(Box<Delivery>),
    Ended(String),
}

/// Waits between attempts, from half a second, with jitter, without an end.
pub(super) fn waits() -> ExponentialBackoff {
    ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(500))
        .with_max_delay(LONGEST_WAIT / 2)
        .with_jitter()
        .without_max_times()
        .build()
}

impl Sessions {
    pub(super) async fn run(self) {
        let mut waits = waits();
        let mut connected_without_consumer: Option<Instant> = None;
        while !self.stopping.is_cancelled() && !self.closing.is_cancelled() {
            let opened = tokio::select! {
                opened = self.open(&mut connected_without_consumer) => opened,
                () = self.stopping.cancelled() => break,
                () = self.closing.cancelled() => break,
            };
            let why = match opened {
                Ok(session) => {
                    connected_without_consumer = None;
                    let since = Instant::now();
                    let number = self.inbox.up();
                    debug!(session = number, "consuming");
                    let reason = self.consume(session).await;
                    self.inbox.down(&reason);
                    if since.elapsed() >= GOOD_SESSION {
                        waits = self::waits();
                    }
                    reason
                }
                Err(error) => error.to_string(),
            };
            if self.stopping.is_cancelled() || self.closing.is_cancelled() {
                break;
            }
            self.rest(&why, waits.next().unwrap_or(LONGEST_WAIT), &mut connected_without_consumer).await;
        }
        self.closing.cancelled().await;
        self.inbox.close();
    }

    /// Waits before the next attempt; a worker that is deaf is told so in time.
    async fn rest(&self, why: &str, wait: Duration, connected_without_consumer: &mut Option<Instant>) {
        let deaf_after = Duration::from_secs(self.settings.deaf_secs);
        let mut wait = wait.min(LONGEST_WAIT);
        if let Some(since) = *connected_without_consumer {
            if since.elapsed() >= deaf_after {
                let reason = format!("connected, and no consumer for {} s: {why}", since.elapsed().as_secs());
                self.inbox.deaf(reason);
                *connected_without_consumer = None;
            } else {
                wait = wait.min(deaf_after.saturating_sub(since.elapsed()));
            }
        }
        warn!(error = why, wait_ms = wait.as_millis() as u64, "no consumer");
        tokio::select! {
            () = tokio::time::sleep(wait) => (),
            () = self.stopping.cancelled() => (),
            () = self.closing.cancelled() => (),
        }
    }

    async fn open(&self, connected_without_consumer: &mut Option<Instant>) -> Result<Session, QueueError> {
        let connection = match connection::open(&self.settings, "worker").await {
            Ok(connection) => connection,
            Err(error) => {
                *connected_without_consumer = None;
                return Err(error);
            }
        };
        connected_without_consumer.get_or_insert_with(Instant::now);
        let limit = self.settings.connect_timeout();
        let started = within(limit, "the declarations", async {
            topology::ensure(&connection, &self.settings).await?;
            self.start_consumers(&connection).await
        });
        match started.await {
            Ok((channel, consumers, tags)) => Ok(Session { connection, channel, consumers, tags }),
            Err(error) => {
                connection::close(&connection).await;
                Err(error)
            }
        }
    }

    async fn start_consumers(
        &self,
        connection: &Connection,
    ) -> Result<(Channel, SelectAll<ConsumerStream>, Vec<ShortString>), QueueError> {
        let channel = channel(connection).await?;
        let mut consumers = SelectAll::new();
        let mut tags = Vec::new();
        for (number, lane) in self.settings.lanes.iter().enumerate() {
            // Not global: it holds for the consumers that come after it, each for itself.
            let prefetch = channel.basic_qos(lane.prefetch, BasicQosOptions { global: false }).await;
            prefetch.map_err(|error| failure(&error))?;
            let queue = short("a name", &self.settings.lane_queue(&lane.name))?;
            let (options, arguments) = (BasicConsumeOptions::default(), FieldTable::default());
            let consumer = channel.basic_consume(queue, ShortString::default(), options, arguments).await;
            let consumer = consumer.map_err(|error| failure(&error))?;
            tags.push(consumer.tag());
            let ended = Heard::Ended(format!("the broker ended the consumer of lane \"{}\"", lane.name));
            let heard = consumer.map(move |delivery| match delivery {
                Ok(delivery) => (number, Heard::Job(Box::new(delivery))),
                Err(error) => (number, Heard::Ended(error.to_string())),
            });
            let stream: ConsumerStream = Box::pin(heard.chain(once(future::ready((number, ended)))));
            consumers.push(stream);
        }
        Ok((channel, consumers, tags))
    }

    /// Brings jobs until the session ends; why it ended.
    async fn consume(&self, session: Session) -> String {
        let Session { connection, channel, mut consumers, tags } = session;
        let mut errors = Box::pin(connection.events_listener().filter_map(|event| {
            future::ready(if let Event::Error(error) = event { Some(error.to_string()) } else { None })
        }));
        let mut is_stopping = false;
        let reason = loop {
            tokio::select! {
                biased;
                () = self.closing.cancelled() => break "closed".to_owned(),
                () = self.stopping.cancelled(), if !is_stopping => {
                    is_stopping = true;
                    stop(&self.inbox, &channel, &tags, self.settings.connect_timeout()).await;
                }
                heard = consumers.next(), if !consumers.is_empty() => match heard {
                    Some((_, Heard::Job(delivery))) if is_stopping => {
                        hand_back(Unsettled { acker: delivery.acker, message_id: None }).await;
                    }
                    Some((lane, Heard::Job(delivery))) => self.inbox.deliver(lane, *delivery),
                    Some((_, Heard::Ended(reason))) if !is_stopping => break reason,
                    Some((_, Heard::Ended(_))) | None => (),
                },
                error = errors.next() => break error.unwrap_or_else(|| "the connection ended".to_owned()),
            }
            // An error of the channel ends consumers that are cancelled anyhow.
            if is_stopping && !channel.status().connected() {
                break "the channel ended".to_owned();
            }
        };
        self.inbox.down(&reason);
        connection::close(&connection).await;
        reason
    }
}

/// Cancels the consumers and hands back what nobody has taken.
async fn stop(inbox: &Inbox, channel: &Channel, tags: &[ShortString], limit: Duration) {
    for tag in tags {
        let _ = tokio::time::timeout(limit, channel.basic_cancel(tag.clone(), BasicCancelOptions::default())).await;
    }
    for delivery in inbox.untaken() {
        hand_back(delivery).await;
    }
}

async fn hand_back(delivery: Unsettled) {
    // What fails here ends with the session, and comes again all the same.
    let _ = delivery.acker.nack(BasicNackOptions { requeue: true, multiple: false }).await;
}
