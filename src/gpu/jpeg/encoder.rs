//! Records the passes over a sheet, chunk by chunk.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use thiserror::Error;

use super::chunks::{Chunk, JpegSegment, blocks_within, split};
use super::device_layout::{
    BLOCK_COEFFICIENT_BYTES, BLOCK_PACKED_WORDS, GpuJpegChunk, GpuJpegSettings, GpuJpegSize, SYMBOLS,
};
use super::encoding::{EncodedSegments, Encoding, read_back};
use super::huffman::SymbolCounts;
use super::passes::{CHUNK_STRIDE, Pass, Passes};
use super::settings::JpegSettings;
use super::slots::{Growing, Slot, SlotPool};

/// Larger buffers between the passes would not keep a card busier.
const MAX_SCRATCH_BYTES: u64 = 128 << 20;
/// Bytes of output set aside for a block, unless told otherwise: half of what its coefficients take. Photos at
/// quality 100 need 30, a product card at 85 needs 4.
const ROOM_BYTES_PER_BLOCK: u64 = 64;
/// First guess of what a block needs; see [`Expected`].
const FIRST_GUESS_BYTES: u32 = 16;
/// Words before the output's table.
pub(super) const TABLE_WORD: u32 = 4;

/// Why nothing was encoded.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum JpegError {
    /// There is nothing to do.
    #[error("there are no segments to encode")]
    NoSegments,
    /// A bug of the caller.
    #[error("segment {index} does not fit the texture or has no settings: {segment:?}")]
    BadSegment {
        /// Which.
        index: usize,
        /// The segment.
        segment: JpegSegment,
    },
    /// Encode fewer in one go.
    #[error("{segments} segments with {blocks} blocks are more than the adapter's buffers hold")]
    TooMuch {
        /// How many.
        segments: usize,
        /// Of the largest chunk.
        blocks: u32,
    },
    /// The device failed, and will say why.
    #[error("finished segments could not be read back: {0}")]
    Device(String),
}

/// A part of the work, to be timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Pixels to coefficients.
    Transform,
    /// Coefficients to bits.
    Code,
    /// Offsets of segments.
    Place,
    /// Bits to bytes.
    Stuff,
}

impl Stage {
    /// In the order of work.
    pub const ALL: [Self; 4] = [Self::Transform, Self::Code, Self::Place, Self::Stuff];

    /// Timestamps that a set needs.
    pub const QUERIES: u32 = 8;

    /// The timestamps at which it starts and ends.
    pub fn queries(self) -> [u32; 2] {
        [self as u32 * 2, self as u32 * 2 + 1]
    }
}

/// Bytes that the output may take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Room {
    /// Plenty for anything but noise at the highest qualities.
    #[default]
    Plenty,
    /// So many.
    Bytes(u32),
}

/// How to encode.
#[derive(Clone, Copy, Default)]
pub struct EncodeOptions<'q> {
    /// Segments that find no room are reported, not cut.
    pub room: Room,
    /// [`Stage::QUERIES`] timestamps, written while the first chunk is worked on.
    pub timestamps: Option<&'q wgpu::QuerySet>,
}

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
    passes: Passes,
    coefficients: Growing,
    bits: Growing,
    slots: SlotPool,
    expected: Expected,
    /// What a storage binding may have.
    binding_bytes: u64,
}

/// What all passes of an encoding are told.
struct Work {
    slot: Slot,
    chunks: Vec<Chunk>,
    layout: GpuJpegChunk,
    blocks: u64,
}

impl JpegEncoder {
    /// Compiles the pipelines.
    pub fn new(device: &wgpu::Device) -> Self {
        let limits = device.limits();
        Self::with_binding_bytes(device, limits.max_storage_buffer_binding_size.min(limits.max_buffer_size))
    }

    /// The same as on an adapter whose storage bindings are no larger than this.
    pub fn with_binding_bytes(device: &wgpu::Device, binding_bytes: u64) -> Self {
        use wgpu::BufferUsages as Usages;
        Self {
            passes: Passes::new(device),
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
        options: EncodeOptions<'_>,
    ) -> Result<Encoding, JpegError> {
        let mut work = self.prepare(device, queue, sheet, segments, settings, options.room)?;
        let groups = Groups::new(self, device, &work.slot, sheet);
        for (index, chunk) in work.chunks.iter().enumerate() {
            let count = chunk.segments.len() as u32;
            let timed = |stage: Stage| {
                let [start, end] = stage.queries();
                options.timestamps.filter(|_| index == 0).map(|query_set| wgpu::ComputePassTimestampWrites {
                    query_set,
                    beginning_of_pass_write_index: Some(start),
                    end_of_pass_write_index: Some(end),
                })
            };
            let mut run = |pass: &Pass, group: &wgpu::BindGroup, size: [u32; 2], stage: Stage| {
                pass.record(encoder, group, index, size, timed(stage));
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
            let options = EncodeOptions { room, timestamps: None };
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
                return Err(JpegError::TooMuch { segments: waiting.len(), blocks: 0 });
            }
            is_first = false;
            room = Room::Bytes(u32::try_from(encoded.spilled_bytes()).unwrap_or(u32::MAX));
            waiting = spilled.into_iter().map(|nth| waiting[nth]).collect();
        }
    }

    /// Counts the symbols that the segments would be coded with, for each of the settings: what
    /// [`super::HuffmanTables::trained`] wants. Waits.
    ///
    /// # Errors
    /// As [`JpegEncoder::encode_now`].
    pub fn count_now(
        &mut self,
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        sheet: &wgpu::TextureView,
        segments: &[JpegSegment],
        settings: &[JpegSettings],
    ) -> Result<Vec<SymbolCounts>, JpegError> {
        let work = self.prepare(device, queue, sheet, segments, settings, Room::Bytes(0))?;
        let bytes = settings.len() as u64 * u64::from(SYMBOLS) * 4;
        let counts = device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("jpeg counts"),
            size: bytes,
            usage: wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC,
            mapped_at_creation: false,
        });
        let groups = Groups::new(self, device, &work.slot, sheet);
        let [chunks, coefficients] = [work.slot.chunks.get(), self.coefficients.get()];
        let group = self.passes.count.bind(
            device,
            chunks,
            &[
                work.slot.segments.get().as_entire_binding(),
                work.slot.settings.get().as_entire_binding(),
                coefficients.as_entire_binding(),
                counts.as_entire_binding(),
            ],
        );
        let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: Some("jpeg counts") });
        for (index, chunk) in work.chunks.iter().enumerate() {
            let count = chunk.segments.len() as u32;
            let Passes { transform, count: counting, .. } = &self.passes;
            transform.record(&mut encoder, &groups.transform, index, [chunk.transform_groups, count], None);
            counting.record(&mut encoder, &group, index, [count, 1], None);
        }
        let words = read_back(device, queue, encoder, &counts, bytes)?;
        self.slots.give_back(work.slot);
        Ok(words.chunks_exact(SYMBOLS as usize).map(SymbolCounts::from_words).collect())
    }

    /// The quantised coefficients of the segments, block by block in the order of coding, each in zig-zag order. For
    /// tests. Waits.
    ///
    /// # Errors
    /// As [`JpegEncoder::encode_now`]; [`JpegError::TooMuch`] also where they need several chunks.
    pub fn coefficients_now(
        &mut self,
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        sheet: &wgpu::TextureView,
        segments: &[JpegSegment],
        settings: &[JpegSettings],
    ) -> Result<Vec<[i16; 64]>, JpegError> {
        let work = self.prepare(device, queue, sheet, segments, settings, Room::Bytes(0))?;
        let [chunk] = &work.chunks[..] else {
            return Err(JpegError::TooMuch { segments: segments.len(), blocks: work.chunks[0].blocks });
        };
        let groups = Groups::new(self, device, &work.slot, sheet);
        let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: None });
        let size = [chunk.transform_groups, chunk.segments.len() as u32];
        self.passes.transform.record(&mut encoder, &groups.transform, 0, size, None);
        let bytes = work.blocks * u64::from(BLOCK_COEFFICIENT_BYTES);
        let words = read_back(device, queue, encoder, self.coefficients.get(), bytes)?;
        let blocks = words
            .chunks_exact(32)
            .map(|block| std::array::from_fn(|place| (block[place / 2] >> (place % 2 * 16)) as u16 as i16));
        Ok(blocks.collect())
    }

    /// Checks and splits the segments, and writes what the passes are told.
    fn prepare(
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
        let data_word = (TABLE_WORD + segments.len() as u32 * 2).next_multiple_of(64);
        let left_bytes = self.binding_bytes.saturating_sub(u64::from(data_word) * 4).min(u64::from(u32::MAX)) & !3;
        let segment_bytes = size_of_val(&laid_out[..]) as u64;
        if largest > max_blocks || segment_bytes > self.binding_bytes || left_bytes == 0 {
            return Err(too_much);
        }
        let capacity_bytes = match room {
            Room::Plenty => blocks * ROOM_BYTES_PER_BLOCK,
            Room::Bytes(bytes) => u64::from(bytes).next_multiple_of(4),
        };
        let layout = GpuJpegChunk {
            first_segment: 0,
            segments: 0,
            table_word: TABLE_WORD,
            data_word,
            capacity_bytes: capacity_bytes.min(left_bytes) as u32,
            pad_a: 0,
            pad_b: 0,
            pad_c: 0,
        };

        let most = self.binding_bytes;
        self.coefficients.at_least(device, u64::from(largest) * u64::from(BLOCK_COEFFICIENT_BYTES), most);
        self.bits.at_least(device, u64::from(largest) * u64::from(BLOCK_PACKED_WORDS * 4), most);
        let mut slot = self.slots.take();
        let mut told = vec![0; chunks.len() * CHUNK_STRIDE];
        for (chunk, to) in chunks.iter().zip(told.chunks_exact_mut(CHUNK_STRIDE)) {
            let (first_segment, segments) = (chunk.segments.start as u32, chunk.segments.len() as u32);
            let chunk = GpuJpegChunk { first_segment, segments, ..layout };
            to[..size_of::<GpuJpegChunk>()].copy_from_slice(bytemuck::bytes_of(&chunk));
        }
        let settings: Vec<GpuJpegSettings> = settings.iter().map(GpuJpegSettings::of).collect();
        let write = |to: &mut Growing, bytes: &[u8]| {
            queue.write_buffer(to.at_least(device, bytes.len() as u64, most), 0, bytes);
        };
        write(&mut slot.chunks, &told);
        write(&mut slot.segments, bytemuck::cast_slice(&laid_out));
        write(&mut slot.settings, bytemuck::cast_slice(&settings));
        slot.sizes.at_least(device, (segments.len() * size_of::<GpuJpegSize>()) as u64, most);
        slot.output.at_least(device, u64::from(data_word) * 4 + u64::from(layout.capacity_bytes), most);
        Ok(Work { slot, chunks, layout, blocks })
    }
}

/// The passes' bindings of one encoding, in the order that the headers of the shaders have.
struct Groups {
    transform: wgpu::BindGroup,
    code: wgpu::BindGroup,
    place: wgpu::BindGroup,
    stuff: wgpu::BindGroup,
}

impl Groups {
    fn new(encoder: &JpegEncoder, device: &wgpu::Device, slot: &Slot, sheet: &wgpu::TextureView) -> Self {
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
