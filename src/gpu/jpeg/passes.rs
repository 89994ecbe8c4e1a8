//! The compute pipelines, one for each shader, made once for the life of the device.

/// What every pass starts with.
pub const COMMON_WGSL: &str = include_str!("../../../shaders/jpeg_common.wgsl");
/// What passes that need prefix sums start with, after [`COMMON_WGSL`].
pub const SCAN_WGSL: &str = include_str!("../../../shaders/jpeg_scan.wgsl");
/// What passes that look at coefficients as symbols start with, after [`COMMON_WGSL`].
pub const SYMBOLS_WGSL: &str = include_str!("../../../shaders/jpeg_symbols.wgsl");
/// Pixels to coefficients.
pub const TRANSFORM_WGSL: &str = include_str!("../../../shaders/jpeg_transform.wgsl");
/// Coefficients to bits.
pub const CODE_WGSL: &str = include_str!("../../../shaders/jpeg_code.wgsl");
/// Offsets of segments.
pub const PLACE_WGSL: &str = include_str!("../../../shaders/jpeg_place.wgsl");
/// Bits to bytes.
pub const STUFF_WGSL: &str = include_str!("../../../shaders/jpeg_stuff.wgsl");
/// Coefficients to counts of symbols.
pub const COUNT_WGSL: &str = include_str!("../../../shaders/jpeg_count.wgsl");

/// The whole source of each pass, by name.
pub fn sources() -> [(&'static str, String); 5] {
    [
        ("jpeg_transform", [COMMON_WGSL, TRANSFORM_WGSL].join("\n")),
        ("jpeg_code", [COMMON_WGSL, SCAN_WGSL, SYMBOLS_WGSL, CODE_WGSL].join("\n")),
        ("jpeg_place", [COMMON_WGSL, SCAN_WGSL, PLACE_WGSL].join("\n")),
        ("jpeg_stuff", [COMMON_WGSL, SCAN_WGSL, STUFF_WGSL].join("\n")),
        ("jpeg_count", [COMMON_WGSL, SYMBOLS_WGSL, COUNT_WGSL].join("\n")),
    ]
}

/// A pipeline whose only group holds the chunk at binding 0 and everything else after it.
pub(super) struct Pass {
    pipeline: wgpu::ComputePipeline,
    layout: wgpu::BindGroupLayout,
}

impl Pass {
    fn new(
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
        let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: Some(name),
            source: wgpu::ShaderSource::Wgsl(source.into()),
        });
        let pipeline_layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: Some(name),
            bind_group_layouts: &[Some(&layout)],
            immediate_size: 0,
        });
        let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: Some(name),
            layout: Some(&pipeline_layout),
            module: &module,
            entry_point: Some("cs_main"),
            compilation_options: wgpu::PipelineCompilationOptions {
                // Each pass clears what it uses, with all invocations.
                zero_initialize_workgroup_memory: false,
                ..Default::default()
            },
            cache,
        });
        Self { pipeline, layout }
    }

    /// What it reads and writes. `chunks` has one [`super::GpuJpegChunk`] at every 256 bytes.
    pub fn bind(
        &self,
        device: &wgpu::Device,
        chunks: &wgpu::Buffer,
        resources: &[wgpu::BindingResource<'_>],
    ) -> wgpu::BindGroup {
        let chunk = wgpu::BindingResource::Buffer(wgpu::BufferBinding {
            buffer: chunks,
            offset: 0,
            size: std::num::NonZeroU64::new(size_of::<super::GpuJpegChunk>() as u64),
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
pub(super) const CHUNK_STRIDE: usize = 256;

enum Binding {
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

/// Every pipeline, with the bindings that the headers of the shaders list.
pub(super) struct Passes {
    pub transform: Pass,
    pub code: Pass,
    pub place: Pass,
    pub stuff: Pass,
    pub count: Pass,
}

impl Passes {
    pub fn new(device: &wgpu::Device, cache: Option<&wgpu::PipelineCache>) -> Self {
        use Binding::{Read, ReadWrite, Sheet};
        let [transform, code, place, stuff, count] = sources();
        let new = |source, bindings: &[Binding]| Pass::new(device, source, bindings, cache);
        Self {
            transform: new(transform, &[Read, Read, Sheet, ReadWrite]),
            code: new(code, &[Read, Read, Read, ReadWrite, ReadWrite]),
            place: new(place, &[ReadWrite, ReadWrite]),
            stuff: new(stuff, &[Read, Read, Read, ReadWrite]),
            count: new(count, &[Read, Read, Read, ReadWrite]),
        }
    }
}
