//! Promises for any filtered bytes, size, place and room; on failure the seed is printed.

use proptest::prelude::*;

use gravure::gpu::png::{PngEncoder, Room, bands_of_canvas};

use super::oracle::{band_rows, segments_of, unfilter};
use super::{Placed, assert_same, patches, stack};
use crate::gpu_jpeg::device::Gpu;
use crate::gpu_jpeg::pictures::{self, Random, draw};
use crate::support::gpu_turn;

/// Bytes of runs of zeros and of other bytes, as long as each other or not.
fn filtered(length: usize, seed: u64) -> Vec<u8> {
    let mut random = Random(seed);
    let [zeros, others] = [(); 2].map(|()| [2, 6, 20, 100, 700][random.below(5) as usize]);
    let mut bytes = Vec::with_capacity(length);
    while bytes.len() < length {
        bytes.resize(bytes.len() + random.below(zeros) as usize, 0);
        let byte = if random.below(4) == 0 { random.next() as u8 } else { (random.below(7) as i8 - 3) as u8 };
        bytes.resize(bytes.len() + random.below(others) as usize, byte);
        bytes.push(random.next() as u8);
    }
    bytes.truncate(length);
    bytes
}

#[test]
fn any_picture_is_what_the_cpu_makes_of_it() {
    let _turn = gpu_turn();
    let gpu = Gpu::open();
    let encoder = std::cell::RefCell::new(PngEncoder::new(&gpu.device));
    let config = ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() };
    let inputs = (
        (1..300_u32, 1..120_u32),
        (0..5_u32, 0..5_u32),
        0..3_u32,
        any::<u64>(),
        prop_oneof![Just(Room::Plenty), (0..90_000_u32).prop_map(Room::Bytes)],
    );
    proptest!(config, |((size, at, kind, seed, room) in inputs)| {
        let pixels = match kind {
            0 => unfilter(&filtered((size.0 * size.1 * 3) as usize, seed), size.0),
            1 => patches(size, seed),
            _ => draw(pictures::ALL[(seed % 9) as usize], size, seed),
        };
        let canvases = [Placed { at, size, pixels }];
        let sheet = stack(&gpu, &canvases);
        let segments: Vec<_> = bands_of_canvas(at, size, band_rows(size)).collect();
        let found = encoder.borrow_mut().encode_now(&gpu.device, &gpu.queue, &sheet.view, &segments, room);
        assert_same(&found.expect("encoded"), &segments_of(&canvases[0].pixels, size), &format!("seed {seed}"));
    });
}
