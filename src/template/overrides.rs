//! A layer's `sizes`: keys merged over the layer for one size.
//!
//! `frame` and `font` are merged key by key, every other key is replaced, and null takes a key away.

use std::sync::Arc;

use super::error::TemplateError;
use super::keys::Object;
use super::reader::{Content, Entry, Node, shorten};
use super::reading::{Reading, join};
use super::scalar::Scalar;
use super::tables::{FONT, FRAME, NOT_OVERRIDABLE};

/// Keys whose mappings are merged instead of replaced.
pub(super) const DEEP: &[(&str, &Object)] = &[("frame", &FRAME), ("font", &FONT)];

/// Keys that hold layers.
const CHILDREN: &[&str] = &["layers", "empty"];

/// Whether a layer or a layer below it has overrides for a size.
pub(super) fn apply(layer: &Node, size: &str) -> bool {
    let mut children = CHILDREN.iter().flat_map(|key| match layer.get(key).map(|node| &node.content) {
        Some(Content::List(list)) => list.as_slice(),
        _ => &[],
    });
    layer.get("sizes").is_some_and(|sizes| sizes.get(size).is_some()) || children.any(|child| apply(child, size))
}

/// The entries of a layer as one size sees them. Mistakes in any size's overrides are recorded.
pub(super) fn merge(
    reading: &mut Reading,
    layer: &Node,
    path: &str,
    object: &'static Object,
    sizes: &[Arc<str>],
    size: &str,
) -> Vec<Entry> {
    // Children are read from the layer itself: copying them at every level would cost a square.
    let is_children = |key: &str| CHILDREN.contains(&key) && object.key(key).is_some();
    let own = |entry: &&Entry| entry.key != "sizes" && !is_children(&entry.key);
    let mut merged: Vec<Entry> = layer.entries().iter().filter(own).cloned().collect();
    let Some(node) = layer.get("sizes") else {
        return merged;
    };
    let path = join(path, "sizes");
    if !matches!(node.content, Content::Map(_)) {
        let message = format!("expected a mapping from sizes to keys of the layer, got {}", Scalar::from_node(node));
        reading.error(node.position, path, message);
        return merged;
    }
    for entry in node.entries() {
        let path = join(&path, &entry.key);
        if !sizes.iter().any(|known| **known == *entry.key) {
            let message = format!("the template has no size \"{}\"", shorten(&entry.key));
            let error = TemplateError::new(entry.position, path, message);
            reading.push(error.suggesting(&entry.key, sizes.iter().map(|size| &**size)));
            continue;
        }
        let Content::Map(over) = &entry.value.content else {
            let message = format!("expected a mapping of keys of the layer, got {}", Scalar::from_node(&entry.value));
            reading.error(entry.value.position, path, message);
            continue;
        };
        for entry in over.iter().filter(|entry| NOT_OVERRIDABLE.contains(&entry.key.as_str())) {
            let message = format!("\"{}\" cannot differ between sizes", entry.key);
            reading.error(entry.position, join(&path, &entry.key), message);
        }
        if entry.key == size {
            lay_over(&mut merged, over, &Arc::from(path), object);
        }
    }
    merged
}

fn lay_over(base: &mut Vec<Entry>, over: &[Entry], path: &Arc<str>, object: &Object) {
    let same = |a: &str, b: &str| a == b || object.key(a).is_some_and(|key| key.name == b || key.alias == Some(b));
    for entry in over.iter().filter(|entry| !NOT_OVERRIDABLE.contains(&entry.key.as_str())) {
        let place = base.iter().position(|known| same(&known.key, &entry.key));
        if entry.value.content == Content::Null && object.key(&entry.key).is_some() {
            if let Some(place) = place {
                base.remove(place);
            }
            continue;
        }
        let deep = DEEP.iter().find(|(name, _)| *name == entry.key).map(|(_, object)| *object);
        if let (Some(place), Some(object), Content::Map(over)) = (place, deep, &entry.value.content)
            && let Content::Map(below) = &mut base[place].value.content
        {
            lay_over(below, over, &Arc::from(join(path, &entry.key)), object);
            continue;
        }
        let entry = Entry { via: Some(Arc::clone(path)), ..entry.clone() };
        match place {
            Some(place) => base[place] = entry,
            None => base.push(entry),
        }
    }
}
