//! Where each layer lies, under the layer's own name: for reports that point at a layer.
//!
//! A [`super::DisplayList`] says what is drawn and no longer who asked for it. This is the other view of the same
//! boxes: corners on the canvas (after all turns), lines of text, the size of photos. Nothing is drawn from it.
//! Fed by [`super::lay_out_with_boxes`]; feeds `render/check/`.

use std::sync::Arc;

use crate::pixels::{PointF, RectF, SizePx};
use crate::template::scene::{Layer, LayerKind, Overflow, TextAlign, VerticalAlign};

use super::Photos;
use super::boxes::{Content, Placed};
use super::photo;
use super::text::{TextBlock, TextFault};

/// How high capitals and figures stand above the baseline, in shares of the font size: what is left of it when
/// accents and room for them are taken away.
const CAP_SHARE: f32 = 0.7;
/// How far letters hang below the baseline.
const DESCENT_SHARE: f32 = 0.2;

/// One layer's box.
#[derive(Clone, Debug)]
pub struct LayerBox {
    /// The layer.
    pub path: Arc<str>,
    /// What it is.
    pub kind: BoxKind,
    /// Index of the layer that it lies in; always less than its own.
    pub parent: Option<usize>,
    /// Top left, top right, bottom right, bottom left, in pixels of the canvas and before turns.
    pub corners: [PointF; 4],
    /// Whether what lies outside of it is cut off.
    pub clips: bool,
    /// Whether its box is seen: it has a fill, a line, a photo or stars.
    pub is_painted: bool,
    /// Whether a stack placed it: then other layers' content decides where it lies.
    pub is_in_flow: bool,
    /// Lines of text, top to bottom.
    pub lines: Vec<LineBox>,
    /// What is wrong with its text.
    pub faults: Vec<TextFault>,
    /// The photo in it.
    pub photo: Option<PhotoBox>,
}

/// Kinds of layer, as far as a report shows them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BoxKind {
    /// A box.
    Rect,
    /// An ellipse.
    Ellipse,
    /// Children at their own frames.
    Group,
    /// Children set by flexbox.
    Stack,
    /// Text.
    Text,
    /// A photo.
    Image,
    /// A row of stars.
    Rating,
}

/// One line of text.
#[derive(Clone, Debug)]
pub struct LineBox {
    /// Its characters, an ellipsis included.
    pub text: Arc<str>,
    /// As for [`LayerBox::corners`]: from its first to its last advance, from the top of its capitals to the bottom
    /// of its letters. Accents may stand out.
    pub corners: [PointF; 4],
}

/// A photo in its box.
#[derive(Clone, Debug, PartialEq)]
pub struct PhotoBox {
    /// As the template or the row says it.
    pub location: Arc<str>,
    /// In its own pixels.
    pub size: SizePx,
    /// Canvas pixels per photo pixel, the larger of the two axes.
    pub magnification: f32,
}

/// Every layer that can be seen, a parent before its children.
pub(super) fn collect(placed: &[Placed<'_>], photos: &Photos) -> Vec<LayerBox> {
    let mut collector = Collector { photos, turns: Vec::new(), boxes: Vec::new() };
    for layer in placed {
        collector.layer(layer, None);
    }
    collector.boxes
}

/// Turns points about a fixed one.
#[derive(Clone, Copy)]
struct Turn {
    sin: f32,
    cos: f32,
    pivot: PointF,
}

struct Collector<'p> {
    photos: &'p Photos,
    /// Of the layers around the one at hand, the outermost first.
    turns: Vec<Turn>,
    boxes: Vec<LayerBox>,
}

impl Collector<'_> {
    fn layer(&mut self, placed: &Placed<'_>, parent: Option<usize>) {
        let Placed { layer, rect, content } = placed;
        if layer.opacity <= 0.0 {
            return;
        }
        let is_turned = layer.rotation_degrees.rem_euclid(360.0) != 0.0;
        if is_turned {
            let (sin, cos) = layer.rotation_degrees.to_radians().sin_cos();
            let pivot = PointF { x: rect.x + rect.width / 2.0, y: rect.y + rect.height / 2.0 };
            self.turns.push(Turn { sin, cos, pivot });
        }
        let photo = self.photo(layer, *rect);
        let lies_in_stack = parent.and_then(|index| self.boxes.get(index)).is_some_and(|b| b.kind == BoxKind::Stack);
        let (lines, faults) = match (content, &layer.kind) {
            (Content::Text(block), LayerKind::Text(_)) => (self.lines(placed, block), block.faults.clone()),
            _ => (Vec::new(), Vec::new()),
        };
        let index = self.boxes.len();
        self.boxes.push(LayerBox {
            path: Arc::clone(&layer.path),
            kind: kind_of(layer),
            parent,
            corners: self.corners(*rect),
            clips: layer.overflow == Overflow::Clip,
            is_painted: layer.style.fill.is_some()
                || layer.style.stroke.is_some()
                || photo.is_some()
                || matches!(layer.kind, LayerKind::Rating(_)),
            is_in_flow: lies_in_stack,
            lines,
            faults,
            photo,
        });
        if let Content::Children(children) = content {
            for child in children {
                self.layer(child, Some(index));
            }
        }
        if is_turned {
            self.turns.pop();
        }
    }

    fn photo(&self, layer: &Layer, rect: RectF) -> Option<PhotoBox> {
        let LayerKind::Image(image) = &layer.kind else { return None };
        let size = self.photos.get(&image.src)?.size;
        let magnification = photo::place(image, size, rect.rounded(), 1.0)?.magnification;
        Some(PhotoBox { location: Arc::clone(&image.src.location), size, magnification })
    }

    /// Places lines as they are when they are drawn.
    fn lines(&self, placed: &Placed<'_>, block: &TextBlock) -> Vec<LineBox> {
        let (LayerKind::Text(text), rect) = (&placed.layer.kind, placed.rect) else { return Vec::new() };
        let free_height = (rect.height - block.height_px).max(0.0);
        let top = rect.y
            + match text.valign {
                VerticalAlign::Top => 0.0,
                VerticalAlign::Middle => free_height / 2.0,
                VerticalAlign::Bottom => free_height,
            };
        let line_box = |line: &super::text::SetLine| {
            let share = match (text.align, line.rtl) {
                (TextAlign::Left, _) | (TextAlign::Start, false) | (TextAlign::End, true) => 0.0,
                (TextAlign::Center, _) => 0.5,
                (TextAlign::Right, _) | (TextAlign::End, false) | (TextAlign::Start, true) => 1.0,
            };
            let (width, size_px) = (line.line.width_px(), line.line.size_px());
            let x = rect.x + (rect.width - width) * share;
            let y = top + line.baseline_px - CAP_SHARE * size_px;
            let drawn = RectF::new(x, y, width, (CAP_SHARE + DESCENT_SHARE) * size_px);
            LineBox { text: Arc::from(line.line.text()), corners: self.corners(drawn) }
        };
        block.lines.iter().map(line_box).collect()
    }

    fn corners(&self, rect: RectF) -> [PointF; 4] {
        let (left, top, right, bottom) = (rect.x, rect.y, rect.right(), rect.bottom());
        let corners = [(left, top), (right, top), (right, bottom), (left, bottom)];
        corners.map(|(x, y)| {
            self.turns.iter().rev().fold(PointF { x, y }, |point, Turn { sin, cos, pivot }| {
                let (dx, dy) = (point.x - pivot.x, point.y - pivot.y);
                PointF { x: pivot.x + dx * cos - dy * sin, y: pivot.y + dx * sin + dy * cos }
            })
        })
    }
}

fn kind_of(layer: &Layer) -> BoxKind {
    match &layer.kind {
        LayerKind::Rect => BoxKind::Rect,
        LayerKind::Ellipse => BoxKind::Ellipse,
        LayerKind::Group(_) => BoxKind::Group,
        LayerKind::Stack(_) => BoxKind::Stack,
        LayerKind::Text(_) => BoxKind::Text,
        LayerKind::Image(_) => BoxKind::Image,
        LayerKind::Rating(_) => BoxKind::Rating,
    }
}
