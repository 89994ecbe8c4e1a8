//! Rows from a URL: fetched as a whole before the first is read, because they are read twice, and because a run must
//! not wait for a slow server in the middle.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;

use parking_lot::Mutex;
use url::Url;

use crate::assets::fetch::Gate;

/// The longest table that is fetched. It goes to a temporary file.
const MAX_BYTES: u64 = 4 << 30;

/// A table in a file without a name, gone when the process is.
#[derive(Clone)]
pub struct FetchedData(Arc<Mutex<File>>);

impl FetchedData {
    /// Fetches a table; the error names no URL.
    ///
    /// # Errors
    /// When it cannot be had, or there is no room for it.
    pub fn fetch(url: &Url, gate: &Gate) -> Result<Self, String> {
        let mut file = tempfile::tempfile().map_err(|error| format!("no temporary file to fetch into: {error}"))?;
        gate.fetch_table(url, MAX_BYTES, &mut file).map_err(|error| error.to_string())?;
        Ok(Self::of(file))
    }

    /// A table that was fetched into a file.
    pub fn of(file: File) -> Self {
        Self(Arc::new(Mutex::new(file)))
    }

    /// Reads it from the start; readers do not disturb each other.
    pub fn reader(&self) -> impl Read + Send + 'static {
        Reader { file: Arc::clone(&self.0), offset: 0 }
    }
}

struct Reader {
    file: Arc<Mutex<File>>,
    offset: u64,
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut file = self.file.lock();
        file.seek(SeekFrom::Start(self.offset))?;
        let length = file.read(buffer)?;
        self.offset += length as u64;
        Ok(length)
    }
}
