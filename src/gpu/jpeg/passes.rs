//! The compute pipelines, one for each shader, made once for the life of the device.

use crate::gpu::coded::{self, Binding, Pass, SCAN_WGSL};

/// What every pass starts with, after [`coded::COMMON_WGSL`].
pub const COMMON_WGSL: &str = include_str!("../../../shaders/jpeg_common.wgsl");
/// What passes that look at coefficients as symbols start with, after [`COMMON_WGSL`].
pub const SYMBOLS_WGSL: &str = include_str!("../../../shaders/jpeg_symbols.wgsl");
/// Pixels to coefficients.
pub const TRANSFORM_WGSL: &str = include_str!("../../../shaders/jpeg_transform.wgsl");
/// Coefficients to bits.
pub const CODE_WGSL: &str = include_str!("../../../shaders/jpeg_code.wgsl");
/// Bits to bytes.
pub const STUFF_WGSL: &str = include_str!("../../../shaders/jpeg_stuff.wgsl");
/// Coefficients to counts of symbols.
pub const COUNT_WGSL: &str = include_str!("../../../shaders/jpeg_count.wgsl");

/// The whole source of each pass, by name.
pub fn sources() -> [(&'static str, String); 5] {
    [
        ("jpeg_transform", source(&[TRANSFORM_WGSL])),
        ("jpeg_code", source(&[SCAN_WGSL, SYMBOLS_WGSL, CODE_WGSL])),
        coded::place(),
        ("jpeg_stuff", source(&[SCAN_WGSL, STUFF_WGSL])),
        ("jpeg_count", source(&[SYMBOLS_WGSL, COUNT_WGSL])),
    ]
}

fn source(parts: &[&str]) -> String {
    [&[coded::COMMON_WGSL, COMMON_WGSL], parts].concat().join("\n")
}

/// Every pipeline, with the bindings that the headers of the shaders list.
pub(super) struct Passes {
    pub transform: Pass,
    pub code: Pass,
    pub place: Pass,
    pub stuff: Pass,
    pub count: Pass,
}

impl Passes {
    pub fn new(device: &wgpu::Device, cache: Option<&wgpu::PipelineCache>) -> Self {
        use Binding::{Read, ReadWrite, Sheet};
        let [transform, code, place, stuff, count] = sources();
        let new = |source, bindings: &[Binding]| Pass::new(device, source, bindings, cache);
        Self {
            transform: new(transform, &[Read, Read, Sheet, ReadWrite]),
            code: new(code, &[Read, Read, Read, ReadWrite, ReadWrite]),
            place: new(place, &[ReadWrite, ReadWrite]),
            stuff: new(stuff, &[Read, Read, Read, ReadWrite]),
            count: new(count, &[Read, Read, Read, ReadWrite]),
        }
    }
}
