//! Values that are costly to make: made once, shared by threads, kept within a budget of bytes.
//!
//! When the budget is used up, a new value is kept only in place of one that has been idle for long. Rows walk
//! through a catalogue again and again; if it is a little larger than the budget, dropping the least recently used
//! would drop each photo just before it is needed, and nothing would ever be found.

use std::collections::HashMap;
use std::hash::Hash;
use std::num::NonZeroUsize;
use std::sync::Arc;

use lru::LruCache;
use parking_lot::{Condvar, Mutex};

use super::AssetError;

/// How many errors are remembered: enough that a broken photo is looked at once, not enough to matter.
const MAX_ERRORS: NonZeroUsize = NonZeroUsize::new(4096).unwrap();

/// A value is idle when this many times as many accesses as there are values went by without it.
const IDLE_ROUNDS: u64 = 4;

/// A new value with what it takes of the budget.
pub(super) struct Made<V> {
    pub(super) value: V,
    pub(super) bytes: usize,
}

/// What a cache holds and how often it had what was asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheUsage {
    /// Found.
    pub hits: u64,
    /// Held now.
    pub bytes: u64,
}

pub(super) struct Cache<K, V> {
    budget_bytes: usize,
    state: Mutex<State<K, V>>,
}

struct State<K, V> {
    values: LruCache<K, Kept<V>>,
    used_bytes: usize,
    hits: u64,
    /// Accesses so far.
    clock: u64,
    errors: LruCache<K, AssetError>,
    flights: HashMap<K, Arc<Flight<V>>>,
}

struct Kept<V> {
    made: Made<V>,
    last_used: u64,
}

/// A value that one thread makes while others wait for it.
struct Flight<V> {
    landing: Mutex<Landing<V>>,
    landed: Condvar,
}

#[derive(Clone)]
enum Landing<V> {
    InTheAir,
    Landed(Result<V, AssetError>),
    /// The thread that made it panicked: whoever waits tries by itself.
    Crashed,
}

impl<K: Hash + Eq + Clone, V: Clone> Cache<K, V> {
    pub(super) fn new(budget_bytes: usize) -> Self {
        let state = State {
            values: LruCache::unbounded(),
            used_bytes: 0,
            hits: 0,
            clock: 0,
            errors: LruCache::new(MAX_ERRORS),
            flights: HashMap::new(),
        };
        Self { budget_bytes, state: Mutex::new(state) }
    }

    /// The value of a key. It is made where it is not kept; a thread that asks meanwhile waits.
    ///
    /// `make` may ask another cache, never this one: it would wait for itself.
    pub(super) fn get_or_make(
        &self,
        key: K,
        make: impl FnOnce() -> Result<Made<V>, AssetError>,
    ) -> Result<V, AssetError> {
        loop {
            let flight = {
                let mut state = self.state.lock();
                state.clock += 1;
                let now = state.clock;
                if let Some(kept) = state.values.get_mut(&key) {
                    kept.last_used = now;
                    let value = kept.made.value.clone();
                    state.hits += 1;
                    return Ok(value);
                }
                if let Some(error) = state.errors.get(&key) {
                    return Err(error.clone());
                }
                match state.flights.get(&key) {
                    Some(flight) => flight.clone(),
                    None => {
                        let flight =
                            Arc::new(Flight { landing: Mutex::new(Landing::InTheAir), landed: Condvar::new() });
                        state.flights.insert(key.clone(), flight.clone());
                        drop(state);
                        let pilot = Pilot { cache: self, key: &key, flight: &flight };
                        return pilot.land(make());
                    }
                }
            };
            let mut landing = flight.landing.lock();
            flight.landed.wait_while(&mut landing, |landing| matches!(landing, Landing::InTheAir));
            if let Landing::Landed(result) = &*landing {
                return result.clone();
            }
        }
    }
}

impl<K: Hash + Eq + Clone, V: Clone> Cache<K, V> {
    pub(super) fn usage(&self) -> CacheUsage {
        let state = self.state.lock();
        CacheUsage { hits: state.hits, bytes: state.used_bytes as u64 }
    }

    /// Whether the key's value or error is kept.
    pub(super) fn knows(&self, key: &K) -> bool {
        let state = self.state.lock();
        state.values.contains(key) || state.errors.contains(key)
    }
}

impl<K: Hash + Eq + Clone, V> State<K, V> {
    /// Keeps a value where there is room or something idle, and gives back what has to go.
    fn keep(&mut self, key: K, made: Made<V>, budget_bytes: usize) -> Vec<Made<V>> {
        let mut dropped = Vec::new();
        if made.bytes > budget_bytes {
            return vec![made];
        }
        let idle_after = IDLE_ROUNDS * (self.values.len() as u64 + 1);
        while self.used_bytes + made.bytes > budget_bytes {
            let is_idle = self.values.peek_lru().is_some_and(|(_, kept)| kept.last_used + idle_after < self.clock);
            let Some((_, kept)) = is_idle.then(|| self.values.pop_lru()).flatten() else {
                dropped.push(made);
                return dropped;
            };
            self.used_bytes -= kept.made.bytes;
            dropped.push(kept.made);
        }
        self.used_bytes += made.bytes;
        if let Some((_, old)) = self.values.push(key, Kept { made, last_used: self.clock }) {
            self.used_bytes -= old.made.bytes;
            dropped.push(old.made);
        }
        dropped
    }
}

/// Ends the flight whatever happens, also when `make` panics.
struct Pilot<'a, K: Hash + Eq + Clone, V: Clone> {
    cache: &'a Cache<K, V>,
    key: &'a K,
    flight: &'a Flight<V>,
}

impl<K: Hash + Eq + Clone, V: Clone> Pilot<'_, K, V> {
    fn land(self, result: Result<Made<V>, AssetError>) -> Result<V, AssetError> {
        let landed = result.as_ref().map(|made| made.value.clone()).map_err(Clone::clone);
        let dropped = {
            let mut state = self.cache.state.lock();
            match result {
                Ok(made) => state.keep(self.key.clone(), made, self.cache.budget_bytes),
                Err(error) => {
                    if !error.is_passing {
                        state.errors.put(self.key.clone(), error);
                    }
                    Vec::new()
                }
            }
        };
        // Outside the lock: freeing megabytes takes its time.
        drop(dropped);
        *self.flight.landing.lock() = Landing::Landed(landed.clone());
        landed
    }
}

impl<K: Hash + Eq + Clone, V: Clone> Drop for Pilot<'_, K, V> {
    fn drop(&mut self) {
        self.cache.state.lock().flights.remove(self.key);
        let mut landing = self.flight.landing.lock();
        if matches!(*landing, Landing::InTheAir) {
            *landing = Landing::Crashed;
        }
        self.flight.landed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use proptest::prelude::*;

    use super::*;
    use crate::job::ErrorCode;

    fn made(value: u32, bytes: usize) -> Result<Made<u32>, AssetError> {
        Ok(Made { value, bytes })
    }

    #[test]
    fn a_walk_through_more_than_fits_finds_what_is_kept() {
        let cache = Cache::new(30);
        let mut makes = 0;
        for key in (0..10).flat_map(|_| 0..4_u32) {
            let value = cache.get_or_make(key, || {
                makes += 1;
                made(key, 10)
            });
            assert_eq!(value, Ok(key));
        }
        // Three are kept from the first round on; only the fourth is made in every round.
        assert_eq!(makes, 3 + 10);
    }

    #[test]
    fn what_is_idle_for_long_gives_way() {
        let cache = Cache::new(30);
        for key in [1, 2, 3] {
            cache.get_or_make(key, || made(key, 10)).unwrap();
        }
        for _ in 0..20 {
            cache.get_or_make(1, || made(0, 10)).unwrap();
        }
        for key in [4, 5] {
            cache.get_or_make(key, || made(key, 10)).unwrap();
        }
        for key in [1, 4, 5] {
            assert_eq!(cache.get_or_make(key, || made(0, 10)), Ok(key), "key {key} is kept");
        }
    }

    #[test]
    fn what_never_fits_is_handed_out_and_not_kept() {
        let cache = Cache::new(10);
        assert_eq!(cache.get_or_make(1, || made(1, 10)), Ok(1));
        assert_eq!(cache.get_or_make(2, || made(2, 11)), Ok(2));
        assert_eq!(cache.get_or_make(2, || made(3, 11)), Ok(3));
        assert_eq!(cache.get_or_make(1, || made(4, 10)), Ok(1), "the small one is still there");
    }

    #[test]
    fn errors_are_remembered_up_to_a_number() {
        let cache = Cache::<usize, u32>::new(10);
        let fail = |text: &str| Err(AssetError::new(ErrorCode::PhotoMissing, text));
        assert_eq!(cache.get_or_make(0, || fail("first")).unwrap_err().message, "first");
        assert_eq!(cache.get_or_make(0, || fail("second")).unwrap_err().message, "first");
        for key in 1..=MAX_ERRORS.get() {
            cache.get_or_make(key, || fail("other")).unwrap_err();
        }
        assert_eq!(cache.get_or_make(0, || fail("third")).unwrap_err().message, "third");
    }

    #[test]
    fn waiting_threads_share_what_one_makes() {
        let cache = Cache::new(100);
        let count = AtomicUsize::new(0);
        let barrier = Barrier::new(8);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    barrier.wait();
                    let value = cache.get_or_make("key", || {
                        count.fetch_add(1, Ordering::SeqCst);
                        // Until another thread is known to wait for this flight.
                        while Arc::strong_count(&cache.state.lock().flights["key"]) < 3 {
                            std::thread::yield_now();
                        }
                        made(7, 1)
                    });
                    assert_eq!(value, Ok(7));
                });
            }
        });
        assert_eq!(count.load(Ordering::SeqCst), 1);
        assert!(cache.state.lock().flights.is_empty());
    }

    #[test]
    fn a_panic_wakes_the_waiting_and_one_of_them_goes_on() {
        let cache = Cache::new(100);
        let is_in_the_air = Barrier::new(2);
        std::thread::scope(|scope| {
            let first = scope.spawn(|| {
                cache.get_or_make("key", || {
                    is_in_the_air.wait();
                    while Arc::strong_count(&cache.state.lock().flights["key"]) < 3 {
                        std::thread::yield_now();
                    }
                    panic!("as a decoder may")
                })
            });
            is_in_the_air.wait();
            let second = scope.spawn(|| cache.get_or_make("key", || made(7, 1)));
            assert!(first.join().is_err());
            assert_eq!(second.join().unwrap(), Ok(7));
        });
        assert!(cache.state.lock().flights.is_empty());
    }

    proptest! {
        #[test]
        fn the_budget_holds(steps in proptest::collection::vec((0..20_u32, 0..60_usize), 0..100)) {
            let cache = Cache::new(100);
            for (key, bytes) in steps {
                prop_assert_eq!(cache.get_or_make(key, || made(key, bytes)), Ok(key));
                let state = cache.state.lock();
                let sum = state.values.iter().map(|(_, kept)| kept.made.bytes).sum::<usize>();
                prop_assert_eq!(state.used_bytes, sum);
                prop_assert!(sum <= 100);
            }
        }
    }
}
