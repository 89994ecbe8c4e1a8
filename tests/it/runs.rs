//! Runs that are resumed, stopped, killed or kept out: what is left in the folder, and what the next run makes of it.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::cli::{Campaign, Ran, names};
use crate::support::gpu_turn;

const RENDER: [&str; 4] = ["render", "t.yaml", "--data", "rows.csv"];
const RESUME: [&str; 6] = ["render", "t.yaml", "--data", "rows.csv", "--resume", "--json"];
/// Enough that a run of one size can be caught in the middle.
const MANY: usize = 2_400;

fn many_rows() -> String {
    let rows: String = (0..MANY).map(|row| format!("{row},Title {row}\n")).collect();
    format!("id,title\n{rows}")
}

/// Stored, failed and reused variants of a run that printed `--json`.
fn counts(ran: &Ran) -> (u64, u64, u64) {
    let summary: Value = serde_json::from_str(ran.stdout.trim_end()).unwrap_or_else(|_| panic!("{}", ran.stderr));
    let count = |name: &str| summary[name].as_u64().expect("a number");
    (count("ok"), count("failed"), count("reused"))
}

/// What happened to each object.
fn statuses(campaign: &Campaign) -> BTreeMap<String, String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    campaign.manifest().iter().map(|record| (text(&record["object"]), text(&record["status"]))).collect()
}

/// Every file of the folder is told of, whole, and in row order; nothing else is there.
fn assert_folder_is_whole(campaign: &Campaign) {
    let manifest = campaign.manifest();
    let mut files = campaign.files("out");
    assert!(files.remove("manifest.jsonl") && files.remove("index.html"));
    let rows: Vec<u64> = manifest.iter().map(|record| record["row"].as_u64().expect("a number")).collect();
    assert!(rows.is_sorted(), "in row order");
    for record in manifest.iter().filter(|record| record["status"] != "failed") {
        let object = record["object"].as_str().expect("a name");
        let bytes = fs::read(campaign.path("out").join(object)).expect("it is there");
        assert_eq!(record["bytes"], bytes.len(), "{object}");
        assert_eq!(record["checksum"], gravure::job::digest(&bytes), "{object}");
        assert!(files.remove(object), "{object} is told of twice");
    }
    assert!(files.is_empty(), "nobody tells of {files:?}");
}

fn start(campaign: &Campaign, arguments: &[&str]) -> Child {
    campaign.command(arguments).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the program starts")
}

/// Waits until a folder has so many pictures.
fn wait_for_pictures(campaign: &Campaign, child: &mut Child, count: usize) {
    while campaign.files("out").iter().filter(|name| name.ends_with(".jpg")).count() < count {
        assert!(child.try_wait().expect("a child").is_none(), "it ended too early");
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn end(mut child: Child, signal: &str) -> Output {
    let sent = Command::new("kill").args([signal, &child.id().to_string()]).status().expect("kill");
    assert!(sent.success());
    if signal == "-KILL" {
        child.wait().expect("it ends");
    }
    child.wait_with_output().expect("it ends")
}

#[test]
fn only_what_changed_is_made_again() {
    let campaign = Campaign::new();
    let _turn = gpu_turn();
    let resume = |change: &dyn Fn(), what: &str, expected: (u64, u64, u64)| {
        change();
        let ran = campaign.run(&RESUME);
        assert_eq!(counts(&ran), expected, "{what}: {}", ran.stderr);
    };
    // A folder that is not there yet is a run like any other.
    resume(&|| {}, "first", (6, 0, 0));
    let first = campaign.manifest();
    resume(&|| {}, "again", (0, 0, 6));
    for (first, again) in first.iter().zip(campaign.manifest()) {
        assert_eq!(again["status"], "reused");
        for member in ["row", "key", "size", "object", "bytes", "width", "height", "checksum", "input_hash"] {
            assert_eq!(first[member], again[member], "{member}");
        }
    }
    assert_folder_is_whole(&campaign);
    let rows = |text: &str| campaign.write("rows.csv", text);
    let other = "id,title,photo\na,One,photo.png\nb,Zwei,\nc,Three,photo.png\nd,Four,\n";
    resume(&|| rows(other), "a changed row and a new one", (4, 0, 4));
    let order = "id,title,photo\nd,Four,\nc,Three,photo.png\nb,Zwei,\n";
    resume(&|| rows(order), "another order and fewer rows", (0, 0, 6));
    let keys: Vec<Value> = campaign.manifest().iter().map(|record| record["key"].clone()).collect();
    assert_eq!(keys, ["d", "d", "c", "c", "b", "b"]);
    resume(&|| fs::remove_file(campaign.path("out/c-link.jpg")).expect("there"), "a missing picture", (1, 0, 5));
    resume(&|| fs::write(campaign.path("out/b-link.jpg"), "short").expect("written"), "a short picture", (1, 0, 5));
    let photo = || {
        let photo = image::RgbImage::from_pixel(32, 32, image::Rgb([200, 10, 10]));
        photo.save_with_format(campaign.path("photo.png"), image::ImageFormat::Png).expect("written");
    };
    resume(&photo, "a changed photo", (2, 0, 4));
    resume(&|| rows("id,title,photo\nd,Four,\nc,Three,none.png\nb,Zwei,\n"), "a lost photo", (0, 2, 4));
    resume(&|| {}, "what failed is tried again", (0, 2, 4));
    let template = fs::read_to_string(campaign.path("t.yaml")).expect("read");
    resume(&|| campaign.write("t.yaml", &template.replace("#0f172a", "#0f172b")), "another template", (4, 2, 0));

    let settings: [&[&str]; 3] = [&["--quality", "60"], &["--set", "price=1"], &["--subsampling", "4:4:4"]];
    for setting in settings {
        let ran = campaign.run(&[&RESUME, setting].concat());
        assert_eq!(counts(&ran), (4, 2, 0), "{setting:?}");
    }
}

#[test]
fn a_resumed_folder_is_like_a_new_one() {
    let campaign = Campaign::new();
    let _turn = gpu_turn();
    assert_eq!(campaign.run(&[&RENDER[..], &["--limit", "2"]].concat()).status, 0);
    assert_eq!(counts(&campaign.run(&RESUME)), (2, 0, 4));
    assert_eq!(campaign.run(&[&RENDER[..], &["--out", "new"]].concat()).status, 0);
    for name in campaign.files("new").iter().filter(|name| name.ends_with(".jpg")) {
        let read = |folder: &str| fs::read(campaign.path(folder).join(name)).expect("there");
        assert!(read("out") == read("new"), "{name} differs");
    }
    assert_folder_is_whole(&campaign);
}

#[test]
fn a_torn_last_line_is_dropped() {
    let campaign = Campaign::new();
    let _turn = gpu_turn();
    assert_eq!(campaign.run(&RENDER).status, 0);
    let path = campaign.path("out/manifest.jsonl");
    let text = fs::read_to_string(&path).expect("a manifest");
    fs::write(&path, &text[..text.len() - 20]).expect("written");
    assert_eq!(counts(&campaign.run(&RESUME)), (1, 0, 5));
    assert_folder_is_whole(&campaign);
}

#[test]
fn rows_from_standard_input_are_resumed_too() {
    let campaign = Campaign::new();
    let _turn = gpu_turn();
    let run = || {
        let rows = fs::File::open(campaign.path("rows.csv")).expect("rows");
        let mut command = campaign.command(&["render", "t.yaml", "--data", "-", "--resume", "--json"]);
        let Output { status, stdout, stderr } = command.stdin(rows).output().expect("the program starts");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Ran { status: status.code().expect("not killed"), stdout: text(stdout), stderr: text(stderr) }
    };
    assert_eq!(counts(&run()), (6, 0, 0));
    assert_eq!(counts(&run()), (0, 0, 6));
    campaign.write("rows.csv", "id,title,photo\na,One,photo.png\na,One,photo.png\n");
    let ran = run();
    assert_eq!((ran.status, counts(&ran)), (1, (0, 2, 2)), "a double fails, though its picture is there");
}

#[test]
fn a_killed_run_is_resumed_and_so_is_a_resumed_one() {
    let campaign = Campaign::new();
    let _turn = gpu_turn();
    campaign.write("rows.csv", &many_rows());
    let link = [&RENDER[..], &["--size", "link"]].concat();
    let resume = [&RESUME[..], &["--size", "link"]].concat();
    let lines = || fs::read_to_string(campaign.path("out/manifest.jsonl")).map_or(0, |text| text.lines().count());

    let mut child = start(&campaign, &link);
    wait_for_pictures(&campaign, &mut child, 500);
    end(child, "-KILL");
    assert!(campaign.path("out/.gravure.lock").exists(), "it had no time to tidy up");
    let first = lines();
    assert!((20..MANY).contains(&first), "{first} lines");

    let mut child = start(&campaign, &resume);
    wait_for_pictures(&campaign, &mut child, 1_000);
    end(child, "-KILL");
    assert_eq!(lines(), first, "the earlier manifest stays until the new one is whole");

    let mut child = start(&campaign, &resume);
    wait_for_pictures(&campaign, &mut child, 1_600);
    let Output { status, stderr, .. } = end(child, "-INT");
    let stderr = String::from_utf8_lossy(&stderr);
    assert_eq!(status.code(), Some(3), "{stderr}");
    assert!(stderr.contains("stopped (interrupted): ") && stderr.contains(" reused"), "{stderr}");
    assert!(lines() > 900, "a stopped run tells of everything that is there");

    let ran = campaign.run(&resume);
    let (ok, failed, reused) = counts(&ran);
    assert_eq!((ran.status, failed, ok + reused), (0, 0, MANY as u64), "{}", ran.stderr);
    assert!(reused > 900, "{reused} reused");
    assert_folder_is_whole(&campaign);
}

#[test]
fn a_stopped_resume_forgets_nothing_it_had_not_reached() {
    let campaign = Campaign::new();
    let _turn = gpu_turn();
    campaign.write("rows.csv", &many_rows());
    let link = ["--size", "link", "--limit", "400"];
    assert_eq!(campaign.run(&[&RENDER[..], &link].concat()).status, 0);
    // Nothing of it can be reused: the first 100 are drawn again, and then no more rows come.
    let arguments = ["render", "t.yaml", "--data", "-", "--resume", "--size", "link", "--quality", "30"];
    let mut command = campaign.command(&arguments);
    let mut child = command.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
    let mut pipe = child.stdin.take().expect("a pipe");
    let rows: Vec<String> = many_rows().lines().take(101).map(|row| format!("{row}\n")).collect();
    pipe.write_all(rows.concat().as_bytes()).expect("written");
    let before = fs::read(campaign.path("out/99-link.jpg")).expect("there");
    while fs::read(campaign.path("out/99-link.jpg")).expect("there") == before {
        assert!(child.try_wait().expect("a child").is_none(), "it ended too early");
        std::thread::sleep(Duration::from_millis(2));
    }
    assert_eq!(end(child, "-INT").status.code(), Some(3));
    drop(pipe);
    assert_eq!(campaign.manifest().len(), 400);
    assert_folder_is_whole(&campaign);
    let ran = campaign.run(&[&RESUME[..], &link].concat());
    let (ok, _, reused) = counts(&ran);
    assert!(ok >= 90 && reused >= 300 && ok + reused == 400, "{ok} drawn again, {reused} reused");
}

#[test]
fn two_runs_do_not_share_a_folder() {
    let campaign = Campaign::new();
    let _turn = gpu_turn();
    let mut command = campaign.command(&["render", "t.yaml", "--data", "-"]);
    let mut first = command.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
    let mut rows = first.stdin.take().expect("a pipe");
    rows.write_all(b"id,title,photo\na,One,\n").expect("written");
    rows.flush().expect("written");
    wait_for_pictures(&campaign, &mut first, 2);

    let second = campaign.run(&RENDER);
    assert_eq!(second.status, 2, "{}", second.stderr);
    let told = format!("another run (process {}) is writing to out: it holds out/.gravure.lock", first.id());
    assert!(second.stderr.contains(&told), "{}", second.stderr);
    // Elsewhere it may.
    assert_eq!(campaign.run(&[&RENDER[..], &["--out", "other"]].concat()).status, 0);

    drop(rows);
    let Output { status, stderr, .. } = first.wait_with_output().expect("it ends");
    assert_eq!(status.code(), Some(0), "{}", String::from_utf8_lossy(&stderr));
    assert_eq!(campaign.files("out"), names(&["a-link.jpg", "a-square.jpg", "index.html", "manifest.jsonl"]));
    assert_folder_is_whole(&campaign);
    assert_eq!(campaign.run(&RENDER).status, 0);
}

#[test]
fn places_that_cannot_be_written_end_with_2() {
    let campaign = Campaign::new();
    let _turn = gpu_turn();
    campaign.write("taken", "x");
    fs::create_dir_all(campaign.path("page/index.html")).expect("made");
    fs::create_dir_all(campaign.path("list/manifest.jsonl")).expect("made");
    let long = "d".repeat(300);
    let cases: [(&[&str], &str); 7] = [
        (&["--out", "taken"], "cannot write to taken: "),
        (&["--out", "taken/below"], "cannot write to taken/below: "),
        (&["--out", "/proc/self/task"], "cannot write to /proc/self/task: "),
        (&["--out", "page"], "cannot write to page/index.html: it is a folder"),
        (&["--out", "list"], "cannot write to list/manifest.jsonl: "),
        (&["--out", &long], "file name too long"),
        (&["--out", "null:", "--resume"], "--resume: null: keeps nothing"),
    ];
    for (arguments, what) in cases {
        let ran = campaign.run(&[&RENDER[..], arguments].concat());
        assert_eq!(ran.status, 2, "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(what), "{arguments:?}: {}", ran.stderr);
    }
    assert_eq!(campaign.files("page").len() + campaign.files("list").len(), 0);

    // One picture that cannot be kept is one failure.
    fs::create_dir_all(campaign.path("out/b-link.jpg")).expect("made");
    let ran = campaign.run(&RENDER);
    assert_eq!(ran.status, 1, "{}", ran.stderr);
    assert!(ran.stderr.contains("failed: rows.csv:3: b (link jpeg): store_failed: "), "{}", ran.stderr);
    assert_eq!(statuses(&campaign).values().filter(|status| *status == "ok").count(), 5);
}

/// A small disk of its own: only where the system lets this user mount one.
#[test]
fn a_full_disk_stops_the_run_and_the_next_goes_on() {
    let campaign = Campaign::new();
    let _turn = gpu_turn();
    campaign.write("rows.csv", &many_rows());
    campaign.write(
        "disk.sh",
        "set -e\nmkdir out\nmount -t tmpfs -o size=500k none out\nset +e\n\
         $1 render t.yaml --data rows.csv --limit 300 2>full.txt\necho $? >>full.txt\ncp -r out full\n\
         mount -o remount,size=64m out\n\
         $1 render t.yaml --data rows.csv --limit 300 --resume 2>again.txt\necho $? >>again.txt\n\
         mount -o remount,ro out\n\
         $1 render t.yaml --data rows.csv --limit 300 --resume 2>locked.txt\necho $? >>locked.txt\n\
         cp -r out whole\numount out\nrmdir out\nmv whole out\n",
    );
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "--mount", "sh", "disk.sh", env!("CARGO_BIN_EXE_gravure")]);
    let output = command.current_dir(campaign.path("")).output();
    let Some(output) = output.ok().filter(|_| campaign.path("full.txt").exists()) else {
        eprintln!("this system lets nobody mount a disk: not tested");
        return;
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let read = |name: &str| fs::read_to_string(campaign.path(name)).expect("written");
    let full = read("full.txt");
    assert!(full.contains("stopped (no space left in out") && full.ends_with("\n3\n"), "{full}");
    for line in read("full/manifest.jsonl").lines() {
        let record: Value = serde_json::from_str(line).expect("whole lines only");
        if record["status"] == "ok" {
            let bytes = fs::read(campaign.path("full").join(record["object"].as_str().expect("a name")));
            assert_eq!(record["checksum"], gravure::job::digest(&bytes.expect("there")));
        }
    }
    assert!(!campaign.files("full").iter().any(|name| name.contains(".gravure")), "{:?}", campaign.files("full"));
    let told = read("full/manifest.jsonl").lines().filter(|line| line.contains("\"ok\"")).count();
    let stored = campaign.files("full").iter().filter(|name| name.ends_with(".jpg") || name.ends_with(".png")).count();
    assert!(told == stored && stored > 0, "{stored} pictures, {told} lines");
    let again = read("again.txt");
    assert!(again.contains(" reused in ") && again.ends_with("\n0\n"), "{again}");
    let locked = read("locked.txt");
    assert!(locked.contains("cannot write to out: ") && locked.ends_with("\n2\n"), "{locked}");
    assert_eq!(campaign.manifest().len(), 600);
    assert_folder_is_whole(&campaign);
}

#[test]
fn failures_are_told_once_for_each_reason() {
    let campaign = Campaign::new();
    let _turn = gpu_turn();
    let missing: String = (0..30).map(|row| format!("m{row},M,none.png,1\n")).collect();
    campaign.write("rows.csv", &format!("id,title,photo,price\na,One,,1\n{missing}\"x\n\",\"Two\nlines\",,cheap\n"));
    let ran = campaign.run(&RENDER);
    assert_eq!(ran.status, 1);
    let failed: Vec<&str> = ran.stderr.lines().filter(|line| line.starts_with("failed: ")).collect();
    assert_eq!(failed.len(), 2, "{}", ran.stderr);
    assert!(failed[0].starts_with("failed: rows.csv:3: m0: photo_missing: "), "{}", failed[0]);
    assert!(failed[0].ends_with(" (and 29 more rows)"), "{}", failed[0]);
    assert!(failed[1].starts_with("failed: rows.csv:33: x: bad_value: "), "{}", failed[1]);
    let lines: Vec<u64> = campaign.manifest().iter().filter_map(|record| record["line"].as_u64()).collect();
    assert_eq!((lines.len(), lines[0], lines[63]), (64, 2, 33));
}

#[test]
fn a_row_that_asks_for_too_much_fails_alone_and_soon() {
    let campaign = Campaign::new();
    let _turn = gpu_turn();
    let template = r##"gravure: 1
name: ugly
sizes: { a: { width: 200, height: 100 } }
fields:
  title: { type: text, default: "" }
  loops: { type: boolean, default: false }
  items: { type: list, items: { name: { type: text } }, default: [] }
fonts: [Inter-Bold.ttf]
layers:
  - { type: rect, frame: full, fill: white }
  - { type: text, text: "{{ title }}", frame: full, font: { size: 40 }, shrink: { to: 4 } }
  - type: text
    when: "{{ loops }}"
    text: "{% for a in items %}{% for b in items %}{% for c in items %}.{% endfor %}{% endfor %}{% endfor %}"
    frame: full
"##;
    campaign.write("t.yaml", template);
    let many =
        |count: usize| (0..count).map(|index| serde_json::json!({ "name": index.to_string() })).collect::<Vec<_>>();
    let rows = [
        serde_json::json!({ "id": "fine", "title": "One" }),
        serde_json::json!({ "id": "long", "title": "line\n".repeat(2_000) }),
        serde_json::json!({ "id": "longer", "title": "x".repeat(60_000) }),
        serde_json::json!({ "id": "endless", "title": "x".repeat(1_000_000) }),
        serde_json::json!({ "id": "loops", "loops": true, "items": many(1_000) }),
        serde_json::json!({ "id": "list", "items": many(100_000) }),
        serde_json::json!({ "id": "too", "title": "Two" }),
    ];
    let lines: Vec<String> = rows.iter().map(Value::to_string).collect();
    campaign.write("rows.jsonl", &lines.join("\n"));
    let ran = campaign.run(&["render", "t.yaml", "--data", "rows.jsonl"]);
    assert_eq!(ran.status, 1, "{}", ran.stderr);
    let codes: Vec<(Value, Value)> =
        campaign.manifest().iter().map(|record| (record["key"].clone(), record["error"]["code"].clone())).collect();
    let text =
        |(key, code): &(Value, Value)| format!("{} {}", key.as_str().unwrap_or("?"), code.as_str().unwrap_or("ok"));
    let expected = [
        "fine ok",
        "long ok",
        "longer text_too_long",
        "endless bad_value",
        "loops expression_failed",
        "list bad_value",
        "too ok",
    ];
    assert_eq!(codes.iter().map(text).collect::<Vec<_>>(), expected);
}
