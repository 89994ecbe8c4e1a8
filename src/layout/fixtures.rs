//! What tests of layout are made of: fonts, texts, layers and scenes.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use super::*;
use crate::assets::{FontLibrary, FontSet, ListedFace};
use crate::pixels::{Color, SizePx};
use crate::template::scene::{
    BoxStyle, Decoration, Font, Frame, Layer, LayerKind, LineHeight, Overflow, Span, Text, TextAlign, TextDirection,
    VerticalAlign,
};

/// Latin only, in two weights.
pub fn inter() -> Arc<FontSet> {
    static FONTS: OnceLock<Arc<FontSet>> = OnceLock::new();
    let files = ["Inter-Regular.ttf", "Inter-Bold.ttf"].map(|file| format!("examples/product-card/fonts/{file}"));
    Arc::clone(FONTS.get_or_init(|| font_set(&files)))
}

/// Every script that the test fonts have.
pub fn noto() -> Arc<FontSet> {
    static FONTS: OnceLock<Arc<FontSet>> = OnceLock::new();
    let files = [
        "NotoSans-Regular.ttf",
        "NotoSans-Italic.ttf",
        "NotoSansArabic-Regular.ttf",
        "NotoSansArabic-Bold.ttf",
        "NotoSansHebrew-Regular.ttf",
        "NotoSansThai-Regular.ttf",
        "NotoSansLao-Regular.ttf",
        "NotoSansKhmer-Regular.ttf",
        "NotoSansMyanmar-Regular.ttf",
        "NotoSansDevanagari-Regular.ttf",
        "NotoSansCJKjp-Regular.otf",
        "NotoColorEmoji.ttf",
    ];
    Arc::clone(FONTS.get_or_init(|| font_set(&files.map(|file| format!("tests/fonts/{file}")))))
}

/// The faces of some files of the repository, in order.
pub fn font_set(files: &[String]) -> Arc<FontSet> {
    // One library, as in the process: ids are never used twice.
    static LIBRARY: OnceLock<FontLibrary> = OnceLock::new();
    let library = LIBRARY.get_or_init(FontLibrary::new);
    let faces = files.iter().flat_map(|file| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        library.add(std::fs::read(path).expect("a font file")).expect("a font")
    });
    Arc::new(library.set(faces.map(ListedFace::new).collect()))
}

/// A span in the first family.
pub fn span(content: impl Into<String>, size_px: f32) -> Span {
    let font = Font {
        family: None,
        weight: 400,
        italic: false,
        size_px,
        line_height: LineHeight::Normal,
        letter_spacing_px: 0.0,
    };
    Span { text: content.into(), font, color: Color::BLACK, decoration: Decoration::default() }
}

/// Spans that wrap.
pub fn spans(spans: Vec<Span>) -> Text {
    Text {
        spans,
        align: TextAlign::Start,
        valign: VerticalAlign::Top,
        max_lines: None,
        shrink_to_px: None,
        wrap: true,
        balance: false,
        ellipsis: Arc::from("…"),
        direction: TextDirection::Auto,
        shadows: Vec::new(),
    }
}

/// One span that wraps.
pub fn text(content: impl Into<String>, size_px: f32) -> Text {
    spans(vec![span(content, size_px)])
}

/// A layer that hugs its content.
pub fn layer(kind: LayerKind) -> Layer {
    Layer {
        path: Arc::from("layers[0]"),
        frame: Frame::default(),
        opacity: 1.0,
        rotation_degrees: 0.0,
        overflow: Overflow::Visible,
        style: BoxStyle::default(),
        grow: 0.0,
        flex_shrink: 1.0,
        align_self: None,
        kind,
    }
}

/// Layers on a small canvas.
pub fn scene(layers: Vec<Layer>) -> Scene {
    Scene { size_name: Arc::from("one"), size: SizePx::new(200, 150), locale: Arc::from("en"), layers }
}
