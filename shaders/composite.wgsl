// Pass: composite. An isolate's texture onto the surface above it: shaded by `shade_composite.wgsl`.
//
// | in                  | what                                                        |
// | group 0, binding 0  | GpuTarget                                                   |
// | group 1, binding 0  | GpuComposite, one for each instance                         |
// | group 2, binding 0  | isolates of the next depth: premultiplied sRGB              |
// | out                 | premultiplied sRGB, blended over (ONE, ONE_MINUS_SRC_ALPHA) |

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
    @location(9) @interpolate(flat) tint: u32,
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
    out.tint = composite.tint;
    return out;
}

@fragment
fn fs_main(in: Varyings) -> @location(0) vec4<f32> {
    var composite: GpuComposite;
    composite.clip = in.clip;
    composite.radii = in.radii;
    composite.turn = in.turn;
    composite.shift = in.shift;
    composite.slot_y = in.slot.x;
    composite.slot_width = in.slot.y;
    composite.slot_height = in.slot.z;
    composite.outline = in.outline_exact.x;
    composite.opacity = in.opacity;
    composite.exact = in.outline_exact.y;
    composite.blur = in.blur;
    composite.tint = in.tint;
    return composite_color(vec2<i32>(in.position.xy) - in.origin, composite);
}
