//! `gravure check` as people and scripts see it: one ugly row for each kind of problem, on the terminal, as lines, as
//! JSON and as a page.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

const TEMPLATE: &str = r##"gravure: 1
name: offer
sizes:
  link: { width: 1200, height: 628 }
  story: { width: 1080, height: 1920 }
fields:
  title: { type: text, required: true }
  price: { type: number, required: true }
  stars: { type: number, default: 4 }
  photo: { type: image, required: true }
  badge: { type: text, default: "" }
  subtitle: { type: text, default: "" }
  first_name: { type: text, default: "", pii: true }
  family: { type: text, default: "Inter" }
fonts: [{ src: Inter-Bold.ttf, family: Inter }]
layers:
  - { type: rect, frame: full, fill: "#0f172a" }
  - { type: ellipse, id: glow, frame: { x: -200, y: -200, width: 700, height: 700 }, fill: "#ffffff11" }
  - { type: image, id: photo, src: "{{ photo }}", frame: { x: 64, y: 64, width: 90, height: 60 } }
  - type: text
    id: title
    text: "{{ title }}"
    frame: { x: 620, y: 136, width: 516, height: 140 }
    max_lines: 2
    shrink: { to: 32 }
    font: { family: "{{ family }}", size: 60, line_height: 1.1 }
    color: white
    sizes: { story: { frame: { x: 90, y: 1188, width: 900, height: 200 } } }
  - { type: text, id: greeting, text: "For {{ first_name }}", frame: { x: 620, y: 300, width: 516 }, max_lines: 1, font: { size: 30 },
      sizes: { story: { frame: { x: 90, y: 1406 } } } }
  - { type: rating, id: stars, value: "{{ stars }}", max: 5, size: 32, gap: 8, frame: { x: 620, y: 362 } }
  - type: stack
    id: offer
    frame: { x: 620, y: 440 }
    direction: row
    gap: 24
    sizes: { story: { frame: { x: 90, y: 1588 } } }
    layers:
      - type: stack
        padding: [12, 28]
        layers: [{ type: text, id: price, text: "{{ price | currency('USD') }}", wrap: false, font: { size: 40 } }]
      - { type: rect, id: dot, frame: { width: 40, height: 40 }, flex_shrink: 0, fill: white }
  - type: group
    id: ribbon
    rotation: -12
    overflow: clip
    when: "{{ badge != '' }}"
    frame: { x: 220, y: 160, width: 180, height: 60 }
    layers:
      - { type: text, id: word, text: "{{ badge }}", wrap: false, frame: { x: 10, y: 10, width: 900 }, font: { size: 34 } }
"##;

/// One row for each kind of problem, under a key that tells which.
const ROWS: &str = r#"id,title,price,stars,photo,badge,sub_title,first_name,family
fine,Boots,19.99,4,photo.png,,,Ann,
blank,"  ",19.99,4,photo.png,,,Ann,
missing,,19.99,4,photo.png,,,Ann,
values,Boots,cheap,many,photo.png,,,Ann,
gone,Boots,9,4,none.png,,,Ann,
outside,Boots,9,4,../../etc/passwd,,,Ann,
broken,Boots,9,4,broken.jpg,,,Ann,
small,Boots,9,4,small.png,,,Ann,
long,"A title that goes on and on, far beyond what two lines of a card could ever hold, even at the smallest size that is allowed",9,4,photo.png,,,Ann,
glyphs,漢字 and العربية,9,4,photo.png,,,Ann,
secret,Boots,9,4,photo.png,,,小林さん,
secretlong,Boots,9,4,photo.png,,,Bartholomew Maximilian Featherstonehaugh-Cholmondeley,
stars,Boots,9,7.5,photo.png,,,Ann,
wide,Boots,123456789012345678901234567,4,photo.png,,,Ann,
clipped,Boots,9,4,photo.png,Ribbon of many words,,Ann,
family,Boots,9,4,photo.png,,,Ann,Comic Sans
fine,Boots,9,4,photo.png,,,Ann,
../up,Boots,9,4,photo.png,,,Ann,
ragged,Boots
html,"<script>alert(1)</script> & </script><!-- and so on, until there is no room left for it on two lines of a card",9,4,photo.png,,,Ann,
"#;

struct Folder(tempfile::TempDir);

struct Ran {
    status: i32,
    stdout: String,
    stderr: String,
}

impl Folder {
    fn new() -> Self {
        let folder = Self(tempfile::tempdir().expect("a folder"));
        let font = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/product-card/fonts/Inter-Bold.ttf");
        fs::copy(font, folder.path("Inter-Bold.ttf")).expect("the sample campaign has its fonts");
        for (name, side) in [("photo.png", 120), ("small.png", 20)] {
            let photo = image::RgbImage::new(side, side);
            photo.save_with_format(folder.path(name), image::ImageFormat::Png).expect("written");
        }
        folder.write("broken.jpg", "no image");
        folder.write("t.yaml", TEMPLATE);
        folder.write("rows.csv", ROWS);
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("written");
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).expect("a file")
    }

    /// Runs `gravure check t.yaml` in the folder.
    fn check(&self, arguments: &[&str]) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gravure"));
        command.current_dir(self.0.path()).args(["check", "t.yaml"]).args(arguments).stdin(Stdio::null());
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("GRAVURE_")) {
            command.env_remove(name);
        }
        // No adapter is needed, and none is looked for.
        command.env("VK_DRIVER_FILES", "/nonexistent").env("VK_ICD_FILENAMES", "/nonexistent");
        let Output { status, stdout, stderr } = command.output().expect("the program starts");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Ran { status: status.code().expect("not killed"), stdout: text(stdout), stderr: text(stderr) }
    }
}

/// Findings and the summary.
fn json(ran: &Ran) -> (Vec<Value>, Value) {
    let mut lines: Vec<Value> =
        ran.stdout.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect();
    let summary = lines.pop().expect("a summary");
    (lines, summary)
}

fn of<'f>(findings: &'f [Value], key: &str, code: &str) -> &'f Value {
    let is_it = |finding: &&Value| finding["key"] == key && finding["code"] == code;
    findings.iter().find(is_it).unwrap_or_else(|| panic!("no {code} of {key} in {findings:#?}"))
}

#[test]
fn every_kind_of_problem_is_found_in_its_row_and_nowhere_else() {
    let ran = Folder::new().check(&["--data", "rows.csv", "--json"]);
    assert_eq!(ran.status, 1, "{}", ran.stderr);
    let (findings, summary) = json(&ran);
    let found: Vec<(&str, &str, &str)> = findings
        .iter()
        .map(|finding| {
            let text = |member: &str| finding[member].as_str().expect("text");
            (text("key"), text("severity"), text("code"))
        })
        .collect();
    let expected = [
        ("", "note", "missing_column"),
        ("blank", "warning", "empty_text"),
        ("missing", "error", "missing_field"),
        ("values", "error", "bad_value"),
        ("values", "error", "bad_value"),
        ("gone", "error", "photo_missing"),
        ("outside", "error", "photo_outside"),
        ("broken", "error", "photo_unreadable"),
        ("small", "note", "photo_upscaled"),
        ("long", "note", "shrunk_to_floor"),
        ("long", "warning", "truncated"),
        ("glyphs", "warning", "missing_glyph"),
        ("secret", "warning", "missing_glyph"),
        ("secretlong", "warning", "truncated"),
        ("stars", "warning", "rating_out_of_range"),
        ("wide", "warning", "off_canvas"),
        ("wide", "warning", "off_canvas"),
        ("clipped", "warning", "clipped"),
        ("family", "warning", "unknown_family"),
        ("fine", "error", "name_collision"),
        ("../up", "error", "bad_name"),
        ("", "error", "bad_row"),
        ("html", "note", "shrunk_to_floor"),
        ("html", "warning", "truncated"),
    ];
    assert_eq!(found, expected);
    let counts = ["rows", "variants", "fine", "errors", "warnings", "notes", "findings"];
    let counts = counts.map(|name| summary[name].as_u64().expect("a count"));
    assert_eq!(counts, [20, 40, 1, 8, 10, 1, 24]);
    assert_eq!(summary["kinds"][0]["severity"], "error");
    let scripts = summary["scripts"].as_array().expect("scripts");
    let scripts: Vec<&str> = scripts.iter().map(|script| script["script"].as_str().expect("a name")).collect();
    assert_eq!(scripts, ["Han", "Arabic", "Hiragana"]);
}

#[test]
fn findings_carry_what_is_needed_to_mend_them() {
    let ran = Folder::new().check(&["--data", "rows.csv", "--json"]);
    let (findings, _) = json(&ran);

    let column = of(&findings, "", "missing_column");
    assert!(column["row"].is_null());
    assert_eq!(column["message"], "the data has no column \"subtitle\", did you mean \"sub_title\"?");

    let long = of(&findings, "long", "truncated");
    assert_eq!((&long["row"], &long["line"], &long["path"]), (&9.into(), &10.into(), &"layers[3] (title)".into()));
    assert_eq!(long["sizes"], serde_json::json!(["link", "story"]));
    let text = long["text"].as_array().expect("parts");
    assert!(text[0]["text"].as_str().expect("text").starts_with("A title that goes on"));
    assert_eq!(text[1]["mark"], "cut");
    assert!(text[1]["text"].as_str().expect("text").ends_with("smallest size that is allowed"));
    let cut = text[1]["text"].as_str().expect("text").chars().count();
    let whole = cut + text[0]["text"].as_str().expect("text").chars().count();
    assert_eq!(long["message"], format!("{cut} of {whole} characters are cut off"));
    assert_eq!(long["places"][0], serde_json::json!({"size": "link", "box": [620, 136, 1136, 276]}));

    let glyphs = of(&findings, "glyphs", "missing_glyph");
    let first = serde_json::json!({"script": "Han", "character": "漢", "code_point": "U+6F22"});
    assert_eq!(glyphs["glyphs"][0], first);
    let parts: Vec<(&str, bool)> = glyphs["text"]
        .as_array()
        .expect("parts")
        .iter()
        .map(|part| (part["text"].as_str().expect("text"), part["mark"] == "missing"))
        .collect();
    assert_eq!(parts, [("漢字", true), (" and ", false), ("العربية", true)]);

    let small = of(&findings, "small", "photo_upscaled");
    let photo = serde_json::json!({"location": "small.png", "width": 20, "height": 20, "magnification": 4.5});
    assert_eq!(small["photo"], photo);
    assert_eq!(small["message"], "small.png has 20x20 px, enlarged 4.50 times");

    let wide = of(&findings, "wide", "off_canvas");
    assert_eq!(wide["sizes"], serde_json::json!(["link"]), "it fits the story");
    assert!(wide["overhang"]["right"].as_u64().is_some_and(|px| px > 20) && wide["overhang"]["left"] == 0);
    let dot = findings.iter().rfind(|finding| finding["code"] == "off_canvas").expect("two");
    assert_eq!(dot["path"], "layers[6].layers[1] (dot)", "what the price pushes off");

    let clipped = of(&findings, "clipped", "clipped");
    let right = clipped["overhang"]["right"].as_u64().expect("pixels");
    let message = format!("the text runs out of layers[7] (ribbon): {right} px on the right");
    assert_eq!(clipped["message"], message, "as if it were upright");
    assert_eq!(clipped["places"][0]["box"].as_array().map(Vec::len), Some(8), "the layer is turned");

    let twin = of(&findings, "fine", "name_collision");
    assert_eq!(twin["message"], "row 1 has the same name \"fine-link.jpg\"");
    assert_eq!(of(&findings, "stars", "rating_out_of_range")["message"], "7.5 is not a rating from 0 to 5");
    assert_eq!(of(&findings, "blank", "empty_text")["message"], "nothing to show, though title is required");
}

#[test]
fn personal_values_are_nowhere() {
    let folder = Folder::new();
    let outputs = [
        folder.check(&["--data", "rows.csv", "--json"]).stdout,
        folder.check(&["--data", "rows.csv", "--all"]).stdout,
        folder.check(&["--data", "rows.csv", "--report", "r.html", "--show", "100"]).stdout,
        folder.read("r.html"),
    ];
    for (nth, output) in outputs.iter().enumerate() {
        for secret in ["小", "林", "さ", "U+5C0F", "U+3055", "Bartholomew", "Cholmondeley"] {
            assert!(!output.contains(secret), "{secret} in output {nth}");
        }
    }
    let (findings, _) = json(&folder.check(&["--data", "rows.csv", "--json"]));
    let cut = of(&findings, "secretlong", "truncated");
    assert_eq!((&cut["masked"], &cut["text"][1]["mark"]), (&true.into(), &"cut".into()));
    assert!(cut["text"][0]["text"].as_str().expect("text").starts_with("••• •••"));
    assert_eq!(of(&findings, "secret", "missing_glyph")["glyphs"][0], serde_json::json!({"script": "Han"}));
}

#[test]
fn people_see_kinds_first_then_the_worst_rows() {
    let folder = Folder::new();
    let ran = folder.check(&["--data", "rows.csv", "--show", "3"]);
    assert_eq!(ran.status, 1);
    let lines: Vec<&str> = ran.stdout.lines().collect();
    assert!(!ran.stdout.contains('\u{1b}'), "no colours into a pipe");
    let at = |start: &str| {
        let found =
            lines.iter().position(|line| line.split_whitespace().collect::<Vec<_>>().join(" ").starts_with(start));
        found.unwrap_or_else(|| panic!("no line starts with {start:?}:\n{}", ran.stdout))
    };
    assert!(at("1 error bad_value price, stars") < at("3 warning truncated layers[3] (title), layers[4] (greeting)"));
    assert_eq!(lines[at("1 error bad_value") + 1].trim(), "line 5, key values: expected a number, got \"cheap\"");
    assert!(at("3 warning truncated") < at("- note missing_column"));
    assert!(lines[at("Arabic 1 row")].contains("U+0627"));
    let worst = at("the worst rows");
    assert_eq!(lines[worst + 1], "  line 5, key values", "two errors in one row");
    assert_eq!(lines.last(), Some(&"... and 15 rows more; --show N lists more of them, --all every finding"));
    assert_eq!(ran.stderr, "20 rows, 40 variants: 8 with errors, 10 with warnings, 1 with notes\n");

    let all = folder.check(&["--data", "rows.csv", "--all"]);
    let lines: Vec<&str> = all.stdout.lines().collect();
    assert_eq!(lines.len(), 24);
    assert!(
        lines[1].starts_with("rows.csv:3: warning: empty_text: layers[3] (title): nothing to show"),
        "{}",
        lines[1]
    );
    assert!(lines[1].ends_with("(key blank; link story)"));
    assert_eq!((all.status, all.stderr), (1, ran.stderr));
}

#[test]
fn the_exit_status_tells_rows_from_templates() {
    let folder = Folder::new();
    folder
        .write("good.csv", "id,title,price,photo,stars,badge,subtitle,first_name,family\n1,Boots,9,photo.png,4,,,,\n");
    let good = folder.check(&["--data", "good.csv"]);
    assert_eq!((good.status, &*good.stdout), (0, ""));
    assert_eq!(good.stderr, "1 row, 2 variants: nothing to complain of\n");
    folder.write("notes.csv", "id,title,price,photo\n1,Boots,9,small.png\n");
    assert_eq!(folder.check(&["--data", "notes.csv"]).status, 0, "notes are no problem");
    assert_eq!(folder.check(&[]).status, 0);
    assert_eq!(folder.check(&["--report", "r.html"]).status, 2, "a page of what?");
    assert_eq!(folder.check(&["--data", "rows.csv", "--all", "--json"]).status, 2);
    let unwritable = folder.check(&["--data", "good.csv", "--report", "no/such/folder.html"]);
    assert_eq!(unwritable.status, 2);
    assert!(unwritable.stderr.contains("cannot write no/such/folder.html"), "{}", unwritable.stderr);
}

#[test]
fn photos_on_the_network_can_be_left_alone() {
    let folder = Folder::new();
    folder.write("rows.csv", "id,title,price,photo\n1,Boots,9,https://me:secret@shop.invalid/a.jpg?sig=1\n");
    let ran = folder.check(&["--data", "rows.csv", "--json", "--offline"]);
    assert_eq!(ran.status, 0, "{}", ran.stdout);
    let (findings, _) = json(&ran);
    assert_eq!(of(&findings, "1", "photo_not_checked")["severity"], "note");
    assert!(!ran.stdout.contains("secret") && !ran.stdout.contains("sig="));
}

#[test]
fn the_page_holds_every_finding_and_fetches_nothing() {
    let folder = Folder::new();
    let ran = folder.check(&["--data", "rows.csv", "--report", "r.html"]);
    assert!(ran.stderr.trim_end().ends_with("; see r.html"), "{}", ran.stderr);
    let page = folder.read("r.html");
    let data = page.split("type=\"application/json\">").nth(1).and_then(|rest| rest.split("</script>").next());
    let data: Value = serde_json::from_str(data.expect("data")).expect("JSON");
    assert_eq!(data["findings"].as_array().map(Vec::len), Some(24));
    assert_eq!(data["sizes"], serde_json::json!([["link", 1200, 628], ["story", 1080, 1920]]));
    let titles: Vec<&str> =
        data["kinds"].as_array().expect("kinds").iter().map(|kind| kind[2].as_str().expect("a title")).collect();
    for title in &titles {
        assert!(page.contains(&format!(">{title}</button>")), "{title}");
    }
    assert!(page.contains("8 rows will fail, 10 more will look wrong."));
    assert_eq!(page.matches("<script").count(), 2, "row values open no element");
    assert!(!page.contains("<!--") && !page.contains("src="));
    assert!(page.contains("default-src 'none'"));
    // The schematic of a row that is laid out: its photo, its stars, its lines.
    let place = &data["findings"].as_array().expect("a list").iter().find(|f| f[1] == "truncated").expect("one")[10][0];
    let frame = &data["frames"][place[1].as_u64().expect("a number") as usize];
    let kinds: std::collections::BTreeSet<u64> =
        frame.as_array().expect("shapes").iter().map(|shape| shape[0].as_u64().expect("a kind")).collect();
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
}
