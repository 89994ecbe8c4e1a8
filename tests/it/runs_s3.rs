//! `gravure render --out s3://...` into a real bucket: what is left there, and what the next run makes of it.

use std::fs;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use gravure::store::{Store, StoreSettings, Stores};
use serde_json::Value;

use crate::cli::{Campaign, Ran};
use crate::fault_proxy::{Fault, FaultProxy};
use crate::store_contract::name;
use crate::store_s3::Server;
use crate::support::gpu_turn;

/// A campaign that goes into a bucket.
struct Run {
    campaign: Campaign,
    server: Server,
    place: String,
    store: Arc<dyn Store>,
}

impl Run {
    fn new() -> Self {
        let (campaign, server) = (Campaign::new(), Server::ceph());
        let place = server.place();
        let store = Stores::new(StoreSettings { s3: server.settings() }).open(&place).unwrap();
        Self { campaign, server, place, store }
    }

    fn command(&self, out: &str, more: &[&str]) -> Command {
        let arguments = ["render", "t.yaml", "--data", "rows.csv", "--json", "--out", out];
        let mut command = self.campaign.command(&[&arguments, more].concat());
        let secret = fs::read_to_string(self.server.secret.path()).unwrap();
        for (name, value) in [
            ("AWS_ENDPOINT_URL", self.server.endpoint.as_str()),
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", &self.server.access),
            ("AWS_SECRET_ACCESS_KEY", secret.trim()),
        ] {
            command.env(name, value);
        }
        command
    }

    fn render(&self, out: &str, more: &[&str]) -> Ran {
        let Output { status, stdout, stderr } = self.command(out, more).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Ran { status: status.code().unwrap(), stdout: text(stdout), stderr: text(stderr) }
    }

    fn object(&self, object: &str) -> Option<Vec<u8>> {
        self.store.get(&gravure::job::ObjectName::own(object).unwrap()).unwrap()
    }

    fn manifest(&self) -> Vec<Value> {
        let text = String::from_utf8(self.object("manifest.jsonl").expect("a manifest")).unwrap();
        text.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
    }

    fn pictures(&self) -> Vec<String> {
        self.store.list("").unwrap().into_iter().filter(|name| name.ends_with(".jpg")).collect()
    }

    /// Every picture is told of once, as it is.
    fn assert_whole(&self) {
        let mut pictures = self.pictures();
        let manifest = self.manifest();
        let rows: Vec<u64> = manifest.iter().map(|record| record["row"].as_u64().unwrap()).collect();
        assert!(rows.is_sorted(), "in row order");
        let stored: Vec<&Value> = manifest.iter().filter(|record| record["status"] != "failed").collect();
        let check = |record: &Value| {
            let object = record["object"].as_str().unwrap();
            let bytes = self.object(object).unwrap_or_else(|| panic!("{object} is missing"));
            assert_eq!(record["checksum"], gravure::job::digest(&bytes), "{object}");
        };
        std::thread::scope(|scope| {
            for records in stored.chunks(stored.len().div_ceil(16).max(1)) {
                scope.spawn(move || records.iter().for_each(|record| check(record)));
            }
        });
        for record in stored {
            let object = record["object"].as_str().unwrap();
            let at = pictures.iter().position(|name| name == object).unwrap_or_else(|| panic!("{object} twice"));
            pictures.swap_remove(at);
        }
        assert!(pictures.is_empty(), "nobody tells of {pictures:?}");
    }
}

fn counts(ran: &Ran) -> (u64, u64, u64) {
    let summary: Value = serde_json::from_str(ran.stdout.trim_end()).unwrap_or_else(|_| panic!("{}", ran.stderr));
    let count = |name: &str| summary[name].as_u64().expect("a number");
    (count("ok"), count("failed"), count("reused"))
}

#[test]
fn a_bucket_gets_what_a_folder_gets() {
    let run = Run::new();
    let _turn = gpu_turn();
    let ran = run.render(&run.place, &[]);
    assert_eq!((ran.status, counts(&ran)), (0, (6, 0, 0)), "{}", ran.stderr);
    assert!(ran.stderr.contains(&format!("see {}/index.html", run.place)), "{}", ran.stderr);
    let folder = format!("file://{}", run.campaign.path("out").display());
    assert_eq!(run.render(&folder, &[]).status, 0);
    let mut files: Vec<_> = run.campaign.files("out").into_iter().collect();
    files.sort();
    assert_eq!(run.store.list("").unwrap(), files, "nothing more, nothing less");
    for name in files.iter().filter(|name| name.ends_with(".jpg")) {
        assert!(run.object(name).unwrap() == fs::read(run.campaign.path("out").join(name)).unwrap(), "{name} differs");
    }
    let page = String::from_utf8(run.object("index.html").unwrap()).unwrap();
    assert!(page.contains(&run.pictures()[0]));
    run.assert_whole();
    assert!(run.manifest().iter().all(|record| record["etag"].is_string()), "marks, for the next run");
}

#[test]
fn what_is_in_the_bucket_is_reused() {
    let run = Run::new();
    let _turn = gpu_turn();
    let resumed = |expected, what: &str| {
        assert_eq!(counts(&run.render(&run.place, &["--resume"])), expected, "{what}");
        run.assert_whole();
    };
    resumed((6, 0, 0), "nothing is there yet");
    resumed((0, 0, 6), "all is there");
    let pictures = run.pictures();
    run.store.delete(&name(&pictures[0])).unwrap();
    resumed((1, 0, 5), "one is missing");
    let length = run.object(&pictures[1]).unwrap().len();
    run.store.put(&name(&pictures[1]), &vec![7; length]).unwrap();
    resumed((1, 0, 5), "one is another, of the same length");
    resumed((0, 0, 6), "all is there again");
    assert_eq!(counts(&run.render(&run.place, &["--resume", "--quality", "60"])), (6, 0, 0), "other settings");
}

#[test]
fn a_run_that_is_interrupted_goes_on() {
    const ROWS: usize = 4_000;
    let run = Run::new();
    let _turn = gpu_turn();
    let rows: String = (0..ROWS).map(|row| format!("{row},Title {row}\n")).collect();
    run.campaign.write("rows.csv", &format!("id,title\n{rows}"));
    // Slow enough that it is still writing when the signal comes.
    let proxy = FaultProxy::start(&run.server.endpoint);
    proxy.set(Fault::Delay(Duration::from_millis(100)));
    let mut command = run.command(&run.place, &["--size", "link"]);
    command.env("AWS_ENDPOINT_URL", proxy.url());
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while run.pictures().len() < 20 {
        assert!(child.try_wait().unwrap().is_none(), "it ended too early");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(3));
    run.assert_whole();
    let first = run.manifest().len() as u64;
    assert!((20..ROWS as u64).contains(&first), "{first}");
    let ran = run.render(&run.place, &["--size", "link", "--resume"]);
    assert_eq!((ran.status, counts(&ran)), (0, (ROWS as u64 - first, 0, first)), "{}", ran.stderr);
    assert_eq!(run.manifest().len(), ROWS);
    run.assert_whole();
}

#[test]
fn a_bucket_that_takes_nothing_is_found_before_anything_is_drawn() {
    let run = Run::new();
    let _turn = gpu_turn();
    let ran = run.render("s3://no-such-bucket-here/x", &[]);
    assert_eq!(ran.status, 2, "{}", ran.stderr);
    assert!(ran.stderr.contains("the bucket does not exist"), "{}", ran.stderr);
    let mut command = run.command(&run.place, &[]);
    let refused = command.env("AWS_SECRET_ACCESS_KEY", "wrong-secret").output().unwrap();
    let said = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(2), "{said}");
    assert!(said.contains("the secret access key does not belong") && !said.contains("wrong-secret"), "{said}");
    assert!(run.store.list("").unwrap().is_empty());
}
