//! Promises of this stage for any canvases; on failure the seed is printed.

use std::sync::Arc;

use proptest::prelude::*;

use super::bands::{BandList, CanvasBands};
use super::instance::{PART_SHADOW, PART_SHAPE};
use super::*;
use crate::layout::{Isolate, Outline, Paint, Shadow, Shape};
use crate::pixels::{Color, RectPx};

const LIMITS: SheetLimits = SheetLimits {
    max_side_px: 1 << 20,
    sheet_bytes: 16 << 20,
    max_canvases: 64,
    photo_bytes: 2 << 20,
    page_side_px: 512,
    array_pages: 2,
    plate_bytes: 1 << 20,
    max_binding_bytes: 1 << 27,
    has_inner_passes: true,
    draw_path: DrawPath::Fragment,
};

fn any_rect() -> impl Strategy<Value = RectPx> {
    (-30..150_i32, -30..150_i32, 1..120_u32, 1..120_u32).prop_map(|(x, y, w, h)| RectPx::new(x, y, w, h))
}

fn any_item() -> impl Strategy<Value = Item> {
    let shape = any_rect().prop_map(|rect| {
        Item::Shape(Shape { rect, outline: Outline::RECT, paint: Paint::Solid(Color::BLACK), stroke_px: None })
    });
    let shadow = (any_rect(), 0.0_f32..10.0, any::<bool>()).prop_map(|(rect, sigma_px, hidden)| {
        let outline = Outline::RoundedRect([4.0_f32.min(rect.width.min(rect.height) as f32 / 2.0); 4]);
        let hidden_below = hidden.then_some((rect.translated(3, -5), outline));
        Item::Shadow(Shadow { rect, outline, sigma_px, color: Color::BLACK, cutout: None, hidden_below })
    });
    prop_oneof![3 => shape, 1 => shadow].prop_recursive(3, 8, 4, |inner| {
        (prop::collection::vec(inner, 1..4), any_rect()).prop_map(|(items, bounds)| {
            Item::Isolate(Box::new(Isolate {
                bounds,
                scale: 1,
                items,
                opacity: 0.5,
                rotation: None,
                clip: None,
                blur: None,
                tint: None,
            }))
        })
    })
}

fn any_canvas() -> impl Strategy<Value = Canvas> {
    let size = (1..192_u32, 1..200_u32).prop_map(|(width, height)| SizePx::new(width, height));
    (size, prop::collection::vec(any_item(), 0..10)).prop_map(|(size, items)| {
        Canvas::whole(Arc::new(DisplayList { size, items, warnings: Vec::new() }), Vec::new())
    })
}

/// Some canvases twice, so that plates come in.
fn any_canvases() -> impl Strategy<Value = Vec<Canvas>> {
    let twice = (any_canvas(), any::<bool>());
    prop::collection::vec(twice, 1..10).prop_map(|canvases| {
        canvases.into_iter().flat_map(|(canvas, twice)| vec![canvas; 1 + usize::from(twice)]).collect()
    })
}

fn disjoint(ranges: &mut [(u32, u32)]) -> bool {
    ranges.sort_unstable();
    ranges.windows(2).all(|pair| pair[0].1 <= pair[1].0)
}

/// An instance, as bytes, where it lies on its surface.
type Drawn<'d> = (RectPx, &'d [u8]);

fn drawn<T: bytemuck::Pod>(quad: [i32; 4], origin_y: i32, instance: &T) -> Drawn<'_> {
    let [x, y, width, height] = quad;
    (RectPx::new(x, y + origin_y, width as u32, height as u32), bytemuck::bytes_of(instance))
}

/// What the render passes draw, in order.
fn rendered<'d>(drawing: &'d Drawing, surface: &Surface) -> Vec<Drawn<'d>> {
    let instances = surface.bands.iter().flat_map(|band| band.range.clone().map(|index| (band.class, index as usize)));
    let one = |(class, index): (Class, usize)| match class {
        Class::Shape => drawn(drawing.shapes[index].quad, drawing.shapes[index].origin[1], &drawing.shapes[index]),
        Class::Shadow => drawn(drawing.shadows[index].quad, drawing.shadows[index].origin[1], &drawing.shadows[index]),
        Class::Composite => {
            let composite = &drawing.composites[index];
            drawn(composite.quad, composite.origin[1], composite)
        }
        other => unreachable!("{other:?} is not in these canvases"),
    };
    instances.map(one).collect()
}

/// Whether tiles draw at each pixel what render passes draw there, in the same order, and leave nothing unwritten but
/// what is `kept` of a surface's rows.
fn same_pixels(by_passes: &Drawing, by_tiles: &Drawing, kept: &dyn Fn(i32) -> bool) -> Result<(), TestCaseError> {
    prop_assert_eq!(by_passes.surfaces.len(), by_tiles.surfaces.len());
    for (depth, (surface, in_tiles)) in by_passes.surfaces.iter().zip(&by_tiles.surfaces).enumerate() {
        prop_assert!(in_tiles.bands.len() <= 1, "nothing but text parts bands: {:?}", in_tiles.bands);
        prop_assert_eq!(surface.size, in_tiles.size);
        let expected = rendered(by_passes, surface);
        let mut points: Vec<(i32, i32)> =
            (0..surface.size.height as i32).step_by(29).map(|y| (y * 7 % 64, y)).collect();
        points.extend(expected.iter().flat_map(|(area, _)| {
            let (right, bottom) = (area.right(), area.bottom());
            [(area.x, area.y), (right - 1, bottom - 1), (right, area.y), (area.x, bottom)]
        }));
        for (x, y) in points {
            let pixel = RectPx::new(x, y, 1, 1);
            if x >= surface.size.width as i32 || y >= surface.size.height as i32 {
                continue;
            }
            let expected: Vec<_> =
                expected.iter().filter(|(area, _)| area.contains(pixel)).map(|(_, bytes)| *bytes).collect();
            let mut found = Vec::new();
            for run in in_tiles.bands.iter().flat_map(|band| &by_tiles.tiles.runs[as_usize(&band.range)]) {
                prop_assert_eq!(run.strips.start % 8, 0);
                let strips = &by_tiles.tiles.strips[as_usize(&run.strips)];
                let strips = strips.iter().filter(|strip| drawn(strip.area, strip.origin_y, *strip).0.contains(pixel));
                let strips: Vec<_> = strips.collect();
                prop_assert!(strips.len() <= 1, "two workgroups write ({x}, {y})");
                for strip in strips {
                    prop_assert!(strip.area[3] <= 16 && strip.area[2] as u32 <= run.columns * 16);
                    let is_kept = depth == 0 && kept(y);
                    prop_assert_eq!(strip.blank == 0, is_kept);
                    let parts = strip.first_part as usize..(strip.first_part + strip.part_count) as usize;
                    for part in &by_tiles.tiles.parts[parts] {
                        let index = part.index as usize;
                        let (area, bytes) = match part.kind {
                            PART_SHAPE => drawn(part.quad, strip.origin_y, &by_tiles.shapes[index]),
                            PART_SHADOW => drawn(part.quad, strip.origin_y, &by_tiles.shadows[index]),
                            _ => drawn(part.quad, strip.origin_y, &by_tiles.composites[index]),
                        };
                        if area.contains(pixel) {
                            found.push(bytes);
                        }
                        if drawn(part.inner, strip.origin_y, part).0.contains(pixel) {
                            prop_assert_eq!(by_tiles.shapes[index].color[3], 1.0);
                        }
                    }
                }
            }
            prop_assert!(expected == found, "({x}, {y}) of depth {depth}");
        }
    }
    Ok(())
}

fn as_usize(range: &Range<u32>) -> Range<usize> {
    range.start as usize..range.end as usize
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn slots_are_inside_disjoint_and_complete(sheets in prop::collection::vec(any_canvases(), 1..3)) {
        let mut planner = Planner::new(LIMITS);
        for canvases in sheets {
            let plan = planner.plan(&canvases).expect("small canvases fit");
            prop_assert_eq!(plan.slots.len(), canvases.len());
            prop_assert_eq!(plan.size.width % WIDTH_STEP_PX, 0);
            for (slot, canvas) in plan.slots.iter().zip(&canvases) {
                prop_assert_eq!(slot.window, canvas.list.size.rect());
                let (width, bottom) = (slot.window.width, slot.y + slot.window.height);
                prop_assert!(width <= plan.size.width && bottom <= plan.size.height);
            }
            let mut rows: Vec<_> = plan.slots.iter().map(|slot| (slot.y, slot.y + slot.window.height)).collect();
            prop_assert!(disjoint(&mut rows), "{:?}", rows);
            prop_assert_eq!(plan.clear, plan.slots.iter().any(|slot| slot.plate.is_none()));
        }
    }

    #[test]
    fn every_instance_is_in_one_band_and_every_isolate_in_a_slot_of_its_own(canvases in any_canvases()) {
        let plan = Planner::new(LIMITS).plan(&canvases).expect("small canvases fit");
        let plates = plan.new_plates.iter().map(|plate| &plate.drawing);
        for drawing in plates.chain([&plan.drawing]) {
            let bands = || drawing.surfaces.iter().flat_map(|surface| &surface.bands);
            for (classes, count) in [
                (&[Class::Shape, Class::Fill, Class::Gradient][..], drawing.shapes.len()),
                (&[Class::Shadow], drawing.shadows.len()),
                (&[Class::Composite], drawing.composites.len()),
            ] {
                let mut ranges: Vec<_> = bands()
                    .filter(|band| classes.contains(&band.class))
                    .map(|band| (band.range.start, band.range.end))
                    .collect();
                prop_assert!(disjoint(&mut ranges));
                prop_assert_eq!(ranges.iter().map(|(start, end)| end - start).sum::<u32>() as usize, count);
            }
            for (depth, surface) in drawing.surfaces.iter().enumerate() {
                let composites = surface.bands.iter().filter(|band| band.class == Class::Composite);
                let mut rows = Vec::new();
                let instances = composites.flat_map(|band| band.range.clone());
                for composite in instances.map(|index| &drawing.composites[index as usize]) {
                    let [y, width, height] = composite.slot;
                    let below = drawing.surfaces[depth + 1].size;
                    prop_assert!(y >= 0 && width as u32 <= below.width && (y + height) as u32 <= below.height);
                    rows.push((y as u32, (y + height) as u32));
                }
                prop_assert!(disjoint(&mut rows));
            }
        }
    }

    #[test]
    fn both_paths_draw_the_same_at_every_pixel(sheets in prop::collection::vec(any_canvases(), 1..3)) {
        let path = |draw_path| SheetLimits { draw_path, has_inner_passes: false, ..LIMITS };
        let mut rendering = Planner::new(path(DrawPath::Fragment));
        let mut computing = Planner::new(path(DrawPath::Compute));
        for canvases in sheets {
            let rendered = rendering.plan(&canvases).expect("small canvases fit");
            let computed = computing.plan(&canvases).expect("small canvases fit");
            let plates = |plan: &Plan| plan.new_plates.iter().map(|plate| (plate.id, plate.y)).collect::<Vec<_>>();
            prop_assert_eq!(plates(&rendered), plates(&computed));
            prop_assert_eq!(&rendered.slots, &computed.slots);
            // Slots on a plate keep what it shows.
            let on_plates: Vec<_> = computed.slots.iter().filter(|slot| slot.plate.is_some()).collect();
            let kept = |y: i32| on_plates.iter().any(|slot| (slot.y..slot.y + slot.window.height).contains(&(y as u32)));
            same_pixels(&rendered.drawing, &computed.drawing, &kept)?;
            prop_assert_eq!(
                computed.clear,
                on_plates.len() < computed.slots.len() && computed.drawing.surfaces[0].bands.is_empty()
            );
            for (rendered, computed) in rendered.new_plates.iter().zip(&computed.new_plates) {
                same_pixels(&rendered.drawing, &computed.drawing, &|_| false)?;
            }
        }
    }

    #[test]
    fn bands_never_reorder_what_overlaps(
        canvases in prop::collection::vec(prop::collection::vec((any_rect(), 0..4_usize), 1..14), 1..5)
    ) {
        let classes = [Class::Shape, Class::Text, Class::Photo(0), Class::Composite];
        let mut list = BandList::default();
        for items in canvases {
            let mut canvas = CanvasBands::default();
            let bands: Vec<_> =
                items.iter().map(|(rect, class)| canvas.assign(&mut list, classes[*class], *rect)).collect();
            for (index, (rect, class)) in items.iter().enumerate() {
                prop_assert_eq!(list.classes()[bands[index]], classes[*class]);
                for before in 0..index {
                    // Within a band, instances keep the order in which they came.
                    prop_assert!(!items[before].0.overlaps(*rect) || bands[before] <= bands[index]);
                }
            }
        }
    }
}
