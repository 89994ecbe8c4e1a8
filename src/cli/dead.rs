//! `gravure dead`: jobs that were given up, with their reasons; back to their lane, or away.

use std::sync::Arc;

use anyhow::bail;
use clap::{Args, Subcommand};
use serde_json::json;

use super::Status;
use super::config::ConfigArgs;
use super::farm::Broker;
use super::output::{counted, note, print, print_json, shown};
use super::table::Table;
use crate::queue::{DeadAction, DeadLetter, Publisher};

/// Arguments of `gravure dead`.
#[derive(Debug, Args)]
pub struct DeadArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List them; they stay
    List(Which),
    /// Put them back into their lanes
    Requeue(Which),
    /// Throw them away
    Drop(Which),
}

#[derive(Debug, Args)]
struct Which {
    /// Ids of jobs
    jobs: Vec<String>,
    /// Every one
    #[arg(long)]
    all: bool,
    /// Only those with this reason
    #[arg(long, value_name = "REASON")]
    reason: Option<String>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    limit: u64,
    /// Print one JSON object a line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    pub config: ConfigArgs,
}

impl DeadArgs {
    /// Where its settings come from.
    pub fn config(&self) -> &ConfigArgs {
        let (Action::List(which) | Action::Requeue(which) | Action::Drop(which)) = &self.action;
        &which.config
    }
}

/// Lists, requeues or drops dead letters.
pub fn run(args: &DeadArgs) -> anyhow::Result<Status> {
    let (which, action, done) = match &args.action {
        Action::List(which) => (which, DeadAction::Keep, "there"),
        Action::Requeue(which) => (which, DeadAction::Requeue, "requeued"),
        Action::Drop(which) => (which, DeadAction::Drop, "dropped"),
    };
    if action != DeadAction::Keep && which.jobs.is_empty() && !which.all && which.reason.is_none() {
        bail!("say which: ids of jobs, --reason REASON, or --all");
    }
    let broker = Broker::open(&which.config.read()?)?;
    let is_meant = |letter: &DeadLetter| {
        let by_id = which.jobs.is_empty() || letter.job.as_ref().is_some_and(|job| which.jobs.contains(job));
        by_id && which.reason.as_ref().is_none_or(|reason| *reason == letter.reason)
    };
    let mut letters = Vec::new();
    let outcome = broker.runtime.block_on(broker.publisher.dead_letters(which.limit, &mut |letter| {
        if !is_meant(letter) {
            return DeadAction::Keep;
        }
        // Its body is not shown, and may be large.
        letters.push((DeadLetter { body: Arc::default(), ..letter.clone() }, letter.body.len()));
        action
    }));
    broker.close();
    if which.json {
        for (letter, bytes) in &letters {
            print_json(&json!({
                "job": letter.job, "lane": letter.lane, "reason": letter.reason, "message": letter.message,
                "buried_at": letter.buried_at, "bytes": bytes,
            }))?;
        }
    } else if !letters.is_empty() {
        let mut table = Table::new(&["job", "lane", "reason", "message"]);
        for (letter, _) in &letters {
            let job = letter.job.as_deref().unwrap_or("(not a job)");
            let row = [shown(job, 60), letter.lane.clone(), letter.reason.clone(), shown(&letter.message, 160)];
            table.push(row.to_vec());
        }
        print(&table.to_string())?;
    }
    // What was decided before the broker went away is done, and was told of above.
    outcome?;
    note(&format!("{} {done}", counted(letters.len() as u64, "dead letter")));
    Ok(Status::Fine)
}
