//! Records the passes over a sheet, chunk by chunk.

use super::chunks::PngSegment;
use super::device_layout::GpuPngCodes;
use super::options::{EncodeOptions, PngError, Stage};
use super::passes::Passes;
use super::work::Groups;
use crate::gpu::coded::{Encoding, Extent, Growing, Pass, Room, Ways, encode_all};

/// What is expected to come out is learnt for so many filtered bytes.
const UNIT_BYTES: u64 = 64;
/// First guess of what those need.
const FIRST_GUESS_BYTES: u32 = 16;

/// Pipelines and buffers; as long-lived as the device.
///
/// Several encodings may be on their way at once: each has buffers of its own for what comes out, and they share
/// those between the passes, because a queue works in order.
pub struct PngEncoder {
    pub(super) passes: Passes,
    pub(super) codes: GpuPngCodes,
    /// Between `png_filter.wgsl` and `png_code.wgsl`.
    pub(super) filtered: Growing,
    /// Between all of them.
    pub(super) tiles: Growing,
    pub(super) ways: Ways,
    /// What a storage binding may have.
    pub(super) binding_bytes: u64,
}

impl PngEncoder {
    /// Compiles the pipelines.
    pub fn new(device: &wgpu::Device) -> Self {
        Self::compiled_before(device, None)
    }

    /// Compiles the pipelines that `cache` has not got.
    pub fn compiled_before(device: &wgpu::Device, cache: Option<&wgpu::PipelineCache>) -> Self {
        let limits = device.limits();
        Self::make(device, limits.max_storage_buffer_binding_size.min(limits.max_buffer_size), cache)
    }

    /// The same as on an adapter whose storage bindings are no larger than this.
    pub fn with_binding_bytes(device: &wgpu::Device, binding_bytes: u64) -> Self {
        Self::make(device, binding_bytes, None)
    }

    fn make(device: &wgpu::Device, binding_bytes: u64, cache: Option<&wgpu::PipelineCache>) -> Self {
        let usage = wgpu::BufferUsages::STORAGE;
        Self {
            passes: Passes::new(device, cache),
            codes: GpuPngCodes::learnt(),
            filtered: Growing::new("png filtered bytes", usage),
            tiles: Growing::new("png tiles", usage),
            ways: Ways::new(FIRST_GUESS_BYTES),
            binding_bytes,
        }
    }

    /// Records the encoding of segments of `sheet` (Rgba8Unorm; their pixels are opaque) behind what draws them.
    /// Submit the command encoder, then [`Encoding::map`], then [`Encoding::finish`].
    ///
    /// # Errors
    /// [`PngError::NoSegments`], [`PngError::BadSegment`], [`PngError::TooMuch`].
    pub fn encode(
        &mut self,
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        encoder: &mut wgpu::CommandEncoder,
        sheet: &wgpu::TextureView,
        segments: &[PngSegment],
        mut options: EncodeOptions<'_>,
    ) -> Result<Encoding, PngError> {
        let work = self.prepare(device, queue, sheet, segments, options.room)?;
        let groups = Groups::new(self, device, &work.slot, sheet);
        // Tiles share words.
        encoder.clear_buffer(
            work.slot.output.get(),
            work.layout.data_byte(),
            Some(u64::from(work.layout.capacity_bytes)),
        );
        for (index, chunk) in work.chunks.iter().enumerate() {
            let count = chunk.segments.len() as u32;
            let mut run = |pass: &Pass, group: &wgpu::BindGroup, size: [u32; 2], stage: Stage| {
                if let Some(before) = &mut options.before {
                    before(encoder, stage);
                }
                pass.record(encoder, group, index, size);
            };
            let Passes { filter, measure, place, code } = &self.passes;
            run(filter, &groups.filter, [chunk.longest_tiles, count], Stage::Filter);
            run(measure, &groups.measure, [count, 1], Stage::Measure);
            run(place, &groups.place, [1, 1], Stage::Place);
            run(code, &groups.code, [chunk.longest_tiles, count], Stage::Code);
        }
        if let Some(before) = &mut options.before {
            before(encoder, Stage::Copy);
        }
        let extent = Extent { segments: segments.len(), units: work.bytes.div_ceil(UNIT_BYTES), room: options.room };
        Ok(Encoding::record(device, encoder, &self.ways, work.slot, &work.layout, extent))
    }

    /// Encodes at once, and again what found no room, and waits: the bytes of each segment.
    ///
    /// # Errors
    /// As [`PngEncoder::encode`], and [`PngError::Device`].
    pub fn encode_now(
        &mut self,
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        sheet: &wgpu::TextureView,
        segments: &[PngSegment],
        room: Room,
    ) -> Result<Vec<Vec<u8>>, PngError> {
        let some = |which: &[usize]| which.iter().map(|index| segments[*index]).collect::<Vec<_>>();
        let encode = |which: &[usize], room| {
            let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: Some("png") });
            let options = EncodeOptions { room, before: None };
            let encoding = self.encode(device, queue, &mut encoder, sheet, &some(which), options)?;
            let submission = queue.submit([encoder.finish()]);
            Ok(encoding.finish(device, queue, submission)?)
        };
        encode_all(segments.len(), room, encode, |which| PngError::TooMuch {
            segments: which.len(),
            bytes: some(which).iter().map(PngSegment::bytes).sum(),
        })
    }
}
