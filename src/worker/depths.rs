//! How much work waits at the broker: asked now and then, for whoever decides how many workers there should be.

use std::time::Duration;

use tokio::time::MissedTickBehavior;

use crate::queue::Publisher;
use crate::telemetry::Metrics;

/// Brokers count anew every few seconds.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// Tells the metrics how many messages wait in each queue. Never ends; a broker that cannot be asked is asked again.
pub async fn watch(publisher: impl Publisher, metrics: Metrics) {
    let mut looks = tokio::time::interval(LOOK_EVERY);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        looks.tick().await;
        look(&publisher, &metrics).await;
    }
}

async fn look(publisher: &impl Publisher, metrics: &Metrics) {
    match publisher.depths().await {
        Ok(depths) => depths.iter().for_each(|(queue, messages)| metrics.queue_depth(queue, *messages)),
        Err(error) => tracing::debug!(%error, "the broker does not say how much waits"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::queue::{JobMessage, MemoryBroker, MemoryLane};

    #[tokio::test]
    async fn depths_are_those_that_were_seen_last() {
        let broker = MemoryBroker::new([MemoryLane { name: "jobs".into(), weight: 1, prefetch: 1 }]);
        let metrics = Metrics::new();
        let publish = |id: &str| {
            broker.publish_job(JobMessage { message_id: id.into(), lane: "jobs".into(), body: b"{}".to_vec() })
        };
        let shows = |count: u64| {
            let line = format!("gravure_queue_depth_messages{{queue=\"jobs\"}} {count}");
            assert!(metrics.text().lines().any(|shown| shown == line), "{line} is not in {}", metrics.text());
        };
        publish("a").await.unwrap();
        look(&broker, &metrics).await;
        shows(1);
        publish("b").await.unwrap();
        broker.take_down("away");
        look(&broker, &metrics).await;
        shows(1);
        broker.bring_up();
        look(&broker, &metrics).await;
        shows(2);
    }
}
