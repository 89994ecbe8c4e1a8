//! Photos of every kind: `tests/cases/photos/`, made by the `make.py` in it.

use std::sync::Arc;

use gravure::assets::{Assets, AssetsConfig, Crop, FontLibrary, Photo, ScaledPhoto};
use gravure::job::{AssetBase, AssetRef};
use gravure::pixels::SizePx;

use crate::support::root;

/// The card's patches, and how long a side of each is.
const COLUMNS: u32 = 6;
const PATCH: u32 = 8;

fn assets() -> Assets {
    let folder = root().join("tests/cases/photos");
    Assets::new(AssetsConfig::new(&folder, &folder))
}

fn photo(assets: &Assets, name: &str) -> Arc<Photo> {
    let asset = AssetRef { location: name.into(), base: AssetBase::Data };
    assets.photo(&asset).unwrap_or_else(|error| panic!("{error}"))
}

/// At its own size: a copy of its pixels.
fn pixels(assets: &Assets, photo: &Arc<Photo>) -> Arc<ScaledPhoto> {
    let SizePx { width, height } = photo.size;
    let whole = Crop { x: 0.0, y: 0.0, width: width as f32, height: height as f32 };
    assets
        .scaled(photo, whole, photo.size, &FontLibrary::new().set(Vec::new()))
        .unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn colours_are_those_that_another_library_finds() {
    let assets = assets();
    let expected = std::fs::read_to_string(root().join("tests/cases/photos/expected.txt")).expect("expected.txt");
    let mut wrong = Vec::new();
    for line in expected.lines() {
        let (name, colors) = line.split_once(' ').expect("a name and colours");
        let photo = photo(&assets, name);
        assert_eq!(photo.size, SizePx::new(48, 32), "{name}");
        let found = pixels(&assets, &photo);
        // Another upsampling or rounding in between is one level, and one more for that of a profile's tables.
        let tolerance = if name.starts_with("cmyk") { 3 } else { 2 };
        for (index, color) in (0..).zip(colors.split(' ')) {
            let color = u32::from_str_radix(color, 16).expect("a colour").to_be_bytes();
            let (x, y) = (index % COLUMNS * PATCH + PATCH / 2, index / COLUMNS * PATCH + PATCH / 2);
            let pixel = found.bitmap.pixel(x, y);
            let off = (0..3).map(|channel| pixel[channel].abs_diff(color[channel + 1])).max().unwrap_or(0);
            if off > tolerance || pixel[3] != 255 {
                wrong.push(format!("{name}, patch {index}: {pixel:?} instead of {:?}", &color[1..]));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_profile_that_cannot_be_used_is_noted() {
    let assets = assets();
    let notes = |name| photo(&assets, name).notes.iter().map(|note| note.code).collect::<Vec<_>>();
    assert_eq!(notes("broken-profile.jpg"), ["profile_ignored"]);
    for name in ["p3.jpg", "srgb.jpg", "plain.jpg", "cmyk.jpg", "cmyk-plain.jpg", "cicp.png", "card.gif"] {
        assert!(notes(name).is_empty(), "{name}");
    }
}

#[test]
fn of_an_animated_gif_the_first_frame_stands_on_a_clear_screen() {
    let assets = assets();
    let photo = photo(&assets, "animated.gif");
    assert_eq!(photo.size, SizePx::new(12, 8));
    let found = pixels(&assets, &photo);
    for y in 0..8 {
        for x in 0..12 {
            let is_framed = (4..10).contains(&x) && (2..6).contains(&y);
            let expected = match x {
                4 | 5 if is_framed => [0, 255, 0, 255],
                6 | 7 if is_framed => [0, 0, 255, 255],
                _ => [0; 4],
            };
            assert_eq!(found.bitmap.pixel(x, y), expected, "{x}, {y}");
        }
    }
}

#[test]
fn transparency_is_kept_in_every_form() {
    let assets = assets();
    let palette = pixels(&assets, &photo(&assets, "palette.png"));
    // Half of the second patch, none of the third, all of the others.
    assert_eq!(palette.bitmap.pixel(12, 4), [97, 75, 65, 128]);
    assert_eq!(palette.bitmap.pixel(20, 4), [0; 4]);
    assert_eq!(palette.bitmap.pixel(28, 4), [87, 108, 67, 255]);
    for name in ["alpha.webp", "alpha-lossless.webp"] {
        let found = pixels(&assets, &photo(&assets, name));
        assert!(!found.opaque);
        for y in 0..32 {
            let alpha = found.bitmap.pixel(20, y)[3];
            assert!(alpha.abs_diff((y * 8 + 4) as u8) <= 4, "{name}, row {y}: {alpha}");
        }
    }
}

#[test]
fn a_large_jpeg_drawn_small_is_decoded_small_and_looks_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    // Sides that are no multiple of 8; turned and mirrored, the last block comes first.
    let picture = image::RgbImage::from_fn(1901, 1403, |x, y| {
        let wave = |period: f32| (((x as f32 + 0.7 * y as f32) / period).sin() * 100.0 + 128.0) as u8;
        image::Rgb([wave(40.0), (x / 8) as u8, if (x / 100 + y / 100) % 2 == 0 { 230 } else { 30 }])
    });
    let assets = Assets::new(AssetsConfig::new(folder.path(), folder.path()));
    for orientation in 1..=8_u8 {
        let name = format!("{orientation}.jpg");
        let mut file = Vec::new();
        let mut encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut file, 90);
        let exif = [b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".as_slice(), &[orientation, 0, 0, 0, 0, 0, 0, 0]];
        image::ImageEncoder::set_exif_metadata(&mut encoder, exif.concat()).expect("EXIF");
        encoder.encode_image(&picture).expect("a picture");
        std::fs::write(folder.path().join(&name), &file).expect("written");
        let photo = photo(&assets, &name);
        let fonts = FontLibrary::new().set(Vec::new());
        // A part off the middle, small enough that an eighth will do; and the same at full size, made small here.
        let crop = Crop { x: 100.0, y: 200.0, width: 1200.0, height: 1100.0 };
        let small = assets.scaled(&photo, crop, SizePx::new(48, 44), &fonts).expect("scaled");
        let full = assets.scaled(&photo, crop, SizePx::new(1200, 1100), &fonts).expect("scaled");
        let full = image::RgbaImage::from_raw(1200, 1100, full.bitmap.data().to_vec()).expect("pixels");
        let expected = image::imageops::resize(&full, 48, 44, image::imageops::FilterType::Lanczos3);
        let differences = expected.as_raw().iter().zip(small.bitmap.data()).map(|(a, b)| u64::from(a.abs_diff(*b)));
        let (most, sum) = differences.fold((0, 0), |(most, sum), d| (most.max(d), sum + d));
        let mean = sum as f64 / (48.0 * 44.0 * 4.0);
        assert!(mean < 0.8 && most < 25, "orientation {orientation}: mean {mean}, at most {most}");
    }
    // Twice each: at an eighth, and whole.
    assert_eq!(assets.counts().decoded, 16);
}

#[test]
fn photos_tell_what_decoding_them_takes() {
    let assets = assets();
    for name in ["plain.jpg", "progressive.jpg", "cmyk.jpg", "deep.png", "lossy.webp", "animated.gif"] {
        let photo = photo(&assets, name);
        let bytes = photo.decode_bytes_estimate();
        let pixels = photo.size.area();
        assert!((pixels * 4..=pixels * 12).contains(&bytes), "{name}: {bytes} for {pixels} pixels");
    }
}
