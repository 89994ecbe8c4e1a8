//! Why an asset cannot be had.

use thiserror::Error;

use crate::job::ErrorCode;

/// Why an asset cannot be had. Trying again in the same run gives the same error.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{message}")]
pub struct AssetError {
    /// As a manifest names it.
    pub code: ErrorCode,
    /// For people.
    pub message: String,
}

impl AssetError {
    pub(super) fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// Says which asset: caches know contents, which may have several names.
    pub(super) fn about(self, location: &str) -> Self {
        if location.is_empty() {
            return self;
        }
        // A name may be anything that a cell holds.
        let shown = location.chars().take(200).collect::<String>();
        Self { message: format!("{shown}: {}", self.message), ..self }
    }
}
