//! `manifest.jsonl` in the output folder: one line for each variant, in row order, written as the run goes.
//!
//! Whole lines only: where the disk is full, a torn last line is cut off again. A process that is killed may leave
//! one.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::job::Record;
use crate::store::StoreError;

/// Lines are written when they come to this.
const HELD_BYTES: usize = 64 << 10;

/// A manifest that is being written.
pub struct Manifest {
    path: PathBuf,
    file: File,
    /// Length of the file: whole lines.
    whole_bytes: u64,
    /// Whole lines that are not written yet.
    held: Vec<u8>,
}

impl Manifest {
    /// Starts a manifest in a folder that exists, in place of an older one.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn create(folder: &Path) -> Result<Self, StoreError> {
        let path = super::manifest_path(folder);
        // A link is replaced, not followed.
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failure(&path, &error)),
            _ => {}
        }
        let file = File::create_new(&path).map_err(|error| failure(&path, &error))?;
        Ok(Self { path, file, whole_bytes: 0, held: Vec::new() })
    }

    /// Adds a line.
    ///
    /// # Errors
    /// When the disk is full or gone. The line is kept, and written if a later call succeeds.
    pub fn append(&mut self, record: &Record) -> Result<(), StoreError> {
        self.held.extend_from_slice(record.to_line().as_bytes());
        if self.held.len() < HELD_BYTES { Ok(()) } else { self.write() }
    }

    /// Writes what is left.
    ///
    /// # Errors
    /// When the disk is full or gone.
    pub fn finish(mut self) -> Result<(), StoreError> {
        self.write()
    }

    fn write(&mut self) -> Result<(), StoreError> {
        let written = self.file.write_all(&self.held);
        if let Err(error) = written {
            // As many whole lines as fit; where even this fails, a torn line stays, and readers know of it.
            let reached = self.file.metadata().map_or(self.whole_bytes, |metadata| metadata.len());
            let fits = (reached.saturating_sub(self.whole_bytes) as usize).min(self.held.len());
            let whole = self.held[..fits].iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
            self.whole_bytes += whole as u64;
            self.held.drain(..whole);
            let _ = self.file.set_len(self.whole_bytes);
            let _ = io::Seek::seek(&mut self.file, io::SeekFrom::Start(self.whole_bytes));
            return Err(failure(&self.path, &error));
        }
        self.whole_bytes += self.held.len() as u64;
        self.held.clear();
        Ok(())
    }
}

fn failure(path: &Path, error: &io::Error) -> StoreError {
    let place = path.display().to_string();
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreError::Full { place },
        _ => StoreError::NotWritable { place, message: error.to_string() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::Format;

    fn record(row: u64) -> Record {
        Record::new(row, row.to_string(), "link", Format::Jpeg)
    }

    fn lines(folder: &Path) -> Vec<Record> {
        let text = std::fs::read_to_string(super::super::manifest_path(folder)).expect("a manifest");
        assert!(text.is_empty() || text.ends_with('\n'));
        text.lines().map(|line| serde_json::from_str(line).expect("a whole line")).collect()
    }

    #[test]
    fn every_line_arrives_in_order() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut manifest = Manifest::create(folder.path()).expect("created");
        for row in 0..3000 {
            manifest.append(&record(row)).expect("written");
        }
        manifest.finish().expect("written");
        assert!(lines(folder.path()).iter().map(|record| record.row).eq(0..3000));
    }

    #[test]
    fn a_link_is_replaced_and_not_followed() {
        let folder = tempfile::tempdir().expect("a folder");
        let precious = folder.path().join("precious");
        std::fs::write(&precious, "keep me").expect("written");
        std::os::unix::fs::symlink(&precious, super::super::manifest_path(folder.path())).expect("linked");
        let mut manifest = Manifest::create(folder.path()).expect("created");
        manifest.append(&record(0)).expect("held");
        manifest.finish().expect("written");
        assert_eq!(std::fs::read_to_string(&precious).expect("read"), "keep me");
        assert_eq!(lines(folder.path()).len(), 1);
    }
}
