//! One row: bound, named, its photos found, laid out in every size.

use std::collections::{HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::evidence;
use super::finding::{Finding, Place, Severity};
use super::inspect;
use super::wireframe::{Wireframe, outline};
use crate::job::{AssetRef, ErrorCode, ObjectName, Row, RowError};
use crate::layout::{LayerBox, LayoutError, Photos, Shaper, lay_out_with_boxes};
use crate::pipeline::layout_error_code;
use crate::render::campaign::Campaign;
use crate::template::scene::{Image, Layer, LayerKind, OnError, Scene};
use crate::template::{BindError, BoundRow, LayerUses};

/// Layers whose uses are remembered; a template has fewer, but for the items of its lists.
const MAX_USES: usize = 4096;

/// What was found in one row.
pub(super) struct Checked {
    /// The row's number, from 1.
    pub row: u64,
    /// Line in the file, from 1.
    pub line: Option<u64>,
    /// Empty where the row has none.
    pub key: String,
    /// Names of its objects, with the size of each.
    pub names: Vec<(Arc<str>, String)>,
    /// In the order of the checks.
    pub findings: Vec<Finding>,
}

/// Checks rows on one thread.
pub(super) struct RowChecker<'c> {
    campaign: &'c Campaign,
    settings: RowSettings,
    shaper: Shaper,
    uses: HashMap<Arc<str>, Arc<LayerUses>>,
}

/// How rows are checked.
#[derive(Clone, Copy)]
pub(super) struct RowSettings {
    /// Whether findings come with a schematic of their canvas.
    pub wireframes: bool,
    /// Whether photos on the network are left alone.
    pub offline: bool,
}

/// One row in one size.
struct Canvas<'s> {
    scene: &'s Scene,
    boxes: Vec<LayerBox>,
    wireframe: Option<Arc<Wireframe>>,
}

impl<'c> RowChecker<'c> {
    /// A checker for one thread.
    pub fn new(campaign: &'c Campaign, settings: RowSettings) -> Self {
        let shaper = Shaper::new(Arc::clone(&campaign.fonts));
        Self { campaign, settings, shaper, uses: HashMap::new() }
    }

    /// Never fails: what is wrong is a finding.
    pub fn check(&mut self, row: &Result<Row, RowError>) -> Checked {
        let row = match row {
            Ok(row) => row,
            Err(error) => return unreadable(error),
        };
        let mut checked = Checked::new(row.number + 1, row.line);
        if catch_unwind(AssertUnwindSafe(|| self.row(row, &mut checked))).is_err() {
            // The shaper may have been left in the middle of something.
            self.shaper = Shaper::new(Arc::clone(&self.campaign.fonts));
            let message = "a bug in gravure: please report it";
            checked.add(None, Finding::new(Severity::Error, ErrorCode::InternalPanic.as_str(), "", message));
        }
        checked
    }

    fn row(&mut self, row: &Row, checked: &mut Checked) {
        let Campaign { template, now, sizes, scale, .. } = self.campaign;
        let bound = match template.bind(row, now) {
            Ok(bound) => bound,
            Err(error) => {
                checked.key = template.key_guess(row).unwrap_or_default();
                let all = template.field_errors(row);
                let all = if all.is_empty() { vec![error] } else { all };
                return all.into_iter().for_each(|error| checked.bind_error(None, error));
            }
        };
        checked.key = bound.key().to_owned();
        for &size in sizes {
            let name = &template.sizes()[size].name;
            match bound.scene_scaled(size, *scale) {
                Ok(scene) => self.scene(&scene, checked),
                Err(error) => checked.bind_error(Some(name), error),
            }
        }
        self.names(&bound, checked);
    }

    fn scene(&mut self, scene: &Scene, checked: &mut Checked) {
        let size = &scene.size_name;
        let mut photos = Photos::new();
        let mut missing = HashSet::new();
        let mut layers = Vec::new();
        for_each_layer(&scene.layers, &mut |layer| layers.push(layer));
        for layer in layers {
            let uses = self.uses(&layer.path);
            if let Some(finding) = inspect::values(layer, &uses) {
                checked.add(Some(size), finding);
            }
            match &layer.kind {
                LayerKind::Image(image) => {
                    if let Some(finding) = self.photo(layer, image, &uses, &mut photos, &mut missing) {
                        checked.add(Some(size), finding);
                    }
                }
                LayerKind::Text(text) => {
                    for family in text.spans.iter().filter_map(|span| span.font.family.as_deref()) {
                        if !self.campaign.fonts.has_family(family) {
                            checked.add(Some(size), self.unknown_family(layer, family, &uses));
                        }
                    }
                }
                _ => {}
            }
        }
        self.layout(scene, &photos, !missing.is_empty(), checked);
    }

    fn unknown_family(&self, layer: &Layer, family: &str, uses: &LayerUses) -> Finding {
        let there = self.campaign.fonts.families().join(", ");
        let message = match uses.is_personal {
            true => format!("the template's fonts have only {there}"),
            false => format!("the template's fonts have no family {family:?}, only {there}"),
        };
        Finding::new(Severity::Warning, "unknown_family", Arc::clone(&layer.path), message)
    }

    /// Finds a layer's photo, or the finding that there is none.
    fn photo(
        &self,
        layer: &Layer,
        image: &Image,
        uses: &LayerUses,
        photos: &mut Photos,
        missing: &mut HashSet<AssetRef>,
    ) -> Option<Finding> {
        let path = Arc::clone(&layer.path);
        if image.src.location.is_empty() || photos.contains_key(&image.src) {
            return None;
        }
        if self.settings.offline && is_remote(&image.src.location) {
            missing.insert(image.src.clone());
            let message = "a photo on the network: not looked at, as --offline asks";
            return Some(Finding::new(Severity::Note, "photo_not_checked", path, message));
        }
        let error = match self.campaign.assets.photo(&image.src) {
            Ok(photo) => {
                photos.insert(image.src.clone(), photo);
                return None;
            }
            Err(error) => error,
        };
        missing.insert(image.src.clone());
        let message = if uses.is_personal { "a personal photo cannot be used".to_owned() } else { error.message };
        let (severity, end) = match &image.on_error {
            OnError::Fail => (Severity::Error, ""),
            OnError::Hide => (Severity::Warning, "; the layer is left out"),
            OnError::Placeholder(_) => (Severity::Warning, "; the placeholder stands in"),
        };
        Some(Finding::new(severity, error.code.as_str(), path, format!("{message}{end}")))
    }

    /// Lays a scene out, also where photos are missing: what is wrong with the rest shows all the same.
    fn layout(&mut self, scene: &Scene, photos: &Photos, lacks_photos: bool, checked: &mut Checked) {
        let size = &scene.size_name;
        let (list, boxes) = match lay_out_with_boxes(scene, photos, &mut self.shaper) {
            Ok(laid) => laid,
            Err(LayoutError::PhotoNotLoaded { .. }) if lacks_photos => return,
            Err(error) => {
                let (path, message) = divided(&error);
                let code = layout_error_code(&error).as_str();
                return checked.add(Some(size), Finding::new(Severity::Error, code, path, message));
            }
        };
        let constants: Vec<bool> = boxes.iter().map(|layer| self.uses(&layer.path).is_constant).collect();
        let overhangs = inspect::overhangs(scene.size, &boxes, &constants);
        let mut canvas = Canvas { scene, boxes, wireframe: None };
        for warning in &list.warnings {
            let uses = self.uses(&warning.path);
            let layer = canvas.boxes.iter().position(|layer| layer.path == warning.path);
            let text = find_layer(&scene.layers, &warning.path);
            let finding = evidence::of_warning(warning, layer.map(|index| &canvas.boxes[index]), text, &uses);
            self.placed(&mut canvas, layer, finding, checked);
        }
        for (index, mut finding) in overhangs {
            let path = Arc::clone(&canvas.boxes[index].path);
            let uses = self.uses(&path);
            evidence::add_text(&mut finding, find_layer(&scene.layers, &path), &uses);
            self.placed(&mut canvas, Some(index), finding, checked);
        }
        // What was found before there were boxes gets its place, too.
        for finding in checked.findings.iter_mut().filter(|f| f.sizes.contains(size)) {
            if finding.places.iter().all(|place| place.size != *size)
                && let Some(index) = canvas.boxes.iter().position(|layer| layer.path == finding.path)
            {
                finding.places.push(self.place(&mut canvas, index));
            }
        }
    }

    fn placed(&self, canvas: &mut Canvas<'_>, layer: Option<usize>, mut finding: Finding, checked: &mut Checked) {
        finding.places.extend(layer.map(|index| self.place(canvas, index)));
        checked.add(Some(&canvas.scene.size_name), finding);
    }

    fn place(&self, canvas: &mut Canvas<'_>, index: usize) -> Place {
        let Canvas { scene, boxes, wireframe } = canvas;
        if self.settings.wireframes && wireframe.is_none() {
            *wireframe = Some(Arc::new(Wireframe::new(&scene.size_name, scene.size, boxes)));
        }
        let size = Arc::clone(&scene.size_name);
        Place { size, corners: outline(&boxes[index].corners), wireframe: wireframe.clone() }
    }

    fn uses(&mut self, path: &Arc<str>) -> Arc<LayerUses> {
        if let Some(known) = self.uses.get(path) {
            return Arc::clone(known);
        }
        if self.uses.len() >= MAX_USES {
            self.uses.clear();
        }
        let uses = Arc::new(self.campaign.template.layer_uses(path));
        self.uses.insert(Arc::clone(path), Arc::clone(&uses));
        uses
    }

    fn names(&self, bound: &BoundRow<'_>, checked: &mut Checked) {
        let Campaign { template, name: pattern, sizes, outputs, .. } = self.campaign;
        for &size in sizes {
            let size_name = &template.sizes()[size].name;
            for output in outputs {
                let name = match bound.name(pattern, size, output.format()) {
                    Ok(name) => output.object_name(name),
                    Err(error) => {
                        checked.bind_error(Some(size_name), error);
                        continue;
                    }
                };
                match ObjectName::new(&name) {
                    Ok(_) => checked.names.push((Arc::clone(size_name), name)),
                    Err(error) => {
                        let code = ErrorCode::BadName.as_str();
                        checked.add(Some(size_name), Finding::new(Severity::Error, code, "name", error.to_string()));
                    }
                }
            }
        }
    }
}

impl Checked {
    fn new(row: u64, line: Option<u64>) -> Self {
        Self { row, line, key: String::new(), names: Vec::new(), findings: Vec::new() }
    }

    fn bind_error(&mut self, size: Option<&Arc<str>>, error: BindError) {
        let BindError { code, path, message } = error;
        self.add(size, Finding::new(Severity::Error, code.as_str(), path, message));
    }

    /// The same in another size is the same finding; of two the worse one is told.
    pub fn add(&mut self, size: Option<&Arc<str>>, finding: Finding) {
        let finding = Finding {
            row: Some(self.row),
            line: self.line,
            key: self.key.clone(),
            sizes: size.into_iter().cloned().collect(),
            ..finding
        };
        let is_same = |known: &&mut Finding| {
            // Their messages differ by size, what they say does not.
            let is_alike = (!known.places.is_empty() && !finding.places.is_empty()) || &*finding.path == "name";
            known.code == finding.code && known.path == finding.path && (is_alike || known.message == finding.message)
        };
        let Some(known) = self.findings.iter_mut().find(is_same) else {
            self.findings.push(finding);
            return;
        };
        let (mut sizes, mut places) = (std::mem::take(&mut known.sizes), std::mem::take(&mut known.places));
        for size in &finding.sizes {
            if !sizes.contains(size) {
                sizes.push(Arc::clone(size));
            }
        }
        for place in &finding.places {
            if !places.iter().any(|known| known.size == place.size) {
                places.push(place.clone());
            }
        }
        if finding.weight() > known.weight() {
            *known = finding;
        }
        (known.sizes, known.places) = (sizes, places);
    }
}

fn unreadable(error: &RowError) -> Checked {
    let RowError { row, line, column, kind } = error;
    let mut checked = Checked::new(row.unwrap_or_default() + 1, *line);
    // The line stands beside it already.
    let message = match column {
        Some(column) => format!("column {column}: {kind}"),
        None => kind.to_string(),
    };
    checked.add(None, Finding::new(Severity::Error, ErrorCode::BadRow.as_str(), "", message));
    checked
}

fn is_remote(location: &str) -> bool {
    let scheme = location.split_once("://").map(|(scheme, _)| scheme);
    scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https"))
}

fn for_each_layer<'s>(layers: &'s [Layer], visit: &mut dyn FnMut(&'s Layer)) {
    for layer in layers {
        visit(layer);
        match &layer.kind {
            LayerKind::Group(layers) => for_each_layer(layers, visit),
            LayerKind::Stack(stack) => for_each_layer(&stack.layers, visit),
            LayerKind::Rect | LayerKind::Ellipse | LayerKind::Text(_) | LayerKind::Image(_) | LayerKind::Rating(_) => {}
        }
    }
}

fn find_layer<'s>(layers: &'s [Layer], path: &str) -> Option<&'s Layer> {
    let mut found = None;
    for_each_layer(layers, &mut |layer| {
        if *layer.path == *path {
            found.get_or_insert(layer);
        }
    });
    found
}

/// The layer, and the message without it.
fn divided(error: &LayoutError) -> (Arc<str>, String) {
    let (LayoutError::TooDeep { path }
    | LayoutError::TooComplex { path }
    | LayoutError::BoxTooLarge { path, .. }
    | LayoutError::TextTooLong { path, .. }
    | LayoutError::PhotoNotLoaded { path, .. }) = error;
    let message = error.to_string();
    let message = message.strip_prefix(&format!("{path}: ")).map(str::to_owned).unwrap_or(message);
    (Arc::clone(path), message)
}
