//! gravure: one template and a table of rows in, finished images out, thousands per GPU pass.
//!
//! ```text
//! job  ->  template  ->  layout  ->  sheet  ->  gpu  ->  encode  ->  store     outcomes -> ledger -> manifest
//! rows     bind row      boxes,      stack,     wgpu     jpeg png    folder
//!          to Scene      text fit    bands,     passes
//!                           ^        plates
//!                        assets (decode, scale, cache: photos, fonts)
//! ```
//!
//! The folders are the stages; [`pipeline::run`] is the whole flow. README.md says how to use it, and which file to
//! change for what.

pub mod assets;
pub mod bench;
pub mod campaign;
pub mod cli;
pub mod encode;
pub mod gpu;
pub mod job;
pub mod layout;
pub mod ledger;
pub mod pipeline;
pub mod pixels;
pub mod queue;
pub mod render;
pub mod sheet;
pub mod store;
pub mod submit;
pub mod telemetry;
pub mod template;
pub mod worker;
