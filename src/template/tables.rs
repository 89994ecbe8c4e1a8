//! Every key of a template, described once.
//!
//! Read by [`super::reading`] (unknown keys, ranges, defaults) and by [`super::schema`].

use super::choices::{
    ALIGN, DIRECTION, FIT, FONT_STYLE, JUSTIFY, MASK, ON_ERROR, OVERFLOW, TEXT_ALIGN, TEXT_DIRECTION, TRANSFORM,
    VERTICAL_ALIGN,
};
use super::keys::{Key, Kind, Object};
use crate::job::{Compression, Depth, Subsampling};

const POSITIVE: Kind = Kind::Length { positive: true };
const ANY: Kind = Kind::Length { positive: false };
/// The largest number of pixels that anything may measure.
pub(super) const MAX_PX: f64 = 100_000.0;
/// The largest side of a canvas.
pub(super) const MAX_SIDE: u32 = 16_384;

pub(super) static TEMPLATE: Object = Object {
    name: "template",
    doc: "A gravure template: sizes, declared fields, layers and outputs",
    groups: &[&[
        Key::fixed("gravure", Kind::Whole(1, 1), "Version of this format: 1").required(),
        Key::fixed("name", Kind::Name, "Name of the template, used in logs and object names").required(),
        Key::fixed(
            "locale",
            Kind::Text,
            "BCP 47 tag: how numbers, money and dates are written, and letters change case",
        )
        .default("en"),
        Key::fixed("key", Kind::Text, "Expression that names a row; else column id, else the row's number"),
        Key::fixed("sizes", Kind::Named(&SIZE), "The canvases to draw, by name").required(),
        Key::fixed("outputs", Kind::ObjectList(&OUTPUT), "What to encode; flags and jobs override it"),
        Key::fixed("fields", Kind::Named(&FIELD), "The inputs a row must or may have, checked before rendering"),
        Key::fixed(
            "fonts",
            Kind::PathOrObjectList(&FONT_FILE),
            "Font files, also the order in which a missing glyph is looked for",
        ),
        Key::fixed("layers", Kind::Layers, "What to draw, bottom first").required(),
    ]],
};

pub(super) static SIZE: Object = Object {
    name: "size",
    doc: "One canvas, in pixels",
    groups: &[&[
        Key::fixed("width", Kind::Whole(1, MAX_SIDE), "Width in pixels").required(),
        Key::fixed("height", Kind::Whole(1, MAX_SIDE), "Height in pixels").required(),
        Key::fixed("scale", Kind::Number(0.1, 8.0), "Pixels drawn per pixel of the design, in each direction")
            .default("1"),
    ]],
};

/// Which format has which: [`crate::job::Format::settings`].
pub(super) static OUTPUT: Object = Object {
    name: "output",
    doc: "One file to make of every canvas: a format with its settings",
    groups: &[&[
        Key::fixed("format", Kind::Choice(&["jpeg", "png", "webp"]), "File format").required(),
        Key::fixed("quality", Kind::Whole(1, 100), "Of a JPEG (default 85) or lossy WebP (default 80)"),
        Key::fixed(
            "subsampling",
            Kind::Choice(Subsampling::WORDS),
            "Chroma of a JPEG: 4:4:4 keeps small coloured text sharp (default 4:2:0)",
        ),
        Key::fixed("progressive", Kind::Boolean, "Whether a JPEG is shown coarse first (default false)"),
        Key::fixed(
            "background",
            Kind::Color,
            "Opaque colour under transparency, of a JPEG or a PNG of depth 24 (default white)",
        ),
        Key::fixed(
            "depth",
            Kind::Choice(Depth::WORDS),
            "Bits a pixel of a PNG: auto is 24 where all is opaque, else 32",
        ),
        Key::fixed("compression", Kind::Choice(Compression::WORDS), "Of a PNG (default speed)"),
        Key::fixed("lossless", Kind::Boolean, "Whether a WebP is lossless (default false)"),
        Key::fixed("effort", Kind::Whole(0, 6), "Of a WebP: 0 is fast, 6 is small (default 4)"),
        Key::fixed("suffix", Kind::Text, "Before the extension of the file name: tells two files of one format apart"),
    ]],
};

pub(super) static FONT_FILE: Object = Object {
    name: "font file",
    doc: "A font file and what layers call it (CSS @font-face)",
    groups: &[&[
        Key::fixed("src", Kind::Asset, "Path of a TrueType or OpenType file").required(),
        Key::fixed("family", Kind::Text, "Family that layers ask for, in place of the file's own names"),
        Key::fixed("weight", Kind::FontWeight, "Weight that it stands for, in place of the file's own"),
        Key::fixed("style", Kind::Choice(FONT_STYLE), "Upright or italic, in place of the file's own"),
    ]],
};

/// Names of the types a field may have.
pub(super) const FIELD_TYPES: &[&str] = &["text", "number", "boolean", "color", "date", "image", "list", "object"];

/// Types of a list's plain values.
pub(super) const ITEM_TYPES: &[&str] = &["text", "number", "boolean", "color", "date", "image"];

pub(super) static FIELD: Object = Object {
    name: "field",
    doc: "One declared input",
    groups: &[&[
        Key::fixed("type", Kind::Choice(FIELD_TYPES), "Type that a row's value is checked against").required(),
        Key::fixed("required", Kind::Boolean, "Whether a row without a value fails").default("false"),
        Key::fixed("default", Kind::Any, "Value for rows that have none"),
        Key::fixed("pii", Kind::Boolean, "Personal data: never shown in names, logs or messages").default("false"),
        Key::fixed("column", Kind::Text, "Column of the data, where it is not called like the field"),
        Key::fixed("locale", Kind::Text, "How numbers are written in the data, where not as the template writes them"),
        Key::fixed(
            "format",
            Kind::Text,
            "How dates are written in the data, such as DD.MM.YYYY, where not in ISO 8601",
        ),
        Key::fixed("items", Kind::Items, "A list's items: their named parts, or the type of plain values"),
        Key::fixed("fields", Kind::Named(&FIELD), "The named parts of an object"),
    ]],
};

/// What every layer has.
const COMMON: &[Key] = &[
    Key::fixed("type", Kind::Text, "Kind of layer").required(),
    Key::fixed("id", Kind::Name, "Name of the layer in messages"),
    Key::new("when", Kind::Condition, "Whether the layer is drawn").default("true"),
    Key::fixed("frame", Kind::Frame, "Position and size within the parent; hugs its content where not given"),
    Key::new("width", POSITIVE, "Short for the frame's width"),
    Key::new("height", POSITIVE, "Short for the frame's height"),
    Key::new("opacity", Kind::Fraction, "Opacity of the layer and its children as one").default("1"),
    Key::new("rotation", Kind::Degrees, "Clockwise degrees about the centre").default("0"),
    Key::new("overflow", Kind::Choice(OVERFLOW), "Whether marks outside the box are drawn").default("visible"),
    Key::new("fill", Kind::Fill, "Colour or gradient of the box"),
    Key::fixed("stroke", Kind::Object(&STROKE), "A line just inside the edge of the box"),
    Key::new("radius", Kind::Radius, "Corner radius, or up to four from the top left clockwise"),
    Key::fixed("shadow", Kind::OneOrMany(&SHADOW), "Drop shadow, or several with the first on top"),
    Key::new("grow", Kind::Number(0.0, MAX_PX), "Share of a stack's free space").default("0"),
    Key::new("flex_shrink", Kind::Number(0.0, MAX_PX), "Willingness to give way in a full stack").default("1"),
    Key::new("align_self", Kind::Choice(ALIGN), "Overrides the parent stack's align"),
    Key::fixed("sizes", Kind::Overrides, "Keys merged over the layer, by name of size"),
];

pub(super) static STROKE: Object = Object {
    name: "stroke",
    doc: "A line just inside the edge of a box",
    groups: &[&[
        Key::new("width", Kind::Pixels(0.0, MAX_PX), "Width in pixels").default("1"),
        Key::new("color", Kind::Color, "Colour").default("black"),
    ]],
};

pub(super) static SHADOW: Object = Object {
    name: "shadow",
    doc: "CSS box-shadow",
    groups: &[&[
        Key::new("x", Kind::Pixels(-MAX_PX, MAX_PX), "Offset to the right").default("0"),
        Key::new("y", Kind::Pixels(-MAX_PX, MAX_PX), "Offset downwards").default("0"),
        Key::new("blur", Kind::Pixels(0.0, 4_096.0), "Blur radius, twice the Gaussian's deviation").default("0"),
        Key::new("spread", Kind::Pixels(-MAX_PX, MAX_PX), "Growth on every side").default("0"),
        Key::new("color", Kind::Color, "Colour").default("#00000080"),
    ]],
};

pub(super) static FRAME: Object = Object {
    name: "frame",
    doc: "Where a box lies in its parent: pins to edges, width and height",
    groups: &[&[
        Key::new("x", ANY, "Distance from the left edge").alias("left"),
        Key::new("y", ANY, "Distance from the top edge").alias("top"),
        Key::new("right", ANY, "Distance from the right edge"),
        Key::new("bottom", ANY, "Distance from the bottom edge"),
        Key::new("width", POSITIVE, "Width"),
        Key::new("height", POSITIVE, "Height"),
        Key::new("min_width", POSITIVE, "Least width"),
        Key::new("max_width", POSITIVE, "Greatest width"),
        Key::new("min_height", POSITIVE, "Least height"),
        Key::new("max_height", POSITIVE, "Greatest height"),
        Key::fixed("center", Kind::Choice(CENTER), "Centred in the parent; x and y are then offsets"),
    ]],
};

/// What `center` takes.
pub(super) const CENTER: &[&str] = &["true", "false", "x", "y", "both"];

const CHILDREN: Key = Key::fixed("layers", Kind::Layers, "Children, bottom first").default("[]");

pub(super) static RECT: Object = Object { name: "rect layer", doc: "A box", groups: &[COMMON] };

pub(super) static ELLIPSE: Object =
    Object { name: "ellipse layer", doc: "An ellipse inscribed in the box", groups: &[COMMON] };

pub(super) static GROUP: Object =
    Object { name: "group layer", doc: "Children at their own frames", groups: &[COMMON, &[CHILDREN]] };

/// How children are set: what stacks and repeats share.
const FLEX: &[Key] = &[
    Key::new("direction", Kind::Choice(DIRECTION), "Main axis").default("column"),
    Key::new("gap", Kind::Pixels(0.0, MAX_PX), "Pixels between children").default("0"),
    Key::new("padding", Kind::Padding, "Pixels around the children, one to four numbers as in CSS").default("0"),
    Key::new("align", Kind::Choice(ALIGN), "Along the cross axis").default("start"),
    Key::new("justify", Kind::Choice(JUSTIFY), "Along the main axis").default("start"),
    Key::new("wrap", Kind::Boolean, "Whether children go on in further lines").default("false"),
];

pub(super) static STACK: Object = Object {
    name: "stack layer",
    doc: "Children in a row or column (CSS flexbox)",
    groups: &[COMMON, FLEX, &[CHILDREN]],
};

/// Most passes of a `repeat`.
pub(super) const MAX_PASSES: u32 = 1_000;

pub(super) static REPEAT: Object = Object {
    name: "repeat layer",
    doc: "Children once for every item of a list, set as in a stack",
    groups: &[
        COMMON,
        FLEX,
        &[
            Key::fixed("for", Kind::Text, "A name and an expression that gives a list or a count: product in products")
                .required(),
            Key::new("limit", Kind::Whole(1, MAX_PASSES), "Most items that are drawn"),
            CHILDREN,
            Key::fixed("empty", Kind::Layers, "Children where the list is empty"),
        ],
    ],
};

pub(super) static TEXT: Object = Object {
    name: "text layer",
    doc: "Text, set as CSS sets it",
    groups: &[
        COMMON,
        &[
            Key::new("text", Kind::Text, "The characters; a line break is a line break"),
            Key::fixed("spans", Kind::ObjectList(&SPAN), "Pieces with a look of their own, instead of text"),
            Key::fixed("font", Kind::Object(&FONT), "Font by name and measure"),
            Key::new("color", Kind::Color, "Colour of the characters").default("black"),
            DECORATION_KEY,
            TRANSFORM_KEY,
            Key::fixed("text_shadow", Kind::OneOrMany(&TEXT_SHADOW), "Shadow of the characters, or several"),
            Key::new(
                "direction",
                Kind::Choice(TEXT_DIRECTION),
                "Which way paragraphs run; auto: by their first letter",
            )
            .default("auto"),
            Key::new("align", Kind::Choice(TEXT_ALIGN), "Along the line").default("start"),
            Key::new("valign", Kind::Choice(VERTICAL_ALIGN), "Within the frame's height").default("top"),
            Key::new("max_lines", Kind::Whole(1, 10_000), "Most lines"),
            Key::fixed("shrink", Kind::Object(&SHRINK), "Smaller type before anything is cut"),
            Key::new("wrap", Kind::Boolean, "Whether long lines break").default("true"),
            Key::new("balance", Kind::Boolean, "Whether lines come out about equally long, as CSS text-wrap: balance")
                .default("false"),
            Key::new("ellipsis", Kind::Text, "Stands for text that does not fit; empty cuts without a mark")
                .default("…"),
        ],
    ],
};

const DECORATION_KEY: Key = Key::fixed("decoration", Kind::Decoration, "Lines along the text, as CSS text-decoration");
const TRANSFORM_KEY: Key =
    Key::new("transform", Kind::Choice(TRANSFORM), "Case of the letters, by the rules of the template's locale");

pub(super) static SPAN: Object = Object {
    name: "span",
    doc: "A piece of text in one look; what it does not say it takes from its layer",
    groups: &[&[
        Key::new("text", Kind::Text, "Its characters; without any it vanishes").required(),
        Key::new("when", Kind::Condition, "Whether it is there").default("true"),
        Key::fixed("font", Kind::Object(&FONT), "What is different from the layer's font, key by key"),
        Key::new("color", Kind::Color, "Colour of its characters"),
        DECORATION_KEY,
        TRANSFORM_KEY,
    ]],
};

pub(super) static DECORATION: Object = Object {
    name: "decoration",
    doc: "CSS text-decoration",
    groups: &[&[
        Key::fixed("line", Kind::DecorationLines, "Which lines").required(),
        Key::new("color", Kind::Color, "Colour of the lines; else the text's"),
        Key::new("thickness", Kind::Pixels(0.0, 4_096.0), "Thickness in pixels; else the font's own"),
    ]],
};

pub(super) static TEXT_SHADOW: Object = Object {
    name: "text shadow",
    doc: "CSS text-shadow",
    groups: &[&[
        Key::new("x", Kind::Pixels(-MAX_PX, MAX_PX), "Offset to the right").default("0"),
        Key::new("y", Kind::Pixels(-MAX_PX, MAX_PX), "Offset downwards").default("0"),
        Key::new("blur", Kind::Pixels(0.0, 4_096.0), "Blur radius, twice the Gaussian's deviation").default("0"),
        Key::new("color", Kind::Color, "Colour").default("#00000080"),
    ]],
};

pub(super) static FONT: Object = Object {
    name: "font",
    doc: "A font by name and measure",
    groups: &[&[
        Key::new("family", Kind::Text, "Family; else the first of the template's fonts"),
        Key::new("weight", Kind::FontWeight, "1 to 1000, or a name such as bold").default("400"),
        Key::new("italic", Kind::Boolean, "Slanted").default("false"),
        Key::new("size", Kind::Pixels(0.5, 4_096.0), "Pixels per em").default("16"),
        Key::new("line_height", Kind::LineHeight, "A number times the size, a percentage, pixels, or normal")
            .default("normal"),
        Key::new("letter_spacing", Kind::Pixels(-1_000.0, 1_000.0), "Pixels after every character").default("0"),
    ]],
};

pub(super) static SHRINK: Object = Object {
    name: "shrink",
    doc: "How far text may shrink to fit",
    groups: &[&[Key::new("to", Kind::Pixels(0.5, 4_096.0), "Smallest size in pixels").required()]],
};

pub(super) static IMAGE: Object = Object {
    name: "image layer",
    doc: "A photo",
    groups: &[
        COMMON,
        &[
            Key::new("src", Kind::Asset, "Path or URL; empty draws no photo").required(),
            Key::new("fit", Kind::Choice(FIT), "How the photo fills its box").default("cover"),
            Key::new("anchor", Kind::Choice(ANCHORS), "The part that stays in view").default("center"),
            Key::fixed("focus", Kind::Object(&FOCUS), "Any point that stays in view, instead of an anchor"),
            Key::new("mask", Kind::Choice(MASK), "Outline of the photo").default("box"),
            Key::fixed("on_error", Kind::Choice(ON_ERROR), "What a photo that cannot be had does").default("fail"),
            Key::fixed("placeholder", Kind::Asset, "Photo of the template in place of one that cannot be had"),
        ],
    ],
};

/// The nine anchors, each also in the other order of its words.
pub(super) const ANCHORS: &[&str] = &[
    "top left",
    "top",
    "top right",
    "left",
    "center",
    "right",
    "bottom left",
    "bottom",
    "bottom right",
    "left top",
    "right top",
    "left bottom",
    "right bottom",
];

pub(super) static FOCUS: Object = Object {
    name: "focus",
    doc: "A point of a photo",
    groups: &[&[
        Key::new("x", Kind::Fraction, "From the left, 0 to 1 or percent").default("0.5"),
        Key::new("y", Kind::Fraction, "From the top, 0 to 1 or percent").default("0.5"),
    ]],
};

pub(super) static RATING: Object = Object {
    name: "rating layer",
    doc: "A row of stars",
    groups: &[
        COMMON,
        &[
            Key::new("value", Kind::Number(0.0, 100.0), "How many stars are filled; fractions fill a part").required(),
            Key::new("max", Kind::Whole(1, 100), "How many stars there are").default("5"),
            Key::new("size", Kind::Pixels(1.0, 4_096.0), "Width and height of a star").default("32"),
            Key::new("gap", Kind::Pixels(0.0, 4_096.0), "Pixels between stars").default("8"),
            Key::new("color", Kind::Color, "Filled").default("#fbbf24"),
            Key::new("empty_color", Kind::Color, "Not filled").default("#d1d5db"),
        ],
    ],
};

/// Layers by the word of their `type`.
pub(super) static LAYERS: &[(&str, &Object)] = &[
    ("rect", &RECT),
    ("ellipse", &ELLIPSE),
    ("stack", &STACK),
    ("repeat", &REPEAT),
    ("group", &GROUP),
    ("text", &TEXT),
    ("image", &IMAGE),
    ("rating", &RATING),
];

/// Every mapping that is no layer.
pub(super) static OBJECTS: &[&Object] = &[
    &TEMPLATE,
    &SIZE,
    &OUTPUT,
    &FIELD,
    &FONT_FILE,
    &STROKE,
    &SHADOW,
    &FRAME,
    &FONT,
    &SHRINK,
    &FOCUS,
    &SPAN,
    &DECORATION,
    &TEXT_SHADOW,
];

/// Keys that a size cannot override.
pub(super) const NOT_OVERRIDABLE: &[&str] = &["type", "id", "sizes", "layers", "for", "empty"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_described_once_per_object() {
        for object in OBJECTS.iter().copied().chain(LAYERS.iter().map(|(_, object)| *object)) {
            let mut names: Vec<_> = object.keys().flat_map(|key| std::iter::once(key.name).chain(key.alias)).collect();
            let count = names.len();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), count, "{} names a key twice", object.name);
            assert!(object.keys().all(|key| !(key.doc.is_empty() || key.required && key.default.is_some())));
        }
    }
}
