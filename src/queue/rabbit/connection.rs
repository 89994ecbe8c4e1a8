//! A connection, and what its errors mean.

use std::time::Duration;

use lapin::protocol::{AMQPErrorKind, AMQPHardError, AMQPSoftError};
use lapin::{Channel, Connection, ConnectionProperties, ErrorKind};

use super::super::QueueError;
use super::settings::AmqpSettings;
use super::topology;

/// How long a connection may take to say goodbye.
pub(super) const GOODBYE: Duration = Duration::from_secs(2);

/// Connects once, finds or declares the topology, and disconnects: for whoever wants to know at once whether it works.
///
/// # Errors
/// What does not work, with no secrets in it.
pub async fn reach(settings: &AmqpSettings) -> Result<(), QueueError> {
    settings.check().map_err(QueueError::Refused)?;
    let connection = open(settings, "check").await?;
    let outcome = within(settings.connect_timeout(), "the declarations", topology::ensure(&connection, settings)).await;
    close(&connection).await;
    outcome
}

/// A connection that is ready. The broker shows it by prefix and `purpose`.
///
/// An attempt that is given up while the broker stands still ends when the broker moves again, or the system's own
/// time for connecting is over: there are never more of them than the broker's backlog.
pub(super) async fn open(settings: &AmqpSettings, purpose: &str) -> Result<Connection, QueueError> {
    let uri = settings.uri().map_err(QueueError::Refused)?;
    let tls = settings.tls().map_err(QueueError::Refused)?;
    let name = format!("{} {purpose}", settings.prefix);
    let properties = ConnectionProperties::default().with_connection_name(name.into());
    let runtime = lapin::runtime::default_runtime().map_err(|error| unreachable(&error))?;
    let connecting = Connection::connect_uri_with_config(uri, properties, tls, runtime);
    match tokio::time::timeout(settings.connect_timeout(), connecting).await {
        Ok(Ok(connection)) => Ok(connection),
        Ok(Err(error)) => Err(not_connected(settings, &error)),
        Err(_) => {
            Err(unreachable(format!("{}: no connection within {} ms", settings.shown(), settings.connect_timeout_ms)))
        }
    }
}

/// Ends a connection in order, if the broker has ears for it.
pub(super) async fn close(connection: &Connection) {
    let _ = tokio::time::timeout(GOODBYE, connection.close(200, "OK".into())).await;
}

/// A channel of a connection.
pub(super) async fn channel(connection: &Connection) -> Result<Channel, QueueError> {
    connection.create_channel().await.map_err(|error| failure(&error))
}

/// Bounds something that the broker answers.
pub(super) async fn within<T>(
    limit: Duration,
    what: &str,
    answer: impl Future<Output = Result<T, QueueError>>,
) -> Result<T, QueueError> {
    let late = || unreachable(format!("no answer to {what} within {} ms", limit.as_millis()));
    tokio::time::timeout(limit, answer).await.unwrap_or_else(|_| Err(late()))
}

/// What an error of a channel or a connection means.
pub(super) fn failure(error: &lapin::Error) -> QueueError {
    match error.kind() {
        ErrorKind::ProtocolError(error) if matches!(error.kind(), AMQPErrorKind::Soft(_)) => {
            QueueError::Refused(error.get_message().to_string())
        }
        _ => unreachable(error),
    }
}

/// Whether the broker closed the channel because something is not there.
pub(super) fn is_missing(error: &lapin::Error) -> bool {
    is_soft(error, &AMQPSoftError::NOTFOUND)
}

/// Whether the broker closed the channel because something is there and is otherwise.
pub(super) fn is_unlike(error: &lapin::Error) -> bool {
    is_soft(error, &AMQPSoftError::PRECONDITIONFAILED)
}

fn is_soft(error: &lapin::Error, soft: &AMQPSoftError) -> bool {
    matches!(error.kind(), ErrorKind::ProtocolError(error) if *error.kind() == AMQPErrorKind::Soft(soft.clone()))
}

fn unreachable(reason: impl ToString) -> QueueError {
    QueueError::Unreachable(reason.to_string())
}

fn not_connected(settings: &AmqpSettings, error: &lapin::Error) -> QueueError {
    let place = settings.shown();
    let ErrorKind::ProtocolError(protocol) = error.kind() else {
        return unreachable(format!("{place}: {error}"));
    };
    let advice = match protocol.kind() {
        AMQPErrorKind::Soft(AMQPSoftError::ACCESSREFUSED) => "; user or password are wrong",
        AMQPErrorKind::Hard(AMQPHardError::NOTALLOWED) => "; the virtual host is not there, or not for this user",
        _ => "",
    };
    unreachable(format!("{place}: {}{advice}", protocol.get_message()))
}
