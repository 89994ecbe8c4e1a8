//! Photos that need not be scaled: nothing of what they lie on was drawn when they came last.
//!
//! Which parts of a canvas are new is known only where canvases come in order, in front of the GPU; photos are scaled
//! before, by many threads. So those threads go by what was seen last: a photo at its place on a canvas whose
//! segments were all there is likely to come so again. Where that turns out wrong, the photo is scaled late.

use std::num::NonZeroUsize;
use std::sync::Arc;

use lru::LruCache;
use parking_lot::Mutex;

use crate::sheet::{Canvas, ItemDigest};

/// Items remembered.
const ITEMS_KEPT: NonZeroUsize = NonZeroUsize::new(65_536).expect("not zero");

/// Items with photos of which nothing was drawn when they came last. Shared by threads.
#[derive(Clone)]
pub struct Undrawn(Arc<Mutex<LruCache<ItemDigest, ()>>>);

impl Undrawn {
    /// None yet.
    pub fn new() -> Self {
        Self(Arc::new(Mutex::new(LruCache::new(ITEMS_KEPT))))
    }

    /// Takes down which items with photos a canvas shows in its windows.
    pub fn note(&self, canvas: &Canvas) {
        for (item, _) in canvas.items_with_photos() {
            let digest = &canvas.digests[item];
            let mut items = self.0.lock();
            if canvas.shows(item) {
                items.pop(digest);
            } else {
                items.put(*digest, ());
            }
        }
    }

    /// Whether nothing of an item was drawn when it came last.
    pub fn contains(&self, item: &ItemDigest) -> bool {
        self.0.lock().get(item).is_some()
    }
}
