// Pass: shapes. Rounded rectangles, ellipses and stars, filled or stroked, in one colour or a gradient: shaded by
// `shade_shape.wgsl`.
//
// | in                  | what                                                        |
// | group 0, binding 0  | GpuTarget                                                   |
// | group 1, binding 0  | GpuShape, one for each instance                             |
// | group 1, binding 1  | GpuStop, runs of stops that shapes point into               |
// | out                 | premultiplied sRGB, blended over (ONE, ONE_MINUS_SRC_ALPHA) |

@group(1) @binding(0) var<storage, read> shapes: array<GpuShape>;
@group(1) @binding(1) var<storage, read> stops: array<GpuStop>;

struct Varyings {
    @builtin(position) position: vec4<f32>,
    @location(0) @interpolate(flat) rect: vec4<f32>,
    @location(1) @interpolate(flat) radii: vec4<f32>,
    @location(2) @interpolate(flat) color: vec4<f32>,
    @location(3) @interpolate(flat) axis: vec4<f32>,
    @location(4) @interpolate(flat) origin: vec2<f32>,
    @location(5) @interpolate(flat) kinds: vec4<u32>,
    @location(6) @interpolate(flat) stroke: f32,
}

@vertex
fn vs_main(@builtin(vertex_index) vertex: u32, @builtin(instance_index) instance: u32) -> Varyings {
    let shape = shapes[instance];
    var out: Varyings;
    out.position = quad_position(vertex, shape.quad, shape.origin);
    out.rect = shape.rect;
    out.radii = shape.radii;
    out.color = shape.color;
    out.axis = shape.axis;
    out.origin = vec2<f32>(shape.origin);
    out.kinds = vec4<u32>(shape.outline, shape.paint, shape.first_stop, shape.stop_count);
    out.stroke = shape.stroke;
    return out;
}

fn shape_of(in: Varyings) -> GpuShape {
    var shape: GpuShape;
    shape.rect = in.rect;
    shape.radii = in.radii;
    shape.color = in.color;
    shape.axis = in.axis;
    shape.outline = in.kinds.x;
    shape.paint = in.kinds.y;
    shape.first_stop = in.kinds.z;
    shape.stop_count = in.kinds.w;
    shape.stroke = in.stroke;
    return shape;
}

@fragment
fn fs_main(in: Varyings) -> @location(0) vec4<f32> {
    let point = in.position.xy - in.origin;
    let shape = shape_of(in);
    return shape_paint(point, shape) * shape_cover(point, shape);
}

// Opaque shapes of one colour, wholly inside their outline: not blended.
@fragment
fn fs_fill(in: Varyings) -> @location(0) vec4<f32> {
    return in.color;
}

// The same with a linear gradient.
@fragment
fn fs_gradient(in: Varyings) -> @location(0) vec4<f32> {
    let point = in.position.xy - in.origin;
    return in.color * gradient_color(dot(point - in.axis.xy, in.axis.zw), in.kinds.z, in.kinds.w);
}
