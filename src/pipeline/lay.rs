//! The first stage: a row becomes laid-out canvases, or the outcomes of what cannot be made.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use crate::assets::{AssetError, Photo};
use crate::job::{AssetRef, ErrorCode, Record, Row, RowError, Warning};
use crate::layout::{DisplayList, LayoutError, Photos, Shaper, lay_out};
use crate::sheet::{Canvas, SheetLimits};
use crate::template::scene::{Layer, LayerKind, Scene};
use crate::template::{BindError, BoundRow};

use super::budget::Budget;
use super::clock::{Clock, Stage};
use super::input_hash::input_hash;
use super::reuse::take_reused;
use super::variant::{LaidCanvas, Outcome, Variant};
use super::{NameFailure, Plan, panic_message};

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

/// A row's place in the data.
#[derive(Clone, Copy)]
struct Place {
    /// From 0.
    number: u64,
    /// From 1.
    line: Option<u64>,
}

impl Place {
    fn of(number: u64, row: &Row) -> Self {
        Self { number, line: row.line }
    }
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
                self.fail_row(Place { number, line: error.line }, &(number + 1).to_string(), &failure, emit);
                return;
            }
        };
        self.sizes_done = 0;
        let result = catch_unwind(AssertUnwindSafe(|| self.sizes(number, &row, &doubles, emit)));
        if let Err(panic) = result {
            self.shaper = Shaper::new(Arc::clone(&self.plan.fonts));
            let failure = Failure::new(ErrorCode::InternalPanic, panic_message(&*panic));
            for nth in self.sizes_done..self.plan.sizes.len() {
                self.fail_size(Place::of(number, &row), nth, &key_guess(number, &row), &failure, emit);
            }
        }
    }

    fn sizes(&mut self, number: u64, row: &Row, doubles: &[u64], emit: &mut dyn FnMut(Result<LaidCanvas, Outcome>)) {
        let (plan, place) = (self.plan, Place::of(number, row));
        let bound = match self.clock.time(Stage::Bind, || plan.template.bind(row, &plan.now)) {
            Ok(bound) => bound,
            Err(error) => {
                self.fail_row(place, &key_guess(number, row), &failure_of(&error), emit);
                return;
            }
        };
        for nth in 0..plan.sizes.len() {
            match self.canvas(place, nth, &bound, doubles, emit) {
                Ok(Some(canvas)) => emit(Ok(canvas)),
                Ok(None) => {}
                Err(failure) => self.fail_size(place, nth, bound.key(), &failure, emit),
            }
            self.sizes_done = nth + 1;
        }
    }

    /// A canvas with the variants that are to be made of it; `None` where there is none. The outcomes of others are
    /// handed over at once.
    fn canvas(
        &mut self,
        place: Place,
        nth: usize,
        bound: &BoundRow<'_>,
        doubles: &[u64],
        emit: &mut dyn FnMut(Result<LaidCanvas, Outcome>),
    ) -> Result<Option<LaidCanvas>, Failure> {
        let started = Instant::now();
        let plan = self.plan;
        let size = plan.sizes[nth];
        let scene = self
            .clock
            .time(Stage::Bind, || bound.scene_scaled(size, plan.scale))
            .map_err(|error| failure_of(&error))?;
        if !self.limits.holds(scene.size) {
            let most = self.limits.max_side_px;
            let message = format!(
                "{}x{} px is larger than {most} px a side, the most this adapter draws",
                scene.size.width, scene.size.height
            );
            return Err(Failure::new(ErrorCode::CanvasTooLarge, message));
        }
        let mut names = Vec::with_capacity(plan.outputs.len());
        for &output in &plan.outputs {
            names.push((output, plan.object_name(bound, size, output).map_err(|error| name_failure(&error))?));
        }
        let photos = self.clock.time(Stage::Photos, || self.photos(&scene))?;
        let template_hash: Arc<str> = Arc::from(plan.template.hash());
        let mut variants: Vec<Variant> = names
            .into_iter()
            .enumerate()
            .map(|(output_index, (output, object))| {
                let record = Record {
                    line: place.line,
                    width: Some(scene.size.width),
                    height: Some(scene.size.height),
                    template_hash: Some(Arc::clone(&template_hash)),
                    input_hash: Some(input_hash(plan, bound, &scene, &photos, output.encoding)),
                    ..Record::new(place.number + 1, bound.key(), Arc::clone(&scene.size_name), output.format())
                };
                Variant { seq: plan.seq(place.number, nth, output_index), output, object, record }
            })
            .collect();
        let is_double = |variant: &mut Variant| doubles.contains(&(variant.seq - plan.seq(place.number, 0, 0)));
        for variant in variants.extract_if(.., is_double) {
            let message = format!("an earlier variant has the name {}", variant.object.as_str());
            emit(Err(variant.failed(ErrorCode::NameCollision, message, started)));
        }
        if let Some(find) = &plan.find_stored {
            take_reused(&mut variants, &**find, started).into_iter().for_each(|outcome| emit(Err(outcome)));
        }
        if variants.is_empty() {
            return Ok(None);
        }
        let list = self
            .clock
            .time(Stage::Layout, || lay_out(&scene, &photos, &mut self.shaper))
            .map_err(|error| Failure::new(layout_error_code(&error), error.to_string()))?;
        let scaled = self.clock.time(Stage::Photos, || self.scaled(&list))?;
        let warnings = list.warnings.iter().map(|warning| Warning {
            code: warning.code.to_owned(),
            path: warning.path.to_string(),
            message: warning.message.clone(),
        });
        let warnings: Vec<Warning> = warnings.collect();
        for variant in &mut variants {
            variant.record.warnings.clone_from(&warnings);
        }
        // A display list keeps the files of its photos, a canvas the pixels at their sizes.
        let files: u64 = photos.values().map(|photo| photo.file_bytes() as u64).sum();
        let pixels: u64 = scaled.iter().map(|photo| photo.bitmap.data().len() as u64).sum();
        let bytes = files + pixels + (64 << 10);
        let held = self.budget.hold(bytes);
        let canvas = Canvas { list: Arc::new(list), photos: scaled };
        Ok(Some(LaidCanvas { canvas, variants, started, _held: held }))
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
                match self.plan.assets.scaled(&item.photo, item.crop, item.rect.size()) {
                    Ok(photo) => scaled.push(photo),
                    Err(error) => failure = Some(Failure::new(error.code, error.message)),
                }
            }
        });
        failure.map_or(Ok(scaled), Err)
    }

    fn fail_row(&self, place: Place, key: &str, failure: &Failure, emit: &mut dyn FnMut(Result<LaidCanvas, Outcome>)) {
        for nth in 0..self.plan.sizes.len() {
            self.fail_size(place, nth, key, failure, emit);
        }
    }

    fn fail_size(
        &self,
        place: Place,
        nth: usize,
        key: &str,
        failure: &Failure,
        emit: &mut dyn FnMut(Result<LaidCanvas, Outcome>),
    ) {
        let size = &self.plan.template.sizes()[self.plan.sizes[nth]];
        for (output_index, output) in self.plan.outputs.iter().enumerate() {
            let record = Record::new(place.number + 1, key, Arc::clone(&size.name), output.format())
                .failed(failure.code, failure.message.clone());
            let record = Record { line: place.line, ..record };
            emit(Err(Outcome { seq: self.plan.seq(place.number, nth, output_index), record }));
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

fn name_failure(error: &NameFailure) -> Failure {
    match error {
        NameFailure::Pattern(error) => failure_of(error),
        NameFailure::Name(error) => Failure::new(ErrorCode::BadName, error.to_string()),
    }
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
