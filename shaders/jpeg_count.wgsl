// Pass: jpeg_count. How often each symbol occurs, to make Huffman tables that fit.
//
// | in                  | what                                                                             |
// | group 0, binding 0  | GpuCodedChunk                                                                    |
// | group 0, binding 1  | GpuJpegSegment, all of the sheet                                                 |
// | group 0, binding 2  | GpuJpegSettings                                                                  |
// | group 0, binding 3  | coefficients, from jpeg_transform                                                |
// | in and out          |                                                                                  |
// | group 0, binding 4  | counts by settings: 2 × 16 of DC, 2 × 256 of AC, as codes lie in GpuJpegSettings |
//
// A workgroup takes one segment, 64 blocks at a time: workgroup x counts segments. It counts in its own memory first.

@group(0) @binding(0) var<uniform> chunk: GpuCodedChunk;
@group(0) @binding(1) var<storage, read> segments: array<GpuJpegSegment>;
@group(0) @binding(2) var<storage, read> settings: array<GpuJpegSettings>;
@group(0) @binding(3) var<storage, read> coefficients: array<vec4<u32>>;
@group(0) @binding(4) var<storage, read_write> counts: array<atomic<u32>>;

const SYMBOLS: u32 = 544u;
const FIRST_AC: u32 = 32u;
var<workgroup> here: array<atomic<u32>, SYMBOLS>;

fn count_block(block: Block) {
    if !block.is_there {
        return;
    }
    atomicAdd(&here[block.component * 16u + size_of(block.dc_difference)], 1u);
    let first = FIRST_AC + block.component * 256u;
    var before = 0u;
    for (var mask = block.mask; any(mask != vec2<u32>(0u)); mask = without_first(mask)) {
        let place = first_place(mask);
        let zeros = place - before - 1u;
        if zeros > 15u {
            atomicAdd(&here[first + ZERO_RUN], zeros >> 4u);
        }
        atomicAdd(&here[first + (((zeros & 15u) << 4u) | size_of(coefficient(block, place)))], 1u);
        before = place;
    }
    if ends_with_zeros(block) {
        atomicAdd(&here[first + END_OF_BLOCK], 1u);
    }
}

@compute @workgroup_size(64)
fn cs_main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let segment = segments[chunk.first_segment + group.x];
    let subsampling = settings[segment.settings].subsampling;
    let block_count = segment.mcus * blocks_of_mcu(subsampling);
    for (var i = local; i < SYMBOLS; i += TILE_BLOCKS) {
        atomicStore(&here[i], 0u);
    }
    workgroupBarrier();
    for (var tile = 0u; tile < block_count; tile += TILE_BLOCKS) {
        count_block(load_block(segment, subsampling, tile + local));
    }
    workgroupBarrier();
    for (var i = local; i < SYMBOLS; i += TILE_BLOCKS) {
        let count = atomicLoad(&here[i]);
        if count > 0u {
            atomicAdd(&counts[segment.settings * SYMBOLS + i], count);
        }
    }
}
