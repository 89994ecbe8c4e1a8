//! Layers of the tree into [`LayerModel`]s, once per size.
//!
//! A layer's `sizes` are merged over it before it is read, so that a size sees one plain layer. What a size
//! does not override is read once and shared by all such sizes.

mod boxes;
mod repeat;
mod text;

use std::collections::HashMap;
use std::sync::Arc;

use super::choices::ErrorRule;
use super::error::{Position, TemplateError};
use super::keys::Kind;
use super::model::{FocusModel, ImageModel, KindModel, LayerModel, RatingModel, StackModel};
use super::overrides;
use super::reader::{Content, Entry, Node, shorten};
use super::reading::{Map, Reading, join};
use super::scalar::{Name, Scalar};
use super::tables::{FOCUS, LAYERS, MAX_PX};

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
            frame: boxes::sized_frame(reading, &map),
            opacity: reading.prop(&map, "opacity"),
            rotation: reading.prop(&map, "rotation"),
            overflow: reading.prop(&map, "overflow"),
            fill: reading.optional(&map, "fill"),
            stroke: boxes::stroke(reading, &map),
            radius: reading.four(&map, "radius", &CORNER),
            shadows: boxes::shadows(reading, &map),
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
            let words: Vec<&str> = known.clone().collect();
            let message = format!("there is no layer type \"{}\", only {}", shorten(word), words.join(", "));
            self.reading.push(TemplateError::new(kind.position, path, message).suggesting(word, known));
        }
        found.map(|(_, object)| *object)
    }

    fn kind(&mut self, map: &Map<'_>, node: &Node, size: &str) -> KindModel {
        let word = LAYERS.iter().find(|(_, object)| std::ptr::eq(*object, map.object)).map_or("", |(name, _)| *name);
        match word {
            "ellipse" => KindModel::Ellipse,
            "group" => KindModel::Group(self.children(map, node, "layers", size)),
            "stack" => {
                let layers = self.children(map, node, "layers", size);
                KindModel::Stack(Box::new(self.stack(map, layers)))
            }
            "repeat" => KindModel::Repeat(Box::new(self.repeat(map, node, size))),
            "text" => KindModel::Text(Box::new(text::text(self.reading, map))),
            "image" => KindModel::Image(Box::new(image(self.reading, map))),
            "rating" => KindModel::Rating(Box::new(rating(self.reading, map))),
            _ => KindModel::Rect,
        }
    }

    fn children(&mut self, map: &Map<'_>, node: &Node, key: &str, size: &str) -> Vec<Arc<LayerModel>> {
        let path = join(&map.path, key);
        node.get(key).map(|children| self.layers(children, &path, size)).unwrap_or_default()
    }

    fn stack(&mut self, map: &Map<'_>, layers: Vec<Arc<LayerModel>>) -> StackModel {
        let reading = &mut *self.reading;
        StackModel {
            direction: reading.prop(map, "direction"),
            gap: reading.prop(map, "gap"),
            padding: reading.four(map, "padding", &SIDE),
            align: reading.prop(map, "align"),
            justify: reading.prop(map, "justify"),
            wrap: reading.prop(map, "wrap"),
            layers,
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

/// Records that entries contradict each other, at the one that a size laid over the others where there is one.
fn contradiction(reading: &mut Reading, layer: &Map<'_>, entries: &[Option<(&Map<'_>, &Entry)>], message: String) {
    let there = || entries.iter().flatten();
    let blamed = there().rfind(|(_, entry)| entry.via.is_some());
    let blamed = blamed.or_else(|| there().next_back());
    let (place, path) = match blamed {
        Some((map, entry)) => (entry.position, map.path_of(entry)),
        None => (layer.position, layer.path.clone()),
    };
    reading.error(place, path, message);
}

fn image(reading: &mut Reading, map: &Map<'_>) -> ImageModel {
    let focus = nested(reading, map, "focus", &FOCUS);
    if let (Some(anchor), Some(focus)) = (map.entry("anchor"), map.entry("focus")) {
        let message = "anchor and focus contradict each other: keep one (or null in a size)";
        contradiction(reading, map, &[Some((map, focus)), Some((map, anchor))], message.to_owned());
    }
    let placeholder = placeholder(reading, map);
    let rule = reading.optional_constant::<ErrorRule>(map, "on_error");
    if let (Some(ErrorRule::Fail | ErrorRule::Hide), Some(on_error), Some(entry)) =
        (rule, map.entry("on_error"), map.entry("placeholder"))
    {
        let message = "a placeholder is never drawn with this on_error: keep one (or null in a size)";
        contradiction(reading, map, &[Some((map, entry)), Some((map, on_error))], message.to_owned());
    }
    let implied = if placeholder.is_some() { ErrorRule::Placeholder } else { ErrorRule::Fail };
    ImageModel {
        src: reading.prop(map, "src"),
        src_position: map.entry("src").map_or(map.position, |entry| entry.value.position),
        fit: reading.prop(map, "fit"),
        focus: match focus {
            Some(focus) => FocusModel::Point(reading.prop(&focus, "x"), reading.prop(&focus, "y")),
            None => FocusModel::Anchor(reading.prop(map, "anchor")),
        },
        mask: reading.prop(map, "mask"),
        on_error: rule.unwrap_or(implied),
        placeholder,
    }
}

/// The photo that stands in for others, if one is named.
fn placeholder(reading: &mut Reading, map: &Map<'_>) -> Option<(Arc<str>, Position)> {
    let location: Arc<str> = reading.optional_constant(map, "placeholder")?;
    let entry = map.entry("placeholder")?;
    if location.trim().is_empty() {
        reading.error(entry.value.position, map.path_of(entry), "expected the path of a photo, got nothing");
        return None;
    }
    Some((location, entry.value.position))
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
