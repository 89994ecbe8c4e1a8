//! A variant's pixels do not depend on its slot, its neighbours, or what was drawn before it.

use gravure::gpu::WayBack;
use gravure::pixels::{Bitmap, RectPx};
use gravure::sheet::Canvas;

use crate::support::{campaign, gpu_turn, lay_out_rows, paint, painter, product_card, root};

/// Rows with and without a badge, with short and long names.
const ROWS: [usize; 8] = [0, 1, 2, 3, 5, 8, 13, 60];

fn of_size(size: &str) -> Vec<Canvas> {
    let campaign = product_card();
    let laid = lay_out_rows(&campaign, |row| ROWS.contains(&row));
    laid.into_iter().filter(|laid| laid.size == size).map(|laid| laid.canvas).collect()
}

fn assert_same(expected: &Bitmap, found: &Bitmap, what: &str) {
    if expected == found {
        return;
    }
    let different = expected.data().chunks(4).zip(found.data().chunks(4)).filter(|(a, b)| a != b).count();
    let width = expected.size().width as usize;
    let first = expected.data().chunks(4).zip(found.data().chunks(4)).position(|(a, b)| a != b).unwrap_or_default();
    panic!("{what}: {different} pixels differ, the first at ({}, {})", first % width, first / width);
}

#[test]
fn the_same_variant_is_the_same_in_every_slot_of_a_full_sheet() {
    let _turn = gpu_turn();
    let canvases = of_size("link");
    // A painter of its own for each canvas alone: no plate, no glyph and no photo from before.
    let alone: Vec<Bitmap> = canvases
        .iter()
        .map(|canvas| paint(&mut painter(&product_card()), std::slice::from_ref(canvas)).remove(0))
        .collect();
    let mut painter = painter(&product_card());
    let slots = (painter.limits().max_rows(1216) / canvases[0].list.size.height) as usize;
    assert!(slots > canvases.len(), "a full sheet holds {slots}");
    // Every canvas comes into every slot, among all the others; plates and cached glyphs come and go.
    for shift in 0..slots {
        let order: Vec<usize> = (0..slots).map(|slot| (slot + shift) % canvases.len()).collect();
        let sheet: Vec<Canvas> = order.iter().map(|&index| canvases[index].clone()).collect();
        for (slot, (found, index)) in paint(&mut painter, &sheet).iter().zip(order).enumerate() {
            assert_same(&alone[index], found, &format!("row {} in slot {slot}, shift {shift}", ROWS[index]));
        }
    }
}

#[test]
fn tall_canvases_too() {
    let _turn = gpu_turn();
    let canvases = of_size("story");
    let mut painter = painter(&product_card());
    let alone: Vec<Bitmap> =
        canvases.iter().map(|canvas| paint(&mut painter, std::slice::from_ref(canvas)).remove(0)).collect();
    let slots = (painter.limits().max_rows(1088) / canvases[0].list.size.height) as usize;
    let sheet: Vec<Canvas> = canvases.iter().rev().take(slots).cloned().collect();
    for (slot, (expected, found)) in alone.iter().rev().zip(paint(&mut painter, &sheet)).enumerate() {
        assert_same(expected, &found, &format!("slot {slot}"));
    }
}

/// What is drawn of a canvas in windows is what is there when all of it is drawn: for every size, wherever the windows
/// lie, with plates and without.
#[test]
fn a_window_shows_what_the_whole_canvas_shows() {
    let _turn = gpu_turn();
    for (size, width) in [("link", 1200), ("square", 1080), ("story", 1080)] {
        let canvases = of_size(size);
        let mut painter = painter(&product_card());
        let whole: Vec<Bitmap> =
            canvases.iter().map(|canvas| paint(&mut painter, std::slice::from_ref(canvas)).remove(0)).collect();
        for step in [16, 48, 176] {
            let windows = |seed: usize| -> Vec<RectPx> {
                let height = whole[0].size().height;
                let rows = (0..height).step_by(step as usize * 2);
                let x = (seed as u32 * 240 + step) % 960 / 16 * 16;
                let window = |y| RectPx::new(x as i32, y as i32, (width - x).min(step * 5), step.min(height - y));
                rows.map(window).collect()
            };
            let parts: Vec<Canvas> = canvases
                .iter()
                .enumerate()
                .map(|(seed, canvas)| Canvas { windows: windows(seed), ..canvas.clone() })
                .collect();
            // Before any plate and after.
            for painter in [&mut painter, &mut self::painter(&product_card())] {
                let mut found = paint(painter, &parts).into_iter();
                for (index, part) in parts.iter().enumerate() {
                    for window in &part.windows {
                        let expected = whole[index].view().part(*window).to_bitmap();
                        let what = format!("{size}, row {}, window {window}", ROWS[index]);
                        assert_same(&expected, &found.next().expect("a slot for each window"), &what);
                    }
                }
            }
        }
    }
}

/// Marks are shifted by fractions of a pixel, and the first canvas has nothing above it.
#[test]
fn marks_at_the_top_edge_are_the_same_in_every_slot() {
    let _turn = gpu_turn();
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::copy(root().join("examples/product-card/fonts/Inter-Bold.ttf"), folder.path().join("Inter-Bold.ttf"))
        .expect("a font");
    let template = "gravure: 1\nname: marks\nsizes: { only: { width: 400, height: 60 } }\n\
        fields: { text: { type: text, required: true } }\nfonts: [Inter-Bold.ttf]\nlayers:\n  \
        - { type: rect, frame: full, fill: white }\n  \
        - { type: text, text: '{{ text }}', frame: { x: 0, y: 0 }, font: { weight: 700, size: 47.5, line_height: 1 } }\n  \
        - { type: text, text: '{{ text }}', frame: { x: 200, y: 0 }, rotation: 3, font: { weight: 700, size: 21.5, line_height: 1 } }\n";
    let text = "X\u{302} B\u{303} q\u{302} Z\u{308} k\u{30b}";
    let rows: String = (0..4).map(|id| format!("{id},{text}\n")).collect();
    std::fs::write(folder.path().join("t.yaml"), template).expect("written");
    std::fs::write(folder.path().join("rows.csv"), format!("id,text\n{rows}")).expect("written");
    let campaign = campaign(&folder.path().join("t.yaml"), &folder.path().join("rows.csv"));
    let canvases: Vec<Canvas> = lay_out_rows(&campaign, |_| true).into_iter().map(|laid| laid.canvas).collect();
    let alone = paint(&mut painter(&campaign), &canvases[..1]).remove(0);
    for (slot, found) in paint(&mut painter(&campaign), &canvases).iter().enumerate() {
        assert_same(&alone, found, &format!("slot {slot}"));
    }
}

#[test]
fn a_lost_device_is_rebuilt_and_paints_the_same() {
    let _turn = gpu_turn();
    let canvases = of_size("link");
    let mut painter = painter(&product_card());
    let before = paint(&mut painter, &canvases);
    painter.destroy_device();
    let lost = painter.submit(&canvases, WayBack::Pixels).is_err() || painter.wait().is_err();
    assert!(lost, "a destroyed device goes unnoticed");
    painter.rebuild().expect("a new device");
    for (expected, found) in before.iter().zip(paint(&mut painter, &canvases)) {
        assert_same(expected, &found, "after the rebuild");
    }
}
