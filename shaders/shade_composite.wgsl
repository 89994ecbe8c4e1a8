// Shading of isolates, for `composite.wgsl` and `tiles.wgsl`: an isolate's texture faded, clipped, turned, blurred,
// tinted. What includes it declares `isolates`, the texture of the next depth.
//
// A turned isolate was drawn at twice the size. Each pixel averages four bilinear samples spread over the
// texels it covers; outside the isolate there is nothing, which makes its edges soft. Filtering is done here in
// f32, because software adapters filter with few bits and each in its own way.
//
// A blur runs along one axis of an isolate that is drawn pixel for pixel: the sum of texels within REACH standard
// deviations, weighted by a Gaussian that is stepped from texel to texel (Ken Turkowski, "Incremental Computation
// of the Gaussian", GPU Gems 3, chapter 40). A tint takes the place of the texels' colours and keeps their alpha.
//
// Colours: premultiplied sRGB.

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
fn blurred_texels(at: vec2<i32>, blur: f32, slot: vec3<i32>) -> vec4<f32> {
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

// What an isolate lays over a pixel.
fn composite_color(pixel: vec2<i32>, composite: GpuComposite) -> vec4<f32> {
    let point = vec2<f32>(pixel) + 0.5;
    let slot = vec3<i32>(composite.slot_y, composite.slot_width, composite.slot_height);
    var color: vec4<f32>;
    if composite.blur != 0.0 {
        color = blurred_texels(pixel + vec2<i32>(composite.shift), composite.blur, slot);
    } else if composite.exact == 1u {
        color = texel(pixel + vec2<i32>(composite.shift), slot);
    } else {
        color = bilinear(turned(point + vec2<f32>(-0.25, -0.25), composite.turn, composite.shift), slot);
        color += bilinear(turned(point + vec2<f32>(0.25, -0.25), composite.turn, composite.shift), slot);
        color += bilinear(turned(point + vec2<f32>(-0.25, 0.25), composite.turn, composite.shift), slot);
        color += bilinear(turned(point + vec2<f32>(0.25, 0.25), composite.turn, composite.shift), slot);
        color *= 0.25;
    }
    let tint = unpack4x8unorm(composite.tint);
    if tint.a > 0.0 {
        color = vec4<f32>(tint.rgb, 1.0) * (tint.a * color.a);
    }
    var cover = composite.opacity;
    if composite.clip.z > 0.0 {
        cover *= coverage(mask_distance(point, composite.outline, composite.clip, composite.radii));
    }
    return color * cover;
}
