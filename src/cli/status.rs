//! `gravure status`, `retry` and `cancel`: what became of a campaign, and what is to become of it.

use std::sync::Arc;
use std::time::Duration;

use anyhow::anyhow;
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;

use super::Status;
use super::config::ConfigArgs;
use super::output::{bytes, counted, note, print, print_json, shown};
use crate::job::Counts;
use crate::queue::rabbit::RabbitPublisher;
use crate::store::Store;
use crate::submit::{CampaignPlace, RetryOptions, Retried, State, retry, state};

/// Failures that are shown where nobody asks for all.
const SHOWN: usize = 10;

/// Arguments of `gravure status`.
#[derive(Debug, Args)]
#[command(after_help = "Exit status: 0 every variant is stored, 1 all jobs have ended and some variants failed, \
    2 there is no such campaign, 3 not all jobs have ended.")]
pub struct StatusArgs {
    /// Place of the campaign: s3://bucket/prefix/_gravure/CAMPAIGN
    place: String,
    /// List every failed row (at most 1,000)
    #[arg(long)]
    failures: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    config: ConfigArgs,
}

/// Arguments of `gravure retry`.
#[derive(Debug, Args)]
pub struct RetryArgs {
    /// Place of the campaign: s3://bucket/prefix/_gravure/CAMPAIGN
    place: String,
    /// Only rows that failed
    #[arg(long, conflicts_with = "missing")]
    failed: bool,
    /// Only jobs that have not ended
    #[arg(long)]
    missing: bool,
    #[command(flatten)]
    config: ConfigArgs,
}

/// Arguments of `gravure cancel`.
#[derive(Debug, Args)]
pub struct CancelArgs {
    /// Place of the campaign: s3://bucket/prefix/_gravure/CAMPAIGN
    place: String,
    #[command(flatten)]
    config: ConfigArgs,
}

fn open(place: &str, config: &ConfigArgs) -> anyhow::Result<(CampaignPlace, Arc<dyn Store>, super::config::Config)> {
    let config = config.read()?;
    let place = CampaignPlace::parse(place).map_err(|message| anyhow!(message))?;
    let store = config.stores().open_shared(&place.destination)?;
    Ok((place, store, config))
}

/// Reports how far a campaign is.
pub fn run(args: &StatusArgs) -> anyhow::Result<Status> {
    let (place, store, _) = open(&args.place, &args.config)?;
    let state = state(&place, &store)?;
    if args.json {
        print_json(&json_report(&place, &state, args.failures))?;
    } else {
        print(&report(&place, &state, args.failures))?;
    }
    Ok(match (state.open_parts(), state.counts.failed) {
        (open, _) if open > 0 || !state.file.is_complete => Status::Stopped,
        (_, 0) => Status::Fine,
        _ => Status::SomeFailed,
    })
}

fn report(place: &CampaignPlace, state: &State, all: bool) -> String {
    let State { file, counts, .. } = state;
    let mut text = format!("{place}\n");
    let how_far = match (state.is_cancelled, state.open_parts(), file.is_complete) {
        (true, ..) => "called off".to_owned(),
        (_, _, false) => "not all submitted: run gravure submit again with the same --campaign".to_owned(),
        (_, 0, _) => "done".to_owned(),
        (_, open, _) => format!("{} of {} jobs not done", open, file.parts),
    };
    text.push_str(&format!("{}, {}: {how_far}\n", counted(file.rows, "row"), counted(file.parts, "job")));
    text.push_str(&format!(
        "{} stored ({}), {} reused, {} skipped, {} failed, {} missing\n",
        counts.ok,
        bytes(counts.bytes),
        counts.reused,
        counts.skipped,
        counts.failed,
        state.missing()
    ));
    for (code, count) in &state.failures {
        text.push_str(&format!("  {count} {code}\n"));
    }
    let most = if all { usize::MAX } else { SHOWN };
    for row in state.failed_rows.iter().take(most) {
        let key = shown(&row.key, 60);
        text.push_str(&format!("  row {} ({key}), {}: {}\n", row.row, row.size, shown(&row.message, 200)));
    }
    if counts.failed > 0 || (state.open_parts() > 0 && !state.is_cancelled) {
        text.push_str(&format!("gravure retry {place} submits again what failed or is missing\n"));
    }
    text
}

fn json_report(place: &CampaignPlace, state: &State, all: bool) -> serde_json::Value {
    let State { file, counts, failures, .. } = state;
    let mut report = json!({
        "campaign": file.campaign, "place": place.to_string(), "template": file.template, "lane": file.lane,
        "submitted": file.is_complete, "cancelled": state.is_cancelled,
        "jobs": file.parts, "jobs_open": state.open_parts(), "rows": file.rows,
        "variants": file.rows * file.variants_per_row, "missing": state.missing(),
        "ok": counts.ok, "failed": counts.failed, "skipped": counts.skipped, "reused": counts.reused,
        "bytes": counts.bytes, "failures": failures,
    });
    if all {
        let rows = state.failed_rows.iter();
        report["failed_rows"] = rows
            .map(|row| json!({"row": row.row, "key": row.key, "size": row.size, "code": row.code, "message": row.message}))
            .collect();
    }
    report
}

/// Submits again what failed or is missing.
pub fn run_retry(args: &RetryArgs) -> anyhow::Result<Status> {
    let (place, store, config) = open(&args.place, &args.config)?;
    config.amqp.check().map_err(|message| anyhow!(message))?;
    let runtime = tokio::runtime::Runtime::new()?;
    let publisher = Arc::new(RabbitPublisher::new(config.amqp));
    let options = RetryOptions { failed: !args.missing, missing: !args.failed };
    let Retried { jobs, rows } = retry(&place, options, &store, &publisher, runtime.handle())?;
    runtime.shutdown_timeout(Duration::from_secs(1));
    note(&match jobs {
        0 => "nothing failed and nothing is missing".to_owned(),
        _ => format!("{} in {} submitted again", counted(rows, "row"), counted(jobs, "job")),
    });
    Ok(Status::Fine)
}

/// Calls a campaign off.
pub fn run_cancel(args: &CancelArgs) -> anyhow::Result<Status> {
    let (place, store, _) = open(&args.place, &args.config)?;
    let state = state(&place, &store)?;
    store.put(&place.places().cancelled(), b"called off\n")?;
    note(&format!(
        "called off: {} of {} jobs that have not begun are not rendered; what is being rendered is finished",
        state.open_parts(),
        state.file.parts
    ));
    Ok(Status::Fine)
}

/// `5250 variants, 5250 ok, 0 failed, 12 reused in 41.2 s, 402 MB`
pub fn line(counts: &Counts, seconds: f64) -> String {
    let Counts { ok, failed, skipped, reused, bytes: stored } = *counts;
    let mut line = format!("{}, {ok} ok, {failed} failed", counted(counts.variants(), "variant"));
    for (count, what) in [(skipped, "skipped"), (reused, "reused")] {
        if count > 0 {
            line.push_str(&format!(", {count} {what}"));
        }
    }
    line.push_str(&format!(" in {seconds:.1} s, {}", bytes(stored)));
    line
}

/// A bar on standard error, where that is a terminal.
pub fn bar(what: &str) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(8));
    let style = ProgressStyle::with_template(&format!("{{spinner}} {{human_pos}} {what}, {{per_sec}}, {{elapsed}}"));
    bar.set_style(style.expect("the template is fixed"));
    bar
}
