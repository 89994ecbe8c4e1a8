//! The compute path: what a card that shades fragments on few of its processors draws with instead of render passes.

use crate::sheet::PAGE_ARRAYS;

use super::plates::PlatePass;
use super::resources::FORMAT;
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
