//! What passes are made of: buffers, groups, layouts, compute pipelines.

/// Pixels of sheets, isolates, plates and pages: gamma-encoded sRGB, premultiplied, blended as browsers do.
pub const FORMAT: wgpu::TextureFormat = wgpu::TextureFormat::Rgba8Unorm;

/// A buffer with these bytes. (wgpu's own helper maps it at creation and panics when the device is lost.)
pub fn filled_buffer(
    device: &wgpu::Device,
    queue: &wgpu::Queue,
    label: &str,
    bytes: &[u8],
    usage: wgpu::BufferUsages,
) -> wgpu::Buffer {
    let buffer = device.create_buffer(&wgpu::BufferDescriptor {
        label: Some(label),
        size: bytes.len() as u64,
        usage: usage | wgpu::BufferUsages::COPY_DST,
        mapped_at_creation: false,
    });
    queue.write_buffer(&buffer, 0, bytes);
    buffer
}

/// A storage buffer with these instances; never empty, because a binding may not be.
pub fn storage<T: bytemuck::Pod>(device: &wgpu::Device, queue: &wgpu::Queue, instances: &[T]) -> wgpu::Buffer {
    let blank = [T::zeroed()];
    let bytes: &[u8] = bytemuck::cast_slice(if instances.is_empty() { &blank } else { instances });
    filled_buffer(device, queue, "instances", bytes, wgpu::BufferUsages::STORAGE)
}

/// A group of these resources, bound in order.
pub fn bind(
    device: &wgpu::Device,
    layout: &wgpu::BindGroupLayout,
    resources: &[wgpu::BindingResource<'_>],
) -> wgpu::BindGroup {
    let entries: Vec<_> = resources
        .iter()
        .enumerate()
        .map(|(binding, resource)| wgpu::BindGroupEntry { binding: binding as u32, resource: resource.clone() })
        .collect();
    device.create_bind_group(&wgpu::BindGroupDescriptor { label: None, layout, entries: &entries })
}

/// A texture to load from.
pub fn texture_entry(view_dimension: wgpu::TextureViewDimension) -> wgpu::BindingType {
    wgpu::BindingType::Texture {
        sample_type: wgpu::TextureSampleType::Float { filterable: false },
        view_dimension,
        multisampled: false,
    }
}

/// A group of these, for compute shaders.
pub fn compute_layout(device: &wgpu::Device, bindings: &[wgpu::BindingType]) -> wgpu::BindGroupLayout {
    let entries: Vec<_> = bindings
        .iter()
        .enumerate()
        .map(|(binding, &ty)| wgpu::BindGroupLayoutEntry {
            binding: binding as u32,
            visibility: wgpu::ShaderStages::COMPUTE,
            ty,
            count: None,
        })
        .collect();
    device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor { label: None, entries: &entries })
}

/// A shader with the layout of the pipelines that are made from it.
pub fn shader(
    device: &wgpu::Device,
    name: &str,
    source: &str,
    groups: &[&wgpu::BindGroupLayout],
) -> (wgpu::ShaderModule, wgpu::PipelineLayout) {
    let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
        label: Some(name),
        source: wgpu::ShaderSource::Wgsl(source.into()),
    });
    let groups: Vec<_> = groups.iter().map(|group| Some(*group)).collect();
    let layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
        label: Some(name),
        bind_group_layouts: &groups,
        immediate_size: 0,
    });
    (module, layout)
}

/// Compiles a shader whose entry point is `cs_main`, unless `cache` has it. It clears what it shares in a workgroup itself.
pub fn compute_pipeline(
    device: &wgpu::Device,
    name: &str,
    source: &str,
    groups: &[&wgpu::BindGroupLayout],
    cache: Option<&wgpu::PipelineCache>,
) -> wgpu::ComputePipeline {
    let (module, layout) = shader(device, name, source, groups);
    device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
        label: Some(name),
        layout: Some(&layout),
        module: &module,
        entry_point: Some("cs_main"),
        compilation_options: wgpu::PipelineCompilationOptions {
            zero_initialize_workgroup_memory: false,
            ..Default::default()
        },
        cache,
    })
}
