//! The one loop that keeps jobs coming: connect, declare, consume; when anything ends, again from the start, with
//! waits that grow to a few seconds and no last attempt.

use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use backon::{BackoffBuilder, ExponentialBuilder};
use futures_util::StreamExt;
use futures_util::stream::select_all;
use lapin::options::{BasicConsumeOptions, BasicQosOptions};
use lapin::types::FieldTable;
use lapin::{Channel, Connection, Consumer};

use super::link::{NoLink, connect};
use super::{Shared, topology};
use crate::queue::{Delivery, DeliveryTag, QueueEvent};

/// A connection that brings jobs.
pub(super) struct Session {
    pub number: u64,
    pub connection: Connection,
    /// One for each lane, so that each has a prefetch of its own.
    pub channels: Vec<Channel>,
}

/// Bits of a tag that hold the broker's own number; the lane stands above.
pub(super) const LANE_SHIFT: u32 = 56;

/// Runs until the queue is closed.
pub(super) async fn run(shared: Arc<Shared>) {
    let backoff = || {
        let (least, most) = (Duration::from_millis(250), Duration::from_secs(5));
        ExponentialBuilder::new().with_min_delay(least).with_max_delay(most).with_jitter().without_max_times().build()
    };
    let (mut waits, mut number) = (backoff(), 0);
    // Since when the broker answers and gives us no consumer.
    let mut deaf_since = None::<Instant>;
    while !shared.closed.is_cancelled() {
        let started = Instant::now();
        let reason = match begin(&shared, number + 1).await {
            Ok((session, consumers)) => {
                number += 1;
                deaf_since = None;
                let reason = serve(&shared, session, consumers).await;
                if started.elapsed() > Duration::from_secs(30) {
                    waits = backoff();
                }
                reason
            }
            Err(error) => {
                match &error {
                    NoLink::Unreachable(_) => deaf_since = None,
                    NoLink::Refused(_) => drop(deaf_since.get_or_insert(started)),
                }
                error.message().to_owned()
            }
        };
        if shared.closed.is_cancelled() || shared.stopping.is_cancelled() {
            break;
        }
        let patience = Duration::from_secs(shared.settings.deaf_secs);
        if deaf_since.is_some_and(|since| since.elapsed() >= patience) {
            shared.tell(QueueEvent::Deaf { reason: reason.clone() }).await;
        }
        let wait = waits.next().unwrap_or(Duration::from_secs(5));
        tracing::warn!(broker = shared.settings.shown(), reason, wait_ms = wait.as_millis() as u64, "no jobs from the broker; trying again");
        drop(tokio::time::timeout(wait, shared.closed.cancelled()).await);
    }
    shared.end();
}

/// Connects, declares and consumes.
async fn begin(shared: &Shared, number: u64) -> Result<(Session, Vec<Consumer>), NoLink> {
    let settings = &shared.settings;
    let connection = connect(settings, "gravure worker").await?;
    let beginning = async {
        topology::declare(&connection, settings).await?;
        let (mut channels, mut consumers) = (Vec::new(), Vec::new());
        for lane in &settings.lanes {
            let words = |error: lapin::Error| error.to_string();
            let channel = connection.create_channel().await.map_err(words)?;
            channel.basic_qos(lane.prefetch, BasicQosOptions::default()).await.map_err(words)?;
            let (queue, tag) = (settings.name(&lane.name), format!("gravure-{}", lane.name));
            let consumer = channel.basic_consume(
                queue.as_str().into(),
                tag.as_str().into(),
                BasicConsumeOptions::default(),
                FieldTable::default(),
            );
            consumers.push(consumer.await.map_err(words)?);
            channels.push(channel);
        }
        Ok((channels, consumers))
    };
    // A broker may answer the connection and nothing else.
    let begun = tokio::time::timeout(settings.connect_timeout(), beginning).await;
    match begun.unwrap_or_else(|_| Err("it does not answer".to_owned())) {
        Ok((channels, consumers)) => Ok((Session { number, connection, channels }, consumers)),
        Err(message) => {
            let is_lost = !connection.status().connected();
            hang_up(connection);
            Err(if is_lost { NoLink::Unreachable(message) } else { NoLink::Refused(message) })
        }
    }
}

/// Hands deliveries over until a consumer ends. Gives the reason.
async fn serve(shared: &Shared, session: Session, consumers: Vec<Consumer>) -> String {
    let number = session.number;
    let lanes = consumers.into_iter().enumerate().map(|(lane, consumer)| {
        // `None` marks the end, which `select_all` would hide.
        let ended = futures_util::stream::iter([None]);
        consumer.map(Some).chain(ended).map(move |delivery| (lane, delivery))
    });
    let mut deliveries = pin!(select_all(lanes));
    *shared.session.lock() = Some(Arc::new(session));
    shared.tell(QueueEvent::Up { session: number }).await;
    let reason = loop {
        let next = tokio::select! {
            next = deliveries.next() => next,
            () = shared.closed.cancelled() => break "closed".to_owned(),
        };
        match next {
            Some((lane, Some(Ok(delivery)))) => {
                let tag = (lane as u64) << LANE_SHIFT | delivery.delivery_tag;
                let delivery = Delivery {
                    tag: DeliveryTag { session: number, tag },
                    body: delivery.data.into(),
                    lane,
                    redelivered: delivery.redelivered,
                };
                shared.tell(QueueEvent::Delivery(delivery)).await;
            }
            Some((_, Some(Err(error)))) => break error.to_string(),
            // Told to stop: what is at hand is still to be settled.
            Some((_, None)) | None if shared.stopping.is_cancelled() => {
                match wait_for_the_end(shared).await {
                    Some(reason) => break reason,
                    None => break "closed".to_owned(),
                }
            }
            Some((lane, None)) => break format!("the broker ended the consumer of {}", shared.settings.lanes[lane].name),
            None => break "the broker ended all consumers".to_owned(),
        }
    };
    let session = shared.session.lock().take();
    shared.tell(QueueEvent::Down { session: number, reason: reason.clone() }).await;
    if let Some(session) = session.and_then(Arc::into_inner) {
        hang_up(session.connection);
    }
    reason
}

/// While no jobs come any more: `Some` when the connection breaks, `None` when it is closed.
async fn wait_for_the_end(shared: &Shared) -> Option<String> {
    let mut look = tokio::time::interval(Duration::from_millis(200));
    loop {
        tokio::select! {
            () = shared.closed.cancelled() => return None,
            _ = look.tick() => {
                let is_up = shared.session.lock().as_ref().is_some_and(|session| session.connection.status().connected());
                if !is_up {
                    return Some("the connection is lost".to_owned());
                }
            }
        }
    }
}

/// Nobody waits for a broker that may not answer any more.
pub(super) fn hang_up(connection: Connection) {
    tokio::spawn(async move {
        drop(tokio::time::timeout(Duration::from_secs(5), connection.close(200, "done".into())).await);
    });
}
