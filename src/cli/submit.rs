//! `gravure submit`: a campaign for the farm; `--wait` stays until it is done.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::bail;
use clap::Args;
use serde_json::json;

use super::args::CampaignArgs;
use super::config::{Config, ConfigArgs};
use super::farm::{Broker, bar, bar_to};
use super::objects::allow_named;
use super::output::{counted, note, print, print_json, shown};
use super::render::stop_on_interrupt;
use super::{Status, status};
use crate::job::Counts;
use crate::pipeline::Stop;
use crate::queue::Publisher;
use crate::submit::{CampaignPlace, Followed, SubmitOptions, Submitted, Watched, follow, submit};

/// How often the store is asked for results that were missed.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Failures that are shown; gravure status has more.
const FAILURES_SHOWN: usize = 10;

/// Arguments of `gravure submit`.
#[derive(Debug, Args)]
#[command(
    after_help = "Prints the campaign's place. Run again with the same --campaign to go on after an interruption. \
    Exit status: 0 everything is submitted (with --wait: every variant is stored), 1 some variants failed, 2 the \
    template, input or settings cannot be used, 3 stopped early."
)]
pub struct SubmitArgs {
    /// Rows: CSV, JSON Lines or a JSON array; a file or a URL
    #[arg(long, value_name = "ROWS")]
    data: PathBuf,
    /// Where images go: s3://bucket/prefix or file:///folder
    #[arg(long, value_name = "PLACE")]
    destination: String,
    /// Id of the campaign; the same again goes on with it. Default: one is made up
    #[arg(long, value_name = "ID")]
    campaign: Option<String>,
    /// Rows of one job, 1 to 1000
    #[arg(long, value_name = "N", default_value_t = 256, value_parser = clap::value_parser!(u64).range(1..=1000))]
    rows_per_job: u64,
    /// Lane that the jobs go by
    #[arg(long, value_name = "LANE", default_value = "jobs")]
    lane: String,
    /// The same as --lane urgent
    #[arg(long, conflicts_with = "lane")]
    urgent: bool,
    /// Stay until every job has ended
    #[arg(long)]
    wait: bool,
    /// Print one JSON object on standard output
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    pub config: ConfigArgs,
    // Last: its heading holds for all that follows.
    #[command(flatten)]
    options: CampaignArgs,
}

/// Submits a campaign.
pub fn run(args: &SubmitArgs) -> anyhow::Result<Status> {
    let config = args.config.read()?;
    config.check_broker()?;
    let options = options(args, &config)?;
    let store = config.stores().open_shared(&options.destination)?;
    let broker = Broker::open(&config)?;
    let stop = Stop::new();
    stop_on_interrupt(&stop)?;
    // Results are listened for before there are any.
    let results = match (args.wait, &options.id) {
        (true, Some(id)) => Some(broker.runtime.block_on(broker.publisher.results(id))?),
        _ => None,
    };
    let progress = bar("rows");
    let handle = broker.runtime.handle();
    let submitted = submit(&options, &store, &broker.publisher, handle, &stop, &mut |rows| progress.set_position(rows));
    progress.finish_and_clear();
    let submitted = submitted?;
    let place = CampaignPlace::of(&options.destination, &submitted.id);
    tell(&submitted, &place);
    if !args.json {
        print(&place.to_string())?;
    }
    let mut status = if submitted.stopped.is_some() { Status::Stopped } else { Status::Fine };
    let mut report = json!({
        "campaign": submitted.id, "place": place.to_string(), "jobs": submitted.jobs, "published": submitted.published,
        "rows": submitted.rows, "stopped": submitted.stopped,
    });
    if let (Some(results), None) = (results, &submitted.stopped) {
        let started = Instant::now();
        let bar = bar_to("variants", submitted.rows * submitted.variants_per_row);
        let mut show = |counts: &Counts| {
            bar.set_position(counts.variants());
            if counts.failed > 0 {
                bar.set_message(format!(", {} failed", counts.failed));
            }
        };
        let watched = Watched { place: place.clone(), jobs: submitted.jobs, look_every: LOOK_EVERY };
        let follow = follow(&watched, &store, &*broker.publisher, results, &stop, &mut show);
        let followed = broker.runtime.block_on(follow);
        bar.finish_and_clear();
        let followed = followed?;
        status = told_end(&followed, &place, started.elapsed());
        add_end(&mut report, &followed);
    }
    broker.close();
    if args.json {
        print_json(&report)?;
    }
    Ok(status)
}

/// What is asked for, as far as it can be told without the template.
fn options(args: &SubmitArgs, config: &Config) -> anyhow::Result<SubmitOptions> {
    let is_place = ["s3://", "file:///"].iter().any(|scheme| args.destination.starts_with(scheme));
    if !is_place {
        bail!("--destination: expected s3://bucket/prefix or file:///folder, which workers see as well");
    }
    let lane = if args.urgent { "urgent" } else { &args.lane };
    if !config.amqp.lanes.iter().any(|known| known.name == lane) {
        let known: Vec<&str> = config.amqp.lanes.iter().map(|lane| lane.name.as_str()).collect();
        bail!("--lane: there is no lane {lane:?}, only {} (amqp.lanes)", known.join(", "));
    }
    let mut campaign = args.options.options(Some(&args.data));
    allow_named(&mut campaign)?;
    let options = SubmitOptions {
        campaign,
        destination: args.destination.trim_end_matches('/').to_owned(),
        id: args.campaign.clone(),
        lane: lane.to_owned(),
        rows_per_job: args.rows_per_job,
        limit: args.options.limit,
    };
    Ok(SubmitOptions { id: Some(options.id.clone().unwrap_or_else(|| options.new_id())), ..options })
}

/// Says on standard error what was submitted, and how to go on.
fn tell(submitted: &Submitted, place: &CampaignPlace) {
    let Submitted { id, jobs, published, rows, variants_per_row: _, stopped, notes } = submitted;
    for line in notes {
        note(&format!("note: {line}"));
    }
    let (rows, all) = (counted(*rows, "row"), counted(*jobs, "job"));
    let earlier = match jobs.saturating_sub(*published) {
        0 => String::new(),
        earlier => format!(" ({earlier} of them by an earlier submission)"),
    };
    match stopped {
        None => note(&format!("{rows} in {all} submitted{earlier}; how far they are: gravure status {place}")),
        Some(reason) => note(&format!(
            "stopped ({}): {rows} in {all} submitted{earlier}; the same command with --campaign {id} goes on",
            shown(reason, 300)
        )),
    }
}

/// Says how it ended.
fn told_end(followed: &Followed, place: &CampaignPlace, waited: Duration) -> Status {
    let Followed { state, dead, is_done } = followed;
    if !is_done {
        note(&status::line(&state.counts));
        note(&format!("the campaign goes on without us: gravure status {place}"));
        return Status::Stopped;
    }
    let failures = status::failures(state, FAILURES_SHOWN);
    if !failures.is_empty() {
        note(failures.trim_end());
    }
    for (part, (reason, message)) in dead.iter().take(FAILURES_SHOWN) {
        note(&format!("given up: job {part}: {reason}: {}", shown(message, 300)));
    }
    if !dead.is_empty() {
        note(&format!("{} given up: gravure dead list, gravure dead requeue", counted(dead.len() as u64, "job")));
    }
    note(&format!("{} in {:.1} s", status::line(&state.counts), waited.as_secs_f64()));
    match (state.is_cancelled, state.counts.failed > 0 || !dead.is_empty()) {
        (true, _) => {
            note(&format!("{place} was called off"));
            Status::Stopped
        }
        (false, true) => Status::SomeFailed,
        (false, false) => Status::Fine,
    }
}

/// The end in numbers.
fn add_end(report: &mut serde_json::Value, followed: &Followed) {
    let Followed { state, dead, is_done } = followed;
    let Counts { ok, failed, skipped, reused, bytes } = state.counts;
    let numbers = [("variants", state.counts.variants()), ("ok", ok), ("failed", failed), ("skipped", skipped)];
    let others = [("reused", reused), ("bytes", bytes), ("missing", state.missing()), ("jobs_dead", dead.len() as u64)];
    for (name, number) in numbers.into_iter().chain(others) {
        report[name] = number.into();
    }
    report["failures"] = json!(state.failures);
    report["cancelled"] = state.is_cancelled.into();
    report["done"] = (*is_done).into();
}
