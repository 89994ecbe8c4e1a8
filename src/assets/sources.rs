//! Where assets come from: the folders (or URLs) of the template and of the data, and the gate to everything else.

use std::sync::Arc;

use super::fetch::{Gate, shown_url};
use super::path::{Base, Place, Root};
use super::photo::read_file;
use super::{AssetError, shown_location};
use crate::job::{AssetBase, AssetRef};

/// The two bases of a run, with its gate.
pub struct Sources {
    template: Root,
    data: Root,
    gate: Arc<Gate>,
}

impl Sources {
    /// Nothing is looked at yet.
    pub fn new(template: impl Into<Base>, data: impl Into<Base>, gate: Arc<Gate>) -> Self {
        Self { template: Root::new(template), data: Root::new(data), gate }
    }

    /// The gate of the run.
    pub fn gate(&self) -> &Arc<Gate> {
        &self.gate
    }

    /// Where an asset is.
    ///
    /// # Errors
    /// As for [`Root::resolve`].
    pub fn place<'a>(&self, asset: &'a AssetRef) -> Result<Place<'a>, AssetError> {
        let root = match asset.base {
            AssetBase::Template => &self.template,
            AssetBase::Data => &self.data,
        };
        root.resolve(&asset.location)
    }

    /// The bytes at a place: a file is read, a URL fetched, a `data:` URL decoded.
    ///
    /// # Errors
    /// When it cannot be had, or has more than `max_bytes`.
    pub fn read(&self, place: &Place<'_>, max_bytes: u64) -> Result<Vec<u8>, AssetError> {
        match place {
            Place::File(path) => read_file(path, max_bytes),
            Place::Url(url) => Ok(self.gate.fetch(url, max_bytes)?),
            Place::Data(url) => Ok(self.gate.read_data(url, max_bytes)?),
        }
    }
}

impl Place<'_> {
    /// What caches call it. URLs have one name whoever writes them; long `data:` URLs have a short one.
    pub(super) fn name(&self, asset: &AssetRef) -> AssetRef {
        let named = |location: String| AssetRef { location: location.into(), base: AssetBase::Template };
        match self {
            Self::File(_) => asset.clone(),
            Self::Url(url) => {
                let end = url.as_str().find('#').unwrap_or(url.as_str().len());
                named(url.as_str()[..end].to_owned())
            }
            Self::Data(url) => named(format!("data:{}", blake3::hash(url.as_bytes()).to_hex())),
        }
    }

    /// What messages call it.
    pub(super) fn shown(&self, asset: &AssetRef) -> Arc<str> {
        match self {
            Self::File(_) => Arc::clone(&asset.location),
            Self::Url(url) => shown_url(url).into(),
            Self::Data(url) => shown_location(url).into(),
        }
    }
}
