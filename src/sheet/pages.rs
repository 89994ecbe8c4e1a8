//! Photo pages: where on the card each scaled photo lies, and which ones go when there is no more room.
//!
//! ```text
//!   page set 0          page set 1               page sets 8, 9 …
//!   ┌───┐┐┐┐            ┌───┐┐                   ┌───────┐ ┌────┐
//!   │▒▒▒│││││ full      │▒▒ │││ filled next      │▒▒▒▒▒▒▒│ │▒▒▒▒│ one photo each, larger than a page, for as
//!   └───┘┘┘┘            └───┘┘                   └───────┘ └────┘ long as it is needed
//! ```
//!
//! Photos that fit share the layers of up to [`PAGE_ARRAYS`] array textures and stay there until others need the room:
//! then those go first that no sheet has used for longest. This is the book-keeping only: `gpu/` does the uploads
//! listed here. One array is not enough, because drivers allot 4 GiB at most in one go.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::SheetLimits;
use super::page::{Page, PagePart};
use crate::assets::{ScaledKey, ScaledPhoto};
use crate::pixels::SizePx;

/// Page sets that are shared arrays, whether there are as many or not; those after them are single photos.
pub const PAGE_ARRAYS: usize = 8;

/// Where a photo lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PagePlace {
    /// Below [`PAGE_ARRAYS`]: a shared array; others are single photos.
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
    age: Age,
    part: PagePart,
}

/// In this order photos go: of one sheet, side by side, so that larger parts become free.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Age {
    last_sheet: u64,
    /// Of all pages.
    page: usize,
    y: u32,
    x: u32,
}

/// The shared pages and who lies on them.
pub struct Pages {
    page_side_px: u32,
    array_pages: u32,
    max_pages: u32,
    max_side_px: u32,
    pages: Vec<Page>,
    residents: HashMap<ScaledKey, Resident>,
    by_age: BTreeMap<Age, ScaledKey>,
    sheet: u64,
    singles: Vec<(ScaledKey, PagePlace)>,
}

impl Pages {
    /// As many pages as the limits allow, all empty.
    pub fn new(limits: &SheetLimits) -> Self {
        Self {
            page_side_px: limits.page_side_px,
            array_pages: limits.array_pages,
            max_pages: limits.max_pages(),
            max_side_px: limits.max_side_px,
            pages: Vec::new(),
            residents: HashMap::new(),
            by_age: BTreeMap::new(),
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
        self.by_age.clear();
        self.singles.clear();
    }

    /// Forgets a photo that was never uploaded.
    pub fn forget(&mut self, key: &ScaledKey) {
        if let Some(Resident { age, part }) = self.residents.remove(key) {
            self.by_age.remove(&age);
            self.pages[age.page].free(part);
        }
    }

    /// The place of a photo, with an upload where it is new.
    ///
    /// # Errors
    /// [`PagesFull`] when the photos of this sheet alone fill every page, or one is larger than any texture.
    pub fn place(&mut self, photo: &Arc<ScaledPhoto>, uploads: &mut Vec<Upload>) -> Result<PagePlace, PagesFull> {
        let SizePx { width, height } = photo.key.size;
        let is_within = |side_px: u32| width <= side_px && height <= side_px;
        if !is_within(self.page_side_px) {
            return if is_within(self.max_side_px) { Ok(self.single(photo, uploads)) } else { Err(PagesFull) };
        }
        if let Some(place) = self.used(&photo.key) {
            return Ok(place);
        }
        let (page, part) = self.take(photo.key.size).ok_or(PagesFull)?;
        let age = Age { last_sheet: self.sheet, page, y: part.y, x: part.x };
        self.residents.insert(photo.key, Resident { age, part });
        self.by_age.insert(age, photo.key);
        let place = self.place_of(age);
        uploads.push(Upload { place, photo: Arc::clone(photo) });
        Ok(place)
    }

    fn single(&mut self, photo: &Arc<ScaledPhoto>, uploads: &mut Vec<Upload>) -> PagePlace {
        if let Some((_, place)) = self.singles.iter().find(|(key, _)| *key == photo.key) {
            return *place;
        }
        let place = PagePlace { set: PAGE_ARRAYS + self.singles.len(), page: 0, x: 0, y: 0 };
        self.singles.push((photo.key, place));
        uploads.push(Upload { place, photo: Arc::clone(photo) });
        place
    }

    /// The place of a photo that lies on a page, which this sheet now uses.
    fn used(&mut self, key: &ScaledKey) -> Option<PagePlace> {
        let resident = self.residents.get_mut(key)?;
        if resident.age.last_sheet != self.sheet {
            self.by_age.remove(&resident.age);
            resident.age.last_sheet = self.sheet;
            self.by_age.insert(resident.age, *key);
        }
        let age = resident.age;
        Some(self.place_of(age))
    }

    fn place_of(&self, Age { page, y, x, .. }: Age) -> PagePlace {
        let (page, array_pages) = (page as u32, self.array_pages);
        PagePlace { set: (page / array_pages) as usize, page: page % array_pages, x, y }
    }

    /// A part of the first page that has room; else of a new page; else of the first that has it while photos go.
    fn take(&mut self, size: SizePx) -> Option<(usize, PagePart)> {
        let mut pages = self.pages.iter_mut().enumerate();
        if let Some(found) = pages.find_map(|(index, page)| Some((index, page.take(size)?))) {
            return Some(found);
        }
        loop {
            let index = if self.pages.len() < self.max_pages as usize {
                self.pages.push(Page::new(self.page_side_px));
                self.pages.len() - 1
            } else {
                self.evict()?
            };
            if let Some(part) = self.pages[index].take(size) {
                return Some((index, part));
            }
        }
    }

    /// Frees the part of the photo that was unused for longest, and tells its page. `None`: this sheet uses them all.
    fn evict(&mut self) -> Option<usize> {
        let oldest = self.by_age.first_entry().filter(|oldest| oldest.key().last_sheet < self.sheet)?;
        let Resident { age, part } = self.residents.remove(&oldest.remove()).expect("every age is a resident's");
        self.pages[age.page].free(part);
        Some(age.page)
    }
}

#[cfg(test)]
mod tests {
    use etagere::{AllocId, AtlasAllocator, size2};
    use proptest::prelude::*;

    use super::*;
    use crate::sheet::DrawPath;

    fn limits(page_side_px: u32, array_pages: u32, pages: u64) -> SheetLimits {
        SheetLimits {
            max_side_px: page_side_px + 6,
            sheet_bytes: 1 << 20,
            photo_bytes: pages * u64::from(page_side_px).pow(2) * 4,
            page_side_px,
            array_pages,
            max_canvases: 64,
            plate_bytes: 0,
            max_binding_bytes: 1 << 27,
            has_inner_passes: false,
            draw_path: DrawPath::Fragment,
        }
    }

    fn square(number: u64, side: u32) -> Arc<ScaledPhoto> {
        Arc::new(ScaledPhoto::numbered(number, SizePx::new(side, side)))
    }

    impl Pages {
        /// One sheet of photos; how many of them are new.
        fn sheet(&mut self, photos: &[Arc<ScaledPhoto>]) -> usize {
            let mut uploads = Vec::new();
            self.start_sheet();
            for photo in photos {
                self.place(photo, &mut uploads).expect("room");
            }
            uploads.len()
        }

        fn searches(&self) -> u64 {
            self.pages.iter().map(|page| page.searches).sum()
        }
    }

    #[test]
    fn arrays_are_filled_one_after_another_and_within_the_bytes() {
        let mut pages = Pages::new(&limits(64, 2, 5));
        pages.start_sheet();
        let mut uploads = Vec::new();
        let places: Vec<_> = (0..6).map(|number| pages.place(&square(number, 64), &mut uploads)).collect();
        let at = |set, page| Ok(PagePlace { set, page, x: 0, y: 0 });
        assert_eq!(places, [at(0, 0), at(0, 1), at(1, 0), at(1, 1), at(2, 0), Err(PagesFull)]);
        // Larger than a page: after all shared arrays, whether there are as many or not.
        let singles = [6, 7, 6].map(|number| pages.place(&square(number, 70), &mut uploads));
        assert_eq!(singles, [at(8, 0), at(9, 0), at(8, 0)]);
        assert_eq!(pages.place(&square(8, 71), &mut uploads), Err(PagesFull));
        assert_eq!(uploads.len(), 7);
        // A twelfth of a page, but there is always one.
        assert_eq!(Pages::new(&SheetLimits { photo_bytes: 1365, ..limits(64, 2, 0) }).max_pages, 1);
    }

    #[test]
    fn photos_go_by_the_last_sheet_that_used_them() {
        let mut pages = Pages::new(&limits(64, 2, 4));
        let photos: Vec<_> = (0..8).map(|number| square(number, 64)).collect();
        let sheet = |pages: &mut Pages, numbers: &[usize]| {
            pages.sheet(&numbers.iter().map(|number| Arc::clone(&photos[*number])).collect::<Vec<_>>())
        };
        assert_eq!(sheet(&mut pages, &[0, 1, 2, 3]), 4);
        assert_eq!(sheet(&mut pages, &[0, 2]), 0);
        // 1 goes, the first of those that only the first sheet used; then 3.
        assert_eq!(sheet(&mut pages, &[4]), 1);
        assert_eq!(sheet(&mut pages, &[3]), 0);
        assert_eq!(sheet(&mut pages, &[5]), 1);
        assert_eq!(sheet(&mut pages, &[3, 4, 5]), 0, "0 was the oldest");
        // As many as there is room for: what a sheet uses stays, though it was the oldest before.
        assert_eq!(sheet(&mut pages, &[2, 6, 7, 0]), 3);
        assert_eq!(sheet(&mut pages, &[2, 6, 7, 0]), 0);
    }

    #[test]
    fn a_catalogue_that_fits_is_uploaded_once() {
        let mut pages = Pages::new(&limits(256, 16, 128));
        let photos: Vec<_> = (0..20_000).map(|number| square(number, 16)).collect();
        let uploads = |pages: &mut Pages| photos.chunks(64).map(|sheet| pages.sheet(sheet)).sum::<usize>();
        assert_eq!(uploads(&mut pages), photos.len());
        let searches = pages.searches();
        assert!(searches < 20_000 + 128, "{searches}");
        assert_eq!(uploads(&mut pages), 0);
        assert_eq!(pages.searches(), searches);
    }

    #[test]
    fn a_catalogue_of_many_times_the_room_costs_few_searches_a_photo() {
        let mut pages = Pages::new(&limits(256, 16, 128));
        let side = |number: u64| 20 + (number * 7919 % 41) as u32;
        let photos: Vec<_> = (0..30_000).map(|number| square(number, side(number))).collect();
        let mut placed = 0;
        for sheet in photos.chunks(64).cycle().take(1000) {
            placed += pages.sheet(sheet) as u64;
        }
        assert!(placed > 60_000, "{placed}");
        let searches = pages.searches();
        println!("{searches} searches for {placed} photos, {} of them there", pages.residents.len());
        assert!(searches < placed * 4, "{searches} searches for {placed} photos");
        assert_eq!(pages.residents.len(), pages.by_age.len());
    }

    /// The same in the plainest way: every page is asked, and every photo is looked at to find the oldest.
    struct Plain {
        limits: SheetLimits,
        pages: Vec<AtlasAllocator>,
        photos: Vec<PlainPhoto>,
        singles: Vec<ScaledKey>,
        sheet: u64,
    }

    struct PlainPhoto {
        key: ScaledKey,
        last_sheet: u64,
        page: usize,
        y: i32,
        x: i32,
        id: AllocId,
    }

    impl Plain {
        fn new(limits: SheetLimits) -> Self {
            Self { limits, pages: Vec::new(), photos: Vec::new(), singles: Vec::new(), sheet: 0 }
        }

        fn place(&mut self, key: ScaledKey) -> Option<PagePlace> {
            let largest = key.size.width.max(key.size.height);
            if largest > self.limits.max_side_px {
                return None;
            }
            if largest > self.limits.page_side_px {
                if !self.singles.contains(&key) {
                    self.singles.push(key);
                }
                let single = self.singles.iter().position(|other| *other == key)?;
                return Some(PagePlace { set: PAGE_ARRAYS + single, page: 0, x: 0, y: 0 });
            }
            let known = self.photos.iter_mut().find(|photo| photo.key == key);
            let (page, x, y) = match known {
                Some(photo) => {
                    photo.last_sheet = self.sheet;
                    (photo.page, photo.x, photo.y)
                }
                None => self.add(key)?,
            };
            let (set, page) = (page / self.limits.array_pages as usize, page as u32 % self.limits.array_pages);
            Some(PagePlace { set, page, x: x as u32, y: y as u32 })
        }

        fn add(&mut self, key: ScaledKey) -> Option<(usize, i32, i32)> {
            let size = size2(key.size.width as i32, key.size.height as i32);
            loop {
                for (page, parts) in self.pages.iter_mut().enumerate() {
                    if let Some(found) = parts.allocate(size) {
                        let (x, y) = (found.rectangle.min.x, found.rectangle.min.y);
                        self.photos.push(PlainPhoto { key, last_sheet: self.sheet, page, y, x, id: found.id });
                        return Some((page, x, y));
                    }
                }
                let side = self.limits.page_side_px as i32;
                if (self.pages.len() as u64 + 1) * (side * side * 4) as u64 <= self.limits.photo_bytes {
                    self.pages.push(AtlasAllocator::new(size2(side, side)));
                    continue;
                }
                let idle = self.photos.iter().filter(|photo| photo.last_sheet < self.sheet);
                let oldest = idle.min_by_key(|photo| (photo.last_sheet, photo.page, photo.y, photo.x))?.key;
                self.forget(oldest);
            }
        }

        fn forget(&mut self, key: ScaledKey) {
            if let Some(index) = self.photos.iter().position(|photo| photo.key == key) {
                let photo = self.photos.swap_remove(index);
                self.pages[photo.page].deallocate(photo.id);
            }
        }
    }

    /// Sides of photos, and sheets of them with whether each is drawn.
    type Catalogue = (Vec<(u32, u32)>, Vec<(Vec<prop::sample::Index>, bool)>);

    fn any_catalogue() -> impl Strategy<Value = Catalogue> {
        let side = || prop_oneof![8 => 1..40_u32, 2 => 40..=64_u32, 1 => 65..72_u32];
        let sheet = prop::collection::vec(any::<prop::sample::Index>(), 1..20);
        let sheets = prop::collection::vec((sheet, prop::bool::weighted(0.9)), 1..40);
        (prop::collection::vec((side(), side()), 1..90), sheets)
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn photos_lie_where_the_plainest_way_puts_them((sides, sheets) in any_catalogue(), room in 1..9_u64) {
            let limits = limits(64, 3, room);
            let photos: Vec<_> = sides.iter().enumerate().map(|(number, &(width, height))| {
                Arc::new(ScaledPhoto::numbered(number as u64, SizePx::new(width, height)))
            }).collect();
            let mut pages = Pages::new(&limits);
            let mut plain = Plain::new(limits);
            // What lies on the card, by all uploads so far.
            let mut on_card: Vec<(PagePlace, ScaledKey)> = Vec::new();
            for (sheet, is_drawn) in sheets {
                pages.start_sheet();
                plain.sheet += 1;
                plain.singles.clear();
                on_card.retain(|(place, _)| place.set < PAGE_ARRAYS);
                let (mut uploads, mut used, mut is_full) = (Vec::new(), Vec::new(), false);
                for photo in sheet.iter().map(|index| index.get(&photos)) {
                    let place = pages.place(photo, &mut uploads);
                    prop_assert_eq!(place.ok(), plain.place(photo.key));
                    let Ok(place) = place else {
                        is_full = true;
                        break;
                    };
                    prop_assert!(place.set >= PAGE_ARRAYS || place.page < limits.max_pages_of(place.set));
                    used.push((place, photo.key));
                }
                if is_full || !is_drawn {
                    for Upload { photo, .. } in &uploads {
                        pages.forget(&photo.key);
                        plain.forget(photo.key);
                    }
                    continue;
                }
                for Upload { place, photo } in &uploads {
                    on_card.retain(|(other, key)| !overlap((*other, key.size), (*place, photo.key.size)));
                    on_card.push((*place, photo.key));
                }
                // Nothing that the sheet draws was written over, by this sheet or an earlier one.
                for (place, key) in used {
                    prop_assert!(on_card.contains(&(place, key)), "{:?} at {:?}", key, place);
                }
            }
        }
    }

    fn overlap((a, a_size): (PagePlace, SizePx), (b, b_size): (PagePlace, SizePx)) -> bool {
        (a.set, a.page) == (b.set, b.page)
            && (a.x < b.x + b_size.width && b.x < a.x + a_size.width)
            && (a.y < b.y + b_size.height && b.y < a.y + a_size.height)
    }
}
