//! `manifest.jsonl` in the output folder: one line for each variant, in row order, written as the run goes.
//!
//! Whole lines only: where the disk is full, a torn last line is cut off again. Room for the last lines is held from
//! the start, so that a disk that pictures fill up still takes the lines that tell of them. A process that is killed may leave
//! one. A run that starts anew replaces the manifest at once; a resumed one writes beside it and replaces it when it
//! has come to its end, so that whatever stops it, nothing that was done is forgotten:
//!
//! ```text
//!   new run       manifest.jsonl ............................ lines as they come
//!   --resume      manifest.jsonl (Earlier: what is reused)
//!                 .gravure-manifest.jsonl ................... lines as they come
//!                   at the end: renamed      stopped or killed: folded together, then or by the next --resume
//! ```

mod copies;
mod earlier;
mod fold;
mod lines;

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::job::{ObjectName, Record};
use crate::store::StoreError;

pub use copies::Copies;
pub use earlier::{Earlier, Stands, in_store, listed};

/// Lines are written when they come to this,
const HELD_BYTES: usize = 64 << 10;
/// or have waited for this long: what a kill forgets is drawn again.
const HELD_FOR: Duration = Duration::from_millis(500);

/// Room that is held for the last lines: for some hundreds of them, or less where the disk has not that much.
const RESERVES: [usize; 3] = [256 << 10, 64 << 10, 16 << 10];

/// A manifest that is being written.
pub struct Manifest {
    folder: PathBuf,
    path: PathBuf,
    file: File,
    /// Length of the file: whole lines.
    whole_bytes: u64,
    /// Whole lines that are not written yet.
    held: Vec<u8>,
    /// When lines were last written.
    written: Instant,
    /// A file without a name that holds room on the disk, until the run has ended: before, pictures would take it.
    reserve: Option<File>,
}

impl Manifest {
    /// Starts a manifest in a folder that exists, in place of an older one.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn create(folder: &Path) -> Result<Self, StoreError> {
        remove(&journal_path(folder))?;
        Self::create_at(folder, super::manifest_path(folder))
    }

    /// Starts the manifest of a resumed run beside the older one.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn resume(folder: &Path) -> Result<Self, StoreError> {
        Self::create_at(folder, journal_path(folder))
    }

    fn create_at(folder: &Path, path: PathBuf) -> Result<Self, StoreError> {
        // A link is replaced, not followed.
        remove(&path)?;
        let file = File::create_new(&path).map_err(|error| failure(&path, &error))?;
        let (folder, reserve) = (folder.to_owned(), reserve(folder));
        Ok(Self { folder, path, file, whole_bytes: 0, held: Vec::new(), written: Instant::now(), reserve })
    }

    /// Adds a line.
    ///
    /// # Errors
    /// When the disk is full or gone. The line is kept, and written if a later call succeeds.
    pub fn append(&mut self, record: &Record) -> Result<(), StoreError> {
        self.held.extend_from_slice(record.to_line().as_bytes());
        let is_due = self.held.len() >= HELD_BYTES || self.written.elapsed() >= HELD_FOR;
        if is_due { self.write() } else { Ok(()) }
    }

    /// Writes what is left, and makes the manifest of a resumed run the folder's: alone, if it `is_whole`, else
    /// together with what `stands` of the earlier one.
    ///
    /// # Errors
    /// When the disk is full or gone.
    pub fn finish(mut self, is_whole: bool, stands: &Stands) -> Result<(), StoreError> {
        let written = match self.write() {
            // Nobody stores any more: what is given up now is ours.
            Err(StoreError::Full { .. }) if self.reserve.take().is_some() => self.write(),
            written => written,
        };
        self.reserve = None;
        let target = super::manifest_path(&self.folder);
        if self.path == target {
            return written;
        }
        let replaced = match (&written, is_whole) {
            (Ok(()), true) => self.file.sync_all().and_then(|()| std::fs::rename(&self.path, &target)),
            _ => fold::fold(&self.folder, stands),
        };
        written.and(replaced.map_err(|error| failure(&target, &error)))
    }

    /// All lines so far, as [`Self::finish`] would leave them.
    ///
    /// # Errors
    /// When the disk is full or gone.
    pub fn whole(&mut self, stands: &Stands) -> Result<Vec<u8>, StoreError> {
        self.write()?;
        let mut lines = Vec::new();
        let read = match self.path == super::manifest_path(&self.folder) {
            true => std::fs::read(&self.path).map(|bytes| lines = bytes),
            false => fold::merge(&self.folder, stands, &mut lines).map(drop),
        };
        read.map(|()| lines).map_err(|error| failure(&self.path, &error))
    }

    fn write(&mut self) -> Result<(), StoreError> {
        self.written = Instant::now();
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

/// Takes room on the disk of a folder, as much as there is.
fn reserve(folder: &Path) -> Option<File> {
    let taken = |bytes: &usize| {
        let mut file = tempfile::tempfile_in(folder)?;
        file.write_all(&vec![0; *bytes])?;
        io::Result::Ok(file)
    };
    RESERVES.iter().find_map(|bytes| taken(bytes).ok())
}

/// Where a resumed run writes its manifest.
fn journal_path(folder: &Path) -> PathBuf {
    folder.join(ObjectName::JOURNAL)
}

fn remove(path: &Path) -> Result<(), StoreError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failure(path, &error)),
        _ => Ok(()),
    }
}

/// What a manifest's trouble is called: the same as an object's.
pub fn failure(path: &Path, error: &io::Error) -> StoreError {
    let place = path.display().to_string();
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreError::Full { place },
        _ => StoreError::NotWritable { place, message: error.to_string() },
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::job::Format;
    use crate::store::NullStore;

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
        manifest.finish(true, &in_store(Arc::new(NullStore))).expect("written");
        assert!(lines(folder.path()).iter().map(|record| record.row).eq(0..3000));
    }

    #[test]
    fn an_earlier_manifest_stays_until_a_resumed_run_is_whole() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(super::super::manifest_path(folder.path()), record(0).to_line()).expect("written");
        let mut manifest = Manifest::resume(folder.path()).expect("created");
        manifest.append(&record(1)).expect("held");
        assert_eq!(lines(folder.path())[0].row, 0);
        manifest.finish(true, &in_store(Arc::new(NullStore))).expect("renamed");
        assert_eq!(lines(folder.path()).iter().map(|record| record.row).collect::<Vec<_>>(), [1]);
        assert!(!journal_path(folder.path()).exists());
    }

    #[test]
    fn a_new_run_forgets_a_killed_one() {
        let folder = tempfile::tempdir().expect("a folder");
        drop(Manifest::resume(folder.path()).expect("created"));
        drop(Manifest::create(folder.path()).expect("created"));
        assert!(!journal_path(folder.path()).exists());
    }

    #[test]
    fn a_link_is_replaced_and_not_followed() {
        let folder = tempfile::tempdir().expect("a folder");
        let precious = folder.path().join("precious");
        std::fs::write(&precious, "keep me").expect("written");
        std::os::unix::fs::symlink(&precious, super::super::manifest_path(folder.path())).expect("linked");
        let mut manifest = Manifest::create(folder.path()).expect("created");
        manifest.append(&record(0)).expect("held");
        manifest.finish(true, &in_store(Arc::new(NullStore))).expect("written");
        assert_eq!(std::fs::read_to_string(&precious).expect("read"), "keep me");
        assert_eq!(lines(folder.path()).len(), 1);
    }
}
