//! A place that an asset is read from, as a template or a row names it. Resolved by `assets/`.

use std::sync::Arc;

/// A path or URL with the folder that it is relative to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AssetRef {
    /// As written. Empty: no photo.
    pub location: Arc<str>,
    /// The folder that a relative path starts from.
    pub base: AssetBase,
}

/// Which folder a relative path starts from, and may not leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AssetBase {
    /// The template's.
    Template,
    /// The data file's.
    Data,
}
