//! `gravure submit`: a campaign for the farm; `--wait` stays until it is done.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::anyhow;
use clap::Args;
use serde_json::json;

use super::args::CampaignArgs;
use super::config::ConfigArgs;
use super::output::{note, print, print_json};
use super::render::stop_on_interrupt;
use super::{Status, status};
use crate::job::{Counts, ErrorCode, JobResult};
use crate::pipeline::Stop;
use crate::queue::Publisher;
use crate::queue::rabbit::RabbitPublisher;
use crate::store::Store;
use crate::submit::{CampaignPlace, SubmitOptions, Submitted, submit};

/// How often the store is asked for results that were missed.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Arguments of `gravure submit`.
#[derive(Debug, Args)]
#[command(after_help = "Prints the campaign's place. Run again with the same --campaign to go on after an interruption. \
    Exit status: 0 everything is submitted (with --wait: every variant is stored), 1 some variants failed, 2 the \
    template, input or settings cannot be used, 3 stopped early.")]
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
    config: ConfigArgs,
    // Last: its heading holds for all that follows.
    #[command(flatten)]
    options: CampaignArgs,
}

/// Submits a campaign.
pub fn run(args: &SubmitArgs) -> anyhow::Result<Status> {
    let config = args.config.read()?;
    config.amqp.check().map_err(|message| anyhow!(message))?;
    if !args.destination.contains("://") {
        return Err(anyhow!("--destination: expected s3://bucket/prefix or file:///folder, which workers see as well"));
    }
    let lane = if args.urgent { "urgent".to_owned() } else { args.lane.clone() };
    if !config.amqp.lanes.iter().any(|known| known.name == lane) {
        let known: Vec<&str> = config.amqp.lanes.iter().map(|lane| lane.name.as_str()).collect();
        return Err(anyhow!("--lane: there is no lane {lane:?}, only {} (amqp.lanes)", known.join(", ")));
    }
    let options = SubmitOptions {
        campaign: args.options.options(Some(&args.data)),
        destination: args.destination.trim_end_matches('/').to_owned(),
        id: args.campaign.clone(),
        lane,
        rows_per_job: args.rows_per_job,
        limit: args.options.limit,
    };
    let runtime = tokio::runtime::Runtime::new()?;
    let store = config.stores().open_shared(&options.destination)?;
    let publisher = Arc::new(RabbitPublisher::new(config.amqp.clone()));
    let stop = Stop::new();
    stop_on_interrupt(&stop)?;
    // Results are listened for before there are any.
    let options = SubmitOptions { id: Some(options.id.clone().unwrap_or_else(|| options.new_id())), ..options };
    let results = match (args.wait, &options.id) {
        (true, Some(id)) => Some(runtime.block_on(publisher.results(id))?),
        _ => None,
    };
    let bar = status::bar("rows");
    let submitted = submit(&options, &store, &publisher, runtime.handle(), &stop, &mut |rows| bar.set_position(rows));
    bar.finish_and_clear();
    let submitted = submitted?;
    for line in &submitted.notes {
        note(&format!("note: {line}"));
    }
    let place = CampaignPlace::of(&options.destination, &submitted.id);
    let Submitted { jobs, published, rows, .. } = submitted;
    let again = if published < jobs { format!(", {} of them were before", jobs - published) } else { String::new() };
    let cut = if submitted.is_stopped { "stopped: " } else { "" };
    note(&format!("{cut}{rows} rows in {jobs} jobs submitted{again}; gravure status {place} tells how far they are"));
    if !args.json {
        print(&place.to_string())?;
    }
    let ended = match results {
        Some(results) if !submitted.is_stopped => {
            let follow = Follow { place: &place, store: &store, jobs, variants: rows * submitted.variants_per_row };
            Some(runtime.block_on(follow.until_done(results, &stop)))
        }
        _ => None,
    };
    runtime.shutdown_timeout(Duration::from_secs(1));
    if args.json {
        let mut report = json!({"campaign": submitted.id, "place": place.to_string(), "jobs": jobs, "rows": rows});
        if let Some((counts, failures, _)) = &ended {
            report["variants"] = counts.variants().into();
            report["ok"] = counts.ok.into();
            report["failed"] = counts.failed.into();
            report["skipped"] = counts.skipped.into();
            report["reused"] = counts.reused.into();
            report["bytes"] = counts.bytes.into();
            report["failures"] = json!(failures);
        }
        print_json(&report)?;
    }
    Ok(match ended {
        None if submitted.is_stopped => Status::Stopped,
        None => Status::Fine,
        Some((_, _, false)) => {
            note(&format!("the campaign goes on without us: gravure status {place}"));
            Status::Stopped
        }
        Some((counts, _, true)) if counts.failed > 0 => Status::SomeFailed,
        Some(_) => Status::Fine,
    })
}

type Outcome = (Counts, BTreeMap<ErrorCode, u64>, bool);

struct Follow<'f> {
    place: &'f CampaignPlace,
    store: &'f Arc<dyn Store>,
    jobs: u64,
    variants: u64,
}

impl Follow<'_> {
    /// Counts, failures by code, and whether all is done.
    async fn until_done(&self, mut results: tokio::sync::mpsc::Receiver<Vec<u8>>, stop: &Stop) -> Outcome {
        let bar = status::bar("variants");
        bar.set_length(self.variants);
        let mut ended: BTreeMap<String, JobResult> = BTreeMap::new();
        let started = Instant::now();
        let (mut look, mut tick) = (tokio::time::interval(LOOK_EVERY), tokio::time::interval(Duration::from_millis(200)));
        // What an earlier submission has done was told to others.
        while (ended.len() as u64) < self.jobs && !stop.is_requested() {
            tokio::select! {
                Some(result) = results.recv() => {
                    if let Ok(result) = serde_json::from_slice::<JobResult>(&result) {
                        ended.insert(result.job.clone(), result);
                    }
                }
                _ = look.tick() => self.look(&mut ended),
                _ = tick.tick() => {}
            }
            bar.set_position(ended.values().map(|result| result.counts.variants()).sum());
        }
        bar.finish_and_clear();
        let (mut counts, mut failures) = (Counts::default(), BTreeMap::new());
        for result in ended.values() {
            let JobResult { counts: Counts { ok, failed, skipped, reused, bytes }, .. } = result;
            counts.ok += ok;
            counts.failed += failed;
            counts.skipped += skipped;
            counts.reused += reused;
            counts.bytes += bytes;
            for (code, count) in &result.failures {
                *failures.entry(*code).or_default() += count;
            }
        }
        let is_done = ended.len() as u64 >= self.jobs;
        for (code, count) in &failures {
            note(&format!("{count} failed: {code}"));
        }
        note(&status::line(&counts, started.elapsed().as_secs_f64()));
        (counts, failures, is_done)
    }

    /// Results that are in the store and were not heard of.
    fn look(&self, ended: &mut BTreeMap<String, JobResult>) {
        let places = self.place.places();
        // On a thread that may block; what cannot be read now is read the next time.
        tokio::task::block_in_place(|| {
            for name in self.store.list(&places.prefix()).unwrap_or_default() {
                let Some(id) = name.strip_prefix(&places.prefix()).and_then(|name| name.strip_suffix(".result.json")) else {
                    continue;
                };
                if !ended.contains_key(id)
                    && let Ok(Some(bytes)) = self.store.get(&places.result(id))
                    && let Ok(result) = serde_json::from_slice::<JobResult>(&bytes)
                {
                    ended.insert(id.to_owned(), result);
                }
            }
        });
    }
}
