//! A compute pipeline over chunks of segments, made once for the life of the device.

use super::device_layout::GpuCodedChunk;
use crate::gpu::resources::compute_pipeline;

/// What every pass starts with.
pub const COMMON_WGSL: &str = include_str!("../../../shaders/coded_common.wgsl");
/// What passes that need prefix sums start with.
pub const SCAN_WGSL: &str = include_str!("../../../shaders/coded_scan.wgsl");
/// Offsets of segments.
pub const PLACE_WGSL: &str = include_str!("../../../shaders/coded_place.wgsl");

/// Workgroups along one dimension of a dispatch: what every adapter takes.
pub(in crate::gpu) const MAX_GROUPS: usize = 65_535;

/// The pass that every format has, with its name.
pub fn place() -> (&'static str, String) {
    ("coded_place", [COMMON_WGSL, SCAN_WGSL, PLACE_WGSL].join("\n"))
}

/// A pipeline whose only group holds the chunk at binding 0 and everything else after it.
pub(in crate::gpu) struct Pass {
    pipeline: wgpu::ComputePipeline,
    layout: wgpu::BindGroupLayout,
}

impl Pass {
    pub fn new(
        device: &wgpu::Device,
        (name, source): (&str, String),
        bindings: &[Binding],
        cache: Option<&wgpu::PipelineCache>,
    ) -> Self {
        let entries: Vec<_> = [Binding::Chunk]
            .iter()
            .chain(bindings)
            .enumerate()
            .map(|(binding, kind)| wgpu::BindGroupLayoutEntry {
                binding: binding as u32,
                visibility: wgpu::ShaderStages::COMPUTE,
                ty: kind.ty(),
                count: None,
            })
            .collect();
        let layout =
            device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor { label: Some(name), entries: &entries });
        let pipeline = compute_pipeline(device, name, &source, &[&layout], cache);
        Self { pipeline, layout }
    }

    /// What it reads and writes. `chunks` has one [`GpuCodedChunk`] at every 256 bytes.
    pub fn bind(
        &self,
        device: &wgpu::Device,
        chunks: &wgpu::Buffer,
        resources: &[wgpu::BindingResource<'_>],
    ) -> wgpu::BindGroup {
        let chunk = wgpu::BindingResource::Buffer(wgpu::BufferBinding {
            buffer: chunks,
            offset: 0,
            size: std::num::NonZeroU64::new(size_of::<GpuCodedChunk>() as u64),
        });
        let entries: Vec<_> = std::iter::once(&chunk)
            .chain(resources)
            .enumerate()
            .map(|(binding, resource)| wgpu::BindGroupEntry { binding: binding as u32, resource: resource.clone() })
            .collect();
        device.create_bind_group(&wgpu::BindGroupDescriptor { label: None, layout: &self.layout, entries: &entries })
    }

    /// Runs it over a chunk.
    pub fn record(&self, encoder: &mut wgpu::CommandEncoder, group: &wgpu::BindGroup, chunk: usize, [x, y]: [u32; 2]) {
        let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
        pass.set_pipeline(&self.pipeline);
        pass.set_bind_group(0, group, &[(chunk * CHUNK_STRIDE) as u32]);
        pass.dispatch_workgroups(x, y, 1);
    }
}

/// Bytes from chunk to chunk in their buffer: the strictest alignment of uniform offsets that WebGPU allows.
pub(in crate::gpu) const CHUNK_STRIDE: usize = 256;

/// What a shader has at a place.
pub(in crate::gpu) enum Binding {
    Chunk,
    Read,
    ReadWrite,
    Sheet,
}

impl Binding {
    fn ty(&self) -> wgpu::BindingType {
        let storage = |read_only| wgpu::BindingType::Buffer {
            ty: wgpu::BufferBindingType::Storage { read_only },
            has_dynamic_offset: false,
            min_binding_size: None,
        };
        match self {
            Self::Chunk => wgpu::BindingType::Buffer {
                ty: wgpu::BufferBindingType::Uniform,
                has_dynamic_offset: true,
                min_binding_size: None,
            },
            Self::Read => storage(true),
            Self::ReadWrite => storage(false),
            Self::Sheet => wgpu::BindingType::Texture {
                sample_type: wgpu::TextureSampleType::Float { filterable: false },
                view_dimension: wgpu::TextureViewDimension::D2,
                multisampled: false,
            },
        }
    }
}
