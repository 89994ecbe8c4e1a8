// Pass: png_measure. Where the bits of each tile start, and how long each segment is.
//
// | in                  | what                                                                        |
// | group 0, binding 0  | GpuCodedChunk                                                               |
// | group 0, binding 1  | GpuPngSegment, all of the sheet                                             |
// | group 0, binding 2  | GpuPngCodes                                                                 |
// | in and out          |                                                                             |
// | group 0, binding 3  | GpuPngTile of each tile, from png_filter: what is still missing is filled in |
// | out                 |                                                                             |
// | group 0, binding 4  | GpuCodedSize of each segment, with its Adler-32 sum, but for the offset     |
//
// A workgroup takes a segment, 256 tiles at a time: workgroup x counts segments.

@group(0) @binding(0) var<uniform> chunk: GpuCodedChunk;
@group(0) @binding(1) var<storage, read> segments: array<GpuPngSegment>;
@group(0) @binding(2) var<storage, read> codes: GpuPngCodes;
@group(0) @binding(3) var<storage, read_write> tiles: array<GpuPngTile>;
@group(0) @binding(4) var<storage, read_write> sizes: array<GpuCodedSize>;

const SCAN_BITS: u32 = 4u;
const GROUP_TILES: u32 = 256u;
// The largest prime below 2^16: https://www.rfc-editor.org/rfc/rfc1950, 8.2.
const MODULUS: u32 = 65521u;

var<workgroup> trailing: array<u32, GROUP_TILES>;

// Bits of the first `place` bytes of a run.
fn bits_before(place: u32, run: u32) -> u32 {
    if place == 0u {
        return 0u;
    }
    let zero_bits = length_of(codes.codes[0]);
    let longest = (run - 1u) / LONGEST_MATCH;
    let rest = run - 1u - longest * LONGEST_MATCH;
    let started = (place - 1u + LONGEST_MATCH - 1u) / LONGEST_MATCH;
    var bits = zero_bits + min(started, longest) * length_of(match_of(LONGEST_MATCH));
    if started > longest {
        let in_rest = place - 1u - longest * LONGEST_MATCH;
        if rest < SHORTEST_MATCH {
            bits += in_rest * zero_bits;
        } else {
            bits += length_of(match_of(rest));
        }
    }
    return bits;
}

// Bits of a run's part in a tile: bytes from `first` to before `end`.
fn bits_within(first: u32, end: u32, run: u32) -> u32 {
    return bits_before(end, run) - bits_before(first, run);
}

// The tile's bits. In its `leading`, zeros that no run goes on with are literals.
fn bits_of(tile: GpuPngTile) -> u32 {
    if tile.leading == TILE_BYTES {
        let end = tile.zeros_before + TILE_BYTES;
        return bits_within(tile.zeros_before, end, end + tile.zeros_after);
    }
    var bits = tile.bits + bits_within(0u, tile.trailing, tile.trailing + tile.zeros_after);
    if tile.zeros_before > 0u || tile.leading >= 8u {
        let end = tile.zeros_before + tile.leading;
        bits += bits_within(tile.zeros_before, end, end);
    } else {
        bits += tile.leading * length_of(codes.codes[0]);
    }
    return bits;
}

@compute @workgroup_size(256)
fn cs_main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let segment_index = chunk.first_segment + group.x;
    let segment = segments[segment_index];
    let tile_count = tiles_of(segment);

    // Of the tiles before those at hand: the run that they end with, and the bits up to their end.
    var zeros_before = 0u;
    var end_bit = 64u + codes.head_bits;
    var sum = 0u;
    var weighted_sum = 0u;
    for (var first = 0u; first < tile_count; first += GROUP_TILES) {
        clear_marks(local);
        workgroupBarrier();
        let index = first + local;
        let is_there = index < tile_count;
        var tile: GpuPngTile;
        if is_there {
            tile = tiles[segment.first_tile + index];
        }
        trailing[local] = tile.trailing;
        if tile.leading < TILE_BYTES {
            mark(local);
        }
        workgroupBarrier();
        let nearest = last_below(local);
        if nearest == NONE {
            tile.zeros_before = zeros_before + local * TILE_BYTES;
        } else {
            tile.zeros_before = (local - 1u - nearest) * TILE_BYTES + trailing[nearest];
        }
        var bits = 0u;
        if is_there {
            if index + 1u < tile_count {
                tile.zeros_after = tiles[segment.first_tile + index + 1u].leading;
            }
            bits = bits_of(tile);
            // Bytes from the end of the tile to the end of the segment.
            let behind = max(segment.bytes, (index + 1u) * TILE_BYTES) - (index + 1u) * TILE_BYTES;
            sum = (sum + tile.sum) % MODULUS;
            let weighted_by_all = tile.weighted_sum % MODULUS + (tile.sum % MODULUS) * (behind % MODULUS) % MODULUS;
            weighted_sum = (weighted_sum + weighted_by_all) % MODULUS;
        }
        let sums = prefix_sum(local, bits);
        if is_there {
            let index_in_chunk = segment.first_tile + index;
            tiles[index_in_chunk].first_bit = end_bit + sums.x;
            tiles[index_in_chunk].zeros_before = tile.zeros_before;
            tiles[index_in_chunk].zeros_after = tile.zeros_after;
        }
        let last = last_below(GROUP_TILES);
        if last == NONE {
            zeros_before += GROUP_TILES * TILE_BYTES;
        } else {
            zeros_before = (GROUP_TILES - 1u - last) * TILE_BYTES + trailing[last];
        }
        end_bit += sums.y;
        workgroupBarrier();
    }
    let all = prefix_sum(local, sum).y;
    workgroupBarrier();
    let all_weighted = prefix_sum(local, weighted_sum).y;
    if local == 0u {
        let a = (1u + all) % MODULUS;
        let b = (segment.bytes % MODULUS + all_weighted) % MODULUS;
        // The end of the block, three bits that start an empty one, and the rest of that on whole bytes.
        let bits = end_bit + length_of(codes.codes[END_OF_BLOCK]) + 3u;
        sizes[segment_index] = GpuCodedSize((b << 16u) | a, ((bits + 7u) >> 3u) + 4u, 0u, 0u);
    }
}
