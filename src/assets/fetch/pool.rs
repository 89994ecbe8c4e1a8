//! Threads that fetch ahead of the rows: started when the first job comes, shared fairly between hosts.
//!
//! A thread takes a job only where its host has a place left, so that a slow host never keeps the others waiting.

use std::collections::{HashMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use super::FetchLimits;

/// A thread that finds no work for so long ends.
const IDLE: Duration = Duration::from_secs(5);

pub(in crate::assets) type Job = Box<dyn FnOnce() + Send>;

/// The threads. Jobs that wait when it is dropped are dropped too.
pub(in crate::assets) struct Pool {
    inner: Arc<Inner>,
}

struct Inner {
    state: Mutex<State>,
    work: Condvar,
    max_threads: usize,
    at_once_per_host: usize,
}

#[derive(Default)]
struct State {
    hosts: HashMap<String, Queue>,
    /// Hosts with a job and a place for it, each once.
    turns: VecDeque<String>,
    threads: usize,
    idle: usize,
    is_closed: bool,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    running: usize,
    has_turn: bool,
}

impl Pool {
    pub fn new(limits: &FetchLimits) -> Self {
        let FetchLimits { at_once, at_once_per_host, .. } = *limits;
        let inner = Inner {
            state: Mutex::default(),
            work: Condvar::new(),
            max_threads: at_once.max(1),
            at_once_per_host: at_once_per_host.max(1),
        };
        Self { inner: Arc::new(inner) }
    }

    /// Adds a job, to be done after those that the host has already.
    pub fn submit(&self, host: &str, job: Job) {
        let mut state = self.inner.state.lock();
        let queue = state.hosts.entry(host.to_owned()).or_default();
        queue.jobs.push_back(job);
        state.give_turn(host, self.inner.at_once_per_host);
        if state.idle < state.turns.len() && state.threads < self.inner.max_threads {
            state.threads += 1;
            drop(state);
            self.start_thread();
        } else {
            drop(state);
            self.inner.work.notify_one();
        }
    }

    fn start_thread(&self) {
        let inner = Arc::clone(&self.inner);
        let started = std::thread::Builder::new().name("fetch".to_owned()).spawn(move || inner.run());
        if let Err(error) = started {
            tracing::warn!(%error, "no thread to fetch with");
            let mut state = self.inner.state.lock();
            state.threads -= 1;
            if state.threads == 0 {
                // Nobody would ever do them: whoever waits for them must hear of it.
                let hosts = std::mem::take(&mut state.hosts);
                state.turns.clear();
                drop(state);
                drop(hosts);
            }
        }
    }
}

impl State {
    fn give_turn(&mut self, host: &str, at_once_per_host: usize) {
        let Some(queue) = self.hosts.get_mut(host) else { return };
        if queue.jobs.is_empty() && queue.running == 0 {
            self.hosts.remove(host);
        } else if !queue.has_turn && !queue.jobs.is_empty() && queue.running < at_once_per_host {
            queue.has_turn = true;
            self.turns.push_back(host.to_owned());
        }
    }
}

impl Inner {
    fn run(&self) {
        let mut state = self.state.lock();
        loop {
            if state.is_closed {
                break;
            }
            let Some(host) = state.turns.pop_front() else {
                state.idle += 1;
                let waited = self.work.wait_for(&mut state, IDLE);
                state.idle -= 1;
                if waited.timed_out() && state.turns.is_empty() {
                    break;
                }
                continue;
            };
            let Some(queue) = state.hosts.get_mut(&host) else { continue };
            queue.has_turn = false;
            let Some(job) = queue.jobs.pop_front() else { continue };
            queue.running += 1;
            state.give_turn(&host, self.at_once_per_host);
            drop(state);
            // A decoder may panic; its row says so when it asks itself.
            let _ = catch_unwind(AssertUnwindSafe(job));
            state = self.state.lock();
            if let Some(queue) = state.hosts.get_mut(&host) {
                queue.running -= 1;
            }
            state.give_turn(&host, self.at_once_per_host);
        }
        state.threads -= 1;
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        let mut state = self.inner.state.lock();
        state.is_closed = true;
        let hosts = std::mem::take(&mut state.hosts);
        state.turns.clear();
        drop(state);
        self.inner.work.notify_all();
        // Outside the lock: a job may tell somebody that it is gone.
        drop(hosts);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;

    use super::*;

    fn pool(at_once: usize, at_once_per_host: usize) -> Pool {
        Pool::new(&FetchLimits { at_once, at_once_per_host, ..FetchLimits::default() })
    }

    #[test]
    fn a_host_that_blocks_keeps_no_other_waiting() {
        let pool = pool(4, 2);
        let (release, gate) = mpsc::channel::<()>();
        let gate = Arc::new(Mutex::new(gate));
        let (sender, receiver) = mpsc::channel();
        let running = Arc::new(AtomicUsize::new(0));
        for _ in 0..6 {
            let (gate, running) = (Arc::clone(&gate), Arc::clone(&running));
            pool.submit(
                "slow",
                Box::new(move || {
                    assert!(running.fetch_add(1, Ordering::SeqCst) < 2, "two at once");
                    let _ = gate.lock().recv();
                    running.fetch_sub(1, Ordering::SeqCst);
                }),
            );
        }
        for index in 0..10 {
            let sender = sender.clone();
            pool.submit("quick", Box::new(move || sender.send(index).unwrap()));
        }
        assert_eq!(receiver.iter().take(10).count(), 10);
        (0..6).for_each(|_| release.send(()).unwrap());
        pool.submit("slow", Box::new(move || sender.send(99).unwrap()));
        assert_eq!(receiver.recv(), Ok(99));
        assert!(pool.inner.state.lock().threads <= 4);
    }

    #[test]
    fn a_panic_costs_no_thread_and_no_place() {
        let pool = pool(1, 1);
        let (sender, receiver) = mpsc::channel();
        for _ in 0..3 {
            pool.submit("a", Box::new(|| panic!("as a decoder may")));
        }
        pool.submit("a", Box::new(move || sender.send(1).unwrap()));
        assert_eq!(receiver.recv(), Ok(1));
    }

    #[test]
    fn jobs_that_wait_are_dropped_with_the_pool() {
        let pool = pool(1, 1);
        let (release, gate) = mpsc::channel::<()>();
        pool.submit(
            "a",
            Box::new(move || {
                let _ = gate.recv();
            }),
        );
        let (sender, receiver) = mpsc::channel::<()>();
        pool.submit("a", Box::new(move || drop(sender)));
        drop(pool);
        // The sender went with the job.
        assert!(receiver.recv().is_err());
        drop(release);
    }
}
