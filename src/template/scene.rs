//! What binding a row to a template gives: every value resolved, no expression left.
//!
//! Lengths may still be percentages and stacks are not laid out yet: that is the next stage's work
//! (`layout/`). Fed by [`super::Template`]; feeds `layout::lay_out`.

use std::sync::Arc;

pub use crate::job::{AssetBase, AssetRef};
use crate::pixels::{Color, SizePx};

/// One canvas to lay out.
#[derive(Clone, Debug, PartialEq)]
pub struct Scene {
    /// The name of the size (`link`, `story`).
    pub size_name: Arc<str>,
    /// The canvas in pixels.
    pub size: SizePx,
    /// BCP 47 tag of the template's locale.
    pub locale: Arc<str>,
    /// Hidden layers (`when: false`) are already gone. Bottom first.
    pub layers: Vec<Layer>,
}

/// One layer with its children.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// Where it stands in the template, for messages: `layers[3].layers[0]`, or `layers[3] (photo)` with an id.
    pub path: Arc<str>,
    /// Position and size within the parent.
    pub frame: Frame,
    /// 0.0 to 1.0, for the layer and its children as one.
    pub opacity: f32,
    /// Clockwise degrees about the centre of the layer's box.
    pub rotation_degrees: f32,
    /// Whether children and marks are cut at the box (with its radius).
    pub overflow: Overflow,
    /// Fill, stroke, radius and shadow of the box.
    pub style: BoxStyle,
    /// Share of a stack's free space. Default: 0.
    pub grow: f32,
    /// Willingness to give way in a stack that is too small. Default: 1, as in CSS.
    pub flex_shrink: f32,
    /// Overrides the parent stack's `align`.
    pub align_self: Option<Align>,
    /// What it is.
    pub kind: LayerKind,
}

/// The kinds of layer.
#[derive(Clone, Debug, PartialEq)]
pub enum LayerKind {
    /// A box: nothing but its style.
    Rect,
    /// An ellipse inscribed in the box.
    Ellipse,
    /// Children at their own frames.
    Group(Vec<Layer>),
    /// Children set by flexbox.
    Stack(Stack),
    /// Text.
    Text(Text),
    /// A photo.
    Image(Image),
    /// A row of stars.
    Rating(Rating),
}

/// A length in CSS pixels of the canvas, or in percent of the parent's content box.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Length {
    /// Pixels.
    Px(f32),
    /// Percent: 50.0 is half.
    Percent(f32),
}

impl Length {
    /// In pixels, given what 100 % is.
    pub fn resolve(self, whole_px: f32) -> f32 {
        match self {
            Self::Px(px) => px,
            Self::Percent(percent) => percent / 100.0 * whole_px,
        }
    }
}

/// Where a layer's box lies in its parent. Opposite pins without a size stretch it; one pin with a
/// size places it; no size at all hugs the content. Inside a stack only sizes count.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Frame {
    /// Distance from the parent's left edge (`x` or `left`).
    pub left: Option<Length>,
    /// Distance from the parent's right edge.
    pub right: Option<Length>,
    /// Distance from the parent's top edge (`y` or `top`).
    pub top: Option<Length>,
    /// Distance from the parent's bottom edge.
    pub bottom: Option<Length>,
    /// Width.
    pub width: Option<Length>,
    /// Height.
    pub height: Option<Length>,
    /// Least and greatest width and height.
    pub min_width: Option<Length>,
    /// Greatest width.
    pub max_width: Option<Length>,
    /// Least height.
    pub min_height: Option<Length>,
    /// Greatest height.
    pub max_height: Option<Length>,
    /// Centred from left to right; `left` is then an offset from there.
    pub center_x: bool,
    /// Centred from top to bottom; `top` is then an offset from there.
    pub center_y: bool,
}

/// What happens outside the box.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Overflow {
    /// Drawn.
    #[default]
    Visible,
    /// Cut off.
    Clip,
}

/// The look of a box. For an image, `fill` lies behind the photo.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BoxStyle {
    /// Inside.
    pub fill: Option<Fill>,
    /// A line inside the edge.
    pub stroke: Option<Stroke>,
    /// Corner radii: top left, top right, bottom right, bottom left. `None`: square.
    pub radius: Option<[Length; 4]>,
    /// Drop shadows, the first on top, as in CSS.
    pub shadows: Vec<Shadow>,
}

/// Paint.
#[derive(Clone, Debug, PartialEq)]
pub enum Fill {
    /// One colour.
    Solid(Color),
    /// CSS `linear-gradient`.
    Linear {
        /// Which way.
        direction: GradientDirection,
        /// At least two.
        stops: Vec<GradientStop>,
    },
    /// CSS `radial-gradient`.
    Radial {
        /// Circle or ellipse.
        shape: RadialShape,
        /// How far it reaches.
        extent: RadialExtent,
        /// Centre, of the box's width and height.
        center: [Length; 2],
        /// At least two.
        stops: Vec<GradientStop>,
    },
}

/// CSS gradient line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum GradientDirection {
    /// CSS degrees: 0 is up, 90 to the right.
    Degrees(f32),
    /// `to top right` and the like: −1, 0 or 1 along x (right is 1) and y (down is 1).
    To(i8, i8),
}

/// CSS ending shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RadialShape {
    /// As wide as high.
    Circle,
    /// Follows the box.
    Ellipse,
}

/// CSS size of the ending shape.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum RadialExtent {
    /// To the nearest side.
    ClosestSide,
    /// To the nearest corner.
    ClosestCorner,
    /// To the farthest side.
    FarthestSide,
    /// To the farthest corner: CSS's default.
    FarthestCorner,
    /// Given radii along x and y.
    Radii([Length; 2]),
}

/// One colour along a gradient.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GradientStop {
    /// Its colour.
    pub color: Color,
    /// Its place; `None` is spread evenly between its neighbours, as in CSS.
    pub position: Option<Length>,
}

/// A line just inside the edge of a box.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stroke {
    /// Width in pixels.
    pub width: f32,
    /// Its colour.
    pub color: Color,
}

/// CSS `box-shadow`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shadow {
    /// Offset to the right, in pixels.
    pub x: f32,
    /// Offset downwards.
    pub y: f32,
    /// CSS blur radius: twice the Gaussian's standard deviation.
    pub blur: f32,
    /// Growth on every side.
    pub spread: f32,
    /// Its colour.
    pub color: Color,
}

/// CSS flexbox.
#[derive(Clone, Debug, PartialEq)]
pub struct Stack {
    /// Main axis.
    pub direction: Direction,
    /// Pixels between children along the main axis, and between lines.
    pub gap: f32,
    /// Top, right, bottom, left, in pixels.
    pub padding: [f32; 4],
    /// Along the cross axis. Default: start.
    pub align: Align,
    /// Along the main axis. Default: start.
    pub justify: Justify,
    /// Whether children go on in further lines.
    pub wrap: bool,
    /// Children in order.
    pub layers: Vec<Layer>,
}

/// Main axis of a stack.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    /// Left to right.
    Row,
    /// Top to bottom: the default.
    #[default]
    Column,
}

/// CSS `align-items`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Align {
    /// At the start.
    #[default]
    Start,
    /// In the middle.
    Center,
    /// At the end.
    End,
    /// From edge to edge.
    Stretch,
    /// First baselines on one line.
    Baseline,
}

/// CSS `justify-content`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Justify {
    /// At the start.
    #[default]
    Start,
    /// In the middle.
    Center,
    /// At the end.
    End,
    /// Free space between children.
    SpaceBetween,
    /// Free space around children.
    SpaceAround,
    /// Equal free space everywhere.
    SpaceEvenly,
}

/// Text, set as CSS sets it.
#[derive(Clone, Debug, PartialEq)]
pub struct Text {
    /// Pieces in reading order. Line breaks are `\n`.
    pub spans: Vec<Span>,
    /// Along the line.
    pub align: TextAlign,
    /// Within the frame's height.
    pub valign: VerticalAlign,
    /// At most this many lines.
    pub max_lines: Option<u32>,
    /// Smallest size the first span's font may shrink to so that the text fits; the others keep their ratio.
    pub shrink_to_px: Option<f32>,
    /// Whether long lines break.
    pub wrap: bool,
    /// Whether lines come out about equally long.
    pub balance: bool,
    /// What stands for the text that does not fit; empty cuts without a mark.
    pub ellipsis: Arc<str>,
    /// Which way its paragraphs run.
    pub direction: TextDirection,
    /// Shadows of the characters, the first on top, as in CSS.
    pub shadows: Vec<TextShadow>,
}

/// CSS `direction`, with `dir="auto"` as its default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum TextDirection {
    /// Each paragraph by its first letter with a direction, as `dir="auto"` does.
    #[default]
    Auto,
    /// Left to right.
    LeftToRight,
    /// Right to left.
    RightToLeft,
}

/// CSS `text-shadow`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TextShadow {
    /// Offset to the right, in pixels.
    pub x: f32,
    /// Offset downwards.
    pub y: f32,
    /// CSS blur radius: twice the Gaussian's standard deviation.
    pub blur: f32,
    /// Its colour.
    pub color: Color,
}

/// A piece of text in one look.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    /// Its characters, as they are drawn.
    pub text: String,
    /// Its font.
    pub font: Font,
    /// Its colour.
    pub color: Color,
    /// Lines through and along it.
    pub decoration: Decoration,
}

/// CSS `text-decoration`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Decoration {
    /// A line under the baseline.
    pub underline: bool,
    /// A line through the middle.
    pub line_through: bool,
    /// A line above the letters.
    pub overline: bool,
    /// Its colour; `None`: the text's.
    pub color: Option<Color>,
    /// Its thickness in pixels; `None`: the font's own.
    pub thickness_px: Option<f32>,
}

/// A font by name and measure.
#[derive(Clone, Debug, PartialEq)]
pub struct Font {
    /// Family; `None`: the first of the template's `fonts`.
    pub family: Option<Arc<str>>,
    /// 1 to 1000; 400 is regular, 700 bold.
    pub weight: u16,
    /// Slanted.
    pub italic: bool,
    /// Pixels per em.
    pub size_px: f32,
    /// Height of a line box.
    pub line_height: LineHeight,
    /// Pixels after every character.
    pub letter_spacing_px: f32,
}

/// CSS `line-height`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum LineHeight {
    /// The font's own ascent + descent + gap.
    Normal,
    /// Times the font size.
    Times(f32),
    /// Pixels (scaled with the size when the text shrinks).
    Px(f32),
}

/// Alignment along the line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum TextAlign {
    /// Where the paragraph's direction starts.
    #[default]
    Start,
    /// Left.
    Left,
    /// Middle.
    Center,
    /// Right.
    Right,
    /// Where the paragraph's direction ends.
    End,
}

/// Alignment within the frame's height.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum VerticalAlign {
    /// Top.
    #[default]
    Top,
    /// Middle.
    Middle,
    /// Bottom.
    Bottom,
}

/// A photo.
#[derive(Clone, Debug, PartialEq)]
pub struct Image {
    /// Where it comes from.
    pub src: AssetRef,
    /// How it fills its box.
    pub fit: Fit,
    /// The point of the photo that is kept in view, and where a contained photo stands: 0.0 to 1.0 from the
    /// left and top. An anchor such as `top left` is (0, 0); `focus` gives any point.
    pub focus: [f32; 2],
    /// Mask.
    pub mask: Mask,
    /// What happens where the photo cannot be had.
    pub on_error: OnError,
}

/// What becomes of an image layer whose photo cannot be fetched or read.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum OnError {
    /// The variant fails.
    #[default]
    Fail,
    /// The layer is left out, as with `when: false`.
    Hide,
    /// Another photo in its place; `None`: a plain grey box.
    Placeholder(Option<AssetRef>),
}

/// CSS `object-fit`, by the names of design tools.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Fit {
    /// Fills the box, cropped.
    #[default]
    Cover,
    /// Wholly visible.
    Contain,
    /// Fills the box, distorted.
    Stretch,
    /// At its own size.
    None,
}

/// The outline of a photo.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Mask {
    /// The box with its corner radii.
    #[default]
    Box,
    /// The ellipse inscribed in the box.
    Ellipse,
}

/// A row of stars.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rating {
    /// How many are filled; fractions fill a part of a star.
    pub value: f32,
    /// How many there are.
    pub max: u32,
    /// Width and height of one star, in pixels.
    pub star_px: f32,
    /// Pixels between stars.
    pub gap_px: f32,
    /// Filled.
    pub color: Color,
    /// Not filled.
    pub empty_color: Color,
}
