//! The first stage: a row becomes laid-out canvases, or the outcomes of what cannot be made.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use crate::assets::{AssetError, Photo};
use crate::job::{AssetRef, ErrorCode, ObjectName, Record, Row, RowError, Warning};
use crate::layout::{DisplayList, LayoutError, Photos, Shaper, lay_out};
use crate::sheet::{Canvas, SheetLimits};
use crate::template::scene::{Layer, LayerKind, Scene};
use crate::template::{BindError, BoundRow};

use super::budget::Budget;
use super::clock::{Clock, Stage};
use super::variant::{LaidCanvas, Outcome, Variant};
use super::{Plan, panic_message};

/// Turns rows into canvases; one for each thread.
pub struct RowStage<'r> {
    plan: &'r Plan,
    clock: &'r Clock,
    limits: SheetLimits,
    budget: Budget,
    shaper: Shaper,
    /// Sizes of the row at hand whose outcome is known.
    sizes_done: usize,
}

/// A row on its way, with its place in the data.
pub struct NumberedRow {
    /// From 0.
    pub number: u64,
    /// The row, or why it cannot be read.
    pub row: Result<Row, RowError>,
    /// Its variants, counted within the row, whose names an earlier row has.
    pub doubles: Vec<u64>,
}

/// A canvas that failed, with its reason.
struct Failure {
    code: ErrorCode,
    message: String,
}

impl Failure {
    fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

impl<'r> RowStage<'r> {
    /// A stage for one thread.
    pub fn new(plan: &'r Plan, clock: &'r Clock, limits: SheetLimits, budget: Budget) -> Self {
        let shaper = Shaper::new(Arc::clone(&plan.fonts));
        Self { plan, clock, limits, budget, shaper, sizes_done: 0 }
    }

    /// Works on one row. A panic fails that row's variants and nothing else.
    pub fn row(&mut self, numbered: NumberedRow, emit: &mut dyn FnMut(Result<LaidCanvas, Outcome>)) {
        let NumberedRow { number, row, doubles } = numbered;
        let row = match row {
            Ok(row) => row,
            Err(error) => {
                let failure = Failure::new(ErrorCode::BadRow, error.to_string());
                self.fail_row(number, &(number + 1).to_string(), &failure, emit);
                return;
            }
        };
        self.sizes_done = 0;
        let result = catch_unwind(AssertUnwindSafe(|| self.sizes(number, &row, &doubles, emit)));
        if let Err(panic) = result {
            self.shaper = Shaper::new(Arc::clone(&self.plan.fonts));
            let failure = Failure::new(ErrorCode::InternalPanic, panic_message(&*panic));
            for nth in self.sizes_done..self.plan.sizes.len() {
                self.fail_size(number, nth, &key_guess(number, &row), &failure, emit);
            }
        }
    }

    fn sizes(&mut self, number: u64, row: &Row, doubles: &[u64], emit: &mut dyn FnMut(Result<LaidCanvas, Outcome>)) {
        let plan = self.plan;
        let bound = match self.clock.time(Stage::Bind, || plan.template.bind(row, &plan.now)) {
            Ok(bound) => bound,
            Err(error) => {
                self.fail_row(number, &key_guess(number, row), &failure_of(&error), emit);
                return;
            }
        };
        for nth in 0..plan.sizes.len() {
            match self.canvas(number, nth, &bound) {
                Ok(mut canvas) => {
                    let is_double = |variant: &mut Variant| doubles.contains(&(variant.seq - plan.seq(number, 0, 0)));
                    for variant in canvas.variants.extract_if(.., is_double) {
                        let message = format!("an earlier variant has the name {}", variant.object.as_str());
                        emit(Err(variant.failed(ErrorCode::NameCollision, message, canvas.started)));
                    }
                    if !canvas.variants.is_empty() {
                        emit(Ok(canvas));
                    }
                }
                Err(failure) => self.fail_size(number, nth, bound.key(), &failure, emit),
            }
            self.sizes_done = nth + 1;
        }
    }

    fn canvas(&mut self, number: u64, nth: usize, bound: &BoundRow<'_>) -> Result<LaidCanvas, Failure> {
        let started = Instant::now();
        let plan = self.plan;
        let size = plan.sizes[nth];
        let scene = self.clock.time(Stage::Bind, || bound.scene(size)).map_err(|error| failure_of(&error))?;
        if !self.limits.holds(scene.size) {
            let most = self.limits.max_side_px;
            let message = format!(
                "{}x{} px is larger than {most} px a side, the most this adapter draws",
                scene.size.width, scene.size.height
            );
            return Err(Failure::new(ErrorCode::CanvasTooLarge, message));
        }
        let mut names = Vec::with_capacity(plan.outputs.len());
        for output in &plan.outputs {
            let name = bound.name(&plan.name, size, output.format).map_err(|error| failure_of(&error))?;
            let object = ObjectName::new(&name).map_err(|error| Failure::new(ErrorCode::BadName, error.to_string()))?;
            names.push((*output, object));
        }
        let photos = self.clock.time(Stage::Photos, || self.photos(&scene))?;
        let list = self
            .clock
            .time(Stage::Layout, || lay_out(&scene, &photos, &mut self.shaper))
            .map_err(|error| Failure::new(layout_error_code(&error), error.to_string()))?;
        let scaled = self.clock.time(Stage::Photos, || self.scaled(&list))?;
        let template_hash: Arc<str> = Arc::from(plan.template.hash());
        let warnings: Vec<Warning> = list
            .warnings
            .iter()
            .map(|warning| Warning {
                code: warning.code.to_owned(),
                path: warning.path.to_string(),
                message: warning.message.clone(),
            })
            .collect();
        let variants = names
            .into_iter()
            .enumerate()
            .map(|(output_index, (output, object))| {
                let record = Record {
                    width: Some(scene.size.width),
                    height: Some(scene.size.height),
                    template_hash: Some(Arc::clone(&template_hash)),
                    input_hash: Some(input_hash(plan, bound, &scene, &photos, output)),
                    warnings: warnings.clone(),
                    ..Record::new(number + 1, bound.key(), Arc::clone(&scene.size_name), output.format)
                };
                Variant { seq: plan.seq(number, nth, output_index), output, object, record }
            })
            .collect();
        // A display list keeps the files of its photos, a canvas the pixels at their sizes.
        let files: u64 = photos.values().map(|photo| photo.file_bytes() as u64).sum();
        let pixels: u64 = scaled.iter().map(|photo| photo.bitmap.data().len() as u64).sum();
        let bytes = files + pixels + (64 << 10);
        let held = self.budget.hold(bytes);
        Ok(LaidCanvas { canvas: Canvas { list: Arc::new(list), photos: scaled }, variants, started, _held: held })
    }

    fn photos(&self, scene: &Scene) -> Result<Photos, Failure> {
        let mut photos = Photos::new();
        visit_images(&scene.layers, &mut |path, src| {
            if !src.location.is_empty() && !photos.contains_key(src) {
                let photo: Arc<Photo> = self.plan.assets.photo(src).map_err(|error| photo_failure(path, &error))?;
                photos.insert(src.clone(), photo);
            }
            Ok(())
        })?;
        Ok(photos)
    }

    fn scaled(&self, list: &DisplayList) -> Result<Vec<Arc<crate::assets::ScaledPhoto>>, Failure> {
        let mut scaled = Vec::new();
        let mut failure = None;
        list.visit_photos(&mut |item| {
            if failure.is_none() {
                match self.plan.assets.scaled(&item.photo, item.crop, item.rect.size(), &self.plan.fonts) {
                    Ok(photo) => scaled.push(photo),
                    Err(error) => failure = Some(Failure::new(error.code, error.message)),
                }
            }
        });
        failure.map_or(Ok(scaled), Err)
    }

    fn fail_row(&self, number: u64, key: &str, failure: &Failure, emit: &mut dyn FnMut(Result<LaidCanvas, Outcome>)) {
        for nth in 0..self.plan.sizes.len() {
            self.fail_size(number, nth, key, failure, emit);
        }
    }

    fn fail_size(
        &self,
        number: u64,
        nth: usize,
        key: &str,
        failure: &Failure,
        emit: &mut dyn FnMut(Result<LaidCanvas, Outcome>),
    ) {
        let size = &self.plan.template.sizes()[self.plan.sizes[nth]];
        for (output_index, output) in self.plan.outputs.iter().enumerate() {
            let record = Record::new(number + 1, key, Arc::clone(&size.name), output.format)
                .failed(failure.code, failure.message.clone());
            emit(Err(Outcome { seq: self.plan.seq(number, nth, output_index), record }));
        }
    }
}

/// What a row that does not bind is called in the manifest: its column `id`, else its number from 1.
fn key_guess(number: u64, row: &Row) -> String {
    match row.get("id") {
        Some(serde_json::Value::String(id)) if !id.is_empty() => id.chars().take(100).collect(),
        Some(serde_json::Value::Number(id)) => id.to_string(),
        _ => (number + 1).to_string(),
    }
}

/// Everything that decides a variant's bytes, as one hash: template, fonts, fields, photos, size,
/// output, version.
fn input_hash(plan: &Plan, bound: &BoundRow<'_>, scene: &Scene, photos: &Photos, output: crate::job::Output) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(env!("CARGO_PKG_VERSION").as_bytes()).update(plan.template.hash().as_bytes());
    hasher.update(scene.size_name.as_bytes()).update(&[0]).update(output.format.name().as_bytes());
    hasher.update(&[output.quality]);
    for listed in plan.fonts.faces() {
        hasher.update(&listed.face.digest);
    }
    bound.hash_into(&mut hasher);
    let mut versions: Vec<_> = photos.values().map(|photo| photo.id.0).collect();
    versions.sort_unstable();
    for version in versions {
        hasher.update(&version);
    }
    format!("blake3:{}", hasher.finalize().to_hex())
}

fn visit_images(
    layers: &[Layer],
    visit: &mut dyn FnMut(&str, &AssetRef) -> Result<(), Failure>,
) -> Result<(), Failure> {
    for layer in layers {
        match &layer.kind {
            LayerKind::Image(image) => visit(&layer.path, &image.src)?,
            LayerKind::Group(layers) => visit_images(layers, visit)?,
            LayerKind::Stack(stack) => visit_images(&stack.layers, visit)?,
            LayerKind::Rect | LayerKind::Ellipse | LayerKind::Text(_) | LayerKind::Rating(_) => {}
        }
    }
    Ok(())
}

fn photo_failure(path: &str, error: &AssetError) -> Failure {
    Failure::new(error.code, format!("{path}: {}", error.message))
}

fn failure_of(error: &BindError) -> Failure {
    Failure::new(error.code, error.to_string())
}

/// A layout's failure in the words of a manifest. Layout itself knows no manifests.
pub fn layout_error_code(error: &LayoutError) -> ErrorCode {
    match error {
        LayoutError::TooDeep { .. } | LayoutError::TooComplex { .. } => ErrorCode::LayoutTooDeep,
        LayoutError::BoxTooLarge { .. } => ErrorCode::CanvasTooLarge,
        LayoutError::TextTooLong { .. } => ErrorCode::TextTooLong,
        LayoutError::PhotoNotLoaded { .. } => ErrorCode::PhotoUnreadable,
    }
}
