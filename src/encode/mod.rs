//! Pixels to the bytes of an image file.
//!
//! Fed by `gpu/` (a slot of a sheet, rows with padding between them); feeds `store/`. Knows nothing
//! of names or places. Alike pixels give alike bytes: no time, thread count or earlier image shows.

mod jpeg;
mod opacity;
mod png;

use thiserror::Error;

use crate::job::{ErrorCode, Format, Output};
use crate::pixels::{BitmapView, SizePx};

/// Why pixels cannot be encoded.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum EncodeError {
    /// No pixel at all.
    #[error("cannot encode {} × {} pixels as {format}", size.width, size.height)]
    Empty {
        /// The canvas.
        size: SizePx,
        /// What was asked for.
        format: Format,
    },
    /// More than the format can say.
    #[error("cannot encode {} × {} pixels as {format}: a side is at most {max_side} pixels", size.width, size.height)]
    TooLarge {
        /// The canvas.
        size: SizePx,
        /// What was asked for.
        format: Format,
        /// The format's limit.
        max_side: u32,
    },
    /// The codec gave up.
    #[error("cannot encode as {format}: {message}")]
    Codec {
        /// What was asked for.
        format: Format,
        /// What the codec says.
        message: String,
    },
}

impl EncodeError {
    /// As a manifest names it.
    pub fn code(&self) -> ErrorCode {
        ErrorCode::EncodeFailed
    }
}

/// The codecs with their buffers: one for each thread, kept as long as the thread.
#[derive(Default)]
pub struct Encoder {
    jpeg: jpeg::JpegEncoder,
    png: png::PngEncoder,
}

impl Encoder {
    /// Buffers grow with the first image of each format.
    pub fn new() -> Self {
        Self::default()
    }

    /// The bytes of a whole file.
    ///
    /// JPEG is 4:2:0 without transparency: what is not opaque is laid over white. PNG has 24 bits where
    /// every pixel is opaque, else 32 bits with straight alpha.
    ///
    /// # Errors
    /// When the canvas is empty or larger than the format allows, or memory runs out.
    pub fn encode(&mut self, view: BitmapView<'_>, output: Output) -> Result<Vec<u8>, EncodeError> {
        let (size, format) = (view.size(), output.format);
        let max_side = match format {
            Format::Jpeg => jpeg::MAX_SIDE,
            Format::Png => png::MAX_SIDE,
        };
        if size.area() == 0 {
            return Err(EncodeError::Empty { size, format });
        }
        if size.width.max(size.height) > max_side {
            return Err(EncodeError::TooLarge { size, format, max_side });
        }
        let encoded = match format {
            Format::Jpeg => self.jpeg.encode(view, output.quality),
            Format::Png => self.png.encode(view),
        };
        encoded.map_err(|message| EncodeError::Codec { format, message })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::pixels::Bitmap;

    /// Straight RGBA, as any other program would read the file.
    fn decode(bytes: &[u8]) -> image::RgbaImage {
        image::load_from_memory(bytes).unwrap().to_rgba8()
    }

    fn premultiplied(pixels: &image::RgbaImage) -> Vec<u8> {
        let times = |value: u8, alpha: u8| ((u32::from(value) * u32::from(alpha) * 2 + 255) / 510) as u8;
        pixels.pixels().flat_map(|p| [times(p[0], p[3]), times(p[1], p[3]), times(p[2], p[3]), p[3]]).collect()
    }

    /// A picture without noise, with every alpha where it is not opaque.
    fn smooth(size: SizePx, is_opaque: bool) -> Bitmap {
        let pixel = |x: u32, y: u32| {
            let alpha = if is_opaque { 255 } else { (x * 7 + y * 3) % 256 };
            // Up and down, without a jump.
            let over = |value: u32| ((value % 512).abs_diff(255).min(255) * alpha / 255) as u8;
            [over(x * 2), over(y * 2), over(x + y), alpha as u8]
        };
        let data = (0..size.height).flat_map(|y| (0..size.width).flat_map(move |x| pixel(x, y))).collect();
        Bitmap::new(size, data)
    }

    /// The same pixels with `padding` bytes of `filler` after every row.
    fn padded(bitmap: &Bitmap, padding: usize, filler: u8) -> (usize, Vec<u8>) {
        let stride = bitmap.size().width as usize * 4 + padding;
        let data = bitmap.view().rows().flat_map(|row| row.iter().copied().chain(std::iter::repeat_n(filler, padding)));
        (stride, data.collect())
    }

    fn largest_difference(a: &[u8], b: &[u8]) -> u8 {
        assert_eq!(a.len(), b.len());
        a.iter().zip(b).map(|(a, b)| a.abs_diff(*b)).max().unwrap_or_default()
    }

    prop_compose! {
        fn bitmaps()(width in 1..40_u32, height in 1..40_u32, opaque in any::<bool>())
            (raw in proptest::collection::vec(any::<[u8; 4]>(), (width * height) as usize),
             width in Just(width), height in Just(height), opaque in Just(opaque)) -> Bitmap {
            let pixel = |[r, g, b, a]: [u8; 4]| {
                let alpha = if opaque { 255 } else { a };
                [r.min(alpha), g.min(alpha), b.min(alpha), alpha]
            };
            Bitmap::new(SizePx::new(width, height), raw.into_iter().flat_map(pixel).collect())
        }
    }

    proptest! {
        #[test]
        fn png_gives_every_pixel_back(bitmap in bitmaps()) {
            let bytes = Encoder::new().encode(bitmap.view(), Output::new(Format::Png)).unwrap();
            prop_assert_eq!(&premultiplied(&decode(&bytes)), bitmap.data());
        }

        #[test]
        fn padding_and_earlier_images_do_not_show(
            bitmap in bitmaps(), before in bitmaps(), padding in 0..9_usize, quality in 1..=100_u8,
        ) {
            for output in [Output { format: Format::Jpeg, quality }, Output::new(Format::Png)] {
                let alone = Encoder::new().encode(bitmap.view(), output).unwrap();
                let mut encoder = Encoder::new();
                encoder.encode(before.view(), Output::default()).unwrap();
                encoder.encode(before.view(), output).unwrap();
                let (stride, data) = padded(&bitmap, padding * 4, quality);
                let again = encoder.encode(BitmapView::new(bitmap.size(), stride, &data), output).unwrap();
                prop_assert_eq!(&alone, &again);
            }
        }
    }

    #[test]
    fn jpeg_is_close_at_every_odd_size() {
        let mut encoder = Encoder::new();
        for (width, height) in [(1, 1), (1, 37), (37, 1), (16, 16), (17, 15), (200, 117)] {
            let bitmap = smooth(SizePx::new(width, height), true);
            let bytes = encoder.encode(bitmap.view(), Output { format: Format::Jpeg, quality: 95 }).unwrap();
            let decoded = decode(&bytes);
            assert_eq!(decoded.dimensions(), (width, height));
            let difference = largest_difference(&decoded, bitmap.data());
            assert!(difference <= 24, "{width} × {height}: {difference}");
        }
    }

    #[test]
    fn jpeg_has_420_chroma_and_quality_counts() {
        let bitmap = smooth(SizePx::new(320, 200), true);
        let encode = |quality| Encoder::new().encode(bitmap.view(), Output { format: Format::Jpeg, quality }).unwrap();
        let header = turbojpeg::read_header(&encode(85)).unwrap();
        assert_eq!(header.subsamp, turbojpeg::Subsamp::Sub2x2);
        assert!(!header.is_progressive);
        assert!(encode(30).len() < encode(85).len() && encode(85).len() < encode(100).len());
    }

    #[test]
    fn jpeg_lays_what_is_not_opaque_over_white() {
        let mut bitmap = Bitmap::transparent(SizePx::new(32, 16));
        // The right half: half-transparent red.
        for (index, pixel) in bitmap.data_mut().chunks_exact_mut(4).enumerate() {
            if index % 32 >= 16 {
                pixel.copy_from_slice(&[128, 0, 0, 128]);
            }
        }
        let decoded = decode(&Encoder::new().encode(bitmap.view(), Output::default()).unwrap());
        let near = |pixel: &image::Rgba<u8>, expected: [u8; 3]| largest_difference(&pixel.0[..3], &expected) <= 3;
        assert!(near(decoded.get_pixel(2, 8), [255, 255, 255]), "{:?}", decoded.get_pixel(2, 8));
        assert!(near(decoded.get_pixel(29, 8), [255, 127, 127]), "{:?}", decoded.get_pixel(29, 8));
    }

    #[test]
    fn png_has_24_bits_where_it_can_and_says_srgb() {
        let color = |is_opaque| {
            let bitmap = smooth(SizePx::new(64, 64), is_opaque);
            let bytes = Encoder::new().encode(bitmap.view(), Output::new(Format::Png)).unwrap();
            assert!(bytes.windows(4).any(|chunk| chunk == b"sRGB"));
            image::load_from_memory(&bytes).unwrap().color()
        };
        assert_eq!(color(true), image::ColorType::Rgb8);
        assert_eq!(color(false), image::ColorType::Rgba8);
    }

    #[test]
    fn sizes_that_no_file_can_have_are_errors() {
        let mut encoder = Encoder::new();
        for format in Format::ALL {
            let nothing = BitmapView::new(SizePx::new(0, 5), 0, &[]);
            assert!(matches!(encoder.encode(nothing, Output::new(format)), Err(EncodeError::Empty { .. })));
        }
        let wide = Bitmap::transparent(SizePx::new(65_501, 1));
        let error = encoder.encode(wide.view(), Output::default()).unwrap_err();
        assert!(matches!(error, EncodeError::TooLarge { max_side: 65_500, .. }), "{error}");
        assert!(encoder.encode(wide.view(), Output::new(Format::Png)).is_ok());
    }
}
