//! Each stage alone and the whole, on the real catalogue, in variants a second.
//!
//! `cargo bench --bench stages` (all), `cargo bench --bench stages -- gpu` (some). Needs an adapter. Machines are
//! noisy: compare ratios within one run.

#[path = "../tests/it/support.rs"]
#[expect(dead_code, reason = "tests need more of it")]
mod support;

use std::sync::Arc;
use std::time::Duration;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use gravure::encode::Encoder;
use gravure::gpu::{Painted, WayBack};
use gravure::job::{Format, Output, Row};
use gravure::layout::{Photos, Shaper, lay_out};
use gravure::pipeline::Stop;
use gravure::render::{CampaignOptions, DataSource, RenderOptions, render};
use gravure::sheet::{Canvas, Planner, SheetLimits};
use gravure::template::scene::{LayerKind, Scene};

/// Rows of the sample campaign that each bench goes through: every product once.
const ROWS: usize = 101;

fn stages(criterion: &mut Criterion) {
    let mut campaign = support::product_card();
    campaign.sizes = vec![0];
    let rows: Vec<Row> = campaign.rows().expect("rows").take(ROWS).map(|row| row.expect("a row")).collect();
    let bind = |row: &Row| campaign.template.bind(row, &campaign.now).expect("bound").scene(0).expect("a scene");
    let scenes: Vec<Scene> = rows.iter().map(bind).collect();
    let photos = photos(&campaign, &scenes);
    let canvases: Vec<Canvas> =
        support::lay_out_rows(&campaign, |row| row < ROWS).into_iter().map(|laid| laid.canvas).collect();
    let size = canvases[0].list.size;

    let mut group = criterion.benchmark_group("stage");
    group.throughput(Throughput::Elements(ROWS as u64)).measurement_time(Duration::from_secs(8)).sample_size(20);
    group.bench_function("bind", |bench| bench.iter(|| rows.iter().map(bind).for_each(drop)));
    group.bench_function("layout, lines kept", |bench| {
        let mut shaper = Shaper::new(Arc::clone(&campaign.fonts));
        bench.iter(|| scenes.iter().for_each(|scene| drop(lay_out(scene, &photos, &mut shaper).expect("laid out"))));
    });
    group.bench_function("layout, every line new", |bench| {
        bench.iter(|| {
            let lay = |scene| lay_out(scene, &photos, &mut Shaper::new(Arc::clone(&campaign.fonts))).expect("laid out");
            scenes.iter().map(lay).for_each(drop)
        });
    });

    let mut painter = support::painter(&campaign);
    let per_sheet = (painter.limits().max_rows(SheetLimits::sheet_width(size.width)) / size.height) as usize;
    for (name, plate_bytes) in [("sheet, plates", painter.limits().plate_bytes), ("sheet, no plates", 0)] {
        let limits = SheetLimits { plate_bytes, ..*painter.limits() };
        group.bench_function(name, |bench| {
            bench.iter_batched(
                || Planner::new(limits),
                |mut planner| canvases.chunks(per_sheet).for_each(|sheet| drop(planner.plan(sheet).expect("a plan"))),
                BatchSize::LargeInput,
            );
        });
    }
    group.bench_function("gpu, to memory", |bench| {
        bench.iter(|| {
            for sheet in canvases.chunks(per_sheet) {
                painter.submit(sheet, WayBack::Pixels).expect("submitted");
                painter.wait().expect("painted");
            }
        });
    });
    painter.submit(&canvases[..per_sheet], WayBack::Pixels).expect("submitted");
    let Some(Painted::Pixels(sheet)) = painter.wait().expect("painted") else { panic!("a sheet") };
    group.throughput(Throughput::Elements(per_sheet as u64));
    for format in [Format::Jpeg, Format::Png] {
        group.bench_function(format!("encode {}", format.name()), |bench| {
            let mut encoder = Encoder::new();
            let mut encode = |index| encoder.encode(sheet.slot(index), Output::new(format)).expect("encoded").len();
            bench.iter(|| (0..per_sheet).map(&mut encode).sum::<usize>());
        });
    }
    group.finish();
}

fn photos(campaign: &gravure::render::Campaign, scenes: &[Scene]) -> Photos {
    let images = scenes.iter().flat_map(|scene| &scene.layers).filter_map(|layer| match &layer.kind {
        LayerKind::Image(image) => Some(&image.src),
        _ => None,
    });
    images.map(|src| (src.clone(), campaign.assets.photo(src).expect("a photo"))).collect()
}

/// The command's own work, start-up included, to a sink that discards.
fn whole(criterion: &mut Criterion) {
    let folder = support::root().join("examples/product-card");
    let limit = 505;
    let mut group = criterion.benchmark_group("whole");
    group.throughput(Throughput::Elements(limit)).measurement_time(Duration::from_secs(20)).sample_size(10);
    for format in [Format::Jpeg, Format::Png] {
        let options = RenderOptions {
            campaign: CampaignOptions {
                template: folder.join("template.yaml"),
                data: Some(DataSource::File(folder.join("rows.csv"))),
                sizes: vec!["link".to_owned()],
                formats: vec![format],
                ..CampaignOptions::default()
            },
            out: "null:".to_owned(),
            limit: Some(limit),
            ..RenderOptions::default()
        };
        group.bench_function(format!("product card, {}", format.name()), |bench| {
            bench.iter(|| render(&options, &Stop::new(), &mut |_| {}).expect("rendered"));
        });
    }
    group.finish();
}

criterion_group!(benches, stages, whole);
criterion_main!(benches);
