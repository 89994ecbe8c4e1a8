// Pass: png_filter. From pixels to filtered bytes, and what each tile alone can tell of them.
//
// | in                  | what                                                                             |
// | group 0, binding 0  | GpuCodedChunk                                                                    |
// | group 0, binding 1  | GpuPngSegment, all of the sheet                                                  |
// | group 0, binding 2  | GpuPngCodes                                                                      |
// | group 0, binding 3  | the sheet: sRGB of 8 bits, opaque                                                |
// | out                 |                                                                                  |
// | group 0, binding 4  | filtered bytes: TILE_WORDS words for each tile, the first byte of a word lowest  |
// | group 0, binding 5  | GpuPngTile of each tile, but for what png_measure fills in                       |
//
// A workgroup takes a tile, an invocation an eight. Workgroup x counts along the segment, y counts segments.

@group(0) @binding(0) var<uniform> chunk: GpuCodedChunk;
@group(0) @binding(1) var<storage, read> segments: array<GpuPngSegment>;
@group(0) @binding(2) var<storage, read> codes: GpuPngCodes;
@group(0) @binding(3) var sheet: texture_2d<f32>;
@group(0) @binding(4) var<storage, read_write> filtered: array<vec2<u32>>;
@group(0) @binding(5) var<storage, read_write> tiles: array<GpuPngTile>;

var<workgroup> parts: array<vec3<u32>, 256>;

// The sum over all invocations, for the first.
fn sum_of_all(local: u32, value: vec3<u32>) -> vec3<u32> {
    parts[local] = value;
    workgroupBarrier();
    var sum = vec3<u32>(0u);
    if local < 16u {
        for (var i = local; i < 256u; i += 16u) {
            sum += parts[i];
        }
    }
    workgroupBarrier();
    if local < 16u {
        parts[local] = sum;
    }
    workgroupBarrier();
    if local == 0u {
        for (var i = 1u; i < 16u; i += 1u) {
            sum += parts[i];
        }
    }
    return sum;
}

fn pixel(x: u32, y: u32) -> vec3<i32> {
    return vec3<i32>(textureLoad(sheet, vec2<u32>(x, y), 0).rgb * 255.0 + 0.5);
}

// The neighbour that is nearest to left + up − corner; of equals the first of left, up, corner. Where nothing is
// above, that is left: Sub.
fn paeth(left: vec3<i32>, up: vec3<i32>, corner: vec3<i32>) -> vec3<i32> {
    let near_left = abs(up - corner);
    let near_up = abs(left - corner);
    let near_corner = abs(left + up - corner - corner);
    let up_or_corner = select(corner, up, near_up <= near_corner);
    return select(up_or_corner, left, (near_left <= near_up) & (near_left <= near_corner));
}

// Eight bytes from `first` on. What lies beyond the segment is nothing that counts.
fn filter_eight(segment: GpuPngSegment, first: u32) -> vec2<u32> {
    // A row is the filter's number, and three bytes for each pixel.
    let row_bytes = segment.width * 3u + 1u;
    var row = first / row_bytes;
    let column = first - row * row_bytes;
    // Pixel 0 stands for the filter's number.
    var nth = (column + 2u) / 3u;
    let channel = column + 2u - nth * 3u;
    var left = vec3<i32>(0);
    var corner = vec3<i32>(0);
    if nth > 1u {
        left = pixel(segment.x + nth - 2u, segment.y + row);
        if row > 0u {
            corner = pixel(segment.x + nth - 2u, segment.y + row - 1u);
        }
    }
    // Bytes that are there already.
    var filled = 0u;
    var bytes = vec2<u32>(0u);
    while filled < 8u && row < segment.rows {
        // Up to three bytes, the first one lowest.
        var next = select(4u, 1u, row == 0u);
        var count = 1u;
        if nth > 0u {
            let at = vec2<u32>(segment.x + nth - 1u, segment.y + row);
            let here = pixel(at.x, at.y);
            var up = vec3<i32>(0);
            if row > 0u {
                up = pixel(at.x, at.y - 1u);
            }
            let rest = vec3<u32>(here - paeth(left, up, corner)) & vec3<u32>(0xffu);
            next = rest.x | (rest.y << 8u) | (rest.z << 16u);
            count = 3u;
            left = here;
            corner = up;
            if filled == 0u {
                next >>= channel * 8u;
                count -= channel;
            }
        }
        if filled < 4u {
            bytes.x |= next << (filled * 8u);
            // Nothing, where `filled` is 0 or 1: a shift by 32 is none at all.
            bytes.y |= select(0u, next >> ((32u - filled * 8u) & 31u), filled > 1u);
        } else {
            bytes.y |= next << (filled * 8u - 32u);
        }
        filled += count;
        nth += 1u;
        if nth > segment.width {
            nth = 0u;
            row += 1u;
            left = vec3<i32>(0);
            corner = vec3<i32>(0);
        }
    }
    return bytes;
}

// The first `length` of eight bytes.
fn start_of(bytes: vec2<u32>, length: u32) -> vec2<u32> {
    let kept = vec2<u32>(min(length, 4u), max(length, 4u) - 4u);
    return bytes & select((vec2<u32>(1u) << (kept * 8u)) - 1u, vec2<u32>(0xffffffffu), kept == vec2<u32>(4u));
}

fn bytes_of(word: u32) -> vec4<u32> {
    return (vec4<u32>(word) >> vec4<u32>(0u, 8u, 16u, 24u)) & vec4<u32>(0xffu);
}

@compute @workgroup_size(256)
fn cs_main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let segment = segments[chunk.first_segment + group.y];
    if group.x >= tiles_of(segment) {
        return;
    }
    start(local);
    let tile = segment.first_tile + group.x;
    let tile_bytes = min(segment.bytes - group.x * TILE_BYTES, TILE_BYTES);
    let first = min(local * 8u, tile_bytes);
    let length = min(tile_bytes - first, 8u);
    var bytes = vec2<u32>(0u);
    if length > 0u {
        bytes = start_of(filter_eight(segment, group.x * TILE_BYTES + first), length);
    }
    filtered[tile * TILE_EIGHTS + local] = bytes;
    workgroupBarrier();
    show(local, bytes.x, bytes.y, length);
    workgroupBarrier();

    let found = codes_of(look(local, bytes.x, bytes.y, length, true));
    let low = bytes_of(bytes.x);
    let high = bytes_of(bytes.y);
    let sum = dot(low + high, vec4<u32>(1u));
    // The first byte as often as there are bytes from it to the end of the tile, the second once less, ...
    let less = dot(low, vec4<u32>(0u, 1u, 2u, 3u)) + dot(high, vec4<u32>(4u, 5u, 6u, 7u));
    let weighted_sum = sum * (tile_bytes - first) - less;
    let sums = sum_of_all(local, vec3<u32>(length_of_all(found), sum, weighted_sum));
    if local == 0u {
        let first_mark = first_from(0u);
        let last_mark = last_below(TILE_EIGHTS);
        var leading = TILE_BYTES;
        var trailing = TILE_BYTES;
        if first_mark != NONE {
            leading = first_mark * 8u + opening_of(first_mark, true);
            trailing = (TILE_EIGHTS - 1u - last_mark) * 8u + (edges[last_mark] >> 4u);
        }
        tiles[tile] = GpuPngTile(sums.x, leading, trailing, sums.y, sums.z, 0u, 0u, 0u);
    }
}
