//! A photo as its file has it: read, hashed and measured, not yet decoded.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use super::decode::svg::{Svg, SvgReferences};
use super::decode::{Header, Kind, Shrink, decode, read_header};
use super::path::unreadable;
use super::scale::{ScaledKey, ScaledPhoto, scale};
use super::{AssetError, FontSet, PhotoLimits};
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

/// Something about a photo that people should know, though it can be drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhotoNote {
    /// One of [`WARNING_CODES`](crate::job::WARNING_CODES).
    pub code: &'static str,
    /// For people.
    pub message: String,
}

impl PhotoNote {
    /// The photo's colours may be wrong.
    pub(super) fn profile_ignored(why: &str) -> Self {
        let message = format!("the photo's colour profile is ignored: {why}").chars().take(300).collect();
        Self { code: "profile_ignored", message }
    }

    /// Parts of an SVG are not drawn. None where it refers to nothing.
    pub(super) fn references_ignored(references: Vec<String>) -> Option<Self> {
        let first = references.first()?.chars().take(200).collect::<String>();
        let more = references.len() - 1;
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        let message = format!("the SVG refers to {first}{more}, which is not loaded");
        Some(Self { code: "reference_ignored", message })
    }
}

/// A photo that can be drawn.
pub struct Photo {
    /// Its content.
    pub id: PhotoId,
    /// As it is seen: after the EXIF orientation. Of an SVG: in CSS pixels, rounded.
    pub size: SizePx,
    /// Whether the file can hold transparency; its pixels may be opaque all the same.
    pub has_alpha: bool,
    /// Whether it is drawn at any size without loss.
    pub is_vector: bool,
    /// What people should know about it.
    pub notes: Vec<PhotoNote>,
    location: Arc<str>,
    content: Content,
    file: Vec<u8>,
}

enum Content {
    Pixels(Header),
    Vector(Svg),
}

impl Photo {
    /// A photo of bytes from anywhere, whose length was checked. `location` is where they came from.
    pub(super) fn from_file(file: Vec<u8>, location: &Arc<str>, limits: &PhotoLimits) -> Result<Self, AssetError> {
        let content = match Kind::of(&file)? {
            Kind::Svg => Content::Vector(Svg::read(&file, limits)?),
            kind => Content::Pixels(read_header(&file, kind, limits)?),
        };
        let mut id = [0; 16];
        id.copy_from_slice(&blake3::hash(&file).as_bytes()[..16]);
        let (size, has_alpha, notes) = match &content {
            Content::Pixels(header) => (header.size(), header.has_alpha, header.notes.clone()),
            Content::Vector(svg) => (svg.size, true, svg.notes.clone()),
        };
        let is_vector = matches!(content, Content::Vector(_));
        Ok(Self { id: PhotoId(id), size, has_alpha, is_vector, notes, location: location.clone(), content, file })
    }

    /// Whether what is drawn depends on the template's fonts.
    pub fn has_text(&self) -> bool {
        matches!(&self.content, Content::Vector(svg) if svg.has_text)
    }

    /// How much smaller its pixels may be decoded where they are drawn by `key`.
    pub(super) fn shrink(&self, key: &ScaledKey) -> Shrink {
        let crop = key.crop();
        let ratio = (crop.width / key.size.width as f32).min(crop.height / key.size.height as f32);
        match &self.content {
            Content::Pixels(header) => header.shrink(ratio),
            Content::Vector(_) => Shrink::NONE,
        }
    }

    /// The pixels as sRGB, turned as the EXIF orientation says, premultiplied.
    ///
    /// # Errors
    /// Also for a vector, which has none.
    pub(super) fn decode(&self, shrink: Shrink, limits: &PhotoLimits) -> Result<Bitmap, AssetError> {
        match &self.content {
            Content::Pixels(header) => decode(&self.file, header, shrink, limits),
            Content::Vector(_) => Err(AssetError::new(ErrorCode::PhotoUnreadable, "an SVG has no pixels to decode")),
        }
    }

    /// A part of its pixels, decoded by [`Photo::decode`], at the size that it is drawn.
    pub(super) fn scale(&self, pixels: &Bitmap, shrink: Shrink, key: ScaledKey) -> Result<ScaledPhoto, AssetError> {
        let offset = match &self.content {
            Content::Pixels(header) => header.shrunk_offset(shrink),
            Content::Vector(_) => [0.0; 2],
        };
        scale(pixels, (shrink, offset), key, !self.has_alpha)
    }

    /// A part of a vector at the size that it is drawn; nothing where it has pixels.
    pub(super) fn draw(
        &self,
        key: ScaledKey,
        fonts: &FontSet,
        references: &SvgReferences<'_>,
        limits: &PhotoLimits,
    ) -> Option<Result<ScaledPhoto, AssetError>> {
        let Content::Vector(svg) = &self.content else { return None };
        let drawn = svg.draw(&self.file, &key, fonts, references, limits);
        Some(drawn.map(|bitmap| ScaledPhoto::new(key, bitmap)))
    }

    /// The most memory that decoding takes at one moment, the pixels that it gives included. For a vector this is
    /// what its own limits allow for beside the picture drawn, which is not known here.
    pub fn decode_bytes_estimate(&self) -> u64 {
        match &self.content {
            Content::Pixels(header) => header.decode_bytes(Shrink::NONE),
            Content::Vector(_) => self.file.len() as u64 * 10,
        }
    }

    /// The same where its pixels are decoded smaller.
    pub(super) fn decode_bytes(&self, shrink: Shrink) -> u64 {
        match &self.content {
            Content::Pixels(header) => header.decode_bytes(shrink),
            Content::Vector(_) => 0,
        }
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
