// Shared by the passes that look at coefficients as symbols: jpeg_code writes them, jpeg_count counts them.
//
// How a block becomes symbols (ITU-T T.81, F.1.2): the difference of its DC from the one before of the same component;
// then, for each AC that is not zero, how many zeros come before it and how large it is. 16 zeros in a row are a
// symbol of their own (ZRL), and so is the end of the block where zeros end it (EOB).
//
// A workgroup of 256 takes 32 blocks at a time. An invocation looks at one strip: eight coefficients in zig-zag order.
// What it needs from the others is where the last coefficient before its strip stands that is not zero.

const TILE_BLOCKS: u32 = 32u;
const END_OF_BLOCK: u32 = 0x00u;
const ZERO_RUN: u32 = 0xf0u;

// A strip of a block.
struct Strip {
    words: vec4<u32>,
    // Bit j: coefficient j is not zero. Never set for DC.
    mask: u32,
    // Which of the block.
    index: u32,
    // 0: luma, 1: chroma.
    component: u32,
    // Of strip 0.
    dc_difference: i32,
    // Whether it is there: the last tile of a segment has fewer.
    is_there: bool,
}

// Bits from the one of the sign up: 0 for 0, 1 for ±1, 2 for ±2 and ±3, ...
fn size_of(value: i32) -> u32 {
    return 32u - countLeadingZeros(u32(abs(value)));
}

// What follows the code of a size: the value, or one less than it where it is negative, in so many bits.
fn extra_bits(value: i32, size: u32) -> u32 {
    return u32(value + (value >> 31u)) & ((1u << size) - 1u);
}

fn coefficient(words: vec4<u32>, index: u32) -> i32 {
    return extractBits(bitcast<i32>(words[index >> 1u]), (index & 1u) * 16u, 16u);
}

fn mask_of(words: vec4<u32>) -> u32 {
    let low = vec4<u32>(1u, 4u, 16u, 64u) * vec4<u32>((words & vec4<u32>(0xffffu)) != vec4<u32>(0u));
    let high = vec4<u32>(2u, 8u, 32u, 128u) * vec4<u32>((words >> vec4<u32>(16u)) != vec4<u32>(0u));
    let both = low | high;
    return both.x | both.y | both.z | both.w;
}

// How far back the block stands whose DC predicts that of block `block_in_mcu`.
fn prediction_distance(block_in_mcu: u32, subsampling: u32) -> u32 {
    if subsampling == SUBSAMPLING_444 {
        return 3u;
    }
    if block_in_mcu == 0u {
        return 3u;
    }
    return select(1u, 6u, block_in_mcu >= 4u);
}

// Where the last coefficient of each strip stands in its block that is not zero; −1: there is none. DC counts, zero
// or not: runs start behind it.
var<workgroup> last_places: array<i32, 256>;

fn load_strip(segment: GpuJpegSegment, subsampling: u32, tile: u32, local: u32) -> Strip {
    var strip: Strip;
    strip.index = local & 7u;
    let block = tile * TILE_BLOCKS + (local >> 3u);
    strip.is_there = block < segment.mcus * blocks_of_mcu(subsampling);
    if strip.is_there {
        let block_in_mcu = select(block % 3u, block % 6u, subsampling == SUBSAMPLING_420);
        let at = segment.first_block + block;
        strip.words = coefficients[at * 8u + strip.index];
        strip.mask = mask_of(strip.words);
        strip.component = select(0u, 1u, block_in_mcu >= blocks_of_mcu(subsampling) - 2u);
        if strip.index == 0u {
            strip.mask &= 0xfeu;
            strip.dc_difference = coefficient(strip.words, 0u);
            let distance = prediction_distance(block_in_mcu, subsampling);
            if block >= distance {
                strip.dc_difference -= coefficient(coefficients[(at - distance) * 8u], 0u);
            }
        }
    }
    let last = i32(strip.index * 8u + 31u - countLeadingZeros(strip.mask));
    last_places[local] = select(select(-1, 0, strip.index == 0u), last, strip.mask != 0u);
    return strip;
}

// Where the last coefficient before the strip stands. A barrier must come after `load_strip`.
fn place_before(strip: Strip, local: u32) -> u32 {
    var place = -1;
    for (var i = local; place < 0 && (i & 7u) > 0u; i -= 1u) {
        place = last_places[i - 1u];
    }
    return u32(max(place, 0));
}

fn ends_with_zeros(strip: Strip) -> bool {
    return strip.is_there && strip.index == 7u && (strip.mask & 0x80u) == 0u;
}
