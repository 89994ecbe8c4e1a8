//! The worker: jobs from a queue, finished images in a store.
