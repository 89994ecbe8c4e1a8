// Shared by the passes that encode JPEG, after coded_common: what they are told.
//
//   sheet texture                                                     CPU: head + segments + RSTn + EOI = a file
//      │                                                                                               ▲
//      ▼                                                                                               │
//   jpeg_transform ──> coefficients ──> jpeg_code ──> bits ─────────────> jpeg_stuff ──> output ──> readback
//   pixels, DCT,       i16, zig-zag,    Huffman,      of each segment     0xff 0x00,     table and
//   quantisation       coding order     bit packing   at its own place    compaction     bytes, no gaps
//                           │               │                                 ▲
//                           ▼               └──> sizes ──> coded_place ──> offsets
//                      jpeg_count: how often each symbol occurs, to train Huffman tables (only when asked for)
//
// A *segment* is a restart interval: a run of MCUs within one row of MCUs. Nothing in the entropy-coded data reaches
// from one segment into another (ITU-T T.81, E.1.4), so segments are coded side by side, and each is useful alone.
//
// An *MCU* is what is coded together: 16 × 16 pixels and six blocks (Y Y Y Y Cb Cr) with 4:2:0, 8 × 8 pixels and
// three blocks (Y Cb Cr) with 4:4:4. A *block* is 8 × 8 coefficients.
//
// All arithmetic is in 32-bit integers, as libjpeg's is, so that a file comes out the same on every device.

// Where a segment's pixels are, and where its blocks go.
struct GpuJpegSegment {
    // First pixel, in the texture.
    x: u32,
    y: u32,
    mcus: u32,
    // Last column and row of the image, in the texture: MCUs that reach beyond repeat them.
    right: u32,
    bottom: u32,
    // Which of the settings.
    settings: u32,
    // Its first block among those of the chunk.
    first_block: u32,
    pad: u32,
}

// How a segment is coded.
struct GpuJpegSettings {
    // Divisors by component (0: Y, 1: Cb and Cr), column and row. First: reciprocal, and the shift from bit 16 up.
    // Second: what is added for rounding, and the coefficient's place in zig-zag order from bit 16 up.
    divisors: array<vec2<u32>, 128>,
    // Huffman codes by component, from bit 0 up, and their lengths from bit 16 up. Of differences of DC, by size.
    dc_codes: array<u32, 32>,
    // The same of AC, by zeros before (from bit 4 up) and size.
    ac_codes: array<u32, 512>,
    // What transparency is laid over: red from bit 0 up, green, blue.
    background: u32,
    // SUBSAMPLING_444 or SUBSAMPLING_420.
    subsampling: u32,
    pad: vec2<u32>,
}

const SUBSAMPLING_444: u32 = 0u;
const SUBSAMPLING_420: u32 = 1u;

// A block has at most a code of 16 bits and 11 more for DC, and 63 times 16 and 10 for AC: 1,665 bits.
const BLOCK_BITS: u32 = 1665u;
const BLOCK_PACKED_WORDS: u32 = 53u;

// Blocks of an MCU.
fn blocks_of_mcu(subsampling: u32) -> u32 {
    return select(3u, 6u, subsampling == SUBSAMPLING_420);
}

// Bytes of a word that are 0xff: the zero bytes of its complement (Henry S. Warren, "Hacker's Delight", 6-1).
fn count_ff(word: u32) -> u32 {
    let inverse = ~word;
    return countOneBits(~(((inverse & 0x7f7f7f7fu) + 0x7f7f7f7fu) | inverse | 0x7f7f7f7fu));
}
