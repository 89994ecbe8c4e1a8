//! Image files to pixels: JPEG, PNG, WebP and GIF, told by their content; SVG beside them.
//!
//! ```text
//!   file ──header──> size, orientation, profile ──decode──> RGBA ──profile──> sRGB ──> turned, premultiplied
//!            limits                             same limits
//! ```
//!
//! The header is checked against the limits first, and the decoder has the same limits again: a file
//! that says one thing and holds another fails, and neither takes the memory. A decoder that panics on
//! a file is taken for one that cannot read it.

mod gif;
mod jpeg;
mod kind;
mod png;
mod profile;
pub(super) mod svg;
mod webp;

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError, Limits, RgbaImage};
pub(super) use jpeg::Shrink;
pub(super) use kind::Kind;
use profile::Conversion;

use super::{AssetError, PhotoLimits, PhotoNote};
use crate::job::ErrorCode;
use crate::pixels::{Bitmap, SizePx};

/// What a file says of itself.
#[derive(Clone, Debug)]
pub(super) struct Header {
    format: Format,
    stored_size: SizePx,
    orientation: Orientation,
    pub(super) has_alpha: bool,
    /// To sRGB; none where the pixels are.
    conversion: Option<Arc<Conversion>>,
    pub(super) notes: Vec<PhotoNote>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Jpeg(jpeg::Encoding),
    Png { bytes_per_pixel: u8 },
    WebP,
    Gif,
}

impl Header {
    /// After the EXIF orientation.
    pub(super) fn size(&self) -> SizePx {
        let SizePx { width, height } = self.stored_size;
        if self.turns() { SizePx::new(height, width) } else { self.stored_size }
    }

    /// Whether columns become rows.
    fn turns(&self) -> bool {
        matches!(
            self.orientation,
            Orientation::Rotate90 | Orientation::Rotate270 | Orientation::Rotate90FlipH | Orientation::Rotate270FlipH
        )
    }

    /// Whether the seen x and y axes run against the stored axes that they come from.
    fn reversed(&self) -> [bool; 2] {
        use Orientation::{FlipHorizontal, FlipVertical, Rotate90, Rotate180, Rotate270, Rotate270FlipH};
        [
            matches!(self.orientation, FlipHorizontal | Rotate180 | Rotate90 | Rotate270FlipH),
            matches!(self.orientation, FlipVertical | Rotate180 | Rotate270 | Rotate270FlipH),
        ]
    }

    /// The most memory that decoding takes at one moment, the pixels that it gives included.
    pub(super) fn decode_bytes(&self, shrink: Shrink) -> u64 {
        let pixels = self.stored_size.area();
        let given = shrink.size(self.stored_size).area() * 4;
        let turned = if self.turns() { given } else { 0 };
        // Where the decoder holds the whole picture in another form.
        let beside = match self.format {
            Format::Jpeg(encoding) => pixels * encoding.bytes_held_per_pixel(),
            Format::Png { bytes_per_pixel } => pixels * u64::from(bytes_per_pixel),
            // The same without or with alpha; a lossless picture's codes, or a lossy one's alpha.
            Format::WebP => pixels * 8,
            Format::Gif => pixels * 5,
        };
        given + beside.max(turned)
    }

    /// How much smaller the picture may be decoded where a part of it is to be scaled down `ratio` times.
    pub(super) fn shrink(&self, ratio: f32) -> Shrink {
        match self.format {
            Format::Jpeg(encoding) => encoding.shrink(self.stored_size, ratio),
            Format::Png { .. } | Format::WebP | Format::Gif => Shrink::NONE,
        }
    }

    /// Where a seen place of the whole picture lies in the picture decoded smaller: `place / factor + offset`.
    pub(super) fn shrunk_offset(&self, shrink: Shrink) -> [f32; 2] {
        let (full, small) = (self.stored_size, shrink.size(self.stored_size));
        // The last block of a side may reach over its end; seen in reverse, it comes first.
        let over = |full: u32, small: u32| (f64::from(small) - f64::from(full) / f64::from(shrink.factor())) as f32;
        let (mut x, mut y) = (over(full.width, small.width), over(full.height, small.height));
        if self.turns() {
            (x, y) = (y, x);
        }
        let [x_reversed, y_reversed] = self.reversed();
        [if x_reversed { x } else { 0.0 }, if y_reversed { y } else { 0.0 }]
    }
}

/// Reads as much as tells size, orientation and profile.
pub(super) fn read_header(file: &[u8], kind: Kind, limits: &PhotoLimits) -> Result<Header, AssetError> {
    let header = guarded(|| match kind {
        Kind::Jpeg => jpeg::read_header(file, limits),
        Kind::Png => png::read_header(file, limits),
        Kind::WebP => webp::read_header(file, limits),
        Kind::Gif => gif::read_header(file, limits),
        Kind::Svg => Err(unreadable("an SVG has no pixels to decode")),
    })?;
    check_size(header.stored_size, limits)?;
    Ok(header)
}

/// The pixels as sRGB, turned as the header says, premultiplied.
pub(super) fn decode(file: &[u8], header: &Header, shrink: Shrink, limits: &PhotoLimits) -> Result<Bitmap, AssetError> {
    let (size, mut data) = decode_straight(file, header, shrink, limits)?;
    if header.has_alpha {
        premultiply(&mut data);
    }
    Ok(Bitmap::new(size, data))
}

/// The pixels as sRGB, turned as the header says, not premultiplied.
fn decode_straight(
    file: &[u8],
    header: &Header,
    shrink: Shrink,
    limits: &PhotoLimits,
) -> Result<(SizePx, Vec<u8>), AssetError> {
    guarded(|| {
        let conversion = header.conversion.as_deref();
        let (size, data) = match header.format {
            Format::Jpeg(encoding) => jpeg::decode(file, encoding, shrink, conversion, limits)?,
            Format::Png { .. } => png::decode(file, conversion, limits)?,
            Format::WebP => webp::decode(file, conversion, limits)?,
            Format::Gif => gif::decode(file, limits)?,
        };
        if size != shrink.size(header.stored_size) {
            return Err(unreadable("cannot be decoded: its pictures differ in size"));
        }
        turn(size, data, header.orientation)
    })
}

pub(super) fn unreadable(message: impl Into<String>) -> AssetError {
    AssetError::new(ErrorCode::PhotoUnreadable, message)
}

pub(super) fn too_large(message: impl Into<String>) -> AssetError {
    AssetError::new(ErrorCode::PhotoTooLarge, message)
}

/// Refuses what has too many pixels, or none.
fn check_size(size: SizePx, limits: &PhotoLimits) -> Result<(), AssetError> {
    let PhotoLimits { max_side_px, max_pixels, .. } = *limits;
    let SizePx { width, height } = size;
    if size.area() == 0 {
        return Err(unreadable("the image is empty"));
    }
    if width.max(height) > max_side_px || size.area() > max_pixels {
        return Err(too_large(format!(
            "the image has {width} × {height} pixels: at most {max_side_px} a side and {max_pixels} in all are allowed"
        )));
    }
    Ok(())
}

/// Runs a decoder; its panic is an error of the file.
pub(super) fn guarded<T>(read: impl FnOnce() -> Result<T, AssetError>) -> Result<T, AssetError> {
    // Nothing that a panic could leave half done outlives the closure.
    catch_unwind(AssertUnwindSafe(read))
        .unwrap_or_else(|_| Err(unreadable("cannot be decoded: the decoder failed on it")))
}

/// A decoder's own words: lower case, of bounded length.
fn decoder_error(error: &dyn std::fmt::Display) -> AssetError {
    let text = error.to_string().to_lowercase().chars().take(300).collect::<String>();
    unreadable(format!("cannot be decoded: {text}"))
}

/// An error of the `image` crate's.
fn image_error(error: &ImageError) -> AssetError {
    match error {
        ImageError::Limits(_) => too_large("the image takes more memory than its size allows"),
        ImageError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            unreadable("the file ends too early")
        }
        _ => decoder_error(error),
    }
}

/// Limits for a decoder of the `image` crate.
fn image_limits(limits: &PhotoLimits) -> Limits {
    let mut bounds = Limits::no_limits();
    bounds.max_image_width = Some(limits.max_side_px);
    bounds.max_image_height = Some(limits.max_side_px);
    bounds.max_alloc = Some(limits.max_pixels.saturating_mul(8).saturating_add(16 << 20));
    bounds
}

/// All pixels of a decoder of the `image` crate as RGBA.
fn read_rgba(decoder: impl ImageDecoder) -> Result<(SizePx, Vec<u8>), AssetError> {
    let (width, height) = decoder.dimensions();
    let image = DynamicImage::from_decoder(decoder).map_err(|error| image_error(&error))?;
    Ok((SizePx::new(width, height), image.into_rgba8().into_raw()))
}

/// The orientation in an EXIF block. Broken EXIF is common and no reason to refuse a photo.
fn orientation(exif: Option<&[u8]>) -> Orientation {
    exif.and_then(Orientation::from_exif_chunk).unwrap_or(Orientation::NoTransforms)
}

fn turn(size: SizePx, data: Vec<u8>, orientation: Orientation) -> Result<(SizePx, Vec<u8>), AssetError> {
    if orientation == Orientation::NoTransforms {
        return Ok((size, data));
    }
    let image = RgbaImage::from_raw(size.width, size.height, data)
        .ok_or_else(|| unreadable("cannot be decoded: some of its pixels are missing"))?;
    let mut image = DynamicImage::ImageRgba8(image);
    image.apply_orientation(orientation);
    Ok((SizePx::new(image.width(), image.height()), image.into_rgba8().into_raw()))
}

fn rgb_to_rgba(samples: &[u8]) -> Vec<u8> {
    let mut pixels = vec![255; samples.len() / 3 * 4];
    for (pixel, color) in pixels.as_chunks_mut::<4>().0.iter_mut().zip(samples.as_chunks::<3>().0) {
        pixel[..3].copy_from_slice(color);
    }
    pixels
}

fn cursor(file: &[u8]) -> Cursor<&[u8]> {
    Cursor::new(file)
}

fn premultiply(data: &mut [u8]) {
    for [r, g, b, a] in data.as_chunks_mut::<4>().0 {
        // Exactly round(value * alpha / 255).
        let times = |value: u8, alpha: u8| {
            let product = u32::from(value) * u32::from(alpha) + 128;
            ((product + (product >> 8)) >> 8) as u8
        };
        (*r, *g, *b) = (times(*r, *a), times(*g, *a), times(*b, *a));
    }
}

#[cfg(test)]
mod tests;
