//! A device and textures to encode from.

/// A device of the adapter that `GRAVURE_ADAPTER` names a part of, else of any. Without one the test fails.
pub struct Gpu {
    pub device: wgpu::Device,
    pub queue: wgpu::Queue,
}

impl Gpu {
    pub fn open() -> Self {
        let descriptor = wgpu::InstanceDescriptor {
            backends: wgpu::Backends::VULKAN,
            flags: wgpu::InstanceFlags::empty(),
            ..wgpu::InstanceDescriptor::new_without_display_handle()
        };
        let wanted = std::env::var("GRAVURE_ADAPTER").unwrap_or_default().to_lowercase();
        let adapters = pollster::block_on(wgpu::Instance::new(descriptor).enumerate_adapters(wgpu::Backends::VULKAN));
        let adapter = adapters
            .into_iter()
            .find(|adapter| adapter.get_info().name.to_lowercase().contains(&wanted))
            .expect("an adapter: tests/run.sh installs software Vulkan");
        let descriptor = wgpu::DeviceDescriptor { required_limits: limits(&adapter), ..Default::default() };
        let (device, queue) = pollster::block_on(adapter.request_device(&descriptor)).expect("a device");
        Self { device, queue }
    }
}

/// What WebGPU promises everywhere, so that a pass that needs more fails here; textures and bindings as they are.
fn limits(adapter: &wgpu::Adapter) -> wgpu::Limits {
    let has = adapter.limits();
    wgpu::Limits {
        max_texture_dimension_2d: has.max_texture_dimension_2d,
        max_storage_buffer_binding_size: has.max_storage_buffer_binding_size,
        max_buffer_size: has.max_buffer_size,
        ..wgpu::Limits::default()
    }
}

/// A texture with these RGBA rows.
pub struct Sheet {
    pub view: wgpu::TextureView,
}

impl Sheet {
    pub fn new(gpu: &Gpu, (width, height): (u32, u32), pixels: &[u8]) -> Self {
        let size = wgpu::Extent3d { width, height, depth_or_array_layers: 1 };
        let texture = gpu.device.create_texture(&wgpu::TextureDescriptor {
            label: Some("sheet"),
            size,
            mip_level_count: 1,
            sample_count: 1,
            dimension: wgpu::TextureDimension::D2,
            format: wgpu::TextureFormat::Rgba8Unorm,
            usage: wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST,
            view_formats: &[],
        });
        let layout = wgpu::TexelCopyBufferLayout { offset: 0, bytes_per_row: Some(width * 4), rows_per_image: None };
        gpu.queue.write_texture(texture.as_image_copy(), pixels, layout, size);
        Self { view: texture.create_view(&wgpu::TextureViewDescriptor::default()) }
    }
}
