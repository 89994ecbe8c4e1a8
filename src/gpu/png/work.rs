//! What the passes of one encoding are told, and what they work on.

use super::chunks::{Chunk, PngSegment, split};
use super::device_layout::{GpuPngTile, TILE_BYTES};
use super::encoder::PngEncoder;
use super::options::PngError;
use super::passes::Passes;
use crate::gpu::coded::{GpuCodedChunk, GpuCodedSize, Growing, Room, Slot};

/// Larger buffers between the passes would not keep a card busier.
const MAX_SCRATCH_BYTES: u64 = 128 << 20;
/// Of output set aside for a segment, whatever is in it: its head and end are 72.
const SEGMENT_ROOM_BYTES: u64 = 80;
/// The longest that packed bytes can be, as a share of the filtered ones: 15 bits for eight.
const LONGEST: (u64, u64) = (15, 8);

/// What all passes of an encoding are told.
pub(super) struct Work {
    pub slot: Slot,
    pub chunks: Vec<Chunk>,
    /// Of the output; the same for every chunk.
    pub layout: GpuCodedChunk,
    /// Of all segments, filtered.
    pub bytes: u64,
}

impl PngEncoder {
    /// Checks and splits the segments, and writes what the passes are told.
    pub(super) fn prepare(
        &mut self,
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        sheet: &wgpu::TextureView,
        segments: &[PngSegment],
        room: Room,
    ) -> Result<Work, PngError> {
        check(segments, (sheet.texture().width(), sheet.texture().height()))?;
        let bytes = segments.iter().map(PngSegment::bytes).sum();
        let too_much = PngError::TooMuch { segments: segments.len(), bytes };
        let most = self.binding_bytes;
        let max_tiles = most.min(MAX_SCRATCH_BYTES) / u64::from(TILE_BYTES);
        let Some((chunks, laid_out)) = split(segments, max_tiles as u32) else { return Err(too_much) };
        let heads = segments.len() as u64 * SEGMENT_ROOM_BYTES;
        // Offsets are counted on where nothing has room any more.
        let longest_bytes = bytes / LONGEST.1 * LONGEST.0 + heads;
        // Half of what is filtered: cards need a fifth, noise one and a half.
        let wanted_bytes = match room {
            Room::Plenty => bytes / 2 + heads,
            Room::Bytes(bytes) => u64::from(bytes),
        };
        let layout = GpuCodedChunk::of_output(segments.len(), wanted_bytes, most);
        let fits = size_of_val(&laid_out[..]) as u64 <= most && longest_bytes <= u64::from(u32::MAX);
        let Some(layout) = layout.filter(|_| fits) else { return Err(too_much) };

        let tiles = u64::from(chunks.iter().map(|chunk| chunk.tiles).max().unwrap_or(0));
        self.filtered.at_least(device, tiles * u64::from(TILE_BYTES), most);
        self.tiles.at_least(device, tiles * size_of::<GpuPngTile>() as u64, most);
        let mut slot = self.ways.slots.take();
        let write = |to: &mut Growing, bytes: &[u8]| {
            queue.write_buffer(to.at_least(device, bytes.len() as u64, most), 0, bytes);
        };
        write(&mut slot.chunks, &layout.told(chunks.iter().map(|chunk| chunk.segments.clone())));
        write(&mut slot.segments, bytemuck::cast_slice(&laid_out));
        write(&mut slot.settings, bytemuck::bytes_of(&self.codes));
        slot.sizes.at_least(device, (segments.len() * size_of::<GpuCodedSize>()) as u64, most);
        slot.output.at_least(device, layout.output_bytes(), most);
        Ok(Work { slot, chunks, layout, bytes })
    }
}

/// The passes' bindings of one encoding, in the order that the headers of the shaders have.
pub(super) struct Groups {
    pub filter: wgpu::BindGroup,
    pub measure: wgpu::BindGroup,
    pub place: wgpu::BindGroup,
    pub code: wgpu::BindGroup,
}

impl Groups {
    pub fn new(encoder: &PngEncoder, device: &wgpu::Device, slot: &Slot, sheet: &wgpu::TextureView) -> Self {
        let chunks = slot.chunks.get();
        let [segments, codes, sizes, output, filtered, tiles] =
            [&slot.segments, &slot.settings, &slot.sizes, &slot.output, &encoder.filtered, &encoder.tiles]
                .map(|buffer| buffer.get().as_entire_binding());
        let (segments, codes, filtered) = (|| segments.clone(), || codes.clone(), || filtered.clone());
        let (sizes, output, tiles) = (|| sizes.clone(), || output.clone(), || tiles.clone());
        let sheet = wgpu::BindingResource::TextureView(sheet);
        let Passes { filter, measure, place, code } = &encoder.passes;
        Self {
            filter: filter.bind(device, chunks, &[segments(), codes(), sheet, filtered(), tiles()]),
            measure: measure.bind(device, chunks, &[segments(), codes(), tiles(), sizes()]),
            place: place.bind(device, chunks, &[sizes(), output()]),
            code: code.bind(device, chunks, &[segments(), codes(), filtered(), tiles(), sizes(), output()]),
        }
    }
}

/// Whether every segment has pixels.
fn check(segments: &[PngSegment], (width, height): (u32, u32)) -> Result<(), PngError> {
    if segments.is_empty() {
        return Err(PngError::NoSegments);
    }
    let lies_within =
        |first: u32, length: u32, all: u32| length > 0 && first.checked_add(length).is_some_and(|end| end <= all);
    let is_good = |segment: &PngSegment| {
        lies_within(segment.x, segment.width, width) && lies_within(segment.y, segment.rows, height)
    };
    match segments.iter().position(|segment| !is_good(segment)) {
        Some(index) => Err(PngError::BadSegment { index, segment: segments[index] }),
        None => Ok(()),
    }
}
