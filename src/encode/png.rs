//! PNG by the `png` crate.
//!
//! Every row has the Paeth filter and fdeflate packs it. Measured on four product cards (one core, ms
//! and KB a card), adaptive filtering costs more than it saves, and zlib's levels cost more than
//! drawing the card:
//!
//! ```text
//! fdeflate + Paeth        2.6 ms   417 KB   <- this
//! fdeflate + adaptive     9.0 ms   422 KB   (`Compression::Fast`)
//! level 2 + Paeth        12.2 ms   361 KB
//! level 3 + Paeth        18.3 ms   334 KB
//! level 6 + adaptive     47.5 ms   310 KB   (`Compression::Balanced`)
//! ```

use ::png::{BitDepth, ColorType, DeflateCompression, EncodingError, Filter, SrgbRenderingIntent};

use super::opacity::is_opaque;
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
    pub(super) fn encode(&mut self, view: BitmapView<'_>) -> Result<Vec<u8>, String> {
        let area = view.size().area() as usize;
        let color = if is_opaque(view) {
            self.pixels.resize(area * 3, 0);
            convert(view, self.pixels.as_chunks_mut::<3>().0, |[r, g, b, _]| [r, g, b]);
            ColorType::Rgb
        } else {
            self.pixels.resize(area * 4, 0);
            convert(view, self.pixels.as_chunks_mut::<4>().0, straight);
            ColorType::Rgba
        };
        let file = write(view.size(), color, &self.pixels, self.last_length).map_err(|error| error.to_string())?;
        self.last_length = file.len();
        Ok(file)
    }
}

/// Every pixel of the view, converted, to its place in rows without padding.
fn convert<const N: usize>(view: BitmapView<'_>, to: &mut [[u8; N]], pixel: impl Fn([u8; 4]) -> [u8; N]) {
    for (row, to) in view.rows().zip(to.chunks_exact_mut(view.size().width as usize)) {
        for (from, to) in row.as_chunks::<4>().0.iter().zip(to) {
            *to = pixel(*from);
        }
    }
}

fn write(size: SizePx, color: ColorType, pixels: &[u8], capacity: usize) -> Result<Vec<u8>, EncodingError> {
    let mut file = Vec::with_capacity(capacity);
    let mut encoder = ::png::Encoder::new(&mut file, size.width, size.height);
    encoder.set_color(color);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_source_srgb(SrgbRenderingIntent::Perceptual);
    encoder.set_deflate_compression(DeflateCompression::FdeflateUltraFast);
    encoder.set_filter(Filter::Paeth);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(pixels)?;
    writer.finish()?;
    Ok(file)
}

/// Divides by alpha, to the nearest: multiplied again it gives the same pixel.
fn straight(pixel: [u8; 4]) -> [u8; 4] {
    let [r, g, b, a] = pixel;
    match a {
        255 => pixel,
        0 => [0; 4],
        _ => {
            let alpha = u32::from(a);
            let over = |value: u8| ((u32::from(value) * 255 + alpha / 2) / alpha).min(255) as u8;
            [over(r), over(g), over(b), a]
        }
    }
}
