//! Thousands of rows with the ugliest values that feeds have, through the program: each renders or fails by itself,
//! with the code it should have; nothing is written elsewhere, nobody inside the network is called, memory is flat.
//!
//! `GRAVURE_TEST_HOSTILE_ROWS=5250` makes it as long as the sample campaign, `GRAVURE_TEST_HOSTILE_KEEP=DIR` leaves the
//! pictures in a folder to be looked at.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::Value;

use crate::support::{gpu_turn, root};

/// Rows in the ordinary run: every value comes up several times.
const ROWS: usize = 520;
/// Photos that the good rows share.
const PHOTOS: usize = 10;

/// What may become of a row with such a value.
#[derive(Clone, Copy, PartialEq)]
enum Fate {
    Ok,
    Fails(&'static [&'static str]),
}

use Fate::{Fails, Ok as Fine};

const BAD_VALUE: Fate = Fails(&["bad_value"]);
const MISSING: Fate = Fails(&["missing_field"]);

/// Values for columns of text that must be there.
fn texts() -> Vec<(String, Fate)> {
    let mut values: Vec<(String, Fate)> = [
        "مرحبا بكم في متجرنا الجديد",
        "سعر 1,299.00 ريال — iPhone 15 برو",
        "שלום עולם (בדיקה) 123",
        "สวัสดีชาวโลก ร้านอุปกรณ์ตั้งแคมป์ที่ดีที่สุด",
        "户外装备专家：轻量化帐篷、睡袋和登山鞋",
        "東京の「登山靴」、ﾊﾝｶｸ。",
        "नमस्ते दुनिया क्षत्रिय",
        "Tiếng Việt: Ứng dụng ễ ộ ặ",
        "👨‍👩‍👧‍👦 👩🏽‍🚀 🏳️‍🌈 🇩🇪🇫🇷 1️⃣ ❤️ ☺︎",
        "Z̷̡̛̗̖̞̤͉̳̱̃͑̿͗̓̚a̷͇̭͖̒̾l̴̨̟̈́̓g̸̛̱͐o̵̧̗͛",
        "\u{202e}desrever\u{202c} \u{2066}isolated\u{2069} \u{202b}",
        "\u{0}\u{1}\u{7}\u{1b}[31mred\u{7f}\u{85}",
        "\u{feff}\u{200b}\u{200d}\u{2060}x",
        "\u{fffe}\u{10ffff}\u{e000}\u{f8ff}",
        "<b>Bold</b><script>alert(1)</script> &amp; <img src=x onerror=alert(1)>",
        "{{ 7 * 7 }} {% for i in range(999999999) %}{% endfor %} {{ row }} ${jndi:ldap://x}",
        "../../../etc/passwd",
        "'; DROP TABLE products; --",
        "line one\nline two\r\nline three\rline four\u{2028}five",
        "\t tabs \t and   spaces ",
        "=cmd|' /C calc'!A0",
        "WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW",
        "a\u{ad}very\u{ad}long\u{ad}soft\u{ad}hyphenated\u{ad}word",
        "NaN",
        "null",
    ]
    .map(|text| (text.to_owned(), Fine))
    .into();
    values.push(("x".repeat(2_000), Fine));
    values.push(("many words ".repeat(182), Fine));
    values.push(("ش".repeat(2_000), Fine));
    values.push((format!("e{}", "\u{301}".repeat(2_000)), Fine));
    values.push(("👨‍👩‍👧‍👦".repeat(80), Fine));
    values.push((format!("{}x{}", "\u{202e}".repeat(130), "\u{202c}".repeat(130)), Fine));
    values.push((String::new(), MISSING));
    values
}

/// Values for a number that must be there.
fn numbers() -> Vec<(String, Fate)> {
    let bad = ["NaN", "inf", "-Infinity", "1e309", "0x10", "12,5,0", "free", "١٢٣", "1.2.3", "<b>9</b>", "{{ 9 }}"];
    let good = ["0", "-0", "-12.5", "0.000001", "9007199254740993", "  19.99  ", "1e3"];
    // Larger than any price: what is too long to print may fail, and may not hang.
    let either = ["1e308", "-1e308", "1e-308", "99999999999999999999999999999999"];
    let mut values: Vec<_> = bad.map(|text| (text.to_owned(), BAD_VALUE)).into();
    values.extend(good.map(|text| (text.to_owned(), Fine)));
    values.extend(either.map(|text| (text.to_owned(), Fails(&["", "bad_value", "expression_failed"]))));
    values.push((String::new(), MISSING));
    values
}

/// Values for a photo that must be there. `port` is one that must never be called.
fn photos(port: u16) -> Vec<(String, Fate)> {
    const REFUSED: Fate = Fails(&["url_refused"]);
    const OUTSIDE: Fate = Fails(&["photo_outside"]);
    const UNREADABLE: Fate = Fails(&["photo_unreadable"]);
    let mut values = vec![
        ("../secret.png".to_owned(), OUTSIDE),
        ("images/../../secret.png".to_owned(), OUTSIDE),
        ("/etc/passwd".to_owned(), OUTSIDE),
        ("images/none.webp".to_owned(), Fails(&["photo_missing"])),
        ("images".to_owned(), Fails(&["photo_unreadable", "photo_missing"])),
        ("rows.csv".to_owned(), UNREADABLE),
        ("images/torn.webp".to_owned(), UNREADABLE),
        ("images/empty.webp".to_owned(), UNREADABLE),
        ("images/bomb.png".to_owned(), Fails(&["photo_too_large"])),
        ("data:rubbish".to_owned(), Fails(&["photo_unreadable", "bad_value"])),
        ("data:image/png;base64,AAAA".to_owned(), UNREADABLE),
        ("data:image/png;base64,%%%".to_owned(), Fails(&["photo_unreadable", "bad_value"])),
        ("file:///etc/passwd".to_owned(), Fails(&["url_refused", "photo_outside", "bad_value"])),
        ("ftp://example.com/a.png".to_owned(), Fails(&["url_refused", "bad_value"])),
        ("http://".to_owned(), Fails(&["url_refused", "bad_value"])),
        ("https://no-such-host.invalid/a.webp?token=SECRET".to_owned(), Fails(&["url_failed", "photo_missing"])),
        (String::new(), MISSING),
        ("x".repeat(2_000), Fails(&["photo_missing", "bad_name", "photo_outside", "bad_value"])),
        ("a\u{0}b.png".to_owned(), Fails(&["photo_missing", "photo_outside", "bad_value"])),
    ];
    let hosts = ["127.0.0.1", "localhost", "0x7f000001", "2130706433", "0177.0.0.1", "127.1", "[::1]", "0.0.0.0"];
    let hosts = hosts.into_iter().chain(["[::ffff:127.0.0.1]", "user:SECRET@127.0.0.1"]);
    values.extend(hosts.map(|host| (format!("http://{host}:{port}/a.png?token=SECRET"), REFUSED)));
    // Not every resolver knows it.
    values.push((format!("http://localhost.:{port}/a.png"), Fails(&["url_refused", "url_failed"])));
    values
}

struct HostileRow {
    key: String,
    fate: Vec<Fate>,
}

/// Writes the campaign; every row takes an ugly value in one column or in all.
fn write_campaign(folder: &Path, count: usize, port: u16) -> Vec<HostileRow> {
    let sample = root().join("examples/product-card");
    let fonts = sample.join("fonts");
    fs::create_dir_all(folder.join("fonts")).expect("a folder");
    for font in fs::read_dir(&fonts).expect("fonts").chain(fs::read_dir(root().join("tests/fonts")).expect("fonts")) {
        let font = font.expect("an entry").path();
        if font.is_file() {
            fs::copy(&font, folder.join("fonts").join(font.file_name().expect("a name"))).expect("copied");
        }
    }
    let template = fs::read_to_string(sample.join("template.yaml")).expect("the template");
    fs::write(folder.join("template.yaml"), with_every_script(&template, &folder.join("fonts"))).expect("written");
    fs::create_dir_all(folder.join("images")).expect("a folder");
    for nth in 1..=PHOTOS {
        let name = format!("images/{nth}.webp");
        fs::copy(sample.join(&name), folder.join(&name)).expect("copied");
    }
    let whole = fs::read(sample.join("images/1.webp")).expect("a photo");
    fs::write(folder.join("images/torn.webp"), &whole[..whole.len() / 3]).expect("written");
    fs::write(folder.join("images/empty.webp"), b"").expect("written");
    fs::write(folder.join("images/bomb.png"), png_bomb()).expect("written");

    let (texts, numbers, photos) = (texts(), numbers(), photos(port));
    let mut csv = csv::Writer::from_path(folder.join("rows.csv")).expect("a file");
    csv.write_record(["id", "first_name", "product_id", "brand", "name", "price", "image"]).expect("written");
    let mut rows = Vec::with_capacity(count);
    for number in 0..count {
        let key = format!("row-{number}");
        let ugly = |column: usize| number % 7 == column || number % 7 == 6;
        let nth = number / 7;
        let mut fate = Vec::new();
        let mut take = |column: usize, values: &[(String, Fate)], good: &str, empty_is_fine: bool| {
            if !ugly(column) {
                return good.to_owned();
            }
            // Rows with ugly values everywhere step through the tables at different paces.
            let (value, of_value) = &values[(nth * if number % 7 == 6 { column * 2 + 1 } else { 1 }) % values.len()];
            fate.push(if empty_is_fine && value.is_empty() { Fine } else { *of_value });
            value.clone()
        };
        let photo = format!("images/{}.webp", number % PHOTOS + 1);
        let cells = [
            key.clone(),
            take(0, &texts, "Mark", true),
            take(1, &numbers, "7", false),
            take(2, &texts, "Daybird", false),
            take(3, &texts, "Wanderer Black Hiking Boots", false),
            take(4, &numbers, "109.99", false),
            take(5, &photos, &photo, false),
        ];
        csv.write_record(&cells).expect("written");
        rows.push(HostileRow { key, fate });
    }
    csv.flush().expect("written");
    rows
}

/// The template with every font of the tests as a fallback.
fn with_every_script(template: &str, fonts: &Path) -> String {
    let files = fs::read_dir(fonts).expect("fonts").map(|file| file.expect("an entry").file_name());
    let mut files: Vec<String> = files.map(|name| name.into_string().expect("a plain name")).collect();
    files.retain(|name| (name.ends_with(".ttf") || name.ends_with(".otf")) && !name.starts_with("Inter-"));
    files.sort();
    let (before, after) = template.split_once("\nlayers:").expect("a template with layers");
    let listed: String = files.iter().map(|name| format!("  - fonts/{name}\n")).collect();
    format!("{before}{listed}\nlayers:{after}")
}

/// A PNG that says it is 60,000 × 60,000: 14 GB of pixels in a few bytes.
fn png_bomb() -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 60_000, 60_000);
    encoder.set_color(png::ColorType::Rgba);
    drop(encoder.write_header().expect("a header"));
    bytes
}

/// Exit status, and the most memory that the program held, in bytes.
fn run(folder: &Path, out: &Path, log: &Path) -> (i32, u64) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gravure"));
    command.current_dir(folder).args(["render", "template.yaml", "--data", "rows.csv", "--size", "link", "--out"]);
    command.arg(out).stdin(Stdio::null()).stdout(Stdio::null()).stderr(fs::File::create(log).expect("a log"));
    let mut child = command.spawn().expect("the program starts");
    let status_file = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    loop {
        if let Ok(status) = fs::read_to_string(&status_file) {
            let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let kib = line.and_then(|line| line.trim().strip_suffix(" kB")).and_then(|kib| kib.parse::<u64>().ok());
            peak = kib.map_or(peak, |kib| peak.max(kib * 1024));
        }
        if let Some(status) = child.try_wait().expect("a child") {
            return (status.code().expect("not killed"), peak);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Every file below a folder.
fn files_below(folder: &Path) -> BTreeSet<PathBuf> {
    let mut files = BTreeSet::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.insert(path);
            }
        }
    }
    files
}

#[test]
fn hostile_rows_render_or_fail_one_by_one() {
    let _turn = gpu_turn();
    let count = std::env::var("GRAVURE_TEST_HOSTILE_ROWS").ok().and_then(|rows| rows.parse().ok()).unwrap_or(ROWS);
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    std::thread::spawn(move || {
        for _ in listener.incoming() {
            counted.fetch_add(1, Ordering::SeqCst);
        }
    });

    let place = tempfile::tempdir().expect("a folder");
    let folder = place.path().join("campaign");
    let kept = std::env::var_os("GRAVURE_TEST_HOSTILE_KEEP").map(PathBuf::from);
    let out = kept.unwrap_or_else(|| folder.join("out"));
    fs::create_dir_all(&folder).expect("a folder");
    fs::copy(root().join("examples/product-card/images/1.webp"), place.path().join("secret.png")).expect("copied");
    let rows = write_campaign(&folder, count, port);
    let before = files_below(place.path());
    let log = place.path().join("stderr.txt");
    let (status, peak) = run(&folder, &out, &log);
    let log_text = fs::read_to_string(&log).expect("a log");
    assert_eq!(status, 1, "{log_text}");
    assert_eq!(calls.load(Ordering::SeqCst), 0, "somebody inside the network was called");
    assert!(!log_text.contains("SECRET"), "a token shows: {log_text}");

    // Nothing was written but for the pictures and their lists.
    let new: Vec<_> = files_below(place.path()).difference(&before).cloned().collect();
    assert!(new.iter().all(|path| path.starts_with(&out) || *path == log), "{new:?}");

    let manifest = fs::read_to_string(out.join("manifest.jsonl")).expect("a manifest");
    let machine = place.path().to_string_lossy().into_owned();
    assert!(!manifest.contains("SECRET") && !manifest.contains(&machine), "a secret or a path of the machine shows");
    let records: Vec<Value> = manifest.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(records.len(), rows.len());
    let mut codes: BTreeMap<String, usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    for (row, record) in rows.iter().zip(&records) {
        assert_eq!(record["key"], row.key.as_str());
        let code = record["error"]["code"].as_str().unwrap_or_default();
        *codes.entry(code.to_owned()).or_default() += 1;
        let expected: BTreeSet<&str> = row
            .fate
            .iter()
            .flat_map(|fate| match fate {
                Fine => [""].as_slice(),
                Fails(codes) => codes,
            })
            .copied()
            .collect();
        let must_fail = row.fate.iter().any(|fate| matches!(fate, Fails(codes) if !codes.contains(&"")));
        if !expected.contains(code) || must_fail && code.is_empty() {
            wrong.push(format!("{expected:?}: {record}"));
        }
        if code.is_empty() {
            let picture = out.join(record["object"].as_str().expect("an object"));
            let bytes = fs::metadata(&picture).expect("a picture").len();
            assert_eq!(record["bytes"].as_u64(), Some(bytes), "{record}");
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    println!("{codes:?}, peak {} MB", peak >> 20);
    assert!(codes[""] * 5 > count, "most ugly text renders: {codes:?}");
    // The sample campaign itself takes this much, with its 101 photos.
    assert!(peak < 1_200 << 20, "{} MB", peak >> 20);
}
