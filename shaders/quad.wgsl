// Shared by every render pass: the target, and the quads of instances.

struct GpuTarget {
    // 2 / width, −2 / height of the texture: from sheet pixels to clip space.
    to_clip: vec2<f32>,
    pad: vec2<f32>,
}

@group(0) @binding(0) var<uniform> target_size: GpuTarget;

// Clip-space position of corner `vertex` (0 to 3, as a strip) of a quad (x, y, width, height in canvas pixels).
fn quad_position(vertex: u32, quad: vec4<i32>, origin: vec2<i32>) -> vec4<f32> {
    let corner = vec2<i32>(i32(vertex & 1u), i32(vertex >> 1u));
    let sheet = vec2<f32>(quad.xy + quad.zw * corner + origin);
    return vec4<f32>(sheet * target_size.to_clip + vec2<f32>(-1.0, 1.0), 0.0, 1.0);
}
