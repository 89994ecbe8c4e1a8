//! Rows whose photos are still on their way from the network: they wait here, and not a thread for them.
//!
//! A thread binds a row, sees that its photos must be fetched, puts it here and takes the next. When all of a row's
//! photos have come, the row comes back and goes its ordinary way, from the start: binding is cheap beside a fetch,
//! and what waits is then no more than the row. Rows without URLs never come here.

use std::collections::HashMap;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, select, unbounded};
use serde_json::Value;

use crate::assets::Landed;
use crate::job::AssetRef;

use super::Stop;
use super::lay::NumberedRow;

/// Rows that one thread lets wait: more URLs than are fetched at once.
const MAX_ROWS: usize = 128;
/// Bytes of rows that one thread lets wait, about.
const MAX_BYTES: usize = 32 << 20;
/// How often a thread that waits looks whether it still should.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// The rows that wait for one thread.
pub struct Waiting {
    /// Rows by the order in which they came to wait.
    rows: HashMap<u64, (NumberedRow, usize)>,
    bytes: usize,
    next: u64,
    landed_in: Sender<(u64, Landed)>,
    landed_out: Receiver<(u64, Landed)>,
}

/// What a thread does next.
pub enum Next {
    /// A row that has not been looked at.
    New(NumberedRow),
    /// A row whose photos have come, or will not.
    Landed(NumberedRow, Landed),
    /// Nothing is left, or a stop was requested.
    End,
}

impl Waiting {
    /// Nobody waits.
    pub fn new() -> Self {
        let (landed_in, landed_out) = unbounded();
        Self { rows: HashMap::new(), bytes: 0, next: 0, landed_in, landed_out }
    }

    /// Lets a row wait until its photos have come.
    pub fn add(&mut self, row: NumberedRow, wanted: Vec<AssetRef>) {
        let (number, bytes, assets) = (self.next, bytes_of(&row), std::sync::Arc::clone(&row.task.plan.assets));
        self.next += 1;
        self.bytes += bytes;
        self.rows.insert(number, (row, bytes));
        let landed = self.landed_in.clone();
        // The receiver may be gone: then nobody waits any more.
        assets.fetch_ahead(wanted, move |photos| drop(landed.send((number, photos))));
    }

    /// The next row: one that waited, rather than a new one.
    pub fn next(&mut self, rows: &Receiver<NumberedRow>, stop: &Stop) -> Next {
        let mut is_open = true;
        while !stop.is_requested() {
            if self.rows.is_empty() {
                return rows.recv().map_or(Next::End, Next::New);
            }
            if let Ok(landed) = self.landed_out.try_recv() {
                if let Some(next) = self.take(landed) {
                    return next;
                }
                continue;
            }
            let has_room = self.rows.len() < MAX_ROWS && self.bytes < MAX_BYTES;
            if is_open && has_room {
                select! {
                    recv(self.landed_out) -> landed => {
                        if let Some(next) = landed.ok().and_then(|landed| self.take(landed)) {
                            return next;
                        }
                    }
                    recv(rows) -> row => match row {
                        Ok(row) => return Next::New(row),
                        Err(_) => is_open = false,
                    },
                    default(LOOK_EVERY) => {}
                }
            } else if let Ok(landed) = self.landed_out.recv_timeout(LOOK_EVERY)
                && let Some(next) = self.take(landed)
            {
                return next;
            }
        }
        Next::End
    }

    fn take(&mut self, (number, landed): (u64, Landed)) -> Option<Next> {
        let (row, bytes) = self.rows.remove(&number)?;
        self.bytes -= bytes;
        Some(Next::Landed(row, landed))
    }
}

fn bytes_of(row: &NumberedRow) -> usize {
    fn of(value: &Value) -> usize {
        32 + match value {
            Value::String(text) => text.len(),
            Value::Array(items) => items.iter().map(of).sum(),
            Value::Object(members) => members.iter().map(|(name, value)| 32 + name.len() + of(value)).sum(),
            Value::Null | Value::Bool(_) | Value::Number(_) => 0,
        }
    }
    let fields = row.row.iter().flat_map(|row| row.fields.iter());
    64 + fields.map(|(_, value)| 32 + of(value)).sum::<usize>()
}
