//! Photo pages on the card. `sheet/pages.rs` decides what lies where; this copies it there, all of a sheet's photos by
//! one submission and through buffers that are used again.

use std::num::NonZeroU64;

use wgpu::util::StagingBelt;

use crate::pixels::{Bitmap, SizePx};
use crate::sheet::{PAGE_ARRAYS, PagePlace, SheetLimits, Upload};

use super::passes::Passes;
use super::resources::FORMAT;

/// The shared page arrays and the photos too large for them.
pub struct PhotoPages {
    /// Made one after another; the first is always there.
    arrays: Vec<PageSet>,
    /// Each one photo, of the sheet at hand.
    singles: Vec<PageSet>,
    staging: StagingBelt,
    limits: SheetLimits,
}

/// Bytes of one buffer that photos go through; one that is larger has a buffer of its own size.
const STAGING_BYTES: u64 = 16 << 20;

/// Pages on one texture.
struct PageSet {
    texture: wgpu::Texture,
    view: wgpu::TextureView,
    /// Group 2 of `photo.wgsl`.
    group: wgpu::BindGroup,
}

impl PageSet {
    fn new(device: &wgpu::Device, passes: &Passes, size: SizePx, layers: u32) -> Self {
        let texture = device.create_texture(&wgpu::TextureDescriptor {
            label: Some("photo pages"),
            size: wgpu::Extent3d { width: size.width, height: size.height, depth_or_array_layers: layers },
            mip_level_count: 1,
            sample_count: 1,
            dimension: wgpu::TextureDimension::D2,
            format: FORMAT,
            usage: wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST | wgpu::TextureUsages::COPY_SRC,
            view_formats: &[],
        });
        let view = texture.create_view(&wgpu::TextureViewDescriptor {
            dimension: Some(wgpu::TextureViewDimension::D2Array),
            ..Default::default()
        });
        let group = passes.bind_pages(device, &view);
        Self { texture, view, group }
    }

    fn layers(&self) -> u32 {
        self.texture.depth_or_array_layers()
    }
}

impl PhotoPages {
    /// Starts with one page; more are made when they are needed.
    pub fn new(device: &wgpu::Device, passes: &Passes, limits: SheetLimits) -> Self {
        let first = PageSet::new(device, passes, SizePx::new(limits.page_side_px, limits.page_side_px), 1);
        let staging = StagingBelt::new(device.clone(), STAGING_BYTES);
        Self { arrays: vec![first], singles: Vec::new(), staging, limits }
    }

    /// Copies photos to their places.
    pub fn upload(&mut self, device: &wgpu::Device, queue: &wgpu::Queue, passes: &Passes, uploads: &[Upload]) {
        self.singles.clear();
        if uploads.is_empty() {
            return;
        }
        self.make_pages(device, queue, passes, uploads);
        let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: Some("photos") });
        for Upload { place, photo } in uploads {
            if place.set >= PAGE_ARRAYS {
                self.singles.push(PageSet::new(device, passes, photo.bitmap.size(), 1));
            }
            self.copy(&mut encoder, *place, &photo.bitmap);
        }
        self.staging.finish_and_recall_on_submit(&encoder);
        queue.submit([encoder.finish()]);
    }

    /// Records the copy of a photo to its place.
    fn copy(&mut self, encoder: &mut wgpu::CommandEncoder, place: PagePlace, bitmap: &Bitmap) {
        let size = bitmap.size();
        let (row_bytes, staged_bytes) =
            (size.width * 4, (size.width * 4).next_multiple_of(wgpu::COPY_BYTES_PER_ROW_ALIGNMENT));
        let bytes = u64::from(staged_bytes) * u64::from(size.height);
        let Some(bytes) = NonZeroU64::new(bytes) else { return };
        const ALIGNMENT: NonZeroU64 = NonZeroU64::new(wgpu::COPY_BYTES_PER_ROW_ALIGNMENT as u64).expect("not zero");
        let staged = self.staging.allocate(bytes, ALIGNMENT);
        let (buffer, offset) = (staged.buffer().clone(), staged.offset());
        // It cannot be mapped where the device is gone, which is noticed soon.
        let Ok(mut rows) = staged.get_mapped_range_mut() else { return };
        let starts = (0..).step_by(staged_bytes as usize);
        for (start, row) in starts.zip(bitmap.data().chunks(row_bytes as usize)) {
            rows.slice(start..start + row.len()).copy_from_slice(row);
        }
        drop(rows);
        encoder.copy_buffer_to_texture(
            wgpu::TexelCopyBufferInfo {
                buffer: &buffer,
                layout: wgpu::TexelCopyBufferLayout { offset, bytes_per_row: Some(staged_bytes), rows_per_image: None },
            },
            wgpu::TexelCopyTextureInfo {
                texture: &self.set(place.set).texture,
                mip_level: 0,
                origin: wgpu::Origin3d { x: place.x, y: place.y, z: place.page },
                aspect: wgpu::TextureAspect::All,
            },
            wgpu::Extent3d { width: size.width, height: size.height, depth_or_array_layers: 1 },
        );
    }

    /// Group 2 of `photo.wgsl` for a page set.
    pub fn group(&self, set: usize) -> &wgpu::BindGroup {
        &self.set(set).group
    }

    /// The pages of a set, as `tiles.wgsl` reads them.
    pub fn view(&self, set: usize) -> &wgpu::TextureView {
        &self.set(set).view
    }

    /// The pages of all shared arrays; the first stands in for those that there are not.
    pub fn arrays(&self) -> [&wgpu::TextureView; PAGE_ARRAYS] {
        std::array::from_fn(|set| &self.arrays.get(set).unwrap_or(&self.arrays[0]).view)
    }

    fn set(&self, set: usize) -> &PageSet {
        match set.checked_sub(PAGE_ARRAYS) {
            Some(single) => &self.singles[single],
            None => &self.arrays[set],
        }
    }

    /// Makes the shared pages that uploads go to.
    fn make_pages(&mut self, device: &wgpu::Device, queue: &wgpu::Queue, passes: &Passes, uploads: &[Upload]) {
        let mut needed = [0; PAGE_ARRAYS];
        for place in uploads.iter().map(|upload| upload.place).filter(|place| place.set < PAGE_ARRAYS) {
            needed[place.set] = needed[place.set].max(place.page + 1);
        }
        for (set, needed) in needed.into_iter().enumerate().filter(|(_, needed)| *needed > 0) {
            while self.arrays.len() <= set {
                self.arrays.push(PageSet::new(device, passes, self.page_size(), 1));
            }
            if needed > self.arrays[set].layers() {
                self.grow(device, queue, passes, set, needed);
            }
        }
    }

    /// Twice the pages of an array, with what the old ones held.
    fn grow(&mut self, device: &wgpu::Device, queue: &wgpu::Queue, passes: &Passes, set: usize, needed: u32) {
        let old = &self.arrays[set];
        let layers = (old.layers() * 2).min(self.limits.max_pages_of(set)).max(needed);
        let grown = PageSet::new(device, passes, self.page_size(), layers);
        let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: Some("pages grow") });
        encoder.copy_texture_to_texture(old.texture.as_image_copy(), grown.texture.as_image_copy(), old.texture.size());
        queue.submit([encoder.finish()]);
        self.arrays[set] = grown;
    }

    fn page_size(&self) -> SizePx {
        SizePx::new(self.limits.page_side_px, self.limits.page_side_px)
    }
}
