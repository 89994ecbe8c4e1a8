// Pass: composite. An isolate's texture onto the surface above it: faded, clipped, turned.
//
// | in                  | what                                                        |
// | group 0, binding 0  | GpuTarget                                                   |
// | group 1, binding 0  | GpuComposite, one for each instance                         |
// | group 2, binding 0  | isolates of the next depth: premultiplied sRGB              |
// | out                 | premultiplied sRGB, blended over (ONE, ONE_MINUS_SRC_ALPHA) |
//
// A turned isolate was drawn at twice the size. Each pixel averages four bilinear samples spread over the
// texels it covers; outside the isolate there is nothing, which makes its edges soft. Filtering is done here in
// f32, because software adapters filter with few bits and each in its own way.

struct GpuComposite {
    quad: vec4<i32>,
    clip: vec4<f32>,
    radii: vec4<f32>,
    turn: vec4<f32>,
    shift: vec2<f32>,
    origin: vec2<i32>,
    slot_y: i32,
    slot_width: i32,
    slot_height: i32,
    outline: u32,
    opacity: f32,
    exact: u32,
    pad_0: u32,
    pad_1: u32,
}

@group(1) @binding(0) var<storage, read> composites: array<GpuComposite>;
@group(2) @binding(0) var isolates: texture_2d<f32>;

struct Varyings {
    @builtin(position) position: vec4<f32>,
    @location(0) @interpolate(flat) clip: vec4<f32>,
    @location(1) @interpolate(flat) radii: vec4<f32>,
    @location(2) @interpolate(flat) turn: vec4<f32>,
    @location(3) @interpolate(flat) shift: vec2<f32>,
    @location(4) @interpolate(flat) origin: vec2<i32>,
    @location(5) @interpolate(flat) slot: vec3<i32>,
    @location(6) @interpolate(flat) outline_exact: vec2<u32>,
    @location(7) @interpolate(flat) opacity: f32,
}

@vertex
fn vs_main(@builtin(vertex_index) vertex: u32, @builtin(instance_index) instance: u32) -> Varyings {
    let composite = composites[instance];
    var out: Varyings;
    out.position = quad_position(vertex, composite.quad, composite.origin);
    out.clip = composite.clip;
    out.radii = composite.radii;
    out.turn = composite.turn;
    out.shift = composite.shift;
    out.origin = composite.origin;
    out.slot = vec3<i32>(composite.slot_y, composite.slot_width, composite.slot_height);
    out.outline_exact = vec2<u32>(composite.outline, composite.exact);
    out.opacity = composite.opacity;
    return out;
}

// A texel of the slot; nothing outside.
fn texel(at: vec2<i32>, slot: vec3<i32>) -> vec4<f32> {
    if any(at < vec2<i32>(0)) || at.x >= slot.y || at.y >= slot.z {
        return vec4<f32>(0.0);
    }
    return textureLoad(isolates, vec2<i32>(at.x, at.y + slot.x), 0);
}

fn bilinear(at: vec2<f32>, slot: vec3<i32>) -> vec4<f32> {
    let corner = floor(at - 0.5);
    let share = at - 0.5 - corner;
    let p = vec2<i32>(corner);
    let upper = mix(texel(p, slot), texel(p + vec2<i32>(1, 0), slot), share.x);
    let lower = mix(texel(p + vec2<i32>(0, 1), slot), texel(p + vec2<i32>(1, 1), slot), share.x);
    return mix(upper, lower, share.y);
}

fn turned(point: vec2<f32>, turn: vec4<f32>, shift: vec2<f32>) -> vec2<f32> {
    return vec2<f32>(dot(turn.xy, point), dot(turn.zw, point)) + shift;
}

@fragment
fn fs_main(in: Varyings) -> @location(0) vec4<f32> {
    let pixel = vec2<i32>(in.position.xy) - in.origin;
    let point = vec2<f32>(pixel) + 0.5;
    var color: vec4<f32>;
    if in.outline_exact.y == 1u {
        color = texel(pixel + vec2<i32>(in.shift), in.slot);
    } else {
        color = bilinear(turned(point + vec2<f32>(-0.25, -0.25), in.turn, in.shift), in.slot);
        color += bilinear(turned(point + vec2<f32>(0.25, -0.25), in.turn, in.shift), in.slot);
        color += bilinear(turned(point + vec2<f32>(-0.25, 0.25), in.turn, in.shift), in.slot);
        color += bilinear(turned(point + vec2<f32>(0.25, 0.25), in.turn, in.shift), in.slot);
        color *= 0.25;
    }
    var cover = in.opacity;
    if in.clip.z > 0.0 {
        cover *= coverage(mask_distance(point, in.outline_exact.x, in.clip, in.radii));
    }
    return color * cover;
}
