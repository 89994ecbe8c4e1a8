//! What several tests need: a campaign laid out without the pipeline, and painted sheet by sheet.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};

use gravure::assets::ScaledPhoto;
use gravure::gpu::{DeviceOptions, Painted, Painter, WayBack};
use gravure::layout::{DisplayList, Photos, Shaper, lay_out};
use gravure::pixels::Bitmap;
use gravure::render::{Campaign, CampaignOptions, DataSource};
use gravure::sheet::{Canvas, DrawPath, SheetLimits};
use gravure::template::scene::{Layer, LayerKind};

/// The repository.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// A template with its rows, opened.
pub fn campaign(template: &Path, rows: &Path) -> Campaign {
    let options = CampaignOptions {
        template: template.to_owned(),
        data: Some(DataSource::File(rows.to_owned())),
        now: Some("2026-11-22T12:00:00Z".to_owned()),
        ..CampaignOptions::default()
    };
    Campaign::open(&options).unwrap_or_else(|error| panic!("{error}"))
}

/// The sample campaign.
pub fn product_card() -> Campaign {
    let folder = root().join("examples/product-card");
    campaign(&folder.join("template.yaml"), &folder.join("rows.csv"))
}

/// One canvas of a campaign, with the row's key and the size's name.
pub struct Laid {
    pub key: String,
    pub size: String,
    pub canvas: Canvas,
}

/// Lays out rows of a campaign at every size, by the library's stages one by one.
pub fn lay_out_rows(campaign: &Campaign, rows: impl Fn(usize) -> bool) -> Vec<Laid> {
    let mut shaper = Shaper::new(Arc::clone(&campaign.fonts));
    let mut laid = Vec::new();
    for (number, row) in campaign.rows().expect("rows").enumerate() {
        if !rows(number) {
            continue;
        }
        let row = row.expect("a good row");
        let bound = campaign.template.bind(&row, &campaign.now).expect("a row that binds");
        for &size in &campaign.sizes {
            let scene = bound.scene(size).expect("a scene");
            let mut photos = Photos::new();
            collect_photos(campaign, &scene.layers, &mut photos);
            let list = lay_out(&scene, &photos, &mut shaper).expect("a layout");
            let photos = scale(campaign, &list);
            let canvas = Canvas::whole(Arc::new(list), photos.into_iter().map(Into::into).collect());
            laid.push(Laid { key: bound.key().to_owned(), size: scene.size_name.to_string(), canvas });
        }
    }
    laid
}

fn collect_photos(campaign: &Campaign, layers: &[Layer], photos: &mut Photos) {
    for layer in layers {
        match &layer.kind {
            // An empty `src` draws no photo.
            LayerKind::Image(image) if image.src.location.is_empty() => {}
            LayerKind::Image(image) => {
                photos.insert(image.src.clone(), campaign.assets.photo(&image.src).expect("a photo"));
            }
            LayerKind::Group(layers) => collect_photos(campaign, layers, photos),
            LayerKind::Stack(stack) => collect_photos(campaign, &stack.layers, photos),
            _ => {}
        }
    }
}

fn scale(campaign: &Campaign, list: &DisplayList) -> Vec<Arc<ScaledPhoto>> {
    let mut scaled = Vec::new();
    list.visit_photos(&mut |item| {
        scaled.push(campaign.assets.scaled(&item.photo, item.crop, item.rect.size(), &campaign.fonts).expect("scaled"));
    });
    scaled
}

/// Only one test at a time draws: software Vulkan takes every core anyway.
pub fn gpu_turn() -> MutexGuard<'static, ()> {
    static TURN: OnceLock<Mutex<()>> = OnceLock::new();
    TURN.get_or_init(Mutex::default).lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// A painter for a campaign. A machine without an adapter fails the test: CI must have one.
pub fn painter(campaign: &Campaign) -> Painter {
    Painter::open(Arc::clone(&campaign.library)).expect("an adapter: tests/run.sh installs software Vulkan")
}

/// The same, drawing by this stage of the adapter.
pub fn painter_by(path: DrawPath, campaign: &Campaign) -> Painter {
    painter_within(None, path, campaign)
}

/// The same with lower limits.
pub fn painter_within(lower_limits: Option<fn(&mut SheetLimits)>, path: DrawPath, campaign: &Campaign) -> Painter {
    let options = DeviceOptions { draw_path: Some(path), lower_limits, ..DeviceOptions::default() };
    let painter = Painter::open_with(Arc::clone(&campaign.library), options).expect("an adapter");
    assert_eq!(painter.limits().draw_path, path, "the adapter cannot");
    painter
}

/// Paints canvases of one width on one sheet.
pub fn paint(painter: &mut Painter, canvases: &[Canvas]) -> Vec<Bitmap> {
    painter.submit(canvases, WayBack::Pixels).expect("submitted");
    let Some(Painted::Pixels(sheet)) = painter.wait().expect("painted") else { panic!("a sheet was on its way") };
    (0..sheet.len()).map(|index| sheet.slot(index).to_bitmap()).collect()
}
