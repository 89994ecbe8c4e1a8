// Pass: jpeg_code. From coefficients to the bits of each segment.
//
// | in                  | what                                                                                |
// | group 0, binding 0  | GpuCodedChunk                                                                       |
// | group 0, binding 1  | GpuJpegSegment, all of the sheet                                                    |
// | group 0, binding 2  | GpuJpegSettings                                                                     |
// | group 0, binding 3  | coefficients, from jpeg_transform                                                   |
// | out                 |                                                                                     |
// | group 0, binding 4  | bits: the first of a word is its highest; BLOCK_PACKED_WORDS words for every block  |
// | group 0, binding 5  | GpuCodedSize of each segment, but for the offset                                    |
//
// A workgroup takes one segment, 64 blocks at a time: workgroup x counts segments.
//
//   measure            prefix sum          pack                     flush
//   bits of        ──> first bit of   ──>  OR of codes into    ──>  whole words out, 0xff counted;
//   each block         each block          workgroup memory         the last bits stay for the next 64 blocks
//
// The last byte is filled up with ones (T.81, F.1.2.3).

@group(0) @binding(0) var<uniform> chunk: GpuCodedChunk;
@group(0) @binding(1) var<storage, read> segments: array<GpuJpegSegment>;
@group(0) @binding(2) var<storage, read> settings: array<GpuJpegSettings>;
@group(0) @binding(3) var<storage, read> coefficients: array<vec4<u32>>;
@group(0) @binding(4) var<storage, read_write> bits: array<u32>;
@group(0) @binding(5) var<storage, read_write> sizes: array<GpuCodedSize>;

const GROUP_SIZE: u32 = 64u;
const SCAN_BITS: u32 = 3u;

// The longest that 64 blocks can be, and 31 bits that were left.
const STAGE_WORDS: u32 = ((TILE_BLOCKS * BLOCK_BITS + 31u) >> 5u) + 1u;
var<workgroup> stage: array<atomic<u32>, STAGE_WORDS>;
var<workgroup> bytes_ff: atomic<u32>;

// A code and its length in bits, from bit 16 up.
fn dc_code(settings_index: u32, component: u32, size: u32) -> u32 {
    return settings[settings_index].dc_codes[component * 16u + size];
}

fn ac_code(settings_index: u32, component: u32, symbol: u32) -> u32 {
    return settings[settings_index].ac_codes[component * 256u + symbol];
}

// How many bits the block takes.
fn measure(block: Block, settings_index: u32) -> u32 {
    if !block.is_there {
        return 0u;
    }
    let dc_size = size_of(block.dc_difference);
    var length = (dc_code(settings_index, block.component, dc_size) >> 16u) + dc_size;
    let zero_run = ac_code(settings_index, block.component, ZERO_RUN) >> 16u;
    var before = 0u;
    for (var mask = block.mask; any(mask != vec2<u32>(0u)); mask = without_first(mask)) {
        let place = first_place(mask);
        let zeros = place - before - 1u;
        let size = size_of(coefficient(block, place));
        length += (zeros >> 4u) * zero_run;
        length += (ac_code(settings_index, block.component, ((zeros & 15u) << 4u) | size) >> 16u) + size;
        before = place;
    }
    if ends_with_zeros(block) {
        length += ac_code(settings_index, block.component, END_OF_BLOCK) >> 16u;
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

// A Huffman code, and the bits that follow it: the value, or one less than it where it is negative, in `size` bits.
// 1 to 27 bits together.
fn put_symbol(writer: ptr<function, Writer>, code: u32, value: i32, size: u32) {
    let extra = u32(value + (value >> 31u)) & ((1u << size) - 1u);
    let new_bits = ((code & 0xffffu) << size) | extra;
    let length = (code >> 16u) + size;
    let free = 32u - (*writer).used;
    if length < free {
        (*writer).pending |= new_bits << (free - length);
        (*writer).used += length;
        return;
    }
    let rest = length - free;
    atomicOr(&stage[(*writer).word], (*writer).pending | (new_bits >> rest));
    (*writer).word += 1u;
    (*writer).used = rest;
    // A shift by 32 is none at all.
    (*writer).pending = select(0u, new_bits << ((32u - rest) & 31u), rest > 0u);
}

// The same way as `measure`.
fn pack(block: Block, settings_index: u32, first_bit: u32) {
    if !block.is_there {
        return;
    }
    var writer = Writer(first_bit >> 5u, first_bit & 31u, 0u);
    let dc_size = size_of(block.dc_difference);
    put_symbol(&writer, dc_code(settings_index, block.component, dc_size), block.dc_difference, dc_size);
    var before = 0u;
    for (var mask = block.mask; any(mask != vec2<u32>(0u)); mask = without_first(mask)) {
        let place = first_place(mask);
        let value = coefficient(block, place);
        let size = size_of(value);
        var zeros = place - before - 1u;
        for (; zeros > 15u; zeros -= 16u) {
            put_symbol(&writer, ac_code(settings_index, block.component, ZERO_RUN), 0, 0u);
        }
        put_symbol(&writer, ac_code(settings_index, block.component, (zeros << 4u) | size), value, size);
        before = place;
    }
    if ends_with_zeros(block) {
        put_symbol(&writer, ac_code(settings_index, block.component, END_OF_BLOCK), 0, 0u);
    }
    if writer.pending != 0u {
        atomicOr(&stage[writer.word], writer.pending);
    }
}

@compute @workgroup_size(64)
fn cs_main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let segment_index = chunk.first_segment + group.x;
    let segment = segments[segment_index];
    let settings_index = segment.settings;
    let subsampling = settings[settings_index].subsampling;
    let block_count = segment.mcus * blocks_of_mcu(subsampling);

    let used_words = ((min(block_count, TILE_BLOCKS) * BLOCK_BITS + 31u) >> 5u) + 1u;
    for (var i = local; i < used_words; i += GROUP_SIZE) {
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
    for (var tile = 0u; tile < block_count; tile += TILE_BLOCKS) {
        let block = load_block(segment, subsampling, tile + local);
        let sums = prefix_sum(local, measure(block, settings_index));
        pack(block, settings_index, waiting + sums.x);
        workgroupBarrier();

        let end = waiting + sums.y;
        let whole = end >> 5u;
        let rest = atomicLoad(&stage[whole]);
        workgroupBarrier();
        for (var i = local; i <= whole; i += GROUP_SIZE) {
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
        sizes[segment_index] = GpuCodedSize(packed_bytes, packed_bytes + all_ff, 0u, 0u);
    }
}
