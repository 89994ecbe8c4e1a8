//! Renders and encodes for nothing: for measuring.

use super::{Stat, Store, StoreError};
use crate::job::ObjectName;

/// Throws every object away.
#[derive(Clone, Copy, Debug, Default)]
pub struct NullStore;

impl Store for NullStore {
    fn put(&self, _object: &ObjectName, _bytes: &[u8]) -> Result<(), StoreError> {
        Ok(())
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
