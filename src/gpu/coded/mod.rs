//! What the formats have in common that are coded on the GPU: a pass over chunks of segments, where finished segments
//! go in the output, and the way back.
//!
//! ```text
//!   GpuCodedChunk ─┐              ┌───────────────── GPU ──────────────────┐
//!   segments ──────┤  jpeg/, png/   their own passes ─ coded_place ─ copy  ├──> Encoding ──> EncodedSegments
//!   settings ──────┘              └────────────────────────────────────────┘
//! ```
//!
//! Fed by `jpeg/` and `png/`, who know what a segment is; feeds whoever stores files.

mod device_layout;
mod encoding;
mod expected;
mod options;
mod pass;
mod room;
mod slots;

pub use device_layout::{GpuCodedChunk, GpuCodedSize, SPILLED};
pub use encoding::{EncodedSegments, Encoding, ReadBackError};
pub use options::{Before, EncodeOptions};
pub use pass::{COMMON_WGSL, PLACE_WGSL, SCAN_WGSL, place};
pub use room::Room;

pub(in crate::gpu) use encoding::{Extent, Ways, encode_all, poll};
pub(in crate::gpu) use pass::{Binding, MAX_GROUPS, Pass};
pub(in crate::gpu) use slots::{Growing, Slot};
