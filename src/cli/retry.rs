//! `gravure retry`: what failed or is missing, once more.

use clap::Args;

use super::Status;
use super::farm::{Broker, OpenedPlace, PlaceArgs};
use super::output::{counted, note};
use super::render::stop_on_interrupt;
use crate::pipeline::Stop;
use crate::submit::{Retried, RetryOptions, retry};

/// Arguments of `gravure retry`.
#[derive(Debug, Args)]
#[command(after_help = "Default: both, rows that failed and jobs that have not ended. A job that only waits for its \
    turn has not ended either: look at gravure status first. Exit status: 0 submitted, or there is nothing to submit; \
    2 it cannot be, 3 it was interrupted.")]
pub struct RetryArgs {
    /// Rows that failed
    #[arg(long)]
    failed: bool,
    /// Jobs that have not ended
    #[arg(long)]
    missing: bool,
    #[command(flatten)]
    pub place: PlaceArgs,
}

/// Submits again what failed or is missing.
pub fn run(args: &RetryArgs) -> anyhow::Result<Status> {
    let OpenedPlace { place, store, config } = args.place.open()?;
    let broker = Broker::open(&config)?;
    let stop = Stop::new();
    stop_on_interrupt(&stop)?;
    let is_both = args.failed == args.missing;
    let options = RetryOptions { failed: args.failed || is_both, missing: args.missing || is_both };
    let retried = retry(&place, options, &store, &broker.publisher, broker.runtime.handle(), &stop);
    broker.close();
    let Retried { jobs, rows, is_stopped } = retried?;
    if is_stopped {
        note(&format!("stopped: {} submitted again; the same command goes on", counted(jobs, "job")));
        return Ok(Status::Stopped);
    }
    note(&match jobs {
        0 => "nothing to submit again".to_owned(),
        _ => format!("{} in {} submitted again", counted(rows, "row"), counted(jobs, "job")),
    });
    Ok(Status::Fine)
}
