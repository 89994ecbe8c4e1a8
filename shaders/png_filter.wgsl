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

// Up to eight bytes from `first` on.
fn filter_eight(segment: GpuPngSegment, first: u32, length: u32) -> vec2<u32> {
    let row_bytes = segment.width * 3u + 1u;
    var row = first / row_bytes;
    // 0: the filter's number.
    var column = first - row * row_bytes;
    var x = segment.x;
    var left = vec3<i32>(0);
    var corner = vec3<i32>(0);
    // The three bytes of a pixel, the first one lowest.
    var pending = 0u;
    var bytes = vec2<u32>(0u);
    for (var i = 0u; i < length; i += 1u) {
        var byte = select(4u, 1u, row == 0u);
        if column > 0u {
            let nth = (column - 1u) / 3u;
            let channel = column - 1u - nth * 3u;
            if i == 0u || channel == 0u {
                let y = segment.y + row;
                x = segment.x + nth;
                if nth == 0u {
                    left = vec3<i32>(0);
                    corner = vec3<i32>(0);
                } else if i == 0u {
                    left = pixel(x - 1u, y);
                    if row > 0u {
                        corner = pixel(x - 1u, y - 1u);
                    }
                }
                let here = pixel(x, y);
                var up = vec3<i32>(0);
                if row > 0u {
                    up = pixel(x, y - 1u);
                }
                let rest = vec3<u32>(here - paeth(left, up, corner)) & vec3<u32>(0xffu);
                pending = rest.x | (rest.y << 8u) | (rest.z << 16u);
                left = here;
                corner = up;
            }
            byte = (pending >> (channel * 8u)) & 0xffu;
        }
        let placed = byte << ((i & 3u) * 8u);
        bytes |= select(vec2<u32>(0u, placed), vec2<u32>(placed, 0u), i < 4u);
        column += 1u;
        if column == row_bytes {
            column = 0u;
            row += 1u;
        }
    }
    return bytes;
}

@compute @workgroup_size(256)
fn cs_main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let segment = segments[chunk.first_segment + group.y];
    if group.x >= tiles_of(segment) {
        return;
    }
    clear_marks(local);
    workgroupBarrier();
    let tile = segment.first_tile + group.x;
    let tile_bytes = min(segment.bytes - group.x * TILE_BYTES, TILE_BYTES);
    let first = min(local * 8u, tile_bytes);
    let length = min(tile_bytes - first, 8u);
    let bytes = filter_eight(segment, group.x * TILE_BYTES + first, length);
    filtered[tile * TILE_EIGHTS + local] = bytes;
    show(local, bytes.x, bytes.y, length);
    workgroupBarrier();

    let eight = look(local, bytes.x, bytes.y, length, true);
    var bits = 0u;
    var sum = 0u;
    var weighted_sum = 0u;
    for (var i = 0u; i < length; i += 1u) {
        let is_at_edge = (eight.is_at_start && i < eight.opening) || (eight.is_at_end && i >= 8u - eight.closing);
        if !is_at_edge {
            bits += length_of(code_at(eight, i));
        }
        let byte = (select(bytes.y, bytes.x, i < 4u) >> ((i & 3u) * 8u)) & 0xffu;
        sum += byte;
        weighted_sum += byte * (tile_bytes - first - i);
    }
    let sums = sum_of_all(local, vec3<u32>(bits, sum, weighted_sum));
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
