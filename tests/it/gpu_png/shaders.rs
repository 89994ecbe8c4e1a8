//! The passes are valid WGSL, and their structs and constants agree with the Rust mirrors.

use std::mem::offset_of;

use gravure::gpu::coded::{GpuCodedChunk, GpuCodedSize};
use gravure::gpu::png::passes::sources;
use gravure::gpu::png::{
    END_OF_BLOCK, FIRST_MATCH, GpuPngCodes, GpuPngSegment, GpuPngTile, LONGEST_MATCH, SHORTEST_MATCH, TILE_BYTES,
};

use crate::gpu_jpeg::shaders::{assert_constants, assert_mirrors, assert_valid, layout, module};

#[test]
fn every_pass_is_valid_and_small_enough_for_every_adapter() {
    // With what they share: common, nearest, runs.
    assert_valid("png_", 3, &sources());
}

#[test]
fn structs_agree_with_their_mirrors() {
    let sources = sources();
    let (name, source) = &sources[0];
    let module = module(name, source);
    assert_mirrors!(&module, GpuPngSegment, [x, y, width, rows, first_tile, bytes, pad_a, pad_b]);
    assert_mirrors!(&module, GpuPngCodes, [codes, head, head_bits, pad_a, pad_b, pad_c]);
    assert_mirrors!(
        &module,
        GpuPngTile,
        [bits, leading, trailing, sum, weighted_sum, first_bit, zeros_before, zeros_after]
    );
    assert_mirrors!(
        &module,
        GpuCodedChunk,
        [first_segment, segments, table_word, data_word, capacity_bytes, pad_a, pad_b, pad_c]
    );
    assert_mirrors!(&module, GpuCodedSize, [detail, bytes, offset, pad]);
}

#[test]
fn constants_agree_with_their_mirrors() {
    let mirrors = [
        ("TILE_BYTES", TILE_BYTES),
        ("TILE_WORDS", TILE_BYTES / 4),
        ("TILE_EIGHTS", TILE_BYTES / 8),
        ("FIRST_MATCH", FIRST_MATCH),
        ("SHORTEST_MATCH", SHORTEST_MATCH),
        ("LONGEST_MATCH", LONGEST_MATCH),
        ("END_OF_BLOCK", END_OF_BLOCK),
    ];
    assert_constants(&sources(), &mirrors);
}
