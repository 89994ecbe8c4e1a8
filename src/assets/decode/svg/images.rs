//! Images within an SVG: `data:` URLs, decoded by the same decoders within the same limits; others by a gate.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use resvg::usvg::roxmltree::Node;
use resvg::usvg::{ImageKind, Options, Tree};

use super::{SvgReferences, bounds, size};
use crate::assets::decode::{Kind, Shrink, decode_straight, read_header, too_large, unreadable};
use crate::assets::{AssetError, PhotoLimits};

/// SVGs within SVGs.
const MAX_NESTED: u32 = 3;

/// The images of one SVG while its tree is built.
pub(super) struct Images<'a> {
    references: &'a SvgReferences<'a>,
    limits: PhotoLimits,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// By their content: `<use>` asks for the same one again and again.
    decoded: HashMap<[u8; 32], Arc<Vec<u8>>>,
    pixels: u64,
    expanded: bounds::Expanded,
    nested: u32,
    error: Option<AssetError>,
}

impl<'a> Images<'a> {
    pub(super) fn new(references: &'a SvgReferences<'a>, limits: &PhotoLimits) -> Self {
        Self { references, limits: *limits, state: Mutex::default() }
    }

    /// Why the first image that could not be had was not.
    pub(super) fn error(&self) -> Option<AssetError> {
        self.state.lock().error.clone()
    }

    /// An image in a `data:` URL.
    pub(super) fn embedded(&self, data: &[u8], options: &Options<'_>) -> Option<ImageKind> {
        self.image(data, options).map_err(|error| self.failed("an image within it: ", error)).ok()
    }

    /// An image by any other `href`. One that the gate refuses is left out, as a browser would leave it out.
    pub(super) fn referred(&self, href: &str, options: &Options<'_>) -> Option<ImageKind> {
        let file = (self.references)(href).ok()?;
        if file.len() as u64 > self.limits.max_file_bytes {
            self.failed("an image that it refers to: ", too_large("the file is too large"));
            return None;
        }
        self.image(&file, options).map_err(|error| self.failed("an image that it refers to: ", error)).ok()
    }

    fn failed(&self, what: &str, error: AssetError) {
        let error = AssetError { message: format!("{what}{}", error.message), ..error };
        self.state.lock().error.get_or_insert(error);
    }

    fn image(&self, data: &[u8], options: &Options<'_>) -> Result<ImageKind, AssetError> {
        match Kind::of(data)? {
            Kind::Svg => self.svg(data, options).map(ImageKind::SVG),
            kind => self.pixels(data, kind).map(ImageKind::PNG),
        }
    }

    /// The pixels, in the form that the library takes them: an uncompressed PNG.
    fn pixels(&self, data: &[u8], kind: Kind) -> Result<Arc<Vec<u8>>, AssetError> {
        let hash = *blake3::hash(data).as_bytes();
        if let Some(file) = self.state.lock().decoded.get(&hash) {
            return Ok(Arc::clone(file));
        }
        let header = read_header(data, kind, &self.limits)?;
        let pixels = {
            let mut state = self.state.lock();
            state.pixels = state.pixels.saturating_add(header.size().area());
            state.pixels
        };
        if pixels > self.limits.max_pixels {
            let most = self.limits.max_pixels;
            return Err(too_large(format!("the images within it have {pixels} pixels: at most {most} are allowed")));
        }
        let (size, rgba) = decode_straight(data, &header, Shrink::NONE, &self.limits)?;
        let mut file = Vec::with_capacity(rgba.len() + 1024);
        let mut encoder = png::Encoder::new(&mut file, size.width, size.height);
        encoder.set_color(png::ColorType::Rgba);
        encoder.set_compression(png::Compression::NoCompression);
        let written = encoder.write_header().and_then(|mut writer| writer.write_image_data(&rgba));
        written.map_err(|error| unreadable(format!("cannot be handed on: {error}").to_lowercase()))?;
        let file = Arc::new(file);
        self.state.lock().decoded.insert(hash, Arc::clone(&file));
        Ok(file)
    }

    fn svg(&self, data: &[u8], options: &Options<'_>) -> Result<Tree, AssetError> {
        let text = super::text(data)?;
        bounds::check_text(text)?;
        let document = super::parse(text)?;
        let expanded = bounds::check(&document)?;
        {
            let mut state = self.state.lock();
            state.expanded = state.expanded.plus(expanded);
            state.expanded.check()?;
            if state.nested == MAX_NESTED {
                return Err(too_large(format!("SVGs are nested more than {MAX_NESTED} deep")));
            }
            state.nested += 1;
        }
        let text = size::with_intrinsic(text, document.root_element());
        let tree = Tree::from_data_nested(text.as_bytes(), options);
        self.state.lock().nested -= 1;
        tree.map_err(|error| unreadable(format!("cannot be drawn: {error}").to_lowercase()))
    }
}

/// The references of a document to what is not in it, each once.
pub(super) fn foreign(root: Node<'_, '_>) -> Vec<String> {
    let mut found = Vec::new();
    let images = root.descendants().filter(|node| matches!(node.tag_name().name(), "image" | "feImage" | "use"));
    for node in images {
        let href = node.attributes().find(|attribute| attribute.name() == "href").map(|attribute| attribute.value());
        let Some(href) = href.map(str::trim) else { continue };
        let is_own = href.is_empty()
            || href.starts_with('#')
            || href.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("data:"));
        if !is_own && !found.iter().any(|known| known == href) {
            found.push(href.to_owned());
        }
    }
    found
}
