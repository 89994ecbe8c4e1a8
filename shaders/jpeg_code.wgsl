// Pass: jpeg_code. From coefficients to the bits of each segment.
//
// | in                  | what                                                                                |
// | group 0, binding 0  | GpuJpegChunk                                                                        |
// | group 0, binding 1  | GpuJpegSegment, all of the sheet                                                    |
// | group 0, binding 2  | GpuJpegSettings                                                                     |
// | group 0, binding 3  | coefficients, from jpeg_transform                                                   |
// | out                 |                                                                                     |
// | group 0, binding 4  | bits: the first of a word is its highest; BLOCK_PACKED_WORDS words for every block  |
// | group 0, binding 5  | GpuJpegSize of each segment, but for the offset                                     |
//
// A workgroup takes one segment, 32 blocks at a time: workgroup x counts segments.
//
//   measure            prefix sum          pack                     flush
//   bits of 8     ──>  first bit of  ──>   OR of codes into    ──>  whole words out, 0xff counted;
//   coefficients       each strip          workgroup memory         the last bits stay for the next 32 blocks
//
// The last byte is filled up with ones (T.81, F.1.2.3).

@group(0) @binding(0) var<uniform> chunk: GpuJpegChunk;
@group(0) @binding(1) var<storage, read> segments: array<GpuJpegSegment>;
@group(0) @binding(2) var<storage, read> settings: array<GpuJpegSettings>;
@group(0) @binding(3) var<storage, read> coefficients: array<vec4<u32>>;
@group(0) @binding(4) var<storage, read_write> bits: array<u32>;
@group(0) @binding(5) var<storage, read_write> sizes: array<GpuJpegSize>;

// The longest that 32 blocks can be, and 31 bits that were left: 32 × 1,665 + 31 bits.
const STAGE_WORDS: u32 = 1666u;
var<workgroup> stage: array<atomic<u32>, 1666>;
var<workgroup> bytes_ff: atomic<u32>;

// A code and its length in bits, from bit 16 up.
fn dc_code(settings_index: u32, component: u32, size: u32) -> u32 {
    return settings[settings_index].dc_codes[component * 16u + size];
}

fn ac_code(settings_index: u32, component: u32, symbol: u32) -> u32 {
    return settings[settings_index].ac_codes[component * 256u + symbol];
}

// How many bits the strip takes.
fn measure(strip: Strip, place_before: u32, settings_index: u32) -> u32 {
    var length = 0u;
    if strip.is_there && strip.index == 0u {
        let size = size_of(strip.dc_difference);
        length += (dc_code(settings_index, strip.component, size) >> 16u) + size;
    }
    var before = place_before;
    for (var mask = strip.mask; mask != 0u; mask &= mask - 1u) {
        let j = firstTrailingBit(mask);
        let zeros = strip.index * 8u + j - before - 1u;
        let size = size_of(coefficient(strip.words, j));
        length += (zeros >> 4u) * (ac_code(settings_index, strip.component, ZERO_RUN) >> 16u);
        length += (ac_code(settings_index, strip.component, ((zeros & 15u) << 4u) | size) >> 16u) + size;
        before += zeros + 1u;
    }
    if ends_with_zeros(strip) {
        length += ac_code(settings_index, strip.component, END_OF_BLOCK) >> 16u;
    }
    return length;
}

// Bits on their way to `stage`.
struct Writer {
    // Word of the stage, and how many of its bits came before.
    word: u32,
    used: u32,
    pending: u32,
}

// `length`: 1 to 27.
fn put(writer: ptr<function, Writer>, code: u32, length: u32) {
    let free = 32u - (*writer).used;
    if length < free {
        (*writer).pending |= code << (free - length);
        (*writer).used += length;
        return;
    }
    let rest = length - free;
    atomicOr(&stage[(*writer).word], (*writer).pending | (code >> rest));
    (*writer).word += 1u;
    (*writer).used = rest;
    (*writer).pending = select(0u, code << ((32u - rest) & 31u), rest > 0u);
}

// A Huffman code with the bits that follow it.
fn put_symbol(writer: ptr<function, Writer>, code: u32, size: u32, extra: u32) {
    put(writer, ((code & 0xffffu) << size) | extra, (code >> 16u) + size);
}

// The same way as `measure`.
fn pack(strip: Strip, place_before: u32, settings_index: u32, first_bit: u32) {
    var writer = Writer(first_bit >> 5u, first_bit & 31u, 0u);
    if strip.is_there && strip.index == 0u {
        let size = size_of(strip.dc_difference);
        put_symbol(&writer, dc_code(settings_index, strip.component, size), size, extra_bits(strip.dc_difference, size));
    }
    var before = place_before;
    for (var mask = strip.mask; mask != 0u; mask &= mask - 1u) {
        let j = firstTrailingBit(mask);
        let value = coefficient(strip.words, j);
        let zeros = strip.index * 8u + j - before - 1u;
        let size = size_of(value);
        for (var run = zeros >> 4u; run > 0u; run -= 1u) {
            put_symbol(&writer, ac_code(settings_index, strip.component, ZERO_RUN), 0u, 0u);
        }
        let code = ac_code(settings_index, strip.component, ((zeros & 15u) << 4u) | size);
        put_symbol(&writer, code, size, extra_bits(value, size));
        before += zeros + 1u;
    }
    if ends_with_zeros(strip) {
        put_symbol(&writer, ac_code(settings_index, strip.component, END_OF_BLOCK), 0u, 0u);
    }
    if writer.pending != 0u {
        atomicOr(&stage[writer.word], writer.pending);
    }
}

@compute @workgroup_size(256)
fn cs_main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let segment_index = chunk.first_segment + group.x;
    let segment = segments[segment_index];
    let settings_index = segment.settings;
    let subsampling = settings[settings_index].subsampling;
    let tiles = (segment.mcus * blocks_of_mcu(subsampling) + TILE_BLOCKS - 1u) / TILE_BLOCKS;

    for (var i = local; i < STAGE_WORDS; i += 256u) {
        atomicStore(&stage[i], 0u);
    }
    if local == 0u {
        atomicStore(&bytes_ff, 0u);
    }
    let first_word = segment.first_block * BLOCK_PACKED_WORDS;
    // Words written, and bits that wait in the first word of the stage.
    var written = 0u;
    var waiting = 0u;
    var found_ff = 0u;
    for (var tile = 0u; tile < tiles; tile += 1u) {
        let strip = load_strip(segment, subsampling, tile, local);
        workgroupBarrier();
        let before = place_before(strip, local);
        let sums = prefix_sum(local, measure(strip, before, settings_index));
        pack(strip, before, settings_index, waiting + sums.x);
        workgroupBarrier();

        let end = waiting + sums.y;
        let whole = end >> 5u;
        let rest = atomicLoad(&stage[whole]);
        workgroupBarrier();
        for (var i = local; i <= whole; i += 256u) {
            let word = atomicExchange(&stage[i], 0u);
            if i < whole {
                bits[first_word + written + i] = word;
                found_ff += count_ff(word);
            }
        }
        workgroupBarrier();
        if local == 0u {
            atomicStore(&stage[0], rest);
        }
        written += whole;
        waiting = end & 31u;
    }
    atomicAdd(&bytes_ff, found_ff);
    workgroupBarrier();
    if local == 0u {
        let last_bytes = (waiting + 7u) >> 3u;
        var all_ff = atomicLoad(&bytes_ff);
        if waiting > 0u {
            let fill = (1u << (last_bytes * 8u - waiting)) - 1u;
            let word = atomicLoad(&stage[0]) | (fill << (32u - last_bytes * 8u));
            bits[first_word + written] = word;
            all_ff += count_ff(word);
        }
        let packed_bytes = written * 4u + last_bytes;
        sizes[segment_index] = GpuJpegSize(packed_bytes, packed_bytes + all_ff, 0u, 0u);
    }
}
