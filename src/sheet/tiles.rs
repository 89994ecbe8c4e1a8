//! Tiles: what the compute path draws between two bands of text, dispatch by dispatch.
//!
//! ```text
//!   window 0  ▒▒▒▒▒▒▒▒▒▒▒▒  strips: rows of tiles, only as far as parts reach   ┐
//!             ▒▒▒▒▒▒▒▒▒▒▒▒                                                      │ one run: one dispatch, a
//!   window 1      ▒▒▒▒                                                          │ workgroup for each tile
//!                 ▒▒▒▒▒▒▒▒                                                      ┘
//! ```
//!
//! Every strip points at the parts of its window, in drawing order. Which of them a tile needs is found on the card,
//! by the workgroup that draws it: hundreds of thousands of tiles are too many to list here. A dispatch reads the
//! shared photo pages and one photo that has a texture of its own; a window with several of those is drawn in rounds.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::pixels::RectPx;

use super::instance::{GpuPart, GpuStrip, TILE_PX};

/// Bindings start every 256 bytes: at each eighth strip.
const RUN_STEP: usize = 256 / size_of::<GpuStrip>();

/// All that is drawn in tiles for one submission.
#[derive(Debug, Default)]
pub struct Tiles {
    /// Instances of all windows, each window's in drawing order.
    pub parts: Vec<GpuPart>,
    /// Rows of tiles; those of a run start at a multiple of 256 bytes.
    pub strips: Vec<GpuStrip>,
    /// In drawing order.
    pub runs: Vec<TileRun>,
}

/// One dispatch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TileRun {
    /// Its strips: as many workgroups downwards.
    pub strips: Range<u32>,
    /// Tiles of the longest strip: as many workgroups across.
    pub columns: u32,
    /// The page set of the one photo that is not on the shared pages.
    pub single: Option<usize>,
}

/// A slot of a surface: what it shows and where.
#[derive(Clone, Copy, Debug)]
pub struct TileWindow {
    /// Its pixels, in those of its canvas.
    pub rect: RectPx,
    /// The row of the surface that is row 0 of the canvas.
    pub origin_y: i32,
    /// Nothing was copied there before.
    pub is_blank: bool,
}

/// An instance in one window.
#[derive(Clone, Copy, Debug)]
pub struct TilePart {
    /// Which window of the surface.
    pub window: usize,
    /// What.
    pub part: GpuPart,
    /// The page set of a photo that is not on the shared pages.
    pub single: Option<usize>,
}

impl Tiles {
    /// Adds a band of a surface; the answer is its runs. `parts` are in order of their windows. `is_first`: nothing was
    /// drawn on the surface before, so that all pixels of blank windows are written.
    pub fn band(&mut self, windows: &[TileWindow], parts: &[TilePart], is_first: bool) -> Range<u32> {
        let mut runs: BTreeMap<(usize, Option<usize>), Vec<GpuStrip>> = BTreeMap::new();
        let mut rest = parts;
        for (index, window) in windows.iter().enumerate() {
            let own;
            (own, rest) = rest.split_at(rest.iter().take_while(|part| part.window == index).count());
            for (round, parts) in rounds(own).into_iter().enumerate() {
                let first_part = self.parts.len() as u32;
                self.parts.extend(parts.iter().map(|part| part.part));
                let is_blank = is_first && round == 0 && window.is_blank;
                let strips = areas(window.rect, parts, is_blank).map(|area| GpuStrip {
                    area: [area.x, area.y, area.width as i32, area.height as i32],
                    origin_y: window.origin_y,
                    first_part,
                    part_count: parts.len() as u32,
                    blank: u32::from(is_blank),
                });
                let single = parts.iter().find_map(|part| part.single);
                runs.entry((round, single)).or_default().extend(strips);
            }
        }
        assert!(rest.is_empty(), "parts are in order of their windows");
        let first_run = self.runs.len() as u32;
        for ((_, single), strips) in runs {
            let Some(columns) = strips.iter().map(|strip| strip.area[2] as u32).max() else { continue };
            let start = self.strips.len().next_multiple_of(RUN_STEP);
            self.strips.resize(start, bytemuck::Zeroable::zeroed());
            self.strips.extend(strips);
            let strips = start as u32..self.strips.len() as u32;
            self.runs.push(TileRun { strips, columns: columns.div_ceil(TILE_PX), single });
        }
        first_run..self.runs.len() as u32
    }
}

/// A window's parts, cut where a second photo with a texture of its own comes. At least one, if it is empty.
fn rounds(parts: &[TilePart]) -> Vec<&[TilePart]> {
    let mut rounds = Vec::with_capacity(1);
    let (mut start, mut single) = (0, None);
    for (index, part) in parts.iter().enumerate().filter(|(_, part)| part.single.is_some()) {
        if single.is_some() && single != part.single {
            rounds.push(&parts[start..index]);
            start = index;
        }
        single = part.single;
    }
    rounds.push(&parts[start..]);
    rounds
}

/// Rows of tiles of a window: whole where it is blank, else as far as the parts reach.
fn areas(window: RectPx, parts: &[TilePart], is_blank: bool) -> impl Iterator<Item = RectPx> {
    let tile = TILE_PX as i32;
    let nothing = (i32::MAX, i32::MIN);
    let all = (window.x, window.right());
    let mut reach = vec![if is_blank { all } else { nothing }; window.height.div_ceil(TILE_PX) as usize];
    for TilePart { part, .. } in parts.iter().filter(|_| !is_blank) {
        let [x, y, width, height] = part.quad;
        let rows = (y - window.y) / tile..=(y + height - 1 - window.y) / tile;
        for (left, right) in &mut reach[*rows.start() as usize..=*rows.end() as usize] {
            (*left, *right) = ((*left).min(x), (*right).max(x + width));
        }
    }
    reach.into_iter().enumerate().filter(|(_, (left, right))| left < right).map(move |(row, (left, right))| {
        // Tiles start at multiples of 16 pixels, as the rows of a texture lie in memory.
        let left = (left.div_euclid(tile) * tile).max(window.x);
        let y = window.y + row as i32 * tile;
        let height = TILE_PX.min((window.bottom() - y) as u32);
        RectPx::new(left, y, (right - left) as u32, height)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sheet::instance::PART_PHOTO;

    fn window(y: u32, rect: RectPx, is_blank: bool) -> TileWindow {
        TileWindow { rect, origin_y: y as i32 - rect.y, is_blank }
    }

    fn part(window: usize, quad: RectPx, single: Option<usize>) -> TilePart {
        let kind = PART_PHOTO;
        let quad = [quad.x, quad.y, quad.width as i32, quad.height as i32];
        TilePart { window, part: GpuPart { quad, inner: [0; 4], kind, index: 0, pad: [0; 2] }, single }
    }

    #[test]
    fn strips_reach_as_far_as_parts_and_blank_windows_are_whole() {
        let mut tiles = Tiles::default();
        let rect = RectPx::new(0, 0, 100, 40);
        let windows = [window(0, rect, true), window(40, rect, false), window(80, rect, false)];
        let parts = [part(1, RectPx::new(37, 17, 10, 16), None), part(1, RectPx::new(60, 33, 3, 3), None)];
        assert_eq!(tiles.band(&windows, &parts, true), 0..1);
        let areas: Vec<_> = tiles.strips.iter().map(|strip| (strip.area, strip.origin_y, strip.part_count)).collect();
        assert_eq!(
            areas,
            [
                ([0, 0, 100, 16], 0, 0),
                ([0, 16, 100, 16], 0, 0),
                ([0, 32, 100, 8], 0, 0),
                ([32, 16, 15, 16], 40, 2),
                ([32, 32, 31, 8], 40, 2),
            ]
        );
        assert_eq!(tiles.runs, [TileRun { strips: 0..5, columns: 7, single: None }]);
        // A later band writes nothing that it does not draw.
        assert_eq!(tiles.band(&windows, &parts, false), 1..2);
        assert_eq!(tiles.runs[1], TileRun { strips: 8..10, columns: 2, single: None });
        assert!(tiles.strips[8..].iter().all(|strip| strip.blank == 0));
    }

    #[test]
    fn a_dispatch_has_one_photo_of_its_own_at_most_and_order_is_kept() {
        let mut tiles = Tiles::default();
        let rect = RectPx::new(0, 0, 16, 16);
        let windows = [window(0, rect, true), window(16, rect, true)];
        let singles = [Some(1), None, Some(1), Some(2), None, Some(1)];
        let mut parts: Vec<_> = singles.iter().map(|single| part(0, rect, *single)).collect();
        parts.push(part(1, rect, Some(2)));
        assert_eq!(tiles.band(&windows, &parts, true), 0..4);
        let runs: Vec<_> = tiles.runs.iter().map(|run| (run.strips.clone(), run.single)).collect();
        // Both windows' first rounds, then the rest of the first window.
        assert_eq!(runs, [(0..1, Some(1)), (8..9, Some(2)), (16..17, Some(2)), (24..25, Some(1))]);
        let strip = |index: usize| (tiles.strips[index].first_part, tiles.strips[index].part_count);
        assert_eq!([strip(0), strip(16), strip(24), strip(8)], [(0, 3), (3, 2), (5, 1), (6, 1)]);
        assert_eq!([0, 8, 16, 24].map(|index: usize| tiles.strips[index].blank), [1, 1, 0, 0]);
    }

    #[test]
    fn a_band_without_anything_has_no_dispatch() {
        let mut tiles = Tiles::default();
        let windows = [window(0, RectPx::new(0, 0, 16, 16), false)];
        assert_eq!(tiles.band(&windows, &[], true), 0..0);
        assert!(tiles.strips.is_empty());
    }
}
