//! Everything that is tested from outside, in one binary: it links once.

mod cases;
mod cli;
mod edges;
mod fetch;
mod fetch_runs;
mod photos;
mod pipeline;
mod server;
mod shaders;
mod slots;
mod support;
