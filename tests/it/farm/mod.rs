//! The farm with real parts: worker processes, RabbitMQ, Ceph's S3 gateway; and what must hold whatever breaks.
//!
//! `tests/run.sh` starts the servers and says where they are. Every test has queues and a destination of its own; the
//! images are compared, byte by byte, with those that `gravure render` makes of the same rows.

mod broker;
mod deaths;
mod poison;
mod renderers;
mod results;
mod secrecy;
mod storage;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::time::{Duration, Instant};

use gravure::job::{Job, Record, Status, TemplateSource};
use gravure::queue::rabbit::{AmqpSettings, RabbitPublisher};
use gravure::queue::{DeadAction, DeadLetter, JobMessage, Publisher};
use gravure::store::{S3Settings, Store, StoreSettings, Stores};
use gravure::submit::{CampaignPlace, State, state};
use gravure::telemetry::Secret;
use serde_json::{Map, json};
use tempfile::TempDir;

use crate::support::root;

/// Longer than anything here takes on a slow machine.
pub const PATIENCE: Duration = Duration::from_secs(180);

/// A server that `tests/run.sh` has started.
pub fn server(variable: &str) -> String {
    std::env::var(variable)
        .unwrap_or_else(|_| panic!("{variable} is not set: tests/run.sh starts the servers and sets it"))
}

/// One test at a time: each takes every core.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: OnceLock<Mutex<()>> = OnceLock::new();
    TURN.get_or_init(Mutex::default).lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Random numbers whose seed is printed. `GRAVURE_TEST_SEED` gives the same again.
pub struct Chance(u64);

impl Chance {
    pub fn new() -> Self {
        let now = || std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_nanos();
        let seed = std::env::var("GRAVURE_TEST_SEED").ok().and_then(|seed| seed.parse().ok());
        let seed = seed.unwrap_or_else(|| now() as u64 | 1);
        println!("GRAVURE_TEST_SEED={seed}");
        Self(seed)
    }

    pub fn between(&mut self, least: u64, most: u64) -> u64 {
        // xorshift64: https://www.jstatsoft.org/article/view/v008i14
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        least + self.0 % (most - least + 1)
    }

    pub fn millis(&mut self, least: u64, most: u64) -> Duration {
        Duration::from_millis(self.between(least, most))
    }
}

/// Queues, a destination, a template and rows of one test.
pub struct Farm {
    pub folder: TempDir,
    pub amqp: AmqpSettings,
    pub destination: String,
    pub stores: Arc<Stores>,
    /// For every process.
    pub env: BTreeMap<String, String>,
    pub runtime: tokio::runtime::Runtime,
    _turn: MutexGuard<'static, ()>,
}

impl Farm {
    /// With the shared broker and Ceph.
    pub fn on_s3() -> Self {
        let [endpoint, access, secret, bucket] = ceph();
        Self::new(&server("GRAVURE_TEST_AMQP"), &endpoint, &access, &secret, |name| format!("s3://{bucket}/{name}"))
    }

    /// With the shared broker, and a folder to store in.
    pub fn on_folder() -> Self {
        Self::new(&server("GRAVURE_TEST_AMQP"), "", "", "", |_| String::new())
    }

    /// With Ceph behind something else, or another broker.
    pub fn at(broker: &str, endpoint: &str) -> Self {
        let [_, access, secret, bucket] = ceph();
        Self::new(broker, endpoint, &access, &secret, |name| format!("s3://{bucket}/{name}"))
    }

    fn new(broker: &str, endpoint: &str, access: &str, secret: &str, destination: impl Fn(&str) -> String) -> Self {
        let turn = turn();
        let folder = tempfile::tempdir().expect("a folder");
        let name = format!("t{}", uuid::Uuid::now_v7().simple());
        let destination = match destination(&name) {
            place if place.is_empty() => {
                format!("file://{}/out", folder.path().canonicalize().expect("real").display())
            }
            place => place,
        };
        let amqp = AmqpSettings { url: Some(Secret::new(broker)), prefix: name.clone(), ..AmqpSettings::default() };
        let mut env: BTreeMap<String, String> = [
            ("GRAVURE_AMQP_URL", broker),
            ("GRAVURE_AMQP_PREFIX", &name),
            ("GRAVURE_DESTINATIONS", &destination),
            ("GRAVURE_WORKER_HTTP", "127.0.0.1:0"),
            ("GRAVURE_LOG", "info"),
            ("NODEVICE_SELECT", "1"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        if !endpoint.is_empty() {
            let of_store = [
                ("AWS_ENDPOINT_URL", endpoint),
                ("AWS_ACCESS_KEY_ID", access),
                ("AWS_SECRET_ACCESS_KEY", secret),
                ("AWS_REGION", "default"),
            ];
            env.extend(of_store.map(|(name, value)| (name.to_owned(), value.to_owned())));
        }
        let secret_file = folder.path().join("secret");
        std::fs::write(&secret_file, secret).expect("written");
        let s3 = S3Settings {
            endpoint: ceph_endpoint(endpoint),
            access_key_id: (!access.is_empty()).then(|| access.to_owned()),
            secret_access_key_file: (!access.is_empty()).then_some(secret_file),
            ..S3Settings::default()
        };
        let stores = Arc::new(Stores::new(StoreSettings { s3 }));
        write_campaign(folder.path());
        let runtime = tokio::runtime::Runtime::new().expect("threads");
        Self { folder, amqp, destination, stores, env, runtime, _turn: turn }
    }

    pub fn with_env(mut self, name: &str, value: &str) -> Self {
        self.env.insert(name.to_owned(), value.to_owned());
        self
    }

    pub fn template(&self) -> PathBuf {
        self.folder.path().join("template.yaml")
    }

    /// Writes a table of so many rows.
    pub fn rows(&self, count: usize) -> PathBuf {
        let path = self.folder.path().join("rows.csv");
        let rows: String = (0..count).map(|row| format!("{row},Row number {row}\n")).collect();
        std::fs::write(&path, format!("id,name\n{rows}")).expect("written");
        path
    }

    pub fn command(&self, verb: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gravure"));
        command.arg(verb).env_clear();
        for name in ["PATH", "HOME", "TMPDIR", "VK_DRIVER_FILES", "VK_ICD_FILENAMES", "LD_LIBRARY_PATH"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command.envs(&self.env);
        command
    }

    /// Submits rows as the campaign `c`.
    pub fn submit(&self, rows: &Path, rows_per_job: usize) -> CampaignPlace {
        self.submit_as("c", rows, rows_per_job)
    }

    pub fn submit_as(&self, campaign: &str, rows: &Path, rows_per_job: usize) -> CampaignPlace {
        let output = self
            .command("submit")
            .arg(self.template())
            .arg("--data")
            .arg(rows)
            .args(["--destination", &self.destination, "--campaign", campaign])
            .args(["--rows-per-job", &rows_per_job.to_string()])
            .output()
            .expect("submit runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        CampaignPlace::of(&self.destination, campaign)
    }

    /// A worker, with its log in a file.
    pub fn worker(&self) -> Worker {
        self.worker_with(&[])
    }

    pub fn worker_with(&self, env: &[(&str, &str)]) -> Worker {
        static NEXT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let number = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let log = self.folder.path().join(format!("worker-{number}.log"));
        let mut command = self.command("worker");
        command.envs(env.iter().copied());
        let file = std::fs::File::create(&log).expect("a log");
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(file).spawn().expect("a worker");
        Worker { child, log }
    }

    pub fn store(&self) -> Arc<dyn Store> {
        self.stores.open_shared(&self.destination).expect("the destination")
    }

    pub fn state(&self, place: &CampaignPlace) -> State {
        state(place, &self.store()).expect("a campaign")
    }

    /// Waits until every job of a campaign has ended.
    pub fn wait_done(&self, place: &CampaignPlace) -> State {
        wait_for(&format!("{place} is done"), || {
            let state = self.state(place);
            (state.open_parts() == 0).then_some(state)
        })
    }

    /// Every row is stored once, under its key, with the bytes that `gravure render` gives; every manifest names each
    /// of its variants once; nothing else is there.
    pub fn assert_exactly_once(&self, rows: &Path, place: &CampaignPlace) {
        let expected = self.folder.path().join("expected");
        let status =
            self.command("render").arg(self.template()).arg("--data").arg(rows).arg("--out").arg(&expected).status();
        assert!(status.expect("render runs").success());
        let store = self.store();
        let names: Vec<String> =
            store.list("").expect("listed").into_iter().filter(|name| !name.starts_with("_gravure/")).collect();
        let mut wanted: Vec<String> = std::fs::read_dir(&expected)
            .expect("rendered")
            .map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"))
            .filter(|name| name.ends_with(".jpg"))
            .collect();
        wanted.sort();
        assert_eq!(names.len(), wanted.len(), "as many objects as rows");
        assert_eq!(names, wanted);
        let next = std::sync::atomic::AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| {
                    while let Some(name) = names.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed)) {
                        let object = gravure::job::ObjectName::new(name).expect("a name");
                        let stored = store.get(&object).expect("read").expect("there");
                        assert!(stored == std::fs::read(expected.join(name)).expect("read"), "{name} has other bytes");
                    }
                });
            }
        });
        let records = self.records(place);
        let mut seen = BTreeMap::new();
        for record in &records {
            assert!(matches!(record.status, Status::Ok | Status::Reused), "{record:?}");
            *seen.entry(record.row).or_insert(0) += 1;
        }
        assert_eq!(records.len(), wanted.len(), "as many records as rows");
        assert!(seen.values().all(|count| *count == 1), "a row has two records");
        let left: Vec<String> = store.list(&place.places().prefix()).expect("listed");
        assert!(!left.iter().any(|name| name.ends_with(".checkpoint.jsonl")), "{left:?}");
    }

    /// Every record of the manifests of a campaign.
    pub fn records(&self, place: &CampaignPlace) -> Vec<Record> {
        let store = self.store();
        let mut records = Vec::new();
        for name in store.list(&place.places().prefix()).expect("listed") {
            if name.ends_with(".jsonl") && !name.ends_with(".checkpoint.jsonl") {
                let object = gravure::job::ObjectName::own(&name).expect("a name");
                let lines = String::from_utf8(store.get(&object).expect("read").expect("there")).expect("UTF-8");
                records.extend(lines.lines().map(|line| serde_json::from_str::<Record>(line).expect("a record")));
            }
        }
        records
    }

    pub fn publisher(&self) -> Arc<RabbitPublisher> {
        Arc::new(RabbitPublisher::new(self.amqp.clone()))
    }

    /// No lane holds a message, and the dead letters are so many. To be asked when no worker runs.
    pub fn assert_queues(&self, dead: u64) {
        let depths = wait_for("the broker tells", || self.runtime.block_on(self.publisher().depths()).ok());
        let (letters, lanes) = depths.split_last().expect("there are queues");
        assert!(lanes.iter().all(|(_, depth)| *depth == 0), "{depths:?}");
        assert_eq!(letters.1, dead, "{depths:?}");
    }

    pub fn dead_letters(&self) -> Vec<DeadLetter> {
        let mut letters = Vec::new();
        let publisher = self.publisher();
        let looked = self.runtime.block_on(publisher.dead_letters(10_000, &mut |letter| {
            letters.push(letter.clone());
            DeadAction::Keep
        }));
        looked.expect("looked");
        letters
    }

    /// A job of some rows, for tests that publish themselves. Its template is uploaded.
    pub fn job(&self, id: &str, names: &[&str]) -> Job {
        let base = self.assets();
        let rows = names.iter().map(|name| Map::from_iter([("name".to_owned(), json!(name))])).collect();
        Job {
            version: Job::VERSION,
            id: id.to_owned(),
            campaign: "c".to_owned(),
            part: 0,
            attempt: 1,
            template: TemplateSource::Url(format!("{base}template.yaml")),
            template_base: None,
            data_base: None,
            rows: Some(rows),
            first_row: 0,
            row_numbers: None,
            unreadable: Default::default(),
            data: None,
            set: BTreeMap::new(),
            sizes: Vec::new(),
            scale: None,
            outputs: Vec::new(),
            destination: self.destination.clone(),
            name: Some(format!("{id}-{{{{ key }}}}.{{{{ ext }}}}")),
            now: Some("2026-01-01T00:00:00Z".to_owned()),
            locale: None,
            metadata: Map::new(),
            reply_to: None,
        }
    }

    /// Where the template lies in the destination.
    fn assets(&self) -> String {
        let store = self.store();
        for name in ["template.yaml", "fonts/Inter-Bold.ttf"] {
            let object = gravure::job::ObjectName::own(&format!("_gravure/test/{name}")).expect("a name");
            if store.stat(&object).is_none() {
                store.put(&object, &std::fs::read(self.folder.path().join(name)).expect("read")).expect("stored");
            }
        }
        format!("{}/_gravure/test/", self.destination)
    }

    /// Publishes messages, many at a time.
    pub fn publish(&self, messages: Vec<(String, Vec<u8>)>) {
        self.publish_to("jobs", messages);
    }

    pub fn publish_to(&self, lane: &str, messages: Vec<(String, Vec<u8>)>) {
        let publisher = self.publisher();
        self.runtime.block_on(async {
            let mut set = tokio::task::JoinSet::new();
            for (message_id, body) in messages {
                let (publisher, lane) = (Arc::clone(&publisher), lane.to_owned());
                set.spawn(async move { publisher.publish_job(JobMessage { message_id, lane, body }).await });
                if set.len() >= 64 {
                    set.join_next().await.expect("one").expect("no panic").expect("published");
                }
            }
            while let Some(published) = set.join_next().await {
                published.expect("no panic").expect("published");
            }
        });
    }
}

/// A job as a message.
pub fn message(job: &Job) -> (String, Vec<u8>) {
    (job.id.clone(), serde_json::to_vec(job).expect("JSON"))
}

fn ceph() -> [String; 4] {
    let server = server("GRAVURE_TEST_CEPH");
    let parts: Vec<String> = server.split_whitespace().map(str::to_owned).collect();
    parts.try_into().unwrap_or_else(|_| panic!("GRAVURE_TEST_CEPH: expected endpoint, key, secret and bucket"))
}

/// This process asks the store itself, not what stands before it.
fn ceph_endpoint(endpoint: &str) -> Option<String> {
    (!endpoint.is_empty()).then(|| ceph()[0].clone())
}

/// A small picture: a text on a gradient.
fn write_campaign(folder: &Path) {
    std::fs::create_dir(folder.join("fonts")).expect("a folder");
    std::fs::copy(root().join("examples/product-card/fonts/Inter-Bold.ttf"), folder.join("fonts/Inter-Bold.ttf"))
        .expect("a font");
    let template = "gravure: 1\nname: farm\nsizes: { s: { width: 160, height: 84 } }\noutputs: [{ format: jpeg }]\n\
        fields:\n  name: { type: text, required: true }\n  photo: { type: image, default: \"\" }\nfonts: [fonts/Inter-Bold.ttf]\nlayers:\n\
        \x20 - { type: rect, frame: full, fill: 'linear-gradient(#0f172a, #1e3a8a)' }\n\
        \x20 - { type: image, src: '{{ photo }}', frame: { x: 0, y: 0, width: 40, height: 40 } }\n\
        \x20 - { type: text, text: '{{ name }}', frame: { x: 8, y: 8, width: 144, height: 68 }, \
        font: { weight: 700, size: 18 }, color: white }\n";
    std::fs::write(folder.join("template.yaml"), template).expect("written");
}

/// A worker process.
pub struct Worker {
    pub child: Child,
    pub log: PathBuf,
}

impl Worker {
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Waits until it says something.
    pub fn wait_for_words(&mut self, words: &str) {
        let deadline = Instant::now() + PATIENCE;
        while !self.log().contains(words) {
            if let Some(status) = self.child.try_wait().expect("asked") {
                panic!("the worker ended with {status} before it said {words:?}:\n{}", self.log());
            }
            assert!(Instant::now() < deadline, "the worker never said {words:?}:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub fn signal(&self, signal: &str) {
        let status = Command::new("kill").arg(signal).arg(self.child.id().to_string()).status();
        assert!(status.expect("kill runs").success());
    }

    /// Ends it as a power cut would.
    pub fn kill(mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("gone");
    }

    /// Ends it in order. Gives its status, and how long that took.
    pub fn terminate(mut self) -> (ExitStatus, Duration) {
        let started = Instant::now();
        self.signal("-TERM");
        let status = wait_for("the worker ends", || self.child.try_wait().expect("asked"));
        (status, started.elapsed())
    }

    /// Ends it in order and expects that it says so.
    pub fn stop(self) {
        let log = self.log.clone();
        let (status, _) = self.terminate();
        assert!(status.success(), "{status}:\n{}", std::fs::read_to_string(log).unwrap_or_default());
    }

    /// Memory that it holds with its children, in bytes.
    pub fn resident(&self) -> u64 {
        let own = self.child.id();
        let of = |process: &str| {
            let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
            let value =
                |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).map(|text| text.trim().to_owned());
            let kib: u64 = value("VmRSS:")?.strip_suffix("kB")?.trim().parse().ok()?;
            Some((value("PPid:")?.parse::<u32>().ok()?, kib << 10))
        };
        let processes = std::fs::read_dir("/proc").expect("proc").flatten();
        let found = processes.filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let process: u32 = name.parse().ok()?;
            let (parent, bytes) = of(&name)?;
            (process == own || parent == own).then_some(bytes)
        });
        found.sum()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let log = self.log();
            let end: Vec<&str> = log.lines().rev().take(40).collect();
            println!("{}:\n{}", self.log.display(), end.into_iter().rev().collect::<Vec<_>>().join("\n"));
        }
    }
}

/// Asks until there is an answer.
pub fn wait_for<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}
