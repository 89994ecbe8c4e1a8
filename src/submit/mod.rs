//! The other end of the queue: campaigns are submitted, looked after, retried and called off.
