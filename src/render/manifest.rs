//! `manifest.jsonl` in the output folder: one line for each variant, in row order, written as the run goes.
//!
//! Whole lines only: where the disk is full, a torn last line is cut off again. A process that is killed may leave
//! one.

use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
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
        let mut options = File::options();
        let file = options.read(true).write(true).create(true).truncate(true).open(&path);
        let file = file.map_err(|error| failure(&path, &error))?;
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
        written.map_err(|error| self.torn(&error))
    }

    /// Writes what is left.
    ///
    /// # Errors
    /// When the disk is full or gone.
    pub fn finish(mut self) -> Result<(), StoreError> {
        self.file.flush().map_err(|error| self.torn(&error))
    }

    /// Cuts off what was written of a line, and gives the reason why the rest was not.
    fn torn(&self, error: &io::Error) -> StoreError {
        // Where this fails too, the torn line stays; readers know of it.
        let _ = cut_after_last_line(self.file.get_ref());
        failure(&self.path, error)
    }
}

/// Shortens a file to end with its last line break.
fn cut_after_last_line(mut file: &File) -> io::Result<()> {
    const LONGEST_LINE: u64 = 1 << 20;
    let length = file.metadata()?.len();
    let start = length.saturating_sub(LONGEST_LINE);
    let mut tail = Vec::new();
    file.seek(SeekFrom::Start(start))?;
    file.take(LONGEST_LINE).read_to_end(&mut tail)?;
    let kept = tail.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at as u64 + 1);
    file.set_len(start + kept)?;
    file.seek(SeekFrom::End(0)).map(drop)
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

    #[test]
    fn a_torn_last_line_is_cut_off() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("m.jsonl");
        for (before, after) in [("a\nb\nto", "a\nb\n"), ("a\n", "a\n"), ("torn", ""), ("", "")] {
            std::fs::write(&path, before).expect("written");
            cut_after_last_line(&File::options().read(true).write(true).open(&path).expect("open")).expect("cut");
            assert_eq!(std::fs::read_to_string(&path).expect("read"), after);
        }
    }
}
