//! SVG: read for its size, drawn at the very size that it is shown.
//!
//! ```text
//!   text ──bounds──> size ........ later, for each crop and size: ──usvg──> tree ──work──> resvg ──> pixels
//!          what its references                                  fonts, images      what drawing takes
//!          come to
//! ```
//!
//! The tree is bounded before it is built and its drawing before it is drawn: a few hundred bytes of nested
//! references can ask for hours. Both are counts, not clocks: what is refused is refused everywhere. Everything
//! runs on a thread with a deep stack, whose panic is an error of the file.
//!
//! As browsers do with an SVG in `<img>`: no script, no animation, nothing loaded from elsewhere.

mod bounds;
mod fonts;
mod images;
mod size;
mod work;

pub(in crate::assets) use fonts::SvgFonts;
use images::Images;
use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::roxmltree::{Document, ParsingOptions};
use resvg::usvg::{FontResolver, ImageHrefResolver, Options, Tree};

use super::{AssetError, check_size, too_large, unreadable};
use crate::assets::limits::svg::{MAX_TAGS, STACK_BYTES};
use crate::assets::scale::ScaledKey;
use crate::assets::{FontSet, PhotoLimits, PhotoNote};
use crate::pixels::{Bitmap, SizePx};

/// Gets what an SVG refers to, by the text of its `href`: an image file's bytes.
pub type SvgReferences<'a> = dyn Fn(&str) -> Result<Vec<u8>, AssetError> + Send + Sync + 'a;

/// What is known of an SVG before it is drawn.
#[derive(Clone, Debug)]
pub(in crate::assets) struct Svg {
    /// In CSS pixels, rounded.
    pub(in crate::assets) size: SizePx,
    pub(in crate::assets) has_text: bool,
    pub(in crate::assets) notes: Vec<PhotoNote>,
}

impl Svg {
    /// Reads as much as tells its size, and that its references stay within bounds.
    pub(in crate::assets) fn read(file: &[u8], limits: &PhotoLimits) -> Result<Self, AssetError> {
        let text = text(file)?;
        bounds::check_text(text)?;
        on_a_deep_stack(|| {
            let document = parse(text)?;
            let root = document.root_element();
            if root.tag_name().name() != "svg" {
                let name = root.tag_name().name().chars().take(50).collect::<String>();
                return Err(unreadable(format!("not an SVG: its outermost element is <{name}>")));
            }
            let size = size::intrinsic(root);
            let rounded = SizePx::new(size.width.round().max(1.0) as u32, size.height.round().max(1.0) as u32);
            // It is drawn at another size: only its sides count.
            check_size(rounded, &PhotoLimits { max_pixels: u64::MAX, ..*limits })?;
            bounds::check(&document)?;
            let has_text = root.descendants().any(|node| node.tag_name().name() == "text");
            let notes = PhotoNote::references_ignored(images::foreign(root)).into_iter().collect();
            Ok(Self { size: rounded, has_text, notes })
        })
    }

    /// Draws a part of it at a size, premultiplied.
    pub(in crate::assets) fn draw(
        &self,
        file: &[u8],
        key: &ScaledKey,
        fonts: &FontSet,
        references: &SvgReferences<'_>,
        limits: &PhotoLimits,
    ) -> Result<Bitmap, AssetError> {
        let text = text(file)?;
        on_a_deep_stack(|| {
            let text = size::with_intrinsic(text, parse(text)?.root_element());
            let images = Images::new(references, limits);
            let tree = tree(&text, fonts, &images)?;
            if let Some(error) = images.error() {
                return Err(error);
            }
            let transform = self.transform(&tree, key);
            work::check(&tree, transform, key.size, limits)?;
            let mut pixels = Pixmap::new(key.size.width, key.size.height)
                .ok_or_else(|| too_large("the image would be drawn too large"))?;
            resvg::render(&tree, transform, &mut pixels.as_mut());
            Ok(Bitmap::new(key.size, pixels.take()))
        })
    }

    /// From the tree's units to the part drawn. Rounding the size does not distort: what is left over is shared.
    fn transform(&self, tree: &Tree, key: &ScaledKey) -> Transform {
        let (width, height) = (self.size.width as f32, self.size.height as f32);
        let (own_width, own_height) = (tree.size().width(), tree.size().height());
        let scale = (width / own_width).min(height / own_height);
        let (left, top) = ((width - own_width * scale) / 2.0, (height - own_height * scale) / 2.0);
        let crop = key.crop();
        let (x, y) = (key.size.width as f32 / crop.width, key.size.height as f32 / crop.height);
        Transform::from_row(scale * x, 0.0, 0.0, scale * y, (left - crop.x) * x, (top - crop.y) * y)
    }
}

fn text(file: &[u8]) -> Result<&str, AssetError> {
    std::str::from_utf8(file).map_err(|_| unreadable("an SVG must be text in UTF-8"))
}

fn parse(text: &str) -> Result<Document<'_>, AssetError> {
    // A byte order mark is no part of the document.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).trim_start();
    let options = ParsingOptions { allow_dtd: true, nodes_limit: MAX_TAGS as u32 * 2, ..ParsingOptions::default() };
    Document::parse_with_options(text, options)
        .map_err(|error| unreadable(format!("not a well-formed SVG: {error}").chars().take(300).collect::<String>()))
}

/// The tree of a document whose bounds were checked.
fn tree(text: &str, fonts: &FontSet, images: &Images<'_>) -> Result<Tree, AssetError> {
    let svg_fonts = fonts.for_svg();
    let options = Options {
        // As browsers have it.
        font_size: 16.0,
        font_family: fonts.families().first().map(|name| (*name).to_owned()).unwrap_or_default(),
        image_href_resolver: ImageHrefResolver {
            resolve_data: Box::new(|_, data, options| images.embedded(&data, options)),
            resolve_string: Box::new(|href, options| images.referred(href, options)),
        },
        font_resolver: FontResolver {
            select_font: Box::new(|font, _| svg_fonts.select(fonts, font)),
            select_fallback: Box::new(|c, used, _| svg_fonts.fallback(fonts, c, used)),
        },
        fontdb: svg_fonts.database(),
        ..Options::default()
    };
    Tree::from_str(text, &options).map_err(|error| {
        unreadable(format!("cannot be drawn: {error}").to_lowercase().chars().take(300).collect::<String>())
    })
}

/// Runs `work` on a thread of its own: nesting takes stack, and how much the caller has left is unknown.
fn on_a_deep_stack<T: Send>(work: impl FnOnce() -> Result<T, AssetError> + Send) -> Result<T, AssetError> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("svg".to_owned()).stack_size(STACK_BYTES);
        let thread = thread
            .spawn_scoped(scope, work)
            .map_err(|error| unreadable(format!("cannot be drawn: {error}").to_lowercase()))?;
        thread.join().unwrap_or_else(|_| Err(unreadable("cannot be drawn: the renderer failed on it")))
    })
}

#[cfg(test)]
mod tests;
