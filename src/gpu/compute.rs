//! The compute path: what a card that shades fragments on few of its processors draws with instead of render passes.

use crate::sheet::PAGE_ARRAYS;

use super::passes::FORMAT;
use super::plates::PlatePass;
use super::rounding::Rounding;
use super::tiles::TilePass;

/// What a device must be opened with to read and write surfaces in place.
pub const FEATURES: wgpu::Features = wgpu::Features::TEXTURE_ADAPTER_SPECIFIC_FORMAT_FEATURES;

/// What keeps an adapter from drawing in tiles, if anything does.
pub fn hindrance(adapter: &wgpu::Adapter) -> Option<&'static str> {
    if adapter.get_info().name.contains("SwiftShader") {
        // It had taken 17 GB for the one shader when it was stopped.
        return Some("because SwiftShader does not come to an end compiling the shader of the compute stage");
    }
    let (limits, format) = (adapter.limits(), adapter.get_texture_format_features(FORMAT));
    let can_draw = adapter.features().contains(FEATURES)
        && format.allowed_usages.contains(wgpu::TextureUsages::STORAGE_BINDING)
        && format.flags.contains(wgpu::TextureFormatFeatureFlags::STORAGE_READ_WRITE)
        && limits.max_compute_invocations_per_workgroup >= 256
        && limits.max_storage_buffers_per_shader_stage >= 7
        && limits.max_sampled_textures_per_shader_stage as usize >= PAGE_ARRAYS + 2;
    (!can_draw).then_some("because shaders of this adapter cannot read and write RGBA8 textures")
}

/// Its passes.
pub struct ComputePasses {
    /// `plates.wgsl`: what lies below the windows of a sheet.
    pub plates: PlatePass,
    /// `tiles.wgsl`: all that is drawn but plates and text.
    pub tiles: TilePass,
}

impl ComputePasses {
    /// Compiles what `cache` has not got.
    pub fn new(device: &wgpu::Device, rounding: Rounding, cache: Option<&wgpu::PipelineCache>) -> Self {
        Self { plates: PlatePass::new(device, cache), tiles: TilePass::new(device, rounding, cache) }
    }
}

/// A group of these, for compute shaders.
pub fn layout(device: &wgpu::Device, bindings: &[wgpu::BindingType]) -> wgpu::BindGroupLayout {
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

/// Compiles a shader whose entry point is `cs_main`, unless `cache` has it. It clears what it shares in a workgroup itself.
pub fn pipeline(
    device: &wgpu::Device,
    name: &str,
    source: &str,
    groups: &[&wgpu::BindGroupLayout],
    cache: Option<&wgpu::PipelineCache>,
) -> wgpu::ComputePipeline {
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
