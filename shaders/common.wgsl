// Shared by every pass that draws: outlines, and how much of a pixel they cover.
//
// Spaces: `canvas` is the pixels of one canvas or isolate, origin top left; `sheet` is the texture that holds
// many of them. A fragment's canvas position is its sheet position minus a flat whole-pixel origin, never an
// interpolated value, so that a canvas looks the same in every slot.
//
// Colours: gamma-encoded sRGB, premultiplied, everywhere.

const OUTLINE_ROUNDED_RECT: u32 = 0u;
const OUTLINE_ELLIPSE: u32 = 1u;
const OUTLINE_STAR: u32 = 2u;

// Share of a pixel inside an edge at this signed distance (negative inside) of its centre.
fn coverage(distance: f32) -> f32 {
    return clamp(0.5 - distance, 0.0, 1.0);
}

// The same where a corner reaches into other quarters of the box: cut by the circle of each corner in turn.
fn large_corners_distance(p: vec2<f32>, half_size: vec2<f32>, radii: vec4<f32>) -> f32 {
    let q = abs(p) - half_size;
    var distance = min(max(q.x, q.y), 0.0) + length(max(q, vec2<f32>(0.0)));
    for (var corner = 0u; corner < 4u; corner += 1u) {
        let side = vec2<f32>(select(-1.0, 1.0, corner == 1u || corner == 2u), select(-1.0, 1.0, corner > 1u));
        let from_center = p * side - half_size + radii[corner];
        if all(from_center > vec2<f32>(0.0)) {
            distance = max(distance, length(from_center) - radii[corner]);
        }
    }
    return distance;
}

// Signed distance to a box with corner radii (top left, top right, bottom right, bottom left).
fn rounded_rect_distance(point: vec2<f32>, rect: vec4<f32>, radii: vec4<f32>) -> f32 {
    let half_size = rect.zw * 0.5;
    let p = point - rect.xy - half_size;
    let largest = max(max(radii.x, radii.y), max(radii.z, radii.w));
    if largest > min(half_size.x, half_size.y) {
        return large_corners_distance(p, half_size, radii);
    }
    let upper = select(radii.x, radii.y, p.x > 0.0);
    let lower = select(radii.w, radii.z, p.x > 0.0);
    let radius = select(upper, lower, p.y > 0.0);
    let q = abs(p) - half_size + radius;
    return min(max(q.x, q.y), 0.0) + length(max(q, vec2<f32>(0.0))) - radius;
}

// Signed distance to an ellipse, to first order: exact on the edge, which is where it matters.
fn ellipse_distance(point: vec2<f32>, rect: vec4<f32>) -> f32 {
    let radii = max(rect.zw * 0.5, vec2<f32>(0.001));
    let p = point - rect.xy - rect.zw * 0.5;
    let scaled = length(p / radii);
    let slope = length(p / (radii * radii));
    if slope == 0.0 {
        return -min(radii.x, radii.y);
    }
    return scaled * (scaled - 1.0) / slope;
}

// Signed distance to a box or ellipse that masks something.
fn mask_distance(point: vec2<f32>, outline: u32, rect: vec4<f32>, radii: vec4<f32>) -> f32 {
    if outline == OUTLINE_ELLIPSE {
        return ellipse_distance(point, rect);
    }
    return rounded_rect_distance(point, rect, radii);
}
