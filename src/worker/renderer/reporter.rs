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
    attempts: Mutex<HashMap<Attempt, Tally>>,
    /// Attempts so far.
    count: AtomicU64,
    progress: AtomicU64,
}

/// A job that was ordered once. One that is ordered again is another attempt, so that what is still on its way of the
/// first is not counted for the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Attempt(pub u64);

/// An attempt that somebody waits for.
struct Tally {
    /// What the worker calls the job.
    token: u64,
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
        Self {
            output: Mutex::new(Box::new(output)),
            attempts: Mutex::default(),
            count: AtomicU64::new(0),
            progress: AtomicU64::new(0),
        }
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
    pub fn expect(&self, token: u64) -> Attempt {
        let attempt = Attempt(self.count.fetch_add(1, Ordering::Relaxed));
        let tally = Tally { token, task: None, template_hash: String::new(), outcomes: 0, expected: None };
        self.attempts.lock().insert(attempt, tally);
        attempt
    }

    /// Whether somebody still waits for it.
    pub fn is_expected(&self, attempt: Attempt) -> bool {
        self.attempts.lock().contains_key(&attempt)
    }

    /// Its rows come now. Says whether somebody still waits for it.
    pub fn begin(&self, attempt: Attempt, task: &Arc<Task>, template_hash: String) -> bool {
        match self.attempts.lock().get_mut(&attempt) {
            Some(tally) => {
                tally.task = Some(Arc::clone(task));
                tally.template_hash = template_hash;
                true
            }
            None => false,
        }
    }

    /// Nobody waits for a job any more: what is left of it is not made.
    pub fn withdraw(&self, token: u64) {
        let of_job = |_: &Attempt, tally: &mut Tally| tally.token == token;
        let withdrawn: Vec<Tally> = self.attempts.lock().extract_if(of_job).map(|(_, tally)| tally).collect();
        withdrawn.iter().for_each(Tally::stop);
    }

    /// Gives an attempt up: what is left of it is not made. The job's token, if somebody waited for it.
    fn give_up(&self, attempt: Attempt) -> Option<u64> {
        let tally = self.attempts.lock().remove(&attempt)?;
        tally.stop();
        Some(tally.token)
    }

    /// A variant of a job has an end.
    pub fn outcome(&self, attempt: Attempt, seq: u64, record: Record) {
        let mut attempts = self.attempts.lock();
        let Some(tally) = attempts.get_mut(&attempt) else { return };
        tally.outcomes += 1;
        let token = tally.token;
        drop(attempts);
        self.report(&Report::Outcome { token, seq, record: Box::new(record) });
        self.finish(attempt);
    }

    /// A job's rows have ended.
    pub fn rows_ended(&self, attempt: Attempt, variants: u64) {
        if let Some(tally) = self.attempts.lock().get_mut(&attempt) {
            tally.expected = Some(variants);
        }
        self.finish(attempt);
    }

    /// The place of a job takes nothing just now: told once, and the rest of the job is not made.
    pub fn interrupt(&self, attempt: Attempt, message: String) {
        if let Some(token) = self.give_up(attempt) {
            self.report(&Report::Interrupted { token, message });
        }
    }

    /// The job cannot be rendered, or not just now.
    pub fn refuse(&self, attempt: Attempt, code: String, message: String, may_pass: bool) {
        if let Some(token) = self.give_up(attempt) {
            self.report(&Report::Refused { token, code, message, may_pass });
        }
    }

    /// Says that the renderer lives.
    pub fn pulse(&self, progress: u64, is_waiting: bool, snapshot: RendererSnapshot) {
        let progress = progress + self.progress.load(Ordering::Relaxed);
        self.report(&Report::Pulse { progress, is_waiting, snapshot: Box::new(snapshot) });
    }

    /// Whoever comes last, the last outcome or the end of the rows, says that the job is done.
    fn finish(&self, attempt: Attempt) {
        let mut attempts = self.attempts.lock();
        if attempts.get(&attempt).is_some_and(|tally| tally.expected == Some(tally.outcomes)) {
            let Tally { token, outcomes, template_hash, .. } = attempts.remove(&attempt).expect("it was found");
            drop(attempts);
            self.report(&Report::Finished { token, variants: outcomes, template_hash });
        }
    }
}

impl Tally {
    fn stop(&self) {
        if let Some(task) = &self.task {
            task.stop.request("withdrawn");
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
            let attempt = reporter.expect(token);
            if rows_first {
                reporter.rows_ended(attempt, 1);
            }
            reporter.outcome(attempt, 0, record());
            if !rows_first {
                reporter.rows_ended(attempt, 1);
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
        let attempt = reporter.expect(1);
        reporter.interrupt(attempt, "down".into());
        reporter.interrupt(attempt, "down".into());
        reporter.outcome(attempt, 0, record());
        reporter.rows_ended(attempt, 1);
        assert_eq!(said(&sink), [Report::Interrupted { token: 1, message: "down".into() }]);
    }

    #[test]
    fn what_comes_late_of_an_attempt_is_not_counted_for_the_next() {
        let sink = Sink::default();
        let reporter = Reporter::new(sink.clone());
        let first = reporter.expect(1);
        reporter.interrupt(first, "down".into());
        let second = reporter.expect(1);
        reporter.rows_ended(second, 2);
        reporter.outcome(second, 0, record());
        reporter.outcome(first, 0, record());
        reporter.interrupt(first, "down".into());
        reporter.rows_ended(first, 1);
        assert!(reporter.is_expected(second), "its other variant has no outcome yet");
        reporter.outcome(second, 1, record());
        let outcome = |seq| Report::Outcome { token: 1, seq, record: Box::new(record()) };
        let finished = Report::Finished { token: 1, variants: 2, template_hash: String::new() };
        let interrupted = Report::Interrupted { token: 1, message: "down".into() };
        assert_eq!(said(&sink), [interrupted, outcome(0), outcome(1), finished]);
    }

    #[test]
    fn a_job_is_withdrawn_with_all_its_attempts() {
        let reporter = Reporter::new(Sink::default());
        let [first, second, other] = [1, 1, 2].map(|token| reporter.expect(token));
        reporter.withdraw(1);
        assert_eq!([first, second, other].map(|attempt| reporter.is_expected(attempt)), [false, false, true]);
    }
}
