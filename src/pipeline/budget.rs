//! A budget in bytes: who wants to hold more than is left waits until others let go.

use std::sync::Arc;

use parking_lot::{Condvar, Mutex};

/// Bytes that may be held at once.
#[derive(Clone)]
pub struct Budget {
    inner: Arc<Inner>,
}

struct Inner {
    most: u64,
    held: Mutex<u64>,
    freed: Condvar,
}

/// Held bytes, given back when dropped.
pub struct Held {
    inner: Arc<Inner>,
    bytes: u64,
}

impl Budget {
    /// A budget of `most` bytes.
    pub fn new(most: u64) -> Self {
        Self { inner: Arc::new(Inner { most, held: Mutex::new(0), freed: Condvar::new() }) }
    }

    /// Waits until `bytes` are free and holds them. One holder alone may exceed the budget, or it would wait for ever.
    pub fn hold(&self, bytes: u64) -> Held {
        let mut held = self.inner.held.lock();
        while *held > 0 && *held + bytes > self.inner.most {
            self.inner.freed.wait(&mut held);
        }
        *held += bytes;
        Held { inner: Arc::clone(&self.inner), bytes }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        *self.inner.held.lock() -= self.bytes;
        self.inner.freed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_holder_waits_until_there_is_room() {
        let budget = Budget::new(100);
        let first = budget.hold(80);
        let (tell, told) = crossbeam_channel::bounded(1);
        let other = budget.clone();
        let waiter = std::thread::spawn(move || {
            let _held = other.hold(50);
            let _ = tell.send(());
        });
        assert!(told.try_recv().is_err());
        drop(first);
        told.recv().expect("the waiter got its bytes");
        waiter.join().expect("no panic");
        assert_eq!(*budget.inner.held.lock(), 0);
    }

    #[test]
    fn one_holder_may_exceed_the_budget() {
        drop(Budget::new(10).hold(1000));
    }
}
