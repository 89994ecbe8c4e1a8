//! A photo as its file has it: read, hashed and measured, not yet decoded.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use super::decode::{Header, decode, read_header};
use super::path::unreadable;
use super::{AssetError, PhotoLimits};
use crate::job::ErrorCode;
use crate::pixels::{Bitmap, SizePx};

/// A photo by its content: the first 128 bits of the file's BLAKE3 hash.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PhotoId(pub [u8; 16]);

impl std::fmt::Debug for PhotoId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PhotoId({:032x})", u128::from_be_bytes(self.0))
    }
}

/// A photo that can be drawn.
pub struct Photo {
    /// Its content.
    pub id: PhotoId,
    /// As it is seen: after the EXIF orientation.
    pub size: SizePx,
    /// Whether the file can hold transparency; its pixels may be opaque all the same.
    pub has_alpha: bool,
    location: Arc<str>,
    header: Header,
    file: Vec<u8>,
}

impl Photo {
    /// `file` is the whole file; `location` is where it came from.
    pub(super) fn from_file(file: Vec<u8>, location: &Arc<str>, limits: &PhotoLimits) -> Result<Self, AssetError> {
        let header = read_header(&file, limits)?;
        let mut id = [0; 16];
        id.copy_from_slice(&blake3::hash(&file).as_bytes()[..16]);
        let (size, has_alpha) = (header.size(), header.has_alpha);
        Ok(Self { id: PhotoId(id), size, has_alpha, location: location.clone(), header, file })
    }

    /// The pixels, turned as the EXIF orientation says, premultiplied.
    pub(super) fn decode(&self, limits: &PhotoLimits) -> Result<Bitmap, AssetError> {
        decode(&self.file, &self.header, limits)
    }

    /// Where it was read first, as the template or the row says it, without the secrets of a URL.
    pub fn location(&self) -> &str {
        &self.location
    }

    /// Length of the file, which is kept for as long as the photo is.
    pub fn file_bytes(&self) -> usize {
        self.file.len()
    }
}

impl std::fmt::Debug for Photo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Photo({:?}, {}x{})", self.location, self.size.width, self.size.height)
    }
}

pub(super) fn read_file(path: &Path, max_bytes: u64) -> Result<Vec<u8>, AssetError> {
    let too_large = |bytes: u64| {
        let message = format!("the file has {bytes} bytes: at most {max_bytes} are allowed");
        AssetError::new(ErrorCode::PhotoTooLarge, message)
    };
    // Asked before it is opened: opening a pipe waits for somebody to write.
    let metadata = path.metadata().map_err(|error| unreadable(&error))?;
    if !metadata.is_file() {
        let what = if metadata.is_dir() { "is a folder" } else { "is not a regular file" };
        return Err(AssetError::new(ErrorCode::PhotoUnreadable, what));
    }
    if metadata.len() > max_bytes {
        return Err(too_large(metadata.len()));
    }
    let mut bytes = Vec::with_capacity(metadata.len() as usize);
    let file = File::open(path).map_err(|error| unreadable(&error))?;
    // It may have grown since.
    file.take(max_bytes.saturating_add(1)).read_to_end(&mut bytes).map_err(|error| unreadable(&error))?;
    if bytes.len() as u64 > max_bytes {
        return Err(too_large(bytes.len() as u64));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_regular_file_is_refused_without_waiting() {
        let folder = tempfile::tempdir().unwrap();
        let message = |path: &Path| read_file(path, 100).unwrap_err().message;
        assert_eq!(message(folder.path()), "is a folder");
        assert_eq!(message(Path::new("/dev/zero")), "is not a regular file");
    }

    #[test]
    fn a_file_may_have_the_limit_and_no_more() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        std::fs::write(&path, [0; 100]).unwrap();
        assert_eq!(read_file(&path, 100).unwrap().len(), 100);
        assert_eq!(read_file(&path, 99).unwrap_err().code, ErrorCode::PhotoTooLarge);
        // Says that it is empty, and is not.
        assert_eq!(read_file(Path::new("/proc/self/maps"), 9).unwrap_err().code, ErrorCode::PhotoTooLarge);
    }
}
