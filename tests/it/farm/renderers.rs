//! Renderers that die over a job: it is dead-lettered, alone, and every other job is delivered.

use serde_json::json;

use super::{Farm, message, wait_for};

const JOBS: usize = 1000;

/// One job in a thousand kills its renderer.
fn one_in_a_thousand(fault: &str, reason: &str, env: &[(&str, &str)]) {
    let farm = Farm::on_folder();
    let messages = (0..JOBS)
        .map(|number| {
            let mut job = farm.job(&format!("j{number}"), &["A row"]);
            if number == JOBS / 2 {
                job.metadata.insert("fault".to_owned(), json!(fault));
            }
            message(&job)
        })
        .collect();
    farm.publish(messages);
    let worker = farm.worker_with(env);
    let store = farm.store();
    let results =
        || store.list("_gravure/c/").expect("listed").iter().filter(|name| name.ends_with(".result.json")).count();
    wait_for("999 jobs have ended", || (results() >= JOBS - 1).then_some(()));
    wait_for("one is dead-lettered", || (!farm.dead_letters().is_empty()).then_some(()));
    let log = worker.log();
    worker.stop();
    let letters = farm.dead_letters();
    assert_eq!(letters.len(), 1, "no innocent job: {letters:?}");
    assert_eq!(letters[0].job.as_deref(), Some("j500"));
    assert_eq!((letters[0].reason.as_str(), letters[0].lane.as_str()), (reason, "jobs"));
    assert_eq!(results(), JOBS - 1);
    assert_eq!(log.matches("renderer died").count(), 2, "once among others, once alone");
    let images = store.list("").expect("listed").iter().filter(|name| name.ends_with(".jpg")).count();
    assert_eq!(images, JOBS - 1);
    farm.assert_queues(1);
}

#[test]
fn a_job_that_aborts_its_renderer_dies_alone() {
    one_in_a_thousand("abort", "renderer_crash", &[]);
}

#[test]
fn a_job_that_hangs_its_renderer_dies_alone() {
    one_in_a_thousand("hang", "renderer_hang", &[("GRAVURE_WORKER_RENDERER_HANG_SECS", "3")]);
}

#[test]
fn a_job_that_fills_the_memory_dies_alone() {
    one_in_a_thousand("memory", "renderer_out_of_memory", &[("GRAVURE_WORKER_RENDERER_MEMORY_BYTES", "1500000000")]);
}

#[test]
fn a_job_that_loses_the_device_dies_alone() {
    one_in_a_thousand("device", "renderer_device_lost", &[]);
}
