//! The lines of a manifest that is there already, each with its place in the file.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::SystemTime;

use crate::job::Record;

/// Longest line that is read: one record with many long warnings. A longer one is passed over.
const MAX_LINE_BYTES: u64 = 4 << 20;
/// Read at once of a line whose length is not known.
const GUESS_BYTES: usize = 4 << 10;

/// A manifest that an earlier run left.
#[derive(Debug)]
pub(super) struct OldManifest {
    file: File,
    /// When its last line was written.
    pub modified: Option<SystemTime>,
}

impl OldManifest {
    /// Opens a manifest; `None` where there is none.
    pub fn open(path: &Path) -> io::Result<Option<Self>> {
        match File::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
            Ok(file) => {
                let modified = file.metadata()?.modified().ok();
                Ok(Some(Self { file, modified }))
            }
        }
    }

    /// Visits every record with the place of its line. What is no record is passed over, as is the last line where
    /// it is torn: the run that wrote it was killed.
    pub fn visit(&self, visit: &mut dyn FnMut(u64, Record)) -> io::Result<()> {
        let mut reader = BufReader::with_capacity(1 << 16, At { file: &self.file, at: 0 });
        let (mut at, mut line) = (0, Vec::new());
        loop {
            line.clear();
            let mut length = (&mut reader).take(MAX_LINE_BYTES).read_until(b'\n', &mut line)? as u64;
            let is_whole = line.last() == Some(&b'\n');
            if !is_whole && length == MAX_LINE_BYTES {
                length += reader.skip_until(b'\n')? as u64;
            } else if !is_whole {
                return Ok(());
            } else if let Ok(record) = serde_json::from_slice(&line) {
                visit(at, record);
            }
            at += length;
        }
    }

    /// The line at a place, with its line feed.
    pub fn line_at(&self, at: u64) -> io::Result<Vec<u8>> {
        let mut line = vec![0; GUESS_BYTES];
        let mut filled = 0;
        loop {
            let read = self.file.read_at(&mut line[filled..], at + filled as u64)?;
            if let Some(end) = line[filled..filled + read].iter().position(|&byte| byte == b'\n') {
                line.truncate(filled + end + 1);
                return Ok(line);
            }
            filled += read;
            if read == 0 || filled as u64 > MAX_LINE_BYTES {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if filled == line.len() {
                line.resize(filled * 2, 0);
            }
        }
    }
}

/// Reads on from a place, without moving the file for others.
struct At<'f> {
    file: &'f File,
    at: u64,
}

impl Read for At<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(buffer, self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::Format;

    fn rows(text: &[u8]) -> Vec<(u64, u64)> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m");
        std::fs::write(&path, text).unwrap();
        let manifest = OldManifest::open(&path).unwrap().unwrap();
        let mut rows = Vec::new();
        manifest.visit(&mut |at, record| rows.push((at, record.row))).unwrap();
        for (at, row) in &rows {
            let line = manifest.line_at(*at).unwrap();
            assert_eq!(serde_json::from_slice::<Record>(&line).unwrap().row, *row);
        }
        rows
    }

    fn line(row: u64, key_bytes: usize) -> Vec<u8> {
        Record::new(row, "k".repeat(key_bytes), "link", Format::Jpeg).to_line().into_bytes()
    }

    #[test]
    fn torn_and_foreign_lines_are_passed_over() {
        let (one, two) = (line(1, 1), line(2, 10_000));
        let length = one.len() as u64;
        assert_eq!(rows(&[one.as_slice(), &two].concat()), [(0, 1), (length, 2)]);
        assert_eq!(rows(&[one.as_slice(), &two[..two.len() - 1]].concat()), [(0, 1)], "the last is torn");
        assert_eq!(rows(&[b"x\n\n".as_slice(), &one].concat()), [(3, 1)]);
        assert_eq!(rows(b""), []);
        let endless = [vec![b' '; MAX_LINE_BYTES as usize + 7], b"\n".to_vec(), one].concat();
        assert_eq!(rows(&endless), [(MAX_LINE_BYTES + 8, 1)]);
    }

    #[test]
    fn no_file_is_no_manifest() {
        assert!(OldManifest::open(Path::new("/nowhere/manifest.jsonl")).unwrap().is_none());
    }
}
