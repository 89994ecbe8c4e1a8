//! The renderer: the process that draws. It is handed jobs and tells what became of them; it owns the GPU and
//! everything from template to store, and may die of it.
//!
//! ```text
//!   stdin ─ Order ─> open (threads) ─> Rota ─> pipeline::run ─> Reporter ─ Report ─> stdout
//!                    template, fonts,   rows of all jobs         finished when every
//!                    data               by turns                 variant has an outcome
//! ```

use std::collections::HashMap;
use std::io::{BufRead, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded, unbounded};

use super::open::{OpenedJob, Opener, Refusal};
use super::protocol::{Order, RenderOrder, Report};
use super::reporter::{Attempt, Reporter};
use super::rota::Rota;
use super::{canary, counted, faults};
use crate::gpu::Painter;
use crate::job::Record;
use crate::pipeline::{self, Clock, FindStored, Outcome, Plan, Stop, Task};
use crate::store::Stores;

/// Jobs that are opened side by side: opening waits for the network.
const OPENERS: usize = 3;
/// How often the renderer says that it is alive.
const PULSE: Duration = Duration::from_millis(500);
/// The renderer's device is gone, and no other was to be had.
pub const EXIT_DEVICE_GONE: u8 = 4;
/// The worker died.
pub const EXIT_ORPHAN: u8 = 6;
/// The renderer could not begin.
pub const EXIT_NOT_READY: u8 = 5;

/// What a renderer works with.
pub struct RendererParts {
    /// Opens jobs.
    pub opener: Arc<Opener>,
    /// Where objects go.
    pub stores: Arc<Stores>,
    /// For layout, and as many for encoding.
    pub threads: usize,
}

/// Renders what is ordered on `input` until it ends, and reports on `output`. Gives the exit status.
pub fn run(parts: &RendererParts, input: impl BufRead + Send + 'static, output: impl Write + Send + 'static) -> u8 {
    let RendererParts { opener, stores, threads } = parts;
    let reporter = Arc::new(Reporter::new(output));
    let painter = Painter::open(Arc::clone(opener.library())).map_err(|error| error.to_string());
    let painter = match painter.and_then(canary::draw) {
        Ok(painter) => painter,
        Err(message) => {
            reporter.report(&Report::Gone { message });
            return EXIT_NOT_READY;
        }
    };
    reporter.report(&Report::Ready { adapter: painter.adapter().to_owned() });

    let (clock, stop, rota) = (Arc::new(Clock::default()), Stop::new(), Rota::default());
    let (orders_in, orders_out) = unbounded();
    let (running, ended) = bounded::<()>(0);
    // 1. Orders come in. The thread ends with the worker's end of the pipe, and with the process.
    std::thread::spawn({
        let (reporter, stop) = (Arc::clone(&reporter), stop.clone());
        move || read_orders(input, &reporter, &orders_in, &stop)
    });
    // 2. Jobs are opened; when all are, and no more come, so do the rows end.
    let openers: Vec<_> = (0..OPENERS)
        .map(|_| {
            let orders: Receiver<(Attempt, RenderOrder)> = orders_out.clone();
            let (opener, stores) = (Arc::clone(opener), Arc::clone(stores));
            let (rota, reporter) = (rota.clone(), Arc::clone(&reporter));
            std::thread::spawn(move || {
                orders.into_iter().for_each(|(attempt, order)| {
                    begin(attempt, order, &opener, &stores, &rota, &reporter);
                });
            })
        })
        .collect();
    std::thread::spawn({
        let rota = rota.clone();
        move || {
            openers.into_iter().for_each(|opener| drop(opener.join()));
            rota.close();
        }
    });
    // 3. The worker is told that all is well.
    let pulse = {
        let (reporter, clock) = (Arc::clone(&reporter), Arc::clone(&clock));
        let (opener, stores) = (Arc::clone(opener), Arc::clone(stores));
        move || {
            let counted = counted::now(&clock, &opener, &stores);
            reporter.pulse(counted.progress, counted.is_waiting, counted.snapshot);
        }
    };
    std::thread::spawn({
        let pulse = pulse.clone();
        move || {
            while ended.recv_timeout(PULSE) == Err(RecvTimeoutError::Timeout) {
                pulse();
            }
        }
    });
    // 4. Rows become pictures.
    pipeline::run(rota, *threads, painter, &clock, &stop, &mut |outcome| settle(outcome, &reporter));
    drop(running);
    pulse();
    match stop.reason() {
        None => 0,
        Some(message) => {
            reporter.report(&Report::Gone { message });
            EXIT_DEVICE_GONE
        }
    }
}

fn read_orders(input: impl BufRead, reporter: &Reporter, orders: &Sender<(Attempt, RenderOrder)>, stop: &Stop) {
    for line in input.lines() {
        let Ok(line) = line else { break };
        match serde_json::from_str(&line) {
            Ok(Order::Render(order)) => {
                drop(orders.send((reporter.expect(order.token), *order)));
            }
            Ok(Order::Withdraw { token }) => reporter.withdraw(token),
            Ok(Order::End) => return,
            // Two versions of the program, or a bug: nothing that is said can be trusted.
            Err(error) => return stop.request(format!("an order cannot be read: {error}")),
        }
    }
    // The worker died. Its jobs are given to others: whatever this process still made would be made twice.
    std::process::exit(i32::from(EXIT_ORPHAN));
}

/// Opens a job and gives it its turns.
fn begin(
    attempt: Attempt,
    order: RenderOrder,
    opener: &Opener,
    stores: &Stores,
    rota: &Rota,
    reporter: &Arc<Reporter>,
) {
    let RenderOrder { token, weight, job, keep } = order;
    if !reporter.is_expected(attempt) {
        return;
    }
    let store = match stores.open_shared(&job.destination) {
        Ok(store) => store,
        Err(error) if error.is_of_the_place() => {
            let (code, message) = ("destination_refused".to_owned(), error.to_string());
            return reporter.refuse(attempt, code, message, false);
        }
        Err(error) => return reporter.interrupt(attempt, error.to_string()),
    };
    let opened = catch_unwind(AssertUnwindSafe(|| opener.open(&job))).unwrap_or_else(|_| {
        let message = "a bug in gravure: opening the job panicked".to_owned();
        Err(Refusal { code: "internal", message, may_pass: false })
    });
    let OpenedJob { plan, rows, template_hash, .. } = match opened {
        Ok(opened) => opened,
        Err(Refusal { code: Refusal::STORE_DOWN, message, .. }) => return reporter.interrupt(attempt, message),
        Err(Refusal { code, message, may_pass }) => {
            return reporter.refuse(attempt, code.to_owned(), message, may_pass);
        }
    };
    let plan = Plan { find_stored: Some(find_stored(keep)), ..plan };
    let per_row = plan.variants_per_row();
    let task = Arc::new(Task::new(plan, store, attempt.0));
    if !reporter.begin(attempt, &task, template_hash) {
        return;
    }
    reporter.report(&Report::Opened { token });
    let rows = faults::rows(&job, task.work(rows));
    let reporter = Arc::clone(reporter);
    rota.add(task, Box::new(rows), weight, Box::new(move |count| reporter.rows_ended(attempt, count * per_row)));
}

/// Objects that were stored and verified, by name and inputs.
fn find_stored(keep: Vec<Record>) -> Box<FindStored> {
    let keep: HashMap<String, Record> =
        keep.into_iter().filter_map(|record| Some((record.object.clone()?, record))).collect();
    Box::new(move |object, input_hash| {
        keep.get(object.as_str()).filter(|record| record.input_hash.as_deref() == Some(input_hash)).cloned()
    })
}

fn settle(outcome: Outcome, reporter: &Reporter) {
    let Outcome { token, seq, record, interrupted } = outcome;
    match interrupted {
        true => reporter.interrupt(Attempt(token), record.error.map_or_else(String::new, |error| error.message)),
        false => reporter.outcome(Attempt(token), seq, record),
    }
}
