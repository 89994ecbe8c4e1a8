//! Textures to draw on, kept for as long as their size is in use: sheets, isolates and plates.

use std::collections::HashMap;

use crate::pixels::SizePx;
use crate::sheet::{NewPlate, PlateId};

use super::passes::Passes;
use super::resources::FORMAT;

/// A texture with what passes need to draw on it and read from it.
pub struct Target {
    /// The pixels.
    pub texture: wgpu::Texture,
    /// The whole of it.
    pub view: wgpu::TextureView,
    /// Group 0 of every pass that draws on it.
    pub as_target: wgpu::BindGroup,
    /// Group 2 of `composite.wgsl`.
    pub as_source: wgpu::BindGroup,
    /// Its size.
    pub size: SizePx,
}

impl Target {
    fn new(device: &wgpu::Device, queue: &wgpu::Queue, passes: &Passes, size: SizePx, label: &str) -> Self {
        let texture = device.create_texture(&wgpu::TextureDescriptor {
            label: Some(label),
            size: wgpu::Extent3d { width: size.width, height: size.height, depth_or_array_layers: 1 },
            mip_level_count: 1,
            sample_count: 1,
            dimension: wgpu::TextureDimension::D2,
            format: FORMAT,
            usage: wgpu::TextureUsages::RENDER_ATTACHMENT
                | wgpu::TextureUsages::TEXTURE_BINDING
                | wgpu::TextureUsages::COPY_SRC
                | wgpu::TextureUsages::COPY_DST
                // Asked for only where it is used: some cards keep such textures uncompressed.
                | match passes.compute {
                    Some(_) => wgpu::TextureUsages::STORAGE_BINDING,
                    None => wgpu::TextureUsages::empty(),
                },
            view_formats: &[],
        });
        let view = texture.create_view(&wgpu::TextureViewDescriptor::default());
        let as_target = passes.bind_target(device, queue, size.width, size.height);
        let as_source = passes.bind_isolates(device, &view);
        Self { texture, view, as_target, as_source, size }
    }
}

/// Every texture that is drawn on.
#[derive(Default)]
pub struct Targets {
    sheets: Vec<Target>,
    isolates: Vec<Target>,
    /// With the row at which the canvas starts.
    plates: HashMap<PlateId, (Target, u32)>,
}

/// An isolate texture over this is made anew when far less will do.
const WASTEFUL_BYTES: u64 = 128 << 20;
/// Sheet textures kept for different widths.
const SHEETS_KEPT: usize = 3;

impl Targets {
    /// Makes sure that there is a sheet texture of this width with at least `rows` rows.
    pub fn make_sheet(&mut self, device: &wgpu::Device, queue: &wgpu::Queue, passes: &Passes, width: u32, rows: u32) {
        let found = self.sheets.iter().position(|sheet| sheet.size.width == width && sheet.size.height >= rows);
        match found {
            Some(index) => {
                let sheet = self.sheets.remove(index);
                self.sheets.push(sheet);
            }
            None => {
                self.sheets.retain(|sheet| sheet.size.width != width);
                if self.sheets.len() >= SHEETS_KEPT {
                    self.sheets.remove(0);
                }
                self.sheets.push(Target::new(device, queue, passes, SizePx::new(width, rows), "sheet"));
            }
        }
    }

    /// The sheet texture that was asked for last.
    ///
    /// # Panics
    /// Before [`Targets::make_sheet`].
    pub fn sheet(&self) -> &Target {
        self.sheets.last().expect("a sheet is made before it is drawn")
    }

    /// The texture for the isolates of a depth (1 and up), at least as large as `size`.
    pub fn make_isolates(
        &mut self,
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        passes: &Passes,
        depth: usize,
        size: SizePx,
    ) {
        let round = |side: u32| side.next_multiple_of(256);
        while self.isolates.len() < depth {
            self.isolates.push(Target::new(device, queue, passes, SizePx::new(64, 64), "isolates"));
        }
        let target = &mut self.isolates[depth - 1];
        // A texture that one odd canvas made huge is not kept for the others.
        let is_wasteful = target.size.area() * 4 > WASTEFUL_BYTES && target.size.area() > size.area() * 8;
        if is_wasteful {
            *target = Target::new(device, queue, passes, SizePx::new(64, 64), "isolates");
        }
        if target.size.width < size.width || target.size.height < size.height {
            let grown = SizePx::new(
                round(size.width.max(target.size.width)).min(device.limits().max_texture_dimension_2d),
                round(size.height.max(target.size.height)).min(device.limits().max_texture_dimension_2d),
            );
            *target = Target::new(device, queue, passes, grown, "isolates");
        }
    }

    /// The texture made by [`Targets::make_isolates`].
    pub fn isolate(&self, depth: usize) -> &Target {
        &self.isolates[depth - 1]
    }

    /// The same; `None`: no isolate was that deep yet.
    pub fn find_isolate(&self, depth: usize) -> Option<&Target> {
        self.isolates.get(depth - 1)
    }

    /// Makes the texture of a plate whose canvas ends at its last row.
    pub fn new_plate(&mut self, device: &wgpu::Device, queue: &wgpu::Queue, passes: &Passes, plate: &NewPlate) {
        let size = SizePx::new(plate.size.width, plate.y + plate.size.height);
        self.plates.insert(plate.id, (Target::new(device, queue, passes, size, "plate"), plate.y));
    }

    /// A plate's texture, and the row at which its canvas starts.
    pub fn plate(&self, id: PlateId) -> Option<&(Target, u32)> {
        self.plates.get(&id)
    }

    /// Frees every plate.
    pub fn drop_plates(&mut self) {
        self.plates.clear();
    }

    /// Frees a plate.
    pub fn drop_plate(&mut self, id: PlateId) {
        self.plates.remove(&id);
    }
}
