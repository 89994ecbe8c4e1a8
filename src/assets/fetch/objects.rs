//! Objects in buckets, and files, by URL: only where an operator allows it.
//!
//! An object that was read is kept in memory and asked for again by its ETag, so that what has not changed does not
//! travel twice, and what has is noticed.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use lru::LruCache;
use parking_lot::Mutex;
use url::Url;

use super::{FetchError, stored};
use crate::store::{AllowedPlaces, Fetched, StoreError, Stores};

/// Bytes of objects that are kept.
const KEPT_BYTES: usize = 128 << 20;

/// Reads an object by its place, `s3://bucket/key`, unless it is the version that is named, and at most so many bytes.
pub type FetchObject = dyn Fn(&str, Option<&str>, u64) -> Result<Fetched, StoreError> + Send + Sync;

/// Where `s3://` and `file://` URLs may lead. Clones share what is kept.
#[derive(Clone)]
pub struct Objects {
    fetch: Arc<FetchObject>,
    allowed: AllowedPlaces,
    kept: Arc<Mutex<KeptObjects>>,
}

struct KeptObjects {
    objects: LruCache<String, (String, Arc<[u8]>)>,
    bytes: usize,
    counts: ObjectCounts,
}

/// How often the stores were asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ObjectCounts {
    /// Objects that came, and files that were read.
    pub read: u64,
    /// Their length.
    pub bytes: u64,
    /// Objects that had not changed and did not come again.
    pub unchanged: u64,
    /// Length of the objects that are kept.
    pub kept_bytes: u64,
}

impl Objects {
    /// Nothing is read yet.
    pub fn new(stores: Arc<Stores>, allowed: AllowedPlaces) -> Self {
        Self::read_by(Arc::new(move |place, version, max_bytes| stores.fetch(place, version, max_bytes)), allowed)
    }

    /// The same over any other store.
    pub fn read_by(fetch: Arc<FetchObject>, allowed: AllowedPlaces) -> Self {
        let kept = KeptObjects { objects: LruCache::unbounded(), bytes: 0, counts: ObjectCounts::default() };
        Self { fetch, allowed, kept: Arc::new(Mutex::new(kept)) }
    }

    /// How much was read so far.
    pub fn counts(&self) -> ObjectCounts {
        let kept = self.kept.lock();
        ObjectCounts { kept_bytes: kept.bytes as u64, ..kept.counts }
    }

    /// A folder that a `file://` URL names, if it may be read.
    ///
    /// # Errors
    /// When it may not.
    pub fn folder(&self, url: &Url) -> Result<PathBuf, FetchError> {
        self.allowed_file(&PathBuf::from(stored::path(url)))
    }

    /// What a URL names.
    pub(super) fn fetch(&self, url: &Url, max_bytes: u64) -> Result<Vec<u8>, FetchError> {
        if url.scheme() != "s3" {
            let mut file = self.file(url, max_bytes)?;
            return file.read(max_bytes);
        }
        let place = stored::written(url);
        let kept = self.kept.lock().objects.get(&place).cloned();
        let version = kept.as_ref().map(|(etag, _)| etag.as_str());
        match (self.object(&place, version, max_bytes)?, kept) {
            (Fetched::Object { bytes, etag }, _) => {
                if let Some(etag) = etag {
                    self.keep(place, etag, &bytes);
                }
                Ok(bytes)
            }
            (Fetched::NotModified, Some((_, bytes))) if bytes.len() as u64 <= max_bytes => Ok(bytes.to_vec()),
            (Fetched::NotModified, _) => Err(FetchError::TooLarge { bytes: None, most: max_bytes }),
            (Fetched::TooLong { bytes }, _) => Err(FetchError::TooLarge { bytes, most: max_bytes }),
            (Fetched::Missing, _) => Err(MISSING_OBJECT),
        }
    }

    /// Writes what a URL names to a file, unless it is the version that is named; gives its version then.
    pub(super) fn fetch_unless(
        &self,
        url: &Url,
        known: Option<&str>,
        max_bytes: u64,
        to: &mut File,
    ) -> Result<Option<Option<String>>, FetchError> {
        let cannot_be_kept = |error: io::Error| FetchError::Failed(format!("cannot be stored: {error}"));
        if url.scheme() != "s3" {
            let mut file = self.file(url, max_bytes)?;
            if known == Some(&*file.version) {
                return Ok(None);
            }
            let copied =
                io::copy(&mut (&mut file.file).take(max_bytes.saturating_add(1)), to).map_err(cannot_be_kept)?;
            return match copied > max_bytes {
                true => Err(FetchError::TooLarge { bytes: None, most: max_bytes }),
                false => Ok(Some(Some(file.version))),
            };
        }
        match self.object(&stored::written(url), known, max_bytes)? {
            Fetched::Object { bytes, etag } => {
                to.write_all(&bytes).map_err(cannot_be_kept)?;
                Ok(Some(etag))
            }
            Fetched::NotModified => Ok(None),
            Fetched::TooLong { bytes } => Err(FetchError::TooLarge { bytes, most: max_bytes }),
            Fetched::Missing => Err(MISSING_OBJECT),
        }
    }

    fn object(&self, place: &str, version: Option<&str>, max_bytes: u64) -> Result<Fetched, FetchError> {
        self.allowed.check(place).map_err(FetchError::Refused)?;
        let fetched = (self.fetch)(place, version, max_bytes).map_err(|error| match error {
            error @ StoreError::Object { .. } => FetchError::Failed(error.to_string()),
            error @ StoreError::BadPlace { .. } => FetchError::Refused(error.to_string()),
            error => FetchError::StoreDown(error.to_string()),
        })?;
        let counts = &mut self.kept.lock().counts;
        match &fetched {
            Fetched::Object { bytes, .. } => {
                counts.read += 1;
                counts.bytes += bytes.len() as u64;
            }
            Fetched::NotModified => counts.unchanged += 1,
            Fetched::Missing | Fetched::TooLong { .. } => {}
        }
        Ok(fetched)
    }

    fn keep(&self, place: String, etag: String, bytes: &[u8]) {
        if bytes.len() > KEPT_BYTES / 4 {
            return;
        }
        let mut kept = self.kept.lock();
        kept.bytes += bytes.len();
        if let Some((_, (_, old))) = kept.objects.push(place, (etag, bytes.into())) {
            kept.bytes -= old.len();
        }
        while kept.bytes > KEPT_BYTES {
            let Some((_, (_, old))) = kept.objects.pop_lru() else { break };
            kept.bytes -= old.len();
        }
    }

    fn file(&self, url: &Url, max_bytes: u64) -> Result<OpenFile, FetchError> {
        let path = self.allowed_file(Path::new(&stored::path(url)))?;
        // Asked before it is opened: opening a pipe waits for somebody to write.
        let metadata = path.metadata().map_err(|error| cannot_read(&error, url))?;
        if !metadata.is_file() {
            return Err(FetchError::Failed("not a regular file".to_owned()));
        }
        if metadata.len() > max_bytes {
            return Err(FetchError::TooLarge { bytes: Some(metadata.len()), most: max_bytes });
        }
        let file = File::open(&path).map_err(|error| cannot_read(&error, url))?;
        let counts = &mut self.kept.lock().counts;
        counts.read += 1;
        counts.bytes += metadata.len();
        let modified = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        let version = format!("{}-{}", metadata.len(), modified.unwrap_or_default().as_nanos());
        Ok(OpenFile { file, version })
    }

    /// Where a path leads, without links: both as it is written and in truth it must be in an allowed folder.
    fn allowed_file(&self, path: &Path) -> Result<PathBuf, FetchError> {
        let text = path.to_str().ok_or_else(|| FetchError::Refused("a path that is not UTF-8".to_owned()))?;
        self.allowed.check(&format!("file://{text}")).map_err(FetchError::Refused)?;
        match path.canonicalize() {
            Ok(real) => self.allowed.check_real(&real).map_err(FetchError::Refused).map(|()| real),
            // It is told as missing by whoever reads it.
            Err(_) => Ok(path.to_owned()),
        }
    }
}

impl std::fmt::Debug for Objects {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Objects").field("allowed", &self.allowed).finish_non_exhaustive()
    }
}

const MISSING_OBJECT: FetchError = FetchError::NotFound("that there is no such object");

struct OpenFile {
    file: File,
    /// By its length and the time of its last change.
    version: String,
}

impl OpenFile {
    fn read(&mut self, max_bytes: u64) -> Result<Vec<u8>, FetchError> {
        let mut bytes = Vec::new();
        // It may have grown since.
        let read = (&mut self.file).take(max_bytes.saturating_add(1)).read_to_end(&mut bytes);
        read.map_err(|error| FetchError::Failed(format!("cannot be read: {error}")))?;
        match bytes.len() as u64 > max_bytes {
            true => Err(FetchError::TooLarge { bytes: None, most: max_bytes }),
            false => Ok(bytes),
        }
    }
}

fn cannot_read(error: &io::Error, url: &Url) -> FetchError {
    match error.kind() {
        io::ErrorKind::NotFound if stored::path(url).contains('%') => FetchError::NotFound(
            "that there is no such file (file:// URLs are taken as they are written: %20 is no space)",
        ),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => FetchError::NotFound("that there is no such file"),
        _ => FetchError::Failed(format!("cannot be read: {}", error.to_string().to_lowercase())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::StoreSettings;

    fn objects(allowed: &[String]) -> Objects {
        Objects::new(Arc::new(Stores::new(StoreSettings::default())), AllowedPlaces::new(allowed).unwrap())
    }

    fn url(text: &str) -> Url {
        stored::parse(text).unwrap()
    }

    #[test]
    fn files_are_read_below_the_allowed_folders_and_nowhere_else() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        std::fs::create_dir_all(root.join("in/deep")).unwrap();
        std::fs::create_dir(root.join("inn")).unwrap();
        for (name, text) in
            [("in/a b.txt", "here"), ("in/50% #1?.txt", "odd"), ("secret.txt", "secret"), ("inn/x", "x")]
        {
            std::fs::write(root.join(name), text).unwrap();
        }
        std::os::unix::fs::symlink(root.join("secret.txt"), root.join("in/link.txt")).unwrap();
        std::os::unix::fs::symlink("/", root.join("in/up")).unwrap();
        std::os::unix::fs::symlink("../a b.txt", root.join("in/deep/inside.txt")).unwrap();
        let objects = objects(&[format!("file://{}/in", root.display())]);
        let parsed = |path: &str| stored::parse(&format!("file://{}/{path}", root.display()));
        let read = |path: &str| objects.fetch(&parsed(path).unwrap(), 100);
        assert_eq!(read("in/a b.txt").unwrap(), b"here");
        assert_eq!(read("in/50% #1?.txt").unwrap(), b"odd");
        assert_eq!(read("in/deep/inside.txt").unwrap(), b"here", "a link that stays inside");
        for missing in ["in/none.txt", "in/a%20b.txt", "in/%2e%2e/secret.txt", "in/..%2fsecret.txt"] {
            assert!(matches!(read(missing), Err(FetchError::NotFound(_))), "{missing}: {:?}", read(missing));
        }
        for outside in
            ["secret.txt", "in/link.txt", "in/up/etc/hostname", "inn/x", "", "in//a b.txt", "in\\..\\secret.txt"]
        {
            assert!(matches!(read(outside), Err(FetchError::Refused(_))), "{outside}: {:?}", read(outside));
        }
        for dots in ["in/../secret.txt", "../in/a b.txt", "in/./a b.txt"] {
            assert!(parsed(dots).is_err(), "{dots}");
        }
        // Not all that a URL's rules make of it is written so.
        let by_the_rules = Url::parse(&format!("file://{}/in/%2e%2e/secret.txt", root.display())).unwrap();
        assert!(matches!(objects.fetch(&by_the_rules, 100), Err(FetchError::Refused(_))));
        assert!(matches!(read("in/deep"), Err(FetchError::Failed(_))), "a folder");
        assert!(matches!(objects.fetch(&url("s3://bucket/key"), 9), Err(FetchError::Refused(_))));
        let long = objects.fetch(&parsed("in/a b.txt").unwrap(), 3);
        assert_eq!(long, Err(FetchError::TooLarge { bytes: Some(4), most: 3 }));
        assert_eq!(objects.folder(&parsed("in/").unwrap()).unwrap(), root.join("in"));
        assert!(objects.folder(&parsed("").unwrap()).is_err());
    }

    #[test]
    fn a_file_that_is_known_is_not_copied_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().canonicalize().unwrap().join("rows.csv");
        std::fs::write(&path, "id\n1\n").unwrap();
        let objects = objects(&[format!("file://{}", path.parent().unwrap().display())]);
        let url = url(&format!("file://{}", path.display()));
        let copy = |known: Option<&str>| objects.fetch_unless(&url, known, 100, &mut tempfile::tempfile().unwrap());
        let version = copy(None).unwrap().unwrap().unwrap();
        assert_eq!(copy(Some(&version)), Ok(None));
        std::fs::write(&path, "id\n1\n2\n").unwrap();
        assert!(matches!(copy(Some(&version)), Ok(Some(_))));
    }

    #[test]
    fn only_buckets_and_prefixes_that_are_listed_are_asked() {
        let objects = objects(&["s3://ads/2026".to_owned()]);
        let refused = [
            "s3://ads/2025/a.png",
            "s3://ads/2026b/a.png",
            "s3://other/2026/a.png",
            "s3://ads/",
            "s3://ads",
            "s3://ads/2026//a.png",
            "s3://ads/2026/a\\b.png",
        ];
        for place in refused {
            assert!(matches!(objects.fetch(&url(place), 9), Err(FetchError::Refused(_))), "{place}");
        }
        assert_eq!(objects.counts(), ObjectCounts::default());
    }

    #[test]
    fn an_object_that_has_not_changed_does_not_come_again() {
        let version = Arc::new(Mutex::new("1".to_owned()));
        let (asked, stored) = (Arc::new(Mutex::new(Vec::new())), Arc::clone(&version));
        let fetch = {
            let asked = Arc::clone(&asked);
            move |place: &str, known: Option<&str>, max_bytes: u64| {
                asked.lock().push(place.to_owned());
                let etag = stored.lock().clone();
                match known {
                    _ if max_bytes < 6 => Ok(Fetched::TooLong { bytes: Some(6) }),
                    Some(known) if known == etag => Ok(Fetched::NotModified),
                    _ => Ok(Fetched::Object { bytes: format!("body {etag}").into_bytes(), etag: Some(etag) }),
                }
            }
        };
        let objects = Objects::read_by(Arc::new(fetch), AllowedPlaces::new(&["s3://ads".to_owned()]).unwrap());
        let place = "s3://ads/a b+c%20d/ü?#1.png";
        let read = || objects.fetch(&url(place), 100).unwrap();
        assert_eq!((read(), read()), (b"body 1".to_vec(), b"body 1".to_vec()));
        assert_eq!(objects.counts(), ObjectCounts { read: 1, bytes: 6, unchanged: 1, kept_bytes: 6 });
        "2".clone_into(&mut version.lock());
        assert_eq!(read(), b"body 2");
        assert_eq!(objects.counts(), ObjectCounts { read: 2, bytes: 12, unchanged: 1, kept_bytes: 6 });
        assert!(asked.lock().iter().all(|asked| asked == place), "a key is asked for as it is written");
        assert_eq!(objects.fetch(&url(place), 5), Err(FetchError::TooLarge { bytes: Some(6), most: 5 }));
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let fetch = |place: &str, _: Option<&str>, _: u64| {
            Ok(Fetched::Object { bytes: vec![0; KEPT_BYTES / 5], etag: Some(place.to_owned()) })
        };
        let objects = Objects::read_by(Arc::new(fetch), AllowedPlaces::new(&["s3://ads".to_owned()]).unwrap());
        for key in 0..12 {
            objects.fetch(&url(&format!("s3://ads/{}", key % 7)), u64::MAX).unwrap();
            assert!(objects.counts().kept_bytes <= KEPT_BYTES as u64);
        }
        assert_eq!(objects.counts().kept_bytes, 5 * (KEPT_BYTES / 5) as u64);
    }
}
