//! What the worker and its renderer say to each other: one JSON object on a line.
//!
//! ```text
//!   worker ── Order ──> standard input of the renderer
//!   worker <── Report ── standard output
//! ```
//!
//! The renderer ends when it is told to, after the jobs at hand; and at once when its input ends: then the worker died.

use serde::{Deserialize, Serialize};

use crate::job::{Job, Record};
use crate::telemetry::RendererSnapshot;

/// What the renderer is asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Render a job.
    Render(Box<RenderOrder>),
    /// Nobody waits for this job any more.
    Withdraw {
        /// Of the job.
        token: u64,
    },
    /// No more jobs come: end after those at hand. Input that ends without it means that the worker died.
    End,
}

/// A job with what is known of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RenderOrder {
    /// By which the job is called from now on.
    pub token: u64,
    /// How often its rows have their turn, beside those of other jobs.
    pub weight: u32,
    /// The job.
    pub job: Job,
    /// Objects that are there already, verified: they are made only where their inputs differ.
    pub keep: Vec<Record>,
}

/// What the renderer has to tell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Report {
    /// It can draw: it has drawn a test picture.
    Ready {
        /// Who draws.
        adapter: String,
    },
    /// A job is open: template, fonts and data are there.
    Opened {
        /// Of the job.
        token: u64,
    },
    /// A job cannot be rendered, now or ever.
    Refused {
        /// Of the job.
        token: u64,
        /// For scripts.
        code: String,
        /// For people.
        message: String,
        /// Whether a later try may go better.
        may_pass: bool,
    },
    /// A variant has an end.
    Outcome {
        /// Of the job.
        token: u64,
        /// The variant's number in the job.
        seq: u64,
        /// What became of it.
        record: Box<Record>,
    },
    /// The destination takes nothing just now; the job was put aside.
    Interrupted {
        /// Of the job.
        token: u64,
        /// What the store says.
        message: String,
    },
    /// Every variant of a job has an outcome.
    Finished {
        /// Of the job.
        token: u64,
        /// How many there are.
        variants: u64,
        /// Of the template that it was rendered with.
        template_hash: String,
    },
    /// It is alive.
    Pulse {
        /// Grows while there is progress of any kind.
        progress: u64,
        /// Whether it waits for something outside: an upload, a fetch.
        is_waiting: bool,
        /// Everything that is counted.
        snapshot: Box<RendererSnapshot>,
    },
    /// It cannot draw any more and ends.
    Gone {
        /// Why.
        message: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_one_line_and_is_read_back() {
        let job = Job::parse(crate::job::message_tests::FULL.as_bytes()).unwrap();
        let order = Order::Render(Box::new(RenderOrder { token: 7, weight: 4, job, keep: Vec::new() }));
        let line = serde_json::to_string(&order).unwrap();
        assert!(!line.contains('\n'));
        assert_eq!(serde_json::from_str::<Order>(&line).unwrap(), order);
        let report = Report::Refused { token: 1, code: "x".into(), message: "two\nlines".into(), may_pass: true };
        let line = serde_json::to_string(&report).unwrap();
        assert!(!line.contains('\n'));
        assert_eq!(serde_json::from_str::<Report>(&line).unwrap(), report);
    }
}
