use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::job::{Compression, Depth, Jpeg, Png, Subsampling, Webp, WebpMode};
use crate::pixels::{Bitmap, RectPx};

/// Straight RGBA, as any other program would read the file.
fn decode(bytes: &[u8]) -> image::RgbaImage {
    image::load_from_memory(bytes).unwrap().to_rgba8()
}

fn jpeg(change: impl FnOnce(&mut Jpeg)) -> Output {
    let mut settings = Jpeg::DEFAULT;
    change(&mut settings);
    Output { encoding: Encoding::Jpeg(settings), ..Output::default() }
}

fn png(depth: Depth, compression: Compression) -> Output {
    Output { encoding: Encoding::Png(Png { depth, compression }), ..Output::default() }
}

fn webp(mode: WebpMode, effort: u8) -> Output {
    Output { encoding: Encoding::Webp(Webp { mode, effort }), ..Output::default() }
}

const LOSSY: WebpMode = WebpMode::Lossy { quality: 90 };

/// Every format with settings of every kind.
fn outputs() -> [Output; 9] {
    [
        Output::default(),
        jpeg(|jpeg| jpeg.progressive = true),
        jpeg(|jpeg| jpeg.subsampling = Subsampling::Chroma444),
        png(Depth::Auto, Compression::Speed),
        png(Depth::Bits24 { background: [9; 3] }, Compression::Balanced),
        png(Depth::Bits32, Compression::Size),
        webp(LOSSY, 0),
        webp(LOSSY, 4),
        webp(WebpMode::Lossless, 1),
    ]
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

/// The left half is nothing, the right half half-transparent red.
fn half_red() -> Bitmap {
    let mut bitmap = Bitmap::transparent(SizePx::new(32, 16));
    for (index, pixel) in bitmap.data_mut().chunks_exact_mut(4).enumerate() {
        if index % 32 >= 16 {
            pixel.copy_from_slice(&[128, 0, 0, 128]);
        }
    }
    bitmap
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
    fn lossless_formats_give_every_pixel_back(bitmap in bitmaps(), effort in 0..=6_u8) {
        let compressions = [Compression::Speed, Compression::Balanced, Compression::Size];
        let pngs = compressions.map(|compression| png(Depth::Auto, compression));
        for output in pngs.into_iter().chain([png(Depth::Bits32, Compression::Speed), webp(WebpMode::Lossless, effort)]) {
            let bytes = Encoder::new().encode(bitmap.view(), output).unwrap();
            prop_assert_eq!(&premultiplied(&decode(&bytes)), bitmap.data());
        }
    }

    #[test]
    fn lossy_webp_keeps_alpha(bitmap in bitmaps()) {
        let decoded = decode(&Encoder::new().encode(bitmap.view(), webp(LOSSY, 2)).unwrap());
        let alphas = |data: &[u8]| data.iter().skip(3).step_by(4).copied().collect::<Vec<_>>();
        prop_assert_eq!(alphas(&decoded), alphas(bitmap.data()));
    }

    #[test]
    fn padding_and_earlier_images_do_not_show(
        bitmap in bitmaps(), before in bitmaps(), padding in 0..9_usize, filler in any::<u8>(),
    ) {
        let mut used = Encoder::new();
        for output in outputs() {
            let alone = Encoder::new().encode(bitmap.view(), output).unwrap();
            used.encode(before.view(), output).unwrap();
            let (stride, data) = padded(&bitmap, padding * 4, filler);
            let again = used.encode(BitmapView::new(bitmap.size(), stride, &data), output).unwrap();
            prop_assert_eq!(&alone, &again);
        }
    }
}

#[test]
fn lossy_formats_are_close_at_every_odd_size() {
    let mut encoder = Encoder::new();
    let webp = webp(WebpMode::Lossy { quality: 98 }, 4);
    for output in [jpeg(|jpeg| jpeg.quality = 95), webp] {
        for (width, height) in [(1, 1), (1, 37), (37, 1), (16, 16), (17, 15), (200, 117)] {
            let bitmap = smooth(SizePx::new(width, height), true);
            let decoded = decode(&encoder.encode(bitmap.view(), output).unwrap());
            assert_eq!(decoded.dimensions(), (width, height));
            let difference = largest_difference(&decoded, bitmap.data());
            assert!(difference <= 24, "{output:?}, {width} × {height}: {difference}");
        }
    }
}

#[test]
fn settings_of_a_jpeg_count() {
    let bitmap = smooth(SizePx::new(320, 200), true);
    let encode = |output| Encoder::new().encode(bitmap.view(), output).unwrap();
    let header = |output| turbojpeg::read_header(&encode(output)).unwrap();
    let quality = |quality| encode(jpeg(|jpeg| jpeg.quality = quality)).len();
    assert!(quality(30) < quality(85) && quality(85) < quality(100));
    let plain = header(Output::default());
    assert_eq!((plain.subsamp, plain.is_progressive), (turbojpeg::Subsamp::Sub2x2, false));
    let sharp = header(jpeg(|jpeg| jpeg.subsampling = Subsampling::Chroma444));
    assert_eq!((sharp.subsamp, sharp.is_progressive), (turbojpeg::Subsamp::None, false));
    assert!(header(jpeg(|jpeg| jpeg.progressive = true)).is_progressive);
    // The codec is kept: what one file was must not show in the next.
    let mut encoder = Encoder::new();
    encoder.encode(bitmap.view(), jpeg(|jpeg| jpeg.progressive = true)).unwrap();
    assert_eq!(encoder.encode(bitmap.view(), Output::default()).unwrap(), encode(Output::default()));
}

#[test]
fn sharper_chroma_keeps_coloured_lines() {
    let mut bitmap = Bitmap::new(SizePx::new(64, 64), [0, 0, 255, 255].repeat(64 * 64));
    for (index, pixel) in bitmap.data_mut().chunks_exact_mut(4).enumerate() {
        if index % 4 == 0 {
            pixel.copy_from_slice(&[255, 0, 0, 255]);
        }
    }
    let loss = |subsampling| {
        let bytes = Encoder::new().encode(bitmap.view(), jpeg(|jpeg| jpeg.subsampling = subsampling)).unwrap();
        let decoded = decode(&bytes);
        decoded.iter().zip(bitmap.data()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum::<u64>()
    };
    assert!(loss(Subsampling::Chroma444) * 3 < loss(Subsampling::Chroma420));
}

#[test]
fn a_background_is_under_what_is_not_opaque() {
    let bitmap = half_red();
    let green = [0, 128, 0];
    let cases = [
        (Output::default(), [255, 255, 255], [255, 127, 127]),
        (jpeg(|jpeg| jpeg.background = green), green, [128, 64, 0]),
        (png(Depth::Bits24 { background: green }, Compression::Speed), green, [128, 64, 0]),
    ];
    for (output, left, right) in cases {
        let decoded = decode(&Encoder::new().encode(bitmap.view(), output).unwrap());
        let near = |x, expected: [u8; 3]| largest_difference(&decoded.get_pixel(x, 8).0[..3], &expected) <= 3;
        assert!(near(2, left), "{output:?}: {:?}", decoded.get_pixel(2, 8));
        assert!(near(29, right), "{output:?}: {:?}", decoded.get_pixel(29, 8));
    }
}

#[test]
fn transparent_edges_have_no_dark_halo() {
    // An antialiased white edge: the colour under every alpha is white, and stays so.
    let edge: Vec<u8> = (0..=255_u8).flat_map(|alpha| [alpha; 4]).collect();
    let bitmap = Bitmap::new(SizePx::new(256, 1), edge);
    for output in [png(Depth::Auto, Compression::Speed), webp(WebpMode::Lossless, 2)] {
        let decoded = decode(&Encoder::new().encode(bitmap.view(), output).unwrap());
        assert!(decoded.pixels().skip(1).all(|pixel| pixel.0[..3] == [255; 3]), "{output:?}");
    }
}

#[test]
fn files_have_as_many_channels_as_they_need() {
    let color = |output, is_opaque| {
        let bytes = Encoder::new().encode(smooth(SizePx::new(64, 64), is_opaque).view(), output).unwrap();
        image::load_from_memory(&bytes).unwrap().color()
    };
    use image::ColorType::{Rgb8, Rgba8};
    let auto = png(Depth::Auto, Compression::Speed);
    assert_eq!((color(auto, true), color(auto, false)), (Rgb8, Rgba8));
    assert_eq!(color(png(Depth::Bits32, Compression::Speed), true), Rgba8);
    assert_eq!(color(png(Depth::Bits24 { background: [0; 3] }, Compression::Speed), false), Rgb8);
    for mode in [LOSSY, WebpMode::Lossless] {
        assert_eq!((color(webp(mode, 1), true), color(webp(mode, 1), false)), (Rgb8, Rgba8), "{mode:?}");
    }
}

#[test]
fn compression_and_effort_make_files_smaller() {
    let bitmap = smooth(SizePx::new(320, 200), true);
    let length = |output| Encoder::new().encode(bitmap.view(), output).unwrap().len();
    let [speed, balanced, size] = [Compression::Speed, Compression::Balanced, Compression::Size]
        .map(|compression| length(png(Depth::Auto, compression)));
    assert!(size <= balanced && balanced < speed, "{size} {balanced} {speed}");
    assert!(length(webp(LOSSY, 6)) < length(webp(LOSSY, 0)));
    assert!(length(webp(WebpMode::Lossless, 6)) < length(webp(WebpMode::Lossless, 0)));
}

/// The kinds of the parts of a file: markers of JPEG, chunks of PNG and of WebP's container.
fn parts(format: Format, file: &[u8]) -> Vec<String> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let length = |bytes: &[u8]| u32::from_be_bytes(bytes.try_into().unwrap()) as usize;
    let mut parts = Vec::new();
    match format {
        Format::Jpeg => {
            let mut at = 2;
            // Up to the first scan.
            while file[at + 1] != 0xda {
                assert_eq!(file[at], 0xff);
                let length = usize::from(u16::from_be_bytes([file[at + 2], file[at + 3]]));
                let body = &file[at + 4..at + 2 + length];
                let name = body.split(|byte| *byte == 0).next().unwrap_or_default();
                let is_named = (0xe0..=0xef).contains(&file[at + 1]);
                parts.push(format!("{:02x}{}", file[at + 1], if is_named { text(name) } else { String::new() }));
                at += 2 + length;
            }
        }
        Format::Png => {
            let mut at = 8;
            while at < file.len() {
                parts.push(text(&file[at + 4..at + 8]));
                at += 12 + length(&file[at..at + 4]);
            }
        }
        Format::Webp => {
            let mut at = 12;
            while at < file.len() {
                parts.push(text(&file[at..at + 4]));
                at += 8 + (u32::from_le_bytes(file[at + 4..at + 8].try_into().unwrap()) as usize).next_multiple_of(2);
            }
        }
    }
    parts
}

#[test]
fn files_say_srgb_and_nothing_else() {
    for output in outputs() {
        for is_opaque in [true, false] {
            let bitmap = smooth(SizePx::new(64, 48), is_opaque);
            let file = Encoder::new().encode(bitmap.view(), output).unwrap();
            let parts: BTreeSet<String> = parts(output.format(), &file).into_iter().collect();
            // Tables, frame headers and image data are no metadata.
            let allowed: &[&str] = match output.format() {
                Format::Jpeg => &["e0JFIF", "e2ICC_PROFILE", "db", "c0", "c2", "c4"],
                Format::Png => &["IHDR", "sRGB", "gAMA", "cHRM", "IDAT", "IEND"],
                Format::Webp => &["VP8 ", "VP8L", "VP8X", "ALPH"],
            };
            assert!(parts.iter().all(|part| allowed.contains(&part.as_str())), "{output:?}: {parts:?}");
            let tag = match output.format() {
                Format::Jpeg => Some("e2ICC_PROFILE"),
                Format::Png => Some("sRGB"),
                Format::Webp => None,
            };
            assert!(tag.is_none_or(|tag| parts.contains(tag)), "{output:?}: {parts:?}");
        }
    }
    // A decoder finds the profile, whole.
    let file = Encoder::new().encode(smooth(SizePx::new(8, 8), true).view(), Output::default()).unwrap();
    let mut decoder = image::codecs::jpeg::JpegDecoder::new(std::io::Cursor::new(file)).unwrap();
    let profile = image::ImageDecoder::icc_profile(&mut decoder).unwrap();
    assert_eq!(profile.as_deref(), Some(srgb_profile::SRGB_PROFILE.as_slice()));
}

#[test]
fn sizes_that_no_file_can_have_are_errors() {
    let mut encoder = Encoder::new();
    for format in Format::ALL {
        let nothing = BitmapView::new(SizePx::new(0, 5), 0, &[]);
        assert!(matches!(encoder.encode(nothing, Output::new(format)), Err(EncodeError::Empty { .. })));
    }
    let wide = Bitmap::transparent(SizePx::new(65_501, 1));
    for (format, most) in [(Format::Jpeg, 65_500), (Format::Webp, 16_383)] {
        let error = encoder.encode(wide.view(), Output::new(format)).unwrap_err();
        assert!(matches!(error, EncodeError::TooLarge { max_side, .. } if max_side == most), "{error}");
        assert_eq!(error.code(), crate::job::ErrorCode::EncodeFailed);
    }
    assert!(encoder.encode(wide.view(), Output::new(Format::Png)).is_ok());
}

/// The segments of an image, taken from the parts that these rows of segments make.
fn by_parts(encoder: &mut Encoder, bitmap: &Bitmap, grid: &Grid, output: Output, split: u32) -> Vec<Vec<u8>> {
    let mut segments = vec![Vec::new(); grid.len()];
    let all = grid.all();
    let split = split.min(all.rows.end);
    for rows in [0..split, split..all.rows.end] {
        for columns in [0..1, 1..all.columns.end.max(1)] {
            let cells = Cells { columns, rows: rows.clone() };
            if cells.is_empty() {
                continue;
            }
            let mut indices = grid.indices(&cells);
            let part = bitmap.view();
            let emit = &mut |bytes: &[u8]| segments[indices.next().expect("not too many")] = bytes.to_vec();
            encoder.segments(part.part(grid.pixels(&cells)), grid, output, emit).expect("encoded");
            assert_eq!(indices.next(), None, "not too few");
        }
    }
    segments
}

fn assemble(encoder: &mut Encoder, segments: &[Vec<u8>], grid: &Grid, output: Output) -> Vec<u8> {
    encoder.assemble(grid, output, segments.iter().map(Vec::as_slice)).expect("assembled")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_file_of_segments_is_the_file_of_the_whole(
        width in 1..1400_u32, height in 1..400_u32, split in 0..40_u32, opaque in any::<bool>(), kind in 0..5_u8,
        seed in any::<u32>(),
    ) {
        let size = SizePx::new(width, height);
        let output = match (kind, opaque) {
            (0, _) => jpeg(|_| {}),
            (1, _) => jpeg(|jpeg| jpeg.subsampling = Subsampling::Chroma444),
            (2, _) => png(Depth::Bits24 { background: [1, 2, 3] }, Compression::Balanced),
            (3, _) => png(Depth::Bits32, Compression::Size),
            (_, true) => png(Depth::Auto, Compression::Speed),
            (_, false) => png(Depth::Bits32, Compression::Speed),
        };
        let Some(grid) = Grid::of(size, output, opaque) else { return Ok(()) };
        let mut bitmap = smooth(size, opaque);
        // Noise here and there, so that no two blocks are alike.
        let mut random = seed | 1;
        for pixel in bitmap.data_mut().chunks_exact_mut(4) {
            random ^= random << 13;
            random ^= random >> 17;
            random ^= random << 5;
            pixel[0] = pixel[0].saturating_add((random % 9) as u8).min(pixel[3]);
        }
        let mut encoder = Encoder::new();
        let whole = encoder.encode(bitmap.view(), output).expect("encoded");
        let segments = by_parts(&mut encoder, &bitmap, &grid, output, split);
        prop_assert!(assemble(&mut encoder, &segments, &grid, output) == whole);
    }
}

#[test]
fn what_recurs_is_taken_from_an_earlier_image() {
    for (output, new) in [(Output::default(), 8), (png(Depth::Auto, Compression::Speed), 4)] {
        splices(output, new);
    }
}

fn splices(output: Output, new: usize) {
    let size = SizePx::new(1200, 628);
    let grid = Grid::of(size, output, true).expect("segments");
    let first = smooth(size, true);
    let mut second = first.clone();
    let changed = RectPx::new(650, 300, 200, 40);
    for y in changed.y..changed.bottom() {
        for x in changed.x..changed.right() {
            let at = (y as usize * 1200 + x as usize) * 4;
            second.data_mut()[at..at + 3].copy_from_slice(&[x as u8, y as u8, 200]);
        }
    }
    let mut encoder = Encoder::new();
    let mut segments = by_parts(&mut encoder, &first, &grid, output, 7);
    let cells = grid.touched(changed);
    assert_eq!(grid.indices(&cells).count(), new);
    let mut indices = grid.indices(&cells);
    let part = second.view();
    let emit = &mut |bytes: &[u8]| segments[indices.next().unwrap()] = bytes.to_vec();
    encoder.segments(part.part(grid.pixels(&cells)), &grid, output, emit).unwrap();
    assert!(assemble(&mut encoder, &segments, &grid, output) == encoder.encode(second.view(), output).unwrap());
}

#[test]
fn markers_cost_little_and_change_no_pixel() {
    let bitmap = photo_like(SizePx::new(1200, 628));
    let mut encoder = Encoder::new();
    let with = encoder.encode(bitmap.view(), Output::default()).unwrap();
    let without = jpeg::JpegEncoder::default().encode(bitmap.view(), Jpeg::DEFAULT, None).unwrap();
    assert!(decode(&with) == decode(&without));
    let share = with.len() as f64 / without.len() as f64;
    assert!(share < 1.01, "{share}");
}

/// Soft shapes with some grain: 75 KB as a JPEG of 1200 × 628, as product cards have.
fn photo_like(size: SizePx) -> Bitmap {
    let mut bitmap = smooth(size, true);
    let mut random = 1_u32;
    for (index, pixel) in bitmap.data_mut().chunks_exact_mut(4).enumerate() {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        if index % 1200 < 500 {
            let grain = (random >> 28) as u8;
            pixel[..3].iter_mut().for_each(|value| *value = value.saturating_add(grain));
        }
    }
    bitmap
}
