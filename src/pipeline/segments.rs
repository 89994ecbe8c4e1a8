//! Segments that recur: what an earlier canvas has too is not drawn, read back or encoded again.
//!
//! A segment's pixels follow from the items that touch it, in their order; so does its key. The first canvas with a
//! key promises the segment, and keeps the promise as soon as its own pixels are encoded. Later ones wait for it,
//! which never takes long and never for ever: whoever promises is painted, and taken up by an encoder, before those
//! who wait; and a promise that cannot be kept is broken when its canvas goes.
//!
//! ```text
//!   items of a canvas ─> key of each segment ─┬─ known ──────────> taken from there
//!                                             └─ new: promised ──> window of the canvas ─> drawn, encoded, kept
//! ```

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use lru::LruCache;

use crate::encode::Grid;
use crate::job::{Encoding, ErrorCode, Output};
use crate::pixels::{RectPx, SizePx};
use crate::sheet::Canvas;

/// Encoded segments that are kept.
const BUDGET_BYTES: u64 = 128 << 20;
/// What keeping one costs besides its bytes.
const ENTRY_BYTES: u64 = 160;
/// Where so many hundredths of a canvas are new, it is drawn as a whole.
const WHOLE_FROM_PERCENT: u64 = 80;

/// Why a promise was broken.
pub type Broken = (ErrorCode, String);

/// The bytes of a segment, once they are there.
#[derive(Debug, Default)]
pub struct Segment {
    bytes: OnceLock<Result<Box<[u8]>, Broken>>,
    /// Where its bytes are counted.
    held: Option<Arc<AtomicU64>>,
}

impl Segment {
    fn counted(held: &Arc<AtomicU64>) -> Self {
        held.fetch_add(ENTRY_BYTES, Ordering::Relaxed);
        Self { bytes: OnceLock::new(), held: Some(Arc::clone(held)) }
    }

    /// Keeps the promise; who comes second changes nothing.
    pub fn keep(&self, bytes: &[u8]) {
        if self.bytes.set(Ok(bytes.into())).is_ok()
            && let Some(held) = &self.held
        {
            held.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        }
    }

    /// Breaks the promise where it is not kept.
    fn give_up(&self, why: &Broken) {
        if self.bytes.get().is_none() {
            drop(self.bytes.set(Err(why.clone())));
        }
    }

    /// The bytes. Waits for them.
    ///
    /// # Errors
    /// When the promise was broken.
    pub fn wait(&self) -> Result<&[u8], &Broken> {
        self.bytes.wait().as_deref()
    }

    fn is_broken(&self) -> bool {
        self.bytes.get().is_some_and(Result::is_err)
    }

    fn len(&self) -> u64 {
        self.bytes.get().and_then(|bytes| bytes.as_ref().ok()).map_or(0, |bytes| bytes.len() as u64)
    }
}

impl Drop for Segment {
    fn drop(&mut self) {
        if let Some(held) = &self.held {
            held.fetch_sub(ENTRY_BYTES + self.len(), Ordering::Relaxed);
        }
    }
}

/// All segments of one variant: some are there or promised by others, some it promises itself.
#[derive(Debug)]
pub struct Splice {
    /// How the image falls into segments.
    pub grid: Grid,
    segments: Vec<Arc<Segment>>,
    /// Numbers of those that this variant promises.
    own: Vec<usize>,
}

impl Splice {
    /// In the order of the file.
    pub fn segments(&self) -> &[Arc<Segment>] {
        &self.segments
    }

    /// Numbers of the segments that must be drawn and encoded for this variant.
    pub fn own(&self) -> &[usize] {
        &self.own
    }

    /// Breaks what is not kept.
    pub fn give_up(&self, code: ErrorCode, message: impl Into<String>) {
        let why = (code, message.into());
        self.own.iter().for_each(|&index| self.segments[index].give_up(&why));
    }

    /// Waits for nobody: all segments are its own from now on. Its promises stand.
    pub fn make_whole(&mut self) {
        let mut others: Vec<usize> = (0..self.segments.len()).collect();
        others.retain(|index| self.own.binary_search(index).is_err());
        for index in others {
            self.segments[index] = Arc::default();
        }
        self.own = (0..self.segments.len()).collect();
    }
}

impl Drop for Splice {
    fn drop(&mut self) {
        self.give_up(ErrorCode::InternalPanic, "the image that it shares a part with was not made");
    }
}

/// Segments by key: those used longest ago give way.
pub struct Segments {
    known: LruCache<u128, Arc<Segment>>,
    held: Arc<AtomicU64>,
    keys: Vec<u128>,
}

impl Segments {
    /// None yet.
    pub fn new() -> Self {
        // Not bounded by number: by bytes.
        let known = LruCache::unbounded();
        Self { known, held: Arc::default(), keys: Vec::new() }
    }

    /// What is known of a variant's segments, and what it must promise.
    pub fn splice(&mut self, canvas: &Canvas, grid: Grid, output: Output) -> Splice {
        self.let_go();
        keys(canvas, &grid, output.encoding, &mut self.keys);
        let mut own = Vec::new();
        let mut segments = Vec::with_capacity(self.keys.len());
        for (index, key) in self.keys.iter().enumerate() {
            match self.known.get(key) {
                Some(segment) if !segment.is_broken() => segments.push(Arc::clone(segment)),
                _ => {
                    let segment = Arc::new(Segment::counted(&self.held));
                    self.known.put(*key, Arc::clone(&segment));
                    own.push(index);
                    segments.push(segment);
                }
            }
        }
        Splice { grid, segments, own }
    }

    /// Bytes that are held, those included that nobody can find any more.
    pub fn held_bytes(&self) -> u64 {
        self.held.load(Ordering::Relaxed)
    }

    fn let_go(&mut self) {
        while self.held_bytes() > BUDGET_BYTES && self.known.pop_lru().is_some() {}
    }
}

/// The key of every segment: of the image, the encoding, the place, and the items that touch it.
fn keys(canvas: &Canvas, grid: &Grid, encoding: Encoding, keys: &mut Vec<u128>) {
    let mut seed = blake3::Hasher::new();
    let SizePx { width, height } = grid.size();
    seed.update(&width.to_le_bytes()).update(&height.to_le_bytes()).update(format!("{encoding:?}").as_bytes());
    let mut first = [0; 16];
    seed.finalize_xof().fill(&mut first);
    keys.clear();
    keys.extend((0..grid.len() as u128).map(|index| mix(u128::from_le_bytes(first), index)));
    for (item, digest) in canvas.list.items.iter().zip(&*canvas.digests) {
        let digest = u128::from_le_bytes(*digest);
        for index in grid.indices(&grid.touched(item.bounds())) {
            keys[index] = mix(keys[index], digest);
        }
    }
}

/// One more of a sequence. The digests are random already: it need only tell orders apart.
fn mix(key: u128, digest: u128) -> u128 {
    // An odd number without a pattern: the fraction of the golden ratio.
    const ODD: u128 = 0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835;
    (key ^ digest).wrapping_mul(ODD).rotate_left(59).wrapping_add(digest)
}

/// The rectangles that hold some segments: one for each run of rows that has any. All of the canvas where that is not
/// much more.
pub fn windows(size: SizePx, mut rects: Vec<RectPx>) -> Vec<RectPx> {
    rects.sort_unstable_by_key(|rect| rect.y);
    let mut windows: Vec<RectPx> = Vec::new();
    for rect in rects {
        match windows.last_mut() {
            Some(last) if rect.y <= last.bottom() => *last = last.union(rect),
            _ => windows.push(rect),
        }
    }
    let area: u64 = windows.iter().map(|window| window.size().area()).sum();
    if area * 100 >= size.area() * WHOLE_FROM_PERCENT {
        return vec![size.rect()];
    }
    windows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::Format;
    use crate::layout::{DisplayList, Item, Outline, Paint, Shape};
    use crate::pixels::Color;

    const SIZE: SizePx = SizePx::new(640, 320);

    fn rect(rect: RectPx, color: Color) -> Item {
        Item::Shape(Shape { rect, outline: Outline::RECT, paint: Paint::Solid(color), stroke_px: None })
    }

    fn canvas(items: Vec<Item>) -> Canvas {
        Canvas::whole(Arc::new(DisplayList { size: SIZE, items, warnings: Vec::new() }), Vec::new())
    }

    fn splice(segments: &mut Segments, items: Vec<Item>) -> Splice {
        let output = Output::new(Format::Jpeg);
        let grid = Grid::of(SIZE, output, true).expect("segments");
        segments.splice(&canvas(items), grid, output)
    }

    fn ground() -> Item {
        rect(SIZE.rect(), Color::BLACK)
    }

    #[test]
    fn only_what_is_new_is_promised() {
        let mut segments = Segments::new();
        let first = splice(&mut segments, vec![ground()]);
        assert_eq!(first.own().len(), 40);
        let spot = rect(RectPx::new(330, 20, 10, 20), Color::WHITE);
        let second = splice(&mut segments, vec![ground(), spot.clone()]);
        assert_eq!(second.own(), [3, 5], "the right half of two rows");
        let below = splice(&mut segments, vec![spot, ground()]);
        assert_eq!(below.own(), [3, 5], "the other order is another picture");
        first.segments()[7].keep(b"seven");
        assert_eq!(second.segments()[7].wait(), Ok(&b"seven"[..]));
    }

    #[test]
    fn a_broken_promise_is_told_and_made_again() {
        let mut segments = Segments::new();
        let first = splice(&mut segments, vec![ground()]);
        let second = splice(&mut segments, vec![ground()]);
        assert!(second.own().is_empty());
        first.segments()[0].keep(b"kept");
        drop(first);
        assert_eq!(second.segments()[0].wait(), Ok(&b"kept"[..]));
        assert!(second.segments()[1].wait().is_err());
        let third = splice(&mut segments, vec![ground()]);
        assert_eq!(third.own().len(), 39);
    }

    #[test]
    fn a_canvas_that_is_made_whole_keeps_its_promises_and_waits_for_nobody() {
        let mut segments = Segments::new();
        let first = splice(&mut segments, vec![ground()]);
        let spot = rect(RectPx::new(0, 0, 10, 10), Color::WHITE);
        let mut second = splice(&mut segments, vec![ground(), spot.clone()]);
        let third = splice(&mut segments, vec![ground(), spot]);
        second.make_whole();
        assert_eq!(second.own().len(), 40);
        second.segments().iter().for_each(|segment| segment.keep(b"x"));
        drop(first);
        assert_eq!(third.segments()[0].wait(), Ok(&b"x"[..]), "what it had promised");
        assert!(third.segments()[1].wait().is_err(), "what the first had promised");
    }

    #[test]
    fn the_budget_is_kept() {
        let mut segments = Segments::new();
        for shade in 0..200_u8 {
            let color = Color::new(f32::from(shade) / 255.0, 0.0, 0.0, 1.0);
            let splice = splice(&mut segments, vec![rect(SIZE.rect(), color)]);
            splice.segments().iter().for_each(|segment| segment.keep(&[0; 40_000]));
            assert!(segments.held_bytes() < BUDGET_BYTES + 40 * 41_000);
        }
        drop(segments.known);
        assert_eq!(segments.held.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn windows_are_runs_of_rows() {
        let at = |x, y| RectPx::new(x, y, 100, 16);
        assert_eq!(
            windows(SIZE, vec![at(0, 160), at(200, 16), at(0, 32), at(0, 16)]),
            [RectPx::new(0, 16, 300, 32), at(0, 160)]
        );
        assert_eq!(windows(SIZE, vec![RectPx::new(0, 0, 640, 16), RectPx::new(0, 16, 640, 250)]), [SIZE.rect()]);
        assert!(windows(SIZE, Vec::new()).is_empty());
    }
}
