//! One row: bound, named, its photos found, laid out in every size.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::{Finding, Severity};
use crate::job::{ErrorCode, ObjectName, Row, RowError};
use crate::layout::{LayoutError, Photos, Shaper, lay_out};
use crate::pipeline::layout_error_code;
use crate::render::campaign::Campaign;
use crate::template::scene::{Layer, LayerKind, Scene};
use crate::template::{BindError, BoundRow};

/// What was found in one row.
pub(super) struct Checked {
    /// Position in the data, from 0.
    pub row: u64,
    /// Line in the file, from 1.
    pub line: Option<u64>,
    /// Empty where the row has none.
    pub key: String,
    /// Names of its objects.
    pub names: Vec<String>,
    /// In the order of the checks.
    pub findings: Vec<Finding>,
}

/// Checks rows on one thread.
pub(super) struct RowChecker<'c> {
    pub campaign: &'c Campaign,
    pub shaper: &'c mut Shaper,
}

impl RowChecker<'_> {
    /// Never fails: what is wrong is a finding.
    pub fn check(&mut self, row: &Result<Row, RowError>) -> Checked {
        let row = match row {
            Ok(row) => row,
            Err(error) => {
                let RowError { row, line, .. } = error;
                let mut checked = Checked::new(row.unwrap_or_default(), *line, String::new());
                // The line stands beside it already.
                let message = match error.column {
                    Some(column) => format!("column {column}: {}", error.kind),
                    None => error.kind.to_string(),
                };
                checked.error(ErrorCode::BadRow.as_str(), "", message);
                return checked;
            }
        };
        let mut checked = Checked::new(row.number, row.line, String::new());
        if catch_unwind(AssertUnwindSafe(|| self.bind(row, &mut checked))).is_err() {
            // The shaper may have been left in the middle of something.
            *self.shaper = Shaper::new(Arc::clone(&self.campaign.fonts));
            checked.error(ErrorCode::InternalPanic.as_str(), "", "a bug in gravure: please report it".to_owned());
        }
        checked
    }

    fn bind(&mut self, row: &Row, checked: &mut Checked) {
        let Campaign { template, now, sizes, .. } = self.campaign;
        let bound = match template.bind(row, now) {
            Ok(bound) => bound,
            Err(error) => return checked.bind_error(error, None),
        };
        checked.key = bound.key().to_owned();
        for &size in sizes {
            let name = &template.sizes()[size].name;
            match bound.scene_scaled(size, self.campaign.scale) {
                Ok(scene) => self.scene(&scene, checked),
                Err(error) => checked.bind_error(error, Some(name)),
            }
        }
        self.names(&bound, checked);
    }

    fn scene(&mut self, scene: &Scene, checked: &mut Checked) {
        let size = &scene.size_name;
        let mut photos = Photos::new();
        let mut missing = HashSet::new();
        for_each_layer(&scene.layers, &mut |layer| match &layer.kind {
            LayerKind::Image(image) => {
                let asset = &image.src;
                if asset.location.is_empty() || photos.contains_key(asset) || missing.contains(asset) {
                    return;
                }
                match self.campaign.assets.photo(asset) {
                    Ok(photo) => {
                        photos.insert(asset.clone(), photo);
                    }
                    Err(error) => {
                        missing.insert(asset.clone());
                        checked.in_size(size, Severity::Error, error.code.as_str(), &layer.path, error.message);
                    }
                }
            }
            LayerKind::Text(text) => {
                for family in text.spans.iter().filter_map(|span| span.font.family.as_deref()) {
                    if !self.campaign.fonts.has_family(family) {
                        let there = self.campaign.fonts.families().join(", ");
                        let message = format!("the template's fonts have no family {family:?}, only {there}");
                        checked.in_size(size, Severity::Warning, "unknown_family", &layer.path, message);
                    }
                }
            }
            _ => {}
        });
        if !missing.is_empty() {
            // Without its photos a canvas cannot be laid out.
            return;
        }
        match lay_out(scene, &photos, self.shaper) {
            Ok(list) => {
                for warning in list.warnings {
                    let severity = Severity::of_warning(warning.code);
                    checked.in_size(size, severity, warning.code, &warning.path, warning.message);
                }
            }
            Err(error) => {
                let (path, message) = divided(&error);
                checked.in_size(size, Severity::Error, layout_error_code(&error).as_str(), path, message);
            }
        }
    }

    fn names(&self, bound: &BoundRow<'_>, checked: &mut Checked) {
        let Campaign { template, name: pattern, sizes, outputs, .. } = self.campaign;
        for &size in sizes {
            for output in outputs {
                let name = match bound.name(pattern, size, output.format()) {
                    Ok(name) => output.object_name(name),
                    Err(error) => {
                        checked.bind_error(error, Some(&template.sizes()[size].name));
                        continue;
                    }
                };
                match ObjectName::new(&name) {
                    Ok(_) => checked.names.push(name),
                    Err(error) => checked.in_size(
                        &template.sizes()[size].name,
                        Severity::Error,
                        ErrorCode::BadName.as_str(),
                        "name",
                        error.to_string(),
                    ),
                }
            }
        }
    }
}

impl Checked {
    fn new(row: u64, line: Option<u64>, key: String) -> Self {
        Self { row, line, key, names: Vec::new(), findings: Vec::new() }
    }

    fn error(&mut self, code: &'static str, path: &str, message: String) {
        self.add(None, Severity::Error, code, path, message);
    }

    fn bind_error(&mut self, error: BindError, size: Option<&Arc<str>>) {
        let BindError { code, path, message } = error;
        self.add(size, Severity::Error, code.as_str(), &path, message);
    }

    fn in_size(&mut self, size: &Arc<str>, severity: Severity, code: &'static str, path: &str, message: String) {
        self.add(Some(size), severity, code, path, message);
    }

    /// The same in another size is the same finding.
    fn add(&mut self, size: Option<&Arc<str>>, severity: Severity, code: &'static str, path: &str, message: String) {
        let is_same = |known: &&mut Finding| known.code == code && known.path == path && known.message == message;
        if let Some(known) = self.findings.iter_mut().find(is_same) {
            if let Some(size) = size.filter(|size| !known.sizes.contains(size)) {
                known.sizes.push(Arc::clone(size));
            }
            return;
        }
        self.findings.push(Finding {
            row: self.row,
            line: self.line,
            key: self.key.clone(),
            sizes: size.into_iter().cloned().collect(),
            severity,
            code,
            path: path.to_owned(),
            message,
        });
    }
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

/// The layer, and the message without it.
fn divided(error: &LayoutError) -> (&str, String) {
    let (LayoutError::TooDeep { path }
    | LayoutError::TooComplex { path }
    | LayoutError::BoxTooLarge { path, .. }
    | LayoutError::TextTooLong { path, .. }
    | LayoutError::PhotoNotLoaded { path, .. }) = error;
    let message = error.to_string();
    let message = message.strip_prefix(&format!("{path}: ")).map(str::to_owned).unwrap_or(message);
    (path, message)
}
