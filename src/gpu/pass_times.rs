//! What each kind of pass takes on the GPU, by timestamps: for `--timings`. Timestamps cost time themselves, on
//! software adapters most, which finish all work before each of them; so they are written only when asked for.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;

/// Timestamps of one submission; what comes after the last is counted with it.
const MAX_MARKS: u32 = 256;

/// What a timestamp stands in front of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pass {
    /// Copies of plates.
    Plates,
    /// Loading, clearing and storing of surfaces.
    Surfaces,
    /// Boxes, ellipses, stars, with their gradients.
    Shapes,
    /// Shadows.
    Shadows,
    /// Photos.
    Photos,
    /// Glyphs.
    Text,
    /// Isolates, onto what they are part of.
    Composites,
    /// All of these but text, by the compute path.
    Tiles,
    /// JPEG: pixels to coefficients.
    JpegTransform,
    /// JPEG: coefficients to bits.
    JpegCode,
    /// JPEG: bits to bytes, and where they lie.
    JpegStuff,
    /// PNG: pixels to filtered bytes.
    PngFilter,
    /// PNG: how many bits they come to, and where they lie.
    PngMeasure,
    /// PNG: filtered bytes to packed ones.
    PngCode,
    /// The copy to memory.
    ReadBack,
}

impl Pass {
    /// For people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plates => "copy plates",
            Self::Surfaces => "load, store",
            Self::Shapes => "shapes",
            Self::Shadows => "shadows",
            Self::Photos => "photos",
            Self::Text => "text",
            Self::Composites => "composites",
            Self::Tiles => "tiles",
            Self::JpegTransform => "jpeg, transform",
            Self::JpegCode => "jpeg, code",
            Self::JpegStuff => "jpeg, stuff",
            Self::PngFilter => "png, filter",
            Self::PngMeasure => "png, measure",
            Self::PngCode => "png, code",
            Self::ReadBack => "read back",
        }
    }
}

/// Measures a device.
pub struct PassTimes {
    device: wgpu::Device,
    set: wgpu::QuerySet,
    ns_a_tick: f64,
    totals: Arc<Mutex<BTreeMap<Pass, f64>>>,
}

/// What the timestamps need of a device.
const FEATURES: wgpu::Features = wgpu::Features::TIMESTAMP_QUERY
    .union(wgpu::Features::TIMESTAMP_QUERY_INSIDE_ENCODERS)
    .union(wgpu::Features::TIMESTAMP_QUERY_INSIDE_PASSES);

/// The features to open a device with, where the adapter has them all.
pub fn features(adapter: &wgpu::Adapter) -> wgpu::Features {
    if adapter.features().contains(FEATURES) { FEATURES } else { wgpu::Features::empty() }
}

impl PassTimes {
    /// `None` where the device was opened without timestamps.
    pub fn new(device: &wgpu::Device, queue: &wgpu::Queue) -> Option<Self> {
        device.features().contains(FEATURES).then(|| Self {
            device: device.clone(),
            set: device.create_query_set(&wgpu::QuerySetDescriptor {
                label: Some("pass times"),
                ty: wgpu::QueryType::Timestamp,
                count: MAX_MARKS,
            }),
            ns_a_tick: queue.get_timestamp_period().into(),
            totals: Arc::default(),
        })
    }

    /// Milliseconds of each kind of pass so far.
    pub fn totals_ms(&self) -> Vec<(Pass, f64)> {
        self.totals.lock().iter().map(|(pass, ns)| (*pass, ns / 1e6)).collect()
    }
}

/// The timestamps of one submission in the making.
#[derive(Default)]
pub struct Marks<'t> {
    times: Option<&'t PassTimes>,
    marks: Vec<Pass>,
}

impl<'t> Marks<'t> {
    /// None yet; `times`: where they are counted.
    pub fn new(times: Option<&'t PassTimes>) -> Self {
        Self { times, marks: Vec::new() }
    }

    fn next(&mut self, pass: Pass) -> Option<(&'t wgpu::QuerySet, u32)> {
        let times = self.times?;
        let index = self.marks.len() as u32;
        // One is left for the end.
        (index + 1 < MAX_MARKS).then(|| {
            self.marks.push(pass);
            (&times.set, index)
        })
    }

    /// What follows on the encoder is this.
    pub fn on_encoder(&mut self, encoder: &mut wgpu::CommandEncoder, pass: Pass) {
        if let Some((set, index)) = self.next(pass) {
            encoder.write_timestamp(set, index);
        }
    }

    /// What follows in a pass is this.
    pub fn in_pass(&mut self, render_pass: &mut wgpu::RenderPass<'_>, pass: Pass) {
        if let Some((set, index)) = self.next(pass) {
            render_pass.write_timestamp(set, index);
        }
    }

    /// Ends the submission's last stretch. The result is called after the submission.
    pub fn end(self, encoder: &mut wgpu::CommandEncoder) -> impl FnOnce() + use<> {
        let buffer = self.times.filter(|_| !self.marks.is_empty()).map(|times| {
            let count = self.marks.len() as u32 + 1;
            encoder.write_timestamp(&times.set, count - 1);
            let buffer = |usage| {
                let size = u64::from(count) * u64::from(wgpu::QUERY_SIZE);
                times.device.create_buffer(&wgpu::BufferDescriptor {
                    label: Some("timestamps"),
                    size,
                    usage,
                    mapped_at_creation: false,
                })
            };
            let resolved = buffer(wgpu::BufferUsages::QUERY_RESOLVE | wgpu::BufferUsages::COPY_SRC);
            let mapped = buffer(wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ);
            encoder.resolve_query_set(&times.set, 0..count, &resolved, 0);
            encoder.copy_buffer_to_buffer(&resolved, 0, &mapped, 0, mapped.size());
            (mapped, times.ns_a_tick, Arc::clone(&times.totals))
        });
        let marks = self.marks;
        move || {
            let Some((buffer, ns_a_tick, totals)) = buffer else { return };
            let mapped = buffer.clone();
            buffer.map_async(wgpu::MapMode::Read, .., move |result| {
                let Ok(view) = result.and_then(|()| mapped.get_mapped_range(..).map_err(|_| wgpu::BufferAsyncError))
                else {
                    return;
                };
                let ticks: &[u64] = bytemuck::cast_slice(&view);
                let mut totals = totals.lock();
                for (pass, [from, to]) in marks.iter().zip(ticks.array_windows()) {
                    *totals.entry(*pass).or_default() += to.saturating_sub(*from) as f64 * ns_a_tick;
                }
            });
        }
    }
}
