//! Whose row is next: jobs in the renderer take turns by weight, so that a small or urgent job is not stuck behind the
//! rows of a large one.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::{Condvar, Mutex};

use crate::pipeline::{Task, Work};

/// The rows of one job.
pub type Rows = Box<dyn Iterator<Item = Work> + Send>;

/// The jobs that have rows left. Clones share it.
#[derive(Clone, Default)]
pub struct Rota {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    turns: VecDeque<Turn>,
    is_closed: bool,
}

struct Turn {
    task: Arc<Task>,
    rows: Rows,
    weight: u32,
    left: u32,
    /// Told how many rows there were, when they end.
    at_end: Box<dyn FnOnce(u64) + Send>,
    count: u64,
}

impl Rota {
    /// Adds a job. `at_end` is told the number of its rows when the last was taken, unless the job was stopped before.
    pub fn add(&self, task: Arc<Task>, rows: Rows, weight: u32, at_end: Box<dyn FnOnce(u64) + Send>) {
        let weight = weight.max(1);
        let turn = Turn { task, rows, weight, left: weight, at_end, count: 0 };
        // A new job's first rows come before the others' next ones.
        self.shared.state.lock().turns.push_front(turn);
        self.shared.changed.notify_one();
    }

    /// No more jobs come: rows end after those at hand.
    pub fn close(&self) {
        self.shared.state.lock().is_closed = true;
        self.shared.changed.notify_all();
    }
}

/// Rows of all jobs, by turns; waits while there are none. One caller at a time.
impl Iterator for Rota {
    type Item = Work;

    fn next(&mut self) -> Option<Work> {
        loop {
            let mut state = self.shared.state.lock();
            let mut turn = loop {
                match state.turns.pop_front() {
                    Some(turn) => break turn,
                    None if state.is_closed => return None,
                    None => self.shared.changed.wait(&mut state),
                }
            };
            // Rows are read without the lock: they may come from a slow place.
            drop(state);
            if turn.task.stop.is_requested() {
                continue;
            }
            let Some(work) = turn.rows.next() else {
                (turn.at_end)(turn.count);
                continue;
            };
            turn.count += 1;
            turn.left -= 1;
            let mut state = self.shared.state.lock();
            if turn.left > 0 {
                state.turns.push_front(turn);
            } else {
                turn.left = turn.weight;
                state.turns.push_back(turn);
            }
            return Some(work);
        }
    }
}
