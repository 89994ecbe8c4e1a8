//! The GPU's PNG against the CPU's, byte by byte.

mod oracle;
mod properties;
mod shaders;

use gravure::gpu::png::{EncodeOptions, PngEncoder, PngError, PngSegment, Room, TILE_BYTES, bands_of_canvas};

use crate::gpu_jpeg::device::{Gpu, Sheet};
use crate::gpu_jpeg::pictures::{self, Picture, Random, draw};
use crate::support::{gpu_turn, lay_out_rows, paint, painter, product_card};
use oracle::{assert_reads_as, band_rows, file, segments_of, unfilter};

/// The segments of one image alone on a sheet.
fn encode(gpu: &Gpu, encoder: &mut PngEncoder, pixels: &[u8], size: (u32, u32), room: Room) -> Vec<Vec<u8>> {
    let sheet = Sheet::new(gpu, size, pixels);
    let segments: Vec<_> = bands_of_canvas((0, 0), size, band_rows(size)).collect();
    encoder.encode_now(&gpu.device, &gpu.queue, &sheet.view, &segments, room).expect("encoded")
}

fn assert_same(found: &[Vec<u8>], expected: &[Vec<u8>], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        let differs = found.iter().zip(expected).position(|(found, expected)| found != expected);
        assert!(
            found == expected,
            "{what}, segment {index}: {} bytes, not {}; the first other one at {differs:?}",
            found.len(),
            expected.len()
        );
    }
}

/// Colours that change now and then: runs of zeros of many lengths.
fn patches((width, height): (u32, u32), seed: u64) -> Vec<u8> {
    let mut random = Random(seed);
    let pixels_each = [2, 5, 20, 90, 300, 900, 3000][random.below(7) as usize];
    let mut color = [0; 3];
    let pixel = |_| {
        if random.below(pixels_each) == 0 {
            color[random.below(3) as usize] = random.next() as u8;
        }
        [color[0], color[1], color[2], 255]
    };
    (0..width * height).flat_map(pixel).collect()
}

#[test]
fn files_are_the_cpus_byte_by_byte() {
    let _turn = gpu_turn();
    let gpu = Gpu::open();
    let mut encoder = PngEncoder::new(&gpu.device);
    let sizes = [(1, 1), (1, 37), (37, 1), (2, 3), (7, 9), (8, 8), (31, 33), (100, 70), (129, 300), (1200, 100)];
    for (nth, size) in sizes.into_iter().enumerate() {
        let drawn = pictures::ALL.map(|picture| (format!("{picture:?}"), draw(picture, size, nth as u64)));
        let patched = (0..6).map(|seed| (format!("patches {seed}"), patches(size, seed + nth as u64 * 10)));
        for (what, pixels) in drawn.into_iter().chain(patched) {
            let what = format!("{what} {size:?}");
            let found = encode(&gpu, &mut encoder, &pixels, size, Room::Plenty);
            assert_same(&found, &segments_of(&pixels, size), &what);
            assert_reads_as(&file(&found, size), &pixels, size, &what);
        }
    }
}

#[test]
fn every_width_and_height_is_right() {
    let _turn = gpu_turn();
    let gpu = Gpu::open();
    let mut encoder = PngEncoder::new(&gpu.device);
    for (width, height) in (1..=40).flat_map(|width| [1, 2, 3, 17, 64].map(|height| (width, height))) {
        let seed = u64::from(width * 100 + height);
        let pixels = if seed.is_multiple_of(3) {
            draw(Picture::Noise, (width, height), seed)
        } else {
            patches((width, height), seed)
        };
        let found = encode(&gpu, &mut encoder, &pixels, (width, height), Room::Plenty);
        assert_same(&found, &segments_of(&pixels, (width, height)), &format!("{width}x{height}"));
    }
}

/// Rows that stand for themselves, each on a line of a sheet: what is filtered is what is asked for.
fn compare_rows(gpu: &Gpu, encoder: &mut PngEncoder, rows: &[Vec<u8>], what: &str) {
    let width = rows.iter().map(Vec::len).max().expect("some").div_ceil(3) as u32;
    let mut segments = Vec::new();
    let mut sheet = Vec::new();
    let mut expected = Vec::new();
    for (y, row) in (0..).zip(rows) {
        let mut filtered = row.clone();
        filtered.resize(row.len().next_multiple_of(3), 9);
        let own_width = filtered.len() as u32 / 3;
        let mut pixels = unfilter(&filtered, own_width);
        expected.extend(segments_of(&pixels, (own_width, 1)));
        segments.push(PngSegment { x: 0, y, width: own_width, rows: 1 });
        pixels.resize(width as usize * 4, 77);
        sheet.extend(pixels);
    }
    let sheet = Sheet::new(gpu, (width, rows.len() as u32), &sheet);
    let found = encoder.encode_now(&gpu.device, &gpu.queue, &sheet.view, &segments, Room::Plenty).expect("encoded");
    assert_same(&found, &expected, what);
}

#[test]
fn runs_of_every_length_at_every_place_are_right() {
    let _turn = gpu_turn();
    let gpu = Gpu::open();
    let mut encoder = PngEncoder::new(&gpu.device);
    // After the filter's number and so many literals; a last literal, and not always a whole group of eight.
    let row = |literals: usize, run: usize, after: usize| [vec![7; literals], vec![0; run], vec![5; after]].concat();
    let short = (0..8).flat_map(|literals| (1..40).map(move |run| (literals, run)));
    let matches = (0..8).flat_map(|literals| (250..275).chain(508..532).map(move |run| (literals, run)));
    let tile = TILE_BYTES as usize;
    let long = [0, 1, 6, 7, tile - 9, tile - 8, tile - 2, tile - 1, tile, tile + 6].into_iter().flat_map(|literals| {
        let lengths =
            [1, 2, 7, 8, 9, 16, 257, 258, 259, 260, 263, 264, 265, 517, 776, tile - 1, tile, tile + 1, tile + 8];
        lengths.into_iter().chain(tile * 2 - 9..tile * 2 + 9).map(move |run| (literals, run))
    });
    let places: Vec<(usize, usize)> = short.chain(matches).chain(long).collect();
    for after in 0..=9 {
        let rows: Vec<_> = places.iter().map(|(literals, run)| row(*literals, *run, after)).collect();
        // Beyond what the widths of images round up to, the rows end with a few literals.
        compare_rows(&gpu, &mut encoder, &rows, &format!("runs with {after} after"));
    }
    // Several runs in a row, with one literal between or none but where fdeflate sees none.
    let mut random = Random(4);
    let rows: Vec<Vec<u8>> = (0..400)
        .map(|_| {
            let mut row = Vec::new();
            while row.len() < 5000 {
                let longest = [4, 12, 30, 300, 1500][random.below(5) as usize];
                row.resize(row.len() + random.below(longest) as usize, 0);
                row.extend(std::iter::repeat_n(random.next() as u8, random.below(4) as usize));
            }
            row
        })
        .collect();
    compare_rows(&gpu, &mut encoder, &rows, "runs by chance");
}

#[test]
fn the_widest_images_are_right() {
    let _turn = gpu_turn();
    let gpu = Gpu::open();
    let mut encoder = PngEncoder::new(&gpu.device);
    // SwiftShader's textures end at 8,192. From 10,923 pixels on, a band has more than 256 tiles.
    let width = gpu.device.limits().max_texture_dimension_2d.min(16_384);
    let size = (width, 33);
    let gradient = (0..width * 33).flat_map(|at| [(at % width / 9) as u8, (at / width * 3) as u8, 40, 255]);
    let all = [
        ("flat", draw(Picture::Flat([200, 0, 1]), size, 0)),
        ("black", draw(Picture::Flat([0; 3]), size, 0)),
        ("gradient", gradient.collect()),
        ("patches", patches(size, 5)),
        ("card", draw(Picture::Card, size, 3)),
        ("noise", draw(Picture::Noise, size, 3)),
    ];
    for (what, pixels) in all {
        let found = encode(&gpu, &mut encoder, &pixels, size, Room::Plenty);
        assert_same(&found, &segments_of(&pixels, size), what);
    }
    let tall = (3, width);
    let pixels = patches(tall, 8);
    let found = encode(&gpu, &mut encoder, &pixels, tall, Room::Plenty);
    assert_same(&found, &segments_of(&pixels, tall), "tall");
}

#[test]
fn product_cards_are_the_cpus() {
    let _turn = gpu_turn();
    let gpu = Gpu::open();
    let mut encoder = PngEncoder::new(&gpu.device);
    let campaign = product_card();
    let mut painter = painter(&campaign);
    let mut compared = 0;
    for laid in lay_out_rows(&campaign, |row| row < 3) {
        let bitmap = paint(&mut painter, std::slice::from_ref(&laid.canvas)).remove(0);
        let size = (bitmap.size().width, bitmap.size().height);
        let found = encode(&gpu, &mut encoder, bitmap.data(), size, Room::Plenty);
        assert_same(&found, &segments_of(bitmap.data(), size), &laid.key);
        assert_reads_as(&file(&found, size), bitmap.data(), size, &laid.key);
        compared += 1;
    }
    assert_eq!(compared, 9);
}

/// A canvas on a sheet of several.
struct Placed {
    at: (u32, u32),
    size: (u32, u32),
    pixels: Vec<u8>,
}

impl Placed {
    fn segments(&self) -> impl Iterator<Item = PngSegment> {
        bands_of_canvas(self.at, self.size, band_rows(self.size))
    }
}

/// A sheet of canvases below each other, with other pixels around them.
fn stack(gpu: &Gpu, canvases: &[Placed]) -> Sheet {
    let width = canvases.iter().map(|canvas| canvas.at.0 + canvas.size.0).max().expect("some") + 2;
    let height = canvases.iter().map(|canvas| canvas.at.1 + canvas.size.1).max().expect("some") + 3;
    let mut sheet = draw(Picture::Noise, (width, height), 77);
    for Placed { at, size, pixels } in canvases {
        let row_bytes = (size.0 * 4) as usize;
        for (row, pixels) in (at.1..).zip(pixels.chunks(row_bytes)) {
            let start = ((row * width + at.0) * 4) as usize;
            sheet[start..start + row_bytes].copy_from_slice(pixels);
        }
    }
    Sheet::new(gpu, (width, height), &sheet)
}

fn some_canvases() -> Vec<Placed> {
    let mut y = 5;
    (0..)
        .zip([(450, 90), (96, 333), (17, 64), (460, 1), (1, 40), (333, 147)])
        .map(|(nth, size): (u32, _)| {
            let pixels = match nth % 3 {
                0 => draw(Picture::Card, size, u64::from(nth)),
                1 => patches(size, u64::from(nth)),
                _ => draw(Picture::Noise, size, u64::from(nth)),
            };
            let canvas = Placed { at: (nth * 3, y), size, pixels };
            y += size.1 + nth;
            canvas
        })
        .collect()
}

fn expected(canvases: &[Placed]) -> Vec<Vec<u8>> {
    canvases.iter().flat_map(|canvas| segments_of(&canvas.pixels, canvas.size)).collect()
}

#[test]
fn canvases_of_a_sheet_know_nothing_of_each_other() {
    let _turn = gpu_turn();
    let gpu = Gpu::open();
    let canvases = some_canvases();
    let sheet = stack(&gpu, &canvases);
    let segments: Vec<_> = canvases.iter().flat_map(Placed::segments).collect();
    let expected = expected(&canvases);
    let encode =
        |encoder: &mut PngEncoder| encoder.encode_now(&gpu.device, &gpu.queue, &sheet.view, &segments, Room::Plenty);
    let mut encoder = PngEncoder::new(&gpu.device);
    assert_same(&encode(&mut encoder).expect("encoded"), &expected, "together");
    // As on an adapter whose buffers hold little: many chunks, and too little room for all at once.
    let mut small = PngEncoder::with_binding_bytes(&gpu.device, 100 << 10);
    assert_same(&encode(&mut small).expect("encoded"), &expected, "in chunks");
    let mut too_small = PngEncoder::with_binding_bytes(&gpu.device, 20 << 10);
    let bytes = canvases.iter().map(|canvas| u64::from((canvas.size.0 * 3 + 1) * canvas.size.1)).sum();
    assert_eq!(encode(&mut too_small), Err(PngError::TooMuch { segments: segments.len(), bytes }));
    // What an earlier sheet left in the buffers shows nowhere.
    let other = Sheet::new(&gpu, (16, 16), &[0; 16 * 16 * 4]);
    let segment = [PngSegment { x: 0, y: 0, width: 16, rows: 16 }];
    let black = encoder.encode_now(&gpu.device, &gpu.queue, &other.view, &segment, Room::Plenty).expect("encoded");
    assert_same(&black, &segments_of(&draw(Picture::Flat([0; 3]), (16, 16), 0), (16, 16)), "black");
    assert_same(&encode(&mut encoder).expect("encoded"), &expected, "again");
}

#[test]
fn several_encodings_may_be_on_their_way() {
    let _turn = gpu_turn();
    let gpu = Gpu::open();
    let mut encoder = PngEncoder::new(&gpu.device);
    let groups: Vec<Vec<Placed>> = some_canvases().into_iter().map(|canvas| vec![canvas]).collect();
    let sheets: Vec<Sheet> = groups.iter().map(|group| stack(&gpu, group)).collect();
    let mut on_their_way = Vec::new();
    for (group, sheet) in groups.iter().zip(&sheets) {
        let segments: Vec<_> = group[0].segments().collect();
        let mut commands = gpu.device.create_command_encoder(&Default::default());
        let options = EncodeOptions { room: Room::Bytes(1 << 20), before: None };
        let mut encoding =
            encoder.encode(&gpu.device, &gpu.queue, &mut commands, &sheet.view, &segments, options).expect("recorded");
        let submission = gpu.queue.submit([commands.finish()]);
        encoding.map();
        on_their_way.push((encoding, submission));
    }
    for (group, (encoding, submission)) in groups.iter().zip(on_their_way) {
        let encoded = encoding.finish(&gpu.device, &gpu.queue, submission).expect("finished");
        assert!(encoded.spilled().is_empty() && !encoded.is_empty());
        let bytes: Vec<Vec<u8>> = (0..encoded.len()).map(|n| encoded.bytes(n).expect("room").to_vec()).collect();
        assert_same(&bytes, &expected(group), "one of several");
    }
}

#[test]
fn what_finds_no_room_is_told_and_encoded_again() {
    let _turn = gpu_turn();
    let gpu = Gpu::open();
    let canvases = some_canvases();
    let sheet = stack(&gpu, &canvases);
    let segments: Vec<_> = canvases.iter().flat_map(Placed::segments).collect();
    let mut encoder = PngEncoder::new(&gpu.device);
    let all = expected(&canvases);
    let places: Vec<usize> = all.iter().map(|bytes| bytes.len().next_multiple_of(4)).collect();
    let needed: usize = places.iter().sum();
    let rooms = [0, 1, places[0] - 1, places[0], places[0] + 1, needed / 2, needed - 4, needed - 1, needed];
    for room in rooms.map(|bytes| bytes as u32) {
        let mut commands = gpu.device.create_command_encoder(&Default::default());
        let options = EncodeOptions { room: Room::Bytes(room), before: None };
        let encoding =
            encoder.encode(&gpu.device, &gpu.queue, &mut commands, &sheet.view, &segments, options).expect("recorded");
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
        let again = encoder.encode_now(&gpu.device, &gpu.queue, &sheet.view, &segments, Room::Bytes(room));
        assert_same(&again.expect("encoded"), &all, &format!("in {room} bytes at first"));
    }
}

#[test]
fn noise_finds_room_in_the_end() {
    let _turn = gpu_turn();
    let gpu = Gpu::open();
    let mut encoder = PngEncoder::new(&gpu.device);
    let size = (640, 480);
    // More than is expected after a blank sheet, and more than there is plenty of room for.
    let blank = draw(Picture::Flat([255; 3]), size, 0);
    let found = encode(&gpu, &mut encoder, &blank, size, Room::Plenty);
    assert_same(&found, &segments_of(&blank, size), "blank");
    let noise = draw(Picture::Noise, size, 3);
    let found = encode(&gpu, &mut encoder, &noise, size, Room::Plenty);
    assert_same(&found, &segments_of(&noise, size), "noise");
    assert!(found.iter().map(Vec::len).sum::<usize>() > 640 * 480 * 3, "noise found plenty of room");
}

#[test]
fn segments_without_pixels_are_refused() {
    let _turn = gpu_turn();
    let gpu = Gpu::open();
    let mut encoder = PngEncoder::new(&gpu.device);
    let sheet = Sheet::new(&gpu, (32, 32), &[0; 32 * 32 * 4]);
    let good = PngSegment { x: 16, y: 16, width: 16, rows: 16 };
    let bad = [
        PngSegment { width: 0, ..good },
        PngSegment { rows: 0, ..good },
        PngSegment { width: 17, ..good },
        PngSegment { rows: 17, ..good },
        PngSegment { x: u32::MAX, ..good },
        PngSegment { rows: u32::MAX, ..good },
    ];
    let mut encode =
        |segments: &[PngSegment]| encoder.encode_now(&gpu.device, &gpu.queue, &sheet.view, segments, Room::Plenty);
    assert_eq!(encode(&[]), Err(PngError::NoSegments));
    for segment in bad {
        assert_eq!(encode(&[good, segment]), Err(PngError::BadSegment { index: 1, segment }));
    }
    assert!(encode(&[good]).is_ok());
}
