//! Copies of plates on the compute path: `plates.wgsl`, one dispatch for all windows of a sheet that start with the same
//! plate, cut into strips, because windows are of all heights and a dispatch has one. On an H200 a card's own copies of texture to texture took 57 µs for a product card, more than all that is
//! drawn and coded of it.

use std::collections::BTreeMap;

use bytemuck::{Pod, Zeroable};

use crate::sheet::instance::TILE_PX;
use crate::sheet::{PlateId, Slot};

use super::resources::{FORMAT, bind, compute_layout, compute_pipeline, storage, texture_entry};
use super::sources::PLATES_WGSL;

/// Rows of a strip, but for the last of a window.
const STRIP_ROWS: u32 = 64;

/// `plates.wgsl`: the copy of one strip.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct GpuPlateCopy {
    /// Pixels of the sheet: x, y, width, height.
    pub area: [u32; 4],
    /// The plate's texel that goes to the first of them.
    pub source: [u32; 2],
    /// 0.
    pub pad: [u32; 2],
}

/// Strips of the windows of a sheet that start with a plate, by plate. `start_y`: the row of a plate's texture at which its canvas
/// starts, if it is still there.
pub fn copies(slots: &[Slot], start_y: impl Fn(PlateId) -> Option<u32>) -> BTreeMap<PlateId, Vec<GpuPlateCopy>> {
    let mut copies: BTreeMap<PlateId, Vec<GpuPlateCopy>> = BTreeMap::new();
    for Slot { y, window, plate } in slots {
        let Some((plate, start_y)) = plate.and_then(|plate| Some((plate, start_y(plate)?))) else { continue };
        let copies = copies.entry(plate).or_default();
        let (x, source_y) = (window.x as u32, start_y + window.y as u32);
        for row in (0..window.height).step_by(STRIP_ROWS as usize) {
            let area = [x, y + row, window.width, STRIP_ROWS.min(window.height - row)];
            copies.push(GpuPlateCopy { area, source: [x, source_y + row], pad: [0; 2] });
        }
    }
    copies
}

/// The pipeline and the layout of what it reads and writes.
pub struct PlatePass {
    pipeline: wgpu::ComputePipeline,
    layout: wgpu::BindGroupLayout,
}

impl PlatePass {
    /// Compiles the pipeline, unless `cache` has it.
    pub fn new(device: &wgpu::Device, cache: Option<&wgpu::PipelineCache>) -> Self {
        let sheet = wgpu::BindingType::StorageTexture {
            access: wgpu::StorageTextureAccess::WriteOnly,
            format: FORMAT,
            view_dimension: wgpu::TextureViewDimension::D2,
        };
        let copies = wgpu::BindingType::Buffer {
            ty: wgpu::BufferBindingType::Storage { read_only: true },
            has_dynamic_offset: false,
            min_binding_size: None,
        };
        let layout = compute_layout(device, &[sheet, texture_entry(wgpu::TextureViewDimension::D2), copies]);
        let pipeline = compute_pipeline(device, "plates", PLATES_WGSL, &[&layout], cache);
        Self { pipeline, layout }
    }

    /// Copies from one plate.
    pub fn draw(
        &self,
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        encoder: &mut wgpu::CommandEncoder,
        sheet: &wgpu::TextureView,
        plate: &wgpu::TextureView,
        copies: &[GpuPlateCopy],
    ) {
        let view = wgpu::BindingResource::TextureView;
        let buffer = storage(device, queue, copies);
        let group = bind(device, &self.layout, &[view(sheet), view(plate), buffer.as_entire_binding()]);
        let largest = |side: usize| copies.iter().map(|copy| copy.area[side]).max().unwrap_or(0).div_ceil(TILE_PX);
        let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
        pass.set_pipeline(&self.pipeline);
        pass.set_bind_group(0, &group, &[]);
        pass.dispatch_workgroups(largest(2), largest(3), copies.len() as u32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pixels::RectPx;

    #[test]
    fn windows_are_copied_from_where_their_canvas_lies_in_the_plate() {
        let slot = |y, window, plate: Option<u64>| Slot { y, window, plate: plate.map(PlateId) };
        let slots = [
            slot(0, RectPx::new(0, 0, 100, 50), Some(7)),
            slot(50, RectPx::new(0, 0, 100, 50), None),
            slot(100, RectPx::new(16, 24, 30, 8), Some(7)),
            slot(108, RectPx::new(0, 0, 100, 150), Some(8)),
            slot(258, RectPx::new(0, 0, 100, 50), Some(9)),
        ];
        let starts = BTreeMap::from([(PlateId(7), 3), (PlateId(8), 0)]);
        let copy = |area, source| GpuPlateCopy { area, source, pad: [0; 2] };
        let expected = BTreeMap::from([
            (PlateId(7), vec![copy([0, 0, 100, 50], [0, 3]), copy([16, 100, 30, 8], [16, 27])]),
            (
                PlateId(8),
                vec![
                    copy([0, 108, 100, 64], [0, 0]),
                    copy([0, 172, 100, 64], [0, 64]),
                    copy([0, 236, 100, 22], [0, 128]),
                ],
            ),
        ]);
        assert_eq!(copies(&slots, |plate| starts.get(&plate).copied()), expected);
    }
}
