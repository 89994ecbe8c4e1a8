//! The way back: finished segments in memory, for as long as somebody reads them.

use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use thiserror::Error;

use super::device_layout::{GpuCodedChunk, SPILLED, TABLE_WORD};
use super::expected::Expected;
use super::room::Room;
use super::slots::{Slot, SlotPool};

/// Longer than any sheet takes; then the device hangs.
const HANG: Duration = Duration::from_secs(120);

/// The device failed, and will say why.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("finished segments could not be read back: {0}")]
pub struct ReadBackError(pub String);

/// What the encodings of one encoder share.
#[derive(Clone)]
pub(in crate::gpu) struct Ways {
    pub slots: SlotPool,
    expected: Expected,
}

impl Ways {
    /// With a first guess of the bytes that a unit needs.
    pub fn new(unit_bytes: u32) -> Self {
        Self { slots: SlotPool::default(), expected: Expected::new(unit_bytes) }
    }
}

/// How much is encoded: segments, units as [`Expected`] has them, and what may come out.
pub(in crate::gpu) struct Extent {
    pub segments: usize,
    pub units: u64,
    pub room: Room,
}

/// Segments on their way.
pub struct Encoding {
    slot: Slot,
    ways: Ways,
    segments: usize,
    units: u64,
    /// Where the output's bytes start, how much of the output was copied, and how much there may be.
    data_byte: u64,
    copied_bytes: u64,
    output_bytes: u64,
    mapped: Option<Receiver<bool>>,
}

impl Encoding {
    /// Records the copy of what is likely needed, behind the passes.
    pub(in crate::gpu) fn record(
        device: &wgpu::Device,
        encoder: &mut wgpu::CommandEncoder,
        ways: &Ways,
        mut slot: Slot,
        layout: &GpuCodedChunk,
        work: Extent,
    ) -> Self {
        let Extent { segments, units, room } = work;
        let (data_byte, output_bytes) = (layout.data_byte(), layout.output_bytes());
        let copied_bytes = match room {
            Room::Plenty => (data_byte + ways.expected.bytes(units)).min(output_bytes).next_multiple_of(4),
            Room::Bytes(_) => output_bytes,
        };
        let readback = slot.readback.at_least(device, copied_bytes, u64::MAX);
        encoder.copy_buffer_to_buffer(slot.output.get(), 0, readback, 0, copied_bytes);
        Self { slot, ways: ways.clone(), segments, units, data_byte, copied_bytes, output_bytes, mapped: None }
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
    /// When the device fails.
    pub fn finish(
        mut self,
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        submission: wgpu::SubmissionIndex,
    ) -> Result<EncodedSegments, ReadBackError> {
        let mut view = self.wait(device, submission)?;
        let needed = u64::from(word(&view, 0));
        self.ways.expected.learn(self.units, needed);
        let all_bytes = (self.data_byte + needed).min(self.output_bytes);
        if all_bytes > self.copied_bytes {
            drop(view);
            self.slot.readback.get().unmap();
            self.copied_bytes = all_bytes;
            let mut encoder =
                device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: Some("read back again") });
            let readback = self.slot.readback.at_least(device, all_bytes, u64::MAX);
            encoder.copy_buffer_to_buffer(self.slot.output.get(), 0, readback, 0, all_bytes);
            self.mapped = None;
            view = self.wait(device, queue.submit([encoder.finish()]))?;
        }
        let Self { slot, ways, segments, data_byte, .. } = self;
        let pool = ways.slots;
        Ok(EncodedSegments { view: Some(view), slot: Some(slot), pool, segments, data_byte: data_byte as usize })
    }

    fn wait(
        &mut self,
        device: &wgpu::Device,
        submission: wgpu::SubmissionIndex,
    ) -> Result<wgpu::BufferView, ReadBackError> {
        if self.mapped.is_none() {
            self.map();
        }
        let mapped = self.mapped.take().expect("just asked for");
        poll(device, submission)?;
        if !mapped.try_recv().unwrap_or(false) {
            return Err(ReadBackError("a buffer could not be mapped".to_owned()));
        }
        let view = self.slot.readback.get().get_mapped_range(..self.copied_bytes);
        view.map_err(|error| ReadBackError(error.to_string()))
    }
}

pub(in crate::gpu) fn poll(device: &wgpu::Device, submission: wgpu::SubmissionIndex) -> Result<(), ReadBackError> {
    let wait = wgpu::PollType::Wait { submission_index: Some(submission), timeout: Some(HANG) };
    device.poll(wait).map(drop).map_err(|error| ReadBackError(error.to_string()))
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

    /// Finished bytes of a segment. `None`: there was no room; encode it again with more.
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

/// Encodes all of `count` segments: again, with more room, those that found none. `encode` is told which.
///
/// # Errors
/// Those of `encode`, and what `too_much` makes of segments that find no room even then.
pub(in crate::gpu) fn encode_all<E>(
    count: usize,
    mut room: Room,
    mut encode: impl FnMut(&[usize], Room) -> Result<EncodedSegments, E>,
    too_much: impl FnOnce(&[usize]) -> E,
) -> Result<Vec<Vec<u8>>, E> {
    let mut is_first = true;
    let mut finished = vec![Vec::new(); count];
    let mut waiting: Vec<usize> = (0..count).collect();
    loop {
        let encoded = encode(&waiting, room)?;
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
            return Err(too_much(&waiting));
        }
        is_first = false;
        room = Room::Bytes(u32::try_from(encoded.spilled_bytes()).unwrap_or(u32::MAX));
        waiting = spilled.into_iter().map(|nth| waiting[nth]).collect();
    }
}
