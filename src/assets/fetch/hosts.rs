//! How much is asked of each host, and of the network in all: connections at once, bytes on their way, retries, and
//! hosts that are left alone for a while because they fail.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use super::{FetchError, FetchLimits};

/// A host that failed this often in a row is left alone ...
const FAILURES_UNTIL_DOWN: u32 = 5;
/// ... for this long; then one fetch finds out whether it is back.
const DOWN_FOR: Duration = Duration::from_secs(10);
/// Hosts whose failures are remembered.
const MAX_HOSTS: usize = 4096;
/// Retries that a run may start with, and may ever save up.
const RETRIES: f64 = 20.0;
/// Retries that a fetch which needed none adds: a fifth of the traffic at most.
const RETRIES_PER_SUCCESS: f64 = 0.2;

/// The hosts of a run.
pub(super) struct Hosts {
    state: Mutex<State>,
    left: Condvar,
    at_once: usize,
    at_once_per_host: usize,
}

struct State {
    hosts: HashMap<String, Host>,
    running: usize,
    retries: f64,
}

#[derive(Default)]
struct Host {
    running: usize,
    failures: u32,
    down_until: Option<Instant>,
    /// Whether one fetch is finding out.
    is_probed: bool,
}

/// The right to talk to a host; ends when dropped.
pub(super) struct Visit<'h> {
    hosts: &'h Hosts,
    host: String,
    is_probe: bool,
}

impl Hosts {
    pub fn new(limits: &FetchLimits) -> Self {
        let state = State { hosts: HashMap::new(), running: 0, retries: RETRIES };
        let FetchLimits { at_once, at_once_per_host, .. } = *limits;
        Self { state: Mutex::new(state), left: Condvar::new(), at_once, at_once_per_host }
    }

    /// Waits for a place.
    ///
    /// # Errors
    /// [`FetchError::HostDown`] for a host that is left alone.
    pub fn visit(&self, host: &str) -> Result<Visit<'_>, FetchError> {
        let mut state = self.state.lock();
        loop {
            state.forget_some();
            let total = state.running;
            let entry = state.hosts.entry(host.to_owned()).or_default();
            let mut is_probe = false;
            if let Some(until) = entry.down_until {
                if Instant::now() < until || entry.is_probed {
                    return Err(FetchError::HostDown { host: host.to_owned(), failures: entry.failures });
                }
                is_probe = true;
            }
            if entry.running < self.at_once_per_host && total < self.at_once {
                entry.running += 1;
                entry.is_probed |= is_probe;
                state.running += 1;
                return Ok(Visit { hosts: self, host: host.to_owned(), is_probe });
            }
            self.left.wait(&mut state);
        }
    }

    /// A fetch from the host came to its end.
    pub fn settled(&self, host: &str, is_failure: bool) {
        let mut state = self.state.lock();
        if !is_failure {
            state.retries = (state.retries + RETRIES_PER_SUCCESS).min(RETRIES);
        }
        let entry = state.hosts.entry(host.to_owned()).or_default();
        if is_failure {
            entry.failures = entry.failures.saturating_add(1);
            if entry.failures >= FAILURES_UNTIL_DOWN {
                entry.down_until = Some(Instant::now() + DOWN_FOR);
            }
        } else {
            (entry.failures, entry.down_until) = (0, None);
        }
    }

    /// Takes a retry out of the budget, if one is left.
    pub fn may_retry(&self) -> bool {
        let mut state = self.state.lock();
        let is_left = state.retries >= 1.0;
        if is_left {
            state.retries -= 1.0;
        }
        is_left
    }
}

impl State {
    /// Of many hosts only those are kept that somebody talks to, or as many as fit.
    fn forget_some(&mut self) {
        if self.hosts.len() >= MAX_HOSTS {
            self.hosts.retain(|_, host| host.running > 0 || host.down_until.is_some());
        }
        if self.hosts.len() >= MAX_HOSTS {
            self.hosts.retain(|_, host| host.running > 0);
        }
    }
}

impl Drop for Visit<'_> {
    fn drop(&mut self) {
        let mut state = self.hosts.state.lock();
        state.running -= 1;
        if let Some(host) = state.hosts.get_mut(&self.host) {
            host.running -= 1;
            if self.is_probe {
                host.is_probed = false;
            }
        }
        drop(state);
        self.hosts.left.notify_all();
    }
}

/// Bytes that may be held at once: of answers that are read, of photos that are decoded.
pub(in crate::assets) struct Room {
    most: u64,
    held: Mutex<u64>,
    freed: Condvar,
}

/// Bytes that are held; given back when dropped.
pub(in crate::assets) struct HeldRoom<'r> {
    room: &'r Room,
    bytes: u64,
}

impl Room {
    pub fn new(most: u64) -> Self {
        Self { most, held: Mutex::new(0), freed: Condvar::new() }
    }

    /// Waits until there is room. One alone may exceed it, or would wait for ever.
    pub fn hold(&self, bytes: u64) -> HeldRoom<'_> {
        let mut held = self.held.lock();
        while *held > 0 && held.saturating_add(bytes) > self.most {
            self.freed.wait(&mut held);
        }
        *held = held.saturating_add(bytes);
        HeldRoom { room: self, bytes }
    }
}

impl Drop for HeldRoom<'_> {
    fn drop(&mut self) {
        let mut held = self.room.held.lock();
        *held = held.saturating_sub(self.bytes);
        drop(held);
        self.room.freed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(at_once: usize, at_once_per_host: usize) -> Hosts {
        Hosts::new(&FetchLimits { at_once, at_once_per_host, ..FetchLimits::default() })
    }

    #[test]
    fn a_host_has_so_many_visitors_at_once_and_no_more() {
        let hosts = hosts(3, 2);
        let first = hosts.visit("a").ok();
        let _second = hosts.visit("a").ok();
        let (sender, receiver) = std::sync::mpsc::channel();
        std::thread::scope(|scope| {
            let hosts = &hosts;
            scope.spawn(move || {
                let _third = hosts.visit("a").ok();
                sender.send(()).unwrap();
            });
            assert!(receiver.try_recv().is_err());
            // Another host still has a place.
            drop(hosts.visit("b").ok());
            drop(first);
            receiver.recv().unwrap();
        });
    }

    #[test]
    fn a_host_that_fails_is_left_alone_and_one_fetch_finds_out() {
        let hosts = hosts(9, 9);
        for _ in 0..FAILURES_UNTIL_DOWN {
            assert!(hosts.visit("a").is_ok());
            hosts.settled("a", true);
        }
        assert!(matches!(hosts.visit("a"), Err(FetchError::HostDown { failures: FAILURES_UNTIL_DOWN, .. })));
        assert!(hosts.visit("b").is_ok());
        hosts.state.lock().hosts.get_mut("a").unwrap().down_until = Some(Instant::now());
        let probe = hosts.visit("a");
        assert!(probe.is_ok());
        assert!(hosts.visit("a").is_err(), "only one finds out");
        drop(probe);
        hosts.settled("a", false);
        assert!(hosts.visit("a").is_ok());
    }

    #[test]
    fn a_success_between_failures_starts_the_count_again() {
        let hosts = hosts(9, 9);
        for index in 0..4 * FAILURES_UNTIL_DOWN {
            hosts.settled("a", index % FAILURES_UNTIL_DOWN != 0);
        }
        assert!(hosts.visit("a").is_ok());
    }

    #[test]
    fn retries_run_out_and_come_back_with_successes() {
        let hosts = hosts(1, 1);
        assert_eq!((0..100).filter(|_| hosts.may_retry()).count(), RETRIES as usize);
        for _ in 0..11 {
            hosts.settled("a", false);
        }
        assert_eq!((0..100).filter(|_| hosts.may_retry()).count(), 2);
    }

    #[test]
    fn the_hosts_that_are_remembered_are_bounded() {
        let hosts = hosts(9, 9);
        for index in 0..3 * MAX_HOSTS {
            let name = index.to_string();
            drop(hosts.visit(&name));
            (0..FAILURES_UNTIL_DOWN).for_each(|_| hosts.settled(&name, true));
        }
        assert!(hosts.state.lock().hosts.len() <= MAX_HOSTS + 1);
    }
}
