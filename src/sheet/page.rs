//! One photo page: which parts of it are free.
//!
//! To ask a page is as dear as it has photos, and most pages are full. So a page remembers the sizes that it had no
//! room for: until one of its photos goes, it has none for anything as wide and as high either.

use etagere::{AllocId, AtlasAllocator, size2};

use crate::pixels::SizePx;

/// Sizes remembered: more than a few, none of which is the smaller one both ways, are rare.
const REFUSALS_KEPT: usize = 8;
/// etagere numbers the free and taken parts of a page with 16 bits, and has up to three for each photo.
const MAX_PHOTOS: u32 = 16_384;

/// The free and taken parts of a page.
pub struct Page {
    parts: AtlasAllocator,
    photos: u32,
    refused: Vec<SizePx>,
    /// How often its parts were searched.
    #[cfg(test)]
    pub searches: u64,
}

/// A part of a page for one photo.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PagePart {
    /// Left texel.
    pub x: u32,
    /// Top texel.
    pub y: u32,
    id: AllocId,
}

impl Page {
    /// An empty page of `side_px` × `side_px` texels.
    pub fn new(side_px: u32) -> Self {
        Self {
            parts: AtlasAllocator::new(size2(side_px as i32, side_px as i32)),
            photos: 0,
            refused: Vec::new(),
            #[cfg(test)]
            searches: 0,
        }
    }

    /// Takes a part of this size, if there is one.
    pub fn take(&mut self, size: SizePx) -> Option<PagePart> {
        if self.photos >= MAX_PHOTOS || self.refused.iter().any(|refused| holds(size, *refused)) {
            return None;
        }
        #[cfg(test)]
        {
            self.searches += 1;
        }
        let Some(found) = self.parts.allocate(size2(size.width as i32, size.height as i32)) else {
            self.refuse(size);
            return None;
        };
        self.photos += 1;
        let corner = found.rectangle.min;
        Some(PagePart { x: corner.x as u32, y: corner.y as u32, id: found.id })
    }

    /// Frees a part.
    pub fn free(&mut self, part: PagePart) {
        self.parts.deallocate(part.id);
        self.photos -= 1;
        self.refused.clear();
    }

    fn refuse(&mut self, size: SizePx) {
        self.refused.retain(|larger| !holds(*larger, size));
        if self.refused.len() == REFUSALS_KEPT {
            self.refused.remove(0);
        }
        self.refused.push(size);
    }
}

/// Whether one size is at least as wide and as high as the other.
fn holds(size: SizePx, other: SizePx) -> bool {
    size.width >= other.width && size.height >= other.height
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_page_is_searched_once_for_each_size_until_a_photo_goes() {
        let mut page = Page::new(64);
        let half = page.take(SizePx::new(64, 32)).expect("room");
        page.take(SizePx::new(64, 32)).expect("room");
        let searches = page.searches;
        for size in [(8, 8), (8, 8), (9, 8), (64, 64), (8, 7), (200, 7), (7, 64)].map(|(w, h)| SizePx::new(w, h)) {
            assert_eq!(page.take(size), None);
        }
        // 8×8, 8×7 and 7×64: each of the others is as large as one that was refused.
        assert_eq!(page.searches, searches + 3);
        page.free(half);
        assert_eq!(page.take(SizePx::new(64, 32)), Some(half));
    }

    #[test]
    fn few_refusals_are_kept() {
        let mut page = Page::new(256);
        page.take(SizePx::new(256, 256)).expect("room");
        for width in 1..200 {
            assert_eq!(page.take(SizePx::new(width, 200 - width)), None);
        }
        assert_eq!(page.refused.len(), REFUSALS_KEPT);
        assert_eq!(page.take(SizePx::new(1, 1)), None);
        assert_eq!(page.refused, [SizePx::new(1, 1)]);
    }

    #[test]
    fn a_page_of_the_smallest_photos_ends_before_its_numbers_do() {
        let mut page = Page::new(4096);
        let parts: Vec<_> = std::iter::from_fn(|| page.take(SizePx::new(1, 1))).collect();
        assert_eq!(parts.len(), MAX_PHOTOS as usize);
        page.free(parts[7]);
        assert_eq!(page.take(SizePx::new(1, 1)).map(|part| (part.x, part.y)), Some((parts[7].x, parts[7].y)));
    }
}
