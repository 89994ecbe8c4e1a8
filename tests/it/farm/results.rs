//! Results: whoever wants them gets them once for each job, and nobody who does not is waited for.

use std::collections::BTreeSet;
use std::process::Command;
use std::time::Instant;

use gravure::job::{JobResult, ObjectName};
use gravure::queue::Publisher;

use super::{Farm, message, server, wait_for};

#[test]
fn results_are_told_and_nobody_needs_to_listen() {
    let farm = Farm::on_folder();
    let worker = farm.worker();
    // Nobody listens.
    farm.publish(vec![message(&farm.job("a", &["x"]))]);
    let done = |id: &str| {
        let object = ObjectName::own(&format!("_gravure/c/{id}.result.json")).expect("a name");
        wait_for("the result is stored", || farm.store().get(&object).expect("read"))
    };
    done("a");
    // Somebody does.
    let mut results = farm.runtime.block_on(farm.publisher().results("c")).expect("listening");
    farm.publish((0..20).map(|number| message(&farm.job(&format!("b{number}"), &["x", "y"]))).collect());
    let mut told = BTreeSet::new();
    while told.len() < 20 {
        let result = farm.runtime.block_on(async { tokio::time::timeout(super::PATIENCE, results.recv()).await });
        let result: JobResult = serde_json::from_slice(&result.expect("in time").expect("open")).expect("a result");
        assert_eq!(result.counts.ok, 2);
        assert!(result.manifest.ends_with(&format!("{}.jsonl", result.job)));
        assert!(told.insert(result.job), "told twice");
    }
    worker.stop();
    farm.assert_queues(0);
}

#[test]
fn a_result_exchange_that_was_deleted_is_made_again() {
    let farm = Farm::on_folder();
    let mut worker = farm.worker();
    worker.wait_for_words("renderer ready");
    farm.publish(vec![message(&farm.job("a", &["x"]))]);
    worker.wait_for_words("job done");
    let program = format!(
        "rabbit_exchange:delete({{resource,<<\"/\">>,exchange,<<\"{}.results\">>}},false,<<\"t\">>).",
        farm.amqp.prefix
    );
    let deleted = Command::new("sh")
        .arg("-c")
        .arg(format!("{} eval \"$0\"", server("GRAVURE_TEST_RABBITMQCTL")))
        .arg(program)
        .output();
    assert!(deleted.expect("rabbitmqctl runs").status.success());
    farm.publish(vec![message(&farm.job("b", &["x"]))]);
    wait_for("the second job is done", || (worker.log().matches("job done").count() == 2).then_some(()));
    worker.stop();
    farm.assert_queues(0);
}

#[test]
fn an_urgent_job_is_not_stuck_behind_a_campaign() {
    let farm = Farm::on_folder();
    let rows = farm.rows(20_000);
    let place = farm.submit(&rows, 500);
    let mut worker = farm.worker();
    worker.wait_for_words("job done");
    let started = Instant::now();
    farm.publish_to("urgent", vec![message(&farm.job("now", &["x"]))]);
    let image = ObjectName::new("now-1.jpg").expect("a name");
    wait_for("the urgent image is there", || farm.store().stat(&image));
    let open = farm.state(&place).open_parts();
    println!("urgent job after {:?}, with {open} jobs of the campaign still open", started.elapsed());
    assert!(open > 20, "the campaign was nearly done: nothing is shown");
}

#[test]
fn a_campaign_that_was_called_off_is_not_rendered_and_can_be_told_from_one_that_is_done() {
    let farm = Farm::on_folder();
    let rows = farm.rows(2000);
    let place = farm.submit(&rows, 100);
    let cancelled = farm.command("cancel").arg(place.to_string()).status().expect("cancel runs");
    assert!(cancelled.success());
    let worker = farm.worker();
    wait_for("every job has a result", || {
        let names = farm.store().list(&place.places().prefix()).expect("listed");
        (names.iter().filter(|name| name.ends_with(".result.json")).count() == 20).then_some(())
    });
    worker.stop();
    let state = farm.state(&place);
    assert!(state.is_cancelled);
    assert_eq!((state.counts.variants(), state.missing()), (0, 2000));
    farm.assert_queues(0);
}
