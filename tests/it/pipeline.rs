//! The pipeline from rows to outcomes, with things that go wrong on the way.

use std::path::Path;
use std::sync::Arc;

use gravure::gpu::{DeviceOptions, Painter};
use gravure::job::{ErrorCode, Record, Status};
use gravure::pipeline::{self, Clock, Plan, Stop, Task};
use gravure::render::Campaign;
use gravure::sheet::SheetLimits;
use gravure::store::{MemoryStore, Store};

use crate::support::{campaign, gpu_turn, painter, product_card, root};

/// Names are watched as for rows from standard input.
fn plan(campaign: &Campaign) -> Plan {
    Plan { names_may_collide: true, ..campaign.plan() }
}

/// Runs some rows of a campaign and gives the records in order.
fn run(
    campaign: &Campaign,
    rows: impl Fn(usize) -> bool + Send + 'static,
    painter: Painter,
    store: &Arc<MemoryStore>,
    stop: &Stop,
) -> Vec<Record> {
    let mut outcomes = Vec::new();
    let wanted =
        campaign.rows().expect("rows").enumerate().filter(move |(number, _)| rows(*number)).map(|(_, row)| row);
    let task = Arc::new(Task::new(plan(campaign), Arc::clone(store) as Arc<dyn Store>, 0));
    pipeline::run(task.work(wanted), 2, painter, &Clock::default(), stop, &mut |outcome| {
        if outcome.interrupted {
            stop.request(outcome.record.error.as_ref().map_or_else(String::new, |error| error.message.clone()));
        }
        outcomes.push((outcome.seq, outcome.record));
    });
    outcomes.sort_by_key(|(seq, _)| *seq);
    outcomes.into_iter().map(|(_, record)| record).collect()
}

/// A campaign of text in a folder of its own: the same text eight times, each a pixel smaller, so that no two
/// layers share a glyph.
fn text_campaign(folder: &Path, width: u32, rows: &str) -> Campaign {
    let fonts = folder.join("fonts");
    std::fs::create_dir_all(&fonts).expect("a folder");
    let font = root().join("examples/product-card/fonts/Inter-Bold.ttf");
    std::fs::copy(font, fonts.join("Inter-Bold.ttf")).expect("a font");
    let mut template = format!(
        "gravure: 1\nname: big\nsizes: {{ only: {{ width: {width}, height: 400 }} }}\noutputs: [{{ format: png }}]\n\
         fields:\n  text: {{ type: text, required: true }}\n  px: {{ type: number, required: true }}\n  ground: {{ type: color, default: white }}\n\
         fonts: [fonts/Inter-Bold.ttf]\nlayers:\n  - {{ type: rect, frame: full, fill: '{{{{ ground }}}}' }}\n"
    );
    for smaller in 0..8 {
        template += &format!(
            "  - {{ type: text, text: '{{{{ text }}}}', frame: full, wrap: false, \
             font: {{ weight: 700, size: '{{{{ px - {smaller} }}}}' }} }}\n"
        );
    }
    std::fs::write(folder.join("template.yaml"), template).expect("written");
    std::fs::write(folder.join("rows.csv"), rows).expect("written");
    campaign(&folder.join("template.yaml"), &folder.join("rows.csv"))
}

fn small_painter(campaign: &Campaign) -> Painter {
    Painter::open_with(
        Arc::clone(&campaign.library),
        DeviceOptions { max_side_px: Some(512), ..DeviceOptions::default() },
    )
    .expect("an adapter")
}

/// Rows from 0.
fn failures(records: &[Record]) -> Vec<(u64, ErrorCode)> {
    records.iter().filter_map(|record| Some((record.row - 1, record.error.as_ref()?.code))).collect()
}

#[test]
fn a_row_alone_gives_the_same_bytes_as_in_a_batch() {
    let _turn = gpu_turn();
    let mut campaign = product_card();
    campaign.sizes = vec![0, 1];
    let batch = Arc::new(MemoryStore::new());
    let records = run(&campaign, |row| row < 120, painter(&campaign), &batch, &Stop::new());
    assert_eq!(records.len(), 240);
    assert!(records.iter().all(|record| record.status == Status::Ok), "{:?}", failures(&records));
    // Row 110 has the product of row 9: by then its prefix may be a plate. Row 0 came before any plate.
    for row in [0, 2, 9, 110] {
        let alone = Arc::new(MemoryStore::new());
        let records = run(&campaign, move |number| number == row, painter(&campaign), &alone, &Stop::new());
        for record in records {
            let name = record.object.as_deref().expect("stored");
            let (one, many) = (alone.bytes(name), batch.bytes(name));
            assert!(one.is_some() && one == many, "{name} differs alone and in a batch");
        }
    }
}

#[test]
fn a_lost_device_costs_no_variant() {
    let _turn = gpu_turn();
    let mut campaign = product_card();
    campaign.sizes = vec![0];
    let expected = Arc::new(MemoryStore::new());
    run(&campaign, |row| row < 30, painter(&campaign), &expected, &Stop::new());
    let (found, painter) = (Arc::new(MemoryStore::new()), painter(&campaign));
    painter.destroy_device();
    let records = run(&campaign, |row| row < 30, painter, &found, &Stop::new());
    assert_eq!(failures(&records), []);
    for name in expected.names() {
        assert!(expected.bytes(&name) == found.bytes(&name), "{name} differs");
    }
}

/// Sheets of few cards, which have more photos than fit, so that some are painted in halves.
fn crowded(limits: &mut SheetLimits) {
    limits.sheet_bytes = 16 << 20;
    limits.page_side_px = 1024;
    limits.array_pages = 1;
    limits.photo_bytes = 4 * limits.page_bytes();
}

#[test]
fn devices_that_are_lost_again_and_again_cost_no_variant() {
    let _turn = gpu_turn();
    let mut campaign = product_card();
    campaign.sizes = vec![0, 1];
    let expected = Arc::new(MemoryStore::new());
    run(&campaign, |row| row < 110, painter(&campaign), &expected, &Stop::new());
    // Two are on their way at once: with three, one arrives.
    for lost_after_sheets in [3, 5] {
        let options = DeviceOptions {
            lost_after_sheets: Some(lost_after_sheets),
            lower_limits: Some(crowded),
            ..DeviceOptions::default()
        };
        let painter = Painter::open_with(Arc::clone(&campaign.library), options).expect("an adapter");
        let found = Arc::new(MemoryStore::new());
        let records = run(&campaign, |row| row < 110, painter, &found, &Stop::new());
        assert_eq!(failures(&records), [], "lost after {lost_after_sheets}");
        assert_eq!(records.len(), 220);
        for name in expected.names() {
            assert!(expected.bytes(&name) == found.bytes(&name), "{name} differs, lost after {lost_after_sheets}");
        }
    }
}

#[test]
fn a_variant_with_too_many_glyphs_fails_alone() {
    let _turn = gpu_turn();
    let folder = tempfile::tempdir().expect("a folder");
    let rows = "id,text,px\n1,small,20\n2,ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz,60\n3,MW,250\n4,also small,24\n";
    let campaign = text_campaign(folder.path(), 500, rows);
    let store = Arc::new(MemoryStore::new());
    let records = run(&campaign, |_| true, small_painter(&campaign), &store, &Stop::new());
    let codes = failures(&records);
    // How many glyphs fit is the atlas's business; the small ones must survive whatever the large ones do.
    assert!(codes.iter().all(|(row, code)| (1..=2).contains(row) && *code == ErrorCode::GlyphAtlasFull), "{codes:?}");
    assert!(codes.iter().any(|(row, _)| *row == 2), "16 glyphs of 250 px fit an atlas of 512 px");
    assert_eq!(records.len(), 4);
    for row in [0, 3] {
        assert_eq!(records[row].status, Status::Ok);
    }
}

/// Every fourth canvas fails when it has promised the ground that three others have, too: whoever counted on it draws
/// that itself, wherever it was meanwhile.
#[test]
fn a_variant_that_fails_takes_no_other_with_it() {
    let _turn = gpu_turn();
    let folder = tempfile::tempdir().expect("a folder");
    let mut rows = "id,text,px,ground\n".to_owned();
    for row in 0..100 {
        let text = if row % 4 == 0 { "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz,250" } else { "small,20" };
        rows += &format!("{row},{text},rgb({0} {0} 255)\n", row / 4);
    }
    let campaign = text_campaign(folder.path(), 500, &rows);
    let store = Arc::new(MemoryStore::new());
    let records = run(&campaign, |_| true, small_painter(&campaign), &store, &Stop::new());
    assert_eq!(records.len(), 100);
    let expected: Vec<_> = (0..100).step_by(4).map(|row| (row, ErrorCode::GlyphAtlasFull)).collect();
    assert_eq!(failures(&records), expected);
}

#[test]
fn a_canvas_larger_than_the_adapter_draws_fails_with_its_reason() {
    let _turn = gpu_turn();
    let folder = tempfile::tempdir().expect("a folder");
    let campaign = text_campaign(folder.path(), 800, "id,text,px\n1,one,20\n2,two,20\n");
    let records = run(&campaign, |_| true, small_painter(&campaign), &Arc::new(MemoryStore::new()), &Stop::new());
    assert_eq!(failures(&records), [(0, ErrorCode::CanvasTooLarge), (1, ErrorCode::CanvasTooLarge)]);
    assert!(records[0].error.as_ref().is_some_and(|error| error.message.contains("800x400")));
}

#[test]
fn a_full_store_stops_the_run_and_keeps_what_is_whole() {
    let _turn = gpu_turn();
    let mut campaign = product_card();
    campaign.sizes = vec![0];
    let (store, stop) = (Arc::new(MemoryStore::with_capacity(1 << 20)), Stop::new());
    let records = run(&campaign, |row| row < 200, painter(&campaign), &store, &stop);
    assert!(stop.reason().is_some_and(|reason| reason.contains("no space left")), "{:?}", stop.reason());
    assert!(records.len() < 200, "the run went on to its end");
    let stored: Vec<_> = records.iter().filter(|record| record.status == Status::Ok).collect();
    assert!(!stored.is_empty());
    for record in stored {
        let bytes = store.bytes(record.object.as_deref().expect("stored")).expect("what the manifest says is there");
        assert_eq!(record.checksum.as_deref(), Some(gravure::job::digest(&bytes).as_str()));
    }
    assert!(failures(&records).iter().all(|(_, code)| *code == ErrorCode::StoreFull));
}

#[test]
fn a_stop_ends_the_run_soon() {
    let _turn = gpu_turn();
    let campaign = product_card();
    let stop = Stop::new();
    stop.request("a test");
    let records = run(&campaign, |_| true, painter(&campaign), &Arc::new(MemoryStore::new()), &stop);
    assert!(records.len() < 1000, "{} variants after the stop", records.len());
}

#[test]
fn the_later_of_two_equal_names_fails() {
    let _turn = gpu_turn();
    let folder = tempfile::tempdir().expect("a folder");
    let campaign = text_campaign(folder.path(), 400, "id,text,px\n7,one,20\n8,two,20\n7,three,20\n");
    let store = Arc::new(MemoryStore::new());
    let records = run(&campaign, |_| true, painter(&campaign), &store, &Stop::new());
    assert_eq!(failures(&records), [(2, ErrorCode::NameCollision)]);
    assert_eq!(store.names().len(), 2);
}

/// A campaign without fonts in a folder of its own: two rows, one canvas of 500×400 each.
fn plain_campaign(folder: &Path, layers: &str) -> Campaign {
    let template =
        format!("gravure: 1\nname: plain\nsizes: {{ only: {{ width: 500, height: 400 }} }}\nlayers:\n{layers}");
    std::fs::write(folder.join("template.yaml"), template).expect("written");
    std::fs::write(folder.join("rows.csv"), "id,faded\n1,1\n2,0.5\n").expect("written");
    campaign(&folder.join("template.yaml"), &folder.join("rows.csv"))
}

#[test]
fn isolates_higher_than_the_adapter_draws_fail_with_their_reason() {
    let _turn = gpu_turn();
    let folder = tempfile::tempdir().expect("a folder");
    let faded = "  - { type: group, frame: full, opacity: '{{ row.faded }}', layers: [{ type: rect, frame: full, fill: red }, \
                 { type: rect, frame: full, fill: blue }] }\n";
    let campaign = plain_campaign(folder.path(), &faded.repeat(2));
    let records = run(&campaign, |_| true, small_painter(&campaign), &Arc::new(MemoryStore::new()), &Stop::new());
    assert_eq!(failures(&records), [(1, ErrorCode::IsolatesTooLarge)]);
}

#[test]
fn isolates_nested_too_deep_fail_with_their_reason() {
    let _turn = gpu_turn();
    let folder = tempfile::tempdir().expect("a folder");
    let mut layer = "{ type: rect, frame: full, fill: red }".to_owned();
    for _ in 0..7 {
        layer = format!(
            "{{ type: group, frame: full, opacity: '{{{{ row.faded }}}}', layers: [{layer}, {{ type: rect, frame: full, fill: blue }}] }}"
        );
    }
    let campaign = plain_campaign(folder.path(), &format!("  - {layer}\n"));
    let records = run(&campaign, |_| true, painter(&campaign), &Arc::new(MemoryStore::new()), &Stop::new());
    assert_eq!(failures(&records), [(1, ErrorCode::LayoutTooDeep)]);
}

#[test]
fn a_bug_of_ours_costs_one_row() {
    let _turn = gpu_turn();
    let folder = tempfile::tempdir().expect("a folder");
    let campaign = plain_campaign(folder.path(), "  - { type: rect, frame: full, fill: red }\n");
    let find: Box<pipeline::FindStored> = Box::new(|name, _| {
        assert!(!name.as_str().starts_with("1-"), "a bug");
        None
    });
    let plan = Plan { find_stored: Some(find), ..plan(&campaign) };
    let mut outcomes = Vec::new();
    let (store, clock, stop) = (Arc::new(MemoryStore::new()), Clock::default(), Stop::new());
    let task = Arc::new(Task::new(plan, Arc::clone(&store) as Arc<dyn Store>, 0));
    let rows = task.work(campaign.rows().expect("rows"));
    pipeline::run(rows, 2, painter(&campaign), &clock, &stop, &mut |outcome| outcomes.push(outcome.record));
    assert_eq!(failures(&outcomes), [(0, ErrorCode::InternalPanic)]);
    assert_eq!(store.names().len(), 1);
}
