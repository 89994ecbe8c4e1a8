//! The program as scripts see it: exit statuses, what stands on which stream, and what is left in the folder.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::support::gpu_turn;

const TEMPLATE: &str = r##"gravure: 1
name: offer
sizes:
  link: { width: 120, height: 64 }
  square: { width: 80, height: 80 }
fields:
  title: { type: text, required: true }
  price: { type: number, default: 9.5 }
  photo: { type: image }
  first_name: { type: text, default: "", pii: true }
fonts: [Inter-Bold.ttf]
layers:
  - { type: rect, frame: full, fill: "#0f172a" }
  - { type: image, src: "{{ photo | default('') }}", frame: { x: 4, y: 4, width: 16, height: 16 } }
  - { type: text, text: "{{ title }} {{ price }}", frame: { x: 4, y: 30, width: 72, height: 20 }, font: { size: 12 }, color: white }
"##;
const ROWS: &str = "id,title,photo\na,One,photo.png\nb,Two,\nc,Three,photo.png\n";

/// A campaign in a folder of its own.
pub struct Campaign(tempfile::TempDir);

pub struct Ran {
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Campaign {
    pub fn new() -> Self {
        let campaign = Self(tempfile::tempdir().expect("a folder"));
        let font = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/product-card/fonts/Inter-Bold.ttf");
        fs::copy(font, campaign.path("Inter-Bold.ttf")).expect("the sample campaign has its fonts");
        let photo = image::RgbImage::from_fn(32, 32, |x, y| image::Rgb([x as u8 * 8, y as u8 * 8, 99]));
        photo.save_with_format(campaign.path("photo.png"), image::ImageFormat::Png).expect("written");
        campaign.write("t.yaml", TEMPLATE);
        campaign.write("rows.csv", ROWS);
        campaign
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("written");
    }

    /// Runs the program in the folder.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        let Output { status, stdout, stderr } = self.command(arguments).output().expect("the program starts");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Ran { status: status.code().expect("not killed"), stdout: text(stdout), stderr: text(stderr) }
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gravure"));
        command.current_dir(self.0.path()).args(arguments).stdin(Stdio::null());
        // The settings of whoever runs the tests stay outside.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("GRAVURE_") && name != "GRAVURE_ADAPTER" {
                command.env_remove(name);
            }
        }
        command
    }

    /// Everything in a folder below, by relative path.
    pub fn files(&self, folder: &str) -> BTreeSet<String> {
        fn walk(root: &Path, folder: &Path, files: &mut BTreeSet<String>) {
            for entry in fs::read_dir(folder).into_iter().flatten() {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    walk(root, &path, files);
                } else {
                    let relative = path.strip_prefix(root).expect("inside");
                    files.insert(relative.to_str().expect("UTF-8").to_owned());
                }
            }
        }
        let mut files = BTreeSet::new();
        walk(&self.path(folder), &self.path(folder), &mut files);
        files
    }

    pub fn manifest(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.path("out/manifest.jsonl")).expect("a manifest");
        text.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
    }
}

pub fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

#[test]
fn planted_mistakes_end_with_2_and_name_line_and_path() {
    let campaign = Campaign::new();
    // What is planted for what, the line and path where it must be found, and what must be said of it.
    let fill = "fill: \"#0f172a\"";
    let column = "title: { type: text, column: headline,";
    let cases = [
        ("misspelt key", fill, "fil: \"#0f172a\"", 13, "layers[0].fil", "did you mean \"fill\"?"),
        ("wrong type", "size: 12", "size: 12 ducks", 15, "layers[2].font.size", "expected a number of pixels"),
        ("missing font", "[Inter-Bold.ttf]", "[Inter-Bald.ttf]", 11, "fonts[0]", "no such file"),
        ("missing font", "[Inter-Bold.ttf]", "[{ src: Bald.ttf }]", 11, "fonts[0].src", "no such file"),
        ("missing family", "size: 12", "family: Inert", 15, "layers[2].font.family", "no family \"Inert\", only Inter"),
        ("unknown field", "{{ title }}", "{{ titel }}", 15, "layers[2].text", "did you mean \"title\"?"),
        ("missing column", "title: { type: text,", column, 7, "fields.title", "no column \"headline\" (in rows.csv)"),
        (
            "unknown column",
            "{{ title }}",
            "{{ row.titel }}",
            15,
            "layers[2].text",
            "no column \"titel\" (in rows.csv), did you",
        ),
        ("broken YAML", "height: 80 }", "height: 80", 6, "sizes.square", "not valid YAML"),
        ("unquoted colour", fill, "fill: #0f172a", 13, "layers[0].fill", "in quotes, \"#0f172a\""),
        ("unquoted braces", "\"{{ title }} {{ price }}\"", "{{ title }}", 15, "layers[2].text", "\"{{ title }}\""),
    ];
    for (mistake, right, wrong, line, path, what) in cases {
        assert!(TEMPLATE.contains(right), "{right}");
        campaign.write("t.yaml", &TEMPLATE.replacen(right, wrong, 1));
        for command in [&["check", "t.yaml", "--data", "rows.csv"][..], &["render", "t.yaml", "--data", "rows.csv"]] {
            let ran = campaign.run(command);
            assert_eq!(ran.status, 2, "{mistake}: {}", ran.stderr);
            let (place, path) = (format!("error: t.yaml:{line}:"), format!(": {path}: "));
            let names = |line: &str| line.starts_with(&place) && line.contains(&path) && line.contains(what);
            assert!(ran.stderr.lines().any(names), "{mistake}: expected {place}…{path}… {what}:\n{}", ran.stderr);
            assert_eq!(ran.stdout, "", "{mistake}");
        }
        assert_eq!(campaign.files("out"), BTreeSet::new(), "{mistake}: nothing is rendered");
    }
}

#[test]
fn wrong_arguments_end_with_2() {
    let campaign = Campaign::new();
    let cases: [(&[&str], &str); 7] = [
        (&["render", "t.yaml"], "--data"),
        (&["render", "t.yaml", "--data", "rows.csv", "--format", "avif"], "not available yet"),
        (&["render", "t.yaml", "--data", "rows.csv", "--quality", "0"], "--quality"),
        (&["render", "t.yaml", "--data", "rows.csv", "--size", "lnk"], "did you mean \"link\"?"),
        (&["render", "t.yaml", "--data", "rows.csv", "--set", "titel=x"], "did you mean \"title\"?"),
        (&["render", "t.yaml", "--data", "rows.csv", "--name", "{{ first_name }}"], "personal data"),
        (&["render", "t.yaml", "--data", "none.csv"], "none.csv"),
    ];
    for (arguments, what) in cases {
        let ran = campaign.run(arguments);
        assert_eq!(ran.status, 2, "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(what), "{arguments:?}: {}", ran.stderr);
        assert_eq!(ran.stdout, "");
    }
}

#[test]
fn schemas_are_json() {
    let campaign = Campaign::new();
    for what in ["template", "job", "result", "manifest"] {
        let ran = campaign.run(&["schema", what]);
        assert_eq!(ran.status, 0, "{}", ran.stderr);
        let schema: Value = serde_json::from_str(&ran.stdout).expect("JSON");
        assert!(schema["$schema"].as_str().is_some_and(|draft| draft.contains("2020-12")), "{what}");
    }
    assert_eq!(campaign.run(&["schema", "nothing"]).status, 2);
}

#[test]
fn a_closed_pipe_is_no_failure() {
    let campaign = Campaign::new();
    let mut child = campaign
        .command(&["schema", "template"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    drop(child.stdout.take());
    let Output { status, stderr, .. } = child.wait_with_output().expect("it ends");
    assert_eq!((status.code(), String::from_utf8_lossy(&stderr).as_ref()), (Some(0), ""));
}

#[test]
fn check_tells_good_rows_from_bad_ones() {
    let campaign = Campaign::new();
    let fine = campaign.run(&["check", "t.yaml", "--data", "rows.csv"]);
    assert_eq!(fine.status, 0, "{}{}", fine.stdout, fine.stderr);
    assert_eq!(campaign.run(&["check", "t.yaml"]).status, 0);

    campaign.write("rows.csv", "id,title,photo,price,first_name\na,One,none.png,1,\nb,Two,,cheap,\nc,Three,,,\n");
    let bad = campaign.run(&["check", "t.yaml", "--data", "rows.csv"]);
    assert_eq!(bad.status, 1);
    assert!(bad.stdout.contains("photo_missing") && bad.stdout.contains("bad_value"), "{}", bad.stdout);
    assert!(bad.stderr.contains("3 rows, 6 variants: 2 with errors"), "{}", bad.stderr);

    let json = campaign.run(&["check", "t.yaml", "--data", "rows.csv", "--json"]);
    let lines: Vec<Value> = json.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(json.status, 1);
    assert_eq!(lines.len(), 3);
    assert_eq!((&lines[0]["code"], &lines[0]["line"]), (&"photo_missing".into(), &2.into()));
    assert_eq!((&lines[2]["rows"], &lines[2]["errors"]), (&3.into(), &2.into()));
}

#[test]
fn doctor_finds_an_adapter() {
    let campaign = Campaign::new();
    let _turn = gpu_turn();
    let ran = campaign.run(&["doctor", "t.yaml", "--json"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let report: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    let adapters = report["adapters"].as_array().expect("a list");
    assert_eq!(adapters.iter().filter(|adapter| adapter["chosen"] == true).count(), 1);
    assert_eq!(report["fonts"][0]["weight"], 700);
}

#[test]
fn doctor_ends_where_a_setting_of_the_adapter_is_none() {
    let campaign = Campaign::new();
    for (variable, allowed) in [("GRAVURE_DRAW", "fragment, compute"), ("GRAVURE_ENCODE", "cpu, gpu")] {
        let output = campaign.command(&["doctor"]).env(variable, "both").output().expect("the program starts");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{variable}: {said}");
        assert!(said.contains(&format!("{variable}=\"both\" is none of: {allowed}")), "{said}");
    }
}

#[test]
fn three_rows_become_images_a_manifest_and_a_page() {
    let campaign = Campaign::new();
    let _turn = gpu_turn();
    let ran =
        campaign.run(&["render", "t.yaml", "--data", "rows.csv", "--format", "jpeg", "--format", "png", "--json"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let mut expected = names(&["manifest.jsonl", "index.html"]);
    for key in ["a", "b", "c"] {
        for size in ["link", "square"] {
            expected.extend([format!("{key}-{size}.jpg"), format!("{key}-{size}.png")]);
        }
    }
    assert_eq!(campaign.files("out"), expected, "and no temporary file");

    let manifest = campaign.manifest();
    assert_eq!(manifest.len(), 12);
    let rows: Vec<u64> = manifest.iter().map(|record| record["row"].as_u64().expect("a number")).collect();
    assert_eq!(rows, [1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3], "in row order, from 1");
    for record in &manifest {
        assert_eq!(record["status"], "ok", "{record}");
        let object = campaign.path("out").join(record["object"].as_str().expect("a name"));
        let bytes = fs::read(&object).expect("the object is there");
        assert_eq!(record["bytes"], bytes.len());
        assert_eq!(record["checksum"], gravure::job::digest(&bytes));
        let picture = image::load_from_memory(&bytes).expect("a picture");
        assert_eq!((&record["width"], &record["height"]), (&picture.width().into(), &picture.height().into()));
    }

    let lines: Vec<&str> = ran.stdout.lines().collect();
    assert_eq!(lines.len(), 1, "nothing else on standard output: {}", ran.stdout);
    let summary: Value = serde_json::from_str(lines[0]).expect("JSON");
    let keys: BTreeSet<String> = summary.as_object().expect("an object").keys().cloned().collect();
    let promised = ["variants", "ok", "failed", "skipped", "reused", "seconds", "variants_per_s", "bytes", "adapter"];
    assert_eq!(keys, names(&promised));
    assert_eq!((&summary["variants"], &summary["ok"], &summary["failed"]), (&12.into(), &12.into(), &0.into()));
    let total: u64 = manifest.iter().filter_map(|record| record["bytes"].as_u64()).sum();
    assert_eq!(summary["bytes"], total);
    let last = ran.stderr.lines().last().unwrap_or_default();
    assert!(last.starts_with("12 variants, 12 ok, 0 failed in ") && last.ends_with("see out/index.html"), "{last}");
}

#[test]
fn a_missing_photo_fails_its_own_row_only() {
    let campaign = Campaign::new();
    campaign.write("rows.csv", "id,title,photo\na,One,photo.png\nb,Two,none.png\nc,Three,\n");
    let _turn = gpu_turn();
    let ran = campaign.run(&["render", "t.yaml", "--data", "rows.csv", "--size", "link"]);
    assert_eq!(ran.status, 1, "{}", ran.stderr);
    assert_eq!(campaign.files("out"), names(&["a-link.jpg", "c-link.jpg", "manifest.jsonl", "index.html"]));
    let failed = &campaign.manifest()[1];
    assert_eq!((&failed["key"], &failed["status"]), (&"b".into(), &"failed".into()));
    assert_eq!(failed["error"]["code"], "photo_missing");
    assert!(ran.stderr.contains("failed: rows.csv:3: b: photo_missing: "), "{}", ran.stderr);
}

#[test]
fn equal_names_are_found_before_anything_is_written() {
    let campaign = Campaign::new();
    campaign.write("rows.csv", "id,title\na,One\nb,Two\na,Three\n");
    let ran = campaign.run(&["render", "t.yaml", "--data", "rows.csv"]);
    assert_eq!(ran.status, 2, "{}", ran.stderr);
    assert!(ran.stderr.contains("a-link.jpg"), "{}", ran.stderr);
    assert!(!campaign.path("out").exists(), "nothing is written");

    campaign.write("rows.csv", ROWS);
    let ran = campaign.run(&["render", "t.yaml", "--data", "rows.csv", "--name", "../{{ key }}.{{ ext }}"]);
    assert_eq!(ran.status, 2, "{}", ran.stderr);
    assert!(!campaign.path("out").exists(), "nothing is written");
}

#[test]
fn a_slip_in_a_header_is_told_once() {
    let campaign = Campaign::new();
    campaign.write("rows.csv", "id,title,prize\na,One,9\nb,Two,10\n");
    let ran = campaign.run(&["render", "t.yaml", "--data", "rows.csv", "--out", "null:"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let notes: Vec<&str> = ran.stderr.lines().filter(|line| line.starts_with("note: ")).collect();
    assert_eq!(notes.len(), 3, "{}", ran.stderr);
    assert!(notes[0].contains("t.yaml:8") && notes[0].contains("no column \"price\""), "{notes:?}");
    assert!(notes[0].contains("did you mean \"prize\"?") && notes[1].contains("\"photo\""), "{notes:?}");
}

#[test]
fn null_throws_away_and_personal_values_stay_off_the_page() {
    let campaign = Campaign::new();
    let _turn = gpu_turn();
    let before = campaign.files(".");
    let ran = campaign.run(&["render", "t.yaml", "--data", "rows.csv", "--out", "null:", "--timings", "--limit", "2"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert_eq!(campaign.files("."), before);
    assert!(ran.stderr.contains("4 variants, 4 ok"), "{}", ran.stderr);
    for stage in ["bind", "layout", "encode", "store"] {
        assert!(ran.stderr.lines().any(|line| line.starts_with(stage)), "no line for {stage}:\n{}", ran.stderr);
    }

    let arguments = ["render", "t.yaml", "--data", "-", "--set", "first_name=Rumpelstilzchen", "--set", "title=Sale"];
    let mut command = campaign.command(&arguments);
    command.stdin(fs::File::open(campaign.path("rows.csv")).expect("rows"));
    let Output { status, stderr, .. } = command.output().expect("the program starts");
    assert_eq!(status.code(), Some(0), "{}", String::from_utf8_lossy(&stderr));
    for file in campaign.files("out") {
        let bytes = fs::read(campaign.path("out").join(&file)).expect("read");
        assert!(!String::from_utf8_lossy(&bytes).contains("Rumpelstilzchen"), "{file}");
    }
    let page = fs::read_to_string(campaign.path("out/index.html")).expect("a page");
    assert!(page.contains("--set title=Sale"), "the command can be repeated");
}

#[test]
fn an_interrupt_leaves_whole_files_and_ends_with_3() {
    let campaign = Campaign::new();
    let rows: String = (0..20_000).map(|row| format!("{row},Title {row}\n")).collect();
    campaign.write("rows.csv", &format!("id,title\n{rows}"));
    let _turn = gpu_turn();
    let mut command = campaign.command(&["render", "t.yaml", "--data", "rows.csv"]);
    let mut child = command.stderr(Stdio::piped()).spawn().expect("the program starts");
    // Another process tells nothing but what it writes: look until there is something.
    while campaign.files("out").iter().all(|name| !name.ends_with(".jpg")) {
        assert!(child.try_wait().expect("a child").is_none(), "it ended before the first image");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let interrupted = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill");
    assert!(interrupted.success());
    let Output { status, stderr, .. } = child.wait_with_output().expect("it ends");
    let stderr = String::from_utf8_lossy(&stderr);
    assert_eq!(status.code(), Some(3), "{stderr}");
    assert!(stderr.contains("stopped (interrupted): "), "{stderr}");

    let manifest = campaign.manifest();
    let stored: BTreeSet<String> =
        manifest.iter().filter_map(|record| record["object"].as_str()).map(str::to_owned).collect();
    assert!(!stored.is_empty() && stored.len() < 40_000, "{}", stored.len());
    let mut found = campaign.files("out");
    assert!(found.remove("manifest.jsonl") && found.remove("index.html"));
    assert_eq!(found, stored, "what is there is what the manifest says, and no temporary file");
    for record in manifest.iter().filter(|record| record["status"] == "ok") {
        let object = campaign.path("out").join(record["object"].as_str().expect("a name"));
        assert_eq!(record["checksum"], gravure::job::digest(&fs::read(object).expect("it is there")));
    }
}

#[test]
fn what_cannot_be_used_ends_with_2_and_writes_nothing() {
    let campaign = Campaign::new();
    let render = ["render", "t.yaml", "--data", "rows.csv"];

    let mut command = campaign.command(&render);
    command.env("VK_DRIVER_FILES", "/nonexistent").env("VK_ICD_FILENAMES", "/nonexistent");
    let output = command.output().expect("the program starts");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(stderr.contains("no Vulkan adapter was found"), "{stderr}");

    let output = campaign.command(&render).env("GRAVURE_ADAPTER", "no such card").output().expect("the program starts");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(stderr.contains("no such card"), "{stderr}");
    assert!(!campaign.path("out").exists());

    campaign.write("taken", "a file where the folder should be");
    let ran = campaign.run(&["render", "t.yaml", "--data", "rows.csv", "--out", "taken"]);
    assert_eq!(ran.status, 2, "{}", ran.stderr);
    assert!(ran.stderr.contains("taken"), "{}", ran.stderr);

    campaign.write("Inter-Bold.ttf", "no font at all");
    let ran = campaign.run(&render);
    assert_eq!(ran.status, 2, "{}", ran.stderr);
    assert!(ran.stderr.contains("t.yaml:") && ran.stderr.contains("not a TrueType or OpenType font"), "{}", ran.stderr);
    assert!(!campaign.path("out").exists());
}

#[test]
fn rows_that_cannot_be_read_fail_alone_and_broken_data_ends_the_run() {
    let _turn = gpu_turn();
    let campaign = Campaign::new();
    campaign.write("rows.csv", "id,title,photo\na,One,\nb,Two,,too,many\nc,Three,\n");
    let ran = campaign.run(&["render", "t.yaml", "--data", "rows.csv", "--size", "link"]);
    assert_eq!(ran.status, 1, "{}", ran.stderr);
    let statuses: Vec<String> = campaign.manifest().iter().map(|record| record["status"].to_string()).collect();
    assert_eq!(statuses, ["\"ok\"", "\"failed\"", "\"ok\""]);
    assert_eq!(campaign.manifest()[1]["error"]["code"], "bad_row");

    fs::write(campaign.path("latin.csv"), b"id,title,photo\na,caf\xe9,\n").expect("written");
    let ran = campaign.run(&["render", "t.yaml", "--data", "latin.csv", "--out", "latin"]);
    assert_eq!(ran.status, 2, "{}", ran.stderr);
    assert!(ran.stderr.contains("UTF-8"), "{}", ran.stderr);
    assert!(!campaign.path("latin").exists());
}
