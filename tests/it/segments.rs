//! What a run takes from earlier pictures is, byte for byte, what each picture would be alone.

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
