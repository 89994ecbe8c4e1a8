// Pass: composite. An isolate's texture onto the surface above it: faded, clipped, turned, blurred, tinted.
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
//
// A blur runs along one axis of an isolate that is drawn pixel for pixel: the sum of texels within REACH standard
// deviations, weighted by a Gaussian that is stepped from texel to texel (Ken Turkowski, "Incremental Computation
// of the Gaussian", GPU Gems 3, chapter 40). A tint takes the place of the texels' colours and keeps their alpha.

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
    blur: f32,
    tint: u32,
}

// Standard deviations that a blur reaches: all but 0.3 % of a Gaussian.
const REACH: f32 = 3.0;

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
    // Above 0: along x; below: along y; its size is the standard deviation in texels.
    @location(8) @interpolate(flat) blur: f32,
    // Straight; alpha 0: none.
    @location(9) @interpolate(flat) tint: vec4<f32>,
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
    out.blur = composite.blur;
    out.tint = unpack4x8unorm(composite.tint);
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

// Texels along one axis, weighted by a Gaussian.
fn blurred(at: vec2<i32>, blur: f32, slot: vec3<i32>) -> vec4<f32> {
    let axis = select(vec2<i32>(0, 1), vec2<i32>(1, 0), blur > 0.0);
    let sigma = abs(blur);
    // exp(−k² / 2σ²) from one k to the next.
    var weight = 1.0;
    var step = exp(-0.5 / (sigma * sigma));
    let step_of_step = step * step;
    var sum = texel(at, slot);
    var weights = 1.0;
    for (var k = 1; f32(k) <= ceil(sigma * REACH); k += 1) {
        weight *= step;
        step *= step_of_step;
        sum += (texel(at + axis * k, slot) + texel(at - axis * k, slot)) * weight;
        weights += 2.0 * weight;
    }
    return sum / weights;
}

fn turned(point: vec2<f32>, turn: vec4<f32>, shift: vec2<f32>) -> vec2<f32> {
    return vec2<f32>(dot(turn.xy, point), dot(turn.zw, point)) + shift;
}

@fragment
fn fs_main(in: Varyings) -> @location(0) vec4<f32> {
    let pixel = vec2<i32>(in.position.xy) - in.origin;
    let point = vec2<f32>(pixel) + 0.5;
    var color: vec4<f32>;
    if in.blur != 0.0 {
        color = blurred(pixel + vec2<i32>(in.shift), in.blur, in.slot);
    } else if in.outline_exact.y == 1u {
        color = texel(pixel + vec2<i32>(in.shift), in.slot);
    } else {
        color = bilinear(turned(point + vec2<f32>(-0.25, -0.25), in.turn, in.shift), in.slot);
        color += bilinear(turned(point + vec2<f32>(0.25, -0.25), in.turn, in.shift), in.slot);
        color += bilinear(turned(point + vec2<f32>(-0.25, 0.25), in.turn, in.shift), in.slot);
        color += bilinear(turned(point + vec2<f32>(0.25, 0.25), in.turn, in.shift), in.slot);
        color *= 0.25;
    }
    if in.tint.a > 0.0 {
        color = vec4<f32>(in.tint.rgb, 1.0) * (in.tint.a * color.a);
    }
    var cover = in.opacity;
    if in.clip.z > 0.0 {
        cover *= coverage(mask_distance(point, in.outline_exact.x, in.clip, in.radii));
    }
    return color * cover;
}
