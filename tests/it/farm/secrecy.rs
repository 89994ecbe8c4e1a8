//! Personal values and secrets are in no log, metric, error, result or object name, whatever goes wrong.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;

use super::{Farm, server, wait_for};

/// What a `pii` field holds, in every row.
const PERSON: &str = "Canarina";
/// A secret access key that the store refuses.
const WRONG_SECRET: &str = "canary-wrong-secret";

/// One row of each kind of trouble: none, a text that does not fit, a number that is none, a photo that is refused,
/// one that is not there, and a value too many.
const ROWS: &str = "id,name,mail,age,face\n\
    1,Good,Canarina One,7,\n\
    2,Long,Canarina Canarina Canarina Canarina Canarina Canarina Canarina,7,\n\
    3,No number,Canarina,Canarina years,\n\
    4,Refused,Canarina,7,http://10.0.0.1/Canarina.png\n\
    5,Missing,Canarina,7,Canarina.png\n\
    6,Torn,Canarina,7,,Canarina\n";

const FIELDS: &str = "fields:\n  mail: { type: text, pii: true, required: true }\n  \
    age: { type: number, pii: true, required: true }\n  face: { type: image, pii: true, default: \"\" }\n";

fn campaign(farm: &Farm) -> std::path::PathBuf {
    let template = fs::read_to_string(farm.template()).expect("read").replace("fields:\n", FIELDS)
        + "  - { type: image, src: '{{ face }}', frame: { x: 120, y: 44, width: 40, height: 40 } }\n  \
           - { type: text, text: '{{ mail }} {{ age }}', frame: { x: 8, y: 40, width: 60, height: 20 }, \
           font: { weight: 700, size: 18 }, color: white }\n";
    fs::write(farm.template(), template).expect("written");
    let rows = farm.folder.path().join("people.csv");
    fs::write(&rows, ROWS).expect("written");
    rows
}

fn metrics(log: &str) -> String {
    let (_, rest) = log.split_once("listening=").expect("it says where it listens");
    let mut stream = TcpStream::connect(rest.split_whitespace().next().expect("an address")).expect("connected");
    stream.write_all(b"GET /metrics HTTP/1.0\r\n\r\n").expect("asked");
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("answered");
    text
}

/// Everything that a person who may not know could read.
fn assert_silent(what: &str, text: &str, secrets: &[String]) {
    for secret in secrets {
        let at = text.find(secret.as_str());
        let around = at.map(|at| text[..at].rfind('\n').map_or(0, |start| start + 1)..at);
        assert!(at.is_none(), "{what} tells a secret after {:?}", &text[around.unwrap_or(0..0)]);
    }
}

#[test]
fn nothing_tells_personal_values_and_secrets() {
    let farm = Farm::on_s3().with_env("GRAVURE_LOG", "trace,lapin=trace,wgpu_core=trace");
    let rows = campaign(&farm);
    let broker = server("GRAVURE_TEST_AMQP");
    let password = broker.split([':', '@']).nth(2).expect("a password").to_owned();
    let secrets = [PERSON.to_owned(), WRONG_SECRET.to_owned(), password, farm.env["AWS_SECRET_ACCESS_KEY"].clone()];
    let submitted = |more: &[&str]| {
        let mut command = farm.command("submit");
        command.arg(farm.template()).arg("--data").arg(&rows).args(["--destination", &farm.destination]);
        command.args(["--campaign", "c", "--rows-per-job", "2", "--name", "{{ key }}.{{ ext }}"]).args(more);
        let output = command.output().expect("submit runs");
        [output.stdout, output.stderr].concat()
    };
    let said = submitted(&[]);
    // First nobody believes it.
    let worker = farm.worker_with(&[("AWS_SECRET_ACCESS_KEY", WRONG_SECRET)]);
    let refused = wait_for("the store refuses it", || {
        let log = worker.log();
        log.contains("does not belong").then_some(log)
    });
    worker.kill();
    assert_silent("the log of a worker that is refused", &refused, &secrets);
    let worker = farm.worker();
    let place = gravure::submit::CampaignPlace::of(&farm.destination, "c");
    let state = farm.wait_done(&place);
    assert!(state.counts.ok >= 2 && state.counts.failed >= 3, "{state:?}");
    let log = worker.log();
    assert_silent("/metrics", &metrics(&log), &secrets);
    worker.stop();
    assert_silent("the log", &log, &secrets);
    assert_silent("submit", &String::from_utf8_lossy(&said), &secrets);
    for verb in ["status", "retry"] {
        let output = farm.command(verb).arg(place.to_string()).output().expect("it runs");
        assert_silent(verb, &String::from_utf8_lossy(&[output.stdout, output.stderr].concat()), &secrets);
    }
    let store = farm.store();
    for name in store.list("").expect("listed") {
        assert_silent("the name of an object", &name, &secrets);
        // Jobs hold the rows: that is what they are for.
        if name.ends_with(".result.json") || (name.ends_with(".jsonl") && name.contains("_gravure/c/")) {
            let object = gravure::job::ObjectName::own(&name).expect("a name");
            let text = String::from_utf8(store.get(&object).expect("read").expect("there")).expect("UTF-8");
            assert_silent(&name, &text, &secrets);
        }
    }
}
