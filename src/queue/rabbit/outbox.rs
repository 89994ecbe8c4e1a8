//! Publishing with confirms, on a connection of its own that is opened when something is to be sent.
//!
//! A broker that is short of memory or disk stops reading from connections that publish. Acknowledgements travel by
//! the session's connection, so they go on.

use std::sync::Arc;
use std::time::Duration;

use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::{BasicProperties, Channel, Confirmation, Connection};
use tokio::sync::Mutex;
use tracing::debug;

use super::super::QueueError;
use super::connection::{self, GOODBYE, channel, failure, is_missing};
use super::settings::AmqpSettings;
use super::{short, topology};

/// How often a blocked connection is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// Something to be published.
#[derive(Debug)]
pub(super) struct Letter<'a> {
    pub(super) exchange: &'a str,
    pub(super) routing_key: &'a str,
    pub(super) properties: BasicProperties,
    pub(super) body: &'a [u8],
}

/// What became of a letter that was confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Posted {
    Queued,
    /// No queue is bound for it.
    Unrouted,
}

/// Whether the topology is made sure of before the first letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Declares {
    AtFirst,
    WhenMissing,
}

#[derive(Debug)]
pub(super) struct Outbox {
    settings: Arc<AmqpSettings>,
    purpose: &'static str,
    desk: Mutex<Desk>,
}

/// What is open.
#[derive(Debug)]
struct Desk {
    connection: Option<Arc<Connection>>,
    channel: Option<Channel>,
    must_declare: bool,
}

impl Outbox {
    pub(super) fn new(settings: Arc<AmqpSettings>, purpose: &'static str, declares: Declares) -> Self {
        let desk = Desk { connection: None, channel: None, must_declare: declares == Declares::AtFirst };
        Self { settings, purpose, desk: Mutex::new(desk) }
    }

    /// Publishes a letter and waits for the confirm. Many calls may wait at a time.
    pub(super) async fn post(&self, letter: &Letter<'_>) -> Result<Posted, QueueError> {
        let limit = self.settings.confirm_timeout();
        match tokio::time::timeout(limit, self.try_twice(letter)).await {
            Ok(outcome) => outcome,
            Err(_) => {
                self.give_up().await;
                Err(QueueError::NoConfirm(limit))
            }
        }
    }

    /// Publishes a letter that a queue must want.
    pub(super) async fn post_to_queue(&self, letter: &Letter<'_>) -> Result<(), QueueError> {
        if self.post(letter).await? == Posted::Queued {
            return Ok(());
        }
        if !self.settings.passive {
            // A queue or binding that somebody deleted comes back.
            self.desk.lock().await.must_declare = true;
            if self.post(letter).await? == Posted::Queued {
                return Ok(());
            }
        }
        let Letter { exchange, routing_key, .. } = letter;
        Err(QueueError::Refused(format!("no queue is bound to exchange \"{exchange}\" for \"{routing_key}\"")))
    }

    /// The connection, for other channels than the one that publishes.
    pub(super) async fn connection(&self) -> Result<Arc<Connection>, QueueError> {
        let mut desk = self.desk.lock().await;
        desk.connect(&self.settings, self.purpose).await
    }

    pub(super) async fn close(&self) {
        let connection = {
            // Whoever waits for the end of an alarm holds it.
            let Ok(mut desk) = tokio::time::timeout(GOODBYE, self.desk.lock()).await else { return };
            desk.channel = None;
            desk.connection.take()
        };
        if let Some(connection) = connection {
            connection::close(&connection).await;
        }
    }

    async fn try_twice(&self, letter: &Letter<'_>) -> Result<Posted, QueueError> {
        let (channel, error) = match self.publish(letter).await? {
            Ok(posted) => return Ok(posted),
            Err(failed) => failed,
        };
        self.forget(&channel, is_missing(&error)).await;
        if !is_missing(&error) || self.settings.passive {
            return Err(failure(&error));
        }
        // The exchange was not there; letters that were on their way besides failed with this one.
        match self.publish(letter).await? {
            Ok(posted) => Ok(posted),
            Err((channel, error)) => {
                self.forget(&channel, true).await;
                Err(failure(&error))
            }
        }
    }

    /// The outer error: no channel. The inner one: the channel broke, or was broken by somebody.
    async fn publish(&self, letter: &Letter<'_>) -> Result<Result<Posted, (Channel, lapin::Error)>, QueueError> {
        let exchange = short("an exchange's name", letter.exchange)?;
        let routing_key = short("a routing key", letter.routing_key)?;
        let channel = self.channel().await?;
        let options = BasicPublishOptions { mandatory: true, ..Default::default() };
        let sent = channel.basic_publish(exchange, routing_key, options, letter.body, letter.properties.clone()).await;
        let confirmed = match sent {
            Ok(confirm) => confirm.await,
            Err(error) => Err(error),
        };
        match confirmed {
            Ok(Confirmation::Ack(None)) => Ok(Ok(Posted::Queued)),
            Ok(Confirmation::Ack(Some(_))) => Ok(Ok(Posted::Unrouted)),
            Ok(Confirmation::Nack(_)) => Err(QueueError::Refused("a queue did not take the message".to_owned())),
            Ok(Confirmation::NotRequested) => Err(QueueError::Refused("the channel gives no confirms".to_owned())),
            Err(error) => Ok(Err((channel, error))),
        }
    }

    /// The channel that publishes, opened where it is not.
    async fn channel(&self) -> Result<Channel, QueueError> {
        let mut desk = self.desk.lock().await;
        let connection = desk.connect(&self.settings, self.purpose).await?;
        // What is written to a blocked connection piles up and is published in the end: as often as it was tried.
        while connection.status().blocked() && connection.status().connected() {
            tokio::time::sleep(LOOK).await;
        }
        if desk.must_declare {
            desk.channel = None;
            topology::ensure(&connection, &self.settings).await?;
            desk.must_declare = false;
        }
        if let Some(channel) = desk.channel.as_ref().filter(|channel| channel.status().connected()) {
            return Ok(channel.clone());
        }
        let opened = channel(&connection).await?;
        let selected = opened.confirm_select(ConfirmSelectOptions::default()).await;
        selected.map_err(|error| failure(&error))?;
        desk.channel = Some(opened.clone());
        Ok(opened)
    }

    async fn forget(&self, broken: &Channel, must_declare: bool) {
        let mut desk = self.desk.lock().await;
        if desk.channel.as_ref().is_some_and(|channel| channel.id() == broken.id()) {
            desk.channel = None;
        }
        desk.must_declare |= must_declare && !self.settings.passive;
    }

    /// After a confirm that did not come. A connection that is blocked will be free again; another one is of no use.
    async fn give_up(&self) {
        let Ok(mut desk) = self.desk.try_lock() else { return };
        if desk.connection.as_ref().is_some_and(|connection| !connection.status().blocked()) {
            debug!(purpose = self.purpose, "connection given up after a confirm that did not come");
            desk.channel = None;
            desk.connection = None;
        }
    }
}

impl Desk {
    async fn connect(&mut self, settings: &AmqpSettings, purpose: &str) -> Result<Arc<Connection>, QueueError> {
        if let Some(connection) = self.connection.as_ref().filter(|connection| connection.status().connected()) {
            return Ok(Arc::clone(connection));
        }
        self.channel = None;
        let connection = Arc::new(connection::open(settings, purpose).await?);
        self.connection = Some(Arc::clone(&connection));
        Ok(connection)
    }
}
