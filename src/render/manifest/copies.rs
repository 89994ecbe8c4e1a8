//! Copies of the manifest in a bucket, while a run goes on: what a killed run had done is not forgotten.
//!
//! A bucket takes no single lines. So the whole manifest is stored anew, once a minute, or less often where it has grown
//! so long that this would take more than a part of the time.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::time::{Duration, Instant};

use super::{Manifest, Stands};
use crate::job::ObjectName;
use crate::render::output::own;
use crate::store::{Store, StoreError};

/// From one copy to the next.
const EVERY: Duration = Duration::from_secs(60);
/// Of the time, one part in so many may go into copies.
const PART: u32 = 20;

/// Stores copies of a manifest.
pub struct Copies {
    store: Arc<dyn Store>,
    stands: Arc<Stands>,
    every: Duration,
    due: Instant,
    /// The last copy is stored when this ends: the next may not overtake it.
    on_its_way: Option<Receiver<()>>,
}

impl Copies {
    /// The first one is due in a minute. `stands` tells which objects of an earlier manifest are there still.
    pub fn new(store: Arc<dyn Store>, stands: Arc<Stands>) -> Self {
        Self { store, stands, every: EVERY, due: Instant::now() + EVERY, on_its_way: None }
    }

    /// Stores one where it is time for it. Where it fails, the next may do better, and the last one tells.
    pub fn keep_up(&mut self, manifest: &mut Manifest) {
        let is_free = self.on_its_way.as_ref().is_none_or(|ended| ended.try_recv() == Err(TryRecvError::Disconnected));
        let started = Instant::now();
        if !is_free || started < self.due {
            return;
        }
        let copy = manifest.whole(&*self.stands);
        self.due = started + self.every.max(started.elapsed() * PART);
        let Ok(bytes) = copy else { return };
        let (ends, ended) = channel();
        self.on_its_way = Some(ended);
        let done = move |stored: Result<_, StoreError>, _| {
            if let Err(error) = stored {
                tracing::warn!(%error, "a copy of the manifest was not stored");
            }
            drop::<std::sync::mpsc::Sender<()>>(ends);
        };
        self.store.put_then(&own(ObjectName::MANIFEST), bytes, Box::new(done));
    }

    /// Stores the manifest of a run that has ended.
    ///
    /// # Errors
    /// When it is not kept.
    pub fn finish(self, manifest: &[u8]) -> Result<(), StoreError> {
        if let Some(ended) = self.on_its_way {
            let _ = ended.recv();
        }
        self.store.put(&own(ObjectName::MANIFEST), manifest).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::super::in_store;
    use super::*;
    use crate::job::{Format, Record};
    use crate::store::MemoryStore;

    #[test]
    fn copies_hold_what_was_done_so_far() {
        let spool = tempfile::tempdir().unwrap();
        let memory = Arc::new(MemoryStore::new());
        let store: Arc<dyn Store> = Arc::clone(&memory) as Arc<dyn Store>;
        let mut copies = Copies::new(Arc::clone(&store), Arc::new(in_store(store)));
        let rows = || {
            let text = memory.bytes(ObjectName::MANIFEST).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
            text.map(|text| {
                text.lines().map(|line| serde_json::from_str::<Record>(line).unwrap().row).collect::<Vec<_>>()
            })
        };
        let mut manifest = Manifest::create(spool.path()).unwrap();
        let record = |row: u64| Record::new(row, row.to_string(), "link", Format::Jpeg);
        manifest.append(&record(1)).unwrap();
        copies.keep_up(&mut manifest);
        assert_eq!(rows(), None, "not due");
        copies.due = Instant::now();
        copies.every = Duration::ZERO;
        copies.keep_up(&mut manifest);
        assert_eq!(rows().unwrap(), [1]);
        manifest.append(&record(2)).unwrap();
        copies.due = Instant::now();
        copies.keep_up(&mut manifest);
        assert_eq!(rows().unwrap(), [1, 2]);
        copies.finish(record(9).to_line().as_bytes()).unwrap();
        assert_eq!(rows().unwrap(), [9]);
    }
}
