//! The GPU: draws what a [`Plan`](crate::sheet::Plan) says and brings the pixels back. It decides nothing about
//! the picture.
//!
//! ```text
//!   Painter::submit(canvases) ─ plan ─ upload photos ─ draw new plates ─ draw the sheet ─┬─ copy to a buffer
//!                                                                                        └─ jpeg/: code segments
//!                                                                                                 │
//!   Painter::wait() <───── Painted, mapped: pixels that encoders read in place, or finished bytes <┘
//! ```
//!
//! `png/` codes PNGs as `jpeg/` does JPEGs, with `coded/` for what they share.
//!
//! One thread owns a [`Painter`]. While one sheet is drawn and read back, the next can be planned and submitted.
//! Fed by `sheet/`; feeds `encode/`.

pub mod coded;
mod compute;
mod device;
mod driver;
mod feed;
pub mod jpeg;
mod painter;
mod pass_times;
mod passes;
mod photos;
pub mod plates;
pub mod png;
mod readback;
mod resources;
pub mod rounding;
pub mod sources;
mod submission;
mod targets;
mod text;
pub mod tiles;
mod way_back;

pub use device::{AdapterClass, AdapterReport, CodedBy, Device, DeviceOptions, GpuError, adapters};
pub use feed::FeedTimes;
pub use painter::{PaintError, Painter, TooMuch};
pub use pass_times::Pass;
pub use readback::PaintedSheet;
pub use way_back::{AskedSegments, Codec, CodedSheet, Painted, SegmentInWindow, WayBack};
