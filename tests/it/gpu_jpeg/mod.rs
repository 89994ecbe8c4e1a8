//! The GPU's JPEG against libjpeg-turbo's, byte by byte, and against a strict reader of the format.

pub mod device;
pub mod pictures;
mod properties;
pub mod shaders;
mod strict;
mod turbo;

use gravure::gpu::jpeg::{
    ChromaSubsampling, EncodeOptions, HuffmanTables, JpegEncoder, JpegError, JpegHead, JpegSegment, JpegSettings, Room,
    SymbolCounts, segments_of_canvas,
};

use crate::support::gpu_turn;
use device::{Gpu, Sheet};
use pictures::{Picture, Random, draw};

use ChromaSubsampling::{Chroma420, Chroma444};

const SUBSAMPLINGS: [ChromaSubsampling; 2] = [Chroma420, Chroma444];

/// MCUs in a row.
fn columns(width: u32, subsampling: ChromaSubsampling) -> u32 {
    width.div_ceil(subsampling.mcu_px())
}

fn head(settings: &JpegSettings, (width, height): (u32, u32), segment_mcus: u32) -> JpegHead {
    JpegHead::new(settings, (width as u16, height as u16), segment_mcus as u16)
}

/// One image alone on a sheet, as a file with segments of so many MCUs.
fn encode(
    gpu: &Gpu,
    encoder: &mut JpegEncoder,
    pixels: &[u8],
    size: (u32, u32),
    settings: &JpegSettings,
    segment_mcus: u32,
) -> Vec<u8> {
    let sheet = Sheet::new(gpu, size, pixels);
    let segments: Vec<_> = segments_of_canvas((0, 0), size, segment_mcus, settings.subsampling, 0).collect();
    let bytes = encoder
        .encode_now(&gpu.device, &gpu.queue, &sheet.view, &segments, std::slice::from_ref(settings), Room::Plenty)
        .expect("encoded");
    head(settings, size, segment_mcus).file(bytes.iter().map(Vec::as_slice))
}

/// The file is strictly right, and two decoders agree on its pixels with libjpeg-turbo's file for the same picture.
fn assert_reads_like(file: &[u8], expected: &[u8], what: &str) {
    let (found, wanted) = (strict::parse(file), strict::parse(expected));
    let (found, wanted) = (found.unwrap_or_else(|e| panic!("{what}: {e}")), wanted.expect("the oracle's file"));
    assert_eq!((found.width, found.height), (wanted.width, wanted.height), "{what}");
    assert!(found.components == wanted.components, "{what}: other steps");
    assert!(found.blocks() == wanted.blocks(), "{what}: other coefficients");
    assert!(turbo::decompress(file) == turbo::decompress(expected), "{what}: libjpeg-turbo sees other pixels");
    let by_zune = |file: &[u8]| {
        let image = image::load_from_memory_with_format(file, image::ImageFormat::Jpeg);
        image.unwrap_or_else(|error| panic!("{what}: {error}")).into_rgb8().into_raw()
    };
    assert!(by_zune(file) == by_zune(expected), "{what}: zune-jpeg sees other pixels");
}

#[test]
fn files_are_libjpegs_byte_by_byte() {
    let _turn = gpu_turn();
    let gpu = Gpu::open();
    let mut encoder = JpegEncoder::new(&gpu.device);
    let sizes = [
        (1, 1),
        (1, 37),
        (37, 1),
        (7, 9),
        (8, 8),
        (9, 8),
        (8, 9),
        (15, 16),
        (16, 16),
        (17, 17),
        (24, 25),
        (25, 24),
        (31, 33),
        (32, 24),
        (100, 70),
        (129, 130),
    ];
    let mut compared = 0;
    for (nth, size) in sizes.into_iter().enumerate() {
        for (picture, subsampling) in pictures::ALL.into_iter().flat_map(|p| SUBSAMPLINGS.map(|s| (p, s))) {
            let pixels = draw(picture, size, nth as u64);
            for quality in [1, 50, 85, 100] {
                let columns = columns(size.0, subsampling);
                let segment_mcus = [1, columns.div_ceil(2), columns][compared % 3];
                // A file's segments are alike, so those of half a row come from images with an even number of MCUs.
                let segment_mcus = if columns.is_multiple_of(segment_mcus) { segment_mcus } else { columns };
                let what = format!("{picture:?} {size:?} {subsampling:?} q{quality}, segments of {segment_mcus}");
                let settings = JpegSettings::new(quality, subsampling);
                let file = encode(&gpu, &mut encoder, &pixels, size, &settings, segment_mcus);
                let expected = turbo::compress(&pixels, size, quality, subsampling, segment_mcus, false);
                assert_reads_like(&file, &expected, &what);
                assert!(file == expected, "{what}: {} bytes, not {}", file.len(), expected.len());
                compared += 1;
            }
        }
    }
    assert_eq!(compared, sizes.len() * pictures::ALL.len() * 2 * 4);
}

#[test]
fn every_quality_is_libjpegs() {
    let _turn = gpu_turn();
    let gpu = Gpu::open();
    let mut encoder = JpegEncoder::new(&gpu.device);
    let size = (80, 48);
    for (quality, subsampling) in (1..=100).flat_map(|quality| SUBSAMPLINGS.map(|s| (quality, s))) {
        let picture = [Picture::Card, Picture::Noise][usize::from(quality) % 2];
        let pixels = draw(picture, size, u64::from(quality));
        let segment_mcus = columns(size.0, subsampling);
        let file = encode(&gpu, &mut encoder, &pixels, size, &JpegSettings::new(quality, subsampling), segment_mcus);
        let expected = turbo::compress(&pixels, size, quality, subsampling, segment_mcus, false);
        assert!(file == expected, "{picture:?} {subsampling:?} q{quality}");
    }
}

#[test]
fn coefficients_are_libjpegs() {
    let _turn = gpu_turn();
    let gpu = Gpu::open();
    let mut encoder = JpegEncoder::new(&gpu.device);
    let size = (203, 121);
    for (picture, subsampling) in pictures::ALL.into_iter().flat_map(|p| SUBSAMPLINGS.map(|s| (p, s))) {
        let pixels = draw(picture, size, 5);
        let sheet = Sheet::new(&gpu, size, &pixels);
        let settings = [JpegSettings::new(97, subsampling)];
        let segments: Vec<_> = segments_of_canvas((0, 0), size, columns(size.0, subsampling), subsampling, 0).collect();
        let found = encoder.coefficients_now(&gpu.device, &gpu.queue, &sheet.view, &segments, &settings);
        let expected = strict::parse(&turbo::compress(&pixels, size, 97, subsampling, 0, false)).expect("parsed");
        assert!(found.expect("transformed") == expected.blocks(), "{picture:?} {subsampling:?}");
    }
}

#[test]
fn segments_may_be_one_mcu_or_a_whole_row() {
    let _turn = gpu_turn();
    let gpu = Gpu::open();
    let mut encoder = JpegEncoder::new(&gpu.device);
    // SwiftShader's textures end at 8,192.
    let longest = gpu.device.limits().max_texture_dimension_2d.min(16_384);
    for (subsampling, size) in [(Chroma420, (longest, 17)), (Chroma444, (longest, 9)), (Chroma420, (8, longest))] {
        let pixels = draw(Picture::Card, size, 9);
        for segment_mcus in [1, columns(size.0, subsampling)] {
            let settings = JpegSettings::new(90, subsampling);
            let file = encode(&gpu, &mut encoder, &pixels, size, &settings, segment_mcus);
            let expected = turbo::compress(&pixels, size, 90, subsampling, segment_mcus, false);
            assert!(file == expected, "{subsampling:?} {size:?}, segments of {segment_mcus}");
        }
    }
}

/// A canvas on a sheet of several.
struct Placed {
    y: u32,
    size: (u32, u32),
    pixels: Vec<u8>,
    settings: u32,
    segment_mcus: u32,
}

/// A sheet of canvases below each other, with rows of other pixels between.
fn stack(gpu: &Gpu, canvases: &[Placed]) -> Sheet {
    let width = canvases.iter().map(|canvas| canvas.size.0).max().expect("some");
    let height = canvases.iter().map(|canvas| canvas.y + canvas.size.1).max().expect("some") + 3;
    let mut sheet = draw(Picture::Noise, (width, height), 77);
    for canvas in canvases {
        let row_bytes = (canvas.size.0 * 4) as usize;
        for (row, pixels) in (canvas.y..).zip(canvas.pixels.chunks(row_bytes)) {
            let start = (row * width * 4) as usize;
            sheet[start..start + row_bytes].copy_from_slice(pixels);
        }
    }
    Sheet::new(gpu, (width, height), &sheet)
}

fn segments_of(canvas: &Placed, settings: &[JpegSettings]) -> Vec<JpegSegment> {
    let subsampling = settings[canvas.settings as usize].subsampling;
    segments_of_canvas((0, canvas.y), canvas.size, canvas.segment_mcus, subsampling, canvas.settings).collect()
}

fn some_settings() -> Vec<JpegSettings> {
    vec![JpegSettings::new(85, Chroma420), JpegSettings::new(40, Chroma444), JpegSettings::new(97, Chroma420)]
}

fn some_canvases() -> Vec<Placed> {
    let sizes = [(150, 90), (96, 33), (17, 64), (160, 1), (1, 40), (33, 47)];
    let mut y = 5;
    (0..)
        .zip(sizes)
        .map(|(nth, size): (u32, _)| {
            let settings = nth % 3;
            let picture = [Picture::Card, Picture::Noise, Picture::Saturated][(nth / 2) as usize];
            let segment_mcus = columns(size.0, some_settings()[settings as usize].subsampling);
            let pixels = draw(picture, size, u64::from(nth));
            let canvas = Placed { y, size, pixels, settings, segment_mcus };
            y += size.1 + nth;
            canvas
        })
        .collect()
}

fn assert_files(canvases: &[Placed], settings: &[JpegSettings], segments: &[Vec<u8>]) {
    let mut rest = segments;
    for canvas in canvases {
        let JpegSettings { quality, subsampling, .. } = settings[canvas.settings as usize];
        let (mine, others) = rest.split_at(segments_of(canvas, settings).len());
        rest = others;
        let head = head(&settings[canvas.settings as usize], canvas.size, canvas.segment_mcus);
        let expected = turbo::compress(&canvas.pixels, canvas.size, quality, subsampling, canvas.segment_mcus, false);
        assert!(head.file(mine.iter().map(Vec::as_slice)) == expected, "{:?} at {}", canvas.size, canvas.y);
    }
    assert!(rest.is_empty());
}

#[test]
fn canvases_of_a_sheet_know_nothing_of_each_other() {
    let _turn = gpu_turn();
    let gpu = Gpu::open();
    let (canvases, settings) = (some_canvases(), some_settings());
    let sheet = stack(&gpu, &canvases);
    let segments: Vec<_> = canvases.iter().flat_map(|canvas| segments_of(canvas, &settings)).collect();
    let mut encoder = JpegEncoder::new(&gpu.device);
    let encode = |encoder: &mut JpegEncoder| {
        encoder.encode_now(&gpu.device, &gpu.queue, &sheet.view, &segments, &settings, Room::Plenty).expect("encoded")
    };
    let together = encode(&mut encoder);
    assert_files(&canvases, &settings, &together);
    // As on an adapter whose buffers hold little: many chunks.
    let mut small = JpegEncoder::with_binding_bytes(&gpu.device, 64 << 10);
    assert!(encode(&mut small) == together);
    // What an earlier sheet left in the buffers shows nowhere.
    let (white, other) = ([255; 16 * 16 * 4], Sheet::new(&gpu, (16, 16), &[0; 16 * 16 * 4]));
    let segment = [JpegSegment { x: 0, y: 0, mcus: 1, right: 15, bottom: 15, settings: 0 }];
    let settings = [JpegSettings::new(85, Chroma420)];
    let transparent = encoder.encode_now(&gpu.device, &gpu.queue, &other.view, &segment, &settings, Room::Plenty);
    let file = head(&settings[0], (16, 16), 1).file([transparent.expect("encoded")[0].as_slice()]);
    assert!(file == turbo::compress(&white, (16, 16), 85, Chroma420, 1, false));
}

#[test]
fn several_encodings_may_be_on_their_way() {
    let _turn = gpu_turn();
    let gpu = Gpu::open();
    let settings = some_settings();
    let mut encoder = JpegEncoder::new(&gpu.device);
    let groups: Vec<Vec<Placed>> = some_canvases().into_iter().map(|canvas| vec![canvas]).collect();
    let sheets: Vec<Sheet> = groups.iter().map(|group| stack(&gpu, group)).collect();
    let mut on_their_way = Vec::new();
    for (group, sheet) in groups.iter().zip(&sheets) {
        let segments = segments_of(&group[0], &settings);
        let mut commands = gpu.device.create_command_encoder(&Default::default());
        let options = EncodeOptions::default();
        let mut encoding = encoder
            .encode(&gpu.device, &gpu.queue, &mut commands, &sheet.view, &segments, &settings, options)
            .expect("recorded");
        let submission = gpu.queue.submit([commands.finish()]);
        encoding.map();
        on_their_way.push((encoding, submission));
    }
    for (group, (encoding, submission)) in groups.iter().zip(on_their_way) {
        let encoded = encoding.finish(&gpu.device, &gpu.queue, submission).expect("finished");
        assert!(encoded.spilled().is_empty() && !encoded.is_empty());
        let bytes: Vec<Vec<u8>> = (0..encoded.len()).map(|n| encoded.bytes(n).expect("room").to_vec()).collect();
        assert_files(group, &settings, &bytes);
    }
}

#[test]
fn what_finds_no_room_is_told_and_encoded_again() {
    let _turn = gpu_turn();
    let gpu = Gpu::open();
    let (canvases, settings) = (some_canvases(), some_settings());
    let sheet = stack(&gpu, &canvases);
    let segments: Vec<_> = canvases.iter().flat_map(|canvas| segments_of(canvas, &settings)).collect();
    let mut encoder = JpegEncoder::new(&gpu.device);
    let all =
        encoder.encode_now(&gpu.device, &gpu.queue, &sheet.view, &segments, &settings, Room::Plenty).expect("encoded");
    assert_files(&canvases, &settings, &all);
    let places: Vec<usize> = all.iter().map(|bytes| bytes.len().next_multiple_of(4)).collect();
    let needed: usize = places.iter().sum();
    let rooms = [0, 1, places[0] - 1, places[0], places[0] + 1, needed / 2, needed - 4, needed - 1, needed];
    for room in rooms.map(|bytes| bytes as u32) {
        let mut commands = gpu.device.create_command_encoder(&Default::default());
        let options = EncodeOptions { room: Room::Bytes(room), before: None };
        let encoding = encoder
            .encode(&gpu.device, &gpu.queue, &mut commands, &sheet.view, &segments, &settings, options)
            .expect("recorded");
        let submission = gpu.queue.submit([commands.finish()]);
        let encoded = encoding.finish(&gpu.device, &gpu.queue, submission).expect("finished");
        // Room comes in whole words. Those that fit are whole; the others are named, with what they need.
        let mut end = 0;
        let mut spilled = Vec::new();
        for (index, (bytes, place)) in all.iter().zip(&places).enumerate() {
            end += place;
            let fits = end <= (room as usize).next_multiple_of(4);
            assert_eq!(encoded.bytes(index), fits.then_some(bytes.as_slice()), "segment {index} in {room} bytes");
            if !fits {
                spilled.push(index);
            }
        }
        assert_eq!(encoded.spilled(), spilled, "in {room} bytes");
        assert_eq!(encoded.spilled_bytes() as usize, spilled.iter().map(|index| places[*index]).sum::<usize>());
        drop(encoded);
        let again = encoder
            .encode_now(&gpu.device, &gpu.queue, &sheet.view, &segments, &settings, Room::Bytes(room))
            .expect("encoded");
        assert!(again == all, "in {room} bytes at first");
    }
}

#[test]
fn noise_at_the_highest_quality_finds_room_in_the_end() {
    let _turn = gpu_turn();
    let gpu = Gpu::open();
    let mut encoder = JpegEncoder::new(&gpu.device);
    // More than is expected after a blank sheet, and more than there is plenty of room for.
    let blank = encode(&gpu, &mut encoder, &[255; 64 * 64 * 4], (64, 64), &JpegSettings::new(85, Chroma420), 4);
    assert!(blank == turbo::compress(&[255; 64 * 64 * 4], (64, 64), 85, Chroma420, 4, false));
    for (picture, subsampling) in
        [Picture::Noise, Picture::Saturated].into_iter().flat_map(|p| SUBSAMPLINGS.map(|s| (p, s)))
    {
        let size = (640, 480);
        let pixels = draw(picture, size, 3);
        let segment_mcus = columns(size.0, subsampling);
        let file = encode(&gpu, &mut encoder, &pixels, size, &JpegSettings::new(100, subsampling), segment_mcus);
        let expected = turbo::compress(&pixels, size, 100, subsampling, segment_mcus, false);
        assert!(file == expected, "{picture:?} {subsampling:?}: {} bytes, not {}", file.len(), expected.len());
        let bytes_per_block = file.len()
            / (columns(640, subsampling) * 480 / subsampling.mcu_px()) as usize
            / subsampling.mcu_blocks() as usize;
        assert!(bytes_per_block > 64, "{bytes_per_block} bytes a block found plenty of room");
    }
}

/// As `gravure::encode` lays pixels over a colour.
fn laid_over(pixels: &[u8], background: [u8; 3]) -> Vec<u8> {
    let over = |value: u8, back: u8, alpha: u8| {
        let share = (u32::from(back) * u32::from(255 - alpha) + 127) / 255;
        (u32::from(value) + share).min(255) as u8
    };
    let [red, green, blue] = background;
    let laid = |p: &[u8]| [over(p[0], red, p[3]), over(p[1], green, p[3]), over(p[2], blue, p[3]), 255];
    pixels.chunks(4).flat_map(laid).collect()
}

#[test]
fn transparency_is_laid_over_the_background() {
    let _turn = gpu_turn();
    let gpu = Gpu::open();
    let mut encoder = JpegEncoder::new(&gpu.device);
    let size = (256, 300);
    // Every alpha with every premultiplied value of red; others by chance, some of them brighter than their alpha.
    let mut random = Random(11);
    let mut pixels = Vec::new();
    for y in 0..size.1 {
        for x in 0..size.0 {
            let [red, alpha] = [x.min(y), y.min(255)];
            pixels.extend_from_slice(&[red as u8, random.below(alpha + 1) as u8, random.next() as u8, alpha as u8]);
        }
    }
    for (background, subsampling) in
        [[255; 3], [0; 3], [12, 200, 77]].into_iter().flat_map(|back| SUBSAMPLINGS.map(|s| (back, s)))
    {
        let settings = JpegSettings { background, ..JpegSettings::new(100, subsampling) };
        let segment_mcus = columns(size.0, subsampling);
        let file = encode(&gpu, &mut encoder, &pixels, size, &settings, segment_mcus);
        let flat = laid_over(&pixels, background);
        let expected = turbo::compress(&flat, size, 100, subsampling, segment_mcus, false);
        assert!(file == expected, "over {background:?} {subsampling:?}");
    }
}

/// Counted one by one.
fn symbols_of(parsed: &strict::Parsed) -> SymbolCounts {
    let mut counts = SymbolCounts::none();
    let luma_blocks = parsed.components[0].0.iter().product::<u8>();
    let size_of = |value: i16| (16 - value.unsigned_abs().leading_zeros()) as usize;
    for segment in &parsed.segments {
        let mut predictions = [0; 3];
        for (block, nth) in segment.iter().zip((0..luma_blocks + 2).cycle()) {
            let component = usize::from((nth + 1).saturating_sub(luma_blocks));
            let class = component.min(1);
            counts.dc[class][size_of(block[0] - predictions[component])] += 1;
            predictions[component] = block[0];
            let mut zeros = 0;
            for value in &block[1..] {
                if *value == 0 {
                    zeros += 1;
                    continue;
                }
                while zeros > 15 {
                    counts.ac[class][0xf0] += 1;
                    zeros -= 16;
                }
                counts.ac[class][zeros << 4 | size_of(*value)] += 1;
                zeros = 0;
            }
            if zeros > 0 {
                counts.ac[class][0] += 1;
            }
        }
    }
    counts
}

#[test]
fn trained_tables_make_smaller_files_of_the_same_picture() {
    let _turn = gpu_turn();
    let gpu = Gpu::open();
    let mut encoder = JpegEncoder::new(&gpu.device);
    let size = (400, 304);
    let pixels = draw(Picture::Card, size, 1);
    let sheet = Sheet::new(&gpu, size, &pixels);
    for subsampling in SUBSAMPLINGS {
        let segment_mcus = columns(size.0, subsampling);
        let plain = JpegSettings::new(85, subsampling);
        let segments: Vec<_> = segments_of_canvas((0, 0), size, segment_mcus, subsampling, 0).collect();
        let counts = encoder
            .count_now(&gpu.device, &gpu.queue, &sheet.view, &segments, std::slice::from_ref(&plain))
            .expect("counted");
        let expected =
            strict::parse(&turbo::compress(&pixels, size, 85, subsampling, segment_mcus, false)).expect("parsed");
        assert_eq!(counts, [symbols_of(&expected)]);

        let trained = JpegSettings { tables: HuffmanTables::trained(&counts[0]), ..plain.clone() };
        let file = encode(&gpu, &mut encoder, &pixels, size, &trained, segment_mcus);
        let standard = encode(&gpu, &mut encoder, &pixels, size, &plain, segment_mcus);
        let optimised = turbo::compress(&pixels, size, 85, subsampling, segment_mcus, true);
        assert_reads_like(&file, &standard, "trained");
        assert!(file.len() < standard.len(), "{} against {}", file.len(), standard.len());
        // Codes for what does not occur cost little: libjpeg's optimised file has none.
        let most = optimised.len() + optimised.len() / 50 + 400;
        assert!(file.len() <= most, "{} against {}", file.len(), optimised.len());

        // Whatever comes later can be coded too.
        for picture in pictures::ALL {
            let other = draw(picture, (70, 50), 4);
            let settings = JpegSettings { quality: 100, ..trained.clone() };
            let columns = columns(70, subsampling);
            let file = encode(&gpu, &mut encoder, &other, (70, 50), &settings, columns);
            let expected = turbo::compress(&other, (70, 50), 100, subsampling, columns, false);
            assert_reads_like(&file, &expected, &format!("{picture:?} with tables of another picture"));
        }
    }
}

#[test]
fn tables_of_rare_symbols_have_codes_of_every_length() {
    // The longest codes and the longest runs of them: Annex K turned upside down.
    let _turn = gpu_turn();
    let gpu = Gpu::open();
    let mut encoder = JpegEncoder::new(&gpu.device);
    let mut counts = SymbolCounts::none();
    for component in 0..2 {
        for symbol in 0..256_u32 {
            counts.ac[component][symbol as usize] = 1 << (symbol >> 4 << 1).min(29);
        }
        for size in 0..12 {
            counts.dc[component][size] = 1 << (24 - 2 * size);
        }
    }
    for subsampling in SUBSAMPLINGS {
        let settings = JpegSettings { tables: HuffmanTables::trained(&counts), ..JpegSettings::new(100, subsampling) };
        for picture in [Picture::Noise, Picture::Saturated, Picture::Bases] {
            let (size, segment_mcus) = ((250, 130), columns(250, subsampling));
            let pixels = draw(picture, size, 8);
            let file = encode(&gpu, &mut encoder, &pixels, size, &settings, segment_mcus);
            let expected = turbo::compress(&pixels, size, 100, subsampling, segment_mcus, false);
            assert_reads_like(&file, &expected, &format!("{picture:?} {subsampling:?}"));
        }
    }
}

#[test]
fn segments_without_pixels_or_settings_are_refused() {
    let _turn = gpu_turn();
    let gpu = Gpu::open();
    let mut encoder = JpegEncoder::new(&gpu.device);
    let sheet = Sheet::new(&gpu, (32, 32), &[0; 32 * 32 * 4]);
    let settings = [JpegSettings::new(85, Chroma420)];
    let good = JpegSegment { x: 16, y: 16, mcus: 1, right: 31, bottom: 31, settings: 0 };
    let bad = [
        JpegSegment { mcus: 0, ..good },
        JpegSegment { mcus: 2, ..good },
        JpegSegment { mcus: u32::MAX, ..good },
        JpegSegment { x: u32::MAX, ..good },
        JpegSegment { right: 32, ..good },
        JpegSegment { right: 15, ..good },
        JpegSegment { bottom: 32, ..good },
        JpegSegment { bottom: 15, ..good },
        JpegSegment { settings: 1, ..good },
    ];
    let mut encode = |segments: &[JpegSegment]| {
        encoder.encode_now(&gpu.device, &gpu.queue, &sheet.view, segments, &settings, Room::Plenty)
    };
    assert_eq!(encode(&[]), Err(JpegError::NoSegments));
    for segment in bad {
        assert_eq!(encode(&[good, segment]), Err(JpegError::BadSegment { index: 1, segment }));
    }
    assert!(encode(&[good]).is_ok());
}
