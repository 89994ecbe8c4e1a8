//! Connections, and a publishing channel that is opened again when it breaks.
//!
//! Publishing has a connection of its own: while a broker is short of memory it stops to read from connections that
//! publish, and acknowledgements must still get through.

use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties, DefaultConnectionBuilder, ErrorKind};
use tokio::sync::Mutex;

use super::topology;
use super::AmqpSettings;
use crate::queue::{QueueError, Routed};

/// Why there is no connection.
pub enum NoLink {
    /// The broker does not answer.
    Unreachable(String),
    /// It answers, and has no use for us.
    Refused(String),
}

impl NoLink {
    pub fn message(&self) -> &str {
        let (Self::Unreachable(message) | Self::Refused(message)) = self;
        message
    }
}

impl From<NoLink> for QueueError {
    fn from(error: NoLink) -> Self {
        match error {
            NoLink::Unreachable(message) => Self::Unreachable(message),
            NoLink::Refused(message) => Self::Refused(message),
        }
    }
}

/// Connects.
pub async fn connect(settings: &AmqpSettings, name: &str) -> Result<Connection, NoLink> {
    let uri = settings.uri().map_err(NoLink::Refused)?;
    let tls = settings.tls().map_err(NoLink::Refused)?;
    let properties = ConnectionProperties::default().with_connection_name(name.into());
    let builder = DefaultConnectionBuilder::new().map_err(|error| NoLink::Unreachable(error.to_string()))?;
    let builder = builder.with_uri(uri).with_properties(properties).with_tls_config(tls);
    match tokio::time::timeout(settings.connect_timeout(), builder.connect()).await {
        Ok(Ok(connection)) => Ok(connection),
        Ok(Err(error)) => Err(match error.kind() {
            ErrorKind::ProtocolError(_) | ErrorKind::AuthProviderError(_) => {
                NoLink::Refused(format!("{}: {error}", settings.shown()))
            }
            _ => NoLink::Unreachable(format!("{}: {error}", settings.shown())),
        }),
        Err(_) => Err(NoLink::Unreachable(format!(
            "{}: no answer within {} ms",
            settings.shown(),
            settings.connect_timeout_ms
        ))),
    }
}

/// Publishes with confirms.
pub struct Outlet {
    settings: AmqpSettings,
    open: Mutex<Option<(Connection, Channel)>>,
}

/// A message on its way out.
pub struct Letter<'l> {
    pub exchange: &'l str,
    pub key: &'l str,
    pub properties: BasicProperties,
    pub body: &'l [u8],
}

impl Outlet {
    pub fn new(settings: AmqpSettings) -> Self {
        Self { settings, open: Mutex::default() }
    }

    /// Publishes and waits for the confirm. What is missing at the broker is declared once.
    pub async fn publish(&self, letter: Letter<'_>) -> Result<Routed, QueueError> {
        match self.try_publish(&letter).await {
            // The channel is closed by a missing exchange, and by much else: once more, all declared anew.
            Err(QueueError::Unreachable(_) | QueueError::Refused(_)) => {
                *self.open.lock().await = None;
                self.try_publish(&letter).await
            }
            published => published,
        }
    }

    async fn try_publish(&self, letter: &Letter<'_>) -> Result<Routed, QueueError> {
        let channel = self.channel().await?;
        let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
        let publishing = async {
            let confirm = channel
                .basic_publish(
                    letter.exchange.into(),
                    letter.key.into(),
                    options,
                    letter.body,
                    letter.properties.clone(),
                )
                .await?;
            confirm.await
        };
        let patience = self.settings.confirm_timeout();
        let confirmation = match tokio::time::timeout(patience, publishing).await {
            Ok(Ok(confirmation)) => confirmation,
            Ok(Err(error)) => return Err(refusal(&error)),
            Err(_) => {
                // Whatever it still says would be taken for the next one's.
                *self.open.lock().await = None;
                return Err(QueueError::NoConfirm(patience));
            }
        };
        match (confirmation.is_ack(), confirmation.take_message()) {
            (true, None) => Ok(Routed::Queued),
            (true, Some(_)) => Ok(Routed::Nowhere),
            (false, _) => Err(QueueError::Refused("the queue takes nothing more (reject-publish)".to_owned())),
        }
    }

    async fn channel(&self) -> Result<Channel, QueueError> {
        let mut open = self.open.lock().await;
        if let Some((connection, channel)) = &*open
            && connection.status().connected()
            && channel.status().connected()
        {
            return Ok(channel.clone());
        }
        *open = None;
        let connection = connect(&self.settings, "gravure publisher").await?;
        topology::declare(&connection, &self.settings).await.map_err(QueueError::Refused)?;
        let channel = connection.create_channel().await.map_err(|error| refusal(&error))?;
        channel.confirm_select(ConfirmSelectOptions::default()).await.map_err(|error| refusal(&error))?;
        *open = Some((connection, channel.clone()));
        Ok(channel)
    }

    pub async fn close(&self) {
        if let Some((connection, _)) = self.open.lock().await.take() {
            drop(tokio::time::timeout(std::time::Duration::from_secs(2), connection.close(200, "done".into())).await);
        }
    }
}

fn refusal(error: &lapin::Error) -> QueueError {
    match error.kind() {
        ErrorKind::ProtocolError(_) => QueueError::Refused(error.to_string()),
        _ => QueueError::Unreachable(error.to_string()),
    }
}
