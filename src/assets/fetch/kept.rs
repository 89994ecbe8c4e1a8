//! Fetched files on disk, so that one URL is fetched once in a run, and in later runs only if it has changed.
//!
//! ```text
//!   --cache FOLDER:  FOLDER/<hash of the URL>.fetched: one line of JSON (validators, length, checksum), the body
//!   otherwise:       one file without a name, gone when the process is, however it ends
//! ```
//!
//! The folder is kept within a budget by letting go of what was used longest ago; the file of a run takes no more
//! when the budget is spent. Where files are fresh for a time only, a run may last for months: then there are two
//! files, and the older one is let go of when the younger one is full. Neither names nor files hold the URL, which may
//! be signed. Anything that cannot be read or written is a file that was not kept.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use url::Url;

use super::http::Validators;

/// What names of files end with.
const EXTENSION: &str = "fetched";
/// Longest first line.
const MAX_HEAD_BYTES: usize = 8 << 10;
/// URLs that are remembered: some 32 bytes each.
const MAX_URLS: usize = 1 << 18;
/// A folder that is full is emptied to this share of its budget.
const EMPTIED_TO: f64 = 0.9;

/// The files of a run.
pub(super) enum Kept {
    /// Stays after the run.
    Folder(KeptFolder),
    /// Does not.
    Run(RunFile),
}

/// A file with what tells whether it is still the same.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct KeptFile {
    pub body: Vec<u8>,
    pub validators: Validators,
    /// Fetched or confirmed in this run, not long ago: the server need not be asked.
    pub is_fresh: bool,
}

#[derive(Serialize, Deserialize)]
struct Head {
    gravure: u32,
    #[serde(default)]
    etag: Option<String>,
    #[serde(default)]
    last_modified: Option<String>,
    bytes: u64,
    checksum: String,
}

impl Kept {
    /// The file of a URL, if it has at most `max_bytes`.
    pub fn get(&self, url: &Url, max_bytes: u64) -> Option<KeptFile> {
        match self {
            Self::Folder(folder) => folder.get(key(url), max_bytes),
            Self::Run(run) => run.get(key(url), max_bytes),
        }
    }

    /// The server says that it is still the same.
    pub fn confirm(&self, url: &Url) {
        match self {
            Self::Folder(folder) => folder.confirm(key(url)),
            Self::Run(run) => run.confirm(key(url)),
        }
    }

    /// Keeps a file, if there is room.
    pub fn put(&self, url: &Url, body: &[u8], validators: &Validators) {
        let put = match self {
            Self::Folder(folder) => folder.put(key(url), body, validators),
            Self::Run(run) => run.put(key(url), body, validators),
        };
        if let Err(error) = put {
            tracing::debug!(%error, "a fetched file is not kept");
        }
    }
}

fn key(url: &Url) -> u128 {
    let hash = blake3::hash(url.as_str().as_bytes());
    u128::from_le_bytes(hash.as_bytes()[..16].try_into().expect("a hash has 32 bytes"))
}

/// Bodies one after the other in a file without a name, with their places in memory.
pub(super) struct RunFile {
    budget_bytes: u64,
    fresh_for: Duration,
    state: Mutex<RunState>,
}

#[derive(Default)]
struct RunState {
    young: Part,
    /// Read only: what is asked for moves to the young one.
    old: Part,
}

#[derive(Default)]
struct Part {
    /// Made when it is first needed.
    file: Option<File>,
    used_bytes: u64,
    places: HashMap<u128, BodyPlace>,
}

struct BodyPlace {
    offset: u64,
    length: u64,
    validators: Validators,
    /// When it was fetched or confirmed.
    since: Instant,
}

impl RunFile {
    /// Nothing is made yet.
    pub fn new(budget_bytes: u64, fresh_for: Duration) -> Self {
        Self { budget_bytes, fresh_for, state: Mutex::default() }
    }

    fn get(&self, key: u128, max_bytes: u64) -> Option<KeptFile> {
        let mut state = self.state.lock();
        let RunState { young, old } = &mut *state;
        let is_young = young.places.contains_key(&key);
        let part = if is_young { young } else { old };
        let &BodyPlace { offset, length, ref validators, since } = part.places.get(&key)?;
        if length > max_bytes {
            return None;
        }
        let validators = validators.clone();
        let mut body = vec![0; usize::try_from(length).ok()?];
        let file = part.file.as_mut()?;
        file.seek(SeekFrom::Start(offset)).and_then(|_| file.read_exact(&mut body)).ok()?;
        if !is_young && self.append(&mut state, key, &body, &validators, since).is_err() {
            tracing::debug!("a fetched file is not kept any longer");
        }
        let is_fresh = since.elapsed() < self.fresh_for;
        Some(KeptFile { body, validators, is_fresh })
    }

    fn confirm(&self, key: u128) {
        if let Some(place) = self.state.lock().young.places.get_mut(&key) {
            place.since = Instant::now();
        }
    }

    fn put(&self, key: u128, body: &[u8], validators: &Validators) -> io::Result<()> {
        self.append(&mut self.state.lock(), key, body, validators, Instant::now())
    }

    fn append(
        &self,
        state: &mut RunState,
        key: u128,
        body: &[u8],
        validators: &Validators,
        since: Instant,
    ) -> io::Result<()> {
        let is_for_ever = self.fresh_for == Duration::MAX;
        let length = body.len() as u64;
        let most = if is_for_ever { self.budget_bytes } else { self.budget_bytes / 2 };
        let is_full = |part: &Part| part.used_bytes + length > most || part.places.len() >= MAX_URLS;
        if is_full(&state.young) && !is_for_ever && length <= most {
            state.old = std::mem::take(&mut state.young);
        }
        let part = &mut state.young;
        if is_full(part) || (is_for_ever && part.places.contains_key(&key)) {
            return Ok(());
        }
        let offset = part.used_bytes;
        let file = match &mut part.file {
            Some(file) => file,
            none => none.insert(tempfile::tempfile()?),
        };
        file.seek(SeekFrom::Start(offset))?;
        file.write_all(body)?;
        part.used_bytes += length;
        part.places.insert(key, BodyPlace { offset, length, validators: validators.clone(), since });
        Ok(())
    }
}

/// One file for each URL in a folder.
pub(super) struct KeptFolder {
    folder: PathBuf,
    budget_bytes: u64,
    fresh_for: Duration,
    state: Mutex<FolderState>,
}

struct FolderState {
    used_bytes: u64,
    /// When they were fetched or confirmed in this run.
    fresh: HashMap<u128, Instant>,
}

impl KeptFolder {
    /// Makes the folder if it is not there.
    ///
    /// # Errors
    /// When it cannot be made or read.
    pub fn open(folder: &Path, budget_bytes: u64, fresh_for: Duration) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let used_bytes = entries(folder)?.iter().map(|entry| entry.bytes).sum();
        let state = Mutex::new(FolderState { used_bytes, fresh: HashMap::new() });
        Ok(Self { folder: folder.to_owned(), budget_bytes, fresh_for, state })
    }

    fn get(&self, key: u128, max_bytes: u64) -> Option<KeptFile> {
        let path = self.path(key);
        let kept = read(&path, max_bytes).ok().flatten()?;
        // When it was used last. In a folder that cannot be written the order is that of the fetches.
        let _ = File::options().append(true).open(&path).and_then(|file| file.set_modified(SystemTime::now()));
        let is_fresh = self.state.lock().fresh.get(&key).is_some_and(|since| since.elapsed() < self.fresh_for);
        Some(KeptFile { is_fresh, ..kept })
    }

    fn confirm(&self, key: u128) {
        let mut state = self.state.lock();
        if state.fresh.len() >= MAX_URLS {
            state.fresh.retain(|_, since| since.elapsed() < self.fresh_for);
        }
        if state.fresh.len() < MAX_URLS {
            state.fresh.insert(key, Instant::now());
        }
    }

    fn put(&self, key: u128, body: &[u8], validators: &Validators) -> io::Result<()> {
        // Without any, a later run could not find out whether it is still the same; but this run needs not to.
        if self.write(&self.path(key), body, validators)? {
            self.confirm(key);
        }
        Ok(())
    }

    fn write(&self, path: &Path, body: &[u8], validators: &Validators) -> io::Result<bool> {
        let head = Head {
            gravure: 1,
            etag: validators.etag.clone(),
            last_modified: validators.last_modified.clone(),
            bytes: body.len() as u64,
            checksum: blake3::hash(body).to_hex().to_string(),
        };
        let mut head = serde_json::to_vec(&head)?;
        head.push(b'\n');
        let bytes = (head.len() + body.len()) as u64;
        if !self.make_room(bytes)? {
            return Ok(false);
        }
        let mut file = tempfile::Builder::new().suffix(".part").tempfile_in(&self.folder)?;
        file.write_all(&head)?;
        file.write_all(body)?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(true)
    }

    /// Books `bytes`, or says that there is no room.
    fn make_room(&self, bytes: u64) -> io::Result<bool> {
        if bytes > self.budget_bytes / 2 {
            return Ok(false);
        }
        let mut state = self.state.lock();
        if state.used_bytes + bytes > self.budget_bytes {
            let most = (self.budget_bytes as f64 * EMPTIED_TO) as u64 - bytes;
            state.used_bytes = empty(&self.folder, most)?;
        }
        state.used_bytes += bytes;
        Ok(true)
    }

    fn path(&self, key: u128) -> PathBuf {
        self.folder.join(format!("{key:032x}.{EXTENSION}"))
    }
}

/// `None`: it is not whole.
fn read(path: &Path, max_bytes: u64) -> io::Result<Option<KeptFile>> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    if length > max_bytes.saturating_add(MAX_HEAD_BYTES as u64) {
        return Ok(None);
    }
    let mut bytes = Vec::with_capacity(length as usize);
    file.read_to_end(&mut bytes)?;
    let Some(end) = bytes.iter().take(MAX_HEAD_BYTES).position(|&byte| byte == b'\n') else { return Ok(None) };
    let Ok(head) = serde_json::from_slice::<Head>(&bytes[..end]) else { return Ok(None) };
    let body = bytes.split_off(end + 1);
    let is_whole = head.gravure == 1
        && head.bytes == body.len() as u64
        && head.bytes <= max_bytes
        && head.checksum == blake3::hash(&body).to_hex().as_str();
    let validators = Validators { etag: head.etag, last_modified: head.last_modified };
    Ok(is_whole.then_some(KeptFile { body, validators, is_fresh: false }))
}

struct Entry {
    path: PathBuf,
    bytes: u64,
    used: SystemTime,
}

fn entries(folder: &Path) -> io::Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        // One that another process removes meanwhile is no loss.
        let Ok(metadata) = path.metadata() else { continue };
        if path.extension().is_some_and(|extension| extension == EXTENSION) && metadata.is_file() {
            let used = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            entries.push(Entry { path, bytes: metadata.len(), used });
        }
    }
    Ok(entries)
}

/// Removes what was used longest ago until at most `most` bytes are left; gives what is left.
fn empty(folder: &Path, most: u64) -> io::Result<u64> {
    let mut entries = entries(folder)?;
    entries.sort_unstable_by_key(|entry| entry.used);
    let mut left: u64 = entries.iter().map(|entry| entry.bytes).sum();
    for Entry { path, bytes, .. } in entries {
        if left <= most {
            break;
        }
        if fs::remove_file(path).is_ok() {
            left -= bytes;
        }
    }
    Ok(left)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(name: &str) -> Url {
        Url::parse(&format!("https://example.com/{name}?sig=s3cret")).unwrap()
    }

    fn in_folder(folder: &Path, budget_bytes: u64) -> Kept {
        Kept::Folder(KeptFolder::open(folder, budget_bytes, Duration::MAX).unwrap())
    }

    fn tagged() -> Validators {
        Validators { etag: Some("\"1\"".to_owned()), last_modified: None }
    }

    #[test]
    fn a_file_of_this_run_is_fresh_and_of_an_earlier_one_must_be_confirmed() {
        let folder = tempfile::tempdir().unwrap();
        let kept = in_folder(folder.path(), 1 << 20);
        kept.put(&url("a"), b"body", &tagged());
        let expected = KeptFile { body: b"body".to_vec(), validators: tagged(), is_fresh: true };
        assert_eq!(kept.get(&url("a"), 4), Some(expected));
        assert_eq!(kept.get(&url("a"), 3), None);
        assert_eq!(kept.get(&url("b"), 9), None);
        let later = in_folder(folder.path(), 1 << 20);
        assert!(!later.get(&url("a"), 9).unwrap().is_fresh);
        later.confirm(&url("a"));
        assert!(later.get(&url("a"), 9).unwrap().is_fresh);
    }

    #[test]
    fn neither_names_nor_files_hold_the_url() {
        let folder = tempfile::tempdir().unwrap();
        in_folder(folder.path(), 1 << 20).put(&url("a"), b"body", &tagged());
        let entry = fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap();
        let text = format!("{:?} {}", entry.file_name(), fs::read_to_string(entry.path()).unwrap());
        assert!(!text.contains("s3cret") && !text.contains("example.com"), "{text}");
    }

    #[test]
    fn a_file_that_was_torn_or_changed_is_not_kept() {
        let folder = tempfile::tempdir().unwrap();
        let kept = in_folder(folder.path(), 1 << 20);
        kept.put(&url("a"), b"body", &tagged());
        let path = fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap().path();
        let whole = fs::read(&path).unwrap();
        for broken in [&whole[..whole.len() - 1], &whole[..10], b"", &[&whole[..whole.len() - 1], b"x"].concat()] {
            fs::write(&path, broken).unwrap();
            assert_eq!(kept.get(&url("a"), 100), None);
        }
    }

    #[test]
    fn a_full_folder_lets_go_of_what_was_used_longest_ago() {
        let folder = tempfile::tempdir().unwrap();
        let kept = in_folder(folder.path(), 10_000);
        for (age, name) in ["a", "b", "c", "d"].into_iter().enumerate().map(|(index, name)| (100 - index as u64, name))
        {
            kept.put(&url(name), &[0; 2000], &tagged());
            let path = folder.path().join(format!("{:032x}.{EXTENSION}", key(&url(name))));
            let used = SystemTime::now() - std::time::Duration::from_secs(age);
            File::options().append(true).open(path).unwrap().set_modified(used).unwrap();
        }
        assert!(kept.get(&url("a"), 9999).is_some(), "and is the one that was used last");
        kept.put(&url("e"), &[0; 2000], &tagged());
        let there = |name| kept.get(&url(name), 9999).is_some();
        assert_eq!(["a", "b", "c", "d", "e"].map(there), [true, false, true, true, true]);
        let sum: u64 = entries(folder.path()).unwrap().iter().map(|entry| entry.bytes).sum();
        assert!(sum <= 10_000);
        // Nothing that would push everything else out.
        kept.put(&url("big"), &[0; 6000], &tagged());
        assert!(!there("big"));
    }

    #[test]
    fn the_file_of_a_run_takes_what_fits_and_gives_it_back() {
        let kept = Kept::Run(RunFile::new(1000, Duration::MAX));
        kept.put(&url("a"), &[1; 400], &Validators::default());
        kept.put(&url("b"), &[2; 500], &tagged());
        kept.put(&url("c"), &[3; 101], &tagged());
        kept.put(&url("d"), &[4; 100], &tagged());
        let body = |name| kept.get(&url(name), 500).map(|file| (file.body, file.is_fresh));
        assert_eq!(body("a"), Some((vec![1; 400], true)));
        assert_eq!(body("b"), Some((vec![2; 500], true)));
        assert_eq!(body("c"), None);
        assert_eq!(body("d"), Some((vec![4; 100], true)));
        assert_eq!(kept.get(&url("b"), 499), None);
    }

    #[test]
    fn a_long_run_asks_again_and_lets_go_of_what_nobody_asks_for() {
        let kept = Kept::Run(RunFile::new(1000, Duration::ZERO));
        kept.put(&url("a"), &[1; 200], &tagged());
        let expected = KeptFile { body: vec![1; 200], validators: tagged(), is_fresh: false };
        assert_eq!(kept.get(&url("a"), 500), Some(expected));
        kept.put(&url("a"), &[2; 200], &tagged());
        let body = |name| kept.get(&url(name), 500).map(|file| file.body[0]);
        assert_eq!(body("a"), Some(2), "a new version takes the place of the old one");
        kept.put(&url("b"), &[3; 400], &tagged());
        kept.put(&url("c"), &[4; 100], &tagged());
        assert_eq!((body("b"), body("c")), (Some(3), Some(4)));
        kept.put(&url("d"), &[5; 400], &tagged());
        kept.put(&url("e"), &[6; 400], &tagged());
        assert_eq!((body("b"), body("e")), (None, Some(6)), "half of the budget at a time");
        kept.put(&url("big"), &[7; 501], &tagged());
        assert_eq!((body("big"), body("e")), (None, Some(6)));
    }
}
