// Pass: jpeg_transform. From pixels to quantised coefficients.
//
// | in                  | what                                                                            |
// | group 0, binding 0  | GpuCodedChunk                                                                   |
// | group 0, binding 1  | GpuJpegSegment, all of the sheet                                                |
// | group 0, binding 2  | GpuJpegSettings                                                                 |
// | group 0, binding 3  | the sheet: premultiplied sRGB of 8 bits                                         |
// | out                 |                                                                                 |
// | group 0, binding 4  | coefficients: i16, two in a word, in zig-zag order; blocks in the order of coding |
//
// A workgroup takes 24 blocks of one segment: four MCUs of 4:2:0 or eight of 4:4:4. Workgroup x counts along the
// segment, y counts segments.
//
//   load        colour       chroma        rows         columns      divide         zig-zag
//   2 × 2 ──> Y, Cb, Cr ──> averages ──> DCT of 8 ──> DCT of 8 ──> and round ──> 8 in 4 words ──> coefficients
//   pixels                               192 invocations, eight for each block
//
// The numbers are libjpeg's, to the bit: colours by 16-bit fixed point (jccolor.c), averages of 2 × 2 with a bias
// that alternates between 1 and 2 (jcsample.c), the DCT of Loeffler, Ligtenberg and Moschytz with 13-bit constants
// ("Practical fast 1-D DCT algorithms with 11 multiplications", ICASSP 1989; jfdctint.c), and division with halves
// rounded away from zero, as a multiplication (jcdctmgr.c).

@group(0) @binding(0) var<uniform> chunk: GpuCodedChunk;
@group(0) @binding(1) var<storage, read> segments: array<GpuJpegSegment>;
@group(0) @binding(2) var<storage, read> settings: array<GpuJpegSettings>;
@group(0) @binding(3) var sheet: texture_2d<f32>;
@group(0) @binding(4) var<storage, read_write> coefficients: array<vec4<u32>>;

const GROUP_BLOCKS: u32 = 24u;
const GROUP_SIZE: u32 = 192u;

// The blocks at work. Nine words for each row of eight, so that rows and columns alike lie on different banks.
const ROW_WORDS: u32 = 9u;
const BLOCK_WORDS: u32 = 72u;
var<workgroup> blocks: array<i32, 1728>;

// Red, green and blue of a pixel over the background: c + (1 − a) · background, rounded to the nearest.
fn pixel(x: u32, y: u32, background: u32) -> vec3<i32> {
    let texel = vec4<u32>(textureLoad(sheet, vec2<u32>(x, y), 0) * 255.0 + 0.5);
    if texel.a == 255u {
        return vec3<i32>(texel.rgb);
    }
    let back = vec3<u32>(background & 0xffu, (background >> 8u) & 0xffu, (background >> 16u) & 0xffu);
    let over = texel.rgb + (back * (255u - texel.a) + 127u) / 255u;
    return vec3<i32>(min(over, vec3<u32>(255u)));
}

// Constants of jccolor.c: shares of 65,536, and half of it for rounding; Cb and Cr are around 128.
fn luma(c: vec3<i32>) -> i32 {
    return (19595 * c.r + 38470 * c.g + 7471 * c.b + 32768) >> 16u;
}

fn chroma(c: vec3<i32>) -> vec2<i32> {
    let blue = (-11059 * c.r - 21709 * c.g + 32768 * c.b + 8421375) >> 16u;
    let red = (32768 * c.r - 27439 * c.g - 5329 * c.b + 8421375) >> 16u;
    return vec2<i32>(blue, red);
}

// Samples are around 0 from here on.
fn put_sample(block: u32, row: u32, column: u32, sample: i32) {
    blocks[block * BLOCK_WORDS + row * ROW_WORDS + column] = sample - 128;
}

// Two by two pixels of an MCU of 4:2:0. Columns beyond the image repeat its last one. Rows: luma repeats the last
// row, but chroma repeats the last row of averages, which is not the same where the height is even.
fn load_quad(segment: GpuJpegSegment, background: u32, mcu_in_group: u32, mcu: u32, quad: vec2<u32>) {
    let left = min(segment.x + mcu * 16u + quad.x * 2u, segment.right);
    let right = min(left + 1u, segment.right);
    let last_pair = (segment.bottom - segment.y) >> 1u;
    let upper = segment.y + min(quad.y, last_pair) * 2u;
    let lower = min(upper + 1u, segment.bottom);
    let c00 = pixel(left, upper, background);
    let c10 = pixel(right, upper, background);
    let c01 = pixel(left, lower, background);
    let c11 = pixel(right, lower, background);

    let first = mcu_in_group * 6u;
    let block = first + (quad.y >> 2u) * 2u + (quad.x >> 2u);
    let row = (quad.y & 3u) * 2u;
    let column = (quad.x & 3u) * 2u;
    let y01 = luma(c01);
    let y11 = luma(c11);
    let is_below = quad.y > last_pair;
    put_sample(block, row, column, select(luma(c00), y01, is_below));
    put_sample(block, row, column + 1u, select(luma(c10), y11, is_below));
    put_sample(block, row + 1u, column, y01);
    put_sample(block, row + 1u, column + 1u, y11);

    let bias = 1 + i32(quad.x & 1u);
    let average = (chroma(c00) + chroma(c10) + chroma(c01) + chroma(c11) + bias) >> vec2<u32>(2u);
    put_sample(first + 4u, quad.y, quad.x, average.x);
    put_sample(first + 5u, quad.y, quad.x, average.y);
}

// One pixel of an MCU of 4:4:4.
fn load_pixel(segment: GpuJpegSegment, background: u32, mcu_in_group: u32, mcu: u32, at: vec2<u32>) {
    let x = min(segment.x + mcu * 8u + at.x, segment.right);
    let color = pixel(x, min(segment.y + at.y, segment.bottom), background);
    let first = mcu_in_group * 3u;
    let c = chroma(color);
    put_sample(first, at.y, at.x, luma(color));
    put_sample(first + 1u, at.y, at.x, c.x);
    put_sample(first + 2u, at.y, at.x, c.y);
}

struct Eight {
    a: vec4<i32>,
    b: vec4<i32>,
}

fn descale(x: vec4<i32>, bits: u32) -> vec4<i32> {
    return (x + (1 << (bits - 1u))) >> vec4<u32>(bits);
}

// One-dimensional DCT, as jfdctint.c has it: results are √8 times a true one. Rows are left 4 times larger still
// (`is_column` false), which columns take back.
fn dct(in: Eight, is_column: bool) -> Eight {
    let sum = in.a + in.b.wzyx;
    let difference = in.a - in.b.wzyx;

    // Even part.
    let outer = sum.xy + sum.wz;
    let inner = sum.xy - sum.wz;
    let z1 = (inner.x + inner.y) * 4433;
    var even = vec4<i32>(outer.x + outer.y, z1 + inner.x * 6270, outer.x - outer.y, z1 - inner.y * 15137);

    // Odd part: `difference` is 0 − 7, 1 − 6, 2 − 5, 3 − 4.
    let d = difference;
    let z5 = (d.w + d.y + d.z + d.x) * 9633;
    let z17 = (d.w + d.x) * -7373;
    let z26 = (d.z + d.y) * -20995;
    let z35 = (d.w + d.y) * -16069 + z5;
    let z48 = (d.z + d.x) * -3196 + z5;
    var odd = vec4<i32>(
        d.x * 12299 + z17 + z48,
        d.y * 25172 + z26 + z35,
        d.z * 16819 + z26 + z48,
        d.w * 2446 + z17 + z35,
    );

    if is_column {
        let straight = descale(even, 2u);
        let turned = descale(even, 15u);
        even = vec4<i32>(straight.x, turned.y, straight.z, turned.w);
        odd = descale(odd, 15u);
    } else {
        let turned = descale(even, 11u);
        even = vec4<i32>(even.x << 2u, turned.y, even.z << 2u, turned.w);
        odd = descale(odd, 11u);
    }
    return Eight(vec4<i32>(even.x, odd.x, even.y, odd.y), vec4<i32>(even.z, odd.z, even.w, odd.w));
}

// Divides to the nearest, halves away from zero, and puts the result where zig-zag order wants it.
fn put_quantised(block: u32, value: i32, divisor: vec2<u32>) {
    let product = (u32(abs(value)) + (divisor.y & 0xffffu)) * (divisor.x & 0xffffu);
    let magnitude = product >> (divisor.x >> 16u);
    let place = divisor.y >> 16u;
    blocks[block * BLOCK_WORDS + place + (place >> 3u)] = select(i32(magnitude), -i32(magnitude), value < 0);
}

// Luma blocks of an MCU of 4:2:0 that hold no pixel of the image have no AC, and the DC of the block coded before
// them, which costs least (jccoefct.c). Whose DC a block has; its own, if it holds a pixel.
fn dc_source(block_in_mcu: u32, is_beyond_right: bool, is_beyond_bottom: bool) -> u32 {
    let row = select(block_in_mcu >> 1u, 0u, is_beyond_bottom);
    let column = select(block_in_mcu & 1u, 1u, is_beyond_bottom && block_in_mcu >= 2u);
    return row * 2u + select(column, 0u, is_beyond_right);
}

fn pair(low: i32, high: i32) -> u32 {
    return (u32(low) & 0xffffu) | (u32(high) << 16u);
}

@compute @workgroup_size(192)
fn cs_main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let segment = segments[chunk.first_segment + group.y];
    let is_420 = settings[segment.settings].subsampling == SUBSAMPLING_420;
    let mcu_blocks = select(3u, 6u, is_420);
    let group_mcus = select(8u, 4u, is_420);
    let first_mcu = group.x * group_mcus;
    if first_mcu >= segment.mcus {
        return;
    }
    let background = settings[segment.settings].background;

    if is_420 {
        for (var i = local; i < 256u; i += GROUP_SIZE) {
            let mcu = min(first_mcu + (i >> 6u), segment.mcus - 1u);
            load_quad(segment, background, i >> 6u, mcu, vec2<u32>(i & 7u, (i >> 3u) & 7u));
        }
    } else {
        for (var i = local; i < 512u; i += GROUP_SIZE) {
            let mcu = min(first_mcu + (i >> 6u), segment.mcus - 1u);
            load_pixel(segment, background, i >> 6u, mcu, vec2<u32>(i & 7u, (i >> 3u) & 7u));
        }
    }
    workgroupBarrier();

    let block = local >> 3u;
    let lane = local & 7u;
    let row = block * BLOCK_WORDS + lane * ROW_WORDS;
    var eight = Eight(
        vec4<i32>(blocks[row], blocks[row + 1u], blocks[row + 2u], blocks[row + 3u]),
        vec4<i32>(blocks[row + 4u], blocks[row + 5u], blocks[row + 6u], blocks[row + 7u]),
    );
    eight = dct(eight, false);
    blocks[row] = eight.a.x;
    blocks[row + 1u] = eight.a.y;
    blocks[row + 2u] = eight.a.z;
    blocks[row + 3u] = eight.a.w;
    blocks[row + 4u] = eight.b.x;
    blocks[row + 5u] = eight.b.y;
    blocks[row + 6u] = eight.b.z;
    blocks[row + 7u] = eight.b.w;
    workgroupBarrier();

    let column = block * BLOCK_WORDS + lane;
    eight = Eight(
        vec4<i32>(blocks[column], blocks[column + 9u], blocks[column + 18u], blocks[column + 27u]),
        vec4<i32>(blocks[column + 36u], blocks[column + 45u], blocks[column + 54u], blocks[column + 63u]),
    );
    eight = dct(eight, true);
    workgroupBarrier();

    let block_in_mcu = select(block % 3u, block % 6u, is_420);
    let is_chroma = block_in_mcu >= select(1u, 4u, is_420);
    let divisor = select(0u, 64u, is_chroma) + lane * 8u;
    put_quantised(block, eight.a.x, settings[segment.settings].divisors[divisor]);
    put_quantised(block, eight.a.y, settings[segment.settings].divisors[divisor + 1u]);
    put_quantised(block, eight.a.z, settings[segment.settings].divisors[divisor + 2u]);
    put_quantised(block, eight.a.w, settings[segment.settings].divisors[divisor + 3u]);
    put_quantised(block, eight.b.x, settings[segment.settings].divisors[divisor + 4u]);
    put_quantised(block, eight.b.y, settings[segment.settings].divisors[divisor + 5u]);
    put_quantised(block, eight.b.z, settings[segment.settings].divisors[divisor + 6u]);
    put_quantised(block, eight.b.w, settings[segment.settings].divisors[divisor + 7u]);
    workgroupBarrier();

    var words = vec4<u32>(
        pair(blocks[row], blocks[row + 1u]),
        pair(blocks[row + 2u], blocks[row + 3u]),
        pair(blocks[row + 4u], blocks[row + 5u]),
        pair(blocks[row + 6u], blocks[row + 7u]),
    );
    let mcu = first_mcu + select(block / 3u, block / 6u, is_420);
    if is_420 && !is_chroma {
        let is_beyond_right = segment.x + mcu * 16u + 8u > segment.right;
        let is_beyond_bottom = segment.y + 8u > segment.bottom;
        let source = dc_source(block_in_mcu, is_beyond_right, is_beyond_bottom);
        if source != block_in_mcu {
            let dc = blocks[(block - block_in_mcu + source) * BLOCK_WORDS];
            words = select(vec4<u32>(0u), vec4<u32>(u32(dc) & 0xffffu, 0u, 0u, 0u), lane == 0u);
        }
    }
    if mcu < segment.mcus {
        let block_in_chunk = segment.first_block + first_mcu * mcu_blocks + block;
        coefficients[block_in_chunk * 8u + lane] = words;
    }
}
