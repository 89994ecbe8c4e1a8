//! What every layer has: its frame, stroke and shadows.

use super::{contradiction, nested};
use crate::template::model::{FrameModel, Prop, ShadowModel, StrokeModel};
use crate::template::reader::{Content, Node};
use crate::template::reading::{Map, Reading};
use crate::template::scalar::Scalar;
use crate::template::scene::Length;
use crate::template::tables::{CENTER, FRAME, SHADOW, STROKE};

/// Most shadows of one layer.
const MAX_SHADOWS: usize = 16;

pub(super) fn stroke(reading: &mut Reading, map: &Map<'_>) -> Option<StrokeModel> {
    let map = nested(reading, map, "stroke", &STROKE)?;
    Some(StrokeModel { width: reading.prop(&map, "width"), color: reading.prop(&map, "color") })
}

pub(super) fn shadows(reading: &mut Reading, map: &Map<'_>) -> Vec<ShadowModel> {
    let mut shadows = Vec::new();
    for (node, path) in one_or_many(reading, map, "shadow") {
        if let Some(map) = reading.map(node, &path, &SHADOW) {
            shadows.push(ShadowModel {
                x: reading.prop(&map, "x"),
                y: reading.prop(&map, "y"),
                blur: reading.prop(&map, "blur"),
                spread: reading.prop(&map, "spread"),
                color: reading.prop(&map, "color"),
            });
        }
    }
    shadows
}

/// The shadow under a key, or the list of them, with their paths.
pub(super) fn one_or_many<'n>(reading: &mut Reading, map: &Map<'n>, name: &'static str) -> Vec<(&'n Node, String)> {
    let Some(entry) = map.entry(name) else {
        return Vec::new();
    };
    let path = map.path_of(entry);
    match &entry.value.content {
        Content::List(list) if list.len() > MAX_SHADOWS => {
            reading.error(entry.value.position, path, format!("{} shadows are more than {MAX_SHADOWS}", list.len()));
            Vec::new()
        }
        Content::List(list) => list.iter().enumerate().map(|(i, node)| (node, format!("{path}[{i}]"))).collect(),
        _ => vec![(&entry.value, path)],
    }
}

/// The frame, with a layer's own `width` and `height` in it.
pub(super) fn sized_frame(reading: &mut Reading, map: &Map<'_>) -> FrameModel {
    let (mut frame, inner) = frame(reading, map);
    let width = reading.optional(map, "width");
    let height = reading.optional(map, "height");
    let of_frame = |name: &'static str| inner.as_ref().and_then(|inner| Some((inner, inner.entry(name)?)));
    let of_layer = |name: &'static str| map.entry(name).map(|entry| (map, entry));
    for (name, own, length) in [("width", width, &mut frame.width), ("height", height, &mut frame.height)] {
        if own.is_some() && length.is_some() {
            let message = format!("\"{name}\" is in the layer and in its frame: keep one (or null in a size)");
            contradiction(reading, map, &[of_frame(name), of_layer(name)], message);
        }
        *length = own.or(length.take());
    }
    for (all, names, [start, end, length]) in [
        ("x, right and width", ["x", "right", "width"], [&frame.left, &frame.right, &frame.width]),
        ("y, bottom and height", ["y", "bottom", "height"], [&frame.top, &frame.bottom, &frame.height]),
    ] {
        if start.is_some() && end.is_some() && length.is_some() {
            let message = format!("{all} contradict each other: leave one out (or null in a size)");
            let [start, end, length] = names;
            let entries = [of_frame(start), of_frame(end), of_frame(length), of_layer(length)];
            contradiction(reading, map, &entries, message);
        }
    }
    for (name, is_centered, end) in [("right", frame.center_x, &frame.right), ("bottom", frame.center_y, &frame.bottom)]
    {
        if is_centered && end.is_some() {
            let message = format!("center and {name} contradict each other: leave one out (or null in a size)");
            contradiction(reading, map, &[of_frame("center"), of_frame(name)], message);
        }
    }
    frame
}

fn frame<'n>(reading: &mut Reading, map: &Map<'n>) -> (FrameModel, Option<Map<'n>>) {
    let Some(entry) = map.entry("frame") else {
        return (FrameModel::default(), None);
    };
    let path = map.path_of(entry);
    match &entry.value.content {
        Content::Text(word) if word == "full" => {
            let at = |length| Some(Prop::Constant(length));
            let full = FrameModel {
                left: at(Length::Px(0.0)),
                top: at(Length::Px(0.0)),
                width: at(Length::Percent(100.0)),
                height: at(Length::Percent(100.0)),
                ..FrameModel::default()
            };
            return (full, None);
        }
        Content::Map(_) => {}
        _ => {
            let message =
                format!("expected full or a mapping of x, y, width and so on, got {}", Scalar::from_node(&entry.value));
            reading.error(entry.value.position, path, message);
            return (FrameModel::default(), None);
        }
    }
    let Some(map) = reading.map(&entry.value, &path, &FRAME) else {
        return (FrameModel::default(), None);
    };
    let (center_x, center_y) = center(reading, &map);
    let frame = FrameModel {
        left: reading.optional(&map, "x"),
        right: reading.optional(&map, "right"),
        top: reading.optional(&map, "y"),
        bottom: reading.optional(&map, "bottom"),
        width: reading.optional(&map, "width"),
        height: reading.optional(&map, "height"),
        min_width: reading.optional(&map, "min_width"),
        max_width: reading.optional(&map, "max_width"),
        min_height: reading.optional(&map, "min_height"),
        max_height: reading.optional(&map, "max_height"),
        center_x,
        center_y,
    };
    (frame, Some(map))
}

fn center(reading: &mut Reading, map: &Map<'_>) -> (bool, bool) {
    let Some(entry) = map.entry("center") else {
        return (false, false);
    };
    let scalar = Scalar::from_node(&entry.value);
    match scalar.to_text().as_deref() {
        Some("true" | "both") => (true, true),
        Some("x") => (true, false),
        Some("y") => (false, true),
        Some("false") => (false, false),
        _ => {
            let message = format!("expected one of {}, got {scalar}", CENTER.join(", "));
            reading.error(entry.value.position, map.path_of(entry), message);
            (false, false)
        }
    }
}
