//! A broker in memory: the twin that tests of the worker run on.

/// See [`super`].
#[derive(Debug, Default)]
pub struct MemoryBroker;
