//! `gravure bench`: what this machine makes of a campaign, with nothing but the program and the campaign's folder.
//!
//! ```text
//!   rows ─> canvases, laid out once ─┬─> drawn by either stage, pixels read back      ┐
//!                                    ├─> drawn, read back, coded on the CPU           ├ sheets
//!                                    ├─> drawn and coded by the adapter               ┘
//!                                    └─> compared: colours with those stored, bytes of both coders,
//!                                        pixels of both stages
//!   rows ─> render ─> null:, and files, with either coder: what recurs is made once   > runs
//! ```
//!
//! Whole canvases are measured by themselves, because in a run most of a canvas is one that was there before.

mod canvases;
mod checks;
mod sheets;

use std::path::PathBuf;

use serde::Serialize;
use thiserror::Error;

use crate::gpu::{CodedBy, Device, GpuError};
use crate::pipeline::Stop;
use crate::render::{CampaignError, CampaignOptions, DataSource, RenderError, RenderOptions, render};

pub use checks::Compared;
pub use sheets::Measured;

/// Where runs go that store nothing.
const NOWHERE: &str = "null:";
/// Rows of the first run.
const FIRST_ROWS: u64 = 202;
/// Of the seconds that were asked for.
const LONG_ENOUGH: f64 = 0.6;

/// What is measured.
#[derive(Clone, Debug)]
pub struct BenchOptions {
    /// A campaign's folder: `template.yaml`, `rows.csv`, and what they name.
    pub folder: PathBuf,
    /// Seconds for each line.
    pub seconds: f64,
    /// Writes what colours are compared with, instead of comparing.
    pub writes_checks: bool,
}

/// Everything that was found.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Of gravure.
    pub version: &'static str,
    /// As the driver names it.
    pub adapter: String,
    /// `software` or `card`.
    pub class: &'static str,
    /// Threads that can run at once.
    pub cores: usize,
    /// Who codes unless told otherwise: `cpu` or `gpu`.
    pub coded_by: &'static str,
    /// `jpeg` and the like: the template's first output, which is what is coded.
    pub format: &'static str,
    /// Width and height of a canvas.
    pub size: [u32; 2],
    /// Whole canvases, again and again.
    pub sheets: Vec<Measured>,
    /// Bytes of pixels a second that threads read out of mapped buffers.
    pub readback_gb_per_s: f64,
    /// Whether the adapter's files are those of the CPU, byte for byte; `None` where the adapter has no coder for them.
    pub same_bytes: Option<bool>,
    /// How far the pixels of the two ways to draw are apart at most, of 255; `None` where the adapter has only one.
    pub draw_difference: Option<u8>,
    /// By which stage of the adapter gravure draws unless told otherwise: `fragment` or `compute`.
    pub draw: &'static str,
    /// How far colours are from those that are stored; `None` where none are.
    pub colors: Option<Compared>,
    /// Whole runs.
    pub runs: Vec<Run>,
}

/// A run of `gravure render`, start-up left out.
#[derive(Clone, Debug, Serialize)]
pub struct Run {
    /// Where to, and who codes.
    pub what: String,
    /// Variants.
    pub variants: u64,
    /// Variants a second.
    pub per_s: f64,
    /// Milliseconds of each stage, over its threads.
    pub stages_ms: Vec<(&'static str, f64)>,
}

/// Why nothing was measured.
#[derive(Debug, Error)]
pub enum BenchError {
    /// Template or rows.
    #[error(transparent)]
    Campaign(#[from] CampaignError),
    /// A run.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// The adapter.
    #[error(transparent)]
    Gpu(#[from] GpuError),
    /// A canvas, in words.
    #[error("{0}")]
    Canvas(String),
    /// Files.
    #[error("{path}: {error}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
}

/// Measures. Takes about ten times `seconds`.
///
/// # Errors
/// When the campaign or the adapter cannot be used, or a run fails.
pub fn bench(options: &BenchOptions) -> Result<Report, BenchError> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let campaign = CampaignOptions {
        template: options.folder.join("template.yaml"),
        data: Some(DataSource::File(options.folder.join("rows.csv"))),
        ..CampaignOptions::default()
    };
    let whole = canvases::lay_out(&campaign)?;
    let sheets = sheets::measure(&whole, options.seconds, cores)?;
    let colors = checks::compare(options, &sheets.pixels)?;

    let files = tempfile::tempdir().map_err(|error| BenchError::File { path: std::env::temp_dir(), error })?;
    let mut runs = Vec::new();
    for (out, to) in [(NOWHERE.to_owned(), "thrown away"), (files.path().display().to_string(), "to files")] {
        for coded_by in [CodedBy::Cpu, CodedBy::Gpu] {
            let what = match (coded_by, sheets.same_bytes) {
                (CodedBy::Cpu, _) => format!("{to}, coded on the CPU"),
                (CodedBy::Gpu, Some(_)) => format!("{to}, coded by the adapter"),
                (CodedBy::Gpu, None) => continue,
            };
            runs.push(run(&campaign, &whole.size_name, &out, what, coded_by, options.seconds)?);
        }
    }
    let Device { name, class, coded_by, limits, .. } = Device::open(Default::default())?;
    Ok(Report {
        version: env!("CARGO_PKG_VERSION"),
        adapter: name,
        class: class.name(),
        cores,
        coded_by: coded_by.name(),
        format: whole.output.format().name(),
        size: [whole.size.width, whole.size.height],
        sheets: sheets.measured,
        readback_gb_per_s: sheets.readback_gb_per_s,
        same_bytes: sheets.same_bytes,
        draw_difference: sheets.draw_difference,
        draw: limits.draw_path.name(),
        colors,
        runs,
    })
}

/// Runs as many rows as take about `seconds`, or all: by what shorter runs took, of which starting is a large part.
fn run(
    campaign: &CampaignOptions,
    size: &str,
    out: &str,
    what: String,
    coded_by: CodedBy,
    seconds: f64,
) -> Result<Run, BenchError> {
    let mut limit = FIRST_ROWS;
    let summary = loop {
        // What is there already would be replaced, which takes longer.
        let out = if out == NOWHERE { out.to_owned() } else { format!("{out}/{limit}") };
        let options = RenderOptions {
            campaign: CampaignOptions { sizes: vec![size.to_owned()], ..campaign.clone() },
            out,
            limit: Some(limit),
            coded_by: Some(coded_by),
            ..RenderOptions::default()
        };
        let summary = render(&options, &Stop::new(), &mut |_| {})?;
        let variants_per_row = summary.variants_per_row.max(1);
        if summary.seconds >= seconds * LONG_ENOUGH || summary.variants / variants_per_row < limit {
            break summary;
        }
        limit = ((summary.variants_per_s * seconds) as u64 / variants_per_row).max(limit * 2);
    };
    Ok(Run {
        what,
        variants: summary.variants,
        per_s: summary.variants_per_s,
        stages_ms: summary.timings.iter().map(|timing| (timing.name, timing.busy_ms)).collect(),
    })
}
