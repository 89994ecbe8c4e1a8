//! What layout hands on: final pixel positions, shaped lines, and isolates as nodes of a tree.
//!
//! No units, styles or look-ups are left. Items are in draw order, bottom first. Rectangles are in the pixels of
//! the surface that holds the list: the canvas, or an isolate's own texture (which may be drawn at twice the
//! size). Fed by [`super::lay_out`]; feeds `sheet/`.

use std::sync::Arc;

use crate::assets::{Crop, Photo};
use crate::pixels::{Color, PointF, RectPx, SizePx};

use super::text::ShapedLine;

/// Isolates within isolates may go this deep.
pub const MAX_ISOLATE_DEPTH: usize = 6;

/// One canvas, ready to be drawn.
#[derive(Clone, Debug)]
pub struct DisplayList {
    /// The canvas.
    pub size: SizePx,
    /// Bottom first.
    pub items: Vec<Item>,
    /// What will not look as meant.
    pub warnings: Vec<Warning>,
}

/// Something that will not look as meant.
#[derive(Clone, Debug, PartialEq)]
pub struct Warning {
    /// One of a small fixed set, as manifests spell it: `job::WARNING_CODES`.
    pub code: &'static str,
    /// The layer.
    pub path: Arc<str>,
    /// What and how much, without field values.
    pub message: String,
}

/// One thing to draw.
#[derive(Clone, Debug)]
pub enum Item {
    /// A filled or stroked outline.
    Shape(Shape),
    /// A soft shadow of a rounded box.
    Shadow(Shadow),
    /// A photo, drawn pixel for pixel.
    Photo(PhotoItem),
    /// One line of text.
    Text(TextItem),
    /// A subtree on a texture of its own.
    Isolate(Box<Isolate>),
}

/// A filled or stroked outline.
#[derive(Clone, Debug)]
pub struct Shape {
    /// The box of the outline.
    pub rect: RectPx,
    /// Its form.
    pub outline: Outline,
    /// Inside, or along the stroke where there is one.
    pub paint: Paint,
    /// Draws only a line of this width inside the edge.
    pub stroke_px: Option<f32>,
}

/// The form of a shape or mask within its box.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Outline {
    /// Corner radii in pixels: top left, top right, bottom right, bottom left. They fit the box.
    RoundedRect([f32; 4]),
    /// Inscribed in the box.
    Ellipse,
    /// A five-pointed star whose points touch the circle inscribed in the box; only the part between these
    /// shares of the width is drawn.
    Star {
        /// From this share of the width, 0.0 to 1.0.
        from: f32,
        /// To this share.
        to: f32,
    },
}

impl Outline {
    /// A plain rectangle.
    pub const RECT: Self = Self::RoundedRect([0.0; 4]);
}

/// Resolved paint, in pixels of the surface.
#[derive(Clone, Debug, PartialEq)]
pub enum Paint {
    /// One colour.
    Solid(Color),
    /// Along a line from `start` to `end`.
    Linear {
        /// Offset 0.
        start: PointF,
        /// Offset 1.
        end: PointF,
        /// Sorted by offset.
        stops: Arc<[Stop]>,
        /// Multiplies every stop's alpha.
        opacity: f32,
    },
    /// From `center` to an ellipse.
    Radial {
        /// Offset 0.
        center: PointF,
        /// Radii of offset 1, along x and y; more than 0.
        radii: [f32; 2],
        /// Sorted by offset.
        stops: Arc<[Stop]>,
        /// Multiplies every stop's alpha.
        opacity: f32,
    },
}

impl Paint {
    /// Whether it lets nothing through.
    pub fn is_opaque(&self) -> bool {
        match self {
            Self::Solid(color) => color.a >= 1.0,
            Self::Linear { stops, opacity, .. } | Self::Radial { stops, opacity, .. } => {
                *opacity >= 1.0 && !stops.is_empty() && stops.iter().all(|stop| stop.color.a >= 1.0)
            }
        }
    }
}

/// A colour at an offset along a gradient.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stop {
    /// 0.0 at the start of the gradient line, 1.0 at its end; may lie outside.
    pub offset: f32,
    /// Straight colour; blended premultiplied between stops, as CSS does.
    pub color: Color,
}

/// The shadow of a box or ellipse: a Gaussian blur of its outline.
#[derive(Clone, Debug)]
pub struct Shadow {
    /// The box that casts it, moved and spread already.
    pub rect: RectPx,
    /// Its form: a box or an ellipse.
    pub outline: Outline,
    /// Standard deviation of the blur in pixels: half of the CSS blur radius.
    pub sigma_px: f32,
    /// Its colour.
    pub color: Color,
    /// The box itself with its form, where it lets things through: CSS then draws no shadow inside it.
    pub cutout: Option<(RectPx, Outline)>,
    /// The box itself with its form, where it is opaque: what lies below it need not be drawn.
    pub hidden_below: Option<(RectPx, Outline)>,
}

impl Shadow {
    /// Everything it touches. Three standard deviations hold all but 0.3 % of a Gaussian.
    pub fn bounds(&self) -> RectPx {
        self.rect.inflated((self.sigma_px * 3.0).ceil() as u32)
    }
}

/// A photo drawn pixel for pixel at the size of `rect`.
#[derive(Clone, Debug)]
pub struct PhotoItem {
    /// The photo.
    pub photo: Arc<Photo>,
    /// The part of it that is shown, in its own pixels.
    pub crop: Crop,
    /// Where it goes, and the size that it is scaled to.
    pub rect: RectPx,
    /// The box that masks it.
    pub mask_rect: RectPx,
    /// The form of the mask.
    pub mask: Outline,
    /// 0.0 to 1.0.
    pub opacity: f32,
}

/// One line of text at a whole pixel.
#[derive(Clone, Debug)]
pub struct TextItem {
    /// Shaped, on a baseline of its own.
    pub line: Arc<ShapedLine>,
    /// Times the size that the line was shaped at.
    pub scale: u32,
    /// Left end of the line.
    pub x: i32,
    /// Its baseline.
    pub baseline_y: i32,
    /// Its colour, where the line does not bring its own.
    pub color: Color,
}

impl TextItem {
    /// A rectangle that surely holds its ink, marks and overhang included.
    pub fn bounds(&self) -> RectPx {
        self.line.ink_bounds(self.x, self.baseline_y, self.scale)
    }
}

/// A subtree drawn to a texture of its own and composited as one.
#[derive(Clone, Debug)]
pub struct Isolate {
    /// The part of the surface above that the texture stands for, in that surface's pixels.
    pub bounds: RectPx,
    /// Texture pixels per pixel of the surface above: 1, or 2 where it is rotated.
    pub scale: u32,
    /// In texture pixels, bottom first.
    pub items: Vec<Item>,
    /// 0.0 to 1.0.
    pub opacity: f32,
    /// Turns the texture when it is composited.
    pub rotation: Option<Rotation>,
    /// Cuts the texture, before it is turned.
    pub clip: Option<Clip>,
    /// Blurs the texture along one axis as it is composited: for an isolate at scale 1 without rotation. `bounds`
    /// hold what the blur reaches.
    pub blur: Option<Blur>,
    /// Draws its shape in this colour, whatever its own colours are: the shadow of text.
    pub tint: Option<Color>,
}

/// A Gaussian blur along one axis; two isolates, one within the other, blur along both.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Blur {
    /// Along x, else along y.
    pub is_horizontal: bool,
    /// Standard deviation in texture pixels: at most [`MAX_BLUR_SIGMA_PX`].
    pub sigma_px: f32,
}

/// The strongest blur of an isolate.
pub const MAX_BLUR_SIGMA_PX: f32 = 100.0;

/// A turn about a point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rotation {
    /// Clockwise.
    pub degrees: f32,
    /// Fixed point, in pixels of the surface above.
    pub pivot: PointF,
}

/// A mask.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Clip {
    /// In pixels of the surface above.
    pub rect: RectPx,
    /// Its form.
    pub outline: Outline,
}

impl Isolate {
    /// Size of its texture.
    pub fn texture_size(&self) -> SizePx {
        SizePx::new(self.bounds.width * self.scale, self.bounds.height * self.scale)
    }

    /// The pixels of the surface above that it can touch.
    pub fn drawn_bounds(&self) -> RectPx {
        let Some(rotation) = self.rotation else { return self.bounds };
        let (sin, cos) = rotation.degrees.to_radians().sin_cos();
        let rect = self.bounds.to_f();
        let corners =
            [(rect.x, rect.y), (rect.right(), rect.y), (rect.x, rect.bottom()), (rect.right(), rect.bottom())];
        let turned = corners.map(|(x, y)| {
            let (dx, dy) = (x - rotation.pivot.x, y - rotation.pivot.y);
            (rotation.pivot.x + dx * cos - dy * sin, rotation.pivot.y + dx * sin + dy * cos)
        });
        let (mut left, mut top, mut right, mut bottom) = (f32::MAX, f32::MAX, f32::MIN, f32::MIN);
        for (x, y) in turned {
            (left, right) = (left.min(x), right.max(x));
            (top, bottom) = (top.min(y), bottom.max(y));
        }
        crate::pixels::RectF::new(left, top, right - left, bottom - top).outer().inflated(1)
    }
}

impl Item {
    /// A rectangle that surely holds every pixel the item touches.
    pub fn bounds(&self) -> RectPx {
        match self {
            Self::Shape(shape) => shape.rect,
            Self::Shadow(shadow) => shadow.bounds(),
            Self::Photo(photo) => photo.rect.intersection(photo.mask_rect),
            Self::Text(text) => text.bounds(),
            Self::Isolate(isolate) => isolate.drawn_bounds(),
        }
    }

    /// How many isolates lie above the deepest item: 0 for a plain item.
    pub fn depth(&self) -> usize {
        match self {
            Self::Isolate(isolate) => 1 + isolate.items.iter().map(Self::depth).max().unwrap_or(0),
            _ => 0,
        }
    }
}

impl DisplayList {
    /// Whether every pixel surely is opaque: the bottom item covers the canvas and lets nothing through.
    pub fn is_opaque(&self) -> bool {
        let Some(Item::Shape(Shape { rect, outline: Outline::RoundedRect(radii), paint, stroke_px: None })) =
            self.items.first()
        else {
            return false;
        };
        rect.contains(self.size.rect()) && radii.iter().all(|radius| *radius == 0.0) && paint.is_opaque()
    }

    /// Calls `visit` for every photo, those inside isolates included.
    pub fn visit_photos<'a>(&'a self, visit: &mut dyn FnMut(&'a PhotoItem)) {
        visit_photos(&self.items, visit);
    }
}

fn visit_photos<'a>(items: &'a [Item], visit: &mut dyn FnMut(&'a PhotoItem)) {
    for item in items {
        match item {
            Item::Photo(photo) => visit(photo),
            Item::Isolate(isolate) => visit_photos(&isolate.items, visit),
            Item::Shape(_) | Item::Shadow(_) | Item::Text(_) => {}
        }
    }
}
