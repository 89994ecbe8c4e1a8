//! The compute pipelines, one for each shader, made once for the life of the device.

use crate::gpu::coded::{self, Binding, Pass, SCAN_WGSL};

/// What every pass starts with, after [`coded::COMMON_WGSL`].
pub const COMMON_WGSL: &str = include_str!("../../../shaders/png_common.wgsl");
/// What passes that look for neighbours start with.
pub const NEAREST_WGSL: &str = include_str!("../../../shaders/png_nearest.wgsl");
/// What passes that look at bytes as runs start with, after [`NEAREST_WGSL`].
pub const RUNS_WGSL: &str = include_str!("../../../shaders/png_runs.wgsl");
/// Pixels to filtered bytes.
pub const FILTER_WGSL: &str = include_str!("../../../shaders/png_filter.wgsl");
/// Bits of tiles and segments.
pub const MEASURE_WGSL: &str = include_str!("../../../shaders/png_measure.wgsl");
/// Filtered bytes to packed ones.
pub const CODE_WGSL: &str = include_str!("../../../shaders/png_code.wgsl");

/// The whole source of each pass, by name.
pub fn sources() -> [(&'static str, String); 4] {
    [
        ("png_filter", source(&[NEAREST_WGSL, RUNS_WGSL, FILTER_WGSL])),
        ("png_measure", source(&[SCAN_WGSL, NEAREST_WGSL, MEASURE_WGSL])),
        coded::place(),
        ("png_code", source(&[SCAN_WGSL, NEAREST_WGSL, RUNS_WGSL, CODE_WGSL])),
    ]
}

fn source(parts: &[&str]) -> String {
    [&[coded::COMMON_WGSL, COMMON_WGSL], parts].concat().join("\n")
}

/// Every pipeline, with the bindings that the headers of the shaders list.
pub(super) struct Passes {
    pub filter: Pass,
    pub measure: Pass,
    pub place: Pass,
    pub code: Pass,
}

impl Passes {
    pub fn new(device: &wgpu::Device, cache: Option<&wgpu::PipelineCache>) -> Self {
        use Binding::{Read, ReadWrite, Sheet};
        let [filter, measure, place, code] = sources();
        let new = |source, bindings: &[Binding]| Pass::new(device, source, bindings, cache);
        Self {
            filter: new(filter, &[Read, Read, Sheet, ReadWrite, ReadWrite]),
            measure: new(measure, &[Read, Read, ReadWrite, ReadWrite]),
            place: new(place, &[ReadWrite, ReadWrite]),
            code: new(code, &[Read, Read, Read, Read, Read, ReadWrite]),
        }
    }
}
