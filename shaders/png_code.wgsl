// Pass: png_code. From filtered bytes to finished segments, one behind the other.
//
// | in                  | what                                                                    |
// | group 0, binding 0  | GpuCodedChunk                                                           |
// | group 0, binding 1  | GpuPngSegment, all of the sheet                                         |
// | group 0, binding 2  | GpuPngCodes                                                             |
// | group 0, binding 3  | filtered bytes, from png_filter                                         |
// | group 0, binding 4  | GpuPngTile of each tile, from png_measure                               |
// | group 0, binding 5  | GpuCodedSize of each segment, with the offset from coded_place          |
// | out                 |                                                                         |
// | group 0, binding 6  | output: its bytes, from data_word on; zero before                       |
//
// A workgroup takes a tile, an invocation an eight. Workgroup x counts along the segment, y counts segments.
//
//   measure            prefix sum          pack                     flush
//   bits of        ──> first bit of   ──>  OR of codes into    ──>  words out; the first and the last may be
//   each eight         each eight          workgroup memory         shared with other tiles: OR
//
// The first tile writes the segment's head too, the last one what comes behind the codes.

@group(0) @binding(0) var<uniform> chunk: GpuCodedChunk;
@group(0) @binding(1) var<storage, read> segments: array<GpuPngSegment>;
@group(0) @binding(2) var<storage, read> codes: GpuPngCodes;
@group(0) @binding(3) var<storage, read> filtered: array<vec2<u32>>;
@group(0) @binding(4) var<storage, read> tiles: array<GpuPngTile>;
@group(0) @binding(5) var<storage, read> sizes: array<GpuCodedSize>;
@group(0) @binding(6) var<storage, read_write> output: array<atomic<u32>>;

const SCAN_BITS: u32 = 4u;
// No code of deflate has more than 15 bits for a byte; a head of up to 18 words, a match at the end, and the ends.
const STAGE_WORDS: u32 = TILE_WORDS * 2u;
var<workgroup> stage: array<atomic<u32>, STAGE_WORDS>;

// Bits on their way to `stage`.
struct Writer {
    // Word of the stage, and how many of its bits came before.
    word: u32,
    used: u32,
    pending: u32,
}

// Up to 31 bits.
fn put(writer: ptr<function, Writer>, bits: u32, length: u32) {
    let free = 32u - (*writer).used;
    (*writer).pending |= bits << (*writer).used;
    if length < free {
        (*writer).used += length;
        return;
    }
    atomicOr(&stage[(*writer).word], (*writer).pending);
    (*writer).word += 1u;
    (*writer).used = length - free;
    (*writer).pending = bits >> free;
}

fn finish(writer: ptr<function, Writer>) {
    if (*writer).pending != 0u {
        atomicOr(&stage[(*writer).word], (*writer).pending);
    }
}

fn put_at(bit: u32, bits: u32, length: u32) {
    var writer = Writer(bit >> 5u, bit & 31u, 0u);
    put(&writer, bits, length);
    finish(&writer);
}

@compute @workgroup_size(256)
fn cs_main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let segment_index = chunk.first_segment + group.y;
    let segment = segments[segment_index];
    let size = sizes[segment_index];
    let tile_count = tiles_of(segment);
    if group.x >= tile_count || size.offset == SPILLED {
        return;
    }
    let tile = tiles[segment.first_tile + group.x];
    start(local);
    for (var i = local; i < STAGE_WORDS; i += TILE_EIGHTS) {
        atomicStore(&stage[i], 0u);
    }
    workgroupBarrier();
    let tile_bytes = min(segment.bytes - group.x * TILE_BYTES, TILE_BYTES);
    let length = min(tile_bytes - min(local * 8u, tile_bytes), 8u);
    let bytes = filtered[(segment.first_tile + group.x) * TILE_EIGHTS + local];
    show(local, bytes.x, bytes.y, length);
    workgroupBarrier();

    var eight = look(local, bytes.x, bytes.y, length, tile.zeros_before > 0u);
    eight.before += select(0u, tile.zeros_before, eight.is_open_before);
    eight.after += select(0u, tile.zeros_after, eight.is_open_after);
    eight.is_open_before = false;
    eight.is_open_after = false;
    let found = codes_of(eight);
    let sums = prefix_sum(local, length_of_all(found));

    // The stage starts with the word where the tile's first bit is; in the first tile with the segment's head.
    let is_first = group.x == 0u;
    let first_word = select(tile.first_bit >> 5u, 0u, is_first);
    let first_bit = tile.first_bit - first_word * 32u;
    var writer = Writer((first_bit + sums.x) >> 5u, (first_bit + sums.x) & 31u, 0u);
    put(&writer, found.bits.x, found.lengths.x);
    put(&writer, found.bits.y, found.lengths.y);
    put(&writer, found.bits.z, found.lengths.z);
    put(&writer, found.bits.w, found.lengths.w);
    finish(&writer);
    if is_first {
        if local < 16u {
            atomicOr(&stage[2u + local], codes.head[local]);
        }
        if local == 0u {
            atomicOr(&stage[0], size.detail);
            atomicOr(&stage[1], segment.bytes);
        }
    }
    var words = (first_bit + sums.y + 31u) >> 5u;
    if group.x + 1u == tile_count {
        words = ((size.bytes + 3u) >> 2u) - first_word;
        if local == 0u {
            let end = codes.codes[END_OF_BLOCK];
            put_at(first_bit + sums.y, end & 0xffffffu, length_of(end));
            put_at((size.bytes - 2u) * 8u - first_word * 32u, 0xffffu, 16u);
        }
    }
    workgroupBarrier();
    let to = chunk.data_word + (size.offset >> 2u) + first_word;
    for (var i = local; i < words; i += TILE_EIGHTS) {
        let word = atomicLoad(&stage[i]);
        if i == 0u || i + 1u == words {
            atomicOr(&output[to + i], word);
        } else {
            atomicStore(&output[to + i], word);
        }
    }
}
