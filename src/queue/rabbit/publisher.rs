//! The submitter's side of RabbitMQ.

use std::sync::Arc;

use lapin::BasicProperties;
use tokio::sync::mpsc;

use super::super::{DeadAction, DeadLetter, JobMessage, Publisher, QueueError};
use super::connection::within;
use super::dead::DeadLetters;
use super::outbox::{Declares, Letter, Outbox};
use super::queue::PERSISTENT;
use super::settings::AmqpSettings;
use super::{results, short, topology};

/// Publishes jobs and looks after them. Connects when it is used, and again when the connection is gone.
#[derive(Debug)]
pub struct RabbitPublisher {
    settings: Arc<AmqpSettings>,
    outbox: Outbox,
}

impl RabbitPublisher {
    /// Connects to nothing yet.
    pub fn new(settings: AmqpSettings) -> Self {
        let settings = Arc::new(settings);
        let outbox = Outbox::new(Arc::clone(&settings), "publisher", Declares::AtFirst);
        Self { settings, outbox }
    }

    /// Ends the connection in order.
    pub async fn close(&self) {
        self.outbox.close().await;
    }
}

/// Puts a job into a lane and waits for the confirm.
pub(super) async fn post_job(
    settings: &AmqpSettings,
    outbox: &Outbox,
    lane: &str,
    message_id: Option<&str>,
    body: &[u8],
) -> Result<(), QueueError> {
    let mut properties =
        BasicProperties::default().with_delivery_mode(PERSISTENT).with_content_type("application/json".into());
    if let Some(id) = message_id {
        properties = properties.with_message_id(short("a message's id", id)?);
    }
    outbox.post_to_queue(&Letter { exchange: &settings.jobs_exchange(), routing_key: lane, properties, body }).await
}

impl Publisher for RabbitPublisher {
    async fn publish_job(&self, job: JobMessage) -> Result<(), QueueError> {
        post_job(&self.settings, &self.outbox, &job.lane, Some(&job.message_id), &job.body).await
    }

    async fn results(&self, campaign: &str) -> Result<mpsc::Receiver<Vec<u8>>, QueueError> {
        results::subscribe(Arc::clone(&self.settings), campaign).await
    }

    async fn dead_letters(
        &self,
        limit: u64,
        decide: &mut (dyn FnMut(&DeadLetter) -> DeadAction + Send),
    ) -> Result<u64, QueueError> {
        DeadLetters::new(&self.settings, &self.outbox).go_through(limit, decide).await
    }

    async fn depths(&self) -> Result<Vec<(String, u64)>, QueueError> {
        within(self.settings.connect_timeout(), "how many messages wait", async {
            let connection = self.outbox.connection().await?;
            let mut depths = Vec::new();
            for lane in &self.settings.lanes {
                let queue = self.settings.lane_queue(&lane.name);
                depths.push((lane.name.clone(), topology::depth(&connection, &self.settings, &queue).await?));
            }
            let dead = topology::depth(&connection, &self.settings, &self.settings.dead()).await?;
            depths.push(("dead".to_owned(), dead));
            Ok(depths)
        })
        .await
    }
}
