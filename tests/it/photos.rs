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
        // Another rounding on the way. Between the points of a press's table the libraries go different ways (along
        // its cubes or its tetrahedra), which is seen most where a colour is cut to what sRGB has.
        let tolerance = if name.starts_with("cmyk") { 5 } else { 2 };
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
        let wave = |along: f32, period: f32| ((along / period * std::f32::consts::TAU).sin() * 100.0 + 128.0) as u8;
        let (x, y) = (x as f32, y as f32);
        image::Rgb([wave(x + 0.7 * y, 260.0), wave(x - y, 170.0), wave(y - 0.3 * x, 130.0)])
    });
    let mut jpeg = Vec::new();
    image::codecs::jpeg::JpegEncoder::new_with_quality(&mut jpeg, 90).encode_image(&picture).expect("a picture");
    let assets = Assets::new(AssetsConfig::new(folder.path(), folder.path()));
    let fonts = FontLibrary::new().set(Vec::new());
    let turned = [1, 3, 5, 6, 8];
    for orientation in turned {
        let name = format!("{orientation}.jpg");
        let exif = b"\xff\xe1\0\x22Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0";
        let file = [&jpeg[..2], exif, &[orientation, 0, 0, 0, 0, 0, 0, 0], &jpeg[2..]].concat();
        std::fs::write(folder.path().join(&name), &file).expect("written");
        let jpeg = photo(&assets, &name);
        // A part off the middle, small enough that an eighth will do.
        let crop = Crop { x: 100.0, y: 200.0, width: 1200.0, height: 1100.0 };
        let small = assets.scaled(&jpeg, crop, SizePx::new(48, 44), &fonts).expect("scaled");
        // The same from the whole picture, as a file that is never decoded smaller.
        let whole = pixels(&assets, &jpeg);
        let SizePx { width, height } = whole.bitmap.size();
        let file = std::fs::File::create(folder.path().join(format!("{orientation}.png"))).expect("a file");
        let mut png = png::Encoder::new(file, width, height);
        png.set_color(png::ColorType::Rgba);
        png.set_compression(png::Compression::NoCompression);
        let mut png = png.write_header().expect("a header");
        png.write_image_data(whole.bitmap.data()).expect("written");
        png.finish().expect("an end");
        let png = photo(&assets, &format!("{orientation}.png"));
        let expected = assets.scaled(&png, crop, SizePx::new(48, 44), &fonts).expect("scaled");
        let pairs = expected.bitmap.data().iter().zip(small.bitmap.data());
        let (most, sum) =
            pairs.map(|(a, b)| u64::from(a.abs_diff(*b))).fold((0, 0), |(most, sum), d| (most.max(d), sum + d));
        let mean = sum as f64 / (48.0 * 44.0 * 4.0);
        assert!(mean < 0.6 && most <= 6, "orientation {orientation}: mean {mean}, at most {most}");
    }
    // Three each: the JPEG at an eighth and whole, the PNG.
    assert_eq!(assets.counts().decoded, 3 * turned.len() as u64);
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
