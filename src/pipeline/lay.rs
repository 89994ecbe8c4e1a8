//! The first stage: a row becomes laid-out canvases, or the outcomes of what cannot be made.

use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use crossbeam_channel::Receiver;
use lru::LruCache;

use crate::assets::Landed;
use crate::job::{AssetRef, ErrorCode, Record, Row, RowError};
use crate::layout::{LayoutError, Shaper};
use crate::sheet::SheetLimits;
use crate::template::scene::Scene;
use crate::template::{BindError, BoundRow};

use super::budget::Budget;
use super::clock::{Clock, Stage};
use super::draw::{Drawn, Photographer};
use super::input_hash::input_hash;
use super::photos::visit_assets;
use super::reuse::take_reused;
use super::undrawn::Undrawn;
use super::variant::{LaidCanvas, Outcome, Variant};
use super::waiting::{Next, Waiting};
use super::{NameFailure, Plan, Stop, Task, panic_message};

/// Templates whose shapers a thread keeps: jobs of several templates take turns.
const MAX_SHAPERS: usize = 8;

/// Turns rows into canvases; one for each thread.
pub struct RowStage<'r> {
    clock: &'r Clock,
    limits: SheetLimits,
    budget: Budget,
    undrawn: Undrawn,
    shapers: LruCache<u64, Shaper>,
    /// Sizes of the row at hand whose outcome is known.
    sizes_done: usize,
}

/// A row on its way, with its place in the data.
#[derive(Debug)]
pub struct NumberedRow {
    /// What it is rendered for.
    pub task: Arc<Task>,
    /// Which of the task's rows, from 0.
    pub index: u64,
    /// Which row of the data, from 0.
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

/// A row's place in its task and in the data.
#[derive(Clone, Copy)]
struct Place<'t> {
    task: &'t Arc<Task>,
    /// In the task, from 0.
    index: u64,
    /// In the data, from 0.
    number: u64,
    /// From 1.
    line: Option<u64>,
}

impl<'t> Place<'t> {
    fn of(numbered: &'t NumberedRow) -> Self {
        let NumberedRow { task, index, number, row, doubles: _ } = numbered;
        let line = row.as_ref().map_or_else(|error| error.line, |row| row.line);
        Self { task, index: *index, number: *number, line }
    }

    fn outcome(&self, seq: u64, record: Record) -> Outcome {
        // Nothing is wrong with the row: its photo cannot be had just now, nor can others.
        let interrupted = record.error.as_ref().is_some_and(|error| error.code == ErrorCode::StoreUnreachable);
        Outcome { token: self.task.token, seq, record, interrupted }
    }
}

/// A canvas that failed, with its reason.
pub struct Failure {
    /// For scripts.
    pub code: ErrorCode,
    /// For people.
    pub message: String,
}

impl Failure {
    /// A failure for a manifest.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

impl<'r> RowStage<'r> {
    /// A stage for one thread.
    pub fn new(clock: &'r Clock, limits: SheetLimits, budget: Budget, undrawn: Undrawn) -> Self {
        let shapers = LruCache::new(NonZeroUsize::new(MAX_SHAPERS).expect("not zero"));
        Self { clock, limits, budget, undrawn, shapers, sizes_done: 0 }
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
            if row.task.stop.is_requested() {
                continue;
            }
            if let Some((row, wanted)) = self.row(row, landed.as_ref(), emit) {
                waiting.add(row, wanted);
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
        let place = Place::of(&numbered);
        let row = match &numbered.row {
            Ok(row) => row,
            Err(error) => {
                let failure = Failure::new(ErrorCode::BadRow, error.to_string());
                fail_row(place, &(place.number + 1).to_string(), &failure, emit);
                return None;
            }
        };
        self.sizes_done = 0;
        let result = catch_unwind(AssertUnwindSafe(|| self.sizes(place, row, &numbered.doubles, landed, emit)));
        match result {
            Ok(Step::Done) => None,
            Ok(Step::Wait(wanted)) => Some((numbered, wanted)),
            Err(panic) => {
                let plan = &place.task.plan;
                self.shapers.pop(&plan.fonts.number());
                // A panic may quote what it stumbled over.
                let message = match plan.template.has_personal_data() {
                    true => "a bug in gravure (what it says is not shown: the row has personal data)".to_owned(),
                    false => panic_message(&*panic),
                };
                let failure = Failure::new(ErrorCode::InternalPanic, message);
                for nth in self.sizes_done..plan.sizes.len() {
                    fail_size(place, nth, &key_guess(place, row), &failure, emit);
                }
                None
            }
        }
    }

    fn sizes(
        &mut self,
        place: Place<'_>,
        row: &Row,
        doubles: &[u64],
        landed: Option<&Landed>,
        emit: &mut Laid<'_>,
    ) -> Step {
        let plan = &place.task.plan;
        let bound = match self.clock.time(Stage::Bind, || plan.template.bind(row, &plan.now)) {
            Ok(bound) => bound,
            Err(error) => {
                fail_row(place, &key_guess(place, row), &failure_of(&error), emit);
                return Step::Done;
            }
        };
        let scenes: Vec<Result<Scene, BindError>> = self
            .clock
            .time(Stage::Bind, || plan.sizes.iter().map(|&size| bound.scene_scaled(size, plan.scale)).collect());
        if landed.is_none() {
            let wanted = wanted(plan, &scenes);
            if !wanted.is_empty() {
                return Step::Wait(wanted);
            }
        }
        for (nth, scene) in scenes.into_iter().enumerate() {
            let canvas = match scene {
                Ok(scene) => self.canvas(place, nth, &bound, scene, landed, doubles, emit),
                Err(error) => Err(failure_of(&error)),
            };
            match canvas {
                Ok(Some(canvas)) => emit(Ok(canvas)),
                Ok(None) => {}
                Err(failure) => fail_size(place, nth, bound.key(), &failure, emit),
            }
            self.sizes_done = nth + 1;
        }
        Step::Done
    }

    /// A canvas with the variants that are to be made of it; `None` where there is none. The outcomes of others are
    /// handed over at once.
    #[expect(clippy::too_many_arguments, reason = "a canvas is one size of one row, with all that belongs to the row")]
    fn canvas(
        &mut self,
        place: Place<'_>,
        nth: usize,
        bound: &BoundRow<'_>,
        mut scene: Scene,
        landed: Option<&Landed>,
        doubles: &[u64],
        emit: &mut Laid<'_>,
    ) -> Result<Option<LaidCanvas>, Failure> {
        let started = Instant::now();
        let plan = &place.task.plan;
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
        for &output in &plan.outputs {
            names.push((output, plan.object_name(bound, size, output).map_err(|error| name_failure(&error))?));
        }
        let mut photographer = Photographer::new(plan, self.clock, &self.undrawn, landed);
        let found = photographer.find(&mut scene)?;
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
                    input_hash: Some(input_hash(plan, bound, &scene, &found, output.encoding)),
                    ..Record::new(place.number + 1, bound.key(), Arc::clone(&scene.size_name), output.format())
                };
                let seq = plan.seq(place.index, nth, output_index);
                Variant { task: Arc::clone(place.task), seq, output, object, record, splice: None }
            })
            .collect();
        let is_double = |variant: &mut Variant| doubles.contains(&(variant.seq - plan.seq(place.index, 0, 0)));
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
        let shaper = self.shapers.get_or_insert_mut(plan.fonts.number(), || Shaper::new(Arc::clone(&plan.fonts)));
        let bind = || bound.scene_scaled(size, plan.scale).map_err(|error| failure_of(&error));
        let Drawn { found, canvas } = photographer.draw(scene, found, shaper, &bind)?;
        let warnings = found.all_warnings(&canvas.list, &plan.template);
        for variant in &mut variants {
            variant.record.warnings.clone_from(&warnings);
        }
        // A display list keeps the files of its photos, a canvas the pixels at their sizes.
        let files: u64 = found.photos.values().map(|photo| photo.file_bytes() as u64).sum();
        let scaled = canvas.photos.iter().filter_map(|photo| photo.pixels.as_ref());
        let pixels: u64 = scaled.map(|photo| photo.bitmap.data().len() as u64).sum();
        let bytes = files + pixels + (64 << 10);
        let held = self.budget.hold(bytes);
        Ok(Some(LaidCanvas { canvas, variants, started, held: Some(held) }))
    }
}

/// The photos of a row that must be fetched, each once.
fn wanted(plan: &Plan, scenes: &[Result<Scene, BindError>]) -> Vec<AssetRef> {
    let mut wanted: Vec<AssetRef> = Vec::new();
    for scene in scenes.iter().flatten() {
        visit_assets(&scene.layers, &mut |asset| {
            if plan.assets.must_be_fetched(asset) && !wanted.contains(asset) {
                wanted.push(asset.clone());
            }
        });
    }
    wanted
}

/// What a row that does not bind is called in the manifest.
fn key_guess(place: Place<'_>, row: &Row) -> String {
    let plan = &place.task.plan;
    // The row may be one whose values made us panic.
    let key = catch_unwind(AssertUnwindSafe(|| plan.template.key_of_unbound(row, &plan.now)));
    key.ok().flatten().map_or_else(|| (place.number + 1).to_string(), |key| key.to_string())
}

fn fail_row(place: Place<'_>, key: &str, failure: &Failure, emit: &mut Laid<'_>) {
    for nth in 0..place.task.plan.sizes.len() {
        fail_size(place, nth, key, failure, emit);
    }
}

fn fail_size(place: Place<'_>, nth: usize, key: &str, failure: &Failure, emit: &mut Laid<'_>) {
    let plan = &place.task.plan;
    let size = &plan.template.sizes()[plan.sizes[nth]];
    for (output_index, output) in plan.outputs.iter().enumerate() {
        let record = Record::new(place.number + 1, key, Arc::clone(&size.name), output.format())
            .failed(failure.code, failure.message.clone());
        let record = Record { line: place.line, ..record };
        emit(Err(place.outcome(plan.seq(place.index, nth, output_index), record)));
    }
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
