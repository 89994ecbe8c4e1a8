//! What every store that keeps things must do: on memory and folders here, on real servers in `store_s3.rs`.

use gravure::job::{ObjectName, digest};
use gravure::store::{DirStore, Known, MemoryStore, Store, StoreError, Stored};

pub fn name(name: &str) -> ObjectName {
    ObjectName::new(name).unwrap()
}

/// What every store that keeps things must do.
pub fn contract(store: &dyn Store, read: &(dyn Fn(&str) -> Option<Vec<u8>> + Sync)) {
    assert_eq!(read("1-link.jpg"), None);
    assert_eq!((store.stat(&name("1-link.jpg")), store.read(&name("a/b"))), (None, None));
    store.put(&name("1-link.jpg"), b"one").unwrap();
    assert_eq!(read("1-link.jpg").unwrap(), b"one", "a new object");
    store.put(&name("1-link.jpg"), b"longer than one").unwrap();
    store.put(&name("1-link.jpg"), b"1").unwrap();
    assert_eq!(read("1-link.jpg").unwrap(), b"1", "the last one wins, whole");
    store.put(&name("a/b/c d%20é.png"), b"deep").unwrap();
    assert_eq!(read("a/b/c d%20é.png").unwrap(), b"deep", "folders are made, names are kept as they are");
    assert_eq!(store.stat(&name("a/b/c d%20é.png")).map(|stat| stat.bytes), Some(4));
    assert_eq!(store.read(&name("a/b/c d%20é.png")).unwrap(), b"deep");
    assert_eq!(store.stat(&name("a/b")), None, "a folder is no object");
    store.put(&name("empty.png"), b"").unwrap();
    assert_eq!(read("empty.png").unwrap(), b"", "an empty object");
    assert_eq!(store.get(&name("a/b/c d%20é.png")).unwrap().unwrap(), b"deep");
    assert_eq!(store.get(&name("a/none.png")).unwrap(), None);
    assert_eq!(store.list("").unwrap(), ["1-link.jpg", "a/b/c d%20é.png", "empty.png"]);
    assert_eq!(store.list("a/b/c").unwrap(), ["a/b/c d%20é.png"]);
    assert!(store.list("b/").unwrap().is_empty());
    let known = |object, bytes: &[u8]| {
        let stored = store.put(&name(object), bytes).unwrap();
        Known { object: name(object), bytes: bytes.len() as u64, checksum: digest(bytes), etag: stored.etag }
    };
    let kept = [known("k/1.png", b"one"), known("k/2.png", b"two"), known("k/3.png", b"three")];
    store.put(&name("k/2.png"), b"TWO").unwrap();
    store.delete(&name("k/3.png")).unwrap();
    store.delete(&name("k/3.png")).unwrap();
    assert_eq!(store.holds(&kept).unwrap(), [true, false, false], "the same, changed, removed");
    assert_eq!(store.get(&name("k/3.png")).unwrap(), None);
    let (tell, told) = std::sync::mpsc::channel();
    store.put_then(
        &name("later.png"),
        b"later".to_vec(),
        Box::new(move |stored, bytes| drop(tell.send((stored.is_ok(), bytes)))),
    );
    assert_eq!(told.recv().unwrap(), (true, b"later".to_vec()));
    assert_eq!(read("later.png").unwrap(), b"later");
    // More at a time than any store lets through at once.
    let (tell, told) = std::sync::mpsc::channel();
    for nth in 0..200_u32 {
        let tell = tell.clone();
        let done = Box::new(move |stored: Result<Stored, StoreError>, bytes| {
            tell.send((stored.map(drop), nth, bytes)).unwrap()
        });
        store.put_then(&name(&format!("many/{nth}.png")), nth.to_string().into_bytes(), done);
    }
    drop(tell);
    let answers: Vec<_> = told.iter().collect();
    assert_eq!(answers.len(), 200, "one answer for each");
    for (stored, nth, bytes) in answers {
        assert_eq!((stored, bytes), (Ok(()), nth.to_string().into_bytes()), "its own bytes come back");
    }
    assert_eq!(store.list("many/").unwrap().len(), 200);
    for reserved in [ObjectName::INDEX, ObjectName::MANIFEST] {
        store.put(&ObjectName::own(reserved).unwrap(), b"own").unwrap();
        assert_eq!(read(reserved).unwrap(), b"own");
    }
}

/// Many threads, two of them for each name; every object is one of the two, whole. Not so on s3rver, which writes an
/// object's bytes and what it says of them apart.
pub fn racing_contract(store: &dyn Store, read: &(dyn Fn(&str) -> Option<Vec<u8>> + Sync)) {
    let body = |thread: usize| vec![thread as u8; 100_000 + thread];
    std::thread::scope(|scope| {
        for thread in 0..8_usize {
            scope.spawn(move || {
                for object in 0..5 {
                    store.put(&name(&format!("{}/{object}.png", thread / 2)), &body(thread)).unwrap();
                }
            });
        }
    });
    for (folder, object) in (0..4_usize).flat_map(|folder| (0..5).map(move |object| (folder, object))) {
        let bytes = read(&format!("{folder}/{object}.png")).unwrap();
        assert!(bytes == body(folder * 2) || bytes == body(folder * 2 + 1), "{folder}/{object}.png");
    }
}

#[test]
fn the_folder_keeps_the_contract() {
    let root = tempfile::tempdir().unwrap();
    let store = DirStore::open(&root.path().join("new/out")).unwrap();
    let read = |object: &str| std::fs::read(root.path().join("new/out").join(object)).ok();
    contract(&store, &read);
    racing_contract(&store, &read);
}

#[test]
fn memory_keeps_the_contract() {
    let store = MemoryStore::new();
    let read = |object: &str| store.bytes(object).map(|bytes| bytes.to_vec());
    contract(&store, &read);
    racing_contract(&store, &read);
}
