//! Why a URL could not be fetched, without the URL: the caller names it as far as it may be shown.

use thiserror::Error;

/// Why a URL could not be fetched.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum FetchError {
    /// The guard forbids it. Asking again gives the same.
    #[error("{0}")]
    Refused(String),
    /// The server has no such file.
    #[error("the server says {0}")]
    NotFound(&'static str),
    /// The server could not be reached, did not answer in time, or answered with something else than the file.
    #[error("{0}")]
    Failed(String),
    /// The store that holds it cannot be reached, or refuses us: that is nothing of the object's.
    #[error("{0}")]
    StoreDown(String),
    /// Not asked, because the host failed for others just now: later it may be asked again.
    #[error("not asked for: {host} failed {failures} times in a row")]
    HostDown {
        /// The host.
        host: String,
        /// How often.
        failures: u32,
    },
    /// More bytes than are allowed.
    #[error("{}at most {most} bytes are allowed", match bytes { Some(bytes) => format!("the file has {bytes} bytes: "), None => String::new() })]
    TooLarge {
        /// As the server announced them, if it did.
        bytes: Option<u64>,
        /// The limit.
        most: u64,
    },
    /// A `data:` URL that is not well formed.
    #[error("not a data: URL that can be read: {0}")]
    BadData(String),
}
