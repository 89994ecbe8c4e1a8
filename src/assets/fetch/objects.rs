//! Objects in buckets, and files, by URL: only where an operator allows it.
//!
//! An object that was read is kept in memory and asked for again by its ETag, so that what has not changed does not
//! travel twice, and what has is noticed.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use lru::LruCache;
use parking_lot::Mutex;
use percent_encoding::percent_decode_str;
use url::Url;

use super::FetchError;
use crate::store::{AllowedPlaces, Fetched, StoreError, Stores};

/// Bytes of objects that are kept.
const KEPT_BYTES: usize = 128 << 20;

/// Where `s3://` and `file://` URLs may lead. Clones share what is kept.
#[derive(Clone, Debug)]
pub struct Objects {
    stores: Arc<Stores>,
    allowed: AllowedPlaces,
    kept: Arc<Mutex<KeptObjects>>,
}

#[derive(Debug)]
struct KeptObjects {
    objects: LruCache<String, (String, Arc<[u8]>)>,
    bytes: usize,
}

impl Objects {
    /// Nothing is read yet.
    pub fn new(stores: Arc<Stores>, allowed: AllowedPlaces) -> Self {
        let kept = KeptObjects { objects: LruCache::unbounded(), bytes: 0 };
        Self { stores, allowed, kept: Arc::new(Mutex::new(kept)) }
    }

    /// A folder that a `file://` URL names, if it may be read.
    ///
    /// # Errors
    /// When it may not.
    pub fn folder(&self, url: &Url) -> Result<PathBuf, FetchError> {
        let path = file_path(url)?;
        self.allow_file(&path)?;
        Ok(path)
    }

    /// What a URL names.
    pub(super) fn fetch(&self, url: &Url, max_bytes: u64) -> Result<Vec<u8>, FetchError> {
        match url.scheme() {
            "s3" => self.object(url, max_bytes),
            _ => self.file(url, max_bytes),
        }
    }

    fn object(&self, url: &Url, max_bytes: u64) -> Result<Vec<u8>, FetchError> {
        let refused = |message: String| FetchError::Refused(message);
        let bucket = url.host_str().ok_or_else(|| refused("the URL has no bucket".to_owned()))?;
        let key = decoded(url.path().trim_start_matches('/'))?;
        let place = format!("s3://{bucket}/{key}");
        self.allowed.check(&place).map_err(refused)?;
        let kept = self.kept.lock().objects.get(&place).cloned();
        let version = kept.as_ref().map(|(etag, _)| etag.as_str());
        match (self.stores.fetch(&place, version, max_bytes), kept) {
            (Ok(Fetched::NotModified), Some((_, bytes))) if bytes.len() as u64 <= max_bytes => Ok(bytes.to_vec()),
            (Ok(Fetched::NotModified), _) => Err(FetchError::TooLarge { bytes: None, most: max_bytes }),
            (Ok(Fetched::Missing), _) => Err(FetchError::NotFound("that there is no such object")),
            (Ok(Fetched::Object { bytes, etag }), _) => {
                if let Some(etag) = etag {
                    self.keep(place, etag, &bytes);
                }
                Ok(bytes)
            }
            (Err(error @ StoreError::Object { .. }), _) => Err(FetchError::Failed(error.to_string())),
            (Err(error @ StoreError::BadPlace { .. }), _) => Err(refused(error.to_string())),
            (Err(error), _) => Err(FetchError::StoreDown(error.to_string())),
        }
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

    fn file(&self, url: &Url, max_bytes: u64) -> Result<Vec<u8>, FetchError> {
        let path = file_path(url)?;
        self.allow_file(&path)?;
        let failed = |error: std::io::Error| match error.kind() {
            std::io::ErrorKind::NotFound => FetchError::NotFound("that there is no such file"),
            _ => FetchError::Failed(error.to_string()),
        };
        let length = path.metadata().map_err(failed)?.len();
        if length > max_bytes {
            return Err(FetchError::TooLarge { bytes: Some(length), most: max_bytes });
        }
        std::fs::read(&path).map_err(failed)
    }

    /// Both as it is written and where its links lead.
    fn allow_file(&self, path: &Path) -> Result<(), FetchError> {
        let check = |path: &Path| {
            let text = path.to_str().ok_or_else(|| FetchError::Refused("a path that is not UTF-8".to_owned()))?;
            self.allowed.check(&format!("file://{text}")).map_err(FetchError::Refused)
        };
        check(path)?;
        match path.canonicalize() {
            Ok(real) => self.allowed.check_real(&real).map_err(FetchError::Refused),
            // It is told as missing by whoever reads it.
            Err(_) => Ok(()),
        }
    }
}

fn file_path(url: &Url) -> Result<PathBuf, FetchError> {
    if url.host_str().is_some_and(|host| !host.is_empty() && host != "localhost") {
        return Err(FetchError::Refused("a file:// URL with a host is not read: write file:///folder/file".to_owned()));
    }
    Ok(PathBuf::from(decoded(url.path())?))
}

fn decoded(path: &str) -> Result<String, FetchError> {
    let decoded = percent_decode_str(path).decode_utf8();
    let decoded = decoded.map_err(|_| FetchError::Refused("the path is not UTF-8".to_owned()))?;
    Ok(decoded.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::StoreSettings;

    fn objects(allowed: &[String]) -> Objects {
        Objects::new(Arc::new(Stores::new(StoreSettings::default())), AllowedPlaces::new(allowed).unwrap())
    }

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn files_are_read_below_the_allowed_folders_and_nowhere_else() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        std::fs::create_dir(root.join("in")).unwrap();
        std::fs::write(root.join("in/a b.txt"), "here").unwrap();
        std::fs::write(root.join("secret.txt"), "secret").unwrap();
        std::os::unix::fs::symlink(root.join("secret.txt"), root.join("in/link.txt")).unwrap();
        let objects = objects(&[format!("file://{}/in", root.display())]);
        let read = |path: &str| objects.fetch(&url(&format!("file://{}/{path}", root.display())), 100);
        assert_eq!(read("in/a%20b.txt").unwrap(), b"here");
        assert_eq!(read("in/none.txt"), Err(FetchError::NotFound("that there is no such file")));
        for outside in ["secret.txt", "in/link.txt", "in/../secret.txt", "in/%2e%2e/secret.txt", "in%2f..%2fsecret.txt"] {
            assert!(matches!(read(outside), Err(FetchError::Refused(_))), "{outside}: {:?}", read(outside));
        }
        assert!(matches!(objects.fetch(&url("file://host/etc/hostname"), 9), Err(FetchError::Refused(_))));
        assert!(matches!(objects.fetch(&url("s3://bucket/key"), 9), Err(FetchError::Refused(_))));
        assert_eq!(
            objects.fetch(&url(&format!("file://{}/in/a%20b.txt", root.display())), 3),
            Err(FetchError::TooLarge { bytes: Some(4), most: 3 })
        );
    }
}
