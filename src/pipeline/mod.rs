//! The pipeline: rows in, outcomes out. [`run`] is the whole flow, to be read from top to bottom.
//!
//! ```text
//!   rows ─> bind, photos, layout ─> splice ─> sheets, GPU ─> encode, store ─> outcomes
//!  1 thread      n threads         1 thread    1 thread       n threads      caller's thread
//! ```
//!
//! Channels between the stages are bounded, and photos on their way count against a budget in bytes, so memory
//! does not grow with the number of rows. Rows whose photos come from the network wait aside until they are there, so
//! that the others go on; which variant an outcome belongs to says its number. A failure is the outcome of its own variant and of no other.

mod budget;
mod clock;
mod coded;
mod draw;
mod finish;
mod input_hash;
mod lay;
mod names;
mod paint;
mod photos;
mod reuse;
mod segments;
mod splice;
mod stop;
mod task;
mod undrawn;
mod variant;
mod waiting;

use std::sync::Arc;

use crossbeam_channel::bounded;
use thiserror::Error;

use crate::assets::{Assets, FontSet};
use crate::gpu::Painter;
use crate::job::{NameError, ObjectName, Output};
use crate::template::{BindError, BoundRow, NamePattern, Now, Template};

pub use clock::{Clock, STAGES, SheetTotals, Stage};
pub use coded::WholeSegments;
pub use lay::layout_error_code;
pub use photos::{Found, find_photos, visit_assets};
pub use reuse::FindStored;
pub use stop::Stop;
pub use task::{Task, Work};
pub use variant::Outcome;

use budget::Budget;
use finish::FinishStage;
use lay::RowStage;
use paint::PaintStage;
use splice::{Setbacks, SpliceStage};
use undrawn::Undrawn;

/// What is made of every row.
pub struct Plan {
    /// The design.
    pub template: Arc<Template>,
    /// Its fonts.
    pub fonts: Arc<FontSet>,
    /// Its photos and those of the rows.
    pub assets: Arc<Assets>,
    /// Which of the template's sizes.
    pub sizes: Vec<usize>,
    /// In which formats.
    pub outputs: Vec<Output>,
    /// Under which names.
    pub name: NamePattern,
    /// The job's time.
    pub now: Now,
    /// Whether names must be watched for doubles: not where a first pass over the rows did.
    pub names_may_collide: bool,
    /// Device pixels for each pixel of the design.
    pub scale: f32,
    /// What earlier runs stored and need not be made again.
    pub find_stored: Option<Box<FindStored>>,
}

impl Plan {
    /// The number of a variant: dense, in the order in which the task's rows come (from 0), then sizes, then outputs.
    pub fn seq(&self, row: u64, nth_size: usize, nth_output: usize) -> u64 {
        (row * self.sizes.len() as u64 + nth_size as u64) * self.outputs.len() as u64 + nth_output as u64
    }

    /// The name of a variant's object.
    ///
    /// # Errors
    /// When the pattern gives none for this row, or one that is not allowed.
    pub fn object_name(&self, bound: &BoundRow<'_>, size: usize, output: Output) -> Result<ObjectName, NameFailure> {
        let name = bound.name(&self.name, size, output.format())?;
        Ok(ObjectName::new(&output.object_name(name))?)
    }

    /// Variants of one row.
    pub fn variants_per_row(&self) -> u64 {
        (self.sizes.len() * self.outputs.len()) as u64
    }
}

/// Why a variant has no name.
#[derive(Clone, Debug, Error)]
pub enum NameFailure {
    /// The pattern cannot be filled in.
    #[error(transparent)]
    Pattern(#[from] BindError),
    /// What it gives is not allowed.
    #[error(transparent)]
    Name(#[from] NameError),
}

/// Rows waiting to be bound.
const ROWS_WAITING: usize = 64;
/// Canvases waiting to be spliced, for a sheet, and for an encoder.
const CANVASES_WAITING: usize = 64;
/// Scaled photos of canvases that wait or are on a sheet.
const BYTES_WAITING: u64 = 192 << 20;

/// Runs every row through every stage and hands over outcomes as they come, in any order. Ends when the rows
/// end, or soon after a stop is requested; then variants that were not painted have no outcome, and neither have
/// those of a task that was stopped. Gives the painter back for the next run. `threads`: for layout, and as many for
/// encoding.
pub fn run(
    rows: impl Iterator<Item = Work> + Send,
    threads: usize,
    painter: Painter,
    clock: &Clock,
    stop: &Stop,
    on_outcome: &mut dyn FnMut(Outcome),
) -> Painter {
    let (rows_in, rows_out) = bounded(ROWS_WAITING);
    let (laid_in, laid_out) = bounded(CANVASES_WAITING);
    let (spliced_in, spliced_out) = bounded(CANVASES_WAITING);
    let (painted_in, painted_out) = bounded(CANVASES_WAITING);
    let (outcomes_in, outcomes_out) = bounded(1024);
    let budget = Budget::new(BYTES_WAITING);
    let (undrawn, setbacks) = (Undrawn::new(), Setbacks::default());
    let limits = *painter.limits();

    std::thread::scope(|scope| {
        // 1. Read rows.
        scope.spawn(move || {
            let mut rows = rows;
            let mut next = || rows.next().map(Work::numbered);
            while !stop.is_requested()
                && let Some(row) = clock.time(Stage::Rows, &mut next)
                && rows_in.send(row).is_ok()
            {}
        });

        // 2. Bind them, fetch their photos, lay them out.
        for _ in 0..threads {
            let (rows, canvases, outcomes) = (rows_out.clone(), laid_in.clone(), outcomes_in.clone());
            let stage = RowStage::new(clock, limits, budget.clone(), undrawn.clone());
            scope.spawn(move || {
                stage.run(&rows, stop, &mut |result| match result {
                    Ok(canvas) => drop(canvases.send(canvas)),
                    Err(outcome) => drop(outcomes.send(outcome)),
                });
            });
        }
        drop((rows_out, laid_in));

        // 3. Find out what earlier canvases have too.
        let stage = SpliceStage::new(clock, undrawn, setbacks.clone());
        let splicing = scope.spawn(move || {
            let _guard = StopOnPanic(stop);
            stage.run(&laid_out, &mut |canvas| drop(spliced_in.send(canvas)));
        });

        // 4. Gather canvases into sheets and paint them.
        let outcomes = outcomes_in.clone();
        let painting = scope.spawn(move || {
            let _guard = StopOnPanic(stop);
            PaintStage::new(painter, clock, stop, setbacks).run(&spliced_out, &mut |result| match result {
                Ok(canvas) => drop(painted_in.send(canvas)),
                Err(outcome) => drop(outcomes.send(outcome)),
            })
        });

        // 5. Encode and store.
        for _ in 0..threads {
            let (canvases, outcomes) = (painted_out.clone(), outcomes_in.clone());
            let mut stage = FinishStage::new(clock, outcomes);
            scope.spawn(move || canvases.into_iter().for_each(|canvas| stage.canvas(canvas)));
        }
        drop((painted_out, outcomes_in));

        // 6. Hand over what became of them.
        for outcome in outcomes_out {
            on_outcome(outcome);
        }
        let painter = painting.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        splicing.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        painter
    })
}

/// Ends a run where a stage of one thread panics: rows must not be laid out for nobody.
struct StopOnPanic<'s>(&'s Stop);

impl Drop for StopOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.request("a bug in gravure: a stage of the pipeline panicked");
        }
    }
}

/// What a panic said.
fn panic_message(panic: &(dyn std::any::Any + Send)) -> String {
    let message = panic.downcast_ref::<&str>().copied();
    let message = message.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("a bug in gravure: {}", message.unwrap_or("panic without a message"))
}
