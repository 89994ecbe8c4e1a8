// Pass: tiles. Shapes, shadows, photos and isolates of a surface in one dispatch of a compute shader, for cards that
// shade fragments on few of their processors.
//
// | in                  | what                                                                    |
// | group 0, binding 0  | the surface, read and written in place: premultiplied sRGB              |
// | group 0, binding 1  | isolates of the next depth: premultiplied sRGB                          |
// | group 1, bindings 0 | GpuShape, GpuStop, GpuShadow, GpuPhoto, GpuComposite: the instances     |
// |   to 4              |   that the render passes would draw                                     |
// | group 1, binding 5  | GpuPart, which instances a window has, in drawing order                 |
// | group 2, bindings 0 | shared photo pages: premultiplied sRGB, no filtering; the first stand   |
// |   to 7              |   in for those that there are not                                       |
// | group 2, binding 8  | the one photo of this dispatch that has a texture of its own            |
// | group 3, binding 0  | GpuStrip, one for each row of tiles                                     |
//
//        window of a canvas                    workgroup (x, y): tile x of strip y
//        ┌────┬────┬────┬────┬──┐  strip 0       1. its 256 invocations ask of 256 parts of the window at a time
//        │    │    │    │    │  │                   which touch the tile, and which hide all below: a bit for each
//        ├────┼────┼────┼────┼──┤  strip 1       2. each then goes through the bits, lowest first, and draws its
//        │    │    │ ## │ ## │  │                   own pixel in registers, from the last part that hides all
//        └────┴────┴────┴────┴──┘                3. one write; a read only where something lies below
//
// After each part a pixel is rounded to eight bits, because a render target is: both paths give the same pixels. What
// compiles this declares how the adapter's render targets round (`gpu/rounding.rs`):
//   BLENDS_IN_EIGHT_BITS  what is laid over and what is left below are rounded before they are added, not the sum
//   KEEPS_TWELVE_BITS     colours are cut to twelve bits before they are rounded to eight

struct GpuPart {
    quad: vec4<i32>,
    inner: vec4<i32>,
    kind: u32,
    index: u32,
    pad_0: u32,
    pad_1: u32,
}

struct GpuStrip {
    area: vec4<i32>,
    origin_y: i32,
    first_part: u32,
    part_count: u32,
    blank: u32,
}

const PART_SHAPE: u32 = 0u;
const PART_SHADOW: u32 = 1u;
const PART_PHOTO: u32 = 2u;
const PART_COMPOSITE: u32 = 3u;

const TILE_PX: u32 = 16u;
const INVOCATIONS: u32 = 256u;
const WORDS: u32 = 8u;

@group(0) @binding(0) var surface: texture_storage_2d<rgba8unorm, read_write>;
@group(0) @binding(1) var isolates: texture_2d<f32>;
@group(1) @binding(0) var<storage, read> shapes: array<GpuShape>;
@group(1) @binding(1) var<storage, read> stops: array<GpuStop>;
@group(1) @binding(2) var<storage, read> shadows: array<GpuShadow>;
@group(1) @binding(3) var<storage, read> photos: array<GpuPhoto>;
@group(1) @binding(4) var<storage, read> composites: array<GpuComposite>;
@group(1) @binding(5) var<storage, read> parts: array<GpuPart>;
@group(2) @binding(0) var pages_0: texture_2d_array<f32>;
@group(2) @binding(1) var pages_1: texture_2d_array<f32>;
@group(2) @binding(2) var pages_2: texture_2d_array<f32>;
@group(2) @binding(3) var pages_3: texture_2d_array<f32>;
@group(2) @binding(4) var pages_4: texture_2d_array<f32>;
@group(2) @binding(5) var pages_5: texture_2d_array<f32>;
@group(2) @binding(6) var pages_6: texture_2d_array<f32>;
@group(2) @binding(7) var pages_7: texture_2d_array<f32>;
@group(2) @binding(8) var single: texture_2d_array<f32>;
@group(3) @binding(0) var<storage, read> strips: array<GpuStrip>;

// Which of the parts at hand touch the tile, a bit for each.
var<workgroup> touching: array<atomic<u32>, WORDS>;
// One more than the last of them that hides all below; 0: none does.
var<workgroup> hiding: atomic<u32>;

fn is_inside(pixel: vec2<i32>, rect: vec4<i32>) -> bool {
    return all(pixel >= rect.xy) && all(pixel < rect.xy + rect.zw);
}

// Whether they share a pixel: corners of the tile, and a rectangle (x, y, width, height).
fn touches(first: vec2<i32>, end: vec2<i32>, rect: vec4<i32>) -> bool {
    return all(first < rect.xy + rect.zw) && all(end > rect.xy);
}

// Whether the rectangle holds the whole tile.
fn holds(rect: vec4<i32>, first: vec2<i32>, end: vec2<i32>) -> bool {
    return all(first >= rect.xy) && all(end <= rect.xy + rect.zw);
}

fn to_nearest(color: vec4<f32>) -> vec4<f32> {
    return floor(clamp(color, vec4<f32>(0.0), vec4<f32>(1.0)) * 255.0 + 0.5) / 255.0;
}

// As a render target keeps what is drawn.
fn in_eight_bits(color: vec4<f32>) -> vec4<f32> {
    if KEEPS_TWELVE_BITS {
        let cut = floor(clamp(color, vec4<f32>(0.0), vec4<f32>(1.0)) * 4096.0);
        // 255 / 4096; exact, as what comes of it: 20 bits.
        return ceil(cut * 0.062255859375 - 0.5) / 255.0;
    }
    return to_nearest(color);
}

fn over(above: vec4<f32>, below: vec4<f32>) -> vec4<f32> {
    if BLENDS_IN_EIGHT_BITS {
        let rounded = in_eight_bits(above);
        return min(rounded + to_nearest(below * (1.0 - rounded.a)), vec4<f32>(1.0));
    }
    return in_eight_bits(above + below * (1.0 - above.a));
}

// The texel of a photo at a pixel of its canvas.
fn photo_texel(pixel: vec2<i32>, photo: GpuPhoto) -> vec4<f32> {
    let at = pixel + photo.texel_offset;
    let page = i32(photo.page);
    switch photo.page_set {
        case 0u: { return textureLoad(pages_0, at, page, 0); }
        case 1u: { return textureLoad(pages_1, at, page, 0); }
        case 2u: { return textureLoad(pages_2, at, page, 0); }
        case 3u: { return textureLoad(pages_3, at, page, 0); }
        case 4u: { return textureLoad(pages_4, at, page, 0); }
        case 5u: { return textureLoad(pages_5, at, page, 0); }
        case 6u: { return textureLoad(pages_6, at, page, 0); }
        case 7u: { return textureLoad(pages_7, at, page, 0); }
        default: { return textureLoad(single, at, page, 0); }
    }
}

// What a part lays over a pixel of its canvas.
fn part_color(pixel: vec2<i32>, kind: u32, index: u32) -> vec4<f32> {
    let point = vec2<f32>(pixel) + 0.5;
    switch kind {
        case PART_SHAPE: {
            let shape = shapes[index];
            return shape_paint(point, shape) * shape_cover(point, shape);
        }
        case PART_SHADOW: {
            return shadow_color(point, shadows[index]);
        }
        case PART_PHOTO: {
            let photo = photos[index];
            return photo_texel(pixel, photo) * photo_cover(pixel, photo);
        }
        default: {
            return composite_color(pixel, composites[index]);
        }
    }
}

// The same well inside an opaque shape or photo, where it covers all.
fn opaque_color(pixel: vec2<i32>, kind: u32, index: u32) -> vec4<f32> {
    if kind == PART_SHAPE {
        return shape_paint(vec2<f32>(pixel) + 0.5, shapes[index]);
    }
    return photo_texel(pixel, photos[index]);
}

@compute @workgroup_size(TILE_PX, TILE_PX)
fn cs_main(
    @builtin(workgroup_id) tile: vec3<u32>,
    @builtin(local_invocation_id) at: vec3<u32>,
    @builtin(local_invocation_index) invocation: u32,
) {
    let strip = strips[tile.y];
    let corner = strip.area.xy + vec2<i32>(i32(tile.x * TILE_PX), 0);
    let end = strip.area.xy + strip.area.zw;
    if corner.x >= end.x {
        return;
    }
    let tile_end = min(corner + i32(TILE_PX), end);
    let pixel = corner + vec2<i32>(at.xy);
    let is_drawn = all(pixel < tile_end);
    let in_surface = pixel + vec2<i32>(0, strip.origin_y);

    var color = vec4<f32>(0.0);
    // Whether `color` is what the pixel holds.
    var is_known = strip.blank == 1u;
    for (var first = 0u; first < strip.part_count; first += INVOCATIONS) {
        if invocation < WORDS {
            atomicStore(&touching[invocation], 0u);
        } else if invocation == WORDS {
            atomicStore(&hiding, 0u);
        }
        workgroupBarrier();
        if first + invocation < strip.part_count {
            let part = strip.first_part + first + invocation;
            if touches(corner, tile_end, parts[part].quad) {
                atomicOr(&touching[invocation / 32u], 1u << (invocation % 32u));
                if holds(parts[part].inner, corner, tile_end) {
                    atomicMax(&hiding, invocation + 1u);
                }
            }
        }
        workgroupBarrier();
        if is_drawn {
            let hidden = atomicLoad(&hiding);
            if hidden > 0u {
                let part = strip.first_part + first + hidden - 1u;
                color = in_eight_bits(opaque_color(pixel, parts[part].kind, parts[part].index));
                is_known = true;
            }
            for (var word = hidden / 32u; word < WORDS; word += 1u) {
                var bits = atomicLoad(&touching[word]);
                if word == hidden / 32u {
                    bits &= 0xffffffffu << (hidden % 32u);
                }
                while bits != 0u {
                    let part = strip.first_part + first + word * 32u + firstTrailingBit(bits);
                    bits &= bits - 1u;
                    if is_inside(pixel, parts[part].quad) {
                        if !is_known {
                            color = textureLoad(surface, in_surface);
                            is_known = true;
                        }
                        color = over(part_color(pixel, parts[part].kind, parts[part].index), color);
                    }
                }
            }
        }
        workgroupBarrier();
    }
    if is_drawn && is_known {
        textureStore(surface, in_surface, color);
    }
}
