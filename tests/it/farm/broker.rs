//! A broker that goes away, in whichever way, while jobs are on their way: consuming again within 15 seconds of its
//! coming back, every row stored once, queues empty.
//!
//! The slow ones (a frozen broker, the acknowledgement timeout, a long outage) are ignored by default:
//! `tests/slow.sh` runs them.

use std::process::Command;
use std::time::{Duration, Instant};

use gravure::submit::CampaignPlace;

use super::{Farm, PATIENCE, Worker, server, wait_for};
use crate::support::root;

/// A broker of this test's own.
struct Node {
    folder: tempfile::TempDir,
    port: u16,
}

impl Node {
    fn start(extra: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        // Five ports in a row, below those of the shared servers.
        let port = 20_000 + (std::process::id() % 2000) as u16 * 6;
        let node = Self { folder, port };
        node.begin(extra);
        node
    }

    fn begin(&self, extra: &str) {
        let mut command = self.script("start");
        let status = command.arg(self.port.to_string()).env("RABBITMQ_EXTRA_CONF", extra).status();
        assert!(status.expect("the script runs").success());
    }

    fn script(&self, verb: &str) -> Command {
        let mut command = Command::new(root().join("deploy/servers/rabbitmq.sh"));
        command.arg(verb).arg(self.folder.path());
        command
    }

    fn run(&self, verb: &str, arguments: &[&str]) {
        let output = self.script(verb).args(arguments).output().expect("the script runs");
        assert!(output.status.success(), "{verb} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    fn signal(&self, signal: &str) {
        let process = std::fs::read_to_string(self.folder.path().join("pid")).expect("its number");
        assert!(Command::new("kill").args([signal, process.trim()]).status().expect("kill runs").success());
    }

    /// Short of memory, or no longer: nothing that is published is confirmed meanwhile.
    fn alarm(&self, is_on: bool) {
        self.run("ctl", &["set_vm_memory_high_watermark", "absolute", if is_on { "1MB" } else { "512MiB" }]);
    }

    fn url(&self) -> String {
        format!("amqp://test:test-pass@127.0.0.1:{}/%2f", self.port)
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.script("stop").status();
    }
}

fn sessions(worker: &Worker) -> usize {
    worker.log().matches("desk: consuming session=").count()
}

/// Waits for the next session, and says how long after `since` it came.
fn consuming_again(worker: &mut Worker, before: usize, since: Instant) -> Duration {
    wait_for("it consumes again", || {
        assert!(worker.child.try_wait().expect("asked").is_none(), "the worker ended:\n{}", worker.log());
        (sessions(worker) > before).then_some(())
    });
    since.elapsed()
}

/// Lets something happen to the broker while the worker is idle, while it works, and while it has results that the
/// broker has not confirmed.
fn strike(node: &Node, what: &str, is_cut: bool, strike: &dyn Fn(&Farm), loses_jobs: bool) {
    let ceph = server("GRAVURE_TEST_CEPH");
    let farm = Farm::at(&node.url(), ceph.split_whitespace().next().expect("an endpoint"));
    let mut worker = farm.worker();
    worker.wait_for_words("consuming session=");
    worker.wait_for_words("renderer ready");
    let struck = |worker: &mut Worker, when: &str| {
        let before = sessions(worker);
        strike(&farm);
        let back = Instant::now();
        if when == "reporting" {
            node.alarm(false);
        }
        if is_cut {
            let took = consuming_again(worker, before, back);
            println!("{what}, {when}: consuming again after {took:?}");
            assert!(took < Duration::from_secs(15), "{what}, {when}: {took:?}");
        }
    };
    let ended = |place: &CampaignPlace| {
        if loses_jobs {
            // An operator threw waiting jobs away: they are submitted again.
            std::thread::sleep(Duration::from_secs(3));
            let retried = farm.command("retry").args([&place.to_string(), "--missing"]).status().expect("retry runs");
            assert!(retried.success());
        }
        farm.wait_done(place);
    };
    struck(&mut worker, "idle");
    let rows = farm.rows(1500);
    let busy = farm.submit(&rows, 50);
    worker.wait_for_words("job done");
    struck(&mut worker, "busy");
    ended(&busy);
    // The worker sleeps until its jobs are there and the broker takes no more: then results are stored and not confirmed.
    worker.signal("-STOP");
    let reporting = farm.submit_as("d", &rows, 50);
    node.alarm(true);
    worker.signal("-CONT");
    wait_for("a result waits for the broker", || {
        let names = farm.store().list(&reporting.places().prefix()).expect("listed");
        names.iter().any(|name| name.ends_with(".result.json")).then_some(())
    });
    struck(&mut worker, "reporting");
    ended(&reporting);
    worker.stop();
    if !loses_jobs {
        farm.assert_exactly_once(&rows, &busy);
        farm.assert_exactly_once(&rows, &reporting);
    }
    farm.assert_queues(0);
}

#[test]
fn a_broker_that_is_killed_comes_back_to_a_worker_that_waits() {
    let node = Node::start("");
    let killed = |_: &Farm| {
        node.run("kill", &[]);
        node.begin("");
    };
    strike(&node, "killed", true, &killed, false);
}

#[test]
fn connections_closed_by_an_operator_are_opened_again() {
    let node = Node::start("");
    strike(&node, "closed", true, &|_| node.run("ctl", &["close_all_connections", "maintenance"]), false);
}

#[test]
fn a_queue_that_is_deleted_is_declared_again() {
    let node = Node::start("");
    let delete = |farm: &Farm| node.run("ctl", &["delete_queue", &farm.amqp.name("jobs")]);
    strike(&node, "queue deleted", true, &delete, true);
}

#[test]
fn a_memory_alarm_holds_results_back_and_nothing_is_lost() {
    let node = Node::start("");
    let alarm = |_: &Farm| {
        node.alarm(true);
        std::thread::sleep(Duration::from_secs(4));
        node.alarm(false);
    };
    strike(&node, "memory alarm", false, &alarm, false);
}

#[test]
#[ignore = "slow: tests/slow.sh runs it"]
fn a_broker_that_is_frozen_for_a_minute_is_left_and_found_again() {
    let node = Node::start("");
    let frozen = |_: &Farm| {
        node.signal("-STOP");
        std::thread::sleep(Duration::from_secs(60));
        node.signal("-CONT");
    };
    strike(&node, "frozen for 60 s", false, &frozen, false);
}

#[test]
#[ignore = "slow: tests/slow.sh runs it"]
fn a_broker_that_is_stopped_for_twenty_seconds_is_waited_for() {
    let node = Node::start("");
    let stopped = |_: &Farm| {
        node.run("stop", &[]);
        std::thread::sleep(Duration::from_secs(20));
        node.begin("");
    };
    strike(&node, "stopped for 20 s", true, &stopped, false);
}

#[test]
#[ignore = "slow: tests/slow.sh runs it"]
fn jobs_that_are_held_go_back_before_the_broker_loses_patience() {
    // Looked at once a minute: with a patience of a minute a channel is closed after two at the latest.
    let node = Node::start("consumer_timeout = 60000");
    let ceph = server("GRAVURE_TEST_CEPH");
    let proxy = crate::fault_proxy::FaultProxy::start(ceph.split_whitespace().next().expect("an endpoint"));
    let farm = Farm::at(&node.url(), &proxy.url())
        .with_env("GRAVURE_WORKER_HOLD_SECS", "20")
        .with_env("GRAVURE_STORAGE_ATTEMPT_TIMEOUT_MS", "1500")
        .with_env("GRAVURE_STORAGE_TOTAL_TIMEOUT_MS", "5000");
    let rows = farm.rows(300);
    let place = farm.submit(&rows, 50);
    proxy.set(crate::fault_proxy::Fault::Refuse);
    let worker = farm.worker();
    std::thread::sleep(PATIENCE - Duration::from_secs(30));
    assert_eq!(sessions(&worker), 1, "the broker closed a channel:\n{}", worker.log());
    proxy.set(crate::fault_proxy::Fault::Off);
    farm.wait_done(&place);
    worker.stop();
    farm.assert_exactly_once(&rows, &place);
    farm.assert_queues(0);
}
