//! The first stage: a row becomes laid-out canvases, or the outcomes of what cannot be made.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use crossbeam_channel::Receiver;

use crate::assets::{AssetError, Landed, ScaledPhoto};
use crate::job::{AssetRef, ErrorCode, ObjectName, Record, Row, RowError, Warning};
use crate::layout::{DisplayList, LayoutError, Photos, Shaper, lay_out};
use crate::sheet::{Canvas, SheetLimits};
use crate::template::scene::Scene;
use crate::template::{BindError, BoundRow};

use super::budget::Budget;
use super::clock::{Clock, Stage};
use super::photos::{Found, find_photos, visit_assets};
use super::variant::{LaidCanvas, Outcome, Variant};
use super::waiting::{Next, Waiting};
use super::{Plan, Stop, panic_message};

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

/// What a stage hands on: a canvas, or the outcome of a variant that cannot be made.
pub type Laid<'e> = dyn FnMut(Result<LaidCanvas, Outcome>) + 'e;

/// How far a row came.
enum Step {
    /// All its sizes have an outcome or a canvas.
    Done,
    /// These photos must be fetched first.
    Wait(Vec<AssetRef>),
}

/// A canvas that failed, with its reason.
struct Failure {
    code: ErrorCode,
    message: String,
}

/// What a canvas is made of.
struct Drawn {
    /// With what `on_error` changed.
    scene: Scene,
    found: Found,
    list: DisplayList,
    scaled: Vec<Arc<ScaledPhoto>>,
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

    /// Works on rows until there are no more or a stop is requested.
    pub fn run(mut self, rows: &Receiver<NumberedRow>, stop: &Stop, emit: &mut Laid<'_>) {
        let mut waiting = Waiting::new();
        loop {
            let (row, landed) = match waiting.next(rows, stop) {
                Next::New(row) => (row, None),
                Next::Landed(row, landed) => (row, Some(landed)),
                Next::End => return,
            };
            if let Some((row, wanted)) = self.row(row, landed.as_ref(), emit) {
                waiting.add(row, wanted, &self.plan.assets);
            }
        }
    }

    /// Works on one row, or gives it back with the photos that must be fetched first; a row comes with what has
    /// `landed` once. A panic fails that row's variants and nothing else.
    fn row(
        &mut self,
        numbered: NumberedRow,
        landed: Option<&Landed>,
        emit: &mut Laid<'_>,
    ) -> Option<(NumberedRow, Vec<AssetRef>)> {
        let NumberedRow { number, row, doubles } = &numbered;
        let row = match row {
            Ok(row) => row,
            Err(error) => {
                let failure = Failure::new(ErrorCode::BadRow, error.to_string());
                self.fail_row(*number, &(number + 1).to_string(), &failure, emit);
                return None;
            }
        };
        self.sizes_done = 0;
        let result = catch_unwind(AssertUnwindSafe(|| self.sizes(*number, row, doubles, landed, emit)));
        match result {
            Ok(Step::Done) => None,
            Ok(Step::Wait(wanted)) => Some((numbered, wanted)),
            Err(panic) => {
                self.shaper = Shaper::new(Arc::clone(&self.plan.fonts));
                let failure = Failure::new(ErrorCode::InternalPanic, panic_message(&*panic));
                for nth in self.sizes_done..self.plan.sizes.len() {
                    self.fail_size(*number, nth, &key_guess(*number, row), &failure, emit);
                }
                None
            }
        }
    }

    fn sizes(&mut self, number: u64, row: &Row, doubles: &[u64], landed: Option<&Landed>, emit: &mut Laid<'_>) -> Step {
        let plan = self.plan;
        let bound = match self.clock.time(Stage::Bind, || plan.template.bind(row, &plan.now)) {
            Ok(bound) => bound,
            Err(error) => {
                self.fail_row(number, &key_guess(number, row), &failure_of(&error), emit);
                return Step::Done;
            }
        };
        let scenes: Vec<Result<Scene, BindError>> =
            self.clock.time(Stage::Bind, || plan.sizes.iter().map(|&size| bound.scene(size)).collect());
        if landed.is_none() {
            let wanted = self.wanted(&scenes);
            if !wanted.is_empty() {
                return Step::Wait(wanted);
            }
        }
        for (nth, scene) in scenes.into_iter().enumerate() {
            let canvas = match scene {
                Ok(scene) => self.canvas(number, nth, &bound, scene, landed),
                Err(error) => Err(failure_of(&error)),
            };
            match canvas {
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
        Step::Done
    }

    /// The photos of a row that must be fetched, each once.
    fn wanted(&self, scenes: &[Result<Scene, BindError>]) -> Vec<AssetRef> {
        let mut wanted: Vec<AssetRef> = Vec::new();
        for scene in scenes.iter().flatten() {
            visit_assets(&scene.layers, &mut |asset| {
                if self.plan.assets.must_be_fetched(asset) && !wanted.contains(asset) {
                    wanted.push(asset.clone());
                }
            });
        }
        wanted
    }

    fn canvas(
        &mut self,
        number: u64,
        nth: usize,
        bound: &BoundRow<'_>,
        scene: Scene,
        landed: Option<&Landed>,
    ) -> Result<LaidCanvas, Failure> {
        let started = Instant::now();
        let plan = self.plan;
        let size = plan.sizes[nth];
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
        let Drawn { scene, found, list, scaled } = self.draw(bound, size, scene, landed)?;
        let template_hash: Arc<str> = Arc::from(plan.template.hash());
        let of_layout = list.warnings.iter().map(|warning| Warning {
            code: warning.code.to_owned(),
            path: warning.path.to_string(),
            message: warning.message.clone(),
        });
        let warnings: Vec<Warning> = found.warnings.iter().cloned().chain(of_layout).collect();
        let variants = names
            .into_iter()
            .enumerate()
            .map(|(output_index, (output, object))| {
                let record = Record {
                    width: Some(scene.size.width),
                    height: Some(scene.size.height),
                    template_hash: Some(Arc::clone(&template_hash)),
                    input_hash: Some(input_hash(plan, bound, &scene, &found, output)),
                    warnings: warnings.clone(),
                    ..Record::new(number + 1, bound.key(), Arc::clone(&scene.size_name), output.format)
                };
                Variant { seq: plan.seq(number, nth, output_index), output, object, record }
            })
            .collect();
        // A display list keeps the files of its photos, a canvas the pixels at their sizes.
        let files: u64 = found.photos.values().map(|photo| photo.file_bytes() as u64).sum();
        let pixels: u64 = scaled.iter().map(|photo| photo.bitmap.data().len() as u64).sum();
        let bytes = files + pixels + (64 << 10);
        let held = self.budget.hold(bytes);
        Ok(LaidCanvas { canvas: Canvas { list: Arc::new(list), photos: scaled }, variants, started, _held: held })
    }

    /// Finds the photos, lays out, and scales the photos that are drawn. One whose pixels turn out to be broken is
    /// one that cannot be had: then once more without it.
    fn draw(
        &mut self,
        bound: &BoundRow<'_>,
        size: usize,
        mut scene: Scene,
        landed: Option<&Landed>,
    ) -> Result<Drawn, Failure> {
        let assets = &self.plan.assets;
        let mut broken: Vec<(AssetRef, AssetError)> = Vec::new();
        loop {
            let found = self.clock.time(Stage::Photos, || {
                find_photos(&mut scene, &mut |asset| {
                    if let Some((_, error)) = broken.iter().find(|(broken, _)| broken == asset) {
                        return Err(error.clone());
                    }
                    match landed.and_then(|landed| landed.get(asset)) {
                        Some(photo) => Ok(Arc::clone(photo)),
                        None => assets.photo(asset),
                    }
                })
            });
            if let Some((path, error)) = found.failures.first() {
                return Err(Failure::new(error.code, format!("{path}: {}", error.message)));
            }
            let list = self
                .clock
                .time(Stage::Layout, || lay_out(&scene, &found.photos, &mut self.shaper))
                .map_err(|error| Failure::new(layout_error_code(&error), error.to_string()))?;
            match self.clock.time(Stage::Photos, || self.scaled(&list, &found.photos)) {
                Ok(scaled) => return Ok(Drawn { scene, found, list, scaled }),
                Err((None, error)) => return Err(Failure::new(error.code, error.message)),
                Err((Some(asset), error)) => broken.push((asset, error)),
            }
            scene = self.clock.time(Stage::Bind, || bound.scene(size)).map_err(|error| failure_of(&error))?;
        }
    }

    /// The pixels of every photo that is drawn, or the one that is broken.
    fn scaled(
        &self,
        list: &DisplayList,
        photos: &Photos,
    ) -> Result<Vec<Arc<ScaledPhoto>>, (Option<AssetRef>, AssetError)> {
        let mut scaled = Vec::new();
        let mut failure = None;
        list.visit_photos(&mut |item| {
            if failure.is_none() {
                match self.plan.assets.scaled(&item.photo, item.crop, item.rect.size(), &self.plan.fonts) {
                    Ok(photo) => scaled.push(photo),
                    Err(error) => {
                        let same = |(_, photo): &(&AssetRef, &Arc<_>)| Arc::ptr_eq(photo, &item.photo);
                        let asset = photos.iter().find(same).map(|(asset, _)| asset.clone());
                        failure = Some((asset, error));
                    }
                }
            }
        });
        failure.map_or(Ok(scaled), Err)
    }

    fn fail_row(&self, number: u64, key: &str, failure: &Failure, emit: &mut Laid<'_>) {
        for nth in 0..self.plan.sizes.len() {
            self.fail_size(number, nth, key, failure, emit);
        }
    }

    fn fail_size(&self, number: u64, nth: usize, key: &str, failure: &Failure, emit: &mut Laid<'_>) {
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
fn input_hash(plan: &Plan, bound: &BoundRow<'_>, scene: &Scene, found: &Found, output: crate::job::Output) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(env!("CARGO_PKG_VERSION").as_bytes()).update(plan.template.hash().as_bytes());
    hasher.update(scene.size_name.as_bytes()).update(&[0]).update(output.format.name().as_bytes());
    hasher.update(&[output.quality]);
    for listed in plan.fonts.faces() {
        hasher.update(&listed.face.digest);
    }
    bound.hash_into(&mut hasher);
    found.hash_into(&mut hasher);
    format!("blake3:{}", hasher.finalize().to_hex())
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
