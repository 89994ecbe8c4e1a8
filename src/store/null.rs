//! Renders and encodes for nothing: for measuring.

use super::{Store, StoreError};
use crate::job::ObjectName;

/// Throws every object away.
#[derive(Clone, Copy, Debug, Default)]
pub struct NullStore;

impl Store for NullStore {
    fn put(&self, _object: &ObjectName, _bytes: &[u8]) -> Result<(), StoreError> {
        Ok(())
    }

    fn describe(&self) -> String {
        "null:".to_owned()
    }
}
