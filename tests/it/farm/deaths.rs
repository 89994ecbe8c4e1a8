//! Workers that die, or are told to: every row is stored once, whoever made it.

use std::time::Duration;

use super::{Chance, Farm};

#[test]
fn a_worker_killed_ten_times_loses_nothing() {
    let mut chance = Chance::new();
    let farm = Farm::on_s3();
    let rows = farm.rows(2000);
    let place = farm.submit(&rows, 100);
    for _ in 0..10 {
        let worker = farm.worker();
        std::thread::sleep(chance.millis(300, 1800));
        worker.kill();
    }
    let worker = farm.worker();
    farm.wait_done(&place);
    worker.stop();
    farm.assert_exactly_once(&rows, &place);
    farm.assert_queues(0);
}

#[test]
fn three_workers_share_a_queue_and_one_is_killed() {
    let mut chance = Chance::new();
    for count in [2, 3] {
        let farm = Farm::on_s3();
        // More jobs than two workers hold, so that each gets some.
        let rows = farm.rows(1600);
        let place = farm.submit(&rows, 20);
        let mut workers: Vec<_> = (0..count).map(|_| farm.worker()).collect();
        workers.iter_mut().for_each(|worker| worker.wait_for_words("job received"));
        std::thread::sleep(chance.millis(0, 1500));
        workers.remove(0).kill();
        farm.wait_done(&place);
        workers.into_iter().for_each(super::Worker::stop);
        farm.assert_exactly_once(&rows, &place);
        farm.assert_queues(0);
    }
}

#[test]
fn a_worker_that_is_told_to_end_hands_back_what_it_cannot_finish() {
    let mut chance = Chance::new();
    let farm = Farm::on_s3().with_env("GRAVURE_WORKER_GRACE_SECS", "1");
    let rows = farm.rows(6000);
    let place = farm.submit(&rows, 500);
    for _ in 0..3 {
        let mut worker = farm.worker();
        worker.wait_for_words("job received");
        std::thread::sleep(chance.millis(0, 500));
        let (status, took) = worker.terminate();
        assert!(status.success(), "{status}");
        assert!(took < Duration::from_secs(4), "{took:?}");
    }
    // Twice: at once, and nothing is lost either.
    let mut worker = farm.worker();
    worker.wait_for_words("job received");
    worker.signal("-TERM");
    let (status, took) = worker.terminate();
    assert!(status.success(), "{status}");
    assert!(took < Duration::from_secs(5), "{took:?}");
    let worker = farm.worker();
    farm.wait_done(&place);
    worker.stop();
    farm.assert_exactly_once(&rows, &place);
    farm.assert_queues(0);
}
