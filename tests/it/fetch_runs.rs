//! Runs whose photos, fonts, templates and rows come over the network, through the program itself.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::server::{Reply, Server};
use crate::support::{gpu_turn, root};

const TEMPLATE: &str = r##"gravure: 1
name: offer
sizes: { only: { width: 96, height: 64 } }
outputs: [{ format: png }]
fields:
  title: { type: text, required: true }
  photo: { type: image }
fonts: [FONT]
layers:
  - { type: rect, frame: full, fill: "#0f172a" }
  - { type: image, id: pic, src: "{{ photo | default('') }}", frame: { x: 4, y: 4, width: 24, height: 24 } }
  - { type: text, text: "{{ title }}", frame: { x: 4, y: 36, width: 88, height: 20 }, font: { size: 12 }, color: white }
"##;

fn png(shade: u8) -> Vec<u8> {
    let photo = image::RgbImage::from_pixel(24, 24, image::Rgb([shade, 99, 9]));
    let mut file = std::io::Cursor::new(Vec::new());
    photo.write_to(&mut file, image::ImageFormat::Png).expect("written");
    file.into_inner()
}

fn font() -> PathBuf {
    root().join("examples/product-card/fonts/Inter-Bold.ttf")
}

/// A folder with a template whose font is there, and rows.
struct Campaign(tempfile::TempDir);

struct Ran {
    status: i32,
    stderr: String,
}

impl Campaign {
    fn new(rows: &str) -> Self {
        let campaign = Self(tempfile::tempdir().expect("a folder"));
        fs::copy(font(), campaign.path("Inter-Bold.ttf")).expect("the sample campaign has its fonts");
        fs::write(campaign.path("photo.png"), png(200)).expect("written");
        fs::write(campaign.path("t.yaml"), TEMPLATE.replace("FONT", "Inter-Bold.ttf")).expect("written");
        fs::write(campaign.path("rows.csv"), rows).expect("written");
        campaign
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gravure"));
        command.current_dir(self.0.path()).args(arguments).stdin(Stdio::null());
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("GRAVURE_") && name != "GRAVURE_ADAPTER" {
                command.env_remove(name);
            }
        }
        command
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        ran(&mut self.command(arguments))
    }

    fn render(&self, more: &[&str]) -> Ran {
        self.run(&[&["render", "t.yaml", "--data", "rows.csv"], more].concat())
    }

    fn manifest(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.path("out/manifest.jsonl")).expect("a manifest");
        text.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
    }
}

fn ran(command: &mut Command) -> Ran {
    let output = command.output().expect("the program starts");
    let stderr = String::from_utf8(output.stderr).expect("UTF-8");
    Ran { status: output.status.code().expect("not killed"), stderr }
}

/// Everything that a run wrote down for people.
fn written(folder: &Path) -> String {
    ["manifest.jsonl", "index.html"].map(|name| fs::read_to_string(folder.join(name)).unwrap_or_default()).concat()
}

#[test]
fn photos_are_fetched_side_by_side_and_outcomes_stay_in_order() {
    let _turn = gpu_turn();
    let server = Server::start(|asked, _| {
        std::thread::sleep(Duration::from_millis(60));
        Reply::ok(png(asked.target[2..].parse::<u32>().expect("a number") as u8))
    });
    let mut rows = "id,title,photo\n".to_owned();
    for row in 0..120 {
        // Every third row has a photo of this machine, and the same URLs come again.
        let photo = if row % 3 == 0 { "photo.png".to_owned() } else { server.url(&format!("p{}", row % 60)) };
        rows += &format!("{row},Row {row},{photo}\n");
    }
    let campaign = Campaign::new(&rows);
    let ran = campaign.render(&["--allow-private", "--threads", "2"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let records = campaign.manifest();
    let keys: Vec<_> = records.iter().map(|record| record["key"].as_str().expect("a key").to_owned()).collect();
    assert_eq!(keys, (0..120).map(|row| row.to_string()).collect::<Vec<_>>());
    for number in (0..60).filter(|number| number % 3 != 0) {
        assert_eq!(server.times_asked(&format!("/p{number}")), 1, "p{number}");
    }
    assert!(server.most_at_once() >= 8, "only {} at once", server.most_at_once());
    // The right photo in the right picture.
    for row in [1, 2, 59, 61, 119] {
        let picture = image::open(campaign.path(&format!("out/{row}-only.png"))).expect("a picture").into_rgb8();
        assert_eq!(picture.get_pixel(10, 10).0, [row as u8 % 60, 99, 9], "row {row}");
    }
}

#[test]
fn what_cannot_be_fetched_fails_its_rows_once_asked() {
    let _turn = gpu_turn();
    let server = Server::start(|asked, _| match asked.target.split('?').next().expect("a path") {
        "/none.png" => Reply::status(404),
        "/no.png" => Reply::status(403),
        "/big.png" => Reply::Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n".to_vec()),
        "/page.png" => Reply::ok("<html>not a photo</html>"),
        "/inner.png" => Reply::redirect(302, "http://169.254.169.254/latest/meta-data/"),
        _ => Reply::ok(png(7)),
    });
    let cases = [
        ("none.png?sig=s3cret", "photo_missing", "the server says 404 Not Found"),
        ("no.png?sig=s3cret", "url_failed", "the server says 403 Forbidden"),
        ("big.png?sig=s3cret", "photo_too_large", "99999999 bytes"),
        ("page.png?sig=s3cret", "photo_unreadable", "not a"),
        ("inner.png?sig=s3cret", "url_refused", "not public (link-local)"),
    ];
    let mut rows = "id,title,photo\ngood,Good,".to_owned() + &server.url("good.png?sig=s3cret") + "\n";
    for (target, code, _) in cases {
        for copy in 0..20 {
            rows += &format!("{code}-{copy},Bad,{}\n", server.url(target));
        }
    }
    for (id, photo) in [
        ("userinfo", "http://user:s3cret@example.com/a.png"),
        ("scheme", "file:///etc/passwd"),
        ("broken", "https://[s3cret/"),
        ("rubbish", "data:image/png;base64,s3cret!"),
        ("embedded", "data:image/gif;base64,R0lGODlhAQABAIAAAP8AAP///ywAAAAAAQABAAACAkQBADs="),
    ] {
        rows += &format!("{id},x,\"{photo}\"\n");
    }
    let campaign = Campaign::new(&rows);
    let ran = campaign.render(&["--allow-private"]);
    assert_eq!(ran.status, 1, "{}", ran.stderr);
    let records = campaign.manifest();
    let error = |key: &str| {
        let record = records.iter().find(|record| record["key"] == key).unwrap_or_else(|| panic!("{key}"));
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        (text(&record["error"]["code"]), text(&record["error"]["message"]))
    };
    for (target, code, part) in cases {
        for copy in [0, 19] {
            let (found, message) = error(&format!("{code}-{copy}"));
            assert_eq!(found, code, "{message}");
            let name = target.split('?').next().expect("a name");
            let place = format!("layers[1] (pic): {}: ", server.url(name));
            assert!(message.starts_with(&place) && message.contains(part), "{message}");
        }
        assert_eq!(server.times_asked(&format!("/{target}")), 1, "{target}");
    }
    assert_eq!(error("good").0, "");
    assert_eq!(error("userinfo").0, "url_refused");
    assert_eq!(error("scheme").0, "url_refused");
    assert_eq!(error("broken").0, "url_refused");
    assert_eq!(error("rubbish").0, "photo_unreadable");
    for text in [written(&campaign.path("out")), ran.stderr] {
        assert!(!text.contains("s3cret"), "a secret is written down");
    }
}

#[test]
fn without_leave_this_machine_is_not_asked() {
    let server = Server::start(|_, _| Reply::ok(png(7)));
    let _turn = gpu_turn();
    let campaign = Campaign::new(&format!("id,title,photo\n1,One,{}\n2,Two,photo.png\n", server.url("a.png")));
    for (flags, part) in [
        (&[][..], "--allow-private admits it"),
        (&["--offline", "--allow-private"], "--offline"),
        (&["--allow-private", "--allow-host", "example.com"], "not among the allowed hosts"),
    ] {
        assert_eq!(campaign.render(flags).status, 1, "{flags:?}");
        let records = campaign.manifest();
        assert_eq!(records[0]["error"]["code"], "url_refused");
        assert!(records[0]["error"]["message"].as_str().is_some_and(|message| message.contains(part)), "{flags:?}");
        assert_eq!(records[1]["status"], "ok");
    }
    assert_eq!(server.connections(), 0);
    let mut command = campaign.command(&["render", "t.yaml", "--data", "rows.csv"]);
    command.env("GRAVURE_ALLOW_PRIVATE", "1").env("GRAVURE_ALLOW_HOSTS", "example.com,127.0.0.1");
    assert_eq!(ran(&mut command).status, 0);
}

#[test]
fn no_proxy_of_the_environment_is_used() {
    let _turn = gpu_turn();
    let (server, proxy) = (Server::start(|_, _| Reply::ok(png(7))), Server::start(|_, _| Reply::ok(png(8))));
    let campaign = Campaign::new(&format!("id,title,photo\n1,One,{}\n", server.url("a.png")));
    let mut command = campaign.command(&["render", "t.yaml", "--data", "rows.csv", "--allow-private"]);
    for name in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
        command.env(name, proxy.url(""));
    }
    assert_eq!(ran(&mut command).status, 0);
    assert_eq!((server.connections(), proxy.connections()), (1, 0));
}

#[test]
fn a_whole_campaign_comes_from_a_url() {
    let _turn = gpu_turn();
    let server = Server::start(|asked, _| match asked.target.as_str() {
        "/campaigns/a/t.yaml?sig=s3cret" => Reply::ok(TEMPLATE.replace("FONT", "../fonts/Inter.ttf")),
        "/campaigns/fonts/Inter.ttf" => Reply::ok(fs::read(font()).expect("a font")),
        "/feeds/rows.csv?sig=s3cret" => Reply::ok("id,title,photo\n1,One,images/1.png\n2,Two,/images/2.png\n"),
        "/feeds/images/1.png" => Reply::ok(png(1)),
        "/images/2.png" => Reply::ok(png(2)),
        _ => Reply::status(404),
    });
    let campaign = Campaign::new("");
    let (template, data) = (server.url("campaigns/a/t.yaml?sig=s3cret"), server.url("feeds/rows.csv?sig=s3cret"));
    let ran = campaign.run(&["render", &template, "--data", &data, "--allow-private"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    for row in [1, 2] {
        let picture = image::open(campaign.path(&format!("out/{row}-only.png"))).expect("a picture").into_rgb8();
        assert_eq!(picture.get_pixel(10, 10).0[0], row);
    }
    assert!(!written(&campaign.path("out")).contains("s3cret"));
    assert!(server.asked().iter().all(|asked| asked.target != "/Inter-Bold.ttf"));

    let refused = campaign.run(&["render", &template, "--data", &data]);
    assert_eq!(refused.status, 2);
    assert!(refused.stderr.contains("--allow-private") && !refused.stderr.contains("s3cret"), "{}", refused.stderr);
    let none = campaign.run(&["render", "t.yaml", "--data", &server.url("none.csv?sig=s3cret"), "--allow-private"]);
    assert_eq!(none.status, 2);
    assert!(none.stderr.contains("none.csv: the server says 404 Not Found"), "{}", none.stderr);
    assert!(!none.stderr.contains("s3cret"), "{}", none.stderr);
}

#[test]
fn a_remote_template_reads_no_file_of_this_machine() {
    let server = Server::start(|asked, _| match asked.target.as_str() {
        "/t.yaml" => {
            Reply::ok(TEMPLATE.replace("FONT", "/etc/hostname").replace("{{ photo | default('') }}", "/etc/passwd"))
        }
        _ => Reply::status(404),
    });
    let campaign = Campaign::new("id,title\n1,One\n");
    let ran = campaign.run(&["check", &server.url("t.yaml"), "--data", "rows.csv", "--allow-private"]);
    assert_eq!(ran.status, 2, "{}", ran.stderr);
    assert_eq!(server.times_asked("/etc/hostname"), 1, "it is a file of the server's");
    assert_eq!(server.times_asked("/etc/passwd"), 1);
}

#[test]
fn a_kept_photo_is_only_confirmed() {
    let _turn = gpu_turn();
    let server = Server::start(|asked, _| match asked.headers.contains_key("if-none-match") {
        true => Reply::Whole(304, Vec::new(), Vec::new()),
        false => Reply::ok(png(7)).with("ETag", "\"7\""),
    });
    let campaign = Campaign::new(&format!("id,title,photo\n1,One,{}\n", server.url("a.png")));
    for _ in 0..2 {
        assert_eq!(campaign.render(&["--allow-private", "--cache", "kept"]).status, 0);
    }
    let asked = server.asked();
    assert_eq!(asked.len(), 2);
    assert_eq!(asked[1].headers.get("if-none-match").map(String::as_str), Some("\"7\""));
}

#[test]
fn pixels_that_turn_out_to_be_broken_are_the_fault_of_their_layer() {
    let _turn = gpu_turn();
    let campaign = Campaign::new("id,title,photo\n1,One,broken.png\n2,Two,photo.png\n");
    let mut broken = png(7);
    let data = broken.windows(4).position(|part| part == b"IDAT").expect("pixels") + 4;
    broken[data..data + 8].fill(0xee);
    fs::write(campaign.path("broken.png"), broken).expect("written");
    assert_eq!(campaign.render(&[]).status, 1);
    let records = campaign.manifest();
    assert_eq!(records[0]["error"]["code"], "photo_unreadable");
    let message = records[0]["error"]["message"].as_str().expect("a reason");
    assert!(message.starts_with("layers[1] (pic): broken.png: "), "{message}");
    assert_eq!(records[1]["status"], "ok");
}
