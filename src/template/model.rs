//! A template after parsing: every property a checked constant or a compiled expression.
//!
//! The shapes mirror [`super::scene`], which is what they become once a row is bound ([`super::bind`]).

use std::sync::Arc;

use super::choices::{Anchor, DecorationLine, ErrorRule, Transform, Weight};
use super::error::Position;
use super::expression::Program;
use super::keys::Kind;
use super::scene::{
    Align, Direction, Fill, Fit, Justify, Length, LineHeight, Mask, Overflow, TextAlign, TextDirection, VerticalAlign,
};
use crate::pixels::Color;

/// A property.
#[derive(Clone, Debug)]
pub(super) enum Prop<T> {
    Constant(T),
    Dynamic(Arc<Dynamic>),
}

/// A property that a row decides.
#[derive(Debug)]
pub(super) struct Dynamic {
    pub program: Program,
    pub kind: &'static Kind,
    /// For messages: `layers[3].text`.
    pub path: Arc<str>,
}

#[derive(Debug)]
pub(super) struct LayerModel {
    pub path: Arc<str>,
    pub when: Prop<bool>,
    pub frame: FrameModel,
    pub opacity: Prop<f32>,
    pub rotation: Prop<f32>,
    pub overflow: Prop<Overflow>,
    pub fill: Option<Prop<Fill>>,
    pub stroke: Option<StrokeModel>,
    pub radius: Option<[Prop<Length>; 4]>,
    pub shadows: Vec<ShadowModel>,
    pub grow: Prop<f32>,
    pub flex_shrink: Prop<f32>,
    pub align_self: Option<Prop<Align>>,
    pub kind: KindModel,
}

#[derive(Debug)]
pub(super) enum KindModel {
    Rect,
    Ellipse,
    Group(Vec<Arc<LayerModel>>),
    Stack(Box<StackModel>),
    Repeat(Box<RepeatModel>),
    Text(Box<TextModel>),
    Image(Box<ImageModel>),
    Rating(Box<RatingModel>),
}

impl KindModel {
    /// The layers in it.
    pub fn children(&self) -> impl Iterator<Item = &Arc<LayerModel>> {
        let (layers, empty): (&[Arc<LayerModel>], &[Arc<LayerModel>]) = match self {
            Self::Group(layers) => (layers, &[]),
            Self::Stack(stack) => (&stack.layers, &[]),
            Self::Repeat(repeat) => (&repeat.stack.layers, &repeat.empty),
            Self::Rect | Self::Ellipse | Self::Text(_) | Self::Image(_) | Self::Rating(_) => (&[], &[]),
        };
        layers.iter().chain(empty)
    }
}

#[derive(Debug, Default)]
pub(super) struct FrameModel {
    pub left: Option<Prop<Length>>,
    pub right: Option<Prop<Length>>,
    pub top: Option<Prop<Length>>,
    pub bottom: Option<Prop<Length>>,
    pub width: Option<Prop<Length>>,
    pub height: Option<Prop<Length>>,
    pub min_width: Option<Prop<Length>>,
    pub max_width: Option<Prop<Length>>,
    pub min_height: Option<Prop<Length>>,
    pub max_height: Option<Prop<Length>>,
    pub center_x: bool,
    pub center_y: bool,
}

#[derive(Debug)]
pub(super) struct StrokeModel {
    pub width: Prop<f32>,
    pub color: Prop<Color>,
}

#[derive(Debug)]
pub(super) struct ShadowModel {
    pub x: Prop<f32>,
    pub y: Prop<f32>,
    pub blur: Prop<f32>,
    pub spread: Prop<f32>,
    pub color: Prop<Color>,
}

#[derive(Debug)]
pub(super) struct StackModel {
    pub direction: Prop<Direction>,
    pub gap: Prop<f32>,
    pub padding: Option<[Prop<f32>; 4]>,
    pub align: Prop<Align>,
    pub justify: Prop<Justify>,
    pub wrap: Prop<bool>,
    pub layers: Vec<Arc<LayerModel>>,
}

/// A stack whose children come once for every item.
#[derive(Debug)]
pub(super) struct RepeatModel {
    /// What the children call an item.
    pub name: Arc<str>,
    /// Gives the list or the count.
    pub list: Program,
    /// For messages: `layers[3].for`.
    pub list_path: Arc<str>,
    pub limit: Option<Prop<u32>>,
    /// Instead of the children, where the list is empty.
    pub empty: Vec<Arc<LayerModel>>,
    pub stack: StackModel,
}

#[derive(Debug)]
pub(super) struct TextModel {
    /// A layer with `text` has one.
    pub spans: Vec<SpanModel>,
    pub align: Prop<TextAlign>,
    pub valign: Prop<VerticalAlign>,
    pub max_lines: Option<Prop<u32>>,
    pub shrink_to: Option<Prop<f32>>,
    pub wrap: Prop<bool>,
    pub balance: Prop<bool>,
    pub ellipsis: Prop<Arc<str>>,
    pub direction: Prop<TextDirection>,
    pub shadows: Vec<TextShadowModel>,
}

/// A piece of text, with what it takes from its layer already in it.
#[derive(Debug)]
pub(super) struct SpanModel {
    pub when: Prop<bool>,
    pub text: Prop<Arc<str>>,
    pub font: FontModel,
    /// Where the family is written, or the layer if none names it; the path too.
    pub family_place: (Position, String),
    pub color: Prop<Color>,
    pub decoration: DecorationModel,
    pub transform: Prop<Transform>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct DecorationModel {
    pub lines: Vec<Prop<DecorationLine>>,
    pub color: Option<Prop<Color>>,
    pub thickness: Option<Prop<f32>>,
}

#[derive(Debug)]
pub(super) struct TextShadowModel {
    pub x: Prop<f32>,
    pub y: Prop<f32>,
    pub blur: Prop<f32>,
    pub color: Prop<Color>,
}

#[derive(Clone, Debug)]
pub(super) struct FontModel {
    pub family: Option<Prop<Arc<str>>>,
    pub weight: Prop<Weight>,
    pub italic: Prop<bool>,
    pub size: Prop<f32>,
    pub line_height: Prop<LineHeight>,
    pub letter_spacing: Prop<f32>,
}

#[derive(Debug)]
pub(super) struct ImageModel {
    pub src: Prop<Arc<str>>,
    pub src_position: Position,
    pub fit: Prop<Fit>,
    pub focus: FocusModel,
    pub mask: Prop<Mask>,
    pub on_error: ErrorRule,
    /// A photo of the template, with its place.
    pub placeholder: Option<(Arc<str>, Position)>,
}

#[derive(Debug)]
pub(super) enum FocusModel {
    Anchor(Prop<Anchor>),
    Point(Prop<f32>, Prop<f32>),
}

#[derive(Debug)]
pub(super) struct RatingModel {
    pub value: Prop<f32>,
    pub max: Prop<u32>,
    pub size: Prop<f32>,
    pub gap: Prop<f32>,
    pub color: Prop<Color>,
    pub empty_color: Prop<Color>,
}
