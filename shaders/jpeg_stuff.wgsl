// Pass: jpeg_stuff. From the bits of each segment to its finished bytes, one segment behind the other.
//
// | in                  | what                                                                   |
// | group 0, binding 0  | GpuCodedChunk                                                          |
// | group 0, binding 1  | GpuJpegSegment, all of the sheet                                       |
// | group 0, binding 2  | bits, from jpeg_code                                                   |
// | group 0, binding 3  | GpuCodedSize of each segment, with the offset from coded_place         |
// | out                 |                                                                        |
// | group 0, binding 4  | output: its bytes, from data_word on; the first of a word is its lowest |
//
// A zero goes behind each 0xff, so that decoders do not take it for a marker (T.81, F.1.2.3).
//
// A workgroup takes one segment, 64 words at a time: workgroup x counts segments.
//
//   expand              prefix sum         place                      flush
//   4 bytes become ──>  first byte    ──>  OR into workgroup    ──>   whole words out;
//   4 to 8              of each word       memory                     the last bytes stay for the next 64 words

@group(0) @binding(0) var<uniform> chunk: GpuCodedChunk;
@group(0) @binding(1) var<storage, read> segments: array<GpuJpegSegment>;
@group(0) @binding(2) var<storage, read> bits: array<u32>;
@group(0) @binding(3) var<storage, read> sizes: array<GpuCodedSize>;
@group(0) @binding(4) var<storage, read_write> output: array<u32>;

const SCAN_BITS: u32 = 3u;
const TILE_WORDS: u32 = 64u;
// A tile twice as long, and three bytes that were left.
const STAGE_WORDS: u32 = TILE_WORDS * 2u + 1u;
var<workgroup> stage: array<atomic<u32>, STAGE_WORDS>;

// Up to eight bytes, the first one lowest.
struct Expanded {
    low: u32,
    high: u32,
    length: u32,
}

fn expand(word: u32, bytes: u32) -> Expanded {
    var to: Expanded;
    for (var i = 0u; i < bytes; i += 1u) {
        let byte = (word >> (24u - i * 8u)) & 0xffu;
        let shift = (to.length & 3u) * 8u;
        to.low |= select(0u, byte << shift, to.length < 4u);
        to.high |= select(byte << shift, 0u, to.length < 4u);
        to.length += select(1u, 2u, byte == 0xffu);
    }
    return to;
}

fn place(expanded: Expanded, first_byte: u32) {
    let word = first_byte >> 2u;
    let shift = (first_byte & 3u) * 8u;
    atomicOr(&stage[word], expanded.low << shift);
    // A shift by 32 is none at all.
    let carried = select(expanded.low >> ((32u - shift) & 31u), 0u, shift == 0u);
    let second = carried | (expanded.high << shift);
    if second != 0u {
        atomicOr(&stage[word + 1u], second);
    }
    let third = select(expanded.high >> ((32u - shift) & 31u), 0u, shift == 0u);
    if third != 0u {
        atomicOr(&stage[word + 2u], third);
    }
}

@compute @workgroup_size(64)
fn cs_main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let segment_index = chunk.first_segment + group.x;
    let size = sizes[segment_index];
    if size.offset == SPILLED {
        return;
    }
    let first_word = segments[segment_index].first_block * BLOCK_PACKED_WORDS;
    let to = chunk.data_word + (size.offset >> 2u);
    let words = (size.detail + 3u) >> 2u;

    for (var i = local; i < STAGE_WORDS; i += TILE_WORDS) {
        atomicStore(&stage[i], 0u);
    }
    workgroupBarrier();
    // Words written, and bytes that wait in the first word of the stage.
    var written = 0u;
    var waiting = 0u;
    for (var tile = 0u; tile < words; tile += TILE_WORDS) {
        var expanded: Expanded;
        let i = tile + local;
        if i < words {
            expanded = expand(bits[first_word + i], min(size.detail - i * 4u, 4u));
        }
        let sums = prefix_sum(local, expanded.length);
        place(expanded, waiting + sums.x);
        workgroupBarrier();

        let end = waiting + sums.y;
        let whole = end >> 2u;
        let rest = atomicLoad(&stage[whole]);
        workgroupBarrier();
        for (var i = local; i <= whole; i += TILE_WORDS) {
            let word = atomicExchange(&stage[i], 0u);
            if i < whole {
                output[to + written + i] = word;
            }
        }
        workgroupBarrier();
        if local == 0u {
            atomicStore(&stage[0], rest);
        }
        written += whole;
        waiting = end & 3u;
    }
    if local == 0u && waiting > 0u {
        output[to + written] = atomicLoad(&stage[0]);
    }
}
