//! Photo pages on the card. `sheet/pages.rs` decides what lies where; this copies it there.

use crate::pixels::SizePx;
use crate::sheet::{PAGE_ARRAYS, SheetLimits, Upload};

use super::passes::{FORMAT, Passes};

/// The shared page arrays and the photos too large for them.
pub struct PhotoPages {
    /// Made one after another; the first is always there.
    arrays: Vec<PageSet>,
    /// Each one photo, of the sheet at hand.
    singles: Vec<PageSet>,
    limits: SheetLimits,
}

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
        Self { arrays: vec![first], singles: Vec::new(), limits }
    }

    /// Copies photos to their places.
    pub fn upload(&mut self, device: &wgpu::Device, queue: &wgpu::Queue, passes: &Passes, uploads: &[Upload]) {
        self.singles.clear();
        self.make_pages(device, queue, passes, uploads);
        for Upload { place, photo } in uploads {
            let size = photo.bitmap.size();
            if place.set >= PAGE_ARRAYS {
                self.singles.push(PageSet::new(device, passes, size, 1));
            }
            queue.write_texture(
                wgpu::TexelCopyTextureInfo {
                    texture: &self.set(place.set).texture,
                    mip_level: 0,
                    origin: wgpu::Origin3d { x: place.x, y: place.y, z: place.page },
                    aspect: wgpu::TextureAspect::All,
                },
                photo.bitmap.data(),
                wgpu::TexelCopyBufferLayout { offset: 0, bytes_per_row: Some(size.width * 4), rows_per_image: None },
                wgpu::Extent3d { width: size.width, height: size.height, depth_or_array_layers: 1 },
            );
        }
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
