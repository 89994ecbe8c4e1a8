//! What rows are rendered for: a plan, with the place where its objects go.

use std::sync::Arc;

use parking_lot::Mutex;

use super::lay::NumberedRow;
use super::names::Names;
use super::{Plan, Stop};
use crate::job::{Row, RowError};
use crate::store::Store;

/// One template for some rows and one destination: a whole `gravure render`, or one job of a worker.
pub struct Task {
    /// What is made of every row.
    pub plan: Plan,
    /// Where to.
    pub store: Arc<dyn Store>,
    /// Whose it is, for the caller.
    pub token: u64,
    /// Ends this task and no other: its variants that are not finished have no outcome then.
    pub stop: Stop,
    names: Mutex<Names>,
}

impl Task {
    /// A task that goes on until its rows end.
    pub fn new(plan: Plan, store: Arc<dyn Store>, token: u64) -> Self {
        Self { plan, store, token, stop: Stop::new(), names: Mutex::default() }
    }

    /// The rows of one task, numbered as they come.
    pub fn work<'r>(
        self: &Arc<Self>,
        rows: impl Iterator<Item = Result<Row, RowError>> + Send + 'r,
    ) -> impl Iterator<Item = Work> + Send + 'r {
        let task = Arc::clone(self);
        (0..).zip(rows).map(move |(index, row)| Work { task: Arc::clone(&task), index, row })
    }
}

impl std::fmt::Debug for Task {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Task({} to {})", self.token, self.store.describe())
    }
}

/// A row, with what it is rendered for.
#[derive(Debug)]
pub struct Work {
    /// Of this task.
    pub task: Arc<Task>,
    /// Which of the task's rows, from 0, without gaps and in this order.
    pub index: u64,
    /// The row, or why it cannot be read.
    pub row: Result<Row, RowError>,
}

impl Work {
    /// Rows of a task must come here in order, one thread at a time: the first of two equal names wins.
    pub(super) fn numbered(self) -> NumberedRow {
        let Self { task, index, row } = self;
        let doubles = match &row {
            Ok(row) if task.plan.names_may_collide => task.names.lock().doubles(&task.plan, row),
            _ => Vec::new(),
        };
        let number = row.as_ref().map_or_else(|error| error.row.unwrap_or(index), |row| row.number);
        NumberedRow { task, index, number, row, doubles }
    }
}
