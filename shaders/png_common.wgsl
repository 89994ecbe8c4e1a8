// Shared by the passes that encode PNG, after coded_common: what they are told and what they find out.
//
//   sheet texture                                                      CPU: head + segments + sums joined = a file
//      │                                                                                               ▲
//      ▼                                                                                               │
//   png_filter ──> filtered bytes ──────────────────────────────────> png_code ──> output ──> readback
//   Paeth                                                                ▲         table and bytes, no gaps
//      │                                                                 │
//      └──> tiles ──> png_measure ──> tiles: first bit of each ──────────┤
//           runs at their    │                                           │
//           edges, sums      └──> sizes ──> coded_place ──> offsets ─────┘
//
// A *segment* is a band of rows of an image. Its first row is filtered by Sub (1), the others by Paeth (4), with the
// filter's number before each row (https://www.w3.org/TR/png-3/#9Filters). It becomes:
//
//   [ Adler-32 sum | length  | block of deflate, not the last | empty stored block ]
//     4 bytes        4 bytes   head of 413 bits, codes            up to a whole byte, 0 0 0xff 0xff
//
// Sum and length are those of the filtered bytes, lowest byte first. Bits fill bytes from the lowest up.
//
// The block is what the crate fdeflate makes: fixed codes, and matches only within runs of zeros, at a distance of one
// (`GpuPngCodes` has both, and the head that tells them to a decoder). Where it sees a run is told in png_runs.
//
// A *tile* is 2,048 filtered bytes of a segment, the work of one workgroup. An *eight* is eight bytes, the work of an
// invocation; both count from the start of the segment, and the last ones have fewer bytes.
//
// All arithmetic is in 32-bit integers, so that a file comes out the same on every device.

// Where a segment's pixels are, and where its tiles go.
struct GpuPngSegment {
    // First pixel, in the texture.
    x: u32,
    y: u32,
    // In pixels.
    width: u32,
    rows: u32,
    // Its first tile among those of the chunk.
    first_tile: u32,
    // Filtered.
    bytes: u32,
    pad_a: u32,
    pad_b: u32,
}

// How filtered bytes are coded. A code stands from bit 0 up, its length in bits from bit 24 up.
struct GpuPngCodes {
    // Of each byte; from FIRST_MATCH on, of a match of SHORTEST_MATCH to LONGEST_MATCH zeros, with its distance; at
    // END_OF_BLOCK, of the end.
    codes: array<u32, 512>,
    // What the block starts with.
    head: array<u32, 16>,
    head_bits: u32,
    pad_a: u32,
    pad_b: u32,
    pad_c: u32,
}

// What is known of a tile.
struct GpuPngTile {
    // By png_filter. Bits of what lies between the runs at its edges.
    bits: u32,
    // Zeros at its start that belong to a run if the tile before ends with zeros, or if they are eight or more.
    leading: u32,
    // Bytes of the run at its end. Where the tile is one run, both are TILE_BYTES.
    trailing: u32,
    // Its bytes, summed; and each as often as there are bytes from it to the end of the tile.
    sum: u32,
    weighted_sum: u32,
    // By png_measure. From the start of the segment.
    first_bit: u32,
    // Bytes of the run before the tile; and after it as far as the next tile goes.
    zeros_before: u32,
    zeros_after: u32,
}

const TILE_BYTES: u32 = 2048u;
const TILE_WORDS: u32 = 512u;
const TILE_EIGHTS: u32 = 256u;

const FIRST_MATCH: u32 = 256u;
const SHORTEST_MATCH: u32 = 5u;
const LONGEST_MATCH: u32 = 258u;
const END_OF_BLOCK: u32 = 511u;

fn tiles_of(segment: GpuPngSegment) -> u32 {
    return (segment.bytes + TILE_BYTES - 1u) / TILE_BYTES;
}

fn length_of(code: u32) -> u32 {
    return code >> 24u;
}

fn match_of(zeros: u32) -> u32 {
    return codes.codes[FIRST_MATCH + zeros - SHORTEST_MATCH];
}
