//! The way back: a ring of buffers that sheets are copied into and encoders read from without another copy.
//!
//! ```text
//!   sheet ──copy──> buffer ──map──> PaintedSheet ──views──> encoders ──last one drops it──> free again
//! ```
//!
//! There are only as many buffers as the ring has places, so memory is bounded: when encoders fall behind, the
//! painter waits for a free one.

use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender, unbounded};

use crate::pixels::{BitmapView, RectPx};
use crate::sheet::Slot;

/// Buffers that come and go.
pub struct Ring {
    free: Receiver<Option<wgpu::Buffer>>,
    give_back: Sender<Option<wgpu::Buffer>>,
}

impl Ring {
    /// A ring of this many places; buffers are made when they are first needed.
    pub fn new(places: usize) -> Self {
        let (give_back, free) = unbounded();
        for _ in 0..places {
            give_back.send(None).expect("the other end is here");
        }
        Self { free, give_back }
    }

    /// A buffer of at least `bytes`, once one is free. Waits.
    pub fn take(&self, device: &wgpu::Device, bytes: u64) -> wgpu::Buffer {
        let buffer = self.free.recv().expect("the sender is here");
        buffer.filter(|buffer| buffer.size() >= bytes).unwrap_or_else(|| {
            device.create_buffer(&wgpu::BufferDescriptor {
                label: Some("readback"),
                size: bytes,
                usage: wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ,
                mapped_at_creation: false,
            })
        })
    }

    /// Puts back a place whose buffer is lost.
    pub fn put_back_empty(&self) {
        let _ = self.give_back.send(None);
    }

    /// Where buffers go when their readers are done.
    pub fn way_back(&self) -> Sender<Option<wgpu::Buffer>> {
        self.give_back.clone()
    }
}

/// A sheet's pixels in memory, for as long as somebody reads them.
pub struct PaintedSheet {
    mapped: Mapped,
    row_bytes: usize,
    slots: Vec<Slot>,
}

/// Unmaps and gives the buffer back when the last reader is done.
struct Mapped {
    view: Option<wgpu::BufferView>,
    buffer: wgpu::Buffer,
    way_back: Sender<Option<wgpu::Buffer>>,
}

impl Drop for Mapped {
    fn drop(&mut self) {
        self.view = None;
        self.buffer.unmap();
        let _ = self.way_back.send(Some(self.buffer.clone()));
    }
}

impl PaintedSheet {
    /// Wraps a mapped buffer. `None`: the device is gone.
    pub fn new(
        buffer: wgpu::Buffer,
        width: u32,
        slots: Vec<Slot>,
        way_back: Sender<Option<wgpu::Buffer>>,
    ) -> Option<Arc<Self>> {
        let rows = slots.iter().map(|slot| slot.y + slot.window.height).max().unwrap_or(0);
        let row_bytes = width as usize * 4;
        let Ok(view) = buffer.get_mapped_range(..row_bytes as u64 * u64::from(rows)) else {
            let _ = way_back.send(None);
            return None;
        };
        Some(Arc::new(Self { mapped: Mapped { view: Some(view), buffer, way_back }, row_bytes, slots }))
    }

    /// How many slots there are: one for each window of its canvases.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// The part of its canvas that a slot shows.
    pub fn window(&self, index: usize) -> RectPx {
        self.slots[index].window
    }

    /// The pixels of one slot: premultiplied RGBA rows with the sheet's stride.
    ///
    /// # Panics
    /// When there is no such slot.
    pub fn slot(&self, index: usize) -> BitmapView<'_> {
        let Slot { y, window, plate: _ } = self.slots[index];
        let start = y as usize * self.row_bytes + window.x as usize * 4;
        let bytes: &[u8] = self.mapped.view.as_deref().expect("mapped until dropped");
        BitmapView::new(window.size(), self.row_bytes, &bytes[start..])
    }
}
