//! Photo pages on the card. `sheet/pages.rs` decides what lies where; this copies it there.

use crate::pixels::SizePx;
use crate::sheet::{SheetLimits, Upload};

use super::passes::{FORMAT, Passes};

/// The shared page array and the photos too large for it.
pub struct PhotoPages {
    shared: wgpu::Texture,
    groups: Vec<wgpu::BindGroup>,
    /// Of each page set.
    views: Vec<wgpu::TextureView>,
    singles: Vec<wgpu::Texture>,
    layers: u32,
    limits: SheetLimits,
}

impl PhotoPages {
    /// Starts with one page; more are made when they are needed.
    pub fn new(device: &wgpu::Device, passes: &Passes, limits: SheetLimits) -> Self {
        let shared = array(device, SizePx::new(limits.page_side_px, limits.page_side_px), 1);
        let view = view(&shared);
        let group = passes.bind_pages(device, &view);
        Self { shared, groups: vec![group], views: vec![view], singles: Vec::new(), layers: 1, limits }
    }

    /// Copies photos to their places.
    pub fn upload(&mut self, device: &wgpu::Device, queue: &wgpu::Queue, passes: &Passes, uploads: &[Upload]) {
        self.singles.clear();
        self.groups.truncate(1);
        self.views.truncate(1);
        let needed = uploads.iter().filter(|upload| upload.place.set == 0).map(|upload| upload.place.page + 1).max();
        if needed.is_some_and(|needed| needed > self.layers) {
            self.grow(device, queue, passes, needed.unwrap_or(1));
        }
        for upload in uploads {
            let bitmap = &upload.photo.bitmap;
            let size = bitmap.size();
            let texture = if upload.place.set == 0 {
                &self.shared
            } else {
                let texture = array(device, size, 1);
                let view = view(&texture);
                self.groups.push(passes.bind_pages(device, &view));
                self.views.push(view);
                self.singles.push(texture);
                &self.singles[self.singles.len() - 1]
            };
            queue.write_texture(
                wgpu::TexelCopyTextureInfo {
                    texture,
                    mip_level: 0,
                    origin: wgpu::Origin3d { x: upload.place.x, y: upload.place.y, z: upload.place.page },
                    aspect: wgpu::TextureAspect::All,
                },
                bitmap.data(),
                wgpu::TexelCopyBufferLayout { offset: 0, bytes_per_row: Some(size.width * 4), rows_per_image: None },
                wgpu::Extent3d { width: size.width, height: size.height, depth_or_array_layers: 1 },
            );
        }
    }

    /// Group 2 of `photo.wgsl` for a page set.
    pub fn group(&self, set: usize) -> &wgpu::BindGroup {
        &self.groups[set]
    }

    /// The pages of a set, as `tiles.wgsl` reads them.
    pub fn view(&self, set: usize) -> &wgpu::TextureView {
        &self.views[set]
    }

    /// Twice the pages, with what the old ones held.
    fn grow(&mut self, device: &wgpu::Device, queue: &wgpu::Queue, passes: &Passes, needed: u32) {
        let layers = needed.max(self.layers * 2).min(self.limits.max_pages).max(needed);
        let side = self.limits.page_side_px;
        let grown = array(device, SizePx::new(side, side), layers);
        let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: Some("pages grow") });
        encoder.copy_texture_to_texture(
            self.shared.as_image_copy(),
            grown.as_image_copy(),
            wgpu::Extent3d { width: side, height: side, depth_or_array_layers: self.layers },
        );
        queue.submit([encoder.finish()]);
        let view = view(&grown);
        self.groups[0] = passes.bind_pages(device, &view);
        self.views[0] = view;
        self.shared = grown;
        self.layers = layers;
    }
}

fn array(device: &wgpu::Device, size: SizePx, layers: u32) -> wgpu::Texture {
    device.create_texture(&wgpu::TextureDescriptor {
        label: Some("photo pages"),
        size: wgpu::Extent3d { width: size.width, height: size.height, depth_or_array_layers: layers },
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D2,
        format: FORMAT,
        usage: wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST | wgpu::TextureUsages::COPY_SRC,
        view_formats: &[],
    })
}

fn view(texture: &wgpu::Texture) -> wgpu::TextureView {
    texture.create_view(&wgpu::TextureViewDescriptor {
        dimension: Some(wgpu::TextureViewDimension::D2Array),
        ..Default::default()
    })
}
