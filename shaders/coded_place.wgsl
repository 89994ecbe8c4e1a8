// Pass: coded_place, of every format. Where each segment goes in the output: a prefix sum over the sizes of all.
//
// | in                  | what                                                                          |
// | group 0, binding 0  | GpuCodedChunk                                                                 |
// | in and out          |                                                                               |
// | group 0, binding 1  | GpuCodedSize of each segment: the offset is filled in                         |
// | group 0, binding 2  | output: its first word, and the table                                         |
//
// One workgroup takes all segments of a chunk, 2,048 at a time. Segments start at whole words, so that no two write
// to the same one. Chunks follow each other; the first word of the output carries the sum from one to the next. It
// counts on where the output is full: then it says how much there would have been.

@group(0) @binding(0) var<uniform> chunk: GpuCodedChunk;
@group(0) @binding(1) var<storage, read_write> sizes: array<GpuCodedSize>;
@group(0) @binding(2) var<storage, read_write> output: array<u32>;

const SCAN_BITS: u32 = 4u;
const EACH: u32 = 8u;
const TILE_SEGMENTS: u32 = 2048u;

fn whole_words(bytes: u32) -> u32 {
    return (bytes + 3u) & 0xfffffffcu;
}

@compute @workgroup_size(256)
fn cs_main(@builtin(local_invocation_index) local: u32) {
    let end = chunk.first_segment + chunk.segments;
    var start = 0u;
    if chunk.first_segment > 0u {
        start = output[0];
    }
    for (var tile = chunk.first_segment; tile < end; tile += TILE_SEGMENTS) {
        let first = tile + local * EACH;
        var sum = 0u;
        for (var i = first; i < min(first + EACH, end); i += 1u) {
            sum += whole_words(sizes[i].bytes);
        }
        let sums = prefix_sum(local, sum);
        var offset = start + sums.x;
        for (var i = first; i < min(first + EACH, end); i += 1u) {
            let length = sizes[i].bytes;
            let place = select(SPILLED, offset, offset + whole_words(length) <= chunk.capacity_bytes);
            sizes[i].offset = place;
            output[chunk.table_word + i * 2u] = place;
            output[chunk.table_word + i * 2u + 1u] = length;
            offset += whole_words(length);
        }
        start += sums.y;
        workgroupBarrier();
    }
    // Everybody has read it by now: there was a barrier, since a chunk has segments.
    if local == 0u {
        output[0] = start;
    }
}
