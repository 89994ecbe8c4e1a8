//! Plates: a bottom prefix of a canvas that was drawn before is copied, not drawn again.
//!
//! Every prefix of the draw order has a hash of its items. A prefix that comes a second time is kept as a texture
//! of the canvas's size, if it covers enough to be worth a copy; from then on canvases that start with it only
//! draw what lies above. Nothing here depends on templates: layers that no row changes, and the same product
//! for another shopper, are found the same way.

use std::collections::{HashMap, HashSet};
use std::num::NonZeroUsize;

use lru::LruCache;

use crate::layout::Item;
use crate::pixels::RectPx;

use super::Canvas;
use super::digest::prefix_digests;

/// A plate for as long as it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PlateId(pub u64);

/// What to do for one canvas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Base {
    /// The plate that is copied.
    pub plate: PlateId,
    /// How many items it holds.
    pub items: usize,
    /// It must be drawn first.
    pub is_new: bool,
}

/// Shares of the canvas that a prefix must cover to be worth keeping.
const MIN_COVERAGE: f64 = 0.5;
/// A plate unused for this many canvases makes room for another.
const IDLE_CANVASES: u64 = 2048;
/// Prefixes remembered.
const HASHES_KEPT: usize = 65_536;

struct Plate {
    id: PlateId,
    bytes: u64,
    last_used: u64,
}

/// Which prefixes recur and which are kept.
pub struct Plates {
    budget_bytes: u64,
    used_bytes: u64,
    seen: LruCache<[u8; 16], ()>,
    /// Seen in the sheet that is being planned.
    seen_now: HashSet<[u8; 16]>,
    kept: HashMap<[u8; 16], Plate>,
    next: u64,
    clock: u64,
}

impl Plates {
    /// Keeps at most `budget_bytes` of pixels; 0 keeps none.
    pub fn new(budget_bytes: u64) -> Self {
        let seen = LruCache::new(NonZeroUsize::new(HASHES_KEPT).expect("not zero"));
        Self { budget_bytes, used_bytes: 0, seen, seen_now: HashSet::new(), kept: HashMap::new(), next: 0, clock: 0 }
    }

    /// Forgets everything: the device was rebuilt.
    pub fn clear(&mut self) {
        self.kept.clear();
        self.used_bytes = 0;
    }

    /// Ends the planning of a sheet. What it saw counts only if the sheet is drawn: one that is split comes again,
    /// and must not look as if its canvases recurred.
    pub fn end_sheet(&mut self, is_drawn: bool) {
        let seen = std::mem::take(&mut self.seen_now);
        if is_drawn {
            for digest in seen {
                self.seen.put(digest, ());
            }
        }
    }

    /// Forgets a plate that was never drawn.
    pub fn forget(&mut self, id: PlateId) {
        let found = self.kept.iter().find(|(_, plate)| plate.id == id).map(|(digest, _)| *digest);
        if let Some(plate) = found.and_then(|digest| self.kept.remove(&digest)) {
            self.used_bytes -= plate.bytes;
        }
    }

    /// The plate that a canvas starts with, if any. `dropped` collects plates that made room.
    pub fn base(&mut self, canvas: &Canvas, dropped: &mut Vec<PlateId>) -> Option<Base> {
        if self.budget_bytes == 0 {
            return None;
        }
        if canvas.windows.is_empty() {
            return None;
        }
        self.clock += 1;
        let list = &*canvas.list;
        let digests = prefix_digests(list.size, &canvas.digests);
        let kept = digests.iter().rposition(|digest| self.kept.contains_key(digest));
        let was_seen = |digest: &[u8; 16]| self.seen.contains(digest) || self.seen_now.contains(digest);
        let recurring = digests.iter().rposition(was_seen);
        self.seen_now.extend(&digests);
        if let Some(last) = recurring
            && kept.is_none_or(|kept| kept < last)
            && has_pixels(canvas, last + 1)
            && covers_enough(&list.items[kept.map_or(0, |kept| kept + 1)..=last], canvas)
            && self.make_room(list.size.area() * 4, dropped)
        {
            let id = PlateId(self.next);
            self.next += 1;
            self.used_bytes += list.size.area() * 4;
            self.kept.insert(digests[last], Plate { id, bytes: list.size.area() * 4, last_used: self.clock });
            return Some(Base { plate: id, items: last + 1, is_new: true });
        }
        let kept = kept?;
        let plate = self.kept.get_mut(&digests[kept])?;
        plate.last_used = self.clock;
        Some(Base { plate: plate.id, items: kept + 1, is_new: false })
    }

    /// Drops idle plates until `bytes` fit, or changes nothing.
    fn make_room(&mut self, bytes: u64, dropped: &mut Vec<PlateId>) -> bool {
        while self.used_bytes + bytes > self.budget_bytes {
            let idle = |plate: &Plate| plate.last_used + IDLE_CANVASES < self.clock;
            let Some(oldest) = self
                .kept
                .iter()
                .filter(|(_, plate)| idle(plate))
                .min_by_key(|(_, plate)| plate.last_used)
                .map(|(d, _)| *d)
            else {
                return false;
            };
            if let Some(plate) = self.kept.remove(&oldest) {
                self.used_bytes -= plate.bytes;
                dropped.push(plate.id);
            }
        }
        true
    }
}

/// Whether the photos of the first items can be drawn.
fn has_pixels(canvas: &Canvas, items: usize) -> bool {
    let mut photos = canvas.items_with_photos().take_while(|(item, _)| *item < items);
    photos.all(|(_, range)| canvas.photos[range].iter().all(|photo| photo.pixels.is_some()))
}

/// Whether drawing the items again would shade enough pixels to be dearer than a copy of the canvas.
fn covers_enough(items: &[Item], canvas: &Canvas) -> bool {
    let seen = |bounds: RectPx| canvas.windows.iter().map(move |window| bounds.intersection(*window).size().area());
    let shaded: u64 = items.iter().flat_map(|item| seen(item.bounds())).sum();
    shaded as f64 >= canvas.list.size.area() as f64 * MIN_COVERAGE
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    use crate::layout::{DisplayList, Outline, Paint, Shape};
    use crate::pixels::{Color, SizePx};

    fn rect(rect: RectPx, color: Color) -> Item {
        Item::Shape(Shape { rect, outline: Outline::RECT, paint: Paint::Solid(color), stroke_px: None })
    }

    #[test]
    fn a_sheet_that_is_split_leaves_no_trace() {
        let mut plates = Plates::new(1 << 20);
        for _ in 0..3 {
            assert_eq!(plates.base(&canvas(Color::WHITE), &mut Vec::new()), None);
            plates.end_sheet(false);
        }
        assert_eq!(plates.base(&canvas(Color::WHITE), &mut Vec::new()), None);
        plates.end_sheet(true);
        assert!(plates.base(&canvas(Color::WHITE), &mut Vec::new()).is_some());
    }

    fn of(items: Vec<Item>) -> Canvas {
        let list = DisplayList { size: SizePx::new(100, 100), items, warnings: Vec::new() };
        Canvas::whole(Arc::new(list), Vec::new())
    }

    fn canvas_on(ground: Color, last: Color) -> Canvas {
        of(vec![rect(RectPx::new(0, 0, 100, 100), ground), rect(RectPx::new(0, 0, 10, 10), last)])
    }

    fn canvas(last: Color) -> Canvas {
        canvas_on(Color::BLACK, last)
    }

    #[test]
    fn the_second_canvas_makes_the_plate_and_the_third_uses_it() {
        let mut plates = Plates::new(1 << 20);
        let mut dropped = Vec::new();
        let red = |n: f32| Color::new(n, 0.0, 0.0, 1.0);
        assert_eq!(plates.base(&canvas(red(0.1)), &mut dropped), None);
        let second = plates.base(&canvas(red(0.2)), &mut dropped).expect("a plate");
        assert!(second.is_new && second.items == 1);
        let third = plates.base(&canvas(red(0.3)), &mut dropped).expect("a plate");
        assert_eq!(third, Base { is_new: false, ..second });
        assert!(dropped.is_empty());
    }

    #[test]
    fn a_small_prefix_is_not_worth_a_copy() {
        let mut plates = Plates::new(1 << 20);
        let small = of(vec![rect(RectPx::new(0, 0, 20, 20), Color::BLACK)]);
        for _ in 0..5 {
            assert_eq!(plates.base(&small, &mut Vec::new()), None);
        }
    }

    #[test]
    fn a_window_makes_no_plate_and_uses_one() {
        let mut plates = Plates::new(1 << 20);
        let strip = Canvas { windows: vec![RectPx::new(0, 0, 100, 16)], ..canvas(Color::WHITE) };
        for _ in 0..3 {
            assert_eq!(plates.base(&strip, &mut Vec::new()), None, "a copy of all is dearer than a strip");
        }
        let made = plates.base(&canvas(Color::WHITE), &mut Vec::new()).expect("a plate");
        assert_eq!(plates.base(&strip, &mut Vec::new()), Some(Base { is_new: false, ..made }));
        assert_eq!(plates.base(&Canvas { windows: Vec::new(), ..strip }, &mut Vec::new()), None);
    }

    #[test]
    fn the_budget_is_kept() {
        let mut plates = Plates::new(100 * 100 * 4);
        let mut dropped = Vec::new();
        plates.base(&canvas(Color::WHITE), &mut dropped);
        assert!(plates.base(&canvas(Color::WHITE), &mut dropped).expect("a plate").is_new);
        let other = canvas_on(Color::WHITE, Color::WHITE);
        plates.base(&other, &mut dropped);
        assert_eq!(plates.base(&other, &mut dropped), None, "no room, and the first is not idle");
    }
}
