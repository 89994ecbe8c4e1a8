//! Renders and encodes for nothing: for measuring.

use super::{Known, Stat, Store, StoreError, Stored};
use crate::job::ObjectName;

/// Throws every object away.
#[derive(Clone, Copy, Debug, Default)]
pub struct NullStore;

impl Store for NullStore {
    fn put(&self, _object: &ObjectName, _bytes: &[u8]) -> Result<Stored, StoreError> {
        Ok(Stored::default())
    }

    fn get(&self, _object: &ObjectName) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(None)
    }

    fn delete(&self, _object: &ObjectName) -> Result<(), StoreError> {
        Ok(())
    }

    fn list(&self, _prefix: &str) -> Result<Vec<String>, StoreError> {
        Ok(Vec::new())
    }

    fn holds(&self, known: &[Known]) -> Result<Vec<bool>, StoreError> {
        Ok(vec![false; known.len()])
    }

    fn stat(&self, _object: &ObjectName) -> Option<Stat> {
        None
    }

    fn read(&self, _object: &ObjectName) -> Option<Vec<u8>> {
        None
    }

    fn describe(&self) -> String {
        "null:".to_owned()
    }
}
