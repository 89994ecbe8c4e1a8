//! A store that is down, slow, or lies: every row is stored once in the end, no job is blamed, memory stays bounded.

use std::time::{Duration, Instant};

use super::{Farm, server, wait_for};
use crate::fault_proxy::{Fault, FaultProxy};
use crate::support::root;

/// A worker behind a proxy that has a fault for a while, in the middle of a campaign.
fn through(fault: Fault, some: u64, all: u64, seconds: u64) {
    let ceph = server("GRAVURE_TEST_CEPH");
    let proxy = FaultProxy::start(ceph.split_whitespace().next().expect("an endpoint"));
    let farm = Farm::at(&server("GRAVURE_TEST_AMQP"), &proxy.url())
        .with_env("GRAVURE_STORAGE_ATTEMPT_TIMEOUT_MS", "1500")
        .with_env("GRAVURE_STORAGE_TOTAL_TIMEOUT_MS", "5000")
        .with_env("GRAVURE_STORAGE_ATTEMPTS", "6");
    let rows = farm.rows(600);
    let place = farm.submit(&rows, 50);
    let mut worker = farm.worker();
    worker.wait_for_words("job received");
    proxy.set_share(fault.clone(), some, all);
    std::thread::sleep(Duration::from_secs(seconds));
    // A refused connection is no request.
    assert!(matches!(fault, Fault::Refuse) || proxy.counts().faults > 0, "{fault:?} befell nothing");
    proxy.set(Fault::Off);
    let off = Instant::now();
    farm.wait_done(&place);
    println!("{fault:?}: done {:?} after it was over; {:?}", off.elapsed(), proxy.counts());
    worker.stop();
    farm.assert_exactly_once(&rows, &place);
    farm.assert_queues(0);
}

#[test]
fn a_store_that_refuses_connections_is_waited_for() {
    through(Fault::Refuse, 1, 1, 20);
}

#[test]
fn a_store_that_asks_half_of_the_requests_to_slow_down_is_asked_again() {
    through(Fault::SLOW_DOWN, 1, 2, 5);
}

#[test]
fn a_store_that_hangs_is_left_after_a_while_and_asked_again() {
    through(Fault::Hang, 1, 1, 10);
}

#[test]
fn connections_that_are_cut_lose_nothing() {
    through(Fault::CutRequest(700), 1, 3, 4);
    through(Fault::CutAnswer(60), 1, 3, 4);
}

#[test]
fn a_store_that_keeps_fewer_or_other_bytes_is_found_out() {
    through(Fault::DropTail(64), 1, 4, 4);
    through(Fault::FlipByte, 1, 4, 4);
}

#[test]
fn credentials_that_are_refused_stop_the_work_and_blame_no_job() {
    let refused = "<Error><Code>InvalidAccessKeyId</Code><Message>no such key</Message></Error>";
    // Longer than the tries for a template that cannot be had: templates lie in the same bucket.
    through(Fault::Answer(403, refused), 1, 1, 25);
}

#[test]
fn memory_is_bounded_while_the_store_is_slow() {
    let ceph = server("GRAVURE_TEST_CEPH");
    let proxy = FaultProxy::start(ceph.split_whitespace().next().expect("an endpoint"));
    let farm = Farm::at(&server("GRAVURE_TEST_AMQP"), &proxy.url());
    let sample = root().join("examples/product-card");
    let mut submit = farm.command("submit");
    submit.arg(sample.join("template.yaml")).arg("--data").arg(sample.join("rows.csv"));
    submit.args(["--size", "link", "--limit", "3000", "--destination", &farm.destination, "--campaign", "c"]);
    assert!(submit.status().expect("submit runs").success());
    // Forty cards a second, whatever is drawn.
    proxy.set(Fault::Throttle(60_000));
    let worker = farm.worker();
    let (started, mut peaks) = (Instant::now(), Vec::new());
    while started.elapsed() < Duration::from_secs(30) {
        peaks.push(worker.resident() >> 20);
        std::thread::sleep(Duration::from_millis(100));
    }
    let half = peaks.len() / 2;
    let (first, second) = (peaks[..half].iter().max().expect("some"), peaks[half..].iter().max().expect("some"));
    println!("peak memory of both processes: {first} MiB in the first half, {second} MiB in the second");
    // What a run of `gravure render` takes, and the objects on their way.
    assert!(*second < 1600, "{second} MiB");
    proxy.set(Fault::Off);
    worker.stop();
    wait_for("the broker tells", || farm.runtime.block_on(gravure::queue::Publisher::depths(&*farm.publisher())).ok());
}
