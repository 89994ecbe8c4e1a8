//! Why an asset cannot be had.

use thiserror::Error;

use super::fetch::{FetchError, shown_location};
use crate::job::ErrorCode;

/// Why an asset cannot be had. Trying again in the same run gives the same error, unless what failed
/// may pass.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{message}")]
pub struct AssetError {
    /// As a manifest names it.
    pub code: ErrorCode,
    /// For people.
    pub message: String,
    /// Nothing was tried just now: it is not remembered.
    pub(super) is_passing: bool,
}

impl AssetError {
    pub(super) fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), is_passing: false }
    }

    /// Whether a later try may go better: a server or store that could not be reached.
    pub fn may_pass(&self) -> bool {
        matches!(self.code, ErrorCode::UrlFailed | ErrorCode::StoreUnreachable)
    }

    /// Says which asset: caches know contents, which may have several names. Secrets of URLs are left out.
    pub(super) fn about(self, location: &str) -> Self {
        if location.is_empty() {
            return self;
        }
        Self { message: format!("{}: {}", shown_location(location), self.message), ..self }
    }
}

impl From<FetchError> for AssetError {
    fn from(error: FetchError) -> Self {
        let code = match &error {
            FetchError::Refused(_) => ErrorCode::UrlRefused,
            FetchError::NotFound(_) => ErrorCode::PhotoMissing,
            FetchError::Failed(_) | FetchError::HostDown { .. } => ErrorCode::UrlFailed,
            FetchError::StoreDown(_) => ErrorCode::StoreUnreachable,
            FetchError::TooLarge { .. } => ErrorCode::PhotoTooLarge,
            FetchError::BadData(_) => ErrorCode::PhotoUnreadable,
        };
        Self {
            is_passing: matches!(error, FetchError::HostDown { .. } | FetchError::StoreDown(_)),
            ..Self::new(code, error.to_string())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_that_is_down_is_no_fault_of_the_photo() {
        let error = AssetError::from(FetchError::StoreDown("no answer".to_owned()));
        assert_eq!(error.code, ErrorCode::StoreUnreachable);
        assert!(error.may_pass() && error.is_passing, "it is asked for again");
        assert!(!AssetError::from(FetchError::NotFound("no such object")).may_pass());
    }
}
