//! What all formats have in common.

use image::{DynamicImage, GrayImage, ImageEncoder, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};
use proptest::prelude::*;

use super::*;

fn limits() -> PhotoLimits {
    PhotoLimits { max_file_bytes: 1 << 20, max_side_px: 100, max_pixels: 5000 }
}

fn header(file: &[u8]) -> Result<Header, AssetError> {
    read_header(file, Kind::of(file)?, &limits())
}

fn read(file: &[u8]) -> Result<(Header, Bitmap), AssetError> {
    let header = header(file)?;
    let bitmap = decode(file, &header, Shrink::NONE, &limits())?;
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
            header(file).err().map(|error| error.code)
        })
    };
    assert_eq!(code(101, 2), [Some(ErrorCode::PhotoTooLarge); 2]);
    assert_eq!(code(2, 101), [Some(ErrorCode::PhotoTooLarge); 2]);
    assert_eq!(code(80, 80), [Some(ErrorCode::PhotoTooLarge); 2]);
    assert_eq!(code(70, 70), [None; 2]);
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
    // The end mark alone is missing: nothing of the picture is, but who knows.
    let turned = jpeg_with_orientation(6);
    assert!(read(&turned).is_ok() && read(&turned[..turned.len() - 2]).is_err());
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

/// One small file of each kind, from the corpus.
fn seeds() -> Vec<Vec<u8>> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases/photos");
    let mut paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
    paths.sort();
    let is_photo = |path: &std::path::PathBuf| {
        path.extension()
            .is_some_and(|extension| ["jpg", "png", "webp", "gif", "svg"].map(Some).contains(&extension.to_str()))
    };
    paths.iter().filter(|path| is_photo(path)).map(|path| std::fs::read(path).unwrap()).collect()
}

/// Reads bytes as a photo would be read, and draws it small. Errors are what is expected.
fn try_all(file: &[u8]) {
    let limits = PhotoLimits { max_file_bytes: 1 << 20, max_side_px: 500, max_pixels: 50_000 };
    let location = std::sync::Arc::from("fuzzed");
    let Ok(photo) = crate::assets::Photo::from_file(file.to_vec(), &location, &limits) else { return };
    assert!(photo.is_vector || photo.size.area() <= limits.max_pixels);
    let SizePx { width, height } = photo.size;
    let whole = crate::assets::Crop { x: 0.0, y: 0.0, width: width as f32, height: height as f32 };
    let key = crate::assets::ScaledKey::new(photo.id, photo.size, whole, SizePx::new(20, 20)).unwrap();
    let fonts = crate::assets::FontLibrary::new().set(Vec::new());
    let refused = |_: &str| Err(unreadable("refused"));
    if let Some(drawn) = photo.draw(key, &fonts, &refused, &limits) {
        drop(drawn);
    } else if let Ok(pixels) = photo.decode(Shrink::NONE, &limits) {
        assert_eq!(pixels.size(), photo.size);
        photo.scale(&pixels, Shrink::NONE, key).unwrap();
    }
}

/// For a second here; by hand for as long as one likes (`BOLERO_RANDOM_TEST_TIME_MS`), or under a fuzzer by
/// `cargo bolero test`.
#[test]
fn fuzz_image_headers() {
    let seeds = seeds();
    bolero::check!().with_type::<(u8, Vec<(u16, u8)>)>().with_test_time(std::time::Duration::from_secs(1)).for_each(
        |(seed, changes)| {
            let mut file = seeds[usize::from(*seed) % seeds.len()].clone();
            for (place, byte) in changes {
                // Most of them where headers are.
                let reach = if byte % 4 == 0 { file.len() } else { file.len().min(200) };
                file[usize::from(*place) % reach] = *byte;
            }
            try_all(&file);
        },
    );
}

#[test]
fn fuzz_rubbish_behind_a_signature() {
    const SIGNATURES: [&[u8]; 5] = [b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\0\0\0\0WEBP", b"GIF89a", b"<svg "];
    bolero::check!()
        .with_type::<(u8, Vec<u8>)>()
        .with_test_time(std::time::Duration::from_secs(1))
        .for_each(|(kind, bytes)| try_all(&[SIGNATURES[usize::from(*kind) % SIGNATURES.len()], bytes].concat()));
}

#[test]
fn every_beginning_of_a_file_is_an_error_or_a_picture() {
    for file in seeds() {
        for length in (0..file.len()).step_by(file.len() / 150 + 1) {
            try_all(&file[..length]);
        }
    }
}
