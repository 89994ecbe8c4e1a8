//! Sheets: many canvases on one texture, and every decision about how they are drawn.
//!
//! ```text
//!   DisplayLists ──> Planner ──> Plan { plates to draw, photos to upload, the sheet's Drawing, slots }
//!                    plates: what need not be drawn     bands: what goes into one draw
//!                    pages:  where photos lie           isolates: one surface for each depth
//!
//!        x = 0                sheet width (a multiple of 64)
//!        ┌──────────────┬───┐
//!        │ canvas 0     │   │  slot 0, y = 0
//!        ├──────────────┤   │
//!        │ canvas 1     │   │  slot 1
//!        └──────────────┴───┘
//! ```
//!
//! Pure: no device is needed to plan a sheet, and `gpu/` only obeys. Fed by `layout/`; feeds `gpu/`.

mod bands;
mod digest;
mod draw_path;
mod drawing;
mod extent;
mod inner;
pub mod instance;
mod page;
mod pages;
mod plate;
#[cfg(test)]
mod properties;
mod tiles;

use std::ops::Range;
use std::sync::Arc;

use crate::assets::{ScaledKey, ScaledPhoto};
use crate::layout::{DisplayList, Item};
use crate::pixels::{RectPx, SizePx};

pub use bands::Class;
pub use digest::ItemDigest;
pub use draw_path::{DrawChoice, DrawPath};
pub use drawing::{Band, Drawing, Overfull, Surface, TextDraw};
pub use extent::Extent;
pub use pages::{PAGE_ARRAYS, PagePlace, Upload};
pub use plate::PlateId;
pub use tiles::{TileRun, Tiles};

use drawing::Builder;
use pages::Pages;
use plate::{Base, Plates};

/// Rows of a readback must start every 256 bytes: 64 pixels.
pub const WIDTH_STEP_PX: u32 = 64;

/// What a card can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SheetLimits {
    /// Longest side of a texture.
    pub max_side_px: u32,
    /// Pixels of one sheet, in bytes.
    pub sheet_bytes: u64,
    /// Photos on shared pages, in bytes of whole pages. Room for one page is always there.
    pub photo_bytes: u64,
    /// Side of a photo page.
    pub page_side_px: u32,
    /// Photo pages of one array texture.
    pub array_pages: u32,
    /// Canvases of one sheet.
    pub max_canvases: usize,
    /// Plates, in bytes.
    pub plate_bytes: u64,
    /// Instances of one kind, in bytes.
    pub max_binding_bytes: u64,
    /// Whether what is wholly inside an outline and opaque is drawn by passes of its own, which do not ask where its
    /// edge is. Software adapters take every branch of a shader for every pixel; cards lose more by more passes.
    pub has_inner_passes: bool,
    /// By which stage of the card what is not text is drawn.
    pub draw_path: DrawPath,
}

impl SheetLimits {
    /// The width of a sheet for canvases of this width.
    pub fn sheet_width(canvas_width: u32) -> u32 {
        canvas_width.div_ceil(WIDTH_STEP_PX) * WIDTH_STEP_PX
    }

    /// The rows a sheet of this width may have.
    pub fn max_rows(&self, sheet_width: u32) -> u32 {
        let by_bytes = self.sheet_bytes / (u64::from(sheet_width) * 4).max(1);
        (by_bytes.min(u64::from(self.max_side_px))) as u32
    }

    /// Bytes of one photo page.
    pub fn page_bytes(&self) -> u64 {
        u64::from(self.page_side_px).pow(2) * 4
    }

    /// Photo pages that may be made, at least one.
    pub fn max_pages(&self) -> u32 {
        let most = self.array_pages * PAGE_ARRAYS as u32;
        (self.photo_bytes / self.page_bytes()).clamp(1, u64::from(most)) as u32
    }

    /// Photo pages that the array of a page set may have; the last one may have fewer than the others.
    pub fn max_pages_of(&self, set: usize) -> u32 {
        self.max_pages().saturating_sub(set as u32 * self.array_pages).min(self.array_pages)
    }

    /// Bytes that the isolates of one depth may take, where there is more than one canvas.
    pub fn isolate_bytes(&self) -> u64 {
        self.sheet_bytes * 2
    }

    /// Whether a canvas can be drawn at all.
    pub fn holds(&self, canvas: SizePx) -> bool {
        Self::sheet_width(canvas.width) <= self.max_side_px && canvas.height <= self.max_side_px
    }
}

/// One canvas to draw.
#[derive(Clone, Debug)]
pub struct Canvas {
    /// What to draw.
    pub list: Arc<DisplayList>,
    /// The photos of the list, in the order of [`DisplayList::visit_photos`].
    pub photos: Vec<CanvasPhoto>,
    /// The parts of it that are drawn, each in a slot of its own: all of it, or what nobody has drawn before.
    pub windows: Vec<RectPx>,
    /// The hashes of its items.
    pub digests: Arc<[ItemDigest]>,
}

/// A photo of a canvas at the size that it is drawn.
#[derive(Clone, Debug)]
pub struct CanvasPhoto {
    /// Which pixels.
    pub key: ScaledKey,
    /// The pixels themselves: not needed for what no window shows.
    pub pixels: Option<Arc<ScaledPhoto>>,
}

impl From<Arc<ScaledPhoto>> for CanvasPhoto {
    fn from(photo: Arc<ScaledPhoto>) -> Self {
        Self { key: photo.key, pixels: Some(photo) }
    }
}

impl Canvas {
    /// A canvas that is drawn as a whole.
    pub fn whole(list: Arc<DisplayList>, photos: Vec<CanvasPhoto>) -> Self {
        let digests = digest::item_digests(&list.items, &photos).into();
        Self { windows: vec![list.size.rect()], digests, list, photos }
    }

    /// Every item that has photos: its number, and which of the canvas's photos they are.
    pub fn items_with_photos(&self) -> impl Iterator<Item = (usize, Range<usize>)> {
        let mut next = 0;
        let counted = self.list.items.iter().enumerate().map(move |(index, item)| {
            let first = next;
            next += photos_of(item);
            (index, first..next)
        });
        counted.filter(|(_, photos)| !photos.is_empty())
    }

    /// Whether a window shows a part of an item.
    pub fn shows(&self, item: usize) -> bool {
        let bounds = self.list.items[item].bounds();
        self.windows.iter().any(|window| !bounds.intersection(*window).is_empty())
    }
}

/// All that is done for one sheet.
#[derive(Debug)]
pub struct Plan {
    /// Plates whose textures can go.
    pub dropped_plates: Vec<PlateId>,
    /// Photos to put on pages before anything is drawn.
    pub uploads: Vec<Upload>,
    /// Plates to draw first, each on a texture of its own.
    pub new_plates: Vec<NewPlate>,
    /// Width (a multiple of 64) and used height of the sheet.
    pub size: SizePx,
    /// Where each window of each canvas lies, in the order they came.
    pub slots: Vec<Slot>,
    /// Whether the sheet must be cleared, because a canvas has no plate and its first band does not do it.
    pub clear: bool,
    /// What is drawn on top of the plates.
    pub drawing: Drawing,
}

/// A plate to draw.
#[derive(Debug)]
pub struct NewPlate {
    /// Its name from now on.
    pub id: PlateId,
    /// The canvas's size.
    pub size: SizePx,
    /// The first row of the canvas on its texture, which ends with the canvas.
    pub y: u32,
    /// What it shows.
    pub drawing: Drawing,
}

/// A window of a canvas on the sheet: moved up or down there, never to the side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// First row.
    pub y: u32,
    /// Which pixels of the canvas it shows.
    pub window: RectPx,
    /// The plate it starts from.
    pub plate: Option<PlateId>,
}

/// Plans sheets, one after the other.
pub struct Planner {
    limits: SheetLimits,
    plates: Plates,
    pages: Pages,
    dropped: Vec<PlateId>,
}

impl Planner {
    /// A planner for a card with these limits.
    pub fn new(limits: SheetLimits) -> Self {
        Self { limits, plates: Plates::new(limits.plate_bytes), pages: Pages::new(&limits), dropped: Vec::new() }
    }

    /// What the card can hold.
    pub fn limits(&self) -> &SheetLimits {
        &self.limits
    }

    /// Forgets what lies on the card: the device was rebuilt.
    pub fn clear(&mut self) {
        self.plates.clear();
        self.pages.clear();
        self.dropped.clear();
    }

    /// Plans one sheet for canvases of one sheet width.
    ///
    /// # Errors
    /// [`Overfull`]: they do not fit together. A plan for a part of them may; a single canvas that does not fit
    /// never will.
    pub fn plan(&mut self, canvases: &[Canvas]) -> Result<Plan, Overfull> {
        self.pages.start_sheet();
        let mut uploads = Vec::new();
        let mut new_plates = Vec::new();
        let result = self.draw(canvases, &mut uploads, &mut new_plates);
        self.plates.end_sheet(result.is_ok());
        match result {
            Ok((drawing, slots)) => {
                let width = canvases.iter().map(|canvas| SheetLimits::sheet_width(canvas.list.size.width)).max();
                Ok(Plan {
                    dropped_plates: std::mem::take(&mut self.dropped),
                    uploads,
                    new_plates,
                    size: SizePx::new(width.unwrap_or(0), drawing.surfaces[0].size.height),
                    clear: !drawing.surfaces[0].starts_blank && slots.iter().any(|slot| slot.plate.is_none()),
                    slots,
                    drawing,
                })
            }
            Err(overfull) => {
                for plate in &new_plates {
                    self.plates.forget(plate.id);
                }
                for upload in &uploads {
                    self.pages.forget(&upload.photo.key);
                }
                Err(overfull)
            }
        }
    }

    fn draw(
        &mut self,
        canvases: &[Canvas],
        uploads: &mut Vec<Upload>,
        new_plates: &mut Vec<NewPlate>,
    ) -> Result<(Drawing, Vec<Slot>), Overfull> {
        let limits = self.limits;
        let mut bases = Vec::with_capacity(canvases.len());
        for canvas in canvases {
            let base = self.plates.base(canvas, &mut self.dropped);
            if let Some(base) = base.filter(|base| base.is_new) {
                let items = &canvas.list.items[..base.items];
                let (id, size) = (base.plate, canvas.list.size);
                // Named first, so that it is forgotten if it cannot be drawn.
                new_plates.push(NewPlate { id, size, y: 0, drawing: Drawing::default() });
                let mut headroom = Vec::new();
                drawing::headroom(items, size.rect(), &mut headroom);
                let mut builder = Builder::new(limits, headroom, &mut self.pages, uploads);
                let y = builder.window(size.rect(), true, items, &canvas.photos)?;
                let drawing = builder.finish()?;
                new_plates.pop();
                new_plates.push(NewPlate { id, size, y, drawing });
            }
            bases.push(base);
        }
        let below = |base: &Option<Base>| base.map_or(0, |base| base.items);
        let mut headroom = Vec::new();
        for (canvas, base) in canvases.iter().zip(&bases) {
            let items = &canvas.list.items[below(base)..];
            canvas.windows.iter().for_each(|window| drawing::headroom(items, *window, &mut headroom));
        }
        let mut builder = Builder::new(limits, headroom, &mut self.pages, uploads);
        let mut slots = Vec::with_capacity(canvases.len());
        for (canvas, base) in canvases.iter().zip(&bases) {
            let below = below(base);
            let photos = &canvas.photos[photo_count(&canvas.list.items[..below])..];
            builder.start_canvas();
            for &window in &canvas.windows {
                let y = builder.window(window, base.is_none(), &canvas.list.items[below..], photos)?;
                slots.push(Slot { y, window, plate: base.map(|base| base.plate) });
            }
        }
        Ok((builder.finish()?, slots))
    }
}

/// Photos of some items, those inside isolates included.
fn photo_count(items: &[Item]) -> usize {
    items.iter().map(photos_of).sum()
}

fn photos_of(item: &Item) -> usize {
    match item {
        Item::Photo(_) => 1,
        Item::Isolate(isolate) => photo_count(&isolate.items),
        Item::Shape(_) | Item::Shadow(_) | Item::Text(_) => 0,
    }
}
