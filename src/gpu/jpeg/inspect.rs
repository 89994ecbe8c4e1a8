//! What lies between the passes, for whoever trains Huffman tables or checks the transform.

use std::sync::mpsc::channel;

use super::chunks::JpegSegment;
use super::device_layout::{BLOCK_COEFFICIENT_BYTES, SYMBOLS};
use super::encoder::JpegEncoder;
use super::huffman::SymbolCounts;
use super::options::JpegError;
use super::passes::Passes;
use super::settings::JpegSettings;
use super::work::Groups;
use crate::gpu::coded::{ReadBackError, Room, poll};

impl JpegEncoder {
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
            transform.record(&mut encoder, &groups.transform, index, [chunk.transform_groups, count]);
            counting.record(&mut encoder, &group, index, [count, 1]);
        }
        let words = read_back(device, queue, encoder, &counts, bytes)?;
        self.ways.slots.give_back(work.slot);
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
        self.passes.transform.record(&mut encoder, &groups.transform, 0, size);
        let bytes = work.blocks * u64::from(BLOCK_COEFFICIENT_BYTES);
        let words = read_back(device, queue, encoder, self.coefficients.get(), bytes)?;
        let blocks = words
            .chunks_exact(32)
            .map(|block| std::array::from_fn(|place| (block[place / 2] >> (place % 2 * 16)) as u16 as i16));
        Ok(blocks.collect())
    }
}

/// Submits the commands, and waits for the words of a buffer after them.
fn read_back(
    device: &wgpu::Device,
    queue: &wgpu::Queue,
    mut encoder: wgpu::CommandEncoder,
    from: &wgpu::Buffer,
    bytes: u64,
) -> Result<Vec<u32>, JpegError> {
    let readback = device.create_buffer(&wgpu::BufferDescriptor {
        label: Some("jpeg readback"),
        size: bytes,
        usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
        mapped_at_creation: false,
    });
    encoder.copy_buffer_to_buffer(from, 0, &readback, 0, bytes);
    let submission = queue.submit([encoder.finish()]);
    let (tell, mapped) = channel();
    readback.map_async(wgpu::MapMode::Read, .., move |result| {
        let _ = tell.send(result.is_ok());
    });
    poll(device, submission)?;
    if !mapped.try_recv().unwrap_or(false) {
        return Err(ReadBackError("a buffer could not be mapped".to_owned()).into());
    }
    let view = readback.get_mapped_range(..).map_err(|error| ReadBackError(error.to_string()))?;
    // Copied, because a mapped range need not be aligned for words.
    Ok(bytemuck::pod_collect_to_vec(&view))
}
