//! Records the passes over a sheet, chunk by chunk.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::chunks::{JpegSegment, blocks};
use super::encoding::{EncodedSegments, Encoding};
use super::options::{EncodeOptions, JpegError, Room, Stage};
use super::passes::{Pass, Passes};
use super::settings::JpegSettings;
use super::slots::{Growing, SlotPool};
use super::work::Groups;

/// First guess of what a block needs; see [`Expected`].
const FIRST_GUESS_BYTES: u32 = 16;

/// Bytes per block that recent sheets needed, in sixteenths: so much is copied back before anybody knows how much
/// there is. More than that costs a second copy.
#[derive(Clone)]
pub(super) struct Expected(Arc<AtomicU32>);

impl Expected {
    fn bytes(&self, blocks: u64) -> u64 {
        blocks * u64::from(self.0.load(Ordering::Relaxed)) / 16 + 1024
    }

    /// Rises at once, falls slowly; a quarter to spare.
    pub fn learn(&self, blocks: u64, bytes: u64) {
        let needed = (bytes * 20 / blocks.max(1)) as u32;
        let before = self.0.load(Ordering::Relaxed);
        let now = if needed > before { needed } else { before - (before - needed) / 8 };
        self.0.store(now, Ordering::Relaxed);
    }
}

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
    pub(super) slots: SlotPool,
    expected: Expected,
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
            slots: SlotPool::default(),
            expected: Expected(Arc::new(AtomicU32::new(FIRST_GUESS_BYTES * 16))),
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
        let mut work = self.prepare(device, queue, sheet, segments, settings, options.room)?;
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
        let data_byte = u64::from(work.layout.data_word) * 4;
        let capacity = u64::from(work.layout.capacity_bytes);
        let copied_bytes = match options.room {
            Room::Plenty => data_byte + self.expected.bytes(work.blocks).min(capacity).next_multiple_of(4),
            Room::Bytes(_) => data_byte + capacity,
        };
        let readback = work.slot.readback.at_least(device, copied_bytes, u64::MAX);
        if let Some(before) = &mut options.before {
            before(encoder, Stage::Copy);
        }
        encoder.copy_buffer_to_buffer(work.slot.output.get(), 0, readback, 0, copied_bytes);
        Ok(Encoding::new(
            work.slot,
            self.slots.clone(),
            self.expected.clone(),
            segments.len(),
            work.blocks,
            [data_byte, copied_bytes, data_byte + capacity],
        ))
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
        let mut room = room;
        let mut is_first = true;
        let mut finished = vec![Vec::new(); segments.len()];
        let mut waiting: Vec<usize> = (0..segments.len()).collect();
        loop {
            let some: Vec<JpegSegment> = waiting.iter().map(|index| segments[*index]).collect();
            let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: Some("jpeg") });
            let options = EncodeOptions { room, before: None };
            let encoding = self.encode(device, queue, &mut encoder, sheet, &some, settings, options)?;
            let submission = queue.submit([encoder.finish()]);
            let encoded: EncodedSegments = encoding.finish(device, queue, submission)?;
            for (nth, index) in waiting.iter().enumerate() {
                if let Some(bytes) = encoded.bytes(nth) {
                    finished[*index] = bytes.to_vec();
                }
            }
            let spilled = encoded.spilled();
            if spilled.is_empty() {
                return Ok(finished);
            }
            if spilled.len() == waiting.len() && !is_first {
                let blocks = some.iter().map(|segment| blocks(segment, settings)).sum();
                return Err(JpegError::TooMuch { segments: waiting.len(), blocks });
            }
            is_first = false;
            room = Room::Bytes(u32::try_from(encoded.spilled_bytes()).unwrap_or(u32::MAX));
            waiting = spilled.into_iter().map(|nth| waiting[nth]).collect();
        }
    }
}
