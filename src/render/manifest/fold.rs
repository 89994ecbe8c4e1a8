//! One manifest out of two: a resumed run's own and the one that it found, where the run did not come to its end.
//!
//! Everything the resumed run settled, and of the older records those it had not reached, as far as their files
//! still stand. Written beside and renamed: a kill at any moment leaves the two, or the one.

use std::collections::HashSet;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use super::earlier::{Stands, is_stored, short_hash};
use super::lines::OldManifest;
use crate::job::{ObjectName, Record};

/// Marks a place in the resumed run's manifest; the others are in the older one.
const OWN: u64 = 1 << 63;

/// Makes one manifest of the two in a folder; nothing where there is no second.
///
/// # Errors
/// When one of them cannot be read or the new one not be written. Both are still there then.
pub(super) fn fold(folder: &Path, stands: &Stands) -> io::Result<()> {
    let journal_path = super::journal_path(folder);
    if !journal_path.try_exists()? {
        return Ok(());
    }
    let mut file = tempfile::Builder::new()
        .prefix(ObjectName::TEMPORARY_PREFIX)
        .make_in(folder, |path| std::fs::File::options().write(true).create_new(true).open(path))?;
    let mut writer = BufWriter::with_capacity(1 << 16, file.as_file_mut());
    merge(folder, stands, &mut writer)?;
    writer.flush()?;
    drop(writer);
    file.as_file().sync_all()?;
    file.persist(super::super::manifest_path(folder)).map_err(|error| error.error)?;
    std::fs::remove_file(&journal_path)
}

/// Writes the lines of the two as one.
///
/// # Errors
/// When one of them cannot be read or the lines not be written.
pub(super) fn merge(folder: &Path, stands: &Stands, writer: &mut dyn Write) -> io::Result<()> {
    let (path, journal_path) = (super::super::manifest_path(folder), super::journal_path(folder));
    let journal = OldManifest::open(&journal_path)?;
    // Row and place.
    let mut lines: Vec<(u64, u64)> = Vec::new();
    let mut settled: HashSet<u64> = HashSet::new();
    if let Some(journal) = &journal {
        journal.visit(&mut |at, record| {
            settled.extend(names(&record));
            lines.push((record.row, at | OWN));
        })?;
    }
    let old = OldManifest::open(&path)?;
    if let Some(old) = &old {
        old.visit(&mut |at, record| {
            let is_settled = names(&record).into_iter().any(|name| settled.contains(&name));
            if !is_settled && is_stored(record.status) && stands(&record, old.modified) {
                lines.push((record.row, at));
            }
        })?;
    }
    // By row; each manifest's own order within it.
    lines.sort_by_key(|&(row, at)| (row, at & OWN == 0, at));
    for (_, at) in lines {
        let source = if at & OWN != 0 { &journal } else { &old };
        let line = source.as_ref().expect("its lines are from there").line_at(at & !OWN)?;
        writer.write_all(&line)?;
    }
    Ok(())
}

/// What a record goes by: its object, and its row's key in one size and format, for one that failed has no object.
fn names(record: &Record) -> Vec<u64> {
    let variant = short_hash(&[&record.key, &record.size, record.format.name(), ""]);
    std::iter::once(variant).chain(record.object.as_deref().map(|object| short_hash(&[object]))).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::Arc;

    use super::*;
    use crate::job::{ErrorCode, Format, digest};
    use crate::render::manifest::in_store;
    use crate::store::{DirStore, Store};

    fn stored(row: u64, object: &str, bytes: &[u8], store: &DirStore) -> Record {
        store.put(&ObjectName::new(object).unwrap(), bytes).unwrap();
        Record {
            object: Some(object.to_owned()),
            bytes: Some(bytes.len() as u64),
            checksum: Some(digest(bytes)),
            ..Record::new(row, row.to_string(), "link", Format::Jpeg)
        }
    }

    fn write(path: &Path, records: &[&Record], torn: &str) {
        let text: String = records.iter().map(|record| record.to_line()).chain([torn.to_owned()]).collect();
        fs::write(path, text).unwrap();
    }

    #[test]
    fn the_newer_record_wins_and_what_was_not_reached_stays() {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(DirStore::open(folder.path()).unwrap());
        let stands = in_store(Arc::clone(&store));
        let [one, two, three, four] = [1, 2, 3, 4].map(|row| stored(row, &format!("{row}.jpg"), b"old", &store));
        let replaced = stored(3, "3.jpg", b"newer", &store);
        let failed = Record::new(2, "2", "link", Format::Jpeg).failed(ErrorCode::PhotoMissing, "no such file");
        fs::remove_file(folder.path().join("4.jpg")).unwrap();
        let five = stored(5, "5.jpg", b"old", &store);
        let (path, journal) =
            (super::super::super::manifest_path(folder.path()), super::super::journal_path(folder.path()));
        write(&path, &[&one, &two, &three, &four, &five], "");
        write(&journal, &[&failed, &replaced], "{\"row\":9,\"to");
        fold(folder.path(), &stands).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        let expected: String = [&one, &failed, &replaced, &five].map(Record::to_line).concat();
        assert_eq!(text, expected);
        assert!(!journal.exists());
        // Once more changes nothing.
        fold(folder.path(), &stands).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), expected);
    }

    #[test]
    fn a_run_without_an_older_manifest_is_kept_too() {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(DirStore::open(folder.path()).unwrap());
        let stands = in_store(Arc::clone(&store));
        let one = stored(1, "1.jpg", b"x", &store);
        write(&super::super::journal_path(folder.path()), &[&one], "");
        fold(folder.path(), &stands).unwrap();
        let text = fs::read_to_string(super::super::super::manifest_path(folder.path())).unwrap();
        assert_eq!(text, one.to_line());
    }
}
