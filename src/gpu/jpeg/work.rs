//! What the passes of one encoding are told, and what they work on.

use super::chunks::{Chunk, JpegSegment, blocks_within, split};
use super::device_layout::{BLOCK_COEFFICIENT_BYTES, BLOCK_PACKED_WORDS, GpuJpegSettings};
use super::encoder::JpegEncoder;
use super::options::JpegError;
use super::passes::Passes;
use super::settings::JpegSettings;
use crate::gpu::coded::{GpuCodedChunk, GpuCodedSize, Growing, Room, Slot};

/// Larger buffers between the passes would not keep a card busier.
const MAX_SCRATCH_BYTES: u64 = 128 << 20;
/// Bytes of output set aside for a block, unless told otherwise: half of what its coefficients take. Photos at
/// quality 100 need 30, a product card at 85 needs 4.
const ROOM_BYTES_PER_BLOCK: u64 = 64;

/// What all passes of an encoding are told.
pub(super) struct Work {
    pub slot: Slot,
    pub chunks: Vec<Chunk>,
    /// Of the output; the same for every chunk.
    pub layout: GpuCodedChunk,
    /// Of all chunks.
    pub blocks: u64,
}

impl JpegEncoder {
    /// Checks and splits the segments, and writes what the passes are told.
    pub(super) fn prepare(
        &mut self,
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        sheet: &wgpu::TextureView,
        segments: &[JpegSegment],
        settings: &[JpegSettings],
        room: Room,
    ) -> Result<Work, JpegError> {
        check(segments, settings, (sheet.texture().width(), sheet.texture().height()))?;
        let max_blocks = blocks_within(self.binding_bytes.min(MAX_SCRATCH_BYTES));
        let (chunks, laid_out) = split(segments, settings, max_blocks);
        let blocks: u64 = chunks.iter().map(|chunk| u64::from(chunk.blocks)).sum();
        let largest = chunks.iter().map(|chunk| chunk.blocks).max().unwrap_or(0);
        let too_much = JpegError::TooMuch { segments: segments.len(), blocks: largest };
        let wanted_bytes = match room {
            Room::Plenty => blocks * ROOM_BYTES_PER_BLOCK,
            Room::Bytes(bytes) => u64::from(bytes),
        };
        let layout = GpuCodedChunk::of_output(segments.len(), wanted_bytes, self.binding_bytes);
        let segment_bytes = size_of_val(&laid_out[..]) as u64;
        let Some(layout) = layout.filter(|_| largest <= max_blocks && segment_bytes <= self.binding_bytes) else {
            return Err(too_much);
        };

        let most = self.binding_bytes;
        self.coefficients.at_least(device, u64::from(largest) * u64::from(BLOCK_COEFFICIENT_BYTES), most);
        self.bits.at_least(device, u64::from(largest) * u64::from(BLOCK_PACKED_WORDS * 4), most);
        let mut slot = self.ways.slots.take();
        let told = layout.told(chunks.iter().map(|chunk| chunk.segments.clone()));
        let settings: Vec<GpuJpegSettings> = settings.iter().map(GpuJpegSettings::of).collect();
        let write = |to: &mut Growing, bytes: &[u8]| {
            queue.write_buffer(to.at_least(device, bytes.len() as u64, most), 0, bytes);
        };
        write(&mut slot.chunks, &told);
        write(&mut slot.segments, bytemuck::cast_slice(&laid_out));
        write(&mut slot.settings, bytemuck::cast_slice(&settings));
        slot.sizes.at_least(device, (segments.len() * size_of::<GpuCodedSize>()) as u64, most);
        slot.output.at_least(device, layout.output_bytes(), most);
        Ok(Work { slot, chunks, layout, blocks })
    }
}

/// The passes' bindings of one encoding, in the order that the headers of the shaders have.
pub(super) struct Groups {
    pub transform: wgpu::BindGroup,
    pub code: wgpu::BindGroup,
    pub place: wgpu::BindGroup,
    pub stuff: wgpu::BindGroup,
}

impl Groups {
    pub fn new(encoder: &JpegEncoder, device: &wgpu::Device, slot: &Slot, sheet: &wgpu::TextureView) -> Self {
        let chunks = slot.chunks.get();
        let [segments, settings, sizes, output, coefficients, bits] =
            [&slot.segments, &slot.settings, &slot.sizes, &slot.output, &encoder.coefficients, &encoder.bits]
                .map(|buffer| buffer.get().as_entire_binding());
        let (segments, settings, coefficients) = (|| segments.clone(), || settings.clone(), || coefficients.clone());
        let (sizes, output, bits) = (|| sizes.clone(), || output.clone(), || bits.clone());
        let sheet = wgpu::BindingResource::TextureView(sheet);
        let Passes { transform, code, place, stuff, count: _ } = &encoder.passes;
        Self {
            transform: transform.bind(device, chunks, &[segments(), settings(), sheet, coefficients()]),
            code: code.bind(device, chunks, &[segments(), settings(), coefficients(), bits(), sizes()]),
            place: place.bind(device, chunks, &[sizes(), output()]),
            stuff: stuff.bind(device, chunks, &[segments(), bits(), sizes(), output()]),
        }
    }
}

/// Whether every segment has pixels and settings.
fn check(segments: &[JpegSegment], settings: &[JpegSettings], (width, height): (u32, u32)) -> Result<(), JpegError> {
    if segments.is_empty() {
        return Err(JpegError::NoSegments);
    }
    let is_good = |segment: &JpegSegment| {
        let JpegSegment { x, y, mcus, right, bottom, settings: of } = *segment;
        settings.get(of as usize).is_some_and(|settings| {
            let last_mcu = mcus.checked_sub(1).and_then(|before| before.checked_mul(settings.subsampling.mcu_px()));
            last_mcu.and_then(|before| x.checked_add(before)).is_some_and(|x| x <= right)
        }) && right < width
            && y <= bottom
            && bottom < height
    };
    match segments.iter().position(|segment| !is_good(segment)) {
        Some(index) => Err(JpegError::BadSegment { index, segment: segments[index] }),
        None => Ok(()),
    }
}
