//! Layers of the tree into [`LayerModel`]s, once per size.
//!
//! A layer's `sizes` are merged over it before it is read, so that a size sees one plain layer. What a size
//! does not override is read once and shared by all such sizes.

use std::collections::HashMap;
use std::sync::Arc;

use super::error::TemplateError;
use super::keys::Kind;
use super::model::{
    FocusModel, FontModel, FrameModel, ImageModel, KindModel, LayerModel, Prop, RatingModel, ShadowModel, StackModel,
    StrokeModel, TextModel,
};
use super::overrides;
use super::reader::{Content, Node, shorten};
use super::reading::{Map, Reading, join};
use super::scalar::{Name, Scalar};
use super::scene::Length;
use super::tables::{CENTER, FOCUS, FONT, FRAME, LAYERS, MAX_PX, SHADOW, SHRINK, STROKE};

/// Most shadows of one layer.
const MAX_SHADOWS: usize = 16;

static CORNER: Kind = Kind::Radius;
static SIDE: Kind = Kind::Pixels(0.0, MAX_PX);

/// Reads the layers of one size after the other.
pub(super) struct LayerReader<'r> {
    pub reading: &'r mut Reading,
    pub sizes: &'r [Arc<str>],
    /// Layers as sizes without overrides see them, by the address of their node, which outlives the reader.
    pub shared: HashMap<*const Node, Arc<LayerModel>>,
}

impl LayerReader<'_> {
    /// The layers of a list, for one size.
    pub fn layers(&mut self, node: &Node, path: &str, size: &str) -> Vec<Arc<LayerModel>> {
        let list = self.reading.list(node, path);
        let read = |(index, node)| self.layer(node, &format!("{path}[{index}]"), size);
        list.iter().enumerate().filter_map(read).collect()
    }

    fn layer(&mut self, node: &Node, path: &str, size: &str) -> Option<Arc<LayerModel>> {
        if overrides::apply(node, size) {
            return self.read(node, path, size).map(Arc::new);
        }
        let address: *const Node = node;
        if let Some(layer) = self.shared.get(&address) {
            return Some(Arc::clone(layer));
        }
        let layer = Arc::new(self.read(node, path, size)?);
        self.shared.insert(address, Arc::clone(&layer));
        Some(layer)
    }

    fn read(&mut self, node: &Node, path: &str, size: &str) -> Option<LayerModel> {
        let object = self.object(node, path)?;
        let merged = overrides::merge(self.reading, node, path, object, self.sizes, size);
        let map = self.reading.map_of(merged.iter().collect(), node.position, path, object);
        let reading = &mut *self.reading;
        let id: Option<Name> = reading.optional_constant(&map, "id");
        let label = id.map_or_else(|| path.to_owned(), |Name(id)| format!("{path} ({id})"));
        Some(LayerModel {
            path: label.into(),
            when: reading.prop(&map, "when"),
            frame: sized_frame(reading, &map),
            opacity: reading.prop(&map, "opacity"),
            rotation: reading.prop(&map, "rotation"),
            overflow: reading.prop(&map, "overflow"),
            fill: reading.optional(&map, "fill"),
            stroke: stroke(reading, &map),
            radius: reading.four(&map, "radius", &CORNER),
            shadows: shadows(reading, &map),
            grow: reading.prop(&map, "grow"),
            flex_shrink: reading.prop(&map, "flex_shrink"),
            align_self: reading.optional(&map, "align_self"),
            kind: self.kind(&map, node, size),
        })
    }

    /// The description that a layer's `type` names.
    fn object(&mut self, node: &Node, path: &str) -> Option<&'static super::keys::Object> {
        if !matches!(node.content, Content::Map(_)) {
            let message = format!("expected a layer (a mapping with a type), got {}", Scalar::from_node(node));
            self.reading.error(node.position, path, message);
            return None;
        }
        let Some(kind) = node.get("type") else {
            self.reading.error(node.position, path, "the layer has no \"type\"");
            return None;
        };
        let known = LAYERS.iter().map(|(name, _)| *name);
        let path = join(path, "type");
        let Content::Text(word) = &kind.content else {
            let words: Vec<&str> = known.collect();
            let message = format!("expected one of {}, got {}", words.join(", "), Scalar::from_node(kind));
            self.reading.error(kind.position, path, message);
            return None;
        };
        let found = LAYERS.iter().find(|(name, _)| name == word);
        if found.is_none() {
            let message = format!("there is no layer type \"{}\"", shorten(word));
            self.reading.push(TemplateError::new(kind.position, path, message).suggesting(word, known));
        }
        found.map(|(_, object)| *object)
    }

    fn kind(&mut self, map: &Map<'_>, node: &Node, size: &str) -> KindModel {
        let word = LAYERS.iter().find(|(_, object)| std::ptr::eq(*object, map.object)).map_or("", |(name, _)| *name);
        let children = node.get("layers");
        let path = join(&map.path, "layers");
        let children = |reader: &mut Self| children.map(|n| reader.layers(n, &path, size)).unwrap_or_default();
        match word {
            "ellipse" => KindModel::Ellipse,
            "group" => KindModel::Group(children(self)),
            "stack" => {
                let layers = children(self);
                let reading = &mut *self.reading;
                KindModel::Stack(Box::new(StackModel {
                    direction: reading.prop(map, "direction"),
                    gap: reading.prop(map, "gap"),
                    padding: reading.four(map, "padding", &SIDE),
                    align: reading.prop(map, "align"),
                    justify: reading.prop(map, "justify"),
                    wrap: reading.prop(map, "wrap"),
                    layers,
                }))
            }
            "text" => KindModel::Text(Box::new(text(self.reading, map))),
            "image" => KindModel::Image(Box::new(image(self.reading, map))),
            "rating" => KindModel::Rating(Box::new(rating(self.reading, map))),
            _ => KindModel::Rect,
        }
    }
}

/// The mapping under a key, if it is there and is one.
fn nested<'n>(
    reading: &mut Reading,
    map: &Map<'n>,
    name: &'static str,
    object: &'static super::keys::Object,
) -> Option<Map<'n>> {
    let entry = map.entry(name)?;
    let path = map.path_of(entry);
    reading.map(&entry.value, &path, object)
}

fn stroke(reading: &mut Reading, map: &Map<'_>) -> Option<StrokeModel> {
    let map = nested(reading, map, "stroke", &STROKE)?;
    Some(StrokeModel { width: reading.prop(&map, "width"), color: reading.prop(&map, "color") })
}

fn shadows(reading: &mut Reading, map: &Map<'_>) -> Vec<ShadowModel> {
    let Some(entry) = map.entry("shadow") else {
        return Vec::new();
    };
    let path = map.path_of(entry);
    let nodes: Vec<(&Node, String)> = match &entry.value.content {
        Content::List(list) if list.len() > MAX_SHADOWS => {
            reading.error(entry.value.position, path, format!("{} shadows are more than {MAX_SHADOWS}", list.len()));
            return Vec::new();
        }
        Content::List(list) => list.iter().enumerate().map(|(i, node)| (node, format!("{path}[{i}]"))).collect(),
        _ => vec![(&entry.value, path)],
    };
    let mut read = |(node, path): (&Node, String)| {
        let map = reading.map(node, &path, &SHADOW)?;
        Some(ShadowModel {
            x: reading.prop(&map, "x"),
            y: reading.prop(&map, "y"),
            blur: reading.prop(&map, "blur"),
            spread: reading.prop(&map, "spread"),
            color: reading.prop(&map, "color"),
        })
    };
    nodes.into_iter().filter_map(&mut read).collect()
}

/// The frame, with a layer's own `width` and `height` in it.
fn sized_frame(reading: &mut Reading, map: &Map<'_>) -> FrameModel {
    let mut frame = frame(reading, map);
    let width = reading.optional(map, "width");
    let height = reading.optional(map, "height");
    for (name, own, of_frame) in [("width", width, &mut frame.width), ("height", height, &mut frame.height)] {
        if own.is_some() && of_frame.is_some() {
            let place = map.entry(name).map_or(map.position, |entry| entry.position);
            reading.error(place, &map.path, format!("\"{name}\" is in the layer and in its frame: keep one"));
        }
        *of_frame = own.or(of_frame.take());
    }
    for (all, start, end, length) in [
        ("x, right and width", &frame.left, &frame.right, &frame.width),
        ("y, bottom and height", &frame.top, &frame.bottom, &frame.height),
    ] {
        if start.is_some() && end.is_some() && length.is_some() {
            let entry = map.entry("frame");
            let (place, path) = entry.map_or((map.position, map.path.clone()), |e| (e.value.position, map.path_of(e)));
            let message = format!("{all} contradict each other: leave one out (or null in a size)");
            reading.error(place, path, message);
        }
    }
    frame
}

fn frame(reading: &mut Reading, map: &Map<'_>) -> FrameModel {
    let Some(entry) = map.entry("frame") else {
        return FrameModel::default();
    };
    let path = map.path_of(entry);
    match &entry.value.content {
        Content::Text(word) if word == "full" => {
            let at = |length| Some(Prop::Constant(length));
            return FrameModel {
                left: at(Length::Px(0.0)),
                top: at(Length::Px(0.0)),
                width: at(Length::Percent(100.0)),
                height: at(Length::Percent(100.0)),
                ..FrameModel::default()
            };
        }
        Content::Map(_) => {}
        _ => {
            let message =
                format!("expected full or a mapping of x, y, width and so on, got {}", Scalar::from_node(&entry.value));
            reading.error(entry.value.position, path, message);
            return FrameModel::default();
        }
    }
    let Some(map) = reading.map(&entry.value, &path, &FRAME) else {
        return FrameModel::default();
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
    for (name, is_centered, end) in [("right", center_x, &frame.right), ("bottom", center_y, &frame.bottom)] {
        if is_centered && end.is_some() {
            reading.error(map.position, &path, format!("center and {name} contradict each other: leave one out"));
        }
    }
    frame
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

fn text(reading: &mut Reading, map: &Map<'_>) -> TextModel {
    let font = nested(reading, map, "font", &FONT);
    let font =
        font.unwrap_or_else(|| Map { entries: Vec::new(), position: map.position, path: String::new(), object: &FONT });
    let family_place = match font.entry("family") {
        Some(entry) => (entry.value.position, font.path_of(entry)),
        None => (map.position, map.path.clone()),
    };
    let shrink = nested(reading, map, "shrink", &SHRINK);
    TextModel {
        text: reading.prop(map, "text"),
        font: FontModel {
            family: reading.optional(&font, "family"),
            weight: reading.prop(&font, "weight"),
            italic: reading.prop(&font, "italic"),
            size: reading.prop(&font, "size"),
            line_height: reading.prop(&font, "line_height"),
            letter_spacing: reading.prop(&font, "letter_spacing"),
        },
        family_place,
        color: reading.prop(map, "color"),
        align: reading.prop(map, "align"),
        valign: reading.prop(map, "valign"),
        max_lines: reading.optional(map, "max_lines"),
        shrink_to: shrink.map(|shrink| reading.prop(&shrink, "to")),
        wrap: reading.prop(map, "wrap"),
        ellipsis: reading.prop(map, "ellipsis"),
    }
}

fn image(reading: &mut Reading, map: &Map<'_>) -> ImageModel {
    let focus = nested(reading, map, "focus", &FOCUS);
    if let (Some(entry), Some(_)) = (map.entry("anchor"), &focus) {
        reading.error(entry.position, map.path_of(entry), "anchor and focus contradict each other: keep one");
    }
    ImageModel {
        src: reading.prop(map, "src"),
        src_position: map.entry("src").map_or(map.position, |entry| entry.value.position),
        fit: reading.prop(map, "fit"),
        focus: match focus {
            Some(focus) => FocusModel::Point(reading.prop(&focus, "x"), reading.prop(&focus, "y")),
            None => FocusModel::Anchor(reading.prop(map, "anchor")),
        },
        mask: reading.prop(map, "mask"),
    }
}

fn rating(reading: &mut Reading, map: &Map<'_>) -> RatingModel {
    RatingModel {
        value: reading.prop(map, "value"),
        max: reading.prop(map, "max"),
        size: reading.prop(map, "size"),
        gap: reading.prop(map, "gap"),
        color: reading.prop(map, "color"),
        empty_color: reading.prop(map, "empty_color"),
    }
}
