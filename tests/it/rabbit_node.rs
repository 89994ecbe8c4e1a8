//! A RabbitMQ for the tests: the one that tests/run.sh started, or a private one for whoever breaks it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};

use gravure::queue::rabbit::{AmqpSettings, Lane};
use gravure::telemetry::Secret;
use lapin::options::{ExchangeDeleteOptions, QueueDeleteOptions};
use lapin::{Connection, ConnectionProperties};

use crate::support::root;

/// A value that tests/run.sh sets.
fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!("{name} is not set: this test needs RabbitMQ; tests/run.sh starts one, and so does deploy/servers/rabbitmq.sh")
    })
}

/// The broker that tests share.
pub fn shared_url() -> String {
    variable("GRAVURE_TEST_AMQP")
}

/// A prefix that no other test has.
pub fn random_prefix() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    format!("t{}-{}", uuid::Uuid::now_v7().simple(), COUNT.fetch_add(1, Ordering::Relaxed))
}

/// Settings with a prefix of their own, and waits that suit tests. Two lanes: `jobs` and `urgent`.
pub fn settings(url: &str) -> AmqpSettings {
    let lane = |name: &str, weight| Lane { name: name.to_owned(), weight, prefetch: 16 };
    AmqpSettings {
        url: Some(Secret::new(url)),
        prefix: random_prefix(),
        lanes: vec![lane("jobs", 1), lane("urgent", 4)],
        confirm_timeout_ms: 10_000,
        ..AmqpSettings::default()
    }
}

/// A bare connection, for what the library has no words for.
pub async fn connect(url: &str) -> Connection {
    Connection::connect(url, ConnectionProperties::default()).await.expect("a connection to the broker")
}

/// Deletes what a test's settings have made.
pub async fn clean_up(url: &str, settings: &AmqpSettings) {
    let connection = connect(url).await;
    for name in settings.lanes.iter().map(|lane| lane.name.as_str()).chain(["dead", "jobs", "results"]) {
        // What was not there closes the channel.
        let channel = connection.create_channel().await.expect("a channel");
        let full = settings.name(name);
        let _ = channel.queue_delete(full.as_str().into(), QueueDeleteOptions::default()).await;
        let channel = connection.create_channel().await.expect("a channel");
        let _ = channel.exchange_delete(full.as_str().into(), ExchangeDeleteOptions::default()).await;
    }
    let _ = connection.close(200, "done".into()).await;
}

/// rabbitmqctl on the broker that tests share. What it says.
pub fn ctl(arguments: &[&str]) -> String {
    let line = variable("GRAVURE_TEST_RABBITMQCTL");
    let mut words = line.split_whitespace();
    let output = Command::new(words.next().expect("a program")).args(words).args(arguments).output();
    let output = output.expect("rabbitmqctl starts");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Closes the connections whose names, as clients give them, hold `name`. How many there were.
pub fn close_connections(ctl: impl Fn(&[&str]) -> String, name: &str) -> usize {
    let listed = ctl(&["-q", "list_connections", "pid", "client_properties", "--no-table-headers"]);
    let mine = listed.lines().filter(|line| line.contains(name)).filter_map(|line| line.split('\t').next());
    let mine: Vec<&str> = mine.collect();
    for pid in &mine {
        ctl(&["-q", "close_connection", pid, "closed by the test"]);
    }
    mine.len()
}

/// A node of a test's own, that may be broken. Ends when it is dropped.
pub struct RabbitNode {
    folder: tempfile::TempDir,
    variables: Vec<(&'static str, String)>,
    /// What the script printed: `AMQP_URL`, `AMQPS_URL`, `AMQPS_CA_FILE`, `RABBITMQ_PID`.
    printed: Vec<(String, String)>,
}

impl RabbitNode {
    /// Starts a node on ports that are free now. `variables` are those of deploy/servers/rabbitmq.sh.
    pub fn start(variables: &[(&'static str, &str)]) -> Self {
        let folder = tempfile::Builder::new().prefix("rabbit").tempdir().expect("a folder");
        let variables = variables.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        let mut node = Self { folder, variables, printed: Vec::new() };
        node.begin(&[&free_ports().to_string()]);
        node
    }

    /// After [`Self::kill`]: with everything that it held.
    pub fn start_again(&mut self) {
        self.begin(&[]);
    }

    /// As a power cut would.
    pub fn kill(&self) {
        self.script("kill", &[]);
    }

    /// A signal to the node: `STOP` freezes it, `CONT` lets it go on.
    pub fn signal(&self, signal: &str) {
        let status = Command::new("kill").args([&format!("-{signal}"), &self.printed("RABBITMQ_PID")]).status();
        assert!(status.expect("kill starts").success());
    }

    /// rabbitmqctl on it.
    pub fn ctl(&self, arguments: &[&str]) -> String {
        self.script("ctl", arguments)
    }

    /// `amqp://...`
    pub fn url(&self) -> String {
        self.printed("AMQP_URL")
    }

    /// One of the script's lines.
    pub fn printed(&self, name: &str) -> String {
        let found = self.printed.iter().find(|(known, _)| known == name);
        found.unwrap_or_else(|| panic!("the script printed no {name}")).1.clone()
    }

    /// Where it lives.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn begin(&mut self, arguments: &[&str]) {
        let printed = self.script("start", arguments);
        let lines = printed.lines().filter_map(|line| line.split_once('='));
        self.printed = lines.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    }

    fn script(&self, action: &str, arguments: &[&str]) -> String {
        let script: PathBuf = root().join("deploy/servers/rabbitmq.sh");
        let mut command = Command::new(script);
        command.arg(action).arg(self.folder()).args(arguments);
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        let output = command.output().expect("the script starts");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "rabbitmq.sh {action} {arguments:?}: {said}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

impl Drop for RabbitNode {
    fn drop(&mut self) {
        self.script("stop", &[]);
    }
}

/// The first of five ports in a row that nobody uses. Below those that the system hands out by itself, and apart for
/// tests that run at the same time.
fn free_ports() -> u16 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let start = u64::from(std::process::id()) * 37;
    let is_free = |port: u16| std::net::TcpListener::bind(("127.0.0.1", port)).is_ok();
    let tries = std::iter::repeat_with(|| start + NEXT.fetch_add(1, Ordering::Relaxed)).take(400);
    let mut firsts = tries.map(|number| 20_000 + u16::try_from(number % 1000).expect("below 1000") * 10);
    firsts.find(|first| (0..5).all(|offset| is_free(first + offset))).expect("five free ports")
}
