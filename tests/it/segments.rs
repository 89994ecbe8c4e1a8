//! What a run takes from earlier pictures is, byte for byte, what each picture would be alone.

use std::path::Path;
use std::process::Command;

use gravure::encode::Encoder;
use gravure::job::{Format, Output};

use crate::support::{gpu_turn, lay_out_rows, paint, painter, product_card, root};

/// The catalogue has 101 products: every row but the first of each shares most of its picture with an earlier one.
const ROWS: usize = 230;

#[test]
fn a_picture_does_not_depend_on_what_the_run_made_before() {
    let _turn = gpu_turn();
    let folder = tempfile::tempdir().expect("a folder");
    let card = root().join("examples/product-card");
    for format in ["jpeg", "png"] {
        let status = Command::new(env!("CARGO_BIN_EXE_gravure"))
            .args(["render", "template.yaml", "--data", "rows.csv", "--limit", &ROWS.to_string(), "--format", format])
            .arg("--out")
            .arg(folder.path())
            .current_dir(&card)
            .status();
        assert!(status.expect("it runs").success());
    }
    let campaign = product_card();
    let mut painter = painter(&campaign);
    let mut encoder = Encoder::new();
    // First ones, and others of the same products.
    let chosen = |row: usize| row < 4 || (101..106).contains(&row) || row >= ROWS - 6;
    let mut compared = 0;
    for laid in lay_out_rows(&campaign, |row| row < ROWS && chosen(row)) {
        let pixels = paint(&mut painter, std::slice::from_ref(&laid.canvas)).remove(0);
        for format in [Format::Jpeg, Format::Png] {
            let alone = encoder.encode(pixels.view(), Output::new(format)).expect("encoded");
            let name = format!("{}-{}.{}", laid.key, laid.size, format.extension());
            let in_the_run = std::fs::read(folder.path().join(&name)).expect("stored");
            assert!(in_the_run == alone, "{name} is another file alone");
            compared += 1;
        }
    }
    assert_eq!(compared, 15 * 3 * 2);
}

/// Runs a template with the CPU and with the adapter coding: every file must be the same. `stages`: those that the
/// adapter has, and the CPU has not.
fn compare_coders(folder: &Path, arguments: &[&str], stages: &[&str]) -> usize {
    let [cpu, gpu] = ["cpu", "gpu"].map(|by| {
        let out = tempfile::tempdir().expect("a folder");
        let ran = Command::new(env!("CARGO_BIN_EXE_gravure"))
            .args(["render", "template.yaml", "--data", "rows.csv", "--timings"])
            .args(arguments)
            .arg("--out")
            .arg(out.path())
            .env("GRAVURE_ENCODE", by)
            .current_dir(folder)
            .output()
            .expect("it runs");
        let said = String::from_utf8_lossy(&ran.stderr);
        assert!(ran.status.success(), "{said}");
        for stage in stages {
            assert_eq!(said.contains(stage), by == "gpu", "{stage} by {by}: {said}");
        }
        out
    });
    let mut compared = 0;
    for entry in std::fs::read_dir(cpu.path()).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|extension| extension == "jpg" || extension == "png") {
            let name = path.file_name().expect("a name");
            let coded = std::fs::read(gpu.path().join(name)).expect("stored");
            assert!(
                std::fs::read(&path).expect("stored") == coded,
                "{} is another file from the adapter",
                path.display()
            );
            compared += 1;
        }
    }
    compared
}

#[test]
fn the_adapter_codes_the_same_files() {
    let _turn = gpu_turn();
    let card = root().join("examples/product-card");
    let (jpeg, png) = (["jpeg, code", "jpeg, stuff"], ["png, filter", "png, measure", "png, code"]);
    // Most of the last five recurs.
    assert_eq!(compare_coders(&card, &["--size", "link", "--limit", "106"], &jpeg), 106);
    assert_eq!(compare_coders(&card, &["--size", "story", "--quality", "96", "--limit", "3"], &jpeg), 3);
    assert_eq!(compare_coders(&card, &["--size", "link", "--format", "png", "--limit", "106"], &png), 106);
    let both = ["--size", "square", "--format", "jpeg", "--format", "png", "--limit", "4"];
    assert_eq!(compare_coders(&card, &both, &[jpeg.as_slice(), &png].concat()), 8);
    // The adapter has no coder for the second.
    let with_webp = ["--size", "square", "--format", "png", "--format", "webp", "--limit", "2"];
    assert_eq!(compare_coders(&card, &with_webp, &[]), 2);
    assert_eq!(compare_coders(&card, &["--format", "png", "--compression", "size", "--limit", "1"], &[]), 3);
}

#[test]
fn what_the_adapter_has_no_room_for_is_coded_all_the_same() {
    let _turn = gpu_turn();
    let folder = tempfile::tempdir().expect("a folder");
    let mut seed = 1_u32;
    let noise = image::RgbImage::from_fn(640, 320, |_, _| {
        image::Rgb(std::array::from_fn(|_| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 24) as u8
        }))
    });
    noise.save(folder.path().join("noise.png")).expect("saved");
    let template = r##"{
        "gravure": 1, "name": "noise", "sizes": { "s": { "width": 640, "height": 320 } },
        "outputs": [{ "format": "jpeg", "quality": 100, "subsampling": "4:4:4" }],
        "fields": { "spot": { "type": "color", "required": true } },
        "layers": [
            { "type": "image", "src": "noise.png", "frame": "full" },
            { "type": "rect", "frame": { "x": 300, "y": 40, "width": 30, "height": 30 }, "fill": "{{ spot }}" }
        ]
    }"##;
    std::fs::write(folder.path().join("template.yaml"), template).expect("written");
    let rows: String = (0..40).map(|row| format!("\"#ff00{:02x}\"\n", row * 5)).collect();
    std::fs::write(folder.path().join("rows.csv"), format!("spot\n{rows}")).expect("written");
    assert_eq!(compare_coders(folder.path(), &[], &[]), 40);
    assert_eq!(compare_coders(folder.path(), &["--format", "png"], &[]), 40);
}
