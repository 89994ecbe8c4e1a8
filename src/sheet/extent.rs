//! How much of a sheet, and of its isolates' textures, some canvases take: when to close a sheet.

use crate::layout::Item;
use crate::pixels::{RectPx, SizePx};

use super::{Canvas, SheetLimits};

/// The room that canvases take together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    /// Rows of the sheet.
    pub rows: u32,
    /// Isolates of each depth, stacked.
    isolates: Vec<SizePx>,
}

impl Extent {
    /// With one canvas more.
    pub fn with(&self, canvas: &Canvas) -> Self {
        let mut extent = self.clone();
        for window in &canvas.windows {
            extent.rows = extent.rows.saturating_add(window.height);
            extent.stack(&canvas.list.items, *window, 0);
        }
        extent
    }

    /// Whether one sheet of this width holds it all. (Plates only make it smaller.)
    pub fn fits(&self, sheet_width: u32, limits: &SheetLimits) -> bool {
        self.rows <= limits.max_rows(sheet_width)
            && self
                .isolates
                .iter()
                .all(|size| size.height <= limits.max_side_px && size.area() * 4 <= limits.isolate_bytes())
    }

    fn stack(&mut self, items: &[Item], window: RectPx, depth: usize) {
        for item in items {
            if let Item::Isolate(isolate) = item
                && isolate.drawn_bounds().overlaps(window)
            {
                if self.isolates.len() == depth {
                    self.isolates.push(SizePx::default());
                }
                let (size, all) = (isolate.texture_size(), &mut self.isolates[depth]);
                *all = SizePx::new(all.width.max(size.width), all.height.saturating_add(size.height));
                self.stack(&isolate.items, size.rect(), depth + 1);
            }
        }
    }
}
