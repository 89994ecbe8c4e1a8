//! Fetching ahead: the photos of rows that wait are fetched side by side, so that a run is as slow as the network's
//! bandwidth and not as the sum of its delays.
//!
//! What has come is held for the row that waits for it, up to a budget of bytes. Beyond it a photo is not held: the
//! row then asks again, and finds it in a cache or fetches it by itself. So nobody ever waits for room.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use super::fetch::host_of;
use super::path::Place;
use super::{Assets, Photo};
use crate::job::AssetRef;

/// Photos that have come and that their rows have not used yet.
const HELD_BYTES: u64 = 96 << 20;

/// Photos that were fetched for a row. Errors are not among them: they are remembered elsewhere.
#[derive(Default)]
pub struct Landed {
    photos: HashMap<AssetRef, Arc<Photo>>,
    held: Option<Held>,
}

/// A share of the budget, given back when dropped.
struct Held {
    used: Arc<AtomicU64>,
    bytes: u64,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.used.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

impl Landed {
    /// A photo, if it was fetched for this row and is held.
    pub fn get(&self, asset: &AssetRef) -> Option<&Arc<Photo>> {
        self.photos.get(asset)
    }

    fn hold(&mut self, asset: AssetRef, photo: Arc<Photo>, used: &Arc<AtomicU64>) {
        let bytes = photo.file_bytes() as u64;
        if used.fetch_add(bytes, Ordering::Relaxed) + bytes > HELD_BYTES {
            used.fetch_sub(bytes, Ordering::Relaxed);
            return;
        }
        let held = self.held.get_or_insert_with(|| Held { used: Arc::clone(used), bytes: 0 });
        held.bytes += bytes;
        self.photos.insert(asset, photo);
    }
}

impl std::fmt::Debug for Landed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Landed({} photos)", self.photos.len())
    }
}

/// The fetches that one row waits for. The last to end tells the row, however it ends.
struct Flight {
    landed: Mutex<Landed>,
    when_landed: Mutex<Option<WhenLanded>>,
}

type WhenLanded = Box<dyn FnOnce(Landed) + Send>;

impl Drop for Flight {
    fn drop(&mut self) {
        if let Some(tell) = self.when_landed.get_mut().take() {
            tell(std::mem::take(self.landed.get_mut()));
        }
    }
}

impl Assets {
    /// Whether a photo must be fetched before it can be used. `false` for files, `data:` URLs and what is known.
    pub fn must_be_fetched(&self, asset: &AssetRef) -> bool {
        // Most locations are paths: they are not looked up to find that out.
        if !asset.location.contains("://") && !self.has_remote_base(asset.base) {
            return false;
        }
        match self.sources.place(asset) {
            Ok(place @ Place::Url(_)) => !self.photos.knows(&(self.generation, place.name(asset))),
            _ => false,
        }
    }

    /// Fetches photos in other threads and says when all have come or failed.
    pub fn fetch_ahead(self: &Arc<Self>, wanted: Vec<AssetRef>, when_landed: impl FnOnce(Landed) + Send + 'static) {
        let flight =
            Arc::new(Flight { landed: Mutex::default(), when_landed: Mutex::new(Some(Box::new(when_landed))) });
        for asset in wanted {
            let Ok(Place::Url(url)) = self.sources.place(&asset) else { continue };
            // Fetches that nobody waits for any more keep nothing alive.
            let (assets, flight) = (Arc::downgrade(self), Arc::clone(&flight));
            let pool = self.pool.get_or_init(|| super::fetch::Pool::new(self.sources.gate().limits()));
            pool.submit(
                &host_of(&url),
                Box::new(move || {
                    let Some(assets) = assets.upgrade() else { return };
                    if let Ok(photo) = assets.photo(&asset) {
                        flight.landed.lock().hold(asset, photo, &assets.landed_bytes);
                    }
                }),
            );
        }
    }
}
