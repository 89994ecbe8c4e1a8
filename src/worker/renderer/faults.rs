//! Jobs that kill their renderer, for the tests of the farm: `metadata.fault` of a job says how. Compiled in by the
//! feature `faults` only.

use crate::job::Job;
use crate::pipeline::Work;

/// The rows of a job, with whatever is to happen when the first is taken.
#[cfg(not(feature = "faults"))]
pub fn rows<R: Iterator<Item = Work> + Send>(_job: &Job, rows: R) -> R {
    rows
}

/// The rows of a job, with whatever is to happen when the first is taken.
#[cfg(feature = "faults")]
pub fn rows<R: Iterator<Item = Work> + Send>(job: &Job, rows: R) -> impl Iterator<Item = Work> + Send + use<R> {
    let mut fault = job.metadata.get("fault").and_then(|fault| fault.as_str()).map(str::to_owned);
    rows.inspect(move |_| {
        if let Some(fault) = fault.take() {
            strike(&fault);
        }
    })
}

#[cfg(feature = "faults")]
fn strike(fault: &str) {
    match fault {
        "abort" => std::process::abort(),
        "hang" => loop {
            std::thread::park();
        },
        "memory" => {
            let mut held = Vec::new();
            loop {
                // Touched, or it is no memory.
                held.push(vec![1_u8; 64 << 20]);
                std::thread::sleep(std::time::Duration::from_millis(20));
                if held.len() > 1000 {
                    return;
                }
            }
        }
        "device" => std::process::exit(i32::from(super::child::EXIT_DEVICE_GONE)),
        "panic" => panic!("a fault that was asked for"),
        other => tracing::warn!(fault = other, "no such fault"),
    }
}
