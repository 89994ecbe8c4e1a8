//! Standard input that an interrupt can end, even while nobody writes to it.
//!
//! A read of standard input cannot be called off, so a thread of its own reads; it is left behind at the end.

use std::io::{self, Read};
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, bounded};

use crate::pipeline::Stop;

const CHUNK_BYTES: usize = 1 << 16;
/// Chunks that are read ahead.
const CHUNKS_WAITING: usize = 4;
/// How often a reader that waits looks whether it still should.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// A source whose reads fail soon after a stop is requested.
pub(super) struct StoppableInput {
    chunks: Receiver<io::Result<Vec<u8>>>,
    chunk: Vec<u8>,
    used: usize,
    stop: Stop,
}

impl StoppableInput {
    /// Reads standard input.
    pub fn stdin(stop: Stop) -> Self {
        Self::new(io::stdin(), stop)
    }

    fn new(mut source: impl Read + Send + 'static, stop: Stop) -> Self {
        let (sender, chunks) = bounded(CHUNKS_WAITING);
        std::thread::spawn(move || {
            loop {
                let mut chunk = vec![0; CHUNK_BYTES];
                let read = source.read(&mut chunk);
                let is_last = !matches!(read, Ok(1..));
                let is_interrupted = matches!(&read, Err(error) if error.kind() == io::ErrorKind::Interrupted);
                let read = read.map(|length| {
                    chunk.truncate(length);
                    chunk
                });
                if !is_interrupted && (sender.send(read).is_err() || is_last) {
                    return;
                }
            }
        });
        Self { chunks, chunk: Vec::new(), used: 0, stop }
    }
}

impl Read for StoppableInput {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.used == self.chunk.len() {
            match self.chunks.recv_timeout(LOOK_EVERY) {
                Ok(chunk) => (self.chunk, self.used) = (chunk?, 0),
                // An end would make a whole row of half a one.
                Err(RecvTimeoutError::Timeout) if self.stop.is_requested() => return Err(io::Error::other("stopped")),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(0),
            }
        }
        let length = (&self.chunk[self.used..]).read(buffer)?;
        self.used += length;
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn everything_comes_through_in_order() {
        let bytes: Vec<u8> = (0..3 * CHUNK_BYTES + 5).map(|index| (index % 251) as u8).collect();
        let mut read = Vec::new();
        StoppableInput::new(io::Cursor::new(bytes.clone()), Stop::new()).read_to_end(&mut read).unwrap();
        assert_eq!(read, bytes);
    }

    #[test]
    fn a_stop_ends_a_read_that_nobody_answers() {
        let (source, mut writer) = io::pipe().unwrap();
        writer.write_all(b"id,ti").unwrap();
        let stop = Stop::new();
        let mut input = StoppableInput::new(source, stop.clone());
        let mut buffer = [0; 5];
        input.read_exact(&mut buffer).unwrap();
        assert_eq!(&buffer, b"id,ti");
        stop.request("interrupted");
        // The writer is still open: without the stop this would wait for ever.
        assert_eq!(input.read(&mut buffer).unwrap_err().to_string(), "stopped");
        drop(writer);
    }

    #[test]
    fn an_error_of_the_source_is_handed_on() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("cable cut"))
            }
        }
        let error = StoppableInput::new(Broken, Stop::new()).read(&mut [0]).unwrap_err();
        assert_eq!(error.to_string(), "cable cut");
    }
}
