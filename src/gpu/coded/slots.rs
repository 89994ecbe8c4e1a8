//! Buffers of encodings: each has a set of its own until its bytes were read, then the set is used again.

use std::sync::Arc;

use parking_lot::Mutex;

/// A buffer that is made larger when it must be.
pub(in crate::gpu) struct Growing {
    buffer: Option<wgpu::Buffer>,
    label: &'static str,
    usage: wgpu::BufferUsages,
}

impl Growing {
    pub fn new(label: &'static str, usage: wgpu::BufferUsages) -> Self {
        Self { buffer: None, label, usage }
    }

    /// The buffer with at least `bytes`, which are no more than `most`.
    pub fn at_least(&mut self, device: &wgpu::Device, bytes: u64, most: u64) -> &wgpu::Buffer {
        let has_room = |buffer: &wgpu::Buffer| buffer.size() >= bytes && buffer.size() <= most;
        if !self.buffer.as_ref().is_some_and(has_room) {
            // A quarter more, so that sheets of nearly the same size do not make a new one each.
            let size = (bytes + bytes / 4).next_multiple_of(1024).min(most).max(bytes);
            self.buffer = Some(device.create_buffer(&wgpu::BufferDescriptor {
                label: Some(self.label),
                size,
                usage: self.usage,
                mapped_at_creation: false,
            }));
        }
        self.buffer.as_ref().expect("just made")
    }

    /// The buffer as it was asked for last.
    pub fn get(&self) -> &wgpu::Buffer {
        self.buffer.as_ref().expect("asked for before")
    }
}

/// What one encoding needs for itself.
pub(in crate::gpu) struct Slot {
    /// What the CPU tells the passes.
    pub chunks: Growing,
    pub segments: Growing,
    pub settings: Growing,
    /// What the passes tell each other.
    pub sizes: Growing,
    /// What comes out: see `coded_place.wgsl`.
    pub output: Growing,
    /// The start of the output, for the CPU.
    pub readback: Growing,
}

impl Slot {
    fn new() -> Self {
        use wgpu::BufferUsages as Usages;
        Self {
            chunks: Growing::new("chunks of segments", Usages::UNIFORM | Usages::COPY_DST),
            segments: Growing::new("segments", Usages::STORAGE | Usages::COPY_DST),
            settings: Growing::new("settings of segments", Usages::STORAGE | Usages::COPY_DST),
            sizes: Growing::new("sizes of segments", Usages::STORAGE),
            output: Growing::new("coded segments", Usages::STORAGE | Usages::COPY_SRC | Usages::COPY_DST),
            readback: Growing::new("coded segments read back", Usages::MAP_READ | Usages::COPY_DST),
        }
    }
}

/// Slots that are not in use.
#[derive(Clone, Default)]
pub(in crate::gpu) struct SlotPool(Arc<Mutex<Vec<Slot>>>);

impl SlotPool {
    pub fn take(&self) -> Slot {
        self.0.lock().pop().unwrap_or_else(Slot::new)
    }

    pub fn give_back(&self, slot: Slot) {
        self.0.lock().push(slot);
    }
}
