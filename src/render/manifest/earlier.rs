//! What earlier runs into a folder stored, by name: 16 bytes of memory for each object.
//!
//! An object may be reused when the last record of its name has the input hash that is asked for, and the file is
//! still the one that the record tells of: of its length, and either not younger than the manifest or of its
//! checksum. So a file that a killed run put in another's place is found out, and files that were copied elsewhere
//! (which makes them young) are not drawn again.

use std::collections::HashSet;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use super::fold::fold;
use super::lines::OldManifest;
use crate::job::{ObjectName, Record, Status, digest};
use crate::store::{Known, Store, StoreError};

/// Whether the object of a record is still there. With when the record's manifest was last written, where that is known.
pub type Stands = dyn Fn(&Record, Option<SystemTime>) -> bool + Send + Sync;

/// Objects that are looked for at a time.
const LOOKED_FOR: usize = 1000;

/// The records of earlier runs.
pub struct Earlier {
    manifest: Option<OldManifest>,
    /// Hash of an object's name and the place of its record's line, in order.
    places: Vec<(u64, u64)>,
}

impl Earlier {
    /// Reads the manifest of a folder, together with what a resumed run left there when it was killed.
    ///
    /// # Errors
    /// When a manifest is there and cannot be read, or the two cannot be made one.
    pub fn read(folder: &Path, stands: &Stands) -> io::Result<Self> {
        fold(folder, stands)?;
        let manifest = OldManifest::open(&super::super::manifest_path(folder))?;
        let mut places: Vec<(u64, u64)> = Vec::new();
        if let Some(manifest) = &manifest {
            manifest.visit(&mut |at, record| {
                if let Some(object) = record.object.filter(|_| is_stored(record.status)) {
                    places.push((short_hash(&[&object]), at));
                }
            })?;
        }
        // Of two records of one name the later one counts.
        places.sort_unstable_by_key(|&(name, at)| (name, std::cmp::Reverse(at)));
        places.dedup_by_key(|(name, _)| *name);
        places.shrink_to_fit();
        Ok(Self { manifest, places })
    }

    /// The record of an object that need not be made again.
    pub fn find(&self, object: &ObjectName, input_hash: &str, stands: &Stands) -> Option<Record> {
        let name = short_hash(&[object.as_str()]);
        let index = self.places.binary_search_by_key(&name, |(name, _)| *name).ok()?;
        let manifest = self.manifest.as_ref()?;
        let line = manifest.line_at(self.places[index].1).ok()?;
        let record: Record = serde_json::from_slice(&line).ok()?;
        let is_asked_for =
            record.object.as_deref() == Some(object.as_str()) && record.input_hash.as_deref() == Some(input_hash);
        (is_asked_for && is_stored(record.status) && stands(&record, manifest.modified)).then_some(record)
    }
}

/// Whether a record tells of a file.
pub(super) fn is_stored(status: Status) -> bool {
    matches!(status, Status::Ok | Status::Reused)
}

/// Asks the store about one object after the other, when it comes to it.
pub fn in_store(store: Arc<impl Store + ?Sized>) -> impl Fn(&Record, Option<SystemTime>) -> bool + Send + Sync {
    move |record, recorded| {
        let Some(object) = record.object.as_deref().and_then(|name| ObjectName::new(name).ok()) else { return false };
        let Some(stat) = store.stat(&object).filter(|stat| Some(stat.bytes) == record.bytes) else { return false };
        let is_older = stat.modified.zip(recorded).is_some_and(|(stored, recorded)| stored <= recorded);
        is_older || store.read(&object).is_some_and(|bytes| record.checksum.as_deref() == Some(&digest(&bytes)))
    }
}

/// Asks the store about all objects of a folder's manifest at once: for stores behind a network, that list many at a
/// time and are slow to tell of one.
///
/// # Errors
/// When manifest or store cannot be asked.
pub fn listed(
    folder: &Path,
    store: &dyn Store,
) -> Result<impl Fn(&Record, Option<SystemTime>) -> bool + Send + Sync + use<>, StoreError> {
    let path = super::super::manifest_path(folder);
    let failed = |error| super::failure(&path, &error);
    let mut known = Vec::new();
    if let Some(manifest) = OldManifest::open(&path).map_err(failed)? {
        let visited =
            manifest.visit(&mut |_, record| known.extend(known_of(&record).filter(|_| is_stored(record.status))));
        visited.map_err(failed)?;
    }
    // Neighbours of a listing together.
    known.sort_unstable_by(|a, b| a.object.as_str().cmp(b.object.as_str()));
    let mut there = HashSet::with_capacity(known.len());
    for known in known.chunks(LOOKED_FOR) {
        let holds = store.holds(known)?;
        there.extend(known.iter().zip(holds).filter(|(_, holds)| *holds).map(|(known, _)| mark(known)));
    }
    Ok(move |record: &Record, _| known_of(record).is_some_and(|known| there.contains(&mark(&known))))
}

fn known_of(record: &Record) -> Option<Known> {
    let object = ObjectName::new(record.object.as_deref()?).ok()?;
    Some(Known { object, bytes: record.bytes?, checksum: record.checksum.clone()?, etag: record.etag.clone() })
}

/// Of an object as it was stored: a manifest may tell of two under one name.
fn mark(known: &Known) -> u64 {
    short_hash(&[known.object.as_str(), &known.checksum, known.etag.as_deref().unwrap_or_default()])
}

/// 64 bits of a hash: two names that share it are told apart when the record is read.
pub(super) fn short_hash(parts: &[&str]) -> u64 {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes()).update(part.as_bytes());
    }
    u64::from_le_bytes(hasher.finalize().as_bytes()[..8].try_into().expect("32 bytes"))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::Duration;

    use super::*;
    use crate::job::Format;
    use crate::store::DirStore;

    fn name(name: &str) -> ObjectName {
        ObjectName::new(name).unwrap()
    }

    /// A record of a stored object of these bytes.
    pub(super) fn stored(row: u64, object: &str, hash: &str, bytes: &[u8]) -> Record {
        Record {
            object: Some(object.to_owned()),
            input_hash: Some(hash.to_owned()),
            bytes: Some(bytes.len() as u64),
            checksum: Some(digest(bytes)),
            ..Record::new(row, row.to_string(), "link", Format::Jpeg)
        }
    }

    fn write(folder: &Path, records: &[Record]) {
        let text: String = records.iter().map(Record::to_line).collect();
        fs::write(folder.join(ObjectName::MANIFEST), text).unwrap();
    }

    fn make_young(file: &Path) {
        let file = fs::File::options().write(true).open(file).unwrap();
        file.set_modified(SystemTime::now() + Duration::from_secs(60)).unwrap();
    }

    #[test]
    fn only_the_very_same_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(DirStore::open(folder.path()).unwrap());
        let stands = in_store(Arc::clone(&store));
        let records = [
            stored(1, "a.jpg", "h1", b"aaaa"),
            stored(2, "b.jpg", "h2", b"bbbb"),
            stored(3, "gone.jpg", "h3", b"cccc"),
            stored(4, "short.jpg", "h4", b"dddd"),
            Record { status: Status::Failed, ..stored(5, "failed.jpg", "h5", b"eeee") },
            stored(1, "a.jpg", "h6", b"ffff"),
        ];
        for (object, bytes) in [("a.jpg", "ffff"), ("b.jpg", "bbbb"), ("short.jpg", "d"), ("failed.jpg", "eeee")] {
            store.put(&name(object), bytes.as_bytes()).unwrap();
        }
        write(folder.path(), &records);
        let earlier = Earlier::read(folder.path(), &stands).unwrap();
        let find = |object, hash| earlier.find(&name(object), hash, &stands).map(|record| record.row);
        assert_eq!(find("b.jpg", "h2"), Some(2));
        assert_eq!(find("b.jpg", "h1"), None, "other inputs");
        assert_eq!(find("a.jpg", "h6"), Some(1), "the later of two records");
        assert_eq!(find("a.jpg", "h1"), None, "the earlier of two records");
        assert_eq!((find("gone.jpg", "h3"), find("short.jpg", "h4"), find("failed.jpg", "h5")), (None, None, None));
        assert_eq!(find("new.jpg", "h1"), None);
    }

    #[test]
    fn a_young_file_must_have_the_checksum() {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(DirStore::open(folder.path()).unwrap());
        let stands = in_store(Arc::clone(&store));
        for object in ["a.jpg", "b.jpg"] {
            store.put(&name(object), b"same").unwrap();
            make_young(&folder.path().join(object));
        }
        write(folder.path(), &[stored(1, "a.jpg", "h", b"same"), stored(2, "b.jpg", "h", b"else")]);
        let earlier = Earlier::read(folder.path(), &stands).unwrap();
        assert!(earlier.find(&name("a.jpg"), "h", &stands).is_some());
        assert!(earlier.find(&name("b.jpg"), "h", &stands).is_none(), "of the same length, but another file");
    }

    #[test]
    fn a_folder_without_a_manifest_has_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(DirStore::open(folder.path()).unwrap());
        let stands = in_store(Arc::clone(&store));
        let earlier = Earlier::read(folder.path(), &stands).unwrap();
        assert!(earlier.find(&name("a.jpg"), "h", &stands).is_none());
    }

    #[test]
    fn objects_are_looked_for_all_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let store = crate::store::MemoryStore::new();
        let count = LOOKED_FOR as u64 + 5;
        let records: Vec<_> = (0..count).map(|row| stored(row, &format!("{row}.jpg"), "h", b"same")).collect();
        for record in &records {
            store.put(&name(record.object.as_deref().unwrap()), b"same").unwrap();
        }
        store.put(&name("3.jpg"), b"else").unwrap();
        store.delete(&name("4.jpg")).unwrap();
        write(folder.path(), &records);
        let stands = listed(folder.path(), &store).unwrap();
        let lost: Vec<_> = records.iter().filter(|record| !stands(record, None)).map(|record| record.row).collect();
        assert_eq!(lost, [3, 4]);
        assert!(!stands(&stored(1, "1.jpg", "h", b"other"), None), "another object of that name");
        assert!(!stands(&stored(1, "new.jpg", "h", b"same"), None));
    }
}
