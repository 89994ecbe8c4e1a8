//! Photo pages: where on the card each scaled photo lies.
//!
//! Photos that fit share the layers of one array texture (page set 0); a photo larger than a page gets a texture
//! of its own for as long as it is needed. This is the book-keeping only: `gpu/` does the uploads listed here.

use std::collections::HashMap;
use std::sync::Arc;

use etagere::{AllocId, AtlasAllocator, size2};

use crate::assets::{ScaledKey, ScaledPhoto};
use crate::pixels::SizePx;

/// Where a photo lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PagePlace {
    /// 0: the shared array; others are single photos.
    pub set: usize,
    /// Layer of the array.
    pub page: u32,
    /// Left texel.
    pub x: u32,
    /// Top texel.
    pub y: u32,
}

/// A photo to put on the card before drawing.
#[derive(Clone, Debug)]
pub struct Upload {
    /// Where.
    pub place: PagePlace,
    /// What.
    pub photo: Arc<ScaledPhoto>,
}

/// No room for the photos of one sheet: the sheet must be split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PagesFull;

struct Resident {
    place: PagePlace,
    id: AllocId,
    last_sheet: u64,
}

/// The shared pages and who lies in them.
pub struct Pages {
    page_side: u32,
    max_side: u32,
    pages: Vec<AtlasAllocator>,
    max_pages: u32,
    residents: HashMap<ScaledKey, Resident>,
    sheet: u64,
    singles: Vec<(ScaledKey, PagePlace)>,
}

impl Pages {
    /// Room for `max_pages` pages of `page_side` × `page_side` texels; no texture has a side over `max_side`.
    pub fn new(page_side: u32, max_pages: u32, max_side: u32) -> Self {
        Self {
            page_side,
            max_side,
            pages: Vec::new(),
            max_pages,
            residents: HashMap::new(),
            sheet: 0,
            singles: Vec::new(),
        }
    }

    /// Starts a sheet: photos of earlier ones may now give way, and single textures are gone.
    pub fn start_sheet(&mut self) {
        self.sheet += 1;
        self.singles.clear();
    }

    /// Forgets everything: the device was rebuilt.
    pub fn clear(&mut self) {
        self.pages.clear();
        self.residents.clear();
        self.singles.clear();
    }

    /// Forgets a photo that was never uploaded.
    pub fn forget(&mut self, key: &ScaledKey) {
        if let Some(resident) = self.residents.remove(key) {
            self.pages[resident.place.page as usize].deallocate(resident.id);
        }
    }

    /// The place of a photo, with an upload where it is new.
    ///
    /// # Errors
    /// [`PagesFull`] when the photos of this sheet alone fill every page, or one is larger than any texture.
    pub fn place(&mut self, photo: &Arc<ScaledPhoto>, uploads: &mut Vec<Upload>) -> Result<PagePlace, PagesFull> {
        let size = photo.bitmap.size();
        if size.width > self.page_side || size.height > self.page_side {
            if size.width > self.max_side || size.height > self.max_side {
                return Err(PagesFull);
            }
            return Ok(self.single(photo, uploads));
        }
        if let Some(resident) = self.residents.get_mut(&photo.key) {
            resident.last_sheet = self.sheet;
            return Ok(resident.place);
        }
        let (page, id, x, y) = self.allocate(size).ok_or(PagesFull)?;
        let place = PagePlace { set: 0, page, x, y };
        self.residents.insert(photo.key, Resident { place, id, last_sheet: self.sheet });
        uploads.push(Upload { place, photo: Arc::clone(photo) });
        Ok(place)
    }

    fn single(&mut self, photo: &Arc<ScaledPhoto>, uploads: &mut Vec<Upload>) -> PagePlace {
        if let Some((_, place)) = self.singles.iter().find(|(key, _)| *key == photo.key) {
            return *place;
        }
        let place = PagePlace { set: self.singles.len() + 1, page: 0, x: 0, y: 0 };
        self.singles.push((photo.key, place));
        uploads.push(Upload { place, photo: Arc::clone(photo) });
        place
    }

    fn allocate(&mut self, size: SizePx) -> Option<(u32, AllocId, u32, u32)> {
        loop {
            for (page, allocator) in self.pages.iter_mut().enumerate() {
                if let Some(found) = allocator.allocate(size2(size.width as i32, size.height as i32)) {
                    let corner = found.rectangle.min;
                    return Some((page as u32, found.id, corner.x as u32, corner.y as u32));
                }
            }
            if (self.pages.len() as u32) < self.max_pages {
                self.pages.push(AtlasAllocator::new(size2(self.page_side as i32, self.page_side as i32)));
                continue;
            }
            let oldest = self
                .residents
                .iter()
                .filter(|(_, resident)| resident.last_sheet < self.sheet)
                .min_by_key(|(_, resident)| {
                    (resident.last_sheet, resident.place.page, resident.place.y, resident.place.x)
                })
                .map(|(key, _)| *key)?;
            let resident = self.residents.remove(&oldest)?;
            self.pages[resident.place.page as usize].deallocate(resident.id);
        }
    }
}
