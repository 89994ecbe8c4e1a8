//! `gravure cancel`: a campaign called off.

use clap::Args;

use super::Status;
use super::farm::{OpenedPlace, PlaceArgs};
use super::output::{counted, note};
use crate::submit::{cancel, state};

/// Arguments of `gravure cancel`.
#[derive(Debug, Args)]
#[command(
    after_help = "Workers look before they begin a job: jobs that wait are answered without being rendered, those \
    at work are finished. What is stored stays. Exit status: 0 called off, 2 there is no such campaign."
)]
pub struct CancelArgs {
    #[command(flatten)]
    pub place: PlaceArgs,
}

/// Calls a campaign off.
pub fn run(args: &CancelArgs) -> anyhow::Result<Status> {
    let OpenedPlace { place, store, .. } = args.place.open()?;
    cancel(&place, &store)?;
    let open = state(&place, &store)?.open_parts();
    note(&format!("called off; {} had not ended", counted(open, "job")));
    Ok(Status::Fine)
}
