//! RabbitMQ, by lapin, without its own recovery: that one hides lost connections and dies silently after errors of a
//! channel. Here a session ends with whatever ends, and a new one begins from nothing.
//!
//! ```text
//!   session (a connection that only consumes) ─> inbox ─> RabbitQueue ─> worker
//!   RabbitQueue, RabbitPublisher ─> outbox (a connection that only publishes: an alarm blocks it, not the acks)
//! ```

mod connection;
mod dead;
mod inbox;
mod outbox;
mod publisher;
mod queue;
mod results;
mod session;
mod settings;
mod topology;

use lapin::types::ShortString;

use super::QueueError;

pub use connection::reach;
pub use publisher::RabbitPublisher;
pub use queue::RabbitQueue;
pub use settings::{AmqpSettings, Lane};

/// A name of the protocol's, which has no room for more than 255 bytes.
fn short(what: &str, text: &str) -> Result<ShortString, QueueError> {
    ShortString::try_new(text).map_err(|_| QueueError::Refused(format!("{what} is longer than 255 bytes")))
}
