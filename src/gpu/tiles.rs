//! The compute path: `tiles.wgsl` draws what lies between two bands of text in one dispatch, in place on its surface.
//! `sheet/tiles.rs` decides what is in a dispatch.
//!
//! A surface is bound as a storage texture that is read and written: each pixel that changes is written once for each
//! dispatch and read at most once, and nothing is copied. WGSL's core has no such access for RGBA8, but Vulkan has it on
//! every adapter that stores to the format at all. Rejected: a second texture to read from (copies what is below, or
//! doubles the memory), and surfaces as storage buffers (text is drawn by render passes, and software Vulkan binds
//! 128 MiB at most).

use crate::sheet::{Drawing, PAGE_ARRAYS, TileRun};

use super::resources::{FORMAT, bind, compute_layout, compute_pipeline, storage, texture_entry};
use super::rounding::Rounding;
use super::sources::{
    COMMON_WGSL, SHADE_COMPOSITE_WGSL, SHADE_PHOTO_WGSL, SHADE_SHADOW_WGSL, SHADE_SHAPE_WGSL, TILES_WGSL,
};

/// The pipeline and the layouts of what it reads.
pub struct TilePass {
    pipeline: wgpu::ComputePipeline,
    surface: wgpu::BindGroupLayout,
    instances: wgpu::BindGroupLayout,
    pages: wgpu::BindGroupLayout,
    strips: wgpu::BindGroupLayout,
    /// Stands for isolates where a surface has none.
    nothing: wgpu::TextureView,
}

/// The instances of a drawing on the card.
pub struct TileInstances {
    instances: wgpu::BindGroup,
    strips: wgpu::Buffer,
}

/// The textures of one dispatch.
#[derive(Clone, Copy)]
pub struct TileTextures<'t> {
    /// What is drawn on.
    pub surface: &'t wgpu::TextureView,
    /// The surface of the next depth, if there is one.
    pub isolates: Option<&'t wgpu::TextureView>,
    /// The shared photo pages; where there are fewer arrays, any stands in.
    pub pages: [&'t wgpu::TextureView; PAGE_ARRAYS],
    /// A photo with a texture of its own.
    pub single: Option<&'t wgpu::TextureView>,
}

/// The whole shader, for render targets that round so.
pub fn source(rounding: Rounding) -> String {
    let rounding = rounding.wgsl();
    [&rounding, COMMON_WGSL, SHADE_SHAPE_WGSL, SHADE_SHADOW_WGSL, SHADE_PHOTO_WGSL, SHADE_COMPOSITE_WGSL, TILES_WGSL]
        .join("\n")
}

impl TilePass {
    /// Compiles the pipeline, unless `cache` has it.
    pub fn new(device: &wgpu::Device, rounding: Rounding, cache: Option<&wgpu::PipelineCache>) -> Self {
        use wgpu::{BindingType, TextureViewDimension as Dimension};
        let buffer = BindingType::Buffer {
            ty: wgpu::BufferBindingType::Storage { read_only: true },
            has_dynamic_offset: false,
            min_binding_size: None,
        };
        let surface = BindingType::StorageTexture {
            access: wgpu::StorageTextureAccess::ReadWrite,
            format: FORMAT,
            view_dimension: Dimension::D2,
        };
        let surface = compute_layout(device, &[surface, texture_entry(Dimension::D2)]);
        let instances = compute_layout(device, &[buffer; 6]);
        let pages = compute_layout(device, &[texture_entry(Dimension::D2Array); PAGE_ARRAYS + 1]);
        let strips = compute_layout(device, &[buffer]);
        let groups = [&surface, &instances, &pages, &strips];
        let pipeline = compute_pipeline(device, "tiles", &source(rounding), &groups, cache);
        let nothing = device.create_texture(&wgpu::TextureDescriptor {
            label: Some("no isolates"),
            size: wgpu::Extent3d { width: 1, height: 1, depth_or_array_layers: 1 },
            mip_level_count: 1,
            sample_count: 1,
            dimension: wgpu::TextureDimension::D2,
            format: FORMAT,
            usage: wgpu::TextureUsages::TEXTURE_BINDING,
            view_formats: &[],
        });
        let nothing = nothing.create_view(&wgpu::TextureViewDescriptor::default());
        Self { pipeline, surface, instances, pages, strips, nothing }
    }

    /// Puts the instances of a drawing on the card.
    pub fn upload(&self, device: &wgpu::Device, queue: &wgpu::Queue, drawing: &Drawing) -> TileInstances {
        let buffers = [
            storage(device, queue, &drawing.shapes),
            storage(device, queue, &drawing.stops),
            storage(device, queue, &drawing.shadows),
            storage(device, queue, &drawing.photos),
            storage(device, queue, &drawing.composites),
            storage(device, queue, &drawing.tiles.parts),
        ];
        let instances = bind(device, &self.instances, &buffers.each_ref().map(wgpu::Buffer::as_entire_binding));
        TileInstances { instances, strips: storage(device, queue, &drawing.tiles.strips) }
    }

    /// Draws one run.
    pub fn draw(
        &self,
        device: &wgpu::Device,
        encoder: &mut wgpu::CommandEncoder,
        run: &TileRun,
        instances: &TileInstances,
        textures: TileTextures<'_>,
    ) {
        let TileTextures { surface, isolates, pages, single } = textures;
        let view = wgpu::BindingResource::TextureView;
        let surface = bind(device, &self.surface, &[view(surface), view(isolates.unwrap_or(&self.nothing))]);
        let single = single.unwrap_or(pages[0]);
        let pages: Vec<_> = pages.into_iter().chain([single]).map(view).collect();
        let pages = bind(device, &self.pages, &pages);
        let bytes = |strips: u32| u64::from(strips) * size_of::<crate::sheet::instance::GpuStrip>() as u64;
        let strips = wgpu::BindingResource::Buffer(wgpu::BufferBinding {
            buffer: &instances.strips,
            offset: bytes(run.strips.start),
            size: std::num::NonZeroU64::new(bytes(run.strips.end - run.strips.start)),
        });
        let strips = bind(device, &self.strips, &[strips]);
        let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
        pass.set_pipeline(&self.pipeline);
        for (index, group) in [&surface, &instances.instances, &pages, &strips].into_iter().enumerate() {
            pass.set_bind_group(index as u32, group, &[]);
        }
        pass.dispatch_workgroups(run.columns, run.strips.end - run.strips.start, 1);
    }
}
