// Shared by the passes that look at coefficients as symbols: jpeg_code writes them, jpeg_count counts them.
//
// How a block becomes symbols (ITU-T T.81, F.1.2): the difference of its DC from the one before of the same component;
// then, for each AC that is not zero, how many zeros come before it and how large it is. 16 zeros in a row are a
// symbol of their own (ZRL), and so is the end of the block where zeros end it (EOB).
//
// A workgroup takes 64 blocks at a time, an invocation one of them. It reads all 64 coefficients once, for a mask of
// those that are not zero (some five of 64 at quality 85), and from then on looks at those only. (Eight invocations
// for each block were tried: all of them idle but the first, and three times the work.)

const TILE_BLOCKS: u32 = 64u;
const END_OF_BLOCK: u32 = 0x00u;
const ZERO_RUN: u32 = 0xf0u;

struct Block {
    // Where its coefficients start: eight vectors of eight.
    at: u32,
    // Bit k: AC coefficient k, in zig-zag order, is not zero. 0 to 31, and 32 to 63.
    mask: vec2<u32>,
    // 0: luma, 1: chroma.
    component: u32,
    dc_difference: i32,
    // Whether it is there: the last tile of a segment has fewer.
    is_there: bool,
}

// Bits from the one of the sign up: 0 for 0, 1 for ±1, 2 for ±2 and ±3, ...
fn size_of(value: i32) -> u32 {
    return 32u - countLeadingZeros(u32(abs(value)));
}

fn coefficient(block: Block, place: u32) -> i32 {
    let word = coefficients[block.at + (place >> 3u)][(place >> 1u) & 3u];
    return extractBits(bitcast<i32>(word), (place & 1u) * 16u, 16u);
}

// Bit j: coefficient j of eight is not zero.
fn mask_of(words: vec4<u32>) -> u32 {
    let low = vec4<u32>(1u, 4u, 16u, 64u) * vec4<u32>((words & vec4<u32>(0xffffu)) != vec4<u32>(0u));
    let high = vec4<u32>(2u, 8u, 32u, 128u) * vec4<u32>((words >> vec4<u32>(16u)) != vec4<u32>(0u));
    let both = low | high;
    return both.x | both.y | both.z | both.w;
}

// How far back the block stands whose DC predicts that of block `block_in_mcu`.
fn prediction_distance(block_in_mcu: u32, subsampling: u32) -> u32 {
    if subsampling == SUBSAMPLING_444 || block_in_mcu == 0u {
        return 3u;
    }
    return select(1u, 6u, block_in_mcu >= 4u);
}

// Block `index` of a segment.
fn load_block(segment: GpuJpegSegment, subsampling: u32, index: u32) -> Block {
    var block = Block(0u, vec2<u32>(0u), 0u, 0, index < segment.mcus * blocks_of_mcu(subsampling));
    if block.is_there {
        let block_in_mcu = select(index % 3u, index % 6u, subsampling == SUBSAMPLING_420);
        block.at = (segment.first_block + index) * 8u;
        for (var i = 0u; i < 4u; i += 1u) {
            block.mask.x |= mask_of(coefficients[block.at + i]) << (i * 8u);
            block.mask.y |= mask_of(coefficients[block.at + 4u + i]) << (i * 8u);
        }
        block.mask.x &= 0xfffffffeu;
        block.component = select(0u, 1u, block_in_mcu >= blocks_of_mcu(subsampling) - 2u);
        block.dc_difference = coefficient(block, 0u);
        let distance = prediction_distance(block_in_mcu, subsampling);
        if index >= distance {
            block.dc_difference -= extractBits(bitcast<i32>(coefficients[block.at - distance * 8u].x), 0u, 16u);
        }
    }
    return block;
}

// The lowest place of a mask that is not empty.
fn first_place(mask: vec2<u32>) -> u32 {
    return select(32u + firstTrailingBit(mask.y), firstTrailingBit(mask.x), mask.x != 0u);
}

// The mask without its lowest place.
fn without_first(mask: vec2<u32>) -> vec2<u32> {
    return select(vec2<u32>(0u, mask.y & (mask.y - 1u)), vec2<u32>(mask.x & (mask.x - 1u), mask.y), mask.x != 0u);
}

fn ends_with_zeros(block: Block) -> bool {
    return (block.mask.y & 0x80000000u) == 0u;
}
