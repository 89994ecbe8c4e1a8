//! `manifest.jsonl` in the output folder: one line for each variant, in row order, written as the run goes.
//!
//! Whole lines only: a run that is killed leaves at most one torn line at the end.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::job::Record;
use crate::store::StoreError;

/// Lines between two writes to the file.
const LINES_HELD: u32 = 256;

/// A manifest that is being written.
pub struct Manifest {
    path: PathBuf,
    file: BufWriter<File>,
    held: u32,
}

impl Manifest {
    /// Starts a manifest in a folder that exists, in place of an older one.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn create(folder: &Path) -> Result<Self, StoreError> {
        let path = super::manifest_path(folder);
        let file = File::create(&path).map_err(|error| failure(&path, &error))?;
        Ok(Self { file: BufWriter::with_capacity(256 << 10, file), path, held: 0 })
    }

    /// Adds a line.
    ///
    /// # Errors
    /// When the disk is full or gone.
    pub fn append(&mut self, record: &Record) -> Result<(), StoreError> {
        self.held += 1;
        let written = self.file.write_all(record.to_line().as_bytes());
        let written = if self.held >= LINES_HELD {
            self.held = 0;
            written.and_then(|()| self.file.flush())
        } else {
            written
        };
        written.map_err(|error| failure(&self.path, &error))
    }

    /// Writes what is left.
    ///
    /// # Errors
    /// When the disk is full or gone.
    pub fn finish(mut self) -> Result<(), StoreError> {
        self.file.flush().map_err(|error| failure(&self.path, &error))
    }
}

fn failure(path: &Path, error: &io::Error) -> StoreError {
    let place = path.display().to_string();
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreError::Full { place },
        _ => StoreError::NotWritable { place, message: error.to_string() },
    }
}
