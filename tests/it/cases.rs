//! `tests/cases/<name>/`: a template and rows beside the layout and the pictures that they must give.
//!
//! `layout.txt` is the display list of every canvas, exactly. `<key>-<size>.png` is the picture, within a
//! tolerance: software adapters round alike but not always equally, so a channel may differ by [`MAX_LEVELS`] and
//! the mean over all by [`MAX_MEAN`]. On failure the difference is drawn under `target/cases/`.
//!
//! `tests/fonts/` is a case too: a row for every script, beside the fonts that it is set in.
//!
//! `GRAVURE_TEST_BLESS=1` writes what is found as what is expected: look at it before you commit it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use gravure::pixels::Bitmap;
use gravure::sheet::SheetLimits;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder};

use crate::support::{Laid, campaign, gpu_turn, lay_out_rows, paint, painter, root};

/// Greatest difference of one channel, of 255.
const MAX_LEVELS: u8 = 3;
/// Greatest mean difference of all channels, of 255.
const MAX_MEAN: f64 = 0.02;

pub fn cases() -> Vec<PathBuf> {
    let folder = root().join("tests/cases");
    let mut cases: Vec<_> =
        std::fs::read_dir(folder).expect("tests/cases").map(|entry| entry.expect("an entry").path()).collect();
    cases.retain(|path| path.is_dir());
    cases.push(root().join("tests/fonts"));
    cases.sort();
    assert!(!cases.is_empty());
    cases
}

fn blessed() -> bool {
    std::env::var_os("GRAVURE_TEST_BLESS").is_some()
}

fn name(case: &Path) -> String {
    case.file_name().expect("named").to_string_lossy().into_owned()
}

pub fn rows_of(case: &Path) -> PathBuf {
    let csv = case.join("rows.csv");
    if csv.exists() { csv } else { case.join("rows.jsonl") }
}

#[test]
fn layouts_are_as_written_down() {
    for case in cases() {
        let campaign = campaign(&case.join("template.yaml"), &rows_of(&case));
        let mut found = String::new();
        for Laid { key, size, canvas } in lay_out_rows(&campaign, |_| true) {
            writeln!(found, "== {key}-{size}\n{}", canvas.list).expect("a string");
        }
        let path = case.join("layout.txt");
        if blessed() {
            std::fs::write(&path, &found).expect("written");
        }
        let expected = std::fs::read_to_string(&path).unwrap_or_default();
        similar_asserts::assert_eq!(expected, found, "layout of case {}", name(&case));
    }
}

#[test]
fn pictures_are_as_painted_before() {
    let _turn = gpu_turn();
    let mut wrong = Vec::new();
    for case in cases() {
        let campaign = campaign(&case.join("template.yaml"), &rows_of(&case));
        let mut painter = painter(&campaign);
        let mut laid = lay_out_rows(&campaign, |_| true);
        // Sheets hold one width.
        laid.sort_by_key(|laid| SheetLimits::sheet_width(laid.canvas.list.size.width));
        for group in laid.chunk_by(|a, b| {
            SheetLimits::sheet_width(a.canvas.list.size.width) == SheetLimits::sheet_width(b.canvas.list.size.width)
        }) {
            let canvases: Vec<_> = group.iter().map(|laid| laid.canvas.clone()).collect();
            for (Laid { key, size, .. }, found) in group.iter().zip(paint(&mut painter, &canvases)) {
                let path = case.join(format!("{key}-{size}.png"));
                if blessed() {
                    save(&path, &found);
                }
                if let Err(reason) = compare(&name(&case), &path, &found) {
                    wrong.push(reason);
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn compare(case: &str, path: &Path, found: &Bitmap) -> Result<(), String> {
    let what = format!("{case}/{}", path.file_name().expect("named").to_string_lossy());
    let expected = image::open(path).map_err(|error| format!("{what}: {error}"))?.to_rgba8();
    let size = found.size();
    if expected.dimensions() != (size.width, size.height) {
        return Err(format!("{what}: {:?} is not {}x{}", expected.dimensions(), size.width, size.height));
    }
    // Goldens are kept as premultiplied as they are painted: nothing is lost in between.
    let levels = |(a, b): (&u8, &u8)| a.abs_diff(*b);
    let most = expected.as_raw().iter().zip(found.data()).map(levels).max().unwrap_or(0);
    let sum: f64 = expected.as_raw().iter().zip(found.data()).map(|pair| f64::from(levels(pair))).sum();
    let mean = sum / (size.area() as f64 * 4.0);
    if most <= MAX_LEVELS && mean <= MAX_MEAN {
        return Ok(());
    }
    let folder = root().join("target/cases").join(case);
    std::fs::create_dir_all(&folder).expect("a folder for the difference");
    let stem = path.file_stem().expect("named").to_string_lossy();
    save(&folder.join(format!("{stem}-found.png")), found);
    let difference = expected.as_raw().chunks(4).zip(found.data().chunks(4)).flat_map(|(a, b)| {
        // Every level counts 16 times, so that the eye sees one.
        [0, 1, 2].map(|channel| a[channel].abs_diff(b[channel]).saturating_mul(16)).into_iter().chain([255])
    });
    save(&folder.join(format!("{stem}-difference.png")), &Bitmap::new(size, difference.collect()));
    Err(format!("{what}: differs by up to {most}, {mean:.4} on average; see {}", folder.display()))
}

fn save(path: &Path, bitmap: &Bitmap) {
    let size = bitmap.size();
    let file = std::fs::File::create(path).expect("a file");
    // Goldens are kept for ever: as small as they get.
    PngEncoder::new_with_quality(file, CompressionType::Best, FilterType::Adaptive)
        .write_image(bitmap.data(), size.width, size.height, ExtendedColorType::Rgba8)
        .expect("a picture saved");
}
