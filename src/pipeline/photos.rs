//! The photos of a scene, and what becomes of layers whose photo cannot be had (`on_error`).

use std::collections::HashMap;
use std::sync::Arc;

use crate::assets::{AssetError, Photo};
use crate::job::{AssetRef, Warning};
use crate::layout::{DisplayList, Photos};
use crate::pixels::Color;
use crate::template::scene::{Fill, Layer, LayerKind, Mask, OnError, Scene};

/// What stands for a photo where the template gives no other: `#e5e7eb`.
const PLACEHOLDER: Color = Color::new(229.0 / 255.0, 231.0 / 255.0, 235.0 / 255.0, 1.0);
/// The warning of a record whose variant is drawn without a photo of its row.
const WARNING: &str = "photo_missing";

/// What a scene's images came to.
#[derive(Debug, Default)]
pub struct Found {
    /// Those that are there.
    pub photos: Photos,
    /// One for each layer that is hidden or has a placeholder.
    pub warnings: Vec<Warning>,
    /// The layers that fail, with the reason: at least one makes the variant fail.
    pub failures: Vec<(Arc<str>, AssetError)>,
    /// The layers that are not drawn as the row says, for the hash of all that decides the pixels.
    replaced: Vec<(Arc<str>, Replacement)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Replacement {
    Hidden,
    Photo,
    Box,
}

/// Finds every photo of a scene by `get`, and changes the layers whose photo cannot be had as their `on_error` says.
pub fn find_photos(scene: &mut Scene, get: &mut dyn FnMut(&AssetRef) -> Result<Arc<Photo>, AssetError>) -> Found {
    let mut finder = Finder { get, found: Found::default(), errors: HashMap::new() };
    finder.visit(&mut scene.layers);
    finder.found
}

/// Every photo that a scene names, placeholders included, as often as it does.
pub fn visit_assets<'s>(layers: &'s [Layer], visit: &mut dyn FnMut(&'s AssetRef)) {
    for layer in layers {
        match &layer.kind {
            LayerKind::Image(image) if image.src.location.is_empty() => {}
            LayerKind::Image(image) => visit(&image.src),
            LayerKind::Group(layers) => visit_assets(layers, visit),
            LayerKind::Stack(stack) => visit_assets(&stack.layers, visit),
            LayerKind::Rect | LayerKind::Ellipse | LayerKind::Text(_) | LayerKind::Rating(_) => {}
        }
    }
}

struct Finder<'g> {
    get: &'g mut dyn FnMut(&AssetRef) -> Result<Arc<Photo>, AssetError>,
    found: Found,
    /// One answer for each photo, so that two layers of one scene never differ about it.
    errors: HashMap<AssetRef, AssetError>,
}

impl Finder<'_> {
    fn visit(&mut self, layers: &mut Vec<Layer>) {
        layers.retain_mut(|layer| match &mut layer.kind {
            LayerKind::Image(_) => self.image(layer),
            LayerKind::Group(layers) => {
                self.visit(layers);
                true
            }
            LayerKind::Stack(stack) => {
                self.visit(&mut stack.layers);
                true
            }
            LayerKind::Rect | LayerKind::Ellipse | LayerKind::Text(_) | LayerKind::Rating(_) => true,
        });
    }

    /// Whether the layer stays.
    fn image(&mut self, layer: &mut Layer) -> bool {
        let LayerKind::Image(image) = &mut layer.kind else { return true };
        if image.src.location.is_empty() {
            return true;
        }
        let Err(error) = self.find(&image.src) else { return true };
        let (replacement, done) = match &image.on_error {
            OnError::Fail => {
                self.found.failures.push((Arc::clone(&layer.path), error));
                return true;
            }
            OnError::Hide => (Replacement::Hidden, "the layer is hidden"),
            OnError::Placeholder(Some(other)) if self.find(other).is_ok() => {
                image.src = other.clone();
                (Replacement::Photo, "its placeholder is drawn")
            }
            OnError::Placeholder(_) => {
                layer.style.fill = Some(Fill::Solid(PLACEHOLDER));
                layer.kind = match image.mask {
                    Mask::Box => LayerKind::Rect,
                    Mask::Ellipse => LayerKind::Ellipse,
                };
                (Replacement::Box, "a grey box is drawn")
            }
        };
        self.found.warnings.push(Warning {
            code: WARNING.to_owned(),
            path: layer.path.to_string(),
            message: format!("{}: {} ({})", error.code, error.message, done),
        });
        self.found.replaced.push((Arc::clone(&layer.path), replacement));
        replacement != Replacement::Hidden
    }

    fn find(&mut self, asset: &AssetRef) -> Result<(), AssetError> {
        if self.found.photos.contains_key(asset) {
            return Ok(());
        }
        if let Some(error) = self.errors.get(asset) {
            return Err(error.clone());
        }
        match (self.get)(asset) {
            Ok(photo) => {
                self.found.photos.insert(asset.clone(), photo);
                Ok(())
            }
            Err(error) => {
                self.errors.insert(asset.clone(), error.clone());
                Err(error)
            }
        }
    }
}

impl Found {
    /// These warnings and those of the layout, as a record has them.
    pub fn all_warnings(&self, list: &DisplayList) -> Vec<Warning> {
        let of_layout = list.warnings.iter().map(|warning| Warning {
            code: warning.code.to_owned(),
            path: warning.path.to_string(),
            message: warning.message.clone(),
        });
        self.warnings.iter().cloned().chain(of_layout).collect()
    }

    /// Which photos there are, by content, and which layers are drawn without theirs.
    pub fn hash_into(&self, hasher: &mut blake3::Hasher) {
        let mut contents: Vec<_> = self.photos.iter().collect();
        contents.sort_unstable_by_key(|(asset, _)| (asset.base as u8, &*asset.location));
        for (asset, photo) in contents {
            hasher.update(&(asset.location.len() as u64).to_le_bytes()).update(asset.location.as_bytes());
            hasher.update(&[asset.base as u8]).update(&photo.id.0);
        }
        for (path, replacement) in &self.replaced {
            hasher.update(path.as_bytes()).update(&[0, *replacement as u8]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assets::{Assets, AssetsConfig};
    use crate::job::{AssetBase, ErrorCode};
    use crate::pixels::SizePx;
    use crate::template::scene::{BoxStyle, Fit, Frame, Image, Overflow, Stack};

    fn asset(location: &str) -> AssetRef {
        AssetRef { location: location.into(), base: AssetBase::Data }
    }

    fn layer(path: &str, kind: LayerKind) -> Layer {
        Layer {
            path: path.into(),
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

    fn image(path: &str, location: &str, mask: Mask, on_error: OnError) -> Layer {
        let image = Image { src: asset(location), fit: Fit::Cover, focus: [0.5; 2], mask, on_error };
        layer(path, LayerKind::Image(image))
    }

    fn scene(layers: Vec<Layer>) -> Scene {
        Scene { size_name: "s".into(), size: SizePx::new(9, 9), locale: "en".into(), layers }
    }

    /// A folder with `here.png`, and how often a photo was asked for.
    fn find(scene: &mut Scene) -> (Found, usize) {
        let folder = tempfile::tempdir().unwrap();
        image::RgbImage::new(2, 2).save(folder.path().join("here.png")).unwrap();
        let assets = Assets::new(AssetsConfig::new(folder.path(), folder.path()));
        let mut asked = 0;
        let found = find_photos(scene, &mut |asset| {
            asked += 1;
            assets.photo(asset)
        });
        (found, asked)
    }

    fn hash(found: &Found) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new();
        found.hash_into(&mut hasher);
        hasher.finalize()
    }

    #[test]
    fn a_missing_photo_fails_unless_told_otherwise() {
        let mut scene = scene(vec![
            image("layers[0]", "here.png", Mask::Box, OnError::Fail),
            image("layers[1]", "", Mask::Box, OnError::Fail),
            layer(
                "layers[2]",
                LayerKind::Group(vec![image("layers[2].layers[0]", "none.png", Mask::Box, OnError::Fail)]),
            ),
        ]);
        let (found, _) = find(&mut scene);
        assert_eq!(found.failures.len(), 1);
        let (path, error) = &found.failures[0];
        assert_eq!((&**path, error.code), ("layers[2].layers[0]", ErrorCode::PhotoMissing));
        assert!(found.warnings.is_empty());
        assert_eq!(found.photos.len(), 1);
    }

    #[test]
    fn hidden_layers_are_gone_and_their_neighbours_stay() {
        let stack = Stack {
            direction: Default::default(),
            gap: 0.0,
            padding: [0.0; 4],
            align: Default::default(),
            justify: Default::default(),
            wrap: false,
            layers: vec![
                image("a", "none.png", Mask::Box, OnError::Hide),
                image("b", "here.png", Mask::Box, OnError::Hide),
            ],
        };
        let mut scene = scene(vec![layer("stack", LayerKind::Stack(stack))]);
        let (found, _) = find(&mut scene);
        let LayerKind::Stack(stack) = &scene.layers[0].kind else { panic!() };
        assert_eq!(stack.layers.len(), 1);
        assert_eq!(&*stack.layers[0].path, "b");
        assert_eq!(found.warnings[0].code, "photo_missing");
        assert_eq!(found.warnings[0].path, "a");
        let message = &found.warnings[0].message;
        assert!(
            message.starts_with("photo_missing: none.png: no such file") && message.contains("hidden"),
            "{message}"
        );
    }

    #[test]
    fn placeholders_are_another_photo_or_a_grey_box_of_the_same_form() {
        let other = |location| OnError::Placeholder(Some(asset(location)));
        let mut scene = scene(vec![
            image("photo", "none.png", Mask::Box, other("here.png")),
            image("box", "none.png", Mask::Box, other("gone.png")),
            image("ellipse", "none.png", Mask::Ellipse, OnError::Placeholder(None)),
        ]);
        let (found, asked) = find(&mut scene);
        assert!(matches!(&scene.layers[0].kind, LayerKind::Image(image) if image.src == asset("here.png")));
        assert_eq!(scene.layers[1].kind, LayerKind::Rect);
        assert_eq!(scene.layers[2].kind, LayerKind::Ellipse);
        for layer in &scene.layers[1..] {
            let Some(Fill::Solid(color)) = layer.style.fill else { panic!() };
            assert_eq!(color.to_hex(), "#e5e7eb");
        }
        assert!(found.failures.is_empty());
        assert_eq!(found.warnings.len(), 3);
        assert_eq!(asked, 3, "each photo is asked for once");
    }

    #[test]
    fn the_hash_tells_which_layer_lacks_its_photo_and_what_stands_for_it() {
        let hash_of = |first: &str, second: &str, on_error: OnError| {
            let mut scene =
                scene(vec![image("a", first, Mask::Box, on_error.clone()), image("b", second, Mask::Box, on_error)]);
            hash(&find(&mut scene).0)
        };
        let hashes = [
            hash_of("here.png", "here.png", OnError::Hide),
            hash_of("here.png", "none.png", OnError::Hide),
            hash_of("none.png", "here.png", OnError::Hide),
            hash_of("none.png", "none.png", OnError::Hide),
            hash_of("here.png", "none.png", OnError::Placeholder(None)),
            hash_of("here.png", "none.png", OnError::Placeholder(Some(asset("here.png")))),
        ];
        let different: std::collections::HashSet<_> = hashes.iter().collect();
        assert_eq!(different.len(), hashes.len());
        assert_eq!(hashes[1], hash_of("here.png", "none.png", OnError::Hide));
    }
}
