//! The compute path draws what the fragment path draws, wherever a canvas lies on its sheet.
//!
//! Both round in the same way after each layer (`gpu/rounding.rs`), so that single pixels differ at most, by
//! [`MAX_LEVELS`]: on llvmpipe, whose blending is not quite as is said there. On an H200 none did.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;

use gravure::assets::{Crop, FontLibrary, Photo, ScaledPhoto};
use gravure::gpu::Painter;
use gravure::layout::{
    Blur, Clip, DisplayList, Isolate, Item, Outline, Paint, PhotoItem, Rotation, Shadow, Shape, Stop, TextItem,
};
use gravure::pixels::{Bitmap, Color, PointF, RectPx, SizePx};
use gravure::render::Campaign;
use gravure::sheet::{Canvas, CanvasPhoto, DrawPath, PAGE_ARRAYS, Planner, SheetLimits};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::cases::{cases, rows_of};
use crate::support::{campaign, gpu_turn, lay_out_rows, paint, painter_by, painter_within, product_card};

/// Greatest difference of one channel, of 255.
const MAX_LEVELS: u8 = 1;
/// Greatest share of the pixels that differ.
const MAX_SHARE: f64 = 0.005;

/// How two pictures differ.
#[derive(Clone, Copy, Debug, Default)]
struct Difference {
    levels: u8,
    pixels: usize,
    of: usize,
}

impl Difference {
    fn between(expected: &Bitmap, found: &Bitmap) -> Self {
        assert_eq!(expected.size(), found.size());
        let pixels = || expected.data().chunks(4).zip(found.data().chunks(4));
        let levels = |(a, b): (&[u8], &[u8])| a.iter().zip(b).map(|(a, b)| a.abs_diff(*b)).max().unwrap_or(0);
        Self {
            levels: pixels().map(levels).max().unwrap_or(0),
            pixels: pixels().filter(|(a, b)| a != b).count(),
            of: pixels().count(),
        }
    }

    fn share(self) -> f64 {
        self.pixels as f64 / self.of.max(1) as f64
    }

    fn and(self, other: Self) -> Self {
        Self { levels: self.levels.max(other.levels), pixels: self.pixels + other.pixels, of: self.of + other.of }
    }
}

#[test]
fn every_case_is_the_same_by_both_paths() {
    let _turn = gpu_turn();
    let (mut all, mut wrong) = (Difference::default(), Vec::new());
    for case in cases() {
        let campaign = campaign(&case.join("template.yaml"), &rows_of(&case));
        let mut painters = [DrawPath::Fragment, DrawPath::Compute].map(|path| painter_by(path, &campaign));
        let mut laid = lay_out_rows(&campaign, |_| true);
        let width = |canvas: &Canvas| SheetLimits::sheet_width(canvas.list.size.width);
        laid.sort_by_key(|laid| width(&laid.canvas));
        for group in laid.chunk_by(|a, b| width(&a.canvas) == width(&b.canvas)) {
            let canvases: Vec<_> = group.iter().map(|laid| laid.canvas.clone()).collect();
            let [rendered, computed] = painters.each_mut().map(|painter| paint(painter, &canvases));
            for ((laid, rendered), computed) in group.iter().zip(&rendered).zip(&computed) {
                let difference = Difference::between(rendered, computed);
                all = all.and(difference);
                if difference.levels > MAX_LEVELS {
                    wrong.push(format!("{}: {}-{}: {difference:?}", case.display(), laid.key, laid.size));
                }
            }
        }
    }
    println!("all cases: {all:?}");
    assert!(all.share() <= MAX_SHARE, "{all:?}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_computed_variant_is_the_same_in_every_slot_and_every_window() {
    let _turn = gpu_turn();
    let campaign = product_card();
    let laid = lay_out_rows(&campaign, |row| [0, 3, 8].contains(&row));
    let canvases: Vec<_> = laid.into_iter().filter(|laid| laid.size == "link").map(|laid| laid.canvas).collect();
    let alone: Vec<Bitmap> = canvases
        .iter()
        .map(|canvas| paint(&mut painter_by(DrawPath::Compute, &campaign), std::slice::from_ref(canvas)).remove(0))
        .collect();
    let mut painter = painter_by(DrawPath::Compute, &campaign);
    // Plates come with the second sheet.
    for shift in 0..3 {
        let order: Vec<usize> = (0..4).map(|slot| (slot + shift) % canvases.len()).collect();
        let sheet: Vec<Canvas> = order.iter().map(|&index| canvases[index].clone()).collect();
        for (slot, (found, index)) in paint(&mut painter, &sheet).iter().zip(order).enumerate() {
            let difference = Difference::between(&alone[index], found);
            assert_eq!(difference.pixels, 0, "canvas {index} in slot {slot}, shift {shift}: {difference:?}");
        }
    }
    assert!(painter.plates_drawn() > 0);
    let windows = |seed: usize| -> Vec<RectPx> {
        let rows = (seed as u32 * 16..628).step_by(112);
        rows.map(|y| RectPx::new(seed as i32 * 208 + 16, y as i32, 400, 48.min(628 - y))).collect()
    };
    let parts: Vec<Canvas> =
        canvases.iter().enumerate().map(|(seed, canvas)| Canvas { windows: windows(seed), ..canvas.clone() }).collect();
    // With plates and without.
    for painter in [&mut painter, &mut painter_by(DrawPath::Compute, &campaign)] {
        let mut found = paint(painter, &parts).into_iter();
        for (index, part) in parts.iter().enumerate() {
            for window in &part.windows {
                let expected = alone[index].view().part(*window).to_bitmap();
                let difference = Difference::between(&expected, &found.next().expect("a slot for each window"));
                assert_eq!(difference.pixels, 0, "canvas {index}, window {window}: {difference:?}");
            }
        }
    }
}

/// Eight arrays, each of one page that one photo of a link card fills.
fn tiny_pages(limits: &mut SheetLimits) {
    limits.page_side_px = 512;
    limits.array_pages = 1;
    limits.photo_bytes = 8 * limits.page_bytes();
}

#[test]
fn cards_look_the_same_with_photos_on_many_arrays() {
    let _turn = gpu_turn();
    let campaign = product_card();
    let laid = lay_out_rows(&campaign, |row| row < 12);
    // Strips of rows across the photos: software adapters compute slowly.
    let windows = [100, 300, 540].map(|y| RectPx::new(48, y, 544, 16));
    let of_size = |size: &str, rows: std::ops::Range<usize>| -> Vec<Canvas> {
        let canvases = laid.iter().filter(|laid| laid.size == size).map(|laid| &laid.canvas);
        let parts = canvases.map(|canvas| Canvas { windows: windows.to_vec(), ..canvas.clone() });
        parts.skip(rows.start).take(rows.len()).collect()
    };
    // As many photos as there are pages; others, for which some of them go; photos that are larger than a page; and the
    // first once more.
    let sheets = [of_size("link", 0..8), of_size("link", 6..12), of_size("story", 0..2), of_size("link", 0..8)];
    for path in [DrawPath::Fragment, DrawPath::Compute] {
        let mut roomy = painter_by(path, &campaign);
        let mut tiny = painter_within(Some(tiny_pages), path, &campaign);
        let mut planner = Planner::new(*tiny.limits());
        let mut sets = Vec::new();
        for (number, canvases) in sheets.iter().enumerate() {
            let uploads = planner.plan(canvases).expect("a plan").uploads;
            sets.push(uploads.iter().map(|upload| upload.place.set).collect::<BTreeSet<_>>());
            let [expected, found] = [&mut roomy, &mut tiny].map(|painter| paint(painter, canvases));
            for (index, (expected, found)) in expected.iter().zip(&found).enumerate() {
                let difference = Difference::between(expected, found);
                assert_eq!(difference.pixels, 0, "{path:?}, sheet {number}, window {index}: {difference:?}");
            }
        }
        assert_eq!(sets[0], (0..PAGE_ARRAYS).collect(), "every array has a photo");
        assert!(!sets[1].is_empty() && !sets[3].is_empty(), "photos went and came again: {sets:?}");
        assert_eq!(sets[2], [PAGE_ARRAYS, PAGE_ARRAYS + 1].into(), "textures of their own");
    }
}

/// What random canvases are made of.
struct Kit {
    texts: Vec<TextItem>,
    photos: Vec<Arc<Photo>>,
    campaign: Campaign,
}

impl Kit {
    fn new() -> Self {
        let campaign = product_card();
        let (mut texts, mut photos) = (Vec::new(), Vec::new());
        for laid in lay_out_rows(&campaign, |row| row < 3) {
            laid.canvas.list.visit_photos(&mut |item| photos.push(Arc::clone(&item.photo)));
            texts.extend(laid.canvas.list.items.iter().filter_map(|item| match item {
                Item::Text(text) => Some(text.clone()),
                _ => None,
            }));
        }
        assert!(texts.len() > 3 && photos.len() > 1);
        Self { texts, photos, campaign }
    }

    fn scaled(&self, item: &PhotoItem) -> Arc<ScaledPhoto> {
        let fonts = FontLibrary::new().set(Vec::new());
        self.campaign.assets.scaled(&item.photo, item.crop, item.rect.size(), &fonts).expect("scaled")
    }

    fn canvas(&self, size: SizePx, made: &[Made]) -> Canvas {
        let items = made.iter().map(|made| self.item(made)).collect();
        let list = DisplayList { size, items, warnings: Vec::new() };
        let mut photos: Vec<CanvasPhoto> = Vec::new();
        list.visit_photos(&mut |item| photos.push(self.scaled(item).into()));
        Canvas::whole(Arc::new(list), photos)
    }

    fn item(&self, made: &Made) -> Item {
        match made {
            Made::Item(item) => item.clone(),
            Made::Text(number, x, baseline_y, color) => {
                let text = &self.texts[number % self.texts.len()];
                Item::Text(TextItem { x: *x, baseline_y: *baseline_y, color: *color, ..text.clone() })
            }
            Made::Photo { number, rect, mask_rect, mask, opacity } => {
                let photo = &self.photos[number % self.photos.len()];
                let crop = Crop { x: 0.0, y: 0.0, width: photo.size.width as f32, height: photo.size.height as f32 };
                let (photo, rect, mask_rect, mask) = (Arc::clone(photo), *rect, *mask_rect, *mask);
                Item::Photo(PhotoItem { photo, crop, rect, mask_rect, mask, opacity: *opacity })
            }
            Made::Isolate(isolate, made) => {
                let items = made.iter().map(|made| self.item(made)).collect();
                Item::Isolate(Box::new(Isolate { items, ..isolate.clone() }))
            }
        }
    }
}

/// An item before its text or photo is put in.
#[derive(Clone, Debug)]
enum Made {
    Item(Item),
    Text(usize, i32, i32, Color),
    Photo { number: usize, rect: RectPx, mask_rect: RectPx, mask: Outline, opacity: f32 },
    Isolate(Isolate, Vec<Made>),
}

fn any_rect() -> impl Strategy<Value = RectPx> {
    (-20..130_i32, -20..90_i32, 1..150_u32, 1..110_u32).prop_map(|(x, y, w, h)| RectPx::new(x, y, w, h))
}

fn any_color() -> impl Strategy<Value = Color> {
    let alpha = prop_oneof![2 => Just(1.0), 1 => 0.0..1.0_f32];
    (0.0..1.0_f32, 0.0..1.0_f32, 0.0..1.0_f32, alpha).prop_map(|(r, g, b, a)| Color::new(r, g, b, a))
}

/// An outline that fits a box.
fn any_outline(rect: RectPx) -> impl Strategy<Value = Outline> {
    let most = rect.width.min(rect.height) as f32 / 2.0;
    prop_oneof![
        2 => Just(Outline::RECT),
        2 => [0.0..=1.0_f32, 0.0..=1.0, 0.0..=1.0, 0.0..=1.0].prop_map(move |r| Outline::RoundedRect(r.map(|r| r * most))),
        1 => Just(Outline::Ellipse),
    ]
}

fn any_stops() -> impl Strategy<Value = Arc<[Stop]>> {
    prop::collection::vec((0.0..1.0_f32, any_color()), 2..5).prop_map(|mut stops| {
        stops.sort_by(|a, b| a.0.total_cmp(&b.0));
        stops.into_iter().map(|(offset, color)| Stop { offset, color }).collect()
    })
}

fn any_paint() -> impl Strategy<Value = Paint> {
    let point = || (0.0..160.0_f32, 0.0..120.0_f32).prop_map(|(x, y)| PointF { x, y });
    let opacity = || prop_oneof![Just(1.0), 0.0..1.0_f32];
    prop_oneof![
        2 => any_color().prop_map(Paint::Solid),
        1 => (point(), point(), any_stops(), opacity())
            .prop_map(|(start, end, stops, opacity)| Paint::Linear { start, end, stops, opacity }),
        1 => (point(), [10.0..90.0_f32, 10.0..90.0], any_stops(), opacity())
            .prop_map(|(center, radii, stops, opacity)| Paint::Radial { center, radii, stops, opacity }),
    ]
}

fn any_shape() -> impl Strategy<Value = Made> {
    let outlined = any_rect().prop_flat_map(|rect| {
        let star = (0.0..0.5_f32, 0.5..1.0_f32).prop_map(|(from, to)| Outline::Star { from, to });
        (Just(rect), prop_oneof![4 => any_outline(rect), 1 => star])
    });
    let stroke = prop_oneof![3 => Just(None), 1 => (1.0..8.0_f32).prop_map(Some)];
    (outlined, any_paint(), stroke).prop_map(|((rect, outline), paint, stroke_px)| {
        Made::Item(Item::Shape(Shape { rect, outline, paint, stroke_px }))
    })
}

fn any_shadow() -> impl Strategy<Value = Made> {
    let outlined = any_rect().prop_flat_map(|rect| (Just(rect), any_outline(rect)));
    (outlined, 0.0..9.0_f32, any_color(), 0..3).prop_map(|((rect, outline), sigma_px, color, below)| {
        let own = Some((rect.translated(-4, -6), outline));
        let cutout = own.filter(|_| below == 1);
        let hidden_below = own.filter(|_| below == 2);
        Made::Item(Item::Shadow(Shadow { rect, outline, sigma_px, color, cutout, hidden_below }))
    })
}

fn any_photo() -> impl Strategy<Value = Made> {
    // Wider than any page: a texture of its own.
    let wide = (-900..-100_i32, 0..100_i32, 0..40_u32).prop_map(|(x, y, more)| RectPx::new(x, y, 2050 + more, 24));
    let masked = prop_oneof![5 => any_rect(), 1 => wide].prop_flat_map(|rect| {
        let visible = rect.intersection(RectPx::new(-20, -20, 200, 160));
        let mask_rect = if visible.is_empty() { rect } else { visible };
        (Just(rect), Just(mask_rect), any_outline(mask_rect))
    });
    let opacity = prop_oneof![2 => Just(1.0), 1 => 0.0..1.0_f32];
    (0..8_usize, masked, opacity).prop_map(|(number, (rect, mask_rect, mask), opacity)| Made::Photo {
        number,
        rect,
        mask_rect,
        mask,
        opacity,
    })
}

fn any_isolate(inner: impl Strategy<Value = Made> + Clone) -> impl Strategy<Value = Made> {
    let bounds = any_rect().prop_flat_map(|bounds| (Just(bounds), any_outline(bounds), any::<bool>()));
    let turn = (0.0..360.0_f32, 0.0..120.0_f32, 0.0..90.0_f32);
    let blur = (any::<bool>(), 0.5..6.0_f32).prop_map(|(is_horizontal, sigma_px)| Blur { is_horizontal, sigma_px });
    let tint = prop_oneof![3 => Just(None), 1 => any_color().prop_map(Some)];
    (prop::collection::vec(inner, 1..4), bounds, 0..4, turn, blur, tint, 0.2..1.0_f32).prop_map(
        |(made, (bounds, outline, is_clipped), kind, (degrees, x, y), blur, tint, opacity)| {
            let isolate = Isolate {
                bounds,
                scale: if kind == 1 { 2 } else { 1 },
                items: Vec::new(),
                opacity,
                rotation: (kind == 1).then_some(Rotation { degrees, pivot: PointF { x, y } }),
                clip: is_clipped.then_some(Clip { rect: bounds, outline }),
                blur: (kind == 2).then_some(blur),
                tint,
            };
            Made::Isolate(isolate, made)
        },
    )
}

fn any_item() -> impl Strategy<Value = Made> {
    let text = (0..99_usize, -20..120_i32, 0..130_i32, any_color())
        .prop_map(|(number, x, baseline_y, color)| Made::Text(number, x, baseline_y, color));
    prop_oneof![4 => any_shape(), 2 => any_shadow(), 2 => any_photo(), 2 => text].boxed().prop_recursive(
        2,
        8,
        3,
        any_isolate,
    )
}

fn any_canvas() -> impl Strategy<Value = (SizePx, Vec<Made>)> {
    // Now and then more items than a workgroup looks at in one go.
    let few = prop::collection::vec(any_item(), 0..12).boxed();
    let many = prop::collection::vec(any_shape(), 250..530).boxed();
    let size = (130..=192_u32, 1..130_u32).prop_map(|(width, height)| SizePx::new(width, height));
    (size, prop_oneof![12 => few, 1 => many])
}

/// Arrays that a few photos of random canvases fill.
fn small_pages(limits: &mut SheetLimits) {
    limits.page_side_px = 256;
    limits.array_pages = 3;
    limits.photo_bytes = 23 * limits.page_bytes();
}

#[test]
fn any_canvas_is_the_same_by_both_paths_and_on_any_pages() {
    let _turn = gpu_turn();
    let kit = Kit::new();
    let painters = [DrawPath::Fragment, DrawPath::Compute].map(|path| RefCell::new(painter_by(path, &kit.campaign)));
    let on_arrays = [DrawPath::Fragment, DrawPath::Compute]
        .map(|path| RefCell::new(painter_within(Some(small_pages), path, &kit.campaign)));
    let all = RefCell::new(Difference::default());
    let mut runner =
        TestRunner::new(Config { cases: 24, max_shrink_iters: 200, failure_persistence: None, ..Config::default() });
    let result = runner.run(&prop::collection::vec(any_canvas(), 1..6), |made| {
        let canvases: Vec<_> = made.iter().map(|(size, made)| kit.canvas(*size, made)).collect();
        let draw = |painter: &RefCell<Painter>| paint(&mut painter.borrow_mut(), &canvases);
        let [rendered, computed] = painters.each_ref().map(draw);
        let [rendered_on_arrays, computed_on_arrays] = on_arrays.each_ref().map(draw);
        prop_assert!(rendered == rendered_on_arrays, "rendered with photos on many arrays");
        prop_assert!(computed == computed_on_arrays, "computed with photos on many arrays");
        for (index, (rendered, computed)) in rendered.iter().zip(&computed).enumerate() {
            let difference = Difference::between(rendered, computed);
            all.replace_with(|all| all.and(difference));
            prop_assert!(difference.levels <= MAX_LEVELS, "canvas {index}: {difference:?}");
        }
        Ok(())
    });
    let all = all.into_inner();
    println!("random canvases: {all:?}");
    assert!(all.share() <= MAX_SHARE, "{all:?}");
    result.unwrap_or_else(|error| panic!("{error}"));
}
