//! Stacks: CSS flexbox by taffy. A stack and the stacks inside it are one taffy tree; every other layer is a
//! leaf that is measured on demand.

use taffy::prelude::*;
use taffy::{LayoutInput, LayoutOutput, compute_leaf_layout};

use crate::pixels::RectF;
use crate::template::scene::{self, Direction, Justify, Layer, LayerKind, Stack};

use super::LayoutError;
use super::boxes::{Content, Context, Placed, check_box, fill_in, natural_size};

type Tree<'s> = TaffyTree<&'s Layer>;

/// The size a stack would like.
pub fn measure(
    stack: &Stack,
    known: (Option<f32>, Option<f32>),
    room_width: Option<f32>,
    context: &mut Context<'_>,
) -> Result<(f32, f32), LayoutError> {
    let (tree, root) = solve(stack, known, room_width, context)?;
    let size = tree.layout(root).map(|layout| layout.size).unwrap_or(Size::ZERO);
    Ok((size.width, size.height))
}

/// Places a stack's children within its final box.
pub fn place_children<'s>(
    stack: &'s Stack,
    rect: RectF,
    context: &mut Context<'_>,
) -> Result<Vec<Placed<'s>>, LayoutError> {
    let (tree, root) = solve(stack, (Some(rect.width), Some(rect.height)), None, context)?;
    children(&tree, root, &stack.layers, rect, context)
}

fn children<'s>(
    tree: &Tree<'s>,
    node: NodeId,
    layers: &'s [Layer],
    parent: RectF,
    context: &mut Context<'_>,
) -> Result<Vec<Placed<'s>>, LayoutError> {
    let nodes = tree.children(node).unwrap_or_default();
    nodes
        .into_iter()
        .zip(layers)
        .map(|(node, layer)| {
            let layout = tree.layout(node).map_or_else(|_| Layout::new(), |layout| *layout);
            let rect = RectF::new(
                parent.x + layout.location.x,
                parent.y + layout.location.y,
                layout.size.width,
                layout.size.height,
            );
            match &layer.kind {
                LayerKind::Stack(stack) => {
                    check_box(layer, rect)?;
                    let content = Content::Children(children(tree, node, &stack.layers, rect, context)?);
                    Ok(Placed { layer, rect, content })
                }
                _ => fill_in(layer, rect, context),
            }
        })
        .collect()
}

/// Builds and computes the tree of a stack.
fn solve<'s>(
    stack: &'s Stack,
    known: (Option<f32>, Option<f32>),
    room_width: Option<f32>,
    context: &mut Context<'_>,
) -> Result<(Tree<'s>, NodeId), LayoutError> {
    let mut tree = Tree::new();
    tree.disable_rounding();
    let mut style = container(stack);
    style.size = Size {
        width: known.0.map_or_else(Dimension::auto, Dimension::length),
        height: known.1.map_or_else(Dimension::auto, Dimension::length),
    };
    style.max_size.width = match (known.0, room_width) {
        (None, Some(room)) => length(room),
        _ => auto(),
    };
    let children = build_all(&mut tree, &stack.layers, context)?;
    let root = tree.new_with_children(style, &children).expect("children were just made");

    let mut failure = None;
    let space = Size {
        width: room_width.map_or(AvailableSpace::MaxContent, AvailableSpace::Definite),
        height: AvailableSpace::MaxContent,
    };
    tree.compute_layout_with_measure(root, space, |input, _, leaf, style| {
        match leaf {
            Some(leaf) => measure_leaf(input, leaf, style, context, &mut failure),
            // A stack without children is still as large as its frame and padding say.
            None => compute_leaf_layout(input, style, |_, _| 0.0, |known, _| known.unwrap_or(Size::ZERO)),
        }
    })
    .expect("the root was just made");
    match failure {
        Some(error) => Err(error),
        None => Ok((tree, root)),
    }
}

fn measure_leaf(
    input: LayoutInput,
    leaf: &Layer,
    style: &Style,
    context: &mut Context<'_>,
    failure: &mut Option<LayoutError>,
) -> LayoutOutput {
    let mut baseline = None;
    let mut output = compute_leaf_layout(
        input,
        style,
        |_, _| 0.0,
        |known, available| {
            let room = match available.width {
                AvailableSpace::Definite(width) => Some(width),
                AvailableSpace::MaxContent => None,
                AvailableSpace::MinContent => Some(0.0),
            };
            if let LayerKind::Text(text) = &leaf.kind {
                baseline = Some(context.shaper.first_baseline(text));
            }
            match natural_size(leaf, (known.width, known.height), room, context) {
                Ok((width, height)) => Size { width, height },
                Err(error) => {
                    failure.get_or_insert(error);
                    Size::ZERO
                }
            }
        },
    );
    output.baselines.first = baseline.or(output.baselines.first);
    output
}

fn build_all<'s>(
    tree: &mut Tree<'s>,
    layers: &'s [Layer],
    context: &mut Context<'_>,
) -> Result<Vec<NodeId>, LayoutError> {
    layers.iter().map(|layer| build(tree, layer, context)).collect()
}

fn build<'s>(tree: &mut Tree<'s>, layer: &'s Layer, context: &mut Context<'_>) -> Result<NodeId, LayoutError> {
    context.spend(layer)?;
    let node = match &layer.kind {
        LayerKind::Stack(stack) => {
            let children = build_all(tree, &stack.layers, context)?;
            tree.new_with_children(item(layer, container(stack)), &children)
        }
        LayerKind::Image(image) => {
            let photo = context.photos.get(&image.src);
            let aspect = photo.map(|photo| photo.size.width as f32 / photo.size.height.max(1) as f32);
            let sized = layer.frame.width.is_some() && layer.frame.height.is_some();
            let style = Style { aspect_ratio: if sized { None } else { aspect }, ..Style::DEFAULT };
            tree.new_leaf_with_context(item(layer, style), layer)
        }
        _ => tree.new_leaf_with_context(item(layer, Style::DEFAULT), layer),
    };
    Ok(node.expect("a leaf can always be added"))
}

/// How a stack lays out its children.
fn container(stack: &Stack) -> Style {
    let [top, right, bottom, left] = stack.padding;
    Style {
        display: Display::Flex,
        flex_direction: match stack.direction {
            Direction::Row => FlexDirection::Row,
            Direction::Column => FlexDirection::Column,
        },
        flex_wrap: if stack.wrap { FlexWrap::Wrap } else { FlexWrap::NoWrap },
        gap: Size { width: length(stack.gap), height: length(stack.gap) },
        padding: Rect { top: length(top), right: length(right), bottom: length(bottom), left: length(left) },
        align_items: align(stack.align),
        justify_content: match stack.justify {
            Justify::Start => JustifyContent::START,
            Justify::Center => JustifyContent::CENTER,
            Justify::End => JustifyContent::END,
            Justify::SpaceBetween => JustifyContent::SPACE_BETWEEN,
            Justify::SpaceAround => JustifyContent::SPACE_AROUND,
            Justify::SpaceEvenly => JustifyContent::SPACE_EVENLY,
        },
        ..Style::DEFAULT
    }
}

/// How a child takes part in its stack.
fn item(layer: &Layer, style: Style) -> Style {
    let frame = &layer.frame;
    let side = |length: Option<scene::Length>| length.map_or_else(Dimension::auto, dimension);
    let limit = |length: Option<scene::Length>| length.map_or_else(LengthPercentageAuto::auto, limit_of);
    Style {
        size: Size { width: side(frame.width), height: side(frame.height) },
        min_size: Size { width: limit(frame.min_width), height: limit(frame.min_height) },
        max_size: Size { width: limit(frame.max_width), height: limit(frame.max_height) },
        flex_grow: layer.grow,
        flex_shrink: layer.flex_shrink,
        align_self: layer.align_self.map(align),
        ..style
    }
}

fn dimension(value: scene::Length) -> Dimension {
    match value {
        scene::Length::Px(px) => Dimension::length(px.max(0.0)),
        scene::Length::Percent(share) => Dimension::percent(share / 100.0),
    }
}

fn limit_of(value: scene::Length) -> LengthPercentageAuto {
    match value {
        scene::Length::Px(px) => LengthPercentageAuto::length(px.max(0.0)),
        scene::Length::Percent(share) => LengthPercentageAuto::percent(share / 100.0),
    }
}

fn align(value: scene::Align) -> AlignItems {
    match value {
        scene::Align::Start => AlignItems::START,
        scene::Align::Center => AlignItems::CENTER,
        scene::Align::End => AlignItems::END,
        scene::Align::Stretch => AlignItems::STRETCH,
        scene::Align::Baseline => AlignItems::BASELINE,
    }
}
