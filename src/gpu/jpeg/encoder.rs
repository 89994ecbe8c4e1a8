//! Records the passes over a sheet, chunk by chunk.

use super::chunks::{JpegSegment, blocks};
use super::options::{EncodeOptions, JpegError, Stage};
use super::passes::Passes;
use super::settings::JpegSettings;
use super::work::Groups;
use crate::gpu::coded::{Encoding, Extent, Growing, Pass, Room, Ways, encode_all};

/// First guess of what a block needs; see `coded/expected.rs`.
const FIRST_GUESS_BYTES: u32 = 16;

/// Pipelines and buffers; as long-lived as the device.
///
/// Several encodings may be on their way at once: each has buffers of its own for what comes out, and they share
/// those between the passes, because a queue works in order.
pub struct JpegEncoder {
    pub(super) passes: Passes,
    /// Between `jpeg_transform.wgsl` and `jpeg_code.wgsl`.
    pub(super) coefficients: Growing,
    /// Between `jpeg_code.wgsl` and `jpeg_stuff.wgsl`.
    pub(super) bits: Growing,
    pub(super) ways: Ways,
    /// What a storage binding may have.
    pub(super) binding_bytes: u64,
}

impl JpegEncoder {
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
        use wgpu::BufferUsages as Usages;
        Self {
            passes: Passes::new(device, cache),
            coefficients: Growing::new("jpeg coefficients", Usages::STORAGE | Usages::COPY_SRC),
            bits: Growing::new("jpeg bits", Usages::STORAGE),
            ways: Ways::new(FIRST_GUESS_BYTES),
            binding_bytes,
        }
    }

    /// Records the encoding of segments of `sheet` (Rgba8Unorm, premultiplied) behind what draws them. Submit the
    /// command encoder, then [`Encoding::map`], then [`Encoding::finish`].
    ///
    /// # Errors
    /// [`JpegError::NoSegments`], [`JpegError::BadSegment`], [`JpegError::TooMuch`].
    #[expect(clippy::too_many_arguments, reason = "the device and its queue are two of them")]
    pub fn encode(
        &mut self,
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        encoder: &mut wgpu::CommandEncoder,
        sheet: &wgpu::TextureView,
        segments: &[JpegSegment],
        settings: &[JpegSettings],
        mut options: EncodeOptions<'_>,
    ) -> Result<Encoding, JpegError> {
        let work = self.prepare(device, queue, sheet, segments, settings, options.room)?;
        let groups = Groups::new(self, device, &work.slot, sheet);
        for (index, chunk) in work.chunks.iter().enumerate() {
            let count = chunk.segments.len() as u32;
            let mut run = |pass: &Pass, group: &wgpu::BindGroup, size: [u32; 2], stage: Stage| {
                if let Some(before) = &mut options.before {
                    before(encoder, stage);
                }
                pass.record(encoder, group, index, size);
            };
            let Passes { transform, code, place, stuff, count: _ } = &self.passes;
            run(transform, &groups.transform, [chunk.transform_groups, count], Stage::Transform);
            run(code, &groups.code, [count, 1], Stage::Code);
            run(place, &groups.place, [1, 1], Stage::Place);
            run(stuff, &groups.stuff, [count, 1], Stage::Stuff);
        }
        if let Some(before) = &mut options.before {
            before(encoder, Stage::Copy);
        }
        let extent = Extent { segments: segments.len(), units: work.blocks, room: options.room };
        Ok(Encoding::record(device, encoder, &self.ways, work.slot, &work.layout, extent))
    }

    /// Encodes at once, and again what found no room, and waits: the bytes of each segment.
    ///
    /// # Errors
    /// As [`JpegEncoder::encode`], and [`JpegError::Device`].
    pub fn encode_now(
        &mut self,
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        sheet: &wgpu::TextureView,
        segments: &[JpegSegment],
        settings: &[JpegSettings],
        room: Room,
    ) -> Result<Vec<Vec<u8>>, JpegError> {
        let some = |which: &[usize]| which.iter().map(|index| segments[*index]).collect::<Vec<_>>();
        let encode = |which: &[usize], room| {
            let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: Some("jpeg") });
            let options = EncodeOptions { room, before: None };
            let encoding = self.encode(device, queue, &mut encoder, sheet, &some(which), settings, options)?;
            let submission = queue.submit([encoder.finish()]);
            Ok(encoding.finish(device, queue, submission)?)
        };
        encode_all(segments.len(), room, encode, |which| JpegError::TooMuch {
            segments: which.len(),
            blocks: some(which).iter().map(|segment| blocks(segment, settings)).sum(),
        })
    }
}
