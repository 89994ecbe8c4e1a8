//! Promises for any picture, size, quality, alpha and split into segments; on failure the seed is printed.

use proptest::prelude::*;

use gravure::gpu::jpeg::{JpegEncoder, JpegSettings, Room, segments_of_canvas};

use super::device::{Gpu, Sheet};
use super::pictures::{self, Picture, Random, draw};
use super::{SUBSAMPLINGS, assert_reads_like, columns, head, laid_over, turbo};
use crate::support::gpu_turn;

/// Rectangles of pictures of all kinds, some of them see-through.
fn collage(size: (u32, u32), seed: u64) -> Vec<u8> {
    let mut random = Random(seed);
    let mut pixels = draw(pictures::ALL[random.below(9) as usize], size, seed);
    for _ in 0..random.below(6) {
        let picture = match random.below(3) {
            0 => Picture::Flat(std::array::from_fn(|_| random.next() as u8)),
            _ => pictures::ALL[random.below(9) as usize],
        };
        let over = draw(picture, size, random.next());
        let [left, right] = [random.below(size.0), random.below(size.0) + 1];
        let [top, bottom] = [random.below(size.1), random.below(size.1) + 1];
        let alpha = if random.below(2) == 0 { 255 } else { random.below(256) };
        for (x, y) in (top..bottom).flat_map(|y| (left..right).map(move |x| (x, y))) {
            let at = ((y * size.0 + x) * 4) as usize;
            for channel in 0..3 {
                pixels[at + channel] = (u32::from(over[at + channel]) * alpha / 255) as u8;
            }
            pixels[at + 3] = alpha as u8;
        }
    }
    pixels
}

#[test]
fn any_picture_is_what_libjpeg_makes_of_it() {
    let _turn = gpu_turn();
    let gpu = Gpu::open();
    let encoder = std::cell::RefCell::new(JpegEncoder::new(&gpu.device));
    let config = ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() };
    let inputs = (
        (1..200_u32, 1..80_u32),
        1..=100_u8,
        0..2_usize,
        1..30_u32,
        any::<[u8; 3]>(),
        any::<u64>(),
        prop_oneof![Just(Room::Plenty), (0..9000_u32).prop_map(Room::Bytes)],
    );
    proptest!(config, |((size, quality, subsampling, segment_mcus, background, seed, room) in inputs)| {
        let subsampling = SUBSAMPLINGS[subsampling];
        let columns = columns(size.0, subsampling);
        let segment_mcus = (1..=segment_mcus.min(columns)).rev().find(|mcus| columns.is_multiple_of(*mcus)).expect("1 divides");
        let settings = JpegSettings { background, ..JpegSettings::new(quality, subsampling) };
        let pixels = collage(size, seed);
        let sheet = Sheet::new(&gpu, size, &pixels);
        let segments: Vec<_> = segments_of_canvas((0, 0), size, segment_mcus, subsampling, 0).collect();
        let bytes = encoder
            .borrow_mut()
            .encode_now(&gpu.device, &gpu.queue, &sheet.view, &segments, std::slice::from_ref(&settings), room)
            .expect("encoded");
        let file = head(&settings, size, segment_mcus).file(bytes.iter().map(Vec::as_slice));
        let flat = laid_over(&pixels, background);
        let expected = turbo::compress(&flat, size, quality, subsampling, segment_mcus, false);
        assert_reads_like(&file, &expected, &format!("seed {seed}"));
        prop_assert!(file == expected, "seed {seed}: {} bytes, not {}", file.len(), expected.len());
    });
}
