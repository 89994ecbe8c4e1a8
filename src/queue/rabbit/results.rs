//! Results of a campaign, as they come.

use std::sync::Arc;

use futures_util::StreamExt;
use lapin::options::{BasicConsumeOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::{Connection, Consumer};
use tokio::sync::mpsc;
use tracing::warn;

use super::super::QueueError;
use super::connection::{self, channel, failure, within};
use super::settings::AmqpSettings;
use super::{session, short, topology};

/// Results that may wait here for their reader; the others wait at the broker.
const WAITING: usize = 1024;
/// A queue that nobody reads for as long is deleted, should the broker not have noticed that we are gone.
const EXPIRES_MS: i32 = 300_000;

/// The first subscription is there when this returns; it is renewed until the receiver is dropped.
pub(super) async fn subscribe(
    settings: Arc<AmqpSettings>,
    campaign: &str,
) -> Result<mpsc::Receiver<Vec<u8>>, QueueError> {
    let (sender, receiver) = mpsc::channel(WAITING);
    let campaign = short("a campaign's id", campaign)?;
    let mut subscription = listen(&settings, &campaign).await?;
    tokio::spawn(async move {
        loop {
            if forward(&mut subscription, &sender).await.is_err() {
                connection::close(&subscription.connection).await;
                return;
            }
            let mut waits = session::waits();
            subscription = loop {
                match listen(&settings, &campaign).await {
                    Ok(subscription) => break subscription,
                    Err(error) => warn!(%error, "no results are heard"),
                }
                tokio::select! {
                    () = tokio::time::sleep(waits.next().unwrap_or_default()) => (),
                    () = sender.closed() => return,
                }
            };
        }
    });
    Ok(receiver)
}

struct Subscription {
    connection: Connection,
    consumer: Consumer,
}

/// The reader has gone.
struct NobodyReads;

/// Hands on results until the subscription ends.
async fn forward(subscription: &mut Subscription, sender: &mpsc::Sender<Vec<u8>>) -> Result<(), NobodyReads> {
    loop {
        let delivery = tokio::select! {
            delivery = subscription.consumer.next() => delivery,
            () = sender.closed() => return Err(NobodyReads),
        };
        match delivery {
            Some(Ok(delivery)) => sender.send(delivery.data).await.map_err(|_| NobodyReads)?,
            Some(Err(_)) | None => return Ok(()),
        }
    }
}

async fn listen(settings: &AmqpSettings, campaign: &ShortString) -> Result<Subscription, QueueError> {
    let connection = connection::open(settings, "results").await?;
    let consumer = within(settings.connect_timeout(), "the subscription", async {
        if !settings.passive {
            topology::ensure(&connection, settings).await?;
        }
        let channel = channel(&connection).await?;
        let subscribed = async {
            let mut arguments = FieldTable::default();
            arguments.insert("x-expires".into(), AMQPValue::LongInt(EXPIRES_MS));
            let options = QueueDeclareOptions::exclusive().auto_delete();
            let queue = channel.queue_declare(ShortString::default(), options, arguments).await?;
            let exchange = ShortString::from(settings.results_exchange());
            let (queue, nothing) = (queue.name().clone(), FieldTable::default());
            let binding = QueueBindOptions::default();
            channel.queue_bind(queue.clone(), exchange, campaign.clone(), binding, nothing.clone()).await?;
            let options = BasicConsumeOptions { no_ack: true, exclusive: true, ..Default::default() };
            channel.basic_consume(queue, ShortString::default(), options, nothing).await
        };
        subscribed.await.map_err(|error| failure(&error))
    });
    let consumer = consumer.await?;
    Ok(Subscription { connection, consumer })
}
