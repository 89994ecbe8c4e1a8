//! `gravure render`: a campaign on this machine, from a template and rows to a folder of images.
//!
//! ```text
//!   Campaign::open ─> names of every row (a file only) ─> pipeline::run ─> ledger ─> manifest.jsonl, index.html
//!      exit 2               exit 2: doubles, escapes           outcomes      row order
//! ```

pub mod check;
pub mod check_page;
mod failures;
mod html;
mod index_page;
mod manifest;
mod names;
mod output;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use thiserror::Error;

use crate::gpu::{CodedBy, DeviceOptions, GpuError, Painter};
use crate::job::{ObjectName, Record, Row, RowError};
use crate::ledger::Ledger;
use crate::pipeline::{self, Clock, FindStored, Outcome, Plan, STAGES, Stop, Task};
use crate::store::{StoreError, StoreSettings, Stores};

pub use crate::campaign;
pub use crate::campaign::{Campaign, CampaignError, CampaignOptions, DataSource};
pub use failures::{Failures, Reason};
pub use names::check as check_names;

use index_page::{IndexPage, PageSummary, has_warning};
use manifest::{Copies, Earlier, Manifest, Stands};
use output::{Output, own};

/// What to render, and where to.
#[derive(Clone, Debug, Default)]
pub struct RenderOptions {
    /// Template, rows, sizes, outputs, names.
    pub campaign: CampaignOptions,
    /// A folder, `s3://bucket/prefix`, or `null:`.
    pub out: String,
    /// How destinations are reached.
    pub storage: StoreSettings,
    /// Whether what earlier runs stored in the folder is kept where it would come out the same.
    pub resume: bool,
    /// At most this many rows.
    pub limit: Option<u64>,
    /// Threads for layout, and as many for encoding. Default: one for each core.
    pub threads: Option<usize>,
    /// Who codes. Default: as `GRAVURE_ENCODE` says, else what suits the adapter.
    pub coded_by: Option<CodedBy>,
    /// Whether passes on the GPU are measured, which slows them down.
    pub times_passes: bool,
    /// As it is shown on the page: without values of personal fields.
    pub command: String,
}

/// How far a run is.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Variants whose outcome is known.
    pub settled: u64,
    /// Of them failed.
    pub failed: u64,
    /// Variants in all; `None` while rows come from standard input.
    pub expected: Option<u64>,
}

/// What a run gave.
#[derive(Clone, Debug)]
pub struct Summary {
    /// Variants with an outcome.
    pub variants: u64,
    /// Stored.
    pub ok: u64,
    /// Not stored; the manifest says why.
    pub failed: u64,
    /// Left out by the template.
    pub skipped: u64,
    /// Kept from an earlier run.
    pub reused: u64,
    /// Stored, but something in them looks wrong: see [`check::Severity::Warning`].
    pub warned: u64,
    /// What is allowed and looks like a slip: see [`Campaign::notes`].
    pub notes: Vec<String>,
    /// From the first row to the last file.
    pub seconds: f64,
    /// Variants a second.
    pub variants_per_s: f64,
    /// Length of all files.
    pub bytes: u64,
    /// Who drew.
    pub adapter: String,
    /// Where time went.
    pub timings: Vec<StageTiming>,
    /// Milliseconds of each part of feeding the adapter.
    pub feed_ms: Vec<(&'static str, f64)>,
    /// Milliseconds of each kind of pass on the GPU, where they were measured.
    pub passes_ms: Vec<(&'static str, f64)>,
    /// Why it ended early, if it did.
    pub stopped: Option<String>,
    /// How many each row has.
    pub variants_per_row: u64,
    /// What went wrong, by reason.
    pub failures: Failures,
    /// The page to look at.
    pub index: Option<PathBuf>,
}

impl Summary {
    /// Of a run that was stopped before anything was drawn.
    fn not_begun(reason: String) -> Self {
        Self {
            variants: 0,
            ok: 0,
            failed: 0,
            skipped: 0,
            reused: 0,
            warned: 0,
            notes: Vec::new(),
            seconds: 0.0,
            variants_per_s: 0.0,
            bytes: 0,
            adapter: String::new(),
            timings: Vec::new(),
            feed_ms: Vec::new(),
            passes_ms: Vec::new(),
            stopped: Some(reason),
            variants_per_row: 0,
            failures: Failures::new(),
            index: None,
        }
    }
}

/// One stage's time.
#[derive(Clone, Copy, Debug)]
pub struct StageTiming {
    /// As the flow names it.
    pub name: &'static str,
    /// Summed over its threads.
    pub busy_ms: f64,
    /// How many threads it has.
    pub threads: usize,
}

/// Why nothing was rendered.
#[derive(Debug, Error)]
pub enum RenderError {
    /// The template, its assets, the options or the data's header.
    #[error(transparent)]
    Campaign(#[from] CampaignError),
    /// Object names that are not allowed or not unique.
    #[error("{0}")]
    Names(String),
    /// The data cannot be read.
    #[error("{0}")]
    Rows(String),
    /// No adapter, or one that does not work.
    #[error(transparent)]
    Gpu(#[from] GpuError),
    /// The destination cannot be written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is nothing to resume.
    #[error("--resume: {0} keeps nothing, so there is nothing to resume")]
    NothingKept(String),
}

/// Renders a campaign.
///
/// # Errors
/// [`RenderError`] when nothing was rendered. Failures of single variants are counted in the [`Summary`].
pub fn render(
    options: &RenderOptions,
    stop: &Stop,
    progress: &mut dyn FnMut(&Progress),
) -> Result<Summary, RenderError> {
    let output = Output::of(&options.out)?;
    if options.resume && output.folder().is_none() {
        return Err(RenderError::NothingKept(options.out.clone()));
    }
    let campaign = Campaign::open(&options.campaign)?;
    let mut plan = campaign.plan();
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let threads = options.threads.unwrap_or(cores).max(1);
    let expected = check_names(&campaign, &plan, options.limit, stop);
    let rows = expected.and_then(|expected| Ok((expected, campaign.rows_until(stop)?)));
    // An earlier run's manifest and page stay where nothing was begun.
    if let Some(reason) = stop.reason() {
        return Ok(Summary::not_begun(reason));
    }
    let (expected, rows) = rows?;
    let device =
        DeviceOptions { times_passes: options.times_passes, coded_by: options.coded_by, ..DeviceOptions::default() };
    let painter = Painter::open_with(Arc::clone(&campaign.library), device)?;
    let adapter = painter.adapter().to_owned();
    let stores = Stores::new(options.storage.clone());
    let store = stores.open(&options.out)?;
    // A bucket that takes nothing is found now rather than after the first sheet.
    if let Some(report) = stores.probe(&options.out)? {
        tracing::debug!(%report, "the bucket answers");
    }
    let stands = output.prepare(&store, options.resume)?;
    let mut manifest = None;
    if let Some(folder) = output.folder() {
        manifest = Some(if options.resume {
            plan.find_stored = Some(earlier(folder, &stands)?);
            Manifest::resume(folder)?
        } else {
            Manifest::create(folder)?
        });
    }
    let copies = matches!(output, Output::Bucket(_)).then(|| Copies::new(Arc::clone(&store), Arc::clone(&stands)));

    let started = Instant::now();
    let clock = Clock::default();
    let mut ledger = Ledger::new();
    let mut told = Told { page: IndexPage::new(), failures: Failures::new(), warned: 0, manifest, copies };
    let mut settle = |Outcome { seq, record, interrupted, .. }: Outcome| {
        if interrupted {
            let reason = record.error.as_ref().map_or_else(String::new, |error| error.message.clone());
            stop.request(reason);
        }
        let ready = ledger.settle(seq, record).expect("the pipeline settles each variant once");
        ready.iter().for_each(|record| told.add(record, stop));
        let counts = ledger.counts();
        progress(&Progress { settled: counts.variants(), failed: counts.failed, expected });
    };
    let rows = Readable { rows, left: options.limit.unwrap_or(u64::MAX), stop: stop.clone() };
    let task = Arc::new(Task::new(plan, Arc::clone(&store), 0));
    let painter = pipeline::run(task.work(rows), threads, painter, &clock, stop, &mut settle);
    let plan = &task.plan;

    let closed = ledger.finish();
    closed.records.iter().for_each(|record| told.add(record, stop));
    let Told { page, failures, warned, manifest, copies } = told;
    let is_whole = closed.is_complete() && expected.is_none_or(|expected| closed.counts.variants() == expected);
    if !is_whole && !stop.is_requested() {
        stop.request("a bug in gravure: some variants have no outcome");
    }
    let finished = manifest.map_or(Ok(()), |manifest| manifest.finish(!stop.is_requested(), &*stands));
    let finished = finished.and_then(|()| match (copies, output.folder()) {
        (Some(copies), Some(folder)) => copies.finish(&read_manifest(folder)?),
        _ => Ok(()),
    });
    if let Err(error) = &finished {
        stop.request(error.to_string());
    }
    let counts = closed.counts;
    let seconds = started.elapsed().as_secs_f64();
    let variants = counts.variants();
    let mut summary = Summary {
        variants,
        ok: counts.ok,
        failed: counts.failed,
        skipped: counts.skipped,
        reused: counts.reused,
        warned,
        notes: campaign.notes.clone(),
        seconds,
        variants_per_s: if seconds > 0.0 { variants as f64 / seconds } else { 0.0 },
        bytes: counts.bytes,
        adapter,
        timings: timings(&clock, threads),
        feed_ms: painter.feed_times().ms().to_vec(),
        passes_ms: painter.pass_times_ms().into_iter().map(|(pass, ms)| (pass.name(), ms)).collect(),
        stopped: stop.reason(),
        variants_per_row: plan.variants_per_row(),
        failures,
        index: None,
    };
    // A bucket that does not take the manifest is not asked once more: each time takes minutes.
    let is_asked = finished.is_ok() || matches!(output, Output::Folder(_));
    if is_asked && output.folder().is_some() {
        let html = page.render(&page_summary(&summary, plan, options));
        match store.put(&own(ObjectName::INDEX), html.as_bytes()) {
            Ok(_) => summary.index = Some(output.page(&*store)),
            Err(error) => {
                stop.request(error.to_string());
                summary.stopped = stop.reason();
            }
        }
    }
    Ok(summary)
}

/// Those who are told of every record, in the order of the manifest.
struct Told {
    page: IndexPage,
    failures: Failures,
    warned: u64,
    manifest: Option<Manifest>,
    /// Where the manifest goes into a bucket.
    copies: Option<Copies>,
}

impl Told {
    fn add(&mut self, record: &Record, stop: &Stop) {
        self.page.add(record);
        self.failures.add(record);
        self.warned += u64::from(has_warning(record));
        if let Some(Err(error)) = self.manifest.as_mut().map(|manifest| manifest.append(record)) {
            stop.request(error.to_string());
        }
        if let (Some(copies), Some(manifest)) = (&mut self.copies, &mut self.manifest) {
            copies.keep_up(manifest);
        }
    }
}

/// What earlier runs stored, by the manifest in a folder.
fn earlier(folder: &Path, stands: &Arc<Stands>) -> Result<Box<FindStored>, StoreError> {
    let earlier = Earlier::read(folder, &**stands);
    let earlier = earlier.map_err(|error| manifest::failure(&manifest_path(folder), &error))?;
    let stands = Arc::clone(stands);
    Ok(Box::new(move |object, input_hash| earlier.find(object, input_hash, &*stands)))
}

fn read_manifest(folder: &Path) -> Result<Vec<u8>, StoreError> {
    let path = manifest_path(folder);
    std::fs::read(&path).map_err(|error| manifest::failure(&path, &error))
}

/// Rows up to a limit; ends, and stops the run, where the data cannot be read any further.
struct Readable<I> {
    rows: I,
    left: u64,
    stop: Stop,
}

impl<I: Iterator<Item = Result<Row, RowError>>> Iterator for Readable<I> {
    type Item = Result<Row, RowError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.left == 0 {
            return None;
        }
        self.left -= 1;
        let row = self.rows.next()?;
        match row {
            Err(error) if error.is_fatal() => {
                self.stop.request(error.to_string());
                None
            }
            row => Some(row),
        }
    }
}

fn timings(clock: &Clock, threads: usize) -> Vec<StageTiming> {
    use crate::pipeline::Stage;
    let threads_of = |stage| match stage {
        Stage::Rows | Stage::Segments | Stage::Sheet | Stage::Gpu => 1,
        Stage::Bind | Stage::Photos | Stage::Layout | Stage::Encode | Stage::Store => threads,
    };
    STAGES.map(|(stage, name)| StageTiming { name, busy_ms: clock.busy_ms(stage), threads: threads_of(stage) }).to_vec()
}

fn page_summary<'a>(summary: &'a Summary, plan: &'a Plan, options: &'a RenderOptions) -> PageSummary<'a> {
    PageSummary {
        title: plan.template.name(),
        template: template_name(&options.campaign.template),
        ok: summary.ok,
        failed: summary.failed,
        skipped: summary.skipped,
        reused: summary.reused,
        seconds: summary.seconds,
        variants_per_s: summary.variants_per_s,
        adapter: &summary.adapter,
        command: &options.command,
    }
}

/// Without what may follow in a URL.
fn template_name(template: &Path) -> &str {
    let name = template.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.split(['?', '#']).next().unwrap_or_default()
}

/// Where the manifest of a folder lies.
pub fn manifest_path(folder: &Path) -> PathBuf {
    folder.join(ObjectName::MANIFEST)
}
