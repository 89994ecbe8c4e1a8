//! One record of input data.

use std::sync::Arc;

use serde_json::Value;

/// One record of input data, as it was read: nothing is checked against a template yet.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Position in the data, from 0. Rows that cannot be read are counted too.
    pub number: u64,
    /// The line of the file on which it starts, from 1.
    pub line: Option<u64>,
    /// Values by column, in the order of the data. CSV cells are strings; an empty cell is null.
    pub fields: Vec<(Arc<str>, Value)>,
}

impl Row {
    /// The value in a column.
    pub fn get(&self, column: &str) -> Option<&Value> {
        self.fields.iter().find(|(name, _)| &**name == column).map(|(_, value)| value)
    }
}
