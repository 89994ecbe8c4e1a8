//! What the renderer says, and its count of what every job still lacks.

use std::collections::HashMap;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use super::protocol::Report;
use crate::job::Record;
use crate::pipeline::Task;
use crate::telemetry::RendererSnapshot;

/// Writes reports: one line each, flushed, none torn.
pub struct Reporter {
    output: Mutex<Box<dyn Write + Send>>,
    jobs: Mutex<HashMap<u64, Tally>>,
    progress: AtomicU64,
}

/// A job that the renderer has.
#[derive(Default)]
struct Tally {
    /// Since it is open.
    task: Option<Arc<Task>>,
    template_hash: String,
    outcomes: u64,
    /// Variants, known when its rows have ended.
    expected: Option<u64>,
}

impl Reporter {
    /// Writes to `output`.
    pub fn new(output: impl Write + Send + 'static) -> Self {
        Self { output: Mutex::new(Box::new(output)), jobs: Mutex::default(), progress: AtomicU64::new(0) }
    }

    /// Says something. A worker that does not listen any more is gone, and this process soon is too.
    pub fn report(&self, report: &Report) {
        if !matches!(report, Report::Pulse { .. }) {
            self.progress.fetch_add(1, Ordering::Relaxed);
        }
        let mut line = serde_json::to_vec(report).expect("reports hold strings and numbers");
        line.push(b'\n');
        let mut output = self.output.lock();
        drop(output.write_all(&line).and_then(|()| output.flush()));
    }

    /// A job was ordered.
    pub fn expect(&self, token: u64) {
        self.jobs.lock().insert(token, Tally::default());
    }

    /// Whether somebody still waits for it.
    pub fn is_expected(&self, token: u64) -> bool {
        self.jobs.lock().contains_key(&token)
    }

    /// Its rows come now. Says whether somebody still waits for it.
    pub fn begin(&self, token: u64, task: &Arc<Task>, template_hash: String) -> bool {
        match self.jobs.lock().get_mut(&token) {
            Some(tally) => {
                tally.task = Some(Arc::clone(task));
                tally.template_hash = template_hash;
                true
            }
            None => false,
        }
    }

    /// Nobody waits for it any more: what is left of it is not made.
    pub fn withdraw(&self, token: u64) {
        if let Some(task) = self.jobs.lock().remove(&token).and_then(|tally| tally.task) {
            task.stop.request("withdrawn");
        }
    }

    /// A variant of a job has an end.
    pub fn outcome(&self, token: u64, seq: u64, record: Record) {
        let mut jobs = self.jobs.lock();
        let Some(tally) = jobs.get_mut(&token) else { return };
        tally.outcomes += 1;
        drop(jobs);
        self.report(&Report::Outcome { token, seq, record: Box::new(record) });
        self.finish(token);
    }

    /// A job's rows have ended.
    pub fn rows_ended(&self, token: u64, variants: u64) {
        if let Some(tally) = self.jobs.lock().get_mut(&token) {
            tally.expected = Some(variants);
        }
        self.finish(token);
    }

    /// The place of a job takes nothing just now: told once, and the rest of the job is not made.
    pub fn interrupt(&self, token: u64, message: String) {
        if self.is_expected(token) {
            self.withdraw(token);
            self.report(&Report::Interrupted { token, message });
        }
    }

    /// Says that the renderer lives.
    pub fn pulse(&self, progress: u64, is_waiting: bool, snapshot: RendererSnapshot) {
        let progress = progress + self.progress.load(Ordering::Relaxed);
        self.report(&Report::Pulse { progress, is_waiting, snapshot: Box::new(snapshot) });
    }

    /// Whoever comes last, the last outcome or the end of the rows, says that the job is done.
    fn finish(&self, token: u64) {
        let mut jobs = self.jobs.lock();
        if jobs.get(&token).is_some_and(|tally| tally.expected == Some(tally.outcomes)) {
            let Tally { outcomes, template_hash, .. } = jobs.remove(&token).expect("it was found");
            drop(jobs);
            self.report(&Report::Finished { token, variants: outcomes, template_hash });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::Format;

    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn said(sink: &Sink) -> Vec<Report> {
        let text = String::from_utf8(sink.0.lock().clone()).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn record() -> Record {
        Record::new(1, "1", "link", Format::Png)
    }

    #[test]
    fn a_job_is_finished_once_in_either_order() {
        let sink = Sink::default();
        let reporter = Reporter::new(sink.clone());
        for (token, rows_first) in [(1, true), (2, false)] {
            reporter.expect(token);
            if rows_first {
                reporter.rows_ended(token, 1);
            }
            reporter.outcome(token, 0, record());
            if !rows_first {
                reporter.rows_ended(token, 1);
            }
        }
        let finished = said(&sink).into_iter().filter_map(|report| match report {
            Report::Finished { token, variants, .. } => Some((token, variants)),
            _ => None,
        });
        assert_eq!(finished.collect::<Vec<_>>(), [(1, 1), (2, 1)]);
    }

    #[test]
    fn nothing_is_said_of_a_job_that_was_withdrawn() {
        let sink = Sink::default();
        let reporter = Reporter::new(sink.clone());
        reporter.expect(1);
        reporter.interrupt(1, "down".into());
        reporter.interrupt(1, "down".into());
        reporter.outcome(1, 0, record());
        reporter.rows_ended(1, 1);
        assert_eq!(said(&sink), [Report::Interrupted { token: 1, message: "down".into() }]);
    }
}
