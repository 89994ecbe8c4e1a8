//! WebP: lossy, lossless, with alpha, and the first frame of an animation on its canvas.
//!
//! Still pictures by libwebp, which takes a third of the time for the same pixels (a test compares them); animations,
//! which its simple interface leaves out, by `image-webp`.
//!
//! The container is walked here first: each picture in it has a size of its own, which the decoder believes, and
//! chunks may claim any length.

use image::ImageDecoder;
use image::codecs::webp::WebPDecoder;
use webp::{BitstreamFeatures, PixelLayout};

use super::profile::{self, Conversion, Model};
use super::{
    AssetError, Format, Header, check_size, cursor, image_error, image_limits, orientation, read_rgba, rgb_to_rgba,
    unreadable,
};
use crate::assets::limits::MAX_PROFILE_BYTES;
use crate::assets::{PhotoLimits, PhotoNote};
use crate::pixels::SizePx;

pub(super) fn read_header(file: &[u8], limits: &PhotoLimits) -> Result<Header, AssetError> {
    let container = Container::read(file)?;
    for size in &container.pictures {
        check_size(*size, limits)?;
    }
    if container.is_cut_off {
        return Err(unreadable("the file ends too early"));
    }
    let broken = || unreadable("cannot be decoded: its header is broken");
    let features = BitstreamFeatures::new(file).ok_or_else(broken)?;
    let (conversion, note) = match container.profile {
        None => (None, None),
        Some(icc) if icc.len() > MAX_PROFILE_BYTES => (None, Some(PhotoNote::profile_ignored(profile::TOO_LARGE))),
        Some(icc) => profile::noted(profile::from_icc(icc, Model::Rgb)),
    };
    Ok(Header {
        format: Format::WebP,
        stored_size: SizePx::new(features.width(), features.height()),
        orientation: orientation(container.exif),
        has_alpha: features.has_alpha(),
        conversion,
        notes: note.into_iter().collect(),
    })
}

/// The pixels as RGBA.
pub(super) fn decode(
    file: &[u8],
    conversion: Option<&Conversion>,
    limits: &PhotoLimits,
) -> Result<(SizePx, Vec<u8>), AssetError> {
    let is_animated = BitstreamFeatures::new(file).is_some_and(|features| features.has_animation());
    let (size, mut pixels) = if is_animated { first_frame(file, limits)? } else { still(file)? };
    if let Some(conversion) = conversion {
        conversion.convert(&mut pixels)?;
    }
    Ok((size, pixels))
}

fn still(file: &[u8]) -> Result<(SizePx, Vec<u8>), AssetError> {
    let picture = webp::Decoder::new(file).decode();
    let picture = picture.ok_or_else(|| unreadable("cannot be decoded: its picture is broken or ends too early"))?;
    let size = SizePx::new(picture.width(), picture.height());
    let pixels = match picture.layout() {
        PixelLayout::Rgba => picture.to_vec(),
        PixelLayout::Rgb => rgb_to_rgba(&picture),
    };
    Ok((size, pixels))
}

fn first_frame(file: &[u8], limits: &PhotoLimits) -> Result<(SizePx, Vec<u8>), AssetError> {
    let mut decoder = WebPDecoder::new(cursor(file)).map_err(|error| image_error(&error))?;
    decoder.set_limits(image_limits(limits)).map_err(|error| image_error(&error))?;
    read_rgba(decoder)
}

/// What the chunks say. <https://developers.google.com/speed/webp/docs/riff_container>
#[derive(Default)]
struct Container<'f> {
    /// Every picture's size, that of the canvas included.
    pictures: Vec<SizePx>,
    profile: Option<&'f [u8]>,
    exif: Option<&'f [u8]>,
    is_cut_off: bool,
}

/// More pictures than any animation has; only the first is decoded.
const MAX_PICTURES: usize = 100_000;

impl<'f> Container<'f> {
    fn read(file: &'f [u8]) -> Result<Self, AssetError> {
        let mut container = Self::default();
        container.walk(file.get(12..).unwrap_or_default(), true)?;
        if container.pictures.is_empty() && !container.is_cut_off {
            return Err(unreadable("cannot be decoded: it holds no picture"));
        }
        Ok(container)
    }

    fn walk(&mut self, mut chunks: &'f [u8], is_top: bool) -> Result<(), AssetError> {
        while let [a, b, c, d, l0, l1, l2, l3, rest @ ..] = chunks {
            let length = u32::from_le_bytes([*l0, *l1, *l2, *l3]) as usize;
            let data = rest.get(..length);
            self.is_cut_off |= data.is_none() && is_top;
            self.chunk([*a, *b, *c, *d], data.unwrap_or(rest))?;
            chunks = rest.get(length + length % 2..).unwrap_or_default();
        }
        Ok(())
    }

    fn chunk(&mut self, name: [u8; 4], data: &'f [u8]) -> Result<(), AssetError> {
        match &name {
            b"VP8X" => {
                if let Some(&[w0, w1, w2, h0, h1, h2]) = data.get(4..10).and_then(|sides| sides.first_chunk()) {
                    let side = |bytes: [u8; 3]| u32::from_le_bytes([bytes[0], bytes[1], bytes[2], 0]) + 1;
                    self.pictures.push(SizePx::new(side([w0, w1, w2]), side([h0, h1, h2])));
                }
            }
            b"VP8 " => {
                if let Some(&[w0, w1, h0, h1]) = data.get(6..10).and_then(|sides| sides.first_chunk()) {
                    let side = |bytes| u32::from(u16::from_le_bytes(bytes) & 0x3fff);
                    self.pictures.push(SizePx::new(side([w0, w1]), side([h0, h1])));
                }
            }
            b"VP8L" => {
                if let Some(bits) = data.get(1..5).and_then(|bits| bits.first_chunk()) {
                    let bits = u32::from_le_bytes(*bits);
                    self.pictures.push(SizePx::new(1 + (bits & 0x3fff), 1 + ((bits >> 14) & 0x3fff)));
                }
            }
            // A frame: its place and time, then chunks of its own.
            b"ANMF" => self.walk(data.get(16..).unwrap_or_default(), false)?,
            b"ICCP" => self.profile = self.profile.or(Some(data)),
            b"EXIF" => self.exif = self.exif.or(Some(data)),
            _ => {}
        }
        if self.pictures.len() > MAX_PICTURES {
            return Err(unreadable("cannot be decoded: it holds too many pictures"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libwebp_and_image_webp_find_the_same_pixels() {
        let limits = PhotoLimits::default();
        let root = env!("CARGO_MANIFEST_DIR");
        let names = [
            "examples/product-card/images/1.webp",
            "examples/product-card/images/77.webp",
            "tests/cases/photos/lossy.webp",
            "tests/cases/photos/alpha.webp",
            "tests/cases/photos/alpha-lossless.webp",
            "tests/cases/photos/p3.webp",
        ];
        for name in names {
            let file = std::fs::read(format!("{root}/{name}")).unwrap();
            assert!(still(&file).unwrap() == first_frame(&file, &limits).unwrap(), "{name}");
        }
    }
}
