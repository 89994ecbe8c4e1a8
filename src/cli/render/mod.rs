//! `gravure render`: progress while it runs, one summary line when it ends.

mod command_line;
mod progress;
mod summary;

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;

use super::args::CampaignArgs;
use super::objects::allow_named;
use super::output::{note, print_json};
use super::stage_times::{part_times, stage_times};
use super::{Status, output};
use crate::pipeline::Stop;
use crate::render::campaign::pii_fields;
use crate::render::{RenderOptions, render};
use crate::store::{S3Settings, StoreSettings};

use command_line::command_line;
use progress::ProgressLine;
use summary::JsonSummary;

/// What a shell reports of a program that Ctrl-C ended.
const KILLED_BY_INTERRUPT: i32 = 130;

/// Arguments of `gravure render`.
#[derive(Debug, Args)]
#[command(after_help = "Exit status: 0 every variant is stored, 1 some failed (manifest.jsonl names them), 2 the \
    template, input or settings cannot be used and nothing was rendered, 3 stopped early.")]
pub struct RenderArgs {
    /// Rows: CSV, JSON Lines or a JSON array; a file, a URL, or - for standard input
    #[arg(long, value_name = "ROWS")]
    data: PathBuf,
    /// Folder or bucket for images, manifest.jsonl and index.html; null: renders, encodes and throws away
    #[arg(
        long,
        value_name = "DIR|s3://BUCKET/PREFIX|null:",
        env = "GRAVURE_OUT",
        hide_env_values = true,
        default_value = "out"
    )]
    out: String,
    /// Keep what an earlier run stored in the folder and would come out the same; go on where it was stopped
    #[arg(long)]
    resume: bool,
    /// Say how long each stage took, and each kind of pass on the GPU
    #[arg(long)]
    timings: bool,
    /// Print the summary as one JSON object on standard output
    #[arg(long)]
    json: bool,
    // Last: its heading holds for all that follows.
    #[command(flatten)]
    campaign: CampaignArgs,
}

/// Renders a campaign.
pub fn run(args: &RenderArgs, arguments: &[OsString]) -> anyhow::Result<Status> {
    let mut campaign = args.campaign.options(Some(&args.data));
    allow_named(&mut campaign)?;
    let personal = if args.campaign.sets_fields() { pii_fields(&campaign.template) } else { Some(Vec::new()) };
    // Buckets are reached as the farm's settings say; a folder needs none.
    let storage = match args.out.contains("://") {
        true => super::config::ConfigArgs::of_environment().read()?.storage,
        false => S3Settings::default(),
    };
    let options = RenderOptions {
        campaign,
        out: args.out.clone(),
        storage: StoreSettings { s3: storage },
        resume: args.resume,
        limit: args.campaign.limit,
        threads: args.campaign.threads(),
        times_passes: args.timings,
        coded_by: None,
        command: command_line(arguments, personal.as_deref()),
    };
    let stop = Stop::new();
    stop_on_interrupt(&stop)?;
    let mut progress = ProgressLine::new();
    let result = render(&options, &stop, &mut |state| progress.show(state));
    progress.clear();
    let summary = result?;

    for line in &summary.notes {
        note(&format!("note: {line}"));
    }
    for line in summary::failures(&summary, options.campaign.data.as_ref()) {
        note(&line);
    }
    if args.timings {
        let made = summary.ok + summary.failed;
        note(stage_times(&summary.timings, made, summary.seconds).trim_end());
        note(part_times("of sheet, draw", &summary.feed_ms, made).trim_end());
        if !summary.passes_ms.is_empty() {
            note(part_times("on the GPU", &summary.passes_ms, made).trim_end());
        }
    }
    note(&summary::line(&summary));
    if args.json {
        // The images are there: that the summary cannot be printed does not change the outcome.
        if let Err(error) = print_json(&JsonSummary::new(&summary)) {
            output::error(&error);
        }
    }
    Ok(summary::status(&summary))
}

/// The first Ctrl-C (or SIGTERM, SIGHUP) asks the run to end, the second ends it.
pub fn stop_on_interrupt(stop: &Stop) -> anyhow::Result<()> {
    let stop = stop.clone();
    ctrlc::set_handler(move || {
        if stop.is_requested() {
            std::process::exit(KILLED_BY_INTERRUPT);
        }
        stop.request("interrupted");
        note("stopping: what is begun is finished; once more ends it at once");
    })
    .context("cannot listen for interrupts")
}
