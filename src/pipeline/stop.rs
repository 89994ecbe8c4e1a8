//! A request to stop early, shared by every thread of a run.

use std::sync::Arc;

use parking_lot::Mutex;

/// A flag with a reason. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Stop {
    reason: Arc<Mutex<Option<String>>>,
}

impl Stop {
    /// Not requested yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks every stage to finish what it holds and take no more. The first reason counts.
    pub fn request(&self, reason: impl Into<String>) {
        self.reason.lock().get_or_insert_with(|| reason.into());
    }

    /// Whether somebody asked.
    pub fn is_requested(&self) -> bool {
        self.reason.lock().is_some()
    }

    /// Why.
    pub fn reason(&self) -> Option<String> {
        self.reason.lock().clone()
    }
}
