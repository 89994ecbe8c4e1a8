//! The way back: finished segments in memory, for as long as somebody reads them.

use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use super::device_layout::{SPILLED, TABLE_WORD};
use super::encoder::Expected;
use super::options::JpegError;
use super::slots::{Slot, SlotPool};

/// Longer than any sheet takes; then the device hangs.
const HANG: Duration = Duration::from_secs(120);

/// Segments on their way.
pub struct Encoding {
    slot: Slot,
    pool: SlotPool,
    expected: Expected,
    segments: usize,
    blocks: u64,
    /// Where the output's bytes start, how much of the output was copied, and how much there may be.
    data_byte: u64,
    copied_bytes: u64,
    output_bytes: u64,
    mapped: Option<Receiver<bool>>,
}

impl Encoding {
    pub(super) fn new(
        slot: Slot,
        pool: SlotPool,
        expected: Expected,
        segments: usize,
        blocks: u64,
        [data_byte, copied_bytes, output_bytes]: [u64; 3],
    ) -> Self {
        Self { slot, pool, expected, segments, blocks, data_byte, copied_bytes, output_bytes, mapped: None }
    }

    /// Asks for the bytes as soon as they are there. After the submission; [`Encoding::finish`] does it otherwise.
    pub fn map(&mut self) {
        let (tell, mapped) = channel();
        self.slot.readback.get().map_async(wgpu::MapMode::Read, ..self.copied_bytes, move |result| {
            // Nobody listens once the encoding was dropped.
            let _ = tell.send(result.is_ok());
        });
        self.mapped = Some(mapped);
    }

    /// Waits for the bytes of the submission that encodes them. When there are more than recent sheets led to
    /// expect, they are copied once more.
    ///
    /// # Errors
    /// [`JpegError::Device`].
    pub fn finish(
        mut self,
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        submission: wgpu::SubmissionIndex,
    ) -> Result<EncodedSegments, JpegError> {
        let mut view = self.wait(device, submission)?;
        let needed = u64::from(word(&view, 0));
        self.expected.learn(self.blocks, needed);
        let all_bytes = (self.data_byte + needed).min(self.output_bytes);
        if all_bytes > self.copied_bytes {
            drop(view);
            self.slot.readback.get().unmap();
            self.copied_bytes = all_bytes;
            let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: Some("jpeg") });
            let readback = self.slot.readback.at_least(device, all_bytes, u64::MAX);
            encoder.copy_buffer_to_buffer(self.slot.output.get(), 0, readback, 0, all_bytes);
            self.mapped = None;
            view = self.wait(device, queue.submit([encoder.finish()]))?;
        }
        let Self { slot, pool, segments, data_byte, .. } = self;
        Ok(EncodedSegments { view: Some(view), slot: Some(slot), pool, segments, data_byte: data_byte as usize })
    }

    fn wait(
        &mut self,
        device: &wgpu::Device,
        submission: wgpu::SubmissionIndex,
    ) -> Result<wgpu::BufferView, JpegError> {
        if self.mapped.is_none() {
            self.map();
        }
        let mapped = self.mapped.take().expect("just asked for");
        poll(device, submission)?;
        if !mapped.try_recv().unwrap_or(false) {
            return Err(JpegError::Device("a buffer could not be mapped".to_owned()));
        }
        let view = self.slot.readback.get().get_mapped_range(..self.copied_bytes);
        view.map_err(|error| JpegError::Device(error.to_string()))
    }
}

pub(super) fn poll(device: &wgpu::Device, submission: wgpu::SubmissionIndex) -> Result<(), JpegError> {
    let wait = wgpu::PollType::Wait { submission_index: Some(submission), timeout: Some(HANG) };
    device.poll(wait).map(drop).map_err(|error| JpegError::Device(error.to_string()))
}

fn word(bytes: &[u8], index: usize) -> u32 {
    let [a, b, c, d, ..] = bytes[index * 4..] else { unreachable!("the table lies within what was copied") };
    u32::from_le_bytes([a, b, c, d])
}

/// Finished segments. Their memory is used again once this is dropped.
pub struct EncodedSegments {
    view: Option<wgpu::BufferView>,
    slot: Option<Slot>,
    pool: SlotPool,
    segments: usize,
    data_byte: usize,
}

impl EncodedSegments {
    /// How many there are, spilled ones included.
    pub fn len(&self) -> usize {
        self.segments
    }

    /// Never: nothing is encoded where there are no segments.
    pub fn is_empty(&self) -> bool {
        self.segments == 0
    }

    /// Offset and length.
    fn entry(&self, index: usize) -> (u32, u32) {
        assert!(index < self.segments, "segment {index} of {}", self.segments);
        let at = TABLE_WORD as usize + index * 2;
        (word(self.view(), at), word(self.view(), at + 1))
    }

    fn view(&self) -> &[u8] {
        self.view.as_deref().expect("mapped until dropped")
    }

    /// Entropy-coded bytes of a segment, without a marker. `None`: there was no room; encode it again with more.
    ///
    /// # Panics
    /// When there is no such segment.
    pub fn bytes(&self, index: usize) -> Option<&[u8]> {
        let (offset, length) = self.entry(index);
        (offset != SPILLED).then(|| {
            let start = self.data_byte + offset as usize;
            &self.view()[start..start + length as usize]
        })
    }

    /// Segments for which there was no room.
    pub fn spilled(&self) -> Vec<usize> {
        (0..self.segments).filter(|index| self.entry(*index).0 == SPILLED).collect()
    }

    /// Room that those would have needed.
    pub fn spilled_bytes(&self) -> u64 {
        let entries = (0..self.segments).map(|index| self.entry(index));
        entries.filter(|(offset, _)| *offset == SPILLED).map(|(_, length)| u64::from(length).next_multiple_of(4)).sum()
    }
}

impl Drop for EncodedSegments {
    fn drop(&mut self) {
        self.view = None;
        if let Some(slot) = self.slot.take() {
            slot.readback.get().unmap();
            self.pool.give_back(slot);
        }
    }
}
