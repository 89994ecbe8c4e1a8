//! PNG by the `png` crate, with the sRGB chunk and no other metadata.
//!
//! For speed every row has the Paeth filter and fdeflate packs it: adaptive filtering costs more than it saves, and
//! zlib's levels cost more than drawing the card. Measured on four product cards of 1200×628 (one core, ms and KB a
//! card; the last two lines from another run, scaled by level 6 in both):
//!
//! ```text
//! fdeflate + Paeth          2.6 ms   417 KB   <- speed
//! fdeflate + adaptive       9.0 ms   422 KB
//! level 2 + Paeth          12.2 ms   361 KB
//! level 3 + Paeth          18.3 ms   334 KB
//! level 6 + adaptive       47.5 ms   310 KB   <- balanced
//! level 9 + least entropy   170 ms   302 KB   <- size: the smallest of three
//! level 9 + adaptive        250 ms   304 KB      (or without a filter: a quarter
//! ```                                             smaller for text on plain ground)

use ::png::{BitDepth, ColorType, DeflateCompression, EncodingError, Filter, SrgbRenderingIntent};

use super::opacity::{convert, is_opaque, over, straight};
use crate::job::{Compression, Depth, Png};
use crate::pixels::{BitmapView, SizePx};

/// Of the format.
pub(super) const MAX_SIDE: u32 = i32::MAX as u32;

#[derive(Default)]
pub(super) struct PngEncoder {
    /// The rows as the file has them, before filtering.
    pixels: Vec<u8>,
    /// Length of the last file, as a guess at the next.
    last_length: usize,
}

impl PngEncoder {
    pub(super) fn encode(&mut self, view: BitmapView<'_>, settings: Png) -> Result<Vec<u8>, String> {
        let Png { depth, compression } = settings;
        let color = match depth {
            Depth::Bits32 => self.rgba(view),
            Depth::Auto | Depth::Bits24 { .. } if is_opaque(view) => self.rgb(view, |[r, g, b, _]| [r, g, b]),
            Depth::Auto => self.rgba(view),
            Depth::Bits24 { background } => self.rgb(view, |pixel| over(pixel, background)),
        };
        let write = |deflate, filter| write(view.size(), color, deflate, filter, &self.pixels, self.last_length);
        let file = match compression {
            Compression::Speed => write(DeflateCompression::FdeflateUltraFast, Filter::Paeth),
            Compression::Balanced => write(DeflateCompression::Level(6), Filter::Adaptive),
            Compression::Size => smallest(&write),
        };
        let file = file.map_err(|error| error.to_string())?;
        self.last_length = file.len();
        Ok(file)
    }

    fn rgb(&mut self, view: BitmapView<'_>, pixel: impl Fn([u8; 4]) -> [u8; 3]) -> ColorType {
        self.pixels.resize(view.size().area() as usize * 3, 0);
        convert(view, self.pixels.as_chunks_mut::<3>().0, pixel);
        ColorType::Rgb
    }

    fn rgba(&mut self, view: BitmapView<'_>) -> ColorType {
        self.pixels.resize(view.size().area() as usize * 4, 0);
        convert(view, self.pixels.as_chunks_mut::<4>().0, straight);
        ColorType::Rgba
    }
}

/// The smallest of three files; which filter that has depends on the picture.
fn smallest(
    write: &dyn Fn(DeflateCompression, Filter) -> Result<Vec<u8>, EncodingError>,
) -> Result<Vec<u8>, EncodingError> {
    let mut file = write(DeflateCompression::Level(9), Filter::MinEntropy)?;
    for filter in [Filter::Adaptive, Filter::NoFilter] {
        let other = write(DeflateCompression::Level(9), filter)?;
        if other.len() < file.len() {
            file = other;
        }
    }
    Ok(file)
}

fn write(
    size: SizePx,
    color: ColorType,
    deflate: DeflateCompression,
    filter: Filter,
    pixels: &[u8],
    capacity: usize,
) -> Result<Vec<u8>, EncodingError> {
    let mut file = Vec::with_capacity(capacity);
    let mut encoder = ::png::Encoder::new(&mut file, size.width, size.height);
    encoder.set_color(color);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_source_srgb(SrgbRenderingIntent::Perceptual);
    encoder.set_deflate_compression(deflate);
    encoder.set_filter(filter);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(pixels)?;
    writer.finish()?;
    Ok(file)
}
