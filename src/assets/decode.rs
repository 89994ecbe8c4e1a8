//! Image files to pixels: JPEG, PNG and WebP, told by their content.
//!
//! The header is checked against the limits first, and the decoder has the same limits again: a file
//! that says one thing and holds another fails, and neither takes the memory. A decoder that panics on
//! a file is taken for one that cannot read it. Colour profiles are not applied: photos are taken as
//! sRGB, as the canvases are.

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits};

use super::{AssetError, PhotoLimits};
use crate::job::ErrorCode;
use crate::pixels::{Bitmap, SizePx};

/// What a file says of itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Header {
    format: ImageFormat,
    stored_size: SizePx,
    orientation: Orientation,
    pub(super) has_alpha: bool,
}

impl Header {
    /// After the EXIF orientation.
    pub(super) fn size(&self) -> SizePx {
        let SizePx { width, height } = self.stored_size;
        match self.orientation {
            Orientation::Rotate90
            | Orientation::Rotate270
            | Orientation::Rotate90FlipH
            | Orientation::Rotate270FlipH => SizePx::new(height, width),
            _ => self.stored_size,
        }
    }
}

/// Reads as much as tells size and orientation.
pub(super) fn read_header(file: &[u8], limits: &PhotoLimits) -> Result<Header, AssetError> {
    let format = match image::guess_format(file) {
        Ok(format @ (ImageFormat::Jpeg | ImageFormat::Png | ImageFormat::WebP)) => format,
        Ok(other) => {
            let message = format!("{} is not supported: use JPEG, PNG or WebP", other.to_mime_type());
            return Err(AssetError::new(ErrorCode::PhotoUnreadable, message));
        }
        Err(_) => return Err(AssetError::new(ErrorCode::PhotoUnreadable, "not a JPEG, PNG or WebP image")),
    };
    let header = guarded(|| {
        let mut decoder = decoder(file, format, limits)?;
        let (width, height) = decoder.dimensions();
        // Broken EXIF is common and no reason to refuse a photo.
        let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
        let has_alpha = decoder.color_type().has_alpha();
        Ok(Header { format, stored_size: SizePx::new(width, height), orientation, has_alpha })
    });
    let header = header.map_err(|error| described(error, limits))?;
    let size = header.stored_size;
    if size.area() == 0 {
        return Err(AssetError::new(ErrorCode::PhotoUnreadable, "the image is empty"));
    }
    if size.area() > limits.max_pixels {
        let message = format!(
            "the image has {} × {} pixels: at most {} in all are allowed",
            size.width, size.height, limits.max_pixels
        );
        return Err(AssetError::new(ErrorCode::PhotoTooLarge, message));
    }
    if format == ImageFormat::Jpeg && !has_end_of_image(file) {
        return Err(AssetError::new(ErrorCode::PhotoUnreadable, "the file ends too early"));
    }
    Ok(header)
}

/// The pixels, turned as the header says, premultiplied.
pub(super) fn decode(file: &[u8], header: &Header, limits: &PhotoLimits) -> Result<Bitmap, AssetError> {
    let decoded = guarded(|| {
        let mut image = DynamicImage::from_decoder(decoder(file, header.format, limits)?)?;
        image.apply_orientation(header.orientation);
        Ok(image)
    });
    let image = decoded.map_err(|error| described(error, limits))?;
    let is_transparent = image.color().has_alpha();
    let size = SizePx::new(image.width(), image.height());
    let mut data = image.into_rgba8().into_raw();
    if is_transparent {
        premultiply(&mut data);
    }
    Ok(Bitmap::new(size, data))
}

fn decoder<'a>(
    file: &'a [u8],
    format: ImageFormat,
    limits: &PhotoLimits,
) -> Result<impl ImageDecoder + use<'a>, ImageError> {
    let mut bounds = Limits::no_limits();
    bounds.max_image_width = Some(limits.max_side_px);
    bounds.max_image_height = Some(limits.max_side_px);
    // 16 bits a channel, and room for what the decoder needs itself.
    bounds.max_alloc = Some(limits.max_pixels.saturating_mul(8).saturating_add(16 << 20));
    let mut reader = ImageReader::with_format(Cursor::new(file), format);
    reader.limits(bounds);
    reader.into_decoder()
}

enum Failure {
    Image(ImageError),
    Panic,
}

fn guarded<T>(read: impl FnOnce() -> Result<T, ImageError>) -> Result<T, Failure> {
    // Nothing that a panic could leave half done outlives the closure.
    catch_unwind(AssertUnwindSafe(read)).map_err(|_| Failure::Panic)?.map_err(Failure::Image)
}

fn described(failure: Failure, limits: &PhotoLimits) -> AssetError {
    match failure {
        Failure::Image(ImageError::Limits(_)) => {
            let message = format!(
                "the image is too large: at most {} pixels a side and {} in all are allowed",
                limits.max_side_px, limits.max_pixels
            );
            AssetError::new(ErrorCode::PhotoTooLarge, message)
        }
        Failure::Image(error) => {
            let text = error.to_string().to_lowercase().chars().take(300).collect::<String>();
            AssetError::new(ErrorCode::PhotoUnreadable, format!("cannot be decoded: {text}"))
        }
        Failure::Panic => AssetError::new(ErrorCode::PhotoUnreadable, "cannot be decoded: the decoder failed"),
    }
}

/// Whether a JPEG has its end marker after the start of its picture. Without it the file was cut off,
/// and the decoder would fill the rest with grey and say nothing. (A thumbnail before the picture has an
/// end marker too.) <https://www.w3.org/Graphics/JPEG/itu-t81.pdf>, B.1.1
fn has_end_of_image(file: &[u8]) -> bool {
    let mut at = 2;
    loop {
        match file.get(at..at + 4) {
            // A start of scan: the picture.
            Some([0xff, 0xda, ..]) => return file[at..].array_windows().any(|pair| *pair == [0xff, 0xd9]),
            // Fill bytes, and markers without a length.
            Some([0xff, 0xff, ..]) => at += 1,
            Some([0xff, 0x01 | 0xd0..=0xd8, ..]) => at += 2,
            Some(&[0xff, _, high, low]) => at += 2 + usize::from(u16::from_be_bytes([high, low])),
            // Not in step: leave it to the decoder.
            Some(_) => return true,
            None => return false,
        }
    }
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
mod tests {
    use image::{GrayImage, ImageEncoder, Rgb, RgbImage, Rgba, RgbaImage};
    use proptest::prelude::*;

    use super::*;

    fn limits() -> PhotoLimits {
        PhotoLimits { max_file_bytes: 1 << 20, max_side_px: 100, max_pixels: 5000 }
    }

    fn read(file: &[u8]) -> Result<(Header, Bitmap), AssetError> {
        let header = read_header(file, &limits())?;
        let bitmap = decode(file, &header, &limits())?;
        assert_eq!(bitmap.size(), header.size());
        Ok((header, bitmap))
    }

    fn encode(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
        let mut file = Cursor::new(Vec::new());
        image.write_to(&mut file, format).unwrap();
        file.into_inner()
    }

    /// Red, green, blue and white quarters, wider than high.
    fn quarters() -> DynamicImage {
        let color = |x: u32, y: u32| match (x < 16, y < 8) {
            (true, true) => [255, 0, 0],
            (false, true) => [0, 255, 0],
            (true, false) => [0, 0, 255],
            (false, false) => [255, 255, 255],
        };
        DynamicImage::ImageRgb8(RgbImage::from_fn(32, 16, |x, y| Rgb(color(x, y))))
    }

    /// An EXIF block (little endian) with nothing but an orientation.
    fn exif(orientation: u8) -> Vec<u8> {
        let mut block = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
        block.extend([orientation, 0, 0, 0, 0, 0, 0, 0]);
        block
    }

    fn jpeg_with_orientation(orientation: u8) -> Vec<u8> {
        let mut file = Vec::new();
        let mut encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut file, 95);
        encoder.set_exif_metadata(exif(orientation)).unwrap();
        encoder.encode_image(&quarters()).unwrap();
        file
    }

    #[test]
    fn formats_are_told_by_content_and_alpha_is_premultiplied() {
        let transparent = DynamicImage::ImageRgba8(RgbaImage::from_pixel(3, 2, Rgba([200, 100, 0, 128])));
        for format in [ImageFormat::Png, ImageFormat::WebP] {
            let (header, bitmap) = read(&encode(&transparent, format)).unwrap();
            assert!(header.has_alpha);
            assert_eq!(bitmap.pixel(2, 1), [100, 50, 0, 128], "{format:?}");
        }
        for format in [ImageFormat::Png, ImageFormat::WebP, ImageFormat::Jpeg] {
            let (header, bitmap) = read(&encode(&quarters(), format)).unwrap();
            assert!(!header.has_alpha);
            let [r, g, b, a] = bitmap.pixel(3, 3);
            assert!(r > 245 && g < 10 && b < 10 && a == 255, "{format:?}");
        }
        let gray = DynamicImage::ImageLuma8(GrayImage::from_pixel(4, 4, image::Luma([77])));
        assert_eq!(read(&encode(&gray, ImageFormat::Png)).unwrap().1.pixel(0, 0), [77, 77, 77, 255]);
        let deep = DynamicImage::ImageRgb16(image::ImageBuffer::from_pixel(4, 4, Rgb([0xffff, 0x8080, 0])));
        assert_eq!(read(&encode(&deep, ImageFormat::Png)).unwrap().1.pixel(0, 0), [255, 128, 0, 255]);
    }

    #[test]
    fn premultiplying_is_exact() {
        for value in 0..=255_u8 {
            for alpha in 0..=255_u8 {
                let mut pixel = [value, value, value, alpha];
                premultiply(&mut pixel);
                let exact = (f64::from(value) * f64::from(alpha) / 255.0).round() as u8;
                assert_eq!(pixel, [exact, exact, exact, alpha]);
            }
        }
    }

    #[test]
    fn every_orientation_puts_the_corners_right() {
        // Where red, green, blue and white (rows of the stored picture) are seen:
        // https://www.cipa.jp/std/documents/e/DC-008-2012_E.pdf, tag 274.
        let seen = [
            (1, "rgbw"),
            (2, "grwb"),
            (3, "wbgr"),
            (4, "bwrg"),
            (5, "rbgw"),
            (6, "brwg"),
            (7, "wgbr"),
            (8, "gwrb"),
            (9, "rgbw"),
        ];
        for (orientation, corners) in seen {
            let (header, bitmap) = read(&jpeg_with_orientation(orientation)).unwrap();
            let SizePx { width, height } = header.size();
            let is_turned = (5..=8).contains(&orientation);
            assert_eq!((width, height), if is_turned { (16, 32) } else { (32, 16) }, "orientation {orientation}");
            let name = |x: u32, y: u32| match bitmap.pixel(x, y).map(|channel| channel > 127) {
                [true, true, true, _] => 'w',
                [true, false, false, _] => 'r',
                [false, true, false, _] => 'g',
                [false, false, true, _] => 'b',
                _ => '?',
            };
            let found = [(2, 2), (width - 3, 2), (2, height - 3), (width - 3, height - 3)].map(|(x, y)| name(x, y));
            assert_eq!(found.iter().collect::<String>(), corners, "orientation {orientation}");
        }
    }

    #[test]
    fn limits_are_checked_before_decoding() {
        let code = |width, height| {
            let image = DynamicImage::ImageLuma8(GrayImage::new(width, height));
            [ImageFormat::Png, ImageFormat::Jpeg].map(|format| {
                let file = encode(&image, format);
                // The header alone must be enough to refuse: there is no more of it.
                let file = &file[..file.len().min(if format == ImageFormat::Png { 60 } else { usize::MAX })];
                read_header(file, &limits()).err().map(|error| error.code)
            })
        };
        assert_eq!(code(101, 2), [Some(ErrorCode::PhotoTooLarge); 2]);
        assert_eq!(code(2, 101), [Some(ErrorCode::PhotoTooLarge); 2]);
        assert_eq!(code(80, 80), [Some(ErrorCode::PhotoTooLarge); 2]);
        assert_eq!(code(70, 70), [None; 2]);
    }

    #[test]
    fn what_is_no_image_says_so() {
        let message = |file: &[u8]| read(file).unwrap_err().message;
        assert_eq!(message(b""), "not a JPEG, PNG or WebP image");
        assert_eq!(message(b"<svg/>"), "not a JPEG, PNG or WebP image");
        assert!(message(b"GIF89a\0\0\0\0").contains("image/gif"));
    }

    #[test]
    fn a_file_that_was_cut_off_is_an_error() {
        // Busy enough that most of the file is picture: that is where a JPEG decoder forgives.
        let busy = RgbImage::from_fn(90, 50, |x, y| Rgb([(x * y) as u8, (x * 31) as u8, (y * 57) as u8]));
        let busy = DynamicImage::ImageRgb8(busy);
        for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP] {
            let file = encode(&busy, format);
            for length in [file.len() / 3, file.len() / 2, file.len() * 9 / 10] {
                let error = read(&file[..length]).err().unwrap_or_else(|| panic!("{format:?} at {length} was read"));
                assert_eq!(error.code, ErrorCode::PhotoUnreadable, "{format:?} at {length}: {error}");
            }
        }
        let turned = jpeg_with_orientation(6);
        assert!(has_end_of_image(&turned) && !has_end_of_image(&turned[..turned.len() - 2]));
    }

    proptest! {
        #[test]
        fn damaged_files_are_errors_or_pictures_never_panics(
            format in prop_oneof![Just(ImageFormat::Jpeg), Just(ImageFormat::Png), Just(ImageFormat::WebP)],
            damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20),
        ) {
            let mut file = encode(&quarters(), format);
            for (place, byte) in damage {
                let place = place.index(file.len());
                file[place] = byte;
            }
            if let Err(error) = read(&file) {
                prop_assert!(matches!(error.code, ErrorCode::PhotoUnreadable | ErrorCode::PhotoTooLarge), "{error}");
            }
        }
    }
}
