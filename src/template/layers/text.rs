//! Text layers: their characters in pieces, each with its font, colour and lines.

use super::boxes::one_or_many;
use super::{contradiction, nested};
use crate::template::choices::{DECORATION_LINE, DecorationLine};
use crate::template::error::Position;
use crate::template::keys::Kind;
use crate::template::model::{DecorationModel, FontModel, Prop, SpanModel, TextModel, TextShadowModel};
use crate::template::reader::{Content, Node};
use crate::template::reading::{Map, Reading};
use crate::template::tables::{DECORATION, FONT, SHRINK, SPAN, TEXT_SHADOW};

/// Most pieces of one layer.
const MAX_SPANS: usize = 256;
/// Most lines of one decoration: each at most once.
const MAX_LINES: usize = 4;

static LINE: Kind = Kind::Choice(DECORATION_LINE);

pub(super) fn text(reading: &mut Reading, map: &Map<'_>) -> TextModel {
    let base = Look {
        font: font(reading, map, None),
        family_place: family_place(reading, map).unwrap_or_else(|| (map.position, map.path.clone())),
        decoration: decoration(reading, map).unwrap_or_default(),
    };
    let shrink = nested(reading, map, "shrink", &SHRINK);
    TextModel {
        spans: spans(reading, map, base),
        align: reading.prop(map, "align"),
        valign: reading.prop(map, "valign"),
        max_lines: reading.optional(map, "max_lines"),
        shrink_to: shrink.map(|shrink| reading.prop(&shrink, "to")),
        wrap: reading.prop(map, "wrap"),
        balance: reading.prop(map, "balance"),
        ellipsis: reading.prop(map, "ellipsis"),
        direction: reading.prop(map, "direction"),
        shadows: shadows(reading, map),
    }
}

/// What a layer says for all of its pieces, besides what [`Reading::prop`] gives.
struct Look {
    font: FontModel,
    family_place: (Position, String),
    decoration: DecorationModel,
}

fn spans(reading: &mut Reading, map: &Map<'_>, base: Look) -> Vec<SpanModel> {
    let Look { font: base_font, family_place: base_place, decoration: base_decoration } = base;
    let Some(entry) = map.entry("spans") else {
        if map.entry("text").is_none() {
            reading.error(map.position, &map.path, "the text layer has no \"text\" and no \"spans\": give one");
        }
        return vec![SpanModel {
            when: Prop::Constant(true),
            text: reading.prop(map, "text"),
            font: base_font,
            family_place: base_place,
            color: reading.prop(map, "color"),
            decoration: base_decoration,
            transform: reading.prop(map, "transform"),
        }];
    };
    if let Some(text) = map.entry("text") {
        let message = "text and spans contradict each other: keep one (or null in a size)";
        contradiction(reading, map, &[Some((map, entry)), Some((map, text))], message.to_owned());
    }
    let path = map.path_of(entry);
    let list = reading.list(&entry.value, &path);
    if list.len() > MAX_SPANS {
        reading.error(entry.value.position, path, format!("{} spans are more than {MAX_SPANS}", list.len()));
        return Vec::new();
    }
    let mut spans = Vec::with_capacity(list.len());
    for (index, node) in list.iter().enumerate() {
        let Some(span) = reading.map(node, &format!("{path}[{index}]"), &SPAN) else { continue };
        spans.push(SpanModel {
            when: reading.prop(&span, "when"),
            text: reading.prop(&span, "text"),
            font: font(reading, &span, Some(&base_font)),
            family_place: family_place(reading, &span).unwrap_or_else(|| base_place.clone()),
            color: reading.optional(&span, "color").unwrap_or_else(|| reading.prop(map, "color")),
            decoration: decoration(reading, &span).unwrap_or_else(|| base_decoration.clone()),
            transform: reading.optional(&span, "transform").unwrap_or_else(|| reading.prop(map, "transform")),
        });
    }
    spans
}

/// A font, key by key over another one.
fn font(reading: &mut Reading, map: &Map<'_>, base: Option<&FontModel>) -> FontModel {
    let font = nested(reading, map, "font", &FONT);
    let font =
        font.unwrap_or_else(|| Map { entries: Vec::new(), position: map.position, path: String::new(), object: &FONT });
    let Some(base) = base else {
        return FontModel {
            family: reading.optional(&font, "family"),
            weight: reading.prop(&font, "weight"),
            italic: reading.prop(&font, "italic"),
            size: reading.prop(&font, "size"),
            line_height: reading.prop(&font, "line_height"),
            letter_spacing: reading.prop(&font, "letter_spacing"),
        };
    };
    let FontModel { family, weight, italic, size, line_height, letter_spacing } = base.clone();
    FontModel {
        family: reading.optional(&font, "family").or(family),
        weight: reading.optional(&font, "weight").unwrap_or(weight),
        italic: reading.optional(&font, "italic").unwrap_or(italic),
        size: reading.optional(&font, "size").unwrap_or(size),
        line_height: reading.optional(&font, "line_height").unwrap_or(line_height),
        letter_spacing: reading.optional(&font, "letter_spacing").unwrap_or(letter_spacing),
    }
}

/// Where a mapping's font names a family.
fn family_place(reading: &mut Reading, map: &Map<'_>) -> Option<(Position, String)> {
    map.entry("font").filter(|entry| matches!(entry.value.content, Content::Map(_)))?;
    let font = nested(reading, map, "font", &FONT)?;
    let entry = font.entry("family")?;
    Some((entry.value.position, font.path_of(entry)))
}

/// A word, a list of words, or a mapping with `line`, `color` and `thickness`.
fn decoration(reading: &mut Reading, map: &Map<'_>) -> Option<DecorationModel> {
    let entry = map.entry("decoration")?;
    let path = map.path_of(entry);
    if !matches!(entry.value.content, Content::Map(_)) {
        return Some(DecorationModel { lines: lines(reading, &entry.value, &path), ..DecorationModel::default() });
    }
    let map = reading.map(&entry.value, &path, &DECORATION)?;
    let line = map.entry("line").map(|entry| (&entry.value, map.path_of(entry)));
    Some(DecorationModel {
        lines: line.map(|(node, path)| lines(reading, node, &path)).unwrap_or_default(),
        color: reading.optional(&map, "color"),
        thickness: reading.optional(&map, "thickness"),
    })
}

fn lines(reading: &mut Reading, node: &Node, path: &str) -> Vec<Prop<DecorationLine>> {
    match &node.content {
        Content::List(list) if list.len() > MAX_LINES => {
            reading.error(node.position, path, format!("expected at most {MAX_LINES} lines, got {}", list.len()));
            Vec::new()
        }
        Content::List(list) => {
            let read = |(index, node)| reading.prop_of(node, &format!("{path}[{index}]"), &LINE, true);
            list.iter().enumerate().map(read).collect()
        }
        _ => vec![reading.prop_of(node, path, &LINE, true)],
    }
}

fn shadows(reading: &mut Reading, map: &Map<'_>) -> Vec<TextShadowModel> {
    let mut shadows = Vec::new();
    for (node, path) in one_or_many(reading, map, "text_shadow") {
        if let Some(map) = reading.map(node, &path, &TEXT_SHADOW) {
            shadows.push(TextShadowModel {
                x: reading.prop(&map, "x"),
                y: reading.prop(&map, "y"),
                blur: reading.prop(&map, "blur"),
                color: reading.prop(&map, "color"),
            });
        }
    }
    shadows
}
