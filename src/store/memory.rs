//! Objects in memory: for tests, and for programs that want the bytes themselves.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;

use super::{Known, Stat, Store, StoreError, Stored};
use crate::job::{ObjectName, digest};

/// Keeps objects in memory, up to a number of bytes.
#[derive(Debug)]
pub struct MemoryStore {
    kept: Mutex<Kept>,
    capacity_bytes: usize,
}

#[derive(Debug, Default)]
struct Kept {
    objects: BTreeMap<String, Arc<[u8]>>,
    bytes: usize,
}

impl MemoryStore {
    /// A store that is never full.
    pub fn new() -> Self {
        Self::with_capacity(usize::MAX)
    }

    /// A store that is full when its objects have this many bytes together.
    pub fn with_capacity(capacity_bytes: usize) -> Self {
        Self { kept: Mutex::default(), capacity_bytes }
    }

    /// The bytes of an object.
    pub fn bytes(&self, object: &str) -> Option<Arc<[u8]>> {
        self.kept.lock().objects.get(object).cloned()
    }

    /// The names of all objects, in order.
    pub fn names(&self) -> Vec<String> {
        self.kept.lock().objects.keys().cloned().collect()
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl Store for MemoryStore {
    fn put(&self, object: &ObjectName, bytes: &[u8]) -> Result<Stored, StoreError> {
        let mut kept = self.kept.lock();
        let replaced = kept.objects.get(object.as_str()).map_or(0, |bytes| bytes.len());
        let total = (kept.bytes - replaced).saturating_add(bytes.len());
        if total > self.capacity_bytes {
            return Err(StoreError::Full { place: self.describe() });
        }
        kept.objects.insert(object.as_str().to_owned(), bytes.into());
        kept.bytes = total;
        Ok(Stored::default())
    }

    fn get(&self, object: &ObjectName) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.read(object))
    }

    fn delete(&self, object: &ObjectName) -> Result<(), StoreError> {
        let mut kept = self.kept.lock();
        let removed = kept.objects.remove(object.as_str()).map_or(0, |bytes| bytes.len());
        kept.bytes -= removed;
        Ok(())
    }

    fn list(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        Ok(self.names().into_iter().filter(|name| name.starts_with(prefix)).collect())
    }

    fn holds(&self, known: &[Known]) -> Result<Vec<bool>, StoreError> {
        let holds = |known: &Known| self.read(&known.object).is_some_and(|bytes| digest(&bytes) == known.checksum);
        Ok(known.iter().map(holds).collect())
    }

    fn stat(&self, object: &ObjectName) -> Option<Stat> {
        self.bytes(object.as_str()).map(|bytes| Stat { bytes: bytes.len() as u64, modified: None })
    }

    fn read(&self, object: &ObjectName) -> Option<Vec<u8>> {
        self.bytes(object.as_str()).map(|bytes| bytes.to_vec())
    }

    fn describe(&self) -> String {
        "memory:".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_store_says_so_and_keeps_what_it_has() {
        let store = MemoryStore::with_capacity(10);
        let [a, b] = ["a", "b"].map(|name| ObjectName::new(name).unwrap());
        store.put(&a, b"123456").unwrap();
        let error = store.put(&b, b"12345").unwrap_err();
        assert!(error.is_fatal());
        assert_eq!(error.code().as_str(), "store_full");
        assert_eq!(store.names(), ["a"]);
        // The object that is replaced makes room.
        store.put(&a, b"1234567890").unwrap();
        assert_eq!(store.bytes("a").unwrap().len(), 10);
    }
}
